"""Exponent fits and quantiles on synthetic data whose truth is known, with the noise that the claims show."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from lemmata.audit.judge.growth import growth, quantile
from lemmata.audit.judge.synthetic import SIZES, coverage


def test_a_pure_power_law_is_covered_as_designed():
    """95 % intervals, 400 runs: coverage at least 92 % (a true 95 % falls below with probability 3e-3)."""
    assert coverage(lambda m: 3 * m**0.5, 0.5) >= 0.92


def test_finite_size_terms_do_not_fool_the_interval():
    """A correction of 1 ± 2/√m bends the slope; the interval still contains the exponent of the limit."""
    assert coverage(lambda m: m ** (1 / 3) * (1 + 2 / np.sqrt(m)), 1 / 3) >= 0.92
    assert coverage(lambda m: m ** (1 / 3) * (1 - 2 / np.sqrt(m)), 1 / 3) >= 0.92


def test_noise_that_shrinks_with_size_is_covered():
    """Standard deviations of √(5/m), as norms of features have."""
    assert coverage(lambda m: m**0.5, 0.5, noise=lambda m: np.sqrt(5 / m)) >= 0.92


def test_a_logarithm_is_no_exponent():
    """√log m on top of a power is never mistaken for a sixth of an exponent."""
    for run in range(50):
        rng = np.random.default_rng([8, run])
        logs = np.log(np.sqrt(SIZES * np.log(SIZES)))[:, None] + 0.05 * rng.standard_normal((4, 12))
        assert growth(SIZES, logs).low < 0.5 + 1 / 6


@pytest.mark.parametrize("by", [1 / 6, -1 / 6])
def test_a_shift_by_a_sixth_is_seen(by):
    """The claimed exponent lies outside the interval when the truth is a sixth away, in at least 95 of 100 runs."""
    seen = 0
    for run in range(100):
        rng = np.random.default_rng([9, run])
        logs = (0.5 + by) * np.log(SIZES)[:, None] + 0.1 * rng.standard_normal((4, 12))
        slope = growth(SIZES, logs)
        seen += not slope.low <= 0.5 <= slope.high
    assert seen >= 95


def test_small_sizes_are_the_far_end_where_the_limit_is_at_zero():
    """A law that changes its exponent: the slope is read off at the end asked for."""
    tau = np.geomspace(1e-5, 0.1, 9)
    logs = np.log(tau**0.5 + 3 * tau)[:, None].repeat(4, 1) + 1e-6 * np.random.default_rng(1).standard_normal((9, 4))
    assert growth(tau, logs, toward_zero=True).slope < 0.53
    assert growth(tau, logs).slope > 0.6


def test_the_systematic_floor_widens_the_interval():
    """What more initialisations cannot remove stays in the interval."""
    logs = np.log(SIZES)[:, None].repeat(8, 1) + 1e-9 * np.random.default_rng(1).standard_normal((4, 8))
    slope = growth(SIZES, logs, floor=[0.3] * 4)
    assert slope.high - slope.low > 0.1


def test_sizes_without_a_finite_logarithm_are_left_out():
    """No flips at the smallest radius: the slope comes from the others; with one size left there is none."""
    logs = np.stack([np.full(4, -math.inf), np.zeros(4), np.ones(4)])
    assert growth([1, 2, 4], logs).points == 2
    assert growth([1, 2, 4], np.full((3, 4), math.nan)) is None


@pytest.mark.parametrize(("n", "level"), [(16, 0.95), (64, 0.95), (200, 0.5), (8, 0.05)])
def test_quantile_intervals_cover_the_truth(n, level):
    """Log-normal samples, 2,000 runs: at least 92 % of the 95 % intervals contain the quantile."""
    truth = math.exp(0.2 * norm.ppf(level))
    rng = np.random.default_rng(5)
    intervals = [quantile(np.exp(0.2 * rng.standard_normal(n)), level) for _ in range(2000)]
    hit = np.mean([q.low <= truth <= (math.inf if q.high is None else q.high) for q in intervals])
    assert hit >= 0.92


def test_quantiles_of_too_few_or_degenerate_values():
    """Two values have no upper end; equal values have an interval of no width; no value is refused."""
    assert quantile([1.0, 2.0], 0.95).high is None
    assert quantile([3.0] * 8, 0.95).high == 3.0
    with pytest.raises(ValueError, match="at least one value"):
        quantile([], 0.5)
