"""The claims on one pair of networks: before and after training that somebody else did."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from lemmata.audit.errors import UserError
from lemmata.audit.measure.given import Loaded, Weights, check_fit
from lemmata.audit.measure.patience import TooDear, at_most
from lemmata.claims.case import Case
from lemmata.claims.claim import Claim, Kind
from lemmata.claims.constants import audited_constants
from lemmata.claims.from_file import words_of
from lemmata.claims.language.condition import met
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.measuring.evaluation import Evaluation, evaluate
from lemmata.model.attacks import Pair
from lemmata.model.changes import DenseChange, distances
from lemmata.model.gaussian import DenseMatrix
from lemmata.model.interrupts import by_hand
from lemmata.model.network import Network, assemble
from lemmata.model.settings import Setting

PATIENCE = 20.0
"""Seconds that one claim may take, where nobody says otherwise."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What one pair of networks says of one claim, with every constant that no paper states taken as 1.

    Attributes:
        id: of the claim.
        bound: its direction: upper, lower, equality or both; None for a statement that is none.
        applicable: whether the claim says anything about these data and this setting.
        reason: why not, or why there is no ratio; None otherwise.
        preconditions: of each condition of the statement, whether it would hold with unit constants.
        lhs, rhs: the two sides at the worst layer, example and output; for identities their norms.
        ratio: lhs / rhs there, largest for upper and smallest for lower bounds.
        audited: the constant that audits found, None where the paper states one or no audit did.
        limit: the ratio's known limit at infinite width, None where none is known.
        residual: of an identity, the relative norm of the difference of its sides.
        holds: whether an identity or a stated constant holds here; None where the constant is open.
        word: that, or how the ratio compares with the audited constant, in a word.
        worst: where that is; layers count from 1, examples and outputs from 0.
        beside: what the paper leaves to the data (γ, B) and the ratio with it, and the ratio of a stronger statement
            that is audited in this one's place.
    """

    id: str
    bound: str | None
    applicable: bool
    reason: str | None = None
    preconditions: dict[str, bool] = field(default_factory=dict)
    lhs: float | None = None
    rhs: float | None = None
    ratio: float | None = None
    audited: float | None = None
    limit: float | None = None
    residual: float | None = None
    holds: bool | None = None
    word: str = ""
    worst: dict[str, int] | None = None
    beside: dict[str, float | None] = field(default_factory=dict)


NOT_MEASURED: dict[Kind, str] = {
    "LEDGER": "arithmetic of exponents, measured on no network",
    "CTX": "context, not executable",
}
"""Kinds of claims that say nothing about networks, and why."""

A_RUN = "about a run: give check its checkpoints"
OWN_RUN = "about a run as its paper prescribes it, which audit makes and check does not"


def build_case(before: Weights, after: Weights, loaded: Loaded, setting: Setting, delta: float) -> Case:
    """W⁽⁰⁾ = W̃ the weights before, Ŵ those after, and τ the largest distance of a layer between them.

    Raises:
        UserError: if the data do not fit the network, or the distance overflows.
    """
    network = build_network(before, loaded, setting)
    step = step_between(before, after, setting)
    tau = float(distances(step, setting.ball).max())
    return Case(network, loaded.data, tau=tau, delta=delta, pair=Pair(network.still(), step))


def build_network(weights: Weights, loaded: Loaded, setting: Setting) -> Network:
    """The network of these weights.

    Raises:
        UserError: if the data do not fit it.
    """
    check_fit(weights, loaded)
    like = torch.zeros(1, dtype=torch.float64)
    return assemble(setting, [DenseMatrix(matrix[None]) for matrix in weights.matrices], like)


def step_between(before: Weights, after: Weights, setting: Setting) -> tuple[DenseChange, ...]:
    """W − W⁽⁰⁾ of every trained layer.

    Raises:
        UserError: if a layer's distance overflows.
    """
    trained = len(before.matrices) - (not setting.trains_output)
    pairs = list(zip(before.matrices, after.matrices, strict=True))[:trained]
    step = tuple(DenseChange((new - old)[None]) for old, new in pairs)
    tau = float(distances(step, setting.ball).max())
    if not tau < torch.inf:
        raise UserError(f"{after.path}: a layer's distance from {before.path} is {tau}, it must be finite")
    return step


def measure_each(
    chosen: Sequence[Claim], case: Case, patience: float = PATIENCE, done: Callable[[], None] = lambda: None
) -> list[Record]:
    """Each claim on the case; one that takes longer than `patience` seconds is given up."""
    records = []
    dear: set[str] = set()
    for claim in chosen:
        records.append(_check(claim, case, patience, dear))
        done()
    return records


def _check(claim: Claim, case: Case, patience: float, dear: set[str]) -> Record:
    obstacle = obstacle_of(claim, case)
    if obstacle:
        return Record(id=claim.id, bound=claim.bound, applicable=False, reason=obstacle)
    try:
        return _measured(claim, case, patience, dear)
    except TooDear as error:
        return Record(id=claim.id, bound=claim.bound, applicable=True, reason=f"skipped: it {error}")
    except BaseException as error:  # one claim's defect must not cost the user the other claims
        if by_hand(error):
            raise
        reason = f"defect: measuring it raised {type(error).__name__}: {words_of(error)}"
        return Record(id=claim.id, bound=claim.bound, applicable=True, reason=reason)


def obstacle_of(claim: Claim, case: Case) -> str:
    """Why the claim says nothing about the case; empty if it does. Depends on setting, data and sizes only."""
    if claim.problem is not None:
        own = "; lemmata check it by its id" if claim.problem.load is not None else ""
        return f"about a problem of its own, and no network of a setting{own}"
    if claim.setting.id != case.setting.id:
        return f"stated for the setting {claim.setting.id}, not {case.setting.id}"
    if claim.kind == "RUN" and (claim.own is None or case.run is None):
        return OWN_RUN if claim.own is None else A_RUN
    if claim.kind in NOT_MEASURED:
        return NOT_MEASURED[claim.kind]
    if len(case.inputs) < 2 and any("phi" in term.powers for term in claim.terms):
        return "needs a finite separation phi, one example has none"
    for name in ("m", "L", "n"):
        if not claim.domain.has(name, case.parameters[name]):
            low, high = claim.domain.ends(name)
            return f"stated for {name} {f'≥ {low:g}' if case.parameters[name] < low else f'≤ {high:g}'}"
    return claim.obstacle(case)


def _measured(claim: Claim, case: Case, patience: float, dear: set[str]) -> Record:
    """The statement at the case's own labels and slopes, with what the paper leaves to the data taken as 1."""
    own = replace(claim, measure=claim.own or claim.measure)
    with at_most(patience), case.leaving_to_data() as values:
        found = evaluate(own, case)
    beside: dict[str, float | None] = {}
    at_data: Evaluation | None = found
    if values or claim.own is not None:
        at_data = _beside(claim, own, case, values, beside, patience, dear)
    return record(claim, found, at_data, met(claim.preconditions, case.parameters), claim.limit(sizes(case)), beside)


