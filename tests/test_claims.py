"""Hypothesis tries to break every claim; what a claim says "with probability" about is counted, not drawn."""

import json
from dataclasses import dataclass, field

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from lemmata.audit.judge.evidence import Budget, Evidence, detectable
from lemmata.audit.measure.backends import alone_on
from lemmata.audit.measure.sweep import measure
from lemmata.claims.case import Recipe
from lemmata.claims.claim import Claim
from lemmata.claims.constants import audited_constants, constant
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.derivation import as_stated
from lemmata.claims.measuring.evaluation import Evaluation
from lemmata.claims.measuring.replay import Replay, parse
from lemmata.claims.registry import measured_claims
from lemmata.strategies import cases, recipes

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
    evidence: Evidence
    worst: float
    at: int

    @property
    def replay(self) -> Replay:
        """The worst initialisation."""
        return Replay(self.claim, self.configuration, self.seed, (self.at,), self.recipe)

    seed: int = 0


@dataclass
class Tally:
    """What the cases of one claim add up to."""

    cases: int = 0
    trials: list[Trial] = field(default_factory=list)

    def row(self, claim: Claim, verdict: str, budget: Budget) -> tuple[str, ...]:
        """A row of the terminal summary."""
        limit = _constant(claim)
        delta = _delta(claim, Configuration())
        caught = smallest_caught(delta, budget)
        high = max((trial.evidence.high for trial in self.trials), default=1.0)
        lower = claim.bound == "lower"
        ratios = [trial.worst for trial in self.trials]
        worst = (min if lower else max)(ratios, default=float("nan"))
        searched = {claim.search(trial.configuration) for trial in self.trials}
        return (
            claim.id,
            verdict,
            str(self.cases),
            str(sum(trial.evidence.trials for trial in self.trials)),
            f"{worst:.3g}",
            "identity" if claim.kind == "EXACT" else f"{limit:.3g}",
            ", ".join(sorted(searched)),
            f"{high:.2g}",
            "1 violation" if delta == 0 else "-" if caught is None else f"{caught:.2g}",
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
    limit: float,
) -> Trial:
    """Violations over independent initialisations; more are drawn while too many violate and nothing is decided."""
    delta, violations, drawn = _delta(claim, configuration), 0, 0
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
        if not worst >= value or (claim.bound == "lower" and value < worst):
            worst, at = value, drawn + index
        drawn = numbers.stop
    return Trial(claim, configuration, recipe, Evidence(violations, drawn, alpha), worst, at, seed)


def test_claim(claim: Claim, request: pytest.FixtureRequest, seed: int, device: str) -> None:
    """Initialisations violate a claim no more often than it allows; a false reading is found to be false."""
    if not claim.measured:
        check_unmeasured(claim, request)
        return
    budget = _budget()
    tally = Tally()

    def trial(configuration: Configuration, recipe: Recipe | None, seed: int = seed) -> Trial:
        result = count(
            claim,
            configuration,
            recipe,
            seed=seed,
            device=device,
            alpha=budget.alpha,
            limit=_constant(claim),
        )
        tally.cases += 1
        tally.trials.append(result)
        return result

    def report(verdict: str) -> None:
        request.node.user_properties.append(("lemmata", json.dumps(tally.row(claim, verdict, budget))))

    @given(data=st.data())
    @settings(print_blob=False, max_examples=examples(claim))
    def holds(data: st.DataObject) -> None:
        configuration = data.draw(cases(claim), label="configuration")
        recipe = data.draw(recipes(claim.setting, configuration, attacks=claim.attacks), label="recipe")
        result = trial(configuration, recipe)
        assert not result.evidence.refutes(_delta(claim, configuration)), explain(result, _constant(claim))

    if claim.expected == "refuted":
        witness = falsify(claim, lambda configuration: trial(configuration, None))
        report("refuted" if witness else "not refuted")
        assert witness is not None, f"{claim.id} is expected to be refuted and survived {tally.cases} cases"
        print(explain(witness, _constant(claim)))
        return
    try:
        for hardest, on in _hardest(claim, seed):
            result = trial(hardest, None, on)
            assert not result.evidence.refutes(_delta(claim, hardest)), explain(result, _constant(claim))
        holds()
    except BaseException:
        report("refuted")
        raise
    report("supported")


def check_unmeasured(claim: Claim, request: pytest.FixtureRequest) -> None:
    """A derivation holds if the claim should; context says what is tested instead."""
    if claim.derive is None:
        assert claim.notes, f"{claim.id} must say what is tested instead"
        pytest.skip(f"not executable: {claim.notes}")
    derivation = claim.derive(as_stated)
    verdict = "supported" if derivation.holds else "refuted"
    row = (claim.id, verdict, *["-"] * 3, "derived", *["-"] * 3)
    request.node.user_properties.append(("lemmata", json.dumps(row)))
    assert verdict == claim.expected, derivation


def examples(claim: Claim) -> int:
    """How many cases Hypothesis may draw: the profile's number, or fewer where each is a training run."""
    most = settings().max_examples
    return most if claim.plan.examples is None else min(most, claim.plan.examples)


def falsify(claim: Claim, trial) -> Trial | None:
    """The smallest case that Hypothesis finds refuted, or None."""

    def refuted(configuration: Configuration) -> bool:
        return trial(configuration).evidence.refutes(_delta(claim, configuration))

    phases = (Phase.generate, Phase.shrink)
    finding = settings(phases=phases, derandomize=True, database=None, max_examples=examples(claim))
    try:
        configuration = find(cases(claim), refuted, settings=finding)
    except NoSuchExample:
        return None
    return trial(configuration)


def explain(trial: Trial, limit: float) -> str:
    """The case, the worst found there, and the command that replays it."""
    e = trial.evidence
    return (
        f"{trial.claim.id} is violated: {e.violations} of {e.trials} independent initialisations\n"
        f"  case      {trial.configuration}\n"
        f"  recipe    {trial.recipe or 'the worst of ' + ', '.join(trial.claim.attacks)}\n"
        f"  ratio     {trial.worst:.6g} at initialisation {trial.at}, constant {limit:.6g}\n"
        f"  replay    {trial.replay.command()}"
    )


def _worst(claim: Claim, found: Evaluation) -> tuple[float, int]:
    values = found.ratio if found.residual is None else found.residual
    values = values.nan_to_num(float("inf") if claim.bound == "lower" else float("-inf"), float("inf"))
    index = int(values.argmin() if claim.bound == "lower" else values.argmax())
    return float(values[index]), index


def _constant(claim: Claim) -> float:
    """What the claim is held to; a claim with no audited constant yet would test nothing."""
    value = constant(claim)
    if value is None:
        assert claim.kind == "EXACT", f"{claim.id} has no constant: run `lemmata audit --write-constants`"
        return 1.0
    return value


def _delta(claim: Claim, configuration: Configuration) -> float:
    return configuration.delta if claim.probability else 0.0


def _hardest(claim: Claim, seed: int) -> list[tuple[Configuration, int]]:
    """The configuration that decided the audited constant, on the data that did and on the data of this run."""
    entry = audited_constants().get(claim.id)
    if entry is None:
        return []
    configuration = parse(f"{claim.id}:{entry['at']}").configuration
    return [(configuration, on) for on in dict.fromkeys((entry["seed"], seed))]


def _budget() -> Budget:
    """One budget for the whole suite: every claim, every case that may be drawn, and the hardest on two data sets."""
    return Budget().shared(len(measured_claims()) * (settings().max_examples + 2))
