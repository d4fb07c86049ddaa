"""`lemmata report DIR`: an audit as one HTML page, Markdown, JSON and JUnit, all of them from its `audit.json`."""

import json
import re
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from lemmata.audit.measure.files import write_whole
from lemmata.audit.show import figures, markdown
from lemmata.audit.show.grid import Grid
from lemmata.audit.show.mathematics import typeset
from lemmata.audit.show.reading import read_audit, read_controls
from lemmata.audit.show.tables import Format, emit, number, symbol
from lemmata.claims.erratum import ERRATA

SCHEMA = "lemmata-report/1"
VERDICTS = ("supported", "refuted", "inconclusive", "vacuous", "not-executable", "error")
WITNESSES = 3
"""Worst configurations shown of each claim."""

Document = dict[str, Any]


def report(directory: str, form: Format) -> int:
    """Write the reports beside `audit.json`, print where they are, and return 1 when some verdict is not as expected.

    Raises:
        UserError: if the directory holds no usable audit, or cannot be written.
    """
    folder = Path(directory)
    audit = read_audit(folder / "audit.json", "DIR")
    beside = folder / "controls.json"
    document = to_json(audit, read_controls(beside, "DIR") if beside.exists() else None)
    pages = {
        "report.html": html(document),
        "report.md": markdown.page(audit),
        "report.json": json.dumps(document, indent=1, allow_nan=False),
        "junit.xml": junit(audit),
    }
    for name, text in pages.items():
        write_whole(folder / name, text)
    written = {name: str(folder / name) for name in pages}
    emit(form, {"schema": SCHEMA, "files": written}, Grid(("report", "file"), list(map(list, written.items()))))
    return int(any(claim["verdict"] != claim["expected"] for claim in audit["claims"].values()))


def to_json(audit: Document, controls: Document | None) -> Document:
    """The report as one document: the audit, with what it adds up to."""
    return {
        "schema": SCHEMA,
        "summary": summary(audit),
        "errata": errata(audit),
        "controls": controls,
        "audit": audit,
    }


def summary(audit: Document) -> list[Document]:
    """Per paper, how many claims have each verdict, and how many verdicts are not the expected ones."""
    papers: dict[str, list[Document]] = {}
    for claim in audit["claims"].values():
        papers.setdefault(claim["about"]["paper"], []).append(claim)
    return [
        {
            "paper": paper,
            "citation": claims[0]["about"]["citation"],
            "claims": len(claims),
            "verdicts": {verdict: Counter(c["verdict"] for c in claims)[verdict] for verdict in VERDICTS},
            "unexpected": sum(c["verdict"] != c["expected"] for c in claims),
        }
        for paper, claims in papers.items()
    ]


def errata(audit: Document) -> list[Document]:
    """Per statement with an erratum: as meant and, where it is a claim of its own, as printed, with both verdicts."""
    claims = audit["claims"]
    return [
        {
            "id": id,
            "erratum": claim["about"]["erratum"],
            "where": claim["about"]["reference"],
            "printed": _reading(claims.get(f"{id}@printed"), claim, "printed"),
            "meant": _reading(claim, claim, "meant"),
        }
        for id, claim in claims.items()
        if claim["about"]["erratum"] and claim["about"]["reading"] == "meant"
    ]


def _reading(claim: Document | None, plain: Document, name: str) -> Document:
    """One reading of a statement: what it says in words, and as a claim of its own where it is one."""
    about = plain["about"]
    keys = [f"{about['paper']}/{number}" for number in about["erratum"].split(", ")]
    words = {"words": "; ".join(getattr(ERRATA[key], name) for key in keys if key in ERRATA)}
    if claim is None:
        return words | {"statement": None, "verdict": None, "reason": None, "notes": about["notes"]}
    own = {"verdict": claim["verdict"], "reason": claim["reason"]}
    return words | {"statement": claim["about"]["statement"], **own, "notes": claim["about"]["notes"]}


def html(document: Document) -> str:
    """The page: no script, no network; readable in print, in the dark and without colour."""
    folder = files("lemmata.audit.show")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "math": typeset,
        "number": number,
        "symbol": symbol,
        "anchor": anchor,
        "constants": markdown.constants,
        "within": markdown.within,
        "short": lambda id: id.partition("/")[2],
    }
    template = environment.from_string(folder.joinpath("page.html.jinja").read_text(encoding="utf-8"))
    audit = document["audit"]
    drawn = figures.constants([(anchor(id), id.partition("/")[2], claim) for id, claim in audit["claims"].items()])
    return template.render(
        style=Markup(folder.joinpath("page.css").read_text(encoding="utf-8")),
        audit=audit,
        summary=document["summary"],
        errata=document["errata"],
        controls=(document["controls"] or {}).get("claims", {}),
        verdicts=VERDICTS,
        symbol=symbol,
        constants=Markup(drawn),
        growth=_growth,
        worst=worst,
        tightness=tightness,
        total=sum(claim["initialisations"] for claim in audit["claims"].values()),
    )


def worst(claim: Document) -> list[Document]:
    """The configurations at which the claim came nearest to falling, worst first."""
    lower = claim["about"]["bound"] == "lower"
    found = [c for c in claim["constant"]["configurations"] if c["worst"]["value"] is not None]
    return sorted(found, key=lambda c: c["worst"]["value"], reverse=not lower)[:WITNESSES]


def tightness(claim: Document) -> str:
    """How near the attack came to the sound bound over the whole ball, both at the worst initialisation; else empty."""
    shares = [
        min(c["attack"], c["certificate"]) / max(c["attack"], c["certificate"])
        for c in claim["constant"]["configurations"]
        if c["certificate"] and c["attack"]
    ]
    if not shares:
        return ""
    return f"{min(shares):.0%}" if min(shares) == max(shares) else f"{min(shares):.0%} to {max(shares):.0%}"


def anchor(id: str) -> str:
    """A claim's id as the name of a place in the page."""
    return re.sub(r"[^\w.-]", "-", id)


def junit(audit: Document) -> str:
    """The verdicts for continuous integration: a suite per paper, a failure per verdict that is not as expected."""
    root = ElementTree.Element("testsuites", name="lemmata")
    suites: dict[str, ElementTree.Element] = {}
    for id, claim in audit["claims"].items():
        paper = claim["about"]["paper"]
        suite = suites.setdefault(paper, ElementTree.SubElement(root, "testsuite", name=paper))
        seconds = sum(c["seconds"] for c in claim["constant"]["configurations"])
        case = ElementTree.SubElement(suite, "testcase", classname=paper, name=id, time=f"{seconds:.3f}")
        if claim["verdict"] != claim["expected"]:
            failure = ElementTree.SubElement(case, "failure", message=f"{claim['verdict']}: {claim['reason']}")
            failure.text = claim["replay"]
        elif claim["verdict"] == "not-executable":
            ElementTree.SubElement(case, "skipped", message=claim["reason"])
    for suite in suites.values():
        for name, tag in (("tests", "testcase"), ("failures", "testcase/failure"), ("skipped", "testcase/skipped")):
            suite.set(name, str(len(suite.findall(tag))))
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _growth(claim: Document) -> list[Markup]:
    drawn = (
        figures.growth(symbol(name), found) for name, found in claim["exponents"].items() if name == found["along"]
    )
    return [Markup(figure) for figure in drawn if figure]
