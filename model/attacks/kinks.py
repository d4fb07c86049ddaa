"""The linearisation of the network: units on their kinks at W̃, which the step to Ŵ crosses.

The same pairs are worst for what is linear but for kinks: semi-smoothness, almost-convexity, differences of losses.
"""

import torch
from torch import Tensor

from lemmata.model.attacks.record import Informed, attack
from lemmata.model.attacks.spending import affordable
from lemmata.model.attacks.target import Pair, Target
from lemmata.model.changes import LowRank
from lemmata.model.crossing import DIRECTIONS, cross, weighted
from lemmata.model.difference import Difference
from lemmata.model.losses import LOSSES

SHARES = (0.1, 0.01)
"""Of all units, the cheapest, from which an error is overshot."""

TURNS = 6
"""Rounds from each share, in which changes and units are chosen in turn."""


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


@attack("place-above-kinks", aims=("layer", "example", "output"), informed=Informed.NETWORK)
def place_above_kinks(target: Target) -> Pair:
    """Both networks have as many units as the radius pays for just above their kink, where a step of descent crosses.

    Such a step lowers the pre-activations of the units whose signal raises the loss; crossed, they lower it no further.
    """
    z, g = target.preactivation(), target.signal()
    placed = affordable(_price(z, g, target.harmful_sign()), z.abs() / target.at(target.layer)[1], target.ball.radius)
    typical = torch.where(placed, z.abs(), 0.0).square().sum(-1, keepdim=True).sqrt()
    above = typical / z.shape[-1] ** 0.5 * torch.finfo(z.dtype).eps ** 0.6
    return Pair(target.displacing(torch.where(placed, above - z, 0.0)), target.still())


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
    "overshoot-kinks-deep",
    aims=("example", "output"),
    informed=Informed.NETWORK,
    needs=("depth",),
)
def overshoot_kinks_deep(target: Target) -> Pair:
    """The same with all layers' changes and kinks."""
    return _overshot(target, _aimed(target, target.harmful_sign()))


@attack(
    "overshoot-lowering-kinks",
    aims=("example", "output"),
    informed=Informed.NETWORK,
)
def overshoot_lowering_kinks(target: Target) -> Pair:
    """The same with the other sign, for what is taken without one; with one layer, too."""
    return _overshot(target, _aimed(target, -target.harmful_sign()))


@attack(
    "overshoot-kinks-together",
    aims=(),
    informed=Informed.NETWORK,
    needs=("examples",),
)
def overshoot_kinks_together(target: Target) -> Pair:
    """The same for all examples, where a claim adds them up, weighted by the slopes of the loss."""
    return _overshot(target, LOSSES[target.trace.network.setting.loss].slopes(target.trace.outputs, target.labels))


@attack(
    "place-on-kinks-deep",
    aims=("example", "output"),
    informed=Informed.NETWORK,
    needs=("depth",),
    directions=DIRECTIONS,
    ascends=False,
    restarts=True,
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
    restarts=True,
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
    restarts=True,
)
def place_on_kinks_together(target: Target) -> Pair:
    """Kinks of all layers and examples, where a claim adds the examples up, weighted by the slopes of the loss."""
    slopes = LOSSES[target.trace.network.setting.loss].slopes(target.trace.outputs, target.labels)
    found = cross(target.trace, slopes, target.ball, starts=target.starts, rng=target.rng)
    return Pair(found.changes, found.step)


def _overshot(target: Target, weights: Tensor) -> Pair:
    """The largest Σ_ir weights_ir · (error of f_r(x_i)) from W⁽⁰⁾ that is met, weights (S, n, k).

    To first order in the changes it is Σ |g_lj| (|D_lj| − |z_lj|) over the units that move by D beyond their kink:
    changes and units are chosen in turn, the changes along the slope, as large as the ball has them.
    """
    (trace, weights), network, ball = weighted(target.trace, weights), target.trace.network, target.ball
    g = [(weights[..., None] * signals).sum(2) for signals in trace.unmasked_signals]
    slopes = [-z.sign() * signal.clamp_min(0) for z, signal in zip(trace.preactivations, g, strict=True)]
    prices = [_price(z, signal, torch.ones_like(z)) for z, signal in zip(trace.preactivations, g, strict=True)]
    ordered = torch.cat(prices, -1).flatten(1).sort(-1).values
    count = (ordered < torch.inf).sum(-1, keepdim=True)
    best, most = target.still(), torch.zeros_like(network.like)
    for share in SHARES:
        limit = ordered.gather(-1, (share * count).long())[..., None]
        chosen = [(price <= limit) & price.isfinite() for price in prices]
        for _ in range(TURNS):
            step, pull = list(target.still()), torch.zeros_like(slopes[-1])
            own: list[Tensor] = []
            for r in range(network.hidden, 0, -1):
                x = trace.features[r - 1]
                if r < network.hidden:
                    pull = network.apply_transposed(r, pull) * trace.patterns[r - 1]
                pull = pull + torch.where(chosen[r - 1], slopes[r - 1], 0.0)
                slope = LowRank(pull.mT, x.mT)
                step[r - 1] = ball.steepest(slope)
                scale = step[r - 1].frobenius() / slope.frobenius().clamp_min(torch.finfo(x.dtype).tiny)
                own.insert(0, scale[:, None, None] * x.square().sum(-1, keepdim=True) * slopes[r - 1].abs())
            there = Difference(trace, tuple(step))
            error = (weights * there.linearisation_error).sum((1, 2))
            best = tuple(old.where(error > most, new) for old, new in zip(best, step, strict=True))
            most = torch.maximum(most, error)
            # A unit that is chosen moves by `own` more, at the cost of half of that to the others.
            chosen = [
                (slope != 0) & (z.abs() < -z.sign() * dz + (0.5 - was.to(z)) * further)
                for slope, z, dz, was, further in zip(
                    slopes, trace.preactivations, there.preactivations, chosen, own, strict=True
                )
            ]
    return Pair(target.still(), best)


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
    found = cross(target.trace, _aimed(target, sign), target.ball, starts=target.starts, rng=target.rng)
    return Pair(found.changes, found.step)


def _aimed(target: Target, sign: Tensor) -> Tensor:
    """Weights of the outputs, (S, n, k): those of the example aimed at, combined."""
    weights = torch.zeros_like(target.trace.outputs)
    weights[:, target.example] = sign * target.combination()
    return weights


def _price(z: Tensor, g: Tensor, sign: Tensor) -> Tensor:
    """|z_j| / |g_j| where g_j has the sign, (S, m); infinite elsewhere."""
    return torch.where(sign * g > 0, z.abs() / g.abs().clamp_min(torch.finfo(z.dtype).tiny), torch.inf)
