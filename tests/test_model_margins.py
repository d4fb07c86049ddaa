"""Quadratic programmes against enumeration and duality, random-feature margins against known values."""

import math
from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.stats import norm
from torch import Tensor

from lemmata.model.data import INPUTS
from lemmata.model.deadline import deadline, seconds_left
from lemmata.model.empirical_kernels import last_layer_gram
from lemmata.model.kernels import conjugate_kernel, feature_kernel, last_layer_kernel, tangent_kernel, two_layer_gram
from lemmata.model.losses import CrossEntropy, surrogate_error
from lemmata.model.margins import (
    LARGEST_RANDOM_FEATURE_MARGIN,
    hard_margin,
    label_complexity,
    planar_feature,
    random_feature_margin,
    signed,
    simplex_minimum,
)
from lemmata.model.network import Architecture, initialise
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import CAO_GU_2019_SLIDES, CAO_GU_2020, ZOU_GU_2019, Setting
from lemmata.model.trace import Trace
from tests.assertions import DEVIATIONS, assert_at_most, assert_close, assert_rounded

SEEDS = st.integers(0, 2**32)

XOR = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], dtype=torch.float64)
XOR_LABELS = torch.tensor([[1.0], [1.0], [-1.0], [-1.0]], dtype=torch.float64)
XOR_MARGIN = (math.sqrt(2) - 1) / math.sqrt(2 * math.pi)


def points(n: int, d: int, seed: int = 0) -> Tensor:
    return INPUTS["sphere"](n, d, None, generator(stream(seed, "margins", n, d)))


