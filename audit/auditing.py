"""`lemmata audit`: a sweep, its verdicts, and how they are shown."""

import json
import math
import os
import platform
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from audit.engines import Wanted, processes
from audit.errors import UserError
from audit.evidence import Budget
from audit.files import load_data
from audit.grid import Point, Sizes, corners, points
from audit.growth import Quantile, quantile
from audit.listing import right_hand_side
from audit.sweep import Trials, jobs, run_all
from audit.tables import Format, emit, finite, grid, number
from audit.verdicts import Exponent, Finding, judge, judge_unmeasured
from claims.claim import Claim, Search, audited_constants, constants_file, measured_claims
from model.data import GENERATED

SCHEMA = "lemmata-audit/1"
STRENGTH: tuple[Search, ...] = ("exact", "ascent", "sampled")


@dataclass(frozen=True)
class Options:
    """How an audit runs, apart from which claims and sizes."""

    seed: int = 0
    dtype: str = "float64"
    device: str = "cpu"
    engine: Wanted = "dense"
    budget: float = math.inf
    workers: int = 1


def audit(
    chosen: Sequence[Claim],
    sizes: Sizes,
    options: Options,
    *,
    form: Format = "table",
    out: str | None = None,
    write_constants: bool = False,
) -> int:
    """Measure and judge the claims, print the outcome, and return the exit status.

    Raises:
        UserError: if the sizes fit no claim, or the output directory cannot be written.
    """
    folder = None if out is None else _folder(out)
    sizes = _with_dimension(sizes, chosen)
    try:
        findings = sweep(chosen, sizes, options, extra=write_constants)
    except ValueError as error:
        raise UserError(str(error)) from error
    document = to_json(findings, sizes, options)
    if folder is not None:
        _write(folder / "audit.json", json.dumps(document, indent=1, allow_nan=False))
    if write_constants:
        save_constants(findings, options)
    emit(form, document, *tables(findings, sizes))
    return 0 if all(finding.expected for finding in findings) else 1


def sweep(chosen: Sequence[Claim], sizes: Sizes, options: Options, *, extra: bool = False) -> list[Finding]:
    """Findings of the claims, measured in parallel. `extra` adds the hard corners of each domain."""

    def configurations(claim: Claim) -> list[Point]:
        return points(claim, sizes) + (corners(claim) if extra and claim.stated is None else [])

    derived = [judge_unmeasured(claim) for claim in chosen if not claim.measured]
    measurable = [claim for claim in chosen if claim.measured]
    work = jobs(
        measurable,
        configurations,
        engine=options.engine,
        seed=options.seed,
        dtype=options.dtype,
        device=options.device,
    )
    workers = processes(work, {claim.id: claim for claim in measurable}, options.workers, options.device)
    deadline = time.monotonic() + options.budget
    with _progress(len(work)) as advance:
        measured = run_all(work, workers=workers, done=lambda _: advance(), deadline=deadline)
    budget = Budget().shared(len(measured_claims()))
    by_claim: dict[str, list[Trials]] = {claim.id: [] for claim in measurable}
    for trials in measured:
        by_claim[trials.job.claim].append(trials)
    judged = [judge(claim, by_claim[claim.id], budget, sizes.delta) for claim in measurable]
    found = {finding.claim.id: finding for finding in (*derived, *judged)}
    return [found[claim.id] for claim in chosen]


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


def to_json(findings: Sequence[Finding], sizes: Sizes, options: Options) -> dict[str, Any]:
    """The audit as one document: CONTRACT's `audit` object."""
    return {
        "schema": SCHEMA,
        "environment": {
            "lemmata": version("lemmata"),
            "python": platform.python_version(),
            "torch": torch.__version__,
            "platform": platform.platform(),
            "device": options.device,
            "engine": options.engine,
            "dtype": options.dtype,
            "seed": options.seed,
            "data": sizes.data,
            "delta": sizes.delta,
        },
        "claims": {finding.claim.id: _claim(finding) for finding in findings},
    }


def tables(findings: Sequence[Finding], sizes: Sizes) -> list[RenderableType]:
    """One row per claim, and the reasons of what needs a reader's attention."""
    columns = ("claim", "verdict", "constant (95 %)", "limit", *_EXPONENTS, "searched")
    rows = [_row(finding) for finding in findings]
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
        _searched(finding),
    ]


def _exponent(found: Exponent | None) -> str:
    if found is None:
        return ""
    measured = f"{found.measured.slope:.2f}".replace("-0.00", "0.00")
    return f"{measured}/{found.claimed}"


