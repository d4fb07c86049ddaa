"""Growth exponents from measurements at several sizes, and quantiles over initialisations, with intervals.

Two questions are asked of an exponent, at two error rates. Its 95 % interval says what it is; whether it is beyond a
claimed one, which refutes a statement, is said at the rate of the run's budget, and only of growth that neither one
more logarithm nor an approach to a limit explains: at finite sizes a true exponent comes with both.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln
from scipy.stats import binom, nct, norm, t

from lemmata.audit.plan.samples import SHARE, members

CONFIDENCE = 0.95

DRIFT = 1.5
"""How far slopes may drift beyond the sizes measured, over the drift seen; a logarithm's go on by about that."""


SKEWED = -1.0
"""Skewness of logarithms below which values near 0 would decide the upper end of an interval; |N(0, 1)| has −1.5."""


@dataclass(frozen=True)
class Slope:
    """A log-log slope, with its interval and with what is beyond doubt.

    Attributes:
        slope: at the asymptotic end of the sizes.
        low, high: bracket the exponent at 95 %.
        rising, falling: the exponent is at least, and at most, this at the error rate of the run, even if the quantity
            has one more logarithm or is on its way to a limit.
        points: sizes.
        level: the quantile over initialisations whose exponent it is.
    """

    slope: float
    low: float
    high: float
    rising: float
    falling: float
    points: int
    level: float


def growth(
    sizes: Sequence[float],
    samples: Sequence[np.ndarray],
    *,
    alpha: float = 1 - CONFIDENCE,
    levels: Sequence[float] = (0.5,),
    random: bool = True,
    toward_zero: bool = False,
    shift: float = 0.0,
    hidden: bool = True,
) -> Slope | None:
    """The exponent e of a quantile ∝ size^e, at the asymptotic end of the sizes.

    What is followed is the expected log of the worst of r initialisations, with r such that the median of that worst is
    the quantile, or as large as the sample allows. Its noise is Student's: over data sets where they are redrawn, else
    over the jackknife's values of the initialisations. The slope is that of the half of the sizes nearest to the limit.
    Finite sizes make local slopes drift towards the limit, so the interval is extended by `DRIFT` times the drift
    between the two halves, in the direction in which the slope was moving.

    Args:
        sizes: distinct positive sizes.
        samples: per size, logarithms of the quantity, (data sets, initialisations). What is not finite counts as the
            nearest finite one of its data set: how often it happens is not for a slope to judge. A data set without a
            finite value is left out.
        alpha: rate at which `rising` (and as rarely `falling`) may be wrong.
        levels: of the quantile, at each size or at all; below one half it is the worst from below that is followed.
        random: whether the statement is about chance; without it, every step between sizes must show the growth.
        toward_zero: whether the limit is at small sizes (τ, φ, ε) and not at large ones.
        shift: added to the log of a size before that is taken as the argument of a hidden logarithm.
        hidden: whether there may be a hidden logarithm.

    Returns:
        None with fewer than two sizes, where a sample has no finite value, or where levels differ and a sample is too
        small for its own.
    """
    if len(sizes) < 2:
        return None
    order = np.argsort(sizes)
    x = np.log(np.asarray(sizes, dtype=float))[order]
    levels = [levels[at] for at in order] if len(levels) > 1 else list(levels) * len(x)
    upper = levels[0] >= 0.5
    chosen = [np.atleast_2d(np.asarray(samples[at], dtype=float)) * (1 if upper else -1) for at in order]
    chosen = [sample[np.isfinite(sample).any(axis=1)] for sample in chosen]
    if not all(map(len, chosen)):
        return None
    if toward_zero:
        x, chosen, levels = x[::-1], chosen[::-1], levels[::-1]
    groups, most = [members(max(level, 1 - level)) for level in levels], [_most(sample) for sample in chosen]
    if len(set(levels)) == 1:
        groups = [min(groups[0], *most)] * len(x)
    elif any(group > limit for group, limit in zip(groups, most, strict=True)):
        return None
    worst = [
        _replicates(_finite(sample), group) * (1 if upper else -1) for sample, group in zip(chosen, groups, strict=True)
    ]
    middle = (len(x) - 1) // 2
    farther = np.zeros(len(x))
    farther[middle:] = _weights(x[middle:])
    drifting = np.zeros(len(x))
    if middle:
        drifting = DRIFT * farther
        drifting[: middle + 1] -= DRIFT * _weights(x[: middle + 1])
    far, drift = _contrast(farther, worst), _contrast(drifting, worst)
    tails = [max(level, 1 - level) for level in levels]
    seen = np.array([_quantile(_finite(sample), tail) for sample, tail in zip(chosen, tails, strict=True)])
    seen *= 1 if upper else -1
    steps = np.diff(seen) / np.diff(x)
    # Growth is along 1/size where that is large, and so is the hidden logarithm's.
    log = np.log(np.maximum((-x if toward_zero else x) + shift, 1.0)) if hidden else np.zeros_like(x)
    one_more = abs(float(farther @ log))
    unseen = min(drift.half_width(1 - CONFIDENCE), one_more)
    doubt = far.half_width(2 * alpha)
    beyond = []
    for sign in (1, -1):
        straight = sign * far.value - doubt
        end = straight - one_more - max(-sign * drift.value, unseen)
        if len(x) > 2 and hidden:
            beside = _contrast(_beside(x, log), worst)
            end = max(
                end, min(straight + min(sign * drift.value, 0.0), sign * beside.value - beside.half_width(2 * alpha))
            )
        # What a few of many initialisations show is not yet what a quantile does, nor one step of a fluctuation growth.
        beyond.append(min(end, sign * float(farther @ seen), np.inf if random else (sign * steps).min()))
    noise = far.half_width(1 - CONFIDENCE)
    low, high = far.value - noise + min(drift.value, 0.0), far.value + noise + max(drift.value, 0.0)
    followed = 2 ** (-1 / groups[-1])
    return Slope(far.value, low, high, beyond[0], -beyond[1], len(x), followed if upper else 1 - followed)


