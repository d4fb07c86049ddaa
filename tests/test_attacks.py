"""Attacks against brute force, certificates and their limits; none leaves the ball."""

import ast
import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from lemmata.claims import REGISTRY
from lemmata.claims.case import Recipe, draw
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.measuring import search
from lemmata.claims.measuring.ascent import ascend
from lemmata.claims.measuring.checks import OUTSIDE, check_inside
from lemmata.claims.measuring.evaluation import evaluate, worst_signed
from lemmata.claims.measuring.units import crossed
from lemmata.model import attacks as package
from lemmata.model import limits
from lemmata.model.attacks import ATTACKS, Attack, Informed, Target, distinct
from lemmata.model.attacks.spending import across, affordable, price
from lemmata.model.ball import Ball
from lemmata.model.changes import LowRank, add, distances
from lemmata.model.data import Dataset, generate
from lemmata.model.difference import Difference
from lemmata.model.losses import LOSSES
from lemmata.model.network import Architecture, initialise
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import CAO_GU_2019_SLIDES, CAO_GU_2020, SETTINGS, ZOU_GU_2019
from lemmata.model.trace import Trace
from tests import reference
from tests.assertions import (
    assert_at_most,
    assert_close,
    assert_each_close,
    assert_limit,
    assert_reaches,
    assert_same,
)

attacks = pytest.mark.parametrize("attack", ATTACKS)
settings = pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.id)


def target(setting, widths, radius, *, n=1, count=1, layer=1, example=0, k=1, seed=0, norm=None):
    """What an attack reads: `count` initialisations at W⁽⁰⁾, inputs on the sphere, and the setting's ball."""
    seeds = [stream(seed, "adversary", number) for number in range(count)]
    network = initialise(setting, Architecture(5, widths, k), seeds)
    data = generate("sphere", n=n, d=5, setting=setting, rng=generator(stream(seed, "points")), k=k)
    trace = Trace(network, data.inputs)
    return Target(
        trace, data.labels, Ball(norm or setting.ball, radius), layer, example, k - 1, generator(stream(seed))
    )


def difference(aim, pair):
    """Ŵ against W̃."""
    return Difference(Trace(aim.trace.network.moved(pair.tilde), aim.trace.inputs), pair.step)


def prices(aim):
    """|z_j| / ‖x_{l−1}‖: what flipping unit j costs, (S, m), by numpy."""
    z = aim.trace.preactivations[aim.layer - 1][:, aim.example].numpy()
    x = aim.trace.features[aim.layer - 1][:, aim.example].numpy()
    return np.abs(z) / np.linalg.norm(x, axis=-1, keepdims=True)


def flips(aim, attack):
    """Units of the layer and example aimed at that differ between W̃ and Ŵ, (S,)."""
    found = difference(aim, ATTACKS[attack](aim))
    return found.flips[aim.layer - 1][:, aim.example].abs().sum(-1)


def last_gradient(network, inputs, slopes):
    """Σ_i slope_i ∇_{W_L} f(x_i), (S, m_L, m_{L−1}), dense."""
    return Trace(network, inputs).gradient(slopes)[-1].materialise()


def shortened(aim):
    """Squared norm that the last layer's gradient of the loss loses, at the slopes of W⁽⁰⁾, and those slopes."""
    slopes = LOSSES["cross-entropy"].slopes(aim.trace.outputs, aim.labels)
    network, x = aim.trace.network, aim.trace.inputs
    moved = network.moved(ATTACKS["weaken-gradient"](aim).step)
    before, after = (last_gradient(one, x, slopes).square().sum((-2, -1)) for one in (network, moved))
    return before - after, slopes


@pytest.mark.parametrize("widths", [(40,), (30, 24)], ids=str)
def test_weakening_the_gradient_of_one_example_switches_the_cheapest_units_off(widths):
    """As many active units as the radius pays for, each worth slope² ‖x_{L−1}‖²."""
    aim = target(CAO_GU_2020, widths, 0.3, count=4, layer=len(widths))
    lost, slopes = shortened(aim)
    active, x = aim.trace.patterns[-1][:, 0].numpy(), aim.trace.features[-2][:, 0]
    spent = [np.cumsum(np.sort(price[on]) ** 2) for price, on in zip(prices(aim), active, strict=True)]
    bought = torch.tensor([float((total <= 0.09).sum()) for total in spent])
    assert bool((bought > 0).all())
    assert_close(lost, bought * slopes[:, 0, 0].square() * x.square().sum(-1))


@pytest.mark.parametrize("n", [2, 5])
@pytest.mark.parametrize("widths", [(40,), (30, 24)], ids=str)
def test_weakened_gradients_of_several_examples_are_shorter(n, widths):
    """A row that crosses one example's kink may cross another's, and still the gradient gets shorter."""
    lost, _ = shortened(target(CAO_GU_2020, widths, 0.1, n=n, count=4, layer=len(widths)))
    assert bool((lost > 0).all())


# -------------------------------------------------------------------------------------------------- what a record says


def found_at(name, setting, **aim):
    """The pair that an attack finds where it is aimed so, one tensor per layer of W̃ and of the step.

    With three outputs the first network fits its labels: attacks on kinks tell outputs apart where no slope does.
    """
    k = 3 if setting is ZOU_GU_2019 else 1
    aimed = replace(target(setting, (12, 10, 8), 0.3, n=3, count=4, layer=3, k=k), output=0)
    aimed = replace(aimed, labels=aimed.trace.outputs[0]) if k > 1 else aimed

    def unseen(examples):
        return generate("sphere", n=examples, d=5, setting=setting, rng=generator(stream(9)), k=k)

    return [change.materialise() for pair in ATTACKS[name](replace(aimed, unseen=unseen, **aim)) for change in pair]


@pytest.mark.parametrize(("what", "elsewhere"), [("layer", (1, 2)), ("example", (1, 2)), ("output", (1, 2))])
@attacks
def test_an_attack_distinguishes_what_its_record_says(attack, what, elsewhere):
    """Aimed elsewhere it finds another pair, or the same to the last bit where its record has no such aim."""
    for setting in (ZOU_GU_2019,) if what == "output" else (ZOU_GU_2019, CAO_GU_2020):
        here = found_at(attack, setting)
        pairs = [found_at(attack, setting, **{what: there}) for there in elsewhere]
        same = all(torch.equal(a, b) for pair in pairs for a, b in zip(here, pair, strict=True))
        assert same != any(aim.endswith(what) for aim in ATTACKS[attack].aims)


def test_aims_become_layers_examples_and_outputs():
    """All of what is distinguished, and one of the rest: the last layer, the first example and output."""
    every = Attack("every", ATTACKS["stay"], ("layer", "example", "output"), Informed.NOTHING)
    assert [list(every.layers(3)), list(every.examples(2)), list(every.outputs(2))] == [[1, 2, 3], [0, 1], [0, 1]]
    for aims in ((), ("last layer",)):
        none = replace(every, aims=aims)
        assert [list(none.layers(3)), list(none.examples(2)), list(none.outputs(2))] == [[3], [0], [0]]


