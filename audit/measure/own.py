"""Lemmas of a person's own on what somebody has: measured there by `lemmata check`, searched by `lemmata search`."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from lemmata.audit.errors import UserError, one_line
from lemmata.audit.measure.around import AT_REST, EQUALITY, Searched, last_of, searched
from lemmata.audit.measure.files import load_examples, load_tensors
from lemmata.audit.measure.pair import Record, record
from lemmata.audit.measure.patience import TooDear, at_most
from lemmata.audit.plan.problems import places
from lemmata.claims.beside import at_home
from lemmata.claims.case import Recipe
from lemmata.claims.claim import Claim
from lemmata.claims.from_file import explained
from lemmata.claims.language.condition import met
from lemmata.claims.measuring.evaluation import evaluate
from lemmata.claims.measuring.replay import Replay
from lemmata.claims.measuring.search import climbed_patiently
from lemmata.claims.problem import Drawn, Given, Problem
from lemmata.claims.within import Point, named_tensors
from lemmata.model.interrupts import by_hand

READERS = {"init": load_tensors, "trained": load_tensors, "data": load_examples}
"""What reads the file of each option."""

Files = Mapping[str, str | None]
"""What was given of each option."""


def loads(claim: Claim) -> bool:
    """Whether the claim says how to load what somebody has."""
    return claim.problem is not None and claim.problem.load is not None


def measure_own(claim: Claim, files: Files, patience: float) -> Record:
    """One claim on what its `load` makes of the files.

    Raises:
        UserError: if a file that it asks for is not given or unusable.
    """
    problem = _problem(claim)
    tensors = _read(claim, problem, files)
    try:
        with at_home(claim.id):
            case = _given(problem, tensors)
            with at_most(patience):
                found = evaluate(claim, case)
    except TooDear as error:
        return Record(id=claim.id, bound=claim.bound, applicable=True, reason=f"skipped: it {error}")
    except BaseException as error:
        if by_hand(error):
            raise
        raise _unusable(claim, files, error) from error
    outside = _outside(case)
    if outside or not case.meets(case.arguments):
        reason = outside or UNMET
        return Record(id=claim.id, bound=claim.bound, applicable=False, reason=reason)
    return record(claim, found, found, met(claim.preconditions, case.parameters), None, {})


UNMET = "its premises do not hold here"


def search_own(claim: Claim, files: Files, delta: float, patience: float) -> tuple[Searched, Point]:
    """The worst of one claim over its balls: round what its `load` makes of the files, or round what it draws.

    Without a `load` it is the worst over the sizes that an audit takes, at the first draw of each that meets the
    premises.

    Returns:
        The record, and all named tensors there, those that move at the worst point.

    Raises:
        UserError: if a file that it asks for is not given or unusable, or the claim itself is.
    """
    problem, started = _problem(claim), time.perf_counter()
    if not problem.ball or claim.judged in ("identity", "mean"):
        reason = "says nothing of all points near what is drawn" if not problem.ball else EQUALITY
        return Searched(id=claim.id, applicable=False, reason=reason), {}
    tensors = _read(claim, problem, files)
    try:
        with at_home(claim.id):
            cases = _drawn(problem, delta) if problem.load is None else _loaded(problem, tensors)
            if not cases:
                return Searched(id=claim.id, applicable=False, reason=UNMET), {}
            find, given_up = last_of(climbed_patiently(claim, cases), patience)
        if find is None:
            return Searched(id=claim.id, applicable=True, reason=f"skipped: it {given_up}"), {}
        there = find.case
        assert isinstance(there, Drawn)
        ((x, _, *_, point),) = there.each()
    except BaseException as error:
        if by_hand(error):
            raise
        raise _unusable(claim, files, error) from error
    found = searched(claim, find, (None, "none is known"), given_up or AT_REST, started)
    if problem.load is None:
        recipe = Recipe.parse(find.recipe, problem.starts)
        again = Replay(claim, there.configuration, there.seed, tuple(there.numbers), recipe)
        found = replace(found, replay=again.command())
    return found, named_tensors(x) | point


def _problem(claim: Claim) -> Problem:
    assert claim.problem is not None
    return claim.problem


def _read(claim: Claim, problem: Problem, files: Files) -> dict[str, dict[str, Tensor]]:
    """The files that the claim asks for.

    Raises:
        UserError: if one is not given or unusable.
    """
    tensors = {}
    for name in problem.files:
        path = files.get(name)
        if path is None:
            raise UserError(f"{claim.id} needs --{name} FILE, as load({', '.join(problem.files)}) says")
        tensors[name] = READERS[name](path)
    return tensors


def _unusable(claim: Claim, files: Files, error: BaseException) -> UserError:
    """What went wrong in a claim of a person's own, with file and line."""
    asked = _problem(claim).files
    return UserError(one_line(explained(claim, ", ".join(f"{name}={files[name]}" for name in asked), error)))


