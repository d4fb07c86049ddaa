"""Generated data satisfy the papers' assumptions; what cannot is refused."""

import itertools
import math

import pytest
import torch
from scipy.stats import kstest

from lemmata.model.data import INPUTS, LABELLED, Dataset, generate, unit_rows
from lemmata.model.randomness import generator, stream
from lemmata.model.separability import conjugate_margin, feature_margin, require_separable
from lemmata.model.settings import CAO_GU_2019_SLIDES, CAO_GU_2020, CHEN_ET_AL_2019_POSTER, SETTINGS, ZOU_GU_2019
from tests.assertions import assert_at_most, assert_close, assert_each_close, assert_plausible, assert_same

LARGEST = {
    "simplex": lambda n: math.sqrt(2),
    "chain": lambda n: 2 * math.sin(math.pi / max(n, 2)),
}


def made(name, n, d, setting=CAO_GU_2020, seed=0, **options):
    return generate(name, n=n, d=d, setting=setting, rng=generator(stream(seed, "data")), **options)


def distances(inputs):
    """All pairwise Euclidean distances, coordinate by coordinate."""
    return [math.dist(a, b) for a, b in itertools.combinations(inputs.tolist(), 2)]


def recipes(n, share):
    """Keyword arguments of every construction, the separation a share of the largest that it takes."""
    return [("sphere", {}), *((name, {"phi": share * largest(n)}) for name, largest in LARGEST.items())]


@pytest.mark.parametrize("n", [1, 2, 3, 7])
@pytest.mark.parametrize("share", [1e-9, 0.3, 1.0])
@pytest.mark.parametrize("mu", [None, 0.05, 0.9])
@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.id)
def test_inputs_are_unit_vectors_with_the_last_coordinate_asked_for(n, share, mu, setting):
    """‖x_i‖ = 1, and (x_i)_d = μ exactly where μ is given, for every construction and setting."""
    shrink = 1.0 if mu is None else math.sqrt(1 - mu**2)
    for name, options in recipes(n, share * shrink):
        data = made(name, n, n + 2, setting, mu=mu, **options)
        assert data.inputs.shape == (n, n + 2)
        assert data.inputs.dtype == data.labels.dtype == torch.float64
        assert_each_close([math.hypot(*x) for x in data.inputs.tolist()], [1.0] * n)
        if mu is not None:
            assert_same(data.inputs[:, -1], [mu] * n)


