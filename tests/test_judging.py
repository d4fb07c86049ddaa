"""The judging half against faults that a judge could have: each test here falls when its fault is planted."""

import math
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import get_args

import pytest
import torch

from lemmata.audit.judge import controls
from lemmata.audit.judge.controls import judge_control
from lemmata.audit.judge.evidence import Budget
from lemmata.audit.judge.verdicts import RESOLUTION, Finding, judge
from lemmata.audit.measure.options import Options
from lemmata.audit.measure.sweep import Trials, run
from lemmata.audit.plan.grid import Sizes
from lemmata.audit.plan.job import Job
from lemmata.audit.show.document import searched, to_json
from lemmata.claims import REGISTRY
from lemmata.claims.case import draw
from lemmata.claims.claim import Control, Ground, Measurement, MeasurementError, Reason
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.direction import LOWER
from lemmata.claims.language.scaling import ONE, Scaling
from lemmata.claims.measuring.evaluation import evaluate
from lemmata.claims.measuring.neighbours import neighbours
from lemmata.claims.registry import claim, measured_claims
from tests.assertions import assert_at_most, assert_close
from tests.test_verdicts import WIDTHS, trials, verdict

UPPER_CLAIM, LOWER_CLAIM = "cao-gu-2020/lemma-5.2a", "cao-gu-2020/lemma-5.4"
ONE_EXAMPLE, THREE_LAYERS = Configuration(m=32, n=1), Configuration(m=32, L=3, n=1)

FAR = {
    "m": 1e6,
    "L": 1e3,
    "n": 1e3,
    "k": 1e3,
    "d": 1e3,
    "batch": 1e3,
    "tau": 1e-6,
    "phi": 1e-6,
    "eps": 1e-6,
    "delta": 0.05,
}
"""Sizes at the ends that bounds are about: wide, deep, many; small radii, separations and accuracies."""


def shifted() -> list[tuple[str, Control]]:
    """The controls that move an exponent of a claim's bound, with the claim's id."""
    judged = (claim for claim in REGISTRY.values() if claim.judged == "growth")
    return [(c.id, control) for c in judged for control in neighbours(c) if control.scaling not in (None, c.terms[0])]


@pytest.mark.parametrize("by", [0.3, -0.3])
def test_a_third_of_an_exponent_refutes_and_a_fortieth_does_not(by):
    """A fortieth is below the resolution. An upper bound falls when the ratio grows, a lower one when it
    shrinks."""
    id = UPPER_CLAIM if by > 0 else LOWER_CLAIM
    assert verdict(lambda m: m**by, "m", WIDTHS, id).verdict == "refuted"
    assert verdict(lambda m: m ** (by / 12), "m", WIDTHS, id).verdict == "supported"
    assert verdict(lambda m: m**-by, "m", WIDTHS, id).verdict == "supported"


def test_a_twentieth_of_an_exponent_is_resolved_where_nothing_is_random():
    """Ratios without any noise: growth by a tenth is told from a logarithm's, by a fortieth from nothing it is not."""
    for by, outcome in ((0.1, True), (0.025, False)):
        line = [trials(Configuration(n=1, m=m), 1.0) for m in WIDTHS]
        for item in line:
            item.ratio[:] = [item.job.configuration.m**by] * len(item.ratio)
        found = judge(REGISTRY[UPPER_CLAIM], line, Budget())
        assert (found.verdict == "refuted") == outcome


def test_a_lower_bound_that_is_approached_from_above_holds():
    """1 + 20/√m shrinks by less and less: its slope at the sizes measured is beyond the resolution, its limit is 1."""
    assert verdict(lambda m: 1 + 20 / math.sqrt(m), "m", WIDTHS, LOWER_CLAIM).verdict == "supported"


def test_the_weakest_search_of_all_sizes_is_the_claim_s():
    """With one layer and one example the worst case is exact, with three it is ascent: together that is ascent."""
    claim = REGISTRY["cao-gu-2020/lemma-5.1b"]
    both = [trials(c, 0.4, claim.id) for c in (ONE_EXAMPLE, THREE_LAYERS)]
    assert [claim.search(item.job.configuration) for item in both] == ["exact", "ascent"]
    for order in (both, both[::-1]):
        assert searched(Finding(claim, "supported", "", order)) == "ascent"
    assert searched(Finding(claim, "supported", "", both[:1])) == "exact"
    assert searched(Finding(claim, "inconclusive", "", [])) == "not measured"


