"""From measurements to a verdict: the constant, the growth exponents, and what could have been detected."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from typing import Any

import numpy as np

from lemmata.audit.judge.evidence import Budget, Evidence, detectable
from lemmata.audit.judge.growth import CONFIDENCE, Quantile, Slope, growth, largest
from lemmata.audit.judge.means import Average
from lemmata.audit.measure.sweep import Trials
from lemmata.claims.claim import Claim
from lemmata.claims.language.condition import met
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.derivation import as_stated
from lemmata.claims.language.letters import Letter
from lemmata.claims.language.plan import Coupled
from lemmata.claims.language.scaling import LOGS, Scaling

RESOLUTION = 0.05
"""An exponent is called wrong only if it is beyond the claimed one by more than this: finite sizes bend slopes."""

SHOWING = 3
"""Sizes that show growth."""

OF_A_LOG = 1 / 4
"""Half the spacing of the papers' powers of logarithms; measured along lines too short for a finer one."""

UNTRAINED = ("idle", "ascending")
"""The algorithms that do not train."""

SPAN = 2.0
"""By which factor a logarithm must grow along a line for its power to be tested there."""


@dataclass(frozen=True)
class Exponent:
    """A measured growth exponent beside the claimed one.

    Attributes:
        parameter: what it is the power of: a parameter, or a named logarithm such as `log_m`.
        letter: how growth in the parameter that varies is judged.
        claimed: its exponent in the claim's scaling.
        measured: of the left-hand side over the measured factor and the other factors, at the asymptotic end.
        excess: 95 % interval of how far the ratio outgrows the bound, in the direction that breaks the claim.
        beyond: by how much it does so beyond doubt, see `Slope`; positive means that no constant can save the claim.
        along: the parameter that varies.
        line: what it was measured along.
        decides: whether the claim's conditions, with unit constants, are met somewhere along the line, if they are
            anywhere in the audit, and the right-hand side is not trivial at two sizes or more.
        unfitted: sizes at which the ratio is 0, below, or undefined in all of a data set, so that it has no logarithm.
        vanishes: whether the one nearest to the limit is among these.
    """

    parameter: str
    letter: Letter
    claimed: Fraction
    measured: Slope
    excess: tuple[float, float]
    beyond: float
    along: str = ""
    line: tuple[Trials, ...] = ()
    decides: bool = True
    unfitted: tuple[float, ...] = ()
    vanishes: bool = False

    @property
    def of_a_log(self) -> bool:
        """Whether it is the power of a logarithm."""
        return self.parameter in LOGS

    @property
    def broken(self) -> bool:
        """Whether the ratio outgrows every constant.

        Two sizes cannot tell growth from the approach to a limit, and a ratio that is 0 at the last size outgrows none.
        """
        by = OF_A_LOG if self.of_a_log else RESOLUTION
        return self.measured.points >= SHOWING and not self.vanishes and self.beyond > by

    @property
    def settled(self) -> bool:
        """Whether the next steeper exponent is excluded."""
        return self.excess[1] < (2 * OF_A_LOG if self.of_a_log else self.letter.spacing)


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
    sides: tuple["Finding", ...] = ()

    @property
    def each(self) -> tuple["Finding", ...]:
        """The findings on the upper and on the lower side of a two-sided claim; of any other, this one."""
        return self.sides or (self,)

    @property
    def expected(self) -> bool:
        """Whether the verdict is the one that truth demands."""
        return self.verdict == self.claim.expected

    @property
    def initialisations(self) -> int:
        """Independent initialisations measured, over all configurations and data sets."""
        return sum(len(trials.lhs) for finding in self.each for trials in finding.trials)

    @property
    def places(self) -> dict[Configuration, list[Trials]]:
        """What was measured at each configuration, on one data set or several."""
        return places(self.trials)


def places(trials: Iterable[Trials]) -> dict[Configuration, list[Trials]]:
    """Trials by their configuration: several where data sets were redrawn."""
    found: dict[Configuration, list[Trials]] = defaultdict(list)
    for item in trials:
        found[item.job.configuration].append(item)
    return dict(found)


