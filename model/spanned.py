"""Changes of a deferred matrix by what it has been asked."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from lemmata.model.changes import Change, LowRank
from lemmata.model.deferred import DeferredMatrix
from lemmata.model.gaussian import Matrix
from lemmata.model.spectra import spectral_norm
from lemmata.model.thin import overlaps


@dataclass(frozen=True)
class Spanned:
    """ΔW = Σ core_ij (left direction i) (right direction j)ᵀ.

    Steps of gradient descent are of this form, and their factors are stored already, in the bases; the directions are
    orthonormal, so that ΔW has the norms and singular values of its core.

    Attributes:
        matrix: whose directions these are.
        core: (S, left, right), over the first directions of either side.
    """

    matrix: DeferredMatrix
    core: Tensor

    @classmethod
    def nothing(cls, matrix: DeferredMatrix) -> "Spanned":
        """No change."""
        return cls(matrix, matrix.right.images.new_zeros(matrix.initialisations, 0, 0))

    @property
    def still(self) -> bool:
        """Whether there are no directions of one side."""
        return self.core.numel() == 0

    def apply(self, x: Tensor) -> Tensor:
        """ΔW x for rows x: (S, n, in) -> (S, n, out)."""
        left, right = self._directions()
        return ((x @ right.mT) @ self.core.mT) @ left

    def apply_transposed(self, b: Tensor) -> Tensor:
        """ΔWᵀ b for rows b: (S, n, out) -> (S, n, in)."""
        left, right = self._directions()
        return ((b @ left.mT) @ self.core) @ right

    def moved_apply(self, matrix: Matrix, x: Tensor) -> Tensor:
        """(W + ΔW) x for rows x: (S, n, in) -> (S, n, out), of its own matrix at the price of W x."""
        if self._together(matrix, x):
            return self.matrix.moved(self.core, x, transposed=False)
        return matrix.apply(x).add_(self.apply(x))

    def moved_apply_transposed(self, matrix: Matrix, b: Tensor) -> Tensor:
        """(W + ΔW)ᵀ b for rows b: (S, n, out) -> (S, n, in), of its own matrix at the price of Wᵀ b."""
        if self._together(matrix, b):
            return self.matrix.moved(self.core, b, transposed=True)
        return matrix.apply_transposed(b).add_(self.apply_transposed(b))

    def frobenius(self) -> Tensor:
        """‖ΔW‖_F, (S,)."""
        return torch.linalg.matrix_norm(self.core)

    def spectral(self) -> Tensor:
        """‖ΔW‖_2, (S,)."""
        return spectral_norm(self.core)

    def scaled(self, factor: Tensor | float) -> "Spanned":
        """factor · ΔW; a tensor factor has shape (S,)."""
        return Spanned(self.matrix, self.core * (factor[:, None, None] if isinstance(factor, Tensor) else factor))

    def plus(self, other: Change) -> Change:
        """The sum, with the factors of this one."""
        return self.factors().plus(other)

    def onto(self, factored: LowRank) -> LowRank:
        """The sum, with the factors of this one."""
        return self.factors().onto(factored)

    def stepped(self, step: LowRank, *, compact: bool) -> Change:
        """The sum, a core too while the matrix is asked for the columns of steps: then it has stored them."""
        if self.matrix.formed:
            return self.factors().stepped(step, compact=compact)
        down = overlaps(step.left.mT, self.matrix.left.directions)
        across = overlaps(step.right.mT, self.matrix.right.directions)
        old, new = self.core.shape, (down.shape[-1], across.shape[-1])
        core = pad(self.core, (0, new[1] - old[2], 0, new[0] - old[1]))
        return Spanned(self.matrix, core + down.mT @ across)

    def factors(self) -> LowRank:
        """As many columns as there are right directions."""
        left, right = self._directions()
        return LowRank(left.mT @ self.core, right.mT)

    def materialise(self) -> Tensor:
        """(S, out, in)."""
        left, right = self._directions()
        return (left.mT @ self.core) @ right

    def _together(self, matrix: Matrix, rows: Tensor) -> bool:
        """Whether a product with W finds the coordinates of the rows, which the core then takes."""
        return matrix is self.matrix and not self.matrix.formed and not rows.requires_grad

    def _directions(self) -> tuple[Tensor, Tensor]:
        _, left, right = self.core.shape
        return self.matrix.left.directions[:, :left], self.matrix.right.directions[:, :right]
