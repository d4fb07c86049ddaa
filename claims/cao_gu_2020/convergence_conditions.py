"""Conditions (5.2) to (5.6) of the convergence proof: the radius, step size, iterations and width that they ask for."""

from lemmata.claims.cao_gu_2020.exponents import (
    CONSISTENT,
    COROLLARY_4_9,
    DESCENT,
    ERROR,
    PATH,
    RADIUS_ABOVE,
    RADIUS_BELOW,
    SCHEDULES,
    THEOREM_4_5,
    kink_term,
    quadratic_term,
)
from lemmata.claims.cao_gu_2020.gradients_bounded import loss_gradients_are_bounded
from lemmata.claims.cao_gu_2020.outputs_bounded import outputs_are_bounded
from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, PRINTED, Schedule
from lemmata.claims.language.derivation import Derivation, Given, as_stated, substitute
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import derived

STEP_CONDITIONS = {
    "@printed": (Scaling(L=3, m=1, eta=1), Scaling(B=2)),
    "": (Scaling(L=4, m=1, eta=1), Scaling(B=2)),
}
RADIUS_CONDITIONS = {
    "@printed": (Scaling(L=2, tau="1/3", m="1/2", log_m="1/2"), Scaling(B=2, m=1)),
    "": (Scaling(L=3, tau="1/3", m="1/2", log_m="1/2"), Scaling(B=2, m="1/2")),
}
"""Both sides of (5.3) and (5.4), as printed and as the descent needs them."""


def _path(schedule: Schedule, given: Given) -> Derivation:
    d = Derivation(given, tilde=True)
    path = d.take("left side of (5.2)", PATH, "(5.2)")
    iterations = d.take("K", schedule.iterations, "Theorem 4.7")
    eta = d.take("η", schedule.step, "Theorem 4.7")
    tau = d.take("τ", schedule.radius, "Theorem 4.7")
    d.at_most("(5.2)", d.substitute("distance", path, K=iterations, eta=eta), tau)
    return d


@derived(
    "cao-gu-2020/eq-5.2@printed",
    sentence="At the stated K, η and τ the iterates stay in the ball, as printed: B is one power short.",
    source=CAO_GU_2020.at("(5.2), at the stated K, η and τ"),
    statement=r"(K \eta)^{1/2} B^{-1} [\log(n/\delta)]^{1/2} \le \nu \tau, \quad"
    r" \tau = \tilde O(B^{-1} \epsilon^{-1} m^{-1/2})",
    erratum="E-01",
    expected="refuted",
)
def path_stays_in_the_printed_ball(given: Given = as_stated) -> Derivation:
    """At the stated K and η the path is longer than the stated τ by B^{−1}."""
    return _path(PRINTED, given)


