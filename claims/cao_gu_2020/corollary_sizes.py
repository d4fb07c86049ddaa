"""Sample sizes, widths and iterations of Corollaries 4.11 and 4.13, from Corollary 4.9 and a gradient bound."""

from dataclasses import dataclass

from lemmata.claims.cao_gu_2020.exponents import COROLLARIES, SCHEDULES
from lemmata.claims.cao_gu_2020.gradients_bounded_below import PRE_5_4, PRE_5_5
from lemmata.claims.cao_gu_2020.learned_distributions import FEATURE_WIDTH, KERNEL_WIDTH
from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, PRINTED
from lemmata.claims.language.derivation import Derivation, Given, as_stated
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import derived


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
        "@printed": (Scaling(L=4, two_to_L=2, gamma=-2, eps=-4), FEATURE_WIDTH),
        "": (Scaling(L=2, two_to_L=4, gamma=-4, eps=-4), Scaling(L=24, two_to_L=16, gamma=-16, eps=-14)),
    },
    step=Scaling(two_to_L=-2, L=-3, gamma=2, m=-1),
    poly=("two_to_L", "gamma"),
    radius=PRE_5_4[-1].bounds[0],
)
KERNEL = Margin(
    lemma="Lemma 5.5",
    gradient=Scaling(gamma=1),
    sizes={
        "@printed": (Scaling(L=4, gamma=-2, eps=-4), KERNEL_WIDTH),
        "": (Scaling(L=2, gamma=-4, eps=-4), Scaling(L=24, gamma=-16, eps=-14)),
    },
    step=Scaling(L=-3, gamma=2, m=-1),
    poly=("L", "gamma"),
    radius=PRE_5_5[-1].bounds[0],
)
"""Corollaries 4.11 and 4.13."""


def _corollary(margin: Margin, reading: str, given: Given) -> Derivation:
    """Sizes from both terms of Corollary 4.9 being ε; then what Theorem 4.7 and the lemma ask, and the shape."""
    d = Derivation(given, tilde=True)
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


@derived(
    "cao-gu-2020/cor-4.11-ledger@printed",
    sentence="The sizes in the proof of Corollary 4.11 follow from the printed Corollary 4.9.",
    source=CAO_GU_2020.at("proof of Corollary 4.11"),
    statement=r"m \ge \tilde O(L^{24} 2^{8L} \gamma^{-8}) \epsilon^{-14},"
    r" n \ge \tilde O(L^4 4^L \gamma^{-2}) \epsilon^{-4}",
    notes="From Corollary 4.9 as printed.",
)
def printed_feature_sizes_follow(given: Given = as_stated) -> Derivation:
    """Reproduced exactly, with B = 2^{−L} γ."""
    return _corollary(FEATURES, "@printed", given)


@derived(
    "cao-gu-2020/cor-4.11-ledger",
    sentence="The sizes of Corollary 4.11 that follow from the consistent Corollary 4.9.",
    source=CAO_GU_2020.at("Corollary 4.11, from the consistent Corollary 4.9"),
    statement=r"m \ge \tilde O(L^{24} 2^{16L} \gamma^{-16}) \epsilon^{-14},"
    r" n \ge \tilde O(L^2 2^{4L} \gamma^{-4}) \epsilon^{-4}",
    erratum="E-01",
)
def feature_sizes_follow(given: Given = as_stated) -> Derivation:
    """The form poly(2^L, 1/γ) ε^{−14}, poly(2^L, 1/γ) ε^{−4} survives, with other powers."""
    return _corollary(FEATURES, "", given)


@derived(
    "cao-gu-2020/cor-4.13-ledger@printed",
    sentence="The sizes in the proof of Corollary 4.13 follow from the printed Corollary 4.9.",
    source=CAO_GU_2020.at("proof of Corollary 4.13"),
    statement=r"m \ge \tilde O(L^{24} \gamma^{-8}) \epsilon^{-14}, n \ge \tilde O(L^4 \gamma^{-2}) \epsilon^{-4}",
    notes="From Corollary 4.9 as printed; K = poly(L, 1/γ) ε^(-2), see erratum-E-14.",
)
def printed_kernel_sizes_follow(given: Given = as_stated) -> Derivation:
    """Reproduced exactly, with B = γ."""
    return _corollary(KERNEL, "@printed", given)


@derived(
    "cao-gu-2020/cor-4.13-ledger",
    sentence="The sizes of Corollary 4.13 that follow from the consistent Corollary 4.9.",
    source=CAO_GU_2020.at("Corollary 4.13, from the consistent Corollary 4.9"),
    statement=r"m \ge \tilde O(L^{24} \gamma^{-16}) \epsilon^{-14}, n \ge \tilde O(L^2 \gamma^{-4}) \epsilon^{-4}",
    erratum="E-01, E-14",
)
def kernel_sizes_follow(given: Given = as_stated) -> Derivation:
    """The form poly(L, 1/γ) ε^{−14}, poly(L, 1/γ) ε^{−4} survives, with other powers."""
    return _corollary(KERNEL, "", given)


def _iterations(given: Given, poly: tuple[str, ...]) -> Derivation:
    d = Derivation(given, tilde=True)
    gradient = d.take("B", KERNEL.gradient, KERNEL.lemma)
    iterations = d.substitute("K", d.take("K", PRINTED.iterations, "Theorem 4.7"), B=gradient)
    d.equal("K is a polynomial times ε^(-2)", iterations, Scaling(eps=-2), up_to=poly)
    return d


@derived(
    "cao-gu-2020/erratum-E-14@printed",
    sentence="The number of steps of Corollary 4.13 does not depend on the depth, as printed.",
    source=CAO_GU_2020.at("Corollary 4.13, K"),
    statement=r"K = \tilde O(L^3 B^{-4} \epsilon^{-2}), B = \gamma \implies"
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


@derived(
    "cao-gu-2020/erratum-E-14",
    sentence="The number of steps of Corollary 4.13 is polynomial in the depth.",
    source=CAO_GU_2020.at("Corollary 4.13, K"),
    statement=r"K = \tilde O(\mathrm{poly}(L, \gamma^{-1})) \epsilon^{-2}",
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
