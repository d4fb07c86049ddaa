"""The command line: what is listed, how it is printed, and with which status it ends."""

import io
import json
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import get_args

import click
import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from lemmata.audit import choosing
from lemmata.audit.cli import COMMANDS, lemmata, main
from lemmata.audit.errors import UserError, naming, one_line
from lemmata.audit.judge.controls import Outcome
from lemmata.audit.show import claim_page
from lemmata.audit.show.grid import Grid
from lemmata.audit.show.progress import progress
from lemmata.audit.show.tables import WIDTH, emit, exponent, finite, render, verdict
from lemmata.claims import REGISTRY
from lemmata.claims.claim import Claim
from lemmata.claims.language.scaling import Scaling

ROW = {
    "id",
    "paper",
    "reference",
    "kind",
    "reading",
    "bound",
    "expected",
    "statement",
    "title",
    "sentence",
    "scaling",
    "constant",
    "domain",
    "controls",
}
ROOT = Path(__file__).parent.parent


def output(capsys, *arguments: str) -> str:
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out


def error(capsys, *arguments: str) -> str:
    """The one line that a refused command line prints."""
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("lemmata: ")
    assert printed.err.count("\n") == 1
    assert printed.err.endswith("\n")
    return printed.err


def process(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "lemmata", *arguments]


def test_list_has_every_claim_in_order(capsys):
    """The JSON array has one object per claim, in the registry's order, with the contract's keys."""
    rows = json.loads(output(capsys, "list", "--format", "json"))
    assert [row["id"] for row in rows] == list(REGISTRY)
    assert all(set(row) == ROW for row in rows)


def test_controls_are_counted_by_paper(capsys):
    """The document says of every neighbour what it changes, and the last lines count what became of them."""
    arguments = ["controls", "cao-gu-2020/eq-5.2", "zou-gu-2019/abstract-gd", "zou-gu-2019/table-1-oymak"]
    document = json.loads(output(capsys, *arguments, "--format", "json"))
    assert document["score"] == 1
    found = {id: claim["controls"] for id, claim in document["claims"].items()}
    assert {control["of"] for controls in found.values() for control in controls} == {"statement"}
    lines = output(capsys, *arguments).splitlines()[-3:]
    papers = {"cao-gu-2020": arguments[1:2], "zou-gu-2019": arguments[2:], "all": arguments[1:]}
    for (paper, ids), line in zip(papers.items(), lines, strict=True):
        verdicts = [control["verdict"] for id in ids for control in found[id]]
        assert {"refuted", *(["true"] if paper != "cao-gu-2020" else [])} == set(verdicts)
        counts = {verdict: verdicts.count(verdict) for verdict in get_args(Outcome)}
        words = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        assert line == f"{paper}: {len(verdicts)} controls, {words}; score 100.0%"


def test_listed_scalings_are_exact(capsys):
    """A right-hand side is a list of terms, each {parameter: exponent} with rational exponents as strings."""
    rows = json.loads(output(capsys, "list", "lemma-5.2b", "--format", "json"))
    assert rows[0]["scaling"] == [{"L": "2", "tau": "1/3", "m": "1/2", "log_m": "1/2"}, {"L": "3", "m": "1"}]
    assert tuple(Scaling(**term) for term in rows[0]["scaling"]) == REGISTRY[rows[0]["id"]].terms


def test_constants_say_where_they_come_from(capsys, monkeypatch):
    """A stated constant cites the paper, an audited one `constants.toml`."""
    (stated,) = json.loads(output(capsys, "list", "loss-curvature", "--format", "json"))
    assert stated["constant"] == {
        "kind": "stated",
        "value": 0.5,
        "provenance": "stated: appendix B.2, before equation B.1",
    }
    entry = {"cao-gu-2020/lemma-5.1b": {"constant": 0.9, "provenance": "audit of seed 1", "margin": 1.1}}
    monkeypatch.setattr(claim_page, "audited_constants", lambda: entry)
    monkeypatch.setattr(claim_page, "constant", lambda claim: entry[claim.plain_id]["constant"])
    (audited,) = json.loads(output(capsys, "list", "lemma-5.1b", "--format", "json"))
    assert audited["constant"]["value"] == 0.9
    assert audited["constant"]["provenance"] == "provenance: audit of seed 1; margin: 1.1"


