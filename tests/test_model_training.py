"""Gradient descent against a dense replay with autograd."""

import itertools
import math

import pytest
import torch

from lemmata.model.changes import DenseChange, LowRank, distances
from lemmata.model.losses import LOSSES
from lemmata.model.trace import Trace
from lemmata.model.training import follow, gradient_descent, stochastic_gradient_descent
from tests import reference
from tests.assertions import assert_close, assert_each_close, assert_same
from tests.reference import SMALL

STEPS = 10
STEP_SIZE = 0.05

small = pytest.mark.parametrize("case", SMALL, ids=str)


def trajectory(case, steps=STEPS):
    """The network that is trained, and its iterates."""
    network, data = case.network(), case.data()
    return network, list(gradient_descent(network, data.inputs, data.labels, step_size=STEP_SIZE, steps=steps))


def replay(case, network, number, **options):
    """Dense weights of one initialisation at W⁽⁰⁾, W⁽¹⁾, …"""
    scale = reference.scale(case.setting, case.widths)
    return reference.descent(reference.dense(network, number), scale, case.setting, case.data(), STEP_SIZE, **options)


@small
def test_iterates_are_those_of_dense_gradient_descent(case):
    """W⁽ᵗ⁺¹⁾ = W⁽ᵗ⁾ − η ∇L(W⁽ᵗ⁾) in every trained layer, for ten steps; what is not trained does not move."""
    network, iterates = trajectory(case)
    assert [iterate.step for iterate in iterates] == list(range(STEPS + 1))
    for number in range(network.initialisations):
        for iterate, weights in zip(iterates, replay(case, network, number), strict=False):
            for layer, weight in enumerate(weights):
                assert_close(iterate.trace.network.materialise(layer)[number], weight)


@small
def test_changes_are_distances_from_the_start(case):
    """The changes of an iterate, added to W⁽⁰⁾, are the network of its trace; the first are none."""
    network, iterates = trajectory(case)
    assert not any(change.rank for change in iterates[0].changes)
    for iterate in iterates:
        assert all(isinstance(change, LowRank) for change in iterate.changes)
        there = Trace(network.moved(iterate.changes), case.data().inputs)
        assert_same(there.outputs, iterate.trace.outputs)


@small
def test_factors_stay_small(case):
    """After t steps a change has at most t · n columns, and never more than its matrix or its first gradient has."""
    network, iterates = trajectory(case)
    for iterate in iterates:
        for change, shape in zip(iterate.changes, network.architecture.shapes, strict=False):
            assert change.rank <= min(iterate.step * case.n, max(case.n, min(shape)))


@pytest.mark.parametrize("case", [case for case in SMALL if len(case.widths) > 1 and case.moved], ids=str)
def test_updating_layers_one_after_another_is_another_algorithm(case):
    """The comparison is able to fail: with each gradient taken after the layers below have moved, it does."""
    network, (*_, last) = trajectory(case, steps=2)
    *_, weights = itertools.islice(replay(case, network, 0, together=False), 3)
    moved = torch.cat([last.trace.network.materialise(layer)[0].flatten() for layer in range(len(weights))])
    with pytest.raises(AssertionError):
        assert_close(moved, torch.cat([weight.flatten() for weight in weights]))


def test_iterates_come_one_at_a_time():
    """A caller that stops early pays for nothing further; no step yields W⁽⁰⁾ alone."""
    case = SMALL[0]
    data = case.data()
    run = gradient_descent(case.network(), data.inputs, data.labels, step_size=STEP_SIZE, steps=10**9)
    assert next(run).step == 0
    assert next(run).step == 1
    assert len(trajectory(case, steps=0)[1]) == 1


@pytest.mark.parametrize(("step_size", "steps"), [(0.0, 1), (-0.1, 1), (math.nan, 1), (0.1, -1)])
def test_bad_arguments_are_refused(step_size, steps):
    """A step size that is not positive, or a negative number of steps."""
    case = SMALL[0]
    data = case.data()
    with pytest.raises(ValueError, match="step_size="):
        next(gradient_descent(case.network(), data.inputs, data.labels, step_size=step_size, steps=steps))