def record(
    claim: Claim,
    found: Evaluation,
    at_data: Evaluation | None,
    preconditions: dict[str, bool],
    limit: float | None,
    beside: dict[str, float | None],
) -> Record:
    """What was found of one draw, in one row; whether it holds goes by the second evaluation."""
    lhs, rhs = _only(found.lhs), _only(found.rhs)
    if found.residual is None and claim.stated is not None:
        rhs *= claim.stated
    reason = _undefined(lhs, rhs)
    audited = audited_constants().get(claim.id)
    constant = None if audited is None or claim.stated is not None else float(audited["constant"])
    holds = None
    if at_data is not None and (found.residual is not None or claim.stated is not None):
        holds = not bool(at_data.violates(claim, claim.stated)[0])
    return Record(
        id=claim.id,
        bound=claim.bound,
        applicable=True,
        reason=reason,
        preconditions=preconditions,
        lhs=lhs,
        rhs=rhs,
        ratio=None if reason else lhs / rhs,
        audited=constant,
        limit=limit,
        residual=None if found.residual is None else _only(found.residual),
        holds=holds,
        word=_word(claim, holds, None if at_data is None else _only(at_data.ratio), constant),
        worst=found.worst[0],
        beside=beside,
    )


def _beside(
    claim: Claim,
    own: Claim,
    case: Case,
    values: dict[str, Callable[[], float]],
    beside: dict[str, float | None],
    patience: float,
    dear: set[str],
) -> Evaluation | None:
    """What stands beside a claim; returned is the statement with what the data say, None where that is too dear.

    What was too dear for one claim, of those in `dear`, is not tried again for another.
    """
    try:
        with at_most(patience):
            if dear & set(values):
                raise TooDear("took too long for another claim")
            beside |= {letter: value() for letter, value in values.items()}
            at_data = evaluate(own, case)
            if values:
                beside["ratio with " + ", ".join(values)] = _only(at_data.ratio) / (claim.stated or 1.0)
            if claim.own is not None and claim.kind == "SCALE":
                beside["infimum"] = _only(evaluate(claim, case).ratio)
            return at_data
    except TooDear:
        missing = [name for name in values if name not in beside]
        dear.update(missing)
        beside |= dict.fromkeys(missing)
        return None


def _word(claim: Claim, holds: bool | None, ratio: float | None, audited: float | None) -> str:
    if holds is not None:
        return "holds" if holds else "does not hold"
    if audited is None or ratio is None or math.isnan(ratio):
        return ""
    return "ordinary" if claim.direction.holds(torch.tensor(ratio), audited, 0.0) else "beyond what audits found"


def sizes(case: Case) -> Configuration:
    """The case's sizes, for what depends on nothing else."""
    p = case.parameters
    m, L, n, d, k = (int(p[name]) for name in ("m", "L", "n", "d", "k"))
    return Configuration(m=m, L=L, n=n, d=d, k=k, tau=p["tau"], delta=p["delta"], data="given")


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
