"""`lemmata audit --write-constants`: what stands for each "absolute constant" in the tests, over data and weights.

A statement is for all data, and what was measured on one data set says little of another where the data decide most of
the ratio. So beside the audit's own lines, the corners of each domain are measured on several data sets.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.stats import binom, f, nct, norm

from lemmata.audit.judge.evidence import Budget
from lemmata.audit.judge.growth import CONFIDENCE
from lemmata.audit.judge.verdicts import Finding
from lemmata.audit.measure.files import write_whole
from lemmata.audit.measure.options import Options
from lemmata.audit.measure.sweep import Trials, run_all
from lemmata.audit.plan.grid import Point, corners
from lemmata.audit.plan.job import Job, jobs
from lemmata.claims.claim import Claim
from lemmata.claims.constants import audited_constants, constants_file
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.direction import Direction
from lemmata.claims.registry import REGISTRY, measured_claims

SCREENED = 2
"""Data sets on which every corner is measured."""

FINALISTS = 2
"""Corners that go on to the other data sets."""

DATA_SETS = 64
MANY = 256
COLLECTED = 16
"""Data sets; where they seem to differ; and where every initialisation has a sample of its own, so that they only
collect initialisations."""

DEAR = 16
OTHERWISE = 32
"""Initialisations per data set, of runs and of attacks on a ball, and of what is quickly measured."""

SEARCHED = 8
"""Initialisations on which a patient search says what the audit's own overlooks, where the constant is decided."""

SEEN = 0.8
"""Level at which an F test sees that data sets differ: what it overlooks is to be small more than rare."""


@dataclass(frozen=True)
class Entry:
    """The constant of one claim: where it was decided, on which seed's data it is worst there, and from how much."""

    constant: float
    at: Configuration
    seed: int
    provenance: str


def constants_files(claims: Iterable[Claim]) -> list[Path]:
    """Where the constants of these claims are kept."""
    stored = [side.id for claim in claims for side in claim.sides if _has_constant(side)]
    return [Path(file) for file in sorted({str(constants_file(id)) for id in stored})]


def write_constants(findings: Sequence[Finding], options: Options) -> list[str]:
    """Measure the corners, and write the constants that the tests read.

    Claims that were not audited now, and readings other than the one meant, keep their entries. One that no constant
    holds, because the audit refuted it, or its ratio is infinite, zero below, or defined nowhere, loses its entry.

    Returns:
        what was not stored, and why, a line each.
    """
    chosen = [side for finding in findings for side in finding.each if _has_constant(side.claim)]
    measured = measure_corners(chosen, options)
    entries = {id: dict(entry) for id, entry in audited_constants().items()}
    refused = []
    for finding in chosen:
        entry = decide(finding, measured[finding.claim.id], options)
        if isinstance(entry, str):
            refused.append(f"{finding.claim.id}: no constant is stored: {entry}")
            entries.pop(finding.claim.id, None)
            continue
        entries[finding.claim.id] = {
            "constant": entry.constant,
            "at": entry.at.token(),
            "seed": entry.seed,
            "provenance": entry.provenance,
        }
    for file in constants_files(finding.claim for finding in chosen):
        write_whole(file, _text({id: entry for id, entry in entries.items() if Path(str(constants_file(id))) == file}))
    audited_constants.cache_clear()
    return refused


def _has_constant(side: Claim) -> bool:
    return side.judged == "growth" and side.reading == "meant"


Measured = Mapping[Configuration, list[Trials]]
"""Of every corner, what was measured on each data set."""


def measure_corners(findings: Sequence[Finding], options: Options) -> dict[str, Measured]:
    """Every corner, and where the audit found the constant, on a few data sets; the worst of these on many."""
    claims = [finding.claim for finding in findings]
    found: dict[str, dict[Configuration, list[Trials]]] = {claim.id: defaultdict(list) for claim in claims}

    def measure(chosen: Mapping[str, Iterable[Configuration]], seeds: range) -> None:
        for trials in run_all(_jobs(chosen, seeds, options), backend=options.spread):
            found[trials.job.claim][trials.job.configuration].append(trials)

    decided = {each.claim.id: [each.at.job.configuration] for each in findings if each.at is not None}
    measure(
        {claim.id: dict.fromkeys((*corners(claim), *decided.get(claim.id, ()))) for claim in claims}, range(SCREENED)
    )
    finalists = {claim.id: _worst(claim, found[claim.id]) for claim in claims}
    measure(finalists, range(SCREENED, COLLECTED))
    shared = {claim.id: finalists[claim.id] for claim in claims if not claim.resampled}
    measure(shared, range(COLLECTED, DATA_SETS))
    varied = {id: [c for c in of if _varies(REGISTRY[id], found[id][c])] for id, of in shared.items()}
    measure(varied, range(DATA_SETS, MANY))
    return {id: dict(measured) for id, measured in found.items()}


