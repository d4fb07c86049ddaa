"""A point where a statement's own conditions hold with every hidden constant 1, and what is measured there.

    parameters(m)    what the statement's letters are at width m: sizes, radius, step size, iterations, …
    conditions(p)    its conditions at those parameters, as `Comparison`s; the least m that meets them all is searched
    run(p, seed)     what is measured there beside what the statement promises, as `Comparison`s
    memory(p)        bytes that the run needs

`parameters` may be computed from data but never from an initialisation: conditions are looked for before anything is
drawn. `run` draws what it needs from the seed.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lemmata.audit.show.tables import finite, number

WIDEST = 10**40
"""Widths are searched up to here."""

Parameters = Mapping[str, float]


@dataclass(frozen=True)
class Comparison:
    """A quantity against its bound.

    Attributes:
        what: the quantity, in words or as a formula.
        value: what it is.
        relation: how it should stand to the bound.
        bound: the bound.
        of: the bound's formula.
        promised: whether the statement promises it as it stands; otherwise a constant is free, and it is only shown.
    """

    what: str
    value: float
    relation: Literal["<=", ">="]
    bound: float
    of: str
    promised: bool = True

    @property
    def holds(self) -> bool:
        """Whether it does; NaN satisfies nothing."""
        return self.value <= self.bound if self.relation == "<=" else self.value >= self.bound

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "what": self.what,
            "value": finite(self.value),
            "relation": self.relation,
            "bound": finite(self.bound),
            "of": self.of,
            "holds": self.holds,
        }

    def row(self) -> list[str]:
        """For a table."""
        return [
            self.what,
            f"{self.value:.6g}",
            self.relation,
            number(self.bound),
            "yes" if self.holds else "no",
            self.of,
        ]


@dataclass(frozen=True)
class Regime:
    """Where a statement's conditions hold, and what to measure there; see the module's head.

    Attributes:
        setting: what the statement is run on, in words.
        parameters, conditions, run, memory: as above; `run` also takes the seed.
        exact: whether to take the least width itself, and not round it up.
    """

    setting: str
    parameters: Callable[[int], Parameters]
    conditions: Callable[[Parameters], list[Comparison]]
    run: Callable[[Parameters, int], list[Comparison]]
    memory: Callable[[Parameters], float]
    exact: bool = False


def least_width(entry: Regime) -> int:
    """The least width that meets every condition, rounded up to one significant digit unless `exact`, and even.

    Raises:
        ArithmeticError: if none up to `WIDEST` does.
    """

    def met(m: int) -> bool:
        return all(condition.holds for condition in entry.conditions(entry.parameters(m)))

    high = 2
    while not met(high):
        high *= 2
        if high > WIDEST:
            raise ArithmeticError(f"no width up to {WIDEST:.0e} meets the conditions")
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if met(middle) else (middle, high)
    if entry.exact:
        return high + high % 2
    unit = 10 ** (len(str(high)) - 1)
    return -(-high // unit) * unit + (unit == 1 and high % 2)


def wide_and_near(p: Parameters, power: int) -> list[Comparison]:
    """What Cao and Gu's lemmas ask of m and τ; τ is at most L^−power (log m)^−3/2: 6 in section 5, 5 in Lemma B.1."""
    m, L, n, tau, delta = (p[name] for name in ("m", "L", "n", "tau", "delta"))
    deep = L ** (-8 / 3) * tau ** (-4 / 3) * math.log(m / (tau * delta))
    return [
        Comparison("m", m, ">=", L**2 * math.log(m * n / delta), "L^2 log(mn/delta)"),
        Comparison("m", m, ">=", deep, "L^-8/3 tau^-4/3 log(m/(tau delta))"),
        Comparison("tau", tau, "<=", L**-power * math.log(m) ** -1.5, f"L^-{power} log(m)^-3/2"),
    ]
