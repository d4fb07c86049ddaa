"""A claim as `lemmata list`, `lemmata show`, audits and reports have it."""

import inspect
from pathlib import Path

from lemmata import claims
from lemmata.audit.measure.versions import claim_version
from lemmata.audit.plan.problems import planned
from lemmata.audit.show.tables import finite
from lemmata.claims import REGISTRY, Claim
from lemmata.claims.constants import audited_constants, constant
from lemmata.claims.exchange import PASSES
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.derivation import as_stated
from lemmata.claims.language.sizes import DELTA
from lemmata.claims.measuring.neighbours import neighbours
from lemmata.model.data import LABELLED, LABELS, described
from lemmata.model.interrupts import by_hand

DEPTHS = (1, 2, 4)
"""Depths at which `show` gives the known limits."""


def row(claim: Claim) -> dict[str, object]:
    """The claim as `lemmata list --format json` has it.

    `scaling` has one object of exponents per term of the right-hand side, {} being the term 1; `log_m` and
    `log_n_delta` are log m and log(n/δ).
    """
    controls = [{"name": control.name, "statement": control.statement} for control in neighbours(claim)]
    return _described(claim) | {"controls": controls}


def _described(claim: Claim) -> dict[str, object]:
    return {
        "id": claim.id,
        "paper": claim.source.paper.key,
        "reference": claim.source.reference,
        "kind": claim.kind,
        "reading": claim.reading,
        "bound": claim.bound,
        "expected": claim.expected,
        "statement": claim.statement,
        "title": claim.title,
        "sentence": sentence(claim),
        "scaling": [term.exponents() for term in claim.terms],
        **_constants(claim),
        "domain": claim.domain.describe() if claim.problem is None else claim.problem.describe(),
    }


def sentence(claim: Claim) -> str:
    """What a claim says, for a reader who sees it alone: "the same" begins with what it is the same as."""
    meant = REGISTRY.get(claim.plain_id)
    if claim.sentence.startswith("The same ") and meant is not None:
        return f"{meant.sentence} {claim.sentence}"
    return claim.sentence


def page(claim: Claim) -> dict[str, object]:
    """The claim as `lemmata show --format json` has it: its row, and everything else that is known of it."""
    return _described(claim) | {
        "citation": claim.source.paper.citation,
        "setting": claim.setting.id if claim.problem is None else None,
        "right-hand side": right_hand_side(claim),
        "passes": PASSES[claim.judged],
        "quantifiers": claim.quantifiers,
        "probability": claim.probability or None,
        "margin": claim.margin,
        "measured on": measured_on(claim),
        "assumptions": [{"id": str(condition), "statement": condition.latex()} for condition in claim.preconditions],
        "attacks": list(claim.starts) if claim.balls else [],
        "limit": _limits(claim),
        "engines": _engines(claim),
        "controls": [
            {
                "name": control.name,
                "of": control.of,
                "statement": control.statement,
                "unrefuted": None if control.unrefuted is None else str(control.unrefuted),
            }
            for control in neighbours(claim)
        ],
        "erratum": claim.erratum or None,
        "measured": inspect.getdoc(claim.derive or claim.measure),
        "measurement": claim.id,
        "version": claim_version(claim),
        "derivation": [] if claim.derive is None else claim.derive(as_stated).lines(),
        "notes": claim.notes or None,
        "file": defined_at(claim),
    }


def measured_on(claim: Claim) -> list[str]:
    """The data that the claim fixes or draws from, in words, and their labels; none where it leaves them open."""
    stated = {**{name: (value,) for name, value in claim.domain.fixed.items()}, **claim.domain.values}
    names = stated.get("data", ())
    lines = [f"{name}: {described(name)}" for name in names]
    labels = stated.get("labels", (Configuration.labels,) if set(names) - set(LABELLED) else ())
    return [*lines, *(f"labels: {LABELS[name]}" for name in labels)]


def right_hand_side(claim: Claim) -> str:
    """The right-hand side in plain text; the factors that are measured are left out."""
    if claim.judged in ("sides", "mean"):
        terms = " + ".join(str(term) if term.powers else "1" for term in claim.terms)
        return f"Θ({terms})" if claim.margin is None else f"{terms} ± {100 * claim.margin:g} %"
    if claim.judged not in ("violations", "growth"):
        return ""
    front = "C" if claim.stated is None else f"{claim.stated:g}"
    return " + ".join(" ".join([front, *([str(term)] if term.powers else [])]) for term in claim.terms)


def _constants(claim: Claim) -> dict[str, object]:
    """The constant of a claim; of a two-sided one the upper side's, and `lower` the lower side's."""
    return {
        name: {"kind": _kind_of_constant(side), "value": constant(side), "provenance": _provenance(side)}
        for name, side in zip(("constant", "lower"), claim.sides, strict=False)
    }


def _kind_of_constant(claim: Claim) -> str | None:
    """Whether the constant is the paper's or audited; None for a claim that has none."""
    return {"violations": "stated", "growth": "audited"}.get(claim.judged)


def _provenance(claim: Claim) -> str | None:
    if claim.stated is not None:
        return f"stated: {claim.source.reference}"
    entry = audited_constants().get(claim.plain_id, {})
    return "; ".join(f"{name}: {value}" for name, value in entry.items() if name != "constant") or None


def _engines(claim: Claim) -> str | None:
    """How the claim's matrices may be held, and why not otherwise; None where no network is measured."""
    if not claim.sides[0].measured or claim.problem is not None:
        return None
    return f"dense only: {claim.engine_obstacle}" if claim.engine_obstacle else "dense, deferred"


def _limits(claim: Claim) -> list[dict[str, object]]:
    """The ratio's known infinite-width limits, at one example and a few depths."""
    if claim.problem is not None:
        there = [(p, _limit(claim, p)) for p in planned(claim.problem, DELTA)]
        return [{**vars(p), "value": limit} for p, limit in there if limit is not None]
    configurations = [Configuration(L=depth, n=1) for depth in DEPTHS if depth >= claim.domain.drawn("L")[0]]
    known = [(c, _limit(claim, c)) for c in configurations]
    return [{"L": c.L, "n": c.n, "tau": c.tau, "value": limit} for c, limit in known if limit is not None]


def _limit(claim: Claim, configuration: Configuration) -> float | None:
    """The known limit at a configuration of this page's own choosing, where it need not be known.

    An audit asks at the sizes that it measures, and names what is wrong there.
    """
    try:
        if claim.problem is not None and not claim.problem.has(configuration):
            return None
        limit = claim.limit(configuration)
        return None if limit is None else finite(limit)
    except BaseException as error:
        if by_hand(error):
            raise
        return None


def defined_at(claim: Claim) -> str:
    """Where the claim is defined: file below the checkout, and line; empty for what no file defines."""
    function = inspect.unwrap(claim.derive or claim.measure)
    try:
        path, line = Path(inspect.getsourcefile(function) or "").resolve(), inspect.getsourcelines(function)[1]
    except (TypeError, OSError):
        return ""
    root = Path(claims.__file__).resolve().parent.parent
    shown = path.relative_to(root) if path.is_relative_to(root) else path
    return f"{shown}:{line}"
