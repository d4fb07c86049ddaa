"""`lemmata audit`: a sweep, its verdicts, and how they are shown."""

import json
import math
import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from lemmata.audit.errors import Interrupted, UserError
from lemmata.audit.judge.constants import write_constants
from lemmata.audit.judge.evidence import Budget
from lemmata.audit.judge.rounds import spend
from lemmata.audit.judge.verdicts import Exponent, Finding, judge, judge_unmeasured
from lemmata.audit.measure.files import load_data, write_whole
from lemmata.audit.measure.options import Options
from lemmata.audit.measure.store import Store
from lemmata.audit.measure.sweep import Job, Trials, jobs, run_all
from lemmata.audit.plan.engines import processes
from lemmata.audit.plan.grid import Sizes, points
from lemmata.audit.show import baseline as earlier
from lemmata.audit.show import step_summary
from lemmata.audit.show.document import replay_command, searched, to_json
from lemmata.audit.show.tables import Format, emit, grid, number
from lemmata.claims.claim import Claim
from lemmata.claims.registry import measured_claims
from lemmata.model.data import GENERATED


def audit(
    chosen: Sequence[Claim],
    sizes: Sizes,
    options: Options,
    *,
    form: Format = "table",
    out: str | None = None,
    resume: bool = False,
    baseline: str | None = None,
    constants: bool = False,
) -> int:
    """Measure and judge the claims, print the outcome, and return the exit status.

    The status is 1 when a verdict is not the expected one, or differs from the baseline's, or a constant does.

    Raises:
        UserError: if the sizes fit no claim, the output directory cannot be used, or the baseline cannot be compared.
        Interrupted: if a person stops it, saying how to go on.
    """
    if resume and out is None:
        raise UserError("--resume needs the directory of the audit to go on with: --out DIR")
    before = None if baseline is None else earlier.load(baseline, sizes)
    sizes = _with_dimension(sizes, chosen)
    with ExitStack() as opened:
        store = None if out is None else opened.enter_context(Store(Path(out), resume=resume))
        if store is not None and store.note:
            click.echo(f"lemmata: {store.note}", err=True)
        try:
            findings = sweep(chosen, sizes, options, store=store)
        except ValueError as error:
            raise UserError(str(error)) from error
        except KeyboardInterrupt:
            raise Interrupted(_how_to_go_on(store)) from None
        document = to_json(findings, sizes, options)
        changes = [] if before is None else earlier.changes(before, document)
        if before is not None:
            document["baseline"] = {"file": baseline, "changes": changes}
        if store is not None:
            write_whole(Path(str(out)) / "audit.json", json.dumps(document, indent=1, allow_nan=False))
            store.finish()
    if constants:
        write_constants(findings, options)
    drifted = earlier.drift(document)
    step_summary.append(document, changes, drifted)
    said = [f"baseline: {change}" for change in changes] + [f"constants.toml: {line}" for line in drifted]
    emit(form, document, *tables(findings, sizes), *map(Text, said))
    return 0 if all(finding.expected for finding in findings) and not changes else 1


def sweep(chosen: Sequence[Claim], sizes: Sizes, options: Options, *, store: Store | None = None) -> list[Finding]:
    """Findings of the claims, measured in parallel."""
    derived = [judge_unmeasured(claim) for claim in chosen if not claim.measured]
    measurable = [claim for claim in chosen if claim.measured]
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
    for trials in _measured(work, sizes, options, store):
        by_claim[trials.job.claim].append(trials)
    judged = [judge(claim, by_claim[claim.id], budget) for claim in measurable]
    found = {finding.claim.id: finding for finding in (*derived, *judged)}
    return [found[claim.id] for claim in chosen]


def _measured(work: list[Job], sizes: Sizes, options: Options, store: Store | None) -> list[Trials]:
    """Results of the jobs, in their order; within a budget, of as many initialisations as it allows."""
    deadline = time.monotonic() + options.budget
    with _progress(len(work)) as advance:

        def measure(some: Sequence[Job]) -> list[Trials]:
            return run_all(some, backend=options.spread, done=lambda _: advance(), kept=store, deadline=deadline)

        if options.budget == math.inf:
            return measure(work)
        return spend(work, measure, deadline=deadline, at_once=options.workers)