def signs(n: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(generator(stream(seed, "signs", n)).choice([-1.0, 1.0], (n, 1)))


def semidefinite(n: int, rank: int, seed: int) -> Tensor:
    """A Gram matrix of n vectors of the given dimension, shifted so that zero is and is not in their hull."""
    rng = generator(stream(seed, "gram", n, rank))
    vectors = torch.from_numpy(rng.standard_normal((n, rank)) + rng.uniform(0, 2))
    return vectors @ vectors.mT


def best_support(gram: Tensor) -> float:
    """min over the simplex by enumeration: on its support the minimiser solves G p ∝ 1 in the least-squares sense."""
    best = float(gram.diagonal().min())
    for size in range(2, len(gram) + 1):
        for support in combinations(range(len(gram)), size):
            block = gram[list(support)][:, list(support)]
            p = torch.linalg.lstsq(_bordered(block), _last(size), driver="gelsd").solution[:size, 0]
            if (p >= 0).all() and abs(float(p.sum()) - 1) < 1e-9:
                best = min(best, float(p @ block @ p))
    return best


def _bordered(block: Tensor) -> Tensor:
    """The optimality system [G −1; 1ᵀ 0] of min pᵀ G p / 2 subject to 1ᵀ p = 1."""
    ones = torch.ones(len(block), 1, dtype=block.dtype)
    return torch.cat([torch.cat([block, -ones], 1), torch.cat([ones.mT, ones.new_zeros(1, 1)], 1)])


def _last(size: int) -> Tensor:
    return torch.eye(size + 1, dtype=torch.float64)[:, -1:]


@given(n=st.integers(1, 6), rank=st.integers(1, 8), seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_simplex_minimum_is_the_best_support(n: int, rank: int, seed: int) -> None:
    """Value by enumeration of all supports; p is in the simplex, and the gap is the rounding of its Gram."""
    gram = semidefinite(n, rank, seed)
    found = simplex_minimum(gram)
    scale = gram.abs().max()
    assert_close(found.value + scale, best_support(gram) + float(scale))
    assert_at_most(-found.minimiser, torch.zeros(n, dtype=torch.float64))
    assert_close(found.minimiser.sum(), 1.0)
    assert_close(found.minimiser @ gram @ found.minimiser + scale, found.value + scale)
    assert_at_most(found.gap, 1e-12 * scale)


def test_simplex_minimum_of_eight() -> None:
    """The same at n = 8, full rank, rank two and rank one, all at once."""
    grams = torch.stack([semidefinite(8, rank, 3) for rank in (8, 2, 1)])
    assert_close(simplex_minimum(grams).value, [best_support(gram) for gram in grams])


@given(n=st.integers(2, 40), rank=st.integers(1, 40), seed=SEEDS)
@settings(max_examples=30, deadline=None)
def test_gap_bounds_the_error(n: int, rank: int, seed: int) -> None:
    """No point of the simplex, a vertex or the centre, is below value − gap; and the gap is small at any size."""
    gram = semidefinite(n, rank, seed)
    found = simplex_minimum(gram)
    floor = found.value - found.gap
    assert_at_most(floor.expand(n), gram.diagonal())
    assert_at_most(floor, gram.mean() + 1e-12 * gram.abs().max())
    assert_at_most(found.gap, 1e-11 * gram.abs().max())


def test_simplex_minima_in_closed_form() -> None:
    """A diagonal Gram: 1 / Σ 1/g_i at p ∝ 1/g_i; zero: zero; opposite vectors: zero; one point: its entry."""
    diagonal = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)
    found = simplex_minimum(torch.diag(diagonal))
    assert_close(found.value, 4 / 7)
    assert_close(found.minimiser, diagonal.reciprocal() * 4 / 7)
    assert float(simplex_minimum(torch.zeros(3, 3)).value) == 0
    opposite = torch.tensor([[1.0, -1.0], [-1.0, 1.0]], dtype=torch.float64)
    assert_at_most(simplex_minimum(opposite).value.abs(), torch.tensor(1e-15))
    assert_close(simplex_minimum(torch.full((1, 1), 3.0, dtype=torch.float64)).value, 3.0)


@pytest.mark.parametrize(
    "gram",
    [
        torch.ones(2, 3),
        torch.ones(0, 0),
        torch.full((2, 2), math.nan),
        torch.tensor([[1.0, 0.5], [0.0, 1.0]]),
        torch.tensor([[1.0, 2.0], [2.0, 1.0]]),
    ],
)
def test_what_is_no_gram_is_refused(gram: Tensor) -> None:
    """Not square, empty, NaN, asymmetric or indefinite: an error, not a number."""
    with pytest.raises(ValueError, match="must"):
        simplex_minimum(gram)


# Gradient lower bounds


@pytest.mark.parametrize(("depth", "printed"), [(1, "0.3536"), (2, "0.2775"), (3, "0.2588")])
def test_gradient_margin_of_xor(depth: int, printed: str) -> None:
    """B of XOR at infinite width; at L = 1 it is 1/√8: H is ½ on the diagonal, 0 across."""
    margin = hard_margin(last_layer_kernel(XOR, depth), XOR_LABELS)
    assert_rounded(float(margin), printed)
    if depth == 1:
        assert_close(margin, 8**-0.5)


def test_gradient_margin_of_a_wide_network() -> None:
    """The Gram of 20 networks of 500 units, L = 2: five standard errors, a bias of L / m, and 5 % of B.

    False-alarm rate below 1e-4 for the ten different entries. B at finite width is biased, as any minimum.
    """
    trace = Trace(initialise(CAO_GU_2020, Architecture(2, (500, 500)), [stream(s, "B") for s in range(20)]), XOR)
    gram = last_layer_gram(trace, XOR_LABELS)
    limit = signed(last_layer_kernel(XOR, 2), XOR_LABELS)
    error = gram.std(0) / len(gram) ** 0.5
    assert_at_most((gram.mean(0) - limit).abs(), DEVIATIONS * error + 2 / 500)
    found = simplex_minimum(gram).value.sqrt().mean()
    assert_at_most((found / hard_margin(last_layer_kernel(XOR, 2), XOR_LABELS) - 1).abs(), torch.tensor(0.05))


@pytest.mark.parametrize("setting", [CAO_GU_2020, CAO_GU_2019_SLIDES], ids=lambda setting: setting.id)
def test_last_layer_gram_bounds_the_gradient(setting: Setting) -> None:
    """‖∇_{W_L} L_S‖_F² = m E_S² pᵀ G p with p ∝ −ℓ'(y_i f(x_i)): never below the simplex minimum."""
    inputs, labels = points(5, 3), signs(5)
    trace = Trace(initialise(setting, Architecture(3, (12, 10)), [stream(s, "gradient") for s in range(4)]), inputs)
    gradient = trace.gradient(CrossEntropy().slopes(trace.outputs, labels))[-1].frobenius()
    slopes = torch.sigmoid(-labels * trace.outputs)[..., 0]
    p = slopes / slopes.sum(-1, keepdim=True)
    gram, total = last_layer_gram(trace, labels), surrogate_error(trace.outputs, labels)
    assert_close(gradient.square(), 10 * total.square() * torch.einsum("si,sij,sj->s", p, gram, p))
    assert_at_most(10**0.5 * total * simplex_minimum(gram).value.sqrt(), gradient)


@given(n=st.integers(1, 8), d=st.integers(1, 4), depth=st.integers(1, 4), seed=SEEDS)
@settings(max_examples=40, deadline=None)
def test_feature_margins_bound_gradient_margins(n: int, d: int, depth: int, seed: int) -> None:
    """B ≥ M_{L−1} / 2 with M_{L−1} the margin of the features below, and M_{L−1} = 2^{(L−1)/2} γ of κ^{(L−1)}."""
    inputs, labels = points(n, d, seed), signs(n, seed)
    below = hard_margin(feature_kernel(inputs, depth - 1), labels)
    gamma = hard_margin(conjugate_kernel(inputs, depth - 1), labels)
    rounding = 1e-7  # the square root of what rounding leaves of a zero minimum
    assert_at_most(below / 2, hard_margin(last_layer_kernel(inputs, depth), labels) + rounding)
    assert_at_most((below - 2 ** ((depth - 1) / 2) * gamma).abs(), torch.tensor(rounding))
    assert_at_most(gamma, torch.tensor(2 ** (-(depth - 1) / 2), dtype=torch.float64))


def test_contradictory_labels_have_no_margin() -> None:
    """The same input with both labels: every margin is 0."""
    inputs, labels = points(3, 3)[[0, 0, 1]], torch.tensor([[1.0], [-1.0], [1.0]], dtype=torch.float64)
    assert_at_most(hard_margin(two_layer_gram(inputs), labels), torch.tensor(1e-7))
    assert_at_most(random_feature_margin(inputs, labels).upper, 1e-12)


def test_sign_labels_only() -> None:
    """Labels of the square loss, or of another shape, are refused."""
    for labels in (torch.full((4, 1), 0.5), torch.ones(4), torch.ones(3, 1)):
        with pytest.raises(ValueError, match="must be ±1"):
            signed(two_layer_gram(XOR), labels)
        with pytest.raises(ValueError, match="must be ±1"):
            random_feature_margin(XOR, labels)
    wide = Trace(initialise(ZOU_GU_2019, Architecture(2, (6,), 2), [stream(0, "k")]), XOR)
    with pytest.raises(ValueError, match="outputs must be 1"):
        last_layer_gram(wide, XOR_LABELS)


# Label complexity


@pytest.mark.parametrize(("n", "d"), [(1, 2), (2, 2), (8, 6), (32, 6), (96, 6)])
def test_label_complexity_is_the_inverse_squared_margin(n: int, d: int) -> None:
    """inf over ỹ_i y_i ≥ 1 of ỹᵀ Θ⁻¹ ỹ times the squared hard margin is 1: two programmes, one number.

    Weak duality makes the product at least 1 at any feasible pair, so equality certifies both.
    """
    kernel, labels = tangent_kernel(CAO_GU_2019_SLIDES, points(n, d), 3), signs(n)
    assert_close(label_complexity(kernel, labels) * hard_margin(kernel, labels).square(), 1.0)


def test_label_complexity_of_batches() -> None:
    """Leading axes are independent problems."""
    kernels = torch.stack([tangent_kernel(CAO_GU_2020, points(6, 4, seed), 2) for seed in range(3)])
    assert_close(label_complexity(kernels, signs(6)), [float(label_complexity(k, signs(6))) for k in kernels])
    assert_close(hard_margin(kernels, signs(6)), [float(hard_margin(k, signs(6))) for k in kernels])


def test_a_singular_kernel_has_no_label_complexity() -> None:
    """One of several has no inverse: infinite, as its margin is 0; the others are as they were."""
    kernels = torch.stack([torch.zeros(2, 2), torch.ones(2, 2), torch.eye(2)]).double()
    assert_close(1 / label_complexity(kernels, torch.tensor([[1.0], [-1.0]])), [0.0, 0.0, 0.5])
    assert hard_margin(kernels, torch.tensor([[1.0], [-1.0]])).tolist()[:2] == [0.0, 0.0]


def test_harder_labels_are_more_complex() -> None:
    """Linear labels < labels of a product < random labels, on 96 points in dimension 6."""
    inputs = points(96, 6)
    kernel = tangent_kernel(CAO_GU_2019_SLIDES, inputs, 3)
    easy, product = inputs[:, :1].sign(), (inputs[:, :1] * inputs[:, 1:2]).sign()
    complexity = [float(label_complexity(kernel, labels)) for labels in (easy, product, signs(96))]
    assert complexity == sorted(complexity)
    assert complexity[2] > 2 * complexity[0]


# Assumption 4.10


def test_random_feature_margin_of_xor() -> None:
    """(√2 − 1) / √2π, bracketed to 1e-9, in the plane and in any rotated copy of it."""
    frame = torch.linalg.qr(points(5, 5)).Q[:2]
    for inputs in (XOR, XOR @ frame):
        margin = random_feature_margin(inputs, XOR_LABELS)
        assert_at_most([margin.lower, XOR_MARGIN], [XOR_MARGIN + margin.error, margin.upper + margin.error])
        assert_at_most(margin.upper - margin.lower, 1e-9)
    assert_rounded(XOR_MARGIN, "0.16525")


@pytest.mark.parametrize(
    "inputs", [points(1, 4), XOR, points(1, 1)], ids=["one point", "equal labels", "one dimension"]
)
def test_no_random_feature_margin_is_larger(inputs: Tensor) -> None:
    """One point, or equal labels: 1/√2π = 0.3989, the largest γ there is."""
    margin = random_feature_margin(inputs, torch.ones(len(inputs), 1, dtype=torch.float64))
    assert_close([margin.lower, margin.upper], [LARGEST_RANDOM_FEATURE_MARGIN] * 2)
    assert_rounded(LARGEST_RANDOM_FEATURE_MARGIN, "0.3989")


def two_pairs_against_one(p: float) -> float:
    """E|q (|u_1| + |u_3|) − p |u_2|| with 4q + 2p = 1: inner expectation in closed form, outer by quadrature."""
    q = (1 - 2 * p) / 4

    def integrand(s: float) -> float:
        k = q * s / p
        inner = q * s * (2 * math.erf(k / math.sqrt(2)) - 1) + 4 * p * norm.pdf(k) - 2 * p * norm.pdf(0)
        return 2 / math.sqrt(math.pi) * math.exp(-(s**2) / 4) * math.erf(s / 2) * inner

    return quad(integrand, 0, 20)[0]


def test_sampled_margin_brackets_a_known_value() -> None:
    """±e_1, ±e_3 against ±e_2 in R³: by symmetry a minimum over one variable, 0.1443, found to a percent."""
    exact = float(minimize_scalar(two_pairs_against_one, bounds=(0.01, 0.49), method="bounded").fun)
    axes = torch.eye(3, dtype=torch.float64)
    labels = torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64).repeat(2)[:, None]
    margin = random_feature_margin(torch.cat([axes, -axes]), labels)
    assert_at_most([margin.lower, exact], [exact + margin.error, margin.upper + margin.error])
    assert_at_most([margin.upper - margin.lower, margin.error], [0.01 * exact, 0.01 * exact])
    again = random_feature_margin(torch.cat([axes, -axes]), labels)
    assert (again.lower, again.upper) == (margin.lower, margin.upper)


