"""Initial networks have the papers' laws, exactly at every width, and depend on their seeds alone.

Means over independent seeds are compared at five standard errors: each comparison raises a false alarm for one
choice of seeds in 1.7 million, and the fifty of this file together for one in 35,000. A mean that is off by ten
standard errors is caught as surely: with 4,000 seeds and a standard deviation as large as the mean, by 16 %.
"""

from functools import cache

import pytest
import torch
from scipy import stats

from lemmata.model import limits
from lemmata.model.gaussian import DenseMatrix
from lemmata.model.network import Architecture, assemble, initialise
from lemmata.model.randomness import stream
from lemmata.model.settings import CAO_GU_2019_SLIDES, CAO_GU_2020, CHEN_ET_AL_2019_POSTER, SETTINGS, ZOU_GU_2019
from lemmata.model.trace import Trace
from tests import reference
from tests.assertions import assert_close, assert_each_close, assert_mean, assert_plausible, assert_same

SEEDS = 4_000
WIDTHS = [(2,), (4,), (8,), (4, 8), (8, 6, 12)]

settings = pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.id)
widths = pytest.mark.parametrize("widths", WIDTHS, ids=str)


def drawn(setting, widths, *names, k=1, d=3, **options):
    return initialise(setting, Architecture(d, widths, k), [stream(8, name) for name in names], **options)


@cache
def many(setting, widths, k=1):
    """The trace of one unit input, at thousands of independent initialisations."""
    network = drawn(setting, widths, *range(SEEDS), k=k)
    x = torch.tensor([[2.0, -1.0, 2.0]], dtype=torch.float64) / 3
    return Trace(network, x)


@widths
def test_features_have_mean_square_one(widths):
    """E‖x_l‖² = 1 in every layer, at every width: entries are N(0, 2 / fan-out), not fan-in."""
    for x in many(CAO_GU_2020, widths).features[1:]:
        assert_mean(x[:, 0].square().sum(-1), 1.0)


@widths
def test_features_have_the_fourth_moment_of_their_widths(widths):
    """E‖x_l‖⁴ = Π_{r ≤ l} (1 + 5/m_r)."""
    expected = 1.0
    for x, width in zip(many(CAO_GU_2020, widths).features[1:], widths, strict=True):
        expected *= 1 + 5 / width
        assert_mean(x[:, 0].square().sum(-1).square(), expected)


@widths
def test_half_of_the_units_are_active(widths):
    """Patterns are fair and independent coins: mean m/2 and variance m/4 of the number of active units in layer 1."""
    active = many(CAO_GU_2020, widths).patterns[0][:, 0].sum(-1).double()
    assert_mean(active, widths[0] / 2)
    assert_mean((active - widths[0] / 2).square(), widths[0] / 4)


@widths
def test_a_balanced_output_layer_gives_variance_one_minus_one_over_pi(widths):
    """cao-gu-2020: E f = 0 and E f² = 1 − 1/π exactly, at m = 2, 4, 8 and in deep networks of unequal widths."""
    f = many(CAO_GU_2020, widths).outputs[:, 0, 0]
    assert_mean(f, 0.0)
    assert_mean(f.square(), limits.OUTPUT_VARIANCE)


@pytest.mark.parametrize("widths", [(2,), (4, 8)], ids=str)
@pytest.mark.parametrize("k", [1, 3])
def test_a_gaussian_output_layer_gives_variance_one_over_k(widths, k):
    """zou-gu-2019: E f_r² = 1/k for each output, E‖f‖² = 1, and outputs are uncorrelated."""
    f = many(ZOU_GU_2019, widths, k).outputs[:, 0]
    assert_mean(f[:, k - 1], 0.0)
    assert_mean(f[:, k - 1].square(), 1 / k)
    assert_mean(f.square().sum(-1), 1.0)
    if k > 1:
        assert_mean(f[:, 0] * f[:, 1], 0.0)


@pytest.mark.parametrize("setting", [CAO_GU_2019_SLIDES, CHEN_ET_AL_2019_POSTER], ids=lambda setting: setting.id)
def test_a_trained_output_layer_gives_variance_one(setting):
    """The slides and the poster at α = 1/2: entries N(0, 1/m), times √m, with equal widths."""
    for widths in ((4,), (6, 6)):
        assert_mean(many(setting, widths).outputs[:, 0, 0].square(), 1.0)


