"""The claims on a network that somebody trained elsewhere: `lemmata check`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from lemmata.audit.arguments import (
    Positive,
    Utf8,
    claims_from,
    delta_option,
    format_option,
    normalise_option,
    patterns_argument,
    setting_option,
)
from lemmata.audit.choosing import choose
from lemmata.audit.errors import UserError
from lemmata.audit.measure.echo import Read, lines, read_pair, warnings
from lemmata.audit.measure.files import WEIGHTS, check_outputs, load_data, load_weights, write_whole
from lemmata.audit.measure.given import Loaded, Weights, check_pair
from lemmata.audit.measure.iterates import build_run, out_of_order, repeated
from lemmata.audit.measure.own import loads, measure_own
from lemmata.audit.measure.pair import PATIENCE, build_case, measure_each
from lemmata.audit.show.checked import Checked, CheckedOwn
from lemmata.audit.show.progress import progress, tell
from lemmata.audit.show.tables import Format, emit
from lemmata.audit.show.trajectory import CheckedRun, Trajectory
from lemmata.claims.claim import Claim
from lemmata.claims.from_file import LOADED
from lemmata.model.settings import SETTINGS, Setting


def check_files(
    *,
    init: str | None,
    trained: Sequence[str],
    data: str | None,
    setting: str,
    delta: float,
    normalise: bool,
    patience: float,
    plot: str | None,
    patterns: tuple[str, ...],
    form: Format,
) -> None:
    """Print every chosen claim on the networks and the data in these files.

    Raises:
        UserError: if a file is unusable, two do not fit, or a pattern matches no claim.
    """
    if plot is not None:
        if Path(plot).suffix.lower() != ".svg":
            raise UserError(f"--plot {plot} must end in .svg")
        check_outputs([("--plot", Path(plot))], (init, *trained, data, *LOADED))
    chosen = choose(patterns)
    if all(loads(claim) for claim in chosen):
        check_own(chosen, init, trained, data, patience, plot, form)
        return
    for option, given in (("init", init), ("trained", trained), ("data", data)):
        if not given:
            raise click.UsageError(f"Missing option '--{option}'.")
    assert init is not None
    assert data is not None
    conventions = SETTINGS[setting]
    before = load_weights(init, conventions)
    reached = [load_weights(path, conventions) for path in trained]
    of_one, of_runs = (chosen, []) if len(reached) == 1 else parted(chosen)
    for after in reached:
        check_pair(before, after, conventions)
    loaded = load_data(data, conventions, normalise=normalise)
    said: list[str] = []

    def say(read: Read) -> None:
        """The echo; of several checkpoints the last one's, and then what else looks wrong."""
        fresh = [line for line in (warnings(read) if said else lines(read)) if line not in said]
        said.extend(fresh)
        if form == "table" and fresh:
            tell("\n".join(fresh))

    for warning in [*out_of_order(trained), *repeated(before, reached)]:
        tell(f"warning: {warning}")
    with progress(len(of_one) * len(reached) + len(of_runs), "checking", "claims") as advance:
        found = [
            check(of_one, before, after, loaded, conventions, delta, patience, len(reached) == 1, say=say, done=advance)
            for after in reversed(reached)
        ][::-1]
        run = check_run(of_runs, before, reached, loaded, conventions, delta, found[-1].read, patience, done=advance)
    if plot is not None:
        write_whole(Path(plot), Trajectory(found, run).picture())
    whole = found[0] if len(found) == 1 else Trajectory(found, run)
    emit(form, whole.document(), *whole.tables())


def check_own(
    chosen: Sequence[Claim],
    init: str | None,
    trained: Sequence[str],
    data: str | None,
    patience: float,
    plot: str | None,
    form: Format,
) -> None:
    """Print lemmas of a person's own on what they load from these files, at each checkpoint.

    Raises:
        UserError: if a file that one needs is not given or unusable.
    """
    for warning in out_of_order(trained):
        tell(f"warning: {warning}")
    sides = [side for claim in chosen for side in claim.sides]
    found = []
    with progress(len(sides) * max(1, len(trained)), "checking", "claims") as advance:
        for path in trained or (None,):
            records = []
            for side in sides:
                records.append(measure_own(side, {"init": init, "trained": path, "data": data}, patience))
                advance()
            found.append(CheckedOwn(records))
    if plot is not None:
        write_whole(Path(plot), Trajectory(found).picture())
    whole = found[0] if len(found) == 1 else Trajectory(found)
    emit(form, whole.document(), *whole.tables())


