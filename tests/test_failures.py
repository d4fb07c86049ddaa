"""One claim never ends a run: what its functions raise is its own row, and a killed process loses nothing."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from lemmata.audit.cli import main
from lemmata.audit.judge.rounds import spend
from lemmata.audit.measure.sweep import Failure, run, run_all
from lemmata.audit.plan.job import Job
from lemmata.claims.from_file import MOST_WORDS, forget
from lemmata.claims.language.configuration import Configuration
from tests.test_store import timeless

SIZES = ["--widths", "8,16", "--depths", "1", "--samples", "1,2", "--initialisations", "2"]

HEAD = """
import os, signal, sys
from lemmata import CAO_GU_2020, Domain, Measurement, Paper, Scaling, claim, derived


def state(name, measure, **fields):
    given = dict(kind="SCALE", bound="upper", domain=Domain(m=(8, 16), L=(1, 1), n=(1, 2))) | fields
    claim(f"own/{name}", source=Paper("own", "Mine").at(name), statement="x", setting=CAO_GU_2020, **given)(measure)


def fine(case):
    return Measurement(case.at_initial.outputs.abs(), axes=("example", "output"))


def raising(error):
    def measure(case):
        raise error
    return measure


class Odd(BaseException):
    pass


class Mute(Exception):
    def __str__(self):
        raise RuntimeError


class Last(Exception):
    def __str__(self):
        sys.exit("said")


state("fine", fine)
"""
BROKEN = {
    "zero": ("lambda case: 1 / 0", "ZeroDivisionError: division by zero"),
    "exit": ("lambda case: sys.exit(0)", "SystemExit: 0"),
    "odd": ("raising(Odd('no exception'))", "Odd: no exception"),
    "mute": ("raising(Mute())", "Mute: an error that cannot be printed"),
    "last-words": ("raising(Last())", "Last: an error that cannot be printed"),
    "interrupt": ("raising(KeyboardInterrupt())", "KeyboardInterrupt"),
    "exact-interrupt": (
        "fine, exact=raising(KeyboardInterrupt()), domain=Domain(m=(8, 16), L=(1, 1), n=(1, 2), tau=(0.01, 0.1))",
        "KeyboardInterrupt",
    ),
    "memory": ("raising(MemoryError())", "MemoryError"),
    "none": ("lambda case: None", "it must return Measurement"),
    "long": (f"raising(ValueError('x' * {3 * MOST_WORDS}))", "x…"),
    "lines": ("raising(ValueError('one\\ntwo \\x1b[31m'))", "one two �[31m"),
    "limit-nan": ("fine, limit=lambda c: float('nan')", "limit=nan must be None or a finite number"),
    "limit-infinite": ("fine, limit=lambda c: -float('inf')", "limit=-inf must be None or a finite number"),
    "limit-text": ("fine, limit=lambda c: '1'", "limit='1' must be None or a finite number"),
    "limit-raises": ("fine, limit=lambda c: c.none", "has no attribute 'none'"),
    "limit-exits": ("fine, limit=lambda c: sys.exit(1)", "SystemExit: 1"),
    "exact-raises": (
        "fine, exact=lambda c: 1 / 0, domain=Domain(m=(8, 16), L=(1, 1), n=(1, 2), tau=(0.01, 0.1))",
        "ZeroDivisionError",
    ),
}


@pytest.fixture
def stated(tmp_path, monkeypatch):
    """A function that writes a file of claims, one of them fine, and stays in its folder."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "own.py"

    def write(*lines: str) -> str:
        file.write_text("\n".join([HEAD, *lines, ""]))
        return str(file)

    yield write
    forget(str(file))


def lines(file: str) -> list[str]:
    return Path(file).read_text().splitlines()


