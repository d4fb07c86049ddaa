"""What the documents say is so: their commands run, their tables are complete, their links lead somewhere."""

import json
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from lemmata.audit.cli import main
from lemmata.claims.from_file import LOADED, forget

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"(<!-- slow -->\n)?```(console|python)\n(.*?)```", re.DOTALL)


class Command(NamedTuple):
    """A command of a document, and the statuses it may end with (`# exits 0 or 1`; 0 where nothing is said)."""

    words: list[str]
    statuses: tuple[int, ...]


def commands(text: str, *, slow: bool) -> list[Command]:
    """The programs and the console blocks' commands of a document, of those marked slow or of the others."""
    found = []
    for mark, language, block in BLOCK.findall(text):
        if bool(mark) != slow:
            continue
        if language == "python":
            found.append(Command(["python", "-c", block], (0,)))
            continue
        for line in block.splitlines():
            assert line.startswith("$ "), f"{line!r}: a console block holds commands only"
            command, _, remark = line[2:].partition(" # exits ")
            statuses = tuple(int(word) for word in remark.split() if word.isdigit()) or (0,)
            found.append(Command(shlex.split(command), statuses))
    return found


def executed(command: Command, capsys) -> None:
    """Run one command in the current folder: lemmata in this process, others in one of their own.

    Raises:
        AssertionError: if it ends otherwise than the document says.
    """
    program, *arguments = command.words
    if program == "lemmata":
        status = main(arguments)
        said = capsys.readouterr().err
    else:
        start = [sys.executable] if program == "python" else [sys.executable, "-m", program]
        run = subprocess.run([*start, *arguments], capture_output=True, text=True, check=False)
        status, said = run.returncode, run.stdout + run.stderr
    assert status in command.statuses, f"{shlex.join(command.words)} ended with {status}: {said}"


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """An empty folder from which the examples and tests can be reached as in the checkout; claims are forgotten."""
    for name in ("examples", "tests", "conftest.py", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    yield tmp_path
    for file in list(LOADED):
        forget(file)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_runs(document, workplace, capsys):
    """The commands of a document, one after the other in one folder, end as it says."""
    for command in commands(document.read_text(), slow=False):
        executed(command, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_slow_command_runs(document, tmp_path, monkeypatch, capsys):
    """So do those marked slow, which may write beside the files they read."""
    for name in ("tests", "conftest.py", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "examples").mkdir()
    for example in (ROOT / "examples").glob("*.py"):
        (tmp_path / "examples" / example.name).write_text(example.read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for command in commands(document.read_text(), slow=True):
        executed(command, capsys)


def test_commands_are_found():
    """A console block is found whether it is slow or not, with the statuses that its remark allows."""
    text = "```console\n$ lemmata list 'a b' # exits 0 or 1\n```\n<!-- slow -->\n```console\n$ pytest\n```\n"
    assert commands(text, slow=False) == [Command(["lemmata", "list", "a b"], (0, 1))]
    assert commands(text, slow=True) == [Command(["pytest"], (0,))]
    assert all(commands((ROOT / "docs" / name).read_text(), slow=False) for name in ("tutorial.md", "ci.md"))


def test_the_options_page_is_that_of_the_command_line():
    """Every command and option is documented: `python docs/options.py` writes the page."""
    assert (ROOT / "docs" / "options.md").read_text() == runpy.run_path(str(ROOT / "docs" / "options.py"))["page"]()


@pytest.mark.slow
def test_the_error_rates_are_those_of_the_statistics():
    """`python benchmarks/error_rates.py` prints the page, digit by digit."""
    command = [sys.executable, ROOT / "benchmarks" / "error_rates.py"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout == (ROOT / "docs" / "error-rates.md").read_text()


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "README.md"], ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    """Every relative link of a document names a file that is there."""
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
        assert target.startswith("https://") or (document.parent / target).exists(), target


def test_every_name_in_an_audit_is_documented(tmp_path, capsys):
    """`docs/audit-json.md` has every key of the document, of its claims and of their configurations."""
    assert main(["audit", "lemma-5.1a", "--initialisations", "2", "--widths", "8,16", "--format", "json"]) in (0, 1)
    document = json.loads(capsys.readouterr().out)
    (claim,) = document["claims"].values()
    configuration = claim["constant"]["configurations"][0]
    exponent = claim["exponents"]["m"]
    said = set(re.findall(r"`([^`]+)`", (ROOT / "docs" / "audit-json.md").read_text()))
    for part in (document, document["environment"], claim, claim["constant"], configuration, configuration["worst"]):
        assert set(part) <= said, set(part) - said
    assert {*exponent, *exponent["line"][0]} <= said


def test_the_first_page_is_renewed_from_what_an_audit_prints():
    """Its own table renews it to what it is; another constant, and a row that went away, are seen."""
    script = runpy.run_path(str(ROOT / "docs" / "first_page.py"))
    (shown,) = script["TABLE"].findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert script["renewed"](shown, shown) == shown
    assert script["renewed"](shown, shown.replace("0.94 [", "0.93 [")) == shown.replace("0.94 [", "0.93 [")
    with pytest.raises(ValueError, match=r"lemma-5\.4 is not among"):
        script["renewed"](shown, re.sub(r"\nlemma-5.4 .*\n.*", "", shown))


@pytest.mark.slow
def test_the_tutorial_runs_from_a_fresh_clone(tmp_path):
    """Its own commands, as they stand there, from installing on; nothing that git knows of is changed by them."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    script = subprocess.run([sys.executable, "docs/tutorial.py"], cwd=clone, capture_output=True, text=True, check=True)
    run = subprocess.run(["bash"], cwd=clone, input=script.stdout, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    changed = subprocess.run(["git", "status", "--short"], cwd=clone, capture_output=True, text=True, check=True)
    assert not changed.stdout


def test_growth_stands_below_a_row_of_the_first_page():
    """Whether it is printed beside the row, over two lines there, or below it."""
    script = runpy.run_path(str(ROOT / "docs" / "first_page.py"))
    items = [
        "m^0.50 (claimed 1/2)",
        "L^0.10 (claimed 0)",
        "n^0.01 (claimed 0)",
        "τ^0.00 (claimed 0)",
        "k^1.00 (claimed 1)",
    ]
    head, row = "claim         verdict    constant (95 %)", "lemma-5.1a  ≤  supported  0.94 [0.9, 1]"
    wide = f"{head:50}growth\n{row:50}{' · '.join(items[:2])}\n{'':50}{' · '.join(items[2:])}\n"
    shown = f"{head}\n{row}\n    {' · '.join(items[:4])}\n    {items[4]}\n"
    assert script["_rows"](wide) == script["_rows"](shown)
    assert script["renewed"](shown, wide).splitlines()[2:] == shown.splitlines()[2:]