@pytest.mark.parametrize("member", [m for m in REGISTRY.values() if not m.balls], ids=str)
def test_where_there_is_no_ball_no_search_is_called_exact(member):
    """A training run and a statement about W⁽⁰⁾ alone have no supremum to attain."""
    assert member.search(Configuration()) == "no ball"
    assert searched(Finding(member, "supported", "", [])) == "no ball"


def test_a_claim_that_has_a_certificate_is_measured_with_it():
    """Where the worst was found: no less than the attack there, and the document shows it."""
    made = run(Job(UPPER_CLAIM, ONE_EXAMPLE, 3, certified=True))
    assert len(made.certificate) == 3
    assert_at_most(max(made.ratio), made.certificate[made.extreme()])
    document = to_json([judge(REGISTRY[UPPER_CLAIM], [made], Budget())], Sizes(), Options())
    assert document["claims"][UPPER_CLAIM]["constant"]["configurations"][0]["certificate"] is not None


@pytest.mark.parametrize(("id", "name"), [(UPPER_CLAIM, "m -1/6"), (LOWER_CLAIM, "m +1/6")])
@pytest.mark.parametrize(("loose", "outcome"), [(0.15, "refuted"), (-0.5, "survived")])
def test_a_moved_exponent_is_refuted_where_the_bound_is_tight_and_not_where_it_is_loose(id, name, loose, outcome):
    """A ratio a little above the bound outgrows the next stronger one; one with half an exponent to spare does not."""
    claim = REGISTRY[id]
    control = replace(next(c for c in neighbours(claim) if c.name == name), unrefuted=None)
    base = Configuration(n=1, m=65_536)
    power = loose * claim.direction.sign
    line = [trials(replace(base, m=m), m**power, id) for m in WIDTHS]
    assert judge_control(claim, control, line, Options()).verdict == outcome


@pytest.mark.parametrize(
    ("id", "name", "width"), [(UPPER_CLAIM, "m -1/6", WIDTHS[-1]), (LOWER_CLAIM, "m +1/6", WIDTHS[0])]
)
def test_the_witness_of_a_refuted_exponent_is_the_worst_of_its_direction(id, name, width):
    """The smallest ratio is at the first width, the largest at the last: a lower bound shows the former."""
    claim = REGISTRY[id]
    control = replace(next(c for c in neighbours(claim) if c.name == name), unrefuted=None)
    line = [trials(Configuration(n=1, m=m), 1.0, id) for m in WIDTHS]
    for item in line:
        item.ratio[:] = [1.0] * len(item.ratio)
    line[0].ratio[3], line[-1].ratio[5] = 0.999, 1.001
    found = judge_control(claim, control, line, Options())
    assert found.verdict == "refuted"
    assert found.witness is not None
    assert found.witness.configuration.m == width
    assert found.witness.initialisations == ((3,) if width == WIDTHS[0] else (5,))


@pytest.mark.parametrize(
    ("id", "control"), shifted(), ids=lambda value: value if isinstance(value, str) else value.name
)
def test_a_moved_exponent_claims_more(id, control):
    """Far out the right-hand side of an upper bound's neighbour is smaller, and of a lower bound's larger."""
    claim = REGISTRY[id]
    before, after = claim.terms[0], control.scaling
    known = {letter: math.log(FAR.get(letter, 0.5)) for letter in (after / before).letters}
    assert claim.direction.sign * (after / before).log_value(known) < 0


@pytest.mark.parametrize(("reason", "verdict"), [("proof", "true"), ("out of reach", "refuted")])
def test_what_is_out_of_reach_is_tried_and_what_is_true_is_not(reason, verdict):
    """A size that can tell refutes a statement that was thought to be out of reach."""
    control = replace(moved_width(), unrefuted=Reason(reason, "because"))
    line = [trials(Configuration(n=1, m=m), m**0.15) for m in WIDTHS]
    assert judge_control(REGISTRY[UPPER_CLAIM], control, line, Options()).verdict == verdict


