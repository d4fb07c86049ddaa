"""What an audit varies: lines along which parameters move together, and plans and domains that are refused."""

import math
from dataclasses import replace

import pytest
import torch

from lemmata.audit.judge.evidence import Budget
from lemmata.audit.judge.verdicts import exponents
from lemmata.audit.measure.sweep import run
from lemmata.audit.plan.grid import Sizes, points
from lemmata.audit.plan.job import Job, jobs
from lemmata.claims import REGISTRY
from lemmata.claims.case import Recipe
from lemmata.claims.claim import Control, Measurement
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import DRAWN, Coupled, Plan
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.measuring.evaluation import evaluate
from tests.assertions import assert_close

BALL = Domain(L=(1, 3), tau=(1e-9, 0.5))
SHRINKING = Plan(
    lines={"m": (16, 64, 256), "L": (1, 2, 3), "tau": (1e-3, 1e-2, 0.1)},
    along={"m": {"tau": Coupled(2, Scaling(m="-1/2"))}, "L": {"m": 64, "tau": Coupled(0.1, Scaling(L=-6))}},
    start={"m": 64},
    initialisations=3,
)
"""τ = 2 m^(-1/2) along m, τ = 0.1 L^(-6) along L, and τ alone."""


def _radius_times_depth(case):
    """τ L², up to a factor of each initialisation."""
    factor = 1 + torch.tensor(case.numbers, dtype=torch.float64)
    return Measurement(factor * case.tau * case.depth**2)


@pytest.fixture
def moving(monkeypatch):
    """A claim τ L² ≤ C τ L on those lines: as true as it can be in m and τ, false in L."""
    stated = replace(
        REGISTRY["cao-gu-2020/lemma-5.2a"],
        id="own/moving",
        measure=_radius_times_depth,
        terms=(Scaling(tau=1, L=1),),
        attacks=("stay",),
        probability="",
        domain=BALL,
        plan=SHRINKING,
    )
    monkeypatch.setitem(REGISTRY, stated.id, stated)
    return stated


def test_a_radius_moves_with_depth_and_width(moving):
    """The configurations of a coupled line have the radius that belongs to their size; the others keep theirs."""
    found = [(c.m, c.L, c.tau) for c, *_ in points(moving, Sizes())]
    along_m = [(16, 1, 0.5), (64, 1, 0.25), (256, 1, 0.125)]
    along_L = [(64, 1, 0.1), (64, 2, 0.1 * 2.0**-6), (64, 3, 0.1 * 3.0**-6)]
    assert found == [*along_m, *along_L, (64, 1, 1e-3), (64, 1, 1e-2)]


def test_exponents_are_judged_along_what_moves(moving):
    """Claimed and measured powers are those of the size and of what moves with it; two lines are not taken for one."""
    trials = [run(job) for job in jobs([moving], lambda claim: points(claim, Sizes()))]
    found = exponents(moving, trials, Budget())
    assert {name: len(e.line) for name, e in found.items()} == {"m": 3, "L": 3, "tau": 4}
    assert {name: str(e.claimed) for name, e in found.items()} == {"m": "-1/2", "L": "-5", "tau": "1"}
    assert_close([found[name].measured.slope for name in ("m", "L", "tau")], [-0.5, -4.0, 1.0])
    assert {name for name, e in found.items() if e.broken} == {"L"}


def test_what_moves_may_depend_on_what_other_lines_leave_open(moving):
    """φ has no value along the lines in m and L; along its own, τ = φ³."""
    plan = Plan(lines={"m": (16, 64), "phi": (0.1, 0.2)}, along={"phi": {"tau": Coupled(1, Scaling(phi=3))}})
    found = [c for c, *_ in points(replace(moving, plan=plan), Sizes())]
    assert [(c.m, c.phi, c.tau) for c in found][2:] == [(256, 0.1, 0.1**3.0), (256, 0.2, 0.2**3.0)]
    assert math.isnan(plan.coupled("phi")["tau"].at(found[0]))


def test_what_moves_renders():
    """As a right-hand side does."""
    assert str(Coupled(0.1, Scaling(L=-6))) == "0.1 L^(-6)"


def test_an_audit_starts_where_the_plan_says(moving):
    """At what the statement fixes, the first of its values, and above both what the plan starts from."""
    domain = replace(BALL, fixed={"d": 7}, values={"eps": (0.2, 0.1), "phi": (0.3, 0.1)})
    plan = Plan(lines={"eps": DRAWN}, start={"phi": 0.5, "n": 3})
    found = [c for c, *_ in points(replace(moving, domain=domain, plan=plan), Sizes())]
    assert [(c.d, c.n, c.phi, c.eps) for c in found] == [(7, 3, 0.5, 0.2), (7, 3, 0.5, 0.1)]


