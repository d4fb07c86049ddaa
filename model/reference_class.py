"""Good points near initialisation: the best of the linearised class in a ball, and the nearest that fits all labels.

The neural tangent random features of a network are its per-example gradients at W⁽⁰⁾. A function of the class adds
<∇f, W> to f, each layer's ‖W_l‖_F being at most ρ. The best one only moves in the span of the gradients, so n × n Grams
are all that the search needs; it comes with a duality gap.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import nnls
from torch import Tensor

from lemmata.model.changes import Changes
from lemmata.model.kernels import LayerKernel
from lemmata.model.losses import cross_entropy, surrogate
from lemmata.model.margins import signed
from lemmata.model.network import Network
from lemmata.model.trace import Trace

CHECKED = 10
"""Steps between two looks at the duality gap."""

ROUNDS, REPAIRS = 8, 16
"""Of sequential linearisation: for the nearest fit, and at most for what it leaves short."""

BEYOND = 0.01
"""Of the margin and of one unit, which a fit aims at in excess."""


class ClassMinimum(NamedTuple):
    """min of (1/n) Σ ℓ(y_i f(x_i)) over the class.

    Attributes:
        value: (S,), attained by the coefficients: at most `gap` above the minimum.
        gap: (S,), the duality gap there.
        coefficients: c, (S, layers, n): W_l = Σ_i c_{l,i} y_i ∇_{W_l} f(x_i).
    """

    value: Tensor
    gap: Tensor
    coefficients: Tensor

    def until(self, gap: float, further: "ClassMinimum") -> "ClassMinimum":
        """A further search's, but of initialisations that have the gap already: none waits for the others."""
        there = self.gap <= gap
        value, spare = (torch.where(there, old, new) for old, new in zip(self[:2], further[:2], strict=True))
        return ClassMinimum(value, spare, torch.where(there[:, None, None], self.coefficients, further.coefficients))


def class_minimum(
    layers: Sequence[LayerKernel],
    outputs: Tensor,
    labels: Tensor,
    radius: float,
    *,
    gap: float = 1e-6,
    steps: int = 20_000,
) -> ClassMinimum:
    """The least training loss over f + <∇f, W> with ‖W_l‖_F ≤ ρ, by accelerated projected gradient steps.

    With p_i = −ℓ'(y_i f(x_i)) at W and G_l = Σ_i p_i y_i ∇_{W_l} f(x_i), the class has no function whose loss is
    smaller by more than (1/n) Σ_l [ρ ‖G_l‖_F − <G_l, W_l>], which vanishes only at the minimum.

    Args:
        layers: `model.kernels.measured_layers` of the trace at W⁽⁰⁾, each (S, n, n).
        outputs: f(x_i) at W⁽⁰⁾, (S, n, 1).
        labels: ±1, (n, 1).
        radius: ρ.
        gap: the search ends when every initialisation's duality gap is below this.
        steps: at most.

    Raises:
        ValueError: if the radius is negative or not finite, or a label is not ±1.

    Source: cao-gu-2019-slides, the class F(W⁽⁰⁾, R) with ρ = R m^{−1/2}.
    """
    if not 0 <= radius < math.inf:
        raise ValueError(f"{radius=} must be finite and non-negative")
    grams = torch.stack([signed(layer.kernel(), labels) for layer in layers], 1)
    start = (labels * outputs)[..., 0]
    n = start.shape[-1]
    step = 4 * n / torch.linalg.eigvalsh(grams.sum(1))[:, -1].clamp_min(torch.finfo(grams.dtype).tiny)
    nothing = torch.zeros_like(grams[..., 0])
    here = ahead = _Point(nothing, nothing)
    momentum = torch.ones_like(step)
    found = _at(grams, start, nothing, radius)
    for number in range(1, steps + 1):
        slopes = surrogate(start + ahead.images.sum(1))
        along = (step[:, None] * slopes / n)[:, None]
        there = ahead.plus(_Point(along, _images(grams, along))).shortened(radius)
        last = there.plus(here, -1.0)
        # Momentum that points uphill is dropped (O'Donoghue & Candès 2015).
        uphill = ((ahead.coefficients - there.coefficients) * last.images).sum((-2, -1)) > 0
        momentum = torch.where(uphill, 1.0, momentum)
        grown = (1 + (1 + 4 * momentum.square()).sqrt()) / 2
        ahead = there.plus(last, torch.where(uphill, 0.0, (momentum - 1) / grown)[:, None, None])
        here, momentum = there, grown
        if number % CHECKED == 0 or number == steps:
            found = found.until(gap, _at(grams, start, here.coefficients, radius))
            if bool((found.gap <= gap).all()):
                break
    return found


