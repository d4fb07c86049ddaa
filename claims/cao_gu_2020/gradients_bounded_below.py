"""Lemmas 5.4 and 5.5: on separable data the last layer's gradient is at least B √m E_S(W) all over the ball."""

from dataclasses import replace

from torch import Tensor

from lemmata.claims.cao_gu_2020 import certificates
from lemmata.claims.cao_gu_2020.paper import (
    CAO_GU_2020,
    CONES,
    CONES_PLAN,
    FEATURE_MARGIN,
    KERNEL_MARGIN,
    TEACHER,
    TEACHER_PLAN,
    WIDE,
    WITH_PROBABILITY,
)
from lemmata.claims.cao_gu_2020.witnesses import conjugate_gamma, gamma
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Reason
from lemmata.claims.language.condition import Condition
from lemmata.claims.language.domain import ANY, Domain
from lemmata.claims.language.plan import Plan
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim
from lemmata.model.empirical_kernels import last_layer_gram
from lemmata.model.losses import LOSSES, surrogate_error
from lemmata.model.margins import simplex_minimum

RADIUS = (1e-4, 1e-2)
SEARCH = ("stay", "random", "weaken-gradient")
WEIGHTS = "all W in the ball, and all non-negative weights in place of −ℓ'(y_i f_W(x_i))"


PRE_5_4 = (
    FEATURE_MARGIN,
    Condition("m", ">=", (Scaling(two_to_L=2, L=2, gamma=-2, log_mnL_delta=1), WIDE.bounds[1])),
    Condition("tau", "<=", (Scaling(two_to_L=-3, L=-2, gamma=3, log_m="-3/2"),)),
)
"""Conditions of Lemma 5.4 with every absolute constant 1."""

PRE_5_5 = (
    KERNEL_MARGIN,
    Condition("m", ">=", (Scaling(gamma=-2, log_mn_delta=1), Scaling(tau="-4/3", log_m_tau_delta=1))),
    Condition("tau", "<=", (Scaling(gamma=3, log_m="-3/2"),)),
)
"""Conditions of Lemma 5.5 with every absolute constant 1."""


def _own(case: Case, margin: float) -> Measurement:
    """‖∇_{W_L} L_S(Ŵ)‖_F with the loss's own slopes, against a margin and E_S."""
    trace, labels = case.at_moved, case.labels
    norm = trace.batch_gradient_norms(LOSSES[case.setting.loss].slopes(trace.outputs, labels))[:, -1]
    return Measurement(norm, (margin * surrogate_error(trace.outputs, labels),))


@claim(
    "cao-gu-2020/lemma-5.4",
    sentence="The last layer's gradient is at least of order 2⁻ᴸ γ √m times the surrogate error.",
    source=CAO_GU_2020.at("Lemma 5.4"),
    own=lambda case: _own(case, 2.0**-case.hidden * gamma(case)),
    statement=r"\|\nabla_{W_L} L_S(W)\|_F \ge C 2^{-L} \gamma \sqrt{m} \cdot \mathcal{E}_S(W), \quad L \ge 2",
    kind="SCALE",
    bound="lower",
    terms=(Scaling(m="1/2"),),
    domain=replace(CONES, L=(2, None), tau=ANY).drawing(tau=RADIUS),
    plan=replace(CONES_PLAN, lines={**CONES_PLAN.lines, "m": (128, 512, 2048), "tau": (1e-4, 1e-3, 1e-2)}),
    quantifiers=WEIGHTS,
    probability=WITH_PROBABILITY,
    attacks=SEARCH,
    ascends=True,
    certificate=lambda case: certificates.least_gradient(case) / (2.0**-case.hidden * gamma(case)),
    preconditions=PRE_5_4,
    erratum="E-05",
    controls=(
        Control(
            "2^−L dropped",
            "‖∇_{W_L} L_S(W)‖_F ≥ (C/4) γ √m E_S(W)",
            measure=lambda case: Measurement(_least_gradient(case), (gamma(case),)),
            factor=0.25,
            unrefuted=Reason(
                "out of reach", "false, but only at great depth: B falls like a power of L, not like 2^−L"
            ),
        ),
    ),
    notes="The proof ends with C = 1/4, far below what is measured. L = 1 is excluded: see the printed reading.",
)
def last_gradients_do_not_vanish(case: Case) -> Measurement:
    """√m times the least ‖Σ_i p_i y_i ∇_{W_L} f(x_i)‖ / √m over the simplex at Ŵ, which no weights undercut."""
    return Measurement(_least_gradient(case), (2.0**-case.hidden * gamma(case),))


