"""The best of the linearised class against a general optimiser, and nearest fits on the network itself."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch import Tensor

from lemmata.model import reference_class
from lemmata.model.ball import Ball
from lemmata.model.changes import distances
from lemmata.model.data import generate
from lemmata.model.empirical_kernels import measured_layers
from lemmata.model.kernels import LayerKernel
from lemmata.model.network import Architecture, initialise
from lemmata.model.randomness import generator, stream
from lemmata.model.reference_class import class_minimum, nearest_fit
from lemmata.model.settings import CAO_GU_2019_SLIDES, CAO_GU_2020, ZOU_GU_2019, Setting
from lemmata.model.trace import Trace
from tests import reference
from tests.assertions import assert_at_most, assert_close, assert_limit

settings = pytest.mark.parametrize("setting", [CAO_GU_2019_SLIDES, CAO_GU_2020], ids=lambda setting: setting.id)


def drawn(setting: Setting, widths: tuple[int, ...], n: int, count: int = 2) -> tuple[Trace, Tensor]:
    """Networks at W⁽⁰⁾ on n points of the circle, with alternating labels."""
    network = initialise(setting, Architecture(2, widths), [stream(s, "class") for s in range(count)])
    data = generate("sphere", n=n, d=2, setting=setting, rng=generator(stream(1)), labels="alternating")
    return Trace(network, data.inputs), data.labels


def tangent_features(trace: Trace, number: int) -> list[Tensor]:
    """∇_{W_l} f(x_i) of the trained layers by autograd, each (n, out · in)."""
    weights = reference.dense(trace.network, number)
    factor = reference.scale(trace.network.setting, trace.network.architecture.widths)
    rows = [reference.autograd_gradients(weights, factor, x, 0)[: trace.network.trained] for x in trace.inputs]
    return [torch.stack([row[layer].flatten() for row in rows]) for layer in range(trace.network.trained)]


def best_by_slsqp(features: list[Tensor], start: np.ndarray, labels: np.ndarray, radius: float) -> float:
    """The least loss of the class over all weights, by a general optimiser with one constraint per layer."""
    phi = np.concatenate([labels * part.numpy() for part in features], 1)
    ends = np.cumsum([0, *(part.shape[1] for part in features)])

    def loss(w):
        return np.logaddexp(0, -(start + phi @ w)).mean()

    def slope(w):
        return -(phi / (1 + np.exp(start + phi @ w))[:, None]).mean(0)

    def inside(layer):
        return {"type": "ineq", "fun": lambda w: radius**2 - np.sum(w[ends[layer] : ends[layer + 1]] ** 2)}

    constraints = [inside(layer) for layer in range(len(features))]
    options = {"maxiter": 500, "ftol": 1e-12}
    return minimize(loss, np.zeros(ends[-1]), jac=slope, constraints=constraints, method="SLSQP", options=options).fun


@settings
@pytest.mark.parametrize("widths", [(4,), (4, 6)], ids=str)
@pytest.mark.parametrize("radius", [0.1, 0.5, 3.0])
def test_the_class_minimum_is_that_of_a_general_optimiser(setting, widths, radius):
    """Within the duality gap, over the weights themselves with gradients by autograd."""
    trace, labels = drawn(setting, widths, 5)
    found = class_minimum(measured_layers(trace), trace.outputs, labels, radius)
    assert_at_most(found.gap, [1e-6, 1e-6])
    start = (labels * trace.outputs)[..., 0].numpy()
    for number in range(2):
        best = best_by_slsqp(tangent_features(trace, number), start[number], labels.numpy(), radius)
        assert_at_most(best, float(found.value[number]) + 1e-7)
        assert_at_most(float(found.value[number] - found.gap[number]), best + 1e-7)


def test_the_coefficients_are_in_the_class_and_attain_the_value():
    """Σ_i c_{l,i} y_i ∇_{W_l} f(x_i) has norm ρ at most in every layer, and its function the loss."""
    trace, labels = drawn(CAO_GU_2019_SLIDES, (6, 8), 6)
    found = class_minimum(measured_layers(trace), trace.outputs, labels, 0.7)
    for number in range(2):
        parts = [labels * part for part in tangent_features(trace, number)]
        weights = [c @ part for c, part in zip(found.coefficients[number], parts, strict=True)]
        assert_at_most([float(w.norm()) for w in weights], [0.7] * 3)
        margins = labels[:, 0] * trace.outputs[number, :, 0] + sum(p @ w for p, w in zip(parts, weights, strict=True))
        assert_close(torch.log1p(torch.exp(-margins)).mean(), found.value[number])


def test_no_member_of_the_class_is_better():
    """Random members, at full radius in every layer, never go below value − gap."""
    trace, labels = drawn(CAO_GU_2019_SLIDES, (8,), 4)
    found = class_minimum(measured_layers(trace), trace.outputs, labels, 0.5)
    for number in range(50):
        step = Ball("frobenius", 0.5).sample(trace.network, generator(stream(number, "member")))
        outputs = trace.outputs + trace.directional(step).sum(1)
        loss = torch.log1p(torch.exp(-labels * outputs)).mean((-2, -1))
        assert_at_most(found.value - found.gap, loss)


def test_the_class_without_radius_is_the_network_itself():
    """Its loss at ρ = 0; less for larger classes; and no sense below 0."""
    trace, labels = drawn(CAO_GU_2019_SLIDES, (8,), 4)
    layers = measured_layers(trace)
    losses = [class_minimum(layers, trace.outputs, labels, radius).value for radius in (0.0, 0.1, 1.0, 10.0)]
    assert_close(losses[0], torch.log1p(torch.exp(-labels * trace.outputs)).mean((-2, -1)))
    for larger, smaller in zip(losses[1:], losses, strict=False):
        assert (larger < smaller).all()
    for radius in (-1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="radius="):
            class_minimum(layers, trace.outputs, labels, radius)


def test_a_search_that_ends_early_says_so():
    """Ten steps leave a gap, and the gap is honest."""
    trace, labels = drawn(CAO_GU_2019_SLIDES, (8,), 6)
    layers = measured_layers(trace)
    early = class_minimum(layers, trace.outputs, labels, 5.0, steps=10)
    late = class_minimum(layers, trace.outputs, labels, 5.0)
    assert (early.gap > 1e-6).all()
    assert_at_most(early.value - early.gap, late.value)


def test_no_initialisation_waits_for_another():
    """Each has the same minimum alone as beside one that takes longer, with labels of its own too."""
    trace, labels = drawn(CAO_GU_2019_SLIDES, (8,), 6)
    own = torch.stack([labels, -labels])
    layers = measured_layers(trace)
    together = class_minimum(layers, trace.outputs, own, 5.0)
    for at in range(2):
        some = [LayerKernel(layer.features[[at]], layer.signals[[at]]) for layer in layers]
        alone = class_minimum(some, trace.outputs[[at]], own[at], 5.0)
        assert_close(together.coefficients[[at]], alone.coefficients)


# ---------------------------------------------------------------------------------------------------------- nearest fit


@settings
@pytest.mark.parametrize("margin", [0.5, 3.0])
def test_a_fit_has_the_margin_on_the_network_itself(setting, margin):
    """y_i f(x_i) ≥ margin for all examples, with weights written out."""
    trace, labels = drawn(setting, (64, 32), 4)
    changes = nearest_fit(trace.network, trace.inputs, labels, margin)
    factor = reference.scale(setting, (64, 32))
    for number in range(2):
        weights = reference.dense(trace.network, number, changes)
        outputs = torch.stack([reference.outputs(weights, factor, x) for x in trace.inputs])
        assert_at_most(margin, float((labels * outputs).min()))


def test_a_fit_close_to_what_is_there_is_the_nearest():
    """For the least margin and a hundredth more, the least change of the linearised network, by a general optimiser."""
    trace, _ = drawn(CAO_GU_2019_SLIDES, (400,), 3)
    for number in range(2):
        network = initialise(CAO_GU_2019_SLIDES, Architecture(2, (400,)), [stream(number, "class")])
        labels = trace.outputs[number].sign()
        margin = float((labels * trace.outputs[number]).min())
        wanted = margin + reference_class.BEYOND * (1 + margin) - (labels * trace.outputs[number])[:, 0].numpy()
        phi = labels.numpy() * torch.cat(tangent_features(trace, number), 1).numpy()
        gram = phi @ phi.T
        nearest = minimize(
            lambda c, gram=gram: c @ gram @ c / 2,
            np.zeros(3),
            constraints={"type": "ineq", "fun": lambda c, gram=gram, wanted=wanted: gram @ c - wanted},
            method="SLSQP",
            options={"ftol": 1e-16},
        )
        changes = nearest_fit(network, trace.inputs, labels, margin)
        assert_limit(float(distances(changes, "frobenius").square().sum().sqrt()), math.sqrt(2 * nearest.fun))


def test_weights_are_those_of_the_best_support():
    """min λᵀGλ/2 − wantedᵀλ over λ ≥ 0, by solving on every support; singular Grams of repeated examples too."""
    rng = generator(stream(0, "supports"))
    for rank in (5, 2):
        factor = torch.from_numpy(rng.standard_normal((20, 5, rank)))
        gram = factor @ factor.mT
        wanted = (gram @ torch.from_numpy(rng.standard_normal((20, 5, 1))))[..., 0]
        found = reference_class._least_weights(gram, wanted)
        assert (found >= 0).all()
        value = (found * ((gram @ found[..., None])[..., 0] / 2 - wanted)).sum(-1)
        for number in range(20):
            best = 0.0
            for bits in range(1, 32):
                on = [i for i in range(5) if bits >> i & 1]
                block = gram[number][on][:, on]
                weights = torch.linalg.lstsq(block, wanted[number, on, None], driver="gelsd").solution[:, 0]
                if (weights >= -1e-9).all():
                    best = min(best, float(weights @ block @ weights / 2 - weights @ wanted[number, on]))
            assert_close(1 + value[number].abs(), 1 + abs(best))


def test_outputs_do_not_mix():
    """Two outputs are refused."""
    network = initialise(ZOU_GU_2019, Architecture(2, (6,), 2), [stream(0)])
    inputs, labels = torch.eye(2, dtype=torch.float64), torch.ones(2, 1, dtype=torch.float64)
    with pytest.raises(ValueError, match="outputs must be 1"):
        nearest_fit(network, inputs, labels, 1.0)
