"""Weights: the norm of every matrix, and the distance that its units move."""

import torch

from lemmata.model.attacks.record import Informed, attack
from lemmata.model.attacks.target import Pair, Target
from lemmata.model.changes import LowRank
from lemmata.model.spectra import top_singular


@attack("stretch-weights", aims=(), informed=Informed.NETWORK, iterations=4)
def stretch_weights(target: Target) -> Pair:
    """Every layer moved along its own leading singular pair: ‖W_l‖_2 becomes ‖W_l⁽⁰⁾‖_2 + radius, exactly."""
    trace = target.trace
    step = []
    for matrix, change in zip(trace.network.matrices, trace.network.still(), strict=False):
        _, left, right = top_singular(matrix.apply, matrix.apply_transposed, matrix.shape, change.left)
        step.append(LowRank(target.ball.radius * left.mT, right.mT))
    return Pair(target.still(), tuple(step))


@attack("move-all-units", aims=("example", "output"), informed=Informed.NETWORK)
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