@attacks
def test_an_attack_needs_what_its_name_says(attack):
    """Through all layers, "deep", it needs a second one; on all examples, "together", a second one of them."""
    needs = [need for word, need in (("deep", "depth"), ("together", "examples")) if attack.endswith(word)]
    assert list(ATTACKS[attack].needs) == needs


@pytest.mark.parametrize("hidden", [1, 2])
@pytest.mark.parametrize("examples", [1, 2])
def test_attacks_whose_needs_are_not_met_are_left_out(hidden, examples):
    """With one layer or one example; the order of the others stays."""
    left = distinct(list(ATTACKS), hidden, examples)
    unmet = {need for need, size in (("depth", hidden), ("examples", examples)) if size == 1}
    assert left == [name for name, one in ATTACKS.items() if not unmet & set(one.needs)]


@pytest.mark.parametrize(
    ("name", "record", "error", "named"),
    [
        ("new", {}, TypeError, "aims"),
        ("new", {"aims": ("neuron",)}, ValueError, "neuron"),
        ("new", {"aims": (), "needs": ("width",)}, ValueError, "width"),
        ("stay", {"aims": ()}, ValueError, "stay"),
    ],
)
def test_a_record_must_say_what_is_aimed_at(name, record, error, named):
    """Aims are never understood; an aim or a need that there is not, or a name that is taken, is refused by name."""
    with pytest.raises(error, match=named):
        package.attack(name, informed=Informed.CHANCE, **record)(ATTACKS["stay"].find)
    assert "new" not in ATTACKS


@pytest.mark.parametrize(
    ("names", "search"),
    [
        (("stay", "random", "descend"), "sampled"),
        (("random", "along-gradient"), "ascent"),
        (("stay", "place-on-kinks"), "ascent"),
    ],
    ids=str,
)
def test_a_search_is_sampled_where_no_attack_knows_the_gradient(names, search):
    """Random points and training are samples of the ball; whatever knows more leads somewhere."""
    member = replace(REGISTRY["cao-gu-2020/lemma-5.2b"], attacks=names, exact=lambda _: False)
    assert member.search(Configuration()) == search


def test_every_attack_in_a_file_is_found():
    """The package imports every file that decorates a function with `attack`."""
    written = set()
    for path in Path(package.__file__).parent.glob("*.py"):
        functions = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef))
        calls = (one for function in functions for one in function.decorator_list if isinstance(one, ast.Call))
        written |= {call.args[0].value for call in calls if call.func.id == "attack"}
    assert written == set(ATTACKS)


# ------------------------------------------------------------------------------------------------------ inside the ball


@attacks
@pytest.mark.parametrize(
    ("setting", "norm"),
    [
        (CAO_GU_2020, "frobenius"),
        (CAO_GU_2020, "spectral"),
        (ZOU_GU_2019, "spectral"),
        (CAO_GU_2019_SLIDES, "frobenius"),
    ],
    ids=lambda one: getattr(one, "id", one),
)
@pytest.mark.parametrize("radius", [0.0, 1e-3, 0.5])
def test_no_attack_leaves_the_ball(attack, setting, norm, radius):
    """W̃ and Ŵ lie within the radius of W⁽⁰⁾ in every layer, with either norm, wherever the attack is aimed."""
    widths = (8, 6, 10)
    for layer, example in ((1, 0), (3, 1)):
        aim = target(setting, widths, radius, n=2, count=3, layer=layer, example=example, norm=norm)
        tilde, step = ATTACKS[attack](aim)
        for changes in (tilde, add(tilde, step)):
            assert len(changes) == aim.trace.network.trained
            assert aim.ball.contains(changes).all()
            dense = [
                np.linalg.norm(change.materialise(), 2 if norm == "spectral" else "fro", (1, 2)) for change in changes
            ]
            assert_at_most(np.max(dense), radius * (1 + 1e-12))


@attacks
@pytest.mark.parametrize("setting", [CAO_GU_2020, CAO_GU_2019_SLIDES], ids=lambda setting: setting.id)
@pytest.mark.parametrize("widths", [(2,), (2, 2, 2)], ids=str)
def test_no_attack_is_undefined_on_tiny_networks(attack, setting, widths):
    """Layers of two units, many of them dead, leave every attack finite and inside the ball."""
    aim = target(setting, widths, 0.1, count=40, layer=len(widths))
    tilde, step = ATTACKS[attack](aim)
    assert aim.ball.contains(tilde).all()
    assert aim.ball.contains(add(tilde, step)).all()
    assert torch.isfinite(difference(aim, ATTACKS[attack](aim)).outputs).all()


@pytest.mark.parametrize("attack", sorted(set(ATTACKS) - {"random", "descend"}))
def test_attacks_do_not_mix_initialisations(attack):
    """The pair found for several initialisations is the pair found for each alone; two attacks share draws or steps."""
    together = target(CAO_GU_2020, (8, 6), 0.1, n=2, count=3, layer=2, example=1)
    pair = ATTACKS[attack](together)
    found = difference(together, pair)
    for number in range(3):
        network = initialise(CAO_GU_2020, Architecture(5, (8, 6)), [stream(0, "adversary", number)])
        trace = Trace(network, together.trace.inputs)
        alone = Target(trace, together.labels, together.ball, 2, 1, 0, generator(stream(0)))
        assert_close(1 + difference(alone, ATTACKS[attack](alone)).outputs[0], 1 + found.outputs[number])


@attacks
def test_ascent_starts_from_whatever_is_not_on_its_kinks(attack):
    """Where a short step crosses units that are within a hair of their kinks, the record says that it is no start."""
    aim = target(CAO_GU_2020, (30, 30), 0.1, n=2, layer=2)
    tilde, step = ATTACKS[attack](aim)
    there = Trace(aim.trace.network.moved(tilde), aim.trace.inputs)
    nearest = torch.stack([(z.abs() / z.square().mean(-1, keepdim=True).sqrt()).amin() for z in there.preactivations])
    short = 0 < float(distances(step, "frobenius").amax()) < 0.01 * aim.ball.radius
    assert ATTACKS[attack].ascends != (short and bool(nearest.amin() < 1e-4))


def test_staying_is_no_change():
    """W̃ = Ŵ = W⁽⁰⁾."""
    tilde, step = ATTACKS["stay"](target(ZOU_GU_2019, (8, 6), 0.1, k=2))
    assert not any(change.rank for change in (*tilde, *step))


# -------------------------------------------------------------------------------------------------------- flipped units


@pytest.mark.parametrize("width", [2, 6, 10])
@pytest.mark.parametrize("radius", [0.01, 0.2, 0.6, 3.0])
def test_flipping_from_the_start_is_optimal(width, radius):
    """In one layer and example no set of units that the radius pays for is larger, over all 2^m sets."""
    aim = target(CAO_GU_2020, (width,), radius, count=30)
    assert_same(flips(aim, "flip-units"), [reference.most_flips(price, radius**2) for price in prices(aim)])


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_flips_of_a_deeper_layer_are_as_many_as_its_own_radius_pays_for(layer):
    """Aimed at any layer, the change of that layer alone flips the largest affordable set."""
    aim = target(CAO_GU_2020, (6, 8, 10), 0.4, n=2, count=20, layer=layer, example=1)
    assert_same(flips(aim, "flip-units"), [reference.most_flips(price, 0.16) for price in prices(aim)])


