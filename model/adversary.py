"""The worst W in the ball: closed forms and structured points.

Random perturbations see the wrong exponents: a unit flips only if it is close to its kink, and a random
direction does not know which units are. Every attack here reads W⁽⁰⁾, as the papers' "for all W" allows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lemmata.model.ball import Ball
from lemmata.model.changes import Changes, LowRank, add
from lemmata.model.data import Dataset
from lemmata.model.imposing import Imposed, impose
from lemmata.model.losses import LOSSES
from lemmata.model.spectra import top_singular
from lemmata.model.trace import Trace
from lemmata.model.training import gradient_descent

OVERSHOOT = 0.003
"""How far beyond its kink a deep unit is sent, relative to where it came from: Gauss–Newton leaves a residual."""

MEMORISING = 6
"""Points that the adversaries of generalisation try: the linear maximiser, and those that descent leads to."""

UNSEEN = 32
"""Examples that stand for the population in an attack on it."""


class Pair(NamedTuple):
    """Two points of the ball: W̃ = W⁽⁰⁾ + tilde, and Ŵ = W̃ + step."""

    tilde: Changes
    step: Changes


@dataclass(frozen=True)
class Target:
    """What an attack may read, and where it aims.

    Attributes:
        trace: at W⁽⁰⁾.
        labels: (n, k).
        ball: the neighbourhood to stay in.
        layer: aimed at, counted from 1.
        example: aimed at, counted from 0.
        output: aimed at, counted from 0.
        rng: for the attacks that draw.
        unseen: draws so many further examples of the population, None where that is not known.
    """

    trace: Trace
    labels: Tensor
    ball: Ball
    layer: int
    example: int
    output: int
    rng: np.random.Generator
    unseen: Callable[[int], Dataset] | None = None

    def at(self, layer: int) -> tuple[Tensor, Tensor]:
        """x_{l−1} / ‖x_{l−1}‖ (S, m_{l−1}) and ‖x_{l−1}‖ (S, 1) of the example aimed at."""
        x = self.trace.features[layer - 1][:, self.example]
        size = torch.linalg.vector_norm(x, dim=-1, keepdim=True).clamp_min(torch.finfo(x.dtype).tiny)
        return x / size, size

    def preactivation(self) -> Tensor:
        """z_l of the example aimed at, (S, m_l)."""
        return self.trace.preactivations[self.layer - 1][:, self.example]

    def signal(self) -> Tensor:
        """g_l = ∂f/∂x_l of the example aimed at, (S, m_l).

        Of several outputs it is their combination along the slope of the loss, with the sign of the output aimed at.
        """
        g = self.trace.unmasked_signals[self.layer - 1][:, self.example]
        slopes = LOSSES[self.trace.network.setting.loss].slopes(self.trace.outputs, self.labels)[:, self.example]
        size = torch.linalg.vector_norm(slopes, dim=-1, keepdim=True)
        aimed = torch.zeros_like(slopes)
        aimed[:, self.output] = 1.0
        weights = torch.where(size > 0, _harmful_sign(self) * slopes / size, aimed)
        return (weights[..., None] * g).sum(-2)

    def displacing(self, displacement: Tensor) -> Changes:
        """The least change of the layer aimed at that moves its pre-activation by `displacement`, (S, m_l)."""
        unit, size = self.at(self.layer)
        changes = list(self.trace.network.still())
        changes[self.layer - 1] = LowRank((displacement / size)[..., None], unit[..., None])
        return tuple(changes)

    def imposing(self, order: Tensor, goal: Tensor, *, closeness: float) -> Imposed:
        """Least-norm changes of all layers up to the one aimed at, for the example aimed at: see `model.imposing`."""
        found = impose(
            self.trace, self.layer, (self.example,), order[:, None], goal[:, None], self.ball, closeness=closeness
        )
        return Imposed(found.changes, found.served[:, 0])

    def still(self) -> tuple[LowRank, ...]:
        """No change."""
        return self.trace.network.still()


Attack = Callable[[Target], Pair]


def stay(target: Target) -> Pair:
    """W̃ = Ŵ = W⁽⁰⁾."""
    return Pair(target.still(), target.still())


def random(target: Target) -> Pair:
    """A random rank-one direction in every layer, at full radius: the floor that any search must beat."""
    return Pair(target.still(), target.ball.sample(target.trace.network, target.rng))


def along_gradient(target: Target) -> Pair:
    """Every layer moved by the full radius along ∇f of the example aimed at."""
    weights = torch.zeros_like(target.trace.outputs)
    weights[:, target.example, target.output] = 1.0
    gradient = target.trace.gradient(weights)
    return Pair(target.still(), tuple(target.ball.fill(layer) for layer in gradient))


def descend(target: Target) -> Pair:
    """Twenty steps of gradient descent on the labels, shortened to stay in the ball."""
    network = target.trace.network
    loss = LOSSES[network.setting.loss]
    norms = target.trace.batch_gradient_norms(loss.slopes(target.trace.outputs, target.labels))
    step_size = target.ball.radius / (10 * float(norms.max()))
    run = gradient_descent(network, target.trace.inputs, target.labels, step_size=max(step_size, 1e-300), steps=20)
    *_, last = run
    return Pair(target.still(), target.ball.project(last.changes))


def memorise(target: Target) -> Pair:
    """Training labels against a test that knows nothing of them: the linear maximiser of Σ y_i f(x_i), then descent.

    Every layer starts at τ G_l / ‖G_l‖ with G_l = Σ y_i ∇_{W_l} f(x_i), which no W in the ball beats to first order;
    projected steps along −∇L follow, and the smallest training loss seen is kept.
    """
    return _fit(target, Dataset(target.trace.inputs, target.labels))


def mislead(target: Target) -> Pair:
    """Training labels kept and those of unseen examples flipped: G_l = mean y_i ∇f(x_i) − mean y_j ∇f(x_j).

    Descent follows as in `memorise`, which this is without unseen examples; they are others than any test's.
    """
    sample = Dataset(target.trace.inputs, target.labels)
    if target.unseen is None:
        return _fit(target, sample)
    unseen = target.unseen(UNSEEN)
    return _fit(target, sample, Dataset(unseen.inputs.to(sample.inputs), -unseen.labels.to(sample.inputs)))


def flip_units(target: Target) -> Pair:
    """Sort and spend, from W⁽⁰⁾: as many units of one layer and example flipped as the radius pays for.

    Flipping unit j costs |z_j| / ‖x_{l−1}‖; the cheapest are bought first. Exact for the first layer.
    """
    z = target.preactivation()
    bought = _affordable(z.abs(), z.abs() / target.at(target.layer)[1], target.ball.radius)
    return Pair(target.still(), target.displacing(_across(z, bought)))


def flip_units_apart(target: Target) -> Pair:
    """Sort and spend on both sides: every second unit is flipped in W̃, the others in Ŵ.

    The pair has twice the squared budget; for the first layer this is the largest number of flips, or one less.
    """
    z = target.preactivation()
    cost = z.abs() / target.at(target.layer)[1]
    rank = cost.argsort(-1).argsort(-1)
    even = _affordable(torch.where(rank % 2 == 0, cost, torch.inf), cost, target.ball.radius)
    odd = _affordable(torch.where(rank % 2 == 1, cost, torch.inf), cost, target.ball.radius)
    tilde, hat = _across(z, even), _across(z, odd)
    return Pair(target.displacing(tilde), target.displacing(hat - tilde))


def switch_on(target: Target) -> Pair:
    """Sort and spend on inactive units only: the largest number of active units, hence the largest gradient."""
    z = target.preactivation()
    price = torch.where(z <= 0, z.abs(), torch.inf)
    bought = _affordable(price, price / target.at(target.layer)[1], target.ball.radius)
    return Pair(target.still(), target.displacing(_across(z, bought)))


def weaken_gradient(target: Target) -> Pair:
    """Sort and spend on what shortens the loss gradient of the layer aimed at most, per squared cost.

    Unit j has the row Σ_i c_ij σ'_ij x_i of the gradient. For each unit the best example is the one whose flip takes
    most from the row's squared norm; units are bought while they gain.
    """
    trace, top = target.trace, target.layer - 1
    slopes = LOSSES[trace.network.setting.loss].slopes(trace.outputs, target.labels)
    weights = (slopes[..., None] * trace.unmasked_signals[top]).sum(2)
    x, z, active = trace.features[top], trace.preactivations[top], trace.patterns[top]
    gram = x @ x.mT
    square = torch.diagonal(gram, dim1=-2, dim2=-1)[..., None].clamp_min(torch.finfo(z.dtype).tiny)
    added = torch.where(active, -weights, weights)
    gain = -added * (2 * (gram @ (weights * active)) + added * square)
    price = z.square() / square
    best = (gain / price).argmax(1, keepdim=True)
    gain, price, there = (value.gather(1, best)[:, 0] for value in (gain, price, z))
    order = torch.where(gain > 0, -gain / price, torch.inf)
    bought = _affordable(order, price.sqrt(), target.ball.radius)
    moved = torch.zeros_like(z).scatter(1, best, _across(there, bought)[:, None])
    changes = list(target.still())
    changes[top] = LowRank((moved / square).mT, x.mT)
    return Pair(target.still(), tuple(changes))


def place_on_kinks(target: Target) -> Pair:
    """W̃ spends the radius putting units with one sign of g exactly on their kink; Ŵ crosses them all.

    The linearisation error is then g · |ẑ| summed over the placed units, at an arbitrarily small step. The
    sign is the one that raises the loss of the example aimed at, so that the same pair is worst for
    semi-smoothness.
    """
    return _placed(target, _harmful_sign(target))


def place_on_lowering_kinks(target: Target) -> Pair:
    """The same with the other sign: the loss ends below its linearisation, worst for almost-convexity."""
    return _placed(target, -_harmful_sign(target))


def merge_patterns(target: Target) -> Pair:
    """Units of one layer that tell the example aimed at from its nearest neighbour are taken to the neighbour's side.

    The cheapest first, as many as the radius pays for. With all of them gone, which takes a radius of order φ^{3/2},
    opposite residuals of two inputs at distance φ leave a squared gradient of order φ² and no longer φ.
    """
    z, inputs = target.preactivation(), target.trace.inputs
    apart = torch.linalg.vector_norm(inputs - inputs[target.example], dim=-1)
    apart[target.example] = torch.inf
    beside = target.trace.patterns[target.layer - 1][:, int(apart.argmin())]
    price = torch.where((z > 0) != beside, z.abs(), torch.inf)
    bought = _affordable(price, z.abs() / target.at(target.layer)[1], target.ball.radius)
    return Pair(target.still(), target.displacing(_across(z, bought)))


def flip_units_deep(target: Target) -> Pair:
    """Sort and spend at depth, from W⁽⁰⁾: every layer up to the one aimed at contributes its whole radius."""
    z = target.preactivation()
    return Pair(target.still(), target.imposing(z.abs(), -OVERSHOOT * z, closeness=torch.inf).changes)


def flip_units_apart_deep(target: Target) -> Pair:
    """The same for a pair: every second unit is flipped in W̃, the others in Ŵ, with all layers' radii."""
    z = target.preactivation()
    odd = z.abs().argsort(-1).argsort(-1) % 2 == 1
    tilde, hat = (
        target.imposing(torch.where(side, z.abs(), torch.inf), -OVERSHOOT * z, closeness=torch.inf).changes
        for side in (~odd, odd)
    )
    return Pair(tilde, add(tuple(change.scaled(-1.0) for change in tilde), hat))


