"""Training that keeps no neuron is training: of a stored matrix, in whatever chunks, however often interrupted."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from scipy import stats

from lemmata.model import streaming
from lemmata.model.changes import distances
from lemmata.model.data import generate
from lemmata.model.gaussian import DenseMatrix
from lemmata.model.losses import LOSSES
from lemmata.model.network import Architecture, assemble, initialise
from lemmata.model.randomness import gaussian, generator, stream
from lemmata.model.settings import CAO_GU_2019_SLIDES, CAO_GU_2020, ZOU_GU_2019
from lemmata.model.streaming import Problem, Shared, first_layer, load, second_layer, train
from lemmata.model.training import gradient_descent
from tests.assertions import assert_close, assert_same, assert_vector_close

settings = pytest.mark.parametrize("setting", [CAO_GU_2020, ZOU_GU_2019], ids=lambda setting: setting.id)


def problem(setting, m, *, n=2, d=3, step_size=0.1, seed=0):
    """Two or three points on the sphere."""
    dataset = generate("sphere", n=n, d=d, setting=setting, rng=generator(stream(0, "points")))
    return Problem(setting, m, dataset.inputs, dataset.labels, step_size, seed)


def shared_after(given, steps, tmp_path):
    """The small matrices of a run, read from its state."""
    state = tmp_path / "state.npz"
    list(train(given, steps, state=state))
    return load(state, given)


def sides(given: Problem, shared: Shared):
    """Bases and images, a row per neuron; the second layer's history begins with a further pass of the first."""
    right = first_layer(given, shared, range(given.m))
    with ThreadPoolExecutor(1) as pool:
        streaming._reveal_right(given, shared, streaming._summed(pool, given, shared, streaming.BLOCK, 1, first_layer))
    left = second_layer(given, shared, range(given.m))
    return tuple({name: part.mT for name, part in side.items()} for side in (right, left))


def completed(given: Problem, shared: Shared):
    """The sample as a stored network: W_1, W_2 completed with a fresh Gaussian, V."""
    m, n = given.m, given.n
    right, left = sides(given, shared)
    q, z = right["directions"], right["images"]
    p, y = left["directions"], left["images"][:, : n * shared.known]
    scale = (2 / m) ** 0.5
    whole = gaussian([stream(9)], (m, m), scale, q)[0]
    whole = whole - (whole @ q) @ q.mT
    whole = whole - p @ (p.mT @ whole)
    whole = whole + y @ q.mT + p @ (z - q @ (q.mT @ z)).mT
    first = scale * given.fresh("W_1", 0, range(m), given.inputs.shape[1]).mT
    matrices = [DenseMatrix(weight[None]) for weight in (first, whole, given.output(range(m)))]
    return assemble(given.setting, matrices, torch.zeros(1, dtype=torch.float64))


@settings
@pytest.mark.parametrize(("m", "n"), [(60, 2), (90, 3), (12, 2)])
def test_a_streamed_run_is_that_of_its_completion(setting, m, n, tmp_path):
    """Outputs, losses and both layers' displacements, along eight steps; at m = 12 the bases fill the space.

    As far as the residuals go that are dropped: in so few neurons some are that small.
    """
    given = problem(setting, m, n=n, step_size=0.5 / m)
    shared = shared_after(given, 8 if m > 12 else 4, tmp_path)
    network = completed(given, shared)
    loss = LOSSES[setting.loss]
    steps = gradient_descent(network, given.inputs, given.labels, step_size=given.step_size, steps=shared.known - 1)
    for dense, streamed in zip(steps, train(given, shared.known - 1), strict=True):
        for here, there in (
            (streamed.outputs, dense.trace.outputs[0, :, 0]),
            (torch.tensor(streamed.loss), loss.value(dense.trace.outputs, given.labels)[0]),
            (streamed.moves, distances(dense.changes, "spectral")[0]),
        ):
            assert (here - there).abs().max() <= streaming.NOISE * there.abs().max()


