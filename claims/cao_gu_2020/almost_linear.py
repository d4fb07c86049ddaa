"""Lemma 5.2, first bound: near initialisation the network is almost linear in its weights."""

import math

from lemmata.claims.cao_gu_2020 import certificates
from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, DEPTH_OPEN, LOG_OPEN, NEAR, PRE_5, WITH_PROBABILITY
from lemmata.claims.case import Case
from lemmata.claims.claim import Measurement
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim
from lemmata.model.limits import KINK_PLACEMENT

ALMOST_LINEAR = Scaling(L=2, tau="1/3", m="1/2", log_m="1/2")


def one_layer(c: Configuration) -> float | None:
    """Kink placement's ratio at one layer, in the limit."""
    return KINK_PLACEMENT / math.sqrt(math.log(c.m)) if c.L == 1 else None


@claim(
    "cao-gu-2020/lemma-5.2a",
    sentence="Near initialisation the network is almost linear in its weights.",
    source=CAO_GU_2020.at("Lemma 5.2, first display"),
    statement=r"|f_{\hat W}(x_i) - F_{\tilde W, \hat W}(x_i)| \le C L^2 \tau^{1/3} \sqrt{m \log m}"
    r" \sum_l \|\hat W_l - \tilde W_l\|_2, \quad F_{\tilde W, \hat W} = f_{\tilde W}"
    r" + \sum_l Tr[(\hat W_l - \tilde W_l)^T \nabla_{W_l} f_{\tilde W}]",
    kind="SCALE",
    bound="upper",
    terms=(ALMOST_LINEAR,),
    domain=NEAR,
    quantifiers="for all W̃, Ŵ in the ball and i ≤ n",
    probability=WITH_PROBABILITY,
    attacks=(
        "random",
        "along-gradient",
        "overshoot-kinks",
        "place-on-kinks",
        "place-on-lowering-kinks",
        "place-on-kinks-deep",
        "place-on-lowering-kinks-deep",
    ),
    ascends=True,
    limit=one_layer,
    certificate=certificates.almost_linear,
    preconditions=PRE_5,
    erratum="E-06",
    unrefuted={"L": DEPTH_OPEN, "log_m": LOG_OPEN},
    notes="Expansion at W̃, as the proof's I_3 and the proof of Theorem 4.5 have it.",
)
def outputs_are_almost_linear(case: Case) -> Measurement:
    """The error of the first-order expansion at W̃, propagated as a difference."""
    error = case.difference.linearisation_error.abs()
    return Measurement(error, (case.step_norms.sum(-1)[:, None, None],), ("example", "output"))


@claim(
    "cao-gu-2020/lemma-5.2a@printed",
    sentence="The same with the gradient at the wrong end, as printed: what is left does not shrink with τ.",
    source=CAO_GU_2020.at("Lemma 5.2, first and second display"),
    statement=r"|f_{\hat W}(x_i) - F_{\tilde W, \hat W}(x_i)| \le C L^2 \tau^{1/3} \sqrt{m \log m}"
    r" \sum_l \|\hat W_l - \tilde W_l\|_2, \quad F_{\tilde W, \hat W} = f_{\hat W}"
    r" + \sum_l Tr[(\hat W_l - \tilde W_l)^T \nabla_{W_l} f_{\hat W}]",
    kind="SCALE",
    bound="upper",
    terms=(ALMOST_LINEAR,),
    domain=NEAR,
    quantifiers="for all W̃, Ŵ in the ball and i ≤ n",
    probability=WITH_PROBABILITY,
    attacks=("random", "along-gradient"),
    preconditions=PRE_5,
    erratum="E-06",
    expected="refuted",
    notes="Printed with the expansion at Ŵ. The left-hand side is then the first-order change itself, about "
    "√(m/2) ‖Ŵ − W̃‖, which no constant times τ^{1/3} bounds as τ → 0.",
)
def outputs_are_almost_linear_as_printed(case: Case) -> Measurement:
    """|Σ_l <∇f(Ŵ), Ŵ_l − W̃_l>|: what is left of f_Ŵ − F with both terms of F at Ŵ."""
    change = case.at_moved.directional(case.pair.step).sum(1).abs()
    return Measurement(change, (case.step_norms.sum(-1)[:, None, None],), ("example", "output"))
