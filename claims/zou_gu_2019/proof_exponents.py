"""How width, radius, step size and iterations of Theorems 3.3 and 3.8 fit each other, by their exponents."""

from lemmata.claims.language.derivation import Derivation, Given, as_stated
from lemmata.claims.language.scaling import ONE, Scaling
from lemmata.claims.registry import derived
from lemmata.claims.zou_gu_2019.improvements import THEOREM_3_8
from lemmata.claims.zou_gu_2019.paper import ZOU_GU_2019
from lemmata.claims.zou_gu_2019.table_1 import ALLEN_ZHU, REGIME, THEOREM_3_3, entry

RADIUS = Scaling(phi="3/2", n=-3, L=-6, log_m="-3/2")
"""τ of Lemmas 4.1, 4.2 and 4.5."""

DISTANCE = Scaling(k="1/2", n=1, m="-1/2", phi="-1/2", log_n="1/2")
"""Lemma 4.2: the distance from initialisation."""

GRADIENT = Scaling(m=1, phi=1, loss=1, k=-1, n=-2)
ALLEN_ZHU_GRADIENT = Scaling(m=1, phi=1, loss=1, k=-1, n=-3)
"""Lower bounds of ‖∇L(W)‖_F², by Lemma 4.1 and by Allen-Zhu et al."""

STEP = Scaling(k=1, L=-2, m=-1)
"""η of Theorem 3.3, which the quadratic term of Lemma 4.4 allows."""

LEAST_RADIUS = Scaling(k="3/2", m="-3/2", L="-3/2", log_m="-3/2")
"""The lower end of the window for τ in Lemma 4.4."""

SEMI_SMOOTH = Scaling(loss="1/2", tau="1/3", L=2, m="1/2", log_m="1/2", k="-1/2")
"""What multiplies ‖W̃ − Ŵ‖_2 in Lemma 4.4."""


def _iterations(d: Derivation, gradient: Scaling) -> Scaling:
    """T as it follows from (1 − η ‖∇L‖² / L(W))^T = ε."""
    rate = d.multiply("decrease per step, relative", Scaling(eta=1), gradient, Scaling(loss=-1))
    return d.least("T", "T times the decrease", Scaling(log_inverse_eps=1), Scaling(T=1) * rate)


def _least_width(given: Given, stated: Scaling) -> Derivation:
    d = Derivation(given, REGIME)
    distance = d.take("distance", DISTANCE, "Lemma 4.2")
    radius = d.take("τ", RADIUS, "Lemma 4.2")
    needed = d.least("m", "distance at most τ", distance, radius)
    d.equal("least width", needed, d.take("stated width", stated, "(3.1)"))
    return d


@derived(
    "zou-gu-2019/eq-3.1@printed",
    sentence="The width of (3.1) keeps the iterates in the ball, as printed: log n short.",
    source=ZOU_GU_2019.at("(3.1), from Lemma 4.2"),
    statement=r"m = \Omega(k n^8 L^{12} \log^3(m) \phi^{-4}) \implies \sqrt{k n^2 \log(n) / (m \phi)} \le \tau",
    erratum="E-45",
    expected="refuted",
)
def printed_width_keeps_the_iterates(given: Given = as_stated) -> Derivation:
    """Lemma 4.2 has √log n, so that the width lacks a factor log n, which Ω does not hide."""
    return _least_width(given, THEOREM_3_3[0])


@derived(
    "zou-gu-2019/eq-3.1",
    sentence="With log n the width of (3.1) keeps the iterates in the ball.",
    source=ZOU_GU_2019.at("(3.1), from Lemma 4.2"),
    statement=r"m = \Omega(k n^8 L^{12} \log^3(m) \log(n) \phi^{-4}) \implies \sqrt{k n^2 \log(n) / (m \phi)} \le \tau",
    erratum="E-45",
)
def width_keeps_the_iterates(given: Given = as_stated) -> Derivation:
    """With that factor the iterates stay in the ball, and no smaller width does."""
    return _least_width(given, THEOREM_3_3[0] * Scaling(log_n=1))


