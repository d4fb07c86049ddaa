"""`lemmata check` measures a lemma of one's own on files that somebody has, if it says how to load them."""

import json
from typing import NamedTuple

import numpy as np
import pytest
import torch

from lemmata.audit.cli import main
from lemmata.claims.from_file import forget
from tests.assertions import assert_found

STATED = """
import torch
from lemmata import Size, Within, module, lemma

def draw(rng, p):
    return {"W": rng.tensor(rng.standard_normal((p.m, 3)))}

def load(init, trained, data):
    return {"W": init["fc.weight"]}, {"m": len(init["fc.weight"])}, data["X"], {"W": trained["fc.weight"]}

@lemma("own/moved", "the outputs move by at most r", sizes={"m": Size(4, 8), "r": Size(0.5)}, draw=draw, load=load,
       data=lambda rng, p: rng.tensor([[1.0, 0.0, 0.0]]), ball={"W": Within("spectral", "r")}, constant=2.0)
def moved(x, p, inputs, w):
    return (inputs @ (w["W"] - x["W"]).T).norm(dim=-1).max(), 0.5 * p.r
"""


class Told(NamedTuple):
    """What a command ended with and said."""

    code: int
    stdout: str
    stderr: str


def told(capsys, arguments):
    return Told(main(arguments), *capsys.readouterr())


@pytest.fixture
def check(tmp_path, capsys):
    """Runs the command on weights before and after, with the claim's text changed."""
    file = tmp_path / "mine.py"

    def run(step, *options, change=("", "")):
        forget(str(file))
        file.write_text(STATED.replace(*change))
        before = torch.eye(3, dtype=torch.float32)
        torch.save({"fc.weight": before}, tmp_path / "before.pt")
        torch.save({"fc.weight": before + torch.tensor(step)}, tmp_path / "after.pt")
        np.savez(tmp_path / "data.npz", X=np.eye(3)[:2], y=np.ones(2))
        files = [f"--{name}={tmp_path / path}" for name, path in (("trained", "after.pt"), ("data", "data.npz"))]
        arguments = ["check", f"--claims-from={file}", *files, *options, "own/moved"]
        return told(capsys, [arguments[0], f"--init={tmp_path / 'before.pt'}", *arguments[1:]])

    yield run
    forget(str(file))


def steps(size):
    return (size * np.diag([0.0, 1.0, 0.0])).astype(np.float32).tolist()


def test_what_is_measured_is_what_was_loaded(check):
    """The ratio is that of the files' weights, on the files' inputs; a bound that they break does not hold."""
    found = check(steps(0.4), "--format=json")
    record = json.loads(found.stdout)["claims"]["own/moved"]
    assert abs(record["ratio"] - 0.4 / 0.5) < 1e-6
    assert record["holds"] is True
    broken = json.loads(check(steps(0.4), "--format=json", change=("* p.r", "* 0.1")).stdout)["claims"]["own/moved"]
    assert broken["holds"] is False


def test_weights_outside_of_the_ball_are_none_of_the_lemma_s(check):
    """It says how far outside they are."""
    found = check(steps(0.75))
    assert "not applicable, 1: W is 0.25 outside of its ball of radius 0.5" in found.stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("(init, trained, data)", "(weights)"), "load=load(weights) must have parameters of init, trained, data"),
        (('data["X"], {"W"', '{"W"'), "load must return (x, {'LETTER': value, …}, data, w); it returns a tuple of 3"),
        (('{"m": len', '{"k": len'), "load returns sizes {'k': 3}; they must be of m, r, with m"),
        (('trained["fc.weight"]', 'trained["fc"]'), "KeyError: 'fc'"),
    ],
)
def test_what_cannot_be_loaded(check, change, words):
    """One line says what is wrong with it, and where."""
    found = check(steps(0.4), change=change)
    assert found.code == 2
    assert words in found.stderr
    assert found.stderr.count("\n") == 1


def test_files_that_it_asks_for_are_needed(tmp_path, capsys):
    """By the name of the option."""
    file = tmp_path / "mine.py"
    file.write_text(STATED)
    torch.save({"fc.weight": torch.eye(3)}, tmp_path / "after.pt")
    arguments = ["check", f"--claims-from={file}", f"--trained={tmp_path / 'after.pt'}"]
    try:
        said = told(capsys, [*arguments, "own/moved"]).stderr
        assert said.startswith("lemmata: own/moved needs --init FILE, as load(init, trained, data) says")
        assert "Missing option '--init'" in told(capsys, [*arguments, "lemma-5.1a"]).stderr
    finally:
        forget(str(file))


def test_each_checkpoint_has_its_ratio(check, tmp_path):
    """In the order given, as JSON, as a row, and drawn; one that is like another's is measured like it."""
    torch.save({"fc.weight": torch.eye(3) + torch.tensor(steps(0.1))}, tmp_path / "later.pt")
    more = [f"--trained={tmp_path / 'later.pt'}", f"--plot={tmp_path / 'run.svg'}"]
    found = json.loads(check(steps(0.4), *more, "--format=json").stdout)["checkpoints"]
    ratios = [each["claims"]["own/moved"]["ratio"] for each in found]
    assert_found(ratios, [0.8, 0.2])
    assert "moved" in (tmp_path / "run.svg").read_text()
    said = check(steps(0.4), *more).stdout
    assert said.startswith("2 checkpoints")
    assert "0.2 to 0.8" in said


def test_checkpoints_in_the_order_of_words_are_told(check, tmp_path):
    """As of the papers' networks."""
    for name in ("step-10.pt", "step-9.pt"):
        torch.save({"fc.weight": torch.eye(3) + torch.tensor(steps(0.1))}, tmp_path / name)
    given = [f"--trained={tmp_path / name}" for name in ("step-10.pt", "step-9.pt")]
    assert "stands before" in check(steps(0.4), *given).stderr
