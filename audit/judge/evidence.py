"""What counts of violations say about "with probability at least 1 − δ", at stated error rates.

Independent initialisations violate a claim or not. The beta-binomial mixture

    M_n(p) = ∫ q^k (1 − q)^{n−k} dBeta(q; 1, 1)  /  p^k (1 − p)^{n−k}

is a non-negative martingale with mean 1 when the true rate is p, so by Ville's inequality
{p : M_n(p) < 1/α} contains the true rate at every n at once with probability at least 1 − α. A run may
therefore stop whenever it likes, in either direction, and its error rate stays α.

Source: Robbins (1970), Statistical methods related to the law of the iterated logarithm; Ville (1939).
"""

import math
from dataclasses import dataclass, replace

from scipy.optimize import brentq
from scipy.special import betaln, xlog1py, xlogy
from scipy.stats import binom


@dataclass(frozen=True)
class Budget:
    """Error rates of one whole run, split evenly over everything it asserts.

    Attributes:
        false_alarm: probability that any true claim is refuted in one run.
        missed: probability that any control with a detectable violation rate is missed in one run.
        growth: probability that any true exponent is refuted in one run.
        assertions: how many assertions share them.
    """

    false_alarm: float = 1e-4
    missed: float = 1e-3
    growth: float = 1e-2
    assertions: int = 1

    @property
    def alpha(self) -> float:
        """False-alarm rate of one assertion."""
        return self.false_alarm / self.assertions

    @property
    def beta(self) -> float:
        """Miss rate of one control."""
        return self.missed / self.assertions

    def shared(self, assertions: int) -> "Budget":
        """This budget split over more assertions."""
        return replace(self, assertions=self.assertions * assertions)


@dataclass(frozen=True)
class Evidence:
    """k violations in n independent initialisations, judged at the anytime-valid level α."""

    violations: int
    trials: int
    alpha: float

    def __post_init__(self) -> None:
        if not 0 <= self.violations <= self.trials:
            raise ValueError(f"violations={self.violations} must be between 0 and trials={self.trials}")
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha={self.alpha} must be in (0, 1)")

    def log_martingale(self, rate: float) -> float:
        """log M_n(rate)."""
        k, n = self.violations, self.trials
        return float(betaln(k + 1, n - k + 1) - xlogy(k, rate) - xlog1py(n - k, -rate))

    @property
    def low(self) -> float:
        """Lower end of the confidence sequence for the violation rate."""
        return self._end(0.0) if self.violations else 0.0

    @property
    def high(self) -> float:
        """Upper end of the confidence sequence for the violation rate."""
        return self._end(1.0) if self.violations < self.trials else 1.0

    def refutes(self, delta: float) -> bool:
        """Whether the violation rate is significantly above δ. One violation refutes δ = 0."""
        if delta == 0:
            return self.violations > 0
        return self.violations > delta * self.trials and self.log_martingale(delta) >= -math.log(self.alpha)

    def _end(self, outer: float) -> float:
        if not self.trials:
            return outer
        centre = self.violations / self.trials

        def excess(rate: float) -> float:
            return self.log_martingale(rate) + math.log(self.alpha)

        edge = math.nextafter(outer, centre)
        if excess(edge) <= 0:
            return outer
        return float(brentq(excess, *sorted((edge, centre)), xtol=1e-12))


def detectable(delta: float, trials: int, alpha: float, beta: float) -> float | None:
    """The smallest true violation rate that n trials refute "at most δ" for, with probability ≥ 1 − β.

    None when no rate is caught: not even n violations in n trials are significant at α.
    """
    critical = next((k for k in range(trials + 1) if Evidence(k, trials, alpha).refutes(delta)), None)
    if critical is None:
        return None
    if binom.sf(critical - 1, trials, 1.0) < 1 - beta:
        return None
    if critical == 0:
        return 0.0

    def power_gap(rate: float) -> float:
        return float(binom.sf(critical - 1, trials, rate) - (1 - beta))

    return float(brentq(power_gap, 1e-12, 1.0, xtol=1e-9)) if power_gap(1e-12) < 0 else 1e-12
