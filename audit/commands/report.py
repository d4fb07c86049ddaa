"""`lemmata report`."""

import click

from lemmata.audit.arguments import format_option
from lemmata.audit.show.report import report
from lemmata.audit.show.tables import Format


@click.command("report")
@format_option
@click.argument("directory", metavar="DIR")
def command(directory: str, form: Format) -> int:
    """An audit as one HTML page, Markdown, JSON and JUnit, written beside the audit.json in DIR.

    A controls.json there, as `lemmata controls --format json` prints it, is shown with the claims. Exit status 1 when
    some verdict is not the expected one.
    """
    return report(directory, form)