def _radius(given: Given, width: Scaling) -> Derivation:
    d = Derivation(given, REGIME)
    distance = d.take("distance", DISTANCE, "Lemma 4.2")
    m = d.take("m", width, "(3.1)")
    radius = d.take("τ", RADIUS, "Lemma 4.5")
    d.equal("distance at this m", d.substitute("distance", distance, m=m), radius)
    return d


@derived(
    "zou-gu-2019/step-iii-radius@printed",
    sentence="At (3.1) the distance travelled is at most the radius, as printed: √log n is left.",
    source=ZOU_GU_2019.at("section 4.2, step iii"),
    statement=r"\sqrt{k n^2 \log(n) / (m \phi)} = O(\phi^{3/2} n^{-3} L^{-6} \log^{-3/2} m) \text{ at (3.1)}",
    erratum="E-45",
    expected="refuted",
)
def printed_distance_is_the_radius(given: Given = as_stated) -> Derivation:
    """Putting (3.1) into Lemma 4.2 leaves √log n."""
    return _radius(given, THEOREM_3_3[0])


@derived(
    "zou-gu-2019/step-iii-radius",
    sentence="With log n in (3.1) the distance travelled is at most the radius.",
    source=ZOU_GU_2019.at("section 4.2, step iii, with log n in (3.1)"),
    statement=r"\sqrt{k n^2 \log(n) / (m \phi)} = \phi^{3/2} n^{-3} L^{-6} \log^{-3/2} m",
    erratum="E-45",
    notes="And τ is the largest radius at which the kink term of Lemma 4.4 is below η ‖∇L‖², by Lemma 4.1.",
)
def distance_is_the_radius(given: Given = as_stated) -> Derivation:
    """The distance is τ exactly, and τ is exactly what keeps the kink term of a step below the decrease."""
    d = _radius(given, THEOREM_3_3[0] * Scaling(log_n=1))
    kink = d.take("kink term per ‖step‖_2", SEMI_SMOOTH, "Lemma 4.4")
    gradient = d.take("‖∇L‖²", GRADIENT, "Lemma 4.1") ** "1/2"
    step = d.multiply("length of a step, at most", Scaling(eta=1), gradient)
    cost = d.multiply("kink term of a step", kink, step)
    d.equal(
        "largest τ", d.largest("tau", "kink term at most η ‖∇L‖²", cost, Scaling(eta=1) * gradient**2), d.premises["τ"]
    )
    return d


@derived(
    "zou-gu-2019/eq-3.2",
    sentence="The width for SGD is the same in the contributions, in (3.2) and in Remark 3.11.",
    source=ZOU_GU_2019.at("(3.2), with section 1 and Remark 3.11"),
    statement=r"m = \Omega(k n^{17} L^{12} \log^3(m) B^{-4} \phi^{-8})",
    notes="Its derivation is in an appendix that is not among the sources: what is checked is that the three places "
    "where the paper states it agree.",
)
def stochastic_width_is_stated_consistently(given: Given = as_stated) -> Derivation:
    """(3.2) is the width of the second contribution, and at L = 1 that of Remark 3.11."""
    d = Derivation(given, REGIME)
    width = d.take("(3.2)", THEOREM_3_8[0], "Theorem 3.8")
    bullet = d.take("bullet, m", Scaling(k=1, n=17, L=12, batch=-4, phi=-8), "section 1, with Ω̃")
    d.equal("bullet", width, bullet, up_to=("log_m",))
    remark = d.take("Remark 3.11", Scaling(k=1, n=17, log_m=3, batch=-4, phi=-8), "Remark 3.11")
    d.equal("at L = 1", d.substitute("(3.2) at L = 1", width, L=ONE), remark)
    return d


