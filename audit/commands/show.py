"""`lemmata show`: one claim, whole."""

import click
from rich.table import Table

from lemmata.audit.arguments import claims_from, format_option
from lemmata.audit.choosing import find
from lemmata.audit.show.claim_page import page
from lemmata.audit.show.tables import Format, emit, number


def show_claim(id: str, form: Format) -> None:
    """Print one claim, whole."""
    document = page(find(id))
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for name, value in document.items():
        table.add_row(name, "\n".join(_lines(value)))
    emit(form, document, table)


def _lines(value: object) -> list[str]:
    """A field of a page as lines of text."""
    if isinstance(value, list):
        return [line for item in value for line in _lines(item)] or ["none"]
    if isinstance(value, dict):
        return [", ".join(f"{name}: {_text(item)}" for name, item in value.items()) or "1"]
    return [_text(value)]


def _text(value: object) -> str:
    if value is None:
        return "none"
    return number(value) if isinstance(value, float) else str(value)


@click.command("show")
@format_option
@claims_from
@click.argument("id", metavar="ID")
def command(id: str, form: Format) -> None:
    """One claim, whole: statement, assumptions, scaling, constant, controls, erratum.

    ID is a claim's id, with or without the paper: `lemma-5.2a@printed`.
    """
    show_claim(id, form)