@dataclass(frozen=True)
class Quantile:
    """A quantile over initialisations with its 95 % interval; `high` is None when the sample is too small."""

    estimate: float
    low: float
    high: float | None


def quantile(values: Sequence[float], level: float, tails: tuple[float, float] | None = None) -> Quantile:
    """The `level` quantile of independent values.

    The interval is by order statistics where the sample is large enough for both ends, and otherwise
    Student's tolerance interval for the logarithms (for the values, when some are not positive, or so near to 0 that
    the logarithms are skewed towards them).

    Args:
        values: independent.
        level: in (0, 1).
        tails: probabilities of the quantile being below and above the interval; 0.025 each without it.

    Raises:
        ValueError: with no values, or a level outside (0, 1).
    """
    if not len(values) or not 0 < level < 1:
        raise ValueError(f"{len(values)} values at {level=}: need at least one value and a level in (0, 1)")
    ordered = np.sort(np.asarray(values, dtype=float))
    n, (below, above) = len(ordered), tails or ((1 - CONFIDENCE) / 2,) * 2
    estimate = float(np.quantile(ordered, level, method="hazen" if np.isfinite(ordered).all() else "lower"))
    lower = int(binom.ppf(below, n, level)) - 1
    upper = int(binom.ppf(1 - above, n, level))
    if lower >= 0 and upper < n:
        return Quantile(estimate, float(ordered[lower]), float(ordered[upper]))
    if n < 3 or not np.isfinite(ordered).all():
        return Quantile(estimate, float(ordered[0]), None)
    positive = bool(ordered[0] > 0)
    if positive:
        logs = np.log(ordered)
        positive = bool(((logs - logs.mean()) ** 3).mean() >= SKEWED * logs.std() ** 3)
    sample = logs if positive else ordered
    centre, spread = sample.mean(), sample.std(ddof=1)
    if spread == 0:
        return Quantile(estimate, estimate, estimate)
    shift = norm.ppf(level) * math.sqrt(n)
    ends = [centre + nct.ppf(p, n - 1, shift) * spread / math.sqrt(n) for p in (below, 1 - above)]
    low, high = (math.exp(end) if positive else float(end) for end in ends)
    return Quantile(estimate, min(low, estimate), max(high, estimate))


def largest(samples: Sequence[tuple[Sequence[float], float]], *, upper: bool) -> tuple[Quantile, int]:
    """The largest of several quantiles (for lower bounds the smallest) and which it is, with an interval for that.

    It is below the largest upper end with at most 2.5 %, as it would be below that of its own sample; and above the
    largest lower end with at most 2.5 %, of which each lower end has its share.

    Args:
        samples: independent values and the level of the quantile, each.
        upper: whether the largest is meant.
    """
    tail, sign = (1 - CONFIDENCE) / 2, 1 if upper else -1
    shared = tail / len(samples)
    tails = (shared, tail) if upper else (tail, shared)
    found = [quantile(values, level, tails) for values, level in samples]
    index = max(range(len(found)), key=lambda at: sign * found[at].estimate)
    choose = max if upper else min
    highs = [each.high for each in found if each.high is not None]
    high = choose(highs) if len(highs) == len(found) else None
    return Quantile(found[index].estimate, choose(each.low for each in found), high), index