@pytest.mark.parametrize("power", [-0.5, -7 / 60])
def test_what_no_size_can_tell_is_out_of_reach_and_says_why(power):
    """Whether the bound is loose at these sizes, or the sizes are too few: neither makes a statement true."""
    control = replace(moved_width(), unrefuted=Reason("out of reach", "open: nobody knows"))
    line = [trials(Configuration(n=1, m=m), m**power) for m in WIDTHS]
    plain = judge_control(REGISTRY[UPPER_CLAIM], replace(control, unrefuted=None), line, Options())
    assert plain.verdict == ("survived" if power == -0.5 else "inconclusive")
    found = judge_control(REGISTRY[UPPER_CLAIM], control, line, Options())
    assert (found.verdict, found.reason) == ("out-of-reach", "open: nobody knows")


def moved_width() -> Control:
    """The control that moves the exponent of the width."""
    return next(c for c in neighbours(REGISTRY[UPPER_CLAIM]) if c.name == "m -1/6")


def test_a_reason_has_a_ground_and_a_text():
    """Only a proof, a closed form or a computation makes a stronger statement true."""
    assert [Reason(ground, "text").true for ground in get_args(Ground)] == [True, True, True, False]
    with pytest.raises(ValueError, match="ground='hope' must be one of proof, closed form, computation, out of reach"):
        Reason("hope", "text")
    with pytest.raises(ValueError, match="text=''"):
        Reason("proof", "")


@pytest.mark.parametrize(
    ("name", "excess", "verdict"),
    [("m", (0.9, 1.1), "out-of-reach"), ("log_m", (0.4, 0.6), "refuted"), ("log_m", (-0.6, 0.0), "survived")],
)
def test_a_power_of_a_logarithm_is_judged_like_any_other_where_it_was_measured(name, excess, verdict, monkeypatch):
    """By its own exponent; where the sizes give it none it is out of reach, whatever other exponents say."""
    member = REGISTRY["cao-gu-2020/lemma-B.1-v"]
    control = next(c for c in neighbours(member) if c.name == "no log_m")
    measured = SimpleNamespace(excess=excess, broken=excess[0] > RESOLUTION)
    monkeypatch.setattr(controls, "exponents", lambda *_: {name: measured})
    line = [trials(Configuration(L=2, n=1, m=m), 0.4, member.id) for m in WIDTHS]
    found = judge_control(member, control, line, Options())
    assert found.verdict == verdict
    assert (found.reason == controls.UNTESTED_LOG) is (verdict == "out-of-reach")


@pytest.mark.parametrize(("second", "fell"), [(0.0, True), (10.0, False)])
def test_another_term_may_make_up_for_a_moved_exponent(second, fell, monkeypatch):
    """1 ≤ C (m^(-1/6) + s) is false for s = 0 alone: the whole right-hand side decides, not its first term."""
    member = replace(
        REGISTRY[UPPER_CLAIM],
        terms=(ONE, ONE),
        measure=lambda case: Measurement(torch.ones_like(case.initial.like), (1.0, second)),
        attacks=("stay",),
        certificate=None,
        unrefuted={},
    )
    monkeypatch.setitem(REGISTRY, UPPER_CLAIM, member)
    line = [run(Job(UPPER_CLAIM, Configuration(n=1, m=m), 8)) for m in (64, 256, 1024, 4096)]
    control = next(c for c in neighbours(member) if c.name == "m -1/6")
    assert (judge_control(member, control, line, Options()).verdict == "refuted") is fell


def test_without_a_constant_no_part_of_it_is_refuted_or_survives():
    """Half of a constant that nobody has measured says nothing, nor does a part less at that constant."""
    member = replace(REGISTRY["cao-gu-2020/lemma-5.2b"], id="somebody/lemma")
    counted = [c for c in neighbours(member) if c.scaling is None]
    assert {c.name for c in counted} == {"no kink term", "constant halved"}
    for control in counted:
        found = judge_control(member, control, [], Options())
        assert (found.verdict, found.reason) == ("inconclusive", controls.NO_CONSTANT)


