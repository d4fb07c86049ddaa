"""The reports: complete, self-contained, and the same facts in each of them."""

import csv
import json
import re
import shutil
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from lemmata.audit.cli import main
from lemmata.audit.show import appendix, document, figures, glance, markdown
from lemmata.audit.show.mathematics import typeset
from lemmata.audit.show.report import errata
from lemmata.audit.show.tables import SIGNS, SYMBOLS, symbol
from lemmata.claims import REGISTRY
from lemmata.claims.language.letters import OF_NETWORKS

PATTERNS = ["lemma-5.1a", "lemma-5.2a*", "loss-*", "eq-5.2*"]
SIZES = [
    "--widths",
    "32,64,128",
    "--depths",
    "1,2",
    "--samples",
    "2",
    "--radii",
    "0.001,0.01,0.1",
    "--initialisations",
    "4",
]


class Page(HTMLParser):
    """What the tests ask of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words.append(data)

    def values(self, name: str) -> list[str]:
        return [str(attributes[name]) for _, attributes in self.tags if name in attributes]

    def count(self, tag: str, **wanted: str) -> int:
        return sum(t == tag and all(a.get(k) == v for k, v in wanted.items()) for t, a in self.tags)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A small audit of readings that hold and do not, with controls of one claim, and its reports."""
    folder = tmp_path_factory.mktemp("report")
    assert main(["audit", *PATTERNS, *SIZES, "--out", str(folder)]) in (0, 1)
    controls = [{"name": "m -1/6", "statement": "C m^(1/3)", "verdict": "refuted", "reason": "it outgrows it"}]
    (folder / "controls.json").write_text(json.dumps({"claims": {"cao-gu-2020/lemma-5.1a": {"controls": controls}}}))
    assert main(["report", str(folder)]) in (0, 1)
    return folder


@pytest.fixture(scope="module")
def audit(folder) -> dict:
    return json.loads((folder / "audit.json").read_text())


@pytest.fixture(scope="module")
def page(folder) -> Page:
    return Page((folder / "report.html").read_text())


def test_the_page_needs_nothing_but_itself(folder, page):
    """No script, no address to fetch from, no external style or picture."""
    assert not page.count("script")
    assert not page.count("link")
    assert not page.count("img")
    assert not page.values("src")
    assert not [target for target in page.values("href") if not target.startswith("#")]
    assert "url(" not in (folder / "report.html").read_text()


def test_every_claim_is_there_and_can_be_reached(page, audit):
    """A row and an anchor per claim; every link inside the page leads somewhere; no anchor stands twice."""
    assert page.count("details", **{"class": "claim"}) == len(audit["claims"])
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {target[1:] for target in page.values("href")} <= set(ids)
    text = "".join(page.words)
    for id, claim in audit["claims"].items():
        assert id.partition("/")[2] in text
        assert claim["about"]["reference"] in text
        assert claim["replay"] is None or claim["replay"] in text


def test_figures_say_what_they_show(page, audit):
    """Every picture has a name for those who cannot see it; there is one per exponent, and two of them all."""
    pictures = [attributes for tag, attributes in page.tags if tag == "svg"]
    exponents = sum(len(claim["exponents"]) for claim in audit["claims"].values())
    assert all(picture["aria-label"] for picture in pictures)
    named = [picture for picture in pictures if "measured to grow like" in str(picture["aria-label"])]
    assert len(named) == exponents
    assert sum("against" in str(picture["aria-label"]) for picture in pictures) == exponents + 2


def test_the_errata_stand_beside_what_is_meant(page, audit):
    """Lemma 5.2's printed reading and the meant one are both in the errata, with their verdicts."""
    text = " ".join("".join(page.words).split())
    printed = audit["claims"]["cao-gu-2020/lemma-5.2a@printed"]
    assert f"Printed: expansion of f at Ŵ ({printed['verdict']}). Meant: at W̃" in text
    assert "Meant and proved" in text


def test_controls_in_the_directory_are_shown(page):
    """A controls.json beside the audit appears with its claim."""
    assert "it outgrows it" in page.words