def trivial(claim: Claim, items: Iterable[Trials]) -> bool:
    """Whether the right-hand side is above what the left-hand side exceeds for no network, with unit constants.

    What is so for more than half of the initialisations is so for the configuration.
    """
    if claim.ceiling is None:
        return False
    rhs = [value for item in items for value in item.rhs]
    return float(np.median(rhs)) * (claim.stated or 1.0) >= claim.ceiling


def falls_untrained(claim: Claim) -> bool:
    """Whether runs that do not train break a statement about runs; true of what is not tried on other algorithms.

    That those which must fall do is held by the tests of its controls.
    """
    untrained = [control for control in claim.controls if control.name in UNTRAINED and control.of == "algorithm"]
    return not untrained or any(control.unrefuted is None for control in untrained)


def worst_of(items: Sequence[Trials]) -> Trials:
    """Of the data sets, the one with the worst initialisation."""

    def badness(item: Trials) -> float:
        at = item.extreme()
        worst = item.residual[at] if item.residual else item.claim.direction.sign * item.ratio[at]
        return -math.inf if math.isnan(worst) else worst

    return max(items, key=badness)


def judge(claim: Claim, trials: list[Trials], budget: Budget) -> Finding:
    """The verdict on a claim from its trials, by its own rule, see `Claim.judged`.

    Identities and stated constants are judged by exact binomial evidence against the rate of violations that the claim
    allows; where it allows none, one is enough. Statements up to an absolute constant are judged by growth: refuted
    when the ratio outgrows every constant in some parameter, or breaks the bound with every constant too often. A claim
    whose ratio is defined nowhere, or whose right-hand side is trivial everywhere, is vacuous. Statements about a mean
    are judged by its interval, see `means`.
    """
    finding = Finding(claim, "inconclusive", "nothing was measured: the budget is too small", trials)
    if not trials:
        return finding
    finding.preconditions = _preconditions(claim, finding.places)
    if claim.judged == "identity":
        _judge_counts(finding, budget, None)
        return finding
    if claim.margin is not None:
        _judge_mean(finding, budget, claim.margin)
        return finding
    finding.constant, finding.at = _constant(claim, finding.places)
    if all(math.isnan(ratio) for item in trials for ratio in item.ratio):
        finding.verdict, finding.reason = "vacuous", "the premise holds nowhere: no ratio is defined at any size tried"
    elif all(trivial(claim, items) for items in finding.places.values()):
        finding.verdict = "vacuous"
        finding.reason = (
            f"the right-hand side is above {claim.ceiling:g}, which no network exceeds, at every size tried"
        )
    elif not falls_untrained(claim):
        finding.verdict = "vacuous"
        finding.reason = "runs that stay where they are satisfy it, and runs that climb: it says nothing of training"
    elif claim.judged == "violations":
        _judge_counts(finding, budget, claim.stated)
    else:
        finding.exponents = exponents(claim, trials, budget)
        _judge_growth(finding, budget)
    return finding


def judge_unmeasured(claim: Claim) -> Finding:
    """The verdict on a claim that no number decides: its derivation's, or why nothing can."""
    if claim.derive is None:
        return Finding(claim, "not-executable", claim.notes, [])
    derivation = claim.derive(as_stated)
    return Finding(claim, "supported" if derivation.holds else "refuted", derivation.verdict(), [])


