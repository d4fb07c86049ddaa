"""An audit beside an earlier one, and beside the constants that the tests hold the claims to."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scipy.stats import norm

from lemmata.audit.errors import UserError
from lemmata.audit.plan.grid import Sizes
from lemmata.audit.show.markdown import interval
from lemmata.audit.show.reading import read_audit
from lemmata.claims.claim import side_id
from lemmata.claims.constants import audited_constants

FALSE_ALARM = 1e-3
"""Probability that a run with another seed than its baseline's calls any unchanged constant changed."""

COMPARED = ("data", "delta", "sizes")
"""What two audits must share for their constants to be of the same thing."""


def load(file: str, sizes: Sizes) -> dict[str, Any]:
    """The document of an earlier audit, which must be of the same data and sizes.

    Raises:
        UserError: if the file cannot be read, is no audit, or is one of something else.
    """
    document = read_audit(Path(file), "--baseline")
    environment = document["environment"]
    here = {"data": sizes.data, "delta": sizes.delta}
    here["sizes"] = {name: list(getattr(sizes, name)) for name in ("widths", "depths", "radii", "samples")}
    for name in COMPARED:
        if name in environment and environment[name] != here[name]:
            raise UserError(f"--baseline {file}: audited with {name} {environment[name]}, this run has {here[name]}")
    return document


def changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What differs for the claims that both audits have: verdicts, and constants out of their interval.

    With the same seed both audits draw the same initialisations, and an estimate outside of the baseline's interval is
    the code's doing. With another seed both estimates are random: they differ only if they do so by more than their
    intervals explain, at `FALSE_ALARM` over all claims together, and whether a verdict could be reached is chance too.
    """
    same_seed = before["environment"].get("seed") == now["environment"]["seed"]
    both = [id for id in now["claims"] if id in before["claims"]]
    found = []
    for id in both:
        old, new = before["claims"][id], now["claims"][id]
        undecided = not same_seed and "inconclusive" in (old["verdict"], new["verdict"])
        if old["verdict"] != new["verdict"] and not undecided:
            found.append(f"{id}: verdict {old['verdict']} became {new['verdict']}: {new['reason']}")
        constants = [(old[name], new[name]) for name in ("constant", "lower") if name in old and name in new]
        for a, b in constants:
            if a["estimate"] is None or b["estimate"] is None:
                continue
            if _outside(a, b["estimate"]) if same_seed else _differ(a, b, FALSE_ALARM / len(both) / len(constants)):
                found.append(f"{id}: constant {interval(a)} became {interval(b)}")
    return found


def drift(now: dict[str, Any]) -> list[str]:
    """Claims whose measured interval lies beyond the constant that the tests hold them to."""
    found = []
    for id, lower, constant in _held(now):
        entry = audited_constants().get(id)
        if entry is None or constant["estimate"] is None:
            continue
        limit = float(entry["constant"])
        if constant["high"] is not None and constant["high"] < limit if lower else constant["low"] > limit:
            beyond = "below" if lower else "above"
            found.append(f"{id}: constant {interval(constant)} is {beyond} {limit:g}")
    return found


def _held(document: dict[str, Any]) -> Iterator[tuple[str, bool, dict[str, Any]]]:
    """What is held to a stored constant: its id, whether it is a lower bound, and the constant measured."""
    for id, claim in document["claims"].items():
        if "lower" in claim:
            yield side_id(id, "upper"), False, claim["constant"]
            yield side_id(id, "lower"), True, claim["lower"]
        else:
            yield id, claim["about"]["bound"] == "lower", claim["constant"]


def _outside(interval: dict[str, Any], estimate: float) -> bool:
    low, high = interval["low"], interval["high"]
    return (low is not None and estimate < low) or (high is not None and estimate > high)


def _differ(a: dict[str, Any], b: dict[str, Any], false_alarm: float) -> bool:
    """Whether two independent estimates with 95 % intervals differ significantly."""
    if None in (a["low"], a["high"], b["low"], b["high"]):
        return False
    lower, upper = sorted((a, b), key=lambda side: float(side["estimate"]))
    spread = math.hypot(upper["estimate"] - upper["low"], lower["high"] - lower["estimate"]) / norm.ppf(0.975)
    return bool(upper["estimate"] - lower["estimate"] > spread * norm.isf(false_alarm / 2))
