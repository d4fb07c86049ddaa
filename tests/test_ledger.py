"""Derivations: exponent arithmetic against numbers, and what every statement that it decides must satisfy."""

import json
import math
import random
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lemmata.claims import REGISTRY, Claim
from lemmata.claims.language.derivation import (
    ASYMPTOTIC,
    Derivation,
    Regime,
    as_stated,
    shifted,
    solve,
    substitute,
    unit_shifts,
    without,
)
from lemmata.claims.language.scaling import ONE, Scaling
from lemmata.claims.measuring.neighbours import neighbours
from tests.assertions import assert_each_close

DETERMINISTIC = settings(derandomize=True, deadline=None, max_examples=60)
NAMES = ["m", "L", "n", "B", "eps", "tau"]
LARGE, SMALL = ("m", "L", "n"), ("B", "eps", "tau")

STATEMENTS = {id: claim for id, claim in REGISTRY.items() if claim.derive is not None}
STATED = pytest.mark.parametrize("statement", STATEMENTS.values(), ids=str)
REGIMES = [claim.derive(as_stated).regime for claim in STATEMENTS.values()]
LARGE_ANYWHERE = {"t", "T"}.union(*(regime.large for regime in REGIMES))
SMALL_ANYWHERE = set().union(*(regime.small for regime in REGIMES))

exponents = st.fractions(min_value=-3, max_value=3, max_denominator=6)
scalings = st.dictionaries(st.sampled_from(NAMES), exponents).map(lambda powers: Scaling(**powers))


def point(seed: int) -> dict[str, float]:
    """A random point of the regime, every parameter varying by itself."""
    draw = random.Random(seed)
    sizes = {name: math.exp(draw.uniform(0, 2)) for name in sorted(LARGE_ANYWHERE)}
    sizes["two"] = 2.0
    return sizes | {name: math.exp(-draw.uniform(0, 2)) for name in sorted(SMALL_ANYWHERE)}


points = st.integers(0, 2**32).map(point)


@DETERMINISTIC
@given(scalings, scalings, scalings, points)
def test_substitution_is_evaluation_at_the_substituted_values(scaling, tau, eps, p):
    """The value at τ and ε given by products, all at once and exactly in exponents."""
    replaced = substitute(scaling, tau=tau, eps=eps)
    assert_each_close(replaced.value(p), scaling.value(p | {"tau": tau.value(p), "eps": eps.value(p)}))
    assert substitute(scaling, tau=Scaling(tau=1)) == scaling


@DETERMINISTIC
@given(scalings, scalings, st.sampled_from(NAMES), points)
def test_a_solved_inequality_is_balanced_at_its_threshold(left, right, parameter, p):
    """Both sides agree there; beyond it, on the side that was found, the inequality holds, and before it does not."""
    assume(parameter in (left / right).powers)
    relation, threshold = solve(left, right, parameter)
    assert parameter not in threshold.powers
    at = threshold.value(p)
    assert_each_close(left.value(p | {parameter: at}), right.value(p | {parameter: at}))
    for factor in (0.5, 2.0):
        q = p | {parameter: at * factor}
        assert (left.value(q) < right.value(q)) == ((factor > 1) == (relation == "at least"))


def test_a_parameter_that_cancels_cannot_be_solved_for():
    """There is no threshold."""
    with pytest.raises(ValueError, match="parameter='m' cancels"):
        solve(Scaling(m=1, L=2), Scaling(m=1), "m")


@DETERMINISTIC
@given(scalings, points)
def test_the_excess_decides_whether_a_product_is_bounded(ratio, p):
    """At most 1 everywhere if there is no excess; with one it exceeds any bound, and the rest is at most 1."""
    excess = ASYMPTOTIC.excess(ratio)
    assert (ratio / excess).value(p) <= 1 + 1e-12
    assert excess.value(p) >= 1 - 1e-12
    far = p | {name: 1e30 if name in LARGE else 1e-30 for name in excess.powers}
    assert (ratio.value(far) > 1e4 * ratio.value(p)) == (excess != ONE)


def test_nothing_is_assumed_about_an_unknown_parameter():
    """A comparison that involves one is refused, and so is the logarithm of one."""
    with pytest.raises(ValueError, match="'R'"):
        ASYMPTOTIC.excess(Scaling(R=1, m=2))
    with pytest.raises(ValueError, match="'delta'"):
        Regime(frozenset({"n"}), frozenset()).excess(Scaling(log_n_delta=1))
    assert Regime(frozenset({"R"}), frozenset()).excess(Scaling(R=1)) == Scaling(R=1)


