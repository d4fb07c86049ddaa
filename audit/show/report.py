"""`lemmata report DIR`: an audit as one HTML page, Markdown, JSON and JUnit, all of them from its `audit.json`."""

import json
import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar
from xml.etree import ElementTree

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from lemmata.audit.errors import UserError
from lemmata.audit.measure.files import check_outputs, writable, write_whole
from lemmata.audit.show import appendix, figures, glance, markdown
from lemmata.audit.show.grid import Grid
from lemmata.audit.show.mathematics import typeset
from lemmata.audit.show.reading import read_audit, read_controls
from lemmata.audit.show.tables import Format, emit, number, sign, symbol
from lemmata.claims.erratum import named
from lemmata.claims.from_file import words_of
from lemmata.model.data import GENERATED

SCHEMA = "lemmata-report/1"
VERDICTS = ("supported", "refuted", "inconclusive", "vacuous", "not-executable", "error")
WITNESSES = 3
"""Worst configurations shown of each claim."""

Document = dict[str, Any]
T = TypeVar("T")


def report(directory: str, form: Format, *, latex: str | None, table: str | None, svg: str | None) -> int:
    """Write the reports beside `audit.json`, print where they are, and return 1 when some verdict is not as expected.

    Args:
        directory: what holds the audit.
        form: of what is printed.
        latex, table: files for LaTeX and CSV.
        svg: a folder for every picture.

    Raises:
        UserError: if the directory holds no usable audit, or something cannot be written.
    """
    folder = Path(directory)
    audit = read_audit(folder / "audit.json", "DIR")
    beside = folder / "controls.json"
    more = [(option, Path(file)) for option, file in (("--latex", latex), ("--csv", table)) if file is not None]
    outputs = [*(("DIR", folder / name) for name in ("report.html", "report.md", "report.json", "junit.xml")), *more]
    check_outputs(outputs, (folder / "audit.json", beside))
    if svg is not None:
        writable(Path(svg))
    controls = read_controls(beside, "DIR") if beside.exists() else None
    page = partial(_shown, f"DIR {folder / 'audit.json'}", audit)
    pages = {
        folder / "report.html": page(lambda audit: html(to_json(audit, controls))),
        folder / "report.md": page(markdown.page),
        folder / "report.json": page(lambda audit: json.dumps(to_json(audit, controls), indent=1, allow_nan=False)),
        folder / "junit.xml": page(junit),
    }
    for file, made in ((latex, appendix.latex), (table, appendix.table)):
        if file is not None:
            pages[Path(file)] = page(made)
    written = {path.name: str(path) for path in pages}
    if svg is not None:
        drawn = {Path(svg) / name: text for name, text in page(lambda audit: drawings(audit["claims"])).items()}
        written[f"{len(drawn)} pictures"] = svg
        pages |= drawn
        check_outputs([*outputs, *(("--svg", path) for path in drawn)], (folder / "audit.json", beside))
    for path, text in pages.items():
        write_whole(path, text)
    emit(form, {"schema": SCHEMA, "files": written}, Grid(("report", "file"), list(map(list, written.items()))))
    return int(any(claim["verdict"] != claim["expected"] for claim in audit["claims"].values()))


def _shown(where: str, audit: Document, page: Callable[[Document], T]) -> T:
    """What a page makes of an audit.

    Raises:
        UserError: if it can make nothing of it, although every part that is read is of the type that it should be;
            with the first claim that is to blame.
    """

    def error(part: Document) -> Exception | None:
        try:
            page(part)
        except Exception as raised:
            return raised
        return None

    try:
        return page(audit)
    except Exception as raised:
        alone = ({**audit, "claims": {id: claim}} for id, claim in audit["claims"].items())
        parts = zip(audit["claims"], map(error, alone), strict=True)
        id, cause = next(((f"claims.{id}", cause) for id, cause in parts if cause), ("the whole", raised))
        raise UserError(
            f"{where}: {id} cannot be shown: {type(cause).__name__}: {words_of(cause)}; "
            "write it again with `lemmata audit --out`"
        ) from raised


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
    found = [named(about["paper"], number) for number in about["erratum"].split(", ")]
    words = {"words": "; ".join(getattr(erratum, name) for erratum in found if erratum)}
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
        "size": lambda value: number(value) if isinstance(value, float) else str(value),
        "anchor": anchor,
        "constants": markdown.constants,
        "grown": markdown.exponents,
        "within": markdown.within,
        "short": glance.short,
    }
    template = environment.from_string(folder.joinpath("page.html.jinja").read_text(encoding="utf-8"))
    audit = document["audit"]
    claims = audit["claims"]
    delta = audit["environment"]["delta"]
    return template.render(
        style=Markup(_style()),
        audit=audit,
        summary=document["summary"],
        errata=document["errata"],
        controls=(document["controls"] or {}).get("claims", {}),
        verdicts=VERDICTS,
        symbol=symbol,
        sign=sign,
        quantile=lambda bound: f"{100 * (delta if bound == 'lower' else 1 - delta):g} % quantile",
        bar=lambda claim: Markup(glance.bar(claim)),
        growth=lambda claim: [Markup(drawn) for drawn in _growth(claim).values()],
        worst=worst,
        sizes=sizes,
        tightness=tightness,
        fallen=[
            {"id": id, "sentence": claims[id]["about"]["sentence"], "expected": claims[id]["expected"] == "refuted"}
            for id in glance.fallen(claims)
        ],
        provenance=provenance(audit),
        own=0 if audit["environment"]["data"] in GENERATED else len(audit["environment"].get("own_data", [])),
        total=sum(claim["initialisations"] for claim in claims.values()),
        **{name: _strip(dots, drawn) for name, (dots, drawn) in pictures(claims).items()},
    )