def test_globs_match_with_and_without_the_paper(capsys):
    """`lemma-5.2*` and `cao-gu-2020/lemma-5.2*` choose the same claims, both readings among them."""
    short = output(capsys, "list", "lemma-5.2*", "--format", "json")
    assert short == output(capsys, "list", "cao-gu-2020/lemma-5.2*", "--format", "json")
    assert {"cao-gu-2020/lemma-5.2a", "cao-gu-2020/lemma-5.2a@printed"} <= {row["id"] for row in json.loads(short)}


def test_table_has_one_row_per_claim(capsys):
    """Every id and every sentence is whole, and nothing is wider than the table may be."""
    text = output(capsys, "list")
    assert max(map(cell_len, text.splitlines())) <= WIDTH
    *lines, _, count = text.splitlines()
    assert [line.split()[0] for line in lines[1:] if line[0] != " "] == list(REGISTRY)
    assert count.startswith(f"{len(REGISTRY)} claims, ")
    assert all(claim.sentence in text for claim in REGISTRY.values())


@pytest.mark.parametrize("member", REGISTRY.values(), ids=str)
def test_every_claim_says_what_it_says(member: Claim):
    """In one plain sentence, with a title."""
    assert member.sentence.endswith(".")
    assert "\\" not in member.sentence
    assert member.title


def test_claims_are_listed_by_paper_and_by_what_they_speak_of(capsys):
    """A paper is all of its claims, a word those that speak of it; what nobody speaks of is refused."""
    papers = json.loads(output(capsys, "list", "zou-gu-2019", "--format", "json"))
    assert {row["paper"] for row in papers} == {"zou-gu-2019"}
    assert len(papers) == sum(id.startswith("zou-gu-2019/") for id in REGISTRY)
    gradients = {row["id"] for row in json.loads(output(capsys, "list", "Gradient", "--format", "json"))}
    assert {"cao-gu-2020/lemma-5.1a", "zou-gu-2019/lemma-4.1"} <= gradients
    assert "cao-gu-2020/loss-growth" not in gradients
    assert "none speaks of it" in error(capsys, "list", "quaternion")


def test_no_command_says_what_to_do(capsys):
    """Commands to begin with, on standard output."""
    text = output(capsys)
    assert "lemmata check --init" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_terminal_shows_a_sign_of_life_before_torch_is_there_and_a_file_does_not(capsys, monkeypatch):
    """Wiped before the first row; nothing on what is no terminal, nothing while a shell completes."""
    assert main(["list", "thm-3.3-labels"]) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["list", "thm-3.3-labels"]) == 0
    assert capsys.readouterr().err == "loading torch …\r\x1b[K"
    monkeypatch.setenv("_LEMMATA_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "lemmata list thm-3.3-lab")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert main([]) == 0
    assert capsys.readouterr().err == ""


def test_a_shell_completes_commands_and_ids(capsys, monkeypatch):
    """As click documents it: `_LEMMATA_COMPLETE`, for ids with and without their paper."""
    monkeypatch.setenv("_LEMMATA_COMPLETE", "bash_complete")
    for words, completed in (("lemmata sh", "show"), ("lemmata show lemma-5.2", "lemma-5.2a")):
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
        assert main() == 0
        assert f"plain,{completed}" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("member", REGISTRY.values(), ids=str)
def test_every_claim_can_be_shown(member: Claim, capsys):
    """Each page says what the row says and more, and names the file and line that define the claim."""
    page = json.loads(output(capsys, "show", member.id, "--format", "json"))
    assert set(page) >= ROW | {"quantifiers", "probability", "assumptions", "attacks", "limit", "erratum", "notes"}
    file, line = page["file"].split(":")
    assert (ROOT / file).read_text().splitlines()[int(line) - 1].startswith(("@claim", "@derived", "@lemma", "def "))
    text = output(capsys, "show", member.id)
    assert member.id in text
    assert max(map(cell_len, text.splitlines())) <= WIDTH


def test_show_knows_short_ids(capsys):
    """An id without its paper is enough, and the limit of Lemma 5.1 at one layer is on its page."""
    page = json.loads(output(capsys, "show", "lemma-5.1a", "--format", "json"))
    assert page["id"] == "cao-gu-2020/lemma-5.1a"
    assert page["limit"][0] == {"L": 1, "n": 1, "tau": 0.01, "value": 0.5**0.5}


def test_ambiguous_short_id_is_refused(capsys, monkeypatch):
    """A short id that two papers share is refused with both."""
    monkeypatch.setattr(choosing, "whole_claims", lambda: [REGISTRY["cao-gu-2020/lemma-5.1a"]] * 2)
    line = error(capsys, "show", "lemma-5.1a")
    assert "ambiguous; allowed: cao-gu-2020/lemma-5.1a" in line


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("frobnicate",), ["'frobnicate'", "list, ", "show"]),
        (("lst",), ["'lst'", "did you mean list"]),
        (("--frobnicate",), ["--frobnicate", "--help"]),
        (("list", "--frobnicate"), ["--frobnicate", "--format"]),
        (("list", "--format", "xml"), ["--format", "'xml'", "'table', 'json'"]),
        (("list", "--format"), ["--format"]),
        (("list", "lemma-9.*"), ["GLOB 'lemma-9.*'", "closest"]),
        (("list", ""), ["GLOB ''"]),
        (("show",), ["'ID'"]),
        (("show", "a", "b"), ["(b)"]),
        (("show", "lemma-5.2"), ["ID 'lemma-5.2'", "lemma-5.2a"]),
        (("show", "cao-gu-2020/lemma-51a"), ["closest: cao-gu-2020/lemma-5.1a"]),
        (("show", "one\ntwo\x07"), ["one\\ntwo\\x07"]),
        (("check",), ["--init"]),
    ],
    ids=str,
)
def test_usage_errors_are_one_line(arguments, parts, capsys):
    """The line names what was wrong, and what is allowed instead."""
    line = error(capsys, *arguments)
    assert all(part in line for part in parts), line


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_formats(name, capsys):
    """`--help` exits 0 and mentions `--format`; a command without a docstring would have no help."""
    text = output(capsys, name, "--help")
    assert "--format" in text
    found = lemmata.get_command(click.Context(lemmata), name)
    assert found is not None
    assert found.help
    assert found.name == name


