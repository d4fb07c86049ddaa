"""Both sides of a claim as numbers, the worst member of each, and whether it violates the claim."""

import math
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from lemmata.claims.beside import at_home
from lemmata.claims.case import Case, Recipe
from lemmata.claims.claim import Claim, Measurement, Sides
from lemmata.claims.language.direction import UPPER
from lemmata.claims.measuring.checks import (
    OF_DRAWS,
    MeasurementError,
    check_global_states,
    check_independent,
    check_measurement,
    check_repeatable,
    global_states,
    numbers,
)
from lemmata.claims.problem import Drawn

RESIDUAL = {torch.float64: 1e-10, torch.float32: 1e-4}
"""Relative residual below which an identity holds."""

ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-3}
"""Relative excess over a stated bound that rounding may cause, so that it never refutes."""


@dataclass(frozen=True)
class Evaluation:
    """A claim measured on S initialisations; each field has one entry per initialisation.

    Attributes:
        lhs, rhs: at the worst member, (S,); for identities the norms of the two sides.
        ratio: lhs / rhs there, NaN where both are 0, infinite where only rhs is 0.
        residual: relative norm of the difference of an identity's sides, None for inequalities.
        condition: of an identity, the size of the terms its sides sum over the size of the sides, at least 1.
        worst: index of the worst member along each axis of the measurement.
        recipes: the attack that found it.
    """

    lhs: Tensor
    rhs: Tensor
    ratio: Tensor
    residual: Tensor | None
    condition: Tensor | None
    worst: list[dict[str, int]]
    recipes: list[Recipe]

    @classmethod
    def joined(cls, parts: "Sequence[Evaluation]") -> "Evaluation":
        """The parts' initialisations, one after the other."""

        def column(name: str) -> Tensor | None:
            values = [getattr(part, name) for part in parts]
            return None if values[0] is None else torch.cat(values)

        columns = {name: column(name) for name in ("lhs", "rhs", "ratio", "residual", "condition")}
        worst = [index for part in parts for index in part.worst]
        return cls(**columns, worst=worst, recipes=[recipe for part in parts for recipe in part.recipes])  # type: ignore[arg-type]

    def where(self, take: Tensor, other: "Evaluation") -> "Evaluation":
        """The other evaluation at the initialisations taken, (S,) boolean, this one elsewhere."""

        def pick(x: Tensor, y: Tensor) -> Tensor:
            return torch.where(take, y, x)

        chosen = take.tolist()
        return Evaluation(
            pick(self.lhs, other.lhs),
            pick(self.rhs, other.rhs),
            pick(self.ratio, other.ratio),
            None if self.residual is None or other.residual is None else pick(self.residual, other.residual),
            None if self.condition is None or other.condition is None else pick(self.condition, other.condition),
            [y if t else x for x, y, t in zip(self.worst, other.worst, chosen, strict=True)],
            [y if t else x for x, y, t in zip(self.recipes, other.recipes, chosen, strict=True)],
        )

    def violates(self, claim: Claim, constant: float | None) -> Tensor:
        """Which initialisations break the claim with this constant, (S,) boolean; an identity needs none.

        An undefined ratio (both sides 0) breaks nothing; NaN on either side breaks everything, and so do two infinite
        sides. Where a bound has no constant yet, only what breaks it with every constant does: an infinite left-hand
        side, a right-hand side 0 under a positive one; of a lower bound a left-hand side that is not positive over a
        right-hand side that is, or an infinite right-hand side.
        No single draw of a finite number breaks a claim about a mean.
        """
        if claim.judged == "mean":
            return ~(self.lhs.isfinite() & self.rhs.isfinite())
        if self.residual is not None and self.condition is not None:
            return ~(self.residual <= RESIDUAL[self.residual.dtype] * self.condition)
        if constant is None:
            return self._no_number() | claim.direction.broken_by(self.ratio)
        holds = claim.direction.holds(self.ratio, constant, ROUNDING[self.ratio.dtype])
        undefined = (self.lhs == 0) & (self.rhs == 0)
        return self._no_number() | ~(holds | undefined)

    def _no_number(self) -> Tensor:
        return self.lhs.isnan() | self.rhs.isnan() | (self.lhs.isinf() & self.rhs.isinf())


def measured(claim: Claim, case: Case | Drawn) -> Measurement | Sides:
    """What the claim's function returns; what it prints goes to standard error, as output is a document.

    Raises:
        MeasurementError: if that is not what the claim must measure.
    """
    with at_home(claim.id), redirect_stdout(sys.stderr):
        found = claim.measure(cast(Any, case))  # a claim is given what it is about
    check_measurement(claim, case, found)
    return found


def look_twice(claim: Claim, case: Case | Drawn, alone: Case | Drawn | None = None) -> None:
    """A second look at the case sees what the first saw, where the last of its attacks leads.

    Args:
        claim: whose measurement is looked at.
        case: of several initialisations.
        alone: of the first of them, at which it must see the same.

    Raises:
        MeasurementError: if it does not, naming the generator that the claim draws from.
    """
    recipe = claim.recipes(case)[-1]
    here = case if recipe.attack == "stay" or isinstance(case, Drawn) else case.attacked(recipe)
    own = "the generator(stream) of each stream in case.streams('NAME')"
    source = OF_DRAWS if isinstance(case, Drawn) else own
    before, first = global_states(), numbers(measured(claim, here))
    check_global_states(before, source)
    check_repeatable(first, numbers(measured(claim, here)), source)
    if alone is not None:
        beside = first if here is case else numbers(measured(claim, case))
        check_independent(beside, numbers(measured(claim, alone)))