def decide(finding: Finding, measured: Measured, options: Options) -> Entry | str:
    """The weakest of the constants that the worst corners ask for; or why there is none."""
    if finding.verdict == "refuted" and finding.claim.expected != "refuted":
        return f"it is refuted, {finding.reason}"
    direction, ratios = finding.claim.direction, {c: _ratios(on) for c, on in _finalists(measured).items()}
    ratios = {c: found for c, found in ratios.items() if not np.isnan(found).all()}
    if not ratios:
        return "its ratio is defined nowhere"
    limits = {c: _limit(finding.claim, c, ratios[c]) for c in ratios}
    where = max(limits, key=lambda configuration: direction.sign * limits[configuration])
    if not math.isfinite(limits[where]) or limits[where] == direction.no_constant:
        place, ratio = where.token() or "the base configuration", limits[where] + 0.0  # no minus zero
        return f"none holds at {place}, where the worst ratio is {ratio:g}"
    medians = np.median(direction.sign * _defined(ratios[where], direction), axis=1)
    seed = measured[where][int(medians.argmax())].job.seed
    count = finding.initialisations + sum(len(each.ratio) for on in measured.values() for each in on)
    sets, each = ratios[where].shape
    provenance = (
        f"lemmata audit --write-constants --seed {options.seed}; {sets} data sets of {each} initialisations there, "
        f"{count} initialisations in all"
    )
    limit, worst = limits[where], measured[where][int(medians.argmax())]
    if finding.claim.ascends and not finding.claim.exact(where):
        share = overlooked(worst, options)
        limit *= share
        provenance += f"; times {share:.3g}, what a patient search adds on {SEARCHED} of them"
    return Entry(_outwards(limit, direction), where, seed, provenance)


