"""The registry as rows and pages: `lemmata list` and `lemmata show`."""

import difflib
import inspect
import math
from pathlib import Path

from rich.table import Table

from lemmata import claims
from lemmata.audit.errors import UserError
from lemmata.audit.show.tables import Format, emit, grid, number
from lemmata.claims import REGISTRY, Claim, select
from lemmata.claims.constants import audited_constants, constant
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.derivation import as_stated
from lemmata.claims.measuring.neighbours import neighbours

DEPTHS = (1, 2, 4)
"""Depths at which `show` gives the known limits."""


def list_claims(patterns: tuple[str, ...], form: Format) -> None:
    """Print one row per claim that matches."""
    chosen = choose(patterns)
    columns = ("id", "kind", "bound", "expected", "right-hand side")
    rows = [(claim.id, claim.kind, claim.bound or "", claim.expected, right_hand_side(claim)) for claim in chosen]
    emit(form, [row(claim) for claim in chosen], grid(columns, rows))


def show_claim(id: str, form: Format) -> None:
    """Print one claim, whole."""
    document = page(find(id))
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for name, value in document.items():
        table.add_row(name, "\n".join(_lines(value)))
    emit(form, document, table)


def choose(patterns: tuple[str, ...]) -> list[Claim]:
    """The claims that match any of the patterns, all of them for no pattern.

    Raises:
        UserError: for a pattern that matches nothing.
    """
    try:
        return select(patterns)
    except LookupError as error:
        pattern = str(error.args[0])
        raise UserError(f"GLOB {pattern!r} matches no claim; {_near(pattern)}") from error


def find(id: str) -> Claim:
    """The claim of this id, which may leave out the paper where that is unambiguous.

    Raises:
        UserError: if there is none, or more than one.
    """
    found = [claim for claim in REGISTRY.values() if id in (claim.id, _short(claim.id))]
    if not found:
        raise UserError(f"ID {id!r} is no claim; {_near(id)}")
    if len(found) > 1:
        raise UserError(f"ID {id!r} is ambiguous; allowed: {', '.join(map(str, found))}")
    return found[0]


def row(claim: Claim) -> dict[str, object]:
    """The claim as `lemmata list --format json` has it.

    `scaling` has one object of exponents per term of the right-hand side, {} being the term 1; `log_m` and
    `log_n_delta` are log m and log(n/δ).
    """
    return {
        "id": claim.id,
        "paper": claim.source.paper.key,
        "reference": claim.source.reference,
        "kind": claim.kind,
        "reading": claim.reading,
        "bound": claim.bound,
        "expected": claim.expected,
        "statement": claim.statement,
        "scaling": [term.exponents() for term in claim.terms],
        "constant": {"kind": claim.constant, "value": constant(claim), "provenance": _provenance(claim)},
        "domain": claim.domain.describe(),
        "controls": [{"name": control.name, "statement": control.statement} for control in neighbours(claim)],
    }


def page(claim: Claim) -> dict[str, object]:
    """The claim as `lemmata show --format json` has it: its row, and everything else that is known of it."""
    return row(claim) | {
        "citation": claim.source.paper.citation,
        "setting": claim.setting.id,
        "right-hand side": right_hand_side(claim),
        "quantifiers": claim.quantifiers,
        "probability": claim.probability or None,
        "assumptions": [{"id": condition.id, "statement": condition.text} for condition in claim.preconditions],
        "attacks": list(claim.attacks) if claim.balls else [],
        "limit": _limits(claim),
        "engines": _engines(claim),
        "controls": [
            {"name": control.name, "statement": control.statement, "true": control.true or None}
            for control in neighbours(claim)
        ],
        "erratum": claim.erratum or None,
        "measured": inspect.getdoc(claim.derive or claim.measure),
        "derivation": [] if claim.derive is None else claim.derive(as_stated).lines(),
        "notes": claim.notes or None,
        "file": defined_at(claim),
    }


def right_hand_side(claim: Claim) -> str:
    """The right-hand side in plain text; the factors that are measured are left out."""
    if claim.bound is None or claim.kind == "EXACT":
        return ""
    front = "C" if claim.stated is None else f"{claim.stated:g}"
    return " + ".join(" ".join([front, *([str(term)] if term.powers else [])]) for term in claim.terms)


def _provenance(claim: Claim) -> str | None:
    if claim.stated is not None:
        return f"stated: {claim.source.reference}"
    entry = audited_constants().get(claim.plain_id, {})
    return "; ".join(f"{name}: {value}" for name, value in entry.items() if name != "constant") or None


def _engines(claim: Claim) -> str | None:
    """How the claim's matrices may be held, and why not otherwise; None where no network is measured."""
    if not claim.measured:
        return None
    return f"dense only: {claim.engine_obstacle}" if claim.engine_obstacle else "dense, deferred"


def _limits(claim: Claim) -> list[dict[str, object]]:
    """The ratio's known infinite-width limits, at one example and a few depths."""
    configurations = [Configuration(L=depth, n=1) for depth in DEPTHS if depth >= claim.domain.L[0]]
    known = [(c, claim.limit(c)) for c in configurations]
    return [
        {"L": c.L, "n": c.n, "tau": c.tau, "value": limit}
        for c, limit in known
        if limit is not None and math.isfinite(limit)
    ]


def defined_at(claim: Claim) -> str:
    """Where the claim is defined: file below the checkout, and line."""
    function = claim.derive or claim.measure
    path = Path(inspect.getsourcefile(function) or "").resolve()
    root = Path(claims.__file__).resolve().parent.parent
    shown = path.relative_to(root) if path.is_relative_to(root) else path
    return f"{shown}:{inspect.getsourcelines(function)[1]}"


def _lines(value: object) -> list[str]:
    """A field of a page as lines of text."""
    if isinstance(value, list):
        return [line for item in value for line in _lines(item)] or ["none"]
    if isinstance(value, dict):
        return [", ".join(f"{name}: {_text(item)}" for name, item in value.items()) or "1"]
    return [_text(value)]


def _text(value: object) -> str:
    if value is None:
        return "none"
    return number(value) if isinstance(value, float) else str(value)


def _near(text: str) -> str:
    """The ids most like the text, with or without the paper as the text has it."""
    ids = list(REGISTRY) if "/" in text else list(map(_short, REGISTRY))
    close = difflib.get_close_matches(text.strip("*"), ids, 3, 0.4)
    return f"closest: {', '.join(close)}" if close else "allowed: what `lemmata list` shows"


def _short(id: str) -> str:
    return id.partition("/")[2]
