"""What a claims file or somebody's audit says is shown as words: no page runs it, no parser stumbles over it."""

import copy
import csv
import itertools
import json
import os
import re
import shutil
import subprocess
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from lemmata.audit.cli import main
from lemmata.audit.show.markdown import code, plain
from lemmata.audit.show.mathematics import LONGEST, typeset
from lemmata.audit.show.reading import schema
from lemmata.audit.show.tables import legible, render
from lemmata.claims.from_file import forget

EVIL = (
    "<script>document.title=1</script>",
    r"\text{<script>document.title=1</script>}",
    r"\href{javascript:document.title=1}{x} \style{background:url(http://evil.test)}{y} \class{a}{b}",
    r"\text{&lt;script&gt;document.title=1&lt;/script&gt;} \text{&#60;img src=x onerror=document.title=1&#62;}",
    '" onmouseover="document.title=1',
    "'><svg onload=document.title=1><img src=http://evil.test>",
    "[x](javascript:document.title=1) ![x](http://evil.test) `",
    "]]> <!-- ",
    "\x00\x01\x1b[31m\x7f\x85\ufffe\ud800\u202e\u2066\u200f",
    "{{ 7 * 7 }} {% raw %}",
    r"1}$\input{/etc/passwd}\write18{id}${",
    "^^5cinput %",
    "=1+1",
    "  @SUM(A1)",
    "-2+3",
)
SIZES = ["--widths", "8,16", "--depths", "1", "--samples", "1,2", "--initialisations", "2"]
FILE = """
from lemmata import CAO_GU_2020, Condition, Control, Domain, Measurement, Paper, Reason, Scaling, claim

EVIL = {evil!r}
for number, evil in enumerate(EVIL):

    def measure(case, evil=evil):
        if {raises}:
            raise ValueError(evil)
        return Measurement(case.at_initial.outputs.abs(), axes=("example", "output"))

    claim(
        f"evil/claim-{{number}}",
        source=Paper("evil", evil).at(evil),
        statement=evil,
        setting=CAO_GU_2020,
        kind="SCALE",
        bound="upper",
        domain=Domain(m=(8, 16), L=(1, 1), n=(1, 2)),
        quantifiers=evil,
        probability=evil,
        notes=evil,
        erratum=evil,
        preconditions=(Condition("m", ">=", (Scaling(n=1),)),),
        controls=(Control(evil, evil, factor=0.5, unrefuted=Reason('proof', evil)),),
    )(measure)
"""


class Page(HTMLParser):
    """Every tag with its attributes, and the words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_data(self, data):
        self.words.append(data)


def check(folder: Path) -> None:
    """Nothing in the reports can run or be fetched, and their parsers read them."""
    page = Page((folder / "report.html").read_text(encoding="utf-8"))
    assert not {"script", "img", "iframe", "object", "embed", "link", "base", "form"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "srcdoc", "action")]
    links = [str(value) for name, value in page.attributes if name in ("href", "xlink:href")]
    assert all(link.startswith(("#", "http://", "https://")) for link in links)
    policy = [str(value) for name, value in page.attributes if name == "content" and "default-src" in str(value)]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]
    ElementTree.parse(folder / "junit.xml")
    text = (folder / "report.md").read_text(encoding="utf-8")
    outside = re.sub(r"`[^`\n]*`", "", text.replace("\\`", ""))
    assert not any(tag in outside for tag in ("<script", "<img", "<svg", "](javascript", "]( javascript"))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(line.replace("\\|", "").split("|")) for line in rows}) == 1
    assert all(character.isprintable() or character == "\n" for character in text)


@pytest.mark.parametrize("raises", [False, True])
def test_a_claims_file_reaches_no_page(raises, tmp_path, monkeypatch, capsys):
    """Scripts, links, control characters, lone surrogates, templates and Markdown in every text, and in an error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    file = tmp_path / "evil.py"
    file.write_text(FILE.format(evil=tuple(map(str, EVIL)), raises=raises), encoding="utf-8", errors="surrogatepass")
    try:
        assert main(["audit", "--claims-from", str(file), "evil/*", *SIZES, "--out", "out"]) == 1 + raises
        said = capsys.readouterr().err
        assert said[:-1].isprintable() or not said
        assert main(["report", "out"]) == 1
        check(tmp_path / "out")
        assert "<script" not in (tmp_path / "summary.md").read_text()
        words = "".join(Page((tmp_path / "out" / "report.html").read_text()).words)
        assert "<script>document.title=1</script>" in words
        assert "{{ 7 * 7 }} {% raw %}" in words
    finally:
        forget(str(file))