def test_planar_margin_is_the_integral() -> None:
    """The exact upper bound is the average of |Σ p_i y_i σ(u·x_i)| over a million directions."""
    inputs, labels = points(7, 2), signs(7)
    margin = random_feature_margin(inputs, labels)
    angles = 2 * math.pi / 10**6 * torch.arange(10**6, dtype=torch.float64)
    features = (torch.stack([angles.cos(), angles.sin()], 1) @ inputs.mT).clamp_min(0)
    average = (features @ (margin.weights * labels[:, 0])).abs().mean() * math.sqrt(math.pi / 2)
    assert_at_most(abs(float(average) - margin.upper), 1e-10)


@pytest.mark.parametrize(("n", "d", "seed"), [(7, 2, 0), (7, 2, 3), (1, 3, 0), (2, 5, 1)])
def test_the_planar_feature_is_the_integral_of_its_c(n: int, d: int, seed: int) -> None:
    """E[c(u) σ(u·x_i)] over a million directions of the plane, |c| ≤ 1, and the least y_i f(x_i) is the margin."""
    inputs, labels = points(n, d, seed), signs(n, seed)
    found = planar_feature(inputs, labels)
    assert_close(found.basis @ found.basis.mT, torch.eye(2, dtype=torch.float64))
    assert_close(inputs @ found.basis.mT @ found.basis, inputs)
    assert bool((found.c.abs() <= 1).all())
    angles = 2 * math.pi / 10**6 * (torch.arange(10**6, dtype=torch.float64) + 0.5)
    u = torch.stack([angles.cos(), angles.sin()], 1) @ found.basis
    average = (found.at(u)[:, None] * (u @ inputs.mT).clamp_min(0)).mean(0) * math.sqrt(math.pi / 2)
    assert_at_most((average - found.values).abs().max(), 1e-5)
    margin = random_feature_margin(inputs, labels)
    assert_close((labels[:, 0] * found.values).min().clamp_min(0), margin.lower)


