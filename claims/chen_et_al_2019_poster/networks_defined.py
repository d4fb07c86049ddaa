"""The network of the poster: all L weight layers are trained, and m^α multiplies the output."""

from lemmata.claims.cao_gu_2019_slides.networks_defined import network_is
from lemmata.claims.case import Case
from lemmata.claims.chen_et_al_2019_poster.paper import CHEN_ET_AL_2019_POSTER, DEFINED, DEFINED_PLAN
from lemmata.claims.claim import Control, Sides
from lemmata.claims.registry import claim


@claim(
    "chen-et-al-2019-poster/setup-network",
    sentence="The network has a trained top layer and a factor m^α, and is homogeneous in every layer.",
    source=CHEN_ET_AL_2019_POSTER.at("section 2, neural network function"),
    statement=r"f_W(x) = m^\alpha W_L \sigma(W_{L-1} \cdots \sigma(W_1 x) \cdots), \quad \alpha \in (0, 1/2]",
    kind="DEF",
    engine_obstacle="entries of the matrices, beside the products",
    bound="equality",
    domain=DEFINED,
    plan=DEFINED_PLAN,
    quantifiers="for all x, l ≤ L and α",
    controls=(Control("α = ½", "√m multiplies the output, whatever α", measure=lambda case: network_is(case, 0.5)),),
    notes="Positive homogeneity in each of the L layers: <W_l, ∇_{W_l} f(x)> = f(x), the top layer among them.",
)
def network_is_scaled_by_a_power_of_its_width(case: Case) -> Sides:
    """<W_l, ∇_{W_l} f(x)> of every layer, from the trace, against the formula written out with dense matrices."""
    alpha = case.configuration.alpha
    assert alpha is not None
    return network_is(case, alpha)
