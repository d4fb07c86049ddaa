"""The worst case of a claim over the ball: its attacks, and ascent from the worst they find."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from lemmata.claims.case import Case, Recipe
from lemmata.claims.claim import Claim, Sides
from lemmata.claims.measuring.checks import check_inside
from lemmata.claims.measuring.climb import climbed, reached
from lemmata.claims.measuring.evaluation import Evaluation, evaluate, measured, right_hand_side
from lemmata.claims.problem import Drawn
from lemmata.model.attacks import ATTACKS, Pair
from lemmata.model.ball import Ball
from lemmata.model.changes import Changes, LowRank, distances
from lemmata.model.randomness import generator
from lemmata.model.watched import Watched, gradients

SMOOTHING = (1.0, 0.01)
"""How near its kink a unit has a derivative, at an ascent's first step and at its last: see `Network.smoothing`."""

SHARPNESS = (3.0, 100.0)
"""How much more the worst member counts than the others, at the first step and at the last."""

STEP = (0.8, 0.02)
"""How far a point moves in the first step and in the last, over the radius."""

SHORT = 1e-3
"""A step shorter than this, over the radius, is only a direction."""

BRIEF = 40
"""Steps up to which an ascent goes along the slope itself; of a longer one, a direction lasts for so large a share."""

STARTS = 2
"""Most starts of an ascent."""

PROMISING = 0.6
"""Of the worst that is found, which what an ascent starts from must reach."""

ENOUGH = 0.01
"""Relative improvement below which no further start is tried."""

LONGER = 4
"""So many times the steps of a patient search of several initialisations."""

COLUMNS = 8
"""Factors that a change keeps on the way."""

PATIENT = (10, 40, 160)
"""Steps of the ascents of a patient search, one round after the other."""

CANDIDATES = 4
"""Starts of each of its rounds but the last, which has one of every attack at least."""

RESTARTS = (3, 6, 12)
"""Further starts of the attacks that restart, one round after the other: at depth the best of four placements on kinks
is worse than one by 20 % in the mean."""

PATIENT_TIMES = (1, 4, 16)
"""So many times the random starts, and the steps, that a lemma of one's own says, one round after the other."""


def supremum(claim: Claim, case: Case | Drawn, *, ascent: int = 0, patient: bool = False) -> Evaluation:
    """The worst evaluation over the claim's attacks, per initialisation (for lower bounds the smallest).

    Args:
        claim: says which attacks, see `Claim.recipes`.
        case: at W⁽⁰⁾.
        ascent: gradient steps from the attacks that are worst for most initialisations, of those that an ascent may
            start from, until a start improves none by more than `ENOUGH`; 0 for none.
        patient: `LONGER` ones, from every attack, and further starts of those that restart: ten to fifty times as
            dear. Narrow networks have so few kinks that where an ascent ends its start hardly foretells.
    """
    worst = start = None
    again = []
    for recipe in claim.recipes(case):
        found = found_by(claim, case, recipe)
        worst = found if worst is None else _worse(claim, worst, found)
        if isinstance(case, Case) and ATTACKS[recipe.attack].ascends:
            start = found if start is None else _worse(claim, start, found)
            again.append(replace(recipe, ascent=LONGER * ascent))
        elif isinstance(case, Case) and ATTACKS[recipe.attack].restarts:
            again.append(replace(recipe, ascent=RESTARTS[0]))
    assert worst is not None
    if not (ascent and start and isinstance(case, Case) and claim.ascends) or claim.exact(case.configuration):
        return worst
    if patient:
        for recipe in again:
            worst = _worse(claim, worst, found_by(claim, case, recipe))
        return worst
    near = (start.ratio / worst.ratio) ** claim.direction.sign >= PROMISING
    recipes = [recipe for recipe, take in zip(start.recipes, near.tolist(), strict=True) if take]
    for recipe, _ in Counter(recipes).most_common(STARTS):
        before, worst = worst, _worse(claim, worst, found_by(claim, case, replace(recipe, ascent=ascent)))
        if not _improves(before, worst):
            break
    return worst


def found_by(claim: Claim, case: Case | Drawn, recipe: Recipe) -> Evaluation:
    """The claim measured where one recipe leads.

    Raises:
        MeasurementError: if that is outside of the ball.
    """
    if isinstance(case, Drawn):
        return climbed(claim, case, recipe) if case.problem.ball else evaluate(claim, case, recipe)
    return evaluate(claim, _reached(claim, case, recipe), recipe)


