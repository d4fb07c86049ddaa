"""Infinite-width kernels in closed form, and the run that gradient descent makes in the kernel regime.

With ρ_l the cosine of two inputs' layer-l features, κ̂1(t) = (√(1 − t²) + t (π − arccos t)) / π and
κ0(t) = (π − arccos t) / 2π, the recursion is ρ_l = κ̂1(ρ_{l−1}), and κ0(ρ_{l−1}) is the probability that a
unit of layer l is active on both inputs. Cosines are kept as angles: of two inputs at distance 1e-12 the
cosine is 1 in float64, the angle is right to sixteen digits.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from lemmata.model.settings import Norm, Setting

UNIT_NORM = 1e-6
"""How far an input's norm may be from 1: what float32 makes of a unit vector passes."""

SERIES = 0.5
"""Angles below this take sin θ − θ cos θ from its power series."""


class Angles(NamedTuple):
    """Angles between the layer-l features of two lists of inputs, in [0, π], (n, p).

    Attributes:
        angle: θ, exact to rounding relative to itself.
        supplement: π − θ, likewise.
    """

    angle: Tensor
    supplement: Tensor

    def cosine(self) -> Tensor:
        """ρ = cos θ, taken as sin(π/2 − θ), so that a right angle gives 0."""
        return torch.sin((self.supplement - self.angle) / 2)

    def gap(self) -> Tensor:
        """1 − ρ, without cancellation."""
        return 2 * torch.sin(self.angle / 2).square()

    def coactive(self) -> Tensor:
        """κ0(ρ) = (π − θ) / 2π: how often a unit of the next layer is active on both inputs."""
        return self.supplement / (2 * math.pi)

    def above(self) -> "Angles":
        """The angles one layer up, from sin²(θ'/2) = (1 − κ̂1(cos θ)) / 2 = sin²(θ/2) − (sin θ − θ cos θ) / 2π."""
        half = torch.sin(self.angle / 2).square() - _sine_excess(self.angle) / (2 * math.pi)
        angle = 2 * torch.asin(half.clamp_min(0).sqrt())
        return Angles(angle, math.pi - angle)


class LayerKernel(NamedTuple):
    """One trained layer's part of the tangent kernel, as the two Grams whose entrywise product it is.

    Attributes:
        features: <x_{l−1,i}, x_{l−1,j}>, (…, n, p).
        signals: <b_{l,i}, b_{l,j}> of one output, (…, n, p).
    """

    features: Tensor
    signals: Tensor

    def kernel(self) -> Tensor:
        """<∇_{W_l} f(x_i), ∇_{W_l} f(x_j)>, (…, n, p)."""
        return self.features * self.signals

    def scaled(self, factor: float) -> "LayerKernel":
        """The same layer with its signals' Gram multiplied by `factor`."""
        return LayerKernel(self.features, factor * self.signals)


def angles_between(inputs: Tensor, others: Tensor | None = None) -> Angles:
    """Angles between unit vectors, θ = 2 atan2(‖x − x'‖, ‖x + x'‖): exact for near and for opposite ones.

    Args:
        inputs: (n, d), unit rows.
        others: (p, d), unit rows; the inputs themselves where None.

    Raises:
        ValueError: if a row's norm is not 1 to 1e-6.
    """
    others = inputs if others is None else others
    for rows in (inputs, others):
        norms = torch.linalg.vector_norm(rows, dim=-1)
        if not bool(((norms - 1).abs() <= UNIT_NORM).all()):
            raise ValueError(f"norms in [{float(norms.min())}, {float(norms.max())}] must all be 1")
    # Without the product form of cdist, which loses half the digits of a small distance.
    apart = torch.cdist(inputs, others, compute_mode="donot_use_mm_for_euclid_dist")
    opposite = torch.cdist(inputs, -others, compute_mode="donot_use_mm_for_euclid_dist")
    return Angles(2 * torch.atan2(apart, opposite), 2 * torch.atan2(opposite, apart))


def feature_angles(inputs: Tensor, layers: int, others: Tensor | None = None) -> list[Angles]:
    """The angles of layers 0, …, `layers` at infinite width, layer 0 being the inputs.

    Raises:
        ValueError: if `layers` is negative, or an input is not a unit vector.
    """
    if layers < 0:
        raise ValueError(f"{layers=} must be non-negative")
    angles = [angles_between(inputs, others)]
    for _ in range(layers):
        angles.append(angles[-1].above())
    return angles


