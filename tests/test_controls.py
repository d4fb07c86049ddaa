"""Every claim can fail: false neighbours are refuted, fast ones here, all of them by `lemmata controls`."""

import pytest

from lemmata.audit.judge.controls import NO_CONSTANT, judge_control
from lemmata.audit.measure.options import Options
from lemmata.claims import REGISTRY
from lemmata.claims.measuring.neighbours import neighbour, neighbours

pytestmark = pytest.mark.controls

SLOW = {"chen-et-al-2019-poster/thm-2.2:constant halved", "chen-et-al-2019-poster/thm-2.3:idle"}
"""One in seven initialisations violates it where one in twenty may: that takes 512, each trained on its own sample."""

UNTRAINED = {"idle", "ascending"}
"""Algorithms that every claim about training is tried on here; the others are with `-m slow`."""


def _slow(name, control):
    return name in SLOW or (control.of == "algorithm" and control.name not in UNTRAINED)


COUNTED = [
    pytest.param(member, control, id=name, marks=[pytest.mark.slow] if _slow(name, control) else [])
    for member in REGISTRY.values()
    for control in neighbours(member)
    if control.scaling is None and control.shift is None and control.unrefuted is None
    for name in [f"{member}:{control.name}"]
]


@pytest.mark.parametrize(("member", "control"), COUNTED)
def test_a_false_neighbour_is_refuted(member, control):
    """A halved constant, a dropped part or the printed reading is violated where the claim is not."""
    result = judge_control(member, control, [], Options())
    if result.reason == NO_CONSTANT:
        pytest.skip(f"{member}: {NO_CONSTANT}")
    assert result.verdict == "refuted", result.reason
    assert result.witness is not None


@pytest.mark.parametrize("member", [m for m in REGISTRY.values() if m.kind != "CTX"], ids=str)
def test_every_claim_has_a_neighbour_that_is_not_the_claim_itself(member):
    """A claim none of whose neighbours can be refuted tests nothing; a false reading is itself such a neighbour."""
    assert neighbours(member) or member.expected == "refuted"
    names = [control.name for control in neighbours(member)]
    assert len(set(names)) == len(names)
    for control in neighbours(member):
        changed = neighbour(member, control)
        same = (changed.terms, changed.measure, changed.derive) == (member.terms, member.measure, member.derive)
        assert not same or control.factor != 1 or control.domain is not None
