"""A point where a statement's own conditions hold with every hidden constant 1, and what is measured there.

    given            sizes, accuracy, what is known of the data: all letters but m and what the conditions stand for
    conditions       the claim's preconditions; the least m that meets them all is solved for
    run(p, seed)     what is measured at the parameters p beside what the statement promises, as `Comparison`s
    memory(p)        bytes that the run needs

`given` may be computed from data but never from an initialisation: conditions are solved before anything is drawn.
`run` draws what it needs from the seed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from lemmata.audit.show.tables import finite, number
from lemmata.claims.language.condition import Condition, Parameters, settled, smallest_width


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
        given, conditions, run, memory: as above; `run` also takes the seed.
        schedule: what else the statement prescribes at those parameters, for instance its step size.
        exact: whether to take the least width itself, and not round it up.
    """

    setting: str
    given: Parameters
    conditions: tuple[Condition, ...]
    run: Callable[[Parameters, int], list[Comparison]]
    memory: Callable[[Parameters], float]
    schedule: Callable[[Parameters], Parameters] = lambda _: {}
    exact: bool = False

    def parameters(self, m: int) -> Parameters:
        """What the statement's letters are at width m."""
        p = settled(self.conditions, {"m": m, **self.given})
        return {**p, **self.schedule(p)}

    def compared(self, p: Parameters) -> list[Comparison]:
        """Each bound of the conditions at those parameters."""
        return [
            Comparison(
                condition.letter,
                p[condition.letter],
                condition.relation,
                bound.value(p),
                bound.ascii(),
            )
            for condition in self.conditions
            if condition.relation != "="
            for bound in condition.bounds
        ]


def least_width(entry: Regime) -> int:
    """The least width that meets every condition, rounded up to one significant digit unless `exact`, and even.

    Raises:
        ArithmeticError: if there is none.
    """
    least = smallest_width(entry.conditions, entry.given)
    if entry.exact:
        return least + least % 2
    unit = 10 ** (len(str(least)) - 1)
    return -(-least // unit) * unit + (unit == 1 and least % 2)