def test_labels_decide_the_direction():
    """A step lowers the loss on its own labels, and raises it on their negatives."""
    case = SMALL[1]
    data = case.data()
    _, (before, after) = trajectory(case, steps=1)
    for sign in (1, -1):
        losses = [reference.loss(case.setting, at.trace.outputs[0], sign * data.labels) for at in (before, after)]
        assert torch.sign(losses[1] - losses[0]) == -sign


@small
def test_a_run_keeps_the_numbers_of_its_iterates(case):
    """Outputs, losses, gradient norms and distances are those of the iterates, held whole or factored."""
    network, iterates = trajectory(case)
    data = case.data()
    run = follow(network, data.inputs, data.labels, step_size=STEP_SIZE, steps=STEPS, twice=lambda at: at.trace.outputs)
    assert run.steps == STEPS
    for step, iterate in enumerate(iterates):
        f = iterate.trace.outputs
        assert_each_close(run.outputs[:, step], f)
        assert_each_close(run.seen["twice"][:, step], f)
        assert_each_close(run.distances[:, step], distances(iterate.changes, case.setting.ball))
        for number in range(network.initialisations):
            assert_close(float(run.losses[number, step]), float(reference.loss(case.setting, f[number], data.labels)))
        slopes = LOSSES[case.setting.loss].slopes(f, data.labels)
        assert_each_close(run.gradients[:, step], iterate.trace.batch_gradient_norms(slopes))


def test_a_run_ends_when_every_initialisation_is_done():
    """The first step below a level is per initialisation, and infinite where it is never reached."""
    case = SMALL[1]
    data = case.data()

    def halved(loss, error):
        return loss < level

    level = 0.0
    whole = follow(case.network(), data.inputs, data.labels, step_size=STEP_SIZE, steps=30, until=halved)
    assert whole.steps == 30
    assert whole.first(whole.losses < level).isinf().all()
    level = float(whole.losses[:, 20].max())
    run = follow(case.network(), data.inputs, data.labels, step_size=STEP_SIZE, steps=30, until=halved)
    assert run.steps < 30
    reached = run.first(run.losses < level)
    for number, step in enumerate(reached.int().tolist()):
        assert run.losses[number, step] < level
        assert step == 0 or run.losses[number, step - 1] >= level


@small
def test_batches_decide_each_step(case):
    """A step on some examples is gradient descent on those alone; all of them at once is the full batch."""
    network, data = case.network(), case.data()
    options = {"step_size": STEP_SIZE, "batches": [[0], range(len(data.inputs))]}
    first, second, last = stochastic_gradient_descent(network, data.inputs, data.labels, **options)
    alone = gradient_descent(network, data.inputs[:1], data.labels[:1], step_size=STEP_SIZE, steps=1)
    *_, moved = alone
    assert [at.step for at in (first, second, last)] == [0, 1, 2]
    for layer in range(network.trained):
        assert_close(second.trace.network.materialise(layer), moved.trace.network.materialise(layer))
    assert first.trace.inputs.shape[0] == 1
    assert last.trace.inputs.shape == data.inputs.shape


def test_a_layer_is_held_whole_once_its_factors_are_larger():
    """Compact or not, the iterates are the same networks."""
    case = SMALL[1]
    data = case.data()
    options = {"step_size": STEP_SIZE, "steps": 40}
    *_, factored = gradient_descent(case.network(), data.inputs, data.labels, **options)
    *_, compact = gradient_descent(case.network(), data.inputs, data.labels, **options, compact=True)
    assert any(isinstance(change, DenseChange) for change in compact.changes)
    for layer in range(case.network().trained):
        assert_close(compact.trace.network.materialise(layer), factored.trace.network.materialise(layer))


