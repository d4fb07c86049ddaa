"""Local search of the ball: single units are sent over their kinks, or onto them, wherever that is worse."""

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from lemmata.claims.case import Case
from lemmata.claims.claim import Claim
from lemmata.claims.measuring.evaluation import worst_signed
from lemmata.model.attacks import Pair
from lemmata.model.ball import Ball
from lemmata.model.changes import LowRank
from lemmata.model.gaussian import DenseMatrix

AMOUNTS = (-2.0, -1.05, -0.999, 1.0)
"""How far a pre-activation moves, over itself: as far on the other side, just over the kink, just short of it, away."""

SIDES = ((1.0, 0.0), (1.0, -1.0), (0.0, 1.0))
"""Of such a move, what W̃ makes of it and what the step to Ŵ does: both points move, W̃ alone, Ŵ alone."""

ENTRIES = 2**21
"""Of the matrices of one layer that are tried side by side: what a batch gains ends at a processor's cache."""

SHARE = 3
"""One unit in so many is tried, the nearest to their kinks."""

NEAREST = 1e-9
"""How near a kink a unit is sent, over the layer's root mean square: nearer the side is one of rounding."""

GAIN = 1e-4
"""Relative improvement below which a sweep over all layers and examples is the last one."""


def crossed(claim: Claim, case: Case) -> Case:
    """The pair after single units were moved, the best of a few dozen moves at a time, until none is worse by `GAIN`.

    An ascent sees no unit that is away from its kink. Where layers have a few dozen units a single one is a good part
    of the worst case. Wide layers are left alone: one unit's share of them is small, and to try it costs m².

    Args:
        claim: an inequality over the ball.
        case: at a pair of it, one initialisation.

    Raises:
        ValueError: if there are several initialisations.
    """
    width = case.initial.architecture.width
    units, moves = max(width // SHARE, 1), len(AMOUNTS) * len(SIDES)
    some = min(units, together(case) // moves)
    if not some or not all(isinstance(matrix, DenseMatrix) for matrix in case.initial.matrices):
        return case
    several = case.copies(some * moves)
    most = worst_signed(claim, case)[0]
    while True:
        before = most
        for layer in range(case.hidden):
            for example in range(case.n):
                for first in range(0, units, some):
                    ranks = torch.arange(first, first + some, device=case.like.device).clamp_max(units - 1)
                    tried = several.at_pair(_moved(case, several, layer, example, ranks))
                    values = worst_signed(claim, tried)
                    if values.max() > most:
                        most, case = values.max(), case.at_pair(tried.one(int(values.argmax())).pair)
        if not most - before > GAIN * before.abs():
            return case


def together(case: Case) -> int:
    """How many copies of a network are moved at a time."""
    return ENTRIES // max(case.initial.architecture.width, case.inputs.shape[-1]) ** 2


def _moved(case: Case, several: Case, layer: int, example: int, ranks: Tensor) -> Pair:
    """A pair per copy: of the units of these ranks by their nearness to a kink, every amount on every side."""
    amounts, found = case.like.new_tensor(AMOUNTS)[:, None], []
    for trace in (case.at_expansion, case.at_moved):
        z, x = trace.preactivations[layer][0, example], trace.features[layer][0, example]
        units = z.abs().argsort()[ranks]
        apart = ((1 + amounts) * z[units]).abs() >= NEAREST * z.square().mean().sqrt()
        sent = torch.where(apart, amounts * z[units], 0.0)
        row = x / x.square().sum().clamp_min(torch.finfo(x.dtype).tiny)
        found.append((units.expand_as(sent).flatten(), sent.flatten()[:, None] * row))
    moved = [found[0] if of_tilde else found[1] for of_tilde, _ in SIDES]
    left = one_hot(torch.cat([units for units, _ in moved]), several.initial.matrices[layer].shape[0]).to(case.like)
    pair = []
    for changes, shares in zip(case.pair, zip(*SIDES, strict=True), strict=True):
        right = torch.cat([share * rows for share, (_, rows) in zip(shares, moved, strict=True)])
        factors, count = [change.factors() for change in changes], len(left)
        spread = [LowRank(c.left.expand(count, -1, -1), c.right.expand(count, -1, -1)) for c in factors]
        spread[layer] = LowRank(left[..., None], right[..., None]).onto(spread[layer])
        pair.append(tuple(spread))
    ball = Ball(case.setting.ball, case.tau)
    inside = ball.project(pair[0])
    return Pair(inside, ball.shortened(inside, pair[1]))
