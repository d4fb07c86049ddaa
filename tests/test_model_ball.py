"""Balls: containment, nearest points, spheres."""

import math

import numpy as np
import pytest
import torch

from lemmata.model.ball import Ball
from lemmata.model.changes import DenseChange, LowRank, zero_change
from lemmata.model.network import Architecture, initialise
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import CAO_GU_2019_SLIDES, CAO_GU_2020, ZOU_GU_2019
from tests.assertions import assert_at_most, assert_close, assert_each_close, assert_same

NORMS = {"frobenius": lambda x: np.linalg.norm(x), "spectral": lambda x: np.linalg.svd(x, compute_uv=False)[0]}
SHAPES = [(1, 1), (1, 5), (5, 1), (3, 6), (6, 3), (5, 5)]

norms = pytest.mark.parametrize("norm", NORMS)
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)
ranks = pytest.mark.parametrize("rank", [1, 2, 5, 9])


def low_rank(shape, rank, size=1.0):
    rng = generator(stream(15, "ball", shape, rank))
    return LowRank(*(size * torch.from_numpy(rng.standard_normal((3, features, rank))) for features in shape))


def sizes(change, norm):
    """The norm of each initialisation, by numpy."""
    return torch.tensor([NORMS[norm](matrix.numpy()) for matrix in change.materialise()], dtype=torch.float64)


@norms
@shapes
@ranks
def test_the_projection_lies_in_the_ball_and_stays(norm, shape, rank):
    """Projected once a change is inside; projected twice it is where it was."""
    ball = Ball(norm, 1.0)
    (projected,) = ball.project((low_rank(shape, rank),))
    assert_at_most(sizes(projected, norm), [1.0] * 3)
    assert ball.contains((projected,)).all()
    assert_close(ball.project((projected,))[0].materialise(), projected.materialise())


@norms
@shapes
@ranks
def test_the_projection_is_the_nearest_point(norm, shape, rank):
    """<X − P, Y − P> ≤ 0 for every Y of the ball: what characterises the nearest point of a convex set."""
    change = low_rank(shape, rank)
    (projected,) = Ball(norm, 1.0).project((change,))
    away = (change.materialise() - projected.materialise()).numpy()
    rng = generator(stream(16, "points", shape, rank))
    for number in range(3):
        nearest = projected.materialise()[number].numpy()
        for _ in range(40):
            point = rng.standard_normal((shape[0], 3)) @ rng.standard_normal((3, shape[1]))
            point /= max(NORMS[norm](point), 1.0)
            assert_at_most(np.sum(away[number] * (point - nearest)), 1e-12)
        # The point of the ball that is furthest in the direction of X − P is P itself: the condition is sharp.
        values = np.linalg.svd(away[number], compute_uv=False)
        support = values.sum() if norm == "spectral" else np.linalg.norm(values)
        assert_close(1 + np.sum(away[number] * nearest), 1 + support)


@shapes
@ranks
def test_the_projection_clips_singular_values(shape, rank):
    """In the spectral ball: numpy's decomposition with the values cut at the radius."""
    change = low_rank(shape, rank)
    (projected,) = Ball("spectral", 1.0).project((change,))
    for matrix, found in zip(change.materialise().numpy(), projected.materialise(), strict=True):
        left, values, right = np.linalg.svd(matrix, full_matrices=False)
        assert_close(found, left @ np.diag(np.minimum(values, 1.0)) @ right)


@norms
@shapes
def test_points_of_the_ball_do_not_move(norm, shape):
    """A change inside the ball, or none at all, is its own projection."""
    inside = low_rank(shape, 2, size=0.01)
    still = zero_change(shape, torch.zeros(3, dtype=torch.float64))
    projected, unmoved = Ball(norm, 1.0).project((inside, still))
    assert_close(projected.materialise(), inside.materialise())
    assert_same(unmoved.materialise(), still.materialise())


@norms
def test_a_ball_of_radius_zero_holds_only_its_centre(norm):
    """Everything projects to no change, and nothing else is contained."""
    change = low_rank((4, 3), 2)
    ball = Ball(norm, 0.0)
    assert_same(ball.project((change,))[0].materialise(), torch.zeros(3, 4, 3))
    assert not ball.contains((change,)).any()
    assert ball.contains((zero_change((4, 3), torch.zeros(3, dtype=torch.float64)),)).all()


