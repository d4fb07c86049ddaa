"""A budget of time, spent where it narrows the widest intervals first."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from lemmata.audit.judge.growth import quantile
from lemmata.audit.measure.sweep import Trials
from lemmata.audit.plan.job import Job

FIRST = 4
"""Initialisations of every configuration in the first round; each later round doubles what a claim has."""

Measure = Callable[[Sequence[Job]], list[Trials]]


def spend(work: Sequence[Job], measure: Measure, *, deadline: float, at_once: int) -> list[Trials]:
    """Results of the jobs, as many initialisations of each as the time allows.

    First every configuration gets a few; then the claims whose constant has the widest relative interval get more,
    `at_once` of them in a round, until nothing that is left fits into the time or could narrow an interval.

    Args:
        work: the configurations; their own numbers of initialisations are disregarded from the second round on.
        measure: measures jobs, in parallel.
        deadline: time of `time.monotonic` at which to end.
        at_once: claims per round.
    """
    few = [replace(job, initialisations=min(FIRST, job.initialisations)) for job in work]
    claims: dict[str, list[Trials]] = {}
    for trials in measure(few):
        claims.setdefault(trials.job.claim, []).append(trials)
    open_ = set(claims)
    while open_ and time.monotonic() < deadline:
        widest = sorted(open_, key=lambda id: (-_width(claims[id]), id))[:at_once]
        left = deadline - time.monotonic()
        more = {id: [_as_many_again(t) for t in claims[id] if t.seconds < left] for id in widest}
        open_ -= {id for id in widest if not more[id] or not _width(claims[id])}
        found = measure([job for id in widest if id in open_ for job in more[id]])
        open_ -= {id for id in widest if id not in {trials.job.claim for trials in found}}
        following = {replace(trials.job, first=0, initialisations=trials.job.first): trials for trials in found}
        for id in widest:
            claims[id] = [t.then(following[t.job]) if t.job in following else t for t in claims[id]]
    return [trials for found in claims.values() for trials in found]


def _width(trials: list[Trials]) -> float:
    """Relative width of the constant's interval; 0 for identities, and where every initialisation agrees."""
    if any(item.residual for item in trials):
        return 0.0
    claim = trials[0].claim
    values = [[value for value in item.ratio if math.isfinite(value)] for item in trials]
    found = [
        quantile(sample, claim.direction.level(item.job.configuration.delta))
        for item, sample in zip(trials, values, strict=True)
        if sample
    ]
    if not found:
        return 0.0
    worst = max(found, key=lambda q: claim.direction.sign * q.estimate)
    if worst.high is None:
        return math.inf
    return (worst.high - worst.low) / abs(worst.estimate) if worst.estimate else 0.0


def _as_many_again(trials: Trials) -> Job:
    return replace(trials.job, first=trials.job.initialisations)
