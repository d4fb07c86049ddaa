"""Claims of Allen-Zhu, Li & Song (2019), which draw vectors from their law, against networks and closed forms."""

import itertools
import math

import numpy as np
import pytest
import torch

from lemmata.claims.allen_zhu_et_al_2019 import features_near_one, gradients_bounded, semi_smooth
from lemmata.claims.allen_zhu_et_al_2019.setting import simplex
from lemmata.claims.language.sizes import place
from lemmata.claims.measuring.evaluation import evaluate
from lemmata.claims.registry import REGISTRY
from lemmata.model.attacks.spending import affordable
from lemmata.model.draws import Rng, gaussian
from tests.assertions import assert_close


def rng(seed=0):
    return Rng(np.random.SeedSequence(seed), torch.zeros(1, dtype=torch.float64))


def at(**sizes):
    return place({"L": 1, "delta": 0.1, **sizes})


def network(source, p, inputs, outputs=1):
    """A, W1, …, WL, B of the paper's laws, and the inputs."""
    scale = (2 / p.m) ** 0.5
    hidden = [gaussian(source, p.m, p.m, scale=scale) for _ in range(p.L)]
    first = gaussian(source, p.m, inputs.shape[1], scale=scale)
    return [first, *hidden, gaussian(source, outputs, p.m, scale=outputs**-0.5)]


def forward(weights, inputs):
    """Outputs, (n, d)."""
    for matrix in weights[:-1]:
        inputs = (inputs @ matrix.T).relu()
    return inputs @ weights[-1].T


def test_the_norm_of_features_is_a_network_s():
    """Means of |‖h_L‖ − 1| by vectors and by matrices agree within five standard errors; the 90 % quantile is known."""
    p, source = at(m=40, L=2), rng(1)
    one = torch.ones(1, 1, dtype=torch.float64)
    eye = torch.eye(40, dtype=torch.float64)
    by_vectors = torch.stack([features_near_one.off(source, p) for _ in range(1000)])
    by_matrices = torch.stack(
        [(forward([*network(source, p, one)[:-1], eye], one).norm() - 1).abs() for _ in range(1000)]
    )
    error = math.sqrt(float(by_vectors.var() + by_matrices.var()) / 1000)
    assert abs(float(by_vectors.mean() - by_matrices.mean())) < 5 * error
    wide = at(m=1000, L=1)
    draws = torch.stack([features_near_one.off(source, wide) for _ in range(1500)])
    limit = REGISTRY["allen-zhu-et-al-2019/lemma-7.1"].limit(wide)
    assert abs(float(draws.quantile(0.9)) * 1000**0.5 / limit - 1) < 0.1


def test_the_most_units_that_a_radius_pays_for():
    """Against every set of units: a set can flip if ‖g_S‖ ≤ ω ‖h‖."""
    for seed in range(5):
        g = gaussian(rng(seed), 9)
        sets = (s for size in range(10) for s in itertools.combinations(range(9), size))
        assert int(affordable(g.abs(), g.abs(), 1.0).sum()) == max(
            len(s) for s in sets if float(g[list(s)].norm()) <= 1
        )


def test_flips_reach_their_limit():
    """(3/π)^(1/3) m ω^(2/3), to 3 %."""
    claim, p = REGISTRY["allen-zhu-et-al-2019/lemma-8.2b"], place({"m": 3000, "omega": 0.1, "delta": 0.1})
    counted = evaluate(claim, claim.problem.case(p, 0, range(40))).ratio
    assert abs(float(counted.mean()) / claim.limit(p) - 1) < 0.03


def test_kernels_are_those_of_autograd_s_gradients():
    """E K_1 of drawn vectors and of networks' gradients agree to 8 %, and both with the limit; the ratio to 4 %."""
    p = at(m=300, n=2, d=1, phi=0.6)
    source, inputs = rng(8), simplex(rng(), 2, 0.6)

    def kernel():
        weights = network(source, p, inputs)
        leaf = weights[1].requires_grad_()
        slopes = [torch.autograd.grad(f, leaf, retain_graph=True)[0].flatten() for f in forward(weights, inputs)[:, 0]]
        return torch.stack(slopes) @ torch.stack(slopes).T

    (share,) = gradients_bounded.shares(1, p.phi)
    for made in (kernel, lambda: gradients_bounded.one_layer(source, p)):
        mean = torch.stack([made() for _ in range(60)]).mean(0) / p.m
        assert abs(2 * float(mean.diagonal().mean()) - 1) < 0.08
        assert abs(float(mean[0, 1] / mean.diagonal().mean()) / (2 * share) - 1) < 0.04


@pytest.mark.parametrize("name", ["thm-3-upper", "thm-3-lower"])
def test_gradient_bounds_have_their_limits(name):
    """The extreme eigenvalues at a large width, to 8 %."""
    claim = REGISTRY[f"allen-zhu-et-al-2019/{name}"]
    p = claim.problem.place(m=16_384, n=4, phi=0.4)
    found = evaluate(claim, claim.problem.case(p, 0, range(12))).ratio
    assert abs(float(found.mean()) / claim.limit(p) - 1) < 0.08


def test_the_excess_is_that_over_autograd_s_linearisation():
    """F(W̆ + W′) − F(W̆) − ⟨∇F(W̆), W′⟩ of matrices of rank one, which move g_1 as the vectors say."""
    p, source = at(m=25, omega=0.3), rng(6)
    one = torch.ones(1, 1, dtype=torch.float64)
    first, start, last = network(source, p, one)
    h = (first @ one).relu()[:, 0]
    x = {"g": start @ h, "size": h.norm(), "B": last[0]}
    w = {name: 0.1 * gaussian(source, p.m) for name in ("near", "step")}
    near, step = (start * 0 + torch.outer(w[name], h / h.norm()) for name in ("near", "step"))

    def loss(matrix):
        return (forward([first, matrix, last], one) - semi_smooth.LABEL).square().sum() / 2

    leaf = (start + near).requires_grad_()
    (slope,) = torch.autograd.grad(loss(leaf), leaf)
    expected = loss(start + near + step) - loss(start + near) - (slope * step).sum()
    over, size, square = semi_smooth.excess(x, w)
    norm = torch.linalg.matrix_norm(step, 2)
    assert_close([over, size, square], [expected, loss(start + near).sqrt() * norm, norm.square()])


def test_units_on_their_kinks_make_the_known_excess():
    """0.920 √m ω^(1/3) |r| ‖W′‖ of one layer (catalogue, K19), to 5 %."""
    p, found = at(m=4000, omega=0.1), []
    for seed in range(10):
        x = semi_smooth.drawn(rng(seed), p)
        over, size, _ = semi_smooth.excess(x, x | semi_smooth.on_kinks(rng(), x, p))
        found.append(float(over / size) / math.sqrt(2 * p.m) / p.omega ** (1 / 3))
    assert abs(np.mean(found) / 0.920 - 1) < 0.05