@norms
@pytest.mark.parametrize("stored", [False, True])
def test_containment_is_layer_by_layer_and_initialisation_by_initialisation(norm, stored):
    """The radius bounds each layer on its own; one layer outside puts its initialisation outside, and no other."""
    ball = Ball(norm, 2.0)
    first, second = ball.fill(low_rank((4, 3), 2)), ball.fill(low_rank((3, 4), 2))
    second = second.scaled(torch.tensor([1.0, 1.0 + 1e-9, 0.5], dtype=torch.float64))
    changes = (first, second)
    if stored:
        changes = tuple(DenseChange(change.materialise()) for change in changes)
    assert ball.contains(changes).tolist() == [True, False, True]


def test_an_undefined_change_lies_in_no_ball():
    """NaN in one initialisation puts that one outside."""
    change = low_rank((4, 3), 1, size=0.1)
    change.left[1] = math.nan
    stored = DenseChange(change.materialise())
    assert Ball("frobenius", 1.0).contains((stored,)).tolist() == [True, False, True]


@norms
@shapes
@ranks
@pytest.mark.parametrize("radius", [1e-9, 0.1, 10.0])
def test_filling_reaches_the_sphere_along_the_same_ray(norm, shape, rank, radius):
    """A filled change has the ball's radius as its norm, and the direction that it had."""
    change = low_rank(shape, rank)
    filled = Ball(norm, radius).fill(change)
    assert_each_close(sizes(filled, norm), [radius] * 3)
    ratio = sizes(filled, "frobenius") / sizes(change, "frobenius")
    assert_close(filled.materialise(), ratio[:, None, None] * change.materialise())


@norms
@pytest.mark.parametrize("radius", [0.0, 1e-9, 1.0, 10.0])
@pytest.mark.parametrize("rank", [0, 1, 3])
def test_filling_no_change_leaves_no_change(norm, radius, rank):
    """There is no direction to fill, at any radius, with or without columns."""
    nothing = LowRank(torch.zeros(2, 4, rank, dtype=torch.float64), torch.zeros(2, 3, rank, dtype=torch.float64))
    assert_same(Ball(norm, radius).fill(nothing).materialise(), torch.zeros(2, 4, 3))


@norms
def test_filling_no_change_keeps_its_factors_small(norm):
    """One factor of an input that reaches no unit is zero and the other is not: enlarged, it is no number in a norm."""
    nothing = LowRank(torch.ones(2, 4, 2, dtype=torch.float64), torch.zeros(2, 3, 2, dtype=torch.float64))
    filled = Ball(norm, 1.2).fill(nothing)
    assert_same(filled.left, torch.zeros(2, 4, 2))
    assert_same(filled.spectral(), torch.zeros(2))


@pytest.mark.parametrize("setting", [CAO_GU_2020, ZOU_GU_2019, CAO_GU_2019_SLIDES], ids=lambda setting: setting.id)
@pytest.mark.parametrize("rank", [1, 3])
def test_samples_lie_on_the_sphere_of_every_trained_layer(setting, rank):
    """Random points have the full radius in each trained layer, the shapes of the layers, and no other randomness."""
    network = initialise(setting, Architecture(3, (6, 4)), [stream(17, number) for number in range(3)])
    ball = Ball(setting.ball, 0.3)
    changes, again = (ball.sample(network, generator(stream(18)), rank) for _ in range(2))
    assert [change.materialise().shape[1:] for change in changes] == list(
        network.architecture.shapes[: network.trained]
    )
    for change, same in zip(changes, again, strict=True):
        assert change.rank == rank
        assert_each_close(sizes(change, setting.ball), [0.3] * 3)
        assert_same(change.materialise(), same.materialise())
        assert not torch.equal(change.materialise()[0], change.materialise()[1])


@pytest.mark.parametrize("radius", [-1e-9, math.nan, math.inf, -math.inf])
@norms
def test_a_radius_is_finite_and_not_negative(norm, radius):
    """Anything else is refused by name and value."""
    with pytest.raises(ValueError, match="radius="):
        Ball(norm, radius)
