"""By which factors the paper says that it improves on others: quotients of what the theorems and the others ask."""

from lemmata.claims.language.derivation import Derivation, Given, as_stated
from lemmata.claims.language.scaling import ONE, Scaling
from lemmata.claims.registry import derived
from lemmata.claims.zou_gu_2019.paper import WIDE_3_8, WIDE_3_10, ZOU_GU_2019
from lemmata.claims.zou_gu_2019.table_1 import (
    ALLEN_ZHU,
    COLUMNS,
    DU,
    DU_DEEP,
    OYMAK,
    REGIME,
    THEOREM_3_3,
    THIS_PAPER,
    TWO_LAYERS,
    WORST_CASE,
    WU,
    Column,
    Row,
    depth_of,
    entry,
)

THEOREM_3_8 = (
    WIDE_3_8.bounds[0],
    Scaling(n=5, L=2, log_m=1, log_inverse_eps=2, batch=-1, phi=-2),
)
THEOREM_3_10 = (
    WIDE_3_10.bounds[0],
    Scaling(n=5, log_m=1, log_inverse_eps=1, batch=-1, phi=-2),
)
"""Width and iterations of stochastic gradient descent; the second is about L = 1."""

ALLEN_ZHU_SGD = (
    Scaling(n=24, L=12, batch=1, k=1, phi=-8),
    Scaling(n=7, L=2, log_inverse_eps=1, batch=-1, phi=-2),
)
"""What Remark 3.9 quotes."""


def _stated(d: Derivation, conditions: tuple[Scaling, Scaling], source: str) -> tuple[Scaling, Scaling]:
    """Width and iterations, as premises."""
    return d.take(f"width, {source}", conditions[0], source), d.take(f"iterations, {source}", conditions[1], source)


def _factor(given: Given, before: Scaling, now: Scaling, stated: Scaling, remark: str) -> Derivation:
    """Whether a factor is the quotient of what was asked before and of what a theorem asks."""
    d = Derivation(given, REGIME, tilde=True)
    before, now = d.take("before", before, f"quoted in {remark}"), d.take("now", now, "the theorem")
    d.equal("factor", before / now, d.take("stated factor", stated, remark))
    return d


@derived(
    "zou-gu-2019/abstract-gd",
    sentence="The width asked for is below every earlier one, of order n²⁴.",
    source=ZOU_GU_2019.at("abstract"),
    statement=r"k n^8 L^{12} \phi^{-4} \le k n^{24} L^{12} \phi^{-8}",
)
def width_is_milder_than_before(given: Given = as_stated) -> Derivation:
    """The best condition before is of order n^24, and the paper's is milder; so are the iterations."""
    d = Derivation(given, REGIME, tilde=True)
    before = entry(d, ALLEN_ZHU, "width")
    d.equal("width before", before, d.take("order in n", Scaling(n=24), "abstract"), up_to=("k", "L", "phi"))
    width, iterations = _stated(d, THEOREM_3_3, "Theorem 3.3")
    d.at_most("width", width, before, strict=True)
    d.at_most("iterations", iterations, entry(d, ALLEN_ZHU, "iterations"), strict=True)
    return d


@derived(
    "zou-gu-2019/contribution-gd-factors",
    sentence="For gradient descent width and steps are better by n¹⁶/φ⁴ and n⁴/φ.",
    source=ZOU_GU_2019.at("section 1, first contribution"),
    statement=r"m = \tilde\Omega(k n^8 L^{12} \phi^{-4}), T = \tilde O(n^2 L^2 \log(1/\epsilon) \phi^{-1}),"
    r" \text{ milder by } n^{16} \phi^{-4} \text{ and } n^4 \phi^{-1}",
)
def descent_improves_by_the_stated_factors(given: Given = as_stated) -> Derivation:
    """The bullet repeats Theorem 3.3, and its factors are the quotients."""
    d = Derivation(given, REGIME, tilde=True)
    bullet = Scaling(k=1, n=8, L=12, phi=-4), Scaling(n=2, L=2, log_inverse_eps=1, phi=-1)
    before = entry(d, ALLEN_ZHU, "width"), entry(d, ALLEN_ZHU, "iterations")
    _compare(d, bullet, THEOREM_3_3, before, (Scaling(n=16, phi=-4), Scaling(n=4, phi=-1)))
    return d