def test_the_posters_exponent_decides_the_variance():
    """E f² = m^{2α − 1}."""
    half = many(CHEN_ET_AL_2019_POSTER, (6, 6))
    for exponent in (0.25, 0.4):
        setting = CHEN_ET_AL_2019_POSTER.scaled(exponent)
        f = Trace(assemble(setting, half.network.matrices, half.network.like), half.inputs).outputs[:, 0, 0]
        assert_mean(f.square(), 6 ** (2 * exponent - 1))


def test_the_comparison_sees_a_wrong_variance():
    """With fan-in in place of fan-out, or V unbalanced, the means above fall."""
    x = many(CAO_GU_2020, (4, 8)).features[2][:, 0]
    with pytest.raises(AssertionError):
        assert_mean(2 * x.square().sum(-1), 1.0)
    with pytest.raises(AssertionError):
        assert_mean(x.sum(-1).square(), limits.OUTPUT_VARIANCE)


@settings
def test_entries_are_normal_with_the_papers_variance(setting):
    """Kolmogorov–Smirnov on every Gaussian matrix: N(0, 2/m_l) inside, N(0, 1/k) or N(0, 1/m) at the output."""
    k = 3 if setting.loss == "square" else 1
    network = drawn(setting, (30, 50), "law", k=k, d=20)
    scales = [(2 / 30) ** 0.5, (2 / 50) ** 0.5]
    if setting.output != "signs":
        scales.append(((1 / 50) if setting.output == "trained" else 1 / k) ** 0.5)
    for matrix, scale in zip(network.matrices, scales, strict=False):
        sample = matrix.materialise().flatten().numpy() / scale
        assert_plausible(stats.kstest(sample, "norm").pvalue)


@pytest.mark.parametrize("width", [2, 4, 10])
def test_the_output_layer_of_cao_gu_2020_is_balanced(width):
    """Exactly half of v is +1 and half −1, for every initialisation."""
    v = drawn(CAO_GU_2020, (6, width), 0, 1).matrices[-1].materialise()
    assert v.shape == (2, 1, width)
    assert_same(v.abs(), torch.ones(2, 1, width))
    assert_same(v.sum(-1), torch.zeros(2, 1))


@pytest.mark.parametrize(("widths", "k"), [((5,), 1), ((4, 7), 1), ((4,), 2)])
def test_a_balanced_output_layer_needs_an_even_width_and_one_output(widths, k):
    """An odd last width or several outputs are refused; an odd width elsewhere is not."""
    with pytest.raises(ValueError, match=f"width {widths[-1]}.*k = {k}"):
        drawn(CAO_GU_2020, widths, 0, k=k)
    assert drawn(CAO_GU_2020, (5, 4), 0).hidden == 2
    assert drawn(ZOU_GU_2019, widths, 0, k=k).architecture == Architecture(3, widths, k)


@pytest.mark.parametrize(("d", "widths", "k"), [(3, (), 1), (0, (4,), 1), (3, (4, 0), 1), (3, (4,), 0), (3, (-2,), 1)])
def test_empty_architectures_are_refused(d, widths, k):
    """At least one hidden layer, and positive sizes."""
    with pytest.raises(ValueError, match="positive sizes"):
        Architecture(d, widths, k)


@settings
def test_depth_counts_what_the_paper_counts(setting):
    """Hidden layers, or all weight layers where the last is trained; trained layers have a change each."""
    network = drawn(setting, (4, 6, 4), 0)
    trained_top = setting.id in ("cao-gu-2019-slides", "chen-et-al-2019-poster")
    assert network.hidden == 3
    assert network.depth == network.trained == len(network.still()) == (4 if trained_top else 3)
    assert setting.hidden_layers(network.depth) == 3
    assert network.architecture == Architecture(3, (4, 6, 4))
    assert network.architecture.width == 4
    assert_each_close(network.scale, reference.scale(setting, (4, 6, 4)))


