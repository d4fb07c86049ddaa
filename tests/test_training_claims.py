"""Runs that Theorem 4.7 is about, against what is known of them: XOR, small B, labels without a pattern."""

import itertools
import math

import pytest
import torch

from lemmata.claims.cao_gu_2020.learned_distributions import fair_labels_cannot_be_learned
from lemmata.claims.cao_gu_2020.prescribed_runs import (
    decreases,
    descend,
    descend_on,
    descend_to,
    dominance,
    dominance_within,
    step_size,
)
from lemmata.claims.case import draw
from lemmata.claims.claim import MeasurementError
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.measuring.evaluation import evaluate
from lemmata.claims.registry import REGISTRY
from lemmata.model.data import generate
from lemmata.model.kernels import last_layer_kernel
from lemmata.model.margins import hard_margin
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import CAO_GU_2020
from tests.assertions import assert_at_most, assert_close, assert_each_close, assert_limit

ON_XOR = {"data": "xor", "d": 2, "n": 4}


def case(initialisations=4, **sizes):
    return draw(CAO_GU_2020, Configuration(**{**ON_XOR, **sizes}), 0, initialisations)


@pytest.mark.parametrize(("depth", "ratio"), [(1, 1), (2, 1), (2, 4), (3, 2)])
def test_of_one_example_b_tends_to_its_limit(depth, ratio):
    """Where the last layer is the wide one, B over the root of the smallest width tends to more."""
    sizes = Configuration(m=1024, L=depth, n=1, ratio=ratio)
    limit = REGISTRY["cao-gu-2020/B-bounded"].limit(sizes)
    assert_limit(float(dominance(draw(CAO_GU_2020, sizes, 0, 16)).mean()), limit)


def test_no_slopes_of_the_examples_give_a_smaller_gradient():
    """B is the least ‖Σ a_i y_i ∇_{W_L} f(x_i)‖_F / (√m Σ a_i) over weights a on a grid, up to its mesh."""
    networks = case(m=64, L=2)
    trace = networks.at_initial
    grid = [a for a in itertools.product(range(13), repeat=4) if sum(a) == 12]
    norms = []
    for a in grid:
        slopes = networks.labels * torch.tensor(a, dtype=torch.float64)[:, None] / 12
        norms.append(trace.batch_gradient_norms(slopes)[:, -1] / math.sqrt(64))
    least = torch.stack(norms).amin(0)
    assert_at_most(dominance(networks), least)
    assert_at_most(least, 1.02 * dominance(networks))


def test_the_step_size_is_the_theorems():
    """η = pace · L⁻³ B² m⁻¹."""
    networks = case(m=64, L=2)
    assert_each_close(step_size(networks, 3.0), 3.0 * dominance(networks).square() / (8 * 64))


STEPWISE = ("eq-5.6", "thm-4.7-gradient-from-decrease", "thm-4.7-trajectory", "thm-4.7-telescoping")


@pytest.mark.parametrize("id", STEPWISE)
def test_of_steps_that_rounding_hides_nothing_is_said(id):
    """With 64 narrow layers B is below 1e-7, or 0: both sides are 0. With one every decrease is told as it is."""
    claim = REGISTRY[f"cao-gu-2020/{id}"]
    deep = case(8, m=16, L=64)
    assert bool((dominance(deep) == 0).any())
    assert bool((step_size(deep) > 0).all())
    sizes = {"n": 1, "data": "sphere", "d": 3} if id.endswith("telescoping") else {}
    wide = evaluate(claim, case(8, m=64, L=1, **sizes))
    assert bool((wide.lhs > 0).all())
    assert not wide.violates(claim, claim.stated).any()
    if not sizes:
        found = evaluate(claim, deep)
        assert (found.lhs.tolist(), found.rhs.tolist()) == ([0.0] * 8, [0.0] * 8)
        assert not found.violates(claim, claim.stated).any()


def test_a_least_b_that_rounding_leaves_is_below_the_largest():
    """In single precision of deep layers both bracket what double precision gives; in double they are one number."""
    wide = case(8, m=64, L=2)
    low, high = dominance_within(wide.at_initial, wide.labels)
    assert_each_close(low, dominance(wide))
    assert_each_close(high, dominance(wide))
    single = draw(CAO_GU_2020, Configuration(**ON_XOR, m=16, L=24), 0, 8, dtype=torch.float32)
    low, high = dominance_within(single.at_initial, single.labels)
    exact = dominance(case(8, m=16, L=24))
    assert bool(((low <= exact) & (exact <= high)).all())


