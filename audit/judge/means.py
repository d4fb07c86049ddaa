"""Whether a mean is the value that a claim states, up to its margin: a test of equivalence on independent draws.

The interval is Student's, widened for skewness. Student's is exact for normal draws; the error rate of one claim is
some five standard errors out, where the mean of skewed draws is not normal yet, and its lower end comes out too near.
Hall's transformation says how far that end is really, or, where the sample is too small for its skewness, that there
is none. It rests on a third moment: heavy tails show as a skewness that grows with the sample, so that their mean stays
undecided; what no draw has shown yet, no interval knows of. A claim about the mean of something heavy-tailed is better
stated of its logarithm, or of a share of initialisations.

Sources: Schuirmann (1987), A comparison of the two one-sided tests procedure, for the margin; Hall (1992), On the
removal of skewness by transformation.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import norm, skew, t

from lemmata.claims.measuring.evaluation import Evaluation

FEWEST = 32
"""Draws below which nothing is decided: their spread is not known well enough."""

FIRST, MOST = 64, 4096
"""Draws at first, and at most while the margin is undecided; each look at them has as many as all before."""

TOGETHER = 256
"""Draws that are measured at once."""


@dataclass(frozen=True)
class Average:
    """Draws of a mean, and the value that each of them should have on average.

    Attributes:
        lhs, rhs: (S,).
        alpha: rate at which the interval may miss the mean.
    """

    lhs: np.ndarray
    rhs: np.ndarray
    alpha: float

    @property
    def trials(self) -> int:
        """Independent draws."""
        return len(self.lhs)

    @cached_property
    def ratio(self) -> float:
        """Mean of the draws over mean of the values; NaN where one of them is no number."""
        return float(self.lhs.mean() / self.rhs.mean()) if self._numbers else math.nan

    @cached_property
    def error(self) -> float:
        """Standard error of the ratio, to first order; infinite where it is not known.

        That is, of fewer than two draws, and of draws that are all alike, as those of a rare event.
        """
        if self.trials < 2 or not self._numbers:
            return math.inf
        spread = float(self._residuals.std(ddof=1))
        return spread / math.sqrt(self.trials) / abs(float(self.rhs.mean())) or math.inf

    def interval(self, alpha: float) -> tuple[float, float]:
        """Of the ratio, missed at the rate alpha."""
        if not math.isfinite(self.error):
            return -math.inf, math.inf
        half = self.error * _widened(float(t.isf(alpha / 2, self.trials - 1)), self._skewness / math.sqrt(self.trials))
        return self.ratio - half, self.ratio + half

    def supports(self, margin: float) -> bool:
        """Whether all of the interval is within the margin."""
        low, high = self.interval(self.alpha)
        return self.trials >= FEWEST and 1 - margin < low and high < 1 + margin

    def refutes(self, margin: float) -> bool:
        """Whether all of the interval is beyond the margin, or a draw is no number, which has no mean."""
        low, high = self.interval(self.alpha)
        return not self._numbers or (self.trials >= FEWEST and (high < 1 - margin or low > 1 + margin))

    def needed(self, margin: float) -> int | None:
        """About how many draws would decide, if what they have shown stays as it is; None where no number would."""
        apart = abs(abs(self.ratio - 1) - margin)
        deviation, normal = self.error * math.sqrt(self.trials), float(norm.isf(self.alpha / 2))
        if not apart or not math.isfinite(deviation):
            return None
        count = float(FEWEST)
        while deviation / math.sqrt(count) * _widened(normal, self._skewness / math.sqrt(count)) > apart:
            count *= 1.1
        return math.ceil(count)

    def words(self) -> str:
        """The ratio with its interval."""
        low, high = self.interval(self.alpha)
        if not math.isfinite(high - low):
            return f"{self.ratio:.4g} of its value over {self.trials} initialisations, too few for an interval"
        return f"{self.ratio:.4g} [{low:.4g}, {high:.4g}] of its value over {self.trials} initialisations"

    @property
    def _residuals(self) -> np.ndarray:
        return self.lhs - self.ratio * self.rhs

    @cached_property
    def _skewness(self) -> float:
        return abs(float(skew(self._residuals)))

    @cached_property
    def _numbers(self) -> bool:
        return bool(np.isfinite(self.lhs).all() and np.isfinite(self.rhs).all())


def _widened(end: float, skewness: float) -> float:
    """Standard errors to the farther end of an interval, of which normal draws have `end`.

    Hall's transformation T + γT²/3 + γ²T³/27 + γ/6 of the Student statistic T is nearly normal; this is its inverse.

    Args:
        end: positive.
        skewness: γ, of the mean of as many draws.
    """
    left = 1 - skewness * (end + skewness / 6)
    if left <= 0:
        return math.inf
    return 3 * (1 - left ** (1 / 3)) / skewness if skewness > 1e-6 else end


def mean_of(found: Evaluation, alpha: float, factor: float = 1.0) -> Average:
    """The mean of what was measured, beside the stated value times the factor."""
    return Average(found.lhs.double().cpu().numpy(), factor * found.rhs.double().cpu().numpy(), alpha)


def average(draw: Callable[[range], Evaluation], margin: float, alpha: float, factor: float = 1.0) -> Average:
    """The mean of as many draws as decide, of `MOST` if none do; every look at them has an even share of α.

    Args:
        draw: measures initialisations by their numbers.
        margin: of the claim.
        alpha: rate at which a mean within the margin may be refuted.
        factor: what the stated value is multiplied by.
    """
    looks, drawn = 1 + round(math.log2(MOST / FIRST)), 0
    parts: list[Evaluation] = []
    while True:
        last = max(FIRST, 2 * drawn)
        parts += [draw(range(at, min(at + TOGETHER, last))) for at in range(drawn, last, TOGETHER)]
        mean, drawn = mean_of(Evaluation.joined(parts), alpha / looks, factor), last
        if mean.supports(margin) or mean.refutes(margin) or drawn >= MOST:
            return mean
