"""Factored changes against the dense matrices that they stand for."""

import pytest
import torch

from lemmata.model.changes import DenseChange, LowRank, add, distance, distances, zero_change
from lemmata.model.columns import ROOM
from lemmata.model.deferred import DeferredMatrix
from lemmata.model.gaussian import DenseMatrix
from lemmata.model.randomness import generator, stream
from lemmata.model.spanned import Spanned
from tests.assertions import assert_close, assert_each_close, assert_same
from tests.reference import dense_change

SHAPES = [(1, 1), (1, 5), (5, 1), (3, 6), (6, 3), (5, 5)]
RANKS = [0, 1, 2, 5, 9]

shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)
ranks = pytest.mark.parametrize("rank", RANKS)
forms = pytest.mark.parametrize("form", ["factored", "stored", "spanned"])


def normal(*shape):
    return torch.from_numpy(generator(stream(12, "changes", shape)).standard_normal(shape))


def low_rank(shape, rank, name="change"):
    rng = generator(stream(13, name, shape, rank))
    return LowRank(*(torch.from_numpy(rng.standard_normal((3, size, rank))) for size in shape))


def whole(change):
    """(3, out, in), summed from outer products."""
    return torch.stack([dense_change(change, number) for number in range(3)])


@shapes
@ranks
def test_products_and_norms_are_those_of_the_dense_matrix(shape, rank):
    """ΔW x, ΔWᵀ b, ‖ΔW‖_F, ‖ΔW‖_2 and the matrix itself, for every initialisation, at rank 0 and beyond full."""
    change = low_rank(shape, rank)
    matrix, x, b = whole(change), normal(3, 4, shape[1]), normal(3, 4, shape[0])
    assert change.rank == rank
    assert_close(change.materialise(), matrix)
    for number in range(3):
        assert_close(change.apply(x)[number], (matrix[number] @ x[number].T).T)
        assert_close(change.apply_transposed(b)[number], (matrix[number].T @ b[number].T).T)
    assert_each_close(change.frobenius(), matrix.square().sum((1, 2)).sqrt())
    assert_each_close(change.spectral(), torch.linalg.svdvals(matrix)[:, 0])


def held(form, factored):
    """The same change in each form."""
    if form == "spanned":
        seeds = [stream(14, number) for number in range(3)]
        matrix = DeferredMatrix(seeds, (factored.left.shape[1], factored.right.shape[1]), 1.0, factored.left)
        matrix.apply(factored.right.mT)
        matrix.apply_transposed(factored.left.mT)
        return Spanned.nothing(matrix).stepped(factored, compact=True)
    return DenseChange(whole(factored)) if form == "stored" else factored


@shapes
@forms
def test_every_form_has_the_same_interface(shape, form):
    """Products, those with the changed matrix, norms, multiples and factors of a change, however it is held."""
    factored = low_rank(shape, 2)
    change, matrix, weight = held(form, factored), whole(factored), normal(3, *shape)
    x, b, changed = normal(3, 4, shape[1]), normal(3, 4, shape[0]), DenseMatrix(weight)
    assert not change.still
    assert_close(change.materialise(), matrix)
    assert_close(change.apply(x), x @ matrix.mT)
    assert_close(change.apply_transposed(b), b @ matrix)
    assert_close(change.moved_apply(changed, x), x @ (weight + matrix).mT)
    assert_close(change.moved_apply_transposed(changed, b), b @ (weight + matrix))
    assert_close(change.moved_apply(changed, x[:, :1]), x[:, :1] @ (weight + matrix).mT)
    assert_each_close(change.frobenius(), matrix.square().sum((1, 2)).sqrt())
    assert_each_close(change.spectral(), torch.linalg.svdvals(matrix)[:, 0])
    assert_close(change.factors().left @ change.factors().right.mT, matrix)
    factors = torch.tensor([2.0, 0.0, -1.0], dtype=torch.float64)
    assert_close(change.scaled(-2.5).materialise(), -2.5 * matrix)
    assert_close(change.scaled(factors).materialise(), factors[:, None, None] * matrix)


@shapes
@forms
@pytest.mark.parametrize("other", ["factored", "stored", "spanned"])
def test_forms_add_up(shape, form, other):
    """The sum of any two forms is the matrices' sum."""
    one, two = low_rank(shape, 2), low_rank(shape, 1, "other")
    change, expected = held(form, one), 1 + whole(one) + whole(two)
    assert_close(1 + change.plus(held(other, two)).materialise(), expected)
    (total,) = add((change,), (held(other, two),))
    assert_close(1 + total.materialise(), expected)


@shapes
@ranks
def test_scaling_multiplies_the_matrix(shape, rank):
    """By one factor, or by one for each initialisation; negative and zero included."""
    change = low_rank(shape, rank)
    assert_close(change.scaled(-2.5).materialise(), -2.5 * whole(change))
    factors = torch.tensor([2.0, 0.0, -1.0], dtype=torch.float64)
    assert_close(change.scaled(factors).materialise(), factors[:, None, None] * whole(change))


@shapes
@ranks
@pytest.mark.parametrize("other_rank", [0, 1, 4])
def test_sums_are_sums_of_matrices(shape, rank, other_rank):
    """The sum has the matrices' sum, and never more columns than the matrix has rows or columns, however often."""
    one, other = low_rank(shape, rank), low_rank(shape, other_rank, "other")
    total, expected = one, whole(one)
    for _ in range(4):
        total, expected = total.plus(other), expected + whole(other)
        assert total.rank <= max(min(shape), rank)
        assert_close(1 + total.materialise(), 1 + expected)


