"""An audit in Markdown: one table, and what needs a reader's attention."""

from typing import Any

from lemmata.audit.show.tables import number

PARAMETERS = {"m": "m", "L": "L", "n": "n", "τ": "tau"}


def page(document: dict[str, Any]) -> str:
    """The report in Markdown."""
    environment = document["environment"]
    remarks = [
        f"- `{id}`: {claim['verdict']}, {claim['reason']}"
        for id, claim in document["claims"].items()
        if claim["verdict"] not in ("supported", "not-executable") or claim["verdict"] != claim["expected"]
    ]
    run = ", ".join(f"{name} {environment[name]}" for name in ("lemmata", "torch", "dtype", "device", "data", "seed"))
    attention = ["", "## What needs attention", "", *remarks] if remarks else []
    return "\n".join(["# lemmata audit", "", run + ".", "", *rows(document), *attention, ""])


def rows(document: dict[str, Any]) -> list[str]:
    """A Markdown table with a row per claim."""
    head = ("claim", "verdict", "constant (95 %)", "limit or stated", *PARAMETERS, "searched")
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    for id, claim in document["claims"].items():
        shown = claim["verdict"] + ("" if claim["verdict"] == claim["expected"] else " ⚠")
        constant = claim["constant"]
        known = constant["stated"] if constant["limit"] is None else constant["limit"]
        growth = [exponent(claim, name) for name in PARAMETERS.values()]
        cells = (f"`{id}`", shown, constants(claim), number(known), *growth, claim["searched"])
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines


def interval(constant: dict[str, Any]) -> str:
    """The estimate with its interval; nothing for an identity."""
    if constant["estimate"] is None:
        return ""
    ends = ("…" if end is None else f"{end:.3g}" for end in (constant["low"], constant["high"]))
    return f"{constant['estimate']:.3g} [{', '.join(ends)}]"


def constants(claim: dict[str, Any]) -> str:
    """The constant with its interval; of a two-sided claim the lower side's and the upper side's."""
    return " … ".join(interval(claim[name]) for name in ("lower", "constant") if name in claim)


def exponent(claim: dict[str, Any], parameter: str) -> str:
    """Measured over claimed growth of the left-hand side."""
    found = claim["exponents"].get(parameter)
    return "" if found is None else f"{found['slope']:.2f}/{found['exact']}".replace("-0.00", "0.00")
