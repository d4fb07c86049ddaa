"""Positive numbers of which the order of magnitude matters."""

import math

from hypothesis import strategies as st

from lemmata.strategies.arguments import InvalidArgument, check_reals

STEPS = 48
"""Steps from the hardest value to either end of the range."""


def magnitudes(min_value: float, max_value: float, *, hardest: float | None = None) -> st.SearchStrategy[float]:
    """Numbers of [min_value, max_value], both ends included, evenly on a logarithmic scale.

    Values strictly inside are rounded to three digits, so that a case reads and replays easily. Shrinks to
    `hardest` (by default `min_value`), then prefers what is above it to what is below.

    Raises:
        InvalidArgument: when called, unless 0 < min_value ≤ hardest ≤ max_value < ∞.
    """
    check_reals("value", min_value, max_value)
    start = min_value if hardest is None else hardest
    if not min_value <= start <= max_value:
        raise InvalidArgument(f"{hardest=} must be in [{min_value=}, {max_value=}]")

    def at(step: int) -> float:
        end = max_value if step > 0 else min_value
        if step == 0:
            return start
        if abs(step) == STEPS:
            return end
        share = abs(step) / STEPS
        value = math.exp((1 - share) * math.log(start) + share * math.log(end))
        return min(max(float(f"{value:.3g}"), min_value), max_value)

    return st.integers(-STEPS * (min_value < start), STEPS * (start < max_value)).map(at)
