"""How far a run is, on a terminal."""

import sys
from contextlib import nullcontext
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


def progress(total: int, doing: str = "auditing") -> Any:
    """A context whose value advances a progress bar on standard error; silent when that is no terminal."""
    if not sys.stderr.isatty():
        return nullcontext(lambda: None)
    return _Bar(total, doing)


class _Bar:
    def __init__(self, total: int, doing: str) -> None:
        columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self.progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self.task = self.progress.add_task("", total=total)

    def __enter__(self) -> Any:
        self.progress.__enter__()
        return lambda: self.progress.advance(self.task)

    def __exit__(self, *error: Any) -> None:
        self.progress.__exit__(*error)
