"""Singular values: of matrices, and the largest of operators that are known only through products."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from lemmata.model.columns import Columns
from lemmata.model.orthonormal import KEPT, NOISE

STEPS = 160  # the square Gaussian edge has a gap of order m^(-2/3); this reaches 1e-12 at m = 2,000

WIDE = 4096  # operators wider than this get fewer steps: the value is then up to 1e-3 of itself too small
WIDE_STEPS = 48

FEW = 64  # operators with at most this many columns are formed


class Singular(NamedTuple):
    """A leading singular triple: value (...,), left (..., out), right (..., in), unit vectors."""

    value: Tensor
    left: Tensor
    right: Tensor


def svd(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """U, σ, Vᵀ of (..., out, in), reduced, by LAPACK: a GPU's Jacobi iterations may not converge at low rank."""
    left, values, right = torch.linalg.svd(matrix.cpu(), full_matrices=False)
    return left.to(matrix.device), values.to(matrix.device), right.to(matrix.device)


def spectral_norm(matrix: Tensor) -> Tensor:
    """‖A‖_2 of (..., out, in), by LAPACK as `svd`; 0 of a matrix without entries."""
    values = torch.linalg.svdvals(matrix.cpu()).to(matrix.device)
    return values.amax(-1) if values.shape[-1] else values.new_zeros(values.shape[:-1])


def top_singular(
    apply: Callable[[Tensor], Tensor],
    apply_transposed: Callable[[Tensor], Tensor],
    shape: tuple[int, int],
    like: Tensor,
    *,
    copies: int = 1,
    steps: int | None = None,
) -> Singular:
    """Leading singular triple by Golub–Kahan bidiagonalisation with full re-orthogonalisation.

    Args:
        apply: (S, copies, in) -> (S, copies, out); each of the copies may be its own operator.
        apply_transposed: the adjoint, (S, copies, out) -> (S, copies, in).
        shape: (out, in).
        like: a tensor whose leading axis is S, and whose dtype and device are used.
        copies: operators per initialisation.
        steps: Krylov dimension, by default as many as its size calls for; the result is exact once it reaches
            min(out + 1, in), and before that from below.

    Returns:
        value (S, copies), left (S, copies, out), right (S, copies, in).
    """
    rows, columns = shape
    if columns <= FEW:
        return _by_columns(apply, columns, like, copies)
    each = (like.shape[0], copies)
    # A fixed, irrational start: no random state is read, and no structured vector is orthogonal to it.
    start = torch.cos(torch.arange(1, columns + 1, dtype=like.dtype, device=like.device) ** 2 * 0.7)
    v = _unit(start.expand(math.prod(each), -1))[0]
    rights, lefts = Columns(v[..., None]), Columns(v.new_empty(len(v), rows, 0))
    diagonal: list[Tensor] = []
    above: list[Tensor] = []
    u = apply(v.unflatten(0, each)).flatten(0, 1)
    # A wide operator needs one step more than it has rows: the start is in the span of no rows of it.
    steps = steps or (STEPS if min(shape) <= WIDE else WIDE_STEPS)
    dimension = min(steps, rows + 1, columns)
    for step in range(dimension):
        u, alpha = _unit(_purge(u, lefts.columns))
        lefts.append(u[..., None])
        diagonal.append(alpha)
        back = apply_transposed(u.unflatten(0, each)).flatten(0, 1) - alpha[..., None] * v
        v, beta = _unit(_purge(back, rights.columns))
        if step + 1 == dimension or _converged(diagonal, above, beta):
            break
        rights.append(v[..., None])
        above.append(beta)
        u = apply(v.unflatten(0, each)).flatten(0, 1) - beta[..., None] * u
    left_small, values, right_small = svd(_bidiagonal(diagonal, above))
    left = (lefts.columns @ left_small[..., :1])[..., 0]
    right = (rights.columns @ right_small[..., :1, :].mT)[..., 0]
    return Singular(*(part.unflatten(0, each) for part in (values[..., 0], left, right)))


def _by_columns(apply: Callable[[Tensor], Tensor], columns: int, like: Tensor, copies: int) -> Singular:
    """The same for an operator with few columns, from its Gram matrix: only the largest value is wanted."""
    basis = torch.eye(columns, dtype=like.dtype, device=like.device)
    images = torch.stack([apply(e.expand(like.shape[0], copies, columns)) for e in basis], -1)
    gram = (images.mT @ images).double()  # in single precision the iterations may not end on equal eigenvalues
    right = torch.linalg.eigh(gram).eigenvectors[..., -1].to(images)
    image = (images @ right[..., None])[..., 0]
    left, size = _unit(image)
    return Singular(size, left, right)


def _converged(diagonal: list[Tensor], above: list[Tensor], beta: Tensor) -> bool:
    """Whether the residual of the leading triple is below rounding, tested every eighth step."""
    if len(diagonal) % 8:
        return bool((beta == 0).all())
    left, values, _ = svd(_bidiagonal(diagonal, above))
    residual = (beta * left[..., -1, 0].abs()) / values[..., 0].clamp_min(torch.finfo(beta.dtype).tiny)
    # The value's error is of second order in the residual.
    return bool((residual < torch.finfo(beta.dtype).eps ** 0.5).all())


def _bidiagonal(diagonal: list[Tensor], above: list[Tensor]) -> Tensor:
    """(…, steps, steps)."""
    matrix = torch.diag_embed(torch.stack(diagonal, -1))
    return matrix + torch.diag_embed(torch.stack(above, -1), offset=1) if above else matrix


def _unit(x: Tensor) -> tuple[Tensor, Tensor]:
    """x / ‖x‖ and ‖x‖ along the last axis; a zero vector stays zero."""
    norm = torch.linalg.vector_norm(x, dim=-1)
    return x / norm.clamp_min(torch.finfo(x.dtype).tiny)[..., None], norm


def _purge(x: Tensor, basis: Tensor) -> Tensor:
    """Rows x (B, m) minus their projections on orthonormal columns (B, m, r); what is left of rounding becomes zero.

    A row of which one pass leaves the most is orthogonal to rounding, other rows take two.
    """
    size = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    for _ in range(2):
        x = torch.baddbmm(x[..., None], basis, basis.mT @ x[..., None], alpha=-1)[..., 0]
        left = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        if bool((left > KEPT * size).all()):
            return x
    return x.masked_fill(left < NOISE * torch.finfo(x.dtype).eps * size, 0.0)
