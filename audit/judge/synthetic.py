"""What the statistics say of truths that are known: simulations for their tests and for `docs/error-rates.md`."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from lemmata.audit.judge.evidence import Evidence
from lemmata.audit.judge.growth import Slope, growth, largest

RUNS, LENGTH = 20_000, 256
"""Simulated runs of counts, and the trials of each."""

FITS = 400
"""Simulated fits of an exponent."""

GROWTHS = 100
"""Simulated lines of each law, for each question that is asked of it."""

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


@dataclass(frozen=True)
class Law:
    """A quantity at the suite's sizes whose growth is known.

    Attributes:
        name: in words.
        sizes: where it is measured.
        shape: its scale at a size.
        draw: logarithms of its noise, (data sets, initialisations), from a generator.
        spacing: by which a claimed exponent may be wrong.
        shift: of the argument of a hidden logarithm, see `growth`.
        random: whether the statement is about chance.
    """

    name: str
    sizes: tuple[float, ...]
    shape: Callable[[float], float]
    draw: Callable[[np.random.Generator], np.ndarray]
    spacing: float = 1 / 6
    shift: float = 0.0
    random: bool = True


def log_normal(sd: float, count: int, data_sets: int = 1, between: float = 0.0) -> Callable[..., np.ndarray]:
    """Noise that is normal on the logarithmic scale, with a part of it shared within each data set."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        shared = between * rng.standard_normal((data_sets, 1))
        return shared + sd * rng.standard_normal((data_sets, count))

    return draw


WIDE = tuple(SIZES)
EXAMPLES = (1.0, 2.0, 4.0, 8.0, 16.0)
LAWS = (
    Law("constant, 12 initialisations", WIDE, lambda m: 1.0, log_normal(0.1, 12)),
    Law("constant, 64 initialisations", WIDE, lambda m: 1.0, log_normal(0.1, 64)),
    Law("constant, noise of a percent", WIDE, lambda m: 1.0, log_normal(0.01, 16)),
    Law("times log m", WIDE, math.log, log_normal(0.1, 64)),
    Law("times log² m", WIDE, lambda m: math.log(m) ** 2, log_normal(0.1, 64)),
    Law("m / (m + 3000)", WIDE, lambda m: m / (m + 3000), log_normal(0.1, 64)),
    Law("1 + 3000 / m", WIDE, lambda m: 1 + 3000 / m, log_normal(0.1, 64)),
    Law("1 − 3 / √m", WIDE, lambda m: 1 - 3 / math.sqrt(m), log_normal(0.1, 64)),
    Law("heavy tails (Pareto 3)", WIDE, lambda m: 1.0, lambda rng: np.log(rng.pareto(3, (1, 64)) + 1)),
    Law("ties (1, 2 or 3)", WIDE, lambda m: 1.0, lambda rng: np.log(rng.integers(1, 4, (1, 64)))),
    Law("values near 0 (|N(0, 1)|)", WIDE, lambda m: 1.0, lambda rng: np.log(np.abs(rng.standard_normal((1, 64))))),
    Law("two equal initialisations, deterministic", WIDE, lambda m: 1.0, lambda rng: np.zeros((1, 2)), random=False),
    Law("16 data sets of spread 0.3", EXAMPLES, lambda n: 1.0, log_normal(0.1, 13, 16, 0.3), 1 / 2, 3.0),
    Law("8 data sets of spread 0.1", EXAMPLES, lambda n: 1.0, log_normal(0.1, 1, 8, 0.1), 1 / 2, 3.0),
    Law("n / (n + 5), 16 data sets", EXAMPLES, lambda n: n / (n + 5), log_normal(0.1, 13, 16, 0.1), 1 / 2, 3.0),
)


@dataclass(frozen=True)
class Judged:
    """Shares of runs.

    Attributes:
        false_refutations: of the true exponent refuted, at the first α.
        refuted: of one a step too strong refuted, per α.
        missed: of that called supported.
    """

    false_refutations: float
    refuted: tuple[float, ...]
    missed: float


def judged(law: Law, alphas: Sequence[float], resolution: float) -> Judged:
    """What becomes of a claimed exponent 0 for a law whose exponent is 0, and for one a step larger."""

    def slope(run: int, step: float, alpha: float) -> Slope:
        rng = np.random.default_rng([17, run])
        logs = [math.log(law.shape(size)) + step * math.log(size) + law.draw(rng) for size in law.sizes]
        found = growth(law.sizes, logs, alpha=alpha, levels=[0.95], random=law.random, shift=law.shift)
        assert found is not None
        return found

    def share(step: float, alpha: float) -> tuple[float, float]:
        found = [slope(run, step, alpha) for run in range(GROWTHS)]
        return tuple(np.mean([(s.rising > resolution, s.high < law.spacing) for s in found], axis=0))

    stronger = [share(law.spacing, alpha) for alpha in alphas]
    return Judged(share(0.0, alphas[0])[0], tuple(refuted for refuted, _ in stronger), stronger[0][1])


def largest_covered(count: int, spread: float, configurations: int = 15) -> float:
    """Share of runs in which the interval for the largest of several 95 % quantiles contains it.

    The values are log-normal; the configurations' scales are spread evenly over a range.
    """
    rng = np.random.default_rng(23)
    scales = np.linspace(0, spread, configurations)
    truth = math.exp(spread + 0.1 * norm.ppf(0.95))
    hit = 0
    for _ in range(FITS):
        values = np.exp(scales[:, None] + 0.1 * rng.standard_normal((configurations, count)))
        found, _index = largest([(sample.tolist(), 0.95) for sample in values], upper=True)
        hit += found.low <= truth and (found.high is None or truth <= found.high)
    return hit / FITS
