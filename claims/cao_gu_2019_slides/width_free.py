"""The slides' bounds do not increase with the width: their exponents."""

from claims.cao_gu_2019_slides.paper import CAO_GU_2019_SLIDES
from claims.ledger import ASYMPTOTIC, Derivation, Given, Regime, as_stated, derived
from claims.scaling import Scaling

REGIME = Regime(large=ASYMPTOTIC.large | {"R", "quantity"}, small=ASYMPTOTIC.small)
"""With R and the corollary's √(ỹᵀ Θ^{−1} ỹ), called `quantity`, at least 1."""

RADIUS = Scaling(R=1, m="-1/2")
"""The largest increment of a layer in the class."""


def _class_width(d: Derivation) -> Scaling:
    """How far the class moves a value: the sum over layers of radius times gradient."""
    gradient = d.take("gradient of a layer", Scaling(m="1/2"), "overview: Lipschitz")
    radius = d.take("radius of a layer", RADIUS, "definition of F(W^(0), R)")
    return d.multiply("width of the class", d.take("number of layers", Scaling(L=1), "Σ_l"), radius, gradient)


@derived(
    "cao-gu-2019-slides/width-free",
    source=CAO_GU_2019_SLIDES.at("summary, first item"),
    statement=r"L R n^{-1/2} \text{ and } L \sqrt{\tilde y^T \Theta^{-1} \tilde y / n} \text{ do not increase in } m",
    notes="The exponents; that the class has this width, and Θ a limit, is measured in ntrf-class and ntk-definition.",
)
def bounds_do_not_increase_in_width(given: Given = as_stated) -> Derivation:
    """The class at radius R m^{−1/2} has width L R, which over √n is the theorem's term and, at R = √(ỹᵀΘ^{−1}ỹ), the
    corollary's; neither has m in it."""
    d = Derivation(given, REGIME)
    bound = d.multiply("width of the class over √n", _class_width(d), Scaling(n="-1/2"))
    d.equal("theorem", bound, d.take("term of the theorem", Scaling(L=1, R=1, n="-1/2"), "theorem"))
    kernel = d.substitute("bound at R of the corollary", bound, R=Scaling(quantity=1))
    d.equal("corollary", kernel, d.take("term of the corollary", Scaling(L=1, quantity=1, n="-1/2"), "corollary"))
    d.decreases("bound", bound, "m")
    return d


def _whole_radius(given: Given, claimed: Scaling) -> Derivation:
    """The norm of all increments together, from that of each."""
    d = Derivation(given, REGIME)
    radius = d.take("radius of a layer", RADIUS, "definition of F(W^(0), R)")
    layers = d.take("number of layers", Scaling(L=1), "Σ_l")
    whole = d.multiply("norm of all layers, at most", (layers * radius**2) ** "1/2")
    d.at_most("norm of all layers", whole, d.take("radius in the corollary", claimed, "corollary"))
    return d


@derived(
    "cao-gu-2019-slides/erratum-E-61@printed",
    source=CAO_GU_2019_SLIDES.at("corollary, with the class of the theorem"),
    statement=r"\|W_l\|_F \le R m^{-1/2} \text{ for all } l \implies \|W\|_F \le R m^{-1/2}",
    erratum="E-61",
    expected="refuted",
    notes="Harmless: the corollary goes from the whole norm to the layers', and its L covers a √L.",
)
def layer_radius_is_the_whole_radius(given: Given = as_stated) -> Derivation:
    """The quantity of the corollary is a norm of all layers together, the theorem's radius one of each."""
    return _whole_radius(given, RADIUS)


@derived(
    "cao-gu-2019-slides/erratum-E-61",
    source=CAO_GU_2019_SLIDES.at("corollary, with the class of the theorem"),
    statement=r"\|W_l\|_F \le R m^{-1/2} \text{ for all } l \implies \|W\|_F \le \sqrt L R m^{-1/2}",
    erratum="E-61",
)
def whole_radius_has_the_root_of_the_depth(given: Given = as_stated) -> Derivation:
    """√L R m^{−1/2}."""
    return _whole_radius(given, Scaling(L="1/2") * RADIUS)