def exponents(claim: Claim, trials: Iterable[Trials], budget: Budget) -> dict[str, Exponent]:
    """Growth exponents in every parameter that varies while the others stay, or move with it as the plan says.

    And the powers of the claim's named logarithms, where a line is long enough to show them.
    """
    trials = list(trials)
    at, inside = places(trials), set(places(telling(claim, trials)))
    lines = {name: _lines(name, trials, claim.coupled(name), inside) for name in claim.letters}
    # A neighbour may lack a logarithm that the measured claim names.
    logs = [name for name in dict.fromkeys((*claim.terms[0].powers, *_measured(trials))) if name in LOGS]
    budget = budget.shared(sum(map(bool, lines.values())) + len(logs) or 1)
    found = {}

    def deciding(exponent: Exponent) -> Exponent:
        """With whether it decides: its line meets the conditions somewhere, and is not trivial at two sizes or more."""
        on = any(item.job.configuration in inside for item in exponent.line)
        saying = [c for c in places(exponent.line) if not trivial(claim, at[c])]
        return replace(exponent, decides=on and len(saying) > 1)

    for name, of in lines.items():
        each = (_exponent(claim, name, line, budget.shared(len(of))) for line in of)
        fitted = [deciding(exponent) for exponent in each if exponent is not None]
        if fitted:
            # The longest line that decides says what the exponent is, unless another one refutes it.
            found[name] = max(fitted, key=lambda e: (e.decides, e.broken and e.beyond))
    for name in logs:
        longest = max((line for of in lines.values() for line in of), key=lambda line: _span(name, line), default=[])
        if longest and _span(name, longest) >= math.log(SPAN):
            exponent = _power_of_log(claim, name, longest, budget)
            if exponent is not None:
                found[name] = deciding(exponent)
    return found


def telling(claim: Claim, trials: Iterable[Trials]) -> list[Trials]:
    """Those at which all conditions hold, with unit constants; all of them where that is nowhere."""
    trials = list(trials)
    met_ = [item for item in trials if _all_met(claim, item)]
    return met_ or trials


def _exponent(claim: Claim, name: str, line: list[Trials], budget: Budget) -> Exponent | None:
    """The exponent of a parameter along one line."""
    logs = [_log(item.growing()) for item in line]
    sizes = [float(getattr(item.job.configuration, name)) for item in line]
    letter = claim.letters[name]
    measured = _growth(claim, line, sizes, logs, budget, toward_zero=letter.toward_zero, shift=letter.shift)
    if measured is None:
        return None
    claimed = _claimed(claim, name, line, claim.coupled(name))
    outward = claim.direction.sign * (-1 if letter.toward_zero else 1)
    return _beside(name, name, letter, claimed, measured, outward, line)


def _power_of_log(claim: Claim, name: str, line: list[Trials], budget: Budget) -> Exponent | None:
    """The power of a named logarithm, along the line on which that grows most."""
    log, power = Scaling(**{name: 1}), _measured(line).get(name, Fraction())
    sizes = [log.value(item.parameters) for item in line]
    logs = [_log(np.asarray(item.ratio)) + float(power) * math.log(s) for item, s in zip(line, sizes, strict=True)]
    measured = _growth(claim, line, sizes, logs, budget, hidden=False)
    along = next(n for n in claim.letters if len({getattr(item.job.configuration, n) for item in line}) > 1)
    claimed = claim.terms[0].powers.get(name, Fraction())
    letter = claim.letters[along]
    return None if measured is None else _beside(name, along, letter, claimed, measured, claim.direction.sign, line)


def _measured(trials: Sequence[Trials]) -> Mapping[str, Fraction]:
    """The powers of the right-hand side that the ratios were measured with: a neighbour's are others."""
    return trials[0].claim.terms[0].powers if trials else {}


def _log(values: np.ndarray) -> np.ndarray:
    """−∞ where a value is 0 or below: on the better side of an upper bound, counted as violations of a lower one."""
    with np.errstate(divide="ignore"):
        return np.log(np.maximum(values, 0.0))


