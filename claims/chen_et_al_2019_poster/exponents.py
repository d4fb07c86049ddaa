"""The poster's exponents: what its theorems ask and promise, from the distance R m^{−α} and two known bounds.

`m_to_alpha` is m^α, as a base, for α in (0, 1/2] is left open.
"""

from lemmata.claims.chen_et_al_2019_poster.paper import CHEN_ET_AL_2019_POSTER
from lemmata.claims.language.derivation import ASYMPTOTIC, Derivation, Given, Regime, as_stated
from lemmata.claims.language.scaling import ONE, Scaling
from lemmata.claims.registry import context, derived

REGIME = Regime(large=ASYMPTOTIC.large | {"R", "T", "m_to_alpha"}, small=ASYMPTOTIC.small)
"""With R, T and m^α at least 1."""

LAYER = Scaling(R=1, m_to_alpha=-1)
"""R m^{−α}."""

STEP = Scaling(L=-1, m_to_alpha=-2)
"""η of Theorem 2.1."""

ITERATIONS = Scaling(L=2, R=2, eps=-1)
"""T of Theorem 2.1."""

COMPLEXITY = Scaling(L="3/2", R=1, n="-1/2")
LINEARISATION = Scaling(L="11/3", R="4/3", m_to_alpha="-1/3")
UNIFORM = Scaling(two_to_L=2, L=2, R=1, m="1/2", n="-1/2")
"""The terms of Theorem 2.2; the last is the first branch of its minimum."""


def _whole(d: Derivation) -> Scaling:
    """The distance of all layers together, if each is within R m^{−α}."""
    layer = d.take("distance of a layer", LAYER, "B(W^(0), R m^(−α)), per layer")
    layers = d.take("number of layers", Scaling(L=1), "Σ_l")
    return d.multiply("distance of all layers", layers ** "1/2", layer)


def _regret(d: Derivation, distance: Scaling, eta: Scaling) -> Scaling:
    """What convex optimisation leaves after T steps: distance² / (η T)."""
    return d.multiply("regret", distance**2, eta**-1, Scaling(T=-1))


def _linearisation(d: Derivation) -> Scaling:
    """The error of the expansion at the distance of all layers: Cao & Gu's L³ √m τ^{4/3}, with m^α for √m."""
    error = d.take("linearisation error", Scaling(L=3, m_to_alpha=1, tau="4/3"), "Cao & Gu (2020), Lemma 5.2")
    return d.substitute("linearisation error at that distance", error, tau=_whole(d))


def _trains(given: Given) -> Derivation:
    d = Derivation(given, REGIME)
    regret = _regret(d, _whole(d), d.take("η", STEP, "Theorem 2.1"))
    iterations = d.least("T", "regret at most ε", regret, Scaling(eps=1))
    d.equal("iterations", iterations, d.take("T", ITERATIONS, "Theorem 2.1"))
    return d


@derived(
    "chen-et-al-2019-poster/contribution-gd",
    sentence="Gradient descent needs a width polynomial in L and R, and of order L² R²/ε steps.",
    source=CHEN_ET_AL_2019_POSTER.at("section 1, first contribution"),
    statement=r"m^\alpha = \mathrm{poly}(L, R), T = O(L^2 R^2 \epsilon^{-1})",
)
def introduction_repeats_theorem_2_1(given: Given = as_stated) -> Derivation:
    """The same iterations as Theorem 2.1, and a width whose power α is a polynomial in L and R."""
    d = Derivation(given, REGIME)
    stated = d.take("T, section 1", Scaling(L=2, R=2, eps=-1), "section 1")
    d.equal("iterations", stated, d.take("T, Theorem 2.1", ITERATIONS, "Theorem 2.1"))
    d.equal("m^α is a polynomial in L and R", _width(d), ONE, up_to=("L", "R"))
    return d


def _width(d: Derivation) -> Scaling:
    """m^α from which on the expansion is accurate up to a constant."""
    return d.least("m_to_alpha", "linearisation error at most 1", _linearisation(d), ONE)


