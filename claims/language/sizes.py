"""Letters of one's own: what a lemma says "for all" about, where that is no network of the four papers."""

import keyword
import math
import sys
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import make_dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from lemmata.claims.language.configuration import Place
from lemmata.claims.language.letters import Letter
from lemmata.claims.language.scaling import rational
from lemmata.model.probability import DELTAS, is_delta

DELTA = 0.05
"""δ where a lemma has none of its own; an audit's `--delta` takes its place."""

SPREAD = 4
"""Values along the line of a size that is given by its ends."""

LARGE_LOG = math.log(20)
"""A logarithm that is at least this along a whole line is large throughout."""

RESERVED = {"seed", "init", "recipe", "engine", "data", "token"} | {
    *(
        "initialisations",
        "data_sets",
        "quantity",
        "median",
        "low",
        "high",
        "limit",
        "searched",
        "attack",
        "certificate",
    ),
    *("certified", "preconditions", "conditions", "trivial", "worst", "replay", "seconds"),
}
"""What a token says beside sizes, what sizes have beside their letters, and what an audit's record has beside sizes."""

NUMBERS = {"m", "L", "n", "d", "k", "tau", "phi", "mu", "eps", "batch"}
"""Letters that are numbers in every record, for those who read it."""

Value = int | float | str
"""What a letter may be; which of them it is, its `Size` knows."""

Choice = Any
"""One choice of the letters of a problem: a `Place` of a type of its own, `p.n`, `p.delta`."""


