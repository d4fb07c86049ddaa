"""The logistic loss of one example."""

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2019_slides.paper import CAO_GU_2019_SLIDES, DEFINED, DEFINED_PLAN
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Sides
from lemmata.claims.registry import claim
from lemmata.model.losses import LOSSES


@claim(
    "cao-gu-2019-slides/loss",
    sentence="The loss of an example is logistic.",
    source=CAO_GU_2019_SLIDES.at("slide 2, third item"),
    statement=r"L_{(x_i, y_i)}(W) = \ell[y_i \cdot f_W(x_i)], \quad \ell(z) = \log(1 + \exp(-z))",
    kind="DEF",
    bound="equality",
    domain=DEFINED,
    plan=DEFINED_PLAN,
    quantifiers="for all examples",
    controls=(
        Control(
            "sign of z",
            "ℓ(z) = log(1 + e^z)",
            measure=lambda case: _compared(case, -margins(case)),
        ),
    ),
)
def loss_of_an_example_is_logistic(case: Case) -> Sides:
    """The loss that is trained on, example by example, against log(e⁰ + e^{−y f})."""
    return _compared(case, margins(case))


def margins(case: Case) -> Tensor:
    """y_i f(x_i) at W⁽⁰⁾, (S, n)."""
    return (case.labels * case.at_initial.outputs)[..., 0]


def logistic(z: Tensor) -> Tensor:
    """log(e⁰ + e^{−z})."""
    return torch.logaddexp(torch.zeros_like(z), -z)


def _compared(case: Case, z: Tensor) -> Sides:
    loss, f = LOSSES[case.setting.loss], case.at_initial.outputs
    each = [loss.value(f[:, i : i + 1], case.labels[i : i + 1]) for i in range(len(case.inputs))]
    return Sides.of(torch.stack(each, -1), logistic(z), ("example",))
