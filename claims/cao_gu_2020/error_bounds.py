"""The bound on the error in Theorem 4.5 and Corollary 4.9: what it is at a radius, and beside other bounds."""

from lemmata.claims.cao_gu_2020.almost_linear import ALMOST_LINEAR
from lemmata.claims.cao_gu_2020.exponents import (
    CONSISTENT,
    COROLLARY_4_9,
    HALF_EPS,
    LAYERS,
    THEOREM_4_5,
)
from lemmata.claims.cao_gu_2020.gradients_bounded import output_gradients_are_bounded
from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, PRE_4_7, PRINTED, Schedule
from lemmata.claims.language.derivation import Derivation, Given, as_stated
from lemmata.claims.language.scaling import ONE, Scaling
from lemmata.claims.registry import derived


@derived(
    "cao-gu-2020/informal-1.1",
    sentence="An error of ε needs width of order ε⁻¹⁴ and of order ε⁻⁴ examples.",
    source=CAO_GU_2020.at("Theorem 1.1"),
    statement=r"m = \tilde\Omega(\epsilon^{-14}), n = \tilde\Omega(\epsilon^{-4})",
)
def accuracy_decides_width_and_sample(given: Given = as_stated) -> Derivation:
    """The powers of ε in m and n when both terms of Corollary 4.9 are ε; the same for either radius."""
    d = Derivation(given, tilde=True)
    names = [("printed radius", PRINTED), ("consistent radius", CONSISTENT)]
    for name, schedule in names:
        first, second = _error_terms(d, schedule, name)
        sample = d.least("n", f"first term, {name}", first, Scaling(eps=1))
        width = d.least("m", f"second term, {name}", second, Scaling(eps=1))
        d.equal(f"n, {name}", sample, Scaling(eps=-4), up_to=("L", "B"))
        d.equal(f"m, {name}", width, Scaling(eps=-14), up_to=("L", "B"))
    return d


def _error_terms(d: Derivation, schedule: Schedule, name: str) -> tuple[Scaling, Scaling]:
    """Theorem 4.5 at the radius of Theorem 4.7."""
    tau = d.take(f"τ, {name}", schedule.radius, "Theorem 4.7")
    first = d.take(f"first term of Theorem 4.5, {name}", THEOREM_4_5[0], "Theorem 4.5")
    second = d.take(f"second term of Theorem 4.5, {name}", THEOREM_4_5[1], "Theorem 4.5")
    return (
        d.substitute(f"first term, {name}", first, tau=tau),
        d.substitute(f"second term, {name}", second, tau=tau),
    )


DEPTH = ("L", "two_to_L")

SPECTRAL = Scaling(two_to_L="3/2")
"""∏ ‖W_l‖_2 at initialisation: each of the norms tends to 2√2 from the second layer on."""


def _bartlett(d: Derivation) -> Scaling:
    """Remark 4.6's first bound at W in the ball, all ‖W_l‖_2 being at least 1."""
    moved = d.take("‖W_l^T − W_l^(0)T‖_{2,1}", Scaling(m="1/2", tau=1), "Remark 4.6")
    output, norms, layers = _outer(d)
    bracket = d.multiply("[Σ_l ‖·‖_{2,1}^(2/3)]^(3/2)", (layers * moved ** "2/3") ** "3/2")
    return d.multiply("Bartlett et al.", output, norms, bracket, Scaling(n="-1/2"))


def _neyshabur(d: Derivation) -> Scaling:
    """Remark 4.6's second bound, likewise."""
    moved = d.take("√m ‖W_l − W_l^(0)‖_F", Scaling(m="1/2", tau=1), "Definition 4.3")
    output, norms, layers = _outer(d)
    bracket = d.multiply("[Σ_l (√m ‖·‖_F)²]^(1/2)", (layers * moved**2) ** "1/2")
    return d.multiply("Neyshabur et al.", LAYERS, output, norms, bracket, Scaling(n="-1/2"))


def _outer(d: Derivation) -> tuple[Scaling, Scaling, Scaling]:
    return (
        d.take("‖v‖_2", Scaling(m="1/2"), "section 3"),
        d.take("∏ ‖W_l‖_2", SPECTRAL, "Remark 4.6: Õ(1), at bounded depth"),
        d.take("number of layers", LAYERS, "Σ_l"),
    )