def test_help_lists_the_commands(capsys):
    """`lemmata --help` names every command."""
    text = output(capsys, "--help")
    assert all(f"  {name}" in text for name in COMMANDS)


def test_interrupt_is_one_line(capsys, monkeypatch):
    """Ctrl-C is exit status 2 and one line, nothing before it."""
    monkeypatch.setattr(choosing, "select", interrupt)
    assert error(capsys, "list") == "lemmata: interrupted\n"


def interrupt(_: object) -> None:
    raise KeyboardInterrupt


def test_interrupt_that_a_library_swallows_is_one_line(capsys, monkeypatch):
    """numpy, interrupted while it is imported, raises a RecursionError; it is an interrupt all the same."""
    monkeypatch.setattr(choosing, "select", swallow)
    assert error(capsys, "list") == "lemmata: interrupted\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def swallow(_: object) -> None:
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        raise RecursionError from None


def test_defects_are_not_masked(monkeypatch):
    """An exception that no user caused passes through, with its traceback."""
    monkeypatch.setattr(choosing, "select", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["list"])


def test_a_command_returns_its_status(monkeypatch):
    """What a command returns is the exit status."""
    monkeypatch.setattr("lemmata.audit.commands.list.command", click.Command("list", callback=lambda: 1))
    assert main(["list"]) == 1


