"""Appendix B.3, proof of Lemma 5.4: the last layer's gradient is close to G, which has W⁽⁰⁾'s features and patterns."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2020 import certificates
from lemmata.claims.cao_gu_2020.features_separable import PRE_B2
from lemmata.claims.cao_gu_2020.initial_gradients_bounded_below import LEAST_SHARE
from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, CONES, CONES_PLAN, NEAR, PRE_B1, WITH_PROBABILITY
from lemmata.claims.cao_gu_2020.witnesses import gamma
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Reason, Sides
from lemmata.claims.language.domain import ANY, Domain
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim
from lemmata.model.limits import FLIPPED_SIGNAL
from lemmata.model.losses import LOSSES, cross_entropy, surrogate_error
from lemmata.model.trace import Trace


def _slopes(case: Case, trace: Trace) -> Tensor:
    """ℓ'(y_i f_W(x_i)) y_i / n at the W of a trace, (S, n)."""
    return LOSSES[case.setting.loss].slopes(trace.outputs, case.labels)[..., 0]


def _frozen(case: Case, mask: Tensor) -> Tensor:
    """G = Σ_i slope_i · mask_i v x_{L−1,i}⁽⁰⁾ᵀ at W = W⁽⁰⁾, (S, m_L, m_{L−1})."""
    v = case.initial.materialise(case.hidden)[:, 0]
    x = case.at_initial.features[-2]
    pulled = (_slopes(case, case.at_initial)[..., None] * mask.to(x)) * v[:, None]
    return pulled.mT @ x


def _against_autograd(case: Case, mask: Tensor) -> Sides:
    """∇_{W_L} L_S(W⁽⁰⁾), by differentiating the loss of the last two layers, and G."""
    weight = case.initial.materialise(case.hidden - 1).detach().requires_grad_()
    v = case.initial.materialise(case.hidden)
    f = (case.at_initial.features[-2].detach() @ weight.mT).relu() @ v.mT
    (gradient,) = torch.autograd.grad(cross_entropy(case.labels * f).mean((1, 2)).sum(), weight)
    return Sides.of(gradient, _frozen(case, mask))


@claim(
    "cao-gu-2020/B.3-G-definition",
    sentence="The frozen gradient, at initialisation, is the gradient there.",
    source=CAO_GU_2020.at("appendix B.3, definition of G"),
    statement=r"G = \tfrac1n \sum_i \ell'(y_i \tilde y_i) y_i x_{L-1,i}^{(0)} v^\top \Sigma_L^{(0)}(x_i)"
    r" = \nabla_{W_L} L_S(W^{(0)}) \text{ at } W = W^{(0)}",
    kind="EXACT",
    engine_obstacle="the law of every entry of the matrices",
    bound="equality",
    domain=Domain(draws={"m": (8, 64)}),
    erratum="E-07",
    controls=(
        Control(
            "no mask",
            "G without Σ_L",
            measure=lambda case: _against_autograd(case, torch.ones_like(case.at_initial.patterns[-1])),
        ),
    ),
)
def frozen_gradient_is_the_gradient_at_initialisation(case: Case) -> Sides:
    """G with the last layer's own mask is the gradient of the loss at W⁽⁰⁾."""
    return _against_autograd(case, case.at_initial.patterns[-1])


@claim(
    "cao-gu-2020/B.3-G-definition@printed",
    sentence="The same with the mask of the layer below, as printed: another matrix.",
    source=CAO_GU_2020.at("appendix B.3, definition of G"),
    statement=r"G = \tfrac1n \sum_i \ell'(y_i \tilde y_i) y_i x_{L-1,i}^{(0)} v^\top \Sigma_{L-1}^{(0)}(x_i)",
    kind="EXACT",
    engine_obstacle="the law of every entry of the matrices",
    bound="equality",
    domain=Domain(L=(2, None), draws={"m": (8, 64)}, fixed={"ratio": 1}),
    erratum="E-07",
    expected="refuted",
    controls=(
        Control(
            "units off for on",
            "G with the complement of the mask of layer L − 1",
            measure=lambda case: _against_autograd(case, ~case.at_initial.patterns[-2]),
        ),
    ),
    notes="The mask of layer L − 1: where m_L ≠ m_{L−1} the product does not even exist.",
)
def frozen_gradient_with_the_mask_below(case: Case) -> Sides:
    """G with the mask of the layer below."""
    return _against_autograd(case, case.at_initial.patterns[-2])


