"""Lemma 4.3: the loss at initialisation does not depend on the width."""

import math

import torch

from claims.case import Case
from claims.claim import Control, Domain, Measurement, Precondition, claim
from claims.scaling import ONE
from claims.zou_gu_2019.kernel_regime import MU
from claims.zou_gu_2019.paper import WITH_PROBABILITY, ZOU_GU_2019
from model.losses import LOSSES

DEEP_ENOUGH = Precondition(
    "m >= L log(nL)",
    r"m \ge L \log(nL)",
    lambda p: p["m"] >= p["L"] * math.log(p["n"] * p["L"]),
)

SIZES = Domain(
    width=(32, 256),
    samples=(1, 6),
    fixed={"mu": MU, "m": 256, "n": 4},
    lines={"m": (64, 256, 1024, 16384), "L": (1, 2, 4, 8), "n": (1, 2, 4, 8, 16), "k": (1, 4, 16)},
)


def _loss(case: Case, growth: float = 0.0) -> Measurement:
    """L(W⁽⁰⁾) with labels i^growth y_i."""
    sizes = torch.arange(1, 1 + len(case.labels)).to(case.labels) ** growth
    loss = LOSSES[case.setting.loss]
    return Measurement(loss.value(case.at_initial.outputs, sizes[:, None] * case.labels))


@claim(
    "zou-gu-2019/lemma-4.3",
    source=ZOU_GU_2019.at("Lemma 4.3"),
    statement=r"L(W^{(0)}) \le \widetilde O(1)",
    kind="SCALE",
    bound="upper",
    terms=(ONE,),
    domain=SIZES,
    quantifiers="for all bounded labels",
    probability=WITH_PROBABILITY,
    preconditions=(DEEP_ENOUGH,),
    erratum="E-49",
    controls=(
        Control(
            "without its width",
            "for m far below L",
            measure=lambda case: _loss(case),
            at={"m": 2, "L": 8},
        ),
    ),
    notes="The mean is ½(1 + mean ‖y_i‖²) at every width; far below L log(nL) units the tail is heavy.",
)
def initial_loss_is_bounded(case: Case) -> Measurement:
    """L(W⁽⁰⁾) with labels of norm 1."""
    return _loss(case)


@claim(
    "zou-gu-2019/lemma-4.3@printed",
    source=ZOU_GU_2019.at("Lemma 4.3"),
    statement=r"L(W^{(0)}) \le \widetilde O(1)",
    kind="SCALE",
    bound="upper",
    terms=(ONE,),
    domain=SIZES,
    quantifiers="for all labels",
    probability=WITH_PROBABILITY,
    preconditions=(DEEP_ENOUGH,),
    erratum="E-49",
    expected="refuted",
    notes="No bound on the labels is stated: those of norm i give a loss of order n².",
)
def initial_loss_is_bounded_as_printed(case: Case) -> Measurement:
    """L(W⁽⁰⁾) with labels of norm 1, …, n."""
    return _loss(case, growth=1.0)