def _drawn(problem: Problem, delta: float) -> list[Drawn]:
    """The first draw that meets the premises, at each of the sizes that an audit takes."""
    found = []
    for p in places(problem, delta, {}):
        every = (problem.case(p, 0, (number,)) for number in range(problem.draws))
        found += [case for case in every if case.meets(next(case.each()))][:1]
    return found


def _loaded(problem: Problem, tensors: Mapping[str, Any]) -> list[Given]:
    """What is at hand, if it meets the premises."""
    case = _given(problem, tensors)
    return [case] if case.meets(case.arguments) else []


def _outside(case: Given) -> str:
    """What is outside of its ball, where the claim is about one; empty if nothing is."""
    if not case.problem.ball:
        return ""
    *drawn, point = case.arguments
    centre, balls, radii = case.balls(tuple(drawn))
    away = {name: balls[name].outside(point[name] - centre[name], radii[name]) for name in centre}
    return "; ".join(
        f"{name} is {far:.3g} outside of its ball of radius {radii[name]:g}" for name, far in away.items() if far
    )


def _given(problem: Problem, tensors: Mapping[str, Any]) -> Given:
    """The draw that is at hand.

    Raises:
        ValueError: if `load` does not return what the measurement takes, with a dict of sizes in place of p.
    """
    assert problem.load is not None
    loaded = problem.load(**tensors)
    if not isinstance(loaded, tuple) or len(loaded) != len(problem.drawn) or not isinstance(loaded[1], Mapping):
        wanted = ", ".join("{'LETTER': value, …}" if name == "p" else name for name in problem.drawn)
        shown = f"a tuple of {len(loaded)}" if isinstance(loaded, tuple) else f"a {type(loaded).__name__}"
        raise ValueError(f"load must return ({wanted}); it returns {shown}")
    x, sizes, *others = loaded
    unknown = sorted(set(sizes) - {*problem.all_sizes, "delta"})
    missing = sorted(name for name, size in problem.sizes.items() if size.moves and name not in {*sizes, "delta"})
    if unknown or missing:
        allowed = ", ".join(problem.all_sizes)
        raise ValueError(f"load returns sizes {dict(sizes)!r}; they must be of {allowed}, with {', '.join(missing)}")
    place = problem.place(**sizes)
    case = Given(problem, place, torch.zeros(1, dtype=torch.float64), (x, place, *others))
    if problem.ball:
        centre, _, _ = case.balls((x, place, *others[:-1]))
        _check_point(others[-1], centre)
    return case


def _check_point(point: object, centre: Point) -> None:
    """What was loaded as a point of the balls is one tensor for each that moves.

    Raises:
        ValueError: naming the first that is not.
    """
    for name, x in centre.items():
        found = point.get(name) if isinstance(point, Mapping) else point
        if not isinstance(found, Tensor) or found.shape != x.shape or found.dtype != x.dtype:
            shown = f"{tuple(found.shape)} {found.dtype}" if isinstance(found, Tensor) else f"a {type(found).__name__}"
            raise ValueError(
                f"load must return as w a dict with {name!r}, a tensor {tuple(x.shape)} {x.dtype}; it returns {shown}"
            )
