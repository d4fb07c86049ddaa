"""The linearisation of the network: units on their kinks at W̃, which the step to Ŵ crosses.

The same pairs are worst for what is linear but for kinks: semi-smoothness, almost-convexity, differences of losses.
"""

import torch
from torch import Tensor

from lemmata.model.attacks.record import Informed, attack
from lemmata.model.attacks.spending import affordable, unit
from lemmata.model.attacks.target import Pair, Target
from lemmata.model.changes import LowRank
from lemmata.model.imposing import DIRECTIONS, impose
from lemmata.model.losses import LOSSES
from lemmata.model.trace import Trace


@attack("place-on-kinks", aims=("layer", "example", "output"), informed=Informed.ERROR_APART)
def place_on_kinks(target: Target) -> Pair:
    """W̃ spends the radius putting units with one sign of g exactly on their kink; Ŵ crosses them all.

    The linearisation error is then g · |ẑ| summed over the placed units, at an arbitrarily small step. The
    sign is the one that raises the loss of the example aimed at, so that the same pair is worst for
    semi-smoothness.
    """
    return _placed(target, target.harmful_sign())


@attack("place-on-lowering-kinks", aims=("layer", "example", "output"), informed=Informed.NETWORK)
def place_on_lowering_kinks(target: Target) -> Pair:
    """The same with the other sign: the loss ends below its linearisation, worst for almost-convexity."""
    return _placed(target, -target.harmful_sign())


@attack("overshoot-kinks", aims=("layer", "example", "output"), informed=Informed.ERROR)
def overshoot_kinks(target: Target) -> Pair:
    """A large linearisation error from W⁽⁰⁾ itself: units with |z_j| < D_j / 2 are moved by D_j ∝ g_j.

    The largest at the first layer, up to the contribution of one unit.
    """
    z, g = target.preactivation(), target.signal()
    size = target.at(target.layer)[1]
    values, index = _price(z, g, target.harmful_sign()).sort(-1)
    weight = (g.square()).gather(-1, index).cumsum(-1)
    reach = target.ball.radius * size / weight.sqrt()
    chosen = torch.zeros_like(z, dtype=torch.bool).scatter(-1, index, 2 * values <= reach)
    scale = torch.where(chosen, g.square(), 0.0).sum(-1, keepdim=True).sqrt().clamp_min(1e-300)
    displacement = -z.sign() * g.abs() * target.ball.radius * (1 - 1e-9) * size / scale
    return Pair(target.still(), target.displacing(torch.where(chosen, displacement, 0.0)))


@attack(
    "place-on-kinks-deep",
    aims=("last layer", "example", "output"),
    informed=Informed.NETWORK,
    needs=("depth",),
    directions=DIRECTIONS,
)
def place_on_kinks_deep(target: Target) -> Pair:
    """Kink placement at depth: W̃ with all layers' radii, then a short step of the layer aimed at alone."""
    return _placed_deep(target, target.harmful_sign())


@attack(
    "place-on-lowering-kinks-deep",
    aims=("last layer", "example", "output"),
    informed=Informed.NETWORK,
    needs=("depth",),
    directions=DIRECTIONS,
)
def place_on_lowering_kinks_deep(target: Target) -> Pair:
    """The same with the sign that leaves the loss below its linearisation."""
    return _placed_deep(target, -target.harmful_sign())


@attack("place-on-kinks-together", aims=("last layer", "output"), informed=Informed.NETWORK, needs=("examples",))
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
    toward = unit(torch.where(found.served, z.sign() * g.abs(), 0.0))
    typical = torch.where(found.served, z.square(), 0.0).sum(-1, keepdim=True).sqrt()
    step = list(target.still())
    # The dual basis moves the pre-activations of each example alone; nearly equal examples move together.
    # By LAPACK, as `spectra.svd`.
    dual = torch.linalg.pinv(there.features[layer - 1].cpu(), rtol=1e-2).to(z)
    step[layer - 1] = LowRank((toward * typical * 0.1).mT, dual)
    return Pair(found.changes, target.ball.shortened(found.changes, tuple(step)))


def _placed(target: Target, sign: Tensor) -> Pair:
    """Units with this sign of g, (S, 1), on their kink, the cheapest per |g| first, and the step that crosses them."""
    z, g = target.preactivation(), target.signal()
    size = target.at(target.layer)[1]
    placed = affordable(_price(z, g, sign), z.abs() / size, target.ball.radius)
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
    crossing = unit(toward) * typical * 0.1
    step = list(target.still())
    step[target.layer - 1] = LowRank(crossing[..., None], (x / _square(x))[..., None])
    return Pair(found.changes, target.ball.shortened(found.changes, tuple(step)))


def _price(z: Tensor, g: Tensor, sign: Tensor) -> Tensor:
    """|z_j| / |g_j| where g_j has the sign, (S, m); infinite elsewhere."""
    return torch.where(sign * g > 0, z.abs() / g.abs().clamp_min(torch.finfo(z.dtype).tiny), torch.inf)


def _square(x: Tensor) -> Tensor:
    return x.square().sum(-1, keepdim=True).clamp_min(torch.finfo(x.dtype).tiny)
