"""Leading singular triples against numpy's dense decomposition."""

import numpy as np
import pytest
import torch

from lemmata.model.randomness import generator, stream
from lemmata.model.spectra import top_singular
from tests.assertions import assert_each_close, assert_vector_close

SHAPES = [
    (1, 1),
    (1, 7),
    (7, 1),
    (2, 3),
    (3, 2),
    (4, 6),
    (6, 4),
    (5, 5),
    (1, 50),
    (3, 50),
    (50, 3),
    (20, 40),
    (40, 20),
    (60, 60),
]
LARGE = [(200, 200), (170, 400), (400, 170), (161, 161), (160, 161), (161, 160)]


def normal(*shape):
    return torch.from_numpy(generator(stream(11, "spectra", shape)).standard_normal(shape))


def leading(matrices):
    """The triple of (S, copies, out, in), each matrix met through products only."""
    copies, rows, columns = matrices.shape[1:]
    return top_singular(
        lambda x: (matrices @ x[..., None])[..., 0],
        lambda b: (matrices.mT @ b[..., None])[..., 0],
        (rows, columns),
        matrices[:, 0, 0, 0],
        copies=copies,
    )


def assert_leading(found, matrices):
    """Values are numpy's largest; vectors have unit length, attain them, and solve the singular equations."""
    values = torch.from_numpy(np.linalg.svd(matrices.numpy(), compute_uv=False)[..., 0])
    assert_each_close(found.value, values)
    assert_each_close(torch.linalg.vector_norm(found.left, dim=-1), torch.ones_like(values))
    assert_each_close(torch.linalg.vector_norm(found.right, dim=-1), torch.ones_like(values))
    assert_each_close(torch.einsum("sco,scoi,sci->sc", found.left, matrices, found.right), values)
    assert_vector_close((matrices @ found.right[..., None])[..., 0], values[..., None] * found.left)
    assert_vector_close((matrices.mT @ found.left[..., None])[..., 0], values[..., None] * found.right)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("copies", [1, 3])
def test_gaussian_matrices_of_every_shape(shape, copies):
    """Wide, tall, square and one-by-one: value and vectors are numpy's, for each copy of each initialisation."""
    matrices = normal(2, copies, *shape)
    assert_leading(leading(matrices), matrices)


@pytest.mark.parametrize("shape", LARGE, ids=str)
def test_matrices_beyond_the_krylov_dimension(shape):
    """Value and vectors converge before the number of steps reaches the matrix's size."""
    matrices = normal(1, 2, *shape)
    found = leading(matrices)
    values = np.linalg.svd(matrices.numpy(), compute_uv=False)[..., 0]
    assert_each_close(found.value, values)
    assert_each_close(torch.einsum("sco,scoi,sci->sc", found.left, matrices, found.right), values)


@pytest.mark.parametrize("shape", [(4, 6), (6, 4), (5, 5), (3, 50), (50, 3), (40, 60)], ids=str)
@pytest.mark.parametrize("rank", [1, 2])
def test_rank_deficient_matrices(shape, rank):
    """The Krylov space breaks down after `rank` steps, and the triple is still numpy's."""
    matrices = normal(2, 2, shape[0], rank) @ normal(2, 2, rank, shape[1])
    assert_leading(leading(matrices), matrices)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_masked_rows(shape):
    """Rows that are zero, as those of inactive units, do no harm."""
    matrices = normal(2, 1, *shape).clone()
    matrices[:, :, 1::2] = 0.0
    assert_leading(leading(matrices), matrices)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_zero_matrix_has_norm_zero(shape):
    """Value 0 and vectors without NaN, alone and beside a matrix that is not zero."""
    matrices = normal(2, 3, *shape).clone()
    matrices[0, 1] = 0.0
    matrices[1] = 0.0
    found = leading(matrices)
    assert_each_close(found.value, np.linalg.svd(matrices.numpy(), compute_uv=False)[..., 0])
    for vectors in (found.left, found.right):
        assert torch.isfinite(vectors).all()


@pytest.mark.parametrize("size", [1, 2, 8, 9, 40, 200])
def test_equal_singular_values(size):
    """The identity, a reflection and a multiple of an orthogonal matrix have every vector as leading."""
    orthogonal = torch.linalg.qr(normal(size, size)).Q
    matrices = torch.stack([torch.eye(size, dtype=torch.float64), 3 * orthogonal, 1e-5 * orthogonal.T])[None]
    found = leading(matrices)
    assert_each_close(found.value, [[1.0, 3.0, 1e-5]])


@pytest.mark.parametrize("scale", [1e-150, 1e-8, 1e8, 1e150])
def test_the_norm_scales_with_the_matrix(scale):
    """No absolute threshold decides what converged."""
    matrices = scale * normal(1, 2, 30, 20)
    assert_each_close(leading(matrices).value, np.linalg.svd(matrices.numpy(), compute_uv=False)[..., 0])


@pytest.mark.parametrize("entry", range(40))
def test_a_single_large_entry_is_found_wherever_it_is(entry):
    """A diagonal with one leading entry: the fixed start sees every coordinate."""
    diagonal = torch.ones(40, dtype=torch.float64)
    diagonal[entry] = 1.5
    assert_each_close(leading(torch.diag(diagonal)[None, None]).value, [[1.5]])


def test_copies_do_not_see_one_another():
    """Each operator's triple is the one that it has alone."""
    matrices = normal(3, 4, 9, 12)
    together = leading(matrices)
    for number in range(3):
        for copy in range(4):
            alone = leading(matrices[number : number + 1, copy : copy + 1])
            assert_each_close(alone.value[0, 0], together.value[number, copy])


def test_single_precision_stays_single():
    """float32 operators give float32 triples, right to single precision."""
    matrices = normal(1, 1, 30, 20).float()
    found = leading(matrices)
    assert {part.dtype for part in found} == {torch.float32}
    assert (
        abs(float(found.value) / float(torch.linalg.matrix_norm(matrices.double(), 2)) - 1)
        < 32 * torch.finfo(torch.float32).eps
    )
