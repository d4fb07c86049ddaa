"""The verify job: Hypothesis tries to break a claim; what it says "with probability" about is counted, not drawn."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from lemmata.audit.judge.evidence import Budget, Evidence, detectable
from lemmata.audit.judge.means import Average, average
from lemmata.audit.measure.backends import alone_on
from lemmata.audit.measure.sweep import measure
from lemmata.claims.case import Recipe
from lemmata.claims.claim import Claim, Expected
from lemmata.claims.constants import audited_constants, constant
from lemmata.claims.from_file import located
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.derivation import as_stated
from lemmata.claims.measuring.evaluation import Evaluation
from lemmata.claims.measuring.replay import Replay, claims_from, parse
from lemmata.claims.registry import measured_claims
from lemmata.model.interrupts import by_hand
from lemmata.strategies import cases, recipes

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
BASE = settings(settings.get_profile("default"), deadline=None, suppress_health_check=SLOW)
"""What every profile here shares. A person's own profile decides nothing of ours, and ours nothing of theirs."""

PROFILES = {
    "ci": settings(BASE, max_examples=12, derandomize=True, database=None),
    "dev": settings(BASE, max_examples=50),
    "nightly": settings(BASE, max_examples=400),
    "light": settings(BASE, max_examples=4, database=None),
}
"""How many cases Hypothesis may draw of a claim, and whether the same ones every time."""

DRAWS = 0x838C3BF71DF50B789DF37196E1CA992F52983C0A30CAC349861A7DA89DEC31383D3CC77A2DA662B8477AE45BF1530E58
"""What a derandomised profile draws descends from this number; without it, from the text of the test."""

FIRST, MOST = 8, 256
"""Initialisations of a case at first, and at most when too many of them violate the claim."""

TOO_MANY = 2
"""Over δ: below it no more are drawn. Rates that a case is said to catch are far above."""


@dataclass
class Trial:
    """Initialisations of one case, counted until the evidence is clear or `MOST` are drawn."""

    claim: Claim
    configuration: Configuration
    recipe: Recipe | None
    evidence: Evidence | Average
    worst: float
    at: int
    seed: int

    @property
    def refuted(self) -> bool:
        """Whether too many initialisations violate the claim, or their mean is beyond the margin."""
        margin = self.claim.margin
        return self.evidence.refutes(self.claim.rate(self.configuration) if margin is None else margin)

    @property
    def replay(self) -> Replay:
        """The worst initialisation; of a mean all of them."""
        numbers = (self.at,) if self.claim.margin is None else tuple(range(self.evidence.trials))
        return Replay(self.claim, self.configuration, self.seed, numbers, self.recipe)


class NotAsExpected(AssertionError):
    """A claim that falls, a false reading that stands, or one that nothing is known to hold it to."""


@dataclass(frozen=True)
class Outcome:
    """What became of a claim that is as it should be.

    Attributes:
        verdict: the expected one.
        words: the counterexample of one that must be refuted; of one that nothing executes, what is tested instead.
    """

    verdict: Expected
    words: str = ""


@dataclass
class Tally:
    """What the cases of one claim add up to."""

    trials: list[Trial] = field(default_factory=list)

    def row(self, claim: Claim, verdict: str, budget: Budget) -> tuple[str, ...]:
        """A row of the terminal summary."""
        if claim.margin is not None:
            return self._row_of_mean(claim, verdict, claim.margin)
        limit = _constant(claim)
        delta = max((claim.rate(trial.configuration) for trial in self.trials), default=0.0)
        caught = smallest_caught(delta, budget)
        counts = [trial.evidence for trial in self.trials if isinstance(trial.evidence, Evidence)]
        high = max((evidence.high for evidence in counts), default=1.0)
        worst = claim.direction.worst(trial.worst for trial in self.trials if not math.isnan(trial.worst))
        searched = {claim.search(trial.configuration) for trial in self.trials}
        return (
            claim.id,
            verdict,
            str(len(self.trials)),
            str(sum(trial.evidence.trials for trial in self.trials)),
            f"{worst:.3g}",
            "identity" if limit is None else f"{limit:.3g}",
            ", ".join(sorted(searched)),
            f"{high:.2g}",
            "1 violation" if delta == 0 else "-" if caught is None else f"{caught:.2g}",
        )

    def _row_of_mean(self, claim: Claim, verdict: str, margin: float) -> tuple[str, ...]:
        """The same, of the ratios of mean and value, with by how much they would have to be off to be caught."""
        means = [trial.evidence for trial in self.trials if isinstance(trial.evidence, Average)]
        decided = all(mean.supports(margin) or mean.refutes(margin) for mean in means)
        widths = [high - low for low, high in (mean.interval(mean.alpha) for mean in means)]
        return (
            claim.id,
            "undecided" if verdict == "supported" and not decided else verdict,
            str(len(means)),
            str(sum(mean.trials for mean in means)),
            f"{max((mean.ratio for mean in means), key=lambda ratio: abs(ratio - 1), default=math.nan):.3g}",
            f"1 ± {margin:g}",
            "no ball",
            "-",
            f"{margin + max(widths, default=math.inf):.2g} off",
        )


