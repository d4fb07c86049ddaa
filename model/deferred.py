"""Gaussian matrices that are never formed: their entries are decided when a product asks for them.

W (out × in) has independent N(0, σ²) entries. Known at any time are orthonormal right directions Q_R with their
images Y = W Q_R, and orthonormal left directions Q_L with Z = Wᵀ Q_L; Q_Lᵀ Y = Zᵀ Q_R always. Given these, W is

    Y Q_Rᵀ + Q_L Zᵀ (I − Q_R Q_Rᵀ) + (I − Q_L Q_Lᵀ) G (I − Q_R Q_Rᵀ)

with G Gaussian and independent of everything revealed, and of the rule by which the directions were chosen. So a new
direction q ⟂ Q_R has the image W q = Q_L (Zᵀ q) + (I − Q_L Q_Lᵀ) g with g ~ N(0, σ² I) fresh. Nothing is approximated:
every sequence of answers has the law it has for a stored matrix.

Sources: Y. M. Lu, "Householder Dice: a matrix-free algorithm for simulating dynamics on Gaussian and random orthogonal
ensembles" (2021); the conditioning is that of E. Bolthausen's study of the TAP iteration and of approximate message
passing (Bayati and Montanari 2011).
"""

import os
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lemmata.model.orthonormal import orthonormalise, scaled_rows
from lemmata.model.randomness import Seeds, generator
from lemmata.model.spectra import top_singular
from lemmata.model.thin import add_span, overlaps

ROOM = 64  # directions that a side has room for at first, if the budget allows
UNTOUCHED = 4  # times as many on the CPU, where memory costs nothing before it is written to
MEMORY_SHARE = 0.75  # of what is available when the matrix is made


