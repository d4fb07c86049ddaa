"""The worst weights round one network, per claim over the ball: found by a patient search, bounded by a certificate."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from lemmata.audit.measure.given import Loaded, Weights
from lemmata.audit.measure.pair import build_network, obstacle_of, sizes, step_between
from lemmata.audit.measure.patience import TooDear, at_most
from lemmata.claims.case import Case
from lemmata.claims.claim import Claim, Search
from lemmata.claims.constants import constant
from lemmata.claims.from_file import words_of
from lemmata.claims.language.condition import met
from lemmata.claims.measuring.search import ENOUGH, Find, patiently
from lemmata.model.attacks import Pair
from lemmata.model.ball import Ball
from lemmata.model.changes import Changes
from lemmata.model.interrupts import by_hand
from lemmata.model.settings import Setting

PATIENCE = 60.0
"""Seconds that the search for one claim may take, where nobody says otherwise."""

AT_REST = f"no start betters it by {ENOUGH:.0%}"
"""Why a search ended that came to its end."""

FLAT = "its attacks and single units are tried"
"""The same where the measurement has no slope to follow."""

EQUALITY = "an equality, which check measures"


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What is known of one claim's worst case over the ball round one network.

    Attributes:
        id: of the claim.
        applicable: whether it says anything of all weights near this network.
        reason: why not, or why there is no attack.
        preconditions: of each condition of the statement, whether it holds at the radius with unit constants.
        attack: the worst ratio lhs / rhs that was found, for a lower bound the least, every constant that no paper
            states taken as 1; what a paper leaves to the data (γ, B) is computed from them.
        certificate: what no weights in the ball can pass; None where none is known.
        uncertified: why there is none.
        searched: how: attacks that attain the supremum ("exact"), gradient steps ("ascent"), samples.
        recipe: what found it: attack@layer.example.output, or the network that was given, ^ steps of ascent.
        stopped: why the search ended.
        seconds: that it took.
        lhs, rhs: at the worst pair; of identities none is searched.
        worst: layer (from 1), example and output (from 0) there.
        constant: the stated one, or the one that audits found.
        word: what attack and certificate say of that constant.
        replay: of a lemma of one's own the command that leads to the same point, where that was drawn.
    """

    id: str
    applicable: bool
    reason: str | None = None
    preconditions: dict[str, bool] = field(default_factory=dict)
    attack: float | None = None
    certificate: float | None = None
    uncertified: str | None = None
    searched: Search | None = None
    recipe: str | None = None
    stopped: str | None = None
    seconds: float = 0.0
    lhs: float | None = None
    rhs: float | None = None
    worst: dict[str, int] | None = None
    constant: float | None = None
    word: str = ""
    replay: str | None = None


Place = tuple[tuple[Tensor, ...], tuple[Tensor, ...]]
"""W̃ and Ŵ, each with all its matrices, bottom to top."""


def build_ball(before: Weights, loaded: Loaded, setting: Setting, radius: float, delta: float) -> Case:
    """The network itself, with the ball round it.

    Raises:
        UserError: if the data do not fit the network.
    """
    network = build_network(before, loaded, setting)
    here = Case(network, loaded.data, tau=radius, delta=delta)
    return Case(network, loaded.data, tau=radius, delta=delta, configuration=sizes(here))


def starts_from(before: Weights, after: Weights | None, setting: Setting, radius: float) -> dict[str, Pair]:
    """The other network, or the point of the ball nearest to it, as Ŵ and as W̃.

    Raises:
        UserError: if a layer's distance overflows.
    """
    if after is None:
        return {}
    inside = Ball(setting.ball, radius).project(step_between(before, after, setting))
    still = tuple(change.scaled(0.0) for change in inside)
    return {"trained": Pair(still, inside), "trained-expansion": Pair(inside, tuple(c.scaled(-1.0) for c in inside))}


def search_each(
    chosen: Sequence[Claim],
    case: Case,
    given: Mapping[str, Pair],
    patience: float = PATIENCE,
    done: Callable[[], None] = lambda: None,
    found: Callable[[Claim, Place], None] = lambda claim, place: None,
) -> list[Searched]:
    """Each claim round the network; `found` is told where the worst is."""
    records = []
    for claim in chosen:
        records.append(_search(claim, case, given, patience, found))
        done()
    return records