Conditions = tuple[Scaling, Scaling]


def _compare(d: Derivation, bullet: Conditions, theorem: Conditions, before: Conditions, factors: Conditions) -> None:
    """Whether a bullet repeats the theorem, and improves by its factors on what was asked before."""
    stated, proved = _stated(d, bullet, "section 1"), _stated(d, theorem, "the theorem")
    for column, said, shown, old, factor in zip(COLUMNS, stated, proved, before, factors, strict=True):
        d.equal(f"stated {column}", said, shown)
        d.equal(f"factor in {column}", old / shown, d.take(f"factor, {column}", factor, "section 1"))


def _sgd_bullet(given: Given, iterations: Scaling, factor: Scaling) -> Derivation:
    d = Derivation(given, REGIME, tilde=True)
    bullet = Scaling(k=1, n=17, L=12, batch=-4, phi=-8), iterations
    before = _stated(d, ALLEN_ZHU_SGD, "Remark 3.9")
    _compare(d, bullet, THEOREM_3_8, before, (Scaling(n=7, batch=5), factor))
    return d


@derived(
    "zou-gu-2019/contribution-sgd-factors@printed",
    sentence="For SGD width and steps are better by n⁷B⁵ and n², as printed.",
    source=ZOU_GU_2019.at("section 1, second contribution"),
    statement=r"m = \tilde\Omega(k n^{17} L^{12} B^{-4} \phi^{-8}),"
    r" T = \tilde O(n^5 \log(1/\epsilon) B^{-1} \phi^{-2}), \text{ better by } n^7 B^5 \text{ and } n^2",
    erratum="E-43, E-52",
    expected="refuted",
)
def printed_bullet_repeats_theorem_3_8(given: Given = as_stated) -> Derivation:
    """It lacks L² and one log(1/ε), which Õ does not hide here."""
    iterations = Scaling(n=5, log_inverse_eps=1, batch=-1, phi=-2)
    return _sgd_bullet(given, iterations, Scaling(n=2))


@derived(
    "zou-gu-2019/contribution-sgd-factors",
    sentence="For SGD width and steps are better by n⁷B⁵ and n²/log(1/ε).",
    source=ZOU_GU_2019.at("section 1, second contribution, with Theorem 3.8"),
    statement=r"m = \tilde\Omega(k n^{17} L^{12} B^{-4} \phi^{-8}),"
    r" T = \tilde O(n^5 L^2 \log^2(1/\epsilon) B^{-1} \phi^{-2}),"
    r" \text{ better by } n^7 B^5 \text{ and } n^2 / \log(1/\epsilon)",
    erratum="E-43, E-52",
)
def stochastic_descent_improves_by_the_factors(given: Given = as_stated) -> Derivation:
    """As Theorem 3.8 has it, better in iterations by n² / log(1/ε)."""
    iterations = Scaling(n=5, L=2, log_inverse_eps=2, batch=-1, phi=-2)
    return _sgd_bullet(given, iterations, Scaling(n=2, log_inverse_eps=-1))