def test_the_planar_feature_of_xor_compares_the_coordinates() -> None:
    """c(u) = sign(|u_1| − |u_2|) away from the diagonals; three dimensions are refused."""
    u = torch.from_numpy(generator(stream(0, "directions")).standard_normal((1000, 2)))
    gap = u[:, 0].abs() - u[:, 1].abs()
    away = gap.abs() > 1e-2 * u.abs().amax(-1)
    assert_close(planar_feature(XOR, XOR_LABELS).at(u)[away], gap.sign()[away])
    with pytest.raises(ValueError, match="span 3 dimensions"):
        planar_feature(points(4, 3), signs(4))


def test_impossible_margins_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A margin above 1/√2π is an error in the arithmetic; bad inputs and sizes are refused before."""
    with pytest.raises(ValueError, match="norms in"):
        random_feature_margin(1.01 * XOR, XOR_LABELS)
    with pytest.raises(ValueError, match="power of two"):
        random_feature_margin(XOR, XOR_LABELS, points=1000)
    monkeypatch.setattr("lemmata.model.margins.LARGEST_RANDOM_FEATURE_MARGIN", 0.16)
    with pytest.raises(ArithmeticError, match=r"must not exceed 0\.16"):
        random_feature_margin(XOR, XOR_LABELS)


@given(n=st.integers(1, 6), seed=SEEDS)
@settings(max_examples=10, deadline=None)
def test_linear_margin_gives_a_random_feature_margin(n: int, seed: int) -> None:
    """γ ≥ t / √2π with t the linear margin, by c(u) = sign(u·w); and γ ≤ 1/√2π. In the plane, without sampling."""
    inputs, labels = points(n, 2, seed), signs(n, seed)
    margin = random_feature_margin(inputs, labels)
    linear = float(hard_margin(inputs @ inputs.mT, labels))
    assert_at_most(linear * LARGEST_RANDOM_FEATURE_MARGIN, margin.upper + 1e-7)
    assert_at_most(margin.lower, margin.upper + margin.error)
    assert_at_most(margin.upper - margin.lower, 1e-6)
    assert_at_most(margin.upper, LARGEST_RANDOM_FEATURE_MARGIN + margin.error + 1e-9)


def test_a_sampled_margin_ends_at_its_deadline() -> None:
    """A linear programme runs outside of Python, where no alarm is heard: it is told how long it may take."""
    inputs = INPUTS["sphere"](40, 6, None, generator(stream(0, "deadline")))
    labels = torch.ones(40, 1, dtype=torch.float64)
    with deadline(1000), deadline(0):
        assert seconds_left() == 0
        with pytest.raises(TimeoutError, match="linear programme of 40 rows"):
            random_feature_margin(inputs, labels)
    assert seconds_left() == math.inf
