"""Conditions: they render themselves, hold where arithmetic says so, and are solved for the least width."""

import itertools
import math
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lemmata.audit.commands.width import WIDTHS
from lemmata.audit.judge.evidence import Budget
from lemmata.audit.judge.verdicts import judge
from lemmata.audit.measure.options import Options
from lemmata.audit.measure.sweep import Trials
from lemmata.audit.plan.grid import Sizes
from lemmata.audit.plan.job import Job
from lemmata.audit.show.document import to_json
from lemmata.claims import REGISTRY, Claim
from lemmata.claims.cao_gu_2020.gradients_bounded_below import PRE_5_4
from lemmata.claims.cao_gu_2020.paper import PRE_4_7, PRE_5, WIDE
from lemmata.claims.language.condition import Condition, met, on_width, settled, smallest_width
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.scaling import ONE, Scaling
from tests.assertions import assert_each_close

RADIUS = Condition("tau", "<=", (Scaling(L=-6, log_m="-3/2"),))
DETERMINISTIC = settings(derandomize=True, deadline=None, max_examples=60)


@pytest.mark.parametrize(
    ("condition", "text", "latex"),
    [
        (
            WIDE,
            "m >= max(L^2 log(mn/delta), L^-8/3 tau^-4/3 log(m/(tau delta)))",
            r"m \ge \max\{L^{2} [\log(mn/\delta)], L^{-8/3} \tau^{-4/3} [\log(m/(\tau \delta))]\}",
        ),
        (RADIUS, "tau <= L^-6 log(m)^-3/2", r"\tau \le L^{-6} [\log m]^{-3/2}"),
        (Condition("L", "<=", (ONE,)), "L <= 1", r"L \le 1"),
        (Condition("tau", "=", (Scaling(B=-1, m="-1/2"),)), "tau = B^-1 m^-1/2", r"\tau = B^{-1} m^{-1/2}"),
        (
            Condition("eta", "<=", (Scaling(two_pi="-1/2"), Scaling(two_to_L=-3, k=1))),
            "eta <= min((2 pi)^-1/2, (2^L)^-3 k)",
            r"\eta \le \min\{(2\pi)^{-1/2}, (2^L)^{-3} k\}",
        ),
    ],
)
def test_conditions_render_themselves(condition, text, latex):
    """As text that can be typed, and in LaTeX."""
    assert str(condition) == text
    assert condition.latex() == latex


def test_conditions_hold_where_arithmetic_says():
    """Against the tightest of several bounds, whichever side it is on."""
    assert WIDE.letters == {"m", "n", "L", "tau", "delta"}
    for m, L, n, tau in itertools.product((10, 300, 10**5), (1, 2, 3), (1, 50), (1e-4, 1e-2, 0.5)):
        p = {"m": m, "L": L, "n": n, "tau": tau, "delta": 0.1}
        first = L**2 * math.log(m * n / 0.1)
        second = L ** (-8 / 3) * tau ** (-4 / 3) * math.log(m / (tau * 0.1))
        assert WIDE.holds(p) == (m >= max(first, second))
        assert RADIUS.holds(p) == (tau <= L**-6 * math.log(m) ** -1.5)
    between = Condition("x", "<=", (Scaling(a=1), Scaling(b=1)))
    assert [between.holds({"x": x, "a": 2, "b": 3}) for x in (1, 2, 2.5)] == [True, True, False]


def test_equality_holds_up_to_rounding():
    """m = n^6 / λ^4 exactly, computed in logs; a unit less does not."""
    wide = Condition("m", ">=", (Scaling(n=6, lambda_0=-4),))
    p = {"n": 7, "lambda_0": 0.1}
    assert wide.holds(p | {"m": 7**6 * 10**4})
    assert not wide.holds(p | {"m": 7**6 * 10**4 - 1})
    assert smallest_width([wide], p) == 7**6 * 10**4


def test_what_is_undefined_does_not_hold():
    """The radius 0 and log 1 have no negative powers; NaN satisfies nothing. An infinite bound from above is none."""
    p = {"m": 8, "L": 1, "n": 1, "tau": 0.0, "delta": 0.1}
    assert not WIDE.holds(p)
    assert not RADIUS.holds(p | {"tau": 1e-9, "m": 1})
    assert not RADIUS.holds(p | {"tau": math.nan})
    assert Condition("tau", "<=", (Scaling(phi=1),)).holds({"tau": 1, "phi": math.inf})


def test_nothing_overflows():
    """Bounds far beyond floating point are compared in logs."""
    wide = Condition("m", ">=", (Scaling(n=100, two_to_L=8),))
    assert not wide.holds({"m": 10**9, "n": 10**6, "L": 4000})
    assert wide.holds({"m": 10**600, "n": 10**5, "L": 20})
    with pytest.raises(ArithmeticError, match="no width up to 1e\\+300"):
        smallest_width([wide], {"n": 10**6, "L": 4000})


def test_letters_that_are_not_given_are_as_large_as_their_first_condition_allows():
    """The radius of Lemma 5.4 at its largest γ; what is given stays, and is checked."""
    p = {"m": 100, "L": 2, "n": 3, "delta": 0.1}
    radius = (2 * math.pi) ** -1.5 / 8**2 / 4 * math.log(100) ** -1.5
    assert_each_close(settled(PRE_5_4, p)["tau"], radius)
    assert list(met(PRE_5_4, p)) == [str(PRE_5_4[1])]
    found = met(PRE_5_4, p | {"gamma": 0.5, "tau": 1e-9})
    assert found == {str(PRE_5_4[0]): False, str(PRE_5_4[1]): False, str(PRE_5_4[2]): True}