@pytest.mark.parametrize(("letter", "changes"), [("n", {}), ("log_n", {}), ("L", {"expected": "refuted"})])
def test_a_reason_without_a_neighbour_is_refused(letter, changes):
    """No exponent of n moves in Lemma 5.2, and none at all in a reading that is false already."""
    member = REGISTRY[UPPER_CLAIM]
    data = {f.name: getattr(member, f.name) for f in fields(member)}
    data |= {"unrefuted": {letter: Reason("proof", "obvious")}, **changes}
    id, measure = "somebody/lemma", data.pop("measure")
    del data["id"]
    with pytest.raises(ValueError, match=f"unrefuted has '{letter}', whose exponent no neighbour of {id} moves"):
        claim(id, **data)(measure)
    assert id not in REGISTRY
    with pytest.raises(ValueError, match="must have Reasons"):
        replace(member, unrefuted={"L": "obvious"})


def test_every_reason_of_the_papers_claims_is_that_of_a_neighbour():
    """As registration demands; and the moved exponents are those of the neighbours."""
    for member in REGISTRY.values():
        assert member.unrefuted.keys() <= member.moved.keys()
        own = {control.name for control in member.controls}
        made = [c.parameter for c in neighbours(member) if c.scaling is not None and c.name not in own]
        assert made == list(member.moved)


def test_a_change_of_an_algorithm_is_named_in_words():
    """Layers that move one after the other, a step that is too long, batches that skip an example."""
    changed = [c for member in REGISTRY.values() for c in member.controls if c.of == "algorithm"]
    assert {"layerwise", "overstepping", "skipping"} <= {control.name for control in changed}
    assert all(control.name.replace(" ", "").isalpha() for control in changed)


def test_a_logarithm_is_dropped_where_the_bound_is_weaker_for_it():
    """An upper bound that grows with one, a lower bound that falls with one; otherwise dropping it claims less."""
    upper, lower = REGISTRY[UPPER_CLAIM], REGISTRY[LOWER_CLAIM]
    for member, power, dropped in ((upper, 1, True), (upper, -1, False), (lower, 1, False), (lower, -1, True)):
        term = Scaling(m="1/2", log_nL=power)
        assert ("log_nL" in replace(member, terms=(term,)).moved) is dropped


def test_lower_bounds_have_moved_exponents_too():
    """The test above is about bounds of both directions."""
    assert any(REGISTRY[id].direction is LOWER for id, _ in shifted())
    assert any(REGISTRY[id].direction is not LOWER for id, _ in shifted())


def test_an_identity_measures_two_sides_and_a_bound_one():
    """A claim whose measurement is of the other kind would be judged by a rule that is not its own: it is refused."""
    identity, bound = REGISTRY["cao-gu-2020/B.2-split"], REGISTRY[UPPER_CLAIM]
    case = draw(bound.setting, ONE_EXAMPLE, 0, 2)
    for member, other, wanted in ((identity, bound, "Sides"), (bound, identity, "Measurement")):
        with pytest.raises(MeasurementError, match=f"it must return {wanted}, as bound='{member.bound}'"):
            evaluate(replace(member, measure=other.measure), case)
    with pytest.raises(ValueError, match="identity"):
        replace(identity, stated=2.0)


def test_what_a_batch_measures_is_the_worst_of_its_direction():
    """Of three initialisations the extreme one is the largest ratio of an upper bound and the smallest of a lower."""
    for id, extreme in ((UPPER_CLAIM, 1), (LOWER_CLAIM, 2)):
        made = Trials(Job(id, ONE_EXAMPLE, 3), ratio=[1.0, 2.0, 0.5])
        assert made.extreme() == extreme


@pytest.mark.parametrize("ascends", [True, False])
def test_a_control_that_is_tried_several_times_is_refuted_no_more_often(ascends, monkeypatch):
    """With and without ascents, at every configuration: the tries share the error rate of one control."""
    member = replace(REGISTRY[UPPER_CLAIM], attacks=("stay",), ascends=ascends)
    control = next(c for c in neighbours(member) if c.name == "constant halved")
    places = controls.hardest(member, control, 0) * 3
    monkeypatch.setattr(controls, "hardest", lambda *_: places)
    levels = []

    class Blind(controls.Evidence):
        def refutes(self, delta):
            levels.append(self.alpha)
            return False

    monkeypatch.setattr(controls, "Evidence", Blind)
    monkeypatch.setattr(controls, "MOST", controls.FIRST)
    assert judge_control(member, control, [], Options()).verdict == "survived"
    assert len(levels) == (6 if ascends else 3)
    assert_close(sum(levels), Budget().shared(len(measured_claims())).alpha)
