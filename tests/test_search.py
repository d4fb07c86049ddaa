"""`lemmata search`: the worst weights round anybody's network, found again by `check` in the files it writes."""

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lemmata import CAO_GU_2019_SLIDES, CAO_GU_2020, Pair, search
from lemmata.audit.cli import main
from lemmata.audit.measure.around import Searched, search_each, starts_from
from lemmata.audit.measure.given import Weights
from lemmata.claims.case import Case
from lemmata.claims.measuring.search import patiently
from lemmata.claims.measuring.units import crossed
from lemmata.claims.registry import REGISTRY
from lemmata.model.changes import DenseChange
from lemmata.model.gaussian import DenseMatrix
from lemmata.model.network import assemble
from tests.assertions import assert_close, assert_found

D, WIDTH, N, RADIUS = 6, 24, 3, 0.1

BALLS = ("lemma-5.1b", "lemma-5.2a", "lemma-5.2b", "lemma-5.5", "lemma-B.1-*", "thm-4.5-I1")


def network(depth: int = 2) -> dict[str, torch.Tensor]:
    """W⁽⁰⁾ of the setting cao-gu-2020."""
    rng = torch.Generator().manual_seed(1)
    shapes = [(WIDTH, D)] + [(WIDTH, WIDTH)] * (depth - 1)
    hidden = [(2 / WIDTH) ** 0.5 * torch.randn(shape, generator=rng, dtype=torch.float64) for shape in shapes]
    signs = torch.tensor([[1.0, -1.0] * (WIDTH // 2)], dtype=torch.float64)
    return {f"W{number}": matrix for number, matrix in enumerate(hidden, 1)} | {"V": signs}


def data() -> tuple[torch.Tensor, torch.Tensor]:
    X = torch.randn(N, D, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return X / X.norm(dim=1, keepdim=True), torch.tensor([1.0, -1.0, 1.0])


def written(folder: Path) -> list[str]:
    """The command's arguments for these files."""
    X, y = data()
    np.savez(folder / "init.npz", **{name: matrix.numpy() for name, matrix in network().items()})
    np.savez(folder / "data.npz", X=X.numpy(), y=y.numpy())
    return ["search", "--init", str(folder / "init.npz"), "--data", str(folder / "data.npz")]


@pytest.fixture
def short(monkeypatch):
    """One round of short ascents: for what a search writes of its find, whatever that is."""
    few = {"PATIENT": (10,), "RESTARTS": (2,), "CANDIDATES": 1, "WAYS": (), "ENOUGH": float("inf")}
    for name, value in (few | {"crossed": lambda claim, case: case}).items():
        monkeypatch.setattr(f"lemmata.claims.measuring.search.{name}", value)


@pytest.mark.usefixtures("short")
def test_the_numbers_are_the_command_s(tmp_path, capsys):
    """Record for record but for the seconds, and exit status 0 whatever was found."""
    some = ("lemma-5.1b", "lemma-5.2a", "lemma-B.1-i*")
    found = search(network(), *data(), radius=RADIUS, claims=some)
    assert main([*written(tmp_path), "--radius", str(RADIUS), "--format", "json", *some]) == 0
    document = json.loads(capsys.readouterr().out)
    for claims in (document["claims"], expected := found.document()["claims"]):
        for row in claims.values():
            del row["seconds"]
    assert document["claims"] == expected
    assert [layer["name"] for layer in document["read"]["layers"]] == ["W1", "W2", "V"]
    assert set(found["lemma-5.2a"].preconditions) == set(document["claims"]["cao-gu-2020/lemma-5.2a"]["preconditions"])


@pytest.mark.parametrize("length", ["short", pytest.param("whole", marks=pytest.mark.slow)])
def test_no_attack_passes_its_certificate(length, request):
    if length == "short":
        request.getfixturevalue("short")
    found = [record for record in search(network(), *data(), radius=RADIUS, claims=BALLS) if record.certificate]
    assert len(found) > 8
    for record in found:
        sign = REGISTRY[record.id].direction.sign
        assert sign * record.attack <= sign * record.certificate * (1 + 1e-9), record.id


@pytest.mark.usefixtures("short")
def test_check_finds_the_same_in_the_files_that_are_written(tmp_path, capsys, monkeypatch):
    """W̃ before and Ŵ after give the sides that were found, of units beside their kinks too; both are in the ball."""
    monkeypatch.setattr("lemmata.claims.measuring.search.crossed", crossed)
    arguments = [*written(tmp_path), "--radius", str(RADIUS), "--save", str(tmp_path / "worst"), "--format", "json"]
    assert main([*arguments, "lemma-5.2a", "lemma-5.1b", "lemma-B.1-iii"]) == 0
    claims = json.loads(capsys.readouterr().out)["claims"]
    for id, row in claims.items():
        tilde, hat = (tmp_path / "worst" / f"{id.partition('/')[2]}.{name}.npz" for name in ("tilde", "hat"))
        files = ["--init", str(tilde), "--trained", str(hat), "--data", str(tmp_path / "data.npz")]
        assert main(["check", *files, "--format", "json", id]) == 0
        again = json.loads(capsys.readouterr().out)["claims"][id]
        assert_found(again["lhs"], row["lhs"])
        for path in (tilde, hat):
            stored = np.load(path)
            assert list(stored) == ["W1", "W2", "V"]
            for name, matrix in network().items():
                assert np.linalg.norm(stored[name] - matrix.numpy()) <= RADIUS * (1 + 1e-9) * (name != "V")


@pytest.mark.usefixtures("short")
def test_weights_in_memory_are_those_of_the_worst_pair(tmp_path):
    found = search(network(), *data(), radius=RADIUS, claims="lemma-B.1-vi")
    hat = found.weights("lemma-B.1-vi")[1]
    assert list(hat) == ["W1", "W2", "V"]
    assert_close(max(float((hat[name] - matrix).norm()) for name, matrix in network().items()), RADIUS)
    with pytest.raises(KeyError, match="was not checked"):
        found.weights("lemma-5.2a")
    found.save(tmp_path / "not" / "there")
    assert len(list((tmp_path / "not" / "there").iterdir())) == 2


@pytest.mark.usefixtures("short")
def test_a_network_that_is_given_is_a_start():
    """What it reaches is reached; from outside the search starts at the nearest point of the ball."""
    far = {name: matrix + (name != "V") * 10.0 for name, matrix in network().items()}
    alone = replace(REGISTRY["cao-gu-2020/lemma-5.1b"], attacks=("stay",), ascends=False)
    first = search(network(), *data(), radius=RADIUS, claims="lemma-5.1b")
    second = search(network(), *data(), radius=RADIUS, claims="lemma-5.1b", trained=first.weights("lemma-5.1b")[1])
    assert second["lemma-5.1b"].attack >= first["lemma-5.1b"].attack * (1 - 1e-9)
    for trained in (first.weights("lemma-5.1b")[1], far):
        found = search(network(), *data(), radius=RADIUS, claims="lemma-5.5", trained=trained)
        assert found["lemma-5.5"].attack > 0
    case, step = case_of(network(), first.weights("lemma-5.1b")[1])
    [record] = search_each([alone], case, {"trained": Pair(case.initial.still(), step)})
    assert record.recipe == "trained"
    assert_found(record.attack, first["lemma-5.1b"].attack)


def case_of(before, after) -> tuple[Case, tuple[DenseChange, ...]]:
    """The case at the first network, and the step to the second."""
    like = torch.zeros(1, dtype=torch.float64)
    net = assemble(CAO_GU_2020, [DenseMatrix(matrix[None]) for matrix in before.values()], like)
    X, y = data()
    step = tuple(DenseChange((after[name] - before[name])[None]) for name in ("W1", "W2"))
    return Case(
        net, type("Given", (), {"inputs": X, "labels": y[:, None], "separation": 1.0})(), tau=RADIUS, delta=0.05
    ), step


def test_the_search_goes_on_while_a_round_betters_it(monkeypatch):
    """Each step is at least as bad as the one before; ascent of 40 steps follows that of 10."""
    monkeypatch.setattr("lemmata.claims.measuring.search.PATIENT", (10, 40))
    monkeypatch.setattr("lemmata.claims.measuring.search.RESTARTS", (1, 1))
    case, _ = case_of(network(), network())
    claim = REGISTRY["cao-gu-2020/thm-4.5-I1"]
    finds = list(patiently(claim, case, {}))
    ratios = [float(find.evaluation.ratio) for find in finds]
    assert ratios == sorted(ratios)
    assert any("^40" in find.recipe for find in finds)
    exact = list(patiently(REGISTRY["cao-gu-2020/lemma-B.1-i-weights"], case, {}))
    assert [find.recipe for find in exact] == ["stretch-weights@2.0.0"]


@pytest.mark.usefixtures("short")
def test_what_is_found_before_patience_ends_counts():
    claims = ["lemma-5.2a", "lemma-B.1-i-weights"]
    found = search(network(), *data(), radius=RADIUS, claims=claims, patience=0.05)
    assert "takes longer" in (found["lemma-5.2a"].stopped or found["lemma-5.2a"].reason)
    patient = search(network(), *data(), radius=RADIUS, claims=claims)
    assert patient["lemma-5.2a"].stopped == "no start betters it by 1%"
    assert (patient["lemma-B.1-i-weights"].stopped, patient["lemma-B.1-i-weights"].word) == ("attained", "certified")


def test_claims_without_a_ball_or_an_inequality_are_not_applicable():
    found = search(
        network(), *data(), radius=RADIUS, claims=["eq-5.4", "app-A-gradient", "lemma-B.2", "zou-gu-2019/lemma-4.1"]
    )
    assert not any(record.applicable for record in found)
    assert {record.reason for record in found} >= {"an equality, which check measures"}


@pytest.mark.usefixtures("short")
def test_a_trained_output_layer_is_searched_too():
    rng = torch.Generator().manual_seed(4)
    layers = [
        torch.randn(shape, generator=rng, dtype=torch.float64) * scale
        for shape, scale in (((WIDTH, D), (2 / WIDTH) ** 0.5), ((1, WIDTH), WIDTH**-0.5))
    ]
    found = search(layers, *data(), radius=RADIUS, setting=CAO_GU_2019_SLIDES, claims="almost-linear")
    assert 0 < found["almost-linear"].attack <= found["almost-linear"].certificate
    near, far = (Weights("", ("W1", "W2"), (layers[0], top), ("float64",) * 2) for top in (layers[1], layers[1] + 1.0))
    starts = starts_from(near, far, CAO_GU_2019_SLIDES, RADIUS)
    assert_close(starts["trained"].step[-1].frobenius(), [RADIUS])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--radius", "-1"), "--radius: '-1' must be a number in (0, 1e+06]"),
        (("--radius", "nan"), "--radius: 'nan' must be a number in (0, 1e+06]"),
        ((), "Missing option '--radius'"),
        (("--radius", "0.1", "--trained", "none.npz"), "none.npz"),
        (("--radius", "0.1", "lemma-99"), "GLOB 'lemma-99' matches no claim"),
        (("--radius", "0.1", "lemma-5.1b", "--save", "init.npz/in"), "cannot be written"),
    ],
)
def test_what_is_wrong_is_one_line(more, words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([*written(tmp_path), *more]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("lemmata: ")
    assert words in line


@pytest.mark.parametrize("radius", [0, -1.0, float("nan"), float("inf"), "0.1"])
def test_an_unusable_radius_is_named(radius):
    with pytest.raises(ValueError, match="radius="):
        search(network(), *data(), radius=radius, claims="lemma-5.1b")


def test_another_shape_is_refused():
    with pytest.raises(ValueError, match="the shapes are"):
        search(network(), *data(), radius=RADIUS, trained=network(3), claims="lemma-5.1b")


def test_every_field_is_documented():
    page = (Path(__file__).parent.parent / "docs" / "search-json.md").read_text(encoding="utf-8")
    assert [name for name in (field.name for field in fields(Searched)) if f"`{name}`" not in page] == ["id"]