BROWSER = shutil.which("chromium") or shutil.which("google-chrome")


def opened(page: Path) -> tuple[str, bool]:
    """The title that a page has once a browser has opened it, and whether it asked for anything of evil.test."""
    log = page.with_suffix(".log")
    alone = (f"--user-data-dir={page.parent / 'browser'}", "--host-resolver-rules=MAP * ~NOTFOUND")
    options = ("--headless", "--no-sandbox", *alone, f"--log-net-log={log}", "--virtual-time-budget=2000", "--dump-dom")
    command = [str(BROWSER), *options, page.as_uri()]
    shown = subprocess.run(command, check=True, capture_output=True, timeout=120).stdout.decode()
    return re.findall(r"<title>(.*?)</title>", shown)[0], "evil.test" in log.read_text()


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_nothing_runs_in_a_browser(document, tmp_path):
    """The page of such an audit keeps its title and asks for nothing; the same texts unescaped do both."""
    changed = spoilt(document, " ".join(EVIL))
    changed["claims"] = {
        f"{id}{evil}": copy.deepcopy(changed["claims"][id]) for id in document["claims"] for evil in EVIL
    }
    for (_, claim), evil in zip(changed["claims"].items(), itertools.cycle(EVIL), strict=False):
        claim["about"] = spoilt(claim["about"], evil)
    (tmp_path / "audit.json").write_text(json.dumps(changed))
    assert main(["report", str(tmp_path)]) in (0, 1)
    title, asked = opened(tmp_path / "report.html")
    assert title.startswith("lemmata: audit of")
    assert not asked
    raw = tmp_path / "raw.html"
    raw.write_text("<title>raw</title>" + " ".join(EVIL), encoding="utf-8", errors="replace")
    assert opened(raw) == ("1", True)


@pytest.fixture(scope="module")
def document(tmp_path_factory) -> dict:
    folder = tmp_path_factory.mktemp("audit")
    assert main(["audit", "lemma-5.1a", "lemma-5.2a*", "cor-4.9", *SIZES, "--out", str(folder)]) in (0, 1)
    return json.loads((folder / "audit.json").read_text())


def spoilt(value, evil: str):
    """The document with a text in place of every text that may be any."""
    if isinstance(value, dict):
        fixed = ("schema", "verdict", "expected")
        return {name: inner if name in fixed else spoilt(inner, evil) for name, inner in value.items()}
    if isinstance(value, list):
        return [spoilt(inner, evil) for inner in value]
    return evil if isinstance(value, str) else value


@pytest.mark.parametrize("evil", EVIL, ids=range(len(EVIL)))
def test_an_audit_from_elsewhere_reaches_no_page(evil, document, tmp_path):
    """Also in the ids and names of an `audit.json`, and in what lies beside it."""
    changed = spoilt(document, evil)
    changed["claims"] = {f"{id}{evil}": claim for id, claim in changed["claims"].items()}
    for claim in changed["claims"].values():
        claim["exponents"] = {f"{name}{evil}": found for name, found in claim["exponents"].items()}
    (tmp_path / "audit.json").write_text(json.dumps(changed))
    row = {"name": evil, "statement": evil, "verdict": evil, "reason": evil}
    controls = {"claims": {legible(id): {"controls": [row]} for id in changed["claims"]}}
    (tmp_path / "controls.json").write_text(json.dumps(controls))
    (tmp_path / "sound").mkdir()
    (tmp_path / "sound" / "audit.json").write_text(json.dumps(document))
    for folder in (tmp_path / "sound", tmp_path):
        written = [f"--latex={folder / 't.tex'}", f"--csv={folder / 't.csv'}", f"--svg={folder / 'svg'}"]
        assert main(["report", str(folder), *written]) in (0, 1)
    check(tmp_path)
    latex, sound = ((folder / "t.tex").read_text() for folder in (tmp_path, tmp_path / "sound"))
    texts = {"textbackslash", "textasciitilde", "textasciicircum", "ldots", "mathrm"}
    commands, ours = (set(re.findall(r"\\([A-Za-z]+)", re.sub("(?m)^%.*", "", text))) for text in (latex, sound))
    assert commands <= ours | texts
    rows = [re.sub(r"\\[^A-Za-z]", "", line) for line in latex.splitlines() if line.startswith(r"\texttt")]
    assert len(rows) == len(document["claims"])
    assert all(row.count("{") == row.count("}") and row.count("$") % 2 == 0 and row.count("&") == 6 for row in rows)
    for row in csv.reader((tmp_path / "t.csv").read_text().splitlines()):
        assert not [cell for cell in row if cell.strip()[:1] in ("=", "+", "@", "-") and not rational(cell)]