def test_closed_pipe_is_quiet():
    """A reader that stops reading ends the program without a word."""
    with subprocess.Popen(process("--help"), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        run.stdout.close()
        assert run.stderr.read() == b""
    assert run.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", ["2>/dev/full", "2>&-"])
def test_a_refusal_has_its_status_without_a_standard_error(words):
    """Full or closed: status 1 would say that some verdict is not as expected."""
    run = subprocess.run(["sh", "-c", f'"$@" {words}', "sh", *process("nosuch")], cwd=ROOT, check=False)
    assert run.returncode == 2


def test_what_comes_in_after_the_last_word_changes_nothing(monkeypatch):
    """Of a process of its own, whose libraries take their time to end; a caller in Python has its handlers back."""
    usual = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    assert main(["--version"]) == 0
    assert all(signal.getsignal(number) is handler for number, handler in usual.items())
    monkeypatch.setattr(sys, "argv", ["lemmata", "--version"])
    try:
        assert main() == 0
        assert all(signal.getsignal(number) is signal.SIG_IGN for number in usual)
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk_is_one_line():
    """Output that cannot be written is exit status 2."""
    with open("/dev/full", "w") as full:
        run = subprocess.run(process("--help"), cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (run.returncode, run.stderr) == (2, b"lemmata: standard output: no space left, there must be some\n")


@pytest.mark.parametrize("form", ["json", "table"])
def test_output_fits_the_terminal_s_encoding(form, monkeypatch):
    """A terminal without Greek letters gets the same JSON, and a table with question marks."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    assert main(["show", "lemma-5.2a", "--format", form]) == 0
    text = stream.buffer.getvalue().decode("ascii")
    if form == "json":
        assert "τ" in json.loads(text)["right-hand side"]
    else:
        assert "? C L^2 ?^(1/3)" in text


def test_documents_hold_no_infinity(capsys):
    """NaN and infinities are refused by `emit`, and `finite` turns them into null."""
    with pytest.raises(ValueError, match="JSON"):
        emit("json", {"ratio": np.inf})
    emit("json", [finite(np.inf), finite(np.nan), finite(1.5)])
    assert json.loads(capsys.readouterr().out) == [None, None, 1.5]


ROWS = [
    ["lemma-5.2a@printed", "≤", "inconclusive", "0.409 [0.394, 0.443]", "0.3345", ["m^0.43 (1/2)", "L^-2.00 (0)"]],
    ["eq-5.6", "≥", "supported", "1.02 [1.01, 1.03]", "", ["φ^0.98 (1)"]],
]


def printed(width: int, rows: list) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(Grid(("claim", "", "verdict", "constant", "limit", "growth"), rows))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [175, 100, 80, 60, 40])
def test_nothing_of_a_table_is_cut(width):
    """At every width each value stands whole on one line, beside its row or below it."""
    lines = printed(width, ROWS)
    assert max(map(cell_len, lines)) <= width
    for cell in (cell for row in ROWS for cell in row):
        for item in [cell] if isinstance(cell, str) else cell:
            assert any(item in line for line in lines)


def test_what_has_no_room_beside_a_row_is_named_below_it():
    """Columns go from the last one on, each value with its column's name, the remarks without."""
    assert printed(80, ROWS)[:3] == [
        "claim                  verdict       constant              limit",
        "lemma-5.2a@printed  ≤  inconclusive  0.409 [0.394, 0.443]  0.3345",
        "    m^0.43 (1/2) · L^-2.00 (0)",
    ]
    assert printed(60, ROWS)[:3] == [
        "claim                  verdict       constant",
        "lemma-5.2a@printed  ≤  inconclusive  0.409 [0.394, 0.443]",
        "    limit 0.3345 · m^0.43 (1/2) · L^-2.00 (0)",
    ]


def test_remarks_wrap_in_their_column_where_there_is_room():
    """Prose is broken between words, under itself."""
    lines = printed(100, [[*ROWS[0][:-1], "word " * 20]])
    assert [line.strip() for line in lines[2:]] == [" ".join(["word"] * 6)] * 2 + ["word word"]
    assert len({line.index("word") for line in lines[1:]}) == 1


def test_columns_without_a_value_are_left_out():
    """And a row of one cell is a heading."""
    assert printed(80, [["cao-gu-2020:"], ["eq-5.6", "≥", "supported", "", "", []]]) == [
        "claim      verdict",
        "cao-gu-2020:",
        "eq-5.6  ≥  supported",
    ]


def test_a_verdict_that_is_not_expected_is_marked_without_colour():
    """As the legend says."""
    assert str(verdict("refuted", "refuted")) == "refuted"
    assert str(verdict("refuted", "supported")) == "refuted!"


def test_an_exponent_says_which_number_is_claimed():
    """Nobody takes m^0.50 (1/2) for a power of a half; no growth has no sign."""
    assert exponent("m", 0.5, "1/2", True) == "m^0.50 (claimed 1/2)"
    assert exponent("tau", -0.001, 0, False) == "~τ^0.00 (claimed 0)"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_to_do_shows_no_bar(monkeypatch):
    """A bar of 0 of 0 says nothing, even on a terminal."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert isinstance(progress(0), nullcontext)
    assert not isinstance(progress(1), nullcontext)


def test_markup_is_printed_as_it_is():
    """Brackets and colons in LaTeX are not rich's markup or emoji."""
    assert (
        render(Grid(("a", "b"), [["x", "[bold]x[/bold] :smile:"]])).splitlines()[1].split("  ")[1]
        == "[bold]x[/bold] :smile:"
    )


def test_a_terminal_sets_the_width(monkeypatch):
    """On a terminal the tables are as wide as it is."""
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "40")
    assert max(map(len, render("word " * 40).splitlines())) <= 40


def test_value_errors_can_be_given_an_argument():
    """`naming` turns a ValueError of the lower layers into a user error that names the argument."""
    with pytest.raises(UserError, match="--widths: m=0 must be positive"), naming("--widths"):
        raise ValueError("m=0 must be positive")


def test_messages_are_printable():
    """Whitespace collapses and control characters are escaped."""
    assert one_line("a\n  b\tc\x1b[31m\udcff") == "a b c\\x1b[31m\\udcff"
