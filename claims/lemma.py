"""`@lemma`: a statement about anything, from one function and its sizes."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from lemmata.claims.claim import (
    Bound,
    Claim,
    Control,
    Expected,
    Kind,
    Measure,
    Measurement,
    MeasurementError,
    Paper,
    Sides,
    Source,
)
from lemmata.claims.language.condition import Condition
from lemmata.claims.language.plan import Plan
from lemmata.claims.language.scaling import ONE, Scaling
from lemmata.claims.language.sizes import Size
from lemmata.claims.problem import DRAWS, RESTARTS, STEPS, Drawn, Function, Problem, check_arguments
from lemmata.claims.registry import claim
from lemmata.claims.within import Within

Measuring = Callable[[Function], Measure]
"""Makes a measurement of all draws from the function that measures one."""

CERTAIN = "at least 1 − δ over the draw"


def lemma(
    id: str,
    statement: str,
    *,
    sizes: Mapping[str, Size],
    draw: Function | None = None,
    data: Function | Sequence[Function] = (),
    given: Condition | Function | Sequence[Condition | Function] = (),
    bound: Bound = "upper",
    scaling: Scaling | Sequence[Scaling] = ONE,
    constant: float | None = None,
    axes: tuple[str, ...] = (),
    vmap: bool = False,
    draws: int = DRAWS,
    ball: Mapping[str, Within] | None = None,
    attacks: Function | Sequence[Function] = (),
    restarts: int = RESTARTS,
    steps: int = STEPS,
    load: Function | None = None,
    false: Mapping[str, float | Function | tuple[str, Function]] | None = None,
    expected: Expected = "supported",
    source: Source | None = None,
    examples: int | None = None,
    **more: Any,
) -> Callable[[Function], Claim]:
    """Register the decorated function as the measurement of a lemma about anything.

    The function measures one draw, `f(rng, p)`, or with `draw=` what that returned, `f(x, p)`; with `data=` these come
    third. With `ball=` the last argument is a dict of what moves, at a point of the ball. It returns

        lhs                    beside the right-hand side that `scaling` writes
        (lhs, rhs)             both sides, where `scaling` is left out; with one, the factors of its terms
        (left, right)          of an identity, `bound="equality"`

    each a number, or a tensor with one axis per name in `axes`, of which the worst member counts.

    Args:
        id: `paper/statement[@printed]`.
        statement: LaTeX or plain text.
        sizes: its letters, each a `Size`; with `delta` among them it may fail with probability δ.
        draw, data, given, draws, ball, attacks, restarts, steps, load: see `Problem`.
        bound: upper, lower, equality, both.
        scaling: the right-hand side as powers and logs of letters, `Scaling(n="1/2", log_n=1)`, or several terms.
        constant: in front of it, where the lemma states one; without it, it is audited.
        axes: names of the axes of what the function returns.
        vmap: call the function once, under `torch.func.vmap`, on all draws; wants `draw=`.
        false: neighbours that must fall, by name: a constant in place of the lemma's, or a function in place of the
            decorated one; where the lemma states no constant, `(LETTER, function)` with the letter in which it grows.
        expected: the verdict that truth demands.
        source: paper and place; without it, what the id says.
        examples: the most cases that a generated test draws.
        more: other fields of `Claim`: limit, margin, ceiling, quantifiers, notes, erratum, unrefuted, …

    Raises:
        ValueError: naming the field that cannot be what it is, its value, and what is allowed.
        TypeError: if a field is unknown.
    """
    problem = Problem(
        sizes=sizes,
        draw=draw,
        data=_several(data),
        given=_several(given),
        draws=draws,
        ball=ball or {},
        attacks=_several(attacks),
        restarts=restarts,
        steps=steps,
        load=load,
    )
    terms = _several(scaling)
    if vmap and draw is None:
        raise ValueError(f"{vmap=} wants draw=: under vmap nothing is drawn")
    if vmap and ball:
        raise ValueError(f"{vmap=} and ball= exclude each other: each draw is searched by itself")
    if not isinstance(axes, tuple) or not all(isinstance(axis, str) for axis in axes):
        raise ValueError(f"{axes=} must be a tuple of names, as in ('layer', 'example')")
    identity = bound == "equality" and "margin" not in more

    def measuring(function: Function) -> Measure:
        check_arguments(getattr(function, "__name__", "measure"), function, problem.drawn)

        @wraps(function)
        def measure(case: Drawn) -> Measurement | Sides:
            found = (_at_once if vmap else _one_by_one)(function, case)
            lhs, *others = _stacked(found, case, axes, 1 if identity else len(terms))
            if not case.watched:
                lhs, *others = (part.detach() for part in (lhs, *others))
            return Sides.of(lhs, others[0], axes) if identity else Measurement(lhs, tuple(others), axes)

        return cast(Measure, measure)

    def register(function: Function) -> Claim:
        claimed = (terms[0], 1.0 if bound == "equality" else constant)
        controls = tuple(_control(name, change, claimed, problem, measuring) for name, change in (false or {}).items())
        paper, _, place = id.partition("/")
        fields: dict[str, Any] = {
            "source": source or Paper(paper, paper).at(place),
            "statement": statement,
            "sentence": _first_line(function),
            "kind": _kind(bound, constant, problem, identity=identity),
            "bound": bound,
            "terms": terms,
            "stated": constant,
            "setting": None,
            "quantifiers": "; ".join(f"all {name} {ball}" for name, ball in problem.ball.items()),
            "problem": problem,
            "preconditions": problem.conditions,
            "probability": CERTAIN if "delta" in sizes and not identity else "",
            "resampled": not problem.data,
            "plan": Plan(examples=examples),
            "controls": controls,
            "expected": expected,
        }
        return claim(id, **(fields | more))(measuring(function))

    return register


def _several(given: Any) -> tuple[Any, ...]:
    return tuple(given) if isinstance(given, list | tuple) else (given,)


def _kind(bound: Bound, constant: float | None, problem: Problem, *, identity: bool) -> Kind:
    if identity:
        return "EXACT"
    if constant is None and bound != "equality":
        return "SCALE"
    return "PROB" if "delta" in problem.sizes or bound == "equality" else "DET"


def _control(
    name: str, change: object, claimed: tuple[Scaling, float | None], problem: Problem, measuring: Measuring
) -> Control:
    """A neighbour that must fall: another constant, or another measurement.

    What breaks an audited lemma outgrows every constant, in the letter that is named, or in the only one that moves.

    Raises:
        ValueError: if it is neither, a constant where the lemma has none, or in no letter that moves.
    """
    scaling, constant = claimed
    moving = [letter for letter, size in problem.sizes.items() if size.powers and letter != "delta"]
    letter, changed = change if isinstance(change, tuple) and len(change) == 2 else (None, change)
    if callable(changed):
        words = " ".join((changed.__doc__ or name).split())
        if constant is not None and letter is None:
            return Control(name, words, measure=measuring(changed))
        if letter is None and len(moving) == 1:
            letter = moving[0]
        if letter not in moving:
            raise ValueError(f"false {name!r} must be (LETTER, function), the letter one of {', '.join(moving)}")
        return Control(name, words, measure=measuring(changed), scaling=scaling, parameter=letter)
    if constant is None or isinstance(changed, bool) or not isinstance(changed, int | float) or not changed > 0:
        raise ValueError(
            f"false {name!r}={change!r} must be a function, or a constant where the lemma states one, {constant=}"
        )
    return Control(name, f"the same with the constant {changed:g}", factor=changed / constant)


def _first_line(function: Function) -> str:
    """What the function says of itself."""
    return (function.__doc__ or "").strip().partition("\n")[0]


UNMET = object()
"""In place of what was measured of a draw that does not meet the premises."""


def _one_by_one(function: Function, case: Drawn) -> list[object]:
    return [function(*arguments) if case.meets(arguments) else UNMET for arguments in case.each()]


def _at_once(function: Function, case: Drawn) -> list[object]:
    """Under vmap: draws and results have their axes first."""
    every = list(case.each())
    stacked = tree_map(lambda *leaves: torch.stack(leaves), *(draw for draw, *_ in every))
    _, *others = every[0]

    def tensors(draw: object) -> Any:
        return tree_map(
            lambda part: part if isinstance(part, Tensor) else _number("a side", part, case.numbers[0], case),
            function(draw, *others),
        )

    found = torch.func.vmap(tensors)(stacked)
    parts = found if isinstance(found, tuple) else (found,)
    return [
        tuple(part[at] if isinstance(part, Tensor) and part.ndim else part for part in parts)
        if case.meets(arguments)
        else UNMET
        for at, arguments in enumerate(every)
    ]


def _stacked(found: Sequence[object], case: Drawn, axes: tuple[str, ...], sides: int) -> list[Tensor]:
    """What was measured of every draw, by part, (S, *axes): lhs, and as many more as it is bounded by.

    A left-hand side alone is beside ones. Of a draw that does not meet the premises all are 0.

    Raises:
        MeasurementError: naming the draw and the part, what it must be, and what it is.
    """
    rows: list[list[Tensor] | None] = []
    shape: torch.Size | None = None
    for number, each in zip(case.numbers, found, strict=True):
        if each is UNMET:
            rows.append(None)
            continue
        row = _row(each, number, case, axes, sides)
        if shape is not None and row[0].shape != shape:
            raise MeasurementError(f"lhs has the shape {tuple(shape)} at one draw and {tuple(row[0].shape)} at another")
        shape = row[0].shape
        rows.append(row)
    unmet = [case.like.new_zeros(shape or (1,) * len(axes))] * (1 + sides)
    return [torch.stack(column) for column in zip(*(row or unmet for row in rows), strict=True)]


def _row(found: object, number: int, case: Drawn, axes: tuple[str, ...], sides: int) -> list[Tensor]:
    """The parts of one draw, each in the shape of lhs."""
    parts = found if isinstance(found, tuple) else (found,)
    if len(parts) not in (1, 1 + sides) or (sides == 1 and len(parts) == 1 and isinstance(found, tuple)):
        wanted = "lhs, or (lhs, rhs)" if sides == 1 else f"lhs, or lhs and {sides} factors, one for each term"
        raise MeasurementError(f"it must return {wanted}; it returns {len(parts)} values")
    names = ("lhs", "rhs") if sides == 1 else ("lhs", *(f"factors[{at}]" for at in range(sides)))
    lhs, *others = (_number(name, part, number, case) for name, part in zip(names, parts, strict=False))
    if lhs.ndim != len(axes):
        said = (
            f"names {len(axes)}: axes={axes!r}" if axes else "names none: name them, axes=('pair',), or take the worst"
        )
        raise MeasurementError(f"lhs has {lhs.ndim} axes, {tuple(lhs.shape)}, and the lemma {said}")
    if not lhs.numel():
        raise MeasurementError(f"lhs is empty, of shape {tuple(lhs.shape)}: there is nothing to bound")
    for name, part in zip(names[1:], others, strict=False):
        if part.ndim not in (0, lhs.ndim) or any(a not in (1, b) for a, b in zip(part.shape, lhs.shape, strict=False)):
            raise MeasurementError(
                f"{name} must be a number, or have the axes of lhs, {tuple(lhs.shape)}; it is {tuple(part.shape)}"
            )
    others = others or [torch.ones_like(lhs)] * sides
    return [lhs, *(part.expand(lhs.shape) for part in others)]


def _number(name: str, value: object, number: int, case: Drawn) -> Tensor:
    """A part of what was measured, as a tensor of the run."""
    like = case.like
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | int | float):
        value = torch.as_tensor(float(value), dtype=like.dtype, device=like.device)
    if isinstance(value, np.ndarray):
        value = torch.as_tensor(value, device=like.device)
    if not isinstance(value, Tensor) or value.is_complex():
        shown = "None" if value is None else f"a {type(value).__name__}"
        shown = "complex" if isinstance(value, Tensor) else shown
        raise MeasurementError(f"{name} must be a real number or a tensor; it is {shown}")
    if value.device != like.device:
        raise MeasurementError(f"{name} must be on {like.device}, as rng.device says; it is on {value.device}")
    if value.is_floating_point() and value.ndim and value.dtype != like.dtype:
        raise MeasurementError(
            f"{name} must be {_plain(like.dtype)}, as the run is; it is {_plain(value.dtype)}: draw with "
            "gaussian(rng, …) and the like, or convert with rng.tensor(…)"
        )
    value = value.to(like.dtype)
    if value.isnan().any():
        raise MeasurementError(f"{name} is not a number (NaN) at draw {number}")
    return value


def _plain(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
