"""The paper's exponent arithmetic: which conditions, bounds and sample sizes follow from which.

Logarithms and absolute constants are left out, as Õ has it. `two` and `two_to_L` are the numbers 2 and 2^L, as bases.
"""

from collections.abc import Callable
from dataclasses import dataclass

from claims.cao_gu_2020.almost_linear import ALMOST_LINEAR
from claims.cao_gu_2020.features_lipschitz import features_are_lipschitz
from claims.cao_gu_2020.gradients_bounded import loss_gradients_are_bounded, output_gradients_are_bounded
from claims.cao_gu_2020.outputs_bounded import outputs_are_bounded
from claims.cao_gu_2020.paper import CAO_GU_2020
from claims.cao_gu_2020.patterns_stable import few_patterns_change
from claims.cao_gu_2020.semi_smooth import loss_is_almost_smooth
from claims.cao_gu_2020.signals_bounded import sparse_signals_are_short
from claims.claim import Expected
from claims.ledger import Derivation, Given, Statement, as_stated, substitute
from claims.scaling import ONE, Scaling

LAYERS = Scaling(L=1)
DEPTH = ("L", "two_to_L")
HALF_EPS = Scaling(two=-1, eps=1)
DESCENT = Scaling(E_S=2, B=2, m=1, eta=1)
"""By how much a step decreases the loss: η ‖∇_{W_L} L_S‖² by (4.1)."""

THEOREM_4_5 = (
    Scaling(L=1, tau=1, m="1/2", n="-1/2"),
    Scaling(L=4, m="1/2", log_m="1/2", tau="4/3"),
)
"""The two terms of the bound."""

RADIUS_BELOW = Scaling(L=-6, log_m="-3/2")
RADIUS_ABOVE = Scaling(L="-8/3", tau="-4/3")
"""Conditions of Theorem 4.5 and of Lemmas 5.1 and 5.2: τ at most the first, m at least the second."""

PATH = Scaling(K="1/2", eta="1/2", B=-1, log_n_delta="1/2")
"""Left side of (5.2), which bounds the distance from initialisation."""

ERROR = Scaling(K="-1/2", eta="-1/2", m="-1/2", B=-1)
"""Left side of (5.5), which bounds the surrogate error."""

STEP_CONDITIONS = {
    "@printed": (Scaling(L=3, m=1, eta=1), Scaling(B=2)),
    "": (Scaling(L=4, m=1, eta=1), Scaling(B=2)),
}
RADIUS_CONDITIONS = {
    "@printed": (Scaling(L=2, tau="1/3", m="1/2", log_m="1/2"), Scaling(B=2, m=1)),
    "": (Scaling(L=3, tau="1/3", m="1/2", log_m="1/2"), Scaling(B=2, m="1/2")),
}
"""Both sides of (5.3) and (5.4), as printed and as the descent needs them."""

COROLLARY_4_9 = (
    Scaling(L=2, B=-1, eps=-1, n="-1/2"),
    Scaling(L=4, B="-4/3", eps="-4/3", m="-1/6"),
)
"""The two printed terms of the bound, beside ε."""


@dataclass(frozen=True)
class Schedule:
    """What Theorem 4.7 prescribes: radius τ, step size η, iterations K, and the least width m*."""

    radius: Scaling
    step: Scaling
    iterations: Scaling
    width: Scaling


PRINTED = Schedule(
    radius=Scaling(B=-1, eps=-1, m="-1/2"),
    step=Scaling(L=-3, B=2, m=-1),
    iterations=Scaling(L=3, B=-4, eps=-2),
    width=Scaling(L=12, B=-4, eps=-2),
)

STATEMENTS: dict[str, Statement] = {}
"""What this module states, by id, in the paper's order."""

Derive = Callable[[Given], Derivation]


def _states(
    name: str, reference: str, statement: str, *, erratum: str = "", expected: Expected = "supported", notes: str = ""
) -> Callable[[Derive], Derive]:
    """Enter the decorated derivation into `STATEMENTS`."""

    def enter(derive: Derive) -> Derive:
        id = f"{CAO_GU_2020.key}/{name}"
        STATEMENTS[id] = Statement(
            id=id,
            source=CAO_GU_2020.at(reference),
            statement=statement,
            derive=derive,
            erratum=erratum,
            expected=expected,
            notes=notes,
        )
        return derive

    return enter


def _kink(d: Derivation) -> Scaling:
    """The first term of Lemma 5.2's bound at a gradient step, summed over layers."""
    step, layers = _step(d)
    kink = d.take("kink term per ‖step‖ E_S", loss_is_almost_smooth.terms[0], "Lemma 5.2")
    return d.multiply("kink term of a step", layers, kink, step, Scaling(E_S=1))


def _quadratic(d: Derivation) -> Scaling:
    """The last term of Lemma 5.2's bound at a gradient step, summed over layers."""
    step, layers = _step(d)
    quadratic = d.take("quadratic term per ‖step‖²", loss_is_almost_smooth.terms[1], "Lemma 5.2")
    return d.multiply("quadratic term of a step", layers, quadratic, step**2)


def _step(d: Derivation) -> tuple[Scaling, Scaling]:
    gradient = d.take("gradient of a layer", loss_gradients_are_bounded.terms[0] * Scaling(E_S=1), "Lemma 5.1")
    layers = d.take("number of layers", LAYERS, "Σ_l in Lemma 5.2")
    return d.multiply("length of a layer's step", Scaling(eta=1), gradient), layers


