"""Near the initial weights the loss is nearly smooth: by how much it exceeds its linearisation."""

from collections.abc import Mapping

import torch
from torch import Tensor

from lemmata.claims.allen_zhu_et_al_2019.setting import (
    ALLEN_ZHU_ET_AL_2019,
    HIDDEN,
    Weights,
    draw,
    one_input,
    pre_activations,
    rank_one,
)
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.language.sizes import Choice, Size
from lemmata.claims.lemma import lemma
from lemmata.claims.within import Within
from lemmata.model.draws import Rng

LABEL = 3.0
"""Of the one example: so far from most outputs that the residual decides."""

SHORT = 1e-3
"""‖W′‖ over ω in the attack: the second term, of its square, does not count."""

MARGIN = 1e-6
"""From how far below its kink a unit is pushed over it, over how far it is pushed."""

STEP = "S*"
"""The names of W′, a matrix for each that is trained; the point of expansion W̆ has the names of these."""


def drawn(rng: Rng, p: Choice) -> dict[str, Tensor]:
    """A network at one unit input, and W′ = 0."""
    weights = draw(rng, p, one_input(rng))
    return weights | {f"S{layer}": torch.zeros_like(weights[f"W{layer}"]) for layer in range(1, p.L + 1)}


def _parts(x: Weights, w: Weights) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Tensor]]:
    """W̆, W′ by the names of W̆, and what does not move."""
    at = {name: part for name, part in {**x, **w}.items() if name.startswith("W")}
    step = {name: {**x, **w}[f"S{name[1:]}"] for name in at}
    return at, step, {name: x[name] for name in ("A", "B", "x")}


def loss(weights: Weights) -> Tensor:
    """F at the label."""
    output = pre_activations(weights)[-1].relu() @ weights["B"].T
    return (output - LABEL).square().sum() / 2


def on_kinks(rng: Rng, x: Weights, p: Choice) -> dict[str, Tensor]:
    """W̆ with units of the last layer just below their kinks, and W′ which pushes all of them over.

    Those whose output raises the loss, and of them the best value for the radius that they cost, which is K19's.
    """
    last = f"{p.L}"
    weights = {name: part for name, part in x.items() if not name.startswith("S")}
    before = pre_activations(weights)
    g, h = before[-1][0], before[-2][0].relu()
    residual = float((before[-1].relu() @ x["B"].T).sum()) - LABEL
    gain = (residual * x["B"][0]).clamp_min(0.0)
    budget, length = (0.999 * p.omega * float(h.norm())) ** 2, SHORT * p.omega * float(h.norm())
    # Of the units with |g| < c · gain as large a c as the budget pays for.
    share = torch.where(gain > 0, g.abs() / gain, torch.inf)
    order = share.argsort()
    costs = torch.where(gain[order] > 0, g[order].square(), torch.inf).cumsum(0)
    chosen = torch.zeros_like(gain, dtype=torch.bool)
    chosen[order[costs <= budget]] = True
    up = torch.where(chosen, gain, 0.0)
    up = length * up / up.norm().clamp_min(1e-300)
    return {
        f"W{last}": x[f"W{last}"] + rank_one(torch.where(chosen, -g - MARGIN * up, 0.0), h),
        f"S{last}": rank_one(up, h),
    }


def excess(x: Weights, w: Weights, share: float = 1.0) -> tuple[Tensor, Tensor, Tensor]:
    """F(W̆ + W′) − F(W̆) − ⟨∇F(W̆), W′⟩, or with a share of the last; √F(W̆) ‖W′‖; ‖W′‖²."""
    at, step, still = _parts(x, w)

    def along(weights: Mapping[str, Tensor]) -> Tensor:
        return loss({**still, **weights})

    here, slope, *_ = torch.func.jvp(along, (at,), (step,))
    there = along({name: part + step[name] for name, part in at.items()})
    size = torch.stack([torch.linalg.matrix_norm(part, 2) for part in step.values()]).max()
    return there - here - share * slope, here.sqrt() * size, size.square()


def without_half_the_slope(x: Weights, p: Choice, w: Weights) -> tuple[Tensor, Tensor, Tensor]:
    """Half of the linear term."""
    return excess(x, w, 0.5)


@lemma(
    "allen-zhu-et-al-2019/thm-4",
    r"F(\breve W + W') \le F(\breve W) + \langle \nabla F(\breve W), W' \rangle"
    r" + C \sqrt{nF} \omega^{1/3} L^2 \sqrt{m \log m / d} \|W'\|_2 + C n L^2 (m/d) \|W'\|_2^2",
    source=ALLEN_ZHU_ET_AL_2019.at("Theorem 4"),
    sizes={
        "m": Size(24, 48, 96),
        "omega": Size(0.3, 0.1, 0.03, 0.01, start=0.1, spacing="1/6"),
        "L": Size(1, 2),
        "delta": Size(0.1),
    },
    draw=drawn,
    ball={HIDDEN: Within("spectral", "omega"), STEP: Within("spectral", "omega")},
    attacks=on_kinks,
    steps=2,
    restarts=0,
    scaling=(Scaling(omega="1/3", L=2, m="1/2", log_m="1/2"), Scaling(L=2, m=1)),
    draws=28,
    examples=2,
    quantifiers="for one input and one output, and all W̆, W′ within ω of W⁽⁰⁾ and of 0",
    notes="The range of ω as later papers restate it, its upper end with log^(−3/2) m or log⁻³ m, the form as Zou & "
    "Gu's Lemma 4.4 has it (arXiv:1811.03962v5). The radii are above that range with unit constants: inside of it "
    "fewer than one unit flips at such widths. Units on their kinks make the excess 0.92 √m ω^(1/3) |r| ‖W′‖, "
    "without the logarithm. Two depths say nothing of the power of L.",
    false={"half of the linear term": ("omega", without_half_the_slope)},
)
def loss_is_semi_smooth(x: Weights, p: Choice, w: Weights) -> tuple[Tensor, Tensor, Tensor]:
    """In the ball of radius ω the loss exceeds its linearisation by no more than ω^(1/3) √(m log m F/d) ‖W′‖."""
    return excess(x, w)
