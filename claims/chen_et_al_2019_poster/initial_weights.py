"""Gaussian initialisation: entries N(0, 2/m) of the hidden layers and N(0, 1/m) of the top one, whatever α."""

from lemmata.claims.cao_gu_2019_slides.initial_weights import variances_deviate
from lemmata.claims.case import Case
from lemmata.claims.chen_et_al_2019_poster.paper import CHEN_ET_AL_2019_POSTER, DEFINED, DEFINED_PLAN, WITH_PROBABILITY
from lemmata.claims.claim import Control, Measurement
from lemmata.claims.registry import claim


@claim(
    "chen-et-al-2019-poster/setup-init",
    sentence="Hidden entries are Gaussian of variance 2/m, those of the top layer of variance 1/m.",
    source=CHEN_ET_AL_2019_POSTER.at("section 2, neural network function"),
    statement=r"W^{(0)}_1, \ldots, W^{(0)}_{L-1} \sim N(0, 2/m), \quad W^{(0)}_L \sim N(0, 1/m)",
    kind="PROB",
    engine_obstacle="the law of every entry of the matrices",
    bound="upper",
    stated=1.0,
    domain=DEFINED,
    plan=DEFINED_PLAN,
    quantifiers="for all l ≤ L",
    probability=WITH_PROBABILITY,
    controls=(
        Control(
            "α in the variance",
            "the top layer is N(0, m^{2α−2}), which would give the slides' network another scale",
            measure=lambda case: variances_deviate(case, top=case.initial.scale**2 / case.parameters["m"]),
        ),
        Control(
            "hidden layers N(0, 1/m)",
            "the hidden layers like the top one",
            measure=lambda case: variances_deviate(case, hidden=1.0),
        ),
    ),
    notes="Deviations as in cao-gu-2019-slides/setup-init.",
)
def weights_have_their_variances(case: Case) -> Measurement:
    """Second moment and mean of every layer's entries, against the deviations that a share δ of draws exceeds at most.

    That Var f(x) = m^{2α−1} is measured by `lemmata calibrate`.
    """
    return variances_deviate(case)