def parted(chosen: Sequence[Claim]) -> tuple[list[Claim], list[Claim]]:
    """What is measured at each checkpoint, and what of the run that they are of."""
    return [claim for claim in chosen if claim.kind != "RUN"], [claim for claim in chosen if claim.kind == "RUN"]


def check(
    chosen: Sequence[Claim],
    before: Weights,
    after: Weights,
    loaded: Loaded,
    setting: Setting,
    delta: float,
    patience: float = PATIENCE,
    alone: bool = True,
    *,
    say: Callable[[Read], None] = lambda _: None,
    done: Callable[[], None] = lambda: None,
) -> Checked:
    """The claims on two networks that fit each other; `say` is told what was read before anything is measured on it.

    `alone` says that the second is no checkpoint among several.

    Raises:
        UserError: if the data do not fit them, or their distance overflows.
    """
    case = build_case(before, after, loaded, setting, delta)
    read = read_pair(before, after, loaded, case, alone=alone)
    say(read)
    sides = [side for claim in chosen for side in claim.sides]
    return Checked(measure_each(sides, case, patience, done), case, read)


def check_run(
    chosen: Sequence[Claim],
    before: Weights,
    reached: Sequence[Weights],
    loaded: Loaded,
    setting: Setting,
    delta: float,
    read: Read,
    patience: float = PATIENCE,
    *,
    done: Callable[[], None] = lambda: None,
) -> CheckedRun | None:
    """The claims about runs on all checkpoints together, whose last one `read` is the echo of; None without claims."""
    if not chosen:
        return None
    case = build_run(before, reached, loaded, setting, delta)
    return CheckedRun(measure_each(chosen, case, patience, done), case, read)


class _SeveralFiles(click.Command):
    """`--trained a.pt b.pt` is `--trained a.pt --trained b.pt`: what ends like a file of weights is one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        spread: list[str] = []
        for at, argument in enumerate(args):
            after_one = len(spread) > 1 and spread[-2] == "--trained" and at > 1
            if after_one and not argument.startswith("-") and Path(argument).suffix.lower() in WEIGHTS:
                spread.append("--trained")
            spread.append(argument)
        return super().parse_args(ctx, spread)


@click.command("check", cls=_SeveralFiles)
@format_option
@claims_from
@click.option("--init", type=Utf8(), metavar="FILE", help="Weights at initialisation: .npz, .pt or .safetensors.")
@click.option(
    "--trained",
    type=Utf8(),
    multiple=True,
    metavar="FILE...",
    help="Weights after training, of the same shapes; several are the checkpoints of a run.",
)
@click.option("--data", type=Utf8(), metavar="FILE", help="Inputs and labels: .npz, .csv or the name digits.")
@setting_option
@delta_option
@normalise_option
@click.option(
    "--patience",
    type=Positive(),
    default=PATIENCE,
    show_default=True,
    metavar="SECONDS",
    help="Of computing; a claim that takes longer is skipped, and says so.",
)
@click.option("--plot", type=Utf8(), metavar="FILE.svg", help="Draw each claim's ratio at every checkpoint.")
@patterns_argument
def command(patterns: tuple[str, ...], form: Format, **arguments: Any) -> None:
    """The claims on a network that somebody trained elsewhere.

    The point of expansion is the initial network, the other one is the trained network, and the radius is the
    largest distance of a layer between the two. Every absolute constant that no paper states is taken as 1.
    A weights file holds W1 ... WL and V, each (out, in), or is a state_dict, its layers in order; a data file X and
    y, or a CSV table with the label last. Lemmas of one's own that say how to load files need those that they ask for.
    """
    check_files(patterns=patterns, form=form, **arguments)