@pytest.mark.parametrize(
    ("ratio", "excess"),
    [
        (Scaling(log_m=3), Scaling(log_m=3)),
        (Scaling(log_m=-3), ONE),
        (Scaling(log_m=3, m="-1/6"), ONE),
        (Scaling(log_m=3, n=-1), Scaling(log_m=3)),
        (Scaling(log_n_delta=1, n=-1), Scaling(log_n_delta=1)),
        (Scaling(log_n_delta=1, n=-1, delta=1), ONE),
    ],
    ids=str,
)
def test_a_logarithm_is_unbounded_unless_powers_of_all_its_letters_outweigh_it(ratio, excess):
    """log³ m / m^(1/6) tends to 0; log(n/δ) / n does not, as δ does."""
    assert ASYMPTOTIC.excess(ratio) == excess


def test_a_derivation_reads_from_premises_to_verdict():
    """A line per step, in order, and the factor by which it fails."""
    d = Derivation()
    tau = d.take("τ", Scaling(B=-1, m="-1/2"), "Theorem")
    length = d.substitute("length", Scaling(tau=2, m=1), tau=tau)
    d.at_most("length against 1", length, ONE)
    d.at_most("length against m", length, Scaling(B=-2, m=1))
    assert d.lines() == [
        "given       τ = B^(-1) m^(-1/2) (Theorem)",
        "substitute  length = τ^2 m at τ = B^(-1) m^(-1/2) = B^(-2)",
        "at most     length against 1: B^(-2) ≤ 1, fails by B^(-2)",
        "at most     length against m: B^(-2) ≤ B^(-2) m, with m to spare",
        "verdict     fails by B^(-2)",
    ]
    assert (d.holds, d.excess, d.slack) == (False, (Scaling(B=-2),), (Scaling(m=1),))
    assert d.premises == {"τ": tau}


def test_a_derivation_without_a_comparison_does_not_hold():
    """Deciding nothing is no success."""
    d = Derivation()
    assert not d.holds
    d.take("τ", Scaling(m=-1), "Theorem")
    assert not d.holds


@pytest.mark.parametrize(
    ("left", "right", "options", "holds"),
    [
        (Scaling(m=1, log_m=3), Scaling(m=1), {}, False),
        (Scaling(m=1, log_m=3), Scaling(m=1), {"up_to": ("log_m",)}, True),
        (Scaling(m=1), Scaling(m=1, log_m=3), {}, True),
        (Scaling(m=1, L=2), Scaling(m=1), {}, False),
        (Scaling(m=1, L=2), Scaling(m=1), {"up_to": ("L",)}, True),
        (Scaling(two=1, eps=1), Scaling(eps=1), {}, False),
        (Scaling(two=-2), Scaling(two="-3/2"), {"strict": True}, True),
        (Scaling(two=-2), Scaling(two=-2), {"strict": True}, False),
    ],
)
def test_comparisons_leave_out_what_they_name(left, right, options, holds):
    """And nothing else: powers of 2 and of logarithms count."""
    d = Derivation()
    d.at_most("left against right", left, right, **options)
    assert d.holds == holds


def test_a_tilde_hides_logarithms():
    """In both comparisons, from those who shift premises too; of the same statement without one nothing is hidden."""
    for tilde in (True, False):
        d = Derivation(tilde=tilde)
        width = d.take("width", Scaling(m=1, log_m=3), "Theorem")
        d.at_most("bound", width, Scaling(m=1))
        d.equal("order", width, Scaling(m=1))
        assert d.holds is tilde
        assert ({"log_m"} in [set(by.powers) for _, by in unit_shifts(d)]) is not tilde


def test_equal_is_in_both_directions():
    """A looser bound is at most, and not equal."""
    for left, right, same in ((Scaling(L=1), Scaling(L=2), False), (Scaling(L=2, log_m=1), Scaling(L=2), True)):
        d = Derivation(tilde=True)
        d.at_most("bound", left, right)
        assert d.holds
        d.equal("bound", left, right)
        assert d.holds == same


