"""Networks: random matrices plus factored changes, S independent initialisations at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from lemmata.model.changes import Changes, LowRank, add, zero_change
from lemmata.model.deferred import MEMORY_SHARE, DeferredMatrix, available_bytes
from lemmata.model.gaussian import DenseMatrix, Matrix
from lemmata.model.randomness import Seeds, gaussian
from lemmata.model.settings import Setting
from lemmata.model.spectra import top_singular

Engine = Literal["dense", "deferred"]
"""How the random matrices between hidden layers are held: stored, or known through the products asked of them."""


@dataclass(frozen=True)
class Architecture:
    """Input dimension d, hidden widths (m_1, …, m_H), output dimension k.

    Raises:
        ValueError: if a size is not positive, or there is no hidden layer.
    """

    d: int
    widths: tuple[int, ...]
    k: int = 1

    def __post_init__(self) -> None:
        if not self.widths or min(self.d, self.k, *self.widths) < 1:
            raise ValueError(f"{self} must have at least one hidden layer and positive sizes")

    @property
    def width(self) -> int:
        """m, the smallest hidden width (cao-gu-2020, Assumption 4.2)."""
        return min(self.widths)

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(out, in) of the hidden matrices and of the output matrix."""
        sizes = (self.d, *self.widths, self.k)
        return tuple(zip(sizes[1:], sizes[:-1], strict=True))


@dataclass(frozen=True)
class Network:
    """f(x) = scale · V σ(W_H … σ(W_1 x)), with W_l = W_l⁽⁰⁾ + ΔW_l.

    Attributes:
        setting: the paper's conventions.
        matrices: W_1⁽⁰⁾, …, W_H⁽⁰⁾ and the output matrix V⁽⁰⁾, shapes (out, in).
        changes: ΔW of each trained layer: the hidden ones, and V where the setting trains it.
        smoothing: how near its kink a unit must be for its pattern to have a derivative, over the layer's root mean
            square pre-activation; the pattern itself stays what it is.
    """

    setting: Setting
    matrices: tuple[Matrix, ...]
    changes: Changes
    like: Tensor
    smoothing: float = 0.0

    @property
    def hidden(self) -> int:
        """H, the number of ReLU layers."""
        return len(self.matrices) - 1

    @property
    def trained(self) -> int:
        """The number of trained layers."""
        return len(self.changes)

    @property
    def depth(self) -> int:
        """L, as the paper counts it."""
        return self.setting.depth(self.hidden)

    @property
    def architecture(self) -> Architecture:
        """The sizes of this network."""
        widths = tuple(matrix.shape[0] for matrix in self.matrices)
        return Architecture(self.matrices[0].shape[1], widths[:-1], widths[-1])

    @property
    def scale(self) -> float:
        """The factor m^exponent in front of the output layer."""
        return float(self.architecture.width) ** self.setting.exponent

    @property
    def initialisations(self) -> int:
        """S, the number of independent initialisations held side by side."""
        return len(self.like)

    def alone(self, number: int) -> "Network":
        """One of the initialisations, at W⁽⁰⁾.

        Raises:
            ValueError: if a matrix is not stored.
        """
        some = slice(number, number + 1)
        matrices = []
        for matrix in self.matrices:
            if not isinstance(matrix, DenseMatrix):
                raise ValueError("the matrices must be stored to take one initialisation's alone")
            matrices.append(DenseMatrix(matrix.weight[some]))
        return assemble(self.setting, matrices, self.like[some])

    def repeated(self, count: int) -> "Network":
        """The same initialisation at W⁽⁰⁾ as often, without a copy of its matrices.

        Raises:
            ValueError: if there are several, or a matrix is not stored.
        """
        if self.initialisations != 1:
            raise ValueError(f"{self.initialisations} initialisations must be repeated one at a time")
        matrices = [DenseMatrix(matrix.materialise().expand(count, -1, -1)) for matrix in self.alone(0).matrices]
        return assemble(self.setting, matrices, self.like.expand(count))

    def apply(self, layer: int, x: Tensor) -> Tensor:
        """W_{layer+1} x for rows x, (S, n, in) -> (S, n, out); `layer` counts from 0, the output is H."""
        matrix = self.matrices[layer]
        return self.changes[layer].moved_apply(matrix, x) if layer < self.trained else matrix.apply(x)

    def apply_transposed(self, layer: int, b: Tensor) -> Tensor:
        """W_{layer+1}ᵀ b for rows b, (S, n, out) -> (S, n, in)."""
        matrix = self.matrices[layer]
        if layer < self.trained:
            return self.changes[layer].moved_apply_transposed(matrix, b)
        return matrix.apply_transposed(b)

    def spectral(self, layer: int) -> Tensor:
        """‖W_{layer+1}‖_2, (S,)."""
        shape = self.matrices[layer].shape
        top = top_singular(partial(self.apply, layer), partial(self.apply_transposed, layer), shape, self.like)
        return top.value[:, 0]

    def materialise(self, layer: int) -> Tensor:
        """W_{layer+1} as a dense tensor, (S, out, in)."""
        weight = self.matrices[layer].materialise()
        return weight + self.changes[layer].materialise() if layer < self.trained else weight

    def moved(self, changes: Changes) -> "Network":
        """The network at W + changes, sharing this one's random matrices.

        Raises:
            ValueError: if there is not one change per trained layer.
        """
        if len(changes) != self.trained:
            raise ValueError(f"{len(changes)} changes for {self.trained} trained layers")
        return replace(self, changes=add(self.changes, changes))

    def still(self) -> tuple[LowRank, ...]:
        """No change of any trained layer."""
        return tuple(zero_change(matrix.shape, self.like) for matrix in self.matrices[: self.trained])


