"""A two-sided claim from its sides: c · rhs ≤ lhs ≤ C · rhs falls with either of them, and stands with both."""

from collections.abc import Sequence
from dataclasses import replace

from lemmata.audit.judge.verdicts import Finding
from lemmata.claims.claim import Claim


def joined(claim: Claim, found: Sequence[Finding]) -> Finding:
    """The finding on a claim from those on its `sides`: of a one-sided claim the only one.

    What it shows are the exponents, and all that goes with them, of the side that is broken or open, else of the upper.
    """
    if claim.judged != "sides":
        return found[0]
    verdicts = {each.verdict for each in found}
    decisive = next((verdict for verdict in ("error", "refuted") if verdict in verdicts), None)
    verdict = decisive or (verdicts.pop() if len(verdicts) == 1 else "inconclusive")
    telling = (
        [each for each in found if each.verdict == decisive] or [e for e in found if e.verdict != "supported"] or found
    )
    reason = "; ".join(f"{each.claim.bound} side: {each.reason}" for each in telling)
    return replace(telling[0], claim=claim, verdict=verdict, reason=reason, sides=tuple(found))