def feature_kernel(inputs: Tensor, layer: int, others: Tensor | None = None) -> Tensor:
    """ρ_l, the limit of <x_{l,i}, x_{l,j}> for weights N(0, 2 / fan-out), (n, p)."""
    return feature_angles(inputs, layer, others)[-1].cosine()


def conjugate_kernel(inputs: Tensor, layer: int, others: Tensor | None = None) -> Tensor:
    """κ^{(l)} = 2^{−l} ρ_l, (n, p): its recursion E[σ(f(x)) σ(f(x'))] has no factor 2, so it halves each layer.

    Source: cao-gu-2020 Assumption 4.12.
    """
    return feature_kernel(inputs, layer, others) * 2.0**-layer


def last_layer_kernel(inputs: Tensor, depth: int, others: Tensor | None = None) -> Tensor:
    """H_L = ρ_{L−1} ∘ κ0(ρ_{L−1}), (n, p): the last hidden layer's part of the tangent kernel, over m.

    Its diagonal is ½.

    Args:
        inputs: (n, d), unit rows.
        depth: L ≥ 1, the number of hidden layers.
        others: (p, d), unit rows; the inputs themselves where None.

    Source: cao-gu-2020 equation (4.1) at W⁽⁰⁾; zou-gu-2019 Lemma 4.1.
    """
    angles = feature_angles(inputs, depth - 1, others)[-1]
    return angles.cosine() * angles.coactive()


def last_layer_gap(inputs: Tensor, depth: int, others: Tensor | None = None) -> Tensor:
    """½ − H_L, (n, p), exact to rounding however close the inputs: for two inputs it is λ_min(H_L)."""
    angles = feature_angles(inputs, depth - 1, others)[-1]
    # ½ − ρ (π − θ) / 2π = (1 − ρ) / 2 + θ ρ / 2π
    return angles.gap() / 2 + angles.angle * angles.cosine() / (2 * math.pi)


def two_layer_gram(inputs: Tensor) -> Tensor:
    """H_ij = E[<x_i, x_j> σ'(w·x_i) σ'(w·x_j)] with w standard Gaussian, (n, n).

    Source: zou-gu-2019 Proposition 3.6.
    """
    return last_layer_kernel(inputs, 1)


def tangent_growth(setting: Setting, width: float) -> float:
    """How the tangent kernel grows with m: `tangent_kernel` is the limit of `Trace.ntk()` over this.

    m for the fixed output layers of norm √m, m^{2α} where V has entries N(0, 1/m) and is multiplied by m^α.
    """
    return float(width) ** (2 * setting.exponent + (not setting.trains_output))


def tangent_layers(
    setting: Setting,
    inputs: Tensor,
    depth: int,
    *,
    outputs: int = 1,
    widths: Sequence[float] | None = None,
    others: Tensor | None = None,
) -> tuple[LayerKernel, ...]:
    """Each trained layer's part of the limiting tangent kernel of one output, over `tangent_growth`.

    Layer l has features ρ_{l−1} and signals ½ Π_{r=l}^{H} 2 κ0(ρ_{r−1}), whose diagonals are 1 and ½; a trained
    output layer has features ρ_H and signals 1.

    Args:
        setting: the paper's conventions.
        inputs: (n, d), unit rows.
        depth: L, as the paper counts it.
        outputs: k; a Gaussian V has entries N(0, 1/k), so every output's kernel is divided by k.
        widths: m_1, …, m_H, where they differ; signals grow with m_l, and m is the smallest.
        others: (p, d), unit rows; the inputs themselves where None.

    Raises:
        ValueError: if there is no hidden layer, or not one width for each.
    """
    hidden = setting.hidden_layers(depth)
    widths = [1.0] * max(hidden, 0) if widths is None else widths
    if hidden < 1 or outputs < 1 or len(widths) != hidden:
        raise ValueError(f"{depth=} needs at least one hidden layer and {len(widths)} widths; {outputs=} at least 1")
    angles = feature_angles(inputs, hidden, others)
    signals = torch.full_like(angles[0].angle, 0.5 / (outputs if setting.output == "gaussian" else 1))
    layers = []
    for below, width in zip(angles[-2::-1], reversed(widths), strict=True):
        signals = signals * 2 * below.coactive()
        share = width / (widths[-1] if setting.trains_output else min(widths))
        layers.append(LayerKernel(below.cosine(), share * signals))
    layers.reverse()
    if setting.trains_output:
        layers.append(LayerKernel(angles[-1].cosine(), torch.ones_like(signals)))
    return tuple(layers)


