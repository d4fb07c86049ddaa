"""Gradients: the loss's own shortened, and the backward signals lengthened."""

import torch

from lemmata.model.attacks.record import Informed, attack
from lemmata.model.attacks.spending import across, affordable, unit
from lemmata.model.attacks.target import Pair, Target
from lemmata.model.changes import LowRank
from lemmata.model.losses import LOSSES


@attack("weaken-gradient", aims=("last layer",), informed=Informed.NETWORK)
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
    bought = affordable(order, price.sqrt(), target.ball.radius)
    moved = torch.zeros_like(z).scatter(1, best, across(there, bought)[:, None])
    changes = list(target.still())
    changes[top] = LowRank((moved / square).mT, x.mT)
    return Pair(target.still(), tuple(changes))


@attack("amplify-signals", aims=("example", "output"), informed=Informed.NETWORK)
def amplify_signals(target: Target) -> Pair:
    """Every trained layer moved along b_l g_{l−1}ᵀ: the backward signals grow in length at every layer."""
    trace = target.trace
    step = list(target.still())
    below = [trace.input_signals, *trace.unmasked_signals]
    for r in range(1, trace.network.trained + 1):
        b = trace.signals[r - 1][:, target.example, target.output]
        g = below[r - 1][:, target.example, target.output]
        step[r - 1] = target.ball.fill(LowRank(b[..., None], unit(g)[..., None]))
    return Pair(target.still(), tuple(step))