def place_on_kinks_deep(target: Target) -> Pair:
    """Kink placement at depth: W̃ with all layers' radii, then a short step of the layer aimed at alone."""
    return _placed_deep(target, _harmful_sign(target))


def place_on_lowering_kinks_deep(target: Target) -> Pair:
    """The same with the sign that leaves the loss below its linearisation."""
    return _placed_deep(target, -_harmful_sign(target))


def place_on_kinks_together(target: Target) -> Pair:
    """Kink placement for all examples at once, where a claim adds them up: each pair of example and unit is a target.

    In the Frobenius ball the examples share the radius; in the spectral ball, if they are nearly orthogonal, each has
    the whole of it. The step crosses every placed kink of every example at equal speeds.
    """
    trace, layer = target.trace, target.layer
    z = trace.preactivations[layer - 1]
    g = trace.unmasked_signals[layer - 1][:, :, target.output]
    slopes = LOSSES[trace.network.setting.loss].slopes(trace.outputs, target.labels)[..., target.output]
    found = impose(
        trace, layer, range(z.shape[1]), _price(z, g, slopes[..., None]), -1e-3 * z, target.ball, closeness=2.0
    )
    there = Trace(trace.network.moved(found.changes), trace.inputs)
    toward = _unit(torch.where(found.served, z.sign() * g.abs(), 0.0))
    typical = torch.where(found.served, z.square(), 0.0).sum(-1, keepdim=True).sqrt()
    step = list(target.still())
    # The dual basis moves the pre-activations of each example alone; nearly equal examples move together.
    # By LAPACK, as `spectra.svd`.
    dual = torch.linalg.pinv(there.features[layer - 1].cpu(), rtol=1e-2).to(z)
    step[layer - 1] = LowRank((toward * typical * 0.1).mT, dual)
    return Pair(found.changes, target.ball.shortened(found.changes, tuple(step)))


