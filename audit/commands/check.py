"""The claims on a network that somebody trained elsewhere: `lemmata check`."""

from collections.abc import Sequence
from typing import Any

import click

from lemmata.audit.arguments import claims_from, delta_option, format_option, patterns_argument
from lemmata.audit.choosing import choose
from lemmata.audit.measure.files import load_data, load_pair
from lemmata.audit.measure.given import Loaded, Weights
from lemmata.audit.measure.pair import build_case, measure_each
from lemmata.audit.show.checked import Checked
from lemmata.audit.show.tables import Format, emit
from lemmata.claims.claim import Claim
from lemmata.model.settings import SETTINGS, Setting


def check_files(
    *,
    init: str,
    trained: str,
    data: str,
    setting: str,
    delta: float,
    normalise: bool,
    patterns: tuple[str, ...],
    form: Format,
) -> None:
    """Print every chosen claim on the networks and the data in these files.

    Raises:
        UserError: if a file is unusable, two do not fit, or a pattern matches no claim.
    """
    chosen = choose(patterns)
    conventions = SETTINGS[setting]
    before, after = load_pair(init, trained, conventions)
    loaded = load_data(data, conventions, normalise=normalise)
    found = check(chosen, before, after, loaded, conventions, delta)
    emit(form, found.document(), *found.tables())


def check(
    chosen: Sequence[Claim], before: Weights, after: Weights, loaded: Loaded, setting: Setting, delta: float
) -> Checked:
    """The claims on two networks that fit each other.

    Raises:
        UserError: if the data do not fit them, or their distance overflows.
    """
    case = build_case(before, after, loaded, setting, delta)
    return Checked(measure_each([side for claim in chosen for side in claim.sides], case), case, loaded)


@click.command("check")
@format_option
@claims_from
@click.option("--init", required=True, metavar="FILE", help="Weights at initialisation: .npz, .pt or .safetensors.")
@click.option("--trained", required=True, metavar="FILE", help="Weights after training, of the same shapes.")
@click.option("--data", required=True, metavar="FILE", help="Inputs and labels: .npz, .csv or the name digits.")
@click.option(
    "--setting", type=click.Choice(list(SETTINGS)), default="cao-gu-2020", show_default=True, help="Whose conventions."
)
@delta_option
@click.option("--normalise", is_flag=True, help="Scale the inputs to unit norm.")
@patterns_argument
def command(patterns: tuple[str, ...], form: Format, **arguments: Any) -> None:
    """The claims on a network that somebody trained elsewhere.

    The point of expansion is the initial network, the other one is the trained network, and the radius is the
    largest distance of a layer between the two. Every absolute constant that no paper states is taken as 1.
    A weights file holds W1 ... WL and V, each (out, in); a data file X and y, or a CSV table with the label last.
    """
    check_files(patterns=patterns, form=form, **arguments)
