"""Slow twins that anybody can check against the papers: one network, one example, loops and dense matrices.

Weights are lists [W_1, …, W_H, V] of dense matrices with units as rows. The model is used to draw the small
networks, never to compute with them.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import mpmath
import numpy as np
import torch
from torch import Tensor

from lemmata.model.changes import Changes, LowRank
from lemmata.model.data import Dataset, generate
from lemmata.model.network import Architecture, Network, initialise
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import SETTINGS, Setting

DIGITS = 50
"""Decimal digits of the multiple-precision twins."""


# -------------------------------------------------------------------------------------------- small networks to test on


@dataclass(frozen=True)
class Small:
    """A network small enough for every slow twin.

    Attributes:
        setting: one of the four papers.
        widths: of the hidden layers, unequal where there are several.
        n: number of examples.
        moved: whether the weights have left their initial values, by a rank-two change of every trained layer.
    """

    setting: Setting
    widths: tuple[int, ...]
    n: int
    moved: bool

    def __str__(self) -> str:
        widths = "x".join(map(str, self.widths))
        return f"{self.setting.id}-{widths}-n{self.n}-{'moved' if self.moved else 'initial'}"

    @property
    def k(self) -> int:
        """Two outputs where the paper's loss allows it."""
        return 2 if self.setting.loss == "square" else 1

    def network(self, initialisations: int = 2) -> Network:
        """The network, for several initialisations side by side."""
        seeds = [stream(SEED, "small", number) for number in range(initialisations)]
        network = initialise(self.setting, Architecture(3, self.widths, self.k), seeds)
        return network.moved(some_changes(network, size=0.3)) if self.moved else network

    def data(self) -> Dataset:
        """Inputs and labels."""
        mu = 0.4 if self.setting.fixed_coordinate else None
        rng = generator(stream(2, "small data", self.n))
        return generate("sphere", n=self.n, d=3, setting=self.setting, rng=rng, mu=mu, k=self.k)


SEED = 5
"""With it every layer of every small network has an active unit on every example; tests check it."""

SIZES = (((4,), 3), ((6, 4), 1), ((4, 7, 6), 2), ((5, 8, 3, 6), 2))
SMALL = [Small(setting, *size, moved) for setting in SETTINGS.values() for size in SIZES for moved in (False, True)]


def some_changes(network: Network, *, size: float, rank: int = 2, name: str = "change") -> tuple[LowRank, ...]:
    """Random changes of all trained layers, factored, each initialisation its own; `size` multiplies both factors."""

    def factor(features: int, *path: object) -> Tensor:
        rows = [
            generator(stream(3, name, number, *path)).standard_normal((features, rank))
            for number in range(network.initialisations)
        ]
        return size * torch.from_numpy(np.stack(rows))

    shapes = network.architecture.shapes[: network.trained]
    return tuple(
        LowRank(factor(out, layer, "left"), factor(into, layer, "right")) for layer, (out, into) in enumerate(shapes)
    )


def dense_change(change: LowRank, number: int) -> Tensor:
    """ΔW of one initialisation, as a sum of outer products."""
    total = torch.zeros(change.left.shape[1], change.right.shape[1], dtype=change.left.dtype)
    for column in range(change.left.shape[2]):
        total += torch.outer(change.left[number, :, column], change.right[number, :, column])
    return total


def dense(network: Network, number: int, step: Changes | None = None) -> list[Tensor]:
    """W_1, …, W_H, V of one initialisation, `step` added."""
    weights = [matrix.materialise()[number].clone() for matrix in network.matrices]
    for changes in (network.changes, step or ()):
        for weight, change in zip(weights, changes, strict=False):
            weight += dense_change(change, number)
    return weights


def scale(setting: Setting, widths: tuple[int, ...]) -> float:
    """The factor in front of the output: 1, 1, √m and m^α, as printed."""
    factors = {
        "cao-gu-2020": 1.0,
        "zou-gu-2019": 1.0,
        "cao-gu-2019-slides": math.sqrt(min(widths)),
        "chen-et-al-2019-poster": min(widths) ** setting.exponent,
    }
    return factors[setting.id]


# ------------------------------------------------------------------------------------------------- forward and backward


