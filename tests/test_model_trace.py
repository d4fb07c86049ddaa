"""A trace against the papers' formulas: one network, one example and one output at a time."""

import itertools

import numpy as np
import pytest
import torch

from lemmata.model.changes import LowRank
from lemmata.model.gaussian import DenseMatrix
from lemmata.model.losses import LOSSES
from lemmata.model.network import Architecture, Network, assemble, initialise
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import CAO_GU_2020, CHEN_ET_AL_2019_POSTER, SETTINGS
from lemmata.model.trace import Trace
from tests import reference
from tests.assertions import assert_close, assert_each_close, assert_same
from tests.reference import SMALL

small = pytest.mark.parametrize("case", SMALL, ids=str)


class Twins:
    """A trace, and the dense weights, scale and inputs to recompute it from."""

    def __init__(self, case):
        self.case = case
        self.network = case.network()
        self.data = case.data()
        self.trace = Trace(self.network, self.data.inputs)
        self.scale = reference.scale(case.setting, case.widths)
        self.weights = [reference.dense(self.network, number) for number in range(self.network.initialisations)]
        self.trained = len(case.widths) + (case.setting.output == "trained")

    def members(self):
        """(initialisation, example) and the dense weights and input of each."""
        for number, example in itertools.product(range(len(self.weights)), range(self.case.n)):
            yield (number, example), self.weights[number], self.data.inputs[example]

    def pairs(self):
        """All 1 ≤ low ≤ high ≤ H."""
        return itertools.combinations_with_replacement(range(1, len(self.case.widths) + 1), 2)


@small
def test_features_preactivations_and_patterns_are_those_of_the_units(case):
    """x_l, z_l and 1{z_l > 0} agree with a loop over units."""
    twins = Twins(case)
    for at, weights, x in twins.members():
        features, preactivations = reference.layers(weights, x)
        assert len(twins.trace.features) == len(case.widths) + 1
        for fast, slow in zip(twins.trace.features, features, strict=True):
            assert_close(fast[at], slow)
        for fast, pattern, slow in zip(twins.trace.preactivations, twins.trace.patterns, preactivations, strict=True):
            assert_close(fast[at], slow)
            assert pattern.dtype == torch.bool
            assert_same(pattern[at], slow > 0)


@small
def test_no_small_network_is_dead(case):
    """Every layer has an active unit on every example, so that no comparison is of zeros with zeros."""
    twins = Twins(case)
    assert all(pattern.any(-1).all() for pattern in twins.trace.patterns)
    assert twins.trace.gradient_norms().all()


@small
def test_outputs_are_the_papers_network(case):
    """f(x) = scale · V σ(W_H … σ(W_1 x)), with the scale that the paper prints."""
    twins = Twins(case)
    assert twins.trace.outputs.shape == (2, case.n, case.k)
    for at, weights, x in twins.members():
        assert_close(twins.trace.outputs[at], reference.outputs(weights, twins.scale, x))


def test_where_nothing_cancels_every_layer_adds_as_much_to_the_terms_of_an_output():
    """At W⁽⁰⁾ of a wide network each of the 2H + 1 products moves an output as the last does, ‖g_H‖ ‖x_H‖."""
    network = initialise(CAO_GU_2020, Architecture(3, (512, 512, 512)), [stream(0)])
    trace = Trace(network, torch.eye(3, dtype=torch.float64))
    signals, features = trace.unmasked_signals[-1], trace.features[-1]
    last = torch.linalg.vector_norm(signals, dim=-1) * torch.linalg.vector_norm(features, dim=-1)[..., None]
    assert (7 * last < trace.output_terms).all()
    assert (trace.output_terms < 14 * last).all()


def test_what_a_change_cancels_is_among_the_terms_of_an_output():
    """ΔW = −(1 − 1e-9) W x xᵀ leaves a billionth of z_1 = Wx, whose rounding is that of Wx."""
    network = initialise(CAO_GU_2020, Architecture(3, (8,)), [stream(0)])
    x = torch.eye(3, dtype=torch.float64)[:1]
    before = Trace(network, x)
    change = LowRank(-(1 - 1e-9) * before.preactivations[0].mT, x.mT[None])
    after = Trace(network.moved((change,)), x)
    assert (after.outputs.abs() < 1e-8 * before.outputs.abs()).all()
    assert (after.output_terms > 0.1 * before.output_terms).all()