def test_bases_are_orthonormal(tmp_path):
    """Or zero, where a query brought nothing new; and each side knows what the other does."""
    given = problem(ZOU_GU_2019, 2000, step_size=1 / 2000)
    shared = shared_after(given, 6, tmp_path)
    right, left = sides(given, shared)
    for side, kept in ((right, shared.kept), (left, shared.left_kept)):
        known = torch.cat(kept[: shared.known]).double()
        assert_close(side["directions"].mT @ side["directions"], torch.diag(known))
    y = left["images"][:, : given.n * shared.known]
    assert_close(left["directions"].mT @ y, right["images"].mT @ right["directions"])
    assert_close(left["directions"].mT @ y, shared.crossed()[:, : y.shape[1]])


def test_chunks_and_threads_change_nothing_but_the_order_of_sums(monkeypatch):
    """A neuron's Gaussians belong to it."""
    monkeypatch.setattr(streaming, "BLOCK", 16)
    given = problem(ZOU_GU_2019, 150, step_size=0.005)
    runs = [list(train(given, 4, chunk=chunk, workers=workers)) for chunk, workers in ((16, 1), (48, 2), (160, 1))]
    for run in runs[1:]:
        for one, other in zip(runs[0], run, strict=True):
            assert_vector_close(one.outputs, other.outputs)
    again = list(train(given, 4, chunk=48, workers=1))
    for one, other in zip(runs[1], again, strict=True):
        assert_same(one.outputs, other.outputs)


def test_a_run_goes_on_where_it_was_left(tmp_path: Path, monkeypatch):
    """The same numbers, and no pass is made twice."""
    given = problem(CAO_GU_2020, 100, step_size=0.01)
    whole = list(train(given, 5))
    state = tmp_path / "state.npz"
    list(itertools.islice(train(given, 5, state=state), 3))
    assert load(state, given).known == 3
    for one, other in zip(whole, train(given, 5, state=state), strict=True):
        assert_same(one.outputs, other.outputs)
    monkeypatch.setattr(streaming, "_summed", None)
    assert len(list(train(given, 5, state=state))) == 6
    with pytest.raises(ValueError, match=r"holds cao-gu-2020 m=100 seed=0.*and not cao-gu-2020 m=100 seed=1"):
        list(train(problem(CAO_GU_2020, 100, step_size=0.01, seed=1), 5, state=state))


@settings
def test_streamed_training_has_the_law_of_stored_matrices(setting):
    """Losses and displacements over 200 seeds a side, at m = 16: false alarm 1e-5 by Bonferroni."""
    given = [problem(setting, 16, step_size=0.05, seed=seed) for seed in range(200)]
    rows = [torch.cat([torch.cat([it.outputs, it.moves]) for it in list(train(p, 3))[1:]]) for p in given]
    streamed = torch.stack(rows).numpy()
    network = initialise(setting, Architecture(3, (16, 16)), [stream(seed, "stored") for seed in range(200)])
    run = gradient_descent(network, given[0].inputs, given[0].labels, step_size=0.05, steps=3)
    stored = torch.cat(
        [torch.cat([it.trace.outputs[..., 0], distances(it.changes, "spectral")], 1) for it in list(run)[1:]], 1
    ).numpy()
    p = [stats.ks_2samp(a, b).pvalue for a, b in zip(streamed.T, stored.T, strict=True)]
    assert min(p) * len(p) > 1e-5


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"setting": CAO_GU_2019_SLIDES}, "output layer must be fixed"),
        ({"m": 7}, "m=7"),
        ({"step_size": 0.0}, "step_size"),
        ({"labels": torch.ones(5, 1)}, r"labels \(5, 1\)"),
    ],
)
def test_impossible_problems_are_refused(change, match):
    """By the name of the argument."""
    given = problem(CAO_GU_2020, 10)
    arguments = {name: getattr(given, name) for name in ("setting", "m", "inputs", "labels", "step_size")}
    with pytest.raises(ValueError, match=match):
        Problem(**{**arguments, **change})


def test_impossible_chunks_are_refused():
    """A chunk is made of whole blocks."""
    with pytest.raises(ValueError, match="chunk=100"):
        list(train(problem(CAO_GU_2020, 10), 1, chunk=100))
