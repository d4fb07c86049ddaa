"""What a command prints: one JSON document, or tables."""

import io
import json
import math
import sys
from dataclasses import dataclass
from typing import Any, Literal

import click
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text

from lemmata.claims.language.scaling import Scaling

Format = Literal["table", "json"]

SYMBOLS = {
    "m": "m",
    "L": "L",
    "n": "n",
    "tau": "τ",
    "phi": "φ",
    "mu": "μ",
    "eps": "ε",
    "delta": "δ",
    "d": "d",
    "k": "k",
    "batch": "B",
}
"""How parameters are written."""

SIGNS = {"upper": "≤", "lower": "≥", "equality": "=", "both": "Θ"}
"""How the direction of a bound is written."""

STYLES = {
    "supported": "green",
    "refuted": "cyan",
    "inconclusive": "yellow",
    "vacuous": "yellow",
    "not-executable": "dim",
    "error": "bold red",
}
"""Verdicts in colour, where there is colour; `!` marks one that is not the expected one."""

WIDTH = 175
"""Columns of a table that does not go to a terminal."""


def emit(form: Format, document: object, *parts: RenderableType) -> None:
    """Print the document, or in table format the parts, to standard output.

    Raises:
        ValueError: if the document holds NaN or an infinity; `finite` keeps them out.
    """
    text = json.dumps(document, indent=2, allow_nan=False) + "\n" if form == "json" else render(*parts)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "replace").decode(encoding), nl=False)


def render(*parts: RenderableType, terminal: bool | None = None) -> str:
    """The parts as text, for a terminal in colour and at its width; None asks whether standard output is one."""
    if terminal is None:
        terminal = sys.stdout is not None and sys.stdout.isatty()
    console = Console(
        file=io.StringIO(),
        force_terminal=terminal,
        width=None if terminal else WIDTH,
        markup=False,
        emoji=False,
        highlight=False,
    )
    for part in parts:
        console.print(_Legible(part))
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in printed.splitlines()) + "\n"


@dataclass(frozen=True)
class _Legible:
    """What is to be printed, with � for what no terminal should be sent: only colour is this program's."""

    part: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self.part, options):
            yield segment if segment.control else Segment(legible(segment.text), segment.style)


def number(value: float | None) -> str:
    """A number in a table cell; nothing for None."""
    return "" if value is None else f"{value:.4g}"


def symbol(name: str) -> str:
    """How a parameter or a named logarithm is written."""
    return SYMBOLS.get(name) or (str(Scaling(**{name: 1})) if name.startswith("log_") else name)


def sign(bound: object) -> str:
    """The direction of a bound: ≤, ≥, = or Θ; nothing for a statement that is none."""
    return SIGNS.get(str(bound), "")


def verdict(found: str, expected: str) -> Text:
    """A verdict in its colour; one that is not expected is marked."""
    return Text(found, STYLES.get(found, "")) if found == expected else Text(f"{found}!", "bold red")


def exponent(name: str, slope: float, claimed: object, decides: bool) -> str:
    """The growth in one parameter, as measured and as claimed; ~ before one that decides nothing."""
    return f"{'' if decides else '~'}{symbol(name)}^{slope:.2f} (claimed {claimed})".replace("^-0.00", "^0.00")


def finite(value: float) -> float | None:
    """The value as JSON can hold it: None for NaN and the infinities."""
    return value if math.isfinite(value) else None


def finite_throughout(value: Any) -> Any:
    """A document as JSON can hold it: None for every NaN and infinity in it."""
    if isinstance(value, dict):
        return {name: finite_throughout(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite_throughout(inner) for inner in value]
    return finite(value) if isinstance(value, float) else value


def legible(value: Any) -> Any:
    """A document whose texts can stand on any page: � for what no page or terminal prints."""
    if isinstance(value, str):
        return value if value.isprintable() else "".join(map(_printed, value))
    if isinstance(value, dict):
        return {legible(name): legible(inner) for name, inner in value.items()}
    return [legible(inner) for inner in value] if isinstance(value, list) else value


def _printed(character: str) -> str:
    if character.isprintable() or character in "\n\t":
        return character
    return " " if character.isspace() else "�"