def rational(cell: str) -> bool:
    return bool(re.fullmatch(r"-?[\d.e+-]+(/\d+)?", cell))


def test_every_audit_satisfies_its_schema(document, tmp_path):
    """What `lemmata audit` writes is what `lemmata report` accepts; a field that the schema wants is not optional."""
    (tmp_path / "audit.json").write_text(json.dumps(document))
    assert main(["report", str(tmp_path)]) in (0, 1)
    for name in schema()["definitions"]["claim"]["required"]:
        changed = copy.deepcopy(document)
        del next(iter(changed["claims"].values()))[name]
        (tmp_path / "audit.json").write_text(json.dumps(changed))
        assert main(["report", str(tmp_path)]) == 2


CONFIGURATION = "claims/cao-gu-2020~lemma-5.1a/constant/configurations/1"
EXPONENT = "claims/cao-gu-2020~lemma-5.1a/exponents"
POINTS = [{"size": size, "median": size, "low": None, "high": None, "limit": None} for size in (1.0, 10.0)]
GROWN = {"claimed": -0.5, "slope": -0.4, "excess": 0.1, "low": None, "high": None, "exact": "-1/2", "along": "tau"}
GROWN |= {"decides": True, "line": POINTS}


@pytest.mark.parametrize(
    ("place", "value", "refused"),
    [
        *((f"{CONFIGURATION}/{name}", None, "") for name in ("m", "L", "n", "d", "tau")),
        (f"{CONFIGURATION}/m", "DELETE", ""),
        (f"{CONFIGURATION}/x", [], ""),
        (f"{CONFIGURATION}/delta", [], "delta must be number"),
        *(("environment/own_data", value, "own_data must be array") for value in (3, None, True)),
        *((f"{EXPONENT}/tau/{name}", sign * 1e308, "") for name in ("excess", "slope", "claimed") for sign in (-1, 1)),
        *((f"claims/cao-gu-2020~lemma-5.1a/constant/{name}", 5e-324, "") for name in ("estimate", "low", "stated")),
        *((f"{EXPONENT}/{name}", "OF tau", "") for name in ("self", "log_self", "%", "", "log_m")),
    ],
)
def test_an_audit_is_shown_or_refused(place, value, refused, document, tmp_path, capsys):
    """Whatever one leaf says: in one line that names it where its type is wrong, and else on every page."""
    changed = copy.deepcopy(document)
    for claim in changed["claims"].values():
        claim["constant"]["stated"] = 1e300
        claim["exponents"] = {"tau": dict(GROWN)}
    *above, last = (part.replace("~", "/") for part in place.split("/"))
    holder: Any = changed
    for part in above:
        holder = holder[int(part) if isinstance(holder, list) else part]
    if value == "DELETE":
        del holder[last]
    elif value == "OF tau":
        holder[last] = holder["tau"]
    elif value is None and "configurations" in place:
        holder.pop(last, None)
    else:
        holder[last] = value
    (tmp_path / "audit.json").write_text(json.dumps(changed))
    capsys.readouterr()
    written = [f"--latex={tmp_path / 't.tex'}", f"--csv={tmp_path / 't.csv'}", f"--svg={tmp_path / 'svg'}"]
    assert main(["report", str(tmp_path), *written]) in ((2,) if refused else (0, 1))
    said = capsys.readouterr().err
    assert refused in said
    assert said.count("\n") == bool(refused)
    for picture in tmp_path.glob("svg/*.svg"):
        assert not re.search(r'="[^"]*\b(nan|inf)', picture.read_text())


