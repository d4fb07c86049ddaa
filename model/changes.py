"""Changes of one layer behind one interface: perturbations, gradient steps and their sums.

Kept factored (`LowRank`), stored whole (`DenseChange`), or as a core in the directions of a deferred matrix
(`model.spanned`). Who has a change asks it for products, norms and sums, and never which it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import pad

from lemmata.model.columns import Columns
from lemmata.model.gaussian import DenseMatrix, Matrix
from lemmata.model.settings import Norm
from lemmata.model.spectra import spectral_norm, svd, top_singular

SUMMED = 2
"""Rows from which on W + ΔW is formed: for one that takes up to 1.4 times as long, for two 0.8, for 64 half."""


class Change(Protocol):
    """ΔW of one layer for S initialisations, each (out, in), met through products."""

    @property
    def still(self) -> bool:
        """Whether this is no change by its form; any other may be zero, too."""

    def apply(self, x: Tensor) -> Tensor:
        """ΔW x for rows x: (S, n, in) -> (S, n, out)."""

    def apply_transposed(self, b: Tensor) -> Tensor:
        """ΔWᵀ b for rows b: (S, n, out) -> (S, n, in)."""

    def moved_apply(self, matrix: Matrix, x: Tensor) -> Tensor:
        """(W + ΔW) x for rows x: (S, n, in) -> (S, n, out), with the matrix W that is changed."""

    def moved_apply_transposed(self, matrix: Matrix, b: Tensor) -> Tensor:
        """(W + ΔW)ᵀ b for rows b: (S, n, out) -> (S, n, in)."""

    def frobenius(self) -> Tensor:
        """‖ΔW‖_F, (S,)."""

    def spectral(self) -> Tensor:
        """‖ΔW‖_2, (S,)."""

    def scaled(self, factor: Tensor | float) -> "Change":
        """factor · ΔW; a tensor factor has shape (S,)."""

    def plus(self, other: "Change") -> "Change":
        """The sum, factored where both are."""

    def onto(self, factored: "LowRank") -> "Change":
        """The sum factored + ΔW: what `plus` of a factored change asks of the other."""

    def stepped(self, step: "LowRank", *, compact: bool) -> "Change":
        """ΔW + step as one sum of many steps, each of which costs its own size.

        Args:
            step: of gradient descent.
            compact: whether the sum is held whole once its factors are larger than that; otherwise it only never has
                more columns than the matrix has rows or columns.
        """

    def factors(self) -> "LowRank":
        """The same change, factored."""

    def materialise(self) -> Tensor:
        """(S, out, in)."""


Changes = tuple[Change, ...]


@dataclass(frozen=True)
class LowRank:
    """ΔW = left · rightᵀ with r columns: left (S, out, r), right (S, in, r). Rank 0 is no change.

    Attributes:
        left, right: the factors.
        room: the buffers in which a sum of steps has its columns, and the next step's place.
    """

    left: Tensor
    right: Tensor
    room: tuple[Columns, Columns] | None = field(default=None, repr=False, compare=False)

    @property
    def rank(self) -> int:
        """Number of columns r, an upper bound on the rank."""
        return self.left.shape[-1]

    @property
    def still(self) -> bool:
        """Whether there are no columns at all."""
        return self.rank == 0

    def apply(self, x: Tensor) -> Tensor:
        """ΔW x for rows x: (S, n, in) -> (S, n, out)."""
        return (x @ self.right) @ self.left.mT

    def apply_transposed(self, b: Tensor) -> Tensor:
        """ΔWᵀ b for rows b: (S, n, out) -> (S, n, in)."""
        return (b @ self.left) @ self.right.mT

    def moved_apply(self, matrix: Matrix, x: Tensor) -> Tensor:
        """(W + ΔW) x for rows x: (S, n, in) -> (S, n, out)."""
        return matrix.apply(x) if self.still else matrix.apply(x).add_(self.apply(x))

    def moved_apply_transposed(self, matrix: Matrix, b: Tensor) -> Tensor:
        """(W + ΔW)ᵀ b for rows b: (S, n, out) -> (S, n, in)."""
        return matrix.apply_transposed(b) if self.still else matrix.apply_transposed(b).add_(self.apply_transposed(b))

    @cached_property
    def core(self) -> Tensor:
        """A small matrix with the same singular values, (S, ·, ·), by two QR factorisations."""
        return torch.linalg.qr(self.left, mode="r").R @ torch.linalg.qr(self.right, mode="r").R.mT

    def frobenius(self) -> Tensor:
        """‖ΔW‖_F, (S,)."""
        return torch.linalg.matrix_norm(self.core) if self.rank else self.left.new_zeros(len(self.left))

    def spectral(self) -> Tensor:
        """‖ΔW‖_2, (S,)."""
        return spectral_norm(self.core) if self.rank else self.left.new_zeros(len(self.left))

    def scaled(self, factor: Tensor | float) -> "LowRank":
        """factor · ΔW; a tensor factor has shape (S,)."""
        return LowRank(_times(factor, self.left), self.right)

    def resized(self, size: Tensor, to: Tensor | float) -> "LowRank":
        """The change of this size, (S,), made one of another; of size 0 there is nothing to enlarge, and 0 stays.

        One factor of a change that is 0 may well be none: enlarged, it is no number in a norm.
        """
        larger = (to / size).clamp_max(torch.finfo(size.dtype).max)
        return self.scaled(torch.where(size > 0, larger, 0.0))

    def plus(self, other: Change) -> Change:
        """The sum."""
        return other.onto(self)

    def onto(self, factored: "LowRank") -> "LowRank":
        """The sum, with the columns side by side; never more columns than the matrix has rows or columns."""
        total = LowRank(torch.cat([factored.left, self.left], -1), torch.cat([factored.right, self.right], -1))
        return total.compressed() if total.rank > min(self.left.shape[-2], self.right.shape[-2]) else total

    def stepped(self, step: "LowRank", *, compact: bool) -> Change:
        """The sum with its columns in buffers that double, so that a step copies its own alone.

        Steps with one and the same right factor, as those of a first layer with the same inputs, need no more columns
        than the first.
        """
        if self.rank == step.rank and torch.equal(self.right, step.right):
            return LowRank(self.left + step.left, self.right)
        rank, out, into = self.rank + step.rank, self.left.shape[-2], self.right.shape[-2]
        if compact and rank * (out + into) > out * into:
            return DenseChange(self.materialise() + step.materialise())
        if rank > min(out, into):
            return step.onto(self)
        room = self.room
        if room is None or room[0].rank != self.rank:  # another sum has gone on in the buffers of this one
            room = Columns(self.left), Columns(self.right)
        return LowRank(room[0].append(step.left), room[1].append(step.right), room)

    def where(self, take: Tensor, other: "LowRank") -> "LowRank":
        """The other change at the initialisations taken, (S,) boolean, this one elsewhere.

        The shorter factors get columns of zeros.
        """
        rank = max(self.rank, other.rank)
        mine, others = (
            [pad(factor, (0, rank - change.rank)) for factor in (change.left, change.right)] for change in (self, other)
        )
        left, right = (torch.where(take[:, None, None], b, a) for a, b in zip(mine, others, strict=True))
        return LowRank(left, right)

    def compressed(self) -> "LowRank":
        """The same matrix with min(out, in) columns."""
        return DenseChange(self.materialise()).factors()

    def truncated(self, rank: int) -> "LowRank":
        """The nearest change with so many columns."""
        left, right = torch.linalg.qr(self.left), torch.linalg.qr(self.right)
        u, values, v = svd(left.R @ right.R.mT)
        return LowRank(left.Q @ (u * values[:, None])[..., :rank], right.Q @ v.mT[..., :rank])

    def factors(self) -> "LowRank":
        """This change itself."""
        return self

    def materialise(self) -> Tensor:
        """(S, out, in)."""
        return self.left @ self.right.mT


@dataclass(frozen=True)
class DenseChange:
    """ΔW stored whole, (S, out, in): between networks trained elsewhere, or after more steps than factors pay for."""

    weight: Tensor

    @property
    def still(self) -> bool:
        """Never: entries are not looked at."""
        return False

    def apply(self, x: Tensor) -> Tensor:
        """ΔW x for rows x: (S, n, in) -> (S, n, out)."""
        return x @ self.weight.mT

    def apply_transposed(self, b: Tensor) -> Tensor:
        """ΔWᵀ b for rows b: (S, n, out) -> (S, n, in)."""
        return b @ self.weight

    def moved_apply(self, matrix: Matrix, x: Tensor) -> Tensor:
        """(W + ΔW) x for rows x: (S, n, in) -> (S, n, out)."""
        if _summed(matrix, x):
            return x @ (matrix.materialise() + self.weight).mT
        return matrix.apply(x).add_(self.apply(x))

    def moved_apply_transposed(self, matrix: Matrix, b: Tensor) -> Tensor:
        """(W + ΔW)ᵀ b for rows b: (S, n, out) -> (S, n, in)."""
        if _summed(matrix, b):
            return b @ (matrix.materialise() + self.weight)
        return matrix.apply_transposed(b).add_(self.apply_transposed(b))

    def frobenius(self) -> Tensor:
        """‖ΔW‖_F, (S,)."""
        return torch.linalg.matrix_norm(self.weight)

    def spectral(self) -> Tensor:
        """‖ΔW‖_2, (S,)."""
        shape = (self.weight.shape[-2], self.weight.shape[-1])
        return top_singular(self.apply, self.apply_transposed, shape, self.weight).value[:, 0]

    def scaled(self, factor: Tensor | float) -> "DenseChange":
        """factor · ΔW; a tensor factor has shape (S,)."""
        return DenseChange(_times(factor, self.weight))

    def plus(self, other: Change) -> "DenseChange":
        """The sum, entry by entry."""
        return DenseChange(self.weight + other.materialise())

    def onto(self, factored: LowRank) -> "DenseChange":
        """The sum, entry by entry."""
        return self.plus(factored)

    def stepped(self, step: LowRank, *, compact: bool) -> "DenseChange":
        """The sum, whole whether compact or not."""
        return DenseChange(torch.baddbmm(self.weight, step.left, step.right.mT))

    def factors(self) -> LowRank:
        """The matrix itself and the identity on its shorter side."""
        out, into = self.weight.shape[-2:]
        eye = torch.eye(min(out, into), dtype=self.weight.dtype, device=self.weight.device)
        eye = eye.expand(len(self.weight), -1, -1)
        return LowRank(self.weight, eye) if into <= out else LowRank(eye, self.weight.mT)

    def materialise(self) -> Tensor:
        """(S, out, in)."""
        return self.weight


def _summed(matrix: Matrix, rows: Tensor) -> bool:
    """Whether one product with the sum takes less than two: the sum is itself the work of a few rows."""
    return isinstance(matrix, DenseMatrix) and rows.shape[-2] >= SUMMED


def distance(change: Change, norm: Norm) -> Tensor:
    """‖ΔW‖ in the ball's norm, (S,)."""
    return change.frobenius() if norm == "frobenius" else change.spectral()


def distances(changes: Sequence[Change], norm: Norm) -> Tensor:
    """Each layer's distance, (S, layers)."""
    return torch.stack([distance(change, norm) for change in changes], -1)


def zero_change(shape: tuple[int, int], like: Tensor) -> LowRank:
    """No change of a layer of `shape` (out, in): rank 0, for the S initialisations of `like`."""
    out_features, in_features = shape
    return LowRank(like.new_zeros(len(like), out_features, 0), like.new_zeros(len(like), in_features, 0))


def add(first: Changes, second: Changes) -> Changes:
    """Layer-wise sums; what is added to no change stays as it is."""
    return tuple(b if a.still else a if b.still else a.plus(b) for a, b in zip(first, second, strict=True))


def _times(factor: Tensor | float, x: Tensor) -> Tensor:
    return x * (factor[:, None, None] if isinstance(factor, Tensor) else factor)