@pytest.mark.parametrize(("L", "time", "distance"), [(1, 73, 5.3), (2, 52, 4.4), (3, 38, 3.0)])
def test_xor_is_learned_in_the_time_and_distance_of_the_kernel_regime(L, time, distance):
    """η m k until E_S ≤ 0.1, and √m times the largest distance, for a median network, around known runs."""
    networks = case(m=256, L=L, eps=0.1, initialisations=5)
    run, taken = descend_to(networks)
    flow = (step_size(networks) * 256 * (taken - 1)).median()
    farthest = (run.distances.amax((1, 2)) * 16).median()
    assert 0.8 * time < flow < 1.2 * time
    assert 0.7 * distance < farthest < 1.5 * distance


def test_a_run_to_epsilon_stops_at_the_first_iterate_that_is_there():
    """And is the run of so many steps."""
    networks = case(m=64, eps=0.2)
    run, taken = descend_to(networks)
    assert run.steps == taken.max() - 1
    for number, count in enumerate(taken.int().tolist()):
        assert run.errors[number, count - 1] <= 0.2
        assert (run.errors[number, : count - 1] > 0.2).all()
    short = descend(networks, run.steps)
    assert_close(short.losses, run.losses)
    assert_close(decreases(run).sum(1), run.losses[:, 0] - run.losses[:, -1])


def test_dominance_of_random_labels_decreases_with_their_number():
    """E B² ≤ 1/(2n) at infinite width, and B √n falls: the sample term of Corollary 4.9 is at least √2 L²/ε."""
    scaled = []
    for n in (8, 16, 32, 64):
        draws = [
            generate("sphere", n=n, d=10, setting=CAO_GU_2020, rng=generator(stream(number, "labels", n)))
            for number in range(12)
        ]
        squares = [n * hard_margin(last_layer_kernel(data.inputs, 1), data.labels).square() for data in draws]
        scaled.append(float(torch.stack(squares).mean()))
    assert max(scaled) < 1 / 2
    assert scaled == sorted(scaled, reverse=True)


def test_one_input_with_both_labels_has_no_dominance():
    """B = 0: weights may cancel."""
    inputs = torch.eye(3, dtype=torch.float64)[[0, 0, 1]]
    labels = torch.tensor([[1.0], [-1.0], [1.0]], dtype=torch.float64)
    assert hard_margin(last_layer_kernel(inputs, 2), labels) < 1e-8


def test_fair_labels_average_to_one_half_over_all_labellings():
    """The floor, example by example, is that of the mean error over all 2^n sign vectors."""
    networks = case(m=64)
    f = networks.at_initial.outputs[..., 0]
    signs = torch.tensor(list(itertools.product((1.0, -1.0), repeat=4)), dtype=torch.float64)
    errors = (signs[:, None] * f < 0).double().mean((0, 2)) + (f == 0).double().mean(-1) / 2
    assert_close(errors, torch.full_like(errors, 0.5))
    assert (fair_labels_cannot_be_learned.measure(networks).gap == 0).all()


def test_a_run_that_nobody_waits_for_is_not_begun():
    """K grows like B⁻⁴, and B of a deep narrow network is next to nothing: an error that says how many, at once."""
    networks = draw(CAO_GU_2020, Configuration(m=16, L=64, n=2, d=2, data="xor"), 0, 2)
    with pytest.raises(MeasurementError, match=r"K = .* iterations; 100,000 can be run"):
        descend_on(networks)


def test_algorithm_1_gives_back_the_best_iterate_before_k():
    """Of K = (η m B² ε²)⁻¹ of them, the one at K left out; the worst is where the run began."""
    member = REGISTRY["cao-gu-2020/thm-4.7-output"]
    sizes = Configuration(**{**member.start, "m": 64, "n": 2})
    networks = draw(CAO_GU_2020, sizes, 0, 3)
    run, last = descend_on(networks)
    errors = [run.errors[number, : int(k)] for number, k in enumerate(last)]
    assert_close(member.measure(networks).lhs, torch.stack([each.amin() for each in errors]))
    worst = next(control for control in member.controls if control.name == "the worst of the iterates")
    assert_close(worst.measure(networks).lhs, torch.stack([each.amax() for each in errors]))
