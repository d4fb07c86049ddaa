"""`lemmata controls`: every false neighbour of a claim, and whether the audit refutes it."""

from collections.abc import Sequence
from typing import Any, get_args

import click

from lemmata.audit.arguments import claims_from, device_option, format_option, patterns_argument, seed_option
from lemmata.audit.choosing import choose
from lemmata.audit.judge.controls import Outcome, Result, judge_all
from lemmata.audit.measure.options import Options
from lemmata.audit.measure.sweep import Failure, Trials, run_all
from lemmata.audit.plan.devices import choose_device, workers
from lemmata.audit.plan.grid import Sizes, points
from lemmata.audit.plan.job import jobs
from lemmata.audit.show.grid import Grid
from lemmata.audit.show.progress import progress
from lemmata.audit.show.tables import Format, emit, finite
from lemmata.claims.claim import Claim
from lemmata.claims.measuring.neighbours import neighbours
from lemmata.claims.registry import REGISTRY


def controls(chosen: Sequence[Claim], options: Options, form: Format) -> int:
    """Run every control of the claims, print what became of each, and return the exit status.

    The status is 1 when a control that is false was not refuted.
    """
    sides = [side for claim in chosen for side in claim.sides]
    need = [claim for claim in sides if any(c.scaling is not None for c in neighbours(claim))]
    work = jobs(need, lambda claim: points(claim, Sizes()), seed=options.seed, device=options.device)
    measured: dict[str, list[Trials]] = {claim.id: [] for claim in chosen}
    failures: dict[str, str] = {}

    def failed(failure: Failure) -> None:
        failures.setdefault(REGISTRY[failure.job.claim].part_of or failure.job.claim, failure.reason)

    with progress(len(work), "measuring") as advance:
        for trials in run_all(work, workers=options.workers, done=lambda _: advance(), failed=failed):
            measured[trials.claim.part_of or trials.job.claim].append(trials)
    results = {
        claim.id: [Result(control, "error", failures[claim.id]) for control in neighbours(claim)]
        if claim.id in failures
        else judge_all(claim, measured[claim.id], options)
        for claim in chosen
    }
    document = {"score": _score([r for rs in results.values() for r in rs]), "claims": _document(results)}
    columns = ("claim", "control", "verdict", "reason")
    rows = [[id.partition("/")[2], r.control.name, r.verdict, r.reason] for id, found in results.items() for r in found]
    emit(form, document, Grid(columns, rows), _summary(results))
    return int(any(r.verdict in ("survived", "error") for found in results.values() for r in found))


def _score(results: Sequence[Result]) -> float | None:
    refuted = sum(r.verdict == "refuted" for r in results)
    decided = refuted + sum(r.verdict == "survived" for r in results)
    return refuted / decided if decided else None


def _document(results: dict[str, list[Result]]) -> dict[str, Any]:
    return {
        id: {
            "score": _score(found),
            "controls": [
                {
                    "name": r.control.name,
                    "of": r.control.of,
                    "statement": r.control.statement,
                    "verdict": r.verdict,
                    "witness": None if r.witness is None else r.witness.token(),
                    "ratio": None if r.ratio is None else finite(r.ratio),
                    "reason": r.reason,
                    "replay": None if r.witness is None else r.witness.command(),
                }
                for r in found
            ],
        }
        for id, found in results.items()
    }


def _summary(results: dict[str, list[Result]]) -> str:
    """A line of counts per paper, one for all where there are several, and the claims that nothing refuted."""
    papers: dict[str, list[Result]] = {}
    for id, found in results.items():
        papers.setdefault(id.partition("/")[0], []).extend(found)
    if len(papers) > 1:
        papers["all"] = [result for found in results.values() for result in found]
    lines = [f"{paper}: {_counts(found)}" for paper, found in papers.items()]
    empty = [id for id, found in results.items() if not any(r.verdict == "refuted" for r in found)]
    return "\n".join([*lines, *([f"no control refuted for: {', '.join(empty)}"] if empty else [])])


def _counts(found: Sequence[Result]) -> str:
    counts = {verdict: sum(r.verdict == verdict for r in found) for verdict in get_args(Outcome)}
    score = _score(found)
    shown = "none decided" if score is None else f"score {score:.1%}"
    number = "1 control" if len(found) == 1 else f"{len(found)} controls"
    return f"{number}, {', '.join(f'{n} {v}' for v, n in counts.items())}; {shown}"


@click.command("controls")
@format_option
@claims_from
@seed_option
@device_option
@patterns_argument
def command(patterns: tuple[str, ...], seed: int, device: str, form: Format) -> int:
    """Whether each claim's false neighbours are refuted: a claim that nothing can refute tests nothing.

    A neighbour is the claim with one exponent moved, its constant halved, or a part left out or replaced.
    `true`: a stronger statement that holds, with a proof, a closed form or a computation; it says how loose the
    paper's bound is. `out-of-reach`: one that is false or open, and that no size here can tell. Score: refuted over
    refuted and survived.
    """
    options = Options(seed=seed, device=choose_device(device), workers=workers())
    return controls(choose(patterns), options, form)
