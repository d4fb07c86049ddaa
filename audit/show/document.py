"""An audit as one JSON document: CONTRACT's `audit` object, from which every report is made."""

import math
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from lemmata.audit.judge.brackets import Bracket, bracket, widest
from lemmata.audit.judge.growth import quantile
from lemmata.audit.judge.verdicts import Finding, places, trivial, worst_of
from lemmata.audit.measure.options import Options
from lemmata.audit.measure.sweep import Trials
from lemmata.audit.plan.grid import Sizes, own_data
from lemmata.audit.show.claim_page import page, right_hand_side
from lemmata.audit.show.reading import AUDIT
from lemmata.audit.show.tables import finite, finite_throughout
from lemmata.claims.claim import Claim, Search
from lemmata.claims.language.condition import met

STRENGTH: tuple[Search, ...] = ("exact", "ascent", "sampled")


def to_json(findings: Sequence[Finding], sizes: Sizes, options: Options) -> dict[str, Any]:
    """The audit as one document: CONTRACT's `audit` object."""
    return {
        "schema": AUDIT,
        "environment": {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": shlex.join(["lemmata", *sys.argv[1:]]),
            "commit": commit(),
            "machine": f"{platform.machine()}, {os.cpu_count()} processors",
            "lemmata": version("lemmata"),
            "python": platform.python_version(),
            "torch": torch.__version__,
            "platform": platform.platform(),
            "device": options.device,
            "engine": options.engine,
            "dtype": options.dtype,
            "seed": options.seed,
            "data": sizes.data,
            "own_data": [finding.claim.id for finding in findings if _data(finding.claim, sizes) != sizes.data],
            "delta": sizes.delta,
            "sizes": {name: list(getattr(sizes, name)) for name in ("widths", "depths", "radii", "samples")},
        },
        "claims": {finding.claim.id: finite_throughout(_claim(finding, sizes)) for finding in findings},
    }