def _consistent() -> Schedule:
    """The schedule that the proof of Theorem 4.7 supports, solved from its conditions one after the other."""
    d = Derivation()
    step = d.largest("eta", "(5.6), quadratic term", _quadratic(d), DESCENT)
    iterations = d.least("K", "(5.5)", substitute(ERROR, eta=step), Scaling(eps=1))
    radius = substitute(PATH, K=iterations, eta=step).without_logs()
    width = d.least("m", "(5.6), kink term", substitute(_kink(d), tau=radius), DESCENT)
    return Schedule(radius, step, iterations, width.without_logs())


CONSISTENT = _consistent()
SCHEDULES = {"@printed": PRINTED, "": CONSISTENT}
COROLLARIES = {
    "@printed": COROLLARY_4_9,
    "": tuple(substitute(term, tau=CONSISTENT.radius).without_logs() for term in THEOREM_4_5),
}
"""The two terms of Corollary 4.9, as printed and as they follow from the consistent schedule."""


@_states(
    "informal-1.1",
    "Theorem 1.1",
    r"m = \tilde\Omega(\epsilon^{-14}), n = \tilde\Omega(\epsilon^{-4})",
)
def accuracy_decides_width_and_sample(given: Given = as_stated) -> Derivation:
    """The powers of ε in m and n when both terms of Corollary 4.9 are ε; the same for either radius."""
    d = Derivation(given)
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


@_states(
    "rem-4.6-bartlett",
    "Remark 4.6, first bound",
    r"\frac{\|v\|_2}{\sqrt n} \prod_l \|W_l\|_2 [\sum_l (\|\Delta W_l^T\|_{2,1} / \|W_l\|_2)^{2/3}]^{3/2}"
    r" = \tilde O(m \tau / \sqrt n)",
    notes="At fixed depth: L^(3/2) and the product of norms, (2√2)^L, are in the Õ.",
)
def bartlett_grows_like_the_width(given: Given = as_stated) -> Derivation:
    """The bound of Bartlett et al. on the ball is m τ n^{−1/2}, up to depth."""
    d = Derivation(given)
    d.equal("Bartlett et al. on the ball", _bartlett(d), Scaling(m=1, tau=1, n="-1/2"), up_to=DEPTH)
    return d


@_states(
    "rem-4.6-neyshabur",
    "Remark 4.6, second bound",
    r"\frac{L \|v\|_2}{\sqrt n} \prod_l \|W_l\|_2 [\sum_l m \|\Delta W_l\|_F^2 / \|W_l\|_2^2]^{1/2}"
    r" = \tilde O(m \tau / \sqrt n)",
    notes="At fixed depth: L^(3/2) and the product of norms, (2√2)^L, are in the Õ.",
)
def neyshabur_grows_like_the_width(given: Given = as_stated) -> Derivation:
    """The bound of Neyshabur et al. on the ball is m τ n^{−1/2}, up to depth."""
    d = Derivation(given)
    d.equal("Neyshabur et al. on the ball", _neyshabur(d), Scaling(m=1, tau=1, n="-1/2"), up_to=DEPTH)
    return d


