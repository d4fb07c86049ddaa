"""Where a lemma of one's own is measured: one line per letter, the others at their start."""

import itertools
import math

from lemmata.audit.plan.samples import SHARE, members
from lemmata.claims.claim import Claim
from lemmata.claims.language.sizes import Choice
from lemmata.claims.problem import Problem

TOGETHER = 256
"""Draws that are measured at once."""


def places(problem: Problem, delta: float, asked: dict[str, list[int | float]]) -> list[Choice]:
    """The product of the sizes asked for, or the lines; in either case only where the statement says something."""
    own = {} if "delta" in problem.sizes else {"delta": delta}
    if asked:
        chosen = [
            problem.place(**own, **dict(zip(asked, values, strict=True)))
            for values in itertools.product(*asked.values())
        ]
    else:
        chosen = planned(problem, delta)
    return [p for p in dict.fromkeys(chosen) if problem.has(p)]


def planned(problem: Problem, delta: float) -> list[Choice]:
    """The start, and the lines, premises or not."""
    own = {} if "delta" in problem.sizes else {"delta": delta}
    lines = [
        problem.place(**own, **{name: value})
        for name, size in problem.all_sizes.items()
        if size.moves
        for value in size.values
    ]
    return list(dict.fromkeys([problem.place(**own), *lines]))


def ends(problem: Problem) -> list[Choice]:
    """The start and the first and last of each line: where a constant is looked for, and a false neighbour."""
    found = [problem.place()]
    for name, size in problem.all_sizes.items():
        found += [problem.place(**{name: value}) for value in (size.values[-1], size.values[0])]
    return [p for p in dict.fromkeys(found) if problem.has(p)]


def draws(claim: Claim, problem: Problem, p: Choice) -> int:
    """As many as the lemma says, and enough for the quantile that it is about; one where nothing is drawn."""
    needed = SHARE * members(1 - p.delta) if claim.probability else 1
    return max(problem.draws, needed)


def work(p: Choice) -> float:
    """An order of magnitude, by which long jobs go first: the product of the sizes."""
    sizes = [value for value in vars(p).values() if isinstance(value, int)]
    return math.prod(sizes, start=1.0)