class DeferredMatrix:
    """S independent matrices with N(0, scale²) entries, known through the products asked of them so far.

    Directions are stored as rows, so that a basis grows by a slice. After right rank r and left rank s, a product of
    n rows costs O(n (r + s) (out + in)) time per initialisation, and memory is O((r + s) (out + in)). Each
    initialisation draws from its own stream, and as many numbers as it has new directions: it is the same matrix
    alone or beside others. It is not the matrix that `randomness.gaussian` draws from the same seed.

    Rounding enters twice. Answers agree with the completion of the same sample to rounding, always. But a residual
    of relative size δ determines its direction only to ε/δ, and at 32 ε may count as a direction or as noise: what is
    drawn for it, and so the sample, varies by as much between machines, thread counts and batches. The law does not.

    Args:
        seeds: one per initialisation, S in all.
        shape: (out, in).
        scale: σ, the standard deviation of an entry.
        like: a tensor whose dtype and device are used.
        max_bytes: what the bases, or the dense matrix of `materialise`, may take up. By default 75 % of the
            memory that is available now; several matrices must share it out. While a basis grows, its old half
            is held beside the new whole.

    Raises:
        ValueError: if a size, the scale or the budget is not positive, or there is no seed.
    """

    def __init__(
        self, seeds: Seeds, shape: tuple[int, int], scale: float, like: Tensor, *, max_bytes: int | None = None
    ) -> None:
        if not seeds or min(shape) < 1:
            raise ValueError(f"{len(seeds)} seeds and {shape=} must be positive")
        if not 0 < scale < float("inf"):
            raise ValueError(f"{scale=} must be positive and finite")
        self.max_bytes = int(MEMORY_SHARE * available_bytes(like.device)) if max_bytes is None else max_bytes
        if self.max_bytes <= 0:
            raise ValueError(f"{max_bytes=} must be positive")
        out_features, in_features = shape
        self.scale = scale
        self.right = Side(len(seeds), in_features, out_features, like)
        self.left = Side(len(seeds), out_features, in_features, like)
        self._generators = [generator(seed) for seed in seeds]
        self._rest: np.ndarray | None = None  # ‖(I − Q_L Q_Lᵀ) W (I − Q_R Q_Rᵀ)‖_F² / σ², once it is decided
        self._dense: Tensor | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(out, in)."""
        return self.left.size, self.right.size

    @property
    def initialisations(self) -> int:
        """S, the number of independent matrices."""
        return len(self._generators)

    @property
    def formed(self) -> bool:
        """Whether the matrix has been materialised; its products add no directions any more."""
        return self._dense is not None

    def apply(self, x: Tensor) -> Tensor:
        """W x for rows x: (S, n, in) -> (S, n, out); adds at most n right directions.

        A row with an infinite or undefined entry has an undefined image, and reveals nothing. The answer is
        differentiable: a gradient that comes back is asked of the other side.

        Raises:
            ValueError: if x has another shape, or if the directions that it may add do not fit into the memory
                budget; then nothing has been drawn.
        """
        if self._dense is not None:
            return x @ self._dense.mT
        return Product.apply(x, self, False) if x.requires_grad else self._ask(self.right, self.left, x)

    def apply_transposed(self, b: Tensor) -> Tensor:
        """Wᵀ b for rows b: (S, n, out) -> (S, n, in); adds at most n left directions.

        Raises:
            ValueError: as `apply`.
        """
        if self._dense is not None:
            return b @ self._dense
        return Product.apply(b, self, True) if b.requires_grad else self._ask(self.left, self.right, b)

    def frobenius(self) -> Tensor:
        """‖W‖_F, (S,): what is revealed, and σ²χ² with (out − s)(in − r) degrees of freedom for the rest.

        The rest's norm is decided by the first call. From then on the unrevealed part is uniform on a sphere, and
        later queries are drawn so: all calls, all products and `materialise` belong to one sample. O(r s (out + in)).
        """
        if self._dense is not None:
            return torch.linalg.matrix_norm(self._dense)
        if self._rest is None:
            self._rest = self._chi_square(self._unrevealed())
        right, left = self.right, self.left
        behind = left.images - (left.images @ right.directions.mT) @ right.directions
        revealed = right.images.square().sum((-2, -1)) + behind.square().sum((-2, -1))
        return self.scale * (revealed + torch.from_numpy(self._rest).to(revealed)).sqrt()

    def spectral(self) -> Tensor:
        """‖W‖_2, (S,), by Golub–Kahan steps asked of this same matrix: up to `spectra.STEPS` directions a side.

        Raises:
            ValueError: if those do not fit into the memory budget.
        """
        like = self.right.images[:, 0] if self.right.rank else self.right.images.sum(1)
        return top_singular(self.apply, self.apply_transposed, self.shape, like).value[:, 0]

    def materialise(self) -> Tensor:
        """This sample completed to a dense tensor, (S, out, in), which also answers all later queries.

        Raises:
            ValueError: if it does not fit into the memory budget.
        """
        if self._dense is None:
            self._dense = self._completed()
        return self._dense

    def moved(self, core: Tensor, x: Tensor, *, transposed: bool) -> Tensor:
        """(W + ΔW) x, or its transpose's, for the change with this core (see `model.spanned`) at the price of W x."""
        if transposed:
            return self._ask(self.left, self.right, x, core.mT)
        return self._ask(self.right, self.left, x, core)

    def _ask(self, near: "Side", far: "Side", x: Tensor, core: Tensor | None = None) -> Tensor:
        """Images of the rows x of the near side: the known span's from memory, new directions' drawn.

        A core (S, far, near) of a change is applied to the coordinates, which are there anyway.
        """
        if x.shape[::2] != (self.initialisations, near.size):
            raise ValueError(f"rows {tuple(x.shape)} must be ({self.initialisations}, n, {near.size})")
        n = x.shape[1]
        self._reserve(near, far, n)
        fresh, images = near.room(n)
        size = self.scale * scaled_rows(x, out=fresh)
        coordinates, mix, kept = orthonormalise(fresh, near.directions)
        answer = add_span(near.images.new_zeros(x.shape[0], n, far.size), size * coordinates, near.images)
        if core is not None:
            changed = (size / self.scale * coordinates[..., : core.shape[-1]]) @ core.mT
            add_span(answer, changed, far.directions[:, : core.shape[-2]])
        if kept.any():
            self._draw(kept, images)
            self._condition(far, fresh, images, kept)
            answer.baddbmm_(size * mix, images)
            near.settle(kept)
        return answer if size.isfinite().all() else answer.masked_fill_(~size.isfinite(), torch.nan)

    def _draw(self, kept: Tensor, images: Tensor) -> None:
        """Fresh N(0, 1) rows for the kept directions, zeros for the others."""
        direct = images.dtype == torch.float64 and images.device.type == "cpu"
        draw = images if direct else torch.empty(images.shape, dtype=torch.float64)
        complete = kept.all(1).tolist()
        for source, rows, keep, all_kept in zip(
            self._generators, draw.numpy(), kept.cpu().numpy(), complete, strict=True
        ):
            if all_kept:
                source.standard_normal(out=rows)
            else:
                rows[~keep] = 0.0
                rows[keep] = source.standard_normal((keep.sum(), rows.shape[-1]))
        if not direct:
            images.copy_(draw)

    def _condition(self, far: "Side", fresh: Tensor, images: Tensor, kept: Tensor) -> None:
        """Turns fresh Gaussian images g into Q_L (Zᵀ q) + (I − Q_L Q_Lᵀ) g, in place."""
        known = overlaps(fresh, far.images)
        lost = overlaps(images, far.directions)
        if self._rest is not None:
            factor = self._on_sphere(far, images, lost, kept)
            images *= factor
            lost *= factor
        add_span(images, known - lost, far.directions)

    def _on_sphere(self, far: "Side", images: Tensor, lost: Tensor, kept: Tensor) -> Tensor:
        """What a Gaussian block is multiplied by to be a block of a uniform point of the sphere of the rest.

        If the block has norm a, and b² is χ² with the degrees of freedom that stay unrevealed, then the block's share
        of the squared norm is a² / (a² + b²).

        Returns:
            (S, 1, 1); the rest's squared norm has been reduced by what the block takes.
        """
        assert self._rest is not None
        height, new = far.size - far.ranks, kept.sum(1).cpu().numpy()
        taken = height * new
        below = self._chi_square(np.where(taken, self._unrevealed() - taken, 0))
        block = (images.square().sum((-2, -1)) - lost.square().sum((-2, -1))).clamp_min(0).double().cpu().numpy()
        share = np.where(taken, self._rest, 1.0) / np.where(taken, block + below, 1.0)
        self._rest = np.where(taken, share * below, self._rest)
        return torch.from_numpy(np.sqrt(share)).to(images)[:, None, None]

    def _chi_square(self, freedom: np.ndarray) -> np.ndarray:
        """χ² per initialisation, (S,); zero degrees of freedom draw nothing."""
        pairs = zip(self._generators, freedom, strict=True)
        return np.array([source.chisquare(f) if f else 0.0 for source, f in pairs])

    def _unrevealed(self) -> np.ndarray:
        """Degrees of freedom that no product has met, (S,)."""
        return (self.left.size - self.left.ranks) * (self.right.size - self.right.ranks)

    def _completed(self) -> Tensor:
        right, left = self.right, self.left
        like = right.images
        needed = self.initialisations * left.size * right.size * like.element_size()
        if needed > self.max_bytes:
            raise ValueError(f"a dense matrix of {needed} bytes must fit into max_bytes={self.max_bytes}")
        weight = like.new_empty(self.initialisations, *self.shape)
        for source, entries in zip(self._generators, weight, strict=True):
            entries.copy_(torch.from_numpy(source.standard_normal(self.shape)))
        weight.baddbmm_(weight @ right.directions.mT, right.directions, alpha=-1)
        weight.baddbmm_(left.directions.mT, left.directions @ weight, alpha=-1)
        if self._rest is not None:
            norm = torch.linalg.matrix_norm(weight)
            factor = torch.from_numpy(np.sqrt(self._rest)).to(norm) / norm.clamp_min(torch.finfo(norm.dtype).tiny)
            weight *= factor[:, None, None]
        weight.baddbmm_(right.images.mT, right.directions)
        behind = left.images - (left.images @ right.directions.mT) @ right.directions
        return weight.baddbmm_(left.directions.mT, behind).mul_(self.scale)

    def _reserve(self, near: "Side", far: "Side", n: int) -> None:
        """Room for n more directions on the near side, doubled where the budget allows.

        Raises:
            ValueError: if there is no such room.
        """
        needed = near.rank + n
        if needed <= near.capacity:
            return
        allowed = self.max_bytes // held_bytes(self.shape, 1, self.initialisations, near.images.dtype)
        if needed + far.capacity > allowed:
            size = held_bytes(self.shape, needed + far.capacity, self.initialisations, near.images.dtype)
            raise ValueError(
                f"{n} more directions beside {near.rank} and {far.rank} of a {self.shape} matrix need {size} bytes; "
                f"max_bytes={self.max_bytes} allows {allowed} directions in all"
            )
        room = ROOM * UNTOUCHED if near.images.device.type == "cpu" else ROOM
        near.grow(max(needed, min(max(2 * near.capacity, room), allowed // 2, near.size + n)))


class Product(torch.autograd.Function):
    """W x or Wᵀ b as a linear function of its rows: the gradient of one is a product of the other kind."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, matrix: DeferredMatrix, transposed: bool) -> Tensor:
        """The product, and what its gradient needs."""
        ctx.matrix, ctx.transposed = matrix, transposed
        return matrix.apply_transposed(rows.detach()) if transposed else matrix.apply(rows.detach())

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """The same matrix, met from the other side."""
        matrix = ctx.matrix
        return (matrix.apply(gradient) if ctx.transposed else matrix.apply_transposed(gradient)), None, None


class Side:
    """The directions that one side has been asked, and their images in units of σ, both as rows.

    Initialisations may know different numbers of directions, `ranks` (S,); the shorter lists end in zero rows, which
    are orthogonal to everything and have the image zero.
    """

    def __init__(self, initialisations: int, size: int, image_size: int, like: Tensor) -> None:
        self.size = size
        self.ranks = np.zeros(initialisations, dtype=np.int64)
        self._directions = like.new_empty(initialisations, 0, size)
        self._images = like.new_empty(initialisations, 0, image_size)

    @property
    def rank(self) -> int:
        """The largest number of directions of an initialisation."""
        return int(self.ranks.max())

    @property
    def capacity(self) -> int:
        """The number of directions there is room for."""
        return self._directions.shape[1]

    @property
    def directions(self) -> Tensor:
        """Orthonormal or zero rows, (S, rank, size)."""
        return self._directions[:, : self.rank]

    @property
    def images(self) -> Tensor:
        """Their images, (S, rank, image_size)."""
        return self._images[:, : self.rank]

    def room(self, n: int) -> tuple[Tensor, Tensor]:
        """The n rows behind the known directions and images, to be written into."""
        rows = slice(self.rank, self.rank + n)
        return self._directions[:, rows], self._images[:, rows]

    def grow(self, capacity: int) -> None:
        """Moves to a larger buffer."""
        for name in ("_directions", "_images"):
            old = getattr(self, name)
            new = old.new_empty(len(old), capacity, old.shape[-1])
            new[:, : self.rank] = old[:, : self.rank]
            setattr(self, name, new)

    def settle(self, kept: Tensor) -> None:
        """Takes the kept rows of `room` into the basis; each initialisation's directions stay gapless."""
        new = kept.sum(1).cpu().numpy()
        if not (kept.all() and (self.ranks == self.rank).all()):
            place = torch.from_numpy(self.ranks).to(kept.device)[:, None] + kept.cumsum(1) - 1
            owner = torch.arange(len(kept), device=kept.device)[:, None].expand_as(kept)
            for rows, room in zip((self._directions, self._images), self.room(kept.shape[1]), strict=True):
                moved = room[kept]
                room.zero_()
                rows[owner[kept], place[kept]] = moved
        self.ranks = self.ranks + new


def held_bytes(shape: tuple[int, int], directions: int, initialisations: int, dtype: torch.dtype) -> int:
    """What so many directions, right and left together, take up with their images."""
    return directions * sum(shape) * initialisations * dtype.itemsize


def available_bytes(device: torch.device) -> int:
    """Memory that can be had now, on the device or, for the CPU, of this machine."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        with open("/proc/meminfo") as lines:
            fields = dict(line.split(":") for line in lines)
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
