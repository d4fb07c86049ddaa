"""Limits at infinite width: equations, integrals and the numbers of the calibration table."""

import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from lemmata.model import limits
from tests.assertions import assert_close, assert_each_close, assert_found, assert_limit, assert_rounded

PRINTED = {
    "FLIPS": "0.9847",
    "PAIR_FLIPS": "1.2407",
    "ACTIVATED": "0.6204",
    "FLIPPED_SIGNAL": "0.9923",
    "LINEARISATION": "0.3904",
    "KINK_PLACEMENT": "0.7876",  # the table has 0.7877, the root of the rounded 0.6204
    "KINK_CERTIFICATE": "0.884",
    "GAUSSIAN_FLIPS": "1.1596",
    "GAUSSIAN_KINK_PLACEMENT": "0.920",
    "OUTPUT_VARIANCE": "0.6817",
}


@pytest.mark.parametrize(("name", "printed"), PRINTED.items())
def test_constants_are_those_of_the_calibration_table(name, printed):
    """To all printed digits."""
    assert_rounded(getattr(limits, name), printed)


def test_gaussian_outputs_weigh_their_kinks():
    """Units with |z| ≤ c g and g > 0 cost Σ z² = τ² and gain √Σ g², integrals over z and g, at m = τ = 1."""
    rate = stats.norm.pdf(0, scale=math.sqrt(2))

    def total(power, reach):
        inner = 2 * reach ** (power + 1) / (power + 1)
        return integrate.quad(lambda g: rate * inner * g ** (power + 1) * g ** (2 - power) * stats.norm.pdf(g), 0, 30)[
            0
        ]

    reach = optimize.brentq(lambda c: total(2, c) - 1, 0, 10)
    assert_each_close(limits.GAUSSIAN_KINK_PLACEMENT, math.sqrt(total(0, reach)))


def density(scale):
    """Density per √m of m pre-activations N(0, 2/m) near zero, as a count of units below |z|: scale · m^{3/2} |z|."""
    return scale * stats.norm.pdf(0, scale=math.sqrt(2))


def test_flip_constants_come_from_the_density_at_zero():
    """m^{3/2} ρ |z| units lie below |z|; flipping those below t costs ρ m^{3/2} t³/3 = τ², counted as ρ m^{3/2} t.

    With ρ for all units 2 φ(0)/√2, for one sign half of that, and a pair with twice the budget.
    """
    for constant, rho, budget in (
        (limits.FLIPS, density(2), 1.0),
        (limits.PAIR_FLIPS, density(2), 2.0),
        (limits.ACTIVATED, density(1), 1.0),
    ):
        reach = optimize.brentq(lambda t, r=rho, b=budget: integrate.quad(lambda z: r * z**2, 0, t)[0] - b, 0, 10)
        assert_each_close(constant, rho * reach)


def test_gaussian_constants_come_from_the_best_units_per_price():
    """Units with |z| < t |v| are the cheapest per v²: t from Σ z² = 1, then Σ v², by quadrature over v at m = τ = 1."""

    def worth(rho):
        cubes = integrate.quad(lambda v: 2 * stats.norm.pdf(v) * v**3, 0, np.inf)[0]
        reach = (3 / (rho * cubes)) ** (1 / 3)
        return math.sqrt(rho * reach * cubes)

    assert_each_close(limits.GAUSSIAN_FLIPS, worth(density(2)))
    assert_each_close(limits.GAUSSIAN_KINK_PLACEMENT, worth(density(1)))


def test_the_linearisation_constant_is_the_best_overshoot():
    """max over t of √N − Σ|z| with N = ρ t units of one sign crossed, none cheaper left, at m = τ = 1."""
    rho = density(1)

    def error(t):
        return math.sqrt(rho * t) - integrate.quad(lambda z: rho * z, 0, t)[0]

    best = optimize.minimize_scalar(lambda t: -error(t), bounds=(1e-6, 10), method="bounded", options={"xatol": 1e-12})
    assert_each_close(limits.LINEARISATION, -best.fun)


def test_kink_constants_are_roots_of_flip_constants():
    """√(units of one sign that τ² pays for), and with 2τ² the certificate; ‖v‖² on flipped units is their number."""
    assert_each_close(limits.FLIPPED_SIGNAL**2, limits.FLIPS)
    assert_each_close(limits.KINK_PLACEMENT**2, limits.ACTIVATED)
    assert_each_close(limits.KINK_CERTIFICATE**2 / limits.ACTIVATED, limits.PAIR_FLIPS / limits.FLIPS)


def test_shared_budgets_are_the_best_of_any_rows():
    """K15: at one layer `KINK_PLACEMENT`; below that of no rows that another solver finds; growth towards L^(2/3)."""
    assert_each_close(limits.deep_kink_placement(1), limits.KINK_PLACEMENT)
    for depth, printed in ((2, "1.258"), (3, "1.646"), (4, "1.991"), (6, "2.603"), (8, "3.148")):
        assert_rounded(limits.deep_kink_placement(depth), printed)
    worth = np.array([limits.GAUSSIAN_KINK_PLACEMENT**2] * 2 + [limits.KINK_PLACEMENT**2])
    above = np.triu(np.ones((3, 3)))

    def total(angles):
        rows = np.abs(angles.reshape(3, 3)) * above
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return math.sqrt(worth @ rows.sum(0) ** (2 / 3))

    rng = np.random.default_rng(0)
    found = max(-optimize.minimize(lambda x: -total(x), rng.random(9)).fun for _ in range(5))
    assert_found(found, limits.deep_kink_placement(3))
    growth = math.log(limits.deep_kink_placement(48) / limits.deep_kink_placement(12)) / math.log(4)
    assert 0.6 < growth < 2 / 3


