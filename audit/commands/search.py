"""The worst weights round a network that somebody has: `lemmata search`."""

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
from lemmata.audit.measure.around import PATIENCE, Place, build_ball, search_each, starts_from
from lemmata.audit.measure.echo import Read, lines, read_network
from lemmata.audit.measure.files import check_outputs, load_data, load_weights, writable
from lemmata.audit.measure.given import Loaded, Weights, check_pair
from lemmata.audit.measure.own import Files, search_own
from lemmata.audit.show.progress import progress, tell
from lemmata.audit.show.records import by_id
from lemmata.audit.show.searched import Found, rows, save_tensors, saved
from lemmata.audit.show.tables import Format, emit
from lemmata.claims.claim import Claim
from lemmata.claims.from_file import LOADED
from lemmata.model.ball import LEAST_RADIUS, MOST_RADIUS
from lemmata.model.settings import SETTINGS, Setting


def search_files(
    *,
    init: str | None,
    data: str | None,
    radius: float | None,
    trained: str | None,
    setting: str,
    delta: float,
    normalise: bool,
    patience: float,
    save: str | None,
    patterns: tuple[str, ...],
    form: Format,
) -> None:
    """Print the worst of every chosen claim over the ball round the network in this file.

    Raises:
        UserError: if a file is unusable, two do not fit, or a pattern matches no claim.
    """
    chosen = choose(patterns)
    folder = None if save is None else writable(Path(save))
    if folder is not None:
        files = [folder / name for claim in chosen for side in claim.sides for name in saved(side)]
        check_outputs([("--save", file) for file in files], (init, trained, data, *LOADED))
    if all(claim.problem is not None for claim in chosen):
        if radius is not None:
            raise UserError(f"--radius {radius:g} is of no lemma of one's own: its balls have radii of their own")
        search_lemmas(chosen, {"init": init, "trained": trained, "data": data}, delta, patience, folder, form)
        return
    for option, given in (("init", init), ("data", data), ("radius", radius)):
        if not given:
            raise click.UsageError(f"Missing option '--{option}'.")
    assert init is not None
    assert data is not None
    assert radius is not None
    conventions = SETTINGS[setting]
    before = load_weights(init, conventions)
    after = None if trained is None else load_weights(trained, conventions)
    loaded = load_data(data, conventions, normalise=normalise)

    def say(read: Read) -> None:
        if form == "table":
            tell("\n".join(lines(read)))

    with progress(sum(len(claim.sides) for claim in chosen), "searching") as advance:
        found = search(chosen, before, loaded, conventions, radius, after, delta, patience, say=say, done=advance)
    emit(form, found.document(), *found.tables())
    if folder is not None:
        found.save(folder)


def search_lemmas(
    chosen: Sequence[Claim], files: Files, delta: float, patience: float, folder: Path | None, form: Format
) -> None:
    """Print the worst of lemmas of a person's own over their balls, and write where it is.

    Raises:
        UserError: if a file that one needs is not given or unusable, or what is found cannot be written.
    """
    sides = [side for claim in chosen for side in claim.sides]
    with progress(len(sides), "searching") as advance:
        records = []
        for side in sides:
            record, point = search_own(side, files, delta, patience)
            records.append(record)
            if folder is not None and point:
                (name,) = saved(side)
                save_tensors(folder / name, point)
            advance()
    emit(form, {"claims": by_id(records)}, *rows(records))


def search(
    chosen: Sequence[Claim],
    before: Weights,
    loaded: Loaded,
    setting: Setting,
    radius: float,
    after: Weights | None = None,
    delta: float = 0.05,
    patience: float = PATIENCE,
    *,
    say: Callable[[Read], None] = lambda _: None,
    done: Callable[[], None] = lambda: None,
) -> Found:
    """The claims over the ball round a network; `say` is told what was read before anything is measured on it.

    Raises:
        UserError: if the data or the other network do not fit it, or their distance overflows.
    """
    if after is not None:
        check_pair(before, after, setting)
    case = build_ball(before, loaded, setting, radius, delta)
    given = starts_from(before, after, setting, radius)
    read = read_network(before, loaded, case)
    say(read)
    places: dict[str, Place] = {}
    sides = [side for claim in chosen for side in claim.sides]
    records = search_each(sides, case, given, patience, done, lambda claim, place: places.update({claim.id: place}))
    return Found(records, case, read, places)


@click.command("search")
@format_option
@claims_from
@click.option("--init", type=Utf8(), metavar="FILE", help="Weights at initialisation: .npz, .pt or .safetensors.")
@click.option("--data", type=Utf8(), metavar="FILE", help="Inputs and labels: .npz, .csv or the name digits.")
@click.option(
    "--radius",
    type=Positive(at_least=LEAST_RADIUS, at_most=MOST_RADIUS),
    metavar="TAU",
    help="Of the ball, in the setting's norm: every layer may move that far.",
)
@click.option(
    "--trained", type=Utf8(), metavar="FILE", help="Weights of the same shapes, from which the search starts too."
)
@setting_option
@delta_option
@normalise_option
@click.option(
    "--patience",
    type=Positive(),
    default=PATIENCE,
    show_default=True,
    metavar="SECONDS",
    help="Of computing for one claim; then the worst so far counts.",
)
@click.option(
    "--save", type=Utf8(), metavar="DIR", help="Write each claim's worst there: CLAIM.tilde.npz, CLAIM.hat.npz."
)
@patterns_argument
def command(patterns: tuple[str, ...], form: Format, **arguments: Any) -> None:
    """The worst weights round a network that somebody has.

    For every claim about all weights in a ball: the worst ratio that is found in the ball of this radius round the
    network, by which attack, and a bound that no weights in it can pass, where one is known. Files are as for check.
    A network given with --trained is a start of its own, from the nearest point of the ball. Lemmas of one's own over
    balls are searched round what they load from those files that they ask for, or else round what they draw.
    """
    search_files(patterns=patterns, form=form, **arguments)