def test_enlarging_never_shrinks():
    """Only positive powers are replaced by upper bounds."""
    d = Derivation()
    assert d.enlarge("size", Scaling(L=3, m=1), L=Scaling(two_to_L=1)) == Scaling(two_to_L=3, m=1)
    assert d.enlarge("size", Scaling(L=-3), L=Scaling(two_to_L=1)) == Scaling(L=-3)


@pytest.mark.parametrize(("power", "log", "decreases"), [("-1/6", "1/2", True), ("1/6", 0, False), (0, 1, False)])
def test_decreasing_is_decided_by_powers_then_logarithms(power, log, decreases):
    """The verdict is what the product does at large widths, and it turns where the text says."""
    scaling = Scaling(m=power, log_m=log)
    d = Derivation()
    d.decreases("term", scaling, "m")
    assert d.holds == decreases
    values = [scaling.value({"m": math.exp(x)}) for x in (3, 4, 10, 100)]
    assert (values == sorted(values, reverse=True)) == decreases
    if decreases:
        assert "log(m) > 3" in str(d)
        assert scaling.value({"m": math.exp(2)}) < values[0]


@pytest.mark.parametrize(("solved", "wanted"), [("least", "at most"), ("largest", "at least")])
def test_a_threshold_on_the_wrong_side_is_a_failure(solved, wanted):
    """m ≤ m² has a least m and no largest, 1/m ≥ … the other way about; a parameter that cancels has neither."""
    left, right = (Scaling(m=2), Scaling(m=1)) if solved == "least" else (Scaling(m=1), Scaling(m=2))
    d = Derivation()
    getattr(d, solved)("m", "condition", left, right)
    d.at_most("something true", ONE, ONE)
    assert not d.holds
    assert wanted in d.lines()[0]
    d = Derivation()
    getattr(d, solved)("m", "condition", Scaling(L=1), Scaling(L=2))
    assert not d.holds


@STATED
def test_the_verdict_is_the_expected_one(statement):
    """What the page gets right holds, and what it gets wrong fails."""
    derivation = statement.derive(as_stated)
    assert derivation.holds == (statement.expected == "supported"), derivation
    assert (derivation.excess == ()) == derivation.holds


@STATED
def test_statements_are_json_and_plain_text(statement):
    """Exponents are exact, in both."""
    derivation = statement.derive(as_stated)
    data = json.loads(json.dumps(derivation.data(), allow_nan=False))
    assert data["verdict"] == ("holds" if derivation.holds else "fails")
    assert [step["text"] for step in data["steps"]] == derivation.lines()[:-1]
    assert tuple(Scaling(**factor) for factor in data["excess"]) == derivation.excess
    for step, line in zip(derivation.steps, data["steps"], strict=True):
        assert step.result is None or Scaling(**line["result"]) == step.result


FREE = {
    "cao-gu-2020/informal-1.1": {"B", "L"},
    "cao-gu-2020/rem-4.6-bartlett": {"L", "two_to_L"},
    "cao-gu-2020/rem-4.6-neyshabur": {"L", "two_to_L"},
    "cao-gu-2020/rem-4.6-comparison": {"L", "two_to_L"},
    "cao-gu-2020/rem-4.6-width-decreasing": {"R", "L", "n", "log_m"},
    "cao-gu-2020/cor-4.11-ledger": {"L", "B"},
    "cao-gu-2020/cor-4.13-ledger": {"L", "B"},
    "cao-gu-2020/erratum-E-14": {"L", "B", "gamma"},
    "zou-gu-2019/table-1-du-deep": {"log_inverse_eps"},
    "zou-gu-2019/erratum-E-42": {"k", "L"},
    "zou-gu-2019/contribution-two-layer": {"k", "L"},
    "zou-gu-2019/rem-3.4-depth": {"L"},
    "zou-gu-2019/rem-3.7-improvement-iterations": {"L"},
    "zou-gu-2019/rem-3.7-improvement-width": {"k", "L"},
    "zou-gu-2019/rem-3.11": {"L"},
    "zou-gu-2019/same-n-dependence": {"L"},
    "zou-gu-2019/thm-3.8-ledger": {"log_inverse_eps"},
    "chen-et-al-2019-poster/contribution-gd": {"L", "R"},
    "chen-et-al-2019-poster/sample-complexity": {"L", "R"},
    "chen-et-al-2019-poster/polylogarithmic-width": {"L", "R", "log_n_delta", "log_inverse_eps"},
}
"""Powers that a statement leaves open: at fixed depth or margin, inside a polynomial, of a log beside a power."""