@derived(
    "zou-gu-2019/contribution-two-layer",
    sentence="With two layers the paper asks for less width and no more steps than the three others.",
    source=ZOU_GU_2019.at("section 1, third contribution"),
    statement=r"L = k = 1, \lambda_0 = \phi n^{-2}:"
    r" \text{ less width and no more iterations than Du, Wu, Oymak and Soltanolkotabi}",
    erratum="E-41, E-42",
    notes="With the others translated as Remark 3.7 does, from the worst case of λ_0: see erratum-E-42. For stochastic "
    "gradient descent the better result is Theorem 3.10, at k = 1: see rem-3.11.",
)
def two_layer_results_improve(given: Given = as_stated) -> Derivation:
    """Strictly less width; iterations at most those of Wu et al. and of Oymak and Soltanolkotabi."""
    d = Derivation(given, REGIME)
    lambda_0 = d.take("λ_0", WORST_CASE, "Remark 3.7")
    for column in COLUMNS:
        ours = entry(d, THIS_PAPER, column, **TWO_LAYERS)
        for other in (DU, WU, OYMAK):
            theirs = entry(d, other, column, lambda_0=lambda_0)
            d.at_most(f"{column} against {other.authors}", ours, theirs, strict=column == "width")
    deep = d.substitute("(3.2) at k = L = 1", d.take("(3.2)", THEOREM_3_8[0], "Theorem 3.8"), **TWO_LAYERS)
    better = d.substitute("k = 1", d.take("width of Theorem 3.10", THEOREM_3_10[0], "Theorem 3.10"), k=ONE)
    batch = d.take("batch is at most", Scaling(n=1), "|B^(t)| ≤ n")
    d.at_most("Theorem 3.10 over (3.2)", d.enlarge("quotient", better / deep, batch=batch), ONE, strict=True)
    return d


COROLLARY_3_5 = (Scaling(k=1, n=8, log_m=3, phi=-4), Scaling(n=2, log_inverse_eps=1, phi=-1))
"""Width and iterations of gradient descent with one hidden layer."""


@derived(
    "zou-gu-2019/same-n-dependence",
    sentence="Gradient descent needs the same powers of n for deep and for two-layer networks.",
    source=ZOU_GU_2019.at("section 3.3, before Theorem 3.10"),
    statement=r"m = \Omega(k n^8 L^{12} \log^3(m) \phi^{-4}),\ k n^8 \log^3(m) \phi^{-4}; \quad"
    r" T = O(n^2 L^2 \log(1/\epsilon) \phi^{-1}),\ n^2 \log(1/\epsilon) \phi^{-1}",
    notes="Corollary 3.5 is Theorem 3.3 without the powers of L. Not so for SGD, whose width has n¹¹ where Theorem 3.8 "
    "has n¹⁷: see rem-3.11.",
)
def depth_changes_no_power_of_n(given: Given = as_stated) -> Derivation:
    """Width and iterations of Theorem 3.3 and of Corollary 3.5 differ by powers of L alone."""
    d = Derivation(given, REGIME)
    deep, shallow = _stated(d, THEOREM_3_3, "Theorem 3.3"), _stated(d, COROLLARY_3_5, "Corollary 3.5")
    for column, of_deep, of_shallow in zip(COLUMNS, deep, shallow, strict=True):
        d.equal(column, of_deep, of_shallow, up_to=("L",))
    return d


@derived(
    "zou-gu-2019/rem-3.4-iterations",
    sentence="Fewer steps than Allen-Zhu et al., by n⁴/φ.",
    source=ZOU_GU_2019.at("Remark 3.4, iterations"),
    statement=r"n^6 L^2 \phi^{-2} / (n^2 L^2 \phi^{-1}) = n^4 \phi^{-1}",
)
def iterations_improve_on_allen_zhu(given: Given = as_stated) -> Derivation:
    """Fewer iterations than Allen-Zhu et al. by n⁴/φ."""
    return _factor(given, ALLEN_ZHU.iterations, THEOREM_3_3[1], Scaling(n=4, phi=-1), "Remark 3.4")


@derived(
    "zou-gu-2019/rem-3.4-width",
    sentence="Less width than Allen-Zhu et al., by n¹⁶/φ⁴.",
    source=ZOU_GU_2019.at("Remark 3.4, width"),
    statement=r"k n^{24} L^{12} \phi^{-8} / (k n^8 L^{12} \phi^{-4}) = n^{16} \phi^{-4}",
)
def width_improves_on_allen_zhu(given: Given = as_stated) -> Derivation:
    """Less width than Allen-Zhu et al. by n^16/φ⁴."""
    return _factor(given, ALLEN_ZHU.width, THEOREM_3_3[0], Scaling(n=16, phi=-4), "Remark 3.4")


