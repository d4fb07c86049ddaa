"""Findings on claims: planned, measured in parallel, judged."""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from lemmata.audit.judge.evidence import Budget
from lemmata.audit.judge.rounds import spend
from lemmata.audit.judge.sides import joined
from lemmata.audit.judge.verdicts import Finding, judge, judge_unmeasured
from lemmata.audit.measure.options import Options
from lemmata.audit.measure.store import Store
from lemmata.audit.measure.sweep import Trials, run_all
from lemmata.audit.plan.grid import Sizes, points, skipped
from lemmata.audit.plan.job import Job, jobs
from lemmata.audit.plan.memory import processes
from lemmata.claims.beside import at_home
from lemmata.claims.claim import Claim
from lemmata.claims.from_file import explained
from lemmata.model.interrupts import by_hand

NOWHERE = "none of the sizes asked lies in its domain"

Watched = Callable[[int], AbstractContextManager[Callable[[], None]]]
"""What is told how many results to expect, and then of each as it lands."""


def unwatched(total: int) -> AbstractContextManager[Callable[[], None]]:
    """Nobody is told."""
    return nullcontext(lambda: None)


def left_out(chosen: Sequence[Claim], sizes: Sizes) -> list[str]:
    """Which of the sizes asked for are skipped, and for how many claims, one line per option and set of sizes."""
    claims: dict[tuple[str, tuple[float, ...]], list[str]] = {}
    for claim in chosen:
        for option, outside in skipped(claim, sizes).items():
            claims.setdefault((option, tuple(outside)), []).append(claim.id)
    return [
        f"--{option} {','.join(f'{size:g}' for size in outside)}: outside of the domain of "
        f"{ids[0] if len(ids) == 1 else f'{len(ids)} of {len(chosen)} claims'}, not measured there"
        for (option, outside), ids in claims.items()
    ]


def sweep(
    chosen: Sequence[Claim],
    sizes: Sizes,
    options: Options,
    *,
    store: Store | None = None,
    watched: Watched = unwatched,
) -> list[Finding]:
    """Findings of the claims, measured in parallel.

    Args:
        chosen: the claims, in the order of the findings.
        sizes: where they are measured.
        options: how.
        store: where results are kept as they land, and those of an earlier run come from.
        watched: is told how far the run is.

    Raises:
        ValueError: if sizes do not fit a claim's data, or a job the memory.
    """
    failures: dict[str, str] = {}
    sides = [side for claim in chosen for side in claim.sides]
    measurable = [claim for claim in sides if claim.measured]
    work = _planned(measurable, sizes, options, failures)
    workers = processes(work, {claim.id: claim for claim in measurable}, options.workers)
    options = replace(options, workers=workers)
    budget = Budget().shared(max(1, len(measurable)))
    by_claim: dict[str, list[Trials]] = {claim.id: [] for claim in measurable}
    for trials in _measured(work, options, failures, store, watched):
        by_claim[trials.job.claim].append(trials)
    found = {side.id: _judged(side, sizes, by_claim.get(side.id, []), failures.get(side.id), budget) for side in sides}
    return [joined(claim, [found[side.id] for side in claim.sides]) for claim in chosen]


def _planned(claims: Sequence[Claim], sizes: Sizes, options: Options, failures: dict[str, str]) -> list[Job]:
    """The jobs of the claims; why one has none is noted under its id."""
    work: list[Job] = []
    for claim in claims:
        try:
            work += jobs(
                [claim],
                lambda claim: points(claim, sizes),
                engine=options.engine,
                seed=options.seed,
                dtype=options.dtype,
                device=options.device,
                certified=True,
            )
        except BaseException as error:  # what a person's own claim fixes or plans need not make sense
            if by_hand(error):
                raise
            failures[claim.id] = explained(claim, "", error)
    return work


def _judged(claim: Claim, sizes: Sizes, trials: list[Trials], failure: str | None, budget: Budget) -> Finding:
    """The verdict on one claim; of one that could not be measured or judged "error", which is never expected."""
    if failure is None:
        try:
            if not claim.measured:
                return judge_unmeasured(claim)
            if not points(claim, sizes):
                return Finding(claim, "inconclusive", NOWHERE, [])
            with at_home(claim.id):
                return judge(claim, trials, budget)
        except BaseException as error:  # one claim's defect must not cost the others their verdicts
            if by_hand(error):
                raise
            failure = explained(claim, "", error)
    return Finding(claim, "error", failure, trials)


def _measured(
    work: list[Job], options: Options, failures: dict[str, str], store: Store | None, watched: Watched
) -> list[Trials]:
    """Results of the jobs, in their order; within a budget, of as many initialisations as it allows.

    Of a claim that fails, the first failure is noted under its id.
    """
    deadline = time.monotonic() + options.budget
    with watched(len(work)) as advance:

        def measure(some: Sequence[Job]) -> list[Trials]:
            return run_all(
                some,
                backend=options.spread,
                done=lambda _: advance(),
                failed=lambda failure: failures.setdefault(failure.job.claim, failure.reason),
                kept=store,
                deadline=deadline,
            )

        if options.budget == math.inf:
            return measure(work)
        return spend(work, measure, deadline=deadline, at_once=options.workers)