def overshoot_kinks(target: Target) -> Pair:
    """A large linearisation error from W⁽⁰⁾ itself: units with |z_j| < D_j / 2 are moved by D_j ∝ g_j.

    The largest at the first layer, up to the contribution of one unit.
    """
    z, g = target.preactivation(), target.signal()
    size = target.at(target.layer)[1]
    values, index = _price(z, g, _harmful_sign(target)).sort(-1)
    weight = (g.square()).gather(-1, index).cumsum(-1)
    reach = target.ball.radius * size / weight.sqrt()
    chosen = torch.zeros_like(z, dtype=torch.bool).scatter(-1, index, 2 * values <= reach)
    scale = torch.where(chosen, g.square(), 0.0).sum(-1, keepdim=True).sqrt().clamp_min(1e-300)
    displacement = -z.sign() * g.abs() * target.ball.radius * (1 - 1e-9) * size / scale
    return Pair(target.still(), target.displacing(torch.where(chosen, displacement, 0.0)))


def stretch_weights(target: Target) -> Pair:
    """Every layer moved along its own leading singular pair: ‖W_l‖_2 becomes ‖W_l⁽⁰⁾‖_2 + radius, exactly."""
    trace = target.trace
    step = []
    for matrix, change in zip(trace.network.matrices, trace.network.still(), strict=False):
        _, left, right = top_singular(matrix.apply, matrix.apply_transposed, matrix.shape, change.left)
        step.append(LowRank(target.ball.radius * left.mT, right.mT))
    return Pair(target.still(), tuple(step))


