"""`lemmata report`."""

import click

from lemmata.audit.arguments import Utf8, format_option
from lemmata.audit.show.report import report
from lemmata.audit.show.tables import Format


@click.command("report")
@format_option
@click.option(
    "--latex", type=Utf8(), metavar="FILE", help="A booktabs table of the claims and a picture, for a paper's appendix."
)
@click.option(
    "--csv",
    "table",
    type=Utf8(),
    metavar="FILE",
    help="A row per claim, with constants and exponents; ' before a text that a spreadsheet would run.",
)
@click.option("--svg", type=Utf8(), metavar="FOLDER", help="Every picture of the page as a file.")
@click.argument("directory", type=Utf8(), metavar="DIR")
def command(directory: str, form: Format, latex: str | None, table: str | None, svg: str | None) -> int:
    """An audit as one HTML page, Markdown, JSON and JUnit, written beside the audit.json in DIR.

    A controls.json there, as `lemmata controls --format json` prints it, is shown with the claims. Exit status 1 when
    some verdict is not the expected one.
    """
    return report(directory, form, latex=latex, table=table, svg=svg)