def _stochastic_steps(given: Given, eta: Scaling) -> Derivation:
    d = Derivation(given, REGIME)
    iterations = d.take("T", THEOREM_3_8[1], "Theorem 3.8")
    eta = d.take("η", eta, "Theorem 3.8")
    gradient = d.take("‖∇L‖²", GRADIENT, "Lemma 4.1")
    needed = d.substitute("T needed", _iterations(d, gradient), eta=eta)
    d.equal("T, up to a power of log(1/ε)", iterations, needed, up_to=("log_inverse_eps",))
    batch = d.take("batch is at most", Scaling(n=1), "|B^(t)| ≤ n")
    largest = d.take("largest η", STEP, "Lemma 4.4, quadratic term")
    d.at_most("η against the quadratic term", d.enlarge("η at most", eta, batch=batch), largest)
    return d


@derived(
    "zou-gu-2019/thm-3.8-ledger@printed",
    sentence="Step size and number of steps of Theorem 3.8 belong together, as printed: L² apart.",
    source=ZOU_GU_2019.at("Theorem 3.8, η and T"),
    statement=r"\eta = O(k B \phi / (n^3 m \log m)), T = O(n^5 L^2 \log(m) \log^2(1/\epsilon) / (B \phi^2))",
    erratum="E-44",
    expected="refuted",
)
def printed_step_fits_the_iterations(given: Given = as_stated) -> Derivation:
    """T η is L² times k n² / (m φ), and η exceeds k / (L² m) by L²."""
    return _stochastic_steps(given, Scaling(k=1, batch=1, phi=1, n=-3, m=-1, log_m=-1))


@derived(
    "zou-gu-2019/thm-3.8-ledger",
    sentence="With L⁻² in the step size, it and the number of steps of Theorem 3.8 belong together.",
    source=ZOU_GU_2019.at("Theorem 3.8, η and T"),
    statement=r"\eta = \Theta(k B \phi / (L^2 n^3 m \log m)), T = O(n^5 L^2 \log(m) \log^2(1/\epsilon) / (B \phi^2))",
    erratum="E-44",
    notes="η ≤ k/(L² m) since B ≤ n and φ ≤ 2.",
)
def step_fits_the_iterations(given: Given = as_stated) -> Derivation:
    """With L^{−2} in η, T η is k n² / (m φ) up to logarithms."""
    return _stochastic_steps(given, Scaling(k=1, batch=1, phi=1, L=-2, n=-3, m=-1, log_m=-1))


@derived(
    "zou-gu-2019/lemma-4.1-improvement",
    sentence="Lemma 4.1 improves the earlier gradient bound by n.",
    source=ZOU_GU_2019.at("section 4.1, before Lemma 4.1"),
    statement=r"\frac{m \phi L(W)}{k n^2} = n \cdot \frac{m \phi L(W)}{k n^3}",
    notes="The earlier bound is the one that gives Allen-Zhu et al.'s iterations at their step size.",
)
def gradient_bound_improves_by_the_sample(given: Given = as_stated) -> Derivation:
    """n times the earlier bound, which with η = kφ/(n³L²m) gives the iterations of Allen-Zhu et al."""
    d = Derivation(given, REGIME)
    now = d.take("‖∇L‖²", GRADIENT, "Lemma 4.1")
    before = d.take("‖∇L‖², earlier", ALLEN_ZHU_GRADIENT, "Allen-Zhu et al.")
    d.equal("improvement", now / before, d.take("stated factor", Scaling(n=1), "section 4.1"))
    eta = d.take("η, earlier", Scaling(k=1, phi=1, n=-3, L=-2, m=-1), "Allen-Zhu et al.")
    iterations = d.substitute("T, earlier", _iterations(d, before), eta=eta)
    d.equal("iterations, earlier", iterations, entry(d, ALLEN_ZHU, "iterations"))
    return d