def test_what_a_claim_raises_is_its_own_row(stated, tmp_path, capsys):
    """Everything else is measured; the row names file, line and error; status 2 and one line; --resume goes on."""
    file = stated(*(f"state({name!r}, {code})" for name, (code, _) in BROKEN.items()))
    command = ["audit", "--claims-from", file, "own/*", *SIZES, "--out", str(tmp_path / "out")]
    assert main([*command, "--format", "json"]) == 2
    printed = capsys.readouterr()
    found = json.loads(printed.out)["claims"]
    assert found["own/fine"]["verdict"] != "error"
    assert found["own/fine"]["initialisations"] >= 8
    for name, (code, words) in BROKEN.items():
        row = found[f"own/{name}"]
        assert row["verdict"] == "error"
        assert row["reason"].startswith(f"{file}, line "), row["reason"]
        assert f"measuring own/{name}: " in row["reason"]
        assert words in row["reason"], (code, row["reason"])
        assert row["reason"].isprintable()
    assert printed.err.startswith(f"lemmata: {file}, line ")
    assert f"and {len(BROKEN) - 1} more claims" in printed.err
    assert "results are kept in" in printed.err
    assert printed.err.count("\n") == 1
    assert main(["report", str(tmp_path / "out")]) == 1
    assert main([*command, "--resume"]) == 2
    assert "own/fine" not in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "search"])
def test_on_somebody_s_network_it_is_a_row_too(command, stated, tmp_path, capsys):
    """In one printable line, whatever the error says of itself; the others are measured, status 0."""
    raised = {name: words for name, (code, words) in BROKEN.items() if code.startswith(("raising", "lambda case: 1"))}
    del raised["memory"]  # of which the row says what is needed
    ball = "domain=Domain(L=(1, 1), tau=(0.001, 0.1))"
    file = stated(f"state('near', fine, {ball})", *(f"state({n!r}, {BROKEN[n][0]}, {ball})" for n in raised))
    signs, weights = np.array([[1.0, -1.0] * 4]), np.random.default_rng(0).standard_normal((8, 2)) / 2
    np.savez(tmp_path / "a.npz", W1=weights, V=signs)
    np.savez(tmp_path / "b.npz", W1=weights + 1e-3, V=signs)
    np.savez(tmp_path / "data.npz", X=np.eye(2), y=np.array([1.0, -1.0]))
    given = {"check": ["--trained", "b.npz"], "search": ["--radius", "0.01", "--patience", "1"]}[command]
    words = [command, "--init", "a.npz", *given, "--data", "data.npz", "--claims-from", file, "own/*"]
    assert main([*words, "--format", "json"]) == 0
    claims = json.loads(capsys.readouterr().out)["claims"]
    assert not (claims["own/near"]["reason"] or "").startswith("defect")
    for name, said in raised.items():
        reason = claims[f"own/{name}"]["reason"]
        assert reason.startswith("defect: measuring it raised "), reason
        assert said in reason
        assert reason.isprintable()


@pytest.mark.parametrize("ends", ["sys.exit()", "(_ for _ in ()).throw(KeyboardInterrupt())"])
def test_a_premise_that_ends_the_program_is_its_claims_row(ends, stated, capsys):
    """Premises are asked where an audit is planned, before anything is measured."""
    file = stated(
        "from lemmata import Size, lemma",
        f"@lemma('own/given', 'x', sizes=dict(n=Size(4, 8, 16)), given=lambda p: {ends})",
        "def held(rng, p): return 1.0",
    )
    assert main(["audit", "--claims-from", file, "own/given", "--format", "json"]) == 2
    printed = capsys.readouterr()
    assert json.loads(printed.out)["claims"]["own/given"]["verdict"] == "error"
    at = next(number for number, line in enumerate(lines(file), 1) if "given=" in line)
    assert printed.err.startswith(f"lemmata: {file}, line {at}: measuring own/given: ")


def test_a_line_is_the_one_that_raised(stated, capsys):
    """Inside the file, not in the library that it called."""
    file = stated(
        "def sized(case):", "    import torch", "    return torch.ones(2) @ torch.ones(3)", "state('s', sized)"
    )
    assert main(["audit", "--claims-from", file, "own/s", *SIZES, "--format", "json"]) == 2
    at = next(number for number, line in enumerate(lines(file), 1) if "torch.ones(2)" in line)
    assert f"{file}, line {at}: measuring own/s: RuntimeError" in capsys.readouterr().err