REPLACED = {"lambda_0": {"n", "phi"}, "batch": {"n"}}
"""What derivations put in for a parameter that a comparison then no longer has."""


@STATED
def test_every_exponent_of_every_premise_matters(statement):
    """Shifted by one, up or down, it changes an outcome, unless the statement leaves that power open."""
    stated = statement.derive(as_stated)
    moved = set()
    for name, by in unit_shifts(stated):
        if outcome(statement.derive(shifted({name: by}))) != outcome(stated):
            moved |= {(name, parameter) for parameter in by.powers}
    assert closed(statement, stated) <= moved


@pytest.mark.parametrize("statement", [s for s in STATEMENTS.values() if s.expected == "supported"], ids=str)
def test_a_shifted_exponent_breaks_a_derivation(statement):
    """In one direction or the other, unless a comparison has that power, or what is put in for it, to spare."""
    stated = statement.derive(as_stated)
    spare = {name for factor in stated.slack for name in factor.powers}
    broken = set()
    for name, by in unit_shifts(stated):
        if not statement.derive(shifted({name: by})).holds:
            broken |= {(name, parameter) for parameter in by.powers}
    assert broken
    survived = closed(statement, stated) - broken
    assert all(REPLACED.get(parameter, {parameter}) <= spare for _, parameter in survived), survived


def closed(statement: Claim, derivation: Derivation) -> set[tuple[str, str]]:
    """Premise and parameter of every exponent that the statement does not leave open."""
    free = FREE.get(statement.plain_id, set())
    return {
        (name, parameter)
        for name, scaling in derivation.premises.items()
        for parameter in derivation.counted(without(scaling, free)).powers
    }


def outcome(d: Derivation) -> list[tuple[bool | None, Scaling, Scaling]]:
    """What each comparison comes to."""
    return [(step.holds, step.excess, step.slack) for step in d.steps]


@pytest.mark.parametrize("statement", [s for s in STATEMENTS.values() if s.expected == "supported"], ids=str)
def test_a_neighbour_asks_for_more_and_fails_or_shows_what_is_spared(statement):
    """No shift that breaks the derivation is left out, none that states less is in, and none is true by default."""
    stated = statement.derive(as_stated)
    made = {control.shift: control.unrefuted for control in neighbours(statement)}
    for shift in unit_shifts(stated):
        derivation = statement.derive(shifted(dict([shift])))
        pairs = list(zip(derivation.steps, stated.steps, strict=True))
        harder = [after for after, before in pairs if stated.regime.excess(after.ratio / before.ratio) != ONE]
        if not derivation.holds:
            assert made.pop(shift) is None
        elif harder:
            why = made.pop(shift)
            assert why is not None
            assert why.ground == "computation"
            assert all(step.name in why.text and str(step.left) in why.text for step in harder)
    assert made == {}


def test_what_a_shift_does_decides_whether_it_is_a_neighbour():
    """(5.2) with fewer iterations states less; n^9 in place of n^8 is below every other row of Table 1 as well."""
    names = {control.name: control for control in neighbours(REGISTRY["cao-gu-2020/eq-5.2"])}
    assert "K · L^(-1)" not in names
    assert names["K · L"].unrefuted is None
    rows = {control.name: control for control in neighbours(REGISTRY["zou-gu-2019/table-1-dominance"])}
    spared = rows["width, this paper · n"].unrefuted
    assert spared is not None
    assert "n^9 φ^(-4) ≤ n^14 φ^(-4), with n^5 to spare" in spared.text
    assert rows["width, this paper · k"].unrefuted is None


@pytest.mark.parametrize(("id", "counts"), [("zou-gu-2019/eq-3.1", True), ("cao-gu-2020/informal-1.1", False)])
def test_logarithms_are_shifted_where_the_statement_writes_them(id, counts):
    """(3.1) is written with Ω and log³ m: log⁴ m is another width. Theorem 1.1 is written with Ω̃."""
    logs = [control for control in neighbours(REGISTRY[id]) if "log(" in control.name]
    assert bool(logs) is counts
    assert all(control.unrefuted is None for control in logs)
    derivation = REGISTRY[id].derive(shifted({"stated width": Scaling(log_m=4)}))
    assert derivation.holds is not counts


