"""The `lemmata` command: arguments in, one call, an exit status out.

A command is one function here, decorated with `command`, that calls a function of another module. Those are
imported when a command runs: `--help` and an interrupt do not wait for torch.
"""

import difflib
import errno
import math
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from lemmata.audit.arguments import Duration, Positive, Probability, Sizes
from lemmata.audit.errors import Interrupted, UserError, one_line
from lemmata.model.settings import SETTINGS

if TYPE_CHECKING:
    from lemmata.audit.measure.backends import Name
    from lemmata.audit.plan.engines import Wanted
    from lemmata.audit.show.tables import Format


class Commands(click.Group):
    """A group that answers an unknown command with the known ones."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names.

        Raises:
            UserError: if there is none.
        """
        if args[0] not in self.commands:
            near = difflib.get_close_matches(args[0], self.commands, 1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise UserError(f"command {args[0]!r} is unknown; {hint}allowed: {', '.join(sorted(self.commands))}")
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
def lemmata() -> None:
    """Lemmas of over-parameterised deep ReLU networks, as claims that can fail.

    GLOB matches claim ids, with or without the paper: `cao-gu-2020/lemma-5.*`, `lemma-5.2a`; none means all.
    Exit status: 0 done, 1 some verdict is not the expected one, 2 unusable input or interrupted.
    """


def command(name: str) -> Callable[[Callable[..., int | None]], click.Command]:
    """Register a function as the command `name`, and give it `--format` (its parameter `form`).

    The function returns the exit status; None is 0. Its docstring is the help text.
    """

    def register(run: Callable[..., int | None]) -> click.Command:
        form = click.option(
            "--format",
            "form",
            type=click.Choice(["table", "json"]),
            default="table",
            show_default=True,
            help="json: one document on standard output, nothing else.",
        )
        return lemmata.command(name)(form(run))

    return register


def _load_claims(context: click.Context, parameter: click.Parameter, files: tuple[str, ...]) -> None:
    """Register a person's own claims before anything asks for them."""
    if not files:
        return
    from lemmata.claims.from_file import ClaimFileError, load_claims

    try:
        for file in files:
            load_claims(file)
    except ClaimFileError as error:
        raise UserError(f"--claims-from {error}") from error


patterns_argument = click.argument("patterns", nargs=-1, metavar="[GLOB]...")
claims_from = click.option(
    "--claims-from",
    metavar="FILE.py",
    multiple=True,
    callback=_load_claims,
    expose_value=False,
    is_eager=True,
    help="Claims stated in this file too; may be given several times.",
)

device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where tensors live; auto: large networks on the GPU, where there is one.",
)


@command("list")
@claims_from
@patterns_argument
def list_claims(patterns: tuple[str, ...], form: "Format") -> None:
    """One row per claim whose id matches a GLOB, in the papers' order."""
    from lemmata.audit.show.listing import list_claims

    list_claims(patterns, form)


@command("show")
@claims_from
@click.argument("id", metavar="ID")
def show(id: str, form: "Format") -> None:
    """One claim, whole: statement, assumptions, scaling, constant, controls, erratum.

    ID is a claim's id, with or without the paper: `lemma-5.2a@printed`.
    """
    from lemmata.audit.show.listing import show_claim

    show_claim(id, form)


@command("check")
@claims_from
@click.option("--init", required=True, metavar="FILE", help="Weights at initialisation: .npz, .pt or .safetensors.")
@click.option("--trained", required=True, metavar="FILE", help="Weights after training, of the same shapes.")
@click.option("--data", required=True, metavar="FILE", help="Inputs and labels: .npz, .csv or the name digits.")
@click.option(
    "--setting", type=click.Choice(list(SETTINGS)), default="cao-gu-2020", show_default=True, help="Whose conventions."
)
@click.option("--delta", type=Probability(), default=0.05, show_default=True, help="δ of the lemmas.")
@click.option("--normalise", is_flag=True, help="Scale the inputs to unit norm.")
@patterns_argument
def check(patterns: tuple[str, ...], form: "Format", **arguments: Any) -> None:
    """The claims on a network that somebody trained elsewhere.

    The point of expansion is the initial network, the other one is the trained network, and the radius is the
    largest distance of a layer between the two. Every absolute constant that no paper states is taken as 1.
    A weights file holds W1 ... WL and V, each (out, in); a data file X and y, or a CSV table with the label last.
    """
    from lemmata.audit.commands.check import check_files

    check_files(patterns=patterns, form=form, **arguments)


