"""Exponent arithmetic of Cao & Gu (2020), against the paper's formulas written out by hand as numbers."""

import math
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from scipy.optimize import brentq

from lemmata.claims import REGISTRY
from lemmata.claims.cao_gu_2020.exponents import CONSISTENT, PRINTED, RADIUS_BELOW
from lemmata.claims.language.derivation import as_stated, shifted
from lemmata.claims.language.scaling import Scaling
from tests.assertions import assert_each_close
from tests.test_ledger import point

STATEMENTS = {id: claim for id, claim in REGISTRY.items() if claim.derive is not None and id.startswith("cao-gu-2020/")}


def test_every_ledger_statement_of_the_catalogue_is_here():
    """With both readings where they differ."""
    names = {
        "informal-1.1 rem-4.6-bartlett rem-4.6-neyshabur rem-4.6-width-decreasing eq-5.5 cor-4.9-vacuity",
        "B.3-final-constant rem-4.6-comparison",
        *(f"{name} {name}@printed" for name in ("eq-5.2", "eq-5.3", "eq-5.4", "cor-4.9")),
        *(f"{name} {name}@printed" for name in ("cor-4.11-ledger", "cor-4.13-ledger")),
        *(f"erratum-E-{n} erratum-E-{n}@printed" for n in ("01", "03", "04", "09", "10", "14", "29", "31")),
    }
    assert {f"cao-gu-2020/{name}" for line in names for name in line.split()} == set(STATEMENTS)


def test_a_reading_differs_from_the_other():
    """Of the errata, only E-10 prints something true: a looser power."""
    refuted = {id for id, s in STATEMENTS.items() if s.expected == "refuted"}
    printed = {id for id in STATEMENTS if id.startswith("cao-gu-2020/erratum") and id.endswith("@printed")}
    assert printed - refuted == {"cao-gu-2020/erratum-E-10@printed"}
    assert all(id.endswith("@printed") and id.removesuffix("@printed") in STATEMENTS for id in refuted)


def test_the_consistent_schedule_is_the_catalogues():
    """τ, η, K and m* as solved from (5.2) to (5.6)."""
    assert CONSISTENT.radius == Scaling(B=-2, eps=-1, m="-1/2")
    assert CONSISTENT.step == Scaling(L=-4, B=2, m=-1)
    assert CONSISTENT.iterations == Scaling(L=4, B=-4, eps=-2)
    assert CONSISTENT.width == Scaling(L=18, B=-16, eps=-2)


P = SimpleNamespace
Ratios = dict[str, float]


def threshold(cost: Callable[[float], float], gain: Callable[[float], float]) -> float:
    """Where cost and gain cross, found on a logarithmic axis."""
    return math.exp(brentq(lambda x: math.log(cost(math.exp(x)) / gain(math.exp(x))), -200, 200, xtol=1e-13))


def schedule(p: P, *, printed: bool, m: float | None = None) -> P:
    """Theorem 4.7's prescription, written out."""
    m = m or p.m
    if printed:
        tau, eta = 1 / (p.B * p.eps * math.sqrt(m)), p.B**2 / (p.L**3 * m)
        return P(tau=tau, eta=eta, K=p.L**3 / (p.B**4 * p.eps**2), width=p.L**12 / (p.B**4 * p.eps**2))
    tau, eta = 1 / (p.B**2 * p.eps * math.sqrt(m)), p.B**2 / (p.L**4 * m)
    return P(tau=tau, eta=eta, K=p.L**4 / (p.B**4 * p.eps**2), width=p.L**18 / (p.B**16 * p.eps**2))


def theorem_4_5(p: P, tau: float) -> tuple[float, float]:
    """Both terms, without logarithms."""
    return p.L * tau * math.sqrt(p.m / p.n), p.L**4 * math.sqrt(p.m) * tau ** (4 / 3)


