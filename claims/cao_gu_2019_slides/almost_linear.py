"""Near initialisation the network is almost linear in its weights, the top layer's among them."""

import math

from lemmata.claims.cao_gu_2019_slides import certificates
from lemmata.claims.cao_gu_2019_slides.paper import CAO_GU_2019_SLIDES, NEAR, WITH_PROBABILITY
from lemmata.claims.case import Case
from lemmata.claims.claim import Measurement, Reason
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim
from lemmata.model.limits import GAUSSIAN_KINK_PLACEMENT

RATE = Scaling(L=2, tau="1/3", m="1/2", log_m="1/2")
"""That of cao-gu-2020 Lemma 5.2; the slides give none."""

UNREFUTED = {
    "L": Reason(
        "out of reach",
        "open: changes of all layers reach (L − 1)^(2/3) of the L² (K15), and no bound below L² is known",
    ),
    "log_m": Reason(
        "out of reach",
        "open: placement on the kinks of one layer gives 0.920 √m τ^(1/3) without a logarithm (K19), and no bound "
        "without it is known",
    ),
}
"""Why a stronger power of L and the power 0 of log m need not be refuted."""


def _one_layer(c: Configuration) -> float | None:
    return GAUSSIAN_KINK_PLACEMENT / (4 * math.sqrt(math.log(c.m))) if c.L == 2 else None


@claim(
    "cao-gu-2019-slides/almost-linear",
    sentence="Near initialisation the network is almost linear in its weights.",
    source=CAO_GU_2019_SLIDES.at("Overview of the proof, first observation"),
    statement=r"|f_{W'}(x_i) - f_W(x_i) - \langle \nabla f_W(x_i), W' - W \rangle|"
    r" \le C L^2 \tau^{1/3} \sqrt{m \log m} \sum_l \|W'_l - W_l\|_2",
    kind="SCALE",
    bound="upper",
    terms=(RATE,),
    domain=NEAR,
    quantifiers="for all W, W' with ‖W_l − W_l⁽⁰⁾‖_F ≤ τ, and i ≤ n",
    probability=WITH_PROBABILITY,
    attacks=(
        "random",
        "along-gradient",
        "overshoot-kinks",
        "overshoot-kinks-deep",
        "overshoot-lowering-kinks",
        "place-on-kinks",
        "place-on-lowering-kinks",
        "place-on-kinks-deep",
        "place-on-lowering-kinks-deep",
    ),
    ascends=True,
    limit=_one_layer,
    unrefuted=UNREFUTED,
    certificate=certificates.almost_linear,
    notes="Printed with ≈ and no rate; the rate is that of cao-gu-2020, Lemma 5.2. Moving the top layer adds √m times "
    "its change times that of the features, of order √m τ per unit of the step, below the kinks' τ^(1/3).",
)
def outputs_are_almost_linear(case: Case) -> Measurement:
    """The error of the first-order expansion at W, propagated as a difference."""
    error = case.difference.linearisation_error.abs()
    return Measurement(error, (case.step_norms.sum(-1)[:, None, None],), ("example", "output"))
