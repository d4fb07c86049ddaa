"""What a statement says "for all" about."""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from lemmata.claims.language.configuration import Configuration

LETTERS = tuple(field.name for field in fields(Configuration))
"""Every parameter that a statement may speak of."""

RANGES = ("m", "L", "n", "tau")
"""Parameters of which a domain gives a range."""

Range = tuple[float | None, float | None]

ANY: Final[Range] = (None, None)
"""A range that is open at both ends: every size."""

ALIVE: Final[Range] = (16, None)
"""Widths at which a layer hardly ever has an input without an active unit, from which no descent leads away."""

SMALL: Final[Mapping[str, tuple[float, float]]] = {"m": (32, 256), "L": (1, 4), "n": (1, 6), "tau": (1e-3, 0.1)}
"""What generated cases draw where the domain allows it: sizes at which a test is quick."""


@dataclass(frozen=True, kw_only=True)
class Domain:
    """What the statement says "for all" about: nothing is ever measured at a size outside of it.

    An end of a range is None where the statement sets none.

    Attributes:
        m: smallest and largest width.
        L: of the depth, as the paper counts it.
        n: of the number of examples.
        tau: of the radius; None for a statement that has no ball.
        fixed: other parameters, for instance the data, and the one value at which the statement is measured.
        values: other parameters, and the values that generated cases draw from.
        draws: of m, L, n and τ, the smaller range that generated cases draw from, in place of `SMALL`.
    """

    m: Range = ANY
    L: Range = ANY
    n: Range = ANY
    tau: Range | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    draws: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def first(self) -> dict[str, Any]:
        """Of the parameters without a range, what is fixed and the first of the values."""
        return {**self.fixed, **{name: values[0] for name, values in self.values.items()}}

    def ends(self, name: str) -> tuple[float, float]:
        """Smallest and largest value of a parameter that has a range, infinite where the statement sets none."""
        low, high = getattr(self, name) or ANY
        return -math.inf if low is None else low, math.inf if high is None else high

    def has(self, name: str, value: float) -> bool:
        """Whether a value is in the parameter's range."""
        low, high = self.ends(name)
        return low <= value <= high

    def contains(self, configuration: Configuration) -> bool:
        """Whether all sizes of a configuration are in their ranges."""
        return all(self.has(name, getattr(configuration, name)) for name in RANGES)

    def nearest(self, configuration: Configuration) -> Configuration:
        """The configuration with every size that is outside of its range moved to the range's end."""
        moved: dict[str, Any] = {}
        for name in RANGES:
            low, high = self.ends(name)
            moved[name] = min(max(getattr(configuration, name), low), high)
        return replace(configuration, **moved)

    def drawn(self, name: str) -> tuple[Any, Any]:
        """The range from which generated cases draw m, L, n or τ: small sizes, or the smallest and twice that."""
        if name in self.draws:
            return self.draws[name]
        (least, most), (low, high) = SMALL[name], self.ends(name)
        smallest = low if math.isfinite(low) else min(least, high)
        return smallest, min(high, max(most, 2 * smallest))

    def drawing(self, **draws: tuple[float, float]) -> "Domain":
        """The same statement, of which generated cases draw other sizes."""
        return replace(self, draws={**self.draws, **draws})

    def check(self) -> None:
        """Ranges are ranges, draws lie inside, and nothing is fixed or drawn that is no parameter, or is both.

        Raises:
            ValueError: naming the parameter, its value, and what is allowed.
        """
        for name in RANGES:
            self._check_range(name)
        self._check_draws()
        free = [name for name in LETTERS if name not in RANGES]
        for role, chosen in (("fixed", self.fixed), ("values", self.values)):
            for name, value in chosen.items():
                if name not in free:
                    raise ValueError(f"domain {role} {name}={value!r}; allowed: {', '.join(free)}")
        for name, values in self.values.items():
            if not isinstance(values, tuple) or not values:
                raise ValueError(f"domain values {name}={values!r} must be a tuple of one or more")
            if name in self.fixed:
                raise ValueError(f"domain values {name}={values!r} of what is fixed at {self.fixed[name]!r}")

    def _check_range(self, name: str) -> None:
        given = getattr(self, name)
        if not (name == "tau" and given is None) and not _is_range(name, given, open_=True):
            raise ValueError(f"domain {name}={given!r} must be {_wanted(name)}, or None where there is no end")

    def _check_draws(self) -> None:
        for name, given in self.draws.items():
            if name not in RANGES or getattr(self, name) is None:
                allowed = [each for each in RANGES if getattr(self, each) is not None]
                raise ValueError(f"domain draws {name}={given!r}; allowed: {', '.join(allowed)}")
            if not _is_range(name, given, open_=False):
                raise ValueError(f"domain draws {name}={given!r} must be {_wanted(name)}")
            if not all(self.has(name, end) for end in given):
                raise ValueError(f"domain draws {name}={given!r} outside of {name}={getattr(self, name)!r}")

    def describe(self) -> dict[str, Any]:
        """Ranges, what is fixed or drawn by name, and the ranges that generated cases draw from, for JSON."""
        ranges = {name: getattr(self, name) for name in RANGES}
        return {
            **{name: None if given is None else list(given) for name, given in ranges.items()},
            **self.first,
            **{name: list(values) for name, values in self.values.items() if len(values) > 1},
            "draws": {name: list(self.drawn(name)) for name, given in ranges.items() if given is not None},
        }


def _is_range(name: str, given: object, *, open_: bool) -> bool:
    if not isinstance(given, tuple) or len(given) != 2:
        return False
    ends = [end for end in given if not (open_ and end is None)]
    kinds = (int, float) if name == "tau" else (int,)
    return all(type(end) in kinds and 0 < end <= sys.float_info.max for end in ends) and ends == sorted(ends)


def _wanted(name: str) -> str:
    return f"two positive {'numbers' if name == 'tau' else 'whole numbers'}, the smaller one first"