def kink(p: P, m: float, tau: float) -> float:
    """Σ_l L² τ^{1/3} η m E², over η B² m E²: the first part of the descent."""
    return p.L * p.L**2 * tau ** (1 / 3) * math.sqrt(m) * (p.eta * math.sqrt(m)) / (p.eta * p.B**2 * m)


def quadratic(p: P, eta: float) -> float:
    """Σ_l L³ m² η², over η B² m."""
    return p.L * p.L**3 * p.m**2 * eta**2 / (eta * p.B**2 * p.m)


def one(_: float) -> float:
    return 1.0


def descent_width(p: P, *, printed: bool) -> float:
    """The m at which the kink term of the descent equals its gain."""
    return threshold(lambda m: kink(p, m, schedule(p, printed=printed, m=m).tau), one)


def ball_width(p: P, *, printed: bool, largest: float) -> float:
    """The m at which τ has come down to its largest admitted value."""
    return threshold(lambda m: schedule(p, printed=printed, m=m).tau, lambda _: largest)


def eq_5_2(p: P, *, printed: bool) -> Ratios:
    s = schedule(p, printed=printed)
    return {"(5.2)": math.sqrt(s.K * s.eta) / p.B / s.tau}


def eq_5_3(p: P, *, printed: bool) -> Ratios:
    s, power = schedule(p, printed=printed), 3 if printed else 4
    allowed = threshold(lambda eta: p.L**power * p.m * eta, lambda _: p.B**2)
    return {
        "(5.3) at this η": p.L**power * p.m * s.eta / p.B**2,
        "(5.3) gives (5.6), quadratic term": quadratic(p, allowed),
    }


def eq_5_4(p: P, *, printed: bool) -> Ratios:
    power, share = (2, 1.0) if printed else (3, 0.5)

    def condition(m: float, tau: float) -> float:
        return p.L**power * tau ** (1 / 3) * math.sqrt(m) / (p.B**2 * m**share)

    needed = threshold(lambda m: condition(m, schedule(p, printed=printed, m=m).tau), one)
    allowed = threshold(lambda tau: condition(p.m, tau), one)
    return {
        "m* is enough for (5.4)": needed / schedule(p, printed=printed).width,
        "(5.4) gives (5.6), kink term": kink(p, p.m, allowed),
    }


def eq_5_5(p: P) -> Ratios:
    def balance(s: P) -> float:
        return 1 / math.sqrt(s.K * s.eta * p.m) / p.B / p.eps

    return {
        "(5.5) as stated": balance(schedule(p, printed=True)),
        "(5.5) consistent": balance(schedule(p, printed=False)),
    }


def cor_4_9(p: P, *, printed: bool) -> Ratios:
    if not printed:
        first, second = theorem_4_5(p, schedule(p, printed=False).tau)
        return {
            "error": 1.0,
            "first term is that of the corollary": first / (p.L / (p.B**2 * p.eps * math.sqrt(p.n))),
            "second term is that of the corollary": second
            / (p.L**4 * p.B ** (-8 / 3) * p.eps ** (-4 / 3) * p.m ** (-1 / 6)),
        }
    half = P(**vars(p) | {"eps": p.eps / 2})
    first, second = theorem_4_5(p, schedule(half, printed=True).tau)
    return {
        "error": 2 * (p.eps / 2) / p.eps,
        "first term": first / (p.L**2 / (p.B * p.eps * math.sqrt(p.n))),
        "second term": second / (p.L**4 * (p.B * p.eps) ** (-4 / 3) * p.m ** (-1 / 6)),
    }


def vacuity(p: P) -> Ratios:
    def first(B: float) -> float:
        return p.L**2 / (B * p.eps * math.sqrt(p.n))

    needed = threshold(lambda B: p.L**2 / p.eps, first)
    return {
        "B is as small as that": p.n**-0.5 / needed,
        "1 against the first term, separated inputs": 1 / first(math.sqrt(p.phi) / p.n),
    }