class Size:
    """A letter of a lemma: the values along its line, from where nothing is asymptotic to the limit.

        Size(4, 64, 1024)                 these, towards infinity
        Size(0.3, 0.1, 0.01)              these, towards 0, as they fall
        Size(low=4, high=1024)            four in equal ratios
        Size("tanh", "relu")              words
        Size(8)                           one, which stays

    Args:
        values: along its line; with one of them it stays.
        low, high: the ends, in place of values. With them every size between is one of the lemma's.
        spacing: of the exponents that such statements have: the neighbour whose power of this letter is stronger by as
            much must fall.
        start: its value while another moves; without it the middle one.

    Raises:
        ValueError: naming the argument, its value, and what is allowed.
    """

    def __init__(
        self,
        *values: Value,
        low: float | None = None,
        high: float | None = None,
        spacing: Fraction | int | str = Fraction(1, 2),
        start: Value | None = None,
    ) -> None:
        if (low is None) != (high is None) or bool(values) == (low is not None):
            raise ValueError(f"{values=} {low=} {high=}: must be values, or both ends")
        self.values: tuple[Any, ...] = values if low is None or high is None else _between(low, high)
        kinds = {str if type(value) is str else type(value) for value in self.values}
        if not kinds <= {int, float} and kinds != {str}:
            raise ValueError(f"values={self.values!r} must be numbers, or words")
        if len(set(self.values)) < len(self.values):
            raise ValueError(f"values={self.values!r} must differ")
        self.words = kinds == {str}
        self.whole = kinds == {int}
        numbers: tuple[Any, ...] = () if self.words else self.values
        if not all(0 < value <= sys.float_info.max for value in numbers):
            raise ValueError(f"values={self.values!r} must be positive and finite")
        if not self.words and list(self.values) not in (sorted(self.values), sorted(self.values, reverse=True)):
            raise ValueError(f"values={self.values!r} must rise, or fall, towards the limit")
        self.spacing = rational("spacing", spacing)
        if self.spacing <= 0:
            raise ValueError(f"{spacing=} must be positive")
        self.start = self.values[(len(self.values) - 1) // 2] if start is None else start
        if start is not None and not self.has(start):
            raise ValueError(f"{start=} must be one of the values, or between them: {self.values!r}")

    def __repr__(self) -> str:
        return f"Size({', '.join(map(repr, self.values))})"

    @property
    def moves(self) -> bool:
        """Whether it varies."""
        return len(self.values) > 1

    @property
    def powers(self) -> bool:
        """Whether growth in it can be followed: along three values or more."""
        return len(self.values) > 2 and not self.words

    @property
    def toward_zero(self) -> bool:
        """Whether the limit is at small values."""
        return self.moves and not self.words and self.values[0] > self.values[-1]

    @property
    def stronger(self) -> Fraction:
        """By how much its exponent moves in the direction that strengthens an upper bound."""
        return self.spacing if self.toward_zero else -self.spacing

    def has(self, value: object) -> bool:
        """Whether a value is one of the lemma's: of a letter that moves, any between its ends."""
        if self.words or isinstance(value, str) or not self.moves:
            return value in self.values
        if self.whole and not isinstance(value, int):
            return False
        return isinstance(value, int | float) and min(self.values) <= value <= max(self.values)

    def drawn(self) -> tuple[Any, Any]:
        """The smaller and larger end of what generated cases draw: from the first value to the start."""
        low, high = sorted((self.values[0], self.start))
        return low, high

    def parsed(self, text: str) -> Value:
        """A value from a token.

        Raises:
            ValueError: if it is none of the lemma's.
        """
        value: Value = text if self.words else int(text) if self.whole else float(text)
        if not self.has(value):
            allowed = ", ".join(map(str, self.values)) if self.words or not self.moves else f"{self.values!r}'s range"
            raise ValueError(f"{text[:40]!r}; allowed: {allowed}")
        return value

    def letter(self, *, of_data: bool) -> Letter:
        """How growth in it is judged."""
        logs = [abs(math.log(value)) for value in self.values if not self.words]
        return Letter(
            spacing=float(self.spacing),
            toward_zero=self.toward_zero,
            far_from_one=min(logs, default=0.0) >= LARGE_LOG,
            of_data=of_data,
        )


def _between(low: float, high: float) -> tuple[Value, ...]:
    """`SPREAD` values in equal ratios, whole ones between whole ends."""
    if not all(type(end) in (int, float) for end in (low, high)) or not 0 < low < high <= sys.float_info.max:
        raise ValueError(f"{low=} {high=}: must be positive numbers, the smaller one first")
    values = [low * (high / low) ** (step / (SPREAD - 1)) for step in range(SPREAD)]
    if isinstance(low, int) and isinstance(high, int):
        return tuple(dict.fromkeys((low, *map(round, values[1:-1]), high)))
    return (float(low), *values[1:-1], float(high))


def check_letters(sizes: Mapping[str, object]) -> None:
    """Letters are names that can be written in a token and after a `p.`, with a `Size` each.

    Raises:
        ValueError: naming the letter, its value, and what is allowed.
    """
    if not isinstance(sizes, Mapping):
        raise ValueError(f"sizes={sizes!r} must be a dict of letters, for instance dict(n=Size(4, 64, 1024))")
    for name, size in sizes.items():
        if not (isinstance(name, str) and name.isidentifier()) or keyword.iskeyword(name) or name.startswith("_"):
            raise ValueError(f"sizes has the letter {name!r}; it must be a name of Python's")
        if unicodedata.normalize("NFKC", name) != name:  # Python reads p.ϵ as p.ε
            raise ValueError(f"sizes has the letter {name!r}; it must be {unicodedata.normalize('NFKC', name)!r}")
        if name in RESERVED or name.startswith("log_"):
            raise ValueError(f"sizes has the letter {name!r}; taken: {', '.join(sorted(RESERVED))}, log_…")
        if isinstance(size, Size) and size.words and name in NUMBERS:
            raise ValueError(
                f"sizes {name}={size!r} must be numbers, as {name} is in every record; words are a kind, say"
            )
        if not isinstance(size, Size):
            raise ValueError(f"sizes {name}={size!r} must be a Size, for instance Size(4, 64, 1024)")
    delta = sizes.get("delta")
    if isinstance(delta, Size) and not all(map(is_delta, delta.values)):
        raise ValueError(f"sizes delta={delta!r} must be of probabilities, each {DELTAS}")


def place(letters: Mapping[str, Value]) -> Choice:
    """One choice of the sizes: `p.n`, `p.delta`, …."""
    return _kind(tuple(letters))(**letters)


@cache
def _kind(names: tuple[str, ...]) -> Callable[..., Place]:
    """The type of choices of these letters: one per process, as choices are compared."""

    def unknown(self: Place, name: str) -> object:
        raise AttributeError(f"p.{name}: no such size; allowed: {', '.join(sorted(names))}")

    def pickled(self: Place) -> tuple[object, ...]:
        return place, ({name: getattr(self, name) for name in names},)

    members = {"__getattr__": unknown, "__reduce__": pickled, "__module__": __name__}
    fields = [(name, Any) for name in names]
    return make_dataclass("Sizes", fields, bases=(Place,), namespace=members, frozen=True, kw_only=True)
