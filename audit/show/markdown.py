"""An audit in Markdown: one table, and what needs a reader's attention."""

from typing import Any

from lemmata.audit.show.tables import exponent, legible, number, sign


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
    head = ("claim", "", "verdict", "constant (95 %)", "limit", "stated", "growth", "searched")
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    for id, claim in document["claims"].items():
        shown = claim["verdict"] + ("" if claim["verdict"] == claim["expected"] else " ⚠")
        constant = claim["constant"]
        known = (number(constant["limit"]), number(constant["stated"]))
        growth = plain(", ".join(exponents(claim["exponents"])))
        found = plain(f"{claim['searched']} {within(constant)}".strip())
        cells = (code(id), sign(claim["about"]["bound"]), shown, constants(claim), *known, growth, found)
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


def constants(claim: dict[str, Any]) -> str:
    """The constant with its interval; of a two-sided claim the lower side's and the upper side's, of a vacuous none."""
    if claim["verdict"] == "vacuous":
        return ""
    return " … ".join(interval(claim[name]) for name in ("lower", "constant") if name in claim)


def exponents(found: dict[str, Any]) -> list[str]:
    """Growth in each parameter, as measured and as claimed."""
    return [exponent(name, each["slope"], each["exact"], each["decides"]) for name, each in found.items()]


def within(constant: dict[str, Any]) -> str:
    """The worst ratio found over the ball and its certificate, in order, and whether that proves the constant."""
    attack, certificate = constant["attack"], constant["certificate"]
    if attack is None or certificate is None:
        return ""
    low, high = sorted((attack, certificate))
    return f"[{low:.3g}, {high:.3g}]" + (" certified" if constant["certified"] else "")