def pictures(claims: Document) -> dict[str, tuple[list[glance.Dot], str]]:
    """The two pictures at a glance, with the dots of each."""
    exponents, bounds = glance.exponents(claims), glance.bounds(claims)
    return {
        "exponents": (
            exponents,
            glance.strips(
                exponents,
                f"{len(exponents)} measured exponents against the claimed ones, by parameter",
                "measured − claimed exponent; 0 is as claimed",
                lambda value: f"{value:+d}" if value else "0",
                anchor,
            ),
        ),
        "bounds": (
            bounds,
            glance.strips(
                bounds,
                f"{len(bounds)} measured ratios against what bounds them",
                "share that is reached; 1 is all of it",
                lambda value: f"{10.0**value:g}",
                anchor,
            ),
        ),
    }


def drawings(claims: Document) -> dict[str, str]:
    """Every picture of the page as a file of its own, by its name."""
    found = {f"{name}.svg": drawn for name, (_, drawn) in pictures(claims).items()}
    for id, claim in claims.items():
        found[f"{anchor(id)}.svg"] = glance.bar(claim)
        found |= {f"{anchor(id)}-{anchor(name)}.svg": drawn for name, drawn in _growth(claim).items()}
    return {name: figures.alone(drawn, _style()) for name, drawn in found.items() if drawn}


def _style() -> str:
    return files("lemmata.audit.show").joinpath("page.css").read_text(encoding="utf-8")


def _strip(dots: list[glance.Dot], drawn: str) -> Document:
    return {"dots": dots, "drawn": Markup(drawn), **glance.counts(dots)}


def provenance(audit: Document) -> list[tuple[str, str]]:
    """Where the numbers come from: when, on what, by which command."""
    names = [*("date", "command", "lemmata", "commit", "python", "torch", "machine"), *("device", "engine", "dtype")]
    names += ["data", "delta", "seed"]
    environment = audit["environment"]
    own = environment.get("own_data", [])
    found = [(name, str(environment[name])) for name in names if environment[name] is not None]
    asked = {name: values for name, values in environment.get("sizes", {}).items() if values}
    if asked:
        found.append(("sizes asked for", "; ".join(f"{n} {', '.join(map(number, v))}" for n, v in asked.items())))
    if own:
        found.append(("data of their own", f"{len(own)} of {len(audit['claims'])} claims, which are about such data"))
    return found


NO_SIZES = {
    *("ratio", "initialisations", "data_sets", "seconds"),
    *("median", "low", "high", "limit", "attack", "certificate"),
}
"""Numbers of a configuration that are none of its sizes."""


def sizes(claim: Document) -> tuple[list[str], Document]:
    """The sizes that vary over a claim's configurations, and those that do not, with their value."""
    found = claim["constant"]["configurations"]
    names = [name for name in found[0] if name not in NO_SIZES and all(_is_number(each.get(name)) for each in found)]
    varied = [name for name in names if len({each[name] for each in found}) > 1]
    return varied, {name: found[0][name] for name in names if name not in varied}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


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


def _growth(claim: Document) -> dict[str, str]:
    """A picture for each exponent that was measured along its own parameter."""
    drawn = {
        name: figures.growth(symbol(name), found)
        for name, found in claim["exponents"].items()
        if name == found["along"]
    }
    return {name: figure for name, figure in drawn.items() if figure}
