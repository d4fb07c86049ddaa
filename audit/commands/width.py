"""`lemmata width`: how wide a statement asks a network to be, with every unstated constant taken as 1."""

import difflib
from collections.abc import Mapping

from lemmata.audit.errors import UserError
from lemmata.audit.show.tables import Format, emit, finite, grid
from lemmata.claims.cao_gu_2020 import width_conditions as cao_gu_2020
from lemmata.claims.language.condition import smallest_width
from lemmata.claims.zou_gu_2019 import width_conditions as zou_gu_2019

WIDTHS = cao_gu_2020.WIDTHS | zou_gu_2019.WIDTHS

OPTIONS = {"phi": "--phi", "k": "--k", "batch": "--batch", "gamma": "--gamma", "B": "--gradient-bound", "eps": "--eps"}
"""The option that gives each parameter."""

MOST_WEIGHTS = 10**9
"""A network of more is out of reach: 8 GB in double precision, before anything is computed with it."""


def width(id: str, form: Format, *, n: int, L: int, delta: float, given: Mapping[str, float | None]) -> None:
    """Print the smallest width that the statement's condition asks for, and whether such a network is within reach.

    Raises:
        UserError: for a statement that has no such condition, or without a parameter that it depends on.
    """
    id = _find(id)
    condition = WIDTHS[id]
    if condition.layers not in (None, L):
        raise UserError(f"--depth: {L} must be {condition.layers}, the number of hidden layers that {id} is about")
    missing = [OPTIONS[name] for name in condition.needs if given[name] is None]
    if missing:
        raise UserError(f"{', '.join(missing)}: missing, the width that {id} asks for depends on it")
    needed = {name: value for name in condition.needs if (value := given[name]) is not None}
    if needed.get("batch", 1) > n:
        raise UserError(f"--batch: {needed['batch']:g} must be at most --n, {n}")
    parameters = {"n": n, "L": L, "delta": delta, **needed}
    m = smallest_width(condition, parameters)
    weights = m * (n + (L - 1) * m)
    reachable = weights <= MOST_WEIGHTS
    reason = None if reachable else f"{weights:.2g} hidden weights are more than {MOST_WEIGHTS:.0e}"
    document = {
        "id": id,
        "parameters": parameters,
        "m": int(m),
        "condition": condition.text,
        "reachable": reachable,
        "weights": finite(weights),
        "reason": reason,
    }
    rows = [
        ("condition", condition.text),
        ("parameters", ", ".join(f"{name} = {value:g}" for name, value in parameters.items())),
        ("smallest m", f"{m:,.0f}" if m < 1e15 else f"{m:.4g}"),
        ("reachable", "yes" if reachable else f"no: {reason}"),
    ]
    emit(
        form,
        document,
        grid((id, "every unstated constant 1, n-dimensional inputs"), rows, wrap=True),
    )


def _find(id: str) -> str:
    """The whole id of a statement with a width condition.

    Raises:
        UserError: if there is none.
    """
    wanted = id.partition("@")[0]
    for known in WIDTHS:
        if wanted in (known, known.partition("/")[2]):
            return known
    near = difflib.get_close_matches(wanted, [known.partition("/")[2] for known in WIDTHS], 3, 0.4)
    hint = f"closest: {', '.join(near)}; " if near else ""
    raise UserError(f"ID {id!r} has no condition on the width; {hint}allowed: {', '.join(WIDTHS)}")