def sizes(p: P, terms: Callable[[P], tuple[float, float]]) -> tuple[float, float]:
    """n and m at which the two terms of Corollary 4.9 are ε."""
    n = threshold(lambda n: terms(P(**vars(p) | {"n": n}))[0], lambda _: p.eps)
    return n, threshold(lambda m: terms(P(**vars(p) | {"m": m}))[1], lambda _: p.eps)


def printed_terms(p: P) -> tuple[float, float]:
    return p.L**2 / (p.B * p.eps * math.sqrt(p.n)), p.L**4 * (p.B * p.eps) ** (-4 / 3) * p.m ** (-1 / 6)


def consistent_terms(p: P) -> tuple[float, float]:
    return theorem_4_5(p, schedule(p, printed=False).tau)


def informal(p: P) -> Ratios:
    ratios = {}
    for name, printed in (("printed radius", True), ("consistent radius", False)):
        n, m = sizes(p, lambda q, printed=printed: theorem_4_5(q, schedule(q, printed=printed).tau))
        ratios |= {f"n, {name}": n * p.eps**4, f"m, {name}": m * p.eps**14}
    return ratios


def corollary(p: P, *, printed: bool, features: bool) -> Ratios:
    """Corollaries 4.11 (features) and 4.13."""
    two = p.two_to_L if features else 1.0
    q = P(**vars(p) | {"B": p.gamma / two})
    n, m = sizes(q, printed_terms if printed else consistent_terms)
    s = schedule(q, printed=printed)
    lemma, largest = ("5.4", p.gamma**3 / (two**3 * p.L**2)) if features else ("5.5", p.gamma**3)
    inverse = two / p.gamma
    if printed:
        stated = p.L**4 * inverse**2 / p.eps**4, p.L**24 * inverse**8 / p.eps**14
    else:
        stated = p.L**2 * inverse**4 / p.eps**4, p.L**24 * inverse**16 / p.eps**14
    deep = p.two_to_L / p.L if features else 1.0
    depths = (4, 24, 3) if printed else (2, 24, 4)
    return {
        "n": n / stated[0],
        "m": m / stated[1],
        "η": s.eta / (p.gamma**2 / two**2 / p.L**3 / p.m),
        "Theorem 4.7's m*": s.width / m,
        f"τ of Lemma {lemma}": ball_width(q, printed=printed, largest=largest) / m,
        "n, a polynomial times a power of ε": n * p.eps**4 * deep ** depths[0],
        "m, a polynomial times a power of ε": m * p.eps**14 * deep ** depths[1],
        "K, a polynomial times a power of ε": s.K * p.eps**2 * deep ** depths[2],
    }


def uniform_bounds(p: P) -> tuple[float, float]:
    """The displays of Remark 4.6 with every norm put in; L layers are a factor L."""
    norms, v, per_layer = p.two_to_L**1.5, math.sqrt(p.m), math.sqrt(p.m) * p.tau
    bartlett = v / math.sqrt(p.n) * norms * (p.L * per_layer ** (2 / 3)) ** 1.5
    return bartlett, p.L * v / math.sqrt(p.n) * norms * math.sqrt(p.L * per_layer**2)


def bartlett(p: P) -> Ratios:
    return {"Bartlett et al. on the ball": uniform_bounds(p)[0] / (p.m * p.tau / math.sqrt(p.n))}


def neyshabur(p: P) -> Ratios:
    return {"Neyshabur et al. on the ball": uniform_bounds(p)[1] / (p.m * p.tau / math.sqrt(p.n))}


def comparison(p: P) -> Ratios:
    first = theorem_4_5(p, p.tau)[0]
    small = threshold(lambda tau: theorem_4_5(p, tau)[1] / theorem_4_5(p, tau)[0], one)
    return {
        "τ is small enough": p.L**-9 * p.n**-1.5 / small,
        "Bartlett et al. over Theorem 4.5": uniform_bounds(p)[0] / first / math.sqrt(p.m),
        "Neyshabur et al. over Theorem 4.5": uniform_bounds(p)[1] / first / math.sqrt(p.m),
    }


