"""`lemmata list`: the registry as rows."""

import click

from lemmata.audit.arguments import claims_from, format_option, patterns_argument
from lemmata.audit.choosing import choose
from lemmata.audit.show.claim_page import right_hand_side, row
from lemmata.audit.show.tables import Format, emit, grid


def list_claims(patterns: tuple[str, ...], form: Format) -> None:
    """Print one row per claim that matches."""
    chosen = choose(patterns)
    columns = ("id", "kind", "bound", "expected", "right-hand side")
    rows = [(claim.id, claim.kind, claim.bound or "", claim.expected, right_hand_side(claim)) for claim in chosen]
    emit(form, [row(claim) for claim in chosen], grid(columns, rows))


@click.command("list")
@format_option
@claims_from
@patterns_argument
def command(patterns: tuple[str, ...], form: Format) -> None:
    """One row per claim whose id matches a GLOB, in the papers' order."""
    list_claims(patterns, form)
