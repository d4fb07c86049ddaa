"""Activation patterns: as many units flipped, of one layer and example, as the radius pays for."""

import torch

from lemmata.model.attacks.record import Informed, attack
from lemmata.model.attacks.spending import across, affordable, price
from lemmata.model.attacks.target import Pair, Target
from lemmata.model.changes import add
from lemmata.model.imposing import DIRECTIONS

OVERSHOOT = 0.003
"""How far beyond its kink a deep unit is sent, relative to where it came from: Gauss–Newton leaves a residual."""


@attack("flip-units", aims=("layer", "example"), informed=Informed.FLIPS)
def flip_units(target: Target) -> Pair:
    """Sort and spend, from W⁽⁰⁾: as many units of one layer and example flipped as the radius pays for.

    Flipping unit j costs |z_j| / ‖x_{l−1}‖; the cheapest are bought first. Exact for the first layer.
    """
    z = target.preactivation()
    bought = affordable(z.abs(), price(z) / target.at(target.layer)[1], target.ball.radius)
    return Pair(target.still(), target.displacing(across(z, bought)))


@attack("flip-units-apart", aims=("layer", "example"), informed=Informed.FLIPS_APART)
def flip_units_apart(target: Target) -> Pair:
    """Sort and spend on both sides: every second unit is flipped in W̃, the others in Ŵ.

    The pair has twice the squared budget; for the first layer this is the largest number of flips, or one less.
    """
    z = target.preactivation()
    cost = price(z) / target.at(target.layer)[1]
    rank = cost.argsort(-1).argsort(-1)
    even = affordable(torch.where(rank % 2 == 0, cost, torch.inf), cost, target.ball.radius)
    odd = affordable(torch.where(rank % 2 == 1, cost, torch.inf), cost, target.ball.radius)
    tilde, hat = across(z, even), across(z, odd)
    return Pair(target.displacing(tilde), target.displacing(hat - tilde))


@attack("switch-on", aims=("layer", "example"), informed=Informed.ACTIVATIONS)
def switch_on(target: Target) -> Pair:
    """Sort and spend on inactive units only: the largest number of active units, hence the largest gradient."""
    z = target.preactivation()
    order = torch.where(z <= 0, z.abs(), torch.inf)
    bought = affordable(order, price(z) / target.at(target.layer)[1], target.ball.radius)
    return Pair(target.still(), target.displacing(across(z, bought)))


@attack("merge-patterns", aims=("layer", "example"), informed=Informed.NETWORK)
def merge_patterns(target: Target) -> Pair:
    """Units of one layer that tell the example aimed at from its nearest neighbour are taken to the neighbour's side.

    The cheapest first, as many as the radius pays for. With all of them gone, which takes a radius of order φ^{3/2},
    opposite residuals of two inputs at distance φ leave a squared gradient of order φ² and no longer φ.
    """
    z, inputs = target.preactivation(), target.trace.inputs
    apart = torch.linalg.vector_norm(inputs - inputs[target.example], dim=-1)
    apart[target.example] = torch.inf
    beside = target.trace.patterns[target.layer - 1][:, int(apart.argmin())]
    order = torch.where((z > 0) != beside, z.abs(), torch.inf)
    bought = affordable(order, price(z) / target.at(target.layer)[1], target.ball.radius)
    return Pair(target.still(), target.displacing(across(z, bought)))


@attack(
    "flip-units-deep",
    aims=("last layer", "example"),
    informed=Informed.NETWORK,
    needs=("depth",),
    directions=DIRECTIONS,
)
def flip_units_deep(target: Target) -> Pair:
    """Sort and spend at depth, from W⁽⁰⁾: every layer up to the one aimed at contributes its whole radius."""
    z = target.preactivation()
    return Pair(target.still(), target.imposing(z.abs(), -OVERSHOOT * z, closeness=torch.inf).changes)


@attack(
    "flip-units-apart-deep",
    aims=("last layer", "example"),
    informed=Informed.NETWORK,
    needs=("depth",),
    directions=DIRECTIONS,
)
def flip_units_apart_deep(target: Target) -> Pair:
    """The same for a pair: every second unit is flipped in W̃, the others in Ŵ, with all layers' radii."""
    z = target.preactivation()
    odd = z.abs().argsort(-1).argsort(-1) % 2 == 1
    tilde, hat = (
        target.imposing(torch.where(side, z.abs(), torch.inf), -OVERSHOOT * z, closeness=torch.inf).changes
        for side in (~odd, odd)
    )
    return Pair(tilde, add(tuple(change.scaled(-1.0) for change in tilde), hat))