@_states(
    "rem-4.6-comparison",
    "Remark 4.6, last sentences",
    r"L \tau \sqrt{m/n} = m^{-1/2} \cdot m \tau / \sqrt n, \quad \tau \le L^{-9} n^{-3/2} [\log m]^{-3/2}",
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


@_states(
    "rem-4.6-width-decreasing",
    "Remark 4.6, last paragraph",
    r"\tau = R m^{-1/2}: \quad L R n^{-1/2} + L^4 R^{4/3} m^{-1/6} \sqrt{\log m} \text{ decreases in } m",
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


def _path(schedule: Schedule, given: Given) -> Derivation:
    d = Derivation(given)
    path = d.take("left side of (5.2)", PATH, "(5.2)")
    iterations = d.take("K", schedule.iterations, "Theorem 4.7")
    eta = d.take("η", schedule.step, "Theorem 4.7")
    tau = d.take("τ", schedule.radius, "Theorem 4.7")
    d.at_most("(5.2)", d.substitute("distance", path, K=iterations, eta=eta), tau)
    return d


@_states(
    "eq-5.2@printed",
    "(5.2), at the stated K, η and τ",
    r"(K \eta)^{1/2} B^{-1} [\log(n/\delta)]^{1/2} \le \nu \tau, \quad \tau = \tilde O(B^{-1} \epsilon^{-1} m^{-1/2})",
    erratum="E-01",
    expected="refuted",
)
def path_stays_in_the_printed_ball(given: Given = as_stated) -> Derivation:
    """At the stated K and η the path is longer than the stated τ by B^{−1}."""
    return _path(PRINTED, given)


@_states(
    "eq-5.2",
    "(5.2), at a consistent K, η and τ",
    r"(K \eta)^{1/2} B^{-1} [\log(n/\delta)]^{1/2} \le \nu \tau, \quad \tau = \tilde O(B^{-2} \epsilon^{-1} m^{-1/2})",
    erratum="E-01",
)
def path_stays_in_the_ball(given: Given = as_stated) -> Derivation:
    """A radius of B^{−2} ε^{−1} m^{−1/2} is enough."""
    return _path(CONSISTENT, given)


def _step_condition(reading: str, given: Given) -> Derivation:
    d = Derivation(given)
    eta = d.take("η", SCHEDULES[reading].step, "Theorem 4.7")
    left, right = STEP_CONDITIONS[reading]
    left, right = d.take("left side of (5.3)", left, "(5.3)"), d.take("right side of (5.3)", right, "(5.3)")
    d.at_most("(5.3) at this η", d.substitute("left side", left, eta=eta), right)
    allowed = d.largest("eta", "(5.3)", left, right)
    quadratic = _quadratic(d)
    gain = d.take("decrease of the loss", DESCENT, "(4.1)")
    _suffices(d, "(5.3) gives (5.6), quadratic term", quadratic, gain, eta=allowed)
    return d


def _suffices(d: Derivation, name: str, cost: Scaling, gain: Scaling, **allowed: Scaling) -> None:
    """Whether at the largest value that a condition allows the cost of a step is at most its gain."""
    d.at_most(name, d.substitute("cost", cost, **allowed), substitute(gain, **allowed))


@_states(
    "eq-5.3@printed",
    "(5.3), and its use for (5.6)",
    r"L^3 m \eta \le \nu B^2 \implies C \sum_l L^3 m^2 \eta^2 \le \eta B^2 m / 4",
    erratum="E-04",
    expected="refuted",
    notes="The stated η satisfies (5.3), with equality; the sum over layers in the descent costs one more L.",
)
def printed_step_is_small_enough(given: Given = as_stated) -> Derivation:
    """(5.3) misses what the descent needs by the factor L."""
    return _step_condition("@printed", given)


@_states(
    "eq-5.3",
    "(5.3) as (5.6) needs it",
    r"L^4 m \eta \le \nu B^2 \implies C \sum_l L^3 m^2 \eta^2 \le \eta B^2 m / 4",
    erratum="E-04",
)
def step_is_small_enough(given: Given = as_stated) -> Derivation:
    """η = L^{−4} B² m^{−1} makes the quadratic term smaller than the decrease."""
    return _step_condition("", given)


def _radius_condition(reading: str, given: Given) -> Derivation:
    d = Derivation(given)
    schedule, (left, right) = SCHEDULES[reading], RADIUS_CONDITIONS[reading]
    tau = d.take("τ", schedule.radius, "Theorem 4.7")
    left, right = d.take("left side of (5.4)", left, "(5.4)"), d.take("right side of (5.4)", right, "(5.4)")
    needed = d.least("m", "(5.4) at this τ", d.substitute("left side", left, tau=tau), right)
    d.at_most("m* is enough for (5.4)", needed, d.take("m*", schedule.width, "Theorem 4.7"))
    allowed = d.largest("tau", "(5.4)", left, right)
    kink = _kink(d)
    gain = d.take("decrease of the loss", DESCENT, "(4.1)")
    _suffices(d, "(5.4) gives (5.6), kink term", kink, gain, tau=allowed)
    return d


@_states(
    "eq-5.4@printed",
    "(5.4), and its use for (5.6)",
    r"L^2 \tau^{1/3} [m \log m]^{1/2} \le \nu B^2 m \implies"
    r" C \sum_l L^2 \tau^{1/3} \eta m \sqrt{\log m} \le \eta B^2 m / 4",
    erratum="E-03",
    expected="refuted",
    notes="The stated τ and m* satisfy (5.4); the descent needs more, by L √m.",
)
def printed_ball_is_small_enough(given: Given = as_stated) -> Derivation:
    """(5.4) misses what the descent needs by the factor L √m."""
    return _radius_condition("@printed", given)


@_states(
    "eq-5.4",
    "(5.4) as (5.6) needs it",
    r"L^3 \tau^{1/3} [m \log m]^{1/2} \le \nu B^2 \sqrt m \implies"
    r" C \sum_l L^2 \tau^{1/3} \eta m \sqrt{\log m} \le \eta B^2 m / 4",
    erratum="E-03",
)
def ball_is_small_enough(given: Given = as_stated) -> Derivation:
    """With m* = L^{18} B^{−16} ε^{−2} the kink term is smaller than the decrease."""
    return _radius_condition("", given)


@_states(
    "eq-5.5",
    "(5.5)",
    r"(K \eta m)^{-1/2} B^{-1} \le \epsilon",
)
def error_is_small_after_the_iterations(given: Given = as_stated) -> Derivation:
    """Balanced, by the stated K and η and by the consistent ones."""
    d = Derivation(given)
    error = d.take("left side of (5.5)", ERROR, "(5.5)")
    for name, schedule in (("as stated", PRINTED), ("consistent", CONSISTENT)):
        iterations = d.take(f"K {name}", schedule.iterations, "Theorem 4.7")
        eta = d.take(f"η {name}", schedule.step, "Theorem 4.7")
        d.at_most(f"(5.5) {name}", d.substitute("error", error, K=iterations, eta=eta), Scaling(eps=1))
    return d


@_states(
    "cor-4.9@printed",
    "Corollary 4.9, from Theorems 4.5 and 4.7 as printed",
    r"P[y f_{W^{(k)}}(x) < 0] \le \epsilon +"
    r" \tilde O(L^2 B^{-1} \epsilon^{-1} n^{-1/2} + L^4 B^{-4/3} \epsilon^{-4/3} m^{-1/6})",
    erratum="E-10, E-31",
    notes="Theorem 4.7 is taken at its word here, and at ε/2; its proof does not support its τ, see eq-5.2@printed.",
)
def printed_theorems_combine(given: Given = as_stated) -> Derivation:
    """Follows from the printed theorems taken at ε/2, its first term with a factor L to spare."""
    d = Derivation(given)
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


@_states(
    "cor-4.9",
    "Corollary 4.9, from Theorem 4.5 and what the proof of Theorem 4.7 gives",
    r"P[y f_{W^{(k)}}(x) < 0] \le 2 \epsilon +"
    r" \tilde O(L B^{-2} \epsilon^{-1} n^{-1/2} + L^4 B^{-8/3} \epsilon^{-4/3} m^{-1/6})",
    erratum="E-01, E-10, E-31",
)
def theorems_combine(given: Given = as_stated) -> Derivation:
    """Theorem 4.5 at the consistent radius."""
    d = Derivation(given)
    error = d.take("first part of Theorem 4.5", Scaling(two=1, E_S=1), "Theorem 4.5")
    surrogate = d.take("E_S(W^(k))", Scaling(eps=1), "Theorem 4.7 (ii)")
    d.equal("error", d.substitute("2 E_S", error, E_S=surrogate), Scaling(two=1, eps=1))
    first, second = _error_terms(d, CONSISTENT, "consistent radius")
    d.equal("first term is that of the corollary", first, Scaling(L=1, B=-2, eps=-1, n="-1/2"))
    d.equal("second term is that of the corollary", second, Scaling(L=4, B="-8/3", eps="-4/3", m="-1/6"))
    return d


@_states(
    "cor-4.9-vacuity",
    "after Corollary 4.9",
    r"B = \mathrm{poly}(\phi, n^{-1}) \implies L^2 B^{-1} \epsilon^{-1} n^{-1/2} \ge L^2 \epsilon^{-1} \ge 1",
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


@dataclass(frozen=True)
class Margin:
    """A distributional corollary.

    Attributes:
        lemma: what gives its gradient bound.
        gradient: B.
        sizes: n and m, by reading; the printed ones are in the corollary's proof.
        step: η as the corollary prints it.
        poly: what the corollary's polynomials are in.
        radius: the largest τ of the lemma.
    """

    lemma: str
    gradient: Scaling
    sizes: dict[str, tuple[Scaling, Scaling]]
    step: Scaling
    poly: tuple[str, ...]
    radius: Scaling


FEATURES = Margin(
    lemma="Lemma 5.4",
    gradient=Scaling(two_to_L=-1, gamma=1),
    sizes={
        "@printed": (Scaling(L=4, two_to_L=2, gamma=-2, eps=-4), Scaling(L=24, two_to_L=8, gamma=-8, eps=-14)),
        "": (Scaling(L=2, two_to_L=4, gamma=-4, eps=-4), Scaling(L=24, two_to_L=16, gamma=-16, eps=-14)),
    },
    step=Scaling(two_to_L=-2, L=-3, gamma=2, m=-1),
    poly=("two_to_L", "gamma"),
    radius=Scaling(two_to_L=-3, L=-2, gamma=3, log_m="-3/2"),
)
KERNEL = Margin(
    lemma="Lemma 5.5",
    gradient=Scaling(gamma=1),
    sizes={
        "@printed": (Scaling(L=4, gamma=-2, eps=-4), Scaling(L=24, gamma=-8, eps=-14)),
        "": (Scaling(L=2, gamma=-4, eps=-4), Scaling(L=24, gamma=-16, eps=-14)),
    },
    step=Scaling(L=-3, gamma=2, m=-1),
    poly=("L", "gamma"),
    radius=Scaling(gamma=3, log_m="-3/2"),
)
"""Corollaries 4.11 and 4.13."""


def _corollary(margin: Margin, reading: str, given: Given) -> Derivation:
    """Sizes from both terms of Corollary 4.9 being ε; then what Theorem 4.7 and the lemma ask, and the shape."""
    d = Derivation(given)
    schedule = SCHEDULES[reading]
    gradient = d.take("B", margin.gradient, margin.lemma)
    solved = []
    for parameter, term, size in zip("nm", COROLLARIES[reading], margin.sizes[reading], strict=True):
        term = d.take(f"term in {parameter}", term, "Corollary 4.9")
        term = d.substitute(f"term in {parameter}", term, B=gradient)
        solved.append(d.least(parameter, "at most ε", term, Scaling(eps=1)))
        d.equal(parameter, solved[-1], d.take(f"stated {parameter}", size, "proof" if reading else "as meant"))
    sample, width = solved
    step = d.substitute("η", d.take("η", schedule.step, "Theorem 4.7"), B=gradient)
    d.at_most("η", step, d.take("stated η", margin.step, "corollary"))
    least = d.substitute("m*", d.take("m*", schedule.width, "Theorem 4.7"), B=gradient)
    d.at_most("Theorem 4.7's m*", least, width)
    tau = d.substitute("τ", d.take("τ", schedule.radius, "Theorem 4.7"), B=gradient)
    ball = d.least("m", f"τ of {margin.lemma}", tau, d.take("largest τ", margin.radius, margin.lemma))
    d.at_most(f"τ of {margin.lemma}", ball, width)
    iterations = d.substitute("K", d.take("K", schedule.iterations, "Theorem 4.7"), B=gradient)
    for name, size, power in (("n", sample, -4), ("m", width, -14), ("K", iterations, -2)):
        if "L" not in margin.poly:
            size = d.enlarge(name, size, L=Scaling(two_to_L=1))
        d.equal(f"{name}, a polynomial times a power of ε", size, Scaling(eps=power), up_to=margin.poly)
    return d


@_states(
    "cor-4.11-ledger@printed",
    "proof of Corollary 4.11",
    r"m \ge \tilde O(L^{24} 2^{8L} \gamma^{-8}) \epsilon^{-14}, n \ge \tilde O(L^4 4^L \gamma^{-2}) \epsilon^{-4}",
    notes="From Corollary 4.9 as printed.",
)
def printed_feature_sizes_follow(given: Given = as_stated) -> Derivation:
    """Reproduced exactly, with B = 2^{−L} γ."""
    return _corollary(FEATURES, "@printed", given)


@_states(
    "cor-4.11-ledger",
    "Corollary 4.11, from the consistent Corollary 4.9",
    r"m \ge \tilde O(L^{24} 2^{16L} \gamma^{-16}) \epsilon^{-14}, n \ge \tilde O(L^2 2^{4L} \gamma^{-4}) \epsilon^{-4}",
    erratum="E-01",
)
def feature_sizes_follow(given: Given = as_stated) -> Derivation:
    """The form poly(2^L, 1/γ) ε^{−14}, poly(2^L, 1/γ) ε^{−4} survives, with other powers."""
    return _corollary(FEATURES, "", given)


@_states(
    "cor-4.13-ledger@printed",
    "proof of Corollary 4.13",
    r"m \ge \tilde O(L^{24} \gamma^{-8}) \epsilon^{-14}, n \ge \tilde O(L^4 \gamma^{-2}) \epsilon^{-4}",
    notes="From Corollary 4.9 as printed; K = poly(L, 1/γ) ε^(-2), see erratum-E-14.",
)
def printed_kernel_sizes_follow(given: Given = as_stated) -> Derivation:
    """Reproduced exactly, with B = γ."""
    return _corollary(KERNEL, "@printed", given)


@_states(
    "cor-4.13-ledger",
    "Corollary 4.13, from the consistent Corollary 4.9",
    r"m \ge \tilde O(L^{24} \gamma^{-16}) \epsilon^{-14}, n \ge \tilde O(L^2 \gamma^{-4}) \epsilon^{-4}",
    erratum="E-01, E-14",
)
def kernel_sizes_follow(given: Given = as_stated) -> Derivation:
    """The form poly(L, 1/γ) ε^{−14}, poly(L, 1/γ) ε^{−4} survives, with other powers."""
    return _corollary(KERNEL, "", given)


@_states(
    "B.3-final-constant",
    "proof of Lemma 5.4, end",
    r"2^{-L} / (2 \sqrt 2) - 2^{-(L+2)} > 0, \quad"
    r" \tau \le c 8^{-L} L^{-2} \gamma^3 \implies L^2 \tau + L^{2/3} \tau^{1/3} \le C c^{1/3} 2^{-L} \gamma",
)
def perturbed_gradient_stays_large(given: Given = as_stated) -> Derivation:
    """The lower bound at W⁽⁰⁾ leaves 0.1036 · 2^{−L} γ for the perturbation, which the radius keeps below it."""
    d = Derivation(given)
    bound = d.take("Lemma B.3", Scaling(two_to_L=-2, two=-3, m=1, gamma=2, E_S=2), "Lemma B.3")
    initial = d.multiply("‖G‖_F, its root", bound ** "1/2")
    wanted = d.take("wanted", Scaling(two_to_L=-1, two=-2, m="1/2", gamma=1, E_S=1), "proof of Lemma 5.4")
    d.at_most("wanted against ‖G‖_F", wanted, initial, strict=True)
    room = 2**-1.5 - 2**-2
    d.note(f"the difference is {room:.4f} · {initial / Scaling(two='-3/2')}")
    tau = d.take("τ", Scaling(two_to_L=-3, L=-2, gamma=3, log_m="-3/2"), "Lemma 5.4")
    flips = d.take("flips", few_patterns_change.terms[0], "Lemma B.1 (iv)")
    size = Scaling(m="1/2", E_S=1)
    kink = d.multiply("changed activations, √flips", flips ** "1/2", Scaling(E_S=1))
    drift = d.take("changed features", Scaling(L=2, tau=1) * size, "proof of Lemma 5.4")
    for name, part in (("features", drift), ("activations", kink)):
        d.at_most(f"{name} against the difference", d.substitute(name, part, tau=tau), initial, up_to=("two",))
    moved = d.take("features per Σ_l ‖step‖", features_are_lipschitz.terms[0], "Lemma B.1 (iii)")
    d.at_most("the L² of the proof", d.multiply("changed features", moved, LAYERS, Scaling(tau=1), size), drift)
    return d


@_states(
    "erratum-E-01@printed",
    "Theorem 4.7 and Corollary 4.9: (5.2) with (5.5)",
    r"\tau = \tilde O(B^{-1} \epsilon^{-1} m^{-1/2}) \text{ admits some } K, \eta \text{ in (5.2) and (5.5)}",
    erratum="E-01",
    expected="refuted",
)
def some_schedule_fits_the_printed_radius(given: Given = as_stated) -> Derivation:
    """No K and η fit: τ is too small by B^{−1}, and so are both terms of Corollary 4.9."""
    d = Derivation(given)
    radius = _least_radius(d)
    d.at_most("the printed τ is as large as that", radius, d.take("τ", PRINTED.radius, "Theorem 4.7"))
    for name, term, printed in zip(("first", "second"), THEOREM_4_5, COROLLARY_4_9, strict=True):
        term = d.take(f"{name} term of Theorem 4.5", term, "Theorem 4.5")
        printed = d.take(f"{name} term of Corollary 4.9", printed, "Corollary 4.9")
        d.at_most(f"{name} term of Corollary 4.9", d.substitute(name, term, tau=radius), printed)
    return d


def _least_radius(d: Derivation) -> Scaling:
    """The smallest τ that (5.2) and (5.5) leave, whatever η."""
    error = d.take("left side of (5.5)", ERROR, "(5.5)")
    path = d.take("left side of (5.2)", PATH, "(5.2)")
    iterations = d.least("K", "(5.5)", error, Scaling(eps=1))
    return d.substitute("left side of (5.2), η cancels", path, K=iterations)


@_states(
    "erratum-E-01",
    "Theorem 4.7 and Corollary 4.9: (5.2) with (5.5)",
    r"\tau = \tilde O(B^{-2} \epsilon^{-1} m^{-1/2})",
    erratum="E-01",
)
def radius_is_forced(given: Given = as_stated) -> Derivation:
    """(5.2) and (5.5) force τ = B^{−2} ε^{−1} m^{−1/2}, whatever η."""
    d = Derivation(given)
    d.equal("τ as meant", _least_radius(d), Scaling(B=-2, eps=-1, m="-1/2"))
    return d


def _least_width(schedule: Schedule, given: Given) -> Derivation:
    """Whether m* is enough for (5.6) and for the conditions of Lemmas 5.1 and 5.2."""
    d = Derivation(given)
    tau = d.take("τ", schedule.radius, "Theorem 4.7")
    width = d.take("m*", schedule.width, "Theorem 4.7")
    kink = _kink(d)
    gain = d.take("decrease of the loss", DESCENT, "(4.1)")
    d.at_most("kink term", d.least("m", "kink term", d.substitute("kink term", kink, tau=tau), gain), width)
    below = d.take("largest τ", RADIUS_BELOW, "Lemma 5.2")
    d.at_most("largest τ", d.least("m", "largest τ", tau, below), width)
    above = d.substitute("m from τ", d.take("m from τ", RADIUS_ABOVE, "Lemma 5.2"), tau=tau)
    d.at_most("m from τ", d.least("m", "m from τ", above, Scaling(m=1)), width)
    return d


@_states(
    "erratum-E-03@printed",
    "Theorem 4.7, m*",
    r"m^* = \tilde O(L^{12} B^{-4} \epsilon^{-2}) \text{ makes the kink term of (5.6) small}",
    erratum="E-03",
    expected="refuted",
)
def printed_width_is_enough(given: Given = as_stated) -> Derivation:
    """The printed m* is too small by L⁶ B^{−10}: what (5.6) needs is L^{18} B^{−14} ε^{−2}."""
    return _least_width(PRINTED, given)


@_states(
    "erratum-E-03",
    "Theorem 4.7, m*",
    r"m^* = \tilde O(L^{18} B^{-16} \epsilon^{-2}) \text{ makes the kink term of (5.6) small}",
    erratum="E-03",
)
def width_is_enough(given: Given = as_stated) -> Derivation:
    """At the consistent radius, m* = L^{18} B^{−16} ε^{−2}; the other conditions ask for less."""
    d = _least_width(CONSISTENT, given)
    d.equal("m* as meant", d.premises["m*"], Scaling(L=18, B=-16, eps=-2))
    return d


def _step_size(schedule: Schedule, given: Given) -> Derivation:
    d = Derivation(given)
    eta = d.take("η", schedule.step, "Theorem 4.7")
    iterations = d.take("K", schedule.iterations, "Theorem 4.7")
    quadratic = _quadratic(d)
    gain = d.take("decrease of the loss", DESCENT, "(4.1)")
    d.at_most("η", eta, d.largest("eta", "quadratic term", quadratic, gain))
    error = d.take("left side of (5.5)", ERROR, "(5.5)")
    d.at_most("K", d.least("K", "(5.5)", d.substitute("error", error, eta=eta), Scaling(eps=1)), iterations)
    return d


@_states(
    "erratum-E-04@printed",
    "Theorem 4.7, η",
    r"\eta = O(L^{-3} B^2 m^{-1}) \text{ makes the quadratic term of (5.6) small}",
    erratum="E-04",
    expected="refuted",
)
def printed_step_size_descends(given: Given = as_stated) -> Derivation:
    """The printed η is too large by L."""
    return _step_size(PRINTED, given)


@_states(
    "erratum-E-04",
    "Theorem 4.7, η",
    r"\eta = \Theta(L^{-4} B^2 m^{-1}), K = \tilde O(L^4 B^{-4} \epsilon^{-2})",
    erratum="E-04",
)
def step_size_descends(given: Given = as_stated) -> Derivation:
    """One more L for the sum over layers; then K = L⁴ B^{−4} ε^{−2}."""
    d = _step_size(CONSISTENT, given)
    d.equal("η as meant", d.premises["η"], Scaling(L=-4, B=2, m=-1))
    d.equal("K as meant", d.premises["K"], Scaling(L=4, B=-4, eps=-2))
    return d


@_states(
    "erratum-E-09@printed",
    "proof of Lemma 5.2, bound of I_1",
    r"\sum_l L^{2/3} \tau^{1/3} \sqrt{m \log m} \cdot \sqrt L \le C L^2 \tau^{1/3} \sqrt{m \log m}",
    erratum="E-09",
    expected="refuted",
    notes="With the √L of Lemma B.1 (iii), and with the L that the proof has in its place.",
)
def lemma_follows_from_printed_parts(given: Given = as_stated) -> Derivation:
    """(v) times (iii), summed over layers, is L^{13/6}, and L^{8/3} in the proof: more than L² by L^{1/6}, L^{2/3}."""
    d = Derivation(given)
    signal = d.take("signal on the changed units", sparse_signals_are_short.terms[0], "Lemma B.1 (v)")
    layers = d.take("number of layers", LAYERS, "Σ_l in I_1")
    lemma = d.take("Lemma 5.2", ALMOST_LINEAR, "Lemma 5.2")
    lipschitz = d.take("change of features", features_are_lipschitz.terms[0], "Lemma B.1 (iii)")
    d.at_most("I_1 with (iii)", d.multiply("I_1", layers, signal, lipschitz), lemma)
    lipschitz = d.take("change of features, proof", LAYERS, "proof of Lemma 5.2, C_1 L Σ_l ‖step‖")
    d.at_most("I_1 with the proof's L", d.multiply("I_1", layers, signal, lipschitz), lemma)
    return d


@_states(
    "erratum-E-09",
    "Lemma B.1 (iv), (v) and Lemma 5.2, all with the √L of (iii)",
    r"\sum_l L^{1/2} \tau^{1/3} \sqrt{m \log m} \cdot \sqrt L = L^2 \tau^{1/3} \sqrt{m \log m}",
    erratum="E-09",
    notes="The units that a change of size t flips are t^(2/3) m many: this gives (iv) and (v) as printed from the "
    "proof's L, and L τ^(2/3) m and Lemma 5.2 from the √L of (iii).",
)
def lemma_follows_from_consistent_parts(given: Given = as_stated) -> Derivation:
    """L² is right if (iv) and (v) use the √L of (iii) as well."""
    d = Derivation(given)
    layers = d.take("number of layers", LAYERS, "Σ_l")
    flips = d.take("units flipped by a change t", Scaling(t="2/3", m=1), "small pre-activations of Gaussian weights")
    change = d.multiply("t with the proof's L", layers, layers, Scaling(tau=1))
    printed = d.substitute("flips with the proof's L", flips, t=change)
    d.equal("Lemma B.1 (iv)", printed, d.take("(iv)", few_patterns_change.terms[0], "Lemma B.1 (iv)"))
    signal = d.take("(v)", sparse_signals_are_short.terms[0], "Lemma B.1 (v)")
    d.equal("Lemma B.1 (v), √(flips log m)", (printed * Scaling(log_m=1)) ** "1/2", signal)
    lipschitz = d.take("(iii)", features_are_lipschitz.terms[0], "Lemma B.1 (iii)")
    change = d.multiply("t with (iii)", lipschitz, layers, Scaling(tau=1))
    signal = (d.substitute("flips with (iii)", flips, t=change) * Scaling(log_m=1)) ** "1/2"
    lemma = d.take("Lemma 5.2", ALMOST_LINEAR, "Lemma 5.2")
    d.equal("I_1 with (iii) throughout", d.multiply("I_1", layers, signal, lipschitz), lemma)
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


@_states(
    "erratum-E-10@printed",
    "Theorem 4.5 and Corollary 4.9, powers of L",
    r"I_1 \le C L^4 \sqrt{m \log m} \tau^{4/3}, \quad L \tau \sqrt{m/n} \le C L^2 B^{-1} \epsilon^{-1} n^{-1/2}",
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


@_states(
    "erratum-E-10",
    "Theorem 4.5 and Corollary 4.9, powers of L",
    r"I_1 \le C L^3 \sqrt{m \log m} \tau^{4/3}, \quad L \tau \sqrt{m/n} = L B^{-1} \epsilon^{-1} n^{-1/2}",
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


def _iterations(given: Given, poly: tuple[str, ...]) -> Derivation:
    d = Derivation(given)
    gradient = d.take("B", KERNEL.gradient, KERNEL.lemma)
    iterations = d.substitute("K", d.take("K", PRINTED.iterations, "Theorem 4.7"), B=gradient)
    d.equal("K is a polynomial times ε^(-2)", iterations, Scaling(eps=-2), up_to=poly)
    return d


@_states(
    "erratum-E-14@printed",
    "Corollary 4.13, K",
    r"K = \tilde O(L^3 B^{-4} \epsilon^{-2}), B = \gamma \implies"
    r" K = \tilde O(\mathrm{poly}(\gamma^{-1})) \epsilon^{-2}",
    erratum="E-14",
    expected="refuted",
    notes="By plugging in B = γ, as the proof has it.",
)
def iterations_do_not_depend_on_depth(given: Given = as_stated) -> Derivation:
    """Plugging in leaves L³; harmless, since the kernel of Assumption 4.12 forces γ ≤ 2^{−(L−1)/2}."""
    d = _iterations(given, ("gamma",))
    d.note("harmless: Assumption 4.12 has κ^(L−1)(x, x) = 2^(−(L−1)), so γ² ≤ 2^(1−L) and L ≤ 2^L ≤ 2 γ^(-2)")
    return d


@_states(
    "erratum-E-14",
    "Corollary 4.13, K",
    r"K = \tilde O(\mathrm{poly}(L, \gamma^{-1})) \epsilon^{-2}",
    erratum="E-14",
    notes="And poly(1/γ) too, since Assumption 4.12 forces L ≤ 2^L ≤ 2 γ^(-2).",
)
def iterations_are_polynomial(given: Given = as_stated) -> Derivation:
    """K = L³ γ^{−4} ε^{−2}, which is a polynomial in 1/γ alone by L ≤ 2 γ^{−2}."""
    d = _iterations(given, ("L", "gamma"))
    bound = d.take("L is at most", Scaling(gamma=-2), "Assumption 4.12: κ^(L−1)(x, x) = 2^(−(L−1)), L ≤ 2^L")
    iterations = d.substitute("K", PRINTED.iterations, B=KERNEL.gradient)
    iterations = d.enlarge("K", iterations, L=bound)
    d.equal("K is a polynomial in 1/γ", iterations, Scaling(eps=-2), up_to=("gamma",))
    return d


def _distance(given: Given, claimed: Scaling) -> Derivation:
    """η Σ_k ‖∇L_S‖, from Lemmas 5.1 and 5.3 and the decrease (5.6) of each step, by Cauchy and Schwarz over k."""
    d = Derivation(given)
    drop = Scaling(drop=1)
    error = d.largest("E_S", "(5.6)", d.take("decrease of the loss", DESCENT, "(5.6)"), drop)
    gradient = d.take("gradient of a layer", loss_gradients_are_bounded.terms[0] * Scaling(E_S=1), "Lemma 5.1")
    gradient = d.substitute("gradient from the decrease", gradient, E_S=error)
    total = d.take("total decrease", outputs_are_bounded.terms[0], "Lemma 5.3 and ℓ(z) ≤ 1 + |z|")
    root = d.substitute("root mean square over k", gradient, drop=total / Scaling(K=1))
    path = d.multiply("distance", Scaling(eta=1), Scaling(K=1), root)
    d.at_most("distance", path, d.take("claimed distance", claimed, "proof of Theorem 4.7"))
    return d


@_states(
    "erratum-E-29@printed",
    "proof of Theorem 4.7, distance from initialisation",
    r"\eta \sum_k \|\nabla_{W_l} L_S(W^{(k)})\|_F \le C \sqrt K \eta B^{-1} [\log(n/\delta)]^{1/2}",
    erratum="E-29",
    expected="refuted",
)
def printed_root_covers_the_iterations_alone(given: Given = as_stated) -> Derivation:
    """√K · η is too small by η^{−1/2}."""
    return _distance(given, Scaling(K="1/2", eta=1, B=-1, log_n_delta="1/2"))


@_states(
    "erratum-E-29",
    "proof of Theorem 4.7, distance from initialisation",
    r"\eta \sum_k \|\nabla_{W_l} L_S(W^{(k)})\|_F \le C \sqrt{K \eta} B^{-1} [\log(n/\delta)]^{1/2}",
    erratum="E-29",
)
def root_covers_the_step_size(given: Given = as_stated) -> Derivation:
    """√(Kη), as (5.2) has it."""
    return _distance(given, PATH)


def _leading(given: Given, accuracy: Scaling, printed: Scaling, *, constants: tuple[str, ...] = ()) -> Derivation:
    d = Derivation(given)
    error = d.take("first part of Theorem 4.5", Scaling(two=1, E_S=1), "Theorem 4.5")
    surrogate = d.take("E_S(W^(k))", accuracy, "Theorem 4.7 (ii)")
    d.at_most("2 E_S", d.substitute("2 E_S", error, E_S=surrogate), printed, up_to=constants)
    return d


@_states(
    "erratum-E-31@printed",
    "Corollary 4.9, leading term",
    r"P[y f_{W^{(k)}}(x) < 0] \le \epsilon + \ldots \text{ at } \mathcal{E}_S(W^{(k)}) \le \epsilon",
    erratum="E-31",
    expected="refuted",
    notes="A matter of constants: taken at ε/2 the theorems give ε, and everything in Õ changes by constants only.",
)
def error_is_the_surrogate_error(given: Given = as_stated) -> Derivation:
    """2 E_S ≤ 2ε, not ε."""
    return _leading(given, Scaling(eps=1), Scaling(eps=1))


@_states(
    "erratum-E-31",
    "Corollary 4.9, leading term",
    r"P[y f_{W^{(k)}}(x) < 0] \le 2 \epsilon + \ldots \text{ at } \mathcal{E}_S(W^{(k)}) \le \epsilon",
    erratum="E-31",
)
def error_is_twice_the_surrogate_error(given: Given = as_stated) -> Derivation:
    """2ε at ε, and ε at ε/2."""
    d = _leading(given, Scaling(eps=1), Scaling(two=1, eps=1))
    halved = d.substitute("E_S(W^(k)) at ε/2", d.premises["E_S(W^(k))"], eps=HALF_EPS)
    error = d.substitute("2 E_S at ε/2", d.premises["first part of Theorem 4.5"], E_S=halved)
    d.at_most("2 E_S at ε/2", error, Scaling(eps=1))
    return d
