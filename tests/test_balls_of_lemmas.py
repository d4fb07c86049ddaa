"""The worst case over a ball round what a lemma draws is found, stays inside, and is replayed; its row says how."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.func import functional_call
from torch.nn import Linear

from lemmata.audit.judge.findings import sweep
from lemmata.audit.measure.options import Options
from lemmata.audit.measure.sweep import measure
from lemmata.audit.plan.grid import Sizes
from lemmata.audit.show.claim_page import page
from lemmata.audit.show.document import searched
from lemmata.claims.case import Recipe
from lemmata.claims.claim import MeasurementError
from lemmata.claims.from_file import forget, load_claims
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.language.sizes import Size
from lemmata.claims.lemma import lemma
from lemmata.claims.measuring.replay import Replay, parse
from lemmata.claims.registry import REGISTRY
from lemmata.claims.within import Within
from lemmata.model.draws import gaussian, module
from tests.assertions import assert_at_most, assert_found

D = 5


@pytest.fixture
def state():
    """States lemmas over balls of radius r that are forgotten afterwards."""
    before = set(REGISTRY)

    def stating(function, ball, draw, **fields):
        number = len(set(REGISTRY) - before)
        usual = {"sizes": {"r": Size(0.5, 1.0, 2.0)}, "constant": 1, "draws": 1}
        return lemma(f"own/ball-{number}", "x <= y", ball=ball, draw=draw, **(usual | fields))(function)

    yield stating
    for id in set(REGISTRY) - before:
        del REGISTRY[id]


def forms(rng, p):
    return {"A": gaussian(rng, 4, D), "x": rng.tensor([0.0] * D)}


def quadratic(x, p, w):
    return (x["A"] @ w["x"]).square().sum(), (p.r * torch.linalg.matrix_norm(x["A"], 2)).square()


def box(change, radius):
    return change.clamp(-radius, radius)


def inner(x, w):
    return (x["A"] * (w["A"] - x["A"])).sum()


CLOSED = {
    "quadratic form of inputs": (quadratic, "x", "frobenius"),
    "linear form, Frobenius": (lambda x, p, w: (inner(x, w), p.r * x["A"].norm()), "A", "frobenius"),
    "linear form, rows": (lambda x, p, w: (inner(x, w), p.r * x["A"].norm(dim=1).sum()), "A", "rows"),
    "linear form, spectral": (
        lambda x, p, w: (inner(x, w), p.r * torch.linalg.matrix_norm(x["A"], "nuc")),
        "A",
        "spectral",
    ),
    "linear form, a box of one's own": (lambda x, p, w: (inner(x, w), p.r * x["A"].abs().sum()), "A", box),
    "norm of a matrix": (
        lambda x, p, w: (torch.linalg.matrix_norm(w["A"], 2), torch.linalg.matrix_norm(x["A"], 2) + p.r),
        "A",
        "frobenius",
    ),
}


@pytest.mark.parametrize("name", CLOSED)
def test_ascent_reaches_the_closed_form(name, state):
    """The supremum is attained at every draw, and never passed."""
    function, moves, norm = CLOSED[name]
    claim = state(function, {moves: Within(norm, "r")}, forms)
    ratio = measure(claim, claim.problem.place(), 0, range(3)).ratio
    assert_found(ratio, torch.ones_like(ratio))
    assert_at_most(ratio, torch.ones_like(ratio))


def test_the_least_value_is_found_too(state):
    """Of a lower bound the smallest is the worst: a linear form goes down to minus the closed form."""
    claim = state(
        lambda x, p, w: (2 * p.r * x["A"].norm() + inner(x, w), p.r * x["A"].norm()),
        {"A": Within("frobenius", "r")},
        forms,
        bound="lower",
    )
    assert_found(measure(claim, claim.problem.place(), 0, range(3)).ratio, torch.ones(3))


def test_a_false_bound_falls_thanks_to_the_ascent(state):
    """Of the supremum of a quadratic form .99: random points do not see that it is false, the ascent does."""
    true = state(quadratic, {"x": Within("frobenius", "r")}, forms)
    sampled = replace(true, problem=replace(true.problem, steps=0))
    p = true.problem.place()
    assert measure(true, p, 0, range(4)).violates(true, 0.99).all()
    assert not measure(sampled, p, 0, range(4)).violates(sampled, 0.99).any()


def test_a_row_says_how_the_search_stopped(state):
    """At rest, out of steps, or only sampled."""
    ball = {"x": Within("frobenius", "r")}
    stopped = []
    for steps in (200, 2, 0):
        (finding,) = sweep([state(quadratic, ball, forms, steps=steps)], Sizes(), Options(workers=1))
        stopped.append(searched(finding))
    assert stopped[0] == "ascent, at rest"
    assert stopped[1].endswith("3 of 3 out of steps")
    assert stopped[2] == "sampled"
    assert page(finding.claim)["quantifiers"] == "all x within frobenius distance r of what is drawn"


def test_a_token_leads_to_the_same_point(state):
    """The start and the steps taken are all that decides it."""
    claim = state(quadratic, {"x": Within("frobenius", "r")}, forms)
    p = claim.problem.place()
    worst = measure(claim, p, 0, range(3))
    for number in range(3):
        case = parse(Replay(claim, p, 0, (number,), worst.recipes[number]).token())
        assert measure(claim, case.configuration, 0, case.initialisations, case.recipe).ratio == worst.ratio[number]
    with pytest.raises(ValueError, match="attack 'flip-units' must be one of stay, slope, random"):
        parse(f"{claim.id}:r=0.5,recipe=flip-units")


def test_attacks_of_ones_own(state):
    """A point that no slope leads to is found by whoever knows it; outside of the ball it is an error."""

    def corner(rng, x, p):
        return {"x": x["x"] + p.r * torch.eye(D, dtype=rng.dtype)[0]}

    def beyond(rng, x, p):
        return {"x": x["x"] + 1.01 * p.r * torch.eye(D, dtype=rng.dtype)[0]}

    def flat(x, p, w):
        return (w["x"][0] > 0.999 * p.r).double(), 0.5

    ball = {"x": Within("frobenius", "r")}
    claim = state(flat, ball, forms, attacks=corner)
    found = measure(claim, claim.problem.place(), 0, range(3))
    assert found.violates(claim, 1.0).all()
    assert found.recipes == [Recipe("corner")] * 3
    assert not measure(state(flat, ball, forms), claim.problem.place(), 0, range(3)).violates(claim, 1.0).any()
    with pytest.raises(MeasurementError, match=r"beyond@1.0.0\^200 leaves the ball: x is 0.01 outside of it"):
        measure(state(flat, ball, forms, attacks=beyond), claim.problem.place(r=1.0), 0, range(3))


def test_a_projection_that_is_none_is_an_error(state):
    """What is no nearest point of a set leads outside of it."""
    claim = state(quadratic, {"x": Within(lambda change, r: 0.5 * change, "r")}, forms)
    with pytest.raises(MeasurementError, match="leaves the ball"):
        measure(claim, claim.problem.place(), 0, range(1))


@pytest.mark.parametrize("norm", ["frobenius", "spectral", "rows", box])
def test_projections_are_nearest_points(norm):
    """No member of the ball is nearer; members stay where they are."""
    ball, source = Within(norm, 1.0), torch.Generator().manual_seed(0)
    for _ in range(20):
        outside = 3 * torch.randn(4, D, generator=source, dtype=torch.float64)
        nearest = ball.project(outside, 1.0)
        member = ball.project(torch.randn(4, D, generator=source, dtype=torch.float64), 1.0)
        assert ball.outside(outside, 1.0) > 0
        assert ball.outside(nearest, 1.0) == ball.outside(member, 1.0) == 0
        assert ((outside - nearest) * (member - nearest)).sum() <= 1e-12


def test_parameters_of_a_module_move(state):
    """By a pattern of their names, each in a ball of its own, whose radius is of the letters."""

    def output(net, p, w):
        assert set(w) == {"weight"}
        x = torch.ones(3, dtype=torch.float64)
        return (functional_call(net, w, (x,)) - net(x)).norm(), p.r**2 * x.norm()

    ball = {"*eight": Within("spectral", Scaling(r=2))}
    claim = state(output, ball, lambda rng, p: module(rng, lambda: Linear(3, 2)))
    assert_found(measure(claim, claim.problem.place(), 0, range(2)).ratio, torch.ones(2))


def test_the_ball_is_read_from_a_file(tmp_path):
    """What an attack of a person's file does wrong is said with its line."""
    file = tmp_path / "mine.py"
    file.write_text(
        "from lemmata import Size, Within, gaussian, lemma\n"
        "def far(rng, x, p):\n    return {'x': x['x'] + 1}\n"
        "@lemma('my/own', 'x', sizes={'n': Size(2, 4)}, draw=lambda rng, p: {'x': gaussian(rng, p.n)}, constant=9,\n"
        "       ball={'x': Within('frobenius', 0.1)}, attacks=far)\n"
        "def f(x, p, w):\n    return w['x'].norm(), x['x'].norm() + 1\n"
    )
    try:
        (finding,) = sweep(load_claims(str(file)), Sizes(initialisations=2), Options(workers=1))
        assert finding.verdict == "error"
        assert finding.reason.startswith(f"{file}, line 2: ")
        assert "leaves the ball" in finding.reason
    finally:
        forget(str(file))