@pytest.mark.parametrize("width", [2, 4, 6])
@pytest.mark.parametrize("radius", [0.1, 0.3, 0.6, 1.0])
def test_flipping_on_both_sides_is_at_most_one_unit_short_of_optimal(width, radius):
    """Alternating between W̃ and Ŵ flips all units but at most one of the best of all 3^m assignments.

    Let k units be affordable, so that the squared prices of the k cheapest sum to 2τ² at most. Sorted, the odd ones
    up to the 2p-th cost no more than the even ones, and the even ones no more than the odd ones after the first; so
    the two purses buy ⌊k/2⌋ and ⌊(k − 1)/2⌋ units at least, k − 1 together.
    """
    aim = target(CAO_GU_2020, (width,), radius, count=60)
    found = flips(aim, "flip-units-apart").numpy()
    best = np.array([reference.most_flips_apart(price, radius**2) for price in prices(aim)])
    assert_at_most(found, best)
    assert_at_most(best - 1.0, found)


def test_flipping_on_both_sides_may_be_one_unit_short():
    """Squared prices 1, 1, 2 and two purses of 2 buy three units; alternation, 1 + 2 against 1, buys two."""
    aim = target(CAO_GU_2020, (4,), 1.0)
    # ‖x‖ = 1 and budget τ² = 1: squared prices 0.45, 0.46, 0.95 and one out of reach.
    z = torch.tensor([0.45, 0.46, 0.95, 25.0], dtype=torch.float64).sqrt()
    aim.trace.network.matrices[0].weight[0] = torch.outer(z, aim.trace.inputs[0])
    assert reference.most_flips_apart(prices(aim)[0], 1.0) == 3
    assert flips(aim, "flip-units-apart") == 2


def test_flipping_on_both_sides_finds_more_than_one_side():
    """The pair flips at least what one side does, and somewhere more."""
    aim = target(CAO_GU_2020, (40,), 0.3, count=20)
    one, both = flips(aim, "flip-units"), flips(aim, "flip-units-apart")
    assert (both >= one).all()
    assert (both > one).any()


@pytest.mark.parametrize("radius", [0.05, 0.3, 3.0])
def test_switching_on_is_optimal(radius):
    """As many units become active as the radius can pay for among the inactive, and none becomes inactive."""
    aim = target(CAO_GU_2020, (10,), radius, count=20)
    found = difference(aim, ATTACKS["switch-on"](aim)).flips[0][:, 0]
    assert (found >= 0).all()
    inactive = ~aim.trace.patterns[0][:, 0].numpy()
    best = [
        reference.most_flips(price[off], radius**2) if off.any() else 0
        for price, off in zip(prices(aim), inactive, strict=True)
    ]
    assert_same(found.sum(-1), best)


# -------------------------------------------------------------------------------------------------- linearisation error


def signed(aim):
    """z and g of the units whose g has the sign that raises the loss, one array per initialisation."""
    slope = LOSSES[aim.trace.network.setting.loss].slopes(aim.trace.outputs, aim.labels)[:, aim.example, aim.output]
    z, g = aim.preactivation().numpy(), aim.signal().numpy()
    keep = (slope.sign()[:, None].numpy() * g) > 0
    return [(z_s[k], g_s[k]) for z_s, g_s, k in zip(z, g, keep, strict=True)]


def error(aim, attack):
    """Linearisation error of the example and output aimed at, in the direction that raises the loss, (S,)."""
    found = difference(aim, ATTACKS[attack](aim)).linearisation_error[:, aim.example, aim.output]
    slope = LOSSES[aim.trace.network.setting.loss].slopes(aim.trace.outputs, aim.labels)[:, aim.example, aim.output]
    assert (found * slope >= 0).all()
    return found.abs()


@pytest.mark.parametrize("radius", [0.1, 0.5, 2.0])
def test_brute_force_finds_the_supremum_of_the_linearisation_error(radius):
    """A constrained optimiser, started along every set of units, reaches it and never exceeds it."""
    aim = target(ZOU_GU_2019, (6,), radius, count=3)
    for z, g in signed(aim):

        def loss(displacement, z=z, g=g):
            return -np.sum(np.abs(g) * np.maximum(np.abs(displacement) - np.abs(z), 0.0))

        def inside(displacement):
            return radius**2 - np.sum(displacement**2)

        best = 0.0
        for units in itertools.product((0.0, 1.0), repeat=len(z)):
            start = radius * np.array(units) / max(sum(units) ** 0.5, 1.0)
            found = minimize(loss, start, constraints={"type": "ineq", "fun": inside}, method="SLSQP").x
            best = max(best, -loss(found * min(1.0, radius / max(np.linalg.norm(found), 1e-300))))
        supremum = reference.largest_kink_error(z, g, radius)
        assert_at_most(best, supremum)
        assert_limit(best, supremum)


@pytest.mark.parametrize("setting", [CAO_GU_2020, ZOU_GU_2019, CAO_GU_2019_SLIDES], ids=lambda s: s.id)
@pytest.mark.parametrize("radius", [0.05, 0.5, 2.0])
def test_no_attack_from_the_start_exceeds_the_supremum(setting, radius):
    """The linearisation error from W⁽⁰⁾ at one layer never exceeds the brute-force supremum of either sign."""
    aim = target(setting, (10,), radius, count=20)
    for attack in ("overshoot-kinks", "flip-units", "switch-on"):
        found = difference(aim, ATTACKS[attack](aim)).linearisation_error[:, 0, 0].abs()
        for number, value in enumerate(found):
            z, g = aim.preactivation()[number].numpy(), aim.signal()[number].numpy()
            suprema = [reference.largest_kink_error(z[side], g[side], radius) for side in (g > 0, g < 0)]
            assert_at_most(value, max(suprema))


@pytest.mark.parametrize("radius", [0.05, 0.3, 1.0, 3.0])
def test_overshooting_is_at_most_one_unit_short_of_optimal(radius):
    """With V = ±1 the error falls short of the supremum by less than τ(√p − √(p−1) − 1/(2√p)), p units crossed.

    The optimum crosses the p cheapest units, the largest p with |z_p| < τ(√p − √(p−1)) < τ / (2√(p−1)); the attack
    those with |z_p| ≤ τ / (2√p), hence p or p − 1 of them. The bound is τ/2 at p = 1, and below τ / (7 p^{3/2}) from
    p = 2 on.
    """
    aim = target(CAO_GU_2020, (12,), radius, count=60)
    found = error(aim, "overshoot-kinks").numpy()
    for value, (z, g) in zip(found, signed(aim), strict=True):
        assert_same(np.abs(g), np.ones_like(g))
        ordered = np.sort(np.abs(z))
        gains = [radius * math.sqrt(p) - ordered[:p].sum() for p in range(len(z) + 1)]
        p = int(np.argmax(gains))
        assert_close(1 + max(gains), 1 + reference.largest_kink_error(z, g, radius))
        short = radius * (math.sqrt(p) - math.sqrt(p - 1) - 1 / (2 * math.sqrt(p))) if p else 0.0
        assert_at_most(value, max(gains))
        assert_at_most(max(gains) - short, value + 1e-8 * radius * math.sqrt(max(p, 1)))


