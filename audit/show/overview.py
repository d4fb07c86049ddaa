"""An audit in the terminal: a row per claim, and what needs a reader's attention."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

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
        f"lower bound the {sizes.delta:.0%} quantile where it is smallest. limit: its value at infinite "
        "width, where known. stated: the paper's own. m, L, n, τ, others: growth of the left-hand side, measured / "
        "claimed.",
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
    own = {_short(f): data for f in findings if f.claim.measured and (data := own_data(f.claim, sizes))}
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
    constant = finding.constant
    if not finding.claim.measured:
        shown = "" if finding.claim.derive is None else "derived"
    elif finding.verdict == "error" or not finding.trials:
        shown = ""
    elif constant is None:
        shown = f"residual {max((max(t.residual) for t in finding.trials if t.residual), default=0):.1e}"
    else:
        high = "…" if constant.high is None else f"{constant.high:.3g}"
        shown = f"{constant.estimate:.3g} [{constant.low:.3g}, {high}]"
    limit = None if finding.at is None else finding.claim.limit(finding.at.job.configuration)
    growth = {name: exponent(e.measured.slope, e.claimed) for name, e in finding.exponents.items()}
    return [
        _short(finding),
        finding.verdict,
        shown,
        number(limit),
        number(finding.claim.stated),
        *(growth.get(name, "") for name in COMMON),
        searched(finding),
        ", ".join(f"{symbol(name)} {text}" for name, text in growth.items() if name not in COMMON),
    ]


def _replay_hint(finding: Finding) -> str:
    command = replay_command(finding)
    return f"\n    {command}" if command and finding.verdict == "refuted" else ""


def _short(finding: Finding) -> str:
    return finding.claim.id.partition("/")[2]
