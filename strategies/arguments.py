"""Bad arguments are refused where a strategy is called, by name and value, with what is allowed."""

import math
from collections.abc import Collection

from hypothesis.errors import InvalidArgument


def check_integers(name: str, lowest: int, highest: int, *, least: int) -> None:
    """min_`name` and max_`name` are integers with `least` ≤ min ≤ max.

    Raises:
        InvalidArgument: if not.
    """
    check_integer(f"min_{name}", lowest, least=least)
    check_integer(f"max_{name}", highest, least=lowest)


def check_integer(name: str, value: int, *, least: int) -> None:
    """`value` is an integer, at least `least`.

    Raises:
        InvalidArgument: if not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InvalidArgument(f"{name}={value!r} must be an integer, at least {least}")


def check_reals(name: str, lowest: float, highest: float, *, below: float = math.inf) -> None:
    """min_`name` and max_`name` are finite numbers with 0 < min ≤ max < `below`.

    Raises:
        InvalidArgument: if not; NaN satisfies no bound.
    """
    if not 0 < lowest < below:
        raise InvalidArgument(f"min_{name}={lowest!r} must be in (0, {below:.6g})")
    if not lowest <= highest < below:
        raise InvalidArgument(f"max_{name}={highest!r} must be in [min_{name}, {below:.6g}), min_{name}={lowest!r}")


def check_names(name: str, values: Collection[str], allowed: Collection[str]) -> None:
    """`values` holds at least one name, all of them `allowed`.

    Raises:
        InvalidArgument: if not.
    """
    if isinstance(values, str) or not values or not set(values) <= set(allowed):
        raise InvalidArgument(f"{name}={values!r} must hold one or more of {', '.join(allowed)}")
