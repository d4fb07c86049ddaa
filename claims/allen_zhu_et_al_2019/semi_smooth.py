"""Near the initial weights the loss is nearly smooth: by how much it exceeds its linearisation."""

import torch
from torch import Tensor

from lemmata.claims.allen_zhu_et_al_2019.setting import ALLEN_ZHU_ET_AL_2019
from lemmata.claims.allen_zhu_et_al_2019.weights_near import first_layer
from lemmata.claims.claim import Reason
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.language.sizes import Choice, Size
from lemmata.claims.lemma import lemma
from lemmata.claims.within import Point, Within
from lemmata.model.attacks.spending import affordable
from lemmata.model.draws import Rng, gaussian

LABEL = 3.0
"""Of the one example: so far from most outputs that the residual decides."""

SHORT = 1e-3
"""‖W′‖ over ω in the attack: the second term, of its square, does not count."""

MARGIN = 1e-6
"""From how far below its kink a unit is pushed over it, over how far it is pushed."""


def drawn(rng: Rng, p: Choice) -> Point:
    """One trained layer at one unit input: g_1, ‖h_0‖ and B; by how much W̆ − W⁽⁰⁾ and W′ move g_1, over ‖h_0‖."""
    g, size = first_layer(rng, p.m)
    still = torch.zeros_like(g)
    return {"g": g, "size": size, "B": gaussian(rng, p.m), "near": still, "step": still.clone()}


def outputs(x: Point, g: Tensor) -> Tensor:
    """f."""
    return x["B"] @ g.relu()


def on_kinks(rng: Rng, x: Point, p: Choice) -> Point:
    """W̆ with units just below their kinks, and W′ which pushes all of them over.

    Those whose output raises the loss, and of them the best value for the radius that they cost, which is K19's.
    """
    g, size = x["g"], x["size"]
    gain = ((outputs(x, g) - LABEL) * x["B"]).clamp_min(0.0)
    # Of the units with |g| < c · gain as large a c as the radius pays for.
    chosen = affordable(torch.where(gain > 0, g.abs() / gain, torch.inf), g.abs() / size, 0.999 * p.omega)
    up = torch.where(chosen, gain, 0.0)
    up = SHORT * p.omega * up / up.norm().clamp_min(1e-300)
    return {"near": torch.where(chosen, -g / size - MARGIN * up, 0.0), "step": up}


def excess(x: Point, w: Point, share: float = 1.0) -> tuple[Tensor, Tensor, Tensor]:
    """F(W̆ + W′) − F(W̆) − ⟨∇F(W̆), W′⟩, or with a share of the last; √F(W̆) ‖W′‖; ‖W′‖²."""
    at, step = x["g"] + x["size"] * w["near"], x["size"] * w["step"]
    residual = outputs(x, at) - LABEL
    slope = residual * (x["B"] * (at > 0)) @ step
    # of what moves, as a difference: a short step leaves nothing else
    moved = x["B"] @ ((at + step).relu() - at.relu())
    change = residual * moved + moved.square() / 2
    size = w["step"].norm()
    return change - share * slope, residual.abs() / 2**0.5 * size, size.square()


def without_half_the_slope(x: Point, p: Choice, w: Point) -> tuple[Tensor, Tensor, Tensor]:
    """Half of the linear term."""
    return excess(x, w, 0.5)


@lemma(
    "allen-zhu-et-al-2019/thm-4",
    r"F(\breve W + W') \le F(\breve W) + \langle \nabla F(\breve W), W' \rangle"
    r" + C \sqrt{nF} \omega^{1/3} L^2 \sqrt{m \log m / d} \|W'\|_2 + C n L^2 (m/d) \|W'\|_2^2",
    source=ALLEN_ZHU_ET_AL_2019.at("Theorem 4"),
    sizes={
        "m": Size(100, 1000, 10_000),
        "omega": Size(0.3, 0.1, 0.03, 0.01, start=0.1, spacing="1/6"),
        "delta": Size(0.1),
    },
    draw=drawn,
    ball={"near": Within("frobenius", "omega"), "step": Within("frobenius", "omega")},
    attacks=on_kinks,
    steps=3,
    restarts=0,
    scaling=(Scaling(omega="1/3", m="1/2", log_m="1/2"), Scaling(m=1)),
    draws=100,
    examples=2,
    quantifiers="for one input, one output, one trained layer, and all W̆, W′ within ω of W⁽⁰⁾ and of 0",
    notes="The range of ω as later papers restate it, its upper end with log^(−3/2) m or log⁻³ m, the form as Zou & "
    "Gu's Lemma 4.4 has it (arXiv:1811.03962v5). The radii are above that range with unit constants: inside of it few "
    "units flip at such widths. Units on their kinks make the excess 0.92 √m ω^(1/3) |r| ‖W′‖, without the logarithm.",
    false={"half of the linear term": ("omega", without_half_the_slope)},
    unrefuted={
        "omega": Reason("out of reach", "the radii do not span enough to tell the power 1/6 from a logarithm"),
        "log_m": Reason("closed form", "units on their kinks make the excess without the logarithm (K19)"),
        "m": Reason("out of reach", "the root of log m, which the bound has, hides part of so small a power of m"),
    },
)
def loss_is_semi_smooth(x: Point, p: Choice, w: Point) -> tuple[Tensor, Tensor, Tensor]:
    """In the ball of radius ω the loss exceeds its linearisation by no more than ω^(1/3) √(m log m F/d) ‖W′‖."""
    return excess(x, w)
