"""The claims on a network that somebody trained elsewhere: `lemmata check`."""

from collections.abc import Sequence
from typing import Any, TypedDict

import click
import torch
from rich.console import RenderableType
from torch import Tensor

from lemmata.audit.arguments import delta_option, format_option, patterns_argument
from lemmata.audit.choosing import choose
from lemmata.audit.errors import UserError
from lemmata.audit.measure.files import CLOSE, Loaded, Weights, check_fit, load_data, load_pair
from lemmata.audit.show.tables import Format, emit, finite, grid, number
from lemmata.claims import Claim
from lemmata.claims.case import Case
from lemmata.claims.claim import Kind
from lemmata.claims.language.condition import met
from lemmata.claims.measuring.evaluation import Evaluation, evaluate
from lemmata.model.attacks import Pair
from lemmata.model.changes import DenseChange, distances
from lemmata.model.gaussian import DenseMatrix
from lemmata.model.network import assemble
from lemmata.model.settings import SETTINGS, Setting


class Entry(TypedDict):
    """What `check` reports of one claim, as in the contract."""

    applicable: bool
    reason: str | None
    preconditions: dict[str, bool]
    lhs: float | None
    rhs: float | None
    ratio: float | None
    residual: float | None
    worst: dict[str, int] | None


NOT_MEASURED: dict[Kind, str] = {
    "RUN": "needs the step size and several iterates, check has two",
    "LEDGER": "arithmetic of exponents, measured on no network",
    "DEF": "a definition, not an inequality",
    "CTX": "context, not executable",
}
"""Kinds of claims that say nothing about one pair of networks, and why."""


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
    case = build_case(before, after, loaded, conventions, delta)
    document = check(chosen, case)
    emit(form, document, *_tables(chosen, document, case, loaded))


def build_case(before: Weights, after: Weights, loaded: Loaded, setting: Setting, delta: float) -> Case:
    """W⁽⁰⁾ = W̃ the weights before, Ŵ those after, and τ the largest distance of a layer between them.

    Raises:
        UserError: if the data do not fit the network, or the distance overflows.
    """
    check_fit(before, loaded)
    like = torch.zeros(1, dtype=torch.float64)
    network = assemble(setting, [DenseMatrix(matrix[None]) for matrix in before.matrices], like)
    step = tuple(
        DenseChange((new - old)[None])
        for old, new in zip(before.matrices[: network.trained], after.matrices, strict=False)
    )
    tau = float(distances(step, setting.ball).max())
    if not tau < torch.inf:
        raise UserError(f"{after.path}: a layer's distance from {before.path} is {tau}, it must be finite")
    return Case(network, loaded.data, tau=tau, delta=delta, pair=Pair(network.still(), step))


def check(chosen: Sequence[Claim], case: Case) -> dict[str, Entry]:
    """Each claim on the case, by claim id."""
    return {claim.id: _check(claim, case) for claim in chosen}


def _check(claim: Claim, case: Case) -> Entry:
    obstacle = _obstacle(claim, case)
    if obstacle:
        return _unmeasured(False, obstacle)
    try:
        return _measured(claim, evaluate(claim, case), met(claim.preconditions, case.parameters))
    except Exception as error:  # one claim's defect must not cost the user the other claims
        return _unmeasured(True, f"defect: measuring it raised {type(error).__name__}: {error}")


def _obstacle(claim: Claim, case: Case) -> str:
    """Why the claim says nothing about the case; empty if it does. Depends on setting, data and sizes only."""
    if claim.setting.id != case.setting.id:
        return f"stated for the setting {claim.setting.id}, not {case.setting.id}"
    if claim.kind in NOT_MEASURED:
        return NOT_MEASURED[claim.kind]
    if len(case.inputs) < 2 and any("phi" in term.powers for term in claim.terms):
        return "needs a finite separation phi, one example has none"
    return claim.obstacle(case)


def _measured(claim: Claim, found: Evaluation, preconditions: dict[str, bool]) -> Entry:
    lhs, rhs = _only(found.lhs), _only(found.rhs)
    if found.residual is None and claim.stated is not None:
        rhs *= claim.stated
    ratio = lhs / rhs if rhs else torch.nan
    reason = _undefined(lhs, rhs)
    return Entry(
        applicable=True,
        reason=reason,
        preconditions=preconditions,
        lhs=finite(lhs),
        rhs=finite(rhs),
        ratio=None if reason else finite(ratio),
        residual=None if found.residual is None else finite(_only(found.residual)),
        worst=found.worst[0],
    )


def _undefined(lhs: float, rhs: float) -> str | None:
    """Why there is no ratio; None if there is one."""
    for name, side in (("left", lhs), ("right", rhs)):
        if finite(side) is None:
            return f"no ratio: the {name}-hand side is {side} in float64"
    if rhs == 0:
        return "no ratio: both sides are 0" if lhs == 0 else "no ratio: the right-hand side is 0"
    return None if finite(lhs / rhs) is not None else "no ratio: it overflows float64"


def _unmeasured(applicable: bool, reason: str) -> Entry:
    return Entry(
        applicable=applicable,
        reason=reason,
        preconditions={},
        lhs=None,
        rhs=None,
        ratio=None,
        residual=None,
        worst=None,
    )


def _only(value: Tensor) -> float:
    """The entry of the one initialisation."""
    return float(value[0])


def _title(case: Case, loaded: Loaded) -> str:
    p = case.parameters
    sizes = ", ".join(f"{name} = {p[name]:.4g}" for name in ("m", "L", "n", "d", "k", "tau", "delta", "phi"))
    dropped = f"; {loaded.dropped} duplicates dropped" if loaded.dropped else ""
    close = f"; {len(loaded.close)} pairs within {CLOSE}" if loaded.close else ""
    return f"{case.setting.id}: {sizes}{dropped}{close}"


def _tables(chosen: Sequence[Claim], document: dict[str, Entry], case: Case, loaded: Loaded) -> list[RenderableType]:
    """The claims of the network's setting, one row each, and how many others there are."""
    own = [claim for claim in chosen if claim.setting.id == case.setting.id]
    columns = ("claim", "lhs", "rhs", "ratio", "worst", "remark")
    rows = [_cells(claim, document[claim.id]) for claim in own]
    parts: list[RenderableType] = [_title(case, loaded), *([grid(columns, rows, wrap=True)] if own else [])]
    if len(own) < len(chosen):
        parts.append(f"{len(chosen) - len(own)} claims are stated for other settings: not applicable.")
    return parts


def _cells(claim: Claim, entry: Entry) -> list[str]:
    sides = (number(side) for side in (entry["lhs"], entry["rhs"], entry["ratio"]))
    worst = (f"{axis} {at}" for axis, at in (entry["worst"] or {}).items() if axis != "output" or at)
    return [claim.id.partition("/")[2], *sides, " ".join(worst), _remark(entry)]


def _remark(entry: Entry) -> str:
    if entry["reason"]:
        return entry["reason"] if entry["applicable"] else f"not applicable: {entry['reason']}"
    if entry["residual"] is not None:
        return f"residual {entry['residual']:.2g}"
    preconditions = entry["preconditions"]
    return f"{sum(preconditions.values())}/{len(preconditions)} preconditions" if preconditions else ""


@click.command("check")
@format_option
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
