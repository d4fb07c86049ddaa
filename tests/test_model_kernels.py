"""Closed-form kernels against quadrature, sampled networks and their known limits; predicted runs against real ones."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import mpmath
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lemmata.model.changes import distances
from lemmata.model.data import INPUTS, chain, simplex
from lemmata.model.empirical_kernels import measured_layers
from lemmata.model.kernels import (
    Angles,
    KernelRun,
    LayerKernel,
    angles_between,
    conjugate_kernel,
    feature_angles,
    feature_kernel,
    last_layer_gap,
    last_layer_kernel,
    limiting_run,
    tangent_growth,
    tangent_kernel,
    tangent_layers,
    two_layer_gram,
)
from lemmata.model.losses import Square
from lemmata.model.network import Architecture, initialise
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import (
    CAO_GU_2019_SLIDES,
    CAO_GU_2020,
    CHEN_ET_AL_2019_POSTER,
    SETTINGS,
    ZOU_GU_2019,
    Norm,
    Setting,
)
from lemmata.model.trace import Trace
from lemmata.model.training import Iterate, gradient_descent
from tests.assertions import (
    DEVIATIONS,
    assert_at_most,
    assert_close,
    assert_each_close,
    assert_mean,
    assert_rounded,
    assert_same,
)

POSTER_QUARTER = CHEN_ET_AL_2019_POSTER.scaled(0.25)
NORMS: tuple[Norm, ...] = ("frobenius", "spectral")
CONVENTIONS = (CAO_GU_2020, ZOU_GU_2019, CAO_GU_2019_SLIDES, POSTER_QUARTER)


def at_distance(phi: float) -> Tensor:
    """Two unit vectors of the plane at distance φ."""
    angle = 2 * math.asin(phi / 2)
    return torch.tensor([[1.0, 0.0], [math.cos(angle), math.sin(angle)]], dtype=torch.float64)


def lifted_hexagon(mu: float) -> Tensor:
    """Six points at the same height μ over a regular hexagon: opposite corners are nearly antipodal."""
    angles = math.pi / 3 * torch.arange(6, dtype=torch.float64)
    flat = math.sqrt(1 - mu**2) * torch.stack([angles.cos(), angles.sin()], 1)
    return torch.cat([flat, torch.full((6, 1), mu, dtype=torch.float64)], 1)


def points(n: int, d: int, seed: int = 0) -> Tensor:
    return INPUTS["sphere"](n, d, None, generator(stream(seed, "kernels", n, d)))


def smallest_eigenvalue(gram: Tensor) -> Tensor:
    return torch.linalg.eigvalsh(gram)[..., 0]


# Against fifty digits


def relu_product(angle: mpmath.mpf) -> mpmath.mpf:
    """2 E[σ(f) σ(f')] at the angle's correlation: the inner expectation by its normal law, the outer by quadrature."""
    rho, s = mpmath.cos(angle), mpmath.sin(angle)

    def integrand(x: mpmath.mpf) -> mpmath.mpf:
        inner = rho * x * mpmath.ncdf(rho * x / s) + s * mpmath.npdf(rho * x / s)
        return 2 * x * mpmath.npdf(x) * inner

    return mpmath.quad(integrand, [0, s, 10 * s, 1, 3, 8, 20])


def both_active(angle: mpmath.mpf) -> mpmath.mpf:
    """E[1{f > 0} 1{f' > 0}] by quadrature."""
    rho, s = mpmath.cos(angle), mpmath.sin(angle)
    return mpmath.quad(lambda x: mpmath.npdf(x) * mpmath.ncdf(rho * x / s), [0, s, 10 * s, 1, 3, 8, 20])


@pytest.mark.parametrize("angle", ["1e-7", "0.49", "0.51", "1.6", "3.1415"])
def test_one_layer_is_the_gaussian_expectation(angle: str) -> None:
    """The gap 1 − ρ_1 and κ0 are the integrals they stand for, to ten digits of themselves: thirty digits."""
    with mpmath.workdps(50):
        theta = mpmath.mpf(angle)
        gap, coactive = 1 - relu_product(theta), both_active(theta)
        below = Angles(*(torch.tensor(float(x), dtype=torch.float64) for x in (theta, mpmath.pi - theta)))
    assert_each_close(below.above().gap(), float(gap))
    assert_each_close(below.coactive(), float(coactive))


@pytest.mark.parametrize("phi", [1e-12, 1e-8, 1e-4, 0.1, 1.0, 1.4])
def test_deep_gaps_of_close_inputs_keep_their_digits(phi: float) -> None:
    """1 − ρ_l and ½ − H_L follow the arc-cosine recursion at fifty digits, each to ten digits of itself."""
    with mpmath.workdps(50):
        rho, gaps, last = 1 - mpmath.mpf(phi) ** 2 / 2, [], []
        for _ in range(8):
            angle = mpmath.acos(rho)
            gaps.append(float(1 - rho))
            last.append(float(mpmath.mpf(1) / 2 - rho * (mpmath.pi - angle) / (2 * mpmath.pi)))
            rho = (mpmath.sqrt(1 - rho**2) + rho * (mpmath.pi - angle)) / mpmath.pi
    inputs = at_distance(phi)
    assert_each_close(torch.stack([layer.gap()[0, 1] for layer in feature_angles(inputs, 7)]), gaps)
    assert_each_close(torch.stack([last_layer_gap(inputs, depth)[0, 1] for depth in range(1, 9)]), last)


@given(n=st.integers(1, 6), d=st.integers(1, 5), layers=st.integers(0, 6), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_kernels_are_kernels(n: int, d: int, layers: int, seed: int) -> None:
    """Every kernel is symmetric and positive semidefinite, with the diagonal that the papers' normalisation gives."""
    inputs = points(n, d, seed)
    ones = torch.ones(n, dtype=torch.float64)
    kernels = {
        "features": (feature_kernel(inputs, layers), 1.0),
        "conjugate": (conjugate_kernel(inputs, layers), 2.0**-layers),
        "last layer": (last_layer_kernel(inputs, layers + 1), 0.5),
        "signs": (tangent_kernel(CAO_GU_2020, inputs, layers + 1), (layers + 1) / 2),
        "gaussian": (tangent_kernel(ZOU_GU_2019, inputs, layers + 1, outputs=3), (layers + 1) / 6),
        "trained": (tangent_kernel(CAO_GU_2019_SLIDES, inputs, layers + 2), (layers + 3) / 2),
    }
    for kernel, diagonal in kernels.values():
        assert_close(kernel, kernel.mT)
        assert_close(kernel.diagonal(), diagonal * ones)
        assert_at_most(-smallest_eigenvalue(kernel), torch.tensor(1e-12 * n * diagonal))
    assert_close(last_layer_gap(inputs, layers + 1), 0.5 - last_layer_kernel(inputs, layers + 1))


def test_blocks_of_a_kernel_are_kernels_between_two_lists() -> None:
    """A kernel between two lists of inputs is a block of the kernel of both together."""
    first, second = points(3, 4), points(2, 4, seed=1)
    both = torch.cat([first, second])
    assert_close(feature_kernel(first, 2, second), feature_kernel(both, 2)[:3, 3:])
    for setting in CONVENTIONS:
        assert_close(tangent_kernel(setting, first, 3, others=second), tangent_kernel(setting, both, 3)[:3, 3:])


def test_layer_zero_is_the_gram_of_the_inputs() -> None:
    """ρ_0 = κ^{(0)} is the Gram, right angles give 0 and opposite inputs −1; E[σ(f) σ(−f)] = 0."""
    inputs = points(5, 3)
    assert_close(feature_kernel(inputs, 0), inputs @ inputs.mT)
    axes = torch.eye(3, dtype=torch.float64)
    assert_same(feature_kernel(axes, 0), axes)
    assert_same(feature_kernel(torch.cat([axes, -axes]), 0)[:3, 3:], -axes)
    assert_at_most(feature_kernel(axes[:1], 1, -axes[:1]), torch.full((1, 1), 1e-15))


@pytest.mark.parametrize("bad", [2.0, 1 + 1e-5, 0.0, math.nan])
def test_inputs_off_the_sphere_are_refused(bad: float) -> None:
    """The closed forms are for unit vectors only."""
    with pytest.raises(ValueError, match="norms in"):
        angles_between(torch.tensor([[bad, 0.0]], dtype=torch.float64))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: feature_kernel(x, -1),
        lambda x: last_layer_kernel(x, 0),
        lambda x: tangent_kernel(CAO_GU_2020, x, 0),
        lambda x: tangent_kernel(CAO_GU_2019_SLIDES, x, 1),
        lambda x: tangent_kernel(CAO_GU_2020, x, 2, widths=[4]),
        lambda x: tangent_kernel(ZOU_GU_2019, x, 2, outputs=0),
        lambda x: limiting_run(ZOU_GU_2019, x, torch.ones(2, 1), depth=1, width=8, step_size=0.0),
        lambda x: limiting_run(ZOU_GU_2019, x, torch.ones(2, 1).double(), depth=1, width=8, step_size=9.0).iterations(
            1
        ),
        lambda x: limiting_run(ZOU_GU_2019, x, torch.ones(2, 1).double(), depth=1, width=8, step_size=0.1).iterations(
            0
        ),
    ],
)
def test_impossible_sizes_are_refused(call: Callable[[Tensor], object]) -> None:
    """Depths without a hidden layer, missing widths, divergent steps: an error, not a number."""
    with pytest.raises(ValueError, match=r"must|needs|diverges"):
        call(at_distance(1.0))


# Against sampled networks


@pytest.mark.parametrize("setting", CONVENTIONS, ids=lambda setting: setting.id)
def test_sampled_tangent_kernels_average_to_the_limit(setting: Setting) -> None:
    """The mean of `Trace.ntk` over its growth is Θ within five standard errors and a bias of Θ L / m.

    64 initialisations of 3 hidden layers of 400 units; false-alarm rate below 1e-4 over all entries. What is off
    by 15 % of the diagonal is seen: a lost layer is 25 %, or more.
    """
    inputs, k = points(3, 4), 2 if setting.output == "gaussian" else 1
    depth, m = setting.depth(3), 400
    samples = torch.cat(
        [
            Trace(initialise(setting, Architecture(4, (m,) * 3, k), [stream(seed, "ntk")]), inputs).ntk()
            for seed in range(64)
        ]
    ) / tangent_growth(setting, m)
    limit = tangent_kernel(setting, inputs, depth, outputs=k)
    expected = torch.einsum("ij,rs->irjs", limit, torch.eye(k, dtype=torch.float64))
    error = samples.std(0) / len(samples) ** 0.5
    bias = limit.max() * depth / m
    assert_at_most((samples.mean(0) - expected).abs(), DEVIATIONS * error + bias)
    assert_at_most(DEVIATIONS * error + bias, 0.15 * limit.max().expand_as(error))


def test_unequal_widths_weigh_the_layers() -> None:
    """Layer l of a network with fixed signs has signals of size m_l / 2; of a trained V, of size m_l / (2 m_H)."""
    widths = (1200, 400, 800)
    inputs = points(2, 3)
    for setting in (CAO_GU_2020, CAO_GU_2019_SLIDES):
        growth = tangent_growth(setting, min(widths))
        samples = [
            torch.stack([layer.kernel()[0] for layer in measured_layers(Trace(network, inputs))]) / growth
            for network in (initialise(setting, Architecture(3, widths), [stream(s, "widths")]) for s in range(40))
        ]
        limit = tangent_layers(setting, inputs, setting.depth(3), widths=widths)
        expected = torch.stack([layer.kernel() for layer in limit])
        error = torch.stack(samples).std(0) / len(samples) ** 0.5
        difference = (torch.stack(samples).mean(0) - expected).abs()
        assert_at_most(difference, DEVIATIONS * error + expected.max() * 3 / min(widths))


def test_first_features_are_unbiased_at_any_width() -> None:
    """E<x_1, x_1'> = ρ_1 exactly at 8 units: 4000 initialisations."""
    inputs = points(2, 3)
    network = initialise(CAO_GU_2020, Architecture(3, (8,)), [stream(seed, "features") for seed in range(4000)])
    x = Trace(network, inputs).features[1]
    assert_mean((x[:, 0] * x[:, 1]).sum(-1), float(feature_kernel(inputs, 1)[0, 1]))


def test_conjugate_kernel_has_no_factor_two() -> None:
    """κ^{(1)} is E[σ(u·x) σ(u·x')] with u standard Gaussian: half the layer-1 Gram of weights N(0, 2 / m)."""
    inputs = points(2, 3)
    u = generator(stream(0, "conjugate")).standard_normal((20000, 3))
    features = (u @ inputs.numpy().T).clip(0)
    assert_mean(features.prod(1), float(conjugate_kernel(inputs, 1)[0, 1]))


@pytest.mark.parametrize("setting", CONVENTIONS, ids=lambda setting: setting.id)
def test_measured_layers_sum_to_the_tangent_kernel(setting: Setting) -> None:
    """The layer-wise Grams of a trace add up to its tangent kernel; more than one output is refused."""
    network = initialise(setting, Architecture(3, (6, 8)), [stream(seed, "layers") for seed in range(3)])
    trace = Trace(network, points(4, 3))
    total = torch.stack([layer.kernel() for layer in measured_layers(trace)]).sum(0)
    assert_close(total, trace.ntk()[:, :, 0, :, 0])
    if setting.output != "signs":
        wide = initialise(setting, Architecture(3, (6,), 2), [stream(0, "two outputs")])
        with pytest.raises(ValueError, match="outputs must be 1"):
            measured_layers(Trace(wide, points(4, 3)))


# Known limits


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=str)
@pytest.mark.parametrize("depth", [2, 3, 7])
def test_diagonals(setting: Setting, depth: int) -> None:
    """Θ_ii is L/2, L/2k or (L + 1)/2 (the poster's m^{2α−1} sits in the growth)."""
    k = 3 if setting.output == "gaussian" else 1
    diagonal = tangent_kernel(setting, at_distance(0.7), depth, outputs=k).diagonal()
    assert_close(diagonal, [(depth + 1) / 2 if setting.trains_output else depth / 2 / k] * 2)
    assert_close(tangent_growth(POSTER_QUARTER, 10000) / 10000, 10000**-0.5)


@pytest.mark.parametrize("phi", [0.1, 1e-2, 1e-4, 1e-8])
def test_two_close_inputs(phi: float) -> None:
    """λ_min(H) of two inputs is φ / 2π (1 + φ π/2 + O(φ²)): 0.1616 φ at φ = 0.01."""
    ratio = float(last_layer_gap(at_distance(phi), 1)[0, 1]) / phi * 2 * math.pi
    assert_at_most(abs(ratio - 1 - phi * math.pi / 2), phi**2 + 1e-15)
    if phi >= 1e-2:
        assert_close(smallest_eigenvalue(two_layer_gram(at_distance(phi))), ratio * phi / (2 * math.pi))


def test_two_inputs_at_a_hundredth() -> None:
    """The calibration table's 0.1616 is λ_min(H)/φ at φ = 0.01; the limit is 1/2π = 0.1592."""
    assert_rounded(float(smallest_eigenvalue(two_layer_gram(at_distance(0.01)))) / 0.01, "0.1616")


@pytest.mark.parametrize(("n", "phi"), [(64, 1e-2), (256, 1e-3), (1024, 1e-4)])
def test_chain_has_no_dependence_on_its_length(n: int, phi: float) -> None:
    """λ_min(H) of n points in a row at distance φ is φ / 4π, for any n."""
    inputs = chain(n, 2, phi, generator(stream(0, "chain")))
    value = float(smallest_eigenvalue(two_layer_gram(inputs))) / phi
    assert_rounded(value, "0.0796")
    assert_at_most(abs(4 * math.pi * value - 1), 4 / n**2 + phi)


@pytest.mark.parametrize("mu", [1e-2, 1e-4, 1e-6])
def test_lifted_hexagon_degenerates_with_its_height(mu: float) -> None:
    """λ_min(H) = μ/π (1 + O(μ)), though all distances tend to at least 1; on the flat hexagon it is 0."""
    inputs = lifted_hexagon(mu)
    assert_at_most(abs(float(smallest_eigenvalue(two_layer_gram(inputs))) * math.pi / mu - 1), mu + 1e-9)
    assert_close(float(torch.pdist(inputs).min()), math.sqrt(1 - mu**2))
    assert_at_most(smallest_eigenvalue(two_layer_gram(lifted_hexagon(0.0))).abs(), torch.tensor(1e-15))


@pytest.mark.parametrize("phi", [0.5, 1.4])
def test_deep_limits_of_two_inputs(phi: float) -> None:
    """At depth L = 1000, λ_min(H_L) is 3 / 2L whatever the distance, and λ_min(Θ) is 3L/8, up to log L / L."""
    depth = 1000
    inputs = at_distance(phi)
    tolerance = 4 * math.log(depth) / depth
    assert_at_most(abs(float(last_layer_gap(inputs, depth)[0, 1]) * 2 * depth / 3 - 1), tolerance)
    smallest = float(smallest_eigenvalue(tangent_kernel(CAO_GU_2020, inputs, depth)))
    assert_at_most(abs(smallest * 8 / (3 * depth) - 1), tolerance)


def test_separation_bounds_the_smallest_eigenvalue_of_a_simplex() -> None:
    """All pairs at one distance: λ_min(H) is the gap ½ − H_ij itself, at any n."""
    inputs = simplex(6, 9, 0.3, generator(stream(0, "simplex")))
    assert_close(smallest_eigenvalue(two_layer_gram(inputs)), last_layer_gap(inputs, 1)[0, 1])


# Whole runs


def descend_on(kernel: Tensor, residual: Tensor, step_size: float, steps: int) -> list[Tensor]:
    """Residuals by the recursion itself."""
    path = [residual]
    for _ in range(steps):
        path.append(path[-1] - step_size / residual.shape[-2] * kernel @ path[-1])
    return path


@given(n=st.integers(1, 5), k=st.integers(1, 2), share=st.floats(0.01, 1.9), seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_run_is_the_recursion(n: int, k: int, share: float, seed: int) -> None:
    """Residual, loss, first step below ε and distance agree with gradient descent on a linear model, step by step."""
    rng = generator(stream(seed, "run"))
    jacobian = torch.from_numpy(rng.standard_normal((n, 7)))
    residual = torch.from_numpy(rng.standard_normal((n, k)))
    kernel = jacobian @ jacobian.mT
    step_size = share * n / float(torch.linalg.eigvalsh(kernel)[-1])
    run = KernelRun((LayerKernel(kernel, torch.ones_like(kernel)),), residual, step_size)
    path = descend_on(kernel, residual, step_size, 60)
    losses = torch.stack([r.square().sum() / (2 * n) for r in path])
    assert_close(run.residual_at(60) + residual, path[60] + residual)
    assert_close(run.loss(torch.tensor(60.0)) + losses[0], losses[60] + losses[0])
    moved = step_size / n * jacobian.mT @ torch.stack(path[:60]).sum(0)
    assert_close(run.distance(60), torch.linalg.matrix_norm(moved))
    assert_close(run.layer_distances(60, "frobenius")[0], torch.linalg.matrix_norm(moved))
    epsilon = float(losses[20]) * (1 + 1e-9)
    assert int(run.iterations(epsilon)) == int((losses <= epsilon).nonzero()[0])
    assert_at_most(losses[1:], run.contraction() * losses[:-1] + 1e-15)


def test_run_ends_where_the_kernel_sends_it() -> None:
    """W⁽∞⁾ is √(rᵀ K⁻¹ r) away, and after 10¹² steps as well."""
    kernel, residual = two_layer_gram(points(4, 3)), points(4, 1)
    run = KernelRun((LayerKernel(kernel, torch.ones_like(kernel)),), residual, 1.0)
    assert_close(run.distance(math.inf) ** 2, (residual.mT @ torch.linalg.solve(kernel, residual)).squeeze())
    assert_close(run.distance(1e12), run.distance(math.inf))


def test_what_the_kernel_cannot_see_stays() -> None:
    """With two weights and five examples the run ends at the least-squares fit, √(rᵀ K⁺ r) away."""
    jacobian, residual = points(5, 2), points(5, 1)
    kernel = jacobian @ jacobian.mT
    run = KernelRun((LayerKernel(kernel, torch.ones_like(kernel)),), residual, 0.5)
    weights = torch.linalg.lstsq(jacobian, residual).solution
    assert_close(run.residual_at(math.inf), residual - jacobian @ weights)
    assert_close(run.distance(math.inf), torch.linalg.matrix_norm(weights))
    assert float(run.iterations(0.9 * float(run.loss(math.inf)))) == math.inf


def test_first_steps_are_counted() -> None:
    """A residual at or below ε takes no step; one a little above takes one."""
    kernel = torch.eye(2, dtype=torch.float64)
    run = KernelRun((LayerKernel(kernel, kernel),), torch.ones(3, 2, 1, dtype=torch.float64), 0.5)
    assert_same(run.iterations(0.5), [0.0] * 3)
    assert_same(run.iterations(0.49), [1.0] * 3)
    assert_same(run.loss(torch.tensor([0.0, 1.0, 2.0])), [0.5, 0.5 * 0.75**2, 0.5 * 0.75**4])


def test_spectral_distance_is_that_of_the_matrix() -> None:
    """The norms of Σ_i c_i b_i x_iᵀ from Grams are those of the matrix."""
    rng = generator(stream(0, "matrix"))
    x, b, residual = (torch.from_numpy(rng.standard_normal((5, size))) for size in (7, 9, 1))
    run = KernelRun((LayerKernel(x @ x.mT, b @ b.mT),), residual, 1e-3)
    matrix = (run.coefficients(100) * b).mT @ x
    assert_close(run.layer_distances(100, "frobenius")[0], torch.linalg.matrix_norm(matrix))
    assert_close(run.layer_distances(100, "spectral")[0], torch.linalg.matrix_norm(matrix, 2))


class RealRun(NamedTuple):
    """Gradient descent on the square loss, with the run that each of two kernels predicts for it."""

    iterates: list[Iterate]
    losses: Tensor
    limit: KernelRun
    measured: KernelRun


REAL_RUNS = {
    "zou-gu-2019, L = 1": (ZOU_GU_2019, 1, 10000),
    "zou-gu-2019, L = 2": (ZOU_GU_2019, 2, 1500),
    "cao-gu-2019-slides, L = 2": (replace(CAO_GU_2019_SLIDES, loss="square"), 2, 10000),
}

KERNEL_REGIME = 0.05
"""Relative deviation of these runs from their kernels': fluctuations of order m^{-1/2}, flipped units m^{-1/3}."""


@pytest.fixture(scope="module", params=list(REAL_RUNS.values()), ids=list(REAL_RUNS))
def real_run(request: pytest.FixtureRequest) -> RealRun:
    """Eighty steps on three points of the sphere, labels ±1, with a quarter of the largest stable step size."""
    setting, depth, width = request.param
    inputs, labels = points(3, 4, seed=5), torch.tensor([[1.0], [-1.0], [1.0]], dtype=torch.float64)
    network = initialise(setting, Architecture(4, (width,) * setting.hidden_layers(depth)), [stream(7, "run")])
    start = Trace(network, inputs)
    kernel = tangent_growth(setting, width) * tangent_kernel(setting, inputs, depth)
    step_size = 0.5 * len(inputs) / float(torch.linalg.eigvalsh(kernel)[-1])
    iterates = list(gradient_descent(network, inputs, labels, step_size=step_size, steps=80))
    losses = torch.stack([Square().value(iterate.trace.outputs, labels)[0] for iterate in iterates])
    residual = start.outputs - labels
    limit = limiting_run(setting, inputs, residual, depth=depth, width=width, step_size=step_size)
    return RealRun(iterates, losses, limit, KernelRun(measured_layers(start), residual, step_size))


@pytest.mark.parametrize("kernel", ["limit", "measured"])
def test_wide_network_follows_its_kernel(real_run: RealRun, kernel: str) -> None:
    """Distances by layer in both norms, ‖W⁽∞⁾ − W⁽⁰⁾‖_F = √(rᵀ K⁻¹ r), the final rate and the steps to ε."""
    run: KernelRun = getattr(real_run, kernel)
    last, losses = real_run.iterates[-1], real_run.losses
    moved = distances(last.changes, "frobenius")
    pairs = [(run.layer_distances(last.step, norm), distances(last.changes, norm)) for norm in NORMS]
    pairs.append((run.distance(math.inf), torch.linalg.vector_norm(moved, dim=-1)))
    pairs.append((run.contraction().reshape(1), (losses[-1] / losses[-2]).reshape(1)))
    for predicted, seen in pairs:
        assert_at_most((predicted / seen - 1).abs(), torch.full_like(seen, KERNEL_REGIME))
    for share in (0.5, 0.1, 0.03):
        epsilon = share * float(losses[0])
        assert abs(int(run.iterations(epsilon)) - int((losses <= epsilon).nonzero()[0])) <= 1


def test_outputs_share_the_kernel() -> None:
    """With k outputs the residuals fall k times slower: 10,000 units, three outputs, one hidden layer."""
    inputs, labels = points(3, 4, seed=5), points(3, 3, seed=6)
    network = initialise(ZOU_GU_2019, Architecture(4, (10000,), 3), [stream(8, "outputs")])
    residual = Trace(network, inputs).outputs - labels
    run = limiting_run(ZOU_GU_2019, inputs, residual, depth=1, width=10000, step_size=2e-4)
    *_, last = gradient_descent(network, inputs, labels, step_size=2e-4, steps=10)
    norms = (torch.linalg.matrix_norm(run.residual_at(10)), torch.linalg.matrix_norm(last.trace.outputs - labels))
    moved = (run.layer_distances(10, "spectral"), distances(last.changes, "spectral"))
    for predicted, seen in (norms, moved):
        assert_at_most((predicted / seen - 1).abs(), torch.full_like(seen, KERNEL_REGIME))