def move_all_units(target: Target) -> Pair:
    """Every layer moved by the whole radius, all its units equally far: the largest Σ_j ‖w_j − w_j⁽⁰⁾‖, exactly.

    The common direction is the layer's input, with the sign of the signal: outputs grow.
    """
    trace = target.trace
    step = list(target.still())
    for r in range(1, trace.network.hidden + 1):
        g = trace.unmasked_signals[r - 1][:, target.example, target.output]
        sign = torch.where(g < 0, -1.0, 1.0).to(g)
        step[r - 1] = target.ball.fill(LowRank(sign[..., None], target.at(r)[0][..., None]))
    return Pair(target.still(), tuple(step))


def compound_changes(target: Target) -> Pair:
    """Layer 1 moved where the others amplify it most, and each of them along b_l dx_{l−1}ᵀ: change meets change."""
    trace = target.trace
    step = list(target.still())
    high = max(1, trace.network.hidden - 1)
    moved = trace.propagator_norms(1, high).right
    step[0] = target.ball.fill(LowRank(moved[:, target.example, :, None], target.at(1)[0][..., None]))
    moved = moved * trace.patterns[0]
    for r in range(2, trace.network.hidden + 1):
        b = trace.signals[r - 1][:, target.example, target.output]
        step[r - 1] = target.ball.fill(LowRank(b[..., None], _unit(moved[:, target.example])[..., None]))
        moved = trace.network.apply(r - 1, moved) * trace.patterns[r - 1]
    return Pair(target.still(), tuple(step))