def _summed(given: Given, stated: Scaling) -> Derivation:
    """Σ_t η √(m L(W^(t)) / k), where √L(W^(t)) decreases geometrically."""
    d = Derivation(given, REGIME)
    step = d.take("length of a step", Scaling(eta=1, m="1/2", loss="1/2", k="-1/2"), "section 4.1")
    gradient = d.take("‖∇L‖², earlier", ALLEN_ZHU_GRADIENT, "Allen-Zhu et al.")
    rate = d.multiply("decrease per step, relative", Scaling(eta=1), gradient, Scaling(loss=-1))
    total = d.multiply("geometric sum of √L(W^(t))", step, rate**-1)
    d.equal("trajectory", total, d.take("stated", stated, "section 4.1"))
    return d


@derived(
    "zou-gu-2019/allen-zhu-trajectory@printed",
    sentence="The trajectory of Allen-Zhu et al. has the squared loss under the root, as printed.",
    source=ZOU_GU_2019.at("section 4.1, trajectory of Allen-Zhu et al."),
    statement=r"\sum_t \eta \sqrt{C' m L(W^{(t)}) / k} = \sqrt{C' k n^6 L^2(W^{(0)}) / (m \phi^2)}",
    erratum="E-47",
    expected="refuted",
)
def printed_sum_squares_the_loss(given: Given = as_stated) -> Derivation:
    """A sum of √L(W^(t)) has √L(W^(0)), not L(W^(0))."""
    return _summed(given, Scaling(k=1, n=6, loss=2, m=-1, phi=-2) ** "1/2")


@derived(
    "zou-gu-2019/allen-zhu-trajectory",
    sentence="The trajectory of Allen-Zhu et al. is of order n³ √(k loss/m)/φ.",
    source=ZOU_GU_2019.at("section 4.1, trajectory of Allen-Zhu et al."),
    statement=r"\sum_t \eta \sqrt{C' m L(W^{(t)}) / k} = \sqrt{C' k n^6 L(W^{(0)}) / (m \phi^2)}",
    erratum="E-47",
)
def sum_has_the_root_of_the_loss(given: Given = as_stated) -> Derivation:
    """k^{1/2} n³ L(W^(0))^{1/2} m^{−1/2} φ^{−1}."""
    return _summed(given, Scaling(k=1, n=6, loss=1, m=-1, phi=-2) ** "1/2")


@derived(
    "zou-gu-2019/eq-4.3",
    sentence="Steps times step size are k n² log(1/ε)/(m φ).",
    source=ZOU_GU_2019.at("(4.3)"),
    statement=r"T \eta = k n^2 \log(1/\epsilon) m^{-1} \phi^{-1}",
    erratum="E-50",
    notes="Printed with O: with a smaller T the loss is not below ε yet.",
)
def product_of_step_and_iterations(given: Given = as_stated) -> Derivation:
    """From the rate of Lemma 4.5; at η = k/(L² m) it gives the T of Theorem 3.3."""
    d = Derivation(given, REGIME)
    gradient = d.take("‖∇L‖²", GRADIENT, "Lemma 4.1, in the rate of Lemma 4.5")
    iterations = _iterations(d, gradient)
    product = d.take("T η", Scaling(k=1, n=2, log_inverse_eps=1, m=-1, phi=-1), "(4.3)")
    d.equal("T η", iterations * Scaling(eta=1), product)
    eta = d.take("η", STEP, "Theorem 3.3")
    stated = d.take("T", THEOREM_3_3[1], "Theorem 3.3")
    d.equal("T at this η", d.substitute("T", iterations, eta=eta), stated)
    return d


def _window(given: Given, exponent: Scaling) -> Derivation:
    """The least τ at which a failure of probability exp(−exponent) is as rare as Lemma 4.4's window has it."""
    d = Derivation(given, REGIME)
    failure = d.take("exponent of the failure", exponent, "Lemma 4.4, probability")
    rare = d.take("least exponent", Scaling(k=1, log_m=-1), "Lemma 4.4, k/log m")
    least = d.least("tau", "failure as rare as that", rare, failure)
    d.equal("least τ", least, d.take("lower end of the window", LEAST_RADIUS, "Lemma 4.4"))
    flips = d.take("units that the worst change flips", Scaling(m=1, tau="2/3"), "one layer")
    d.equal("exponent, per layer", failure / Scaling(L=1), flips)
    return d