def test_what_cannot_be_shown_is_one_line_that_names_the_place(document, tmp_path, monkeypatch, capsys):
    """Also where a page stumbles over what nobody thought of."""
    last = list(document["claims"])[-1]

    def stumble(audit):
        return {}["a\nb"] if last in audit["claims"] else ""

    monkeypatch.setattr("lemmata.audit.show.report.markdown.page", stumble)
    (tmp_path / "audit.json").write_text(json.dumps(document))
    assert main(["report", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"lemmata: DIR {tmp_path / 'audit.json'}: claims.{last} cannot be shown: KeyError: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("command", [["list", "evil/*"], ["show", "evil/claim-8"], ["errata", "evil/*"]])
@pytest.mark.parametrize("terminal", [False, True])
def test_a_terminal_is_sent_no_control_character_of_a_claims_file(command, terminal, tmp_path, monkeypatch, capsys):
    """None that turns the direction of writing, moves the cursor or ends a text; colour is this program's."""
    file = tmp_path / "evil.py"
    entered = 'from lemmata import Paper, erratum\nerratum(Paper("evil", EVIL[8]), 1, "C", *[EVIL[8]] * 3)\n'
    text = FILE.format(evil=tuple(map(str, EVIL)), raises=False) + entered
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    monkeypatch.setattr("lemmata.audit.show.tables.render", partial(render, terminal=terminal))
    try:
        assert main([command[0], "--claims-from", str(file), *command[1:]]) == 0
    finally:
        forget(str(file))
    printed = capsys.readouterr().out
    shown = re.sub(r"\x1b\[[\d;]*m", "", printed) if terminal else printed
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert ("�" in shown) == (command[0] != "list")  # which has none of these texts


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "1e999", "1" * 400, "1" * 5000])
def test_numbers_that_are_none_are_refused(text, document, tmp_path, capsys):
    """JSON has no such numbers, and no page can print them."""
    written = json.dumps(document).replace('"delta": 0.05', f'"delta": {text}', 1)
    assert text in written
    (tmp_path / "audit.json").write_text(written)
    assert main(["report", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "not JSON" in said
    assert len(said) < 400


@pytest.mark.parametrize("name", ["audit.json", "controls.json"])
def test_what_is_no_file_is_not_read(name, document, tmp_path, capsys):
    """A pipe would never end."""
    (tmp_path / "audit.json").write_text(json.dumps(document))
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    assert main(["report", str(tmp_path)]) == 2
    assert "is no file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        (r"\href{https://a.org/}{x}", 'href="https://a.org/"'),
        (r"\text{a<b&c}", "a&lt;b&amp;c"),
        ("x" * (LONGEST + 1), "<code>x"),
    ],
)
def test_what_is_harmless_is_kept(latex, shown):
    """A link to a page stays one, and text stays what it says."""
    assert shown in str(typeset(latex))


def test_markdown_shows_text_as_it_is():
    """Intervals stay readable; tags, links and code do not begin."""
    assert plain("slope 1.2 [0.9, 1.4]\nnext") == "slope 1.2 [0.9, 1.4] next"
    assert plain("<b>[x](y)`z`") == "&lt;b>[x]\\(y)\\`z\\`"
    assert code("a`b") == "`a´b`"


@pytest.mark.parametrize("name", ["statement", "notes", "quantifiers", "probability", "erratum"])
def test_a_text_is_text(name, tmp_path, capsys):
    """Anything else is refused where it is stated."""
    file = tmp_path / "mine.py"
    fields = f"source=Paper('a', 'b').at('c'), kind='SCALE', bound='upper', setting=CAO_GU_2020, {name}=3"
    statement = "" if name == "statement" else ", statement='x'"
    file.write_text(f"from lemmata import *\nclaim('a/b', {fields}{statement})(print)\n")
    assert main(["list", "--claims-from", str(file)]) == 2
    assert f"line 2: ValueError: {name}=3 must be text" in capsys.readouterr().err