def final_constant(p: P) -> Ratios:
    tau = p.gamma**3 / (p.two_to_L**3 * p.L**2)
    initial = math.sqrt(p.m * p.gamma**2 / p.two_to_L**2 / p.two**3)
    return {
        "wanted against ‖G‖_F": p.two**-2 / p.two_to_L * math.sqrt(p.m) * p.gamma / initial,
        "features against the difference": p.L**2 * tau * math.sqrt(p.m) / initial,
        "activations against the difference": p.L ** (2 / 3) * tau ** (1 / 3) * math.sqrt(p.m) / initial,
        "the L² of the proof": math.sqrt(p.L) * (p.L * p.tau) / (p.L**2 * p.tau),
    }


def e_01(p: P, *, printed: bool) -> Ratios:
    iterations = threshold(lambda K: 1 / math.sqrt(K * p.eta * p.m) / p.B, lambda _: p.eps)
    radius = math.sqrt(iterations * p.eta) / p.B
    if not printed:
        return {"τ as meant": radius / schedule(p, printed=False).tau}
    terms, claimed = theorem_4_5(p, radius), printed_terms(p)
    return {
        "the printed τ is as large as that": radius / schedule(p, printed=True).tau,
        "first term of Corollary 4.9": terms[0] / claimed[0],
        "second term of Corollary 4.9": terms[1] / claimed[1],
    }


def e_03(p: P, *, printed: bool) -> Ratios:
    width = schedule(p, printed=printed).width
    above = threshold(lambda m: p.L ** (-8 / 3) * schedule(p, printed=printed, m=m).tau ** (-4 / 3), lambda m: m)
    ratios = {
        "kink term": descent_width(p, printed=printed) / width,
        "largest τ": ball_width(p, printed=printed, largest=p.L**-6) / width,
        "m from τ": above / width,
    }
    return ratios if printed else ratios | {"m* as meant": width / (p.L**18 * p.B**-16 * p.eps**-2)}


def e_04(p: P, *, printed: bool) -> Ratios:
    s = schedule(p, printed=printed)
    iterations = threshold(lambda K: 1 / math.sqrt(K * s.eta * p.m) / p.B, lambda _: p.eps)
    ratios = {"η": s.eta / threshold(lambda eta: quadratic(p, eta), one), "K": iterations / s.K}
    return ratios if printed else ratios | {"η as meant": 1.0, "K as meant": 1.0}


def e_09(p: P, *, printed: bool) -> Ratios:
    lemma = p.L**2 * p.tau ** (1 / 3) * math.sqrt(p.m)
    signal = p.L ** (2 / 3) * p.tau ** (1 / 3) * math.sqrt(p.m)
    if printed:
        return {
            "I_1 with (iii)": p.L * signal * math.sqrt(p.L) / lemma,
            "I_1 with the proof's L": p.L * signal * p.L / lemma,
        }
    flips = p.m * (p.L * p.L * p.tau) ** (2 / 3)
    fewer = p.m * (math.sqrt(p.L) * p.L * p.tau) ** (2 / 3)
    return {
        "Lemma B.1 (iv)": flips / (p.L ** (4 / 3) * p.tau ** (2 / 3) * p.m),
        "Lemma B.1 (v), √(flips log m)": math.sqrt(flips) / signal,
        "I_1 with (iii) throughout": p.L * math.sqrt(fewer) * math.sqrt(p.L) / lemma,
    }


def e_10(p: P, *, printed: bool) -> Ratios:
    def i_2(tau: float) -> float:
        return tau / p.n * p.L * math.sqrt(p.n * p.m)

    i_1 = p.L**2 * p.tau ** (1 / 3) * math.sqrt(p.m) * p.L * p.tau
    first, second = theorem_4_5(p, p.tau)
    n_term = i_2(schedule(p, printed=True).tau) * p.B * p.eps * math.sqrt(p.n)
    if printed:
        return {"I_2": i_2(p.tau) / first, "I_1": i_1 / second, "first term of Corollary 4.9": n_term / p.L**2}
    return {"I_2": i_2(p.tau) / first, "I_1": i_1 / (second / p.L), "n-term": n_term / p.L}


