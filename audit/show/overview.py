"""An audit in the terminal: a row per claim, and what needs a reader's attention."""

import math
from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from lemmata.audit.judge.brackets import widest
from lemmata.audit.judge.verdicts import Finding
from lemmata.audit.plan.grid import Sizes, own_data
from lemmata.audit.show.document import replay_command, searched
from lemmata.audit.show.grid import Cell, Grid
from lemmata.audit.show.tables import exponent, number, sign, verdict
from lemmata.model.data import GENERATED


def tables(findings: Sequence[Finding], sizes: Sizes) -> list[RenderableType]:
    """One row per claim, and the reasons of what needs a reader's attention."""
    columns = ("claim", "", "verdict", "constant (95 %)", "limit", "stated", "data", "searched", "growth")
    rows = _by_paper(findings, sizes)
    legend = Text(
        f"constant: of ≤ the {1 - sizes.delta:.0%} quantile over initialisations of lhs / rhs where it is largest, "
        f"the least that is enough; of ≥ the {sizes.delta:.0%} quantile where it is smallest, the largest that is; of "
        "Θ the latter … the former; of a mean, mean(lhs) / mean(rhs). limit: its value at infinite width, where known. "
        "stated: the paper's own. searched: how the ball was, if there is one; [ , ]: the worst ratio found, and what "
        "a certificate proves of that initialisation. m^0.43 (claimed 1/2): the left-hand side grows like "
        "m^0.43, the claim says m^(1/2); ~: decides nothing. !: not the expected verdict.",
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
    own = [finding for finding in findings if _own(finding, sizes)]
    if own:
        said = f"data {sizes.data}: {len(own)} of {len(findings)} claims are about data of a kind of their own"
        remarks.insert(0, Text(f"{said}, and were measured on those"))
    verdicts = "1 verdict" if len(surprises) == 1 else f"{len(surprises)} verdicts"
    closing = f"{len(findings)} claims, {total} initialisations, {verdicts} not as expected"
    closing += f", {len(open_)} of them open." if open_ else "."
    return [Grid(columns, rows), "", legend, *remarks, closing]


def _by_paper(findings: Sequence[Finding], sizes: Sizes) -> list[list[Cell]]:
    """A row per claim; where there are several papers, each begins with a row of its own."""
    rows: list[list[Cell]] = []
    papers = {finding.claim.source.paper.key for finding in findings}
    paper = "" if len(papers) > 1 else next(iter(papers), "")
    for finding in findings:
        if finding.claim.source.paper.key != paper:
            paper = finding.claim.source.paper.key
            rows.append([f"{paper}:"])
        rows.append(_row(finding, sizes))
    return rows


def _row(finding: Finding, sizes: Sizes) -> list[Cell]:
    limit = None if finding.at is None else finding.claim.limit(finding.at.job.configuration)
    stated = number(finding.claim.stated) if finding.claim.margin is None else f"1 ± {finding.claim.margin:g}"
    return [
        _short(finding),
        sign(finding.claim.bound),
        verdict(finding.verdict, finding.claim.expected),
        " … ".join(map(_constant, reversed(finding.each))),
        number(limit),
        stated,
        _own(finding, sizes),
        _searched(finding),
        [exponent(name, e.measured.slope, e.claimed, e.decides) for name, e in finding.exponents.items()],
    ]


def _own(finding: Finding, sizes: Sizes) -> str:
    """Of an audit on data of a person's, which other data the claim is about; else empty."""
    if sizes.data in GENERATED or not finding.claim.sides[0].measured:
        return ""
    data = own_data(finding.claim, sizes)
    return f"own ({data})" if data else ""


def _searched(finding: Finding) -> str:
    """How the ball was searched, the worst found, and its certificate; certified where that proves the constant."""
    if not finding.claim.balls:
        return ""
    found = widest(finding.trials) if finding.claim.certificate is not None else None
    if found is None or math.isnan(found.certificate):
        return searched(finding)
    low, high = sorted((found.attack, found.certificate))
    return f"{'certified' if found.certified else searched(finding)} [{low:.3g}, {high:.3g}]"


def _constant(finding: Finding) -> str:
    constant = finding.constant
    if not finding.claim.measured:
        return "" if finding.claim.derive is None else "derived"
    if finding.verdict in ("error", "vacuous") or not finding.trials:
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
