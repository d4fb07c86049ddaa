"""Every claim by its id, and the decorators that enter one."""

import fnmatch
from collections.abc import Callable
from pathlib import Path

from lemmata.claims.case import Case
from lemmata.claims.claim import Claim, Measure, Measurement, Source
from lemmata.claims.language.derivation import Derive

REGISTRY: dict[str, Claim] = {}

STATED_IN: dict[str, Path] = {}
"""Files of a person's own, by the ids and names of what they state; the papers' claims are in none."""


def claim(id: str, **data: object) -> Callable[[Measure], Claim]:
    """Register the decorated function as the measurement of a claim, and of its sides where it is two-sided.

    Args:
        id: `paper/statement[@printed]`.
        data: the other fields of `Claim`; `setting` defaults to the paper's.

    Raises:
        ValueError: if the id is taken, a field cannot be what it is, or a reason is that of no neighbour.
        TypeError: if a field is missing or unknown.
    """

    def register(measure: Measure) -> Claim:
        source = data.get("source")
        if not isinstance(source, Source):
            raise TypeError(f"{source=} must be a place in a paper, PAPER.at('Lemma 1')")
        unknown = [name for name in data if name not in Claim.__dataclass_fields__]
        if unknown:
            raise TypeError(f"{unknown[0]}={data[unknown[0]]!r}; allowed: {', '.join(Claim.__dataclass_fields__)}")
        fields = data if {"setting", "problem"} & data.keys() else {"setting": source.paper.setting, **data}
        made = Claim(id=id, measure=measure, **fields)  # type: ignore[arg-type]
        moved = {name: None for side in made.sides for name in side.moved}
        idle = sorted(made.unrefuted.keys() - moved.keys())
        if idle:
            said = ", ".join(moved) or "none"
            raise ValueError(f"unrefuted has {idle[0]!r}, whose exponent no neighbour of {id} moves; moved: {said}")
        entered = {each.id: each for each in (made, *made.sides)}
        for each in entered:
            if each in REGISTRY:
                raise ValueError(f"claim {each!r} is registered twice")
        REGISTRY.update(entered)
        return made

    return register


def whole_claims() -> list[Claim]:
    """The claims as they are stated: without the sides of two-sided ones."""
    return [claim for claim in REGISTRY.values() if not claim.part_of]


def measured_claims() -> list[Claim]:
    """The claims that share the error budget of a run: those that numbers decide."""
    return [claim for claim in REGISTRY.values() if claim.measured]


def context(id: str, *, source: Source, statement: str, instead: str, **data: object) -> Claim:
    """Register a statement that nothing can execute, with what is tested instead.

    Args:
        id: `paper/statement[@printed]`.
        source: paper and place.
        statement: LaTeX.
        instead: in words.
        data: other fields of `Claim`; `setting` defaults to the paper's.

    Raises:
        ValueError: if the id is taken.
    """
    return claim(
        id,
        source=source,
        statement=statement,
        kind="CTX",
        bound=None,
        expected="not-executable",
        notes=instead,
        **data,
    )(unmeasured)


def select(patterns: tuple[str, ...] = ()) -> list[Claim]:
    """Claims whose id, its part after the paper, or paper matches any pattern; all of them for no pattern.

    Raises:
        LookupError: naming the first pattern that matches nothing.
    """
    chosen: dict[str, Claim] = {}
    for pattern in patterns or ("*",):
        found = {c.id: c for c in whole_claims() if matches(c.id, pattern)}
        if not found:
            raise LookupError(pattern)
        chosen |= found
    return [c for c in whole_claims() if c.id in chosen]


def matches(id: str, pattern: str) -> bool:
    """Whether an id, its part after the paper, or its paper is of the pattern."""
    paper, _, short = id.partition("/")
    return any(fnmatch.fnmatchcase(name, pattern) for name in (id, short, paper))


def derived(id: str, *, source: Source, statement: str, **data: object) -> Callable[[Derive], Claim]:
    """Register the decorated derivation as a claim of kind LEDGER, which exponent arithmetic decides.

    Args:
        id: `paper/statement[@printed]`.
        source: paper and place.
        statement: LaTeX.
        data: other fields of `Claim`: `expected` is "refuted" where the derivation must fail.

    Raises:
        ValueError: if the id is taken.
    """
    fields = {"kind": "LEDGER", "bound": None, "source": source, "statement": statement, **data}

    def register(derive: Derive) -> Claim:
        return claim(id, derive=derive, **fields)(unmeasured)

    return register


def unmeasured(case: Case) -> Measurement:
    """The measurement of a claim that no network decides.

    Raises:
        TypeError: always.
    """
    raise TypeError("a claim of kind LEDGER or CTX is not measured")