@derived(
    "cao-gu-2020/rem-4.6-bartlett",
    sentence="The bound of Bartlett et al. on the ball is of order m τ/√n.",
    source=CAO_GU_2020.at("Remark 4.6, first bound"),
    statement=r"\frac{\|v\|_2}{\sqrt n} \prod_l \|W_l\|_2 [\sum_l (\|\Delta W_l^T\|_{2,1} / \|W_l\|_2)^{2/3}]^{3/2}"
    r" = \tilde O(m \tau / \sqrt n)",
    notes="At fixed depth: L^(3/2) and the product of norms, (2√2)^L, are in the Õ.",
)
def bartlett_grows_like_the_width(given: Given = as_stated) -> Derivation:
    """The bound of Bartlett et al. on the ball is m τ n^{−1/2}, up to depth."""
    d = Derivation(given, tilde=True)
    d.equal("Bartlett et al. on the ball", _bartlett(d), Scaling(m=1, tau=1, n="-1/2"), up_to=DEPTH)
    return d


@derived(
    "cao-gu-2020/rem-4.6-neyshabur",
    sentence="The bound of Neyshabur et al. on the ball is of order m τ/√n.",
    source=CAO_GU_2020.at("Remark 4.6, second bound"),
    statement=r"\frac{L \|v\|_2}{\sqrt n} \prod_l \|W_l\|_2 [\sum_l m \|\Delta W_l\|_F^2 / \|W_l\|_2^2]^{1/2}"
    r" = \tilde O(m \tau / \sqrt n)",
    notes="At fixed depth: L^(3/2) and the product of norms, (2√2)^L, are in the Õ.",
)
def neyshabur_grows_like_the_width(given: Given = as_stated) -> Derivation:
    """The bound of Neyshabur et al. on the ball is m τ n^{−1/2}, up to depth."""
    d = Derivation(given, tilde=True)
    d.equal("Neyshabur et al. on the ball", _neyshabur(d), Scaling(m=1, tau=1, n="-1/2"), up_to=DEPTH)
    return d


@derived(
    "cao-gu-2020/rem-4.6-comparison",
    sentence="For small τ Theorem 4.5 is better than both uniform bounds, by √m.",
    source=CAO_GU_2020.at("Remark 4.6, last sentences"),
    statement=r"L \tau \sqrt{m/n} = m^{-1/2} \cdot m \tau / \sqrt n, \quad \tau \le L^{-9} n^{-3/2} [\log m]^{-3/2}",
    notes="The condition is what 'when τ is small enough' means: Theorem 4.5's second term must not exceed its first. "
    "At the largest τ that the theorem admits, L^(-6), it exceeds it by L √n.",
)
def theorem_beats_uniform_bounds(given: Given = as_stated) -> Derivation:
    """For small τ Theorem 4.5 is better by √m; small means that its first term leads."""
    d = Derivation(given)
    first = d.take("first term", THEOREM_4_5[0], "Theorem 4.5")
    second = d.take("second term", THEOREM_4_5[1], "Theorem 4.5")
    tau = d.take("τ", Scaling(L=-9, n="-3/2", log_m="-3/2"), "inferred: 'when τ is small enough'")
    largest = d.largest("tau", "second term at most the first", second, first)
    d.at_most("τ is small enough", tau, largest)
    for name, bound in (("Bartlett et al.", _bartlett(d)), ("Neyshabur et al.", _neyshabur(d))):
        d.equal(f"{name} over Theorem 4.5", bound / first, Scaling(m="1/2"), up_to=DEPTH)
    return d


@derived(
    "cao-gu-2020/rem-4.6-width-decreasing",
    sentence="At τ = R/√m the bound of Theorem 4.5 decreases with the width.",
    source=CAO_GU_2020.at("Remark 4.6, last paragraph"),
    statement=r"\tau = R m^{-1/2}: \quad L R n^{-1/2} + L^4 R^{4/3} m^{-1/6} \sqrt{\log m} \text{ decreases in } m",
    notes="Once log m > 3.",
)
def bound_decreases_in_width(given: Given = as_stated) -> Derivation:
    """At τ = R m^{−1/2} the first term does not depend on m, and the second decreases once log m > 3."""
    d = Derivation(given)
    tau = d.take("τ", Scaling(R=1, m="-1/2"), "Remark 4.6")
    for name, term in zip(("first term", "second term"), THEOREM_4_5, strict=True):
        term = d.take(f"{name} of Theorem 4.5", term, "Theorem 4.5")
        d.decreases(name, d.substitute(name, term, tau=tau), "m")
    return d


