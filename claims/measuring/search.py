"""The worst case of a claim over the ball: its attacks, and ascent from the worst they find."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from lemmata.claims.case import Case, Recipe
from lemmata.claims.claim import Claim
from lemmata.claims.measuring.ascent import COLUMNS, SHORT, STRAIGHT, Way, ascend
from lemmata.claims.measuring.checks import check_inside
from lemmata.claims.measuring.climb import climbed, reached
from lemmata.claims.measuring.evaluation import Evaluation, evaluate, worst_signed
from lemmata.claims.measuring.units import crossed, together
from lemmata.claims.problem import Drawn
from lemmata.model.attacks import ATTACKS, Pair
from lemmata.model.ball import Ball
from lemmata.model.randomness import generator

WAYS = (STRAIGHT, Way((0.8, 0.02), (30.0, 100.0), holds=False), Way((0.3, 0.01), (30.0, 100.0)))
"""Of ascents from random pairs: the others go for the member that is worst where they start, and keep more of it."""

FEWEST = 2
"""Random pairs side by side, however wide the network: a near one and a far one."""

NEAR = 0.03
"""How near W⁽⁰⁾ every other W̃ starts, over what the others do."""

STARTS = 2
"""Most starts of an ascent."""

PROMISING = 0.6
"""Of the worst that is found, which what an ascent starts from must reach."""

ENOUGH = 0.01
"""Relative improvement below which no further start is tried."""

LONGER = 4
"""So many times the steps of a patient search of several initialisations."""

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
    restart, and from ever more random pairs; at the worst of all, unit after unit is tried on the other side of its
    kink. Where short ascents end hardly foretells what long ones find: the last round starts from every attack, and is
    repeated, twice as long, while it improves by more than `ENOUGH`.

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
    if worst is None or claim.exact(case.configuration):
        return
    if not claim.ascends:
        yield _further(claim, worst, "crossed", crossed)
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
        for short, way in itertools.product((False, True), WAYS) if ascending and further else ():
            several = _anywhere(case, 2 * further, short=short)
            at = _worst_of(claim, ascend(claim, several, steps=steps, way=way))
            told = f"random {'step' if short else 'pair'}^{steps}"
            worst = worst.or_worse(claim, Find(at, evaluate(claim, at), told))
            yield worst
        # Then unit by unit, and up again from there.
        worst = _further(claim, worst, "crossed", crossed)
        yield worst
        worst = _further(claim, worst, f"ascended^{steps}", partial(ascend, steps=steps))
        yield worst
        if whole and not _improves(before, worst.evaluation):
            return


def _further(claim: Claim, worst: Find, told: str, improve: Callable[[Claim, Case], Case]) -> Find:
    """The worse of what is found and what is made of it."""
    assert isinstance(worst.case, Case)
    at = improve(claim, worst.case)
    return worst.or_worse(claim, Find(at, evaluate(claim, at), f"{worst.recipe}, {told}"))


def _anywhere(case: Case, most: int, *, short: bool) -> Case:
    """Copies of the one initialisation at random pairs of the ball, W̃ near W⁽⁰⁾ or far; with long steps or short."""
    count = min(most, max(FEWEST, together(case) // 4))
    several, rng = case.copies(count), generator(case.streams("search", count, short)[0])
    tilde, step = (Ball(case.setting.ball, case.tau / 2).sample(several.initial, rng, rank=COLUMNS) for _ in range(2))
    far = torch.where(torch.arange(count, device=case.like.device) % 2 == 0, 1.0, NEAR).to(case.like)
    return several.at_pair(
        Pair(
            tuple(change.scaled(far) for change in tilde),
            tuple(change.scaled(SHORT if short else 1.0) for change in step),
        )
    )


def _worst_of(claim: Claim, copies: Case) -> Case:
    """The worst of these copies of one initialisation, alone."""
    return copies.one(int(worst_signed(claim, copies).argmax()))


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
