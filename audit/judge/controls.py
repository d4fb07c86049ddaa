"""Whether the false neighbours of a claim fall."""

import itertools
from dataclasses import dataclass, replace
from typing import Literal

from lemmata.audit.judge.evidence import Budget, Evidence
from lemmata.audit.judge.means import average
from lemmata.audit.judge.verdicts import RESOLUTION, exponents
from lemmata.audit.measure.options import Options
from lemmata.audit.measure.sweep import Trials, measure, run
from lemmata.audit.plan.devices import device_for
from lemmata.audit.plan.grid import small
from lemmata.claims.claim import Claim, Control
from lemmata.claims.constants import audited_constants, constant
from lemmata.claims.from_file import words_of
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.derivation import as_stated
from lemmata.claims.language.scaling import LOGS
from lemmata.claims.measuring.evaluation import Evaluation
from lemmata.claims.measuring.neighbours import neighbour, neighbours, of_side
from lemmata.claims.measuring.replay import Replay, parse
from lemmata.claims.registry import measured_claims
from lemmata.model.interrupts import by_hand

Outcome = Literal["refuted", "survived", "true", "out-of-reach", "inconclusive", "error"]
FIRST, MOST = 16, 1024
"""Initialisations at first, and at most while some violate a control and nothing is decided."""

NO_CONSTANT = "no constant yet: `lemmata audit --write-constants` stores one"
"""Why a half of a constant, or a part less at the same constant, is neither refuted nor survives."""

UNTESTED_LOG = "the sizes do not span enough of the logarithm to test its power"
"""Why a power of a logarithm is neither refuted nor survives."""


@dataclass(frozen=True)
class Result:
    """What became of one control.

    Attributes:
        verdict: "true" is a stronger statement that holds, with a checked reason; "out-of-reach" one that is false or
            open, and that no size here can tell from the claim. Neither counts in a score.
        witness: the case that refutes it.
        reason: in words.
    """

    control: Control
    verdict: Outcome
    reason: str
    witness: Replay | None = None
    ratio: float | None = None


def judge_all(claim: Claim, trials: list[Trials], options: Options) -> list[Result]:
    """Every control of one claim; one that raises is an error, never a refutation.

    Of a two-sided claim those of its sides, and its own, of which each must break one side.
    """
    if claim.judged == "sides":
        return _of_sides(claim, trials, options)
    results = []
    for control in neighbours(claim):
        try:
            results.append(judge_control(claim, control, trials, options))
        except BaseException as error:  # a crash must not count as a kill, nor cost the other controls
            if by_hand(error):
                raise
            results.append(Result(control, "error", f"{type(error).__name__}: {words_of(error)}"))
    return results


def _of_sides(claim: Claim, trials: list[Trials], options: Options) -> list[Result]:
    """The whole's own controls come first on either side: one that is refuted on one of them is refuted."""
    results, own = [], len(claim.controls)
    judged = {
        side.id: judge_all(
            replace(side, controls=claim.controls), [item for item in trials if item.job.claim == side.id], options
        )
        for side in claim.sides
    }
    for each in zip(*(found[:own] for found in judged.values()), strict=True):
        results.append(next((result for result in each if result.verdict == "refuted"), each[0]))
    for side in claim.sides:
        for result in judged[side.id][own:]:
            results.append(replace(result, control=replace(result.control, name=of_side(side, result.control))))
    return results


def judge_control(claim: Claim, control: Control, trials: list[Trials], options: Options) -> Result:
    """Whether the control falls. One that is known to be true is not tried, one that is out of reach is."""
    why = control.unrefuted
    if why is not None and why.true:
        return Result(control, "true", str(why))
    result = _judge(claim, control, trials, options)
    if why is not None and result.verdict in ("survived", "inconclusive"):
        return replace(result, verdict="out-of-reach", reason=str(why))
    return result


def _judge(claim: Claim, control: Control, trials: list[Trials], options: Options) -> Result:
    """By growth where an exponent moved, by arithmetic where a premise did, else by counting violations."""
    if control.shift is not None:
        return _by_derivation(claim, control)
    if claim.margin is not None:
        return _by_mean(claim, control, options, claim.margin)
    if control.scaling is not None:
        return _by_growth(claim, control, trials)
    return _by_counts(claim, control, options)


def _by_derivation(claim: Claim, control: Control) -> Result:
    """Whether the derivation from the shifted premise fails."""
    moved = neighbour(claim, control)
    assert moved.derive is not None
    derivation = moved.derive(as_stated)
    return Result(control, "survived" if derivation.holds else "refuted", derivation.verdict())


