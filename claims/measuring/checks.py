"""Whether a measurement is what its claim says it is, and was taken where it says, before anything is made of it."""

import random
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from lemmata.claims.case import Case, Recipe
from lemmata.claims.claim import Claim, Measurement, MeasurementError, Sides
from lemmata.claims.problem import Drawn
from lemmata.model.attacks import ATTACKS
from lemmata.model.ball import OUTSIDE
from lemmata.model.changes import Changes, distances
from lemmata.model.settings import Norm

OF_DRAWS = "the rng that it is given"
"""What a lemma of one's own draws from."""


def check_measurement(claim: Claim, case: Case | Drawn, found: object) -> None:
    """A claim's function returns one number per initialisation and member of its axes, and a factor per term.

    Raises:
        MeasurementError: naming the field, what it must be, and what it is.
    """
    kind = "Sides" if claim.judged == "identity" else "Measurement"
    if not isinstance(found, Sides if kind == "Sides" else Measurement):
        raise MeasurementError(f"it must return {kind}, as bound={claim.bound!r}; it returns {_shown(found)}")
    _check_axes(found.axes)
    like = case.like
    if isinstance(found, Sides):
        given = {"left": found.left, "right": found.right, "gap": found.gap}
        given |= {} if found.scale is None else {"scale": found.scale}
        for name, side in given.items():
            _check_side(name, side, case.initialisations, found.axes, like)
            if side.shape != found.left.shape:
                raise MeasurementError(
                    f"{name} must have the shape of left, {_shape(found.left)}; it is {_shown(side)}"
                )
        sizes = sorted(float(side.abs().max()) for side in (found.left, found.right))
        if found.scale is None and sizes[0] == 0 < sizes[1] < torch.finfo(like.dtype).eps ** 0.5:
            raise MeasurementError(
                f"one side is 0 and the other at most {sizes[1]:.2g}: Sides.of wants terms=, what cancels, to tell "
                "whether that is rounding"
            )
        return
    _check_side("lhs", found.lhs, case.initialisations, found.axes, like)
    if not isinstance(found.factors, tuple) or len(found.factors) != len(claim.terms):
        wanted = f"a tuple of {len(claim.terms)}, one for each of terms"
        raise MeasurementError(f"factors must be {wanted}; it is {_shown(found.factors)}")
    for number, factor in enumerate(found.factors):
        _check_factor(f"factors[{number}]", factor, found.lhs)


def check_inside(case: Case, recipe: Recipe) -> None:
    """W̃ and Ŵ that a recipe found lie in the ball, up to rounding: outside of it the statement says nothing.

    Raises:
        MeasurementError: naming the attack, the distance, the layer and the radius.
    """
    norm, slack = case.setting.ball, OUTSIDE[case.initial.like.dtype]
    for point, changes in (("W̃", case.pair.tilde), ("Ŵ", case.change)):
        away = _distances(changes, norm)
        outside = ~(away <= case.tau * (1 + slack))
        if outside.any():
            number, layer = outside.nonzero()[0].tolist()
            raise MeasurementError(
                f"attack {recipe} leaves the ball: {point} is at {norm} distance {float(away[number, layer]):.6g} "
                f"from W⁽⁰⁾ in layer {layer + 1}, the radius is {case.tau:g}",
                ATTACKS[recipe.attack].find,
            )


def _distances(changes: Changes, norm: Norm) -> Tensor:
    try:
        return distances(changes, norm)
    except torch.linalg.LinAlgError:  # of entries that are no numbers, which the Frobenius norm shows
        return distances(changes, "frobenius")


def check_global_states(before: Mapping[str, object], source: str) -> None:
    """Nothing has drawn from the generators that everything in the process shares, seeded or not.

    Args:
        before: their `global_states`.
        source: what should be drawn from.

    Raises:
        MeasurementError: naming those generators, and how else to draw.
    """
    drawn = [name for name, state in global_states().items() if before[name] != state]
    if drawn:
        raise MeasurementError(
            f"it draws from the global generator of {' and '.join(drawn)}; what it draws must come from {source}"
        )


