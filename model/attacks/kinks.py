"""The linearisation of the network: units on their kinks at W̃, which the step to Ŵ crosses.

The same pairs are worst for what is linear but for kinks: semi-smoothness, almost-convexity, differences of losses.
"""

import torch
from torch import Tensor

from lemmata.model.attacks.record import Informed, attack
from lemmata.model.attacks.spending import affordable
from lemmata.model.attacks.target import Pair, Target
from lemmata.model.crossing import DIRECTIONS, cross
from lemmata.model.losses import LOSSES


@attack("place-on-kinks", aims=("layer", "example", "output"), informed=Informed.ERROR_APART, ascends=False)
def place_on_kinks(target: Target) -> Pair:
    """W̃ spends the radius putting units with one sign of g exactly on their kink; Ŵ crosses them all.

    The linearisation error is then g · |ẑ| summed over the placed units, at an arbitrarily small step. The
    sign is the one that raises the loss of the example aimed at, so that the same pair is worst for
    semi-smoothness.
    """
    return _placed(target, target.harmful_sign())


@attack("place-on-lowering-kinks", aims=("layer", "example", "output"), informed=Informed.NETWORK, ascends=False)
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
    aims=("example", "output"),
    informed=Informed.NETWORK,
    needs=("depth",),
    directions=DIRECTIONS,
    ascends=False,
)
def place_on_kinks_deep(target: Target) -> Pair:
    """Kinks of all layers, and one short step of the first that crosses them, for the example aimed at."""
    return _crossed(target, target.harmful_sign())


@attack(
    "place-on-lowering-kinks-deep",
    aims=("example", "output"),
    informed=Informed.NETWORK,
    needs=("depth",),
    directions=DIRECTIONS,
    ascends=False,
)
def place_on_lowering_kinks_deep(target: Target) -> Pair:
    """The same with the sign that leaves the loss below its linearisation."""
    return _crossed(target, -target.harmful_sign())


@attack(
    "place-on-kinks-together",
    aims=(),
    informed=Informed.NETWORK,
    needs=("examples",),
    directions=DIRECTIONS,
    ascends=False,
)
def place_on_kinks_together(target: Target) -> Pair:
    """Kinks of all layers and examples, where a claim adds the examples up, weighted by the slopes of the loss."""
    slopes = LOSSES[target.trace.network.setting.loss].slopes(target.trace.outputs, target.labels)
    found = cross(target.trace, slopes, target.ball)
    return Pair(found.changes, found.step)


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


def _crossed(target: Target, sign: Tensor) -> Pair:
    """All layers' kinks of the example aimed at; of several outputs those of `Target.signal`."""
    weights = torch.zeros_like(target.trace.outputs)
    weights[:, target.example] = sign * target.combination()
    found = cross(target.trace, weights, target.ball)
    return Pair(found.changes, found.step)


def _price(z: Tensor, g: Tensor, sign: Tensor) -> Tensor:
    """|z_j| / |g_j| where g_j has the sign, (S, m); infinite elsewhere."""
    return torch.where(sign * g > 0, z.abs() / g.abs().clamp_min(torch.finfo(z.dtype).tiny), torch.inf)
