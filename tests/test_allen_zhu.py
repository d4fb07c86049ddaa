"""Claims of Allen-Zhu, Li & Song (2019) against closed forms and autograd."""

import itertools
import math

import numpy as np
import pytest
import torch

from lemmata.claims.allen_zhu_et_al_2019 import features_near_one, gradients_bounded, semi_smooth, weights_near
from lemmata.claims.allen_zhu_et_al_2019.setting import draw, one_input, pre_activations
from lemmata.claims.language.sizes import place
from lemmata.claims.measuring.evaluation import evaluate
from lemmata.claims.measuring.search import supremum
from lemmata.claims.registry import REGISTRY
from lemmata.model.draws import Rng
from tests.assertions import assert_close


def rng(seed=0):
    return Rng(np.random.SeedSequence(seed), torch.zeros(1, dtype=torch.float64))


def at(**sizes):
    return place({"L": 1, "delta": 0.1, **sizes})


def test_layers_have_the_paper_s_laws():
    """A and W of variance 2/m, B of 1/d; features keep the norm of the input."""
    weights = draw(rng(), at(m=600, L=2), torch.eye(3, dtype=torch.float64), outputs=5)
    for name, variance in (("A", 2 / 600), ("W1", 2 / 600), ("W2", 2 / 600), ("B", 1 / 5)):
        entries = weights[name].square()
        assert abs(float(entries.mean()) - variance) < 5 * variance * math.sqrt(2 / entries.numel())
    norms = pre_activations(weights)[-1].relu().norm(dim=-1)
    assert bool(((norms - 1).abs() < 5 * math.sqrt(15 / 600) / 2).all())


def test_the_norm_fluctuates_as_its_limit_says():
    """Its 90 % quantile over √(L/m), to 8 % at 1500 draws."""
    source, p = rng(1), at(m=64)
    draws = torch.stack([features_near_one.off(source, p) for _ in range(1500)])
    limit = REGISTRY["allen-zhu-et-al-2019/lemma-7.1"].limit(p)
    assert abs(float(draws.quantile(0.9)) * 8 / limit - 1) < 0.08


def test_the_attack_flips_as_many_units_as_can_be():
    """Against every set of units: a set can flip if ‖g_S‖ ≤ ω ‖h‖."""
    p = at(m=9, omega=0.5)
    for seed in range(5):
        x = draw(rng(seed), p, one_input(rng()))
        g, h = (part[0] for part in reversed(pre_activations(x)))
        budget = p.omega * float(h.relu().norm())
        sets = (s for size in range(10) for s in itertools.combinations(range(9), size))
        most = max(len(s) for s in sets if float(g[list(s)].norm()) < budget)
        flips, _ = weights_near.flipped(x, weights_near.flip_many(rng(), x, p))[0]
        assert int(flips.sum()) == most


def test_the_claim_counts_what_the_attack_flips():
    """(3/π)^(1/3) m ω^(2/3), to 3 %: the supremum by vectors alone, and the matrix that attains it."""
    p = at(m=1000, omega=0.1)
    limit = REGISTRY["allen-zhu-et-al-2019/lemma-8.2b"].limit(p) * p.m * p.omega ** (2 / 3)
    x = draw(rng(2), p, one_input(rng()))
    flips, _ = weights_near.flipped(x, weights_near.flip_many(rng(), x, p))[0]
    case = REGISTRY["allen-zhu-et-al-2019/lemma-8.2b"].problem.case(p, 0, range(40))
    counted = evaluate(REGISTRY["allen-zhu-et-al-2019/lemma-8.2b"], case).lhs
    assert abs(float(counted.mean()) / limit - 1) < 0.03
    assert abs(int(flips.sum()) - float(counted.mean())) < 4 * float(counted.std())


def test_few_units_far_past_their_kinks_use_the_whole_radius():
    """‖D′g‖ is at most ω ‖h‖, and nearly so."""
    p = at(m=400, omega=0.1)
    x = draw(rng(3), p, one_input(rng()))
    ((flips, g),) = weights_near.flipped(x, weights_near.flip_far(rng(), x, p))
    share = float(g[flips].norm() / (p.omega * pre_activations(x)[0].relu().norm()))
    assert 0.85 < share <= 1


def test_features_of_one_layer_move_by_the_radius():
    """The supremum of Lemma 8.2 (c) at L = 1 is ω ‖h_0‖, which the search reaches."""
    claim = REGISTRY["allen-zhu-et-al-2019/lemma-8.2c"]
    case = claim.problem.case(claim.problem.place(m=32), 0, (0, 1))
    for found, (x, p, _) in zip(supremum(claim, case).lhs.tolist(), case.each(), strict=True):
        assert abs(found / (p.omega * float(pre_activations(x)[0].relu().norm())) - 1) < 1e-3