@small
def test_followed_gradients_are_those_of_the_side_that_rounding_chose(case):
    """Bit by bit the trace's pre-activations, so that units at distance 0 of their kinks are inactive in both."""
    twins = Twins(case)
    outputs, weights = twins.trace.followed()
    assert_same(outputs.detach(), twins.trace.outputs)
    slopes = torch.ones_like(twins.trace.outputs)
    gradients = torch.autograd.grad(outputs.sum(), weights)
    for automatic, gradient in zip(gradients, twins.trace.gradient(slopes), strict=True):
        assert_close(automatic, gradient.materialise())


@small
def test_signals_are_derivatives_of_the_outputs(case):
    """b_l = ∂f/∂z_l, g_l = ∂f/∂x_l and ∂f/∂x_0 agree with autograd; the output's own signal is scale · e_r."""
    twins = Twins(case)
    trace = twins.trace
    for at, weights, x in twins.members():
        for output in range(case.k):
            signals, unmasked = reference.autograd_signals(weights, twins.scale, x, output)
            for fast, slow in zip(trace.signals, signals, strict=False):
                assert_close(fast[at][output], slow)
            for fast, slow in zip([trace.input_signals, *trace.unmasked_signals], unmasked, strict=True):
                assert_close(fast[at][output], slow)
        assert len(trace.signals) == len(case.widths) + 1
        assert_close(trace.signals[-1][at], twins.scale * torch.eye(case.k, dtype=torch.float64))


@small
def test_gradients_are_rank_one_products(case):
    """∇_{W_l} f_r = b_{l,r} x_{l−1}ᵀ agrees with the matrix product of appendix A and with autograd, in every layer."""
    twins = Twins(case)
    norms = twins.trace.gradient_norms()
    assert norms.shape == (2, twins.trained, case.n, case.k)
    for (number, example), weights, x in twins.members():
        for output in range(case.k):
            selected = torch.zeros(2, case.n, case.k, dtype=torch.float64)
            selected[:, example, output] = 1.0
            factored = twins.trace.gradient(selected)
            automatic = reference.autograd_gradients(weights, twins.scale, x, output)
            assert len(factored) == twins.trained
            for layer, change in enumerate(factored):
                explicit = reference.gradient(weights, twins.scale, x, output, layer + 1)
                assert_close(explicit, automatic[layer])
                assert_close(reference.dense_change(change, number), explicit)
                assert_close(norms[number, layer, example, output], torch.linalg.matrix_norm(explicit))
                assert_close(norms[number, layer, example, output], torch.linalg.matrix_norm(explicit, 2))


@small
def test_batch_gradients_are_gradients_of_the_loss(case):
    """Loss slopes turn gradients of outputs into the gradient of the mean loss, as a matrix and in norm."""
    twins = Twins(case)
    slopes = LOSSES[case.setting.loss].slopes(twins.trace.outputs, twins.data.labels)
    factored, norms = twins.trace.gradient(slopes), twins.trace.batch_gradient_norms(slopes)
    assert norms.shape == (2, twins.trained)
    for number, weights in enumerate(twins.weights):
        automatic = reference.loss_gradients(weights, twins.scale, case.setting, twins.data)
        for layer, change in enumerate(factored):
            assert_close(reference.dense_change(change, number), automatic[layer])
            assert_close(norms[number, layer], torch.linalg.matrix_norm(automatic[layer]))


@pytest.mark.parametrize("n", [3, 40])
def test_batch_gradients_of_few_and_of_many_examples_are_as_long(n):
    """Whether Grams are smaller than the gradient, or the gradient than they: the norm is that of its factors."""
    network = initialise(CAO_GU_2020, Architecture(5, (6, 8)), [stream(5, "many"), stream(6, "many")])
    rng = torch.Generator().manual_seed(n)
    trace = Trace(network, torch.randn(n, 5, dtype=torch.float64, generator=rng))
    slopes = torch.randn(2, n, 1, dtype=torch.float64, generator=rng)
    factored = torch.stack([change.frobenius() for change in trace.gradient(slopes)], -1)
    assert_close(trace.batch_gradient_norms(slopes), factored)


