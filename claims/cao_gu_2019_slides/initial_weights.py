"""Gaussian initialisation: entries N(0, 2/m) of the hidden layers and N(0, 1/m) of the top one."""

import math

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2019_slides.paper import CAO_GU_2019_SLIDES, DEFINED, DEFINED_PLAN
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement
from lemmata.claims.registry import claim

PROBABILITY = "at least 1 − δ over W⁽⁰⁾"


@claim(
    "cao-gu-2019-slides/setup-init",
    sentence="Hidden entries are Gaussian of variance 2/m, those of the top layer of variance 1/m.",
    source=CAO_GU_2019_SLIDES.at("slide 2, algorithm"),
    statement=r"W^{(0)}_l \sim N(0, 2/m),\ l \in [L-1], \quad W^{(0)}_L \sim N(0, 1/m)",
    kind="PROB",
    engine_obstacle="the law of every entry of the matrices",
    bound="upper",
    stated=1.0,
    domain=DEFINED,
    plan=DEFINED_PLAN,
    quantifiers="for all l ≤ L",
    probability=PROBABILITY,
    controls=(
        Control(
            "top layer N(0, 2/m)",
            "the top layer like the others",
            measure=lambda case: variances_deviate(case, top=2.0),
        ),
        Control(
            "hidden layers N(0, 1/m)",
            "the hidden layers like the top one",
            measure=lambda case: variances_deviate(case, hidden=1.0),
        ),
    ),
    notes="The sum of N squared entries over their variance is χ² with N degrees of freedom, which leaves N by more "
    "than 2√(Nt) + 2t with probability 2e^{−t} at most (Laurent & Massart 2000, Lemma 1); the mean is N(0, 1/N).",
)
def weights_have_their_variances(case: Case) -> Measurement:
    """Second moment and mean of every layer's entries, against the deviations that a share δ of draws exceeds at most.

    That Var f(x) = 1 is measured by `lemmata calibrate`.
    """
    return variances_deviate(case)


def variances_deviate(case: Case, *, hidden: float = 2.0, top: float = 1.0) -> Measurement:
    """Deviations of the moments over what chance allows, (S, 2, L): at most 1 with probability 1 − δ."""
    m = case.parameters["m"]
    entries = [case.initial.materialise(layer).flatten(1) for layer in range(case.depth)]
    variances = [hidden / m] * case.hidden + [top / m]
    # Two statements of two tails for each layer share δ.
    t = math.log(4 * case.depth / case.delta)
    deviations = [_deviations(w / math.sqrt(v), t) for w, v in zip(entries, variances, strict=True)]
    return Measurement(torch.stack(deviations, -1), axes=("moment", "layer"))


def _deviations(standard: Tensor, t: float) -> Tensor:
    """Of the mean and of the sum of squares, over the deviations that have probability e^{−t} a side, (S, 2)."""
    count = standard.shape[-1]
    mean = standard.sum(-1).abs() / math.sqrt(2 * count * t)
    square = (standard.square().sum(-1) - count).abs() / (2 * math.sqrt(count * t) + 2 * t)
    return torch.stack([mean, square], -1)
