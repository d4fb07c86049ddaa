"""Features: the length of x_l, and how far a change of the first layer moves it."""

import torch

from lemmata.model.attacks.record import Informed, attack
from lemmata.model.attacks.target import Pair, Target
from lemmata.model.changes import LowRank


@attack("stretch-features", aims=("last layer", "example"), informed=Informed.NETWORK)
def stretch_features(target: Target) -> Pair:
    """Every layer up to the one aimed at moved along the gradient of ‖x_l‖: first order 1 + τ Σ √(k + 1)."""
    trace, layer = target.trace, target.layer
    x = trace.features[layer]
    step = list(target.still())
    for r in range(1, layer + 1):
        pull = trace.back_through(r, layer, x)[:, target.example]
        step[r - 1] = target.ball.fill(LowRank(pull[..., None], target.at(r)[0][..., None]))
    return Pair(target.still(), tuple(step))


@attack("push-features", aims=("last layer", "example"), informed=Informed.NETWORK, iterations=2)
def push_features(target: Target) -> Pair:
    """A short rank-one step of layer 1 that the layers above amplify most: x_0 uᵀ, u leading for M_{1→l}."""
    trace = target.trace
    u = trace.propagator_norms(1, target.layer).right[:, target.example]
    step = list(target.still())
    size = target.ball.radius * torch.finfo(u.dtype).eps ** 0.25
    step[0] = LowRank(size * u[..., None], target.at(1)[0][..., None])
    return Pair(target.still(), tuple(step))
