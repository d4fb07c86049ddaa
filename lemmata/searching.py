"""The worst weights round a network in memory: `lemmata.search` is the command of that name, without files."""

import warnings
from collections.abc import Sequence
from typing import Any

from lemmata.audit.commands import search as command
from lemmata.audit.errors import UserError
from lemmata.audit.measure.around import PATIENCE
from lemmata.audit.show.searched import Found
from lemmata.checking import Net, another_function, examples, options, weights
from lemmata.model.ball import LEAST_RADIUS, MOST_RADIUS
from lemmata.model.settings import CAO_GU_2020, Setting


def search(
    before: Net,
    inputs: Any,
    labels: Any,
    *,
    radius: float,
    trained: Net | None = None,
    setting: Setting | str = CAO_GU_2020,
    delta: float = 0.05,
    normalise: bool = False,
    claims: str | Sequence[str] = (),
    patience: float = PATIENCE,
) -> Found:
    """The worst ratio that is found for every claim about all weights in a ball round a network.

    Args:
        before: W⁽⁰⁾, as `lemmata.check` takes it.
        inputs: (n, d), rows of unit norm.
        labels: (n,) or (n, k).
        radius: of the ball, in the setting's norm.
        trained: weights of the same shapes, from which the search starts too, at the nearest point of the ball.
        setting: whose conventions, or their id.
        delta: δ of the lemmas.
        normalise: whether to scale the inputs to unit norm.
        claims: patterns of claim ids, with or without the paper; none means all.
        patience: seconds of computing for one claim; then the worst so far counts.

    Returns:
        A record per claim, printed as the command's table; `weights(id)` are W̃ and Ŵ where the worst was found.

    Warns:
        UserWarning: of what looks wrong in network and data as they were read.

    Raises:
        ValueError: naming the argument, its value and what is allowed.
    """
    try:
        conventions, chosen = options(setting, delta, patience, claims)
        if not isinstance(radius, int | float) or not LEAST_RADIUS <= radius <= MOST_RADIUS:
            raise UserError(f"radius={radius!r} must be a number from {LEAST_RADIUS:g} to {MOST_RADIUS:,}")
        start = weights("before", before, conventions)
        data = examples(inputs, labels, conventions, normalise=normalise)
        other = None if trained is None else weights("trained", trained, conventions)
        found = command.search(chosen, start, data, conventions, radius, other, delta, patience)
    except UserError as error:
        raise ValueError(str(error)) from None
    for warning in dict.fromkeys([*found.read.warnings, *another_function("before", before, start, data)]):
        warnings.warn(warning, stacklevel=2)
    return found
