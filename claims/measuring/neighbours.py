"""The false neighbours of a claim, derived from its data: a claim none of which can be refuted tests nothing."""

from dataclasses import replace
from fractions import Fraction

from lemmata.claims.claim import Claim, Control
from lemmata.claims.language.derivation import as_stated, shifted, unit_shifts
from lemmata.claims.language.direction import LOWER
from lemmata.claims.registry import REGISTRY

STRONGER = {
    "m": Fraction(-1, 6),
    "tau": Fraction(1, 6),
    "L": Fraction(-1, 2),
    "n": Fraction(-1, 2),
    "k": Fraction(-1, 2),
    "batch": Fraction(-1, 2),
    "phi": Fraction(1, 2),
    "eps": Fraction(1, 2),
    "log_m": None,
    "log_n_delta": None,
}
"""By how much an exponent moves in the direction that strengthens an upper bound; None drops the factor.

A lower bound is strengthened in the other direction."""


def neighbours(claim: Claim) -> tuple[Control, ...]:
    """The claim's own controls, and those that follow from its scaling, its constant and its other reading."""
    if claim.derive is not None:
        return _shifted_premises(claim) if claim.expected == "supported" else ()
    # What is stronger than a false reading is false for no new reason: only its own constant is moved.
    shifts = _shifts(claim) if claim.expected != "refuted" else []
    derived = (*shifts, *_halved(claim)) if claim.judged == "growth" else ()
    return (*claim.controls, *derived, *_printed(claim))


def neighbour(claim: Claim, control: Control) -> Claim:
    """The claim with what the control changes in it; the constant is the control's own affair."""
    changes: dict[str, object] = {}
    if control.scaling is not None:
        changes["terms"] = (control.scaling, *claim.terms[1:])
    if control.measure is not None:
        changes["measure"] = control.measure
    if control.algorithm is not None:
        algorithm = control.algorithm
        changes["measure"] = lambda case: claim.measure(case.trained_by(algorithm))
    if control.shift is not None and claim.derive is not None:
        derivation = claim.derive(shifted(dict([control.shift])))
        changes["derive"] = lambda _: derivation
    return replace(claim, **changes)  # type: ignore[arg-type]


def _shifts(claim: Claim) -> list[Control]:
    """Each exponent of the first term, and that of the width where it varies, one step stronger."""
    powers = claim.terms[0].powers
    varies = not claim.plan.lines or "m" in claim.plan.lines
    controls = []
    for parameter, step in STRONGER.items():
        if parameter not in powers and not (parameter == "m" and varies):
            continue
        by = -powers[parameter] if step is None else step * claim.direction.sign
        scaling = claim.terms[0].shifted(parameter, by)
        name = f"{parameter} {'+' if by > 0 else ''}{by}" if step is not None else f"no {parameter}"
        words = f"right-hand side C {scaling}"
        true = claim.slack.get(parameter, "")
        controls.append(Control(name, words, scaling=scaling, parameter=parameter, true=true))
    return controls


def _shifted_premises(claim: Claim) -> tuple[Control, ...]:
    """Each exponent of each premise one up and one down; those that the derivation survives say why."""
    controls = []
    assert claim.derive is not None
    for name, by in unit_shifts(claim.derive(as_stated).premises):
        moved = claim.derive(shifted({name: by}))
        true = "the derivation leaves that power open, or has it to spare" if moved.holds else ""
        controls.append(Control(f"{name} · {by}", f"{name} times {by}", shift=(name, by), true=true))
    return tuple(controls)


def _halved(claim: Claim) -> list[Control]:
    if claim.direction is LOWER:
        return [Control("constant doubled", "the audited constant times 2", factor=2.0)]
    return [Control("constant halved", "the audited constant divided by 2", factor=0.5)]


def _printed(claim: Claim) -> list[Control]:
    """The reading on the page, where it is false and says the same of the same cases with another measurement."""
    printed = REGISTRY.get(f"{claim.id}@printed")
    if printed is None or printed.expected != "refuted":
        return []
    if (printed.terms, printed.bound) != (claim.terms, claim.bound):
        return []
    same = (printed.domain, printed.plan) == (claim.domain, claim.plan)
    domain = None if same else printed.domain
    words = f"as printed, see {printed.id}"
    return [Control("printed reading", words, measure=printed.measure, domain=domain, plan=printed.plan)]