class _Point(NamedTuple):
    """Coefficients c and K_l c_l of every layer, (S, layers, n) each: the Grams are read once per step."""

    coefficients: Tensor
    images: Tensor

    def plus(self, other: "_Point", times: Tensor | float = 1.0) -> "_Point":
        """The sum with a multiple of the other."""
        return _Point(self.coefficients + times * other.coefficients, self.images + times * other.images)

    def shortened(self, radius: float) -> "_Point":
        """Each layer shortened to the radius."""
        size = (self.coefficients * self.images).sum(-1).clamp_min(0).sqrt()
        share = (radius / size.clamp_min(torch.finfo(size.dtype).tiny)).clamp_max(1.0)[..., None]
        return _Point(share * self.coefficients, share * self.images)


def _at(grams: Tensor, start: Tensor, coefficients: Tensor, radius: float) -> ClassMinimum:
    """Loss and duality gap at the coefficients."""
    margins = start + _images(grams, coefficients).sum(1)
    slopes = surrogate(margins)
    pull = _images(grams, slopes[:, None])
    steepest = radius * (slopes[:, None] * pull).sum(-1).clamp_min(0).sqrt()
    gap = (steepest - (coefficients * pull).sum(-1)).sum(-1) / start.shape[-1]
    return ClassMinimum(cross_entropy(margins).mean(-1), gap, coefficients)


def _images(grams: Tensor, coefficients: Tensor) -> Tensor:
    """K_l c_l of every layer, (S, layers, n): what a layer's weights add to y_i f(x_i)."""
    return (grams @ coefficients[..., None]).squeeze(-1)


def nearest_fit(network: Network, inputs: Tensor, labels: Tensor, margin: float) -> Changes:
    """A small change of all layers, in Frobenius norm, that gives every example the margin.

    Rounds of min ‖D‖_F subject to y_i [f(x_i) + <∇f(x_i), D − D_k>] ≥ margin at the network moved by D_k, half of the
    way each: D = Σ_i λ_i y_i ∇f(x_i) with λ ≥ 0. Then least steps for what the last of them leaves short. Where the
    network is linear the first part finds the nearest change of all; elsewhere the caller looks at the margins.

    Args:
        network: at W⁽⁰⁾, one output.
        inputs: (n, d).
        labels: ±1, (n, 1).
        margin: for y_i f(x_i).

    Raises:
        ValueError: if there is more than one output, or a label is not ±1.

    Source: chen-et-al-2019-poster, the weights W* of its assumption.
    """
    goal = margin + BEYOND * (1 + abs(margin))
    changes: Changes = network.still()
    for _ in range(ROUNDS):
        trace = Trace(network.moved(changes), inputs)
        start = trace.outputs - trace.directional(changes).sum(1)
        changes = _sum(changes, _least_step(trace, labels, goal - labels * start), 0.5, 0.5)
    for _ in range(REPAIRS):
        trace = Trace(network.moved(changes), inputs)
        short = (labels * trace.outputs < margin).any(dim=(-2, -1))
        if not bool(short.any()):
            break
        # An initialisation that has the margin stays, whatever the others beside it need.
        step = _least_step(trace, labels, goal - labels * trace.outputs)
        changes = _sum(changes, step, 1.0, torch.where(short, 1.0, 0.0).to(labels))
    return changes


def _sum(first: Changes, second: Changes, a: float, b: float | Tensor) -> Changes:
    return tuple(x.scaled(a).plus(y.scaled(b)) for x, y in zip(first, second, strict=True))


def _least_step(trace: Trace, labels: Tensor, wanted: Tensor) -> Changes:
    """The least D with y_i <∇f(x_i), D> ≥ wanted, (S, n, 1), at the trace."""
    if trace.outputs.shape[-1] != 1:
        raise ValueError(f"{trace.outputs.shape[-1]} outputs must be 1")
    weights = _least_weights(signed(trace.ntk()[:, :, 0, :, 0], labels), wanted[..., 0])
    return trace.gradient(labels * weights[..., None])


def _least_weights(gram: Tensor, wanted: Tensor) -> Tensor:
    """λ ≥ 0 with the least λᵀ G λ subject to G λ ≥ wanted, (S, n): the dual is min ½ λᵀ G λ − wantedᵀ λ over λ ≥ 0."""
    values, vectors = torch.linalg.eigh(gram.detach().cpu().double())
    seen = values > values[..., -1:] * gram.shape[-1] * torch.finfo(torch.float64).eps
    root = torch.where(seen, values.clamp_min(0).sqrt(), 0.0)
    target = torch.where(seen, (vectors.mT @ wanted.cpu().double()[..., None])[..., 0] / root, 0.0)
    pairs = zip((root[..., None] * vectors.mT).numpy(), target.numpy(), strict=True)
    return torch.from_numpy(np.stack([nnls(a, b)[0] for a, b in pairs])).to(gram)
