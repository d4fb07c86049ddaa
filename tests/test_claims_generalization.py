"""What Theorem 4.5 is measured with: fresh examples, intervals, radii and sign vectors."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import binom, norm

from lemmata.claims import REGISTRY
from lemmata.claims.cao_gu_2020.capacity_bounded import jensen, signs
from lemmata.claims.cao_gu_2020.generalization import SAMPLING, error_below, fresh_margins, smallest_radius
from lemmata.claims.cao_gu_2020.paper import WIDE
from lemmata.claims.case import Case, Recipe, draw
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.measuring.evaluation import evaluate
from lemmata.model.limits import OUTPUT_VARIANCE
from lemmata.model.losses import surrogate
from lemmata.model.settings import CAO_GU_2020
from tests import reference
from tests.assertions import (
    assert_at_most,
    assert_close,
    assert_each_close,
    assert_limit,
    assert_mean,
    assert_rounded,
)


def case(count: int = 2, **sizes) -> Case:
    """`count` initialisations at W⁽⁰⁾."""
    return draw(CAO_GU_2020, Configuration(**sizes), 0, count)


def test_noise_refutes_the_printed_theorem_with_probability_0_0917():
    """½ > 2 E_S(W⁽⁰⁾) for one example with a fair label: one initialisation in eleven, at any width."""
    limit = norm.sf(math.log(3) / math.sqrt(OUTPUT_VARIANCE))
    assert_rounded(limit, "0.0917")
    drawn = case(20_000, m=64, n=1)
    violated = 2 * surrogate(drawn.labels * drawn.at_initial.outputs) < 0.5
    assert_mean(violated.to(torch.float64)[:, 0, 0], limit)


@pytest.mark.parametrize("wrong", [0, 1, 37, 100])
def test_lower_bound_of_an_error_is_that_of_clopper_and_pearson(wrong):
    """With the bound as its rate, as many errors as were seen have exactly the stated probability."""
    margins = torch.ones(1, 100, dtype=torch.float64)
    margins[:, :wrong] = -1
    low = float(error_below(margins))
    assert_at_most(low, wrong / 100)
    assert_each_close(binom.sf(wrong - 1, 100, low) if wrong else SAMPLING, SAMPLING)


def test_a_margin_of_zero_is_no_error():
    """The paper counts y f < 0."""
    assert_close(error_below(torch.zeros(1, 50, dtype=torch.float64)), torch.zeros(1, dtype=torch.float64))


def test_fresh_examples_are_not_the_sample_and_come_in_chunks():
    """Margins of fresh examples, however many at once, are those of the network one example at a time."""
    drawn = case(m=8, L=2, n=3)
    margins = fresh_margins(drawn, drawn.at_initial, 230)
    data = drawn.fresh(230)
    assert not (torch.cdist(data.inputs, drawn.inputs) < 1e-6).any()
    for number in range(2):
        weights = reference.dense(drawn.initial, number)
        slow = [
            y * reference.outputs(weights, 1.0, x) for x, y in zip(data.inputs[:20], data.labels[:20, 0], strict=True)
        ]
        assert_close(margins[number, :20], torch.cat(slow))


@pytest.mark.parametrize(("m", "L"), [(64, 1), (4096, 1), (10**6, 3)])
def test_smallest_radius_meets_the_condition_with_equality(m, L):
    """A hair above it the theorem's condition on m holds, a hair below it does not."""
    tau = smallest_radius({"m": m, "L": L, "delta": 0.01})
    assert_each_close(L ** (-8 / 3) * tau ** (-4 / 3) * math.log(m / (tau * 1e-4)), m)
    for factor in (0.999, 1.001):
        assert WIDE.holds({"m": m, "L": L, "n": 1, "delta": 1e-4, "tau": factor * tau}) == (factor > 1)


def test_sign_vectors_are_all_different():
    """2^n of them."""
    xi = signs(case(m=8, n=4))
    assert xi.shape == (16, 4)
    assert len(torch.unique(xi, dim=0)) == 16


@pytest.mark.parametrize("n", [1, 2, 5])
def test_jensen_bounds_the_averaged_gradient_from_both_sides(n):
    """E_ξ ‖Σ ξ_i ∇f(x_i)‖_F, from dense gradients and all signs, is within a factor √2 below Jensen's bound (K28)."""
    drawn = case(m=8, L=2, n=n)
    bound = jensen(drawn)
    for number in range(2):
        weights = reference.dense(drawn.initial, number)
        gradients = [[reference.gradient(weights, 1.0, x, 0, layer) for x in drawn.inputs] for layer in (1, 2)]
        average = sum(
            np.mean(
                [
                    float(torch.stack([s * g for s, g in zip(xi, layer, strict=True)]).sum(0).norm())
                    for xi in signs(drawn)
                ]
            )
            for layer in gradients
        )
        average *= drawn.tau / n
        assert_at_most(average, bound[number])
        assert_at_most(bound[number] / math.sqrt(2), average)


def test_of_one_example_the_second_middle_link_is_an_equality():
    """E_ξ ‖ξ ∇f‖_F is ‖∇f‖_F; and I_1 of W⁽⁰⁾ and one other W is at most half of its error, the sign of ξ deciding."""
    drawn = case(3, m=32, L=2, n=1, tau=0.1).attacked(Recipe("random"))
    found = REGISTRY["cao-gu-2020/thm-4.5-links"].measure(drawn)
    first, second = (found.lhs / found.factors[0]).unbind(-1)
    assert_close(second, torch.ones_like(second))
    assert_close(first, torch.full_like(first, 0.5))


@pytest.mark.parametrize(("depth", "ratio"), [(1, 1), (2, 4), (3, 2)])
def test_the_last_link_has_the_constant_of_lemma_5_1(depth, ratio):
    """The mean over layers of √(m_l / 2m), whatever τ."""
    member, sizes = REGISTRY["cao-gu-2020/thm-4.5-I2-bound"], Configuration(m=256, L=depth, n=4, ratio=ratio, tau=0.3)
    assert_limit(evaluate(member, draw(CAO_GU_2020, sizes, 0, 16)).ratio.mean(), member.limit(sizes))


def test_an_input_half_as_long_halves_what_the_results_bound():
    """Of one example, whose norm is 1/2: B is half of that at norm 1, all else a quarter of twice that."""
    drawn = case(3, m=32, L=2, n=1, tau=0.1).attacked(Recipe("random"))
    found = REGISTRY["cao-gu-2020/assumption-4.1-norms"].measure(drawn)
    ratio = found.lhs / found.factors[0]
    assert_close(ratio[:, -1], torch.ones_like(ratio[:, -1]))
    assert_close(ratio[:, :-1], torch.full_like(ratio[:, :-1], 0.25))