def e_14(p: P, *, printed: bool) -> Ratios:
    iterations = p.L**3 * p.gamma**-4 * p.eps**-2
    ratios = {"K is a polynomial times ε^(-2)": iterations * p.eps**2}
    return ratios if printed else ratios | {"K is a polynomial in 1/γ": p.gamma**-10}


def e_29(p: P, *, printed: bool) -> Ratios:
    def descent(error: float) -> float:
        return p.eta * p.B**2 * p.m * error**2

    error = threshold(descent, lambda _: 1 / p.K)
    path = p.eta * p.K * math.sqrt(p.m) * error
    return {"distance": path / (math.sqrt(p.K) * p.eta / p.B if printed else math.sqrt(p.K * p.eta) / p.B)}


def e_31(p: P, *, printed: bool) -> Ratios:
    return {"2 E_S": p.two} if printed else {"2 E_S": 1.0, "2 E_S at ε/2": 1.0}


BY_HAND: dict[str, Callable[..., Ratios]] = {
    "informal-1.1": informal,
    "rem-4.6-bartlett": bartlett,
    "rem-4.6-neyshabur": neyshabur,
    "rem-4.6-comparison": comparison,
    "eq-5.5": eq_5_5,
    "cor-4.9": cor_4_9,
    "cor-4.9-vacuity": vacuity,
    "B.3-final-constant": final_constant,
    "eq-5.2": eq_5_2,
    "eq-5.3": eq_5_3,
    "eq-5.4": eq_5_4,
    "cor-4.11-ledger": lambda p, printed: corollary(p, printed=printed, features=True),
    "cor-4.13-ledger": lambda p, printed: corollary(p, printed=printed, features=False),
    "erratum-E-01": e_01,
    "erratum-E-03": e_03,
    "erratum-E-04": e_04,
    "erratum-E-09": e_09,
    "erratum-E-10": e_10,
    "erratum-E-14": e_14,
    "erratum-E-29": e_29,
    "erratum-E-31": e_31,
}
"""Left over right of each comparison, from the paper's formulas as numbers, logarithms taken as 1."""


def by_hand(id: str, p: P) -> Ratios:
    """The ratios of a reading."""
    name, at, _ = id.partition("/")[2].partition("@")
    if id in (f"cao-gu-2020/{key}" for key in BY_HAND) and f"{id}@printed" not in STATEMENTS:
        return BY_HAND[name](p)
    return BY_HAND[name](p, printed=bool(at))