def _growth(
    claim: Claim, line: list[Trials], sizes: list[float], logs: list[np.ndarray], budget: Budget, **options: Any
) -> tuple[Slope, tuple[float, ...], bool] | None:
    """The growth of the quantile that the claim is about, the sizes where there is none to follow, whether the last is.

    Values at one size are of one or several data sets.
    """
    at: dict[float, list[np.ndarray]] = defaultdict(list)
    levels: dict[float, float] = {}
    for item, size, values in zip(line, sizes, logs, strict=True):
        at[size].append(values)
        levels[size] = claim.direction.level(item.job.configuration.delta) if claim.probability else 0.5
    samples = {}
    for size, each in at.items():
        count = min(map(len, each))
        sample = np.stack([values[:count] for values in each])
        # Of an upper bound the quantile has a logarithm on some data set: it exceeds 0, which is −∞ here.
        if _has_logarithm(sample, levels[size]):
            samples[size] = sample
    slope = growth(
        list(samples),
        list(samples.values()),
        alpha=budget.growth / budget.assertions,
        levels=[levels[size] for size in samples],
        random=bool(claim.probability),
        **options,
    )
    if slope is None or not math.isfinite(slope.high - slope.low):
        return None
    last = (min if options.get("toward_zero") else max)(at)
    return slope, tuple(sorted(set(at) - set(samples))), last not in samples


def _has_logarithm(sample: np.ndarray, level: float) -> bool:
    """Whether a quantile is above 0 on some data set, from logarithms (data sets, initialisations)."""
    known = np.where(np.isnan(sample), -math.inf, sample)
    above = known if level < 0.5 else np.quantile(known, level, axis=1, method="lower")
    return bool((above > -math.inf).any())


def _unfitted(finding: Finding) -> list[str]:
    """Parameters along whose lines no growth can be followed, though the ratio is above 0 where they end."""
    claim, found = finding.claim, []
    inside = set(places(telling(claim, finding.trials)))
    for name, letter in claim.letters.items():
        lines = _lines(name, finding.trials, claim.coupled(name), inside)
        if not lines or name in finding.exponents:
            continue
        end = (min if letter.toward_zero else max)(getattr(item.job.configuration, name) for item in lines[0])
        last = [item for item in lines[0] if getattr(item.job.configuration, name) == end]
        level = claim.direction.level(last[0].job.configuration.delta) if claim.probability else 0.5
        if any(_has_logarithm(_log(item.growing())[None], level) for item in last):
            found.append(name)
    return found


def _beside(
    name: str,
    along: str,
    letter: Letter,
    claimed: Fraction,
    found: tuple[Slope, tuple[float, ...], bool],
    outward: int,
    line: list[Trials],
) -> Exponent:
    """A measured exponent beside the claimed one; `outward` is the sign of what breaks the claim."""
    measured, unfitted, vanishes = found
    ends = [measured.low - float(claimed), measured.high - float(claimed)]
    excess = (ends[0], ends[1]) if outward == 1 else (-ends[1], -ends[0])
    beyond = measured.rising - float(claimed) if outward == 1 else float(claimed) - measured.falling
    return Exponent(name, letter, claimed, measured, excess, beyond, along, tuple(line), True, unfitted, vanishes)


def _claimed(claim: Claim, name: str, line: list[Trials], moving: Mapping[str, Coupled]) -> Fraction:
    """The power of a parameter in the first term along a line, with what moves there in terms of the parameter."""
    powers = claim.terms[0].powers
    claimed = powers.get(name, Fraction())
    for other, coupled in moving.items():
        if len({getattr(item.job.configuration, other) for item in line}) > 1:
            claimed += powers.get(other, Fraction()) * coupled.scaling.powers.get(name, Fraction())
    return claimed


def _lines(
    name: str, trials: Iterable[Trials], moving: Mapping[str, Coupled], inside: Set[Configuration]
) -> list[list[Trials]]:
    """The lines along which a parameter varies, those of most sizes first, and of these that of largest width.

    Of each, what is at the places that say something, where these are enough to refute.
    """
    trials = list(trials)
    if trials and not trials[0].claim.letters[name].of_data:
        # The data stay as they are: of the first data set, which has the most initialisations.
        trials = [max(items, key=lambda item: len(item.lhs)) for items in places(trials).values()]
    lines: dict[tuple[object, ...], list[Trials]] = defaultdict(list)
    for item in trials:
        if getattr(item.job.configuration, name) is not None:
            lines[_others(item.job.configuration, name, moving)].append(item)
    for key, line in lines.items():
        saying = [item for item in line if item.job.configuration in inside]
        if len({getattr(item.job.configuration, name) for item in saying}) >= SHOWING:
            lines[key] = saying
    sizes = {key: len({getattr(item.job.configuration, name) for item in line}) for key, line in lines.items()}
    several = [key for key in lines if sizes[key] > 1]
    several.sort(key=lambda key: (sizes[key], getattr(lines[key][0].job.configuration, "m", 0)), reverse=True)
    return [lines[key] for key in several]


