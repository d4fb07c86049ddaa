"""Radii of the ball in which the worst case flips units."""

from hypothesis import strategies as st

from lemmata.model import limits
from lemmata.strategies.arguments import check_integer, check_reals
from lemmata.strategies.magnitudes import magnitudes

HARD = 10
"""Flipped units at the hard end: few enough for one unit to matter, enough for m τ^{2/3} to show."""


def flipping_radius(units: float, width: int) -> float:
    """The radius at which the closed-form worst case flips about `units` of `width` units: see `model.limits`.

    Raises:
        InvalidArgument: if `units` or `width` is not positive.
    """
    check_integer("width", width, least=1)
    check_reals("units", units, units)
    return limits.flipping_radius(units, width)


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

    return magnitudes(inside(limits.FEWEST), max_radius, hardest=inside(HARD))
