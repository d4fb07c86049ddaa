"""Lemma 5.2, second bound: near initialisation the training loss is almost smooth."""

from lemmata.claims.cao_gu_2020 import certificates
from lemmata.claims.cao_gu_2020.almost_linear import ALMOST_LINEAR
from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, DEPTH_OPEN, LOG_OPEN, NEAR, PRE_5, WITH_PROBABILITY
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim
from lemmata.model.losses import LOSSES, surrogate_error


@claim(
    "cao-gu-2020/lemma-5.2b",
    sentence="Near initialisation the training loss is almost smooth.",
    source=CAO_GU_2020.at("Lemma 5.2, third display"),
    statement=r"L_S(\hat W) - L_S(\tilde W) \le C \sum_l L^2 \tau^{1/3} \sqrt{m \log m}"
    r" \|\hat W_l - \tilde W_l\|_2 \mathcal{E}_S(\tilde W)"
    r" + \sum_l Tr[(\hat W_l - \tilde W_l)^T \nabla_{W_l} L_S(\tilde W)]"
    r" + C \sum_l m L^3 \|\hat W_l - \tilde W_l\|_2^2",
    kind="SCALE",
    bound="upper",
    terms=(ALMOST_LINEAR, Scaling(L=3, m=1)),
    # Each attack on all examples at depth solves for hundreds of units: generated cases stay small.
    domain=NEAR.drawing(m=(32, 96), n=(1, 3)),
    quantifiers="for all W̃, Ŵ in the ball",
    probability=WITH_PROBABILITY,
    attacks=(
        "random",
        "along-gradient",
        "overshoot-kinks",
        "overshoot-kinks-together",
        "place-on-kinks",
        "place-on-kinks-deep",
        "place-on-kinks-together",
    ),
    ascends=True,
    certificate=certificates.almost_smooth,
    preconditions=PRE_5,
    unrefuted={"L": DEPTH_OPEN, "log_m": LOG_OPEN},
    controls=(
        Control("no kink term", "the quadratic term alone bounds the excess", measure=lambda case: _excess(case, 0.0)),
    ),
)
def loss_is_almost_smooth(case: Case) -> Measurement:
    """The loss difference minus its linear term, propagated as differences."""
    return _excess(case, 1.0)


def _excess(case: Case, kinks: float) -> Measurement:
    excess = case.difference.loss_excess(LOSSES[case.setting.loss], case.labels)
    error = surrogate_error(case.at_expansion.outputs, case.labels)
    step = case.step_norms
    return Measurement(excess, (kinks * step.sum(-1) * error, step.square().sum(-1)))
