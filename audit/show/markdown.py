"""An audit in Markdown: one table, and what needs a reader's attention."""

from typing import Any

from lemmata.audit.show.tables import COMMON, exponent, legible, number, symbol


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
    own = environment.get("own_data", [])
    if own:
        run += f" ({len(own)} of {len(document['claims'])} claims are about data of their own)"
    attention = ["", "## What needs attention", "", *remarks] if remarks else []
    return "\n".join(["# lemmata audit", "", run + ".", "", *rows(document), *attention, ""])


def rows(document: dict[str, Any]) -> list[str]:
    """A Markdown table with a row per claim."""
    head = ("claim", "verdict", "constant (95 %)", "limit", "stated", *map(symbol, COMMON), "others", "searched")
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    for id, claim in document["claims"].items():
        shown = claim["verdict"] + ("" if claim["verdict"] == claim["expected"] else " ⚠")
        constant = claim["constant"]
        known = (number(constant["limit"]), number(constant["stated"]))
        growth = map(plain, exponents(claim["exponents"]))
        cells = (code(id), shown, interval(constant), *known, *growth, plain(claim["searched"]))
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


def exponents(found: dict[str, Any]) -> list[str]:
    """A cell per common parameter, and one for all others."""
    shown = {name: exponent(each["slope"], each["exact"]) for name, each in found.items()}
    others = ", ".join(f"{symbol(name)} {text}" for name, text in shown.items() if name not in COMMON)
    return [*(shown.get(name, "") for name in COMMON), others]
