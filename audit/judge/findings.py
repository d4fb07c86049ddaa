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
from lemmata.audit.plan.grid import Sizes, points
from lemmata.audit.plan.job import Job, jobs
from lemmata.audit.plan.memory import processes
from lemmata.claims.claim import Claim
from lemmata.claims.registry import measured_claims

Watched = Callable[[int], AbstractContextManager[Callable[[], None]]]
"""What is told how many results to expect, and then of each as it lands."""


def unwatched(total: int) -> AbstractContextManager[Callable[[], None]]:
    """Nobody is told."""
    return nullcontext(lambda: None)


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
    sides = [side for claim in chosen for side in claim.sides]
    derived = [judge_unmeasured(claim) for claim in sides if not claim.measured]
    measurable = [claim for claim in sides if claim.measured]
    work = jobs(
        measurable,
        lambda claim: points(claim, sizes),
        engine=options.engine,
        seed=options.seed,
        dtype=options.dtype,
        device=options.device,
    )
    workers = processes(work, {claim.id: claim for claim in measurable}, options.workers)
    options = replace(options, workers=workers)
    budget = Budget().shared(len(measured_claims()))
    by_claim: dict[str, list[Trials]] = {claim.id: [] for claim in measurable}
    for trials in _measured(work, options, store, watched):
        by_claim[trials.job.claim].append(trials)
    judged = [judge(claim, by_claim[claim.id], budget) for claim in measurable]
    found = {finding.claim.id: finding for finding in (*derived, *judged)}
    return [joined(claim, [found[side.id] for side in claim.sides]) for claim in chosen]


def _measured(work: list[Job], options: Options, store: Store | None, watched: Watched) -> list[Trials]:
    """Results of the jobs, in their order; within a budget, of as many initialisations as it allows."""
    deadline = time.monotonic() + options.budget
    with watched(len(work)) as advance:

        def measure(some: Sequence[Job]) -> list[Trials]:
            return run_all(some, backend=options.spread, done=lambda _: advance(), kept=store, deadline=deadline)

        if options.budget == math.inf:
            return measure(work)
        return spend(work, measure, deadline=deadline, at_once=options.workers)
