"""H stays near H(0) while every unit stays near where it was."""

import math

import torch
from torch import Tensor

from lemmata.claims.du_et_al_2019.setting import DU_ET_AL_2019, LAMBDA
from lemmata.claims.language.sizes import Choice, Size
from lemmata.claims.lemma import lemma
from lemmata.model.draws import Rng, gaussian


def moved(rng: Rng, p: Choice, radius: float) -> tuple[Tensor, float]:
    """The supremum of ‖H − H(0)‖_2 over max_r ‖w_r − w_r(0)‖ ≤ R: exact, as orthogonal inputs leave H diagonal.

    The worst moves every unit straight towards the kink of one input, and only those that are on one side of it.
    """
    at = gaussian(rng, p.m, p.n)
    near = at.abs() <= radius
    sides = torch.stack([(near & (at > 0)).sum(0), (near & (at < 0)).sum(0)])
    return sides.max() / p.m, LAMBDA / 4


def too_far(rng: Rng, p: Choice) -> tuple[Tensor, float]:
    """R = 0.64 λ_0, neither δ nor n in it: false at n = 1, as Φ(0.32) − ½ > ⅛."""
    return moved(rng, p, 0.64 * LAMBDA)


@lemma(
    "du-et-al-2019/lemma-3.2",
    r"\max_r \|w_r - w_r(0)\| \le \frac{\sqrt{2\pi}}{16} \frac{\delta \lambda_0}{n^2}"
    r" \Rightarrow \|H - H(0)\|_2 < \lambda_0 / 4",
    source=DU_ET_AL_2019.at("Lemma 3.2, with the constant of its proof"),
    sizes={"m": Size(100, 1000, 10_000), "n": Size(1, 2, 4), "delta": Size(0.3, 0.1, 0.05)},
    constant=1,
    draws=100,
    quantifiers="for orthogonal inputs and all W in the ball, per unit",
    limit=lambda p: 4 * (math.sqrt(2 * math.pi) / 16 * p.delta * LAMBDA / p.n**2) / math.sqrt(2 * math.pi) / LAMBDA,
    notes="The name of a width is missing on the page, though λ_min(H) > λ_0/2 there needs that of Lemma 3.1. On one "
    "input the supremum tends to R/√(2π), a quarter of δ of what Markov's inequality leaves.",
    false={"radius of order 1": too_far},
)
def gram_near_initial(rng: Rng, p: Choice) -> tuple[Tensor, float]:
    """Weights that move by less than R change the Gram matrix by less than λ_0/4."""
    return moved(rng, p, math.sqrt(2 * math.pi) / 16 * p.delta * LAMBDA / p.n**2)