def tangent_kernel(
    setting: Setting,
    inputs: Tensor,
    depth: int,
    *,
    outputs: int = 1,
    widths: Sequence[float] | None = None,
    others: Tensor | None = None,
) -> Tensor:
    """Θ, (n, p): the limit of `Trace.ntk()` / `tangent_growth` for each output; outputs do not mix.

    At equal widths the diagonal is L/2 (cao-gu-2020), L/2k (zou-gu-2019) and (L + 1)/2 (the slides and the poster).
    Arguments and errors are those of `tangent_layers`.
    """
    layers = tangent_layers(setting, inputs, depth, outputs=outputs, widths=widths, others=others)
    return torch.stack([layer.kernel() for layer in layers]).sum(0)


@dataclass(frozen=True)
class KernelRun:
    """Gradient descent on the square loss of a network that is linear in its weights, in closed form.

    The residual r = f − y obeys r⁽ᵗ⁾ = (I − (η/n) K)ᵗ r⁽⁰⁾ and the weights W⁽ᵗ⁾ − W⁽⁰⁾ = −Σ_i c_i⁽ᵗ⁾ ∇f(x_i)
    with K c⁽ᵗ⁾ = r⁽⁰⁾ − r⁽ᵗ⁾. What the kernel does not see does not move. `math.inf` is a valid step.

    Attributes:
        layers: K layer by layer, with the width's growth in it: `scaled` limits, or measured.
        residual: r⁽⁰⁾, (…, n, k); the outputs share the kernel and do not mix.
        step_size: η.

    Source: the loss of zou-gu-2019 (2.1), ½‖f − y‖² averaged over n, and its Algorithm 1.

    Raises:
        ValueError: if the step size is not positive.
    """

    layers: tuple[LayerKernel, ...]
    residual: Tensor
    step_size: float

    def __post_init__(self) -> None:
        if not self.step_size > 0:
            raise ValueError(f"step_size={self.step_size} must be positive")

    @cached_property
    def kernel(self) -> Tensor:
        """K, (…, n, n), the sum over layers."""
        return torch.stack([layer.kernel() for layer in self.layers]).sum(0)

    @cached_property
    def _modes(self) -> tuple[Tensor, Tensor, Tensor]:
        """Eigenvalues (…, n) with rounding set to zero, eigenvectors, and r⁽⁰⁾ in their basis (…, n, k)."""
        values, vectors = torch.linalg.eigh(self.kernel)
        rounding = values.shape[-1] * torch.finfo(values.dtype).eps * values[..., -1:]
        values = torch.where(values <= rounding, 0.0, values)
        return values, vectors, vectors.mT @ self.residual

    @property
    def _shrinkage(self) -> Tensor:
        """η λ_i / n, (…, n): the share of each mode that one step removes."""
        return self._modes[0] * (self.step_size / self.residual.shape[-2])

    def residual_at(self, step: float | Tensor) -> Tensor:
        """r⁽ᵗ⁾, (…, n, k)."""
        _, vectors, start = self._modes
        return vectors @ (self._kept(step)[..., None] * start)

    def loss(self, step: float | Tensor) -> Tensor:
        """½‖r⁽ᵗ⁾‖² / n, (…,); a tensor of steps is one step for each leading index."""
        _, _, start = self._modes
        return (self._kept(step)[..., None] * start).square().sum((-2, -1)) / (2 * self.residual.shape[-2])

    def contraction(self) -> Tensor:
        """The factor by which the loss shrinks at least, each step: max_i (1 − η λ_i / n)², (…,)."""
        return (1 - self._shrinkage).square().amax(-1)

    def iterations(self, epsilon: float) -> Tensor:
        """The first step whose loss is at most ε, (…,); infinite where the kernel cannot fit the residual.

        Raises:
            ValueError: if ε is not positive, or the step size is so large that the run diverges.
        """
        if not epsilon > 0:
            raise ValueError(f"{epsilon=} must be positive")
        if not bool((self._shrinkage <= 2).all()):
            raise ValueError(f"step_size={self.step_size} diverges: η λ_max / n = {float(self._shrinkage.max())} > 2")
        never = self.loss(math.inf) > epsilon
        low = torch.full_like(self.loss(0), -1.0)
        high = torch.ones_like(low)
        while bool((late := ~never & (self.loss(high) > epsilon)).any()):
            high = torch.where(late, 2 * high, high)
        while bool((high - low > 1).any()):
            middle = torch.floor((low + high) / 2)
            reached = self.loss(middle) <= epsilon
            low, high = torch.where(reached, low, middle), torch.where(reached, middle, high)
        return torch.where(never, math.inf, high)

    def coefficients(self, step: float | Tensor) -> Tensor:
        """c⁽ᵗ⁾ with W⁽ᵗ⁾ − W⁽⁰⁾ = −Σ_i c_i⁽ᵗ⁾ ∇f(x_i), (…, n, k)."""
        values, vectors, start = self._modes
        removed = torch.where(values > 0, self._removed(step) / values.clamp_min(torch.finfo(values.dtype).tiny), 0.0)
        return vectors @ (removed[..., None] * start)

    def distance(self, step: float | Tensor) -> Tensor:
        """‖W⁽ᵗ⁾ − W⁽⁰⁾‖_F over all layers, (…,); √(Σ_outputs rᵀ K⁻¹ r) at the end."""
        c = self.coefficients(step)
        return (c * (self.kernel @ c)).sum((-2, -1)).clamp_min(0).sqrt()

    def layer_distances(self, step: float | Tensor, norm: Norm) -> Tensor:
        """‖W_l⁽ᵗ⁾ − W_l⁽⁰⁾‖ in the ball's norm, (…, layers).

        Layer l moves by Σ_{i,r} c_{ir} b_{l,ir} x_{l−1,i}ᵀ, whose squared singular values are the eigenvalues of
        (c cᵀ ∘ signals) · features: their sum in Frobenius norm, the largest in spectral norm. Across outputs the
        signals are taken as orthogonal, as they are in the limit.
        """
        c = self.coefficients(step)
        outer = c @ c.mT
        return torch.stack([_size(layer.features, outer * layer.signals, norm) for layer in self.layers], -1)

    def _kept(self, step: float | Tensor) -> Tensor:
        """(1 − η λ_i / n)ᵗ, (…, n)."""
        return (1 - self._shrinkage) ** self._exponent(step)

    def _removed(self, step: float | Tensor) -> Tensor:
        """1 − (1 − η λ_i / n)ᵗ, (…, n), without cancellation for slow modes."""
        share = self._shrinkage
        slow = -torch.expm1(self._exponent(step) * torch.log1p(-share.clamp_max(0.5)))
        return torch.where(share < 0.5, slow, 1 - self._kept(step))

    def _exponent(self, step: float | Tensor) -> Tensor:
        return torch.as_tensor(step, dtype=self.residual.dtype, device=self.residual.device)[..., None]


