"""Gradients in ΔW in factors, and patterns with a derivative: against automatic differentiation of whole matrices."""

from dataclasses import replace

import pytest
import torch

from lemmata.claims import REGISTRY
from lemmata.claims.case import Recipe, draw
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.measuring.ascent import ascend
from lemmata.claims.measuring.evaluation import evaluate
from lemmata.model.attacks import Pair
from lemmata.model.changes import DenseChange, LowRank
from lemmata.model.difference import Difference
from lemmata.model.network import Architecture, initialise
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import CAO_GU_2020
from lemmata.model.trace import Trace, smoothed
from lemmata.model.watched import Watched, gradients
from tests.assertions import assert_at_most, assert_close, assert_resolved, assert_same, assert_vector_close

WIDTHS = (8, 6)


def network(count=2):
    """`count` small networks of two hidden layers."""
    return initialise(CAO_GU_2020, Architecture(5, WIDTHS), [stream(0, "watched", s) for s in range(count)])


def change(shape, rank, seed):
    """A small random change of a layer of the shape, for two initialisations."""
    rng = generator(stream(seed, "change"))
    left, right = (torch.from_numpy(rng.standard_normal((2, size, rank))) * 0.1 for size in shape)
    return LowRank(left, right)


def inputs():
    """Three inputs."""
    return torch.from_numpy(generator(stream(1)).standard_normal((3, 5)))


SHAPES = ((8, 5), (6, 8))


@pytest.mark.parametrize("rank", [0, 2])
def test_gradients_in_factors_are_those_of_whole_matrices(rank):
    """Of gradient norms, of outputs and of a linearisation error, in W̃ and in the step."""
    start, x = network(), inputs()
    lows = [change(shape, rank, seed) for seed, shape in enumerate((*SHAPES, *SHAPES))]

    def objective(changes):
        base = Trace(start.moved(tuple(changes[:2])), x)
        moved = Trace(base.network.moved(tuple(changes[2:])), x)
        error = Difference(base, tuple(changes[2:])).linearisation_error
        return moved.gradient_norms().sum((1, 2, 3)) + (moved.outputs * error).sum((1, 2)) + base.outputs.sum((1, 2))

    watched = [Watched(low) for low in lows]
    found = gradients(objective(watched), watched)
    weights = [low.materialise().requires_grad_() for low in lows]
    expected = torch.autograd.grad(objective([DenseChange(weight) for weight in weights]).sum(), weights)
    for one, other in zip(found, expected, strict=True):
        assert_vector_close(one.materialise(), other)


@pytest.mark.parametrize("norm", ["frobenius", "spectral"])
def test_norms_have_their_derivatives(norm):
    """‖ΔW‖ as it is, with the derivative that automatic differentiation finds."""
    low = change((8, 5), 2, 0)
    watched = Watched(low)
    value = getattr(watched, norm)()
    assert_close(value.detach(), getattr(low, norm)())
    (found,) = gradients(value, [watched])
    weight = low.materialise().requires_grad_()
    order = 2 if norm == "spectral" else "fro"
    (expected,) = torch.autograd.grad(torch.linalg.matrix_norm(weight, order).sum(), [weight])
    assert_vector_close(found.materialise(), expected)


def test_what_is_not_asked_of_has_no_gradient():
    """Rank 0, and no error where the objective does not depend on any change."""
    watched = [Watched(change(shape, 1, 3)) for shape in SHAPES]
    watched[0].apply(inputs().expand(2, -1, -1))
    assert [slope.rank for slope in gradients(torch.ones(2), watched)] == [0, 0]


def test_smoothing_leaves_every_number_as_it_is():
    """Forward and backward pass, and a difference with its flips."""
    start, x = network(), inputs()
    moved = tuple(change(shape, 2, 5) for shape in SHAPES)
    plain, soft = (Trace(net.moved(moved), x) for net in (start, replace(start, smoothing=0.3)))
    assert_same(plain.gradient_norms(), soft.gradient_norms())
    for one, other in zip(Difference(plain, moved).flips, Difference(soft, moved).flips, strict=True):
        assert_same(one, other)


def test_a_smoothed_pattern_has_the_slope_of_its_ramp():
    """A triangle of area 1 around the kink, nothing beyond the width."""
    z = torch.tensor([[[-1.5, -0.5, 0.0, 0.5, 1.5]]], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(smoothed(z, torch.ones_like(z), 1.0).sum(), [z])
    assert_same(slope, torch.tensor([[[0.0, 0.5, 1.0, 0.5, 0.0]]], dtype=torch.float64))


@pytest.mark.parametrize(
    ("id", "attack"),
    [
        ("lemma-B.1-iii", "push-features"),
        ("lemma-5.2a", "along-gradient"),
        ("lemma-5.1b", "stay"),
        ("lemma-5.4", "random"),
    ],
)
def test_what_an_ascent_finds_is_what_stored_weights_show(id, attack):
    """No factors that cancel: with both changes stored whole the ratio is the same."""
    claim = REGISTRY[f"cao-gu-2020/{id}"]
    case = draw(claim.setting, replace(Configuration(m=32, L=2, n=1, tau=0.01), **claim.domain.first), 0, 4)
    found = ascend(claim, case.attacked(Recipe(attack, 2)), steps=40)
    whole = [tuple(DenseChange(change.materialise()) for change in changes) for changes in found.pair]
    assert_resolved(evaluate(claim, found).ratio, evaluate(claim, found.at_pair(Pair(*whole))).ratio)
    for change in (*found.pair.tilde, *found.pair.step):
        low = change.factors()
        terms = torch.linalg.matrix_norm(low.left) * torch.linalg.matrix_norm(low.right)
        assert_at_most(terms[low.frobenius() > 0], 1e3 * low.frobenius()[low.frobenius() > 0])


def test_a_change_of_size_zero_has_no_slope_whatever_its_factors():
    """Its norm has no derivative there; a factor that is not 0 would make one that is no number."""
    nothing = LowRank(torch.ones(1, 4, 2, dtype=torch.float64), torch.zeros(1, 3, 2, dtype=torch.float64))
    watched = Watched(nothing)
    [slope] = gradients(watched.frobenius(), [watched])
    assert_same(slope.left, torch.zeros(1, 4, 2))