@pytest.mark.parametrize("n", [2, 3, 7])
@pytest.mark.parametrize("phi", [1e-6, 0.1, 0.8])
@pytest.mark.parametrize("mu", [None, 0.3])
def test_simplex_points_are_all_at_one_distance(n, phi, mu):
    """All pairwise distances are φ, with a fixed last coordinate too, and `separation` says so."""
    data = made("simplex", n, n + 2, phi=phi, mu=mu)
    assert_close([1 + distance for distance in distances(data.inputs)], [1 + phi] * (n * (n - 1) // 2))
    assert_close(1 + data.separation, 1 + phi)


@pytest.mark.parametrize("n", [2, 3, 7])
@pytest.mark.parametrize("share", [1e-6, 0.5, 1.0])
@pytest.mark.parametrize("mu", [None, 0.3])
def test_chain_neighbours_are_at_one_distance_and_nobody_is_closer(n, share, mu):
    """Neighbours are at φ and all others at φ or more, until the ring closes at the largest φ."""
    phi = share * LARGEST["chain"](n) * (1.0 if mu is None else math.sqrt(1 - mu**2))
    data = made("chain", n, 4, phi=phi, mu=mu)
    neighbours = [math.dist(*pair) for pair in itertools.pairwise(data.inputs.tolist())]
    assert_close([1 + distance for distance in neighbours], [1 + phi] * (n - 1))
    assert_at_most([phi] * len(distances(data.inputs)), [distance + 1e-12 for distance in distances(data.inputs)])
    if share == 1.0 and n > 2:
        assert_close(math.dist(data.inputs[0].tolist(), data.inputs[-1].tolist()), phi)


@pytest.mark.parametrize("phi", [1e-12, 1e-9, 1e-6, 1e-3])
def test_separation_of_close_points_keeps_its_digits(phi):
    """The smallest distance is that of the points as stored, and infinite for a single point."""
    x = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
    y = torch.tensor([1.0, phi, 0.0], dtype=torch.float64)
    far = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    assert_each_close(Dataset(torch.stack([x, far, y]), torch.ones(3, 1)).separation, phi)
    assert Dataset(x[None], torch.ones(1, 1)).separation == math.inf


@pytest.mark.parametrize("n", [2, 5, 9])
def test_separation_is_the_smallest_distance(n):
    """As a loop over pairs finds it."""
    data = made("sphere", n, 3)
    assert_each_close(data.separation, min(distances(data.inputs)))


@pytest.mark.parametrize("setting", [CAO_GU_2020, CAO_GU_2019_SLIDES, CHEN_ET_AL_2019_POSTER], ids=lambda s: s.id)
def test_cross_entropy_settings_have_signs_as_labels(setting):
    """±1, one output, and both occur."""
    labels = made("sphere", 64, 5, setting).labels
    assert labels.shape == (64, 1)
    assert set(labels.flatten().tolist()) == {-1.0, 1.0}


@pytest.mark.parametrize("k", [1, 3])
def test_square_loss_labels_have_unit_norm(k):
    """‖y_i‖ = 1 with as many outputs as asked for: the label bound that zou-gu-2019 assumes."""
    labels = made("sphere", 9, 5, ZOU_GU_2019, k=k).labels
    assert labels.shape == (9, k)
    assert_each_close([math.hypot(*y) for y in labels.tolist()], [1.0] * 9)


@pytest.mark.parametrize("name", INPUTS)
def test_the_generator_decides_everything(name):
    """The same stream gives the same data, another stream other data."""
    phi = None if name in ("sphere", "hexagon") else 0.2
    one, same, other = (made(name, 3, 5, seed=seed, phi=phi) for seed in (1, 1, 2))
    assert_same(one.inputs, same.inputs)
    assert_same(one.labels, same.labels)
    assert not torch.equal(one.inputs, other.inputs)


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_rows_of_any_size_can_be_scaled_to_unit_norm(size):
    """Squares of the entries neither overflow nor vanish."""
    rows = unit_rows(size * torch.tensor([[3.0, 4.0], [-4.0, 3.0]], dtype=torch.float64))
    assert_each_close(rows, [[0.6, 0.8], [-0.8, 0.6]])


REFUSED = [
    ("cube", {}, "cube"),
    ("sphere", {"n": 0}, "n=0"),
    ("sphere", {"d": 0}, "d=0"),
    ("sphere", {"mu": 0.0}, "mu=0"),
    ("sphere", {"mu": 1.0}, "mu=1"),
    ("sphere", {"mu": -0.1}, "mu="),
    ("sphere", {"mu": math.nan}, "mu=nan"),
    ("sphere", {"d": 1, "mu": 0.5}, "d=1"),
    ("simplex", {}, "phi=None"),
    ("simplex", {"phi": 0.0}, "phi=0"),
    ("simplex", {"phi": -0.1}, "phi=-"),
    ("simplex", {"phi": math.nan}, "phi=nan"),
    ("simplex", {"phi": 1.4143}, "phi=1.4143"),
    ("simplex", {"phi": 0.1, "d": 3}, "d=3"),
    ("simplex", {"phi": 1.4, "mu": 0.5, "d": 9}, "phi="),
    ("chain", {}, "phi=None"),
    ("chain", {"phi": 1.74}, "phi=1.74"),
    ("chain", {"phi": 0.1, "d": 1}, "d=1"),
    ("chain", {"phi": 0.1, "d": 2, "mu": 0.5}, "d="),
    ("cones", {}, "phi=None"),
    ("cones", {"phi": 0.8}, "phi=0.8"),
    ("cones", {"phi": 0.1, "d": 1}, "d=1"),
    ("teacher", {"phi": 1.5}, "phi=1.5"),
    ("teacher", {"d": 1}, "d=1"),
    ("teacher", {"mu": 0.5}, "mu=0.5"),
    ("axes", {"phi": 0.1}, "phi=0.1"),
]


@pytest.mark.parametrize(("name", "options", "message"), REFUSED)
def test_what_cannot_be_satisfied_is_refused(name, options, message):
    """Unknown names, empty sizes, and φ, μ and d that no data set has, with name and value."""
    with pytest.raises(ValueError, match=message):
        made(name, **{"n": 3, "d": 5, **options})


def test_the_hexagon_is_three_opposite_pairs_lifted_by_the_common_coordinate():
    """Opposite in the plane, at height μ; six distinct points whose separation is that of the plane shrunk."""
    data = generate("hexagon", n=6, d=3, setting=ZOU_GU_2019, rng=generator(stream(0)), mu=0.6)
    assert_close(data.inputs[:3, :2], -data.inputs[3:, :2])
    assert_same(data.inputs[:, 2], torch.full((6,), 0.6, dtype=torch.float64))
    assert_close(data.separation, 0.8)
    with pytest.raises(ValueError, match="hexagon"):
        generate("hexagon", n=7, d=3, setting=ZOU_GU_2019, rng=generator(stream(0)))


def test_xor_is_not_linearly_separable_and_axes_are_all_of_one_label():
    """Opposite inputs share a label, which no linear function allows; more examples repeat the four corners."""
    rng = generator(stream(0, "xor"))
    data = generate("xor", n=8, d=3, setting=CAO_GU_2020, rng=rng)
    assert_same(data.inputs[:4], -data.inputs[[2, 3, 0, 1]])
    assert_same(data.labels[:, 0], torch.tensor([1.0, -1.0] * 4, dtype=torch.float64))
    assert_same(data.inputs[:4], data.inputs[4:])
    data = generate("axes", n=6, d=3, setting=CAO_GU_2020, rng=rng)
    assert_same(data.inputs.sum(0), torch.zeros(3, dtype=torch.float64))
    assert bool((data.labels == 1).all())
    with pytest.raises(ValueError, match="n=7 must be at most"):
        generate("axes", n=7, d=3, setting=CAO_GU_2020, rng=rng)


@pytest.mark.parametrize(("labels", "noise"), [("alternating", 0.0), ("ones", 0.0), ("alternating", 1.0)])
def test_labels_can_be_asked_for(labels, noise):
    """Signs along the first output; noise of probability one turns them all."""
    rng = generator(stream(0, "labels"))
    data = generate("sphere", n=4, d=3, setting=CAO_GU_2020, rng=rng, labels=labels, noise=noise)
    signs = [1.0, -1.0] * 2 if labels == "alternating" else [1.0] * 4
    assert data.labels[:, 0].tolist() == [sign * (-1) ** int(noise) for sign in signs]


@pytest.mark.parametrize(
    "bad", [{"labels": "none"}, {"noise": 1.5}, {"name": "xor", "phi": 0.1}, {"name": "xor", "d": 1}]
)
def test_what_cannot_be_labelled_is_refused(bad):
    """By name and value."""
    asked = {"name": "sphere", "n": 4, "d": 3, **bad}
    with pytest.raises(ValueError, match=next(key for key in bad if key != "name")):
        generate(asked.pop("name"), setting=CAO_GU_2020, rng=generator(stream(0, "bad")), **asked)


@pytest.mark.parametrize("d", [2, 3, 6])
@pytest.mark.parametrize("phi", [1e-6, 0.2, 0.4])
def test_cones_are_spread_about_the_corners_and_separable(d, phi):
    """No point is farther than φ from its corner, the label says which coordinate is larger, and γ is as promised."""
    data = made("cones", 6, d, phi=phi)
    corners = made("xor", 6, d)
    assert_same(data.labels, corners.labels)
    pairs = zip(data.inputs.tolist(), corners.inputs.tolist(), strict=True)
    assert_at_most([math.dist(*pair) for pair in pairs], [phi] * 6)
    assert_same((data.inputs[:, 0].abs() - data.inputs[:, 1].abs()).sign(), data.labels[:, 0])
    margin = feature_margin(data)
    assert_at_most((math.sqrt(2) - 1 - phi) / math.sqrt(2 * math.pi), margin.upper + margin.error)


@pytest.mark.parametrize("phi", [None, 0.5])
def test_a_teacher_labels_by_the_first_coordinate(phi):
    """|x_1| ≥ φ/2 with the sign of the label; in three dimensions it is uniform (Archimedes), and so is the angle."""
    data = made("teacher", 4000, 3, phi=phi)
    least = 0.0 if phi is None else phi / 2
    first = (data.labels[:, 0] * data.inputs[:, 0]).numpy()
    assert first.min() >= least - 1e-12
    assert_plausible(kstest((first - least) / (1 - least), "uniform").pvalue)
    angle = torch.atan2(data.inputs[:, 2], data.inputs[:, 1]).numpy()
    assert_plausible(kstest(angle / (2 * math.pi) + 0.5, "uniform").pvalue)
    assert 0.45 < float((data.labels > 0).double().mean()) < 0.55


@pytest.mark.parametrize("d", [2, 5])
def test_cones_fill_their_spread_evenly(d):
    """The distance to the corner is uniform on [0, φ]."""
    data, corners = made("cones", 4000, d, phi=0.5), made("xor", 4000, d)
    distance = torch.linalg.vector_norm(data.inputs - corners.inputs, dim=-1)
    assert_plausible(kstest(distance.numpy() / 0.5, "uniform").pvalue)


@pytest.mark.parametrize(("name", "phi"), [("cones", 0.1), ("teacher", 0.3), ("teacher", None)])
def test_labelled_points_are_unit_vectors_drawn_by_the_generator(name, phi):
    """The same stream gives the same data, another stream other data, all of unit norm."""
    one, same, other = (made(name, 5, 4, seed=seed, phi=phi) for seed in (1, 1, 2))
    assert_same(one.inputs, same.inputs)
    assert not torch.equal(one.inputs, other.inputs)
    assert_each_close([math.hypot(*x) for x in one.inputs.tolist()], [1.0] * 5)


def test_data_certify_the_margin_that_they_are_asked_for():
    """XOR has γ = (√2 − 1)/√2π, one label 1/√2π, which nothing exceeds; the conjugate kernel halves at every layer."""
    xor, ones = made("xor", 4, 2), made("sphere", 3, 4, labels="ones")
    exact = (math.sqrt(2) - 1) / math.sqrt(2 * math.pi)
    assert require_separable(xor, exact - 1e-9) is xor
    assert require_separable(ones, 1 / math.sqrt(2 * math.pi)) is ones
    assert require_separable(xor, conjugate_margin(xor, 2), layer=2) is xor
    for gamma, layer in ((exact + 1e-6, None), (0.3990, None), (0.0, None), (0.3, 2), (0.51, 2), (math.nan, 1)):
        with pytest.raises(ValueError, match="gamma="):
            require_separable(xor, gamma, layer=layer)


def test_every_labelled_construction_has_signs_as_labels():
    """±1, one for each input."""
    for name in LABELLED:
        data = made(name, 4, 3, phi=0.1 if name in ("cones", "scattered") else None)
        assert data.labels.shape == (4, 1)
        assert set(data.labels.flatten().tolist()) <= {-1.0, 1.0}
