"""An audit in Markdown: one table, and what needs a reader's attention."""

from typing import Any

from lemmata.audit.show.tables import legible, number

PARAMETERS = {"m": "m", "L": "L", "n": "n", "τ": "tau"}


def page(document: dict[str, Any]) -> str:
    """The report in Markdown."""
    environment = document["environment"]
    remarks = [
        f"- {code(id)}: {claim['verdict']}, {plain(claim['reason'])}"
        for id, claim in document["claims"].items()
        if claim["verdict"] not in ("supported", "not-executable") or claim["verdict"] != claim["expected"]
    ]
    run = ", ".join(
        f"{name} {plain(str(environment[name]))}" for name in ("lemmata", "torch", "dtype", "device", "data", "seed")
    )
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
        cells = (code(id), shown, interval(constant), number(known), *growth, plain(claim["searched"]))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines


def plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line: no tag, no link, no code."""
    words = " ".join(legible(text).split())
    for mark, shown in (("&", "&amp;"), ("<", "&lt;"), ("`", "\\`"), ("](", "]\\("), ("![", "!\\[")):
        words = words.replace(mark, shown)
    return words


def code(text: str) -> str:
    """The same as code, in which only its own mark means anything."""
    return f"`{' '.join(legible(text).split()).replace('`', '´')}`"


def interval(constant: dict[str, Any]) -> str:
    """The estimate with its interval; nothing for an identity."""
    if constant["estimate"] is None:
        return ""
    ends = ("…" if end is None else f"{end:.3g}" for end in (constant["low"], constant["high"]))
    return f"{constant['estimate']:.3g} [{', '.join(ends)}]"


def exponent(claim: dict[str, Any], parameter: str) -> str:
    """Measured over claimed growth of the left-hand side."""
    found = claim["exponents"].get(parameter)
    return "" if found is None else plain(f"{found['slope']:.2f}/{found['exact']}").replace("-0.00", "0.00")
