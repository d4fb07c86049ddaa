"""The random weight matrices W_l⁽⁰⁾, met through a small interface that several engines can serve."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from lemmata.model.spectra import top_singular


class Matrix(Protocol):
    """S independent weight matrices of one shape, (out, in), met through products."""

    @property
    def shape(self) -> tuple[int, int]:
        """(out, in)."""

    def apply(self, x: Tensor) -> Tensor:
        """W x for rows x: (S, n, in) -> (S, n, out)."""

    def apply_transposed(self, b: Tensor) -> Tensor:
        """Wᵀ b for rows b: (S, n, out) -> (S, n, in)."""

    def frobenius(self) -> Tensor:
        """‖W‖_F, (S,)."""

    def spectral(self) -> Tensor:
        """‖W‖_2, (S,)."""

    def materialise(self) -> Tensor:
        """The same sample as a dense tensor, (S, out, in)."""


@dataclass(frozen=True)
class DenseMatrix:
    """The plain engine: the matrix is stored, (S, out, in). Memory and time O(out · in)."""

    weight: Tensor

    @property
    def shape(self) -> tuple[int, int]:
        """(out, in)."""
        return self.weight.shape[-2], self.weight.shape[-1]

    def apply(self, x: Tensor) -> Tensor:
        """W x for rows x: (S, n, in) -> (S, n, out)."""
        return x @ self.weight.mT

    def apply_transposed(self, b: Tensor) -> Tensor:
        """Wᵀ b for rows b: (S, n, out) -> (S, n, in)."""
        return b @ self.weight

    def frobenius(self) -> Tensor:
        """‖W‖_F, (S,)."""
        return torch.linalg.matrix_norm(self.weight)

    def spectral(self) -> Tensor:
        """‖W‖_2, (S,)."""
        return top_singular(self.apply, self.apply_transposed, self.shape, self.weight).value[:, 0]

    def materialise(self) -> Tensor:
        """The stored tensor, (S, out, in)."""
        return self.weight