@derived(
    "cao-gu-2020/cor-4.9@printed",
    sentence="Theorems 4.5 and 4.7 as printed combine to the printed test error.",
    source=CAO_GU_2020.at("Corollary 4.9, from Theorems 4.5 and 4.7 as printed"),
    statement=r"P[y f_{W^{(k)}}(x) < 0] \le \epsilon +"
    r" \tilde O(L^2 B^{-1} \epsilon^{-1} n^{-1/2} + L^4 B^{-4/3} \epsilon^{-4/3} m^{-1/6})",
    preconditions=PRE_4_7,
    erratum="E-10, E-31",
    notes="Theorem 4.7 is taken at its word here, and at ε/2; its proof does not support its τ, see eq-5.2@printed.",
)
def printed_theorems_combine(given: Given = as_stated) -> Derivation:
    """Follows from the printed theorems taken at ε/2, its first term with a factor L to spare."""
    d = Derivation(given, tilde=True)
    surrogate = d.take("E_S(W^(k))", HALF_EPS, "Theorem 4.7 (ii), at ε/2")
    error = d.take("first part of Theorem 4.5", Scaling(two=1, E_S=1), "Theorem 4.5")
    d.at_most("error", d.substitute("2 E_S", error, E_S=surrogate), Scaling(eps=1))
    tau = d.take("τ", PRINTED.radius, "Theorem 4.7")
    tau = d.substitute("τ at ε/2", tau, eps=HALF_EPS)
    for name, term, printed in zip(("first", "second"), THEOREM_4_5, COROLLARY_4_9, strict=True):
        term = d.take(f"{name} term of Theorem 4.5", term, "Theorem 4.5")
        printed = d.take(f"{name} term of Corollary 4.9", printed, "Corollary 4.9")
        d.at_most(f"{name} term", d.substitute(f"{name} term", term, tau=tau), printed, up_to=("two",))
    return d


@derived(
    "cao-gu-2020/cor-4.9",
    sentence="Theorems 4.5 and 4.7 as their proofs have them combine to a bound of the test error.",
    source=CAO_GU_2020.at("Corollary 4.9, from Theorem 4.5 and what the proof of Theorem 4.7 gives"),
    statement=r"P[y f_{W^{(k)}}(x) < 0] \le 2 \epsilon +"
    r" \tilde O(L B^{-2} \epsilon^{-1} n^{-1/2} + L^4 B^{-8/3} \epsilon^{-4/3} m^{-1/6})",
    preconditions=PRE_4_7,
    erratum="E-01, E-10, E-31",
)
def theorems_combine(given: Given = as_stated) -> Derivation:
    """Theorem 4.5 at the consistent radius."""
    d = Derivation(given, tilde=True)
    error = d.take("first part of Theorem 4.5", Scaling(two=1, E_S=1), "Theorem 4.5")
    surrogate = d.take("E_S(W^(k))", Scaling(eps=1), "Theorem 4.7 (ii)")
    d.equal("error", d.substitute("2 E_S", error, E_S=surrogate), Scaling(two=1, eps=1))
    first, second = _error_terms(d, CONSISTENT, "consistent radius")
    d.equal("first term is that of the corollary", first, Scaling(L=1, B=-2, eps=-1, n="-1/2"))
    d.equal("second term is that of the corollary", second, Scaling(L=4, B="-8/3", eps="-4/3", m="-1/6"))
    return d


@derived(
    "cao-gu-2020/cor-4.9-vacuity",
    sentence="With the B that separation alone gives, the bound of the test error is at least 1.",
    source=CAO_GU_2020.at("after Corollary 4.9"),
    statement=r"B = \mathrm{poly}(\phi, n^{-1}) \implies L^2 B^{-1} \epsilon^{-1} n^{-1/2} \ge L^2 \epsilon^{-1} \ge 1",
    notes="From the power 1/2 on; for random labels E[B²] ≤ 1/(2n), so that no larger B can be had.",
)
def separation_alone_gives_nothing(given: Given = as_stated) -> Derivation:
    """With B = n^{−1/2} the first term does not decrease in n; with Remark 4.8's B = √φ / n it grows."""
    d = Derivation(given)
    term = d.take("first term", COROLLARY_4_9[0], "Corollary 4.9")
    needed = d.largest("B", "first term at least L²/ε", Scaling(L=2, eps=-1), term)
    largest = d.take("B, random labels", Scaling(n="-1/2"), "E[B²] ≤ 1/(2n) in the infinite-width limit")
    d.at_most("B is as small as that", largest, needed)
    separated = d.take("B, separated inputs", Scaling(phi="1/2", n=-1), "Remark 4.8, √φ / n")
    d.at_most("1 against the first term, separated inputs", ONE, d.substitute("first term", term, B=separated))
    return d


def _linearisation(d: Derivation) -> tuple[Scaling, Scaling]:
    """I_2 and I_1 of the proof of Theorem 4.5."""
    layers = d.take("number of layers", LAYERS, "Σ_l")
    gradient = d.take("gradient of an output", output_gradients_are_bounded.terms[0], "Lemma 5.1")
    lemma = d.take("Lemma 5.2", ALMOST_LINEAR, "Lemma 5.2")
    squares = (Scaling(n=1) * gradient**2) ** "1/2"
    return (
        d.multiply("I_2", Scaling(tau=1, n=-1), layers, squares),
        d.multiply("I_1", lemma, layers, Scaling(tau=1)),
    )


