"""A claim's record, as `lemmata show ID --format json` writes it, states the claim again: whatever kind it is."""

import json

import pytest
import torch

from lemmata import from_record
from lemmata.audit.cli import main
from lemmata.audit.measure.sweep import measure
from lemmata.claims.registry import REGISTRY

OF_EACH_KIND = {
    "violations": "du-et-al-2019/lemma-3.2",
    "mean": "hanin-nica-2020/thm-1-one-layer",
    "identity": "liu-zhu-belkin-2020/relu-both-layers",
    "growth": "allen-zhu-et-al-2019/lemma-8.2b",
    "growth over a ball": "allen-zhu-et-al-2019/thm-4",
    "growth from below": "liu-zhu-belkin-2020/bottleneck",
}


def shown(id, capsys):
    """The record as another tool has it."""
    assert main(["show", id, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("kind", OF_EACH_KIND)
def test_a_record_is_the_claim(kind, capsys):
    """Judged alike, stated alike, and measured to the same numbers."""
    claim = REGISTRY[OF_EACH_KIND[kind]]
    record = shown(claim.id, capsys)
    made = from_record(record, f"mine/{kind.replace(' ', '-')}")
    try:
        assert made.judged == claim.judged == kind.partition(" ")[0]
        for name in ("bound", "terms", "stated", "margin", "probability", "quantifiers", "expected", "preconditions"):
            assert getattr(made, name) == getattr(claim, name), name
        place = claim.problem.place()
        assert torch.equal(*(measure(each, place, 0, range(2)).lhs for each in (claim, made)))
        assert {control["name"] for control in record["controls"]} >= {each.name for each in claim.controls}
    finally:
        del REGISTRY[made.id]


def test_a_derivation_is_no_measurement(capsys):
    """What measures nothing is refused, by the record's field."""
    record = shown("cao-gu-2020/eq-5.2", capsys)
    with pytest.raises(ValueError, match="must be the id of a claim that is measured"):
        from_record(record, "mine/derived")
