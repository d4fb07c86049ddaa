"""The width that a statement asks for, with every constant that its paper does not state taken as 1."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scipy.optimize import brentq

Parameters = Mapping[str, float]

SPACING = 0.01
"""Of the values of log m between which a last change of sign is looked for."""


@dataclass(frozen=True)
class WidthCondition:
    """A condition m ≥ least(m), whose right-hand side grows like a power of log m.

    Attributes:
        text: the condition, in plain text.
        needs: names of the parameters that it depends on besides n, L and δ.
        least: log of the right-hand side, from log m and the parameters: the numbers themselves may overflow.
        layers: the only depth that it is about, None for any.
    """

    text: str
    needs: tuple[str, ...]
    least: Callable[[float, Parameters], float]
    layers: int | None = None


def smallest_width(condition: WidthCondition, parameters: Parameters) -> float:
    """The smallest m from which on every width meets the condition, a whole number.

    The condition is implicit, as its right-hand side has log m in it. It may also hold for a few very small widths,
    where log m is small, and fail again: those are not meant.
    """

    def spare(x: float) -> float:
        return x - condition.least(x, parameters)

    high = 2.0
    while min(spare(high), spare(2 * high)) < 0:
        high *= 2
    low = high
    while low > SPACING and spare(low) >= 0:
        low -= SPACING
    if spare(low) >= 0:
        return 1.0
    return float(math.ceil(math.exp(brentq(spare, low, low + SPACING, xtol=1e-14)) * (1 - 1e-12)))