def gradients(loss, weights, names):
    leaves = {name: weights[name].clone().requires_grad_() for name in names}
    return dict(zip(names, torch.autograd.grad(loss({**weights, **leaves}), leaves.values()), strict=True))


def test_grams_give_the_gradient_of_every_layer():
    """rᵀ K_l r = ‖∇_{W_l} F‖², for any residuals, by autograd."""
    p = at(m=30, L=3, n=3, d=2, phi=0.5)
    x = gradients_bounded.drawn(rng(4), p)
    residuals = rng(5).tensor(rng(5).standard_normal((3, 2)))

    def linear(weights):
        return (residuals * (pre_activations(weights)[-1].relu() @ weights["B"].T)).sum()

    names = ["W1", "W2", "W3"]
    r = residuals.flatten()
    for gram, slope in zip(gradients_bounded.grams(x), gradients(linear, x, names).values(), strict=True):
        assert_close(float(r @ gram @ r), float(slope.square().sum()))


@pytest.mark.parametrize("layers", [1, 2])
def test_kernels_have_their_limits(layers):
    """Entries at a large width, to 8 % and their ratio to 4 %, and the eigenvalues that follow."""
    p = at(m=400, L=layers, n=2, d=1, phi=0.6)
    drawn = [torch.stack(gradients_bounded.grams(gradients_bounded.drawn(rng(s), p))) for s in range(24)]
    mean = torch.stack(drawn).mean(0) / p.m
    shares = gradients_bounded.shares(layers, p.phi)
    assert bool(((2 * mean[:, 0, 0] - 1).abs() < 0.08).all())
    beside = mean[:, 0, 1] / mean.diagonal(0, 1, 2).mean(1)
    assert bool((beside / (2 * torch.tensor(shares)) - 1).abs().lt(0.04).all())
    limit = torch.stack([(0.5 - s) * torch.eye(3).double() + s for s in shares])
    three = at(n=3, L=layers, phi=0.6)
    assert_close(gradients_bounded.largest(three), 2 * float(torch.linalg.eigvalsh(limit).max()) / 3)
    assert gradients_bounded.largest(at(n=1, L=layers, phi=0.6)) == 1


def test_one_layer_s_kernel_is_that_of_its_law():
    """Its entries have the limit of the network's, and so has the least eigenvalue, to 4 % at a large width."""
    p = at(m=4000, n=2, d=1, phi=0.6)
    source = rng(8)
    mean = torch.stack([gradients_bounded.one_layer(source, p) for _ in range(40)]).mean(0) / p.m
    (share,) = gradients_bounded.shares(1, p.phi)
    assert bool((mean / torch.tensor([[0.5, share], [share, 0.5]]) - 1).abs().lt(0.04).all())
    limit = REGISTRY["allen-zhu-et-al-2019/thm-3-lower"].limit(p)
    assert abs(2 * float(torch.linalg.eigvalsh(mean)[0]) * p.n**2 / p.phi / limit - 1) < 0.08


def test_the_excess_is_that_over_autograd_s_linearisation():
    """F(W̆ + W′) − F(W̆) − ⟨∇F(W̆), W′⟩."""
    p = at(m=25, L=2, omega=0.3)
    x = semi_smooth.drawn(rng(6), p)
    source = rng(7)
    w = {
        name: part + 0.1 * source.tensor(source.standard_normal(part.shape))
        for name, part in x.items()
        if name[0] in "WS"
    }
    there = {name: w.get(name, x[name]) for name in ("A", "W1", "W2", "B", "x")}
    slopes = gradients(semi_smooth.loss, there, ["W1", "W2"])
    further = there | {name: there[name] + w[f"S{name[1:]}"] for name in slopes}
    linear = sum(float((slope * w[f"S{name[1:]}"]).sum()) for name, slope in slopes.items())
    expected = float(semi_smooth.loss(further) - semi_smooth.loss(there)) - linear
    assert_close(float(semi_smooth.excess(x, w)[0]), expected)


def test_units_on_their_kinks_make_the_known_excess():
    """0.920 √m ω^(1/3) |r| ‖W′‖ of one layer (catalogue, K19), to 6 %."""
    p, found = at(m=300, omega=0.1), []
    for seed in range(10):
        x = semi_smooth.drawn(rng(seed), p)
        over, size, _ = semi_smooth.excess(x, semi_smooth.on_kinks(rng(), x, p))
        norm = float(pre_activations({k: v for k, v in x.items() if k[0] != "S"})[0].relu().norm())
        found.append(float(over / size) / math.sqrt(2) / math.sqrt(p.m) / p.omega ** (1 / 3) / norm)
    assert abs(np.mean(found) / 0.920 - 1) < 0.06
