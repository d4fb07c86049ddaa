"""The training loss: the mean of the logistic losses."""

from lemmata.claims.cao_gu_2019_slides.losses_defined import logistic, margins
from lemmata.claims.case import Case
from lemmata.claims.chen_et_al_2019_poster.paper import CHEN_ET_AL_2019_POSTER, DEFINED, DEFINED_PLAN
from lemmata.claims.claim import Control, Sides
from lemmata.claims.registry import claim
from lemmata.model.losses import LOSSES


@claim(
    "chen-et-al-2019-poster/setup-loss",
    sentence="The training loss is the mean logistic loss.",
    source=CHEN_ET_AL_2019_POSTER.at("section 2, loss function"),
    statement=r"L_S(W) = \frac1n \sum_i L_i(W), \quad L_i(W) = \log(1 + \exp(-y_i f_W(x_i)))",
    kind="DEF",
    bound="equality",
    domain=DEFINED,
    plan=DEFINED_PLAN,
    quantifiers="for all samples",
    controls=(Control("sum for mean", "L_S = Σ_i L_i", measure=lambda case: _compared(case, len(case.inputs))),),
)
def training_loss_is_a_mean(case: Case) -> Sides:
    """The loss that is trained on against the mean of log(e⁰ + e^{−y f})."""
    return _compared(case, 1.0)


def _compared(case: Case, times: float) -> Sides:
    value = LOSSES[case.setting.loss].value(case.at_initial.outputs, case.labels)
    return Sides.of(value, times * logistic(margins(case)).mean(-1))