def _how_to_go_on(store: Store | None) -> str:
    if store is None:
        return "interrupted; nothing is kept without --out DIR"
    return (
        f"interrupted; {store.kept} results are kept in {store.path.parent}: the same command with --resume continues"
    )


def _with_dimension(sizes: Sizes, chosen: Sequence[Claim]) -> Sizes:
    """The sizes with the input dimension of the data, which decides how wide a network may be.

    Raises:
        UserError: if the data cannot be read, or have fewer examples than are asked for.
    """
    if sizes.data in GENERATED or not chosen:
        return sizes
    inputs = load_data(sizes.data, chosen[0].setting).data.inputs
    if sizes.samples and max(sizes.samples) > len(inputs):
        raise UserError(f"--samples: {max(sizes.samples)} examples asked of {sizes.data}, which has {len(inputs)}")
    return replace(sizes, dimension=inputs.shape[1])


def tables(findings: Sequence[Finding], sizes: Sizes) -> list[RenderableType]:
    """One row per claim, and the reasons of what needs a reader's attention."""
    columns = ("claim", "verdict", "constant (95 %)", "limit", *_EXPONENTS, "searched")
    rows = _by_paper(findings)
    legend = Text(
        f"constant: the {1 - sizes.delta:.0%} quantile over initialisations of lhs / rhs, at the configuration where "
        "it is largest. m, L, n, τ: growth of the left-hand side, measured / claimed.",
        style="dim",
    )
    remarks = [
        Text(f"{_short(finding)}: {finding.verdict}, {finding.reason}{_replay_hint(finding)}")
        for finding in findings
        if finding.verdict not in ("supported", "not-executable") or not finding.expected
    ]
    surprises = [finding for finding in findings if not finding.expected]
    total = sum(finding.initialisations for finding in findings)
    closing = f"{len(findings)} claims, {total} initialisations, {len(surprises)} verdicts not as expected."
    return [grid(columns, rows), "", legend, *remarks, closing]


_EXPONENTS = {"m": "m", "L": "L", "n": "n", "τ": "tau"}


def _by_paper(findings: Sequence[Finding]) -> list[list[str]]:
    """A row per claim; where there are several papers, each begins with a row of its own."""
    rows, papers = [], {finding.claim.source.paper.key for finding in findings}
    paper = "" if len(papers) > 1 else next(iter(papers), "")
    for finding in findings:
        if finding.claim.source.paper.key != paper:
            paper = finding.claim.source.paper.key
            rows.append([f"{paper}:"])
        rows.append(_row(finding))
    return rows


def _row(finding: Finding) -> list[str]:
    constant = finding.constant
    if not finding.claim.measured:
        shown = "" if finding.claim.derive is None else "derived"
    elif constant is None:
        shown = f"residual {max((max(t.residual) for t in finding.trials if t.residual), default=0):.1e}"
    else:
        high = "…" if constant.high is None else f"{constant.high:.3g}"
        shown = f"{constant.estimate:.3g} [{constant.low:.3g}, {high}]"
    limit = None if finding.at is None else finding.claim.limit(finding.at.job.configuration)
    return [
        _short(finding),
        finding.verdict,
        shown,
        number(finding.claim.stated if limit is None else limit),
        *(_exponent(finding.exponents.get(name)) for name in _EXPONENTS.values()),
        searched(finding),
    ]


def _exponent(found: Exponent | None) -> str:
    if found is None:
        return ""
    measured = f"{found.measured.slope:.2f}".replace("-0.00", "0.00")
    return f"{measured}/{found.claimed}"


def _replay_hint(finding: Finding) -> str:
    command = replay_command(finding)
    return f"\n    {command}" if command and finding.verdict == "refuted" else ""


def _short(finding: Finding) -> str:
    return finding.claim.id.partition("/")[2]


def _progress(total: int) -> Any:
    """A context whose value advances a progress bar on standard error; silent when that is no terminal."""
    if not sys.stderr.isatty():
        return nullcontext(lambda: None)
    return _Bar(total)


class _Bar:
    def __init__(self, total: int) -> None:
        columns = (TextColumn("auditing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self.progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self.task = self.progress.add_task("", total=total)

    def __enter__(self) -> Any:
        self.progress.__enter__()
        return lambda: self.progress.advance(self.task)

    def __exit__(self, *error: Any) -> None:
        self.progress.__exit__(*error)


def workers() -> int:
    """One process per core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