def _reached(claim: Claim, case: Case, recipe: Recipe) -> Case:
    """Where the recipe leads.

    Raises:
        MeasurementError: if that is outside of the ball.
    """
    if recipe.attack == "stay" and not recipe.ascent:
        return case
    reached = case.attacked(recipe)
    if recipe.ascent and not ATTACKS[recipe.attack].restarts:
        reached = ascend(claim, reached, steps=recipe.ascent)
    check_inside(reached, recipe)
    return reached


@dataclass(frozen=True)
class Find:
    """What a search of the ball round one network has found.

    Attributes:
        case: at the worst pair so far.
        evaluation: of the claim there.
        recipe: how it was found.
    """

    case: Case | Drawn
    evaluation: Evaluation
    recipe: str

    def or_worse(self, claim: Claim, other: "Find") -> "Find":
        """The worse of the two."""
        return other if _is_worse(claim, self.evaluation, other.evaluation).item() else self


def patiently(claim: Claim, case: Case, given: Mapping[str, Pair]) -> Iterator[Find]:
    """The worst so far of a longer search than an audit's, after each of its steps.

    After the attacks come rounds of ever longer ascents from the worst starts, of ever more starts of the attacks that
    restart, and from ever more random pairs. Where short ascents end hardly foretells what long ones find: the last
    round starts from every attack, and is repeated, twice as long, while it improves by more than `ENOUGH`.

    Args:
        claim: an inequality over the ball.
        case: at W⁽⁰⁾, of one initialisation.
        given: pairs inside of the ball that are starts too, by name.
    """
    recipes = {str(recipe): recipe for recipe in claim.recipes(case)}
    starts: dict[str, Callable[[], Case]] = {
        name: partial(_reached, claim, case, recipe) for name, recipe in recipes.items()
    }
    ascending = [name for name, recipe in recipes.items() if ATTACKS[recipe.attack].ascends] + list(given)
    restarting = [name for name, recipe in recipes.items() if ATTACKS[recipe.attack].restarts]
    starts |= {name: partial(case.at_pair, pair) for name, pair in given.items()}
    found: dict[str, Evaluation] = {}
    worst: Find | None = None
    for name, start in starts.items():
        at = start()
        find = Find(at, evaluate(claim, at), name)
        found[name] = find.evaluation
        worst = find if worst is None else worst.or_worse(claim, find)
        yield worst
    if worst is None or not claim.ascends or claim.exact(case.configuration):
        return
    sign = claim.direction.sign

    def order(name: str) -> float:
        return -sign * float(found[name].ratio.nan_to_num(-sign * torch.inf))

    ranked = sorted(ascending, key=order)
    # The worst of each attack, then the others: where an ascent ends, its start hardly foretells.
    firsts = dict.fromkeys(name.partition("@")[0] for name in ranked)
    best = [next(name for name in ranked if name.partition("@")[0] == attack) for attack in firsts]
    longer = ((PATIENT[-1] * 2**k, RESTARTS[-1] * 2**k) for k in itertools.count(1))
    for steps, further in itertools.chain(zip(PATIENT, RESTARTS, strict=True), longer):
        before, whole = worst.evaluation, steps >= PATIENT[-1]
        most = max(CANDIDATES, len(best)) if whole else CANDIDATES
        ascents = [*best, *(name for name in ranked if name not in best)][:most]
        for name in [*ascents, *sorted(restarting, key=order)[:CANDIDATES]]:
            if name in restarting:
                recipe = replace(recipes[name], ascent=further)
                at, told = _reached(claim, case, recipe), str(recipe)
            else:
                at, told = ascend(claim, starts[name](), steps=steps), f"{name}^{steps}"
            worst = worst.or_worse(claim, Find(at, evaluate(claim, at), told))
            yield worst
        for number in range(further if ascending else 0):
            at = ascend(claim, _anywhere(case, number), steps=steps)
            worst = worst.or_worse(claim, Find(at, evaluate(claim, at), f"random pair {number}^{steps}"))
            yield worst
        if whole and not _improves(before, worst.evaluation):
            return


def _anywhere(case: Case, number: int) -> Case:
    """At a random pair of the ball, every other one with a short step."""
    ball, rng = Ball(case.setting.ball, case.tau / 2), generator(case.streams("search", number)[0])
    tilde, step = (ball.sample(case.initial, rng) for _ in range(2))
    return case.at_pair(Pair(tilde, tuple(change.scaled(SHORT) for change in step) if number % 2 else step))


