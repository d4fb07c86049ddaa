"""What the slides' and the poster's claims are measured with, against loops over dense weights."""

import math

import pytest
import torch

from lemmata.claims.cao_gu_2019_slides.one_pass import FRESH, errors_of_the_iterates
from lemmata.claims.case import draw
from lemmata.claims.chen_et_al_2019_poster.reference_points import SEPARATED, linear_radius, reference_radius
from lemmata.claims.language.configuration import Configuration
from lemmata.model.settings import CAO_GU_2019_SLIDES, CHEN_ET_AL_2019_POSTER
from tests import reference
from tests.assertions import assert_close


@pytest.mark.parametrize("L", [2, 3])
def test_errors_of_one_pass_are_those_of_a_loop(L):
    """W⁽⁰⁾, …, W⁽ⁿ⁻¹⁾ by autograd, one example a step, each tested before it has seen the next."""
    case = draw(CAO_GU_2019_SLIDES, Configuration(m=12, L=L, n=5, data="teacher"), 3, 2)
    step_size = 0.3
    found = errors_of_the_iterates(case, step_size)
    fresh = case.fresh(FRESH)
    for number in range(2):
        weights = [w.clone().requires_grad_() for w in reference.dense(case.initial, number)]

        def f(x, weights=weights):
            return reference.outputs(weights, math.sqrt(12), x)

        for step in range(5):
            with torch.no_grad():
                wrong = [bool(y * f(x) < 0) for x, y in zip(fresh.inputs, fresh.labels, strict=True)]
            assert_close(found[number, step], sum(wrong) / FRESH)
            loss = torch.log1p(torch.exp(-case.labels[step] * f(case.inputs[step]))).sum()
            gradients = torch.autograd.grad(loss, weights)
            weights[:] = [
                (w - step_size * g).detach().requires_grad_() for w, g in zip(weights, gradients, strict=True)
            ]


def test_the_radius_is_the_linear_one_at_large_width():
    """R over that of the linearised network tends to the largest layer's share: below 1, and steady as m grows."""
    shares = []
    for m in (4096, 32_768):
        case = draw(CHEN_ET_AL_2019_POSTER, Configuration(**{**SEPARATED, "m": m, "n": 2, "L": 2}), 0, 4)
        shares.append(reference_radius(case) / linear_radius(case))
    assert all((share < 1).all() and (share > 0.25).all() for share in shares)


def test_no_distance_is_needed_where_every_loss_is_small_already():
    """With ε above the loss at W⁽⁰⁾ the reference is W⁽⁰⁾ itself; smaller ε need more."""
    radii = []
    for eps in (20.0, 0.1, 0.01):
        case = draw(CHEN_ET_AL_2019_POSTER, Configuration(**{**SEPARATED, "eps": eps, "L": 2}), 0, 4)
        radii.append(reference_radius(case))
    assert (radii[0] < 1e-3).all()
    assert (radii[1] < radii[2]).all()
