"""Every claim can fail: false neighbours are refuted, fast ones here, all of them by `lemmata controls`."""

import pytest

from lemmata.audit.judge.controls import NO_CONSTANT, judge_control
from lemmata.audit.measure.options import Options
from lemmata.claims import REGISTRY
from lemmata.claims.measuring.neighbours import neighbour, neighbours

pytestmark = pytest.mark.controls

SLOW = {
    "cao-gu-2019-slides/cor-ntk:constant halved",
    "cao-gu-2019-slides/thm-ntrf:½ for 4",
    "cao-gu-2020/cor-4.11:without the assumption",
    "chen-et-al-2019-poster/thm-2.2:constant halved",
    "chen-et-al-2019-poster/thm-2.3:ascending",
    "chen-et-al-2019-poster/thm-2.3:idle",
    "zou-gu-2019/thm-3.3@printed:constant halved",
}
"""Tens or hundreds of networks are trained, each on its own sample, before one of these is refuted."""


def _slow(name, control, others):
    """Of the algorithms, the one that does not train is tried here; one that climbs, where that cannot be told."""
    told = any(other.name == "idle" and other.unrefuted is None for other in others)
    tried = {"idle"} if told else {"idle", "ascending"}
    return name in SLOW or (control.of == "algorithm" and control.name not in tried)


COUNTED = [
    pytest.param(member, control, id=name, marks=[pytest.mark.slow] if _slow(name, control, others) else [])
    for member in REGISTRY.values()
    if member.derive is None
    for others in [neighbours(member)]
    for control in others
    if control.scaling is None and control.unrefuted is None
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
    controls = neighbours(member)
    assert controls or member.expected == "refuted"
    names = [control.name for control in controls]
    assert len(set(names)) == len(names)
    for control in controls:
        changed = neighbour(member, control)
        same = (changed.terms, changed.measure, changed.derive) == (member.terms, member.measure, member.derive)
        assert not same or control.factor != 1 or control.domain is not None
