"""What the statistics say of truths that are known: simulations for their tests and for `docs/error-rates.md`."""

from collections.abc import Callable

import numpy as np

from lemmata.audit.judge.evidence import Evidence
from lemmata.audit.judge.growth import growth

RUNS, LENGTH = 20_000, 256
"""Simulated runs of counts, and the trials of each."""

FITS = 400
"""Simulated fits of an exponent."""

SIZES = np.array([256.0, 2048.0, 16_384.0, 131_072.0])


def critical_counts(delta: float, alpha: float, length: int = LENGTH) -> np.ndarray:
    """The smallest number of violations that refutes "at most δ" after n = 1, …, length trials; length + 1 if none."""
    counts, k = [], 0
    for n in range(1, length + 1):
        while k <= n and not Evidence(k, n, alpha).refutes(delta):
            k += 1
        counts.append(k)
        k = max(0, k - 1)
    return np.array(counts)


def ever_refuted(rate: float, delta: float, alpha: float, seed: int) -> float:
    """Share of runs, watched after every trial, that refute "at most δ" at some time when the truth is `rate`."""
    draws = np.random.default_rng(seed).random((RUNS, LENGTH)) < rate
    return float((draws.cumsum(1) >= critical_counts(delta, alpha)).any(1).mean())


def coverage(
    shape: Callable[[np.ndarray], np.ndarray],
    exponent: float,
    sizes: np.ndarray = SIZES,
    seeds: int = 12,
    noise: Callable[[np.ndarray], np.ndarray] | None = None,
) -> float:
    """Share of synthetic fits whose interval contains the true exponent."""
    hit = 0
    for run in range(FITS):
        rng = np.random.default_rng([7, run])
        sd = noise(sizes) if noise is not None else np.full(len(sizes), 0.1)
        shared = rng.standard_normal((1, seeds)) * 0.05
        logs = np.log(shape(sizes))[:, None] + shared + rng.standard_normal((len(sizes), seeds)) * sd[:, None]
        slope = growth(sizes.tolist(), list(logs[:, None]))
        hit += slope is not None and slope.low <= exponent <= slope.high
    return hit / FITS