def stretch_features(target: Target) -> Pair:
    """Every layer up to the one aimed at moved along the gradient of ‖x_l‖: first order 1 + τ Σ √(k + 1)."""
    trace, layer = target.trace, target.layer
    x = trace.features[layer]
    step = list(target.still())
    for r in range(1, layer + 1):
        pull = trace.back_through(r, layer, x)[:, target.example]
        step[r - 1] = target.ball.fill(LowRank(pull[..., None], target.at(r)[0][..., None]))
    return Pair(target.still(), tuple(step))


def push_features(target: Target) -> Pair:
    """A short rank-one step of layer 1 that the layers above amplify most: x_0 uᵀ, u leading for M_{1→l}."""
    trace = target.trace
    u = trace.propagator_norms(1, target.layer).right[:, target.example]
    step = list(target.still())
    size = target.ball.radius * torch.finfo(u.dtype).eps ** 0.25
    step[0] = LowRank(size * u[..., None], target.at(1)[0][..., None])
    return Pair(target.still(), tuple(step))


def stretch_product(target: Target) -> Pair:
    """Layers 2 to L moved along the leading singular pair of their masked product (layer 1 if L = 1)."""
    trace, high = target.trace, target.trace.network.hidden
    low = min(2, high)
    _, left, right = trace.jacobian_norms(low, high)
    step = list(target.still())
    inputs = right
    for r in range(low, high + 1):
        pull = trace.back_through(r, high, left)[:, target.example]
        step[r - 1] = target.ball.fill(LowRank(pull[..., None], _unit(inputs[:, target.example])[..., None]))
        inputs = trace.network.apply(r - 1, inputs) * trace.patterns[r - 1]
    return Pair(target.still(), tuple(step))


def amplify_signals(target: Target) -> Pair:
    """Every trained layer moved along b_l g_{l−1}ᵀ: the backward signals grow in length at every layer."""
    trace = target.trace
    step = list(target.still())
    below = [trace.input_signals, *trace.unmasked_signals]
    for r in range(1, trace.network.trained + 1):
        b = trace.signals[r - 1][:, target.example, target.output]
        g = below[r - 1][:, target.example, target.output]
        step[r - 1] = target.ball.fill(LowRank(b[..., None], _unit(g)[..., None]))
    return Pair(target.still(), tuple(step))


ATTACKS: dict[str, Attack] = {
    attack.__name__.replace("_", "-"): attack
    for attack in (
        stay,
        random,
        along_gradient,
        descend,
        memorise,
        mislead,
        flip_units,
        flip_units_apart,
        switch_on,
        weaken_gradient,
        place_on_kinks,
        place_on_lowering_kinks,
        overshoot_kinks,
        merge_patterns,
        flip_units_deep,
        flip_units_apart_deep,
        place_on_kinks_deep,
        place_on_kinks_together,
        place_on_lowering_kinks_deep,
        stretch_weights,
        move_all_units,
        compound_changes,
        stretch_features,
        push_features,
        stretch_product,
        amplify_signals,
    )
}


def _fit(target: Target, *parts: Dataset) -> Pair:
    """The W in the ball, of those that descent from the linear maximiser meets, with the least sum of mean losses."""
    network, ball = target.trace.network, target.ball
    loss, labels = LOSSES[network.setting.loss], [part.labels for part in parts]
    sizes = [len(part.inputs) for part in parts]
    inputs = torch.cat([part.inputs for part in parts])
    start = Trace(network, inputs).gradient(torch.cat([y / len(y) for y in labels]))
    best = found = tuple(ball.fill(layer) for layer in start)
    least = torch.full_like(network.like, torch.inf)
    for step in range(MEMORISING):
        trace = Trace(network.moved(found), inputs)
        outputs = list(zip(trace.outputs.split(sizes, 1), labels, strict=True))
        value = torch.stack([loss.value(f, y) for f, y in outputs]).sum(0)
        best = tuple(old.where(value < least, new) for new, old in zip(found, best, strict=True))
        least = torch.minimum(value, least)
        descent = trace.gradient(-torch.cat([loss.slopes(f, y) for f, y in outputs], 1))
        toward = (ball.fill(layer).scaled(0.5 * 0.7**step) for layer in descent)
        found = ball.project(tuple(a.plus(b) for a, b in zip(found, toward, strict=True)))
    return Pair(target.still(), best)


