"""Networks beyond the four papers': each formula against autograd, quadrature, a mean over draws or a closed form."""

import math

import numpy as np
import pytest
import torch

from lemmata.model.activations import ACTIVATIONS, by_quadrature
from lemmata.model.curvature import flattened, hessian_norm, hessian_times
from lemmata.model.draws import Rng, gaussian, sphere
from lemmata.model.fully_connected import LAWS, FullyConnected, Law
from lemmata.model.kernels import tangent_layers
from lemmata.model.settings import CAO_GU_2020
from tests.assertions import assert_close, assert_each_close, assert_resolved, assert_same

SMOOTH = [name for name in ACTIVATIONS if name != "relu"]
FAR = 5
"""Standard errors that a mean over draws may be off."""


def rng(seed: int) -> Rng:
    return Rng(np.random.SeedSequence(seed), torch.zeros(1, dtype=torch.float64))


PAIRS = torch.tensor([[0.5, 1.5, 0.3], [1.0, 1.0, -0.6], [1.0, 1.0, 1.0], [2.0, 0.25, 0.0]], dtype=torch.float64).T


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slopes_are_derivatives(name):
    """As autograd has them."""
    activation, x = ACTIVATIONS[name], torch.linspace(-3, 3, 60, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(activation.value(x).sum(), x)
    assert_close(activation.slope(x.detach()), slope)


@pytest.mark.parametrize("name", [name for name in SMOOTH if name != "tanh"])
def test_duals_in_closed_form(name):
    """Are the means that a product rule finds, of value and slope."""
    activation = ACTIVATIONS[name]
    assert_resolved(activation.dual(*PAIRS), by_quadrature(activation.value)(*PAIRS))
    assert_resolved(activation.dual_slope(*PAIRS), by_quadrature(activation.slope)(*PAIRS))


@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_duals_are_means_over_draws(name):
    """Where quadrature is no independent route: a kink, or the rule itself."""
    activation, source = ACTIVATIONS[name], rng(0)
    z = gaussian(source, 2, 200_000)
    for a, b, c in PAIRS.T:
        u = a.sqrt() * z[0]
        v = c / a.sqrt() * z[0] + (b - c * c / a).clamp_min(0).sqrt() * z[1]
        for function, dual in ((activation.value, activation.dual), (activation.slope, activation.dual_slope)):
            products = function(u) * function(v)
            error = FAR * float(products.std()) / math.sqrt(len(products))
            assert abs(float(dual(a, b, c) - products.mean())) <= error


@pytest.mark.parametrize("laws", LAWS)
def test_layers_have_their_law(laws):
    """The entries of W have variance c / fan-in, of μP's output c / fan-in²; a step of w moves W as said."""
    net = FullyConnected((20, 50, 50, 30), laws=laws)
    weights = net.draw(rng(1))
    for number, (shape, law) in enumerate(zip(net.shapes, net.layers, strict=True), 1):
        entries = law.factor(shape) * weights[f"W{number}"]
        wanted = 1 / shape[1] ** (2 if laws == "mup" and number == 3 else 1)
        assert abs(float(entries.square().mean()) / wanted - 1) < FAR * math.sqrt(2 / entries.numel())
    moves = {"standard": (1, 1, 1), "ntk": (1 / 20, 1 / 50, 1 / 50), "mup": (50, 1, 1 / 50)}[laws]
    assert_each_close([law.factor(shape) ** 2 for shape, law in zip(net.shapes, net.layers, strict=True)], moves)


def test_parametrisations_begin_as_one_function():
    """What is shifted from the law to the factor changes no output at the start."""
    x = sphere(rng(2), 4, 6)
    standard, ntk = (FullyConnected((6, 9, 7, 2), "tanh", laws, 0.3) for laws in ("standard", "ntk"))
    assert_close(standard(standard.draw(rng(3)), x), ntk(ntk.draw(rng(3)), x))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_tangent_kernel_has_its_limit_as_its_mean(name):
    """Of one hidden layer exactly, at any width, biases included; and the outputs their covariance."""
    net = FullyConnected((3, 20, 1), name, [Law(1.5, shift=-0.5), Law(0.8, shift=-0.5)], biases=0.4)
    x, source = sphere(rng(4), 2, 3) * 1.3, rng(5)
    kernels, products = [], []
    for _ in range(200):
        weights = net.draw(source)
        kernels.append(net.tangent_kernel(weights, x)[:, :, 0, 0])
        outputs = net(weights, x)[:, 0]
        products.append(outputs[:, None] * outputs)
    covariance, tangent = net.limits(x)
    for found, limit in ((kernels, tangent), (products, covariance)):
        draws = torch.stack(found)
        assert ((draws.mean(0) - limit).abs() <= FAR * draws.std(0) / math.sqrt(len(draws))).all()


def test_limits_of_relu_are_those_of_the_four_papers():
    """Θ of Jacot et al. on the diagonal is L 2^(1 − L) ‖x‖² / d; with variance 2 it is the papers' per-layer kernel."""
    x = sphere(rng(6), 5, 4)
    for layers in (2, 3, 4):
        plain = FullyConnected((4, *[8] * (layers - 1), 1)).limits(x)[1]
        assert_each_close(plain.diagonal(), torch.full((5,), layers * 2.0 ** (1 - layers) / 4))
    doubled = [Law(2.0, shift=-0.5)] * 2 + [Law(shift=-0.5)]
    covariance, tangent = FullyConnected((4, 8, 8, 1), "relu", doubled).limits(2 * x)
    papers = tangent_layers(CAO_GU_2020, x, 2)
    hidden = sum((part.kernel() for part in papers), torch.zeros_like(covariance))
    scale = hidden[0, 0] / (tangent - covariance)[0, 0]
    assert_resolved(scale * (tangent - covariance), hidden)


def test_a_doubled_network_begins_at_nothing():
    """Its outputs are 0, and its kernel is that of one half."""
    half, net = (FullyConnected((3, 10, 10, 2), "gelu", "mup", 0.2, doubled) for doubled in (False, True))
    x, weights = sphere(rng(7), 4, 3), net.draw(rng(8))
    assert_same(net(weights, x), torch.zeros(4, 2))
    assert_close(net.tangent_kernel(weights, x), half.tangent_kernel(half.draw(rng(8)), x))


def test_a_kernel_of_another_parametrisation_is_refused():
    """It has another limit, or none."""
    with pytest.raises(ValueError, match="must be of the NTK parametrisation"):
        FullyConnected((3, 8, 1), laws="mup").limits(torch.eye(3).double())


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"sizes": (3,)}, "sizes="),
        ({"sizes": (3, 0, 1)}, "sizes="),
        ({"activation": "swish"}, "activation='swish' must be one of relu"),
        ({"laws": "he"}, "laws='he' must be one of standard"),
        ({"laws": [Law()] * 4}, "must be one for each of 2 layers"),
        ({"biases": -1.0}, "biases=-1.0"),
    ],
)
def test_networks_that_cannot_be(fields, words):
    """Are refused by the field."""
    with pytest.raises(ValueError, match=words):
        FullyConnected(**({"sizes": (3, 8, 1)} | fields))


def test_products_with_the_hessian():
    """And its norm, signs of eigenvalues included, as from all of it."""
    net, x = FullyConnected((2, 4, 3, 1), "tanh"), sphere(rng(9), 1, 2)
    weights = net.draw(rng(10))
    flat, named = flattened(weights)

    def f(w):
        return net(named(w), x)[0, 0]

    whole = torch.func.hessian(f)(flat)
    v = gaussian(rng(11), len(flat))
    assert_close(hessian_times(f, flat)(v), whole @ v)
    norm = torch.linalg.matrix_norm(whole, 2)
    assert_resolved(hessian_norm(lambda w: net(w, x)[0, 0], weights, rng(12)), norm)
    assert float(hessian_norm(f, flat, rng(12), steps=2)) < float(norm)
    assert float(hessian_norm(lambda w: w.sum(), flat, rng(12))) == 0
    assert_close(hessian_norm(lambda w: -3 * w.square().sum(), flat, rng(12)), torch.tensor(6.0).double())