def box_in_place(change, radius):
    return change.clamp_(-radius, radius)


def test_what_is_done_in_place_hides_no_point_outside_of_the_ball(state):
    """A projection in place is given a copy; an attack or a measurement that changes what was drawn is an error."""

    def outside(rng, x, p):
        return {"x": x["x"] + 3 * p.r}

    def moving(rng, x, p):
        x["x"] += 3 * p.r
        return {}

    def distance(x, p, w):
        return (w["x"] - x["x"]).abs().max(), p.r

    def measuring(x, p, w):
        x["x"] -= w["x"]
        return x["x"].norm(), p.r

    box, round_ = {"x": Within(box_in_place, "r")}, {"x": Within("frobenius", "r")}
    place = state(distance, box, forms).problem.place()
    with pytest.raises(MeasurementError, match=r"outside@1.0.0\^200 leaves the ball"):
        measure(state(distance, box, forms, attacks=outside), place, 0, range(1))
    with pytest.raises(MeasurementError, match="x, which was drawn, is changed in place"):
        measure(state(distance, round_, forms, attacks=moving), place, 0, range(1))
    with pytest.raises(MeasurementError, match="x, which was drawn, is changed in place"):
        measure(state(measuring, round_, forms), place, 0, range(1))


def test_a_projection_of_less_precision_is_an_error(state):
    """Its rounding would exceed a stated bound."""
    claim = state(quadratic, {"x": Within(lambda change, r: box(change, r).float(), "r")}, forms)
    with pytest.raises(
        ValueError, match=r"the projection <lambda> must return \(5,\) torch.float64; it returns .*float32"
    ):
        measure(claim, claim.problem.place(), 0, range(1))