@derived(
    "chen-et-al-2019-poster/polylogarithmic-width",
    sentence="On data that a fixed margin separates, the width is polylogarithmic in n and 1/ε.",
    source=CHEN_ET_AL_2019_POSTER.at("section 1, abstract, from Theorem 2.1 and the third contribution"),
    statement=r"m^\alpha = L^{11} R^4,\ R = O(\log(n/\delta) + \log(1/\epsilon)) \implies"
    r" m^\alpha = L^{11} \mathrm{polylog}(n, \delta^{-1}, \epsilon^{-1})",
    notes="The width of Theorem 2.1 at the R of such data, separability-radius; a sum of logarithms is at most twice "
    "their product. The least width that trains, as a run: `docs/runs.md`.",
)
def width_is_polylogarithmic(given: Given = as_stated) -> Derivation:
    """The width has no power of n or 1/ε, only of depth and logarithms."""
    d = Derivation(given, REGIME)
    radius = d.take("R", Scaling(log_n_delta=1, log_inverse_eps=1), "separability-radius")
    width = d.substitute("m^α on such data", _width(d), R=radius)
    d.equal("m^α", width, ONE, up_to=("L", "log_n_delta", "log_inverse_eps"))
    return d


@derived(
    "chen-et-al-2019-poster/thm-2.1-ledger",
    sentence="Step size and number of steps of Theorem 2.1 balance to ε.",
    source=CHEN_ET_AL_2019_POSTER.at("Theorem 2.1, η, T and the width"),
    statement=r"L R^2 m^{-2\alpha} / (\eta T) = \epsilon"
    r" \text{ at } \eta = L^{-1} m^{-2\alpha}, T = L^2 R^2 / \epsilon",
    erratum="E-62, E-63",
    notes="The logarithm's power 2/(2 − α) does not follow from anything in the sources: see `lemmata errata E-63`.",
)
def regret_gives_the_iterations(given: Given = as_stated) -> Derivation:
    """The stated T makes the regret ε, and the expansion is accurate once m^α is L^11 R⁴, a polynomial."""
    d = _trains(given)
    d.equal("m^α", _width(d), Scaling(L=11, R=4))
    return d


@derived(
    "chen-et-al-2019-poster/thm-2.2-ledger",
    sentence="The terms of Theorem 2.2 are those of Cao and Gu at the distance of all layers together.",
    source=CHEN_ET_AL_2019_POSTER.at("Theorem 2.2, terms of the minimum"),
    statement=r"\tau = \sqrt L R m^{-\alpha} \implies L \tau m^\alpha n^{-1/2} = L^{3/2} R n^{-1/2},"
    r" L^3 m^\alpha \tau^{4/3} = L^{11/3} R^{4/3} m^{-\alpha/3}",
    notes="L³, not the L⁴ of Cao & Gu's Theorem 4.5: see cao-gu-2020/erratum-E-10.",
)
def terms_follow_from_the_distance(given: Given = as_stated) -> Derivation:
    """Cao & Gu's two terms at the distance of all layers; the first branch is at least a uniform bound."""
    d = Derivation(given, REGIME)
    term = d.take("complexity", Scaling(L=1, tau=1, m_to_alpha=1, n="-1/2"), "Cao & Gu (2020), Theorem 4.5")
    d.equal("complexity", d.substitute("complexity there", term, tau=_whole(d)), _stated(d, "complexity", COMPLEXITY))
    d.equal("linearisation", _linearisation(d), _stated(d, "linearisation", LINEARISATION))
    norms = d.take("∏ ‖W_l‖_2", Scaling(two_to_L="3/2"), "2√2 each")
    moved = d.multiply("√m times the distance of all layers", Scaling(m="1/2"), _whole(d))
    bound = d.multiply("uniform bound", Scaling(L=1, m_to_alpha=1, n="-1/2"), norms, moved)
    d.at_most("first branch", bound, _stated(d, "first branch", UNIFORM))
    return d


def _stated(d: Derivation, name: str, term: Scaling) -> Scaling:
    return d.take(f"{name}, as stated", term, "Theorem 2.2")