def test_junit_fails_for_what_is_not_as_expected(folder, audit):
    """A case per claim; its failures are exactly the unexpected verdicts."""
    root = ElementTree.parse(folder / "junit.xml").getroot()
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert set(cases) == set(audit["claims"])
    failed = {name for name, case in cases.items() if case.find("failure") is not None}
    assert failed == {id for id, claim in audit["claims"].items() if claim["verdict"] != claim["expected"]}
    assert sum(int(suite.get("failures", 0)) for suite in root) == len(failed)


def test_markdown_has_a_row_per_claim(folder, audit):
    """Every row has as many cells as the head."""
    rows = [line for line in (folder / "report.md").read_text().splitlines() if line.startswith("|")]
    assert len(rows) == len(audit["claims"]) + 2
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1


def test_json_holds_the_audit_and_its_sums(folder, audit):
    """The report's JSON has its own schema, the whole audit, and counts that add up."""
    document = json.loads((folder / "report.json").read_text())
    assert document["schema"] == "lemmata-report/1"
    assert document["audit"] == audit
    assert sum(row["claims"] for row in document["summary"]) == len(audit["claims"])
    assert all(sum(row["verdicts"].values()) == row["claims"] for row in document["summary"])


def test_the_status_is_the_audit_s(folder, audit, capsys):
    """1 when a verdict is not the expected one, else 0."""
    unexpected = any(claim["verdict"] != claim["expected"] for claim in audit["claims"].values())
    assert main(["report", str(folder), "--format", "json"]) == int(unexpected)
    assert set(json.loads(capsys.readouterr().out)["files"]) == {"report.html", "report.md", "report.json", "junit.xml"}


def test_every_statement_can_be_typeset():
    """The statements of the registry become MathML, none is left as LaTeX."""
    assert [id for id, claim in REGISTRY.items() if "<code>" in typeset(claim.statement)] == []


def test_long_statements_wrap_between_their_parts():
    """Before relations and sums that stand in no bracket and between no bars; text between formulas is text."""
    parts = str(typeset(r"f(a + b) - \|x - y\|_2 \le c \text{ for all <c> } \implies d")).split("<wbr>")
    assert len(parts) == 5
    assert all(part.startswith("<math") and part.endswith("</math>") for part in (*parts[:3], parts[4]))
    assert parts[3] == " for all &lt;c&gt; "
    assert "≤" in parts[2]
    assert 'form="infix"' in parts[2]


