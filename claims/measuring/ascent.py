"""Projected gradient ascent of a claim over the pairs of its ball."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lemmata.claims.case import Case
from lemmata.claims.claim import Claim
from lemmata.claims.measuring.evaluation import signed_ratios
from lemmata.model.attacks import Pair
from lemmata.model.ball import Ball
from lemmata.model.changes import Changes, LowRank, distances
from lemmata.model.watched import Watched, gradients

SMOOTHING = (1.0, 0.01)
"""How near its kink a unit has a derivative, at an ascent's first step and at its last: see `Network.smoothing`."""


@dataclass(frozen=True)
class Way:
    """Of an ascent.

    Attributes:
        stride: how far a point moves in the first step and in the last, over the radius.
        sharpness: how much more the worst member counts than the others, at the first step and at the last.
        holds: whether Ŵ stays where it is as W̃ moves; else it moves with W̃.
    """

    stride: tuple[float, float]
    sharpness: tuple[float, float]
    holds: bool = True


STRAIGHT = Way((0.8, 0.02), (3.0, 100.0))
"""Of an ascent from an attack: after the first step little but the slope of all members is left of the start."""

SHORT = 1e-3
"""A step shorter than this, over the radius, is only a direction."""

BRIEF = 40
"""Steps up to which an ascent goes along the slope itself; of a longer one, a direction lasts for so large a share."""

COLUMNS = 8
"""Factors that a change keeps on the way."""

CANCELS = 1e-6
"""A slope that is so much smaller than its factors is what rounding left of them: to follow it would enlarge that."""


def ascend(claim: Claim, case: Case, *, steps: int = 10, way: Way = STRAIGHT) -> Case:
    """Projected gradient ascent of the ratio over W̃ and Ŵ, in all layers, started at the case's own pair.

    The gradient is that of the measurement itself, with patterns that have a derivative near their kinks, ever nearer
    ones from step to step. It comes in factors, and what is found keeps the leading `COLUMNS` of them. A short step, of
    which the ratio only sees the direction, stays as long as it was; else both points move in the whole ball. Per
    initialisation the best pair ever seen is kept, so the result is never worse than the start.

    Args:
        claim: an inequality whose measurement is differentiable almost everywhere.
        case: at the starting pair.
        steps: number of gradient steps.
        way: how long its steps are, and for whom of the members it goes.
    """
    ball = Ball(case.setting.ball, case.tau)
    tilde, step = (_factors(changes) for changes in case.pair)
    short = bool((distances(step, ball.norm).amax() < SHORT * case.tau) and any(change.rank for change in step))
    best, most = Pair(tilde, step), torch.full_like(case.initial.like, -torch.inf)
    momentum, speed = max(0.0, 1 - BRIEF / max(steps, 1)), None
    for turn in range(steps + 1):
        share = turn / max(steps, 1)
        smoothed = case.smoothed(_between(SMOOTHING, share))
        watched = [[Watched(change) for change in changes] for changes in (tilde, step)]
        members = signed_ratios(claim, smoothed.at_pair(Pair(*map(tuple, watched))))
        value = members.detach().amax(-1)
        better = value.isfinite() & (value > most)
        best, most = _chosen(best, Pair(tilde, step), better), torch.where(better, value, most)
        if turn == steps:
            break
        slopes = gradients(_leaning(members, _between(way.sharpness, share)), [*watched[0], *watched[1]])
        if way.holds and not short:
            # The slope in the step holds W̃; with Ŵ held, W̃ has the rest.
            slopes[: len(tilde)] = [_sum(a, b.scaled(-1.0)) for a, b in zip(slopes, slopes[len(tilde) :], strict=False)]
        turns = [_direction(slope) for slope in slopes]
        if speed is None or not momentum:
            speed = turns
        else:
            speed = [
                _leading(_sum(v.scaled(momentum), u.scaled(1 - momentum))) for v, u in zip(speed, turns, strict=True)
            ]
        tilde, step = _moved(ball, tilde, step, speed, _between(way.stride, share), short=short)
    return case.at_pair(best)


def _moved(
    ball: Ball,
    tilde: tuple[LowRank, ...],
    step: tuple[LowRank, ...],
    speed: list[LowRank],
    size: float,
    *,
    short: bool,
) -> tuple[tuple[LowRank, ...], tuple[LowRank, ...]]:
    """Both points a step of relative `size` further, in the ball; a short step turns and keeps its length."""
    of_tilde, of_hat = ([v.scaled(size) for v in half] for half in (speed[: len(tilde)], speed[len(tilde) :]))
    if short:
        room = Ball(ball.norm, ball.radius * (1 - SHORT))
        inside = room.project(_all_further(tilde, of_tilde, ball.radius))
        lengths = [change.frobenius() for change in step]
        turned = (
            _leading(_sum(change, v.scaled(length))) for change, v, length in zip(step, of_hat, lengths, strict=True)
        )
        kept = (change.resized(change.frobenius(), length) for change, length in zip(turned, lengths, strict=True))
        return inside, ball.shortened(inside, tuple(kept))
    inside = ball.project(_all_further(tilde, of_tilde, ball.radius))
    moved = tuple(_sum(a, b) for a, b in zip(tilde, step, strict=True))
    hat = ball.project(_all_further(moved, of_hat, ball.radius))
    return inside, ball.shortened(inside, tuple(_sum(b, a.scaled(-1.0)) for a, b in zip(inside, hat, strict=True)))


def _all_further(changes: tuple[LowRank, ...], moves: list[LowRank], size: float) -> tuple[LowRank, ...]:
    return tuple(_leading(_sum(change, move.scaled(size))) for change, move in zip(changes, moves, strict=True))


def _direction(slope: LowRank) -> LowRank:
    """The slope at length 1; 0 where there is none but rounding."""
    if not slope.rank:
        return slope
    slope = LowRank(slope.left.nan_to_num(0.0, 0.0, 0.0), slope.right.nan_to_num(0.0, 0.0, 0.0))
    length, terms = slope.frobenius(), torch.linalg.matrix_norm(slope.left) * torch.linalg.matrix_norm(slope.right)
    return slope.resized(torch.where(length > CANCELS * terms, length, 0.0), 1.0)


def _leading(change: LowRank) -> LowRank:
    """The change with its `COLUMNS` leading singular directions."""
    return change if change.rank <= COLUMNS else change.truncated(COLUMNS)


def _sum(a: LowRank, b: LowRank) -> LowRank:
    return b.onto(a)


def _between(ends: tuple[float, float], share: float) -> float:
    """From the first to the last, in equal ratios."""
    first, last = ends
    return first * (last / first) ** share


def _leaning(members: Tensor, sharpness: float) -> Tensor:
    """The members' mean, (S,), the more of the worst the sharper: one that is not the worst yet may become it."""
    values = members.detach()
    scale = values.abs().amax(-1, keepdim=True).clamp_min(torch.finfo(values.dtype).tiny)
    weights = (sharpness * values / scale).softmax(-1)
    return torch.where(weights > 0, weights * members, 0.0).sum(-1)


def _factors(changes: Changes) -> tuple[LowRank, ...]:
    return tuple(change.factors() for change in changes)


def _chosen(old: Pair, new: Pair, better: Tensor) -> Pair:
    """The new pair at the initialisations that it betters."""
    return Pair(
        *(
            tuple(x.where(better, y) for x, y in zip(_factors(a), _factors(b), strict=True))
            for a, b in zip(old, new, strict=True)
        )
    )