def test_the_output_variance_is_that_of_half_of_the_units_against_the_other():
    """Var of a sum of m terms ±σ(z), z ~ N(0, 2/m), half of each sign: m Var σ(z) = 1 − 1/π."""
    first = integrate.quad(lambda z: z * stats.norm.pdf(z, scale=math.sqrt(2)), 0, np.inf)[0]
    second = integrate.quad(lambda z: z**2 * stats.norm.pdf(z, scale=math.sqrt(2)), 0, np.inf)[0]
    assert_each_close(limits.OUTPUT_VARIANCE, second - first**2)


@pytest.mark.parametrize(("factors", "printed"), [(1, "2.414"), (2, "3.330"), (3, "4.057"), (4, "4.675")])
def test_the_product_edge_solves_its_equation(factors, printed):
    """(1 + z)^k (2 + z) / z at the positive root of 1/z = k/(1 + z) + 1/(2 + z), found by bisection."""
    k = factors
    root = optimize.brentq(lambda z: 1 / z - k / (1 + z) - 1 / (2 + z), 1e-9, 1e3, xtol=1e-15)
    assert_each_close(limits.product_edge(k), math.sqrt((1 + root) ** k * (2 + root) / root))
    assert_rounded(limits.product_edge(k), printed)


def test_the_product_edge_grows_like_the_root_of_two_e_k():
    """product_edge(k) / √(2 e k) → 1."""
    assert_limit(limits.product_edge(400) / math.sqrt(2 * math.e * 400), 1.0)


@pytest.mark.parametrize(("layers", "printed"), [(0, "1.000"), (1, "2.000"), (2, "2.598"), (3, "3.079"), (4, "3.494")])
def test_the_propagator_edge_is_a_minimum(layers, printed):
    """√ of the minimum over z > 0 of (1 + z)^{k+1} / z, the edge of a product of k square Gaussian matrices."""
    assert_rounded(limits.propagator_edge(layers), printed)
    if layers:
        found = optimize.minimize_scalar(
            lambda t: (layers + 1) * np.log1p(np.exp(t)) - t, bounds=(-20, 20), method="bounded"
        )
        assert_close(limits.propagator_edge(layers), math.exp(found.fun / 2))


def test_edges_are_those_of_sampled_products():
    """Spectral norms of Gaussian matrices and masked products of 400 units, within 2 %, averaged over five draws."""
    rng = np.random.Generator(np.random.SFC64(22))
    m = 400
    norms = {"square": [], "tall": [], "jacobian": [], "propagator": []}
    for _ in range(5):
        one, two = (rng.standard_normal((m, m)) * math.sqrt(2 / m) for _ in range(2))
        first, second = (np.diag(rng.integers(0, 2, m)) for _ in range(2))
        norms["square"].append(np.linalg.norm(one, 2))
        norms["tall"].append(np.linalg.norm(one[:, : m // 4], 2))
        norms["jacobian"].append(np.linalg.norm(first @ one, 2))
        norms["propagator"].append(np.linalg.norm(second @ two @ first, 2))
    assert_limit(np.mean(norms["square"]), limits.spectral_edge(m, m))
    assert_limit(np.mean(norms["tall"]), limits.spectral_edge(m, m // 4))
    assert_limit(np.mean(norms["jacobian"]), limits.product_edge(1))
    assert_limit(np.mean(norms["propagator"]), limits.propagator_edge(1))


def test_the_spectral_edge_of_a_square_matrix():
    """2√2, and √2 for a matrix of very few columns."""
    assert_each_close(limits.spectral_edge(7, 7), 2 * math.sqrt(2))
    assert_each_close(limits.spectral_edge(1, 0), math.sqrt(2))


@pytest.mark.parametrize("depth", [0, 1, 2, 3, 4, 5])
def test_features_stretch_by_a_gain_per_layer(depth):
    """Layer by layer the sum gains √1, √2, √3, …, times the radius."""
    assert_each_close(
        limits.feature_stretch(depth, 0.1), 1 + 0.1 * math.fsum(math.sqrt(k) for k in range(1, depth + 1))
    )
    assert limits.feature_stretch(depth, 0.0) == 1


@pytest.mark.parametrize("share", [1e-12, 1e-6, 1e-3, 0.1, 0.5, 0.9, 0.999])
def test_top_entries_are_a_tail_integral(share):
    """√(2 ∫_q^∞ x² φ(x) dx) with 2 P(x > q) = share."""
    q = optimize.brentq(lambda t: stats.norm.logsf(t) - math.log(share / 2), 0, 40, xtol=1e-15)
    second_moment = 2 * integrate.quad(lambda x: x**2 * stats.norm.pdf(x), q, q + 30, epsabs=0, epsrel=1e-12)[0]
    assert_each_close(limits.top_entries(share), math.sqrt(second_moment))


def test_top_entries_of_none_and_of_all():
    """Nothing for share 0, everything for share 1 and beyond."""
    assert [limits.top_entries(share) for share in (-1.0, 0.0, 1.0, 2.0)] == [0.0, 0.0, 1.0, 1.0]


def test_top_entries_of_a_long_vector():
    """The norm of the largest tenth of 100,000 standard normals, over √m."""
    x = np.sort(np.abs(np.random.Generator(np.random.SFC64(23)).standard_normal(100_000)))
    assert_limit(np.linalg.norm(x[-10_000:]) / math.sqrt(100_000), limits.top_entries(0.1))
