"""Changes that note what is asked of them, so that a gradient in ΔW comes in factors and never as a matrix.

A product y = ΔW x has the derivative ∂/∂ΔW = Σ_i (∂/∂y_i) x_iᵀ. A watched change adds a zero to every product that it
hands out; the derivative in that zero is the left factor, and what was multiplied is the right one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from lemmata.model.changes import Change, LowRank
from lemmata.model.gaussian import Matrix
from lemmata.model.spectra import svd


class _Note(NamedTuple):
    """A zero that was added, and how the derivative in it becomes one in ΔW."""

    zero: Tensor
    factors: Callable[[Tensor], LowRank]


@dataclass(frozen=True)
class Watched:
    """A factored change, or a sum of watched ones, that notes what it is multiplied with.

    Attributes:
        whole: ΔW.
        notes: of every change that this is a sum of.
    """

    whole: LowRank
    notes: tuple[list[_Note], ...] = field(default_factory=lambda: ([],))

    @property
    def still(self) -> bool:
        """Never: a change that is still may have a gradient."""
        return False

    def apply(self, x: Tensor) -> Tensor:
        """ΔW x for rows x: (S, n, in) -> (S, n, out)."""
        right = x.detach().mT
        return self._noted(self.whole.apply(x), lambda slope: LowRank(slope.mT, right.expand(len(slope), -1, -1)))

    def apply_transposed(self, b: Tensor) -> Tensor:
        """ΔWᵀ b for rows b: (S, n, out) -> (S, n, in)."""
        left = b.detach().mT
        return self._noted(
            self.whole.apply_transposed(b), lambda slope: LowRank(left.expand(len(slope), -1, -1), slope.mT)
        )

    def moved_apply(self, matrix: Matrix, x: Tensor) -> Tensor:
        """(W + ΔW) x for rows x: (S, n, in) -> (S, n, out)."""
        return matrix.apply(x) + self.apply(x)

    def moved_apply_transposed(self, matrix: Matrix, b: Tensor) -> Tensor:
        """(W + ΔW)ᵀ b for rows b: (S, n, out) -> (S, n, in)."""
        return matrix.apply_transposed(b) + self.apply_transposed(b)

    def frobenius(self) -> Tensor:
        """‖ΔW‖_F, (S,), with the derivative ΔW / ‖ΔW‖_F."""
        size = self.whole.frobenius()
        return self._noted(size, self.whole.resized(size, 1.0).scaled)

    def spectral(self) -> Tensor:
        """‖ΔW‖_2, (S,), with the derivative u vᵀ of the leading pair."""
        if not self.whole.rank:
            return self.whole.spectral()
        left, right = torch.linalg.qr(self.whole.left), torch.linalg.qr(self.whole.right)
        u, values, v = svd(left.R @ right.R.mT)
        return self._noted(values[:, 0], LowRank(left.Q @ u[..., :1], right.Q @ v.mT[..., :1]).scaled)

    def scaled(self, factor: Tensor | float) -> "Watched":
        """factor · ΔW, without notes."""
        return Watched(self.whole.scaled(factor))

    def plus(self, other: Change) -> Change:
        """The sum; what is asked of it is noted by both."""
        notes = other.notes if isinstance(other, Watched) else ()
        return Watched(self.whole.onto(other.factors()), (*self.notes, *notes))

    def onto(self, factored: LowRank) -> "Watched":
        """The sum."""
        return Watched(self.whole.onto(factored), self.notes)

    def stepped(self, step: LowRank, *, compact: bool) -> Change:
        """The sum, factored whether compact or not."""
        return self.plus(step)

    def factors(self) -> LowRank:
        """The same change, without notes."""
        return self.whole

    def materialise(self) -> Tensor:
        """(S, out, in), without notes."""
        return self.whole.materialise()

    def _noted(self, value: Tensor, factors: Callable[[Tensor], LowRank]) -> Tensor:
        zero = torch.zeros_like(value, requires_grad=True)
        for notes in self.notes:
            notes.append(_Note(zero, factors))
        return value + zero


def gradients(objective: Tensor, watched: Sequence[Watched]) -> list[LowRank]:
    """∂ Σ objective / ∂ΔW of each change, factored, of rank 0 where nothing was asked of it that the objective sees."""
    zeros = {id(note.zero): note.zero for change in watched for notes in change.notes for note in notes}
    found: dict[int, Tensor | None] = {}
    if zeros and objective.requires_grad:
        slopes = torch.autograd.grad(objective.sum(), list(zeros.values()), allow_unused=True)
        found = dict(zip(zeros, slopes, strict=True))
    return [_total(change, found) for change in watched]


def _total(change: Watched, slopes: dict[int, Tensor | None]) -> LowRank:
    pairs = [(note, slopes.get(id(note.zero))) for note in change.notes[0]]
    parts = [note.factors(slope) for note, slope in pairs if slope is not None]
    if not parts:
        return LowRank(change.whole.left[..., :0], change.whole.right[..., :0])
    return LowRank(torch.cat([part.left for part in parts], -1), torch.cat([part.right for part in parts], -1))
