"""Local search of the ball: single units are sent over their kinks, or onto them, wherever that is worse."""

import torch
from torch import Tensor

from lemmata.claims.case import Case
from lemmata.claims.claim import Claim
from lemmata.claims.measuring.evaluation import signed_ratios
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
    most = _worst(claim, case)
    while True:
        before = most
        for layer in range(case.hidden):
            for example in range(case.n):
                for first in range(0, units, some):
                    pair = _moved(case, several, layer, example, slice(first, first + some))
                    values = _worst(claim, several.at_pair(pair))
                    if values.max() > most.max():
                        most, at = values.max()[None], int(values.argmax())
                        case = case.at_pair(several.at_pair(pair).one(at).pair)
        if not bool((most - before > GAIN * before.abs()).any()):
            return case


def together(case: Case) -> int:
    """How many copies of a network are moved at a time."""
    return ENTRIES // max(case.initial.architecture.width, case.inputs.shape[-1]) ** 2


def _worst(claim: Claim, case: Case) -> Tensor:
    """Of each copy the ratio of its worst member, the larger the worse, (C,)."""
    return signed_ratios(claim, case).amax(-1).nan_to_num(-torch.inf, -torch.inf, -torch.inf)


def _moved(case: Case, several: Case, layer: int, example: int, ranks: slice) -> Pair:
    """A pair per copy: of the units of these ranks by their nearness to a kink, every amount on every side."""
    tilde, step = ([change.factors() for change in changes] for changes in case.pair)
    count, ball = several.initialisations, Ball(case.setting.ball, case.tau)
    moves: list[tuple[list[int], list[Tensor], list[Tensor]]] = []
    for trace in (case.at_expansion, case.at_moved):
        z = trace.preactivations[layer][0, example]
        x = trace.features[layer][0, example]
        units = z.abs().argsort()[ranks].tolist()
        row, least = x / x.square().sum().clamp_min(torch.finfo(x.dtype).tiny), NEAREST * z.square().mean().sqrt()
        moves.append((units, [z[unit] * row for unit in units], [z[unit].abs() / least for unit in units]))
    changed: list[list[tuple[int, Tensor]]] = [[], []]
    for of_tilde, of_step in SIDES:
        for amount in AMOUNTS:
            for unit, row, far in zip(*(moves[0] if of_tilde else moves[1]), strict=True):
                taken = amount if abs(1 + amount) * far >= 1 else 0.0
                changed[0].append((unit, of_tilde * taken * row))
                changed[1].append((unit, of_step * taken * row))
    result = []
    for changes, new in zip((tilde, step), changed, strict=True):
        new += [(0, torch.zeros_like(new[0][1]))] * (count - len(new))
        left = case.initial.like.new_zeros(count, case.initial.matrices[layer].shape[0], 1)
        left[torch.arange(count), [unit for unit, _ in new], 0] = 1.0
        right = torch.stack([row for _, row in new])[..., None]
        spread = [LowRank(c.left.expand(count, -1, -1), c.right.expand(count, -1, -1)) for c in changes]
        spread[layer] = LowRank(left, right).onto(spread[layer])
        result.append(spread)
    inside = ball.project(tuple(result[0]))
    return Pair(inside, ball.shortened(inside, tuple(result[1])))
