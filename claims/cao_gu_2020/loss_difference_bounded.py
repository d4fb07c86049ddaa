"""Equations (B.1) to (B.3): from the output difference to the loss difference."""

import torch

from lemmata.claims.cao_gu_2020 import certificates
from lemmata.claims.cao_gu_2020.almost_linear import ALMOST_LINEAR, one_layer
from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, DEPTH_OPEN, LOG_OPEN, NEAR, PRE_5, PRE_B1, WITH_PROBABILITY
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Reason
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim
from lemmata.model.losses import LOSSES, surrogate_error, taylor_remainder


@claim(
    "cao-gu-2020/eq-B.1",
    sentence="The loss difference is at most its first order plus a quarter of the mean squared output change.",
    source=CAO_GU_2020.at("equation (B.1)"),
    statement=r"L_S(\hat W) - L_S(\tilde W) \le \frac1n \sum_i [\ell'(y_i \tilde y_i) y_i \Delta_i + \Delta_i^2 / 4],"
    r" \quad \Delta_i = \hat y_i - \tilde y_i",
    kind="DET",
    bound="upper",
    stated=0.25,
    domain=NEAR,
    quantifiers="for all W̃, Ŵ, and for single examples at every margin",
    attacks=("random", "along-gradient", "place-on-kinks"),
    erratum="E-33",
    controls=(Control("0.12 for 1/4", "the same with 0.12 Δ_i²; the sharp coefficient is 1/8, at f = 0", factor=0.48),),
    notes="The sharp coefficient is 1/8. The display above it has ℓ' at ŷ_i, which convexity alone gives.",
)
def loss_difference_is_quadratic(case: Case) -> Measurement:
    """The loss difference less its first order, against the squared output differences."""
    z = case.margins(case.at_expansion)
    n = len(case.inputs)
    own = (case.labels * case.difference.outputs)[..., 0]
    shift = torch.cat([own, (0.01 * case.probes.abs() + 1e-9).expand(len(own), -1)], -1)
    remainder, square = taylor_remainder(z, shift), shift.square()
    lhs, factor = (torch.cat([x[:, :n].mean(-1, keepdim=True), x[:, n:]], -1) for x in (remainder, square))
    return Measurement(lhs, (factor,), ("distribution",))


@claim(
    "cao-gu-2020/eq-B.2",
    sentence="The first order of the loss is its gradient and little else.",
    source=CAO_GU_2020.at("equation (B.2)"),
    statement=r"\frac1n \sum_i \ell'(y_i \tilde y_i) y_i \Delta_i \le C_5 \sum_l L^2 \tau^{1/3} \sqrt{m \log m}"
    r" \|\hat W_l - \tilde W_l\|_2 \mathcal{E}_S(\tilde W) + C_5 \sum_l L^3 \sqrt m \|\hat W_l - \tilde W_l\|_2^2"
    r" \mathcal{E}_S(\tilde W) + \sum_l Tr[(\hat W_l - \tilde W_l)^T \nabla_{W_l} L_S(\tilde W)]",
    kind="SCALE",
    bound="upper",
    terms=(ALMOST_LINEAR, Scaling(L=3, m="1/2")),
    domain=NEAR,
    quantifiers="for all W̃, Ŵ in the ball",
    probability=WITH_PROBABILITY,
    attacks=(
        "random",
        "along-gradient",
        "overshoot-kinks",
        "place-on-kinks",
        "place-on-kinks-deep",
        "place-on-kinks-together",
    ),
    ascends=True,
    limit=lambda c: one_layer(c) if c.n == 1 else None,
    certificate=certificates.first_order,
    preconditions=PRE_5,
    erratum="E-18",
    unrefuted={"L": DEPTH_OPEN, "log_m": LOG_OPEN},
    controls=(
        Control(
            "E_S squared",
            "the same with E_S² in place of E_S",
            measure=lambda case: _first_order(case, power=2),
        ),
    ),
    notes="Printed without the √m of the second term; the first term absorbs it either way.",
)
def first_order_is_the_gradient_and_little_else(case: Case) -> Measurement:
    """(1/n) Σ ℓ'(y_i ỹ_i) y_i times the linearisation error of example i."""
    return _first_order(case, power=1)


def _first_order(case: Case, *, power: int) -> Measurement:
    base = case.at_expansion.outputs
    slopes = LOSSES[case.setting.loss].slopes(base, case.labels)
    excess = (slopes * case.difference.linearisation_error).sum((-2, -1))
    error = surrogate_error(base, case.labels) ** power
    step = case.step_norms
    return Measurement(excess, (step.sum(-1) * error, step.square().sum(-1) * error))


@claim(
    "cao-gu-2020/eq-B.3",
    sentence="Outputs are Lipschitz in the weights, with constant of order L √m.",
    source=CAO_GU_2020.at("equation (B.3)"),
    statement=r"\Delta_i^2 = [v^T (\hat x_{L,i} - \tilde x_{L,i})]^2 \le C_6 m L^2"
    r" (\sum_l \|\hat W_l - \tilde W_l\|_2)^2 \le C_6 m L^3 \sum_l \|\hat W_l - \tilde W_l\|_2^2",
    kind="SCALE",
    bound="upper",
    terms=(Scaling(m=1, L=2),),
    domain=NEAR,
    quantifiers="for all W̃, Ŵ in the ball and i ≤ n",
    probability=WITH_PROBABILITY,
    attacks=("random", "along-gradient", "move-all-units"),
    ascends=True,
    certificate=certificates.outputs,
    preconditions=PRE_B1,
    unrefuted={
        "L": Reason(
            "proof",
            "Lemma B.1 (i), (vi) bound every ‖∇_{W_l} f‖ by C √m in the ball, which has the way from W̃ to Ŵ in it: "
            "|Δ_i| ≤ C √m Σ_l ‖Ŵ_l − W̃_l‖",
        )
    },
    notes="The second step is the Cauchy–Schwarz inequality.",
)
def outputs_are_lipschitz(case: Case) -> Measurement:
    """The squared output difference."""
    factor = case.step_norms.sum(-1).square()[:, None, None]
    return Measurement(case.difference.outputs.square(), (factor,), ("example", "output"))
