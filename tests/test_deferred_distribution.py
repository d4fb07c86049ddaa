"""The deferred engine has the law of stored Gaussian matrices, and engines that have not are found out.

Every initialisation is a seed of its own, so rows are independent and the tests are plain two-sample (or one-sample)
tests. Each test function divides a false-alarm rate of 1e-5 by the number of its comparisons (Bonferroni); the seeds
are fixed, so a test that passes once passes always on one platform. With 3,000 seeds a side a Kolmogorov–Smirnov
distance of about 0.09 is found, with 20,000 (LEMMATA_PROFILE=nightly) one of 0.035; the broken engines are found with a
quarter of the seeds.
"""

import os

import numpy as np
import pytest
import torch
from scipy import stats

from lemmata.model.changes import distances
from lemmata.model.data import generate
from lemmata.model.deferred import DeferredMatrix
from lemmata.model.gaussian import DenseMatrix
from lemmata.model.losses import LOSSES
from lemmata.model.network import Architecture, assemble, initialise
from lemmata.model.randomness import gaussian, generator, stream
from lemmata.model.settings import CAO_GU_2020, ZOU_GU_2019
from lemmata.model.training import gradient_descent

SEEDS = 20_000 if os.environ.get("LEMMATA_PROFILE") == "nightly" else 3000
FEW = 800
FALSE_ALARM = 1e-5  # per test function, and there are three: 3e-5 overall
FOUND_OUT = 1e-9  # the p-value that a broken engine must reach
LIKE = torch.zeros((), dtype=torch.float64)


class Forgetful(DeferredMatrix):
    """Broken: a new direction's image ignores what the other side knows."""

    def _condition(self, far, fresh, images, kept):
        pass


class Unprojected(DeferredMatrix):
    """Broken: the fresh part is not projected off the other side's directions."""

    def _condition(self, far, fresh, images, kept):
        images.baddbmm_(fresh @ far.images.mT, far.directions)


class WrongSign(DeferredMatrix):
    """Broken: what the other side knows enters with the wrong sign."""

    def _condition(self, far, fresh, images, kept):
        images.baddbmm_(-(fresh @ far.images.mT) - images @ far.directions.mT, far.directions)


BROKEN = [Forgetful, Unprojected, WrongSign]
CASES = [(CAO_GU_2020, 1, 2), (CAO_GU_2020, 1, 3), (ZOU_GU_2019, 2, 2), (ZOU_GU_2019, 2, 3)]
case_names = pytest.mark.parametrize(
    ("setting", "k", "depth"), CASES, ids=[f"{setting.id}-L{depth}" for setting, _, depth in CASES]
)


def network(engine, seeds, setting, k, depth):
    """Initialisations at m = 16; with no engine, stored matrices of other streams."""
    shape = Architecture(5, (16,) * depth, k)
    dense = initialise(setting, shape, [stream(seed, "stored", engine is None) for seed in range(seeds)])
    if engine is None:
        return dense
    hidden = [
        engine([stream(seed, layer) for seed in range(seeds)], size, (2 / size[0]) ** 0.5, dense.like)
        for layer, size in enumerate(shape.shapes[:-1])
    ]
    return assemble(setting, [*hidden, dense.matrices[-1]], dense.like)


def measured(engine, seeds, setting, k, depth, *, steps=3):
    """Losses, outputs, gradient norms and NTK before and after training, and displacements: (seeds, statistics)."""
    dataset = generate("sphere", n=3, d=5, setting=setting, rng=generator(stream(0, "data")), k=k)
    loss, columns = LOSSES[setting.loss], []
    start = network(engine, seeds, setting, k, depth)
    for iterate in gradient_descent(start, dataset.inputs, dataset.labels, step_size=0.05, steps=steps):
        trace = iterate.trace
        columns.append(loss.value(trace.outputs, dataset.labels)[:, None])
        if iterate.step in (0, steps):
            kernel = trace.ntk().flatten(3, 4).flatten(1, 2)
            rows, entries = torch.triu_indices(*kernel.shape[1:])
            columns += [trace.outputs.flatten(1), trace.gradient_norms().flatten(1), kernel[:, rows, entries]]
            columns.append(torch.linalg.eigvalsh(kernel)[:, :1])
            columns.append(trace.batch_gradient_norms(loss.slopes(trace.outputs, dataset.labels)))
    columns += [distances(iterate.changes, "frobenius"), distances(iterate.changes, "spectral")]
    return torch.cat(columns, 1).numpy()