def overlooked(trials: Trials, options: Options) -> float:
    """What a patient search makes of the worst quarter of these initialisations, over what the audit's own found."""
    found, direction = np.array([trials.ratio[:SEARCHED]]), trials.claim.direction
    halves = [
        replace(trials.job, initialisations=SEARCHED // 2, first=first, patient=True) for first in (0, SEARCHED // 2)
    ]
    patient = np.array([[ratio for half in run_all(halves, backend=options.spread) for ratio in half.ratio]])
    before, logs = values(found, direction)
    after, still = values(np.where(direction.sign * patient > direction.sign * found, patient, found), direction)
    if not (logs and still):
        return 1.0
    return math.exp(direction.sign * float(top(after)[0] - top(before)[0]))


def share_of_data_sets() -> float:
    """The share of all data sets on which a constant is to hold: one run tests every claim within one error budget."""
    return 1 - Budget().shared(len(measured_claims())).alpha


def values(ratios: np.ndarray, direction: Direction) -> tuple[np.ndarray, bool]:
    """Ratios on the scale and with the sign on which they are bounded from above, and whether that is logarithms."""
    logs = bool((ratios[~np.isnan(ratios)] > 0).all())
    return np.nan_to_num((np.log(ratios) if logs else ratios) * direction.sign, nan=-math.inf), logs


def data_matter(ratios: np.ndarray, direction: Direction) -> bool:
    """Whether an F test sees that data sets differ, from ratios (data sets, initialisations)."""
    found, _ = values(ratios, direction)
    if not np.isfinite(found).all():
        return False
    between, within = found.mean(axis=1).var(ddof=1), found.var(axis=1, ddof=1).mean()
    count, each = found.shape
    return bool(each * between > f.ppf(SEEN, count - 1, count * (each - 1)) * within)


def top(found: np.ndarray) -> np.ndarray:
    """The mean of each data set's largest quarter, (data sets,): where bounds are decided."""
    return np.sort(found, axis=1)[:, -max(1, found.shape[1] // 4) :].mean(axis=1)


def over_initialisations(ratios: np.ndarray, level: float, direction: Direction) -> float:
    """The outer end of the interval for the quantile of ratios that are all independent of one another."""
    if np.isinf(ratios).any():
        return direction.no_constant
    found, logs = values(ratios, direction)
    limit = _upper_end(found.ravel(), level) * direction.sign
    return math.exp(limit) if logs else limit


def over_data_sets(ratios: np.ndarray, level: float, direction: Direction) -> float:
    """What the quantile over initialisations stays below (for lower bounds above) on nearly all data sets.

    Data sets are taken to differ by a shift of what is largest in them, normal on a logarithmic scale where that
    exists. Its variance is the covariance of the two halves of each data set's initialisations, which their noise does
    not enter; the upper tolerance limit of that normal law is added to the upper end of the interval for the quantile
    within data sets. The share of data sets lies far beyond those measured, and rests on the normal law. Differences
    that an F test does not see are left out: with `DATA_SETS` they are too small for the tests of a claim to see.

    Args:
        ratios: (data sets, initialisations).
        level: of the quantile, for an upper bound.
        direction: whether the ratio is bounded from above or from below.
    """
    if np.isinf(ratios).any():
        return direction.no_constant
    found, logs = values(ratios, direction)
    # A data set whose largest ratios are not even defined says nothing of how data differ.
    found = found[np.isfinite(top(found))]
    largest, count = top(found), len(found)
    if not count:
        return over_initialisations(ratios, level, direction)
    limit = float(largest.mean())
    if data_matter(ratios, direction):
        between = math.sqrt(max(0.0, float(np.cov(top(found[:, ::2]), top(found[:, 1::2]))[0, 1])))
        farthest = math.sqrt(count) * norm.ppf(share_of_data_sets())
        limit += nct.ppf(CONFIDENCE, count - 1, farthest) / math.sqrt(count) * between
    limit = (limit + _upper_end((found - largest[:, None]).ravel(), level)) * direction.sign
    # What is largest in a data set is part of it, which draws the rest together: no less than all of them as one.
    together = over_initialisations(ratios, level, direction)
    return direction.worst((math.exp(limit) if logs else limit, together))


def _upper_end(found: np.ndarray, level: float) -> float:
    """Of the distribution-free interval for a quantile."""
    at = min(int(binom.ppf(1 - (1 - CONFIDENCE) / 2, len(found), level)), len(found) - 1)
    return float(np.sort(found)[at])


def _ratios(on: Sequence[Trials]) -> np.ndarray:
    return np.array([each.ratio for each in on])


def _defined(ratios: np.ndarray, direction: Direction) -> np.ndarray:
    """The ratios, those undefined on the better side of all others."""
    return np.where(np.isnan(ratios), -direction.hopeless, ratios)


def _finalists(measured: Measured) -> Measured:
    """What was measured on more than the first data sets."""
    return {configuration: on for configuration, on in measured.items() if len(on) > SCREENED}


def _jobs(chosen: Mapping[str, Iterable[Configuration]], seeds: range, options: Options) -> list[Job]:
    def points(claim: Claim) -> list[Point]:
        return [Point(configuration, _each(claim)) for configuration in chosen[claim.id]]

    return [
        job
        for seed in seeds
        for job in jobs(
            [REGISTRY[id] for id in chosen],
            points,
            seed=options.seed + seed,
            dtype=options.dtype,
            device=options.device,
        )
    ]


def _each(claim: Claim) -> int:
    return DEAR if claim.kind == "RUN" or claim.domain.tau is not None else OTHERWISE


def _worst(claim: Claim, measured: Measured) -> list[Configuration]:
    """The corners whose ratio is worst, at the level that the claim is held to."""

    def badness(configuration: Configuration) -> float:
        ratios = _ratios(measured[configuration])
        goodness = -claim.direction.sign * ratios[~np.isnan(ratios)]
        if not len(goodness):
            return math.inf
        if not np.isfinite(goodness).all():
            return float(np.quantile(goodness, configuration.delta, method="lower"))
        return float(np.quantile(goodness, configuration.delta))

    return sorted(measured, key=badness)[:FINALISTS]


def _varies(claim: Claim, on: Sequence[Trials]) -> bool:
    return data_matter(_ratios(on), claim.direction)


def _limit(claim: Claim, configuration: Configuration, ratios: np.ndarray) -> float:
    """Where every initialisation has a sample of its own, data sets only collect them."""
    limit = over_initialisations if claim.resampled else over_data_sets
    return limit(ratios, 1 - configuration.delta, claim.direction)


def _outwards(end: float, direction: Direction) -> float:
    """Rounded to three digits, to the side on which the claim is weaker."""
    if not end or not math.isfinite(end):
        return end
    unit = 10.0 ** (math.floor(math.log10(abs(end))) - 2)
    return float(f"{(math.ceil if direction.sign > 0 else math.floor)(end / unit) * unit:.3g}")


def _text(entries: Mapping[str, Mapping[str, object]]) -> str:
    lines = ["# Audited constants: written by `lemmata audit --write-constants`, read by the tests.", ""]
    for id in sorted(entries):
        lines += [f'["{id}"]', *(f"{key} = {json.dumps(value)}" for key, value in entries[id].items()), ""]
    return "\n".join(lines)