REPAIRS = {
    "cao-gu-2020/eq-5.2@printed": {"τ": Scaling(B=-1)},
    "cao-gu-2020/eq-5.3@printed": {"number of layers": Scaling(L=-1)},
    "cao-gu-2020/eq-5.4@printed": {"right side of (5.4)": Scaling(L=-1, m="-1/2"), "m*": Scaling(L=6, B=-10)},
    "cao-gu-2020/erratum-E-01@printed": {
        "τ": Scaling(B=-1),
        "first term of Corollary 4.9": Scaling(B=-1),
        "second term of Corollary 4.9": Scaling(B="-4/3"),
    },
    "cao-gu-2020/erratum-E-03@printed": {"m*": Scaling(L=6, B=-10)},
    "cao-gu-2020/erratum-E-04@printed": {"η": Scaling(L=-1), "K": Scaling(L=1)},
    "cao-gu-2020/erratum-E-09@printed": {"Lemma 5.2": Scaling(L="2/3")},
    "cao-gu-2020/erratum-E-14@printed": {"K": Scaling(L=-3)},
    "cao-gu-2020/erratum-E-29@printed": {"claimed distance": Scaling(eta="-1/2")},
    "cao-gu-2020/erratum-E-31@printed": {"first part of Theorem 4.5": Scaling(two=-1)},
    "zou-gu-2019/erratum-E-21@printed": {"exponent of the failure": Scaling(tau="-5/6")},
    "zou-gu-2019/erratum-E-42@printed": {"width, this paper": Scaling(n=-3), "iterations, this paper": Scaling(n=-1)},
    "zou-gu-2019/contribution-sgd-factors@printed": {
        "iterations, section 1": Scaling(L=2, log_inverse_eps=1),
        "factor, iterations": Scaling(log_inverse_eps=-1),
    },
    "zou-gu-2019/rem-3.9-iterations@printed": {"factor": Scaling(log_inverse_eps=-1)},
    "zou-gu-2019/rem-3.11@printed": {"width of Theorem 3.10": Scaling(k="-3/2")},
    "zou-gu-2019/eq-3.1@printed": {"stated width": Scaling(log_n=1)},
    "zou-gu-2019/step-iii-radius@printed": {"m": Scaling(log_n=1)},
    "zou-gu-2019/thm-3.8-ledger@printed": {"η": Scaling(L=-2)},
    "zou-gu-2019/allen-zhu-trajectory@printed": {"stated": Scaling(loss="-1/2")},
    "cao-gu-2019-slides/erratum-E-61@printed": {"radius in the corollary": Scaling(L="1/2")},
    "chen-et-al-2019-poster/erratum-E-62@printed": {"distance of all layers": Scaling(L="1/2")},
}


@pytest.mark.parametrize("statement", [s for s in STATEMENTS.values() if s.expected == "refuted"], ids=str)
def test_the_factor_that_is_missing_repairs_what_fails(statement):
    """Put into a premise it makes the derivation hold, and no smaller part of it does."""
    repair = REPAIRS[statement.id]
    assert statement.derive(shifted(repair)).holds
    halved = {name: factor ** Fraction(1, 2) for name, factor in repair.items()}
    assert not statement.derive(shifted(halved)).holds
    for name in repair:
        assert not statement.derive(shifted({k: v for k, v in repair.items() if k != name})).holds


@STATED
@pytest.mark.parametrize("seed", range(3))
def test_comparisons_are_right_as_numbers(statement, seed):
    """What holds holds at random points; what fails is exceeded, or missed, without limit as its factor grows."""
    p, derivation = point(seed), statement.derive(as_stated)
    for step in derivation.steps:
        if step.rule not in ("at most", "equal"):
            continue
        ratio = derivation.counted(step.left / step.right)
        if step.holds:
            spared = ratio * step.slack
            named = [Scaling(**{name: 1}) for name in spared.powers]
            assert all(f"powers of {one}" in step.text for one in named), step
            assert step.slack.without_logs().value(p) >= 1
        else:
            logs = step.excess.without_logs() == ONE
            factor = 1e150 if logs else 1e12
            letters = step.excess.letters if logs else step.excess.without_logs().powers
            far = {name: p[name] * (factor if p[name] > 1 else 1 / factor) for name in p if name in letters}
            growth = math.log(ratio.value(p | far) / ratio.value(p))
            assert (growth if step.rule == "at most" else abs(growth)) > math.log(5 if logs else 50)
