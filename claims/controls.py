"""The false neighbours of a claim, derived from its data: a claim none of which can be refuted tests nothing."""

from dataclasses import replace
from fractions import Fraction

from claims.claim import REGISTRY, Claim, Control

STRONGER = {
    "m": Fraction(-1, 6),
    "tau": Fraction(1, 6),
    "L": Fraction(-1, 2),
    "n": Fraction(-1, 2),
    "log_m": None,
    "log_n_delta": None,
}
"""By how much an exponent moves in the direction that strengthens an upper bound; None drops the factor."""


def neighbours(claim: Claim) -> tuple[Control, ...]:
    """The claim's own controls, and those that follow from its scaling, its constant and its other reading."""
    derived = (*_shifts(claim), *_halved(claim)) if claim.kind == "SCALE" and claim.bound == "upper" else ()
    return (*claim.controls, *derived, *_printed(claim))


def neighbour(claim: Claim, control: Control) -> Claim:
    """The claim with what the control changes in it; the constant is the control's own affair."""
    changes: dict[str, object] = {}
    if control.scaling is not None:
        changes["terms"] = (control.scaling, *claim.terms[1:])
    if control.measure is not None:
        changes["measure"] = control.measure
    return replace(claim, **changes)  # type: ignore[arg-type]


def _shifts(claim: Claim) -> list[Control]:
    """Each exponent of the first term, and that of the width, one step stronger."""
    powers = claim.terms[0].powers
    controls = []
    for parameter, step in STRONGER.items():
        if parameter not in powers and parameter != "m":
            continue
        by = -powers[parameter] if step is None else step
        scaling = claim.terms[0].shifted(parameter, by)
        name = f"{parameter} {'+' if by > 0 else ''}{by}" if step is not None else f"no {parameter}"
        words = f"right-hand side C {scaling}"
        true = claim.slack.get(parameter, "")
        controls.append(Control(name, words, scaling=scaling, parameter=parameter, true=true))
    return controls


def _halved(claim: Claim) -> list[Control]:
    return [Control("constant halved", "the audited constant divided by 2", factor=0.5)]


def _printed(claim: Claim) -> list[Control]:
    """The reading on the page, where it is another one and false."""
    printed = REGISTRY.get(f"{claim.id}@printed")
    if printed is None or printed.expected != "refuted" or printed.terms != claim.terms:
        return []
    return [Control("printed reading", f"as printed, see {printed.id}", measure=printed.measure)]