def test_what_cannot_be_typeset_is_shown_as_written():
    """Broken LaTeX is shown escaped, and does not spoil the report."""
    assert str(typeset(r"<b>_1_2")) == "<code>&lt;b&gt;_1_2</code>"


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda folder: (folder / "audit.json").unlink(), "No such file"),
        (lambda folder: (folder / "audit.json").write_text("{"), "not JSON"),
        (lambda folder: (folder / "controls.json").write_text("[]"), "it must be what `lemmata controls"),
        (lambda folder: (folder / "controls.json").write_text("{"), "lemmata controls"),
        (lambda folder: forget(folder, "about"), "'about'"),
        (lambda folder: forget(folder, "constant"), "'constant'"),
    ],
)
def test_what_is_no_audit_is_refused(spoil, word, folder, tmp_path, capsys):
    """Status 2 and one line that names the file."""
    for name in ("audit.json", "controls.json"):
        (tmp_path / name).write_text((folder / name).read_text())
    spoil(tmp_path)
    assert main(["report", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("lemmata: DIR ")
    assert word in said
    assert said.count("\n") == 1


def forget(folder: Path, field: str) -> None:
    document = json.loads((folder / "audit.json").read_text())
    del next(iter(document["claims"].values()))[field]
    (folder / "audit.json").write_text(json.dumps(document))


@pytest.mark.parametrize(("low", "high"), [(1e-3, 2e-3), (1.0, 1.0), (1e-12, 1e9), (0.3, 40.0)])
def test_axes_have_ticks_and_keep_values_inside(low, high):
    """Any positive range gets at least two ticks, in order, and its ends stay on the axis."""
    axis = figures.Axis.over([low, high], 0.0, 100.0)
    ticks = axis.ticks()
    assert len(ticks) >= 2
    assert ticks == sorted(ticks)
    assert 0 <= axis(low) <= axis(high) <= 100


def test_an_axis_needs_a_positive_value():
    """Zeros and infinities have no place on a logarithmic axis."""
    with pytest.raises(ValueError, match="positive"):
        figures.Axis.over([0.0, float("inf")], 0.0, 1.0)


def test_a_configuration_says_every_size_that_an_exponent_is_fitted_in(audit):
    """A figure draws the ratio against it."""
    for entry in audit["claims"].values():
        for configuration in entry["constant"]["configurations"]:
            assert set(OF_NETWORKS) <= set(configuration)


def test_every_exponent_that_is_fitted_can_be_drawn():
    """Its parameter has a symbol."""
    assert set(OF_NETWORKS) == set(SYMBOLS)


def test_no_witness_is_beyond_a_certificate_of_its_row(certified, capsys):
    """Neither in the row nor at a configuration, as the page, the table and the JSON print them."""
    seen = 0
    for id, claim in certified["claims"].items():
        sign = -1 if claim["about"]["bound"] == "lower" else 1
        found = claim["constant"]["configurations"]
        witnesses = [c["worst"]["value"] for c in found] + [claim["constant"]["attack"]]
        for certificate, below in [
            (claim["constant"]["certificate"], witnesses),
            *((c["certificate"], [c["worst"]["value"], c["attack"], c["median"]]) for c in found),
        ]:
            if certificate is None:
                continue
            seen += 1
            for witness in below:
                assert sign * witness <= sign * certificate + 1e-9 * abs(certificate), id
    assert seen >= 2 * len(certified["claims"])
    shown = [word for word in markdown.rows(certified)[2:] if "[" in word.split("|")[-2]]
    for row in shown:
        low, high = map(float, re.findall(r"\[([^,\]]+), ([^\]]+)\]", row.split("|")[-2])[0])
        assert low <= high
    assert len(shown) == len(certified["claims"])


@pytest.fixture(scope="module")
def certified(tmp_path_factory) -> dict:
    """An audit of upper and lower bounds over a ball, with certificates."""
    folder = tmp_path_factory.mktemp("certified")
    sizes = ["--widths", "32,64", "--depths", "1,2", "--samples", "2", "--radii", "0.01", "--initialisations", "8"]
    main(["audit", "lemma-5.2a", "lemma-B.1-i-weights", "lemma-B.1-iv", "lemma-5.4", *sizes, "--out", str(folder)])
    return json.loads((folder / "audit.json").read_text())


def test_a_row_says_what_it_is_about(folder, audit):
    """Closed, it has the sentence, the direction, the verdict, exponents as measured and as claimed, and a bar."""
    text = (folder / "report.html").read_text()
    rows = re.findall(r'<details class="claim">\s*<summary>(.*?)</summary>', text, re.DOTALL)
    assert len(rows) == len(audit["claims"])
    for row, claim in zip(rows, audit["claims"].values(), strict=True):
        words = unescape(re.sub(r"<[^>]*>", "", row))
        assert claim["about"]["sentence"] in words
        assert f"{SIGNS.get(claim['about']['bound'], '')} " in words
        assert claim["verdict"] in words
        for name, found in claim["exponents"].items():
            assert f"{symbol(name)}^{found['slope']:.2f} (claimed {found['exact']})".replace("^-0.00", "^0.00") in words
        known = [claim["constant"][name] for name in ("limit", "stated", "certificate")]
        assert ("<svg" in row) == ((claim["constant"]["estimate"] or 0) > 0 and any(known))


def test_the_page_says_where_its_numbers_come_from(page, audit):
    """The date, the command, the machine, and every permalink."""
    text = "".join(page.words)
    for name in ("date", "command", "machine", "seed"):
        assert str(audit["environment"][name]) in text
    assert page.count("a", **{"class": "permalink"}) == len(audit["claims"])


def test_the_first_picture_counts_what_stands_and_what_fell(audit):
    """Every deciding exponent is as claimed, smaller or larger, by the direction that breaks its claim."""
    dots = glance.exponents(audit["claims"])
    assert len(dots) == sum(len(claim["exponents"]) for claim in audit["claims"].values())
    counts = glance.counts(dots)
    assert counts["all"] == counts["close"] + counts["below"] + counts["above"] == sum(not dot.faint for dot in dots)
    fell = [dot for dot in dots if dot.claim == "cao-gu-2020/lemma-5.2a@printed" and dot.row == "tau"]
    assert [dot.value > glance.CLOSE for dot in fell] == [True]
    for id, name, excess in (("lemma-5.1a", "m", 0.5), ("lemma-5.4", "m", -0.5), ("lemma-5.1b", "tau", -0.5)):
        assert document.excess(REGISTRY[f"cao-gu-2020/{id}"], name, 0.5) == excess


def test_latex_csv_and_pictures_say_the_same(folder, audit, tmp_path, capsys):
    """A row per claim in either, and every picture as well-formed SVG with a style of its own."""
    arguments = ["--latex", str(tmp_path / "t.tex"), "--csv", str(tmp_path / "t.csv"), "--svg", str(tmp_path / "svg")]
    assert main(["report", str(folder), *arguments]) in (0, 1)
    tex = (tmp_path / "t.tex").read_text()
    rows = list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))
    assert [row["claim"] for row in rows] == list(audit["claims"])
    for id, claim in audit["claims"].items():
        assert rf"\texttt{{{appendix.escaped(id.partition('/')[2])}}} &" in tex
        for name, found in claim["exponents"].items():
            row = next(row for row in rows if row["claim"] == id)
            assert (float(row[f"{name}_measured"]), row[f"{name}_claimed"]) == (found["slope"], found["exact"])
    assert tex.count(r"\begin{") == tex.count(r"\end{")
    assert "tikzpicture" in tex
    pictures = list((tmp_path / "svg").iterdir())
    assert {"exponents.svg", "bounds.svg", "cao-gu-2020-lemma-5.2a-tau.svg"} <= {file.name for file in pictures}
    for file in pictures:
        root = ElementTree.parse(file).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root[0].tag.endswith("style")