def _by_growth(claim: Claim, control: Control, trials: list[Trials]) -> Result:
    """Whether the ratio outgrows the moved exponent, of the claim's measurement or of the control's own.

    Where the right-hand side has several terms and one of them moved, it is measured anew: another may make up for it.
    """
    moved = neighbour(claim, control)
    if control.measure is not None:
        trials = [run(item.job, replace(claim, measure=control.measure)) for item in trials]
    elif len(claim.terms) > 1:
        trials, moved = [run(item.job, moved) for item in trials], claim
    name = control.parameter
    found = exponents(moved, trials, Budget().shared(len(measured_claims()))).get(name)
    if found is not None and found.broken:
        worst = max(trials, key=lambda item: claim.direction.sign * item.ratio[item.extreme()])
        witness = worst.replay(worst.extreme())
        low, high = found.excess
        reason = f"the ratio outgrows it in {name} by an exponent in [{low:.2f}, {high:.2f}]"
        return Result(control, "refuted", reason, witness)
    if found is None and name in LOGS:
        return Result(control, "out-of-reach", UNTESTED_LOG)
    if found is None:
        return Result(control, "inconclusive", f"{name} does not vary in the grid")
    low, high = found.excess
    interval = f"excess exponent in [{low:.2f}, {high:.2f}]"
    if high <= RESOLUTION:
        return Result(control, "survived", f"{interval}: not refuted, the bound is loose in {name}")
    return Result(control, "inconclusive", f"{interval}: needs a longer range or more initialisations")


def _by_counts(claim: Claim, control: Control, options: Options) -> Result:
    """Violations at the claim's hardest configuration, or the control's, of the changed measurement or constant."""
    changed = neighbour(claim, control)
    known = constant(claim)
    if known is None and claim.judged != "identity":
        return Result(control, "inconclusive", NO_CONSTANT)
    limit = None if known is None else known * control.factor
    drawn = 0
    searches = (False, True) if claim.ascends else (False,)
    tries = list(itertools.product(searches, hardest(claim, control, options.seed)))
    alpha = Budget().shared(len(measured_claims())).shared(len(tries)).alpha
    for ascending, (configuration, seed) in tries:
        device = device_for(claim, configuration, options.device)
        violations, drawn = 0, 0
        while drawn < FIRST or (violations and drawn < MOST):
            numbers = range(drawn, drawn + max(FIRST, drawn))
            found = measure(claim, configuration, seed, numbers, changed=changed, ascending=ascending, device=device)
            violated = found.violates(changed, limit)
            violations, drawn = violations + int(violated.sum()), numbers.stop
            if Evidence(violations, drawn, alpha).refutes(changed.rate(configuration)):
                at = int(violated.nonzero()[0])
                value = found.ratio if found.residual is None else found.residual
                witness = Replay(claim, configuration, seed, (numbers.start + at,), found.recipes[at])
                reason = f"{violations} of {drawn} initialisations violate it"
                return Result(control, "refuted", reason, witness, float(value[at]))
    return Result(control, "survived", f"no significant violation in {drawn} initialisations")


def _by_mean(claim: Claim, control: Control, options: Options, margin: float) -> Result:
    """Whether the mean is beyond the margin of the changed value, or another measurement's is, on a small network."""
    changed = neighbour(claim, control)
    configuration, seed = hardest(claim, control, options.seed)[0]
    device = device_for(claim, configuration, options.device)

    def draw(numbers: range) -> Evaluation:
        return measure(claim, configuration, seed, numbers, changed=changed, device=device)

    mean = average(draw, margin, Budget().shared(len(measured_claims())).alpha, control.factor)
    reason = f"the mean is {mean.words()}"
    if mean.refutes(margin):
        return Result(
            control, "refuted", reason, Replay(claim, configuration, seed, tuple(range(mean.trials))), mean.ratio
        )
    if mean.supports(margin):
        return Result(control, "survived", reason)
    return Result(control, "inconclusive", f"{reason}: needs about {mean.needed(margin)}")


def hardest(claim: Claim, control: Control, seed: int) -> list[tuple[Configuration, int]]:
    """Where, and on which seed's data, the claim's constant was decided.

    For a claim that has none, or on a domain of the control's own, small networks with the data of the seed given.
    """
    entry = audited_constants().get(claim.plain_id)
    if entry is not None and control.domain is None:
        return [(parse(f"{claim.plain_id}:{entry['at']}").configuration, entry["seed"])]
    if control.domain is not None:
        claim = replace(claim, domain=control.domain, plan=control.plan)
    return [(c, seed) for c in small(claim)]