@derived(
    "cao-gu-2020/eq-5.2",
    sentence="At a consistent K, η and τ, of order B⁻² ε⁻¹ m^(−1/2), the iterates stay in the ball.",
    source=CAO_GU_2020.at("(5.2), at a consistent K, η and τ"),
    statement=r"(K \eta)^{1/2} B^{-1} [\log(n/\delta)]^{1/2} \le \nu \tau, \quad"
    r" \tau = \tilde O(B^{-2} \epsilon^{-1} m^{-1/2})",
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
    quadratic = quadratic_term(d)
    gain = d.take("decrease of the loss", DESCENT, "(4.1)")
    _suffices(d, "(5.3) gives (5.6), quadratic term", quadratic, gain, eta=allowed)
    return d


def _suffices(d: Derivation, name: str, cost: Scaling, gain: Scaling, **allowed: Scaling) -> None:
    """Whether at the largest value that a condition allows the cost of a step is at most its gain."""
    d.at_most(name, d.substitute("cost", cost, **allowed), substitute(gain, **allowed))


@derived(
    "cao-gu-2020/eq-5.3@printed",
    sentence="The condition on the step size makes the quadratic term small, as printed: a factor L short.",
    source=CAO_GU_2020.at("(5.3), and its use for (5.6)"),
    statement=r"L^3 m \eta \le \nu B^2 \implies C \sum_l L^3 m^2 \eta^2 \le \eta B^2 m / 4",
    erratum="E-04",
    expected="refuted",
    notes="The stated η satisfies (5.3), with equality; the sum over layers in the descent costs one more L.",
)
def printed_step_is_small_enough(given: Given = as_stated) -> Derivation:
    """(5.3) misses what the descent needs by the factor L."""
    return _step_condition("@printed", given)


@derived(
    "cao-gu-2020/eq-5.3",
    sentence="With L⁴ in the condition on the step size the quadratic term is small.",
    source=CAO_GU_2020.at("(5.3) as (5.6) needs it"),
    statement=r"L^4 m \eta \le \nu B^2 \implies C \sum_l L^3 m^2 \eta^2 \le \eta B^2 m / 4",
    erratum="E-04",
)
def step_is_small_enough(given: Given = as_stated) -> Derivation:
    """η = L^{−4} B² m^{−1} makes the quadratic term smaller than the decrease."""
    return _step_condition("", given)


def _radius_condition(reading: str, given: Given) -> Derivation:
    d = Derivation(given, tilde=True)
    schedule, (left, right) = SCHEDULES[reading], RADIUS_CONDITIONS[reading]
    tau = d.take("τ", schedule.radius, "Theorem 4.7")
    left, right = d.take("left side of (5.4)", left, "(5.4)"), d.take("right side of (5.4)", right, "(5.4)")
    needed = d.least("m", "(5.4) at this τ", d.substitute("left side", left, tau=tau), right)
    d.at_most("m* is enough for (5.4)", needed, d.take("m*", schedule.width, "Theorem 4.7"))
    allowed = d.largest("tau", "(5.4)", left, right)
    kink = kink_term(d)
    gain = d.take("decrease of the loss", DESCENT, "(4.1)")
    _suffices(d, "(5.4) gives (5.6), kink term", kink, gain, tau=allowed)
    return d


@derived(
    "cao-gu-2020/eq-5.4@printed",
    sentence="The condition on the radius makes the kink term small, as printed.",
    source=CAO_GU_2020.at("(5.4), and its use for (5.6)"),
    statement=r"L^2 \tau^{1/3} [m \log m]^{1/2} \le \nu B^2 m \implies"
    r" C \sum_l L^2 \tau^{1/3} \eta m \sqrt{\log m} \le \eta B^2 m / 4",
    erratum="E-03",
    expected="refuted",
    notes="The stated τ and m* satisfy (5.4); the descent needs more, by L √m.",
)
def printed_ball_is_small_enough(given: Given = as_stated) -> Derivation:
    """(5.4) misses what the descent needs by the factor L √m."""
    return _radius_condition("@printed", given)


@derived(
    "cao-gu-2020/eq-5.4",
    sentence="With L³ and √m in the condition on the radius the kink term is small.",
    source=CAO_GU_2020.at("(5.4) as (5.6) needs it"),
    statement=r"L^3 \tau^{1/3} [m \log m]^{1/2} \le \nu B^2 \sqrt m \implies"
    r" C \sum_l L^2 \tau^{1/3} \eta m \sqrt{\log m} \le \eta B^2 m / 4",
    erratum="E-03",
)
def ball_is_small_enough(given: Given = as_stated) -> Derivation:
    """With m* = L^{18} B^{−16} ε^{−2} the kink term is smaller than the decrease."""
    return _radius_condition("", given)


@derived(
    "cao-gu-2020/eq-5.5",
    sentence="The number of steps is enough for a surrogate error of ε.",
    source=CAO_GU_2020.at("(5.5)"),
    statement=r"(K \eta m)^{-1/2} B^{-1} \le \epsilon",
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


@derived(
    "cao-gu-2020/erratum-E-01@printed",
    sentence="The printed radius of Theorem 4.7 admits a number of steps and a step size.",
    source=CAO_GU_2020.at("Theorem 4.7 and Corollary 4.9: (5.2) with (5.5)"),
    statement=r"\tau = \tilde O(B^{-1} \epsilon^{-1} m^{-1/2}) \text{ admits some } K, \eta \text{ in (5.2) and (5.5)}",
    erratum="E-01",
    expected="refuted",
)
def some_schedule_fits_the_printed_radius(given: Given = as_stated) -> Derivation:
    """No K and η fit: τ is too small by B^{−1}, and so are both terms of Corollary 4.9."""
    d = Derivation(given, tilde=True)
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


@derived(
    "cao-gu-2020/erratum-E-01",
    sentence="The radius of Theorem 4.7 needs B⁻² in place of B⁻¹.",
    source=CAO_GU_2020.at("Theorem 4.7 and Corollary 4.9: (5.2) with (5.5)"),
    statement=r"\tau = \tilde O(B^{-2} \epsilon^{-1} m^{-1/2})",
    erratum="E-01",
)
def radius_is_forced(given: Given = as_stated) -> Derivation:
    """(5.2) and (5.5) force τ = B^{−2} ε^{−1} m^{−1/2}, whatever η."""
    d = Derivation(given, tilde=True)
    d.equal("τ as meant", _least_radius(d), Scaling(B=-2, eps=-1, m="-1/2"))
    return d


def _least_width(schedule: Schedule, given: Given) -> Derivation:
    """Whether m* is enough for (5.6) and for the conditions of Lemmas 5.1 and 5.2."""
    d = Derivation(given, tilde=True)
    tau = d.take("τ", schedule.radius, "Theorem 4.7")
    width = d.take("m*", schedule.width, "Theorem 4.7")
    kink = kink_term(d)
    gain = d.take("decrease of the loss", DESCENT, "(4.1)")
    d.at_most("kink term", d.least("m", "kink term", d.substitute("kink term", kink, tau=tau), gain), width)
    below = d.take("largest τ", RADIUS_BELOW, "Lemma 5.2")
    d.at_most("largest τ", d.least("m", "largest τ", tau, below), width)
    above = d.substitute("m from τ", d.take("m from τ", RADIUS_ABOVE, "Lemma 5.2"), tau=tau)
    d.at_most("m from τ", d.least("m", "m from τ", above, Scaling(m=1)), width)
    return d


@derived(
    "cao-gu-2020/erratum-E-03@printed",
    sentence="The printed width of Theorem 4.7 makes the kink term small.",
    source=CAO_GU_2020.at("Theorem 4.7, m*"),
    statement=r"m^* = \tilde O(L^{12} B^{-4} \epsilon^{-2}) \text{ makes the kink term of (5.6) small}",
    erratum="E-03",
    expected="refuted",
)
def printed_width_is_enough(given: Given = as_stated) -> Derivation:
    """The printed m* is too small by L⁶ B^{−10}: what (5.6) needs is L^{18} B^{−14} ε^{−2}."""
    return _least_width(PRINTED, given)


@derived(
    "cao-gu-2020/erratum-E-03",
    sentence="The width of Theorem 4.7 needs L¹⁸ B⁻¹⁶ in place of L¹² B⁻⁴.",
    source=CAO_GU_2020.at("Theorem 4.7, m*"),
    statement=r"m^* = \tilde O(L^{18} B^{-16} \epsilon^{-2}) \text{ makes the kink term of (5.6) small}",
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
    quadratic = quadratic_term(d)
    gain = d.take("decrease of the loss", DESCENT, "(4.1)")
    d.at_most("η", eta, d.largest("eta", "quadratic term", quadratic, gain))
    error = d.take("left side of (5.5)", ERROR, "(5.5)")
    d.at_most("K", d.least("K", "(5.5)", d.substitute("error", error, eta=eta), Scaling(eps=1)), iterations)
    return d


@derived(
    "cao-gu-2020/erratum-E-04@printed",
    sentence="The printed step size of Theorem 4.7 makes the quadratic term small.",
    source=CAO_GU_2020.at("Theorem 4.7, η"),
    statement=r"\eta = O(L^{-3} B^2 m^{-1}) \text{ makes the quadratic term of (5.6) small}",
    erratum="E-04",
    expected="refuted",
)
def printed_step_size_descends(given: Given = as_stated) -> Derivation:
    """The printed η is too large by L."""
    return _step_size(PRINTED, given)


@derived(
    "cao-gu-2020/erratum-E-04",
    sentence="The step size of Theorem 4.7 needs L⁻⁴ in place of L⁻³.",
    source=CAO_GU_2020.at("Theorem 4.7, η"),
    statement=r"\eta = \Theta(L^{-4} B^2 m^{-1}), K = \tilde O(L^4 B^{-4} \epsilon^{-2})",
    erratum="E-04",
)
def step_size_descends(given: Given = as_stated) -> Derivation:
    """One more L for the sum over layers; then K = L⁴ B^{−4} ε^{−2}."""
    d = _step_size(CONSISTENT, given)
    d.equal("η as meant", d.premises["η"], Scaling(L=-4, B=2, m=-1))
    d.equal("K as meant", d.premises["K"], Scaling(L=4, B=-4, eps=-2))
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


@derived(
    "cao-gu-2020/erratum-E-29@printed",
    sentence="The distance travelled is of order √K η, as printed.",
    source=CAO_GU_2020.at("proof of Theorem 4.7, distance from initialisation"),
    statement=r"\eta \sum_k \|\nabla_{W_l} L_S(W^{(k)})\|_F \le C \sqrt K \eta B^{-1} [\log(n/\delta)]^{1/2}",
    erratum="E-29",
    expected="refuted",
)
def printed_root_covers_the_iterations_alone(given: Given = as_stated) -> Derivation:
    """√K · η is too small by η^{−1/2}."""
    return _distance(given, Scaling(K="1/2", eta=1, B=-1, log_n_delta="1/2"))


@derived(
    "cao-gu-2020/erratum-E-29",
    sentence="The distance travelled is of order √(K η).",
    source=CAO_GU_2020.at("proof of Theorem 4.7, distance from initialisation"),
    statement=r"\eta \sum_k \|\nabla_{W_l} L_S(W^{(k)})\|_F \le C \sqrt{K \eta} B^{-1} [\log(n/\delta)]^{1/2}",
    erratum="E-29",
)
def root_covers_the_step_size(given: Given = as_stated) -> Derivation:
    """√(Kη), as (5.2) has it."""
    return _distance(given, PATH)
