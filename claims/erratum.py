"""What the papers print and what they mean, where the two differ, and what tells them apart."""

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from lemmata.claims.claim import Paper

Severity = Literal["A", "B", "C"]
Decider = Literal["network", "closed form", "ledger"]


@dataclass(frozen=True)
class Decision:
    """Whether the printed statement and the one meant hold, as a computation has it, and its numbers in words."""

    printed: bool
    meant: bool
    evidence: str


@dataclass(frozen=True, kw_only=True)
class Erratum:
    """A place where a paper does not say what it means.

    Attributes:
        id: `paper/E-nn`; the numbers are the paper's.
        severity: "A", literally false, or the argument breaks; "B", a wrong exponent, factor or missing hypothesis, and
            the conclusion survives in some form; "C", a matter of writing.
        where: place in the paper.
        printed, meant: in our words.
        decided_by: what tells the two apart; None where nothing can.
        claim: plain id of the claim that is the statement as meant; its `@printed` twin is the one on the page.
        decide: the computation, where no claim has both readings.
    """

    id: str
    severity: Severity
    where: str
    printed: str
    meant: str
    decided_by: Decider | None = None
    claim: str = ""
    decide: Callable[[], Decision] | None = None

    def __str__(self) -> str:
        return self.id


ERRATA: dict[str, Erratum] = {}
"""By id, in the papers' order."""


def erratum(paper: Paper, number: int, severity: Severity, where: str, printed: str, meant: str) -> None:
    """Enter an erratum that nothing decides: both readings are the same statement, or one of them is none.

    Raises:
        ValueError: if the number is taken.
    """
    _enter(Erratum(id=_id(paper, number), severity=severity, where=where, printed=printed, meant=meant))


def decided(
    paper: Paper,
    number: int,
    severity: Severity,
    where: str,
    printed: str,
    meant: str,
    *,
    by: Decider,
    claim: str = "",
    decide: Callable[[], Decision] | None = None,
) -> None:
    """Enter an erratum that the two readings of a claim of the paper decide, or a computation.

    Raises:
        ValueError: if the number is taken, or unless exactly one of the two is given.
    """
    if bool(claim) == (decide is not None):
        raise ValueError(f"{claim=} and {decide=}: exactly one decides an erratum")
    _enter(
        Erratum(
            id=_id(paper, number),
            severity=severity,
            where=where,
            printed=printed,
            meant=meant,
            decided_by=by,
            claim=f"{paper.key}/{claim}" if claim else "",
            decide=decide,
        )
    )


def select_errata(patterns: tuple[str, ...] = ()) -> list[Erratum]:
    """Errata whose id, or its part after the paper, matches any pattern; all of them for no pattern.

    Raises:
        LookupError: naming the first pattern that matches nothing.
    """
    chosen: set[str] = set()
    for pattern in patterns or ("*",):
        found = {id for id in ERRATA if any(fnmatch.fnmatchcase(n, pattern) for n in (id, id.partition("/")[2]))}
        if not found:
            raise LookupError(pattern)
        chosen |= found
    return [erratum for id, erratum in ERRATA.items() if id in chosen]


def named(paper: str, number: str) -> Erratum | None:
    """The erratum that a claim of the paper means by `E-nn`: the paper's own, or another's whose slip it shares."""
    shared = (erratum for id, erratum in ERRATA.items() if id.partition("/")[2] == number)
    return ERRATA.get(f"{paper}/{number}") or next(shared, None)


def _id(paper: Paper, number: int) -> str:
    return f"{paper.key}/E-{number:02}"


def _enter(entry: Erratum) -> None:
    if entry.id in ERRATA:
        raise ValueError(f"erratum {entry.id!r} is entered twice")
    ERRATA[entry.id] = entry
