"""How far a run is, on a terminal."""

import sys
from contextlib import nullcontext
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


def progress(total: int, doing: str = "auditing", counted: str = "measurements") -> Any:
    """A context whose value advances a progress bar on standard error; silent with nothing to do or no terminal there.

    An audit's measurements are of one claim at one configuration on one data set each.
    """
    if not (total and sys.stderr.isatty()):
        return nullcontext(lambda: None)
    return _Bar(total, doing, counted)


def tell(text: str) -> None:
    """A line on standard error, above the progress bar where there is one: Rich sees what is printed, not click's."""
    print(text, file=sys.stderr)


class _Bar:
    def __init__(self, total: int, doing: str, counted: str) -> None:
        many = TextColumn(f"{{task.completed:.0f}} of {{task.total:.0f}} {counted}")
        columns = (TextColumn(doing), BarColumn(), many, TimeElapsedColumn())
        self.progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self.task = self.progress.add_task("", total=total)

    def __enter__(self) -> Any:
        self.progress.__enter__()
        return lambda: self.progress.advance(self.task)

    def __exit__(self, *error: Any) -> None:
        self.progress.__exit__(*error)