def initialise(
    setting: Setting,
    architecture: Architecture,
    seeds: Seeds,
    *,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
    engine: Engine = "dense",
    max_bytes: int | None = None,
) -> Network:
    """One independent W⁽⁰⁾ per seed, in the paper's law.

    Hidden entries are N(0, 2/fan-out); V is balanced ±1, N(0, 1/k) or N(0, 1/m). The first layer and V are stored,
    with m · d and k · m entries, by either engine, and are the same; the matrices between are other samples.

    Args:
        setting: the paper's conventions.
        architecture: the sizes.
        seeds: one per initialisation.
        dtype, device: of the whole computation.
        engine: of the matrices between hidden layers.
        max_bytes: what all deferred matrices together may take up; None is a share of what is available now.

    Raises:
        ValueError: if V must be balanced and the last width is odd or k ≠ 1.

    Source: cao-gu-2020 Algorithm 1; zou-gu-2019 section 2; cao-gu-2019-slides.
    """
    like = torch.zeros(len(seeds), dtype=dtype, device=device)
    streams = [_children(seed, len(architecture.shapes)) for seed in seeds]
    between = max(1, len(architecture.widths) - 1)
    each = (int(MEMORY_SHARE * available_bytes(like.device)) if max_bytes is None else max_bytes) // between
    layers: list[Matrix] = []
    for i, shape in enumerate(architecture.shapes[:-1]):
        own, scale = [s[i] for s in streams], (2 / shape[0]) ** 0.5
        deferred = engine == "deferred" and i > 0
        layers.append(
            DeferredMatrix(own, shape, scale, like, max_bytes=each)
            if deferred
            else DenseMatrix(gaussian(own, shape, scale, like))
        )
    layers.append(DenseMatrix(_output(setting, architecture, [s[-1] for s in streams], like)))
    return assemble(setting, layers, like)


def assemble(setting: Setting, matrices: Sequence[Matrix], like: Tensor) -> Network:
    """A network at its initial weights, from the hidden matrices and the output matrix."""
    trained = len(matrices) - (not setting.trains_output)
    still = tuple(zero_change(matrix.shape, like) for matrix in matrices[:trained])
    return Network(setting, tuple(matrices), still, like)


def _children(seed: np.random.SeedSequence, count: int) -> list[np.random.SeedSequence]:
    """What `seed.spawn(count)` first gives, without changing `seed`: the same call draws the same network."""
    return [np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, child)) for child in range(count)]


def _output(setting: Setting, architecture: Architecture, seeds: Seeds, like: Tensor) -> Tensor:
    k, m = architecture.shapes[-1]
    if setting.output == "signs":
        if m % 2 or k != 1:
            raise ValueError(f"the last width {m} must be even and k = {k} must be 1: V is half +1, half -1")
        return torch.cat([like.new_ones(m // 2), -like.new_ones(m // 2)]).expand(len(seeds), 1, m)
    return gaussian(seeds, (k, m), (1 / m if setting.output == "trained" else 1 / k) ** 0.5, like)