def check_repeatable(first: Sequence[Tensor], second: Sequence[Tensor], source: str) -> None:
    """Two looks at one draw agree.

    Args:
        first, second: what they saw.
        source: what it should draw from.

    Raises:
        MeasurementError: if they differ.
    """
    if not _agree(first, second):
        raise MeasurementError(
            f"two looks at the same draw differ: it is not deterministic; what it draws must come from {source}"
        )


def check_independent(beside: Sequence[Tensor], alone: Sequence[Tensor]) -> None:
    """What is measured of an initialisation is the same whether others are measured beside it.

    Args:
        beside: what was measured of several; of factors that are one number, that.
        alone: of the first of them.

    Raises:
        MeasurementError: if they differ.
    """
    if not _agree([each[:1] if each.ndim else each for each in beside], alone):
        raise MeasurementError(
            "the first initialisation is another alone than beside a second one: each must be measured by itself, and "
            "draw from the stream of its own in case.streams('NAME')"
        )


def _agree(first: Sequence[Tensor], second: Sequence[Tensor]) -> bool:
    return all(
        a.shape == b.shape and torch.allclose(a, b, rtol=torch.finfo(a.dtype).eps ** 0.5, atol=0, equal_nan=True)
        for a, b in zip(first, second, strict=True)
    )


def numbers(found: Measurement | Sides) -> list[Tensor]:
    """Everything that a measurement says."""
    if isinstance(found, Sides):
        return [side for side in (found.left, found.right, found.gap, found.scale) if side is not None]
    return [found.lhs, *(torch.as_tensor(factor, dtype=found.lhs.dtype) for factor in found.factors)]


def global_states() -> dict[str, object]:
    """The states of the generators that everything in the process shares."""
    name, keys, *rest = np.random.get_state()  # noqa: NPY002  (the state that a measurement must not depend on)
    return {
        "torch": torch.get_rng_state().numpy().tobytes(),
        "numpy": (name, np.asarray(keys).tobytes(), *rest),
        "random": random.getstate(),
    }


def _check_axes(axes: object) -> None:
    if not isinstance(axes, tuple) or not all(isinstance(axis, str) for axis in axes):
        raise MeasurementError(f"axes must be a tuple of names, as in ('layer', 'example'); it is {axes!r}")


def _check_side(name: str, side: object, initialisations: int, axes: tuple[str, ...], like: Tensor) -> None:
    fits = isinstance(side, Tensor) and side.dtype == like.dtype and side.device == like.device
    if fits and side.ndim == 1 + len(axes) and len(side) == initialisations and side.numel():  # type: ignore[attr-defined,arg-type]
        return
    shape = ", ".join(["initialisations", *axes])
    here = f"here of {initialisations} initialisations and axes={axes!r}"
    raise MeasurementError(f"{name} must be {_kind(like)} of shape ({shape}), {here}; it is {_shown(side)}")


def _check_factor(name: str, factor: object, lhs: Tensor) -> None:
    if isinstance(factor, int | float) and not isinstance(factor, bool):
        return
    if isinstance(factor, Tensor) and factor.dtype == lhs.dtype and factor.device == lhs.device:
        aligned = factor.ndim == lhs.ndim and all(a in (1, b) for a, b in zip(factor.shape, lhs.shape, strict=True))
        if aligned or factor.ndim == 0:
            return
    raise MeasurementError(
        f"{name} must be a number, or {_kind(lhs)} with the {lhs.ndim} axes of lhs, {_shape(lhs)}, each as long or of "
        f"length 1; it is {_shown(factor)}"
    )


def _kind(like: Tensor) -> str:
    place = "" if like.device.type == "cpu" else f" {like.device}"
    return f"{str(like.dtype).removeprefix('torch.')}{place}"


def _shape(tensor: Tensor) -> str:
    return str(tuple(tensor.shape))


def _shown(value: object) -> str:
    if isinstance(value, Tensor):
        return f"{_kind(value)} of shape {_shape(value)}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}" + (f", {value!r}" if isinstance(value, int | float | None) else "")
