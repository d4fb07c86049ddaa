"""The statistics, tested on truths that are known: designed and realised error rates side by side."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta, binom

from lemmata.audit.judge.evidence import Budget, Evidence, detectable
from lemmata.audit.judge.synthetic import LENGTH, RUNS, ever_refuted
from tests.assertions import assert_close


def excess(realised: float, designed: float) -> float:
    """How many standard errors a realised rate lies above the designed one."""
    return (realised - designed) / math.sqrt(designed * (1 - designed) / RUNS)


@pytest.mark.parametrize("delta", [0.01, 0.05, 0.3])
@pytest.mark.parametrize("alpha", [0.2, 0.05, 0.005])
def test_false_alarms_stay_below_the_design_however_often_one_looks(delta, alpha):
    """At the boundary, rate = δ, watched after every trial: at most α of the runs ever refute (5 s.e.: 3e-7)."""
    assert excess(ever_refuted(delta, delta, alpha, seed=1), alpha) < 5


@pytest.mark.parametrize(("rate", "delta"), [(0.02, 0.05), (0.0, 0.05), (0.1, 0.3)])
def test_inside_the_claim_false_alarms_are_rarer_still(rate, delta):
    """A rate below δ is refuted less often than one at δ."""
    assert ever_refuted(rate, delta, 0.05, seed=2) <= ever_refuted(delta, delta, 0.05, seed=2)


@pytest.mark.parametrize("trials", [8, 64, 256])
@pytest.mark.parametrize(("alpha", "miss"), [(1e-4, 1e-3), (1e-2, 0.1)])
def test_what_is_called_detectable_is_missed_no_more_often_than_designed(trials, alpha, miss):
    """At the detectable rate, a run of that many trials fails to refute in at most a share β (5 s.e.)."""
    rate = detectable(0.05, trials, alpha, miss)
    assert rate is not None
    draws = np.random.default_rng(3).binomial(trials, rate, RUNS)
    refuted = np.array([Evidence(int(k), trials, alpha).refutes(0.05) for k in range(trials + 1)])[draws]
    assert excess(float((~refuted).mean()), miss) < 5


def test_slightly_below_the_detectable_rate_more_are_missed():
    """The detectable rate is the smallest one: at nine tenths of it the design is not met."""
    rate = 0.9 * detectable(0.05, 64, 1e-4, 1e-3)
    critical = next(k for k in range(65) if Evidence(k, 64, 1e-4).refutes(0.05))
    assert binom.cdf(critical - 1, 64, rate) > 1e-3


def test_nothing_is_detectable_with_too_few_trials():
    """Three violations in three trials are no evidence at 1e-9 against a rate of 0.3."""
    assert detectable(0.3, 3, 1e-9, 1e-3) is None


@pytest.mark.parametrize(("k", "n"), [(0, 8), (1, 8), (8, 8), (5, 200), (200, 200)])
def test_the_confidence_sequence_contains_the_fixed_sample_interval(k, n):
    """Being valid at every time costs width: the interval contains the exact one for one fixed time."""
    e = Evidence(k, n, 0.01)
    low = 0.0 if k == 0 else beta.ppf(0.005, k, n - k + 1)
    high = 1.0 if k == n else beta.ppf(0.995, k + 1, n - k)
    assert 0 <= e.low <= low + 1e-12
    assert high - 1e-12 <= e.high <= 1


@pytest.mark.parametrize("rate", [0.03, 0.5, 0.9])
def test_the_confidence_sequence_covers_the_truth_at_all_times(rate):
    """Sampled at sixteen times of 2,000 runs, the truth is outside at some time in at most a share α (5 s.e.)."""
    alpha, runs, times = 0.05, 2000, np.unique(np.geomspace(1, LENGTH, 16).astype(int))
    counts = (np.random.default_rng(4).random((runs, LENGTH)) < rate).cumsum(1)
    missed = np.zeros(runs, dtype=bool)
    for n in times:
        outside = np.array([not e.low <= rate <= e.high for e in (Evidence(k, int(n), alpha) for k in range(n + 1))])
        missed |= outside[counts[:, n - 1]]
    assert (missed.mean() - alpha) / math.sqrt(alpha * (1 - alpha) / runs) < 5


def test_the_martingale_is_the_mixture_integral():
    """log M_n against numerical integration of the mixture."""
    mixture, _ = quad(lambda q: q**3 * (1 - q) ** 9, 0, 1, epsrel=1e-13)
    assert_close(Evidence(3, 12, 0.1).log_martingale(0.2), math.log(mixture / (0.2**3 * 0.8**9)))


def test_one_violation_refutes_a_deterministic_statement():
    """δ = 0 leaves no room."""
    assert Evidence(1, 1000, 1e-4).refutes(0)
    assert not Evidence(0, 1000, 1e-4).refutes(0)


def test_a_single_failure_never_refutes_a_probabilistic_statement():
    """One violation, the first and only trial, is no evidence against δ = 0.05 at any small error rate."""
    assert not Evidence(1, 1, 1e-2).refutes(0.05)


def test_the_budget_of_a_run_is_split_evenly_and_adds_up():
    """Whatever is asserted, the shares sum to the whole."""
    budget = Budget().shared(20).shared(13)
    assert_close(budget.alpha * 260, 1e-4)
    assert_close(budget.beta * 260, 1e-3)


@pytest.mark.parametrize(("k", "n", "alpha"), [(-1, 3, 0.1), (4, 3, 0.1), (1, 3, 0.0), (1, 3, 1.0)])
def test_impossible_counts_and_levels_are_refused(k, n, alpha):
    """Bad arguments raise, by name and value."""
    with pytest.raises(ValueError, match="must be"):
        Evidence(k, n, alpha)
