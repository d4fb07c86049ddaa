"""`lemmata errata`: what the papers print and what they mean, and the computation that tells the two apart."""

import click

from lemmata.audit.arguments import claims_from, device_option, format_option, patterns_argument, seed_option
from lemmata.audit.errors import UserError
from lemmata.audit.judge.errata import Outcome, outcomes
from lemmata.audit.measure.options import Options
from lemmata.audit.plan.devices import choose_device, workers
from lemmata.audit.show.grid import Grid
from lemmata.audit.show.progress import progress
from lemmata.audit.show.tables import Format, emit
from lemmata.claims import select
from lemmata.claims.erratum import ERRATA, Erratum, named, select_errata


def errata(patterns: tuple[str, ...], options: Options, form: Format) -> int:
    """Decide the errata that match, print them, and return the exit status: 1 if some outcome is not as it should be.

    Raises:
        UserError: for a pattern that matches nothing.
    """
    named = {erratum.id for pattern in patterns or ("*",) for erratum in _named(pattern)}
    chosen = [erratum for id, erratum in ERRATA.items() if id in named]
    found = outcomes(chosen, options, progress)
    document = [_document(erratum, found[erratum.id]) for erratum in chosen]
    rows = [_row(erratum, found[erratum.id]) for erratum in chosen]
    table = Grid(("erratum", "", "what"), [line for row in rows for line in row])
    emit(form, document, table, _summary(found))
    return int(not all(outcome.expected for outcome in found.values()))


def _named(pattern: str) -> list[Erratum]:
    """The errata of these ids, or those that claims of these ids name.

    Raises:
        UserError: if there are none.
    """
    try:
        return select_errata((pattern,))
    except LookupError:
        pass
    try:
        claims = select((pattern,))
    except LookupError:
        claims = []
    meant = [named(claim.source.paper.key, number) for claim in claims for number in claim.erratum.split(", ")]
    found = [erratum for erratum in ERRATA.values() if erratum in meant]
    if not found:
        first, *_, last = sorted(id.partition("/")[2] for id in ERRATA)
        raise UserError(
            f"GLOB {pattern!r} matches no erratum, and no claim that has one; allowed: {first} to {last}, or a claim"
        )
    return found


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
    count = "1 erratum" if len(found) == 1 else f"{len(found)} errata"
    return f"{count}, {apart} told apart, {missing} not registered, {unexpected} not as expected."


@click.command("errata")
@format_option
@claims_from
@seed_option
@device_option
@patterns_argument
def command(patterns: tuple[str, ...], seed: int, device: str, form: Format) -> int:
    """What the papers print and what they mean, with the computation that tells the two apart.

    GLOB matches errata, or the claims that have them: `cao-gu-2020/*`, `E-06`, `lemma-5.2a`. Severity A: literally
    false, or the argument breaks; B: a wrong exponent, factor or missing hypothesis, and the conclusion survives in
    some form; C: a matter of writing.
    """
    return errata(patterns, Options(seed=seed, device=choose_device(device), workers=workers()), form)
