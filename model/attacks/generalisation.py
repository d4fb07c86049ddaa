"""Generalisation: weights that fit the sample and not the population that it comes from."""

import torch

from lemmata.model.attacks.record import Informed, attack
from lemmata.model.attacks.target import Pair, Target
from lemmata.model.data import Dataset
from lemmata.model.losses import LOSSES
from lemmata.model.trace import Trace

MEMORISING = 6
"""Points that are tried: the linear maximiser, and those that descent leads to."""

UNSEEN = 32
"""Examples that stand for the population."""


@attack("memorise", aims=(), informed=Informed.NETWORK)
def memorise(target: Target) -> Pair:
    """Training labels against a test that knows nothing of them: the linear maximiser of Σ y_i f(x_i), then descent.

    Every layer starts at τ G_l / ‖G_l‖ with G_l = Σ y_i ∇_{W_l} f(x_i), which no W in the ball beats to first order;
    projected steps along −∇L follow, and the smallest training loss seen is kept.
    """
    return _fit(target, Dataset(target.trace.inputs, target.labels))


@attack("mislead", aims=(), informed=Informed.NETWORK, directions=2 * MEMORISING * UNSEEN)
def mislead(target: Target) -> Pair:
    """Training labels kept and those of unseen examples flipped: G_l = mean y_i ∇f(x_i) − mean y_j ∇f(x_j).

    Descent follows as in `memorise`, which this is without unseen examples; they are others than any test's.
    """
    sample = Dataset(target.trace.inputs, target.labels)
    if target.unseen is None:
        return _fit(target, sample)
    unseen = target.unseen(UNSEEN)
    return _fit(target, sample, Dataset(unseen.inputs.to(sample.inputs), -unseen.labels.to(sample.inputs)))


def _fit(target: Target, *parts: Dataset) -> Pair:
    """The W in the ball, of those that descent from the linear maximiser meets, with the least sum of mean losses."""
    network, ball = target.trace.network, target.ball
    loss, labels = LOSSES[network.setting.loss], [part.labels for part in parts]
    sizes = [part.inputs.shape[-2] for part in parts]
    inputs = torch.cat([part.inputs for part in parts], -2)
    start = Trace(network, inputs).gradient(torch.cat([y / y.shape[-2] for y in labels], -2))
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