@derived(
    "zou-gu-2019/rem-3.4-depth",
    sentence="Polynomial in the depth, where Du et al. are exponential.",
    source=ZOU_GU_2019.at("Remark 3.4, depth"),
    statement=r"L^{12} / 2^{O(L)} \to 0, \quad L^2 / 2^{O(L)} \to 0",
    notes="With exponent 1 in place of the O: L² < 2^L from L = 5 on, and L^12 < 2^L from L = 75 on.",
)
def polynomials_in_depth_are_better(given: Given = as_stated) -> Derivation:
    """What Allen-Zhu et al. and this paper ask is polynomial in L, and falls behind 2^{O(L)}."""
    d = Derivation(given, REGIME)
    for column in COLUMNS:
        theirs = d.take(f"{column}, {DU_DEEP.authors}, in L", depth_of(getattr(DU_DEEP, column)), "Table 1")
        for work in (ALLEN_ZHU, THIS_PAPER):
            ours = d.take(f"{column}, {work.authors}, in L", depth_of(getattr(work, column)), "Table 1")
            d.decreases(f"{column}, {work.authors} over {DU_DEEP.authors}", ours / theirs, "two_to_L", "L")
    return d


def _translation(given: Given, work: Row, column: Column, stated: Scaling) -> Derivation:
    """Whether an entry of Table 1 becomes what Remark 3.7 says when λ_0 = φ/n² is put in."""
    d = Derivation(given, REGIME)
    lambda_0 = d.take("λ_0", WORST_CASE, "Proposition 3.6")
    d.equal("translation", entry(d, work, column, lambda_0=lambda_0), d.take("stated", stated, "Remark 3.7"))
    return d


@derived(
    "zou-gu-2019/rem-3.7-du-iterations",
    sentence="The steps of Du et al. at λ_0 = φ/n² are n⁶/φ².",
    source=ZOU_GU_2019.at("Remark 3.7, iterations of Du et al."),
    statement=r"n^2 \lambda_0^{-2} = n^6 \phi^{-2} \text{ at } \lambda_0 = \phi n^{-2}",
)
def iterations_of_du_translate(given: Given = as_stated) -> Derivation:
    """n⁶ log(1/ε)/φ²."""
    return _translation(given, DU, "iterations", Scaling(n=6, log_inverse_eps=1, phi=-2))


@derived(
    "zou-gu-2019/rem-3.7-du-width",
    sentence="The width of Du et al. at λ_0 = φ/n² is n¹⁴/φ⁴.",
    source=ZOU_GU_2019.at("Remark 3.7, width of Du et al."),
    statement=r"n^6 \lambda_0^{-4} = n^{14} \phi^{-4} \text{ at } \lambda_0 = \phi n^{-2}",
)
def width_of_du_translates(given: Given = as_stated) -> Derivation:
    """n^14/φ⁴."""
    return _translation(given, DU, "width", Scaling(n=14, phi=-4))


@derived(
    "zou-gu-2019/rem-3.7-oymak-iterations",
    sentence="The steps of Oymak and Soltanolkotabi at λ_0 = φ/n² are n²‖X‖²/φ.",
    source=ZOU_GU_2019.at("Remark 3.7, iterations of Oymak and Soltanolkotabi"),
    statement=r"\|X\|_2^2 \lambda_0^{-1} = n^2 \|X\|_2^2 \phi^{-1} \text{ at } \lambda_0 = \phi n^{-2}",
)
def iterations_of_oymak_translate(given: Given = as_stated) -> Derivation:
    """n² ‖X‖² log(1/ε)/φ."""
    return _translation(given, OYMAK, "iterations", Scaling(n=2, X=2, log_inverse_eps=1, phi=-1))


