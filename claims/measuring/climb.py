"""The worst case of a lemma of one's own over the balls round what it draws: projected gradient ascent by autograd."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from lemmata.claims.case import Recipe
from lemmata.claims.claim import Claim, MeasurementError, Sides
from lemmata.claims.measuring.checks import OF_DRAWS, check_global_states, global_states
from lemmata.claims.measuring.evaluation import Evaluation, evaluate, measured, right_hand_side
from lemmata.claims.problem import LOADED, Drawn
from lemmata.claims.within import Point, Within, named_tensors, names_of

NEAR = 1e-3
"""How far from the centre, over the radius, the slope is taken: at the centre itself it is often 0 or undefined."""

FIRST, LARGEST, SMALLEST = 1.0, 1e4, 1e-7
"""Lengths of a step over the radius. A large one goes to the end of the ball along the slope, as in power iteration."""

LONGER, SHORTER = 2.0, 0.4
"""By what a step grows where the ratio did, and where it did not."""

GAIN = 1e-7
"""Relative growth below which a step is no progress."""

PATIENCE = 5
"""Steps without progress after which an ascent is at rest."""


def climbed(claim: Claim, case: Drawn, recipe: Recipe) -> Evaluation:
    """The claim where the recipe leads each draw: its start, and from there the best of so many steps of ascent.

    In the evaluation's recipes stand the steps that were taken: fewer than were allowed where an ascent came to rest,
    0 where there is no slope to follow. With these the recipe leads to the same point.

    Raises:
        MeasurementError: if a point is outside of its ball, or an attack of one's own returns none.
    """
    return reached(claim, case, recipe)[1]


def reached(claim: Claim, case: Drawn, recipe: Recipe) -> tuple[Drawn, Evaluation]:
    """The draws at the points where the recipe leads them, and the claim there, as `climbed` has it."""
    found = [_climb(claim, alone, recipe) for alone in case.alone()]
    there = case.at([point for point, _ in found])
    recipes = [replace(recipe, ascent=steps) for _, steps in found]
    return there, replace(evaluate(claim, there, recipe), recipes=recipes)


def _climb(claim: Claim, case: Drawn, recipe: Recipe) -> tuple[Point, int]:
    """The point of one draw, and the steps taken to it."""
    held = _Held(case)
    if not case.meets(held.arguments):
        return {}, 0
    hill, before = _Hill(claim, held), global_states()
    start = hill.start(recipe)
    hill.check(start, recipe)
    reached, steps = hill.ascend(start, recipe.ascent)
    held.check_unchanged(None)
    check_global_states(before, OF_DRAWS)
    hill.check(reached, replace(recipe, ascent=steps))
    return reached, steps


class _Held(Drawn):
    """One draw, which is made once and measured at many points."""

    def __init__(self, case: Drawn) -> None:
        super().__init__(case.problem, case.configuration, case.seed, case.numbers, case.like)
        ((*drawn, self.given),) = case.each()
        self.arguments = tuple(drawn)
        self.point: Point = {}
        self._drawn = {name: x.clone() for name, x in self._tensors().items()}

    def _tensors(self) -> Point:
        x, _, *data = self.arguments
        return named_tensors(x, *data)

    def check_unchanged(self, by: Callable[..., Any] | None) -> None:
        """What was drawn is as it was: it is measured at many points.

        Raises:
            MeasurementError: if a tensor of it is not.
        """
        for name, x in self._tensors().items():
            if not torch.equal(x.nan_to_num(), self._drawn[name].nan_to_num()):
                raise MeasurementError(f"{name}, which was drawn, is changed in place; it must work on a copy", by)

    @property
    def watched(self) -> bool:
        """Whether what is measured is to be differentiated."""
        return any(tensor.requires_grad for tensor in self.point.values())

    def each(self) -> Iterator[tuple[Any, ...]]:
        """What the measurement is called with, where the point is."""
        yield (*self.arguments, self.point)


class _Hill:
    """The ratio of one draw over the balls round it, with the sign with which larger is worse."""

    def __init__(self, claim: Claim, held: _Held) -> None:
        self.claim, self.held = claim, held
        self.centre, self.balls, self.radii = held.balls(held.arguments)
        self.sloping = claim.judged != "identity"

    def start(self, recipe: Recipe) -> Point:
        """Where an ascent begins."""
        rng = self.held.rng("climb", self.held.numbers[0], recipe.attack, recipe.example)
        if recipe.attack == "stay":
            return self.centre
        if recipe.attack == LOADED:
            given = self.held.given
            return self._each(lambda ball, name, radius: ball.project(given[name] - self.centre[name], radius))
        own = self._own(recipe)
        if own is not None:
            found = own(rng, *self.held.arguments)
            self.held.check_unchanged(own)
            return {**self.centre, **self._given(own, found)}
        random = {name: rng.tensor(rng.standard_normal(x.shape)) for name, x in self.centre.items()}
        ends = self._each(lambda ball, name, radius: ball.farthest(random[name], radius))
        if recipe.attack == "random" or not self.sloping:
            return ends
        near = {name: x + NEAR * (ends[name] - x) for name, x in self.centre.items()}
        _, slope = self.value(near)
        return near if slope is None else self._each(lambda ball, name, radius: ball.farthest(slope[name], radius))

    def ascend(self, at: Point, steps: int) -> tuple[Point, int]:
        """The best point of so many steps, and how many were taken before the ascent came to rest."""
        if not steps or not self.sloping:
            return at, 0
        value, slope = self.value(at)
        size, still = FIRST, 0
        for taken in range(steps):
            if slope is None or still == PATIENCE or size < SMALLEST:
                return at, taken
            further = self._further(at, slope, size)
            found, then = self.value(further)
            if found > value:
                still = 0 if found - value > GAIN * abs(value) else still + 1
                at, value, slope, size = further, found, then, min(size * LONGER, LARGEST)
            else:
                size *= SHORTER
        return at, steps

    def value(self, at: Point) -> tuple[float, Point | None]:
        """The ratio of the worst member there, and its slope; None where it has none."""
        leaves = {name: x.detach().clone().requires_grad_() for name, x in at.items()}
        self.held.point = leaves
        with torch.enable_grad():
            worst = self._worst()
            if not worst.requires_grad or not bool(worst.isfinite()):
                return float(worst.detach()), None
            slopes = torch.autograd.grad(worst, list(leaves.values()), allow_unused=True)
        found = {
            name: torch.zeros_like(x) if slope is None else slope
            for (name, x), slope in zip(leaves.items(), slopes, strict=True)
        }
        known = all(bool(slope.isfinite().all()) for slope in found.values())
        return float(worst.detach()), found if known and any(bool(slope.any()) for slope in found.values()) else None

    def check(self, point: Point, recipe: Recipe) -> None:
        """A point lies in the balls, up to rounding: outside of them the lemma says nothing.

        Raises:
            MeasurementError: naming the start, the tensor, how far outside it is, and the radius.
        """
        for name, x in point.items():
            ball, radius = self.balls[name], self.radii[name]
            away = ball.outside(x - self.centre[name], radius)
            if away:
                at_fault = self._own(recipe) or (ball.norm if callable(ball.norm) else None)
                raise MeasurementError(
                    f"{recipe} leaves the ball: {name} is {away:.3g} outside of it, its radius is {radius:g}", at_fault
                )

    def _own(self, recipe: Recipe) -> Callable[..., Any] | None:
        """The attack of one's own that a recipe begins with."""
        attacks = self.held.problem.attacks
        return next((own for own in attacks if names_of([own]) == [recipe.attack]), None)

    def _further(self, at: Point, slope: Point, size: float) -> Point:
        def step(ball: Within, name: str, radius: float) -> Tensor:
            change = at[name] - self.centre[name]
            length = slope[name].norm()
            along = slope[name] * (size * radius / length) if length > 0 else torch.zeros_like(change)
            return ball.project(change + along, radius)

        return self._each(step)

    def _each(self, change: Callable[[Within, str, float], Tensor]) -> Point:
        """The centre, changed by name."""
        return {name: x + change(self.balls[name], name, self.radii[name]) for name, x in self.centre.items()}

    def _worst(self) -> Tensor:
        measurement = measured(self.claim, self.held)
        if isinstance(measurement, Sides):
            raise TypeError(f"{self.claim.id} is an identity: there is nothing to ascend")
        rhs = right_hand_side(self.claim, self.held, measurement)
        ratio = self.claim.direction.sign * measurement.lhs / torch.where(rhs > 0, rhs, 1.0)
        return torch.where(rhs > 0, ratio, -torch.inf).amax()

    def _given(self, attack: Callable[..., Any], found: object) -> Point:
        """What an attack of one's own returns.

        Raises:
            MeasurementError: if it is no dict of tensors that may move.
        """
        names = ", ".join(self.centre)
        if not isinstance(found, dict) or not set(found) <= set(self.centre):
            shown = list(found) if isinstance(found, dict) else f"a {type(found).__name__}"
            raise MeasurementError(f"it must return a dict of what moves, of {names}; it returns {shown}", attack)
        for name, x in found.items():
            centre = self.centre[name]
            if not isinstance(x, Tensor) or x.shape != centre.shape or x.dtype != centre.dtype:
                shown = f"{tuple(x.shape)} {x.dtype}" if isinstance(x, Tensor) else f"a {type(x).__name__}"
                wanted = f"{tuple(centre.shape)} {centre.dtype}"
                raise MeasurementError(f"{name} must be a tensor {wanted}; it is {shown}", attack)
        return {name: x.detach() for name, x in found.items()}
