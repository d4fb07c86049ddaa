"""`lemmata list`: the registry as rows."""

import click
from rich.text import Text

from lemmata.audit.arguments import claims_from, complete, format_option
from lemmata.audit.choosing import about
from lemmata.audit.show.claim_page import right_hand_side, row
from lemmata.audit.show.grid import Grid
from lemmata.audit.show.tables import STYLES, Format, emit, sign
from lemmata.claims import Claim


def list_claims(topics: tuple[str, ...], form: Format) -> None:
    """Print one row per claim that matches."""
    chosen = about(topics)
    columns = ("claim", "", "kind", "expected", "right-hand side", "what it says")
    printed = sum(claim.reading == "printed" for claim in chosen)
    count = f"{len(chosen)} claims, {printed} of them readings of the print that mean something else."
    emit(form, [row(claim) for claim in chosen], Grid(columns, [_cells(claim) for claim in chosen]), "", count)


def _cells(claim: Claim) -> list[str | Text]:
    expected = Text(claim.expected, STYLES[claim.expected])
    says = claim.sentence or claim.title
    return [claim.id, sign(claim.bound), claim.kind, expected, right_hand_side(claim), says]


@click.command("list")
@format_option
@claims_from
@click.argument("topics", nargs=-1, metavar="[GLOB|PAPER|WORD]...", shell_complete=complete)
def command(topics: tuple[str, ...], form: Format) -> None:
    """One row per claim, in the papers' order: those of a GLOB or a paper, or about a word.

    `lemmata list zou-gu-2019`, `lemmata list 'lemma-5.*'`, `lemmata list gradient`.
    """
    list_claims(topics, form)
