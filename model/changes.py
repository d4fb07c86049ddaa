"""Perturbations and gradient steps of one layer, kept factored."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from model.settings import Norm
from model.spectra import top_singular


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
        if not self.rank:
            return self.left.new_zeros(len(self.left))
        return torch.linalg.svdvals(self.core())[..., 0]

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


Change = LowRank | DenseChange
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


def add(first: Changes, second: Changes) -> Changes:
    """Layer-wise sums, factored where both are."""
    return tuple(_sum(a, b) for a, b in zip(first, second, strict=True))


def _sum(a: Change, b: Change) -> Change:
    if isinstance(a, LowRank) and a.rank == 0:
        return b
    if isinstance(b, LowRank) and b.rank == 0:
        return a
    if isinstance(a, LowRank) and isinstance(b, LowRank):
        return a.plus(b)
    return DenseChange(a.materialise() + b.materialise())
