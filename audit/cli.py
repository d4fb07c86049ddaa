"""The `lemmata` command: arguments in, one call, an exit status out.

A command is a module of `audit/commands/`, imported when it runs: `--help` and an interrupt do not wait for torch.
"""

import difflib
import errno
import importlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import click
from click.shell_completion import shell_complete

from lemmata.audit.errors import Interrupted, UserError, one_line
from lemmata.model.interrupts import Stopped

COMMANDS = {
    "audit": "Which claims hold, with which constant, and how it moves with sizes.",
    "calibrate": "Truths known in closed form, measured by the code that audits.",
    "check": "The claims on a network that somebody trained elsewhere.",
    "controls": "Whether each claim's false neighbours are refuted.",
    "errata": "What the papers print and what they mean.",
    "list": "One row per claim whose id matches a GLOB.",
    "regime": "A statement inside its own conditions, every hidden constant 1.",
    "replay": "Measure exactly one case again.",
    "report": "An audit as one HTML page, Markdown, JSON and JUnit.",
    "search": "The worst weights round a network that somebody has.",
    "show": "One claim, whole.",
    "width": "How wide a statement asks a network to be.",
}
"""The modules of `audit/commands/`, and what each does in a line."""


class Commands(click.Group):
    """The commands of `COMMANDS`, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The `command` of the module of that name."""
        if cmd_name not in COMMANDS:
            return None
        with _sign_of_life():
            found: click.Command = importlib.import_module(f"lemmata.audit.commands.{cmd_name}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A line each, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names.

        Raises:
            UserError: if there is none.
        """
        if args[0] not in COMMANDS:
            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise UserError(f"command {args[0]!r} is unknown; {hint}allowed: {', '.join(COMMANDS)}")
        return super().resolve_command(ctx, args)


USUAL: dict[int, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
"""What asks a program to end, and how Python handles it."""

FIRST = """\
lemmata: lemmas on over-parameterised ReLU networks, as claims that can fail.

  lemmata list gradient       which claims speak of gradients, a sentence each
  lemmata show lemma-5.2a     one claim, whole
  lemmata check --init A.pt --trained B.pt --data D.npz
                              the claims on a network of yours: about a minute
  lemmata audit lemma-5.1a    does it hold, with which constant: half a minute
  lemmata audit --out DIR     all of them, about a quarter of an hour; then
  lemmata report DIR          a page with figures, and tables to take along
  lemmata --help              all commands; each has --help
"""
"""What a person who types no command is told."""


@click.group(
    cls=Commands,
    no_args_is_help=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="lemmata", message="%(prog)s %(version)s")
@click.pass_context
def lemmata(context: click.Context) -> None:
    """Lemmas of over-parameterised deep ReLU networks, as claims that can fail.

    GLOB matches claim ids, with or without the paper: `cao-gu-2020/lemma-5.*`, `lemma-5.2a`; none means all.
    Exit status: 0 done, 1 some verdict is not the expected one, 2 unusable input or interrupted.
    """
    if context.invoked_subcommand is None:
        click.echo(FIRST, nl=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (that of the process by default) and return its exit status.

    A shell that completes one sets `_LEMMATA_COMPLETE`, as click documents.

    What a person got wrong is one line on standard error and status 2. Anything else that is raised is a defect
    and passes through.
    """
    if "_LEMMATA_COMPLETE" in os.environ:
        return shell_complete(lemmata, {}, "lemmata", "_LEMMATA_COMPLETE", os.environ["_LEMMATA_COMPLETE"])
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started this
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  # for as long as the process lives
    own = arguments is None  # a whole process, of which nothing is left afterwards
    with warnings.catch_warnings(), _noted_interrupts(last=own) as interrupts:
        warnings.simplefilter("ignore")
        try:
            return _run(list(sys.argv[1:] if arguments is None else arguments))
        except click.exceptions.Exit as done:
            return done.exit_code
        except BrokenPipeError:
            _discard_output()
            return 0
        except Interrupted as error:
            problem = str(error)
            interrupts.clear()
        except UserError as error:
            problem = str(error)
        except click.ClickException as error:
            problem = _explain(error)
        except KeyboardInterrupt:
            problem = "interrupted"
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                _discard_output()
                problem = f"{error.filename or 'standard output'}: no space left, there must be some"
            elif not interrupts:
                raise
        for number in USUAL if own else ():
            signal.signal(number, signal.SIG_IGN)
        with suppress(OSError, ValueError):  # a full or closed standard error must not cost the status
            click.echo(f"lemmata: {'interrupted' if interrupts else one_line(problem)}", err=True)
        return 2


@contextmanager
def _sign_of_life() -> Iterator[None]:
    """A word on a terminal while libraries are imported, one to two seconds, that is wiped afterwards."""
    shown = sys.stderr.isatty() and "_LEMMATA_COMPLETE" not in os.environ
    if shown:
        click.echo("loading torch …", nl=False, err=True)
    try:
        yield
    finally:
        if shown:
            click.echo("\r\x1b[K", nl=False, err=True)


@contextmanager
def _noted_interrupts(*, last: bool) -> Iterator[list[int]]:
    """Interrupts and terminations as they come in: a library that one hits while it is imported may raise another.

    Args:
        last: whether the process ends afterwards: what comes in while libraries are torn down changes nothing more.
    """
    seen: list[int] = []

    def interrupt(number: int, frame: object) -> None:
        seen.append(number)
        raise Stopped

    here = threading.current_thread() is threading.main_thread()
    taken = [number for number, handler in USUAL.items() if here and signal.getsignal(number) is handler]
    for number in taken:
        signal.signal(number, interrupt)
    try:
        yield seen
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_IGN if last else USUAL[number])


def _run(arguments: list[str]) -> int:
    # Not `lemmata.main`: it prints lines of its own on an interrupt, and takes EOFErrors for one.
    with lemmata.make_context("lemmata", arguments) as context:
        return lemmata.invoke(context) or 0


def _discard_output() -> None:
    """Send what is still buffered nowhere, so that the interpreter's last flush has nothing to complain of."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(error: click.ClickException) -> str:
    """The message, with what is allowed where click leaves that out."""
    message = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    if context is None:
        return message
    if isinstance(error, click.NoSuchOption):
        names = [option for parameter in context.command.params for option in parameter.opts if option[0] == "-"]
        return f"{message}; allowed: {', '.join([*names, '--help'])}"
    if isinstance(context.command, click.Group):
        return f"{message}; allowed: {', '.join(COMMANDS)}"
    return f"{message}; usage: {context.command.get_usage(context).removeprefix('Usage: ')}"