def layers(weights: list[Tensor], x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """x_0, …, x_H and z_1, …, z_H, unit by unit: x_{l,j} = max(0, <w_{l,j}, x_{l−1}>)."""
    features, preactivations = [x.tolist()], []
    for weight in weights[:-1]:
        z = [math.fsum(a * b for a, b in zip(unit, features[-1], strict=True)) for unit in weight.tolist()]
        preactivations.append(z)
        features.append([max(entry, 0.0) for entry in z])
    return [torch.tensor(v, dtype=x.dtype) for v in features], [torch.tensor(z, dtype=x.dtype) for z in preactivations]


def masks(weights: list[Tensor], x: Tensor) -> list[Tensor]:
    """Σ_1, …, Σ_H as diagonal matrices, strict inequality."""
    return [torch.diag((z > 0).to(x)) for z in layers(weights, x)[1]]


def outputs(weights: list[Tensor], factor: float, x: Tensor) -> Tensor:
    """f(x) = factor · V σ(W_H … σ(W_1 x)), differentiable by autograd."""
    for weight in weights[:-1]:
        x = torch.relu(weight @ x)
    return factor * (weights[-1] @ x)


def gradient(weights: list[Tensor], factor: float, x: Tensor, output: int, layer: int) -> Tensor:
    """∇_{W_l} f_r = (v_r^T [Π_{r>l} Σ_r W_r] Σ_l)^T x_{l−1}^T, cao-gu-2020 appendix A transposed; l counts from 1."""
    features, diagonal = layers(weights, x)[0], masks(weights, x)
    hidden = len(diagonal)
    if layer == hidden + 1:
        signal = torch.zeros(len(weights[-1]), dtype=x.dtype)
        signal[output] = factor
    else:
        signal = factor * weights[-1][output]
        for r in range(hidden, layer, -1):
            signal = signal @ diagonal[r - 1] @ weights[r - 1]
        signal = signal @ diagonal[layer - 1]
    return torch.outer(signal, features[layer - 1])


def autograd_gradients(weights: list[Tensor], factor: float, x: Tensor, output: int) -> list[Tensor]:
    """∇ f_r with respect to every weight matrix, by autograd."""
    leaves = [weight.clone().requires_grad_() for weight in weights]
    return list(torch.autograd.grad(outputs(leaves, factor, x)[output], leaves))


def autograd_signals(weights: list[Tensor], factor: float, x: Tensor, output: int) -> tuple[list[Tensor], list[Tensor]]:
    """∂f_r/∂z_1, …, ∂f_r/∂z_H and ∂f_r/∂x_0, …, ∂f_r/∂x_H, by autograd."""
    features, preactivations = [x.clone().requires_grad_()], []
    for weight in weights[:-1]:
        preactivations.append(weight @ features[-1])
        features.append(torch.relu(preactivations[-1]))
    f = factor * (weights[-1] @ features[-1])
    found = torch.autograd.grad(f[output], [*preactivations, *features])
    return list(found[: len(preactivations)]), list(found[len(preactivations) :])


def masked_product(weights: list[Tensor], x: Tensor, low: int, high: int) -> Tensor:
    """Π_{r=low}^{high} Σ_r W_r as a matrix, the innermost factor `low` on the right."""
    diagonal = masks(weights, x)
    product = torch.eye(weights[low - 1].shape[1], dtype=x.dtype)
    for r in range(low, high + 1):
        product = diagonal[r - 1] @ weights[r - 1] @ product
    return product


def propagator(weights: list[Tensor], x: Tensor, low: int, high: int) -> Tensor:
    """M_{low→high} = Σ_high W_high … W_{low+1} Σ_low as a matrix."""
    diagonal = masks(weights, x)
    product = diagonal[low - 1]
    for r in range(low + 1, high + 1):
        product = diagonal[r - 1] @ weights[r - 1] @ product
    return product


def loss(setting: Setting, f: Tensor, y: Tensor) -> Tensor:
    """(1/n) Σ_i ℓ_i for outputs and labels (n, k), as printed: log(1 + exp(−y f)), or ½‖y − f‖²."""
    total = torch.zeros((), dtype=f.dtype)
    for f_i, y_i in zip(f, y, strict=True):
        if setting.loss == "cross-entropy":
            total = total + torch.log(1 + torch.exp(-y_i[0] * f_i[0]))
        else:
            total = total + (y_i - f_i).square().sum() / 2
    return total / len(f)


def loss_gradients(weights: list[Tensor], factor: float, setting: Setting, data: Dataset) -> list[Tensor]:
    """∇L with respect to every weight matrix, by autograd."""
    leaves = [weight.clone().requires_grad_() for weight in weights]
    f = torch.stack([outputs(leaves, factor, x) for x in data.inputs])
    return list(torch.autograd.grad(loss(setting, f, data.labels), leaves))


def descent(
    weights: list[Tensor], factor: float, setting: Setting, data: Dataset, step_size: float, *, together: bool = True
) -> Iterator[list[Tensor]]:
    """Dense gradient descent W⁽ᵗ⁺¹⁾ = W⁽ᵗ⁾ − η ∇L(W⁽ᵗ⁾), for ever; V moves where the setting trains it.

    With `together` False each layer's gradient is taken after the layers below have moved: not the papers' algorithm.
    """
    weights = [weight.clone() for weight in weights]
    trained = range(len(weights) - (setting.output != "trained"))
    while True:
        yield [weight.clone() for weight in weights]
        gradients = loss_gradients(weights, factor, setting, data)
        for layer in trained:
            if not together:
                gradients = loss_gradients(weights, factor, setting, data)
            weights[layer] = weights[layer] - step_size * gradients[layer]


# --------------------------------------------------------------------------------------------------------- fifty digits


def exactly(matrix: Tensor) -> mpmath.matrix:
    """The float64 entries of a matrix, without rounding."""
    return mpmath.matrix([[mpmath.mpf(float(entry)) for entry in row] for row in matrix])


def exact_weights(network: Network, number: int, step: Changes | None = None) -> list[mpmath.matrix]:
    """W_1, …, W_H, V of one initialisation plus `step`, products of factors included, to fifty digits."""
    weights = [exactly(matrix.materialise()[number]) for matrix in network.matrices]
    for changes in (network.changes, step or ()):
        for layer, change in enumerate(changes):
            if change.rank:
                weights[layer] += exactly(change.left[number]) * exactly(change.right[number]).T
    return weights


@dataclass(frozen=True)
class ExactPass:
    """One forward pass in fifty digits: x_0, …, x_H, patterns, and f."""

    features: list[mpmath.matrix]
    patterns: list[list[bool]]
    outputs: mpmath.matrix


def exact_pass(weights: list[mpmath.matrix], factor: float, x: Tensor) -> ExactPass:
    """The forward pass of one example."""
    features, patterns = [exactly(x[:, None])], []
    for weight in weights[:-1]:
        z = weight * features[-1]
        patterns.append([entry > 0 for entry in z])
        features.append(mpmath.matrix([max(entry, mpmath.mpf(0)) for entry in z]))
    return ExactPass(features, patterns, mpmath.mpf(factor) * (weights[-1] * features[-1]))


def exact_first_order(
    before: list[mpmath.matrix], after: list[mpmath.matrix], factor: float, x: Tensor
) -> mpmath.matrix:
    """<∇f(before), after − before> in fifty digits: the derivative of the network with its patterns frozen."""
    start = exact_pass(before, factor, x)
    image = mpmath.zeros(len(start.features[0]), 1)
    for layer, pattern in enumerate(start.patterns):
        image = before[layer] * image + (after[layer] - before[layer]) * start.features[layer]
        image = mpmath.matrix(
            [entry if active else mpmath.mpf(0) for entry, active in zip(image, pattern, strict=True)]
        )
    return mpmath.mpf(factor) * (before[-1] * image + (after[-1] - before[-1]) * start.features[-1])


def exact_loss(setting: Setting, f: list[mpmath.matrix], y: Tensor) -> mpmath.mpf:
    """(1/n) Σ ℓ_i in fifty digits."""
    total = mpmath.mpf(0)
    for f_i, y_i in zip(f, y.tolist(), strict=True):
        if setting.loss == "cross-entropy":
            total += mpmath.log1p(mpmath.exp(-mpmath.mpf(y_i[0]) * f_i[0]))
        else:
            total += sum((a - mpmath.mpf(b)) ** 2 for a, b in zip(f_i, y_i, strict=True)) / 2
    return total / len(f)


def exact_loss_slope(setting: Setting, f: list[mpmath.matrix], df: list[mpmath.matrix], y: Tensor) -> mpmath.mpf:
    """The derivative of the mean loss at outputs f in direction df, in fifty digits."""
    total = mpmath.mpf(0)
    for f_i, df_i, y_i in zip(f, df, y.tolist(), strict=True):
        if setting.loss == "cross-entropy":
            total -= mpmath.mpf(y_i[0]) * df_i[0] / (1 + mpmath.exp(mpmath.mpf(y_i[0]) * f_i[0]))
        else:
            total += sum((a - mpmath.mpf(b)) * c for a, b, c in zip(f_i, y_i, df_i, strict=True))
    return total / len(f)


# ---------------------------------------------------------------------------------------------------------- brute force


def most_flips(prices: np.ndarray, budget: float) -> int:
    """The largest set of units whose squared prices sum to at most `budget`, over all 2^m sets."""
    sets = np.array(list(itertools.product((0, 1), repeat=len(prices))))
    return int(sets.sum(1)[sets @ prices**2 <= budget].max())


def most_flips_apart(prices: np.ndarray, budget: float) -> int:
    """The same with two purses of `budget` each, over all 3^m assignments of units to a purse or to none."""
    purses = np.array(list(itertools.product((0, 1, 2), repeat=len(prices))))
    first, second = (purses == 1) @ prices**2, (purses == 2) @ prices**2
    return int((purses > 0).sum(1)[(first <= budget) & (second <= budget)].max())


def largest_kink_error(z: np.ndarray, g: np.ndarray, reach: float) -> float:
    """sup of Σ_{j crossed} |g_j| (D_j − |z_j|) over displacements ‖D‖ ≤ reach, over all 2^m sets of crossed units.

    With a set given, Cauchy–Schwarz gives reach · ‖g‖ − Σ |g_j z_j|; where that D does not cross all of the set,
    a smaller set has the larger value.
    """
    sets = np.array(list(itertools.product((0, 1), repeat=len(z))))
    return float((reach * np.sqrt(sets @ g**2) - sets @ np.abs(g * z)).max())
