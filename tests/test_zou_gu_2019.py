"""Runs of gradient descent against the kernel's prediction, and one network that is as wide as Theorem 3.3 asks for."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import norm

from lemmata.claims import REGISTRY
from lemmata.claims.case import draw
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.measuring.evaluation import evaluate
from lemmata.claims.zou_gu_2019.paper import WIDE_3_3
from lemmata.model.settings import ZOU_GU_2019
from lemmata.model.training import follow
from tests.assertions import assert_limit, assert_rounded

PREDICTED = ("decrease-proportional", "eq-4.1", "trajectory-telescoped", "lemma-4.2", "lemma-4.5")


@pytest.mark.parametrize("name", PREDICTED)
@pytest.mark.parametrize("sizes", [{"n": 2}, {"n": 4, "k": 2}], ids=str)
def test_runs_are_those_of_the_kernel(name, sizes):
    """At 16,384 units the ratio that a claim measures is its limit, on average over initialisations."""
    member = REGISTRY[f"zou-gu-2019/{name}"]
    configuration = Configuration(**{**member.start, "m": 16384, **sizes})
    ratio = evaluate(member, draw(ZOU_GU_2019, configuration, 0, 8)).ratio
    assert_limit(ratio.mean(), member.limit(configuration))


@pytest.mark.parametrize("name", ["thm-3.3", "cor-3.5"])
def test_iterations_are_those_of_the_kernel(name):
    """To one step."""
    member = REGISTRY[f"zou-gu-2019/{name}"]
    configuration = Configuration(**{**member.start, "m": 16384})
    found = evaluate(member, draw(ZOU_GU_2019, configuration, 0, 8))
    predicted = member.limit(configuration) * found.rhs
    assert bool(((found.lhs - predicted).abs() <= 1 + 1e-6).all())


@pytest.mark.parametrize("labels", ["alternating", "ones"])
def test_theorem_3_3_at_a_width_that_it_asks_for(labels):
    """Two inputs at distance 1.4, one layer, every hidden constant 1: loss ε within n² log(1/ε) / φ steps."""
    n, phi, eps, m = 2, 1.4, 1e-3, 110_000
    assert WIDE_3_3.holds({"m": m, "n": n, "k": 1, "L": 1, "phi": phi})
    configuration = Configuration(m=m, n=n, d=3, data="chain", phi=phi, mu=0.1, labels=labels)
    case = draw(ZOU_GU_2019, configuration, 0, 2)
    steps = math.floor(n**2 * math.log(1 / eps) / phi)
    run = follow(case.initial, case.inputs, case.labels, step_size=1 / m, steps=steps)
    assert bool((run.losses[:, -1] <= eps).all())
    assert run.distances.amax() < 0.02


def test_the_gradient_bound_depends_on_the_lifted_coordinate():
    """E-48: on the lifted hexagon the limit falls like 36 μ / π, so that no constant serves every μ."""
    member = REGISTRY["zou-gu-2019/lemma-4.1@printed"]
    limits = [member.limit(Configuration(n=6, d=3, data="hexagon", mu=mu)) / (12 * mu / math.pi) for mu in (1e-3, 1e-2)]
    assert_limit(torch.tensor(limits), [1.0, 1.0])


@pytest.mark.parametrize(("kept", "share"), [(True, "0.500"), (False, "0.486")])
def test_half_of_a_region_is_steep_where_reflection_keeps_it(kept, share):
    """Two inputs at a small distance with opposite residuals; the regions of regions-disjoint fall short of one half.

    With t = ⟨w, x_1⟩ in [−s, s] the second input is on, or off, by s or more: its gradient is large on one side of the
    kink, with both on the residuals cancel.
    """
    phi, n = 0.001, 2
    s, rho = phi / (8 * n), 1 - phi**2 / 2
    across = math.sqrt(1 - rho**2)
    t = np.linspace(0, s, 10_001)
    away, towards = (norm.sf((2 * s + sign * rho * t * (not kept)) / across).mean() for sign in (1, -1))
    # Steep are on and beside an input that is off, off and beside one that is on.
    assert_rounded(away / (away + towards), share)