def _span(name: str, line: list[Trials]) -> float:
    """The log of the factor by which a named logarithm grows along a line."""
    logs = [Scaling(**{name: 1}).value(item.parameters) for item in line]
    return math.log(max(logs) / min(logs)) if min(logs) > 0 else 0.0


def _others(configuration: Configuration, name: str, moving: Mapping[str, Coupled]) -> tuple[object, ...]:
    """What stays along a line: of a parameter that moves as the plan says, how it moves."""
    values = {f.name: getattr(configuration, f.name) for f in fields(configuration) if f.name != name}
    return tuple(
        moving[other] if other in moving and value == moving[other].at(configuration) else value
        for other, value in values.items()
    )


def _constant(claim: Claim, at: Mapping[Configuration, list[Trials]]) -> tuple[Quantile | None, Trials | None]:
    """The largest (for lower bounds smallest) (1 − δ)-quantile over configurations, and where it is."""
    samples = []
    for configuration, items in at.items():
        values = [value for item in items for value in item.ratio if not math.isnan(value)]
        if values:
            samples.append((values, claim.direction.level(configuration.delta), worst_of(items)))
    if not samples:
        return None, None
    found, index = largest([(values, level) for values, level, _ in samples], upper=claim.direction.sign > 0)
    return found, samples[index][2]


def _all_met(claim: Claim, item: Trials) -> bool:
    return all(met(claim.preconditions, item.parameters).values())


def _preconditions(claim: Claim, at: Mapping[Configuration, list[Trials]]) -> dict[str, int]:
    """How many configurations meet each condition, with every absolute constant taken as 1."""
    outcomes = [met(claim.preconditions, items[0].parameters) for items in at.values()]
    return {name: sum(outcome[name] for outcome in outcomes) for name in outcomes[0]}


def _violated(finding: Finding, budget: Budget, constant: float | None) -> list[str]:
    """Where initialisations break the claim with this constant (None: with every one) more often than it allows."""
    claim, trials = finding.claim, telling(finding.claim, finding.trials)
    alpha, found = budget.shared(max(1, len(trials))).alpha, []
    for item in trials:
        k, n = item.violations(constant), len(item.lhs)
        if Evidence(k, n, alpha).refutes(claim.rate(item.job.configuration)):
            found.append(f"{k} of {n} at {item.job.configuration.token() or 'the base configuration'}")
    return found


def _judge_counts(finding: Finding, budget: Budget, constant: float | None) -> None:
    claim, trials = finding.claim, telling(finding.claim, finding.trials)
    alpha = budget.shared(max(1, len(trials))).alpha
    refuted = _violated(finding, budget, constant)
    most = max(trials, key=lambda item: len(item.lhs))
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


def _judge_mean(finding: Finding, budget: Budget, margin: float) -> None:
    """Every configuration, on each of its data sets, has a mean of its own: the farthest decides."""
    alpha = budget.shared(len(finding.trials)).alpha
    means = [(Average(np.array(item.lhs), np.array(item.rhs), alpha), item) for item in finding.trials]
    beyond = [pair for pair in means if pair[0].refutes(margin)]
    open_ = [pair for pair in means if not pair[0].supports(margin)]
    mean, finding.at = max(beyond or open_ or means, key=lambda pair: abs(pair[0].ratio - 1))
    place = finding.at.job.configuration.token() or "the base configuration"
    finding.constant = Quantile(mean.ratio, *mean.interval(1 - CONFIDENCE)) if math.isfinite(mean.error) else None
    known = [each for each, _ in means if math.isfinite(each.error)]
    if known:
        widest = max(high - low for low, high in (each.interval(alpha) for each in known))
        finding.detectable = f"a mean off by {margin + widest:.2g} of its value or more"
    if beyond:
        finding.verdict, finding.reason = "refuted", f"the mean is {mean.words()} at {place}, beyond {margin:g}"
    elif open_:
        needed = [each.needed(margin) for each, _ in open_]
        enough = "more" if None in needed else f"about {max(count for count in needed if count is not None)}"
        finding.reason = (
            f"the mean is {mean.words()} at {place}: needs {enough} to tell whether it is within {margin:g}"
        )
    else:
        finding.verdict = "supported"
        finding.reason = f"the mean is within {margin:g} of its value; farthest: {mean.words()} at {place}"


