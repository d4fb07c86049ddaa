"""Perturbations and gradient steps of one layer, kept factored."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from lemmata.model.deferred import Spanned
from lemmata.model.settings import Norm
from lemmata.model.spectra import spectral_norm, top_singular

ROOM = 64  # columns that a growing factor has room for at first; untouched memory costs nothing


@dataclass(frozen=True)
class LowRank:
    """ΔW = left · rightᵀ with r columns: left (S, out, r), right (S, in, r). Rank 0 is no change."""

    left: Tensor
    right: Tensor

    @property
    def rank(self) -> int:
        """Number of columns r, an upper bound on the rank."""
        return self.left.shape[-1]

    def apply(self, x: Tensor) -> Tensor:
        """ΔW x for rows x: (S, n, in) -> (S, n, out)."""
        return (x @ self.right) @ self.left.mT

    def apply_transposed(self, b: Tensor) -> Tensor:
        """ΔWᵀ b for rows b: (S, n, out) -> (S, n, in)."""
        return (b @ self.left) @ self.right.mT

    def core(self) -> Tensor:
        """A small matrix with the same singular values, (S, ·, ·), by two QR factorisations."""
        return torch.linalg.qr(self.left).R @ torch.linalg.qr(self.right).R.mT

    def frobenius(self) -> Tensor:
        """‖ΔW‖_F, (S,)."""
        return torch.linalg.matrix_norm(self.core()) if self.rank else self.left.new_zeros(len(self.left))

    def spectral(self) -> Tensor:
        """‖ΔW‖_2, (S,)."""
        return spectral_norm(self.core()) if self.rank else self.left.new_zeros(len(self.left))

    def scaled(self, factor: Tensor | float) -> "LowRank":
        """factor · ΔW; a tensor factor has shape (S,)."""
        if isinstance(factor, Tensor):
            factor = factor[:, None, None]
        return LowRank(self.left * factor, self.right)

    def plus(self, other: "LowRank") -> "LowRank":
        """The sum, with the columns side by side; never more columns than the matrix has rows or columns."""
        total = LowRank(torch.cat([self.left, other.left], -1), torch.cat([self.right, other.right], -1))
        return total.compressed() if total.rank > min(self.left.shape[-2], self.right.shape[-2]) else total

    def where(self, take: Tensor, other: "LowRank") -> "LowRank":
        """The other change at the initialisations taken, (S,) boolean, this one elsewhere.

        The shorter factors get columns of zeros.
        """
        rank = max(self.rank, other.rank)
        mine, others = (
            [pad(factor, (0, rank - change.rank)) for factor in (change.left, change.right)] for change in (self, other)
        )
        chosen = take[:, None, None]
        return LowRank(*(torch.where(chosen, b, a) for a, b in zip(mine, others, strict=True)))

    def compressed(self) -> "LowRank":
        """The same matrix with min(out, in) columns."""
        product = self.left @ self.right.mT
        if self.right.shape[-2] <= self.left.shape[-2]:
            eye = torch.eye(self.right.shape[-2], dtype=product.dtype, device=product.device)
            return LowRank(product, eye.expand(len(product), -1, -1))
        eye = torch.eye(self.left.shape[-2], dtype=product.dtype, device=product.device)
        return LowRank(eye.expand(len(product), -1, -1), product.mT)

    def materialise(self) -> Tensor:
        """(S, out, in)."""
        return self.left @ self.right.mT


class Accumulated:
    """A sum of many low-rank steps, each of which costs its own size.

    Steps with one and the same right factor, as those of a first layer with the same inputs, need no more columns than
    the first. Others are appended to buffers that double. In the directions of a deferred matrix, which stores them
    itself, only the small core grows.

    Args:
        start: the first summand.
        compact: whether the sum is held whole once its factors are larger than that; otherwise it only never has more
            columns than the matrix has rows or columns.
    """

    _total: "Change"

    def __init__(self, start: "Change", *, compact: bool) -> None:
        self.compact = compact
        self._set(start)

    @property
    def total(self) -> "Change":
        """The sum so far; what this was before a further step stays as it is."""
        return self._total

    def add(self, step: LowRank) -> None:
        """One more summand."""
        before = self._total
        if isinstance(before, Spanned):
            if not before.matrix.formed:
                self._total = before.plus(step.left, step.right)
                return
            before = LowRank(*before.factors())
        if isinstance(before, DenseChange):
            self._set(DenseChange(torch.baddbmm(before.weight, step.left, step.right.mT)))
            return
        if before.rank == step.rank and torch.equal(before.right, step.right):
            self._set(LowRank(before.left + step.left, before.right))
            return
        rank, out, into = before.rank + step.rank, before.left.shape[-2], before.right.shape[-2]
        if self.compact and rank * (out + into) > out * into:
            self._set(DenseChange(before.materialise() + step.materialise()))
        elif rank > min(out, into) or not self._buffers:
            self._set(before.plus(step))
        else:
            left, right = (
                buffer.append(columns) for buffer, columns in zip(self._buffers, (step.left, step.right), strict=True)
            )
            self._total = LowRank(left, right)

    def _set(self, total: "Change") -> None:
        self._total = total
        self._buffers = [Columns(factor) for factor in (total.left, total.right)] if isinstance(total, LowRank) else []


class Columns:
    """The columns (S, size, r) of a factor, in a buffer with room for more; they lie one after the other in memory."""

    def __init__(self, columns: Tensor) -> None:
        self._rows, self._rank = columns.mT.contiguous(), columns.shape[-1]

    def append(self, columns: Tensor) -> Tensor:
        """All columns, these behind the ones before, which stay where they are for whoever holds them."""
        rank = self._rank + columns.shape[-1]
        if rank > self._rows.shape[1]:
            grown = self._rows.new_empty(len(self._rows), max(rank, 2 * self._rows.shape[1], ROOM), columns.shape[-2])
            grown[:, : self._rank] = self._rows[:, : self._rank]
            self._rows = grown
        self._rows[:, self._rank : rank] = columns.mT
        self._rank = rank
        return self._rows[:, :rank].mT


@dataclass(frozen=True)
class DenseChange:
    """ΔW stored whole, (S, out, in): between networks trained elsewhere, or after more steps than factors pay for."""

    weight: Tensor

    def apply(self, x: Tensor) -> Tensor:
        """ΔW x for rows x: (S, n, in) -> (S, n, out)."""
        return x @ self.weight.mT

    def apply_transposed(self, b: Tensor) -> Tensor:
        """ΔWᵀ b for rows b: (S, n, out) -> (S, n, in)."""
        return b @ self.weight

    def frobenius(self) -> Tensor:
        """‖ΔW‖_F, (S,)."""
        return torch.linalg.matrix_norm(self.weight)

    def spectral(self) -> Tensor:
        """‖ΔW‖_2, (S,)."""
        shape = (self.weight.shape[-2], self.weight.shape[-1])
        return top_singular(self.apply, self.apply_transposed, shape, self.weight).value[:, 0]

    def materialise(self) -> Tensor:
        """(S, out, in)."""
        return self.weight


Change = LowRank | DenseChange | Spanned
Changes = tuple[Change, ...]


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


def is_nothing(change: Change) -> bool:
    """Whether the change has no columns at all; others may be zero, too."""
    return isinstance(change, LowRank) and change.rank == 0


def add(first: Changes, second: Changes) -> Changes:
    """Layer-wise sums, factored where both are."""
    return tuple(_sum(a, b) for a, b in zip(first, second, strict=True))


def _sum(a: Change, b: Change) -> Change:
    if is_nothing(a):
        return b
    if is_nothing(b):
        return a
    a, b = (LowRank(*change.factors()) if isinstance(change, Spanned) else change for change in (a, b))
    if isinstance(a, LowRank) and isinstance(b, LowRank):
        return a.plus(b)
    return DenseChange(a.materialise() + b.materialise())
