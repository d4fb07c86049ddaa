"""The claims on one pair of networks: before and after training that somebody else did."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from lemmata.audit.errors import UserError
from lemmata.audit.measure.given import Loaded, Weights, check_fit
from lemmata.claims.case import Case
from lemmata.claims.claim import Claim, Kind
from lemmata.claims.language.condition import met
from lemmata.claims.measuring.evaluation import Evaluation, evaluate
from lemmata.model.attacks import Pair
from lemmata.model.changes import DenseChange, distances
from lemmata.model.gaussian import DenseMatrix
from lemmata.model.network import assemble
from lemmata.model.settings import Setting


@dataclass(frozen=True, kw_only=True)
class Record:
    """What one pair of networks says of one claim, with every constant that no paper states taken as 1.

    Attributes:
        id: of the claim.
        applicable: whether the claim says anything about these data and this setting.
        reason: why not, or why there is no ratio; None otherwise.
        preconditions: of each condition of the statement, whether it would hold with unit constants.
        lhs, rhs: the two sides at the worst layer, example and output; for identities their norms.
        ratio: lhs / rhs there, largest for upper and smallest for lower bounds.
        residual: of an identity, the relative norm of the difference of its sides.
        worst: where that is; layers count from 1, examples and outputs from 0.
    """

    id: str
    applicable: bool
    reason: str | None = None
    preconditions: dict[str, bool] = field(default_factory=dict)
    lhs: float | None = None
    rhs: float | None = None
    ratio: float | None = None
    residual: float | None = None
    worst: dict[str, int] | None = None


NOT_MEASURED: dict[Kind, str] = {
    "RUN": "needs the step size and several iterates, check has two",
    "LEDGER": "arithmetic of exponents, measured on no network",
    "DEF": "a definition, not an inequality",
    "CTX": "context, not executable",
}
"""Kinds of claims that say nothing about one pair of networks, and why."""


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


def measure_each(chosen: Sequence[Claim], case: Case) -> list[Record]:
    """Each claim on the case."""
    return [_check(claim, case) for claim in chosen]


def _check(claim: Claim, case: Case) -> Record:
    obstacle = _obstacle(claim, case)
    if obstacle:
        return Record(id=claim.id, applicable=False, reason=obstacle)
    try:
        return _measured(claim, evaluate(claim, case), met(claim.preconditions, case.parameters))
    except Exception as error:  # one claim's defect must not cost the user the other claims
        reason = f"defect: measuring it raised {type(error).__name__}: {error}"
        return Record(id=claim.id, applicable=True, reason=reason)


def _obstacle(claim: Claim, case: Case) -> str:
    """Why the claim says nothing about the case; empty if it does. Depends on setting, data and sizes only."""
    if claim.setting.id != case.setting.id:
        return f"stated for the setting {claim.setting.id}, not {case.setting.id}"
    if claim.kind in NOT_MEASURED:
        return NOT_MEASURED[claim.kind]
    if len(case.inputs) < 2 and any("phi" in term.powers for term in claim.terms):
        return "needs a finite separation phi, one example has none"
    return claim.obstacle(case)


def _measured(claim: Claim, found: Evaluation, preconditions: dict[str, bool]) -> Record:
    lhs, rhs = _only(found.lhs), _only(found.rhs)
    if found.residual is None and claim.stated is not None:
        rhs *= claim.stated
    reason = _undefined(lhs, rhs)
    return Record(
        id=claim.id,
        applicable=True,
        reason=reason,
        preconditions=preconditions,
        lhs=lhs,
        rhs=rhs,
        ratio=None if reason else lhs / rhs,
        residual=None if found.residual is None else _only(found.residual),
        worst=found.worst[0],
    )


def _undefined(lhs: float, rhs: float) -> str | None:
    """Why there is no ratio; None if there is one."""
    for name, side in (("left", lhs), ("right", rhs)):
        if not math.isfinite(side):
            return f"no ratio: the {name}-hand side is {side} in float64"
    if rhs == 0:
        return "no ratio: both sides are 0" if lhs == 0 else "no ratio: the right-hand side is 0"
    return None if math.isfinite(lhs / rhs) else "no ratio: it overflows float64"


def _only(value: Tensor) -> float:
    """The entry of the one initialisation."""
    return float(value[0])