@derived(
    "cao-gu-2020/erratum-E-10@printed",
    sentence="Theorem 4.5 needs L⁴, and L² in the corollary's first term, as printed.",
    source=CAO_GU_2020.at("Theorem 4.5 and Corollary 4.9, powers of L"),
    statement=r"I_1 \le C L^4 \sqrt{m \log m} \tau^{4/3}, \quad"
    r" L \tau \sqrt{m/n} \le C L^2 B^{-1} \epsilon^{-1} n^{-1/2}",
    erratum="E-10",
    notes="True, and loose by one L in each.",
)
def printed_depth_is_enough(given: Given = as_stated) -> Derivation:
    """The printed powers of L follow, each with one L to spare."""
    d = Derivation(given)
    first, second = _linearisation(d)
    d.at_most("I_2", first, d.take("first term", THEOREM_4_5[0], "Theorem 4.5"))
    d.at_most("I_1", second, d.take("second term", THEOREM_4_5[1], "Theorem 4.5"))
    tau = d.take("τ", PRINTED.radius, "Theorem 4.7")
    printed = d.take("first term of Corollary 4.9", COROLLARY_4_9[0], "Corollary 4.9")
    d.at_most("first term of Corollary 4.9", d.substitute("first term", first, tau=tau), printed)
    return d


@derived(
    "cao-gu-2020/erratum-E-10",
    sentence="L³ and L are what the proofs give.",
    source=CAO_GU_2020.at("Theorem 4.5 and Corollary 4.9, powers of L"),
    statement=r"I_1 \le C L^3 \sqrt{m \log m} \tau^{4/3}, \quad L \tau \sqrt{m/n} = L B^{-1} \epsilon^{-1} n^{-1/2}",
    erratum="E-10",
)
def depth_is_exact(given: Given = as_stated) -> Derivation:
    """L³ and L are what the proofs give."""
    d = Derivation(given)
    first, second = _linearisation(d)
    d.equal("I_2", first, Scaling(L=1, tau=1, m="1/2", n="-1/2"))
    d.equal("I_1", second, Scaling(L=3, m="1/2", log_m="1/2", tau="4/3"))
    tau = d.take("τ", PRINTED.radius, "Theorem 4.7")
    d.equal("n-term", d.substitute("first term", first, tau=tau), Scaling(L=1, B=-1, eps=-1, n="-1/2"))
    return d


def _leading(given: Given, accuracy: Scaling, printed: Scaling, *, constants: tuple[str, ...] = ()) -> Derivation:
    d = Derivation(given)
    error = d.take("first part of Theorem 4.5", Scaling(two=1, E_S=1), "Theorem 4.5")
    surrogate = d.take("E_S(W^(k))", accuracy, "Theorem 4.7 (ii)")
    d.at_most("2 E_S", d.substitute("2 E_S", error, E_S=surrogate), printed, up_to=constants)
    return d


@derived(
    "cao-gu-2020/erratum-E-31@printed",
    sentence="The corollary's test error begins with ε, as printed.",
    source=CAO_GU_2020.at("Corollary 4.9, leading term"),
    statement=r"P[y f_{W^{(k)}}(x) < 0] \le \epsilon + \ldots \text{ at } \mathcal{E}_S(W^{(k)}) \le \epsilon",
    erratum="E-31",
    expected="refuted",
    notes="A matter of constants: taken at ε/2 the theorems give ε, and everything in Õ changes by constants only.",
)
def error_is_the_surrogate_error(given: Given = as_stated) -> Derivation:
    """2 E_S ≤ 2ε, not ε."""
    return _leading(given, Scaling(eps=1), Scaling(eps=1))


@derived(
    "cao-gu-2020/erratum-E-31",
    sentence="The corollary's test error begins with 2ε, as Theorem 4.5 has twice the surrogate error.",
    source=CAO_GU_2020.at("Corollary 4.9, leading term"),
    statement=r"P[y f_{W^{(k)}}(x) < 0] \le 2 \epsilon + \ldots \text{ at } \mathcal{E}_S(W^{(k)}) \le \epsilon",
    erratum="E-31",
)
def error_is_twice_the_surrogate_error(given: Given = as_stated) -> Derivation:
    """2ε at ε, and ε at ε/2."""
    d = _leading(given, Scaling(eps=1), Scaling(two=1, eps=1))
    halved = d.substitute("E_S(W^(k)) at ε/2", d.premises["E_S(W^(k))"], eps=HALF_EPS)
    error = d.substitute("2 E_S at ε/2", d.premises["first part of Theorem 4.5"], E_S=halved)
    d.at_most("2 E_S at ε/2", error, Scaling(eps=1))
    return d
