"""What the tests mean by equal, bounded and converged: the only file with tolerances.

Every function takes tensors, arrays or numbers, requires equal shapes, and lets NaN satisfy nothing.
"""

import numpy as np
from torch import Tensor

IDENTITY = 1e-10
"""Two routes to one float64 number, relative error."""

RESOLVED = 1e-8
"""A difference of two nearby networks against fifty digits, relative error."""

VECTOR = 1e-7
"""Leading singular vectors, whose error enters every norm to second order: square root of float64's precision."""

LIMIT = 0.02
"""A network of 200,000 units against its limit at infinite width, relative error."""

FOUND = 1e-5
"""What a search by iteration comes to from one start, relative error: it stops early."""

DEVIATIONS = 5.0
"""Standard errors between a sample mean and its law; two-sided false-alarm rate 5.7e-7 per comparison."""

P_VALUE = 1e-6
"""Smallest p-value that a goodness-of-fit test may give; its false-alarm rate."""

UNDERFLOW = 1e-280
"""Below this size float64 runs out of exponents, and only the size is compared."""

Numbers = Tensor | np.ndarray | float | list


def assert_same(actual: Numbers, expected: Numbers) -> None:
    """Equal, bit for bit."""
    a, b = _pair(actual, expected)
    assert (a == b).all(), _report(a, b)


def assert_close(actual: Numbers, expected: Numbers) -> None:
    """Equal to 1e-10 of the largest expected entry: for vectors and matrices that come from sums."""
    a, b = _pair(actual, expected)
    assert (np.abs(a - b) <= IDENTITY * np.abs(b).max(initial=0.0)).all(), _report(a, b)


def assert_each_close(actual: Numbers, expected: Numbers) -> None:
    """Every entry equal to 1e-10 of itself."""
    a, b = _pair(actual, expected)
    assert (np.abs(a - b) <= IDENTITY * np.abs(b)).all(), _report(a, b)


def assert_each_close_above_underflow(actual: Numbers, expected: Numbers) -> None:
    """Every entry equal to 1e-10 of itself, or both below 1e-280."""
    a, b = _pair(actual, expected)
    vanishing = (np.abs(a) <= UNDERFLOW) & (np.abs(b) <= UNDERFLOW)
    assert (vanishing | (np.abs(a - b) <= IDENTITY * np.abs(b))).all(), _report(a, b)


def assert_resolved(actual: Numbers, expected: Numbers) -> None:
    """Equal to 1e-8 of the largest expected entry, however small that is."""
    a, b = _pair(actual, expected)
    assert (np.abs(a - b) <= RESOLVED * np.abs(b).max(initial=0.0)).all(), _report(a, b)


def assert_vector_close(actual: Numbers, expected: Numbers) -> None:
    """Equal to 1e-7 of the largest expected entry: for vectors that only matter to second order."""
    a, b = _pair(actual, expected)
    assert (np.abs(a - b) <= VECTOR * np.abs(b).max(initial=0.0)).all(), _report(a, b)


def assert_at_most(actual: Numbers, bound: Numbers) -> None:
    """No entry exceeds its bound by more than 1e-10 of it."""
    a, b = _pair(actual, bound)
    assert (a <= b + IDENTITY * np.abs(b)).all(), _report(a, b)


def assert_reaches(actual: Numbers, bound: Numbers) -> None:
    """No entry falls short of its positive bound by more than a millionth: what an attack keeps as a sliver."""
    a, b = _pair(actual, bound)
    assert (a >= b * (1 - 1e-6)).all(), _report(a, b)


def assert_found(actual: Numbers, expected: Numbers) -> None:
    """Every entry equal to 1e-5 of itself: of a search by iteration that ran in other company."""
    a, b = _pair(actual, expected)
    assert (np.abs(a - b) <= FOUND * np.abs(b)).all(), _report(a, b)


def assert_limit(actual: Numbers, limit: Numbers) -> None:
    """Within 2 % of the limit at infinite width."""
    a, b = _pair(actual, limit)
    assert (np.abs(a - b) <= LIMIT * np.abs(b)).all(), _report(a, b)


def assert_rounded(actual: float, printed: str) -> None:
    """Equal to a number that somebody printed, to all the digits that they printed."""
    digits = len(printed.partition(".")[2])
    assert f"{actual:.{digits}f}" == printed, f"{actual!r} is not {printed}"


def assert_mean(samples: Numbers, mean: float) -> None:
    """Independent samples (S,) average to `mean` within five standard errors.

    False-alarm rate 5.7e-7 by the normal law of the average; a mean that is off by ten standard errors is
    caught with the same certainty.
    """
    a = _array(samples)
    assert a.ndim == 1
    assert len(a) >= 1000
    error = a.std(ddof=1) / len(a) ** 0.5
    assert error > 0
    assert abs(a.mean() - mean) <= DEVIATIONS * error, f"mean {a.mean()} ± {error} is not {mean}"


def assert_plausible(p_value: float) -> None:
    """A goodness-of-fit test does not reject at one in a million."""
    assert p_value >= P_VALUE, p_value


def _array(x: Numbers) -> np.ndarray:
    x = x.detach().cpu() if isinstance(x, Tensor) else x
    return np.asarray(x).astype(np.float64)


def _pair(actual: Numbers, expected: Numbers) -> tuple[np.ndarray, np.ndarray]:
    a, b = _array(actual), _array(expected)
    assert a.shape == b.shape, f"shape {a.shape} is not {b.shape}"
    assert np.isfinite(a).all(), f"not finite: {a}"
    assert np.isfinite(b).all(), f"expected is not finite: {b}"
    return a, b


def _report(a: np.ndarray, b: np.ndarray) -> str:
    worst = np.unravel_index(np.abs(a - b).argmax(), a.shape)
    return f"at {tuple(map(int, worst))} of {a.shape}: {a[worst]!r} against {b[worst]!r}"