M = (16, 64)
REFUSED = [
    ({}, {"lines": {"q": M}}, ["line q=(16, 64)", "allowed: m, L, n"]),
    ({}, {"lines": {"m": ()}}, ["line m=()", "one or more"]),
    ({}, {"lines": {"data": "xor"}}, ["line data='xor'", "'drawn'"]),
    ({}, {"lines": {"phi": DRAWN}}, ["line phi='drawn'", "allowed: none"]),
    ({"values": {"eps": (0.1,)}}, {"lines": {"phi": DRAWN}}, ["line phi='drawn'", "allowed: eps"]),
    ({"fixed": {"d": 5}}, {"lines": {"d": (5, 9)}}, ["line d=(5, 9)", "fixes at 5", "allowed: m, L, n, k"]),
    ({}, {"lines": {"tau": (0.1, 0.2)}}, ["line tau=(0.1, 0.2)", "no ball", "allowed: m, L, n, d"]),
    ({}, {"along": {"m": {"n": 2}}}, ["along m={'n': 2}", "allowed: none"]),
    ({}, {"lines": {"m": M}, "along": {"m": {"q": 2}}}, ["along m q=2", "allowed: L, n"]),
    ({}, {"lines": {"m": M}, "along": {"m": {"m": 2}}}, ["along m m=2", "allowed: L, n"]),
    ({"fixed": {"d": 5}}, {"lines": {"m": M}, "along": {"m": {"d": 2}}}, ["along m d=2", "fixes at 5"]),
    (
        {},
        {"lines": {"m": M}, "along": {"m": {"n": Coupled(1, Scaling(m=1))}}},
        ["along m n=1 m", "allowed to move: tau"],
    ),
    (
        {},
        {"lines": {"m": M}, "along": {"m": {"eps": Coupled(1, Scaling(log_m=1))}}},
        ["along m eps=1 log(m) has log_m", "allowed: m, L"],
    ),
    (
        {},
        {"lines": {"m": M}, "along": {"m": {"eps": Coupled(1, Scaling(eps=1))}}},
        ["along m eps=1 ε has eps", "allowed: m, L"],
    ),
    (
        {},
        {"lines": {"m": M}, "along": {"m": {"eps": Coupled(1, Scaling(phi=1))}}},
        ["along m eps=1 φ has phi", "allowed: m, L, n, d, k, tau, ratio, delta"],
    ),
    ({}, {"start": {"q": 1}}, ["start q=1", "allowed: m, L"]),
    ({"fixed": {"d": 5}}, {"start": {"d": 2}}, ["start d=2", "fixes at 5"]),
    ({}, {"examples": 0}, ["examples=0", "at least 1"]),
    ({}, {"initialisations": -1}, ["initialisations=-1", "at least 1"]),
    ({"m": (64, 256)}, {"lines": {"m": (64, 512)}}, ["plan line m=512", "outside of the domain's (64, 256)"]),
    ({"m": (None, 64)}, {"start": {"m": 65}}, ["plan start m=65", "outside of the domain's (None, 64)"]),
    ({"L": (1, 1)}, {"lines": {"m": M}, "along": {"m": {"L": 2}}}, ["along m L=2", "outside of the domain's (1, 1)"]),
    (
        {"tau": (0.1, 0.2)},
        {"lines": {"m": M}, "along": {"m": {"tau": Coupled(0.4, Scaling(m="-1/2"))}}},
        ["along m tau=0.05 at m=64", "allowed: (0.1, 0.2)"],
    ),
    ({"draws": {"m": (8, 16)}, "m": (9, None)}, {}, ["domain draws m=(8, 16)", "outside of m=(9, None)"]),
    ({"draws": {"tau": (0.1, 0.2)}}, {}, ["domain draws tau=(0.1, 0.2)", "allowed: m, L, n"]),
    ({"draws": {"m": (8, None)}}, {}, ["domain draws m=(8, None)", "two positive whole numbers"]),
    ({"fixed": {"q": 1}}, {}, ["domain fixed q=1", "allowed: d, k"]),
    ({"fixed": {"m": 16}}, {}, ["domain fixed m=16", "allowed: d, k"]),
    ({"values": {"n": (1, 2)}}, {}, ["domain values n=(1, 2)", "allowed: d, k"]),
    ({"values": {"phi": ()}}, {}, ["domain values phi=()", "one or more"]),
    ({"fixed": {"d": 5}, "values": {"d": (5, 9)}}, {}, ["domain values d=(5, 9)", "fixed at 5"]),
]


@pytest.mark.parametrize(("domain", "plan", "words"), REFUSED, ids=lambda value: str(value)[:60])
def test_a_bad_domain_or_plan_is_refused(domain, plan, words):
    """Where the claim is stated, naming the claim, the parameter, its value and what is allowed."""
    member = REGISTRY["cao-gu-2020/lemma-5.3"]
    with pytest.raises(ValueError, match=member.id) as refusal:
        replace(member, domain=Domain(**domain), plan=Plan(**plan))
    assert all(word in str(refusal.value) for word in words), refusal.value


def test_a_bad_plan_of_a_control_is_refused():
    """A control that is false on a domain of its own has a plan of its own."""
    member = REGISTRY["cao-gu-2020/lemma-5.3"]
    control = Control("own", "elsewhere", domain=Domain(), plan=Plan(start={"tau": 0.1}))
    with pytest.raises(ValueError, match="start tau="):
        replace(member, controls=(control,))


@pytest.mark.parametrize("helps", [True, False])
def test_ascents_go_on_where_they_better_one_of_the_first(helps, monkeypatch):
    """Of 40 initialisations 4 come first; where an ascent betters none of them, the others go without."""
    asked = []

    def supremum(claim, case, *, ascent, patient):
        asked.append((case.initial.initialisations, ascent > 0))
        recipe = Recipe("place-on-kinks", ascent=ascent if helps else 0)
        return replace(evaluate(claim, case, recipe), recipes=[recipe] * case.initial.initialisations)

    monkeypatch.setattr("lemmata.audit.measure.sweep.supremum", supremum)
    found = run(Job("cao-gu-2020/lemma-5.2a", Configuration(m=16, n=1), 40))
    assert asked == [(4, True), (36, helps)]
    assert len(found.ratio) == 40
