"""Lemmas of a person's own, which say how to load files, on networks and data that somebody has: `lemmata check`."""

from collections.abc import Mapping
from typing import Any

import torch

from lemmata.audit.errors import UserError, one_line
from lemmata.audit.measure.files import load_examples, load_tensors
from lemmata.audit.measure.pair import Record, record
from lemmata.audit.measure.patience import TooDear, at_most
from lemmata.claims.claim import Claim
from lemmata.claims.from_file import explained
from lemmata.claims.language.condition import met
from lemmata.claims.measuring.evaluation import evaluate
from lemmata.claims.problem import Given, Problem

READERS = {"init": load_tensors, "trained": load_tensors, "data": load_examples}
"""What reads the file of each option."""


def loads(claim: Claim) -> bool:
    """Whether the claim says how to load what somebody has."""
    return claim.problem is not None and claim.problem.load is not None


def measure_own(claim: Claim, files: Mapping[str, str | None], patience: float) -> Record:
    """One claim on what its `load` makes of the files.

    Raises:
        UserError: if a file that it asks for is not given or unusable.
    """
    problem = claim.problem
    assert problem is not None
    tensors = {}
    for name in problem.files:
        path = files.get(name)
        if path is None:
            raise UserError(f"{claim.id} needs --{name} FILE, as load({', '.join(problem.files)}) says")
        tensors[name] = READERS[name](path)
    token = ", ".join(f"{name}={files[name]}" for name in problem.files)
    try:
        case = _given(problem, tensors)
        with at_most(patience):
            found = evaluate(claim, case)
    except TooDear as error:
        return Record(id=claim.id, bound=claim.bound, applicable=True, reason=f"skipped: it {error}")
    except Exception as error:
        raise UserError(one_line(explained(claim, token, error))) from error
    outside = _outside(case)
    if outside or not case.meets(case.arguments):
        reason = outside or "its premises do not hold here"
        return Record(id=claim.id, bound=claim.bound, applicable=False, reason=reason)
    return record(claim, found, found, met(claim.preconditions, case.parameters), None, {})


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
    return Given(problem, place, torch.zeros(1, dtype=torch.float64), (x, place, *others))
