"""At initialisation features keep the norm of the input."""

import math

import torch
from torch import Tensor

from lemmata.claims.allen_zhu_et_al_2019.setting import ALLEN_ZHU_ET_AL_2019
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.language.sizes import Choice, Size
from lemmata.claims.lemma import lemma
from lemmata.model.draws import Rng, gaussian

QUANTILE = 1.645
"""Of a standard normal's absolute value at 1 − δ = 0.9."""


def off(rng: Rng, p: Choice, shrunk: float = 1.0) -> Tensor:
    """|‖h_L‖ − 1| at one unit input, of weights N(0, 2/m) times a factor.

    Given h_{l−1}, g_l is Gaussian of its norm, so that no matrix is drawn.
    """
    size = torch.ones((), dtype=rng.dtype, device=rng.device)
    for _ in range(p.L + 1):
        size = (gaussian(rng, p.m, scale=shrunk * (2 / p.m) ** 0.5) * size).relu().norm()
    return (size - 1).abs()


def variance_one(rng: Rng, p: Choice) -> Tensor:
    """Weights N(0, 1/m): every layer takes half of the norm squared."""
    return off(rng, p, 0.5**0.5)


@lemma(
    "allen-zhu-et-al-2019/lemma-7.1",
    r"| \|h_L\| - 1 | \le C \sqrt{L / m}",
    source=ALLEN_ZHU_ET_AL_2019.at("Lemma 7.1, solved for ε"),
    sizes={"m": Size(16, 128, 1024, 8192, start=1024), "L": Size(1, 8, 64, 512, start=1), "delta": Size(0.1)},
    scaling=Scaling(L="1/2", m="-1/2"),
    draws=200,
    examples=3,
    limit=lambda p: QUANTILE * math.sqrt(5 * (p.L + 1) / p.L) / 2,
    quantifiers="for the last layer and one unit input",
    notes="The page has a probability of at least 1 − O(nL) exp(−Ω(m ε²/L)), for all layers and inputs; for constant ε "
    "as later papers restate it, for general ε from memory. C is of δ, which stays. ‖h_L‖ is 1 up to √(5(L + 1)/m)/2.",
    false={"variance 1/m": ("m", variance_one)},
)
def features_near_one(rng: Rng, p: Choice) -> Tensor:
    """At initialisation the features of the last layer have nearly the norm of the input."""
    return off(rng, p)