def test_what_a_statement_calls_a_letter_is_not_taken_from_elsewhere():
    """τ of Theorem 4.7 is B^−1 ε^−1 m^−1/2, whatever radius a configuration has, and both other bounds see that."""
    for m, holds in ((2_500_000, False), (2_600_000, True)):
        p = {"m": m, "L": 1, "n": 4, "eps": 0.1, "delta": 0.05, "B": 2**-1.5, "tau": 1e-9}
        assert_each_close(settled(PRE_4_7, p)["tau"], 10 * math.sqrt(8 / m))
        assert all(met(PRE_4_7, p).values()) == holds


def brute_force(conditions, given, most):
    """The last width up to `most` that fails, plus one."""
    fails = [m for m in range(1, most + 1) if not all(met(conditions, {**given, "m": m}).values())]
    return max(fails, default=0) + 1


@DETERMINISTIC
@given(
    L=st.integers(1, 2),
    n=st.integers(1, 20),
    delta=st.floats(0.01, 0.9),
    first=st.sampled_from([Scaling(L=2, log_mn_delta=1), Scaling(n=1, log_m=2), Scaling(n="1/2", log_nL_delta=1)]),
    second=st.sampled_from([Scaling(tau="-4/3"), Scaling(tau=-1, log_m_tau_delta=1), Scaling(L=3)]),
    power=st.sampled_from(["-1/2", "0", "-3/2"]),
)
def test_the_least_width_is_that_of_brute_force(L, n, delta, first, second, power):
    """From there on every width meets the conditions, up to four times as wide."""
    conditions = (Condition("m", ">=", (first, second)), Condition("tau", "<=", (Scaling(L=-1, log_m=power),)))
    given = {"L": L, "n": n, "delta": delta}
    m = smallest_width(conditions, given)
    assert m == max(brute_force(conditions, given, max(4 * m, 40)), 1)


@pytest.mark.parametrize(("L", "n"), [(1, 8), (2, 8), (3, 1), (5, 100)])
def test_the_least_width_is_the_ceiling_of_the_root(L, n):
    """Of the last of both equations of section 5, at its largest radius, in fifty digits."""
    mpmath.mp.dps = 50

    def excess(m, *, second):
        tau = mpmath.mpf(L) ** -6 * mpmath.log(m) ** mpmath.mpf("-1.5")
        if not second:
            return m - L**2 * mpmath.log(m * n * 10)
        return m - mpmath.mpf(L) ** (-mpmath.mpf(8) / 3) * tau ** (-mpmath.mpf(4) / 3) * mpmath.log(10 * m / tau)

    m = smallest_width(PRE_5, {"L": L, "n": n, "delta": mpmath.mpf("0.1")})
    roots = [mpmath.findroot(lambda x, second=second: excess(x, second=second), m) for second in (False, True)]
    assert m == mpmath.ceil(max(roots))


@pytest.mark.parametrize("id", [id for id in WIDTHS if REGISTRY[id].kind != "LEDGER" and id.startswith("cao-gu")])
@DETERMINISTIC
@given(L=st.integers(1, 3), n=st.integers(1, 9), eps=st.sampled_from([0.1, 0.5]))
def test_the_audit_agrees_with_the_least_width(id, L, n, eps):
    """All conditions hold at `width`'s answer, with the radius and the margin that nobody gives, and not just below."""
    conditions = WIDTHS[id]
    given = {"L": L, "n": n, "eps": eps, "delta": 0.05, "k": 1}
    m = smallest_width(conditions, given)
    checked = {str(condition) for condition in on_width(conditions, given)}
    for width, holds in ((m, True), (min(m - 1, int(m * (1 - 1e-9))), False)):
        if width:
            found = met(conditions, given | {"m": width})
            assert set(found) == checked
            assert all(found.values()) == holds


def test_the_joint_flag_says_where_all_conditions_hold():
    """Of Lemma 5.2 at three radii and two widths, and how many; a claim without conditions meets them everywhere."""
    claim = REGISTRY["cao-gu-2020/lemma-5.2a"]
    sizes = list(itertools.product((400, 10_000), (1e-4, 0.03, 0.068)))
    entry = _audited(claim, [_trials(claim.id, m, tau) for m, tau in sizes])
    configurations = entry["constant"]["configurations"]
    expected = [all(c.holds({"m": m, "tau": tau, "L": 1, "n": 1, "delta": 0.05}) for c in PRE_5) for m, tau in sizes]
    assert [configuration["conditions"] for configuration in configurations] == expected
    assert entry["conditions"] == [sum(expected), 6]
    assert 0 < sum(expected) < 6
    assert [all(configuration["preconditions"].values()) for configuration in configurations] == expected
    free = REGISTRY["cao-gu-2020/loss-growth"]
    assert _audited(free, [_trials(free.id, 400, 0.1)])["conditions"] == [1, 1]


def _audited(claim: Claim, trials: list[Trials]) -> dict[str, Any]:
    """What the audit's document says of a claim."""
    return to_json([judge(claim, trials, Budget())], Sizes(), Options())["claims"][claim.id]


def _trials(id: str, m: int, tau: float) -> Trials:
    made = Trials(Job(id, Configuration(m=m, L=1, n=1, tau=tau), 4))
    made.lhs, made.rhs, made.ratio = [0.1] * 4, [1.0] * 4, [0.1] * 4
    made.recipes, made.worst = ["stay"] * 4, [{}] * 4
    made.parameters = {"m": m, "L": 1, "n": 1, "d": 5, "k": 1, "tau": tau, "delta": 0.05, "phi": math.inf}
    return made