@derived(
    "zou-gu-2019/erratum-E-21@printed",
    sentence="Lemma 4.4 holds with probability 1 − exp(−Ω(m τ^(3/2) L)), as printed.",
    source=ZOU_GU_2019.at("Lemma 4.4, probability"),
    statement=r"1 - \exp(-\Omega(m \tau^{3/2} L))",
    erratum="E-21",
    expected="refuted",
    notes="With the second minus sign of the page the bound is at most 0 and asserts nothing; it is left out here.",
)
def printed_probability_has_the_window_of_the_lemma(given: Given = as_stated) -> Derivation:
    """The power 3/2 of τ belongs neither to the lemma's own range of τ nor to the number of units that flip."""
    return _window(given, Scaling(m=1, tau="3/2", L=1))


@derived(
    "zou-gu-2019/erratum-E-21",
    sentence="Lemma 4.4 holds with probability 1 − exp(−Ω(m τ^(2/3) L)).",
    source=ZOU_GU_2019.at("Lemma 4.4, probability"),
    statement=r"1 - \exp(-\Omega(m \tau^{2/3} L))",
    erratum="E-21",
)
def probability_has_the_window_of_the_lemma(given: Given = as_stated) -> Derivation:
    """With 2/3 the lower end of the range is where the exponent is k / log m, and the exponent counts flipped units."""
    return _window(given, Scaling(m=1, tau="2/3", L=1))


ALLEN_ZHU_SEMI_SMOOTH = (
    Scaling(n="1/2", tau="1/3", L=2, m="1/2", log_m="1/2", k="-1/2"),
    Scaling(n=1, L=2, m=1, k=-1),
)
"""Allen-Zhu et al., Theorem 4, for F = Σ_i ½‖f(x_i) − y_i‖²: what multiplies √F ‖W̃ − Ŵ‖_2, and ‖W̃ − Ŵ‖_2²."""


@derived(
    "zou-gu-2019/lemma-4.4-rescaled",
    sentence="Lemma 4.4 is Theorem 4 of Allen-Zhu et al. for the loss divided by n.",
    source=ZOU_GU_2019.at("section 4.2, after Lemma 4.4"),
    statement=r"F = n L: \quad \sqrt{n F} \tau^{1/3} L^2 \sqrt{m \log m} k^{-1/2} / n = "
    r"\sqrt L \tau^{1/3} L^2 \sqrt{m \log m} k^{-1/2}, \quad (n L^2 m / k) / n = L^2 m / k",
    notes="Theorem 4 of Allen-Zhu et al. is quoted from memory.",
)
def semi_smoothness_is_rescaled(given: Given = as_stated) -> Derivation:
    """Both terms, divided by n at F = n L(W)."""
    d = Derivation(given, REGIME)
    kinks, quadratic = (
        d.take(f"{name} term", term, "Allen-Zhu et al. [2], Theorem 4")
        for name, term in zip(("kink", "quadratic"), ALLEN_ZHU_SEMI_SMOOTH, strict=True)
    )
    whole = d.take("F", Scaling(n=1, loss=1), "(2.1), not divided by n")
    mean = Scaling(n=-1)
    scaled = d.multiply("kink term of L(W)", kinks, whole ** "1/2", mean)
    d.equal("kink term", scaled, d.take("kink term of Lemma 4.4", SEMI_SMOOTH, "Lemma 4.4"))
    scaled = d.multiply("quadratic term of L(W)", quadratic, mean)
    d.equal("quadratic term", scaled, d.take("quadratic term of Lemma 4.4", Scaling(L=2, m=1, k=-1), "Lemma 4.4"))
    return d
