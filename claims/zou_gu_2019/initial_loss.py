"""Lemma 4.3: the loss at initialisation does not depend on the width."""

from dataclasses import replace

import torch

from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement
from lemmata.claims.language.condition import Condition
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import DRAWN, Plan
from lemmata.claims.language.scaling import ONE, Scaling
from lemmata.claims.registry import claim
from lemmata.claims.zou_gu_2019.kernel_regime import MU
from lemmata.claims.zou_gu_2019.paper import WITH_PROBABILITY, ZOU_GU_2019
from lemmata.model.losses import LOSSES

DEEP_ENOUGH = Condition("m", ">=", (Scaling(L=1, log_nL=1),))

SIZES = Domain(draws={"n": (2, 6)}, fixed={"mu": MU}, values={"k": (1, 4, 16)})

SIZES_PLAN = Plan(
    lines={"m": (64, 256, 1024, 16384), "L": (1, 2, 4, 8), "n": (2, 4, 8, 16), "k": DRAWN},
    start={"m": 256, "n": 8},
    initialisations=256,
)


def _loss(case: Case, growth: float = 0.0) -> Measurement:
    """L(W⁽⁰⁾) with labels i^growth y_i."""
    sizes = torch.arange(1, 1 + len(case.labels)).to(case.labels) ** growth
    loss = LOSSES[case.setting.loss]
    return Measurement(loss.value(case.at_initial.outputs, sizes[:, None] * case.labels))


@claim(
    "zou-gu-2019/outer-loss-bounded-labels",
    sentence="Labels are bounded.",
    source=ZOU_GU_2019.at("implicit in Lemma 4.3"),
    statement=r"\max_i \|y_i\|_2 = O(1)",
    kind="DEF",
    bound="upper",
    stated=1.0,
    domain=Domain(draws={"L": (1, 1), "m": (32, 32)}, fixed={"mu": MU}),
    plan=Plan(lines={"n": (1, 6)}, start={"m": 32, "n": 3}, examples=8),
    quantifiers="for all i ≤ n",
    erratum="E-49",
    controls=(
        Control(
            "labels that grow",
            "i y_i in place of y_i",
            measure=lambda case: Measurement(
                case.for_each(case.labels.norm(dim=-1) * torch.arange(1, 1 + len(case.labels))), axes=("example",)
            ),
        ),
    ),
    notes="Not stated in the paper; without it Lemma 4.3 is false (lemma-4.3@printed). Generated labels have norm 1.",
)
def labels_are_bounded(case: Case) -> Measurement:
    """‖y_i‖ of every example."""
    return Measurement(case.for_each(torch.linalg.vector_norm(case.labels, dim=-1)), axes=("example",))


@claim(
    "zou-gu-2019/lemma-4.3",
    sentence="The loss at initialisation is at most logarithmic, for bounded labels.",
    source=ZOU_GU_2019.at("Lemma 4.3"),
    statement=r"L(W^{(0)}) \le \widetilde O(1)",
    kind="SCALE",
    bound="upper",
    terms=(ONE,),
    domain=SIZES,
    plan=SIZES_PLAN,
    quantifiers="for all bounded labels",
    probability=WITH_PROBABILITY,
    preconditions=(DEEP_ENOUGH,),
    erratum="E-49",
    notes="The mean is ½(1 + mean ‖y_i‖²) at every width; far below L log(nL) units the tail is heavy.",
)
def initial_loss_is_bounded(case: Case) -> Measurement:
    """L(W⁽⁰⁾) with labels of norm 1."""
    return _loss(case)


@claim(
    "zou-gu-2019/lemma-4.3@printed",
    sentence="The loss at initialisation is at most logarithmic for all labels, as printed.",
    source=ZOU_GU_2019.at("Lemma 4.3"),
    statement=r"L(W^{(0)}) \le \widetilde O(1)",
    kind="SCALE",
    bound="upper",
    terms=(ONE,),
    domain=SIZES.drawing(n=(8, 16)),
    plan=replace(SIZES_PLAN, start={**SIZES_PLAN.start, "n": 16}),
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
