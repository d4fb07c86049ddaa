"""Theorem 4.7 at infinite width: what its runs tend to, in closed form for two inputs with opposite labels."""

import math
from itertools import islice

import pytest
import torch

from lemmata.claims import REGISTRY
from lemmata.claims.cao_gu_2020.prescribed_runs import PACE, descend_at_infinite_width
from lemmata.claims.case import draw
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.measuring.evaluation import evaluate
from lemmata.model.kernels import last_layer_kernel
from lemmata.model.margins import hard_margin
from lemmata.model.settings import CAO_GU_2020
from tests.assertions import assert_at_most, assert_each_close, assert_limit

EPS = 0.1


def pair(phi, m=64):
    """Two inputs at distance φ with labels 1 and −1."""
    c = Configuration(m=m, n=2, d=2, data="chain", labels="alternating", phi=phi, eps=EPS)
    return draw(CAO_GU_2020, c, 0, 8)


def whole_run(phi):
    """B, and √m times the largest distance up to K = (η m B² ε²)⁻¹, at infinite width and from f = 0."""
    case, width = pair(phi), 64
    B = float(hard_margin(last_layer_kernel(case.inputs, 1), case.labels))
    steps = math.ceil(1 / (PACE * B**4 * EPS**2))
    eta = torch.tensor([PACE * B**2 / width], dtype=torch.float64)
    run = islice(descend_at_infinite_width(case, torch.zeros(1, 2, 1, dtype=torch.float64), eta), steps + 1)
    return B, math.sqrt(width) * max(float(far) for _, far in run)


def margin(B, steps):
    """z of z ← z + η m B² σ(−z), the margin of both inputs."""
    z = 0.0
    for _ in range(steps):
        z += PACE * B**4 / (1 + math.exp(z))
    return z


@pytest.mark.parametrize("phi", [1.4, 0.7, 0.5, 0.3])
def test_the_distance_to_k_is_the_margin_over_b(phi):
    """√m ‖W⁽ᴷ⁾ − W⁽⁰⁾‖ = z_K / B with z_K = log(1/ε²) up to 2 %: no constant without B will do, and none with m⁻²ᐟ³.

    Of the false neighbours of thm-4.7-containment "no B" and "m -1/6", which no width that runs refutes.
    """
    B, distance = whole_run(phi)
    z = margin(B, math.ceil(1 / (PACE * B**4 * EPS**2)))
    assert_each_close(distance, z / B)
    assert_at_most(abs(z / math.log(1 / EPS**2) - 1), 0.02)


def test_wide_networks_take_the_iterations_and_distance_of_infinite_width():
    """On average over initialisations, at 16,384 units."""
    member = REGISTRY["cao-gu-2020/thm-4.7-width-free"]
    configuration = Configuration(**{**member.start, "m": 16384})
    assert_limit(evaluate(member, draw(CAO_GU_2020, configuration, 0, 8)).ratio.mean(), 1.0)
