"""Block Gram–Schmidt: rows made orthonormal to a basis and to one another, and how much of each was new."""

from typing import NamedTuple

import torch
from torch import Tensor

from lemmata.model.thin import add_span, overlaps

NOISE = 32  # in units of ε‖x‖: a residual below it is rounding, and no direction
KEPT = 0.7  # a projection that leaves this share of a row has left it orthogonal to rounding
INDEPENDENT = 0.1  # rows that keep this share beside one another are well-conditioned
PASSES = 6  # two suffice, but for noise against a nearly full basis


class Split(NamedTuple):
    """x = coordinates · basis + mix · fresh, and which rows of fresh are directions (the others are zero)."""

    coordinates: Tensor
    mix: Tensor
    kept: Tensor


def orthonormalise(rows: Tensor, basis: Tensor) -> Split:
    """Makes unit or zero rows, (S, n, m), orthonormal to the basis (S, r, m) and to one another, in place.

    Block Gram–Schmidt, repeated until no row shrinks: once in the rare case, twice in the common one. A row of which
    a pass leaves less than 32 ε is in the span of what precedes it, and becomes zero. What is noise to an earlier pass
    but not yet that small is found out by the next, where it shrinks again. Cost O(n (r + n) m) a pass.

    Returns:
        coordinates (S, n, r), mix (S, n, n) lower triangular, kept (S, n).

    Source: J. L. Barlow and A. Smoktunowicz, "Reorthogonalized block classical Gram–Schmidt" (2013).
    """
    coordinates = rows.new_zeros(*rows.shape[:2], basis.shape[1])
    mix = torch.eye(rows.shape[1], dtype=rows.dtype, device=rows.device).expand(len(rows), -1, -1)
    for _ in range(PASSES):
        overlap = overlaps(rows, basis)
        add_span(rows, -overlap, basis)
        triangle = orthonormalise_within(rows)
        coordinates.baddbmm_(mix, overlap)
        mix = mix @ triangle
        left = triangle.diagonal(dim1=-2, dim2=-1)
        if ((left == 0) | (left > KEPT)).all():
            break
    else:
        # After so many passes only rounding noise still shrinks, and what it stands for has been subtracted.
        rows *= (left > KEPT)[..., None]
        mix = mix * (left > KEPT)[:, None]
    return Split(coordinates, mix, left > KEPT)


def orthonormalise_within(rows: Tensor) -> Tensor:
    """Orthonormalises the rows among themselves, in place: rows = triangle · new rows.

    Well-conditioned rows by a Cholesky factorisation of their Gram matrix, two passes over them; it is as good as one
    Gram–Schmidt pass, and both are repeated by `orthonormalise`.

    Returns:
        (S, n, n), lower triangular; a zero on its diagonal means that the row was dropped.
    """
    noise = NOISE * torch.finfo(rows.dtype).eps
    gram = rows @ rows.mT
    triangle = torch.linalg.cholesky_ex(gram).L
    left, size = triangle.diagonal(dim1=-2, dim2=-1), gram.diagonal(dim1=-2, dim2=-1).sqrt()
    if ((left > INDEPENDENT * size) & (left > noise)).all():
        eye = torch.eye(rows.shape[1], dtype=rows.dtype, device=rows.device)
        rows.copy_(torch.linalg.solve_triangular(triangle, eye.expand_as(triangle), upper=False) @ rows)
        return triangle
    return _one_by_one(rows, noise)


def _one_by_one(rows: Tensor, noise: float) -> Tensor:
    """One Gram–Schmidt pass, row after row, which drops what is in the span of the rows before."""
    n = rows.shape[1]
    triangle = rows.new_zeros(len(rows), n, n)
    for i in range(n):
        row, before = rows[:, i : i + 1], rows[:, :i]
        triangle[:, i : i + 1, :i] = overlap = row @ before.mT
        row.baddbmm_(overlap, before, alpha=-1)
        size = torch.linalg.vector_norm(row, dim=-1)
        kept = size > noise
        row *= torch.where(kept, 1 / size, 0.0)[..., None]
        triangle[:, i, i] = torch.where(kept, size, 0.0)[:, 0]
    return triangle


def scaled_rows(x: Tensor, *, out: Tensor) -> Tensor:
    """Writes the rows of x, scaled to unit length, to `out`; a zero row stays zero.

    Where squares would overflow or underflow the largest entry is divided out first. A row that is not finite becomes
    zero.

    Returns:
        the lengths, (S, n, 1), undefined for the rows that are not finite.
    """
    limits = torch.finfo(x.dtype)
    norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    if ((norm > limits.tiny**0.25) & (norm < limits.max**0.25)).all():
        torch.div(x, norm, out=out)
        return norm
    largest = torch.linalg.vector_norm(x, ord=float("inf"), dim=-1, keepdim=True)
    finite = largest.isfinite()
    torch.div(x, torch.where(largest > 0, largest, 1.0), out=out)
    if not finite.all():
        out.masked_fill_(~finite, 0.0)
    norm = torch.linalg.vector_norm(out, dim=-1, keepdim=True)
    out /= torch.where(norm > 0, norm, 1.0)
    return torch.where(finite, largest * norm, torch.nan)