def commit() -> str | None:
    """The commit of the checkout that runs, marked where files differ from it; None for an installed copy."""
    root = Path(__file__).resolve().parent.parent.parent
    if not (root / ".git").exists():
        return None
    try:
        words = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"]
        return subprocess.run(words, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def _data(claim: Claim, sizes: Sizes) -> str:
    """The data asked for, or "own" where the statement is about data of a kind of its own, or about none."""
    own = own_data(claim, sizes) if claim.sides[0].measured else "none"
    return f"own ({own})" if own else sizes.data


def _claim(finding: Finding, sizes: Sizes) -> dict[str, Any]:
    claim = finding.claim
    names = ("constant", "lower") if finding.sides else ("constant",)
    constants = {name: _constant(side) for name, side in zip(names, finding.each, strict=True)}
    configurations = constants["constant"]["configurations"]
    return {
        "verdict": finding.verdict,
        "expected": claim.expected,
        "data": _data(claim, sizes),
        "reason": finding.reason,
        **constants,
        "exponents": {
            name: {
                "claimed": float(found.claimed),
                "slope": found.measured.slope,
                "low": found.measured.low,
                "high": found.measured.high,
                "exact": str(found.claimed),
                "excess": excess(claim, name, found.measured.slope - float(found.claimed)),
                "beyond": finite(found.beyond),
                "level": found.measured.level,
                "along": found.along,
                "decides": found.decides,
                "sizes": found.measured.points,
                "line": [_point(items, found.along) for items in places(found.line).values()],
            }
            for name, found in finding.exponents.items()
        },
        "searched": searched(finding),
        "detectable": finding.detectable,
        "preconditions": {name: f"{count} of {len(finding.places)}" for name, count in finding.preconditions.items()},
        "conditions": [sum(here["conditions"] for here in configurations), len(configurations)],
        "trivial": [sum(here["trivial"] for here in configurations), len(configurations)],
        "cases": len(finding.places),
        "initialisations": finding.initialisations,
        "replay": replay_command(finding),
        "about": page(claim),
    }


def excess(claim: Claim, name: str, difference: float) -> float:
    """The difference of a measured and a claimed exponent, positive in the direction that breaks the claim."""
    if claim.bound == "both":
        return abs(difference)
    toward_zero = name in claim.letters and claim.letters[name].toward_zero
    return claim.direction.sign * (-1 if toward_zero else 1) * difference


def _constant(finding: Finding) -> dict[str, Any]:
    """The constant of a claim, or of one side of a two-sided one."""
    claim, at, constant = finding.claim, finding.at, finding.constant
    return {
        "estimate": None if constant is None else finite(constant.estimate),
        "low": None if constant is None else finite(constant.low),
        "high": None if constant is None or constant.high is None else finite(constant.high),
        "limit": None if at is None else claim.limit(at.job.configuration),
        "stated": claim.stated,
        **_bracket(widest(finding.trials) if claim.certificate is not None else None),
        "bound": right_hand_side(claim),
        "configurations": [_configuration(items) for items in finding.places.values()],
    }


def _point(items: list[Trials], parameter: str) -> dict[str, float | None]:
    """The median ratio at one size of a line, with its interval, and its known limit."""
    c = items[0].job.configuration
    return {"size": float(getattr(c, parameter)), **_median(items), "limit": items[0].claim.limit(c)}


def _median(items: list[Trials]) -> dict[str, float | None]:
    """The median over initialisations of the ratio, or of an identity's residual, with its interval."""
    values = [value for each in items for value in (each.residual or each.ratio) if not math.isnan(value)]
    if not values:
        return {"median": None, "low": None, "high": None}
    middle = quantile(values, 0.5)
    return {
        "median": finite(middle.estimate),
        "low": finite(middle.low),
        "high": None if middle.high is None else finite(middle.high),
    }


def _configuration(items: list[Trials]) -> dict[str, Any]:
    """One configuration, on all data sets that it was measured on."""
    trials = worst_of(items)
    claim, c = trials.claim, trials.job.configuration
    at = trials.extreme()
    p = trials.parameters
    conditions = met(claim.preconditions, p)
    return {
        **(_sizes(trials) if claim.problem is None else {"delta": c.delta, **vars(c)}),
        "engine": trials.job.engine,
        "initialisations": sum(len(each.lhs) for each in items),
        "data_sets": len(items),
        "quantity": "residual" if trials.residual else "ratio",
        **_median(items),
        "limit": claim.limit(c),
        "searched": _ended(claim, claim.search(c), items),
        **_bracket(bracket(trials) if claim.certificate is not None else None),
        "preconditions": conditions,
        "conditions": all(conditions.values()),
        "trivial": trivial(claim, items),
        "worst": {
            "value": finite((trials.residual or trials.ratio)[at]),
            "recipe": trials.recipes[at],
            "member": trials.worst[at],
        },
        "replay": trials.replay(at).command(),
        "seconds": round(sum(each.seconds for each in items), 3),
    }


def _sizes(trials: Trials) -> dict[str, Any]:
    """Of a network, and of its data."""
    claim, c, p = trials.claim, trials.job.configuration, trials.parameters
    return {
        "m": c.m,
        "L": c.L,
        "n": c.n,
        "d": int(p["d"]),
        "k": c.k,
        "tau": c.tau if claim.balls else None,
        "phi": finite(p["phi"]),
        "mu": c.mu,
        "delta": c.delta,
        "eps": c.eps if claim.kind == "RUN" else None,
        "batch": c.batch,
        "data": c.data,
        "ratio": c.ratio,
    }


def _bracket(found: Bracket | None) -> dict[str, Any]:
    """Where the worst was found: that, and what no weights of the ball can pass."""
    if found is None:
        return {"attack": None, "certificate": None, "certified": None}
    return {"attack": finite(found.attack), "certificate": finite(found.certificate), "certified": found.certified}


def searched(finding: Finding) -> str:
    """The weakest search over the configurations measured; "no ball" where the statement has none."""
    if not finding.claim.balls:
        return "no ball"
    used = {finding.claim.search(trials.job.configuration) for trials in finding.trials}
    found = max(used, key=STRENGTH.index, default="not measured")
    return _ended(finding.claim, found, finding.trials)


def _ended(claim: Claim, found: str, trials: Sequence[Trials]) -> str:
    """The search, and how the ascents over balls of a problem of one's own ended at the worst that they found."""
    if claim.problem is None or found != "ascent":
        return found
    steps = [recipe.ascent for each in trials for n in range(len(each.lhs)) if (recipe := each.replay(n).recipe)]
    if not any(steps):
        return "sampled"  # nowhere was there a slope to follow
    short = sum(taken == claim.problem.steps for taken in steps)
    return f"ascent, {short} of {len(steps)} out of steps" if short else "ascent, at rest"


def replay_command(finding: Finding) -> str | None:
    """The command that measures the finding's worst case again."""
    at = finding.at or max(finding.trials, key=lambda t: max(t.residual, default=0.0), default=None)
    return None if at is None else at.replay(at.extreme()).command()