@derived(
    "chen-et-al-2019-poster/thm-2.3-ledger",
    sentence="The step sizes of Theorem 2.3 balance to its first term and to ε.",
    source=CHEN_ET_AL_2019_POSTER.at("Theorem 2.3, η and the bound"),
    statement=r"L R^2 m^{-2\alpha} / (\eta n) = L^2 R^2 / n \text{ at } \eta = L^{-1} m^{-2\alpha},"
    r" = \epsilon \text{ at } \eta = m^{-2\alpha} L R^2 n^{-1} \epsilon^{-1}",
)
def one_pass_leaves_the_stated_regret(given: Given = as_stated) -> Derivation:
    """At either step size, with T = n: the bound's first term, and ε."""
    d = Derivation(given, REGIME)
    distance = _whole(d)
    one_pass = {"T": Scaling(n=1)}
    small = d.take("η, second branch", STEP, "Theorem 2.3")
    bound = d.take("first term of the bound", Scaling(L=2, R=2, n=-1), "Theorem 2.3")
    d.equal("second branch", d.substitute("regret, T = n", _regret(d, distance, small), **one_pass), bound)
    other = d.take("η, first branch", Scaling(m_to_alpha=-2, L=1, R=2, n=-1, eps=-1), "Theorem 2.3")
    d.equal("first branch", d.substitute("regret, T = n", _regret(d, distance, other), **one_pass), Scaling(eps=1))
    return d


@derived(
    "chen-et-al-2019-poster/sample-complexity",
    sentence="An error of ε needs of order ε⁻² examples by Theorem 2.2, and ε⁻¹ by Theorem 2.3.",
    source=CHEN_ET_AL_2019_POSTER.at("section 1, second contribution"),
    statement=r"L^{3/2} R n^{-1/2} \le \epsilon \iff n \ge L^3 R^2 \epsilon^{-2},"
    r" \quad L^2 R^2 n^{-1} \le \epsilon \iff n \ge L^2 R^2 \epsilon^{-1}",
)
def samples_follow_from_the_bounds(given: Given = as_stated) -> Derivation:
    """ε^{−2} by Theorem 2.2 and ε^{−1} by Theorem 2.3, at fixed L and R."""
    d = Derivation(given, REGIME)
    for theorem, term, power in (("2.2", COMPLEXITY, -2), ("2.3", Scaling(L=2, R=2, n=-1), -1)):
        sample = d.least("n", f"Theorem {theorem}", d.take("term in n", term, f"Theorem {theorem}"), Scaling(eps=1))
        d.equal(f"n, Theorem {theorem}", sample, Scaling(eps=power), up_to=("L", "R"))
    return d


context(
    "chen-et-al-2019-poster/depth-comparison",
    sentence="For small depth the width is below that of Zou et al.",
    source=CHEN_ET_AL_2019_POSTER.at("section 1, third contribution, last sentence"),
    statement=r"L \le \tilde O(n^{1/3} \vee \epsilon^{-1/6}) \implies \text{less width than Zou et al. [3]}",
    instead="not derivable: neither the width of Zou et al. nor the R that their assumption gives is in the sources; "
    "nothing is tested in its place",
)


@derived(
    "chen-et-al-2019-poster/erratum-E-62@printed",
    sentence="With one ball for all layers together the printed number of steps balances.",
    source=CHEN_ET_AL_2019_POSTER.at("B(W^(0), R m^(−α)), as a ball of all layers together"),
    statement=r"\|W^* - W^{(0)}\|_F \le R m^{-\alpha} \implies T = L^2 R^2 \epsilon^{-1} \text{ balances}",
    erratum="E-62",
    expected="refuted",
    notes="The poster names no norm; this is the norm of a collection.",
)
def whole_ball_gives_the_iterations(given: Given = as_stated) -> Derivation:
    """A ball of all layers together would give T = L R²/ε, and no L^{3/2} in Theorem 2.2."""
    d = Derivation(given, REGIME)
    distance = d.take("distance of all layers", LAYER, "B(W^(0), R m^(−α)), whole")
    regret = _regret(d, distance, d.take("η", STEP, "Theorem 2.1"))
    iterations = d.least("T", "regret at most ε", regret, Scaling(eps=1))
    d.equal("iterations", iterations, d.take("T", ITERATIONS, "Theorem 2.1"))
    return d


@derived(
    "chen-et-al-2019-poster/erratum-E-62",
    sentence="With a ball per layer the printed number of steps balances.",
    source=CHEN_ET_AL_2019_POSTER.at("B(W^(0), R m^(−α)), per layer"),
    statement=r"\|W_l^* - W_l^{(0)}\|_F \le R m^{-\alpha} \text{ for all } l \implies"
    r" T = L^2 R^2 \epsilon^{-1} \text{ balances}",
    erratum="E-62",
)
def layer_ball_gives_the_iterations(given: Given = as_stated) -> Derivation:
    """Per layer, so that all layers together move √L R m^{−α}."""
    return _trains(given)
