"""From measurements to a verdict: the constant, the growth exponents, and what could have been detected."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from fractions import Fraction

import numpy as np

from lemmata.audit.judge.evidence import Budget, Evidence, detectable
from lemmata.audit.judge.growth import Quantile, Slope, growth, quantile
from lemmata.audit.measure.sweep import Trials
from lemmata.claims.claim import Claim
from lemmata.claims.language.condition import met
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.derivation import as_stated
from lemmata.claims.language.plan import Coupled

RESOLUTION = 0.05
"""An exponent is called wrong only if it is beyond the claimed one by more than this: finite sizes bend slopes."""

NEIGHBOUR = {
    "m": 1 / 6,
    "tau": 1 / 6,
    "L": 1 / 3,
    "n": 1 / 2,
    "d": 1 / 2,
    "k": 1 / 2,
    "batch": 1 / 2,
    "phi": 1 / 2,
    "eps": 1 / 2,
    "mu": 1 / 2,
}
"""The spacing of the papers' exponents; a claim is supported once the next steeper one is excluded."""

TOWARD_ZERO = {"tau", "phi", "eps", "mu"}
"""Parameters whose bounds are about small values."""

DECADES = {"m", "tau", "phi", "eps", "mu"}
"""Parameters that sweeps vary over factors of ten; L and n start at 1, where nothing is asymptotic."""

FITTED = ("m", "L", "n", "tau", "phi", "eps", "d", "k", "batch", "mu")