def _placed(target: Target, sign: Tensor) -> Pair:
    """Units with this sign of g, (S, 1), on their kink, the cheapest per |g| first, and the step that crosses them."""
    z, g = target.preactivation(), target.signal()
    size = target.at(target.layer)[1]
    placed = _affordable(_price(z, g, sign), z.abs() / size, target.ball.radius)
    toward = torch.where(placed, g.abs(), 0.0)
    toward = toward / torch.linalg.vector_norm(toward, dim=-1, keepdim=True).clamp_min(1e-300)
    typical = torch.where(placed, z.abs(), 0.0).square().sum(-1, keepdim=True).sqrt()
    eps = torch.finfo(z.dtype).eps
    before = -z.sign() * toward * typical * eps**0.6
    after = z.sign() * toward * typical * eps**0.2
    tilde = torch.where(placed, before - z, 0.0)
    return Pair(target.displacing(tilde), target.displacing(torch.where(placed, after - before, 0.0)))


def _placed_deep(target: Target, sign: Tensor) -> Pair:
    """The same with least changes of all layers below."""
    z, g = target.preactivation(), target.signal()
    found = target.imposing(_price(z, g, sign), -1e-3 * z, closeness=2.0)
    there = Trace(target.trace.network.moved(found.changes), target.trace.inputs)
    x = there.features[target.layer - 1][:, target.example]
    toward = torch.where(found.served, z.sign() * g.abs(), 0.0)
    typical = torch.where(found.served, z.square(), 0.0).sum(-1, keepdim=True).sqrt()
    crossing = _unit(toward) * typical * 0.1
    step = list(target.still())
    step[target.layer - 1] = LowRank(crossing[..., None], (x / _square(x))[..., None])
    return Pair(found.changes, target.ball.shortened(found.changes, tuple(step)))


def _price(z: Tensor, g: Tensor, sign: Tensor) -> Tensor:
    """|z_j| / |g_j| where g_j has the sign, (S, m); infinite elsewhere."""
    return torch.where(sign * g > 0, z.abs() / g.abs().clamp_min(torch.finfo(z.dtype).tiny), torch.inf)


def _square(x: Tensor) -> Tensor:
    return x.square().sum(-1, keepdim=True).clamp_min(torch.finfo(x.dtype).tiny)


def _unit(x: Tensor) -> Tensor:
    return x / torch.linalg.vector_norm(x, dim=-1, keepdim=True).clamp_min(torch.finfo(x.dtype).tiny)


def _harmful_sign(target: Target) -> Tensor:
    """The sign of the output change that raises the loss of the example aimed at, (S, 1)."""
    slopes = LOSSES[target.trace.network.setting.loss].slopes(target.trace.outputs, target.labels)
    sign = slopes[:, target.example, target.output].sign()
    return torch.where(sign == 0, 1.0, sign)[:, None]


def _affordable(order: Tensor, cost: Tensor, radius: float) -> Tensor:
    """Units bought in increasing `order` while their squared costs sum to at most radius², (S, m) boolean.

    A unit whose order is infinite is never bought. A sliver of the budget is kept for crossing the kink.
    """
    index = order.argsort(-1)
    spent = torch.where(order.isinf(), torch.inf, cost.square()).gather(-1, index).cumsum(-1)
    return torch.zeros_like(order, dtype=torch.bool).scatter(-1, index, spent <= radius**2 * (1 - 1e-7))


def _across(z: Tensor, bought: Tensor) -> Tensor:
    """The displacement that puts the bought units a sliver beyond their kink, (S, m)."""
    total = torch.where(bought, z, 0.0).square().sum(-1, keepdim=True).sqrt()
    sliver = total / z.shape[-1] ** 0.5 * torch.finfo(z.dtype).eps ** 0.6
    return torch.where(bought, -z - torch.where(z > 0, sliver, -sliver), 0.0)
