"""What a computation says of the two readings of an erratum."""

from collections.abc import Sequence
from dataclasses import dataclass

from lemmata.audit.judge.findings import Watched, sweep, unwatched
from lemmata.audit.judge.verdicts import Finding
from lemmata.audit.measure.options import Options
from lemmata.audit.plan.grid import Sizes
from lemmata.claims.erratum import Erratum
from lemmata.claims.registry import REGISTRY


@dataclass(frozen=True)
class Outcome:
    """Verdicts on the two readings, None where nothing decides; what they rest on; whether they should be so."""

    printed: str | None
    meant: str | None
    evidence: str
    expected: bool


def readings(erratum: Erratum) -> tuple[str, str]:
    """Ids of the claims that state what is printed and what is meant; neither need be registered."""
    return f"{erratum.claim}@printed", erratum.claim


def outcomes(chosen: Sequence[Erratum], options: Options, watched: Watched = unwatched) -> dict[str, Outcome]:
    """The outcome of each erratum, claims being measured as in an audit with its default sizes."""
    ids = {id for erratum in chosen if erratum.claim for id in readings(erratum)}
    claims = [claim for id, claim in REGISTRY.items() if id in ids]
    findings = {finding.claim.id: finding for finding in sweep(claims, Sizes(), options, watched=watched)}
    return {erratum.id: _outcome(erratum, findings) for erratum in chosen}


def _outcome(erratum: Erratum, findings: dict[str, Finding]) -> Outcome:
    if erratum.decide is not None:
        decision = erratum.decide()
        printed, meant = (_verdict(holds) for holds in (decision.printed, decision.meant))
        return Outcome(printed, meant, decision.evidence, decision.meant)
    if not erratum.claim:
        return Outcome(None, None, "", True)
    found = [findings.get(id) for id in readings(erratum)]
    printed, meant = ("not registered" if finding is None else finding.verdict for finding in found)
    evidence = "; ".join(f"{finding.claim.reading}: {finding.reason}" for finding in found if finding is not None)
    return Outcome(printed, meant, evidence, all(finding is None or finding.expected for finding in found))


def _verdict(holds: bool) -> str:
    return "supported" if holds else "refuted"
