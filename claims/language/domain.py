"""What a statement says "for all" about."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from lemmata.claims.language.configuration import Configuration

LETTERS = tuple(field.name for field in fields(Configuration))
"""Every parameter that a statement may speak of."""

RANGES = ("m", "L", "n", "tau")
"""Parameters of which a domain gives a range."""


@dataclass(frozen=True, kw_only=True)
class Domain:
    """What the statement says "for all" about, as ranges of valid sizes; the hardest end comes first.

    Attributes:
        m: smallest and largest width that generated cases use.
        L: of the depth, as the paper counts it.
        n: of the number of examples.
        tau: of the radius; None for a statement that has no ball.
        fixed: other parameters, for instance the data, and the one value at which the statement is measured.
        values: other parameters, and the values that generated cases draw from.
    """

    m: tuple[int, int] = (32, 256)
    L: tuple[int, int] = (1, 4)
    n: tuple[int, int] = (1, 6)
    tau: tuple[float, float] | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    @property
    def first(self) -> dict[str, Any]:
        """Of the parameters without a range, what is fixed and the first of the values."""
        return {**self.fixed, **{name: values[0] for name, values in self.values.items()}}

    def check(self) -> None:
        """Ranges are ranges, and nothing is fixed or drawn that is no parameter, has a range, or is both.

        Raises:
            ValueError: naming the parameter, its value, and what is allowed.
        """
        for name in RANGES:
            self._check_range(name)
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
        if name == "tau" and given is None:
            return
        kind, kinds = ("numbers", (int, float)) if name == "tau" else ("whole numbers", (int,))
        pair = isinstance(given, tuple) and len(given) == 2 and all(type(end) in kinds for end in given)
        if not pair or not 0 < given[0] <= given[1] < math.inf:
            raise ValueError(f"domain {name}={given!r} must be two positive {kind}, the smaller one first")

    def describe(self) -> dict[str, Any]:
        """Ranges, and what is fixed or drawn, by name, for JSON."""
        return {
            "m": list(self.m),
            "L": list(self.L),
            "n": list(self.n),
            "tau": None if self.tau is None else list(self.tau),
            **self.first,
            **{name: list(values) for name, values in self.values.items() if len(values) > 1},
        }
