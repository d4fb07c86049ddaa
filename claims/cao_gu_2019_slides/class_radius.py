"""The radius of the class is one of each layer, the norm in the corollary one of all layers together."""

from lemmata.claims.cao_gu_2019_slides.paper import CAO_GU_2019_SLIDES
from lemmata.claims.language.derivation import ASYMPTOTIC, Derivation, Given, Regime, as_stated
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import derived

REGIME = Regime(large=ASYMPTOTIC.large | {"R"}, small=ASYMPTOTIC.small)
"""With R at least 1."""

RADIUS = Scaling(R=1, m="-1/2")
"""The largest increment of a layer in the class."""


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
    sentence="A radius per layer bounds all layers together by the same, as printed.",
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
    sentence="A radius per layer bounds all layers together by √L times it.",
    source=CAO_GU_2019_SLIDES.at("corollary, with the class of the theorem"),
    statement=r"\|W_l\|_F \le R m^{-1/2} \text{ for all } l \implies \|W\|_F \le \sqrt L R m^{-1/2}",
    erratum="E-61",
)
def whole_radius_has_the_root_of_the_depth(given: Given = as_stated) -> Derivation:
    """√L R m^{−1/2}."""
    return _whole_radius(given, Scaling(L="1/2") * RADIUS)