def test_a_derivation_that_raises_is_refused_when_it_is_read(stated, capsys):
    """It is exponents only, and needs no run to fail."""
    file = stated("@derived('own/ledger', source=Paper('own', 'Mine').at('x'), statement='x', setting=CAO_GU_2020)")
    Path(file).write_text(Path(file).read_text() + "def ledger(premises):\n    return premises.none\n")
    assert main(["audit", "--claims-from", file, "own/*", *SIZES]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"lemmata: --claims-from {file}, line {len(lines(file))}: AttributeError: ")


@pytest.mark.parametrize("name", [name for name in BROKEN if name.startswith("limit")])
def test_a_page_shows_the_rest(name, stated, capsys):
    """What a limit does where nothing is measured is no reason to show nothing of its claim."""
    file = stated(f"state({name!r}, {BROKEN[name][0]})")
    assert main(["show", "--claims-from", file, f"own/{name}", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["limit"] == []


@pytest.mark.parametrize("name", ["zero", "exit", "odd"])
def test_replay_and_controls_name_what_is_raised(name, stated, capsys):
    """One line for the one case; a row for each control."""
    file = stated(f"state({name!r}, {BROKEN[name][0]}, terms=(Scaling(m=1),))")
    assert main(["replay", "--claims-from", file, f"own/{name}:m=8,seed=0,init=0"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"lemmata: TOKEN: {file}, line ")
    assert BROKEN[name][1] in printed.err
    assert main(["controls", "--claims-from", file, f"own/{name}", "--format", "json"]) == 1
    controls = json.loads(capsys.readouterr().out)["claims"][f"own/{name}"]["controls"]
    assert {control["verdict"] for control in controls} == {"error"}


def test_a_killed_process_is_one_line_and_loses_nothing(stated, tmp_path, capsys):
    """The line says what to do; --resume ends as an undisturbed run."""
    alive = tmp_path / "alive"
    kill = (
        f"    if case.parameters['m'] == 8 and not os.path.exists({str(alive)!r}): os.kill(os.getpid(), signal.SIGKILL)"
    )
    file = stated("def victim(case):", kill, "    return fine(case)", "state('victim', victim)")
    command = ["audit", "--claims-from", file, "own/*", *SIZES, "--format", "json"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("lemmata: a process that was measuring was killed")
    assert f"are kept in {tmp_path / 'out'}: the same command with --resume continues" in printed.err
    assert printed.err.count("\n") == 1
    alive.touch()
    assert main([*command, "--out", str(tmp_path / "out"), "--resume"]) == 1
    resumed = json.loads(capsys.readouterr().out)
    assert main(command) == 1
    assert timeless(json.loads(capsys.readouterr().out)) == timeless(resumed)


def test_a_failure_that_nobody_hears_of_ends_the_run():
    """A caller that asks for results gets them all or is told."""
    impossible = Job("cao-gu-2020/lemma-5.1a", Configuration(m=7, n=1), 1)
    heard: list[Failure] = []
    possible = Job(impossible.claim, Configuration(m=8, n=1), 1)
    assert [trials.job for trials in run_all([impossible, possible], failed=heard.append)] == [possible]
    assert [failure.job for failure in heard] == [impossible]
    with pytest.raises(Exception, match=r"cao-gu-2020/lemma-5\.1a at m=7"):
        run_all([impossible])


def test_a_budget_is_not_spent_on_what_fails():
    """A claim whose further initialisations fail is not tried until the time is up."""
    job = Job("cao-gu-2020/lemma-5.1a", Configuration(m=8, n=1), 64)
    asked: list[int] = []

    def measure(some):
        asked.append(len(some))
        return [run(job) for job in some if job.first == 0]

    spend([job], measure, deadline=sys.maxsize, at_once=1)
    assert asked == [1, 1]