def limiting_run(
    setting: Setting, inputs: Tensor, residual: Tensor, *, depth: int, width: float, step_size: float
) -> KernelRun:
    """The run predicted for a network of depth L and width m from its residual f(x_i) − y_i at W⁽⁰⁾.

    Args:
        setting: the paper's conventions; its loss is taken to be square.
        inputs: (n, d), unit rows.
        residual: (…, n, k).
        depth: L, as the paper counts it.
        width: m, of every hidden layer.
        step_size: η.
    """
    growth = tangent_growth(setting, width)
    layers = tangent_layers(setting, inputs, depth, outputs=residual.shape[-1])
    return KernelRun(tuple(layer.scaled(growth) for layer in layers), residual, step_size)


def _size(features: Tensor, signals: Tensor, norm: Norm) -> Tensor:
    """The norm of a matrix M = B Xᵀ from the Grams of the columns of X and B, (…,)."""
    if norm == "frobenius":
        return (features * signals).sum((-2, -1)).clamp_min(0).sqrt()
    values, vectors = torch.linalg.eigh(features)
    root = values.clamp_min(0).sqrt()[..., None, :] * vectors
    return torch.linalg.eigvalsh(root.mT @ signals @ root)[..., -1].clamp_min(0).sqrt()


def _sine_excess(angle: Tensor) -> Tensor:
    """sin θ − θ cos θ = Σ_{k ≥ 1} (−1)^{k+1} 2k θ^{2k+1} / (2k + 1)!, exact to rounding on [0, π]."""
    square = angle.square()
    series = torch.zeros_like(angle)
    for k in range(8, 0, -1):
        series = 2 * k / math.factorial(2 * k + 1) - square * series
    return torch.where(angle < SERIES, series * square * angle, torch.sin(angle) - angle * torch.cos(angle))