def evaluate(claim: Claim, case: Case | Drawn, recipe: Recipe | None = None) -> Evaluation:
    """Measure the claim on a case as it stands, and keep the worst layer, example and output.

    The right-hand side is the sum of the claim's terms, with every audited constant taken as 1 and a
    stated one left to `violates`.

    Raises:
        MeasurementError: if the measurement is not what the claim must measure.
    """
    measurement = measured(claim, case)
    recipes = [recipe or Recipe()] * case.initialisations
    if isinstance(measurement, Sides):
        return _compare(measurement, recipes)
    lhs, rhs = measurement.lhs, right_hand_side(claim, case, measurement)
    if claim.judged == "mean":
        _check_draws(lhs, rhs)
    elif bool((rhs < 0).any()):
        raise MeasurementError(
            f"the right-hand side must not be negative, it is {float(rhs.min()):g}: no constant makes it larger; "
            "add to both sides what makes it positive"
        )
    ratio = torch.where((rhs == 0) & (lhs > 0), math.inf, lhs / rhs)
    # NaN satisfies no bound: where a side is NaN the ratio is the worst there is.
    ratio = torch.where(lhs.isnan() | rhs.isnan(), claim.direction.hopeless, ratio)
    index = claim.direction.worst_at(_members(ratio))
    lhs_worst, rhs_worst, ratio_worst = (_members(part).gather(1, index[:, None])[:, 0] for part in (lhs, rhs, ratio))
    named = _named(index, measurement.axes, lhs.shape[1:])
    return Evaluation(lhs_worst, rhs_worst, ratio_worst, None, None, named, recipes)


def right_hand_side(claim: Claim, case: Case | Drawn, measurement: Measurement) -> Tensor:
    """Σ scaling · factor over the claim's terms, in the shape of the left-hand side."""
    total = torch.zeros_like(measurement.lhs)
    for scaling, factor in zip(claim.terms, measurement.factors, strict=True):
        total = total + scaling.value(case.parameters) * factor
    return total


def signed_ratios(claim: Claim, case: Case) -> Tensor:
    """The ratio of every member, with the sign with which larger is worse, (S, ·); −∞ where it is undefined.

    Raises:
        TypeError: of an identity, which has none.
    """
    measurement = measured(claim, case)
    if isinstance(measurement, Sides):
        raise TypeError(f"{claim.id} is an identity: there is nothing to ascend")
    rhs = right_hand_side(claim, case, measurement)
    ratio = claim.direction.sign * measurement.lhs / torch.where(rhs > 0, rhs, 1.0)
    ratio = torch.where(rhs > 0, ratio, -torch.inf)
    return _members(ratio)


def worst_signed(claim: Claim, case: Case) -> Tensor:
    """Of the worst member, (S,); −∞ where that is no finite number.

    Raises:
        TypeError: of an identity, which has no ratio.
    """
    return signed_ratios(claim, case).amax(-1).nan_to_num(-torch.inf, -torch.inf, -torch.inf)


def _check_draws(lhs: Tensor, rhs: Tensor) -> None:
    """One draw per initialisation, as the worst of several is unbiased for nothing; and a value with shares."""
    if lhs.ndim != 1:
        raise MeasurementError("lhs must be one draw of the mean per initialisation, (S,); it has axes beside that")
    if bool((rhs == 0).any()):
        raise MeasurementError("the value of a mean must not be 0, of which a margin is no share: add 1 to both sides")


def _compare(sides: Sides, recipes: list[Recipe]) -> Evaluation:
    largest = torch.maximum(sides.left, sides.right).clamp_min(torch.finfo(sides.gap.dtype).tiny)
    residual = sides.gap / largest
    condition = torch.ones_like(residual) if sides.scale is None else (sides.scale / largest).clamp_min(1.0)
    index = UPPER.worst_at(_members(residual / condition))
    lhs, rhs, worst, amplified = (
        _members(part).gather(1, index[:, None])[:, 0] for part in (sides.left, sides.right, residual, condition)
    )
    named = _named(index, sides.axes, residual.shape[1:])
    return Evaluation(lhs, rhs, lhs / rhs, worst, amplified, named, recipes)


def _members(x: Tensor) -> Tensor:
    """(S, everything else)."""
    return x.reshape(len(x), -1)


def _named(index: Tensor, axes: tuple[str, ...], sizes: torch.Size) -> list[dict[str, int]]:
    """Positions along the axes; layers are counted from 1, as in the papers."""
    named = []
    for flat in index.tolist():
        position = {}
        for axis, size in reversed(list(zip(axes, sizes, strict=True))):
            flat, at = divmod(flat, size)
            position[axis] = at + (axis == "layer")
        named.append(dict(reversed(position.items())))
    return named
