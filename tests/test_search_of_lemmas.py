"""`lemmata search` on lemmas of one's own: round what they draw, and round what they load from somebody's files."""

import json

import numpy as np
import pytest
import torch

from lemmata.audit.cli import main
from lemmata.claims.from_file import forget, load_claims
from lemmata.claims.measuring.search import climbed_patiently, supremum
from lemmata.claims.registry import REGISTRY
from tests.assertions import assert_close

DRAWN = """
import torch
from lemmata import Size, Within, gaussian, lemma

def draw(rng, p):
    return {"A": gaussian(rng, p.m, p.m), "x": gaussian(rng, p.m)}

@lemma("own/form", "x'Ax grows by at most r |x|^2", sizes={"m": Size(2, 3), "r": Size(0.5, 2.0)}, draw=draw,
       ball={"A": Within("frobenius", "r")}, constant=1.0, steps=40, restarts=2)
def form(x, p, w):
    return x["x"] @ (w["A"] - x["A"]) @ x["x"], p.r * x["x"] @ x["x"]

@lemma("own/hidden", "narrow peaks are found by later rounds", sizes={"m": Size(2)}, draw=draw,
       ball={"x": Within("frobenius", 1.0)}, constant=1.0, steps=1, restarts=1)
def hidden(x, p, w):
    return 1 - (w["x"] - x["x"] - 0.7 / p.m**0.5).norm() / 4, 1.0

@lemma("own/still", "nothing moves", sizes={"m": Size(2)}, draw=draw, constant=1.0)
def still(x, p):
    return 0.5, 1.0
"""

LOADED = """
import torch
from lemmata import Size, Within, lemma

def draw(rng, p):
    return {"fc.weight": rng.tensor(rng.standard_normal((p.m, 3)))}

def load(init, trained, data):
    sizes = {"m": len(init["fc.weight"]), "r": 0.5}
    return init, sizes, data["X"], trained

@lemma("own/moved", "the outputs move by at most r", sizes={"m": Size(3, 8), "r": Size(0.5)}, draw=draw, load=load,
       data=lambda rng, p: rng.tensor([[1.0, 0.0, 0.0]]), ball={"fc.weight": Within("spectral", "r")}, constant=1.0)
def moved(x, p, inputs, w):
    return (inputs @ (w["fc.weight"] - x["fc.weight"]).T).norm(dim=-1).max(), p.r
"""


@pytest.fixture
def command(tmp_path, capsys):
    """Runs a command on a file of claims, and returns its status, document and words."""
    file = tmp_path / "mine.py"

    def run(text, name, *arguments):
        forget(str(file))
        file.write_text(text)
        code = main([name, "--format=json", f"--claims-from={file}", *arguments])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else None, err

    yield run
    forget(str(file))


def files(folder, step):
    """Options for weights before and after a step, and inputs."""
    before = torch.eye(3, dtype=torch.float64)
    torch.save({"fc.weight": before}, folder / "before.pt")
    torch.save({"fc.weight": before + torch.diag(torch.tensor(step, dtype=torch.float64))}, folder / "after.pt")
    np.savez(folder / "data.npz", X=np.eye(3)[:2], y=np.ones(2))
    names = {"init": "before.pt", "trained": "after.pt", "data": "data.npz"}
    return [f"--{name}={folder / path}" for name, path in names.items()]


def test_the_worst_is_the_closed_form_s_and_its_command_leads_there(command):
    """Of a linear form over a Frobenius ball the constant is attained; what is printed measures the same."""
    code, found, _ = command(DRAWN, "search", "own/form")
    row = found["claims"]["own/form"]
    assert code == 0
    assert abs(row["attack"] - 1) < 1e-9
    assert (row["searched"], row["stopped"], row["word"]) == ("ascent", "no start betters it by 1%", "not passed")
    token = row["replay"].split("'")[1]
    _, again, _ = command(DRAWN, "replay", token)
    assert again["cases"][0]["ratio"] == row["attack"]


