"""`lemmata width`: how wide a statement asks a network to be, with every unstated constant taken as 1."""

import difflib
from collections.abc import Mapping

import click

from lemmata.audit.arguments import Positive, Probability, delta_option, format_option
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


@click.command("width")
@format_option
@click.argument("id", metavar="ID")
@click.option("--n", "n", type=click.IntRange(1), required=True, help="Number of examples.")
@click.option("--depth", type=click.IntRange(1), required=True, help="L.")
@click.option("--phi", type=Positive(at_most=2.0), help="Smallest distance of two inputs.")
@click.option("--k", type=click.IntRange(1), default=1, show_default=True, help="Output dimension.")
@click.option("--batch", type=click.IntRange(1), help="Minibatch size.")
@click.option("--gamma", type=Positive(at_most=1.0), help="Margin γ of Assumptions 4.10 and 4.12.")
@click.option("--gradient-bound", "bound", type=Positive(at_most=1.0), help="B of inequality (4.1).")
@click.option("--eps", type=Probability(), help="Accuracy ε.")
@delta_option
def command(
    id: str, form: Format, n: int, depth: int, delta: float, bound: float | None, **given: float | None
) -> None:
    """How wide a statement asks a network to be, with every constant that the paper does not state taken as 1.

    ID is a claim's id, with or without the paper: `thm-3.3`, `lemma-5.2a`. Conditions with log m in them are solved.
    """
    width(id, form, n=n, L=depth, delta=delta, given=given | {"B": bound})
