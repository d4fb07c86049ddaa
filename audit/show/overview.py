"""An audit in the terminal: a row per claim, and what needs a reader's attention."""

import math
from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from lemmata.audit.judge.brackets import widest
from lemmata.audit.judge.verdicts import Finding
from lemmata.audit.plan.grid import Sizes, own_data
from lemmata.audit.show.document import replay_command, searched
from lemmata.audit.show.tables import COMMON, exponent, grid, number, symbol
from lemmata.model.data import GENERATED


def tables(findings: Sequence[Finding], sizes: Sizes) -> list[RenderableType]:
    """One row per claim, and the reasons of what needs a reader's attention."""
    growth = tuple(map(symbol, COMMON))
    columns: tuple[str, ...] = ("claim", "verdict", "constant (95 %)", "limit", "stated", *growth, "searched", "others")
    rows = _by_paper(findings)
    legend = Text(
        f"constant: the {1 - sizes.delta:.0%} quantile over initialisations of lhs / rhs where it is largest; of a "
        f"lower bound the {sizes.delta:.0%} quantile where it is smallest; of both sides that … this; of a mean, "
        "mean(lhs) / mean(rhs). limit: its value at infinite width, where known. stated: the paper's own. m, L, n, τ, "
        "others: growth of the left-hand side, measured / claimed. [ , ]: the worst ratio found over the "
        "ball, and what a certificate proves of that initialisation.",
        style="dim",
    )
    remarks = [
        Text(f"{_short(finding)}: {finding.verdict}, {finding.reason}{_replay_hint(finding)}")
        for finding in findings
        if finding.verdict not in ("supported", "not-executable") or not finding.expected
    ]
    surprises = [finding for finding in findings if not finding.expected]
    open_ = [finding for finding in surprises if finding.verdict == "inconclusive"]
    total = sum(finding.initialisations for finding in findings)
    own = {_short(f): data for f in findings if f.claim.sides[0].measured and (data := own_data(f.claim, sizes))}
    if sizes.data not in GENERATED and own:
        columns = (*columns, "data")
        rows = [[*row, f"own ({own[row[0]]})" if row[0] in own else ""] for row in rows]
        said = f"data {sizes.data}: {len(own)} of {len(findings)} claims are about data of a kind of their own"
        remarks.insert(0, Text(f"{said}, and were measured on those"))
    closing = f"{len(findings)} claims, {total} initialisations, {len(surprises)} verdicts not as expected"
    closing += f", {len(open_)} of them open." if open_ else "."
    return [grid(columns, rows), "", legend, *remarks, closing]


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
    growth = {name: exponent(e.measured.slope, e.claimed) for name, e in finding.exponents.items()}
    return [
        _short(finding),
        finding.verdict,
        " … ".join(map(_constant, reversed(finding.each))),
        number(limit),
        stated,
        *(growth.get(name, "") for name in COMMON),
        _searched(finding),
        ", ".join(f"{symbol(name)} {text}" for name, text in growth.items() if name not in COMMON),
    ]


def _searched(finding: Finding) -> str:
    """How the ball was searched, the worst found, and its certificate; certified where that proves the constant."""
    found = widest(finding.trials) if finding.claim.certificate is not None else None
    if found is None or math.isnan(found.certificate):
        return searched(finding)
    low, high = sorted((found.attack, found.certificate))
    return f"{'certified' if found.certified else searched(finding)} [{low:.3g}, {high:.3g}]"


def _constant(finding: Finding) -> str:
    constant = finding.constant
    if not finding.claim.measured:
        return "" if finding.claim.derive is None else "derived"
    if finding.verdict == "error" or not finding.trials:
        return ""
    if constant is None:
        residuals = [max(trials.residual) for trials in finding.trials if trials.residual]
        return f"residual {max(residuals, default=0):.1e}"
    high = "…" if constant.high is None else f"{constant.high:.3g}"
    return f"{constant.estimate:.3g} [{constant.low:.3g}, {high}]"


def _replay_hint(finding: Finding) -> str:
    command = replay_command(finding)
    return f"\n    {command}" if command and finding.verdict == "refuted" else ""


def _short(finding: Finding) -> str:
    return finding.claim.id.partition("/")[2]