@pytest.mark.parametrize("statement", [s for s in STATEMENTS.values() if "decreasing" not in s.id], ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_every_comparison_is_that_of_the_formulas_written_out(statement, seed):
    """The two sides as numbers, thresholds found by bisection: the same ratio, and no comparison left out."""
    p = point(seed)
    steps = [step for step in statement.derive(as_stated).steps if step.rule in ("at most", "equal")]
    expected = by_hand(statement.id, P(**p))
    assert {step.name for step in steps} == set(expected)
    for step in steps:
        ratio = (step.left / step.right).without_logs().value(p)
        assert_each_close(math.log(ratio) + 1e3, math.log(expected[step.name]) + 1e3)


def test_the_bound_of_theorem_4_5_decreases_in_width_as_a_number():
    """At τ = R m^{−1/2}: the first term is constant, the second falls once log m > 3, and rises before."""

    def terms(log_m: float) -> tuple[float, float]:
        m, tau = math.exp(log_m), 5 * math.exp(-log_m / 2)
        return 2 * tau * math.sqrt(m / 7), 2**4 * math.sqrt(m * log_m) * tau ** (4 / 3)

    values = [terms(log_m) for log_m in (2.0, 3.0, 4.0, 8.0, 16.0)]
    assert_each_close([first for first, _ in values], [values[0][0]] * 5)
    second = [second for _, second in values]
    assert second[0] < second[1] > second[2] > second[3] > second[4]
    text = str(STATEMENTS["cao-gu-2020/rem-4.6-width-decreasing"].derive(as_stated))
    assert "does not depend on it" in text
    assert "log(m) > 3" in text


@pytest.mark.parametrize(
    ("id", "factors"),
    [
        ("eq-5.2@printed", [Scaling(B=-1)]),
        ("eq-5.3@printed", [Scaling(L=1)]),
        ("eq-5.4@printed", [Scaling(L=1, m="1/2")]),
        ("erratum-E-03@printed", [Scaling(L=6, B=-10)]),
        ("erratum-E-04@printed", [Scaling(L=1)]),
        ("erratum-E-09@printed", [Scaling(L="1/6"), Scaling(L="2/3")]),
        ("erratum-E-14@printed", [Scaling(L=3)]),
        ("erratum-E-31@printed", [Scaling(two=1)]),
        ("erratum-E-29@printed", [Scaling(eta="-1/2")]),
    ],
)
def test_printed_statements_fail_by_the_factors_of_the_catalogue(id, factors):
    """The catalogue's exponents, typed in here and computed there."""
    assert list(STATEMENTS[f"cao-gu-2020/{id}"].derive(as_stated).excess) == factors


def test_the_lemmas_of_the_registry_are_the_premises():
    """An exponent changed in a lemma's own scaling is seen by the ledger: the premises are those objects."""
    lemmas = {
        "Lemma 5.2": REGISTRY["cao-gu-2020/lemma-5.2a"].terms[0],
        "kink term per ‖step‖ E_S": REGISTRY["cao-gu-2020/lemma-5.2b"].terms[0],
        "quadratic term per ‖step‖²": REGISTRY["cao-gu-2020/lemma-5.2b"].terms[1],
        "gradient of a layer": REGISTRY["cao-gu-2020/lemma-5.1b"].terms[0] * Scaling(E_S=1),
        "gradient of an output": REGISTRY["cao-gu-2020/lemma-5.1a"].terms[0],
        "(iii)": REGISTRY["cao-gu-2020/lemma-B.1-iii"].terms[0],
        "flips": REGISTRY["cao-gu-2020/lemma-B.1-iv"].terms[0],
        "signal on the changed units": REGISTRY["cao-gu-2020/lemma-B.1-v"].terms[0],
    }
    premises = [statement.derive(as_stated).premises for statement in STATEMENTS.values()]
    for name, scaling in lemmas.items():
        used = [found[name] for found in premises if name in found]
        assert used
        assert set(used) == {scaling}, name


def test_sizes_printed_are_too_small_for_the_radius_the_proof_supports():
    """With τ = B^{−2} ε^{−1} m^{−1/2} Corollary 4.11 needs 2^{8L} γ^{−8} more width and 2^{2L} γ^{−2} more examples."""
    printed = STATEMENTS["cao-gu-2020/cor-4.11-ledger@printed"].derive(as_stated).premises
    meant = STATEMENTS["cao-gu-2020/cor-4.11-ledger"].derive(as_stated).premises
    assert meant["stated m"] / printed["stated m"] == Scaling(two_to_L=8, gamma=-8)
    assert meant["stated n"] / printed["stated n"] == Scaling(L=-2, two_to_L=2, gamma=-2)
    assert PRINTED.radius / CONSISTENT.radius == Scaling(B=1)


def test_theorem_4_5_does_not_lead_with_its_first_term_at_every_radius():
    """At the largest τ that it admits, L^{−6}, the second term is larger by L √n: 'small enough' is needed."""
    statement = STATEMENTS["cao-gu-2020/rem-4.6-comparison"]
    largest = RADIUS_BELOW.without_logs() / statement.derive(as_stated).premises["τ"].without_logs()
    derivation = statement.derive(shifted({"τ": largest}))
    assert derivation.excess == (Scaling(L=1, n="1/2") ** 3,)
    first, second = theorem_4_5(P(L=3, m=50, n=7), 3**-6)
    assert_each_close(second / first, 3 * math.sqrt(7))