@dataclass(frozen=True)
class Exponent:
    """A measured growth exponent beside the claimed one.

    Attributes:
        parameter: what varies.
        claimed: exponent of the parameter in the claim's scaling.
        measured: of the left-hand side over the measured factor and logs, at the asymptotic end.
        excess: interval of how far the ratio outgrows the bound, in the direction that breaks the claim;
            positive means that no constant can save the statement.
        line: what it was measured along.
    """

    parameter: str
    claimed: Fraction
    measured: Slope
    excess: tuple[float, float]
    line: tuple[Trials, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether the ratio outgrows every constant.

        Two sizes cannot tell growth from the approach to a limit, except where limits are approached over decades.
        """
        resolved = self.measured.points > 2 or self.parameter in DECADES
        return resolved and self.excess[0] > RESOLUTION

    @property
    def settled(self) -> bool:
        """Whether the next steeper exponent is excluded."""
        return self.excess[1] < NEIGHBOUR[self.parameter]


@dataclass
class Finding:
    """Everything the audit says of one claim."""

    claim: Claim
    verdict: str
    reason: str
    trials: list[Trials]
    constant: Quantile | None = None
    at: Trials | None = None
    exponents: dict[str, Exponent] = field(default_factory=dict)
    detectable: str = ""
    preconditions: dict[str, int] = field(default_factory=dict)

    @property
    def expected(self) -> bool:
        """Whether the verdict is the one that truth demands."""
        return self.verdict == self.claim.expected

    @property
    def initialisations(self) -> int:
        """Independent initialisations measured, over all configurations."""
        return sum(len(trials.lhs) for trials in self.trials)


def judge(claim: Claim, trials: list[Trials], budget: Budget) -> Finding:
    """The verdict on a claim from its trials, by its own rule, see `Claim.judged`.

    Identities and stated constants are judged by exact binomial evidence against the rate of violations that the claim
    allows; where it allows none, one is enough. Statements up to an absolute constant are judged by growth: refuted
    when the ratio outgrows every constant in some parameter. A claim whose ratio is defined nowhere is vacuous.
    """
    finding = Finding(claim, "inconclusive", "nothing was measured: the budget is too small", trials)
    if not trials:
        return finding
    finding.preconditions = _preconditions(claim, trials)
    if claim.judged == "identity":
        _judge_counts(finding, budget)
        return finding
    finding.constant, finding.at = _constant(claim, trials)
    if all(math.isnan(ratio) for item in trials for ratio in item.ratio):
        finding.verdict, finding.reason = "vacuous", "the premise holds nowhere: no ratio is defined at any size tried"
    elif claim.judged == "violations":
        _judge_counts(finding, budget)
    elif any(item.violations(None) for item in trials):
        finding.verdict, finding.reason = "refuted", "a side is not a finite number, which satisfies no bound"
    else:
        finding.exponents = exponents(claim, trials)
        _judge_growth(finding)
    return finding


def judge_unmeasured(claim: Claim) -> Finding:
    """The verdict on a claim that no number decides: its derivation's, or why nothing can."""
    if claim.derive is None:
        return Finding(claim, "not-executable", claim.notes, [])
    derivation = claim.derive(as_stated)
    return Finding(claim, "supported" if derivation.holds else "refuted", derivation.verdict(), [])


def exponents(claim: Claim, trials: Iterable[Trials]) -> dict[str, Exponent]:
    """Growth exponents in every parameter that varies while the others stay, or move with it as the plan says."""
    trials = list(trials)
    found = {}
    for name in FITTED:
        moving = claim.plan.coupled(name)
        along = _along(name, trials, moving, random=bool(claim.probability))
        if along is None:
            continue
        slope, line = along
        claimed = _claimed(claim, name, line, moving)
        gap = (slope.low - float(claimed), slope.high - float(claimed))
        outward = claim.direction.sign * (-1 if name in TOWARD_ZERO else 1)
        excess = gap if outward == 1 else (-gap[1], -gap[0])
        found[name] = Exponent(name, claimed, slope, excess, tuple(line))
    return found


def _claimed(claim: Claim, name: str, line: list[Trials], moving: Mapping[str, Coupled]) -> Fraction:
    """The power of a parameter in the first term along a line, with what moves there in terms of the parameter."""
    powers = claim.terms[0].powers
    claimed = powers.get(name, Fraction())
    for other, coupled in moving.items():
        if len({getattr(item.job.configuration, other) for item in line}) > 1:
            claimed += powers.get(other, Fraction()) * coupled.scaling.powers.get(name, Fraction())
    return claimed


def _along(
    name: str, trials: list[Trials], moving: Mapping[str, Coupled], *, random: bool
) -> tuple[Slope, list[Trials]] | None:
    """The slope along the line of configurations with most sizes, and the line; of several, that of largest width.

    `random` says whether the claim is about random weights: a deterministic one does not fluctuate with the width.
    """
    lines: dict[tuple[object, ...], list[Trials]] = defaultdict(list)
    for item in trials:
        lines[_others(item.job.configuration, name, moving)].append(item)
    ranked = sorted(lines.values(), key=lambda line: (len(line), line[0].job.configuration.m), reverse=True)
    for line in ranked:
        sizes = [float(getattr(item.job.configuration, name) or math.nan) for item in line]
        if len(set(sizes)) < 2:
            return None
        count = min(len(item.ratio) for item in line)
        with np.errstate(all="ignore"):
            logs = np.stack([np.log(np.abs(item.growing()[:count])) for item in line])
        floor = [_finite_width(item.job.configuration) if random else 0.0 for item in line]
        slope = growth(sizes, logs, toward_zero=name in TOWARD_ZERO, floor=floor)
        if slope is not None and math.isfinite(slope.high - slope.low):
            return slope, line
    return None


def _finite_width(c: Configuration) -> float:
    """Relative standard deviation of ‖x_L‖ at width m: E‖x_L‖⁴ = (1 + 5/m)^L exactly."""
    return math.sqrt((1 + 5 / c.m) ** c.L - 1) / 2


def _others(configuration: Configuration, name: str, moving: Mapping[str, Coupled]) -> tuple[object, ...]:
    """What stays along a line: of a parameter that moves as the plan says, how it moves."""
    values = {f.name: getattr(configuration, f.name) for f in fields(Configuration) if f.name != name}
    return tuple(
        moving[other] if other in moving and value == moving[other].at(configuration) else value
        for other, value in values.items()
    )


def _constant(claim: Claim, trials: list[Trials]) -> tuple[Quantile | None, Trials | None]:
    """The largest (for lower bounds smallest) (1 − δ)-quantile over configurations, and where it is."""
    best: tuple[Quantile | None, Trials | None] = (None, None)
    for item in trials:
        values = [value for value in item.ratio if not math.isnan(value)]
        if not values:
            continue
        here = quantile(values, claim.direction.level(item.job.configuration.delta))
        if best[0] is None or claim.direction.sign * (here.estimate - best[0].estimate) > 0:
            best = (here, item)
    return best


def _preconditions(claim: Claim, trials: list[Trials]) -> dict[str, int]:
    """How many configurations meet each condition, with every absolute constant taken as 1."""
    outcomes = [met(claim.preconditions, item.parameters) for item in trials]
    return {name: sum(outcome[name] for outcome in outcomes) for name in outcomes[0]}


def _judge_counts(finding: Finding, budget: Budget) -> None:
    claim = finding.claim
    alpha = budget.shared(max(1, len(finding.trials))).alpha
    refuted = []
    for item in finding.trials:
        k, n = item.violations(claim.stated), len(item.lhs)
        if Evidence(k, n, alpha).refutes(claim.rate(item.job.configuration)):
            refuted.append(f"{k} of {n} at {item.job.configuration.token() or 'the base configuration'}")
    most = max(finding.trials, key=lambda item: len(item.lhs))
    allowed = claim.rate(most.job.configuration)
    if allowed == 0:
        finding.detectable = "any violation beyond rounding at the cases measured"
    else:
        rate = detectable(allowed, len(most.lhs), alpha, budget.beta)
        finding.detectable = (
            f"a violation rate of {rate:.2g} or more at one configuration" if rate else "nothing: too few trials"
        )
    finding.verdict = "refuted" if refuted else "supported"
    finding.reason = f"violated in {refuted[0]}" if refuted else "no significant violation"


def _judge_growth(finding: Finding) -> None:
    broken = {name: e for name, e in finding.exponents.items() if e.broken}
    open_ = {name: e for name, e in finding.exponents.items() if not e.settled}
    if broken:
        name, worst = max(broken.items(), key=lambda item: item[1].excess[0])
        finding.verdict = "refuted"
        finding.reason = (
            f"the ratio outgrows every constant in {name}: exponent {worst.measured.slope:.2f} "
            f"[{worst.measured.low:.2f}, {worst.measured.high:.2f}], claimed {worst.claimed}"
        )
    elif not finding.exponents:
        finding.reason = "no parameter varies: give two or more sizes of one parameter"
    elif open_:
        names = ", ".join(open_)
        finding.reason = f"the exponent in {names} is not resolved: needs more initialisations or a longer range"
    else:
        finding.verdict = "supported"
        finding.reason = "bounded in " + ", ".join(finding.exponents)
    widths = [e.excess[1] - e.excess[0] for e in finding.exponents.values()]
    if widths:
        finding.detectable = f"an exponent steeper by {RESOLUTION + max(widths):.2g} or more"