def climbed_patiently(claim: Claim, cases: Sequence[Drawn]) -> Iterator[Find]:
    """The same for a lemma of one's own, from each of these cases of one draw; from the second round at the worst one.

    What came to rest is not started again; a round ends the search that improves by no more than `ENOUGH`.
    """
    worst: Find | None = None
    rested: set[tuple[int, Recipe]] = set()
    among = list(range(len(cases)))
    for times in PATIENT_TIMES:
        before = worst
        for at in among:
            for recipe in cases[at].recipes(times):
                start = at, replace(recipe, ascent=0)
                if start in rested:
                    continue
                there, evaluation = reached(claim, cases[at], recipe)
                taken = evaluation.recipes[0]
                if taken.ascent < recipe.ascent or not recipe.ascent:
                    rested.add(start)
                find = Find(there, evaluation, str(taken))
                if worst is None or worst.or_worse(claim, find) is find:
                    worst, here = find, at
                yield worst
        if worst is None or (before and not _improves(before.evaluation, worst.evaluation)):
            return
        among = [here]


def _improves(before: Evaluation, after: Evaluation) -> bool:
    """Whether any initialisation is worse by more than `ENOUGH`."""
    return bool(((after.ratio - before.ratio).abs() > ENOUGH * before.ratio.abs()).any())


def _worse(claim: Claim, a: Evaluation, b: Evaluation) -> Evaluation:
    return a.where(_is_worse(claim, a, b), b)


def _is_worse(claim: Claim, a: Evaluation, b: Evaluation) -> Tensor:
    """Where the second is worse, (S,) boolean."""
    if a.residual is not None and b.residual is not None and a.condition is not None and b.condition is not None:
        take = b.residual / b.condition > a.residual / a.condition
    else:
        take = claim.direction.worse(b.ratio, a.ratio)
    return take | (a.ratio.isnan() & ~b.ratio.isnan())


CANCELS = 1e-6
"""A slope that is so much smaller than its factors is what rounding left of them: to follow it would enlarge that."""


def ascend(claim: Claim, case: Case, *, steps: int = 10) -> Case:
    """Projected gradient ascent of the ratio over W̃ and Ŵ, in all layers, started at the case's own pair.

    The gradient is that of the measurement itself, with patterns that have a derivative near their kinks, ever nearer
    ones from step to step. It comes in factors, and what is found keeps the leading `COLUMNS` of them. A short step, of
    which the ratio only sees the direction, stays as long as it was; else both points move in the whole ball. Per
    initialisation the best pair ever seen is kept, so the result is never worse than the start.

    Args:
        claim: an inequality whose measurement is differentiable almost everywhere.
        case: at the starting pair.
        steps: number of gradient steps.
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
        members = _members(claim, smoothed.at_pair(Pair(*map(tuple, watched))))
        value = members.detach().amax(-1)
        better = value.isfinite() & (value > most)
        best, most = _chosen(best, Pair(tilde, step), better), torch.where(better, value, most)
        if turn == steps:
            break
        slopes = gradients(_leaning(members, _between(SHARPNESS, share)), [*watched[0], *watched[1]])
        if not short:
            # The slope in the step holds W̃; with Ŵ held, W̃ has the rest.
            slopes[: len(tilde)] = [_sum(a, b.scaled(-1.0)) for a, b in zip(slopes, slopes[len(tilde) :], strict=False)]
        turns = [_direction(slope) for slope in slopes]
        if speed is None or not momentum:
            speed = turns
        else:
            speed = [
                _leading(_sum(v.scaled(momentum), u.scaled(1 - momentum))) for v, u in zip(speed, turns, strict=True)
            ]
        tilde, step = _moved(ball, tilde, step, speed, _between(STEP, share), short=short)
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
        kept = (
            change.scaled(length / change.frobenius().clamp_min(torch.finfo(length.dtype).tiny))
            for change, length in zip(turned, lengths, strict=True)
        )
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
    return slope.scaled(torch.where(length > CANCELS * terms, 1 / length, 0.0))


def _leading(change: LowRank) -> LowRank:
    """The change with its `COLUMNS` leading singular directions."""
    return change if change.rank <= COLUMNS else change.truncated(COLUMNS)


def _sum(a: LowRank, b: LowRank) -> LowRank:
    return b.onto(a)


def _between(ends: tuple[float, float], share: float) -> float:
    """From the first to the last, in equal ratios."""
    first, last = ends
    return first * (last / first) ** share


def _members(claim: Claim, case: Case) -> Tensor:
    """The ratio of every member, with the sign with which larger is worse, (S, ·); −∞ where it is undefined."""
    measurement = measured(claim, case)
    if isinstance(measurement, Sides):
        raise TypeError(f"{claim.id} is an identity: there is nothing to ascend")
    rhs = right_hand_side(claim, case, measurement)
    ratio = claim.direction.sign * measurement.lhs / torch.where(rhs > 0, rhs, 1.0)
    ratio = torch.where(rhs > 0, ratio, -torch.inf)
    return ratio.reshape(len(ratio), -1)


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
