"""The conditions under which a statement is made, with every constant that its paper does not state taken as 1.

A condition is data: a letter, a relation, and the power products that bound it. It renders itself, says whether it
holds, and, together with the others of its statement, is solved for the least width. Everything is computed in logs.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lemmata.claims.language.scaling import Scaling, log

Parameters = Mapping[str, float]

SPACING = 0.01
"""Relative, of the values of log m between which the last change of sign is looked for."""

ROUNDING = 1e-12
"""Relative, by which a bound may be missed."""

WIDEST = 10**300
"""Widths are searched up to here."""


@dataclass(frozen=True)
class Condition:
    """letter ≥ max(bounds), letter ≤ min(bounds), or letter = bound.

    A letter that is not given is as large as the first condition on it with "<=" allows: a radius that the statement
    leaves open, a margin that no data exceed. "=" says what a letter is, given or not. Such conditions stand for their
    letter and cannot fail; the others are checked.

    One that is `exact` has no hidden constant: where it fails the statement says nothing, and nothing is measured.
    """

    letter: str
    relation: Literal[">=", "<=", "="]
    bounds: tuple[Scaling, ...]
    exact: bool = False

    def __post_init__(self) -> None:
        if self.relation not in (">=", "<=", "="):
            raise ValueError(f"condition on {self.letter!r}: relation={self.relation!r} must be one of >=, <=, =")
        if not self.bounds or not all(isinstance(bound, Scaling) for bound in self.bounds):
            raise ValueError(f"condition on {self.letter!r}: bounds={self.bounds!r} must be a tuple of Scalings")

    @property
    def letters(self) -> frozenset[str]:
        """What the bounds depend on."""
        return frozenset[str]().union(*(bound.letters for bound in self.bounds))

    def bound(self, logs: Parameters) -> float:
        """The log of the tightest bound, from the logs of the letters; NaN where one is undefined."""
        values = [bound.log_value(logs) for bound in self.bounds]
        if any(map(math.isnan, values)):
            return math.nan
        return max(values) if self.relation == ">=" else min(values)

    def spare(self, logs: Parameters) -> float:
        """The log of the factor by which the condition holds; negative where it does not, NaN where it is undefined."""
        factor = logs[self.letter] - self.bound(logs)
        return {">=": factor, "<=": -factor, "=": -abs(factor)}[self.relation]

    def holds(self, parameters: Parameters) -> bool:
        """Whether it does, at parameters that have its letter and all that its bounds need."""
        return self.holds_in_logs(_logs(parameters))

    def holds_in_logs(self, logs: Parameters) -> bool:
        """The same from the logs of the parameters."""
        return self.spare(logs) >= -ROUNDING

    def __str__(self) -> str:
        """For instance "m >= max(L^2 log(mn/delta), L^-8/3 tau^-4/3 log(m/(tau delta)))"."""
        left, *bounds = (scaling.ascii() for scaling in (Scaling(**{self.letter: 1}), *self.bounds))
        several = "max({})" if self.relation == ">=" else "min({})"
        return f"{left} {self.relation} {bounds[0] if len(bounds) == 1 else several.format(', '.join(bounds))}"

    def latex(self) -> str:
        """The same in LaTeX."""
        left, *bounds = (scaling.latex() for scaling in (Scaling(**{self.letter: 1}), *self.bounds))
        relation, several = {">=": (r"\ge", r"\max"), "<=": (r"\le", r"\min"), "=": ("=", "")}[self.relation]
        return f"{left} {relation} " + (bounds[0] if len(bounds) == 1 else rf"{several}\{{{', '.join(bounds)}\}}")


def settled(conditions: Iterable[Condition], parameters: Parameters) -> dict[str, float]:
    """The parameters, with the letters that conditions stand for.

    Raises:
        ZeroDivisionError: if one is undefined, as a radius with a negative power of log m is at m = 1.
    """
    settled = dict(parameters)
    for condition in _divided(conditions, parameters)[0]:
        settled[condition.letter] = min(bound.value(settled) for bound in condition.bounds)
    return settled


def met(conditions: Iterable[Condition], parameters: Parameters) -> dict[str, bool]:
    """Whether each condition holds, by its text; those that stand for a letter cannot fail and are left out."""
    setting, checked = _divided(conditions, parameters)
    logs = _settle(setting, _logs(parameters))
    return {str(condition): condition.holds_in_logs(logs) for condition in checked}


def on_width(conditions: Iterable[Condition], given: Iterable[str]) -> list[Condition]:
    """The conditions that the width decides, m being open, where the other given letters are what they are."""
    setting, checked = _divided(conditions, {*given, "m"})
    moving = {"m"}
    for condition in setting:
        if condition.letters & moving:
            moving.add(condition.letter)
    return [condition for condition in checked if ({condition.letter} | condition.letters) & moving]


def smallest_width(conditions: Sequence[Condition], parameters: Parameters) -> int:
    """The smallest m from which on every width meets the conditions that the width decides.

    They are implicit, as their bounds have log m in them. They may also hold for a few very small widths, where log m
    is small, and fail again: those are not meant.

    Raises:
        ArithmeticError: if there is none up to `WIDEST`.
    """
    setting, _ = _divided(conditions, {*parameters, "m"})
    checked = on_width(conditions, parameters)
    given = _logs(parameters)

    def meets(log_m: float) -> bool:
        logs = _settle(setting, {**given, "m": log_m})
        return all(condition.holds_in_logs(logs) for condition in checked)

    most = math.log(WIDEST)
    high = 2.0
    while not (meets(high) and meets(2 * high)):
        high *= 2
        if high > 2 * most:
            raise ArithmeticError(f"no width up to {WIDEST:.0e} meets the conditions")
    low = high
    while low > SPACING and meets(low):
        high, low = low, low * (1 - SPACING)
    if high > most:
        raise ArithmeticError(f"no width up to {WIDEST:.0e} meets the conditions")
    if low <= SPACING:
        return 1 if meets(0.0) else 2
    below, above = math.floor(math.exp(low)), math.ceil(math.exp(high))
    while above - below > 1:
        middle = (below + above) // 2
        below, above = (below, middle) if meets(math.log(middle)) else (middle, above)
    return above


def _divided(conditions: Iterable[Condition], given: Iterable[str]) -> tuple[list[Condition], list[Condition]]:
    """The conditions that stand for a letter, the first on each that is not given, and the others, in their order."""
    known, setting, checked = set(given), list[Condition](), list[Condition]()
    for condition in conditions:
        first = condition.letter not in {other.letter for other in setting}
        stands = condition.relation == "=" or (condition.relation == "<=" and condition.letter not in known)
        (setting if first and stands else checked).append(condition)
    return setting, checked


def _settle(setting: Iterable[Condition], logs: Parameters) -> dict[str, float]:
    """The logs, with those of the letters that conditions stand for, one after the other."""
    settled = dict(logs)
    for condition in setting:
        settled[condition.letter] = condition.bound(settled)
    return settled


def _logs(parameters: Parameters) -> dict[str, float]:
    return {name: log(value) for name, value in parameters.items()}