@derived(
    "zou-gu-2019/rem-3.7-oymak-width",
    sentence="The width of Oymak and Soltanolkotabi at λ_0 = φ/n² is n⁹‖X‖⁶/φ⁴.",
    source=ZOU_GU_2019.at("Remark 3.7, width of Oymak and Soltanolkotabi"),
    statement=r"n \|X\|_2^6 \lambda_0^{-4} = n^9 \|X\|_2^6 \phi^{-4} \text{ at } \lambda_0 = \phi n^{-2}",
)
def width_of_oymak_translates(given: Given = as_stated) -> Derivation:
    """n⁹ ‖X‖⁶/φ⁴."""
    return _translation(given, OYMAK, "width", Scaling(n=9, X=6, phi=-4))


def _improvement(given: Given, column: Column, stated: Scaling) -> Derivation:
    """Oymak and Soltanolkotabi as Remark 3.7 translates them, over Corollary 3.5 at k = 1."""
    d = Derivation(given, REGIME)
    lambda_0 = d.take("λ_0", WORST_CASE, "Proposition 3.6")
    theirs, ours = entry(d, OYMAK, column, lambda_0=lambda_0), entry(d, THIS_PAPER, column, **TWO_LAYERS)
    d.equal("factor", theirs / ours, d.take("stated factor", stated, "Remark 3.7"))
    return d


@derived(
    "zou-gu-2019/rem-3.7-improvement-iterations",
    sentence="Fewer steps than Oymak and Soltanolkotabi, by ‖X‖².",
    source=ZOU_GU_2019.at("Remark 3.7, last sentence, iterations"),
    statement=r"n^2 \|X\|_2^2 \phi^{-1} / (n^2 \phi^{-1}) = \|X\|_2^2",
    erratum="E-42",
)
def iterations_improve_on_oymak(given: Given = as_stated) -> Derivation:
    """Fewer by ‖X‖², at λ_0 = φ/n²."""
    return _improvement(given, "iterations", Scaling(X=2))


@derived(
    "zou-gu-2019/rem-3.7-improvement-width",
    sentence="Less width than Oymak and Soltanolkotabi, by n‖X‖⁶.",
    source=ZOU_GU_2019.at("Remark 3.7, last sentence, width"),
    statement=r"n^9 \|X\|_2^6 \phi^{-4} / (n^8 \phi^{-4}) = n \|X\|_2^6",
    erratum="E-42",
)
def width_improves_on_oymak(given: Given = as_stated) -> Derivation:
    """Less by n ‖X‖⁶, at λ_0 = φ/n² and k = 1."""
    return _improvement(given, "width", Scaling(n=1, X=6))


@derived(
    "zou-gu-2019/rem-3.9-width",
    sentence="For SGD less width than Allen-Zhu et al., by n⁷B⁵.",
    source=ZOU_GU_2019.at("Remark 3.9, width"),
    statement=r"n^{24} L^{12} B k \phi^{-8} / (k n^{17} L^{12} B^{-4} \phi^{-8}) = n^7 B^5",
)
def stochastic_width_improves(given: Given = as_stated) -> Derivation:
    """Less width than Allen-Zhu et al. by n⁷ B⁵."""
    return _factor(given, ALLEN_ZHU_SGD[0], THEOREM_3_8[0], Scaling(n=7, batch=5), "Remark 3.9")


def _faster(given: Given, factor: Scaling) -> Derivation:
    d = Derivation(given, REGIME, tilde=True)
    before = d.take("before", ALLEN_ZHU_SGD[1], "quoted in Remark 3.9")
    gained = d.multiply(
        "times the factor", d.take("now", THEOREM_3_8[1], "Theorem 3.8"), d.take("factor", factor, "as said")
    )
    d.equal("iterations against Allen-Zhu et al.", gained, before)
    return d