@command("audit")
@claims_from
@click.option("--data", default="sphere", show_default=True, metavar="NAME|FILE", help="sphere, digits or a file.")
@click.option(
    "--engine",
    type=click.Choice(["dense", "deferred", "auto"]),
    default="auto",
    show_default=True,
    help="How random matrices between layers are held: stored, or decided as products ask for them; auto by size.",
)
@device_option
@click.option("--dtype", type=click.Choice(["float64", "float32"]), default="float64", show_default=True)
@click.option("--widths", type=Sizes(int), default=(), help="Widths m, for instance 256,1024.")
@click.option("--depths", type=Sizes(int), default=(), help="Depths L, for instance 1,2,4.")
@click.option("--radii", type=Sizes(float), default=(), help="Radii τ, for instance 0.01,0.1.")
@click.option("--samples", type=Sizes(int), default=(), help="Numbers of examples n, for instance 4,8.")
@click.option("--initialisations", type=click.IntRange(1), metavar="N", help="Per configuration.")
@click.option("--delta", type=Probability(), default=0.05, show_default=True, help="δ of the lemmas.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Everything descends from it.")
@click.option("--budget", type=Duration(), help="Spend this time, on the widest intervals first.")
@click.option("--out", metavar="DIR", help="Keep results there as they come in, and audit.json in the end.")
@click.option("--resume", is_flag=True, help="Go on with the audit in --out.")
@click.option("--baseline", metavar="FILE", help="An earlier audit.json: exit 1 where verdicts or constants changed.")
@click.option(
    "--backend",
    type=click.Choice(["processes", "dask", "ray"]),
    default="processes",
    show_default=True,
    help="Who works.",
)
@click.option("--cluster", metavar="ADDRESS", help="Of a running Dask or Ray cluster; without it one is started here.")
@click.option("--write-constants", is_flag=True, help="Store the constants in claims/constants.toml.")
@patterns_argument
def audit(
    patterns: tuple[str, ...],
    form: "Format",
    widths: tuple[int, ...],
    depths: tuple[int, ...],
    radii: tuple[float, ...],
    samples: tuple[int, ...],
    initialisations: int | None,
    delta: float,
    data: str,
    engine: "Wanted",
    device: str,
    dtype: str,
    seed: int,
    budget: float | None,
    out: str | None,
    resume: bool,
    baseline: str | None,
    backend: "Name",
    cluster: str | None,
    write_constants: bool,
) -> int:
    """Which claims hold, with which constant, and how it moves with width, depth, radius and sample size.

    With none of the lists, one line of sizes is swept per parameter; with some, their product.
    """
    from lemmata.audit.commands.audit import Options, audit, workers
    from lemmata.audit.plan.devices import choose_device
    from lemmata.audit.plan.grid import Sizes
    from lemmata.audit.show.listing import choose

    sizes = Sizes(
        widths=widths,
        depths=depths,
        radii=radii,
        samples=samples,
        initialisations=initialisations,
        delta=delta,
        data=data,
    )
    options = Options(
        seed=seed,
        dtype=dtype,
        device=choose_device(device),
        engine=engine,
        budget=budget or math.inf,
        workers=workers(),
        backend=backend,
        cluster=cluster,
    )
    return audit(
        choose(patterns),
        sizes,
        options,
        form=form,
        out=out,
        resume=resume,
        baseline=baseline,
        constants=write_constants,
    )


@command("controls")
@claims_from
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Everything descends from it.")
@device_option
@patterns_argument
def controls(patterns: tuple[str, ...], seed: int, device: str, form: "Format") -> int:
    """Whether each claim's false neighbours are refuted: a claim that nothing can refute tests nothing.

    A neighbour is the claim with one exponent moved, its constant halved, or a part left out or replaced.
    `true`: a stronger statement that holds, which says how loose the paper's bound is. Score: refuted over refuted
    and survived.
    """
    from lemmata.audit.commands.audit import Options, workers
    from lemmata.audit.commands.controls import controls
    from lemmata.audit.plan.devices import choose_device
    from lemmata.audit.show.listing import choose

    options = Options(seed=seed, device=choose_device(device), workers=workers())
    return controls(choose(patterns), options, form)


@command("calibrate")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Everything descends from it.")
def calibrate(seed: int, form: "Format") -> int:
    """Truths known in closed form, measured by the code that audits the claims: what the instruments are worth."""
    from lemmata.audit.commands.calibrate import calibrate

    return calibrate(form, seed)


@command("report")
@click.argument("directory", metavar="DIR")
def report(directory: str, form: "Format") -> int:
    """An audit as one HTML page, Markdown, JSON and JUnit, written beside the audit.json in DIR.

    A controls.json there, as `lemmata controls --format json` prints it, is shown with the claims. Exit status 1 when
    some verdict is not the expected one.
    """
    from lemmata.audit.show.report import report

    return report(directory, form)


