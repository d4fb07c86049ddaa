"""Appendix C of Cao & Gu (2020) against loops, exact laws and limits: witnesses of separable features."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import binom, binomtest

from lemmata.claims import REGISTRY
from lemmata.claims.cao_gu_2020 import certificates
from lemmata.claims.cao_gu_2020.initial_gradients_bounded_below import LEAST_SHARE
from lemmata.claims.cao_gu_2020.witnesses import alphas, best_margin, feature, gamma, products
from lemmata.claims.case import draw
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.measuring.evaluation import evaluate
from lemmata.claims.measuring.search import supremum
from lemmata.model.data import unit_rows
from lemmata.model.kernels import feature_kernel, last_layer_kernel
from lemmata.model.margins import hard_margin, random_feature_margin
from lemmata.model.settings import CAO_GU_2020
from tests.assertions import assert_at_most, assert_close, assert_each_close, assert_limit, assert_plausible

XOR_MARGINS = {1: 0.301, 2: 0.288, 3: 0.267, 4: 0.246}
"""√(min pᵀ Y ρ_l Y p) of the four corners, by layer."""


def case(count=2, **sizes):
    """Cones about the corners, unless other sizes are given."""
    return draw(CAO_GU_2020, Configuration(**{"data": "cones", "d": 2, "n": 8, "phi": 0.2, **sizes}), 0, count)


def test_a_float_keeps_its_digits_for_each_initialisation():
    """No detour over float32."""
    assert_each_close(case().for_each(1 / 3), [1 / 3] * 2)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("L", [2, 24, 64])
def test_a_chain_of_sums_that_cancel_is_not_refuted_by_rounding(L, dtype):
    """In deep narrow layers features are parallel up to 1e-9 and less: the links hold, and false ones still fall."""
    chain = REGISTRY["cao-gu-2020/C.2-chain"]
    network = draw(CAO_GU_2020, Configuration(data="cones", d=2, n=8, phi=0.2, m=16, L=L), 0, 16, dtype=dtype)
    assert not evaluate(chain, network).violates(chain, 1.0).any()
    for control in chain.controls if L == 2 else ():  # deeper, neither α nor signs come near the other side
        false = replace(chain, measure=control.measure)
        assert evaluate(false, network).violates(false, 1.0).any()


def test_the_links_of_the_chain_are_sums_over_units():
    """Against loops, at sizes where no term cancels."""
    network = case(m=16, L=2)
    found = REGISTRY["cao-gu-2020/C.2-chain"].measure(network)
    x, active = network.at_initial.features[-2], network.at_initial.patterns[-1]
    a, y = torch.ones(8) / 8, network.labels[:, 0]
    for s in range(2):
        z = [sum(a[i] * y[i] * active[s, i, j] * x[s, i] for i in range(8)) for j in range(16)]
        mean = sum(z) / 16
        assert_close(found.lhs[s, 0, 8], sum(float(each @ each) for each in z))
        assert_close(found.factors[0][s, 0, 8], 16 * float(mean @ mean))
        assert_close(found.lhs[s, 1, 8], 16 * float(mean @ mean))
        margin, alpha = (part[s] for part in best_margin(network, 1))
        assert_close(found.factors[0][s, 1, 8], 16 * float(mean @ alpha) ** 2)
        shares = active[s].double().mean(-1)
        assert_close(found.factors[0][s, 2, 8], 16 * float(margin * shares.mean()) ** 2)
        assert_close(found.factors[0][s, 3, 8], 16 * float(margin * shares.min()) ** 2)


@pytest.mark.parametrize("transposed", [True, False])
def test_witnesses_are_those_of_the_proof(transposed):
    """α̃_1 has entries c(√(m/2) w_j)/√m, and α̃_l is W_lᵀ α̃_{l−1} in the paper's orientation, unit by unit."""
    here = case(m=12, L=3)
    built = alphas(here, transposed=transposed)
    for s in range(2):
        weights = [here.initial.materialise(layer)[s].numpy().T for layer in range(3)]  # (m_{l−1}, m_l), as printed
        c = [float(feature(here).at(torch.from_numpy(math.sqrt(6) * w))) for w in weights[0].T.copy()]
        expected = np.array(c) / math.sqrt(12)
        assert_close(built[0][s], expected)
        for layer in (1, 2):
            w = weights[layer]
            rows = w.T if transposed else w
            expected = np.array([sum(row * expected) for row in rows])
            assert_close(built[layer][s], expected)


def test_inner_products_are_those_with_the_features():
    """<α̃_l, x_{l,i}>, one by one."""
    here = case(m=10, L=2)
    built = alphas(here)
    for layer in (1, 2):
        for i in range(8):
            expected = [
                float(a @ x) for a, x in zip(built[layer - 1], here.at_initial.features[layer][:, i], strict=True)
            ]
            assert_close(products(here, built)[:, layer - 1, i], expected)


