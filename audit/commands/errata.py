"""`lemmata errata`: what the papers print and what they mean, and the computation that tells the two apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from lemmata.audit.commands.audit import Options, sweep
from lemmata.audit.errors import UserError
from lemmata.audit.judge.verdicts import Finding
from lemmata.audit.plan.grid import Sizes
from lemmata.audit.show.tables import Format, emit, grid
from lemmata.claims.erratum import ERRATA, Erratum, select_errata
from lemmata.claims.registry import REGISTRY


@dataclass(frozen=True)
class Outcome:
    """Verdicts on the two readings, None where nothing decides; what they rest on; whether they should be so."""

    printed: str | None
    meant: str | None
    evidence: str
    expected: bool


def errata(patterns: tuple[str, ...], options: Options, form: Format) -> int:
    """Decide the errata that match, print them, and return the exit status: 1 if some outcome is not as it should be.

    Raises:
        UserError: for a pattern that matches nothing.
    """
    try:
        chosen = select_errata(patterns)
    except LookupError as error:
        pattern = str(error.args[0])
        raise UserError(f"GLOB {pattern!r} matches no erratum; allowed: {', '.join(ERRATA)}") from error
    found = outcomes(chosen, options)
    document = [_document(erratum, found[erratum.id]) for erratum in chosen]
    rows = [_row(erratum, found[erratum.id]) for erratum in chosen]
    table = grid(("erratum", "", "what"), [line for row in rows for line in row], wrap=True)
    emit(form, document, table, _summary(found))
    return int(not all(outcome.expected for outcome in found.values()))


def readings(erratum: Erratum) -> tuple[str, str]:
    """Ids of the claims that state what is printed and what is meant; neither need be registered."""
    return f"{erratum.claim}@printed", erratum.claim


def outcomes(chosen: Sequence[Erratum], options: Options) -> dict[str, Outcome]:
    """The outcome of each erratum, claims being measured as in an audit with its default sizes."""
    ids = {id for erratum in chosen if erratum.claim for id in readings(erratum)}
    claims = [claim for id, claim in REGISTRY.items() if id in ids]
    findings = {finding.claim.id: finding for finding in sweep(claims, Sizes(), options)}
    return {erratum.id: _outcome(erratum, findings) for erratum in chosen}


def _outcome(erratum: Erratum, findings: dict[str, Finding]) -> Outcome:
    if erratum.decide is not None:
        decision = erratum.decide()
        printed, meant = (_verdict(holds) for holds in (decision.printed, decision.meant))
        return Outcome(printed, meant, decision.evidence, decision.meant)
    if not erratum.claim:
        return Outcome(None, None, "", True)
    found = [findings.get(id) for id in readings(erratum)]
    printed, meant = ("not registered" if finding is None else finding.verdict for finding in found)
    evidence = "; ".join(f"{finding.claim.reading}: {finding.reason}" for finding in found if finding is not None)
    return Outcome(printed, meant, evidence, all(finding is None or finding.expected for finding in found))


def _verdict(holds: bool) -> str:
    return "supported" if holds else "refuted"


def _document(erratum: Erratum, outcome: Outcome) -> dict[str, object]:
    return {
        "id": erratum.id,
        "severity": erratum.severity,
        "where": erratum.where,
        "printed": erratum.printed,
        "meant": erratum.meant,
        "decided_by": erratum.decided_by,
        "outcome": {"printed": outcome.printed, "meant": outcome.meant},
        "claim": erratum.claim or None,
        "evidence": outcome.evidence or None,
    }


def _row(erratum: Erratum, outcome: Outcome) -> list[tuple[str, str, str]]:
    """The erratum over a few lines of the table."""
    decided = erratum.decided_by or "nothing"
    by = f"{decided}, {erratum.claim}" if erratum.claim else decided
    readings = [
        (kind, f"{words}  [{verdict}]" if verdict else words)
        for kind, words, verdict in (
            ("printed", erratum.printed, outcome.printed),
            ("meant", erratum.meant, outcome.meant),
        )
    ]
    lines = [(erratum.severity, erratum.where), *readings, ("by", by)]
    if outcome.evidence:
        lines.append(("", outcome.evidence))
    return [(erratum.id if kind == erratum.severity else "", kind, text) for kind, text in lines]


def _summary(found: dict[str, Outcome]) -> str:
    missing = sum("not registered" in (outcome.printed, outcome.meant) for outcome in found.values())
    apart = sum((outcome.printed, outcome.meant) == ("refuted", "supported") for outcome in found.values())
    unexpected = sum(not outcome.expected for outcome in found.values())
    return f"{len(found)} errata, {apart} told apart, {missing} not registered, {unexpected} not as expected."
