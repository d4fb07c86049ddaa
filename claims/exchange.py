"""Claims as records: what another tool needs to state one, and a claim from such a record."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lemmata.claims.claim import Claim, Judged
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import REGISTRY

PASSES: dict[Judged, str] = {
    "identity": "both sides agree to rounding, at every draw",
    "mean": "the mean of the left-hand side is the right-hand side, up to the margin",
    "violations": "the bound holds with the stated constant, but for a share of the draws that the probability allows",
    "growth": "some constant bounds lhs / rhs throughout: its quantile outgrows none in any letter that varies",
    "sides": "the upper and the lower bound pass, each with a constant of its own",
    "derivation": "every comparison of exponents holds",
    "nothing": "nothing that a computation could decide",
}
"""The condition under which a claim passes, by how it is judged."""

TAKEN = ("statement", "sentence", "bound", "expected", "quantifiers", "margin")
"""Fields of a record that a claim takes as they are."""


def from_record(record: Mapping[str, Any], id: str) -> Claim:
    """Register the claim of a record, as `lemmata show ID --format json` writes it, under an id of one's own.

    What is measured is what the claim measures that the record names in `measurement`; statement, bound, scaling,
    constant and expected verdict are the record's.

    Raises:
        ValueError: if it names no claim at hand, a field is missing or cannot be what it is, or the id is taken.
    """
    base = REGISTRY.get(str(record.get("measurement")))
    if base is None or not base.sides[0].measured:
        raise ValueError(f"measurement={record.get('measurement')!r} must be the id of a claim that is measured")
    missing = [name for name in (*TAKEN, "scaling", "constant", "probability") if name not in record]
    if missing:
        raise ValueError(f"record has no {missing[0]!r}; it must have what `lemmata show ID --format json` writes")
    if id in REGISTRY:
        raise ValueError(f"claim {id!r} is registered twice")
    constant = record["constant"]
    made = replace(
        base,
        id=id,
        **{name: record[name] for name in TAKEN},
        probability=record["probability"] or "",
        terms=tuple(Scaling(**term) for term in record["scaling"]),
        stated=constant["value"] if constant["kind"] == "stated" else None,
        controls=(),
        unrefuted={},
        part_of="",
    )
    REGISTRY.update({each.id: each for each in (made, *made.sides)})
    return made
