"""The difference of two nearby networks against fifty digits, down to steps of 1e-12."""

import itertools
from functools import cache

import mpmath
import numpy as np
import pytest
import torch

from lemmata.model.attacks import ATTACKS, Target
from lemmata.model.ball import Ball
from lemmata.model.changes import DenseChange
from lemmata.model.difference import Difference
from lemmata.model.gaussian import DenseMatrix
from lemmata.model.losses import LOSSES
from lemmata.model.network import assemble
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import CAO_GU_2020
from lemmata.model.trace import Trace
from tests import reference
from tests.assertions import assert_close, assert_resolved, assert_same
from tests.reference import SMALL

MOVED = [case for case in SMALL if case.moved]
SIZES = [1e-12, 1e-7, 1e-3, 0.5]

moved = pytest.mark.parametrize("case", MOVED, ids=str)
sizes = pytest.mark.parametrize("size", SIZES)


class Exact:
    """W̃ and Ŵ = W̃ + step of one initialisation, evaluated in fifty digits on every example."""

    @mpmath.workdps(reference.DIGITS)
    def __init__(self, case, network, step, number):
        self.case = case
        self.labels = case.data().labels
        self.before = reference.exact_weights(network, number)
        self.after = reference.exact_weights(network, number, step)
        scale = reference.scale(case.setting, case.widths)
        inputs = case.data().inputs
        self.start = [reference.exact_pass(self.before, scale, x) for x in inputs]
        self.end = [reference.exact_pass(self.after, scale, x) for x in inputs]
        self.first_order = [reference.exact_first_order(self.before, self.after, scale, x) for x in inputs]

    @mpmath.workdps(reference.DIGITS)
    def features(self, layer):
        """x̂_l − x̃_l, (n, m_l)."""
        return rounded([b.features[layer] - a.features[layer] for a, b in zip(self.start, self.end, strict=True)])

    def flips(self, layer):
        """Σ̂_l − Σ̃_l, (n, m_l)."""
        pairs = zip(self.start, self.end, strict=True)
        return np.array([np.subtract(b.patterns[layer], a.patterns[layer], dtype=float) for a, b in pairs])

    @mpmath.workdps(reference.DIGITS)
    def outputs(self):
        """f(Ŵ) − f(W̃), (n, k)."""
        return rounded([b.outputs - a.outputs for a, b in zip(self.start, self.end, strict=True)])

    def linear(self):
        """<∇f(W̃), Ŵ − W̃>, (n, k)."""
        return rounded(self.first_order)

    @mpmath.workdps(reference.DIGITS)
    def linearisation_error(self):
        """f(Ŵ) − f(W̃) − <∇f(W̃), Ŵ − W̃>, (n, k)."""
        triples = zip(self.start, self.end, self.first_order, strict=True)
        return rounded([b.outputs - a.outputs - linear for a, b, linear in triples])

    def loss_excess(self):
        """L(Ŵ) − L(W̃) − <∇L(W̃), Ŵ − W̃>."""
        before, after = ([one.outputs for one in passes] for passes in (self.start, self.end))
        setting, y = self.case.setting, self.labels
        with mpmath.workdps(reference.DIGITS):
            slope = reference.exact_loss_slope(setting, before, self.first_order, y)
            return float(reference.exact_loss(setting, after, y) - reference.exact_loss(setting, before, y) - slope)


def rounded(vectors):
    """Rows of floats; what is left of fifty digits, below 1e-40, is zero."""
    return np.array([[float(entry) if abs(entry) > 1e-40 else 0.0 for entry in vector] for vector in vectors])


@cache
def differing(case, size):
    """The difference under test: a rank-one step of every trained layer, its factors' product scaled to `size`."""
    network = case.network()
    direction = reference.some_changes(network, size=1.0, rank=1, name="step")
    return Difference(Trace(network, case.data().inputs), tuple(change.scaled(size) for change in direction))


@cache
def differences(case, size):
    """The difference under test, and the same in fifty digits for each initialisation."""
    difference = differing(case, size)
    network = difference.base.network
    return difference, [Exact(case, network, difference.step, number) for number in range(network.initialisations)]