@dataclass(frozen=True)
class _Contrast:
    """An estimate with its standard error, and the degrees of freedom of that."""

    value: float
    error: float
    freedom: float

    def half_width(self, outside: float) -> float:
        """Of the interval that misses with this probability, half of it on each side."""
        return float(t.isf(outside / 2, self.freedom) * self.error) if self.error else 0.0


def _contrast(weights: np.ndarray, worst: Sequence[np.ndarray]) -> _Contrast:
    """Σ weight · mean over the sizes: replicate by replicate where all have as many, as these may be of one draw."""
    counts = [len(each) for each in worst]
    if min(counts) == 1:
        value = float(sum(w * each.mean() for w, each in zip(weights, worst, strict=True)))
        return _Contrast(value, math.inf, 1)
    if len(set(counts)) == 1:
        each = weights @ np.stack(worst)
        return _Contrast(float(each.mean()), float(each.std(ddof=1) / math.sqrt(len(each))), len(each) - 1)
    parts = np.array([w**2 * each.var(ddof=1) / len(each) for w, each in zip(weights, worst, strict=True)])
    value = float(sum(w * each.mean() for w, each in zip(weights, worst, strict=True)))
    # Welch and Satterthwaite's degrees of freedom.
    freedom = sum(part**2 / (count - 1) for part, count in zip(parts, counts, strict=True))
    return _Contrast(value, math.sqrt(parts.sum()), parts.sum() ** 2 / freedom if freedom else 1)


def _most(sample: np.ndarray) -> int:
    """The largest group that a sample (data sets, initialisations) has a few of."""
    data_sets, each = sample.shape
    return each if data_sets > 1 else max(1, each // SHARE)


def _finite(sample: np.ndarray) -> np.ndarray:
    """Infinities as the nearest finite value of their data set; NaN, which is undefined, as the smallest."""
    known = np.isfinite(sample)
    smallest = np.where(known, sample, np.inf).min(axis=1, keepdims=True)
    largest = np.where(known, sample, -np.inf).max(axis=1, keepdims=True)
    return np.clip(np.where(np.isnan(sample), -np.inf, sample), smallest, largest)


def _quantile(sample: np.ndarray, level: float) -> float:
    """What the quantile above one half exceeds in 95 % of all samples, as a mean over data sets (data sets, ·)."""
    at = max(0, int(binom.ppf(1 - CONFIDENCE, sample.shape[1], level)) - 1)
    return float(np.sort(sample, axis=1)[:, at].mean())


def _replicates(sample: np.ndarray, size: int) -> np.ndarray:
    """Independent values whose mean is the expected largest of `size` of a data set's initialisations."""
    if len(sample) > 1:
        return np.array([float(_largest(np.sort(each), size)) for each in sample])
    ordered = np.sort(sample[0])
    n = len(ordered)
    if n == 1:
        return ordered
    whole = float(_largest(ordered, size))
    weights = _order_weights(n - 1, size)
    # Without the i-th: those below keep their place, those above move down by one.
    below = np.concatenate([[0.0], np.cumsum(weights * ordered[:-1])])
    above = np.concatenate([np.cumsum((weights * ordered[1:])[::-1])[::-1], [0.0]])
    # In the order of the initialisations, as the same one may have been measured at several sizes.
    values = n * whole - (n - 1) * (below + above)
    placed = np.empty(n)
    placed[np.argsort(sample[0], kind="stable")] = values
    return placed


def _largest(ordered: np.ndarray, size: int) -> np.floating:
    """The mean, over all choices of `size` of the values, of the largest."""
    return _order_weights(len(ordered), size) @ ordered


def _order_weights(count: int, size: int) -> np.ndarray:
    """Share of the choices of `size` out of `count` whose largest is the i-th smallest."""
    i = np.arange(1, count + 1, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = (
            gammaln(i)
            - gammaln(i - size + 1)
            - gammaln(size)
            - (gammaln(count + 1) - gammaln(size + 1) - gammaln(count - size + 1))
        )
    return np.where(i >= size, np.exp(np.where(i >= size, logs, 0.0)), 0.0)


def _weights(x: np.ndarray) -> np.ndarray:
    """What least squares multiplies every value with to get the slope."""
    centred = x - x.mean()
    return centred / (centred @ centred)


def _beside(x: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The same for the slope in x beside any multiple of another function."""
    design = np.stack([np.ones_like(x), x, other], 1)
    return np.linalg.pinv(design)[1]
