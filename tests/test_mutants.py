"""Runs can fail: other algorithms than the papers' own are run, and the claims about training fall under them."""

import itertools
from dataclasses import replace

import pytest
import torch

from lemmata.audit.commands.show import _fields
from lemmata.audit.judge.evidence import Budget
from lemmata.audit.judge.verdicts import judge
from lemmata.audit.measure.sweep import run
from lemmata.audit.plan.job import Job
from lemmata.audit.show.claim_page import measured_on, page
from lemmata.claims import REGISTRY
from lemmata.claims.cao_gu_2019_slides.one_pass import error_of_the_drawn, errors_of_the_iterates
from lemmata.claims.case import draw
from lemmata.claims.claim import Reason
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.domain import Domain
from lemmata.claims.measuring.mutants import DESCENT, mutants
from lemmata.claims.measuring.neighbours import neighbour
from lemmata.claims.zou_gu_2019.kernel_regime import SMALL, WHOLE
from lemmata.model.data import LABELLED, generate
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import CAO_GU_2019_SLIDES, CAO_GU_2020
from lemmata.model.training import Algorithm, follow, stochastic_gradient_descent
from tests.assertions import assert_close, assert_mean

UNTRAINED = {"cao-gu-2019-slides/width-free": "both quantities are of W⁽⁰⁾"}
"""Of kind RUN, though nothing is run."""

TRAINED = [
    member
    for member in REGISTRY.values()
    if member.kind == "RUN" and member.reading == "meant" and member.id not in UNTRAINED
]


def case(setting=CAO_GU_2020, **sizes):
    return draw(setting, Configuration(**{"m": 16, "n": 4, "data": "scattered", "d": 2, "phi": 0.3, **sizes}), 0, 2)


def losses(algorithm: Algorithm, steps: int = 3) -> torch.Tensor:
    drawn = case()
    return follow(
        drawn.initial, drawn.inputs, drawn.labels, step_size=0.1 / 16, steps=steps, algorithm=algorithm
    ).losses


@pytest.mark.parametrize("member", TRAINED, ids=str)
def test_a_claim_about_training_is_tried_on_every_other_descent(member):
    """Those that it cannot see say why; one that sees neither an idle run nor one that climbs decides nothing."""
    own = {control.name: control for control in member.controls if control.of == "algorithm"}
    assert DESCENT.keys() <= own.keys()
    assert member.expected == "vacuous" or any(own[name].unrefuted is None for name in ("idle", "ascending"))


def test_what_runs_that_do_not_train_satisfy_has_no_verdict():
    """A statement that has a reason for both is vacuous, at sizes where it would be supported."""
    member = REGISTRY["cao-gu-2020/eq-5.6"]
    why = Reason("proof", "why")
    blind = replace(member, controls=mutants(at={}, domain=Domain(), unseen={"idle": why, "ascending": why}))
    seeing = replace(member, controls=mutants(at={}, domain=Domain(), unseen={"idle": why}))
    measured = [run(Job(member.id, Configuration(m=256, n=4, d=2, data="xor", tau=1e-4), 4))]
    verdicts = [judge(claim, measured, Budget()).verdict for claim in (blind, seeing, member)]
    assert verdicts == ["vacuous", "supported", "supported"]


def test_an_idle_run_stays_and_an_ascending_one_climbs():
    """The losses are constant, and grow."""
    idle, climbing, prescribed = losses(Algorithm(pace=0.0)), losses(Algorithm(pace=-1.0)), losses(Algorithm())
    assert_close(idle, idle[:, :1].expand_as(idle))
    assert (climbing.diff() > 0).all()
    assert (prescribed.diff() < 0).all()


def test_steps_are_as_long_as_the_pace_says():
    """The pace multiplies η in the steps, and not in what is kept of it: that is the prescribed one."""
    drawn = case()
    slow = follow(drawn.initial, drawn.inputs, drawn.labels, step_size=1e-3, steps=2, algorithm=Algorithm(pace=0.1))
    assert_close(slow.losses, follow(drawn.initial, drawn.inputs, drawn.labels, step_size=1e-4, steps=2).losses)
    assert slow.step_size == 1e-3


def test_the_same_batch_is_the_first_one_at_every_step():
    """As a run on that example alone."""
    drawn = case()
    runs = [
        stochastic_gradient_descent(
            drawn.initial, drawn.inputs, drawn.labels, step_size=0.1, batches=batches, **options
        )
        for batches, options in (([[2], [0], [1]], {"algorithm": Algorithm(same_batch=True)}), ([[2], [2], [2]], {}))
    ]
    for one, other in zip(*runs, strict=True):
        assert_close(one.trace.outputs, other.trace.outputs)


def test_the_last_iterate_replaces_the_one_that_is_drawn():
    """Its error, and not the mean over all of them."""
    drawn = case(CAO_GU_2019_SLIDES, L=2, n=6)
    errors = errors_of_the_iterates(drawn, 0.1)
    assert_close(error_of_the_drawn(drawn, 0.1), errors.mean(-1))
    assert_close(error_of_the_drawn(drawn.trained_by(Algorithm(last=True)), 0.1), errors[:, -1])


def test_a_test_on_the_sample_has_no_fresh_examples():
    """They are the sample; the case itself keeps its own."""
    drawn = case()
    assert drawn.trained_by(Algorithm(seen=True)).fresh(100) is drawn.data
    assert len(drawn.fresh(100).inputs) == 100


def test_a_neighbour_of_the_algorithm_measures_the_claim_on_another_run():
    """The same function, at a case that is trained otherwise."""
    member = REGISTRY["cao-gu-2020/eq-5.6"]
    idle = next(control for control in member.controls if control.name == "idle")
    drawn = draw(member.setting, Configuration(m=16, n=4, data="xor", d=2), 0, 2)
    assert (neighbour(member, idle).measure(drawn).lhs == 0).all()
    assert (member.measure(drawn).lhs > 0).all()


def test_a_reason_belongs_to_a_mutant():
    """One for a mutant that is not made is refused."""
    with pytest.raises(ValueError, match="same batch"):
        mutants(at={}, domain=Domain(), unseen={"same batch": Reason("proof", "why")})


def test_scattered_corners_are_drawn_and_not_in_turn():
    """Independent points: half of the labels are +1, and both labels follow one another as often as they change."""
    data = generate("scattered", n=4000, d=2, setting=CAO_GU_2020, rng=generator(stream(3)), phi=0.3)
    positive = (data.labels[:, 0] > 0).double()
    assert_mean(positive, 0.5)
    assert_mean((data.labels[1:, 0] == data.labels[:-1, 0]).double(), 0.5)
    corner = torch.where(data.inputs[:, :1].abs() > data.inputs[:, 1:].abs(), 1.0, -1.0)
    assert (corner == data.labels).all()
    assert len({tuple(row) for row in itertools.islice(data.inputs.tolist(), 50)}) == 50


@pytest.mark.parametrize("member", TRAINED, ids=str)
def test_what_a_run_is_measured_on_is_shown(member):
    """The data in words, and their labels where the data do not have their own."""
    shown = _fields(page(member))["measured on"]
    assert shown == measured_on(member)
    assert shown
    assert all(line.partition(": ")[2] for line in shown)
    own = all(line.partition(":")[0] in LABELLED for line in shown)
    assert own or shown[-1].startswith("labels: ")


@pytest.mark.parametrize("member", TRAINED, ids=str)
def test_the_size_of_the_residuals_is_said(member):
    """Of every run with the square loss: small ones, or those of the labels."""
    if member.setting.loss == "square":
        assert member.notes.startswith((SMALL, WHOLE))