def test_later_rounds_take_longer_than_an_audit(tmp_path):
    """One step stops short of the peak; the search goes on where it ran out of steps, an audit does not."""
    file = tmp_path / "mine.py"
    file.write_text(DRAWN)
    load_claims(str(file))
    try:
        claim = REGISTRY["own/hidden"]
        case = claim.problem.case(claim.problem.place(), 0, (0,))
        audited, (*_, patient) = supremum(claim, case), climbed_patiently(claim, [case])
        assert float(audited.ratio) < 0.99 * float(patient.evaluation.ratio)
        assert float(patient.evaluation.ratio) > 0.999
    finally:
        forget(str(file))


def test_what_is_saved_is_the_point(command, tmp_path):
    """With what does not move beside it."""
    command(DRAWN, "search", f"--save={tmp_path / 'found'}", "own/form")
    with np.load(tmp_path / "found" / "form.npz") as saved:
        assert sorted(saved) == ["A", "x"]
        size = len(saved["x"])
        assert saved["A"].shape == (size, size)


def test_what_is_no_ball_is_not_searched(command):
    """It says so, and searches the others."""
    _, found, _ = command(DRAWN, "search", "own/*")
    assert found["claims"]["own/still"]["applicable"] is False
    assert found["claims"]["own/still"]["reason"] == "says nothing of all points near what is drawn"
    assert found["claims"]["own/form"]["attack"] is not None


@pytest.mark.parametrize("step", [(0.1, 0.0, 0.0), (4.0, 0.0, 0.0)])
def test_round_files_the_worst_is_saved_and_check_finds_it_again(command, tmp_path, step):
    """Wherever the trained weights lie, inside of the ball or outside of it."""
    given = files(tmp_path, step)
    _, found, _ = command(LOADED, "search", *given, f"--save={tmp_path}", "own/moved")
    row = found["claims"]["own/moved"]
    assert abs(row["attack"] - 1) < 1e-6
    assert row["replay"] is None
    there = [given[0], f"--trained={tmp_path / 'moved.npz'}", given[2]]
    _, again, _ = command(LOADED, "check", *there, "own/moved")
    assert_close(again["claims"]["own/moved"]["ratio"], row["attack"])


def test_the_loaded_point_is_a_start(command, tmp_path):
    """A point that no slope leads to is found where it was given."""
    spike = LOADED.replace(
        'return (inputs @ (w["fc.weight"] - x["fc.weight"]).T).norm(dim=-1).max(), p.r',
        'return float((w["fc.weight"] - x["fc.weight"])[0, 0] == 0.25), 1.0',
    )
    _, found, _ = command(spike, "search", *files(tmp_path, (0.25, 0.0, 0.0)), "own/moved")
    row = found["claims"]["own/moved"]
    assert (row["attack"], row["recipe"]) == (1.0, "loaded@1.0.0")


@pytest.mark.parametrize(
    ("options", "change", "words"),
    [
        (["--radius=0.1"], ("", ""), "--radius 0.1 is of no lemma of one's own"),
        ([], ('data["X"], trained', 'data["X"], {}'), "load must return as w a dict with 'fc.weight', a tensor (3, 3)"),
        ([], ('data["X"], trained', 'data["X"], list(trained)'), "it returns a list"),
        ([], ("p.r\n", "1 / 0\n"), "ZeroDivisionError"),
    ],
)
def test_what_cannot_be_searched(command, tmp_path, options, change, words):
    """One line says what is wrong."""
    code, found, said = command(LOADED.replace(*change), "search", *files(tmp_path, (0.1, 0, 0)), *options, "own/moved")
    assert (code, found) == (2, None)
    assert words in said
    assert said.count("\n") == 1


def test_networks_of_the_papers_still_need_their_files(command):
    """As before."""
    code, _, said = command(DRAWN, "search", "lemma-5.1b")
    assert code == 2
    assert "Missing option '--init'" in said
