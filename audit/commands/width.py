"""`lemmata width`: how wide a statement asks a network to be, with every unstated constant taken as 1."""

import difflib
import math
from collections.abc import Mapping

import click

from lemmata.audit.arguments import Positive, Probability, delta_option, format_option, id_argument
from lemmata.audit.errors import UserError
from lemmata.audit.show.grid import Grid
from lemmata.audit.show.tables import Format, emit, finite
from lemmata.claims import REGISTRY
from lemmata.claims.language.condition import on_width, smallest_width

OPTIONS = {
    "phi": "--phi",
    "k": "--k",
    "batch": "--batch",
    "gamma": "--gamma",
    "B": "--gradient-bound",
    "eps": "--eps",
    "lambda_0": "--lambda-0",
    "lambda_K": "--lambda-k",
    "X": "--data-norm",
}
"""The option that gives each parameter."""

WIDTHS = {
    claim.id: claim.preconditions
    for claim in REGISTRY.values()
    if claim.id == claim.plain_id and on_width(claim.preconditions, ("n", "L", "delta", *OPTIONS))
}
"""The conditions of the claims that ask for a width, by id."""

UNIT_NORM = 1e-6
"""How far the norms of inputs may be from 1."""

MOST_WEIGHTS = 10**9
"""A network of more is out of reach: 8 GB in double precision, before anything is computed with it."""


def width(id: str, form: Format, *, n: int, L: int, delta: float, given: Mapping[str, float | None]) -> None:
    """Print the smallest width that the statement's condition asks for, and whether such a network is within reach.

    Raises:
        UserError: for a statement that has no such condition, or without a parameter that it depends on.
    """
    id = _find(id)
    conditions = WIDTHS[id]
    depths = [condition for condition in conditions if condition.letter == "L"]
    if not all(condition.holds({"L": L}) for condition in depths):
        raise UserError(f"--depth: {L} must be 1, the number of hidden layers that {id} is about")
    letters = frozenset[str]().union(*(condition.letters for condition in conditions))
    missing = [option for name, option in OPTIONS.items() if name in letters and given[name] is None]
    if missing:
        raise UserError(f"{', '.join(missing)}: missing, the width that {id} asks for depends on it")
    needed = {name: value for name in OPTIONS if name in letters and (value := given[name]) is not None}
    if needed.get("batch", 1) > n:
        raise UserError(f"--batch: {needed['batch']:g} must be at most --n, {n}")
    if not 1 - UNIT_NORM <= needed.get("X", 1) <= math.sqrt(n) + UNIT_NORM:
        raise UserError(f"--data-norm: {needed['X']:g} must be in [1, {math.sqrt(n):g}], as {n} unit inputs have it")
    parameters = {"n": n, "L": L, "delta": delta, **needed}
    try:
        m = smallest_width(conditions, parameters)
    except ArithmeticError as error:
        raise UserError(f"--depth: {L} must be smaller, {error} of {id}") from error
    text = ", ".join(str(condition) for condition in conditions if condition.letter not in parameters)
    weights = float(m) * (n + (L - 1) * float(m))
    reachable = weights <= MOST_WEIGHTS
    reason = None if reachable else f"{weights:.2g} hidden weights are more than {MOST_WEIGHTS:.0e}"
    document = {
        "id": id,
        "parameters": parameters,
        "m": m,
        "condition": text,
        "reachable": reachable,
        "weights": finite(weights),
        "reason": reason,
    }
    rows = [
        ("condition", text),
        ("parameters", ", ".join(f"{name} = {value:g}" for name, value in parameters.items())),
        ("smallest m", f"{m:,.0f}" if m < 1e15 else f"{m:.4g}"),
        ("reachable", "yes" if reachable else f"no: {reason}"),
    ]
    emit(
        form,
        document,
        Grid((id, "every unstated constant 1, n-dimensional inputs"), rows),
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
@id_argument
@click.option("--n", "n", type=click.IntRange(1, 10**9), required=True, help="Number of examples.")
@click.option("--depth", type=click.IntRange(1, 10**4), required=True, help="L.")
@click.option("--phi", type=Positive(at_most=2.0), help="Smallest distance of two inputs.")
@click.option("--k", type=click.IntRange(1, 10**9), default=1, show_default=True, help="Output dimension.")
@click.option("--batch", type=click.IntRange(1, 10**9), help="Minibatch size.")
@click.option("--gamma", type=Positive(at_most=1.0), help="Margin γ of Assumptions 4.10 and 4.12.")
@click.option("--gradient-bound", "bound", type=Positive(at_most=1.0), help="B of inequality (4.1).")
@click.option("--eps", type=Probability(), help="Accuracy ε.")
@click.option(
    "--lambda-0", type=Positive(at_most=1.0), help="Smallest eigenvalue λ_0 of H, of Table 1's two-layer rows."
)
@click.option("--lambda-k", "lambda_K", type=Positive(), help="Smallest eigenvalue of K^(L), of table-1-du-deep.")
@click.option("--data-norm", "norm", type=Positive(), help="‖X‖_2 of the inputs, of table-1-oymak.")
@delta_option
def command(
    id: str,
    form: Format,
    n: int,
    depth: int,
    delta: float,
    bound: float | None,
    norm: float | None,
    **given: float | None,
) -> None:
    """How wide a statement asks a network to be, with every constant that the paper does not state taken as 1.

    ID is a claim's id, with or without the paper: `thm-3.3`, `lemma-5.2a`, `table-1-du`. Conditions with log m in them
    are solved, all of a statement's together; a radius that it leaves open is as large as they allow.
    """
    width(id, form, n=n, L=depth, delta=delta, given=given | {"B": bound, "X": norm})