def smallest_caught(delta: float, budget: Budget) -> float | None:
    """The smallest violation rate that a case catches: one is seen among the first, and all of them are significant."""
    late = detectable(delta, MOST, budget.alpha, budget.beta / 2)
    return None if late is None else max(late, 1 - (budget.beta / 2) ** (1 / FIRST))


def count(
    claim: Claim,
    configuration: Configuration,
    recipe: Recipe | None,
    *,
    seed: int,
    device: str,
    alpha: float,
    limit: float | None,
) -> Trial:
    """Violations over independent initialisations; more are drawn while too many violate and nothing is decided."""
    if claim.margin is not None:
        return _averaged(claim, configuration, recipe, seed=seed, device=device, alpha=alpha, margin=claim.margin)
    delta, violations, drawn = claim.rate(configuration), 0, 0
    worst, at = float("nan"), 0

    def undecided() -> bool:
        many = violations > TOO_MANY * delta * drawn
        return many and drawn < MOST and not Evidence(violations, drawn, alpha).refutes(delta)

    while drawn < FIRST or undecided():
        numbers = range(drawn, min(MOST, drawn + max(FIRST, drawn)))
        with alone_on(device):
            found = measure(claim, configuration, seed, numbers, recipe, device=device)
        violations += int(found.violates(claim, limit).sum())
        value, index = _worst(claim, found)
        if math.isnan(worst) or claim.direction.sign * (value - worst) > 0:
            worst, at = value, drawn + index
        drawn = numbers.stop
    return Trial(claim, configuration, recipe, Evidence(violations, drawn, alpha), worst, at, seed)


def _averaged(
    claim: Claim,
    configuration: Configuration,
    recipe: Recipe | None,
    *,
    seed: int,
    device: str,
    alpha: float,
    margin: float,
) -> Trial:
    def draw(numbers: range) -> Evaluation:
        with alone_on(device):
            return measure(claim, configuration, seed, numbers, recipe, device=device)

    mean = average(draw, margin, alpha)
    return Trial(claim, configuration, recipe, mean, mean.ratio, 0, seed)


def profile() -> settings:
    """The settings that LEMMATA_PROFILE names; `ci` where it is not set.

    Raises:
        ValueError: if it names none.
    """
    name = os.environ.get("LEMMATA_PROFILE", "ci")
    if name not in PROFILES:
        raise ValueError(f"LEMMATA_PROFILE={name!r} must be one of {', '.join(PROFILES)}")
    return PROFILES[name]


def verify(
    claim: Claim,
    *,
    seed: int = 0,
    device: str = "cpu",
    profile: settings = PROFILES["ci"],
    report: Callable[[tuple[str, ...]], None] = lambda row: None,
) -> Outcome:
    """Try to break a claim: initialisations must violate it no more often than it allows, a false reading more often.

    Args:
        claim: one of the registry.
        seed: the integer that every random draw descends from.
        device: where tensors live.
        profile: Hypothesis's settings, one of `PROFILES`.
        report: takes the row of the summary, also of a claim that falls.

    Raises:
        NotAsExpected: if the claim is not as it should be, with the case, the worst found there and its replay.
        ClaimFileError: if a claim of a person's own cannot be measured, with the line.
    """
    if claim.judged == "sides":
        return _on_both_sides(claim, seed=seed, device=device, profile=profile, report=report)
    if not claim.measured:
        return _judged(claim, report)
    limit, most = _constant(claim), _examples(claim, profile)
    budget = Budget().shared(len(measured_claims()) * (profile.max_examples + 2))
    tally = Tally()

    def trial(configuration: Configuration, recipe: Recipe | None, on: int = seed) -> Trial:
        try:
            result = count(claim, configuration, recipe, seed=on, device=device, alpha=budget.alpha, limit=limit)
        except BaseException as error:
            if by_hand(error):
                raise
            raise located(claim, configuration.token(), error) from error
        tally.trials.append(result)
        return result

    def attempt(configuration: Configuration, recipe: Recipe | None, on: int = seed) -> None:
        result = trial(configuration, recipe, on)
        if result.refuted:
            raise NotAsExpected(explain(result, limit))

    configurations = cases(claim)

    @given(data=st.data())
    @settings(profile, print_blob=False, max_examples=most)
    def holds(data: st.DataObject) -> None:
        configuration = data.draw(configurations, label="configuration")
        if claim.problem is not None:
            attempt(configuration, None)
            return
        attempt(configuration, data.draw(recipes(claim.setting, configuration, attacks=claim.attacks), label="recipe"))

    if claim.expected == "refuted":
        try:
            witness = falsify(claim, lambda where: trial(where, None), settings(profile, max_examples=most))
        except BaseException:
            report(tally.row(claim, "error", budget))
            raise
        report(tally.row(claim, "refuted" if witness else "not refuted", budget))
        if witness is None:
            raise NotAsExpected(f"{claim.id} is expected to be refuted and survived {len(tally.trials)} cases")
        return Outcome("refuted", explain(witness, limit))
    try:
        for hardest, on in _hardest(claim, seed):
            attempt(hardest, None, on)
        (seeded(DRAWS)(holds) if profile.derandomize else holds)()
    except BaseException as error:
        report(tally.row(claim, "refuted" if isinstance(error, NotAsExpected) else "error", budget))
        raise
    # What says nothing where it can be measured is held to its constant all the same, and is no evidence.
    verdict: Expected = "vacuous" if claim.expected == "vacuous" else "supported"
    report(tally.row(claim, verdict, budget))
    return Outcome(verdict)