@small
def test_the_kernel_is_the_product_of_the_jacobian_with_itself(case):
    """<∇f_r(x_i), ∇f_s(x_j)> = Σ over all trained parameters, with the output layer where it is trained."""
    twins = Twins(case)
    kernel = twins.trace.ntk()
    assert kernel.shape == (2, case.n, case.k, case.n, case.k)
    for number, weights in enumerate(twins.weights):
        rows = []
        for x, output in itertools.product(twins.data.inputs, range(case.k)):
            gradients = reference.autograd_gradients(weights, twins.scale, x, output)[: twins.trained]
            rows.append(torch.cat([gradient.flatten() for gradient in gradients]))
        jacobian = torch.stack(rows)
        assert_close(kernel[number].reshape(len(rows), len(rows)), jacobian @ jacobian.T)


@small
def test_directional_derivatives_are_inner_products(case):
    """<∇_{W_l} f_r(x_i), ΔW_l> agrees with the trace of dense products, layer by layer."""
    twins = Twins(case)
    changes = reference.some_changes(twins.network, size=1.0, name="direction")
    derivatives = twins.trace.directional(changes)
    assert derivatives.shape == (2, twins.trained, case.n, case.k)
    for (number, example), weights, x in twins.members():
        for output in range(case.k):
            automatic = reference.autograd_gradients(weights, twins.scale, x, output)
            slow = [
                (automatic[layer] * reference.dense_change(change, number)).sum()
                for layer, change in enumerate(changes)
            ]
            assert_close(derivatives[number, :, example, output], torch.stack(slow))


@small
def test_one_layer_moves_the_output_linearly_between_kinks(case):
    """Moving one layer too little to flip any unit changes the output by exactly the directional derivative."""
    twins = Twins(case)
    direction = reference.some_changes(twins.network, size=1.0, name="direction")
    for layer in range(twins.trained):
        step = list(twins.network.still())
        step[layer] = direction[layer].scaled(2.0**-20)
        moved = Trace(twins.network.moved(tuple(step)), twins.data.inputs)
        for before, after in zip(twins.trace.patterns, moved.patterns, strict=True):
            assert_same(before, after)
        # Subtracting outputs loses the 20 bits of the step and no more.
        change = (moved.outputs - twins.trace.outputs) * 2.0**20
        assert_close(1e3 + change, 1e3 + twins.trace.directional(direction)[:, layer])


@small
def test_jacobian_norms_are_leading_singular_values_of_the_product(case):
    """Π_{r=low}^{high} Σ_r W_r has the norm and the leading pair that numpy finds for the dense product."""
    twins = Twins(case)
    for low, high in twins.pairs():
        found = twins.trace.jacobian_norms(low, high)
        for at, weights, x in twins.members():
            product = reference.masked_product(weights, x, low, high)
            assert_singular(found, at, product)


@small
def test_propagator_norms_are_leading_singular_values_of_the_product(case):
    """M_{low→high} = Σ_high W_high … Σ_low has the norm and the leading pair that numpy finds for the dense product."""
    twins = Twins(case)
    for low, high in twins.pairs():
        found = twins.trace.propagator_norms(low, high)
        for at, weights, x in twins.members():
            assert_singular(found, at, reference.propagator(weights, x, low, high))


def assert_singular(found, at, product):
    """The triple has the largest singular value, and its vectors attain it."""
    largest = np.linalg.svd(product.numpy(), compute_uv=False)[0]
    assert_close(found.value[at], largest)
    assert_close(product @ found.right[at], largest * found.left[at])
    assert_close(product.T @ found.left[at], largest * found.right[at])


@small
def test_propagation_forwards_and_backwards_is_the_dense_product_and_its_transpose(case):
    """forward_through is M, back_through is Mᵀ, and <M u, v> = <u, Mᵀ v>."""
    twins = Twins(case)
    rng = generator(stream(4, "directions"))
    for low, high in twins.pairs():
        u = torch.from_numpy(rng.standard_normal((2, case.n, case.widths[low - 1])))
        v = torch.from_numpy(rng.standard_normal((2, case.n, case.widths[high - 1])))
        forward, backward = twins.trace.forward_through(low, high, u), twins.trace.back_through(low, high, v)
        assert_close(1 + (forward * v).sum(-1), 1 + (u * backward).sum(-1))
        for at, weights, x in twins.members():
            product = reference.propagator(weights, x, low, high)
            assert_close(forward[at], product @ u[at])
            assert_close(backward[at], product.T @ v[at])


