"""The floor, which knows nothing of kinks: what every search of the ball must beat."""

import torch

from lemmata.model.attacks.record import Informed, attack
from lemmata.model.attacks.target import Pair, Target
from lemmata.model.losses import LOSSES
from lemmata.model.training import gradient_descent

STEPS = 20
"""Of gradient descent."""


@attack("stay", aims=(), informed=Informed.NOTHING)
def stay(target: Target) -> Pair:
    """W̃ = Ŵ = W⁽⁰⁾."""
    return Pair(target.still(), target.still())


@attack("random", aims=(), informed=Informed.CHANCE)
def random(target: Target) -> Pair:
    """A random rank-one direction in every layer, at full radius: the floor that any search must beat."""
    return Pair(target.still(), target.ball.sample(target.trace.network, target.rng))


@attack("descend", aims=(), informed=Informed.LOSS, directions=2 * STEPS)
def descend(target: Target) -> Pair:
    """`STEPS` steps of gradient descent on the labels, shortened to stay in the ball."""
    network = target.trace.network
    loss = LOSSES[network.setting.loss]
    norms = target.trace.batch_gradient_norms(loss.slopes(target.trace.outputs, target.labels))
    step_size = target.ball.radius / (STEPS / 2 * float(norms.max()))
    run = gradient_descent(network, target.trace.inputs, target.labels, step_size=max(step_size, 1e-300), steps=STEPS)
    *_, last = run
    return Pair(target.still(), target.ball.project(last.changes))


@attack("along-gradient", aims=("example", "output"), informed=Informed.GRADIENT)
def along_gradient(target: Target) -> Pair:
    """Every layer moved by the full radius along ∇f of the example aimed at."""
    weights = torch.zeros_like(target.trace.outputs)
    weights[:, target.example, target.output] = 1.0
    gradient = target.trace.gradient(weights)
    return Pair(target.still(), tuple(target.ball.fill(layer) for layer in gradient))
