"""Radii of the ball in which the worst case flips units."""

import math

from hypothesis import strategies as st

from strategies.arguments import check_integer, check_reals
from strategies.magnitudes import magnitudes

FIRST = 3
"""Flipped units below which a worst case may flip none: then Ŵ and W⁽⁰⁾ have the same patterns."""

HARD = 10
"""Flipped units at the hard end: few enough for one unit to matter, enough for m τ^{2/3} to show."""


def flipping_radius(units: float, width: int) -> float:
    """The radius at which the closed-form worst case flips about `units` of `width` units.

    Pre-activations are N(0, 2/m), dense enough at 0 for the distances to the kink, in increasing order, to be
    √π m^{−3/2} times the arrivals of a Poisson process. The k-th has mean square π m^{−3} k (k + 1), and the
    first K sum to τ² = (π/3) m^{−3} K (K + 1) (K + 2) on average: K is about (3/π)^{1/3} m τ^{2/3}.

    Raises:
        InvalidArgument: if `units` or `width` is not positive.
    """
    check_integer("width", width, least=1)
    check_reals("units", units, units)
    return math.sqrt(math.pi / 3 * units * (units + 1) * (units + 2) / width**3)


def radii(width: int, *, min_radius: float = 1e-3, max_radius: float = 0.1) -> st.SearchStrategy[float]:
    """Radii τ in [min_radius, max_radius], log-uniform, from where the worst case first flips units at `width`.

    Smaller radii are valid and easy: no pattern changes, and the network is linear in the ball. The lower end
    is therefore raised to three flipped units, though never beyond `max_radius`. Shrinks to the hard end,
    where m τ^{2/3} is about ten, or to what is nearest to it in the range.

    Raises:
        InvalidArgument: when called, unless 0 < min_radius ≤ max_radius < ∞ and `width` is positive.
    """
    check_reals("radius", min_radius, max_radius)

    def inside(units: int) -> float:
        return min(max(float(f"{flipping_radius(units, width):.3g}"), min_radius), max_radius)

    return magnitudes(inside(FIRST), max_radius, hardest=inside(HARD))