def most_affordable(z, budget):
    """The largest number of the given units whose squared prices sum to at most `budget`."""
    return int((np.cumsum(np.sort(z**2)) <= budget).sum())


@pytest.mark.parametrize("radius", [0.02, 0.2])
def test_overshooting_all_layers_is_overshooting_where_there_is_one(radius):
    """With one layer, one example and the same sign both find the same error, but for a unit of about twenty."""
    aim = target(CAO_GU_2020, (400,), radius, count=6)
    one = difference(aim, ATTACKS["overshoot-kinks"](aim)).linearisation_error
    all_layers = difference(aim, ATTACKS["overshoot-kinks-deep"](aim)).linearisation_error
    assert_reaches(aim.harmful_sign() * all_layers[:, 0], 0.97 * aim.harmful_sign() * one[:, 0])


@pytest.mark.parametrize("norm", ["frobenius", "spectral"])
def test_overshooting_all_layers_finds_more_than_one_layer_does(norm):
    """Of either sign, and for all examples of a sum."""
    aim = target(CAO_GU_2020, (64, 64), 0.1, count=4, n=3, layer=2, norm=norm)
    slopes = LOSSES[CAO_GU_2020.loss].slopes(aim.trace.outputs, aim.labels)

    def errors(name, **where):
        here = replace(aim, **where)
        return difference(here, ATTACKS[name](here)).linearisation_error

    single = torch.maximum(errors("overshoot-kinks", layer=1), errors("overshoot-kinks"))[:, 0]
    sign = aim.harmful_sign()
    assert ((sign * errors("overshoot-kinks-deep")[:, 0]) > 1.2 * sign * single).all()
    assert ((-sign * errors("overshoot-lowering-kinks")[:, 0]) > 0).all()
    total = (slopes * errors("overshoot-kinks-together")).sum((1, 2))
    assert (total > (slopes * errors("overshoot-kinks-deep")).sum((1, 2))).all()


def test_descent_falls_short_of_its_first_order_by_the_units_above_their_kinks():
    """A short step of descent lowers them and crosses: the loss falls by less than at W⁽⁰⁾, over the gradient."""
    aim = target(CAO_GU_2020, (256,), 0.1, count=4)
    loss = LOSSES[CAO_GU_2020.loss]
    pair = ATTACKS["place-above-kinks"](aim)
    short = []
    for trace in (aim.trace, Trace(aim.trace.network.moved(pair.tilde), aim.trace.inputs)):
        gradient = trace.gradient(loss.slopes(trace.outputs, aim.labels))
        step = tuple(layer.scaled(-1e-6) for layer in gradient)
        short.append(Difference(trace, step).loss_excess(loss, aim.labels) / (1e-6 * gradient[0].frobenius().square()))
    assert (short[1] > 0.05).all()
    assert (short[1] > 10 * short[0].abs()).all()


@pytest.mark.parametrize(("norm", "dual"), [("frobenius", "fro"), ("spectral", "nuc")])
def test_the_steepest_change_attains_the_dual_norm(norm, dual):
    """Radius times the slope's Frobenius norm, or its nuclear norm; a slope of lower rank than columns has no more."""
    rng = torch.Generator().manual_seed(5)
    left, right = (torch.randn((2, size, 3), generator=rng, dtype=torch.float64) for size in (7, 5))
    slope = LowRank(left[..., [0, 1, 2, 0]], right[..., [0, 1, 2, 0]])
    ball = Ball(norm, 0.3)
    found = ball.steepest(slope)
    inner = (found.materialise() * slope.materialise()).sum((1, 2))
    assert_each_close(inner, 0.3 * torch.linalg.matrix_norm(slope.materialise(), dual))
    assert ball.contains((found,)).all()


