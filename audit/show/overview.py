"""An audit in the terminal: a row per claim, and what needs a reader's attention."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from lemmata.audit.judge.verdicts import Exponent, Finding
from lemmata.audit.plan.grid import Sizes
from lemmata.audit.show.document import replay_command, searched
from lemmata.audit.show.tables import grid, number


def tables(findings: Sequence[Finding], sizes: Sizes) -> list[RenderableType]:
    """One row per claim, and the reasons of what needs a reader's attention."""
    columns = ("claim", "verdict", "constant (95 %)", "limit", *_EXPONENTS, "searched")
    rows = _by_paper(findings)
    legend = Text(
        f"constant: the {1 - sizes.delta:.0%} quantile over initialisations of lhs / rhs, at the configuration where "
        "it is largest; of a two-sided claim of the lower … and the upper side; of a mean, mean(lhs) / mean(rhs). "
        "m, L, n, τ: growth of the left-hand side, measured / claimed.",
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
    limit = None if finding.at is None else finding.claim.limit(finding.at.job.configuration)
    stated = number(finding.claim.stated) if finding.claim.margin is None else f"1 ± {finding.claim.margin:g}"
    return [
        _short(finding),
        finding.verdict,
        " … ".join(map(_constant, reversed(finding.each))),
        stated if limit is None else number(limit),
        *(_exponent(finding.exponents.get(name)) for name in _EXPONENTS.values()),
        searched(finding),
    ]


def _constant(finding: Finding) -> str:
    constant = finding.constant
    if not finding.claim.measured:
        return "" if finding.claim.derive is None else "derived"
    if constant is None:
        residuals = [max(trials.residual) for trials in finding.trials if trials.residual]
        return f"residual {max(residuals, default=0):.1e}"
    high = "…" if constant.high is None else f"{constant.high:.3g}"
    return f"{constant.estimate:.3g} [{constant.low:.3g}, {high}]"


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
