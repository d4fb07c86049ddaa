"""Weights in a small spectral ball: how many units flip, and how far features move.

One trained layer sees its weights only through g_1 = W_1 h_0: over the spectral ball of radius ω this moves by any
vector of norm up to ω ‖h_0‖, by a matrix of rank one, so that vectors stand for matrices without loss.
"""

import math

from torch import Tensor

from lemmata.claims.allen_zhu_et_al_2019.setting import ALLEN_ZHU_ET_AL_2019, RESTATED
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.language.sizes import Choice, Size
from lemmata.claims.lemma import lemma
from lemmata.model.attacks.spending import affordable
from lemmata.model.draws import Rng, gaussian


def first_layer(rng: Rng, m: int) -> tuple[Tensor, Tensor]:
    """g_1 and ‖h_0‖ at one unit input: given h_0, g_1 is Gaussian, so that no matrix is drawn."""
    scale = (2 / m) ** 0.5
    size = gaussian(rng, m, scale=scale).relu().norm()
    return gaussian(rng, m, scale=scale) * size, size


def all_units(rng: Rng, p: Choice) -> float:
    """All units."""
    return float(p.m)


@lemma(
    "allen-zhu-et-al-2019/lemma-8.2b",
    r"\|D'_l\|_0 \le C m \omega^{2/3} L",
    source=ALLEN_ZHU_ET_AL_2019.at("Lemma 8.2 (b)"),
    sizes={
        "m": Size(100, 1000, 10_000),
        "omega": Size(0.3, 0.1, 0.03, 0.01, start=0.1, spacing="1/3"),
        "delta": Size(0.1),
    },
    scaling=Scaling(m=1, omega="2/3"),
    draws=100,
    examples=2,
    limit=lambda p: (3 / math.pi) ** (1 / 3),
    quantifiers="for one trained layer, one input, and all W_1 in the spectral ball",
    notes=RESTATED + " What is measured is the supremum: units that flip cost ‖g_S‖/‖h_0‖ together. It tends to "
    "(3/π)^(1/3) m ω^(2/3). Of L layers Cao & Gu's Lemma B.1 (iv) is the twin.",
    false={"all units": ("omega", all_units)},
)
def few_units_flip(rng: Rng, p: Choice) -> Tensor:
    """In the ball of radius ω no more than the order of m ω^(2/3) units of a layer flip."""
    g, size = first_layer(rng, p.m)
    cost = g.abs() / size
    return affordable(cost, cost, p.omega).sum().to(g.dtype)