@pytest.mark.parametrize("radius", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("setting", [CAO_GU_2020, ZOU_GU_2019], ids=lambda s: s.id)
def test_placing_on_kinks_attains_its_norm_and_respects_its_certificate(setting, radius):
    """At one layer the error per unit step is ‖g‖ over the placed units, and no pair exceeds the certificate.

    A unit that differs between W̃ and Ŵ has |ẑ| ≤ |ẑ − z̃|, and both together have spent at least its squared price;
    so the error is at most ‖step‖ times the norm of g over units of one sign that 2τ² pays for. With V = ±1 that is
    √(number of affordable units).
    """
    aim = target(setting, (40,), radius, count=30)
    pair = ATTACKS["place-on-kinks"](aim)
    step = pair.step[0].spectral().numpy()
    value = error(aim, "place-on-kinks").numpy()
    for number, (z, g) in enumerate(signed(aim)):
        order = np.argsort(np.abs(z / g))
        paid = np.cumsum(z[order] ** 2)
        placed = g[order][paid <= radius**2]
        certificate = math.sqrt(np.sum(np.sort(g**2)[::-1][: most_affordable(z, 2 * radius**2)]))
        assert_at_most(value[number], certificate * step[number])
        assert_reaches(value[number], np.linalg.norm(placed) * step[number])
        if setting is CAO_GU_2020:
            assert_close(certificate**2, float(most_affordable(z, 2 * radius**2)))
            assert_close(np.linalg.norm(placed) ** 2, float(most_affordable(z, radius**2)))


@pytest.mark.parametrize("setting", [CAO_GU_2020, CAO_GU_2019_SLIDES], ids=lambda s: s.id)
@pytest.mark.parametrize(
    ("attack", "widths"), [("place-on-lowering-kinks", (40,)), ("place-on-lowering-kinks-deep", (40, 20))]
)
def test_lowering_kinks_leave_the_loss_below_its_tangent(attack, widths, setting):
    """The mirror image of kink placement: the error has the sign that lowers the loss, and flipped labels swap both."""
    aim = target(setting, widths, 0.3, count=30, layer=len(widths))
    found = difference(aim, ATTACKS[attack](aim)).linearisation_error[:, 0, 0]
    slope = LOSSES[setting.loss].slopes(aim.trace.outputs, aim.labels)[:, 0, 0]
    assert (found * slope <= 0).all()
    assert (found * slope < 0).sum() >= 25
    mirrored = replace(aim, labels=-aim.labels)
    other = ATTACKS[attack.replace("lowering-", "")]
    assert_close(difference(mirrored, other(mirrored)).linearisation_error[:, 0, 0], found)


@pytest.mark.parametrize("radius", [0.01, 0.1])
def test_merged_patterns_differ_in_the_fewest_units_that_the_radius_leaves(radius):
    """Units that tell the example from its nearest neighbour disappear, cheapest first, and no other unit flips."""
    aim = target(ZOU_GU_2019, (40,), radius, n=3, count=20, example=1)
    apart = [float((x - aim.trace.inputs[1]).norm()) for x in aim.trace.inputs]
    beside = min((0, 2), key=apart.__getitem__)
    before = aim.trace.patterns[0]
    after = difference(aim, ATTACKS["merge-patterns"](aim)).flips[0]
    for number, costs in enumerate(prices(aim)):
        telling = (before[number, 1] != before[number, beside]).numpy()
        flipped = after[number, 1].numpy() != 0
        assert not (flipped & ~telling).any()
        assert flipped.sum() == most_affordable(costs[telling], radius**2)


@pytest.mark.parametrize("k", [1, 3])
def test_the_signal_aimed_at_is_the_gradient_of_the_loss_up_to_scale(k):
    """One output: ∂f/∂x_l. Several: ± ∂ℓ/∂x_l over the length of the loss's slope, by automatic differentiation."""
    aim = target(ZOU_GU_2019, (6, 8), 0.1, n=2, count=3, layer=1, example=1, k=k)
    x = aim.trace.features[1][:, 1].detach().requires_grad_()
    h = (x[:, None] @ aim.trace.network.materialise(1).mT).clamp_min(0)
    residual = (h @ aim.trace.network.materialise(2).mT)[:, 0] - aim.labels[1]
    pull = torch.autograd.grad(residual.square().sum() / 2, x)[0] / residual.norm(dim=-1, keepdim=True)
    assert_close(aim.signal(), pull * residual[:, aim.output, None].sign().detach())


# ----------------------------------------------------------------------------------------------------------- stretching


@settings
@pytest.mark.parametrize("widths", [(8,), (6, 10, 4)], ids=str)
@pytest.mark.parametrize("radius", [1e-6, 0.3])
def test_stretched_weights_have_exactly_the_radius_more(setting, widths, radius):
    """‖W_l‖_2 becomes ‖W_l⁽⁰⁾‖_2 + τ in every trained layer, by numpy's decomposition: the largest there is."""
    aim = target(setting, widths, radius, count=3)
    network = aim.trace.network
    stretched = network.moved(ATTACKS["stretch-weights"](aim).step)
    for layer in range(network.trained):
        before, after = (
            np.linalg.svd(one.materialise(layer).numpy(), compute_uv=False)[:, 0] for one in (network, stretched)
        )
        assert_each_close(after, before + radius)
        assert_each_close(stretched.spectral(layer), before + radius)


def test_the_gradient_direction_is_steepest():
    """Along ∇f the first-order change is τ Σ_l ‖∇_{W_l} f‖_F, the largest in a product of balls."""
    for setting in SETTINGS.values():
        aim = target(setting, (8, 6), 0.1, n=3, count=4, example=2)
        step = ATTACKS["along-gradient"](aim).step
        change = aim.trace.directional(step).sum(1)[:, 2, 0]
        assert_each_close(change, 0.1 * aim.trace.gradient_norms()[:, :, 2, 0].sum(1))


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_stretched_features_grow_at_the_steepest_rate(layer):
    """The first-order growth of ‖x_l‖ is τ Σ_r ‖∇_{W_r} ‖x_l‖ ‖_F, by autograd, and the growth is positive."""
    aim = target(CAO_GU_2020, (8, 6, 10), 1e-3, n=2, count=3, layer=layer, example=1)
    step = ATTACKS["stretch-features"](aim).step
    for number in range(3):
        leaves = [w.clone().requires_grad_() for w in reference.dense(aim.trace.network, number)]
        x = aim.trace.inputs[1]
        for weight in leaves[:layer]:
            x = torch.relu(weight @ x)
        gradients = torch.autograd.grad(torch.linalg.vector_norm(x), leaves[:layer])
        growth = sum((g * reference.dense_change(c, number)).sum() for g, c in zip(gradients, step, strict=False))
        assert_each_close(growth, 1e-3 * sum(torch.linalg.matrix_norm(gradient) for gradient in gradients))
        assert not any(reference.dense_change(change, number).any() for change in step[layer:])
    moved = Trace(aim.trace.network.moved(step), aim.trace.inputs)
    assert (moved.features[layer][:, 1].norm(dim=-1) > aim.trace.features[layer][:, 1].norm(dim=-1)).all()


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_pushed_features_are_amplified_by_the_propagators_norm(layer):
    """‖x̂_l − x_l‖ is ‖M_{1→l}‖_2 ‖x_0‖ per unit step of the first layer, exactly while no unit flips."""
    aim = target(CAO_GU_2020, (8, 6, 10), 1e-4, n=2, count=3, layer=layer, example=1)
    pair = ATTACKS["push-features"](aim)
    found = difference(aim, pair)
    assert not any(flip.any() for flip in found.flips)
    moved = found.features[layer][:, 1].norm(dim=-1) / pair.step[0].frobenius()
    norms = [
        np.linalg.norm(
            reference.propagator(reference.dense(aim.trace.network, number), aim.trace.inputs[1], 1, layer), 2
        )
        for number in range(3)
    ]
    assert_each_close(moved, norms)


def test_the_stretched_product_grows_at_the_steepest_rate():
    """The first-order growth of ‖Π Σ_r W_r‖_2 is τ Σ_r of its gradients' norms, masks held, by autograd."""
    radius = 1e-3
    aim = target(CAO_GU_2020, (8, 6, 10), radius, n=2, count=3, layer=3, example=1)
    step = ATTACKS["stretch-product"](aim).step
    for number in range(3):
        weights = reference.dense(aim.trace.network, number)
        diagonal = reference.masks(weights, aim.trace.inputs[1])
        leaves = [weight.clone().requires_grad_() for weight in weights[1:3]]
        product = diagonal[2] @ leaves[1] @ diagonal[1] @ leaves[0]
        gradients = torch.autograd.grad(torch.linalg.matrix_norm(product, 2), leaves)
        growth = sum((g * reference.dense_change(c, number)).sum() for g, c in zip(gradients, step[1:], strict=True))
        assert_each_close(growth, radius * sum(torch.linalg.matrix_norm(gradient) for gradient in gradients))


@pytest.mark.parametrize("setting", [CAO_GU_2020, CAO_GU_2019_SLIDES], ids=lambda s: s.id)
def test_amplified_signals_grow_in_every_layer(setting):
    """Moved along b_l g_{l−1}ᵀ, every backward signal below a trained layer becomes longer, while no unit flips."""
    aim = target(setting, (8, 6, 10), 1e-4, n=2, count=3, example=1)
    after = Trace(aim.trace.network.moved(ATTACKS["amplify-signals"](aim).step), aim.trace.inputs)
    assert all(torch.equal(a, b) for a, b in zip(after.patterns, aim.trace.patterns, strict=True))
    trained = aim.trace.network.trained
    longer, shorter = ([one.input_signals, *one.unmasked_signals][:trained] for one in (after, aim.trace))
    for a, b in zip(longer, shorter, strict=True):
        assert (a[:, 1].norm(dim=-1) > b[:, 1].norm(dim=-1)).all()


@settings
def test_descending_lowers_the_loss(setting):
    """Twenty steps towards the labels lower the paper's loss at every initialisation."""
    aim = target(setting, (12, 8), 0.1, n=3, count=4)
    after = Trace(aim.trace.network.moved(ATTACKS["descend"](aim).step), aim.trace.inputs)
    loss = LOSSES[setting.loss]
    assert (loss.value(after.outputs, aim.labels) < loss.value(aim.trace.outputs, aim.labels)).all()


def test_the_random_attack_is_on_the_sphere_and_reproducible():
    """Every layer at full radius; the same generator draws the same point."""
    one, other = (ATTACKS["random"](target(ZOU_GU_2019, (8, 6), 0.2)).step for _ in range(2))
    for a, b in zip(one, other, strict=True):
        assert isinstance(a, LowRank)
        assert_each_close(a.spectral(), [0.2])
        assert_same(a.materialise(), b.materialise())


# --------------------------------------------------------------------------------------------- limits at infinite width

WIDTH = 200_000


@pytest.fixture(scope="module", params=[0.003, 0.02])
def wide(request):
    """One layer of 200,000 units."""
    return target(CAO_GU_2020, (WIDTH,), request.param, seed=3)


def test_flips_reach_their_limit(wide):
    """(3/π)^{1/3} m τ^{2/3} from W⁽⁰⁾, and (6/π)^{1/3} for a pair."""
    unit = WIDTH * wide.ball.radius ** (2 / 3)
    assert_limit(flips(wide, "flip-units") / unit, [limits.FLIPS])
    assert_limit(flips(wide, "flip-units-apart") / unit, [limits.PAIR_FLIPS])
    assert_limit(flips(wide, "switch-on") / unit, [limits.ACTIVATED])


def test_overshooting_reaches_its_limit(wide):
    """0.3904 √m τ^{4/3} from W⁽⁰⁾."""
    assert_limit(error(wide, "overshoot-kinks") / (WIDTH**0.5 * wide.ball.radius ** (4 / 3)), [limits.LINEARISATION])


def test_placing_on_kinks_reaches_its_limit(wide):
    """0.7877 √m τ^{1/3} per unit step, below the certificate 0.884."""
    ratio = error(wide, "place-on-kinks") / ATTACKS["place-on-kinks"](wide).step[0].spectral()
    ratio = ratio / (WIDTH**0.5 * wide.ball.radius ** (1 / 3))
    assert_limit(ratio, [limits.KINK_PLACEMENT])
    assert_at_most(ratio, [limits.KINK_CERTIFICATE])


def test_placing_on_kinks_of_a_gaussian_output_reaches_its_limit():
    """0.9205 √m τ^{1/3} per unit step where the output weights are N(0, 1/m) and √m multiplies them."""
    aim = target(CAO_GU_2019_SLIDES, (WIDTH,), 0.01, seed=3)
    ratio = error(aim, "place-on-kinks") / ATTACKS["place-on-kinks"](aim).step[0].spectral()
    assert_limit(ratio / (WIDTH**0.5 * 0.01 ** (1 / 3)), [limits.GAUSSIAN_KINK_PLACEMENT])


# ----------------------------------------------------------------------------------------------- several inputs at once


def orthogonal(norm, radius, *, n, m=2000, count=3, layers=1):
    """What an attack reads, with orthonormal inputs, in a ball of the norm."""
    network = initialise(CAO_GU_2020, Architecture(n + 1, (m,) * layers), [stream(7, "k", s) for s in range(count)])
    data = generate("simplex", n=n, d=n + 1, setting=CAO_GU_2020, rng=generator(stream(7)), phi=math.sqrt(2))
    trace = Trace(network, data.inputs)
    return Target(trace, data.labels, Ball(norm, radius), layers, 0, 0, generator(stream(7)))


def placed(aim):
    """Harmful crossings of the step, per example: units that change sides and whose error raises the loss, (S, n)."""
    pair = ATTACKS["place-on-kinks-together"](aim)
    flips = difference(aim, pair).flips[aim.layer - 1]
    slopes = LOSSES["cross-entropy"].slopes(aim.trace.outputs, aim.labels)
    g = aim.trace.unmasked_signals[aim.layer - 1][:, :, 0]
    return ((flips != 0) & (slopes * g > 0)).sum(-1).double()


@pytest.mark.parametrize("radius", [0.01, 0.05])
def test_orthogonal_inputs_share_a_frobenius_ball_and_not_a_spectral_one(radius):
    """At one layer: no less than sort-and-spend over all pairs of example and unit, or for each example by itself.

    Of orthogonal inputs a step of spectral norm 1 reaches Σ_i |slope_i| √(crossed units of i). In the spectral ball no
    example has more crossings than its own radius pays for.
    """
    for norm in ("frobenius", "spectral"):
        aim = orthogonal(norm, radius, n=4)
        slopes = LOSSES["cross-entropy"].slopes(aim.trace.outputs, aim.labels).numpy()
        harmful = slopes * aim.trace.unmasked_signals[0][:, :, 0].numpy() > 0
        cost = np.where(harmful, aim.trace.preactivations[0].numpy() ** 2, np.inf)
        found = placed(aim).numpy()
        for s in range(len(cost)):
            bought = np.array([(np.cumsum(np.sort(cost[s, i])) <= radius**2).sum() for i in range(4)])
            if norm == "spectral":
                assert_at_most(found[s], bought)
            else:
                spent = np.sort(cost[s].ravel())
                dearest = spent[(np.cumsum(spent) <= radius**2).sum() - 1]
                bought = (cost[s] <= dearest).sum(-1)
            weights = np.abs(slopes[s, :, 0])
            assert_at_most(0.98 * (weights * np.sqrt(bought)).sum(), (weights * np.sqrt(found[s])).sum())


@pytest.mark.parametrize("layers", [1, 2])
def test_examples_together_raise_the_mean_loss_more_than_one_alone(layers):
    """The excess per length of step, of four orthogonal inputs at once, is 1.5 times that of any single one or more."""
    for norm in ("frobenius", "spectral"):
        aim = orthogonal(norm, 0.02, n=4, m=600, layers=layers)

        def gain(attack, example, aim=aim):
            here = replace(aim, example=example)
            pair = ATTACKS[attack](here)
            excess = difference(here, pair).loss_excess(LOSSES["cross-entropy"], aim.labels)
            return excess / distances(pair.step, "spectral").sum(-1)

        alone = torch.stack([gain("place-on-kinks", example) for example in range(4)]).amax(0)
        assert_at_most(1.5 * alone, gain("place-on-kinks-together", 0))


def test_one_example_together_is_that_example_alone():
    """With one input the pairs are its units: as many are placed as by the attack aimed at it, up to two."""
    aim = orthogonal("frobenius", 0.02, n=1)
    single = ATTACKS["place-on-kinks"](aim)
    missing = placed(aim)[:, 0] - difference(aim, single).flips[0][:, 0].abs().sum(-1)
    assert_at_most(missing.abs().amax(), 2.0)


# --------------------------------------------------------------------------------------- memory, distance and compounds


@settings
@pytest.mark.parametrize("radius", [1e-6, 0.3])
def test_memorising_beats_the_linear_maximiser(setting, radius):
    """Descent from Δ_l = τ G_l / ‖G_l‖, G_l = Σ y_i ∇f(x_i) by dense gradients, never raises the training loss."""
    aim = target(setting, (12, 10), radius, n=3, count=2)
    loss = LOSSES[setting.loss]
    _, step = ATTACKS["memorise"](aim)
    found = loss.value(Trace(aim.trace.network.moved(step), aim.trace.inputs).outputs, aim.labels)
    for number in range(2):
        weights = reference.dense(aim.trace.network, number)
        factor = reference.scale(setting, (12, 10))
        moved = []
        for layer in range(1, aim.trace.network.trained + 1):
            terms = [
                y * reference.gradient(weights, factor, x, 0, layer)
                for x, y in zip(aim.trace.inputs, aim.labels[:, 0], strict=True)
            ]
            total = torch.stack(terms).sum(0)
            norm = torch.linalg.matrix_norm(total, 2 if setting.ball == "spectral" else "fro")
            moved.append(weights[layer - 1] + radius * total / norm)
        linear = [*moved, *weights[len(moved) :]]
        f = torch.stack([reference.outputs(linear, factor, x) for x in aim.trace.inputs])
        assert_at_most(found[number], loss.value(f[None], aim.labels)[0])


def test_memorising_attains_the_supremum_of_the_linear_form():
    """For a short step Σ y_i Δf(x_i) is τ Σ_l ‖Σ_i y_i ∇_{W_l} f(x_i)‖_F, and where that helps descent finds more."""
    aim = target(CAO_GU_2020, (40, 40), 1e-9, n=1, count=3)
    found = difference(aim, ATTACKS["memorise"](aim)).outputs[:, 0, 0] * aim.labels[0, 0]
    assert_reaches(found, 1e-9 * aim.trace.gradient_norms()[:, :, 0, 0].sum(-1))
    far = target(CAO_GU_2020, (200,), 1.0, n=6, count=3)
    linear = Trace(
        far.trace.network.moved(tuple(far.ball.fill(g) for g in far.trace.gradient(far.labels))), far.trace.inputs
    )
    _, step = ATTACKS["memorise"](far)
    reached = Trace(far.trace.network.moved(step), far.trace.inputs)
    loss = LOSSES["cross-entropy"]
    assert (loss.value(reached.outputs, far.labels) < loss.value(linear.outputs, far.labels)).all()


def test_misleading_fits_the_sample_and_flips_the_population():
    """Where every label is +1, the loss of the sample falls and that of examples which no attack has seen rises."""
    aim = replace(target(CAO_GU_2020, (200,), 1.0, n=2, count=8), labels=torch.ones(2, 1, dtype=torch.float64))

    def unseen(examples, name="unseen"):
        rng = generator(stream(9, name))
        return generate("sphere", n=examples, d=5, setting=CAO_GU_2020, rng=rng, labels="ones")

    _, step = ATTACKS["mislead"](replace(aim, unseen=unseen))
    loss, tests = LOSSES["cross-entropy"], unseen(500, "tests")
    for data, sign in ((Dataset(aim.trace.inputs, aim.labels), -1.0), (tests, 1.0)):
        before, after = (
            loss.value(Trace(network, data.inputs).outputs, data.labels)
            for network in (aim.trace.network, aim.trace.network.moved(step))
        )
        assert (sign * (after - before) > 0).all()
    assert_same(*(ATTACKS[name](aim).step[0].materialise() for name in ("mislead", "memorise")))


@settings
def test_moving_all_units_moves_them_equally_far(setting):
    """Every unit of a hidden layer moves by τ / √m_l, which attains Σ_j ‖Δw_j‖ = √m_l τ."""
    aim = target(setting, (6, 10), 0.2, n=2, count=2, example=1)
    _, step = ATTACKS["move-all-units"](aim)
    for change, width in zip(step, (6, 10), strict=False):
        moves = torch.linalg.vector_norm(change.materialise(), dim=-1)
        assert_close(moves, torch.full_like(moves, 0.2 / width**0.5))


def test_compound_changes_attain_the_largest_product_of_two():
    """With two layers and short steps |I_2| is ‖b_2‖ times the largest move of x_1 times the move of W_2."""
    aim = target(CAO_GU_2020, (30, 30), 1e-6, n=2, count=3, layer=2, example=1)
    found = difference(aim, ATTACKS["compound-changes"](aim)).from_products[:, 1, 0].abs()
    signal = torch.linalg.vector_norm(aim.trace.signals[1][:, 1, 0], dim=-1)
    assert_reaches(found, 1e-12 * signal)
    assert_at_most(found, 1e-12 * signal * (1 + 1e-6))


def test_a_unit_that_is_too_dear_is_passed_over():
    """Of costs 0.6, 2, 0.7, 0.5 in this order a radius of 1 pays for the first, the third and no more."""
    cost = torch.tensor([[0.6, 2.0, 0.7, 0.5], [0.6, 0.7, torch.inf, 0.5]])
    order = torch.tensor([[1.0, 2.0, 3.0, 4.0], [1.0, torch.inf, 2.0, 3.0]])
    wanted = [[True, False, True, False], [True, False, False, True]]
    assert affordable(order, cost, 1.0).tolist() == wanted


@pytest.fixture
def tried(monkeypatch):
    """The recipes that a search has tried."""
    recipes, found_by = [], search.found_by

    def noted(claim, case, recipe):
        recipes.append(recipe)
        return found_by(claim, case, recipe)

    monkeypatch.setattr(search, "found_by", noted)
    return recipes


def test_a_patient_search_ascends_from_every_attack(tried):
    """Four times as long and from wherever an ascent may start; else from the worst alone."""
    claim = REGISTRY["cao-gu-2020/lemma-B.1-iii"]
    case = draw(claim.setting, Configuration(m=128, L=2, n=1, d=4, tau=0.1), 0, 1)
    for patient, starts in ((True, {"random", "along-gradient", "push-features"}), (False, {"push-features"})):
        tried.clear()
        search.supremum(claim, case, ascent=2, patient=patient)
        ascents = [recipe for recipe in tried if recipe.ascent]
        assert {recipe.attack for recipe in ascents} == starts
        assert {recipe.ascent for recipe in ascents} == {2 * search.LONGER if patient else 2}


def test_all_layers_step_over_the_kinks_where_the_largest_step_counts():
    """In a spectral ball, and that is worth a third at least; where the steps add up only the first layer makes one."""
    claim, configuration = REGISTRY["zou-gu-2019/lemma-4.4"], Configuration(m=64, L=3, n=1, d=4, mu=0.3, tau=0.03)
    case = draw(claim.setting, configuration, 0, 4).attacked(Recipe("place-on-kinks-deep", layer=3))
    sizes = torch.stack([step.spectral() for step in case.pair.step], -1)
    assert_close(sizes, sizes[:, :1].expand_as(sizes))
    first = case.at_pair(case.pair._replace(step=(case.pair.step[0], *case.initial.still()[1:])))
    assert_at_most(4 / 3 * evaluate(claim, first).ratio, evaluate(claim, case).ratio)
    claim = REGISTRY["cao-gu-2020/lemma-5.2a"]
    case = draw(claim.setting, Configuration(m=64, L=3, n=1, d=4, tau=0.03), 0, 4)
    steps = case.attacked(Recipe("place-on-kinks-deep", layer=3)).pair.step
    assert [bool((step.spectral() > 0).all()) for step in steps] == [True, False, False]


def test_further_starts_find_worse_and_are_replayed():
    """Of several starts the best counts, at every initialisation; with others beside it or alone it is the same."""
    claim = REGISTRY["cao-gu-2020/lemma-5.2a"]
    configuration = Configuration(m=64, L=4, n=1, d=4, tau=0.03)
    once = Recipe("place-on-kinks-deep", layer=3)
    again = replace(once, ascent=3)
    case, alone = (draw(claim.setting, configuration, 0, numbers) for numbers in ([0, 1, 2], [1]))
    single, several = (search.found_by(claim, case, recipe).ratio for recipe in (once, again))
    assert_at_most(single, several)
    assert float((several / single).amax()) > 1.1
    assert_close(search.found_by(claim, alone, again).ratio, several[[1]])


def test_a_patient_search_starts_again(tried):
    """An attack that restarts gets further starts in a patient search, and in an audit's none."""
    claim = REGISTRY["cao-gu-2020/lemma-5.2a"]
    case = draw(claim.setting, Configuration(m=32, L=3, n=1, d=4, tau=0.1), 0, 1)
    for patient, further in ((True, {search.RESTARTS[0]}), (False, set())):
        tried.clear()
        search.supremum(claim, case, ascent=2, patient=patient)
        assert {recipe.ascent for recipe in tried if recipe.ascent and ATTACKS[recipe.attack].restarts} == further


def test_a_search_that_gains_nothing_at_first_goes_on_to_its_longest_round(monkeypatch):
    """Ascents that lead nowhere end no round but the longest, which starts from every attack that may."""
    claim = REGISTRY["cao-gu-2019-slides/almost-linear"]
    case = draw(claim.setting, Configuration(m=16, L=3, n=1, d=4, tau=0.1), 0, 1)
    tried = []

    def nowhere(claim, case, *, steps):
        tried.append(steps)
        return case

    monkeypatch.setattr(search, "crossed", lambda claim, case: case)

    monkeypatch.setattr(search, "ascend", nowhere)
    monkeypatch.setattr(search, "RESTARTS", (0, 0, 0))
    list(search.patiently(claim, case, {}))
    assert sorted(set(tried)) == list(search.PATIENT)
    ascending = {recipe.attack for recipe in claim.recipes(case) if ATTACKS[recipe.attack].ascends}
    assert tried.count(search.PATIENT[-1]) == len(ascending) + 1 > search.CANDIDATES, "from every attack, and once more"


def test_a_patient_search_starts_from_random_pairs_too(monkeypatch):
    """Where the ascents from its attacks end in a lower maximum it finds a higher one, inside of the ball."""
    claim = REGISTRY["cao-gu-2020/B.2-I2"]
    case = draw(claim.setting, Configuration(m=16, L=2, d=20, tau=0.3), 69, 1)
    monkeypatch.setattr(search, "PATIENT", (20,))
    monkeypatch.setattr(search, "crossed", lambda claim, case: case)
    worst = []
    for starts in (0, 4):
        monkeypatch.setattr(search, "RESTARTS", (starts,))
        *_, last = search.patiently(claim, case, {})
        worst.append(float(last.evaluation.ratio))
    assert worst[1] > 1.04 * worst[0]
    assert last.recipe.startswith(("random pair", "random step"))
    check_inside(last.case, Recipe("random"))


def test_random_pairs_climb_higher_where_both_points_move_together():
    """From the same pairs, one way among several: with Ŵ held they end in one lower maximum."""
    claim = REGISTRY["cao-gu-2020/B.2-preactivation-growth"]
    case = draw(claim.setting, Configuration(m=16, L=2, n=2, d=10, tau=0.3), 15, 1)
    pairs = search._anywhere(case, 24, short=False)
    held, *others = (float(worst_signed(claim, ascend(claim, pairs, steps=40, way=way)).max()) for way in search.WAYS)
    assert max(others) > 1.08 * held


@pytest.mark.parametrize(("m", "tau"), [(16, 0.03), (16, 0.1), (24, 0.1), (24, 0.3)])
def test_unit_after_unit_buys_what_sorting_buys(m, tau):
    """In the first layer the most flips that a radius pays for are known: the cheapest ones."""
    claim = REGISTRY["cao-gu-2020/lemma-B.1-iv"]
    case = draw(claim.setting, Configuration(m=m, L=1, n=1, d=5, tau=tau), 0, 1)
    found = crossed(claim, case)
    check_inside(found, Recipe("random"))
    assert_at_most(search.found_by(claim, case, Recipe("flip-units")).ratio, evaluate(claim, found).ratio)


def test_unit_after_unit_goes_on_from_where_an_ascent_rests():
    """Of a few dozen units single ones matter, away from their kinks, where slopes see none of them."""
    claim = REGISTRY["cao-gu-2019-slides/almost-convex"]
    case = draw(claim.setting, Configuration(m=64, L=3, n=1, d=20, tau=0.3), 51, 1)
    rested = ascend(claim, case.attacked(Recipe("place-on-lowering-kinks")), steps=40)
    found = crossed(claim, rested)
    check_inside(found, Recipe("random"))
    assert float(evaluate(claim, found).ratio) > 1.02 * float(evaluate(claim, rested).ratio)


def test_what_has_no_slope_is_tried_unit_by_unit_too():
    """A norm of masked products, whose masks the attacks on weights leave as they are."""
    claim = REGISTRY["cao-gu-2020/lemma-B.1-ii"]
    case = draw(claim.setting, Configuration(m=24, L=3, n=1, d=5, tau=0.3), 0, 1)
    *_, before, last = search.patiently(claim, case, {})
    assert float(last.evaluation.ratio) > 1.2 * float(before.evaluation.ratio)
    check_inside(last.case, Recipe("random"))


def test_a_wide_layer_is_not_tried_unit_by_unit():
    """The pair is given back as it is."""
    claim = REGISTRY["cao-gu-2020/lemma-5.1b"]
    case = draw(claim.setting, Configuration(m=512, L=2, n=1, d=4, tau=0.1), 0, 1)
    assert crossed(claim, case) is case


@pytest.mark.parametrize("id", ["cao-gu-2020/lemma-5.2a", "cao-gu-2020/lemma-5.2b"])
def test_a_step_over_kinks_is_short_in_single_precision_too(id):
    """It finds what it finds in double precision, to a few per cent: a longer one would not see its kinks."""
    claim = REGISTRY[id]
    found = []
    for dtype in (torch.float64, torch.float32):
        case = draw(claim.setting, Configuration(m=64, L=2, n=1, d=4, tau=0.03), 0, 3, dtype=dtype)
        found.append(search.found_by(claim, case, Recipe("place-on-kinks-deep", layer=2)).ratio.double())
    assert float((found[1] / found[0]).amin()) > 0.9


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_units_are_sent_beyond_their_rounding_within_the_radius(dtype):
    """However small the radius: what crossing a kink takes in this precision is part of the price."""
    draws = torch.Generator().manual_seed(0)
    z = torch.nn.functional.normalize(torch.randn(500, 1024, generator=draws, dtype=torch.float64), dim=-1).to(dtype)
    for radius in (1e-6, 1e-4, 1e-2):
        bought = affordable(z.abs(), price(z), radius)
        moved = z + across(z, bought)
        assert ((moved > 0) != (z > 0)).eq(bought).all()
        assert float(torch.linalg.vector_norm(moved - z, dim=-1).amax()) <= radius * (1 + OUTSIDE[dtype])
