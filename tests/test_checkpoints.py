"""A run that somebody else made: its checkpoints as iterates, against gradient descent in plain PyTorch."""

import itertools
import re

import numpy as np
import pytest
import torch
from torch import nn

from lemmata import check
from lemmata.audit.cli import main
from tests.assertions import assert_found, assert_resolved

WIDTH, D, N, ETA = 32, 6, 4, 0.002
RUN = ("thm-4.7*", "eq-5.6", "thm-3.3", "cor-3.5", "eq-4.1", "trajectory-telescoped", "lemma-4.[25]", "decrease-*")


def data(setting):
    """Unit inputs, for Zou & Gu with their last coordinate; labels ±1."""
    X = torch.randn(N, D, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    X = X / X.norm(dim=1, keepdim=True)
    if setting == "zou-gu-2019":
        X = torch.cat([X * (1 - 0.3**2) ** 0.5, torch.full((N, 1), 0.3, dtype=torch.float64)], 1)
    return X, torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=torch.float64)


def network(setting, inputs):
    """Two hidden layers as either paper draws them."""
    rng = torch.Generator().manual_seed(1)
    sizes = [(WIDTH, inputs), (WIDTH, WIDTH)]
    hidden = [torch.randn(size, generator=rng, dtype=torch.float64) * (2 / WIDTH) ** 0.5 for size in sizes]
    signs = torch.tensor([[1.0, -1.0] * (WIDTH // 2)], dtype=torch.float64)
    return [*hidden, signs if setting == "cao-gu-2020" else torch.randn(1, WIDTH, generator=rng, dtype=torch.float64)]


def outputs(weights, X):
    """The network's, (n,)."""
    h = X
    for matrix in weights[:-1]:
        h = nn.functional.relu(h @ matrix.T)
    return (h @ weights[-1].T)[:, 0]


def loss(setting, weights, X, y):
    """The paper's empirical loss."""
    f = outputs(weights, X)
    return nn.functional.softplus(-y * f).mean() if setting == "cao-gu-2020" else (f - y).square().mean() / 2


def gradients(setting, weights, X, y):
    """Of the hidden layers, by autograd."""
    leaves = [matrix.clone().requires_grad_() for matrix in weights[:-1]]
    return torch.autograd.grad(loss(setting, [*leaves, weights[-1]], X, y), leaves)


def descent(setting, steps=5, momentum=0.0, eta=ETA):
    """W⁽⁰⁾, …, W⁽ᵀ⁾ of gradient descent."""
    X, y = data(setting)
    iterates = [network(setting, X.shape[1])]
    velocity = [torch.zeros_like(matrix) for matrix in iterates[0][:-1]]
    for _ in range(steps):
        now = iterates[-1]
        pairs = zip(velocity, gradients(setting, now, X, y), strict=True)
        velocity = [momentum * v + g for v, g in pairs]
        iterates.append([*(w - eta * v for w, v in zip(now[:-1], velocity, strict=True)), now[-1]])
    return iterates


def run_of(setting, iterates):
    """What `check` finds of the run."""
    X, y = data(setting)
    return check(iterates[0], iterates[1:], X, y, setting=setting, claims=RUN).run


@pytest.mark.filterwarnings("ignore")
def test_steps_of_gradient_descent_are_known_as_such():
    """The step size is found, and each step's decrease of the loss is what autograd says."""
    iterates, (X, y) = descent("cao-gu-2020"), data("cao-gu-2020")
    found = run_of("cao-gu-2020", iterates)
    assert found.iterates == 6
    assert_resolved(found.step_size, ETA)
    losses = [float(loss("cao-gu-2020", w, X, y)) for w in iterates]
    errors = [float(torch.sigmoid(-y * outputs(w, X)).mean()) for w in iterates]
    assert_resolved(found.eps, min(errors))
    gains = [
        (a - b) / (0.5 * ETA * WIDTH * e**2) for (a, b), e in zip(itertools.pairwise(losses), errors, strict=False)
    ]
    row = found["eq-5.6"]
    assert_found(row.ratio, min(gains))
    assert row.worst == {"step": gains.index(min(gains))}
    assert row.holds
    assert_resolved(row.beside["ratio with B at W⁽⁰⁾"] * row.beside["B at W⁽⁰⁾"] ** 2, row.ratio)
    farthest = max(float((a - b).norm()) for a, b in zip(iterates[-1][:-1], iterates[0][:-1], strict=True))
    assert_resolved(found["thm-4.7-containment"].lhs, farthest)
    assert_resolved(found["thm-4.7"].lhs, 6)


@pytest.mark.filterwarnings("ignore")
def test_steps_are_paid_for_by_the_loss():
    """Of Zou & Gu's (4.1) and its neighbours both sides are what plain tensors say."""
    iterates, (X, y) = descent("zou-gu-2019", eta=0.01), data("zou-gu-2019")
    found = run_of("zou-gu-2019", iterates)
    losses = [float(loss("zou-gu-2019", w, X, y)) for w in iterates]
    pairs = list(itertools.pairwise(iterates))
    moves = [max(float(torch.linalg.matrix_norm(b - a, 2)) for a, b in zip(*pair, strict=True)) for pair in pairs]
    phi = float(torch.pdist(X).min())
    factor = (N**2 / (WIDTH * phi)) ** 0.5
    paid = [move / (factor * (a**0.5 - b**0.5)) for move, (a, b) in zip(moves, itertools.pairwise(losses), strict=True)]
    assert_found(found["eq-4.1"].ratio, max(paid))
    rates = [1 - (value / losses[0]) ** (1 / t) for t, value in enumerate(losses[1:], 1)]
    assert_found(found["lemma-4.5"].lhs, min(rates))
    assert_found(found["lemma-4.5"].rhs, 0.01 * WIDTH * phi / N**2)
    distance = max(float(torch.linalg.matrix_norm(b - a, 2)) for a, b in zip(iterates[0], iterates[-1], strict=True))
    assert_found(found["trajectory-telescoped"].ratio, distance / (factor * losses[0] ** 0.5))


@pytest.mark.filterwarnings("ignore")
def test_another_algorithm_says_nothing_of_single_steps():
    """With momentum, or with steps left out, distances are measured and steps are not."""
    whole = descent("cao-gu-2020", steps=8, eta=0.05)
    for iterates in (descent("cao-gu-2020", momentum=0.9), whole[:1] + whole[3::3]):
        found = run_of("cao-gu-2020", iterates)
        assert found.step_size is None
        assert not found["eq-5.6"].applicable
        assert "single steps" in found["eq-5.6"].reason
        assert found["thm-4.7-containment"].applicable


@pytest.mark.filterwarnings("ignore")
def test_a_run_that_climbs_breaks_the_descent():
    """The statement on every step can fail."""
    iterates = descent("cao-gu-2020", eta=40.0)
    found = run_of("cao-gu-2020", iterates)
    assert_resolved(found.step_size, 40.0)
    assert found["eq-5.6"].ratio < 0
    assert found["eq-5.6"].word == "does not hold"


@pytest.mark.filterwarnings("ignore")
def test_checkpoints_that_repeat_are_left_out():
    """W⁽⁰⁾ among the checkpoints, and one saved twice, are no steps."""
    iterates = descent("cao-gu-2020")
    again = [iterates[0], iterates[0], iterates[1], iterates[1], *iterates[2:]]
    assert run_of("cao-gu-2020", again).document() == run_of("cao-gu-2020", iterates).document()


@pytest.mark.filterwarnings("ignore")
def test_the_command_prints_the_same_and_minds_the_order(tmp_path, capsys):
    """A row per claim about the run, and a warning where names count down."""
    X, y = data("cao-gu-2020")
    np.savez(tmp_path / "d.npz", X=X.numpy(), y=y.numpy())
    iterates = descent("cao-gu-2020")
    paths = []
    for number, weights in enumerate(iterates):
        paths.append(str(tmp_path / f"step-{2 * number}.pt"))
        torch.save({f"{layer}.weight": matrix for layer, matrix in enumerate(weights)}, paths[-1])
    files = ["--init", paths[0], "--data", str(tmp_path / "d.npz"), *RUN]
    assert main(["check", "--trained", *paths[1:], *files]) == 0
    printed = capsys.readouterr()
    assert printed.out == str(check(iterates[0], iterates[1:], X, y, claims=RUN))
    assert "consecutive steps of gradient descent with η = 0.002" in printed.out.replace("\n", " ")
    assert "stands before" not in printed.err
    assert main(["check", "--trained", *sorted(paths[1:]), *files]) == 0
    assert "step-10.pt stands before" in capsys.readouterr().err
    assert main(["check", "--trained", paths[0], paths[0], *files]) == 0
    printed = capsys.readouterr()
    assert "no checkpoint differs from W⁽⁰⁾" in " ".join(printed.out.split())
    assert f"{paths[0]} holds the weights of {paths[0]}" in " ".join(printed.err.split())
    assert main(["check", "--trained", *paths[1:], *files, "--plot", str(tmp_path / "run.png")]) == 2
    assert "must end in .svg" in capsys.readouterr().err
    assert main(["check", "--trained", str(tmp_path / "step-*.pt"), *files]) == 2
    assert "no file matches" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("before", "after", "way_out"),
    [
        (0, lambda nets: {0: nets[1], 1: nets[2]}, "after holds 2 networks, it must be one: give list(after.values())"),
        (lambda nets: nets[:1], lambda nets: nets[1:], "before holds 1 networks, it must be one"),
        (0, lambda nets: (net for net in nets), "after is of type generator, it must be a state_dict"),
        (0, lambda nets: [nets[1], "trained.pt"], "after[1] is of type str, it must be a state_dict"),
        (0, lambda nets: "trained.pt", "give torch.load('trained.pt')"),
    ],
)
def test_several_networks_in_place_of_one_are_told_apart(before, after, way_out):
    """Checkpoints by their epoch, lists in lists, generators and paths are refused with what to give."""
    X, y = data("cao-gu-2020")
    nets = [{str(i): w for i, w in enumerate(weights)} for weights in descent("cao-gu-2020", steps=2)]
    with pytest.raises(ValueError, match=re.escape(way_out)):
        check(before(nets) if before else nets[0], after(nets), X, y)


@pytest.mark.filterwarnings("ignore")
def test_the_head_of_a_run_is_of_its_last_checkpoint():
    """τ and the losses that are printed above the last ratios are those there."""
    iterates, (X, y) = descent("cao-gu-2020"), data("cao-gu-2020")
    found = check(iterates[0], iterates[1:], X, y, claims=RUN)
    assert found[-1].title() in str(found).replace("\n", " ")
    assert found[0].title() not in str(found).replace("\n", " ")


def test_in_memory_repeated_checkpoints_are_told_too():
    """As by the command."""
    iterates, (X, y) = descent("cao-gu-2020"), data("cao-gu-2020")
    again = [iterates[0], iterates[1], iterates[1], iterates[0]]
    with pytest.warns(UserWarning, match="holds the weights") as told:
        check(iterates[0], again, X, y, claims="thm-4.7-containment")
    said = [str(warning.message) for warning in told]
    assert [line.partition(":")[0] for line in said if "holds the weights" in line] == [
        "after[2] holds the weights of after[1]",
        "after[3] holds the weights of before",
    ]