@settings
def test_a_network_is_its_seed(setting):
    """The same seed draws the same network and other seeds others; no two layers or initialisations share numbers."""
    one, same, other = (drawn(setting, (6, 6), name, d=6) for name in ("a", "a", "b"))
    gaussian = range(len(one.matrices) - (setting.output == "signs"))
    entries = []
    for layer in gaussian:
        assert_same(one.materialise(layer), same.materialise(layer))
        assert not torch.equal(one.materialise(layer), other.materialise(layer))
        entries += [one.materialise(layer)[0, 0, 0].item(), other.materialise(layer)[0, 0, 0].item()]
    assert len({round(abs(a / b), 9) for a in entries for b in entries}) == len(entries) * (len(entries) - 1) + 1


@settings
def test_seeds_are_not_used_up(setting):
    """Drawing a network leaves its seed sequence as it was, so that the next call draws the same network."""
    seeds = [stream(9, "kept"), stream(9, "kept too")]
    before = [(seed.n_children_spawned, seed.generate_state(2).tolist()) for seed in seeds]
    one, same = (initialise(setting, Architecture(3, (4, 6)), seeds) for _ in range(2))
    assert [(seed.n_children_spawned, seed.generate_state(2).tolist()) for seed in seeds] == before
    for layer in range(3):
        assert_same(one.materialise(layer), same.materialise(layer))


def test_spawned_seeds_are_told_apart():
    """Children of one seed sequence draw different networks, and those that the sequence itself would spawn."""
    parent = stream(10)
    children = parent.spawn(2)
    a, b = (initialise(CAO_GU_2020, Architecture(3, (4,)), [child]) for child in children)
    assert not torch.equal(a.materialise(0), b.materialise(0))


@settings
def test_a_network_drawn_alone_is_the_one_drawn_among_others(setting):
    """An initialisation does not depend on how many are drawn with it, nor on its place among them."""
    together = drawn(setting, (4, 6), 0, 1, 2)
    for number in range(3):
        alone = drawn(setting, (4, 6), number)
        for layer in range(3):
            assert_same(alone.materialise(layer)[0], together.materialise(layer)[number])


@settings
def test_single_precision_is_the_same_network_rounded(setting):
    """float32 weights are the float64 weights of the same seed, rounded once."""
    double, single = drawn(setting, (4, 6), 0), drawn(setting, (4, 6), 0, dtype=torch.float32)
    for layer in range(3):
        assert single.materialise(layer).dtype == torch.float32
        assert_same(single.materialise(layer), double.materialise(layer).float())


@settings
def test_given_matrices_make_the_network_that_they_were_taken_from(setting):
    """Assembling a network from its own matrices gives it back; moving it needs one change per trained layer."""
    network = drawn(setting, (4, 6), 0, 1)
    matrices = [DenseMatrix(network.materialise(layer)) for layer in range(3)]
    again = assemble(setting, matrices, network.like)
    x = torch.eye(3, dtype=torch.float64)
    assert_same(Trace(again, x).outputs, Trace(network, x).outputs)
    assert again.trained == network.trained
    with pytest.raises(ValueError, match="trained layers"):
        network.moved(network.still()[:-1])


@settings
def test_dense_matrices_have_numpys_norms_and_products(setting):
    """W x, Wᵀ b, ‖W‖_F and ‖W‖_2 of every layer, the output layer of one row included."""
    network = drawn(setting, (6, 4), 0, 1)
    moved = network.moved(reference.some_changes(network, size=0.5))
    rng = torch.linspace(-1, 1, 24, dtype=torch.float64)
    for layer, matrix in enumerate(network.matrices):
        rows, columns = matrix.shape
        x, b = rng[: 2 * columns].reshape(2, 1, columns), rng[: 2 * rows].reshape(2, 1, rows)
        for number in range(2):
            weight = reference.dense(network, number)[layer]
            assert_close(matrix.apply(x)[number, 0], weight @ x[number, 0])
            assert_close(matrix.apply_transposed(b)[number, 0], weight.T @ b[number, 0])
            assert_each_close(matrix.frobenius()[number], torch.linalg.matrix_norm(weight))
            assert_each_close(matrix.spectral()[number], torch.linalg.matrix_norm(weight, 2))
            there = reference.dense(moved, number)[layer]
            assert_close(moved.apply(layer, x)[number, 0], there @ x[number, 0])
            assert_close(moved.apply_transposed(layer, b)[number, 0], there.T @ b[number, 0])
            assert_close(moved.materialise(layer)[number], there)
            assert_each_close(moved.spectral(layer)[number], torch.linalg.matrix_norm(there, 2))