@moved
@sizes
def test_features_and_flips_keep_their_digits(case, size):
    """x̂_l − x̃_l and Σ̂_l − Σ̃_l are those of fifty digits, in every layer."""
    difference, exact = differences(case, size)
    for (number, twin), layer in itertools.product(enumerate(exact), range(1, len(case.widths) + 1)):
        assert_resolved(difference.features[layer][number], twin.features(layer))
        assert_same(difference.flips[layer - 1][number], twin.flips(layer - 1))
    assert not difference.features[0].any()


@moved
@sizes
def test_output_differences_keep_their_digits(case, size):
    """f(Ŵ) − f(W̃) is that of fifty digits, and so is its first-order part."""
    difference, exact = differences(case, size)
    for number, twin in enumerate(exact):
        assert_resolved(difference.outputs[number], twin.outputs())
        assert_resolved(difference.linear[number], twin.linear())


@moved
@sizes
def test_the_linearisation_error_keeps_its_digits(case, size):
    """f(Ŵ) − f(W̃) − <∇f(W̃), Ŵ − W̃>, of second order between kinks, is that of fifty digits."""
    difference, exact = differences(case, size)
    for number, twin in enumerate(exact):
        assert_resolved(difference.linearisation_error[number], twin.linearisation_error())


@moved
@sizes
def test_the_excess_loss_keeps_its_digits(case, size):
    """L(Ŵ) − L(W̃) − <∇L(W̃), Ŵ − W̃>, of second order, is that of fifty digits."""
    difference, exact = differences(case, size)
    excess = difference.loss_excess(LOSSES[case.setting.loss], case.data().labels)
    assert_resolved(excess, [twin.loss_excess() for twin in exact])


@moved
@pytest.mark.parametrize("attack", ["place-on-kinks", "overshoot-kinks"])
def test_the_linearisation_error_across_kinks_keeps_its_digits(case, attack):
    """Where an attack crosses the kinks of the last layer, flips and linearisation error are those of fifty digits."""
    network = case.network()
    data = case.data()
    trace = Trace(network, data.inputs)
    ball, rng = Ball(case.setting.ball, 0.4), generator(stream(0))
    tilde, step = ATTACKS[attack](Target(trace, data.labels, ball, len(case.widths), 0, 0, rng))
    base = network.moved(tilde)
    difference = Difference(Trace(base, data.inputs), step)
    for number in range(network.initialisations):
        twin = Exact(case, base, step, number)
        for layer in range(len(case.widths)):
            assert_same(difference.flips[layer][number], twin.flips(layer))
        assert_resolved(difference.linearisation_error[number], twin.linearisation_error())


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_the_comparison_sees_flips(depth):
    """The largest step of these tests flips units at every depth, and the smallest flips none."""
    cases = [case for case in MOVED if len(case.widths) == depth]
    assert any(flips.any() for case in cases for flips in differing(case, SIZES[-1]).flips)
    assert not any(flips.any() for case in cases for flips in differing(case, SIZES[0]).flips)


@moved
def test_flips_are_differences_of_patterns(case):
    """Σ̂_l − Σ̃_l, as −1, 0, +1, is what two separate traces give."""
    difference = differing(case, 0.5)
    base = difference.base
    after = Trace(base.network.moved(difference.step), base.inputs)
    for flips, hat, tilde in zip(difference.flips, after.patterns, base.patterns, strict=True):
        assert_same(flips, hat.double() - tilde.double())


