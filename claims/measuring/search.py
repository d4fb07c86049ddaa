"""The worst case of a claim over the ball: its attacks, and ascent from the worst they find."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from lemmata.claims.case import Case, Recipe
from lemmata.claims.claim import Claim, Sides
from lemmata.claims.measuring.checks import check_inside
from lemmata.claims.measuring.evaluation import Evaluation, evaluate, measured, right_hand_side
from lemmata.model.attacks import ATTACKS, Pair
from lemmata.model.ball import Ball
from lemmata.model.changes import Changes, LowRank


def supremum(claim: Claim, case: Case, *, ascent: int = 0) -> Evaluation:
    """The worst evaluation over the claim's attacks, per initialisation (for lower bounds the smallest).

    Args:
        claim: says which attacks, see `Claim.recipes`.
        case: at W⁽⁰⁾.
        ascent: gradient steps from the attack that is worst for most initialisations; 0 for none.
    """
    recipes = claim.recipes(case)
    worst = found_by(claim, case, recipes[0])
    for recipe in recipes[1:]:
        worst = _worse(claim, worst, found_by(claim, case, recipe))
    if ascent and claim.ascends:
        start = Counter(recipe for recipe in worst.recipes if ATTACKS[recipe.attack].ascends).most_common(1)
        for recipe, _ in start:
            worst = _worse(claim, worst, found_by(claim, case, replace(recipe, ascent=ascent)))
    return worst


def found_by(claim: Claim, case: Case, recipe: Recipe) -> Evaluation:
    """The claim measured where one recipe leads.

    Raises:
        MeasurementError: if that is outside of the ball.
    """
    if recipe.attack == "stay":
        return evaluate(claim, case, recipe)
    reached = case.attacked(recipe)
    if recipe.ascent:
        reached = ascend(claim, reached, steps=recipe.ascent)
    check_inside(reached, recipe)
    return evaluate(claim, reached, recipe)


def _worse(claim: Claim, a: Evaluation, b: Evaluation) -> Evaluation:
    if a.residual is not None and b.residual is not None and a.condition is not None and b.condition is not None:
        take = b.residual / b.condition > a.residual / a.condition
    else:
        take = claim.direction.worse(b.ratio, a.ratio)
    return a.where(take | (a.ratio.isnan() & ~b.ratio.isnan()), b)


def ascend(claim: Claim, case: Case, *, steps: int = 10) -> Case:
    """Projected gradient ascent of the ratio over W̃ and Ŵ, started at the case's own pair.

    Both points stay factored with the columns that they start with, every layer takes a step of its own relative
    size, and both are projected to the ball. Per initialisation the best pair ever seen is kept, so the result is
    never worse than the start. Started from a random point this fails where the structured start does not: the
    ratio is flat almost everywhere until a unit flips.

    Args:
        claim: an inequality whose measurement is differentiable almost everywhere.
        case: at the starting pair, with at least one column in some layer.
        steps: number of gradient steps.
    """
    ball = Ball(case.setting.ball, case.tau)
    tilde, step = (_factors(changes) for changes in case.pair)
    best, found = case, evaluate(claim, case)
    size = 0.1
    for _ in range(steps):
        leaves = [part.detach().requires_grad_() for change in (*tilde, *step) for part in (change.left, change.right)]
        moving = [LowRank(a, b) for a, b in zip(leaves[::2], leaves[1::2], strict=True)]
        pair = Pair(tuple(moving[: len(tilde)]), tuple(moving[len(tilde) :]))
        objective = _objective(claim, case.at_pair(pair))
        if not objective.requires_grad:
            return best
        gradients = torch.autograd.grad(objective.sum(), leaves, allow_unused=True)
        moved = [
            _step(leaf.detach(), gradient, claim.direction.sign * size)
            for leaf, gradient in zip(leaves, gradients, strict=True)
        ]
        changes = [LowRank(a, b) for a, b in zip(moved[::2], moved[1::2], strict=True)]
        tilde, step = _into(ball, changes[: len(tilde)], changes[len(tilde) :])
        candidate = case.at_pair(Pair(tilde, step))
        outcome = evaluate(claim, candidate)
        better = _improves(claim, found, outcome)
        best, found = _merge(best, candidate, better), found.where(better, outcome)
        size *= 0.8
    return best


def _objective(claim: Claim, case: Case) -> Tensor:
    """The ratio at the worst member, (S,)."""
    measurement = measured(claim, case)
    if isinstance(measurement, Sides):
        raise TypeError(f"{claim.id} is an identity: there is nothing to ascend")
    ratio = (measurement.lhs / right_hand_side(claim, case, measurement)).reshape(len(measurement.lhs), -1)
    return claim.direction.sign * (claim.direction.sign * ratio).amax(-1)


def _factors(changes: Changes) -> tuple[LowRank, ...]:
    return tuple(change.factors() for change in changes)


def _step(value: Tensor, gradient: Tensor | None, size: float) -> Tensor:
    """A step of `size` relative to the factor's own norm, per initialisation; none without a gradient."""
    if gradient is None or not value.numel():
        return value
    norms = [torch.linalg.vector_norm(x, dim=(-2, -1), keepdim=True) for x in (value, gradient)]
    direction = gradient / norms[1].clamp_min(torch.finfo(value.dtype).tiny)
    return value + size * norms[0] * direction.nan_to_num(0.0)


def _into(
    ball: Ball, tilde: Sequence[LowRank], step: Sequence[LowRank]
) -> tuple[tuple[LowRank, ...], tuple[LowRank, ...]]:
    """Project W̃, then shorten the step, layer by layer, until Ŵ is in the ball too."""
    inside = ball.project(tuple(tilde))
    return inside, ball.shortened(inside, tuple(step))


def _improves(claim: Claim, old: Evaluation, new: Evaluation) -> Tensor:
    return new.ratio.isfinite() & claim.direction.worse(new.ratio, old.ratio)


def _merge(old: Case, new: Case, better: Tensor) -> Case:
    pairs = []
    for a, b in zip(old.pair, new.pair, strict=True):
        pairs.append(tuple(x.where(better, y) for x, y in zip(_factors(a), _factors(b), strict=True)))
    return old.at_pair(Pair(*pairs))