def _search(
    claim: Claim, case: Case, given: Mapping[str, Pair], patience: float, found: Callable[[Claim, Place], None]
) -> Searched:
    obstacle = _obstacle(claim, case)
    if obstacle:
        return Searched(id=claim.id, applicable=False, reason=obstacle)
    started = time.perf_counter()
    stopped = "attained" if claim.exact(case.configuration) else AT_REST if claim.ascends else FLAT
    try:
        find, ended = last_of(patiently(claim, case, given), patience)
    except BaseException as error:  # one claim's defect must not cost the user the other claims
        if by_hand(error):
            raise
        reason = f"defect: measuring it raised {type(error).__name__}: {words_of(error)}"
        return Searched(id=claim.id, applicable=True, reason=reason)
    if find is None:
        return Searched(id=claim.id, applicable=True, reason=f"skipped: it {ended}")
    record = searched(claim, find, _certificate(claim, case, patience), ended or stopped, started)
    if record.attack is not None and isinstance(find.case, Case):
        found(claim, _place(find.case))
    return record


def last_of(finds: Iterator[Find], patience: float) -> tuple[Find | None, str | None]:
    """The worst that a search finds, and why it was given up; None where it came to its end."""
    find = None
    try:
        with at_most(patience):
            for latest in finds:
                find = latest
    except TooDear as error:
        return find, str(error)
    return find, None


def searched(
    claim: Claim, find: Find, certified: tuple[float | None, str | None], stopped: str, started: float
) -> Searched:
    """What was found round one network, in one row."""
    certificate, uncertified = certified
    attack, held = float(find.evaluation.ratio), constant(claim)
    return Searched(
        id=claim.id,
        applicable=True,
        reason=None if math.isfinite(attack) else "no ratio: the right-hand side is 0, or a side is no finite number",
        preconditions=met(claim.preconditions, find.case.parameters),
        attack=attack if math.isfinite(attack) else None,
        certificate=certificate,
        uncertified=uncertified,
        searched=claim.search(find.case.configuration),
        recipe=find.recipe,
        stopped=stopped,
        seconds=time.perf_counter() - started,
        lhs=float(find.evaluation.lhs),
        rhs=float(find.evaluation.rhs),
        worst=find.evaluation.worst[0],
        constant=held,
        word=_word(claim, find, certificate, held),
    )


def _obstacle(claim: Claim, case: Case) -> str:
    """Why there is nothing to search for; empty if there is."""
    if claim.judged in ("identity", "mean"):
        return EQUALITY
    return obstacle_of(claim, case) or ("" if claim.balls else "says nothing of all weights near these")


def _certificate(claim: Claim, case: Case, patience: float) -> tuple[float | None, str | None]:
    """The certificate, or why there is none."""
    if claim.certificate is None:
        return None, "none is known"
    try:
        with at_most(patience):
            bound = float(claim.certificate(case))
    except TooDear as error:
        return None, f"it {error}"
    return (bound, None) if math.isfinite(bound) else (None, "it is no finite number")


def _word(claim: Claim, find: Find, certificate: float | None, held: float | None) -> str:
    """Whether the constant is passed, or proved, or neither."""
    if held is None:
        return ""
    if bool(find.evaluation.violates(claim, held)):
        return "does not hold" if claim.stated is not None else "beyond what audits found"
    if certificate is not None and claim.direction.sign * certificate <= claim.direction.sign * held:
        return "certified"
    return "not passed"


def _place(case: Case) -> Place:
    """All matrices at W̃ and at Ŵ."""
    tilde, hat = (_moved(case, changes) for changes in (case.pair.tilde, case.change))
    return tilde, hat


def _moved(case: Case, changes: Changes) -> tuple[Tensor, ...]:
    matrices = [matrix.materialise()[0] for matrix in case.initial.matrices]
    with torch.no_grad():
        for layer, change in enumerate(changes):
            matrices[layer] = matrices[layer] + change.materialise()[0]
    return tuple(matrices)