@pytest.mark.parametrize("taken", ["audit.json", "controls.json", "report.md", "./x/../junit.xml", "t.csv"])
def test_no_file_of_a_report_takes_another_s_place(taken, folder, tmp_path, capsys):
    """Neither what is read nor what is written; nothing is written then."""
    shutil.copytree(folder, tmp_path / "copy")
    before = {path: path.read_bytes() for path in (tmp_path / "copy").iterdir()}
    (tmp_path / "copy" / "x").mkdir()
    file = str(tmp_path / "copy" / taken)
    given = ["--latex", file, *(["--csv", file] if taken == "t.csv" else [])]
    assert main(["report", str(tmp_path / "copy"), *given]) == 2
    assert f" {file}: is " in (said := capsys.readouterr().err)
    assert "it must be a file of its own" in said
    (tmp_path / "copy" / "x").rmdir()
    assert {path: path.read_bytes() for path in (tmp_path / "copy").iterdir()} == before


def test_what_means_something_to_latex_is_written_out():
    """Also in ids of other people's claims."""
    assert appendix.escaped(r"a_b%&\{~^}") == r"a\_b\%\&\textbackslash{}\{\textasciitilde{}\textasciicircum{}\}"
    assert appendix.letter("log_m") == r"[\log m]"
    assert appendix.letter("n_heads") == r"\mathrm{n\_heads}"


def test_every_erratum_that_a_claim_names_says_what_was_wrong():
    """Also where one paper shares another's slip: Zou & Gu's Theorem 3.3 has that of Cao & Gu's Theorem 4.7."""
    for claim in REGISTRY.values():
        if not claim.erratum:
            continue
        about = {"paper": claim.id.partition("/")[0], "erratum": claim.erratum, "notes": "", "reading": "meant"}
        row = {"about": about | {"reference": "", "statement": ""}, "verdict": "supported", "reason": ""}
        (found,) = errata({"claims": {claim.plain_id: row}})
        assert found["printed"]["words"], claim.id
        assert found["meant"]["words"], claim.id
