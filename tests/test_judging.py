"""The judging half against faults that a judge could have: each test here falls when its fault is planted."""

import math
from dataclasses import replace

import pytest

from lemmata.audit.judge.controls import judge_control
from lemmata.audit.judge.evidence import Budget
from lemmata.audit.judge.verdicts import Finding, judge
from lemmata.audit.measure.options import Options
from lemmata.audit.measure.sweep import Trials, run
from lemmata.audit.plan.grid import Sizes
from lemmata.audit.plan.job import Job
from lemmata.audit.show.document import searched, to_json
from lemmata.claims import REGISTRY
from lemmata.claims.case import draw
from lemmata.claims.claim import Control, MeasurementError
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.direction import LOWER
from lemmata.claims.measuring.evaluation import evaluate
from lemmata.claims.measuring.neighbours import neighbours
from tests.assertions import assert_at_most
from tests.test_verdicts import WIDTHS, trials, verdict

UPPER_CLAIM, LOWER_CLAIM = "cao-gu-2020/lemma-5.2a", "cao-gu-2020/lemma-5.4"
ONE_EXAMPLE, THREE_LAYERS = Configuration(m=32, n=1), Configuration(m=32, L=3, n=1)

FAR = {"m": 1e6, "L": 1e3, "n": 1e3, "k": 1e3, "batch": 1e3, "tau": 1e-6, "phi": 1e-6, "eps": 1e-6, "delta": 0.05}
"""Sizes at the ends that bounds are about: wide, deep, many; small radii, separations and accuracies."""


def shifted() -> list[tuple[str, Control]]:
    """The controls that move an exponent of a claim's bound, with the claim's id."""
    judged = (claim for claim in REGISTRY.values() if claim.judged == "growth")
    return [(c.id, control) for c in judged for control in neighbours(c) if control.scaling is not None]


@pytest.mark.parametrize("by", [0.1, -0.1])
def test_a_tenth_of_an_exponent_refutes_and_a_fortieth_does_not(by):
    """The resolution is a twentieth: an upper bound falls when the ratio grows, a lower one when it shrinks."""
    id = UPPER_CLAIM if by > 0 else LOWER_CLAIM
    assert verdict(lambda m: m**by, "m", WIDTHS, id).verdict == "refuted"
    assert verdict(lambda m: m ** (by / 4), "m", WIDTHS, id).verdict == "supported"
    assert verdict(lambda m: m ** (-3 * by), "m", WIDTHS, id).verdict == "supported"


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
    """One per initialisation, no less than the attack there, and the document shows it."""
    made = run(Job(UPPER_CLAIM, ONE_EXAMPLE, 3))
    assert len(made.certificate) == 3
    assert_at_most(made.ratio, made.certificate)
    document = to_json([judge(REGISTRY[UPPER_CLAIM], [made], Budget())], Sizes(), Options())
    assert document["claims"][UPPER_CLAIM]["constant"]["configurations"][0]["certificate"] is not None


@pytest.mark.parametrize(("id", "name"), [(UPPER_CLAIM, "m -1/6"), (LOWER_CLAIM, "m +1/6")])
@pytest.mark.parametrize(("loose", "outcome"), [(0.0, "refuted"), (-0.5, "survived")])
def test_a_moved_exponent_is_refuted_where_the_bound_is_tight_and_not_where_it_is_loose(id, name, loose, outcome):
    """A ratio that stays constant outgrows the next stronger bound; one with half an exponent to spare does not."""
    claim = REGISTRY[id]
    control = replace(next(c for c in neighbours(claim) if c.name == name), true="")
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
    control = replace(next(c for c in neighbours(claim) if c.name == name), true="")
    line = [trials(Configuration(n=1, m=m), 1.0, id) for m in WIDTHS]
    for item in line:
        item.ratio[:] = [1.0] * len(item.ratio)
    line[0].ratio[3], line[-1].ratio[5] = 0.95, 1.1
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


def test_lower_bounds_have_moved_exponents_too():
    """The test above is about bounds of both directions."""
    assert any(REGISTRY[id].direction is LOWER for id, _ in shifted())
    assert any(REGISTRY[id].direction is not LOWER for id, _ in shifted())


def test_an_identity_measures_two_sides_and_a_bound_one():
    """A claim whose measurement is of the other kind would be judged by a rule that is not its own: it is refused."""
    identity, bound = REGISTRY["cao-gu-2020/B.2-split"], REGISTRY[UPPER_CLAIM]
    case = draw(bound.setting, ONE_EXAMPLE, 0, 2)
    for claim, other, wanted in ((identity, bound, "Sides"), (bound, identity, "Measurement")):
        with pytest.raises(MeasurementError, match=f"it must return {wanted}, as bound='{claim.bound}'"):
            evaluate(replace(claim, measure=other.measure), case)
    with pytest.raises(ValueError, match="identity"):
        replace(identity, stated=2.0)


def test_what_a_batch_measures_is_the_worst_of_its_direction():
    """Of three initialisations the extreme one is the largest ratio of an upper bound and the smallest of a lower."""
    for id, extreme in ((UPPER_CLAIM, 1), (LOWER_CLAIM, 2)):
        made = Trials(Job(id, ONE_EXAMPLE, 3), ratio=[1.0, 2.0, 0.5])
        assert made.extreme() == extreme
