"""Lemma 5.1: gradients of the outputs at initialisation, and of the loss in the ball, are O(√m)."""

import math

from claims.cao_gu_2020 import certificates
from claims.cao_gu_2020.paper import AT_INITIALISATION, CAO_GU_2020, NEAR, PRE_5, WITH_PROBABILITY
from claims.case import Case, Configuration
from claims.claim import Measurement, claim
from claims.scaling import Scaling
from model.limits import ACTIVATED
from model.losses import LOSSES, surrogate_error


@claim(
    "cao-gu-2020/lemma-5.1a",
    source=CAO_GU_2020.at("Lemma 5.1, first bound"),
    statement=r"\|\nabla_{W_l} f_{W^{(0)}}(x_i)\|_F \le C \sqrt{m}",
    kind="SCALE",
    bound="upper",
    terms=(Scaling(m="1/2"),),
    constant="limit",
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
