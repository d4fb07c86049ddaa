"""Which δ a statement "with probability at least 1 − δ" can be measured at."""

LEAST_DELTA = 1e-9
"""Below it a quantile at 1 − δ takes more draws than anybody has, and 1 − δ has few digits of δ, or none."""

DELTAS = f"a number in [{LEAST_DELTA:g}, 1 - {LEAST_DELTA:g}]"
"""The same in words."""


def is_delta(value: object) -> bool:
    """Whether it is such a number."""
    return isinstance(value, int | float) and LEAST_DELTA <= value <= 1 - LEAST_DELTA
