"""An audit in the terminal: a row per claim, and what needs a reader's attention."""

import math
from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from lemmata.audit.judge.brackets import widest
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
        "it is largest. m, L, n, τ: growth of the left-hand side, measured / claimed. [ , ]: the worst ratio found "
        "over the ball, and what a certificate proves of that initialisation.",
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
        _searched(finding),
    ]


def _searched(finding: Finding) -> str:
    """How the ball was searched, the worst found, and its certificate; certified where that proves the constant."""
    found = widest(finding.trials) if finding.claim.certificate is not None else None
    if found is None or math.isnan(found.certificate):
        return searched(finding)
    low, high = sorted((found.attack, found.certificate))
    return f"{'certified' if found.certified else searched(finding)} [{low:.3g}, {high:.3g}]"


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