@claim(
    "cao-gu-2020/lemma-5.4@printed",
    sentence="The same with one hidden layer, which the print admits: raw inputs need not be separable.",
    source=CAO_GU_2020.at("Lemma 5.4, which does not exclude L = 1"),
    own=lambda case: _own(case, 2.0**-case.hidden * gamma(case)),
    statement=r"\|\nabla_{W_1} L_S(W)\|_F \ge C 2^{-1} \gamma \sqrt{m} \cdot \mathcal{E}_S(W), \quad L = 1",
    kind="SCALE",
    bound="lower",
    terms=(Scaling(m="1/2"),),
    domain=Domain(
        L=(1, 1),
        tau=ANY,
        draws={"m": (64, 256), "n": (256, 256), "tau": RADIUS},
        fixed={"data": "axes", "d": 128},
    ),
    plan=Plan(lines={"n": (16, 64, 256)}, start={"n": 256}),
    quantifiers=WEIGHTS,
    probability=WITH_PROBABILITY,
    preconditions=PRE_5_4,
    erratum="E-05",
    expected="refuted",
    notes="x = ±e_k, all labels +1: γ = 1/√(2π) for every d, and B ≤ 1/√(4d) at every width, since a unit is active "
    "on at most one of e_k and −e_k.",
)
def first_gradients_do_not_vanish(case: Case) -> Measurement:
    """The same at one hidden layer, where the raw inputs would have to be linearly separable."""
    return Measurement(_least_gradient(case), (2.0**-case.hidden * gamma(case),))


@claim(
    "cao-gu-2020/lemma-5.5",
    sentence="The last layer's gradient is at least of order γ √m times the surrogate error, γ the kernel's margin.",
    source=CAO_GU_2020.at("Lemma 5.5"),
    own=lambda case: _own(case, conjugate_gamma(case)),
    statement=r"\|\nabla_{W_L} L_S(W)\|_F \ge C \gamma \sqrt{m} \cdot \mathcal{E}_S(W)",
    kind="SCALE",
    bound="lower",
    terms=(Scaling(m="1/2"),),
    domain=replace(TEACHER, tau=ANY).drawing(tau=RADIUS),
    plan=replace(TEACHER_PLAN, lines={**TEACHER_PLAN.lines, "tau": (1e-4, 1e-3, 1e-2)}),
    quantifiers=WEIGHTS,
    probability=WITH_PROBABILITY,
    attacks=SEARCH,
    ascends=True,
    certificate=lambda case: certificates.least_gradient(case) / conjugate_gamma(case),
    preconditions=PRE_5_5,
    erratum="E-17",
    controls=(
        Control(
            "γ of the kernel with the factor 2",
            "the same with the margin of 2^{L−1} κ^{(L−1)}",
            measure=lambda case: Measurement(
                _least_gradient(case), (2 ** ((case.hidden - 1) / 2) * conjugate_gamma(case),)
            ),
            unrefuted=Reason(
                "proof",
                "at infinite width, with C = 1/2: units active at w and at −w split Σ_i p_i y_i x_i in two parts, "
                "whose squared norms sum to half of its own at least (K26)",
            ),
        ),
    ),
    notes="Printed without L in its conditions, which Lemma B.1 needs; γ ≤ 2^{−(L−1)/2} makes up for it.",
)
def last_gradients_follow_the_kernel_margin(case: Case) -> Measurement:
    """As for Lemma 5.4, against the largest γ of κ^{(L−1)}."""
    return Measurement(_least_gradient(case), (conjugate_gamma(case),))


def _least_gradient(case: Case) -> Tensor:
    gram = last_layer_gram(case.at_moved, case.labels)
    return (simplex_minimum(gram).value.clamp_min(0) * case.parameters["m"]).sqrt()
