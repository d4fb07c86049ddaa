"""Upper and lower bounds: everything in which they differ, in one place."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from torch import Tensor


@dataclass(frozen=True)
class Direction:
    """Which ratios lhs / rhs break a bound: those that are too large, or too small.

    Attributes:
        sign: +1 where larger ratios are worse, −1 where smaller ones are.
    """

    sign: int

    @property
    def no_constant(self) -> float:
        """The constant with which nothing is claimed: infinite, or 0."""
        return math.inf if self.sign > 0 else 0.0

    @property
    def hopeless(self) -> float:
        """A ratio that breaks the bound with every constant: what NaN counts as."""
        return self.sign * math.inf

    @property
    def broken_always(self) -> str:
        """How a ratio breaks the bound with every constant, in words."""
        if self.sign > 0:
            return "the right-hand side is 0 under a positive left-hand side, that is infinite, or a side is no number"
        return "the left-hand side is not positive over a positive right-hand side, that is infinite, or no number"

    def broken_by(self, ratios: Tensor) -> Tensor:
        """Where the ratio breaks the bound with every constant; NaN, both sides 0, breaks nothing."""
        return ratios == math.inf if self.sign > 0 else ratios <= 0

    def level(self, delta: float) -> float:
        """Which quantile over initialisations the constant is: all but a share δ are on its better side."""
        return 1 - delta if self.sign > 0 else delta

    def worst(self, values: Iterable[float], default: float = math.nan) -> float:
        """The worst of numbers, none of them NaN."""
        return (max if self.sign > 0 else min)(values, default=default)

    def worst_at(self, ratios: Tensor) -> Tensor:
        """Where along the last axis the worst ratio is; undefined ones (NaN) come last."""
        return (self.sign * ratios).nan_to_num(-math.inf, math.inf, -math.inf).argmax(-1)

    def worse(self, a: Tensor, b: Tensor) -> Tensor:
        """Where a breaks the bound by more than b."""
        return self.sign * a > self.sign * b

    def holds(self, ratios: Tensor, constant: float, slack: float) -> Tensor:
        """Where the bound holds with this constant, up to the relative slack of rounding; NaN satisfies nothing."""
        return self.sign * ratios <= self.sign * constant * (1 + self.sign * slack)


UPPER, LOWER = Direction(1), Direction(-1)

STRONGER = {
    "m": Fraction(-1, 6),
    "tau": Fraction(1, 6),
    "L": Fraction(-1, 2),
    "n": Fraction(-1, 2),
    "k": Fraction(-1, 2),
    "batch": Fraction(-1, 2),
    "phi": Fraction(1, 2),
    "eps": Fraction(1, 2),
}
"""By how much an exponent moves in the direction that strengthens an upper bound; a lower bound's in the other."""
