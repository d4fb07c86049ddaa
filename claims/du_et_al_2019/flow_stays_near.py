"""How far the units move along gradient flow; the page forgets a 2."""

import math
from typing import Any

import torch
from torch import Tensor

from lemmata.claims.du_et_al_2019.setting import DU_ET_AL_2019, LAMBDA, Net
from lemmata.claims.language.sizes import Choice, Size
from lemmata.claims.lemma import lemma
from lemmata.model.draws import Rng

STEP = 0.5
"""While no unit flips, descent with any step below 1/λ_max ends where the flow does: the residuals' geometric series
and their integral are equal."""

DONE = 1e-10
"""The last residual over the first, or a thousand roundings."""

SIZES = {"m": Size(500, 2000), "n": Size(1, 2)}


def flow(rng: Rng, p: Choice) -> tuple[Tensor, Tensor, Tensor]:
    """The farthest move of a unit, ‖r_0‖, and the smallest λ_min(H(s)) on the way."""
    net = Net(rng, p.m, p.n)
    w, least = net.weights, rng.tensor(math.inf)
    first = residual = net.labels - _outputs(w, net)
    done = max(DONE, 1000 * torch.finfo(first.dtype).eps)
    while residual.norm() > done * first.norm():
        active = (w > 0).to(w.dtype)
        least = torch.minimum(least, active.mean(0).min())
        w = w + STEP * net.signs[:, None] * active * residual / p.m**0.5
        residual = net.labels - _outputs(w, net)
    return (w - net.weights).norm(dim=1).max(), first.norm(), least


def _outputs(w: Tensor, net: Net) -> Tensor:
    return net.signs @ w.relu() / len(w) ** 0.5


def premise(x: tuple[Tensor, Tensor, Tensor], p: Choice) -> bool:
    """λ_min(H(s)) ≥ λ_0/2 along the flow."""
    return bool(x[2] >= LAMBDA / 2)


def bound(x: tuple[Tensor, Tensor, Tensor], p: Choice, times: float) -> tuple[Tensor, Tensor]:
    return x[0], times * p.n**0.5 * x[1] / (p.m**0.5 * LAMBDA)


COMMON: dict[str, Any] = {
    "erratum": "E-67",
    "sizes": SIZES,
    "draw": flow,
    "given": premise,
    "constant": 1,
    "draws": 30,
    "examples": 2,
}


@lemma(
    "du-et-al-2019/lemma-3.3",
    r"\|w_r(t) - w_r(0)\| \le 2 \sqrt{n} \|y - u(0)\| / (\sqrt{m} \lambda_0)",
    source=DU_ET_AL_2019.at("Lemma 3.3, second conclusion, as its proof gives it"),
    quantifiers="for orthogonal inputs, while λ_min(H(s)) ≥ λ_0/2",
    notes="The squared residual decays at the rate λ_0, so the residual at λ_0/2, of which the integral is 2/λ_0.",
    **COMMON,
)
def units_stay_near(x: tuple[Tensor, Tensor, Tensor], p: Choice) -> tuple[Tensor, Tensor]:
    """Along gradient flow no unit moves farther than 2 √n ‖y − u(0)‖ / (√m λ_0)."""
    return bound(x, p, 2.0)


@lemma(
    "du-et-al-2019/lemma-3.3@printed",
    r"\|w_r(t) - w_r(0)\| \le \sqrt{n} \|y - u(0)\| / (\sqrt{m} \lambda_0)",
    source=DU_ET_AL_2019.at("Lemma 3.3, second conclusion"),
    quantifiers="for orthogonal inputs, while λ_min(H(s)) ≥ λ_0/2",
    notes="On one input the move is exactly |r_0|/(√m H), beyond the printed bound whenever H < λ_0 = ½.",
    expected="refuted",
    **COMMON,
)
def units_stay_nearer(x: tuple[Tensor, Tensor, Tensor], p: Choice) -> tuple[Tensor, Tensor]:
    """Along gradient flow no unit moves farther than √n ‖y − u(0)‖ / (√m λ_0), as printed."""
    return bound(x, p, 1.0)