def test_every_initialisation_may_have_its_own_step_size():
    """A tensor of step sizes gives the runs that its entries give one by one."""
    case = SMALL[0]
    network, data = case.network(), case.data()
    sizes = torch.linspace(0.01, 0.1, network.initialisations, dtype=torch.float64)
    together = follow(network, data.inputs, data.labels, step_size=sizes, steps=STEPS)
    for number, size in enumerate(sizes.tolist()):
        alone = follow(network, data.inputs, data.labels, step_size=size, steps=STEPS)
        assert_close(together.losses[number], alone.losses[number])
        assert_close(together.distances[number], alone.distances[number])


@pytest.mark.parametrize("bad", [[0.1, 0.0], [0.1, -1.0], [0.1, math.nan]])
def test_every_step_size_is_positive(bad):
    """One that is not is refused, before anything is computed."""
    case = SMALL[0]
    network, data = case.network(), case.data()
    with pytest.raises(ValueError, match="step_size"):
        follow(network, data.inputs, data.labels, step_size=torch.tensor(bad), steps=1)


def test_every_initialisation_may_have_its_own_sample():
    """Inputs (S, n, d) and labels (S, n, k) give each the run it makes alone, with whole batches and with parts."""
    case = next(case for case in SMALL if case.setting.loss == "square")
    network, data = case.network(), case.data()
    count = network.initialisations
    labels = torch.stack([data.labels * (1 + number) for number in range(count)])
    inputs = torch.stack([data.inputs.roll(number, -1) for number in range(count)])
    batches = [range(len(data.inputs)), [0], [1, 0]]
    options = {"step_size": STEP_SIZE, "batches": batches}
    *_, together = stochastic_gradient_descent(network, inputs, labels, **options)
    for number in range(count):
        *_, last = stochastic_gradient_descent(network.alone(number), inputs[number], labels[number], **options)
        assert_close(together.trace.outputs[[number]], last.trace.outputs)


def test_every_initialisation_may_have_its_own_batches():
    """Batches (S, B) give each initialisation the run it makes alone with its own."""
    for case in SMALL[:2]:
        network, data = case.network(), case.data()
        count, n = network.initialisations, len(data.inputs)
        options = {"step_size": STEP_SIZE, "compact": True}
        own = torch.stack([torch.randperm(n, generator=torch.Generator().manual_seed(s))[:2] for s in range(count * 3)])
        batches = own.view(3, count, 2)
        assert not (batches[:, :1] == batches).all()
        *_, together = stochastic_gradient_descent(network, data.inputs, data.labels, batches=batches, **options)
        for number in range(count):
            alone = stochastic_gradient_descent(
                network, data.inputs, data.labels, batches=batches[:, number].tolist(), **options
            )
            *_, last = alone
            assert_close(together.trace.outputs[number], last.trace.outputs[number])


def test_a_run_without_distances_is_the_same_run():
    """Everything else that is kept is kept alike."""
    case = SMALL[0]
    network, data = case.network(), case.data()
    near, far = (
        follow(network, data.inputs, data.labels, step_size=STEP_SIZE, steps=3, far=far) for far in (False, True)
    )
    assert near.distances.shape == (network.initialisations, 4, 0)
    assert_same(near.losses, far.losses)
    assert_same(near.gradients, far.gradients)


def test_what_comes_after_its_end_is_no_initialisation_s_own():
    """Of iterates and of steps the last again, while a run goes on for others; of a whole run everything."""
    case = SMALL[0]
    network, data = case.network(), case.data()
    start = follow(network, data.inputs, data.labels, step_size=STEP_SIZE, steps=STEPS)
    bar = start.losses[:, 3].amax()
    run = follow(
        network, data.inputs, data.labels, step_size=STEP_SIZE, steps=STEPS, until=lambda losses, _: losses <= bar
    )
    assert run.ends.tolist() == run.first(run.losses <= bar).tolist()
    assert len(set(run.ends.tolist())) > 1
    for number, end in enumerate(run.ends.tolist()):
        own, steps = run.own(run.losses)[number], run.own(run.losses[:, 1:] - run.losses[:, :-1])[number]
        assert_same(own[: end + 1], run.losses[number, : end + 1])
        assert bool((own[end:] == own[end]).all())
        assert bool((steps[end - 1 :] == steps[end - 1]).all())
    assert_same(start.own(start.losses), start.losses)