def _on_both_sides(claim: Claim, **options: Any) -> Outcome:
    """Each side must hold; of a false reading one must fall."""
    if claim.expected != "refuted":
        upper, _ = (verify(side, **options) for side in claim.sides)
        return upper
    survived = []
    for side in claim.sides:
        try:
            return verify(side, **options)
        except NotAsExpected as error:
            survived.append(str(error))
    raise NotAsExpected("\n".join(survived))


def _judged(claim: Claim, report: Callable[[tuple[str, ...]], None]) -> Outcome:
    """A derivation holds if the claim should; context says what is tested instead."""
    if claim.derive is None:
        if not claim.notes:
            raise NotAsExpected(f"{claim.id} must say what is tested instead")
        return Outcome("not-executable", claim.notes)
    derivation = claim.derive(as_stated)
    verdict: Expected = "supported" if derivation.holds else "refuted"
    report((claim.id, verdict, *["-"] * 3, "derived", *["-"] * 3))
    if verdict != claim.expected:
        raise NotAsExpected(f"{claim.id} is {verdict}:\n{derivation}")
    return Outcome(verdict)


def falsify(claim: Claim, trial: Callable[[Configuration], Trial], profile: settings) -> Trial | None:
    """The smallest case that Hypothesis finds refuted, or None."""

    def refuted(configuration: Configuration) -> bool:
        return trial(configuration).refuted

    finding = settings(profile, phases=(Phase.generate, Phase.shrink), derandomize=True, database=None)
    try:
        configuration = find(cases(claim), refuted, settings=finding)
    except NoSuchExample:
        return None
    return trial(configuration)


def _examples(claim: Claim, profile: settings) -> int:
    """How many cases Hypothesis may draw: the profile's number, or fewer where each is a training run."""
    most = profile.max_examples
    return most if claim.plan.examples is None else min(most, claim.plan.examples)


def explain(trial: Trial, limit: float | None) -> str:
    """The case, the worst found there, and the command that replays it."""
    e = trial.evidence
    if isinstance(e, Average):
        return (
            f"{trial.claim.id} is violated: the mean is {e.words()}, margin {trial.claim.margin:g}\n"
            f"  case      {trial.configuration}\n"
            f"  replay    {trial.replay.command()}"
        )
    return (
        f"{trial.claim.id} is violated: {e.violations} of {e.trials} independent initialisations\n"
        f"  case      {trial.configuration}\n"
        f"  recipe    {trial.recipe or 'the worst of ' + ', '.join(trial.claim.starts)}\n"
        f"  {'residual' if limit is None else 'ratio   '}  {trial.worst:.6g} at initialisation {trial.at}"
        f"{'' if limit is None else f', constant {limit:.6g}'}\n"
        f"  replay    {trial.replay.command()}"
    )


def _worst(claim: Claim, found: Evaluation) -> tuple[float, int]:
    values = found.ratio if found.residual is None else found.residual
    index = int(claim.direction.worst_at(values))
    return float(values[index]), index


def _constant(claim: Claim) -> float | None:
    """What a bound is held to, None for an equality; a bound with no audited constant yet would test nothing."""
    value = constant(claim)
    if value is None and claim.bound != "equality":
        command = f"lemmata audit {claims_from(claim)}'{claim.part_of or claim.id}' --write-constants"
        raise NotAsExpected(f"{claim.id} has no constant to be held to: run `{command}`")
    return None if claim.bound == "equality" else value


def _hardest(claim: Claim, seed: int) -> list[tuple[Configuration, int]]:
    """The configuration that decided the audited constant, on the data that did and on the data of this run.

    None where the domain has been narrowed since.
    """
    entry = audited_constants().get(claim.id)
    if entry is None:
        return []
    configuration = parse(f"{claim.id}:{entry['at']}").configuration
    if not claim.speaks_of(configuration):
        return []
    return [(configuration, on) for on in dict.fromkeys((entry["seed"], seed))]