@pytest.mark.parametrize("radius", [-1.0, float("nan"), 1e-320, "1", torch.tensor(0.5)], ids=str)
def test_what_is_no_radius_is_an_error(radius, state):
    """Numbers of numpy are radii; changes of which even squares vanish have none."""
    with pytest.raises(ValueError, match="must be a number, 0 or at least 1e-100"):
        Within("frobenius", lambda p: radius).at(
            state(quadratic, {"x": Within("frobenius", "r")}, forms).problem.place(), {}
        )
    assert Within("frobenius", lambda p: np.float32(0.5)).at(None, {}) == 0.5
    with pytest.raises(ValueError, match="at least 1e-100"):
        Within("frobenius", 1e-320)


def test_where_there_is_no_slope_the_row_says_sampled(state):
    """A measurement that is cut off from the weights is climbed nowhere."""

    def cut(x, p, w):
        return (w["x"] - x["x"]).detach().norm(), p.r

    finding = sweep([state(cut, {"x": Within("frobenius", "r")}, forms)], Sizes(), Options())[0]
    assert searched(finding) == "sampled"


def test_what_draws_from_a_global_generator_on_the_way_is_an_error(state):
    """Also where only moved points do."""

    def dropping(x, p, w):
        moved = (w["x"] - x["x"]).norm()
        return torch.nn.functional.dropout(w["x"], 0.5, training=bool(moved > 0.1)).norm(), p.r

    claim = state(dropping, {"x": Within("frobenius", "r")}, forms)
    with pytest.raises(MeasurementError, match="draws from the global generator of torch"):
        measure(claim, claim.problem.place(), 0, range(1))