def smallest_p(first, second):
    """Of the Kolmogorov–Smirnov tests of each column, times their number."""
    p = [stats.ks_2samp(a, b, method="asymp").pvalue for a, b in zip(first.T, second.T, strict=True)]
    return min(p) * len(p)


@pytest.fixture(scope="module")
def stored():
    """What stored matrices give, measured once per case."""
    known = {}

    def lookup(setting, k, depth):
        if (setting, depth) not in known:
            known[setting, depth] = measured(None, SEEDS, setting, k, depth)
        return known[setting, depth]

    return lookup


@case_names
def test_training_has_the_law_of_stored_matrices(stored, setting, k, depth):
    """Every statistic of a run, of its kernel and of its gradients."""
    deferred = measured(DeferredMatrix, SEEDS, setting, k, depth)
    assert smallest_p(deferred, stored(setting, k, depth)) > FALSE_ALARM / len(CASES)


@pytest.mark.parametrize("engine", BROKEN)
@case_names
def test_broken_engines_have_another_law(stored, engine, setting, k, depth):
    """The same statistics find each of them out."""
    assert smallest_p(measured(engine, FEW, setting, k, depth), stored(setting, k, depth)) < FOUND_OUT


@pytest.mark.parametrize("engine", BROKEN)
def test_broken_engines_contradict_their_completion(engine):
    """The completion of a matrix that answers wrongly does not give its answers again."""
    matrix = engine([stream(0, "entries")], (20, 30), 1.0, LIKE)
    x = torch.from_numpy(generator(stream(0, "x")).standard_normal((1, 3, 30)))
    image = matrix.apply(x)
    back = matrix.apply_transposed(image.clamp_min(0))
    weight = matrix.materialise()
    error = (x @ weight.mT - image).abs().max() + (image.clamp_min(0) @ weight - back).abs().max()
    assert error > 1e-2 * weight.abs().max()


def conversation(matrix, seeds, *, norm_first):
    """Questions that depend on the answers, from both sides, with ‖W‖_F after the first of them or at the end."""
    x = torch.ones(seeds, 1, matrix.shape[1], dtype=torch.float64)
    image = matrix.apply(x)
    norm = matrix.frobenius() if norm_first else None
    back = matrix.apply_transposed(image.clamp_min(0) + 0.1)
    again = matrix.apply(torch.cat([back.clamp_min(0), back.sin()], 1))
    norm = matrix.frobenius() if norm is None else norm
    return norm, image, back, again


@pytest.mark.parametrize("norm_first", [False, True])
def test_the_completion_has_independent_gaussian_entries(norm_first):
    """After an adaptive conversation: each entry's law, all correlations, those of squares, and ‖W‖²."""
    scale, count = 0.7, 20_000
    matrix = DeferredMatrix([stream(i, "law") for i in range(count)], (3, 5), scale, LIKE)
    norm = conversation(matrix, count, norm_first=norm_first)[0].numpy() / scale
    entries = matrix.materialise().flatten(1).numpy() / scale
    p = [stats.kstest(entry, "norm").pvalue for entry in entries.T]
    p.append(stats.kstest(norm**2, stats.chi2(entries.shape[1]).cdf).pvalue)
    upper = np.triu_indices(entries.shape[1], 1)
    for functions in (entries, entries**2, np.abs(entries)):
        correlations = np.corrcoef(functions.T)[upper]
        p += list(2 * stats.norm.sf(np.abs(correlations) * count**0.5))
    assert min(p) * len(p) > FALSE_ALARM / 2


@pytest.mark.parametrize("norm_first", [False, True])
def test_norm_and_answers_have_the_joint_law_of_stored_matrices(norm_first):
    """‖W‖_F, the answers, and the shares of ‖W‖_F that they reveal."""
    seeds = [[stream(i, purpose) for i in range(SEEDS)] for purpose in ("stored", "deferred")]

    def columns(matrix):
        norm, *answers = conversation(matrix, SEEDS, norm_first=norm_first)
        sizes = torch.stack([torch.linalg.matrix_norm(answer) for answer in answers], 1)
        flat = torch.cat([answer.flatten(1) for answer in answers], 1)
        return torch.cat([norm[:, None], sizes, sizes / norm[:, None], flat, flat / norm[:, None]], 1).numpy()

    stored = columns(DenseMatrix(gaussian(seeds[0], (3, 4), 0.8, LIKE)))
    assert smallest_p(columns(DeferredMatrix(seeds[1], (3, 4), 0.8, LIKE)), stored) > FALSE_ALARM / 2
