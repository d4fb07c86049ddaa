"""`python docs/options.py` writes `docs/options.md`: every command with every option, from the command line itself."""

import inspect
from pathlib import Path

import click

from lemmata.audit.cli import COMMANDS, lemmata

PAGE = Path(__file__).with_name("options.md")
HEAD = """# Every command and option

Made by `python docs/options.py`.
"""


def page() -> str:
    """The page in Markdown."""
    context = click.Context(lemmata)
    found = {f"lemmata {name}": lemmata.get_command(context, name) for name in sorted(COMMANDS)}
    shown = {"lemmata": lemmata, **found}
    return "\n".join([HEAD, *(_command(name, command) for name, command in shown.items() if command)])


def _command(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    # Older versions of click write what may be left out without brackets.
    usage = command.get_usage(context).removeprefix("Usage: ").replace(" COMMAND ", " [COMMAND] ")
    table = ["| option | what |", "| --- | --- |", *(_row(option, context) for option in options)]
    return "\n".join([f"## {name}", "", inspect.cleandoc(command.help or ""), "", f"    {usage}", "", *table, ""])


def _row(option: click.Option, context: click.Context) -> str:
    names = ", ".join(option.opts)
    value = "" if option.is_flag else f" {option.make_metavar(context)}".replace("INTEGER RANGE", "N")
    value = value.replace("|", "\\|")
    given = isinstance(option.default, str | int | float) and not option.is_flag
    words = [option.help or "", f"Default: {option.default}." if given else ""]
    return f"| `{names}{value}` | {' '.join(word for word in words if word)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