@derived(
    "zou-gu-2019/rem-3.9-iterations@printed",
    sentence="For SGD fewer steps than Allen-Zhu et al. by n², as printed: a logarithm short.",
    source=ZOU_GU_2019.at("Remark 3.9, iterations"),
    statement=r"n^5 L^2 \log m \log^2(1/\epsilon) B^{-1} \phi^{-2} \cdot n^2"
    r" \le C n^7 L^2 \log(1/\epsilon) B^{-1} \phi^{-2}",
    erratum="E-43",
    expected="refuted",
    notes="Õ hides log m, but not log(1/ε), as footnote 1 says.",
)
def printed_speed_up_holds(given: Given = as_stated) -> Derivation:
    """Theorem 3.8 has log²(1/ε): faster by n² only up to the factor log(1/ε)."""
    return _faster(given, Scaling(n=2))


@derived(
    "zou-gu-2019/rem-3.9-iterations",
    sentence="For SGD fewer steps than Allen-Zhu et al., by n²/log(1/ε).",
    source=ZOU_GU_2019.at("Remark 3.9, iterations"),
    statement=r"n^5 L^2 \log^2(1/\epsilon) B^{-1} \phi^{-2} \cdot n^2 / \log(1/\epsilon)"
    r" = n^7 L^2 \log(1/\epsilon) B^{-1} \phi^{-2}",
    erratum="E-43",
    notes="Slower once log m · log(1/ε) exceeds n².",
)
def speed_up_is_less_a_logarithm(given: Given = as_stated) -> Derivation:
    """Faster by n² / log(1/ε)."""
    return _faster(given, Scaling(n=2, log_inverse_eps=-1))


def _widths_at_one_layer(d: Derivation) -> tuple[Scaling, Scaling]:
    """Theorem 3.8 at L = 1, as Remark 3.11 has it, and Theorem 3.10."""
    deep = d.substitute("(3.2) at L = 1", d.take("(3.2)", THEOREM_3_8[0], "Theorem 3.8"), L=ONE)
    stated = d.take("stated", Scaling(k=1, n=17, log_m=3, batch=-4, phi=-8), "Remark 3.11")
    d.equal("Theorem 3.8 at L = 1", deep, stated)
    return deep, d.take("width of Theorem 3.10", THEOREM_3_10[0], "Theorem 3.10")


@derived(
    "zou-gu-2019/rem-3.11@printed",
    sentence="With one hidden layer SGD needs less width than Theorem 3.8, for any number of outputs.",
    source=ZOU_GU_2019.at("Remark 3.11"),
    statement=r"k^{5/2} n^{11} \phi^{-5} B^{-1} \le k n^{17} B^{-4} \phi^{-8}",
    erratum="E-53",
    expected="refuted",
    notes="At n = B = 2, k = 4, φ = 1.4 the right-hand side is the smaller one, 0.36 of the left.",
)
def deep_theorem_is_always_worse(given: Given = as_stated) -> Derivation:
    """Not for many outputs: since B ≤ n the quotient is at most k^{3/2} n^{−3} φ³, which k can make large."""
    d = Derivation(given, REGIME)
    deep, shallow = _widths_at_one_layer(d)
    batch = d.take("batch is at most", Scaling(n=1), "|B^(t)| ≤ n")
    d.at_most("Theorem 3.10 over Theorem 3.8", d.enlarge("quotient", shallow / deep, batch=batch), ONE)
    return d


@derived(
    "zou-gu-2019/rem-3.11",
    sentence="With one hidden layer and few outputs SGD needs less width than Theorem 3.8.",
    source=ZOU_GU_2019.at("Remark 3.11, for few outputs"),
    statement=r"k \le n^4 B^{-2} \phi^{-2} \implies k^{5/2} n^{11} \phi^{-5} B^{-1} \le k n^{17} B^{-4} \phi^{-8}",
    erratum="E-53",
)
def deep_theorem_is_worse_for_few_outputs(given: Given = as_stated) -> Derivation:
    """The condition of Theorem 3.8 at L = 1 is the stronger one as long as k ≤ n⁴ B^{−2} φ^{−2}."""
    d = Derivation(given, REGIME)
    deep, shallow = _widths_at_one_layer(d)
    d.equal("largest k", d.largest("k", "Theorem 3.10 at most 3.8", shallow, deep), Scaling(n=4, batch=-2, phi=-2))
    return d