def _claim(finding: Finding) -> dict[str, Any]:
    claim, at = finding.claim, finding.at
    constant = finding.constant
    return {
        "verdict": finding.verdict,
        "expected": claim.expected,
        "reason": finding.reason,
        "constant": {
            "estimate": None if constant is None else finite(constant.estimate),
            "low": None if constant is None else finite(constant.low),
            "high": None if constant is None or constant.high is None else finite(constant.high),
            "limit": None if at is None else claim.limit(at.job.configuration),
            "stated": claim.stated,
            "bound": right_hand_side(claim),
            "configurations": [_configuration(trials) for trials in finding.trials],
        },
        "exponents": {
            name: {
                "claimed": float(found.claimed),
                "slope": found.measured.slope,
                "low": found.measured.low,
                "high": found.measured.high,
                "exact": str(found.claimed),
                "sizes": found.measured.points,
            }
            for name, found in finding.exponents.items()
        },
        "searched": _searched(finding),
        "detectable": finding.detectable,
        "preconditions": {name: f"{met} of {len(finding.trials)}" for name, met in finding.preconditions.items()},
        "cases": len(finding.trials),
        "initialisations": finding.initialisations,
        "replay": _replay(finding),
    }


def _configuration(trials: Trials) -> dict[str, Any]:
    claim, c = trials.claim, trials.job.configuration
    values = [value for value in (trials.residual or trials.ratio) if not math.isnan(value)]
    middle = quantile(values, 0.5) if values else None
    certificate = [value for value in trials.certificate if not math.isnan(value)]
    p = trials.parameters
    return {
        "m": c.m,
        "L": c.L,
        "n": c.n,
        "d": int(p["d"]),
        "k": c.k,
        "tau": c.tau if claim.balls else None,
        "phi": finite(p["phi"]),
        "data": c.data,
        "ratio": c.ratio,
        "engine": trials.job.engine,
        "initialisations": len(trials.lhs),
        "quantity": "residual" if trials.residual else "ratio",
        "median": None if middle is None else finite(middle.estimate),
        "low": None if middle is None else finite(middle.low),
        "high": None if middle is None or middle.high is None else finite(middle.high),
        "limit": claim.limit(c),
        "searched": claim.search(c),
        "certificate": finite(quantile(certificate, 0.5).estimate) if certificate else None,
        "preconditions": {condition.id: bool(condition.holds(p)) for condition in claim.preconditions},
        "replay": trials.replay(trials.extreme()).command(),
        "seconds": round(trials.seconds, 3),
    }


def _searched(finding: Finding) -> str:
    """The weakest search over the configurations measured."""
    used = {finding.claim.search(trials.job.configuration) for trials in finding.trials}
    return max(used, key=STRENGTH.index, default="exact")


def _replay(finding: Finding) -> str | None:
    """The command that measures the finding's worst case again."""
    at = finding.at or max(finding.trials, key=lambda t: max(t.residual, default=0.0), default=None)
    return None if at is None else at.replay(at.extreme()).command()


def _replay_hint(finding: Finding) -> str:
    command = _replay(finding)
    return f"\n    {command}" if command and finding.verdict == "refuted" else ""


def _short(finding: Finding) -> str:
    return finding.claim.id.partition("/")[2]


def _folder(out: str) -> Path:
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--out {out!r} is not a directory that can be written: {error.strerror}") from error
    return folder


def _write(path: Path, text: str) -> None:
    """The whole file or nothing: written beside, synced, then renamed."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(beside, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error


def save_constants(findings: Sequence[Finding], options: Options) -> None:
    """Write each audited constant into `claims/constants.toml`, beside the configuration that decided it.

    The constant is the upper end of the interval of the largest (1 − δ)-quantile, for lower bounds the lower end of the
    smallest δ-quantile. Claims that were not audited
    now, and readings other than the one meant, keep their entries.
    """
    entries = {id: dict(entry) for id, entry in audited_constants().items()}
    for finding in findings:
        if finding.claim.stated is not None or finding.constant is None or finding.at is None:
            continue
        if finding.claim.reading != "meant":
            continue
        entries[finding.claim.id] = {
            "constant": _outer(finding.constant, finding.claim),
            "at": finding.at.job.configuration.token(),
            "provenance": f"lemmata audit --write-constants --seed {options.seed}; "
            f"{len(finding.at.ratio)} initialisations there, {finding.initialisations} in all",
        }
    lines = ["# Audited constants: written by `lemmata audit --write-constants`, read by the tests.", ""]
    for id in sorted(entries):
        lines.append(f'["{id}"]')
        lines += [f"{key} = {json.dumps(value)}" for key, value in entries[id].items()]
        lines.append("")
    _write(Path(str(constants_file())), "\n".join(lines))
    audited_constants.cache_clear()


def _outer(constant: Quantile, claim: Claim) -> float:
    """The end of the interval on which the claim is weaker, rounded outwards to three digits."""
    lower = claim.bound == "lower"
    end = constant.low if lower else constant.high or constant.estimate
    if not end or not math.isfinite(end):
        return end
    unit = 10.0 ** (math.floor(math.log10(abs(end))) - 2)
    return float(f"{(math.floor if lower else math.ceil)(end / unit) * unit:.3g}")


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
