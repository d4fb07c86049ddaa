"""Lemma 5.1: gradients of the outputs at initialisation, and of the loss in the ball, are O(√m)."""

import math

import torch

from lemmata.claims.cao_gu_2020 import certificates
from lemmata.claims.cao_gu_2020.paper import AT_INITIALISATION, CAO_GU_2020, NEAR, PRE_5, WITH_PROBABILITY
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Sides
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim
from lemmata.model.limits import ACTIVATED
from lemmata.model.losses import LOSSES, surrogate_error


@claim(
    "cao-gu-2020/lemma-5.1a",
    sentence="At initialisation the gradient of an output, layer by layer, is at most of order √m.",
    source=CAO_GU_2020.at("Lemma 5.1, first bound"),
    statement=r"\|\nabla_{W_l} f_{W^{(0)}}(x_i)\|_F \le C \sqrt{m}",
    kind="SCALE",
    bound="upper",
    terms=(Scaling(m="1/2"),),
    domain=AT_INITIALISATION,
    quantifiers="for all l ≤ L and i ≤ n, at W⁽⁰⁾",
    probability=WITH_PROBABILITY,
    limit=lambda c: math.sqrt((c.ratio if c.L > 1 else 1) / 2),
    preconditions=PRE_5,
)
def output_gradients_are_bounded(case: Case) -> Measurement:
    """‖∇_{W_l} f(x_i)‖_F = ‖x_{l−1}‖ ‖b_l‖ at W⁽⁰⁾; tends to √(m_l / 2)."""
    return Measurement(case.at_initial.gradient_norms(), axes=("layer", "example", "output"))


def _one_layer_one_example(c: Configuration) -> float | None:
    return math.sqrt(0.5 + ACTIVATED * c.tau ** (2 / 3)) if c.L == c.n == 1 else None


@claim(
    "cao-gu-2020/lemma-5.1b",
    sentence="Near initialisation the loss gradient of each layer is at most of order √m times the surrogate error.",
    source=CAO_GU_2020.at("Lemma 5.1, second bound"),
    statement=r"\|\nabla_{W_l} L_S(W)\|_F \le C \sqrt{m} \cdot \mathcal{E}_S(W)",
    kind="SCALE",
    bound="upper",
    terms=(Scaling(m="1/2"),),
    domain=NEAR,
    quantifiers="for all W in the ball and l ≤ L",
    probability=WITH_PROBABILITY,
    attacks=("stay", "random", "switch-on", "amplify-signals"),
    ascends=True,
    exact=lambda c: c.L == c.n == 1,
    limit=_one_layer_one_example,
    certificate=certificates.loss_gradient,
    preconditions=PRE_5,
)
def loss_gradients_are_bounded(case: Case) -> Measurement:
    """‖∇_{W_l} L_S(W)‖_F by the Gram–Hadamard form, against the surrogate error."""
    trace = case.at_moved
    slopes = LOSSES[case.setting.loss].slopes(trace.outputs, case.labels)
    error = surrogate_error(trace.outputs, case.labels)
    return Measurement(trace.batch_gradient_norms(slopes), (error[:, None],), ("layer",))


@claim(
    "cao-gu-2020/lemma-5.1-proof",
    sentence="The loss gradient is the weighted sum of the examples' masked products.",
    source=CAO_GU_2020.at("appendix B.1, proof of Lemma 5.1"),
    statement=r"\nabla_{W_l} L_S(W) = \frac1n \sum_i \ell'(y_i \tilde y_i) y_i x_{l-1,i} v^T"
    r" \left(\prod_{r=l+1}^L \Sigma_r(x_i) W_r^T\right) \Sigma_l(x_i)",
    kind="EXACT",
    engine_obstacle="automatic differentiation with respect to every entry",
    bound="equality",
    domain=NEAR,
    quantifiers="for all W away from kinks and l ≤ L",
    attacks=("stay", "random", "flip-units"),
    erratum="E-15",
    controls=(
        Control(
            "E_S as a factor", "E_S(W) in place of the slopes", measure=lambda case: _loss_gradient(case, equal=True)
        ),
    ),
    notes="The factors are at most C_1 and C_1 √m (Lemma B.1 (i), (vi)); printed with C_1 √m for both, whose product "
    "would be of order m where ‖∇_{W_l} f‖_F is 0.71 √m.",
)
def loss_gradient_is_a_weighted_sum(case: Case) -> Sides:
    """Automatic differentiation of the mean loss, against the factored sum."""
    return _loss_gradient(case, equal=False)


def _loss_gradient(case: Case, *, equal: bool) -> Sides:
    trace = case.at_moved
    outputs, weights = trace.followed()
    margins = case.labels * outputs
    loss = torch.logaddexp(torch.zeros_like(margins), -margins).mean((1, 2))
    automatic = torch.autograd.grad(loss.sum(), weights)
    slopes = LOSSES[case.setting.loss].slopes(trace.outputs, case.labels)
    if equal:
        slopes = -case.labels * surrogate_error(trace.outputs, case.labels)[:, None, None] / len(case.inputs)
    # The terms cancel between examples of opposite labels.
    terms = (slopes.abs()[:, None] * trace.gradient_norms()).sum((-2, -1))
    sides = [(left, right.materialise()) for left, right in zip(automatic, trace.gradient(slopes), strict=True)]
    norms = [torch.stack([torch.linalg.matrix_norm(m) for m in (a, b, a - b)]) for a, b in sides]
    left, right, gap = torch.stack(norms, -1)
    return Sides(left, right, gap, ("layer",), terms)