@moved
def test_the_three_parts_are_those_of_appendix_b2(case):
    """I_1, I_2 and I_3, as printed with dense matrices, are the parts, and add to the output difference."""
    difference = differing(case, 0.5)
    network, inputs = difference.base.network, difference.base.inputs
    scale = reference.scale(case.setting, case.widths)
    for number, example in itertools.product(range(2), range(case.n)):
        before, after = (reference.dense(network, number, step) for step in (None, difference.step))
        x, hidden = inputs[example], len(case.widths)
        (tilde_x, _), (hat_x, hat_z) = reference.layers(before, x), reference.layers(after, x)
        tilde, hat = reference.masks(before, x), reference.masks(after, x)
        flips = products = linear = torch.zeros(case.k, dtype=torch.float64)
        for layer in range(hidden, 0, -1):
            carry = scale * before[-1]
            for r in range(hidden, layer, -1):
                carry = carry @ tilde[r - 1] @ before[r - 1]
            change = after[layer - 1] - before[layer - 1]
            flips = flips + carry @ (hat[layer - 1] - tilde[layer - 1]) @ hat_z[layer - 1]
            products = products + carry @ tilde[layer - 1] @ change @ (hat_x[layer - 1] - tilde_x[layer - 1])
            linear = linear + carry @ tilde[layer - 1] @ change @ tilde_x[layer - 1]
        products = products + scale * (after[-1] - before[-1]) @ (hat_x[-1] - tilde_x[-1])
        linear = linear + scale * (after[-1] - before[-1]) @ tilde_x[-1]
        assert_close(difference.from_flips[number, example], flips)
        assert_close(difference.from_products[number, example], products)
        assert_close(difference.linear[number, example], linear)
        assert_close(difference.outputs[number, example], flips + products + linear)


@pytest.mark.parametrize("case", [case for case in SMALL if not case.moved], ids=str)
def test_a_dense_step_is_the_factored_step(case):
    """The distance to a network that somebody else trained gives the differences that its factors give."""
    network = case.network()
    factored = reference.some_changes(network, size=0.5)
    whole = tuple(DenseChange(change.materialise()) for change in factored)
    trace = Trace(network, case.data().inputs)
    one, other = Difference(trace, factored), Difference(trace, whole)
    assert_close(other.outputs, one.outputs)
    assert_close(other.from_products, one.from_products)
    assert_close(other.linear, one.linear)
    for a, b in zip(one.flips, other.flips, strict=True):
        assert_same(b, a)
    moved_there = Trace(network.moved(whole), case.data().inputs)
    assert_close(moved_there.outputs, Trace(network.moved(factored), case.data().inputs).outputs)


@pytest.mark.parametrize("unit", range(6))
def test_a_unit_exactly_on_its_kink_counts_as_inactive(unit):
    """Leaving zero upwards is a flip, reaching zero from above is one, and no other move to or from zero is."""
    before, after, flip = (
        (0.0, 1.0, 1.0),
        (0.0, 0.0, 0.0),
        (0.0, -1.0, 0.0),
        (1.0, 0.0, -1.0),
        (-1.0, 0.0, 0.0),
        (-1.0, 1.0, 1.0),
    )[unit]
    weights = torch.tensor([[[before], [2.0]]], dtype=torch.float64)
    outputs = torch.tensor([[[1.0, -1.0]]], dtype=torch.float64)
    network = assemble(CAO_GU_2020, [DenseMatrix(weights), DenseMatrix(outputs)], torch.zeros(1, dtype=torch.float64))
    step = DenseChange(torch.tensor([[[after - before], [0.0]]], dtype=torch.float64))
    difference = Difference(Trace(network, torch.ones(1, 1, dtype=torch.float64)), (step,))
    change = max(after, 0.0) - max(before, 0.0)
    assert_same(difference.flips[0], [[[flip, 0.0]]])
    assert_same(difference.features[1], [[[change, 0.0]]])
    assert_same(difference.linearisation_error, [[[change - (before > 0) * (after - before)]]])


@moved
def test_no_step_is_no_difference(case):
    """Ŵ = W̃ has differences of exactly zero."""
    network = case.network()
    difference = Difference(Trace(network, case.data().inputs), network.still())
    for part in (difference.outputs, difference.linear, difference.from_flips, difference.from_products):
        assert_same(part, torch.zeros(2, case.n, case.k))
    assert_same(difference.loss_excess(LOSSES[case.setting.loss], case.data().labels), torch.zeros(2))