@claim(
    "cao-gu-2020/B.3-G-lower",
    sentence="The frozen gradient is at least 2⁻ᴸ/(2√2) √m γ times the surrogate error.",
    source=CAO_GU_2020.at("appendix B.3, lower bound of G"),
    statement=r"\|G\|_F \ge \tfrac{2^{-L}}{2\sqrt2} \sqrt{m_L} \gamma \cdot \mathcal{E}_S(W)",
    kind="PROB",
    bound="lower",
    stated=LEAST_SHARE,
    domain=replace(CONES, tau=ANY).drawing(tau=(1e-3, 1.0)),
    plan=replace(CONES_PLAN, lines={**CONES_PLAN.lines, "tau": (0.01, 0.1, 1.0)}, examples=6),
    quantifiers="for the weights −ℓ'(y_i f_W(x_i)) of any W",
    probability=WITH_PROBABILITY,
    attacks=("stay", "random", "along-gradient"),
    certificate=lambda case: certificates.frozen_gradient(case) * math.sqrt(case.parameters["m"]) / _least(case),
    preconditions=PRE_B2,
    erratum="E-05",
    controls=(
        Control(
            "2^−L γ dropped",
            "‖G‖_F ≥ √m_L E_S(W) / (2√2)",
            measure=lambda case: Measurement(
                _frozen_norm(case), (math.sqrt(case.initial.architecture.widths[-1]) * _error(case),)
            ),
        ),
    ),
)
def frozen_gradient_does_not_vanish(case: Case) -> Measurement:
    """‖G‖_F with the slopes of a W as far as τ away, features and patterns those of W⁽⁰⁾."""
    return Measurement(_frozen_norm(case), (_least(case) * _error(case),))


def _least(case: Case) -> float:
    """2^−L γ √m_L."""
    return 2.0**-case.hidden * gamma(case) * math.sqrt(case.initial.architecture.widths[-1])


def _frozen_norm(case: Case) -> Tensor:
    """‖G‖_F = (Σ_j ‖g_j‖²)^{1/2}, (S,)."""
    return _norm(case.at_initial.features[-2], case.at_initial.signals[-2][:, :, 0], _slopes(case, case.at_moved))


def _error(case: Case) -> Tensor:
    return surrogate_error(case.at_moved.outputs, case.labels)


def _norm(features: Tensor, signals: Tensor, slopes: Tensor) -> Tensor:
    """‖Σ_i slope_i b_i x_iᵀ‖_F by the entrywise product of two Grams, (S,)."""
    weighted = slopes[..., None] * signals
    return ((features @ features.mT) * (weighted @ weighted.mT)).sum((-2, -1)).clamp_min(0).sqrt()


@claim(
    "cao-gu-2020/B.3-perturbation",
    sentence="The last gradient stays near the frozen one.",
    source=CAO_GU_2020.at("appendix B.3, upper bound of the perturbation"),
    statement=r"\|\nabla_{W_L} L_S(W) - G\|_F \le C_1 \mathcal{E}_S(W) \sqrt{m} (L^2 \tau + L^{2/3} \tau^{1/3})",
    kind="SCALE",
    bound="upper",
    terms=(Scaling(L="2/3", tau="1/3", m="1/2"), Scaling(L=2, tau=1, m="1/2")),
    domain=NEAR,
    quantifiers="for all W in the ball",
    probability=WITH_PROBABILITY,
    attacks=("stay", "random", "flip-units", "flip-units-deep"),
    ascends=True,
    limit=lambda c: FLIPPED_SIGNAL / (1 + c.tau ** (2 / 3)) if c.L == c.n == 1 else None,
    certificate=lambda case: certificates.gradient_change(case) / _scale(case),
    preconditions=PRE_B1,
    unrefuted={
        "L": Reason(
            "out of reach",
            "false as τ → 0, where all layers' budgets flip l^(2/3) (K12) and the signal grows like l^(1/3); at "
            "radii that flip units of networks that can be drawn L² τ covers that",
        )
    },
)
def gradient_stays_near_the_frozen_one(case: Case) -> Measurement:
    """The feature part (x − x⁽⁰⁾) b⁽⁰⁾ᵀ and the flip part x (b − b⁽⁰⁾)ᵀ together, without cancellation."""
    before, after = case.at_initial, case.at_moved
    x = after.features[-2]
    b, flipped = before.signals[-2][:, :, 0], after.signals[-2][:, :, 0] - before.signals[-2][:, :, 0]
    parts = torch.cat([x - before.features[-2], x], 1), torch.cat([b, flipped], 1)
    error = _error(case)
    return Measurement(_norm(*parts, torch.cat([_slopes(case, after)] * 2, 1)), (error, error))


def _scale(case: Case) -> float:
    """L^{2/3} τ^{1/3} + L² τ."""
    p = case.parameters
    return p["L"] ** (2 / 3) * p["tau"] ** (1 / 3) + p["L"] ** 2 * p["tau"]
