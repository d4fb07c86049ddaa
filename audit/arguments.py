"""What several commands take, and what the values of their options may be: each says in one line what is allowed."""

import math
import tomllib
from pathlib import Path
from typing import Any, ClassVar

import click

from lemmata.audit.errors import UserError
from lemmata.model.probability import DELTAS, is_delta
from lemmata.model.randomness import LARGEST_SEED
from lemmata.model.settings import SETTINGS


class Probability(click.ParamType):
    """A number strictly between 0 and 1, as a δ is."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number.

        Raises:
            UserError: if the value is not one, or not in the range.
        """
        try:
            probability = float(value)
        except ValueError:
            probability = math.nan
        if not is_delta(probability):
            name = "probability" if param is None else param.opts[-1]
            raise UserError(f"{name}: {value!r} must be {DELTAS}")
        return probability


def positive(text: Any, kind: type[int] | type[float], at_least: float, at_most: float) -> float | None:
    """The positive and finite number of the kind that a text says, if it is in the range; else None."""
    try:
        number = kind(text)
    except ValueError:
        return None
    return number if 0 < number < math.inf and at_least <= number <= at_most else None


class Positive(click.ParamType):
    """A positive number, from a least to a largest one if there are such."""

    name = "number"

    def __init__(self, at_most: float = math.inf, at_least: float = 0.0) -> None:
        self.at_most = at_most
        self.at_least = at_least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number.

        Raises:
            UserError: if the value is not one, or not in the range.
        """
        number = positive(value, float, self.at_least, self.at_most)
        if number is None:
            name = "number" if param is None else param.opts[0]
            allowed = "a positive number" if self.at_most == math.inf else f"a number in (0, {self.at_most:g}]"
            allowed += f", at least {self.at_least:g}" if self.at_least else ""
            raise UserError(f"{name}: {value!r} must be {allowed}")
        return number


class SizeList(click.ParamType):
    """A comma-separated list of positive numbers, whole ones or not."""

    def __init__(self, kind: type[int] | type[float], at_most: float = math.inf, at_least: float = 0.0) -> None:
        self.kind = kind
        self.at_most = at_most
        self.at_least = at_least
        self.name = "LIST"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """The numbers.

        Raises:
            UserError: if one is not a positive number of the kind.
        """
        if isinstance(value, tuple):
            return value
        name = "list" if param is None else param.opts[-1]
        limit = f" up to {self.at_most:,.0f}" if self.at_most < math.inf else ""
        limit += f" from {self.at_least:g}" if self.at_least else ""
        wanted = f"positive {'whole ' if self.kind is int else ''}numbers{limit}"
        read = [positive(part, self.kind, self.at_least, self.at_most) for part in str(value).split(",")]
        sizes = tuple(number for number in read if number is not None)
        if len(sizes) < len(read):
            raise UserError(f"{name}: {value!r} must be {wanted} separated by commas")
        return sizes


class Duration(click.ParamType):
    """A time such as 90s, 10m or 2h; a plain number is seconds."""

    name = "TIME"
    seconds: ClassVar[dict[str, int]] = {"s": 1, "m": 60, "h": 3600}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds.

        Raises:
            UserError: if the value is not a positive time.
        """
        text = str(value)
        unit = self.seconds.get(text[-1:], 0)
        try:
            time = float(text[:-1]) * unit if unit else float(text)
        except ValueError:
            time = 0.0
        if not 0 < time < math.inf:
            raise UserError(f"--budget: {value!r} must be a positive time such as 90s, 10m or 2h")
        return time


class Utf8(click.ParamType):
    """What a file's name or a token can be: in UTF-8, as it is printed and kept, and something."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text.

        Raises:
            UserError: if it is empty, has a null, or bytes of no character.
        """
        text = str(value)
        if not text or "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
            name = "text" if param is None else param.opts[-1] if isinstance(param, click.Option) else param.metavar
            raise UserError(f"{name}: {text!r} must be in UTF-8, not empty, and without an embedded null")
        return text


def _load_claims(context: click.Context, parameter: click.Parameter, files: tuple[str, ...]) -> None:
    """Register a person's own claims before anything asks for them."""
    if not files:
        return
    from lemmata.claims.from_file import ClaimFileError, load_claims

    try:
        for file in files:
            load_claims(file)
    except ClaimFileError as error:
        raise UserError(f"--claims-from {error}") from error


def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Ids that begin so, with or without the paper, for a shell; from the catalogue, which imports no claims."""
    papers = tomllib.loads((Path(__file__).parent.parent / "claims" / "catalogue.toml").read_text(encoding="utf-8"))
    names = [name for paper, ids in papers.items() for id in ids for name in (f"{paper}/{id}", id)]
    return sorted({name for name in [*papers, *names] if name.startswith(incomplete)})


patterns_argument = click.argument("patterns", nargs=-1, metavar="[GLOB]...", shell_complete=complete)
id_argument = click.argument("id", metavar="ID", shell_complete=complete)
claims_from = click.option(
    "--claims-from",
    type=Utf8(),
    metavar="FILE.py",
    multiple=True,
    callback=_load_claims,
    expose_value=False,
    is_eager=True,
    help="Claims stated in this file too, Python that is run; may be given several times.",
)

device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where tensors live; auto: large networks on the GPU, where there is one.",
)

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="json: one document on standard output, nothing else.",
)
seed_option = click.option(
    "--seed", type=click.IntRange(0, LARGEST_SEED), default=0, show_default=True, help="Everything descends from it."
)
setting_option = click.option(
    "--setting", type=click.Choice(list(SETTINGS)), default="cao-gu-2020", show_default=True, help="Whose conventions."
)
normalise_option = click.option("--normalise", is_flag=True, help="Scale the inputs to unit norm.")
delta_option = click.option("--delta", type=Probability(), default=0.05, show_default=True, help="δ of the lemmas.")