def test_the_best_margin_is_attained_by_its_witness_and_beats_the_construction():
    """min_i y_i <α, x_i> at the unit vector found is the margin; the paper's own α_l has no larger one."""
    here = case(m=200, L=3, count=4)
    built = alphas(here)
    own = (products(here, built) * here.labels[:, 0]).amin(-1)
    for layer in (1, 2, 3):
        size, alpha = best_margin(here, layer)
        reached = (here.at_initial.features[layer] @ alpha[..., None])[..., 0] * here.labels[:, 0]
        assert_close(torch.linalg.vector_norm(alpha, dim=-1), torch.ones(4))
        assert bool((reached.amin(-1) >= size - 1e-9).all())
        assert_at_most(own[:, layer - 1] / torch.linalg.vector_norm(built[layer - 1], dim=-1), size)


@pytest.mark.parametrize(("layer", "limit"), XOR_MARGINS.items())
def test_feature_margins_of_xor_have_their_limits(layer, limit):
    """At 2000 units within two per cent of the printed number, on average."""
    here = case(m=2000, L=layer, data="xor", n=4, phi=None, count=4)
    assert_limit(best_margin(here, layer)[0].mean(), limit)


def test_the_paper_promises_far_less_than_there_is():
    """XOR: γ = 0.165, and 2^{−(l+1)} γ is a seventh of the margin at the first layer."""
    here = case(data="xor", n=4, phi=None)
    assert_at_most(7 * gamma(here) / 4, 0.301)


@pytest.mark.parametrize(("m", "printed"), [(50, "1.6e-02"), (100, "1.8e-03"), (200, "1.3e-05"), (400, "1.9e-09")])
def test_too_few_units_are_active_with_the_binomial_probability(m, printed):
    """P[Binomial(m, 1/2) < m / 2√2], exactly; and the networks of 50 units follow it."""
    exact = binom.cdf(math.ceil(LEAST_SHARE * m) - 1, m, 0.5)
    assert f"{exact:.1e}" == printed
    if m == 50:
        here = case(m=m, data="sphere", phi=None, n=1, L=2, count=4000)
        few = int((here.at_initial.patterns[-1].double().mean(-1) < LEAST_SHARE).sum())
        assert_plausible(binomtest(few, 4000, exact).pvalue)


def test_opposite_corners_starve_one_hidden_layer_at_every_width():
    """x = ±e_k, labels +1: pᵀ Y H Y p is diagonal, and its minimum at most 1/(4d), below γ²/32 from d = 51 on."""
    claim = REGISTRY["cao-gu-2020/lemma-B.3@printed"]
    for d, violated in ((40, False), (64, True)):
        here = case(m=20_000, data="axes", d=d, n=2 * d, phi=None, L=1)
        ratio = supremum(claim, here).ratio / claim.stated
        assert_limit(ratio, [1 / (4 * d) * 64 * math.pi] * 2)
        assert bool((ratio < 1).all()) == violated
    tiny = case(m=6, data="axes", d=8, n=16, phi=None, L=1, count=20)
    assert_at_most(supremum(claim, tiny).ratio * (math.sqrt(1 / (2 * math.pi)) / 2) ** 2, torch.full((20,), 1 / 32))


def test_the_certificate_of_the_least_gradient_is_tight_without_a_ball():
    """At τ → 0 it is the minimum at W⁽⁰⁾, whose limit the kernel gives."""
    here = case(m=1500, L=2, tau=1e-12, count=3)
    expected = float(hard_margin(last_layer_kernel(here.inputs, 2), here.labels))
    assert bool((certificates.least_gradient(here) > 0.95 * expected).all())
    claim = REGISTRY["cao-gu-2020/lemma-5.4"]
    assert_at_most(claim.certificate(here), supremum(claim, here).ratio * (1 + 1e-6))


@pytest.mark.parametrize("seed", range(4))
def test_margins_lose_at_most_what_the_reasons_of_true_neighbours_say(seed):
    """At infinite width √2 a layer from √2 γ on, and a half to the last gradient: of any unit inputs and any labels.

    So Lemma B.2 holds with 2^(−(l−1)/2), Lemma B.3 with the constant 1, and Lemma 5.5 with the features' own margin.
    """
    rng = np.random.default_rng(seed)
    inputs = unit_rows(torch.as_tensor(rng.standard_normal((3 + seed, 2 + seed // 2))))
    labels = torch.as_tensor(rng.choice([-1.0, 1.0], (len(inputs), 1)))
    margins = [hard_margin(feature_kernel(inputs, layer), labels) for layer in range(6)]
    assert_at_most(math.sqrt(2) * random_feature_margin(inputs, labels).lower, margins[1])
    for layer in range(1, 6):
        assert_at_most(margins[layer - 1] / 2, hard_margin(last_layer_kernel(inputs, layer), labels))
    for below, above in itertools.pairwise(margins[1:]):
        assert_at_most(below / math.sqrt(2), above)
