"""The false neighbours of a claim, derived from its data: a claim none of which can be refuted tests nothing."""

from dataclasses import replace

from lemmata.claims.claim import Claim, Control, Reason
from lemmata.claims.language.derivation import as_stated, shifted, unit_shifts
from lemmata.claims.language.direction import LOWER
from lemmata.claims.language.scaling import LOGS
from lemmata.claims.registry import REGISTRY


def neighbours(claim: Claim) -> tuple[Control, ...]:
    """The claim's own controls, and those that follow from its scaling, its constant and its other reading."""
    if claim.derive is not None:
        return _shifted_premises(claim) if claim.expected == "supported" else ()
    derived = (*_shifts(claim), *_halved(claim)) if claim.judged == "growth" else ()
    sides = claim.sides if claim.judged == "sides" else ()
    of_sides = (replace(control, name=of_side(side, control)) for side in sides for control in neighbours(side))
    return (*claim.controls, *of_sides, *derived, *_missed(claim), *_printed(claim))


def of_side(side: Claim, control: Control) -> str:
    """The name that the control of one side has among those of the whole."""
    return f"{side.bound}: {control.name}"


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
    """Each exponent of `Claim.moved` one step stronger."""
    controls = []
    for parameter, by in claim.moved.items():
        scaling = claim.terms[0].shifted(parameter, by)
        name = f"no {parameter}" if parameter in LOGS else f"{parameter} {'+' if by > 0 else ''}{by}"
        unrefuted = claim.unrefuted.get(parameter)
        words = f"right-hand side C {scaling}"
        controls.append(Control(name, words, scaling=scaling, parameter=parameter, unrefuted=unrefuted))
    return controls


def _shifted_premises(claim: Claim) -> tuple[Control, ...]:
    """Each exponent of each premise one up and one down, where a comparison then asks for more.

    If every comparison is then easier, or none reads that power because the statement leaves it open, the shifted
    derivation shows no more than the claim does, and is no neighbour. One that asks for more and holds is true: the
    comparisons that are tighter, with what they have to spare, are the computation that shows it.
    """
    controls = []
    assert claim.derive is not None
    stated = claim.derive(as_stated)
    for name, by in unit_shifts(stated):
        moved = claim.derive(shifted({name: by}))
        tighter = moved.tighter(stated)
        if moved.holds and not tighter:
            continue
        spared = Reason("computation", "; ".join(step.name + step.text for step in tighter)) if moved.holds else None
        controls.append(Control(f"{name} · {by}", f"{name} times {by}", shift=(name, by), unrefuted=spared))
    return tuple(controls)


def _halved(claim: Claim) -> list[Control]:
    if claim.direction is LOWER:
        return [Control("constant doubled", "the audited constant times 2", factor=2.0)]
    return [Control("constant halved", "the audited constant divided by 2", factor=0.5)]


def _missed(claim: Claim) -> list[Control]:
    """The value of a mean off by twice the margin, on either side."""
    if claim.margin is None:
        return []
    off = 1 + 2 * claim.margin
    return [
        Control(f"value times {off:g}", f"the stated value times {off:g}", factor=off),
        Control(f"value over {off:g}", f"the stated value divided by {off:g}", factor=1 / off),
    ]


def _printed(claim: Claim) -> list[Control]:
    """The reading on the page, where it is false and says the same of the same cases with another measurement."""
    printed = REGISTRY.get(f"{claim.id}@printed")
    if claim.judged == "sides" or printed is None or printed.expected != "refuted":
        return []
    if (printed.terms, printed.bound) != (claim.terms, claim.bound):
        return []
    same = (printed.domain, printed.plan) == (claim.domain, claim.plan)
    domain = None if same else printed.domain
    words = f"as printed, see {printed.id}"
    return [Control("printed reading", words, measure=printed.measure, domain=domain, plan=printed.plan)]
