"""The claims on a network that somebody trained elsewhere: `lemmata check`."""

from collections.abc import Sequence

from lemmata.audit.measure.files import load_data, load_pair
from lemmata.audit.measure.given import Loaded, Weights
from lemmata.audit.measure.pair import build_case, measure_each
from lemmata.audit.show.checked import Checked
from lemmata.audit.show.listing import choose
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
    return Checked(measure_each(chosen, case), case, loaded)
