"""Kinks of all layers and of several examples at once, and the one short step that crosses them.

A step Δ of the first layer moves the pre-activations of every layer, by dz. Each unit that W̃ has put on its kink, on
the side from which it is crossed, adds |g_lj| |dz_lj| to the linearisation error, with the g of W̃. To first order in
the step three things are to be chosen, and are in turn: the units, the step, and the least change of all layers
together that puts the units there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lemmata.model.ball import Ball
from lemmata.model.changes import LowRank, distances
from lemmata.model.difference import Difference
from lemmata.model.imposing import SOLVED
from lemmata.model.trace import Trace

DIRECTIONS = 1600
"""That a matrix is asked for on the way, both sides together."""

CHOOSING = 4
"""Rounds per cycle in which units and step are chosen anew."""

SETTLING = 8
"""Rounds after them in which they stay, but for units that are too many."""

CYCLES = 3
"""Most cycles; an initialisation goes on while one betters it by more than `ENOUGH`."""

ENOUGH = 0.01
"""Relative improvement below which the search ends."""

TURNS = 4
"""Steps of sign iteration per round, each from the step before."""

ITERATIONS = 25
"""Most steps of conjugate gradients per round; the next one corrects what is left."""

PRECISION = 1e-7
"""Relative residual at which they stop."""

CROSSED = 1000.0
"""How far the step goes at most, over how far before its kink a unit is put; in single precision that is less near, and
24 times as far is short enough."""

DISTURBED = 0.3
"""Spread of the noise on the logarithm of a price: 1.0 finds no more."""

STILL = 1e-9
"""A unit that moves less than this share of the fastest does not move."""

Layers = list[Tensor]
"""One tensor per hidden layer, (S, n, m_l)."""


@dataclass(frozen=True)
class Crossing:
    """W̃ − W⁽⁰⁾ and the short step from there, and what the step reaches, (S,)."""

    changes: tuple[LowRank, ...]
    step: tuple[LowRank, ...]
    value: Tensor

    def or_better(self, other: "Crossing", where: Tensor) -> "Crossing":
        """The other where it reaches more, of the initialisations given."""
        take = where & (other.value > self.value)
        changes, step = (
            tuple(a.where(take, b) for a, b in zip(mine, theirs, strict=True))
            for mine, theirs in ((self.changes, other.changes), (self.step, other.step))
        )
        return Crossing(changes, step, torch.where(take, other.value, self.value))


@dataclass(frozen=True)
class _Placement:
    """A network near W̃, and the side of its kink that each unit is wanted on, 0 where it may be anywhere."""

    at: Trace
    sides: Layers

    @property
    def masks(self) -> Layers:
        """Activation patterns, those of wanted units by their sides."""
        pairs = zip(self.sides, self.at.preactivations, strict=True)
        return [torch.where(side != 0, side, z) > 0 for side, z in pairs]

    def pulled(self, own: Layers, masks: Layers) -> Layers:
        """Σ_{l ≥ r} M_{r→l}ᵀ own_l for every layer r."""
        pulls = [own[-1]]
        for r in range(len(own) - 1, 0, -1):
            pulls.insert(0, own[r - 1] + self.at.network.apply_transposed(r, pulls[0]) * masks[r - 1])
        return pulls

    def pushed(self, own: Layers, masks: Layers) -> Layers:
        """Σ_{r ≤ l} M_{r→l} own_r for every layer l."""
        total = [own[0]]
        for r in range(1, len(own)):
            total.append(own[r] + self.at.network.apply(r, total[-1] * masks[r - 1]))
        return total

    def signals(self, weights: Tensor) -> Layers:
        """Σ_r weights_ir ∂f_r(x_i)/∂x_l."""
        network = self.at.network
        top = network.scale * network.apply_transposed(network.hidden, weights)
        masks, signals = self.masks, [top]
        for layer in range(network.hidden - 1, 0, -1):
            signals.insert(0, network.apply_transposed(layer, signals[0] * masks[layer]))
        return signals

    def moves(self, steps: list[LowRank]) -> Layers:
        """dz of every layer, by steps of the first ones; a unit on its kink passes on what takes it up."""
        own = [step.apply(x) for step, x in zip(steps, self.at.features, strict=False)]
        moved = own[:1]
        for layer, (side, mask) in enumerate(zip(self.sides[:-1], self.masks, strict=False), 1):
            passed = torch.where(side != 0, moved[-1] > 0, mask) * moved[-1]
            carried = self.at.network.apply(layer, passed)
            moved.append(carried + own[layer] if layer < len(own) else carried)
        return moved

    def turned(self, signals: Layers, stepping: int) -> list[LowRank]:
        """The steps of spectral norm 1 of so many layers that are best while all moves are away from the sides."""
        masks = [torch.where(side != 0, side < 0, mask) for side, mask in zip(self.sides, self.masks, strict=True)]
        own = [-side * g for side, g in zip(self.sides, signals, strict=True)]
        pulls = self.pulled(own, masks)[:stepping]
        return [_steepest(pull, x) for pull, x in zip(pulls, self.at.features, strict=False)]

    def wanting(self, chosen: Layers, moves: Layers) -> "_Placement":
        """The same with these units wanted on the side from which they move, or their own where they do not move."""
        sides = []
        for c, dz, z in zip(chosen, moves, self.at.preactivations, strict=True):
            moving = dz.abs() > STILL * dz.abs().amax((1, 2), keepdim=True)
            sides.append(torch.where(c, torch.where(moving, -dz.sign(), torch.where(z > 0, 1.0, -1.0).to(z)), 0.0))
        return _Placement(self.at, sides)


def cross(
    trace: Trace, weights: Tensor, ball: Ball, *, starts: int = 1, rng: np.random.Generator | None = None
) -> Crossing:
    """The largest Σ_ir weights_ir · (error of f_r(x_i)) / ‖Δ‖_2 that is found, by a short step Δ of the first layer.

    In a spectral ball the largest layer's step counts, and all layers make one as long. A step is the polar factor of
    the slope of what all crossed units add up to, which no step of its spectral norm betters while the signs stay.
    Units are bought by price over worth, the price being what one costs beside the others; the layers' shares in the
    least change are weighted until all layers are as far from W⁽⁰⁾.

    Args:
        trace: at W⁽⁰⁾.
        weights: (S, n, k); examples that have none in any initialisation cost nothing.
        ball: no layer's change leaves it, before the step and after.
        starts: of the search, the best of which counts. In all but the first the prices of the first cycle are
            multiplied with noise, the same for all initialisations.
        rng: of the noise.
    """
    best = _search(trace, weights, ball, None)
    for _ in range(starts - 1):
        best = best.or_better(_search(trace, weights, ball, rng), torch.ones_like(best.value, dtype=torch.bool))
    return best


def _search(trace: Trace, weights: Tensor, ball: Ball, rng: np.random.Generator | None) -> Crossing:
    """One start of it."""
    start, weights = weighted(trace, weights)
    network, hidden = trace.network, trace.network.hidden
    tiny, eps = torch.finfo(weights.dtype).tiny, torch.finfo(weights.dtype).eps
    frame = here = _Placement(start, [torch.zeros_like(z) for z in start.preactivations])
    signals = here.signals(weights)
    moves = [z.sign() * g.abs() for z, g in zip(start.preactivations, signals, strict=True)]
    push, metric = here.sides, torch.ones(hidden, *network.like.shape).to(network.like)
    changes = network.still()
    best = Crossing(changes, changes, torch.zeros_like(network.like))
    prices = _disturbed(_prices(here, signals, moves, push, metric), rng)
    apart = ball.norm == "spectral"  # nearly orthogonal examples then have the whole radius each, else they share it
    count = _affordable(start, prices, hidden * ball.radius**2, apart=apart)
    going, reached = torch.ones_like(network.like, dtype=torch.bool), best.value
    for turn in range(CYCLES * (CHOOSING + SETTLING)):
        settled = turn % (CHOOSING + SETTLING) - CHOOSING
        if settled == -CHOOSING and turn:
            going, reached = going & (best.value > (1 + ENOUGH) * reached), best.value
            if not going.any():
                break
        if settled <= 0:
            signals = here.signals(weights)
            prices = _disturbed(_prices(here, signals, moves, push, metric), rng if turn <= CHOOSING else None)
        chosen = _cheapest(prices, count, apart=apart)
        here = here.wanting(chosen, moves)
        for _ in range(TURNS if settled < 0 else 1):
            steps = here.turned(signals, hidden if ball.norm == "spectral" else 1)
            moves = here.moves(steps)
            here = here.wanting(chosen, moves)
        frame = _Placement(here.at if settled < 2 else frame.at, here.sides)
        near = eps**0.4 * _typical(start.preactivations, chosen) / _typical(moves, chosen)
        goals = [-dz * near[:, None, None] for dz in moves]
        changes, push = _least_change(frame, here.at, changes, push, metric, goals)
        here = _Placement(Trace(network.moved(changes), start.inputs), here.sides)
        sizes = distances(changes, ball.norm)[:, :hidden].T
        metric = metric * (sizes.mean(0) / sizes.clamp_min(tiny)).clamp(0.5, 2.0)
        largest = _largest(changes, start, ball, apart=apart)
        scaled = count * (ball.radius / largest).clamp(0.5, 1.5) ** (2 / 3)
        if settled < 0:
            count = scaled
        else:
            count = torch.where(largest > ball.radius, torch.minimum(scaled, count.floor() - 1), count)
            short = [step.scaled(min(CROSSED, eps**-0.2) * near) for step in steps]
            best = best.or_better(_crossed(start, weights, ball, changes, short), going)
    return best


def weighted(trace: Trace, weights: Tensor) -> tuple[Trace, Tensor]:
    """The trace on the examples that have a weight in any initialisation, and these weights."""
    used = (weights != 0).any(0).any(-1)
    return Trace(trace.network, trace.inputs[..., used, :]), weights[:, used]


def _prices(here: _Placement, signals: Layers, moves: Layers, push: Layers, metric: Tensor) -> Layers:
    """What each unit costs over what it is worth; infinite where it is worth nothing.

    The cost is the squared distance from the kink that the others' pushes leave, over the squared length of the unit's
    own gradient, which is about that of the features below. The worth is what the length of Σ ± g_lj M_{1→l}ᵀ e_j,
    of each example, loses without the unit, or gains with it: by half of g² / length less than its own term, or more.
    """
    terms = [torch.where(side != 0, g * dz.abs(), 0.0) for side, g, dz in zip(here.sides, signals, moves, strict=True)]
    length = torch.cat(terms, -1).sum(-1, keepdim=True)
    length = torch.where(length > 0, length, torch.inf)
    sizes = torch.stack([x.square().sum(-1) for x in here.at.features[:-1]])
    lengths = (metric[:, :, None] * sizes).cumsum(0)[..., None]
    prices = []
    for z, g, dz, side, own, square in zip(
        here.at.preactivations, signals, moves, here.sides, push, lengths, strict=True
    ):
        half = g.clamp_min(0).square() / (2 * length)
        worth = g.clamp_min(0) * dz.abs() + torch.where(side != 0, -half, half)
        price = (z - own * square).square() / square / worth
        prices.append(torch.where(worth > 0, price, torch.inf))
    return prices


def _disturbed(prices: Layers, rng: np.random.Generator | None) -> Layers:
    """Each price times a lognormal factor; as they are without a generator."""
    if rng is None:
        return prices
    noise = [torch.from_numpy(rng.standard_normal(price.shape[1:])).to(price) for price in prices]
    return [price * (DISTURBED * z).exp() for price, z in zip(prices, noise, strict=True)]


def _least_change(
    frame: _Placement, here: Trace, current: tuple[LowRank, ...], push: Layers, metric: Tensor, goals: Layers
) -> tuple[tuple[LowRank, ...], Layers]:
    """One Gauss–Newton step: the least total change that takes units to their goals, by the frame's Jacobian.

    Returns:
        the changes, and each unit's coefficient in them; `push` are those of the round before.
    """
    masks, network = frame.masks, frame.at.network
    features = frame.at.features[: network.hidden]
    travelled = frame.pushed([change.apply(x) for change, x in zip(current, features, strict=False)], masks)
    grams = [w[:, None, None] * (x @ x.mT) for w, x in zip(metric, features, strict=True)]

    def wanted(values: Layers) -> Layers:
        return [torch.where(side != 0, value, 0.0) for side, value in zip(frame.sides, values, strict=True)]

    def applied(coefficients: Layers) -> Layers:
        pulls = frame.pulled(coefficients, masks)
        return wanted(frame.pushed([gram @ pull for gram, pull in zip(grams, pulls, strict=True)], masks))

    missing = [goal + t - z for goal, t, z in zip(goals, travelled, here.preactivations, strict=True)]
    push = _conjugate(applied, wanted(missing), wanted(push))
    # Of a singular system, as a dead network's, no number is left: no push at all then.
    solved = torch.stack([(p.abs() < SOLVED).all(-1).all(-1) for p in push]).all(0)[:, None, None]
    push = [torch.where(solved, p, 0.0) for p in push]
    pulls = frame.pulled(push, masks)
    changes = list(network.still())
    for r, (pull, x) in enumerate(zip(pulls, features, strict=True)):
        changes[r] = LowRank(pull.mT * metric[r][:, None, None], x.mT)
    return tuple(changes), push


def _conjugate(applied: Callable[[Layers], Layers], missing: Layers, start: Layers) -> Layers:
    """The solution of a positive system by conjugate gradients, from `start` where that is nearer than zero."""
    total = _dot(missing, missing)
    residual = [m - image for m, image in zip(missing, applied(start), strict=True)]
    nearer = _dot(residual, residual) < total
    solution = [torch.where(nearer, x, 0.0) for x in start]
    residual = [torch.where(nearer, r, m) for r, m in zip(residual, missing, strict=True)]
    size, enough = _dot(residual, residual), PRECISION**2 * total
    direction = residual
    for _ in range(ITERATIONS):
        if not (size > enough).any():
            break
        image = applied(direction)
        curvature = _dot(direction, image)
        going = (size > enough) & (curvature > 0)
        along = torch.where(going, size / curvature, 0.0)
        solution = [x + along * d for x, d in zip(solution, direction, strict=True)]
        residual = [r - along * a for r, a in zip(residual, image, strict=True)]
        before, size = size, _dot(residual, residual)
        turn = torch.where(going, size / before, 0.0)
        direction = [r + turn * d for r, d in zip(residual, direction, strict=True)]
    return solution


def _crossed(start: Trace, weights: Tensor, ball: Ball, changes: tuple[LowRank, ...], steps: list[LowRank]) -> Crossing:
    """The pair as it is in the ball, and what it reaches there."""
    inside = ball.project(changes)
    short = ball.shortened(inside, (*steps, *start.network.still()[len(steps) :]))
    error = Difference(Trace(start.network.moved(inside), start.inputs), short).linearisation_error
    size = torch.stack([step.spectral() for step in short[: len(steps)]]).amax(0)
    return Crossing(inside, short, (weights * error).sum((1, 2)) / size.clamp_min(torch.finfo(size.dtype).tiny))


def _steepest(rows: Tensor, x: Tensor) -> LowRank:
    """The step of spectral norm 1 along Σ_i rows_i x_iᵀ, its polar factor: rows (S, n, m), x (S, n, d)."""
    return Ball("spectral", 1.0).steepest(LowRank(rows.mT, x.mT))


def _affordable(start: Trace, prices: Layers, budget: float, *, apart: bool) -> Tensor:
    """How many units the budget would pay for, in the order of their prices, each by its own layer alone.

    (S, n) where the examples are apart and each has the budget, else (S, 1).
    """
    alone = [
        z.square() / x.square().sum(-1, keepdim=True).clamp_min(torch.finfo(x.dtype).tiny)
        for z, x in zip(start.preactivations, start.features, strict=False)
    ]
    order = _pools(prices, apart)
    spent = torch.where(order.isinf(), torch.inf, _pools(alone, apart)).gather(-1, order.argsort(-1)).cumsum(-1)
    return (spent <= budget).sum(-1).to(spent).clamp_min(1.0)


def _cheapest(prices: Layers, count: Tensor, *, apart: bool) -> Layers:
    """The units with the lowest prices, so many, at least one."""
    order = _pools(prices, apart)
    chosen = (order.argsort(-1).argsort(-1) < count[..., None].floor().clamp_min(1.0)) & order.isfinite()
    widths = [price.shape[-1] for price in prices]
    return list(chosen.reshape(len(order), -1, sum(widths)).split(widths, -1))


def _pools(layers: Layers, apart: bool) -> Tensor:
    """The units of all layers together, (S, n, ·) where the examples are apart, else (S, 1, ·)."""
    together = torch.cat(layers, -1)
    return together if apart else together.flatten(1)[:, None]


def _largest(changes: tuple[LowRank, ...], start: Trace, ball: Ball, *, apart: bool) -> Tensor:
    """The largest distance of a layer, (S, 1); where the examples are apart what each has of it, (S, n)."""
    sizes = distances(changes, ball.norm).amax(-1, keepdim=True)
    sizes = sizes.clamp_min(torch.finfo(sizes.dtype).tiny)
    if not apart:
        return sizes
    moved = []
    for change, x in zip(changes, start.features[:-1], strict=False):
        moved.append(torch.linalg.vector_norm(change.apply(x), dim=-1) / torch.linalg.vector_norm(x, dim=-1))
    own = torch.stack(moved).amax(0).clamp_min(torch.finfo(sizes.dtype).tiny)
    return own * sizes / own.amax(-1, keepdim=True)


def _typical(values: Layers, chosen: Layers) -> Tensor:
    """√Σ values² over the chosen units, (S,)."""
    total = torch.stack([torch.where(c, v, 0.0).square().sum((1, 2)) for v, c in zip(values, chosen, strict=True)])
    return total.sum(0).sqrt().clamp_min(torch.finfo(total.dtype).tiny)


def _dot(a: Layers, b: Layers) -> Tensor:
    return torch.stack([(x * y).sum((1, 2)) for x, y in zip(a, b, strict=True)]).sum(0)[:, None, None]