@shapes
@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize("start", ["none", "factored", "stored"])
def test_accumulated_steps_are_their_sum(shape, start, compact):
    """After many steps, past every doubling; the sums before stay what they were, and none outgrows the matrix."""
    first = {
        "none": zero_change(shape, torch.zeros(3, dtype=torch.float64)),
        "factored": low_rank(shape, 2),
        "stored": DenseChange(whole(low_rank(shape, 2))),
    }[start]
    total, expected = first, first.materialise()
    sums = [(total, expected)]
    for step in range(80):
        change = low_rank(shape, 1 + step % 2, str(step))
        total = total.stepped(change, compact=compact)
        expected = expected + whole(change)
        sums.append((total, expected))
        if isinstance(total, LowRank):
            assert total.rank <= max(min(shape), 2)
    for seen, wanted in sums:
        assert_close(1 + seen.materialise(), 1 + wanted)
    assert isinstance(sums[-1][0], DenseChange) == (compact or start == "stored")


def test_wide_steps_share_one_buffer():
    """A step of a wide matrix writes its own columns and copies none of the others, until the buffer is full."""
    total = zero_change((300, 200), torch.zeros(3, dtype=torch.float64))
    places = set()
    for step in range(ROOM):
        total = total.stepped(low_rank((300, 200), 1, str(step)), compact=False)
        places.add((total.left.data_ptr(), total.right.data_ptr()))
    assert len(places) == 1


def test_a_sum_may_go_on_twice():
    """Steps from one and the same sum leave each other's sums as they are, though they share its buffers."""
    first, *steps = (low_rank((30, 20), 1, str(step)) for step in range(3))
    start = zero_change((30, 20), first.left).stepped(first, compact=False)
    sums = [start.stepped(step, compact=False) for step in steps]
    for total, step in zip(sums, steps, strict=True):
        assert_close(total.materialise(), whole(first) + whole(step))


@pytest.mark.parametrize("compact", [False, True])
def test_steps_with_the_same_inputs_need_no_more_columns(compact):
    """A first layer's steps share their right factor, and so does their sum; another one is added beside it."""
    steps = [low_rank((30, 20), 2, str(step)) for step in range(5)]
    alike = [LowRank(step.left, steps[0].right) for step in steps]
    total = zero_change((30, 20), torch.zeros(3, dtype=torch.float64))
    expected = total.materialise()
    for step in alike:
        total = total.stepped(step, compact=compact)
        expected = expected + whole(step)
        assert total.rank == 2
        assert_close(total.materialise(), expected)
    total = total.stepped(steps[1], compact=compact)
    assert total.rank == 4
    assert_close(total.materialise(), expected + whole(steps[1]))


@shapes
@ranks
def test_compression_keeps_the_matrix(shape, rank):
    """min(out, in) columns, and the same matrix."""
    change = low_rank(shape, rank)
    compressed = change.compressed()
    assert compressed.rank == min(shape)
    assert_close(compressed.materialise(), whole(change))
    assert_each_close(compressed.frobenius(), change.frobenius())


@shapes
def test_no_change_is_zero(shape):
    """Rank 0, norms 0, products 0, with an entry per initialisation, and neutral for sums."""
    still = zero_change(shape, torch.zeros(3, dtype=torch.float64))
    assert still.rank == 0
    assert_same(still.frobenius(), torch.zeros(3))
    assert_same(still.spectral(), torch.zeros(3))
    assert_same(still.materialise(), torch.zeros(3, *shape))
    assert_same(still.apply(normal(3, 4, shape[1])), torch.zeros(3, 4, shape[0]))
    change = low_rank(shape, 1)
    for (total,) in (add((still,), (change,)), add((change,), (still,))):
        assert_same(total.materialise(), change.materialise())


def test_distances_stand_by_layer():
    """(S, layers), in the ball's norm."""
    changes = [low_rank((4, 3), 2), low_rank((5, 4), 2), DenseChange(whole(low_rank((2, 5), 2)))]
    frobenius, spectral = distances(changes, "frobenius"), distances(changes, "spectral")
    assert frobenius.shape == spectral.shape == (3, 3)
    for layer, change in enumerate(changes):
        matrix = change.materialise()
        assert_each_close(frobenius[:, layer], torch.linalg.matrix_norm(matrix))
        assert_each_close(spectral[:, layer], torch.linalg.svdvals(matrix)[:, 0])
        assert_same(distance(change, "frobenius"), frobenius[:, layer])
        assert_same(distance(change, "spectral"), spectral[:, layer])


def test_a_sum_with_a_dense_change_is_dense():
    """It replaces no change, is added entry by entry to any other, and lists of different lengths are refused."""
    still, factored = zero_change((4, 3), torch.zeros(3, dtype=torch.float64)), low_rank((4, 3), 1)
    stored = DenseChange(whole(factored))
    assert add((still,), (stored,)) == (stored,)
    for first, second in ((factored, stored), (stored, factored), (stored, stored)):
        (total,) = add((first,), (second,))
        assert isinstance(total, DenseChange)
        assert_close(total.materialise(), 2 * whole(factored))
    with pytest.raises(ValueError, match="zip"):
        add((still,), (still, still))


def test_either_change_can_be_taken_per_initialisation():
    """The other where taken, this one elsewhere, whatever their numbers of columns."""
    one, other = low_rank((4, 3), 1), low_rank((4, 3), 2)
    take = torch.tensor([True, False, True])
    for a, b in ((one, other), (other, one)):
        assert_same(a.where(take, b).materialise()[take], whole(b)[take])
        assert_same(a.where(take, b).materialise()[~take], whole(a)[~take])