@command("regime")
@click.argument("id", metavar="ID")
@click.option("--depth", type=click.IntRange(1), metavar="L", help="Number of layers, where it is not fixed.")
@click.option("--samples", type=click.IntRange(1), metavar="N", help="Number of examples n, where it is not fixed.")
@click.option("--state", metavar="FILE", help="Keep a long run there after each step, and go on from it.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Everything descends from it.")
def regime(id: str, depth: int | None, samples: int | None, state: str | None, seed: int, form: "Format") -> int:
    """Where a statement's own conditions hold with every hidden constant 1, and what a run there gives.

    ID is a claim's id, with or without the paper: `thm-4.7`. The least such width is searched; where the machine
    cannot hold the network, the width is all that is printed.
    """
    from lemmata.audit.commands.regime import regime

    return regime(id, form, seed, depth=depth, samples=samples, state=state)


@command("errata")
@claims_from
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Everything descends from it.")
@device_option
@patterns_argument
def errata(patterns: tuple[str, ...], seed: int, device: str, form: "Format") -> int:
    """What the papers print and what they mean, with the computation that tells the two apart.

    GLOB matches errata: `cao-gu-2020/*`, `E-06`. Severity A: literally false, or the argument breaks; B: a wrong
    exponent, factor or missing hypothesis, and the conclusion survives in some form; C: a matter of writing.
    """
    from lemmata.audit.commands.audit import Options, workers
    from lemmata.audit.commands.errata import errata
    from lemmata.audit.plan.devices import choose_device

    return errata(patterns, Options(seed=seed, device=choose_device(device), workers=workers()), form)


@command("width")
@click.argument("id", metavar="ID")
@click.option("--n", "n", type=click.IntRange(1), required=True, help="Number of examples.")
@click.option("--depth", type=click.IntRange(1), required=True, help="L.")
@click.option("--phi", type=Positive(at_most=2.0), help="Smallest distance of two inputs.")
@click.option("--k", type=click.IntRange(1), default=1, show_default=True, help="Output dimension.")
@click.option("--batch", type=click.IntRange(1), help="Minibatch size.")
@click.option("--gamma", type=Positive(at_most=1.0), help="Margin γ of Assumptions 4.10 and 4.12.")
@click.option("--gradient-bound", "bound", type=Positive(at_most=1.0), help="B of inequality (4.1).")
@click.option("--eps", type=Probability(), help="Accuracy ε.")
@click.option("--delta", type=Probability(), default=0.05, show_default=True, help="δ of the lemmas.")
def width(
    id: str, form: "Format", n: int, depth: int, delta: float, bound: float | None, **given: float | None
) -> None:
    """How wide a statement asks a network to be, with every constant that the paper does not state taken as 1.

    ID is a claim's id, with or without the paper: `thm-3.3`, `lemma-5.2a`. Conditions with log m in them are solved.
    """
    from lemmata.audit.commands.width import width

    width(id, form, n=n, L=depth, delta=delta, given=given | {"B": bound})


@command("replay")
@claims_from
@click.argument("token", metavar="TOKEN")
@device_option
def replay(token: str, device: str, form: "Format") -> int:
    """Measure exactly one case again: TOKEN is what a report or a failing test printed."""
    from lemmata.audit.commands.replay import replay_token
    from lemmata.audit.plan.devices import choose_device

    return replay_token(token, choose_device(device), form)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (that of the process by default) and return its exit status.

    What a person got wrong is one line on standard error and status 2. Anything else that is raised is a defect
    and passes through.
    """
    with warnings.catch_warnings(), _noted_interrupts() as interrupts:
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
    click.echo(f"lemmata: {'interrupted' if interrupts else one_line(problem)}", err=True)
    return 2


@contextmanager
def _noted_interrupts() -> Iterator[list[int]]:
    """Interrupts and terminations as they come in: a library that one hits while it is imported may raise another."""
    seen: list[int] = []

    def interrupt(number: int, frame: object) -> None:
        seen.append(number)
        raise KeyboardInterrupt

    usual: dict[int, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    here = threading.current_thread() is threading.main_thread()
    taken = [number for number, handler in usual.items() if here and signal.getsignal(number) is handler]
    for number in taken:
        signal.signal(number, interrupt)
    try:
        yield seen
    finally:
        for number in taken:
            signal.signal(number, usual[number])


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
        return f"{message}; allowed: {', '.join(sorted(context.command.commands))}"
    return f"{message}; usage: {context.command.get_usage(context).removeprefix('Usage: ')}"