def _interval(slope: Slope) -> str:
    return f"{slope.slope:.2f} [{slope.low:.2f}, {slope.high:.2f}]"


def _judge_growth(finding: Finding, budget: Budget) -> None:
    numbers = not any(math.isnan(side) for item in finding.trials for side in (*item.lhs, *item.rhs))
    hopeless = _violated(finding, budget, None)
    deciding = {name: e for name, e in finding.exponents.items() if e.decides}
    broken = {name: e for name, e in deciding.items() if e.broken}
    open_ = [name for name, e in deciding.items() if not e.settled and not e.of_a_log]
    powers = [name for name in deciding if name not in LOGS]
    unfitted = _unfitted(finding)
    untested = [name for name in finding.claim.terms[0].powers if name in LOGS and name not in finding.exponents]
    if not numbers:
        finding.verdict, finding.reason = "refuted", "a side is not a number (NaN), which satisfies no bound"
    elif hopeless:
        finding.verdict = "refuted"
        finding.reason = f"no constant holds in {hopeless[0]}: {finding.claim.direction.broken_always}"
    elif broken:
        name, worst = max(broken.items(), key=lambda item: item[1].beyond)
        finding.verdict = "refuted"
        found = f"exponent {_interval(worst.measured)}, claimed {worst.claimed}"
        finding.reason = f"the ratio outgrows every constant in {name}: {found}"
    elif unfitted:
        names = ", ".join(unfitted)
        finding.reason = (
            f"no power of {names} can be fitted: the ratio is 0 at other sizes, or one initialisation is too few"
        )
    elif not powers:
        finding.reason = "no parameter varies, or no power can be fitted: give two or more sizes of one parameter"
    elif open_:
        names = ", ".join(open_)
        finding.reason = f"the exponent in {names} is not resolved: needs more initialisations or a longer range"
    else:
        finding.verdict = "supported"
        tested = any(e.of_a_log and e.settled for e in deciding.values())
        finding.reason = "bounded in " + ", ".join(powers) + ("" if tested else ", up to powers of logarithms")
    if untested:
        logs = ", ".join(Scaling(**{name: 1}).ascii() for name in untested)
        finding.reason += f"; the power of {logs} is not tested: no line of sizes is long enough"
    unresolved = [name for name, e in deciding.items() if e.of_a_log and not e.settled and not e.broken]
    if unresolved and finding.verdict != "refuted":
        logs = ", ".join(
            f"{Scaling(**{name: 1}).ascii()} ({_interval(deciding[name].measured)})" for name in unresolved
        )
        finding.reason += f"; the power of {logs} is not resolved"
    off = [name for name, e in finding.exponents.items() if not e.decides]
    if off:
        finding.reason += f"; {', '.join(off)}: off the conditions or trivial, so nothing is decided there"
    for name, e in finding.exponents.items():
        if e.unfitted:
            sizes = ", ".join(f"{size:g}" for size in e.unfitted)
            finding.reason += f"; {name}: fitted without {sizes}, where the ratio is not positive"
    widths = [e.excess[1] - e.excess[0] for e in finding.exponents.values()]
    if widths:
        finding.detectable = f"an exponent steeper by {RESOLUTION + max(widths):.2g} or more"