@small
def test_initialisations_do_not_see_one_another(case):
    """Everything a trace holds for several initialisations is what each has alone."""
    together = Twins(case)
    slopes = LOSSES[case.setting.loss].slopes(together.trace.outputs, together.data.labels)
    for number in range(2):
        matrices = [DenseMatrix(matrix.weight[number : number + 1]) for matrix in together.network.matrices]
        network = assemble(case.setting, matrices, torch.zeros(1, dtype=torch.float64))
        changes = [type(c)(c.left[number : number + 1], c.right[number : number + 1]) for c in together.network.changes]
        alone = Trace(network.moved(tuple(changes)), together.data.inputs)
        batch = slice(number, number + 1)
        assert_close(alone.outputs, together.trace.outputs[batch])
        assert_close(alone.ntk(), together.trace.ntk()[batch])
        assert_close(alone.gradient_norms(), together.trace.gradient_norms()[batch])
        assert_close(alone.batch_gradient_norms(slopes[batch]), together.trace.batch_gradient_norms(slopes)[batch])
        assert_close(alone.jacobian_norms(1, 1).value, together.trace.jacobian_norms(1, 1).value[batch])


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda s: s.id)
def test_a_unit_on_its_kink_is_inactive(setting):
    """A pre-activation of exactly zero has pattern 0, sends no signal back, and adds nothing to the gradient."""
    network = initialise(setting, Architecture(3, (4, 6)), [stream(5, "kink")])
    first = network.matrices[0].weight.clone()
    first[:, 1] = 0.0
    network = Network(setting, (DenseMatrix(first), *network.matrices[1:]), network.changes, network.like)
    trace = Trace(network, torch.eye(3, dtype=torch.float64))
    assert_same(trace.preactivations[0][..., 1], torch.zeros(1, 3))
    assert not trace.patterns[0][..., 1].any()
    assert_same(trace.signals[0][..., 1], torch.zeros(1, 3, 1))
    assert trace.unmasked_signals[0][..., 1].all()


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda s: s.id)
def test_a_dead_network_is_zero(setting):
    """With no active unit in one layer, outputs, hidden gradients and masked products are zero, and not NaN."""
    network = initialise(setting, Architecture(3, (4, 5, 6)), [stream(5, "dead")])
    negative = DenseMatrix(-network.matrices[1].weight.abs())
    matrices = (network.matrices[0], negative, *network.matrices[2:])
    trace = Trace(Network(setting, matrices, network.changes, network.like), torch.eye(3, dtype=torch.float64))
    assert_same(trace.outputs, torch.zeros(1, 3, 1))
    assert_same(trace.gradient_norms(), torch.zeros(1, network.trained, 3, 1))
    assert_same(trace.ntk(), torch.zeros(1, 3, 1, 3, 1))
    assert_same(trace.batch_gradient_norms(torch.ones(1, 3, 1)), torch.zeros(1, network.trained))
    for norms in (trace.jacobian_norms(1, 3), trace.propagator_norms(1, 3), trace.jacobian_norms(2, 2)):
        assert_same(norms.value, torch.zeros(1, 3))


@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_the_network_is_homogeneous_in_each_layer_and_in_the_input(factor):
    """Scaling one W_l, or x, by c > 0 scales f by c; Euler's identity <∇_{W_l} f, W_l> = f holds in every layer."""
    case = next(case for case in SMALL if case.setting is CAO_GU_2020 and len(case.widths) == 4)
    twins = Twins(case)
    f = twins.trace.outputs
    assert_each_close(Trace(twins.network, factor * twins.data.inputs).outputs, factor * f)
    for layer, matrix in enumerate(twins.network.matrices):
        matrices = list(twins.network.matrices)
        matrices[layer] = DenseMatrix(factor * matrix.weight)
        scaled = Network(case.setting, tuple(matrices), twins.network.changes, twins.network.like)
        assert_each_close(Trace(scaled, twins.data.inputs).outputs, factor * f)
    for (number, example), weights, x in twins.members():
        for layer in range(1, 5):
            product = (reference.gradient(weights, 1.0, x, 0, layer) * weights[layer - 1]).sum()
            assert_each_close(product, f[number, example, 0])


def test_the_posters_exponent_multiplies_the_output():
    """f of exponent α is m^α times f of exponent 0, m the smallest width."""
    plain = initialise(CHEN_ET_AL_2019_POSTER.scaled(0.0), Architecture(3, (9, 4)), [stream(6)])
    x = torch.eye(3, dtype=torch.float64)
    for exponent in (0.25, 0.5):
        scaled = initialise(CHEN_ET_AL_2019_POSTER.scaled(exponent), Architecture(3, (9, 4)), [stream(6)])
        assert_each_close(Trace(scaled, x).outputs, 4**exponent * Trace(plain, x).outputs)
