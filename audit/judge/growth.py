"""Growth exponents from measurements at several sizes, and quantiles over initialisations, with intervals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom, nct, norm, t

CONFIDENCE = 0.95

DRIFT = 1.5
"""How far slopes may drift beyond the sizes measured, over the drift seen; a logarithm's go on by about that."""


@dataclass(frozen=True)
class Slope:
    """A log-log slope with its interval; `low` and `high` bracket the exponent at the far end of the range."""

    slope: float
    low: float
    high: float
    points: int


def growth(
    sizes: Sequence[float],
    logs: np.ndarray,
    *,
    toward_zero: bool = False,
    floor: Sequence[float] | None = None,
) -> Slope | None:
    """The exponent e of a quantity ∝ size^e, at the asymptotic end of the sizes.

    Every initialisation is a cluster and gives one slope over the half of the sizes nearest to the limit;
    Student's interval of those slopes is the noise. Finite sizes and log factors make local slopes
    drift towards the limit, so the interval is extended by `DRIFT` times the drift between the two halves, in the
    direction in which the slope was moving.

    Args:
        sizes: distinct positive sizes.
        logs: (sizes, S), logarithms of the quantity; −inf and NaN are left out with their size.
        toward_zero: whether the limit is at small sizes (τ, φ, ε) and not at large ones.
        floor: per size, the relative error of the quantity that more initialisations do not remove, because
            finite width causes it; it widens the interval.

    Returns:
        None with fewer than two usable sizes.
    """
    order = np.argsort(sizes)
    x, y = np.log(np.asarray(sizes, dtype=float))[order], np.asarray(logs, dtype=float)[order]
    error = np.zeros(len(x)) if floor is None else np.asarray(floor, dtype=float)[order]
    usable = np.isfinite(y).all(axis=1)
    x, y, error = x[usable], y[usable], error[usable]
    if len(x) < 2:
        return None
    if toward_zero:
        x, y, error = x[::-1], y[::-1], error[::-1]
    middle = (len(x) - 1) // 2
    near = _slopes(x[: middle + 1], y[: middle + 1]) if middle else None
    far = _slopes(x[middle:], y[middle:])
    mean = float(far.mean())
    noise = _half_width(far) + float(np.linalg.norm(_weights(x[middle:]) * error[middle:]))
    drift = 0.0 if near is None else DRIFT * (mean - float(near.mean()))
    return Slope(mean, mean - noise + min(drift, 0.0), mean + noise + max(drift, 0.0), len(x))


@dataclass(frozen=True)
class Quantile:
    """A quantile over initialisations with its 95 % interval; `high` is None when the sample is too small."""

    estimate: float
    low: float
    high: float | None


def quantile(values: Sequence[float], level: float) -> Quantile:
    """The `level` quantile of independent values.

    The interval is by order statistics where the sample is large enough for both ends, and otherwise
    Student's tolerance interval for the logarithms (for the values, when some are not positive).

    Raises:
        ValueError: with no values, or a level outside (0, 1).
    """
    if not len(values) or not 0 < level < 1:
        raise ValueError(f"{len(values)} values at {level=}: need at least one value and a level in (0, 1)")
    ordered = np.sort(np.asarray(values, dtype=float))
    n, tail = len(ordered), (1 - CONFIDENCE) / 2
    estimate = float(np.quantile(ordered, level, method="hazen"))
    lower = int(binom.ppf(tail, n, level)) - 1
    upper = int(binom.ppf(1 - tail, n, level))
    if lower >= 0 and upper < n:
        return Quantile(estimate, float(ordered[lower]), float(ordered[upper]))
    if n < 3:
        return Quantile(estimate, float(ordered[0]), None)
    positive = bool(ordered[0] > 0) and math.isfinite(ordered[-1])
    sample = np.log(ordered) if positive else ordered
    centre, spread = sample.mean(), sample.std(ddof=1)
    if not math.isfinite(spread):
        return Quantile(estimate, float(ordered[0]), None)
    if spread == 0:
        return Quantile(estimate, estimate, estimate)
    shift = norm.ppf(level) * math.sqrt(n)
    ends = [centre + nct.ppf(p, n - 1, shift) * spread / math.sqrt(n) for p in (tail, 1 - tail)]
    low, high = (math.exp(end) if positive else float(end) for end in ends)
    return Quantile(estimate, min(low, estimate), max(high, estimate))


def _slopes(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Least-squares slope of every column of y, (S,)."""
    return _weights(x) @ y


def _weights(x: np.ndarray) -> np.ndarray:
    """What least squares multiplies every value with to get the slope."""
    centred = x - x.mean()
    return centred / (centred @ centred)


def _half_width(slopes: np.ndarray) -> float:
    n = len(slopes)
    if n < 2:
        return math.inf
    return float(t.ppf((1 + CONFIDENCE) / 2, n - 1) * slopes.std(ddof=1) / math.sqrt(n))
