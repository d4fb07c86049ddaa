"""Weights in a small spectral ball: how many units flip, and how far features move."""

import math

import torch
from torch import Tensor

from lemmata.claims.allen_zhu_et_al_2019.setting import (
    ALLEN_ZHU_ET_AL_2019,
    FROM_MEMORY,
    HIDDEN,
    RESTATED,
    Weights,
    cheapest,
    draw,
    layers,
    moved,
    one_input,
    pre_activations,
    rank_one,
)
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.language.sizes import Choice, Size
from lemmata.claims.lemma import lemma
from lemmata.claims.within import Within
from lemmata.model.draws import Rng, gaussian

BEYOND = 1 + 1e-6
"""How far past its kink a unit is moved, over the distance to that."""

SIZES = {
    "m": Size(24, 48, 96),
    "omega": Size(0.3, 0.1, 0.03, start=0.1, spacing="1/3"),
    "L": Size(1, 2),
    "delta": Size(0.1),
}


def drawn(rng: Rng, p: Choice) -> dict[str, Tensor]:
    """A network at one unit input."""
    return draw(rng, p, one_input(rng))


def flip_many(rng: Rng, x: Weights, p: Choice) -> dict[str, Tensor]:
    """Of the first trained layer as many units as the radius pays for, each just past its kink: the most there are."""
    g, h = _first(x)
    chosen = cheapest((g * BEYOND).square(), (p.omega * float(h.norm())) ** 2)
    return {"W1": x["W1"] + rank_one(torch.where(chosen, -g * BEYOND, 0.0), h)}


def flip_far(rng: Rng, x: Weights, p: Choice) -> dict[str, Tensor]:
    """A few units of the first trained layer, and these as far past their kinks as the radius pays for."""
    g, h = _first(x)
    budget = (p.omega * float(h.norm())) ** 2
    chosen = cheapest(g.square(), 0.01 * budget) | (g.abs() == g.abs().min())
    left = (budget - float(g[chosen].square().sum())) / int(chosen.sum())
    # (|g| + s)² summed over those chosen is at most (√Σ g² + √Σ s²)²
    past = max(math.sqrt(max(left, 0.0)) - float(g[chosen].norm()) / int(chosen.sum()) ** 0.5, 0.0)
    change = torch.where(chosen, -g - g.sign() * past, 0.0)
    size = float(change.norm())
    return {"W1": x["W1"] + rank_one(change * min(1.0, budget**0.5 / size), h)}


def push(rng: Rng, x: Weights, p: Choice) -> dict[str, Tensor]:
    """Every layer along its own features: what is active grows most."""
    point, before = {}, pre_activations(x)
    for layer in range(1, layers(x) + 1):
        up = before[layer][0].relu()
        point[f"W{layer}"] = x[f"W{layer}"] + p.omega * torch.outer(up / up.norm(), _unit(before[layer - 1][0].relu()))
    return point


def _unit(x: Tensor) -> Tensor:
    return x / x.norm()


def _first(x: Weights) -> tuple[Tensor, Tensor]:
    """g_1 and h_0 at the one input."""
    before = pre_activations(x)
    return before[1][0], before[0][0].relu()


def flipped(x: Weights, w: Weights) -> list[tuple[Tensor, Tensor]]:
    """Of every trained layer the units whose pattern is another, and g there."""
    before, after = pre_activations(x)[1:], pre_activations(moved(x, w))[1:]
    return [((a > 0) != (b > 0), b) for a, b in zip(before, after, strict=True)]


def first_layer(rng: Rng, m: int) -> tuple[Tensor, float]:
    """g_1 and ‖h_0‖ at one unit input: given h_0, g_1 is Gaussian, so that no matrix is drawn."""
    size = float(gaussian(rng, m, scale=(2 / m) ** 0.5).relu().norm())
    return gaussian(rng, m, scale=(2 / m) ** 0.5 * size), size


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
    notes=RESTATED
    + " What is measured is the supremum: units that flip cost ‖g_S‖/‖h_0‖ together, which a matrix of rank "
    "one attains. It tends to (3/π)^(1/3) m ω^(2/3). Of L layers Cao & Gu's Lemma B.1 (iv) is the twin.",
    false={"all units": ("omega", all_units)},
)
def few_units_flip(rng: Rng, p: Choice) -> Tensor:
    """In the ball of radius ω no more than the order of m ω^(2/3) units of a layer flip."""
    g, size = first_layer(rng, p.m)
    return cheapest(g.square(), (p.omega * size) ** 2).sum().to(g.dtype)


@lemma(
    "allen-zhu-et-al-2019/lemma-8.2b-signals",
    r"\|D'_l g_l\| \le C \omega L^{3/2}",
    source=ALLEN_ZHU_ET_AL_2019.at("Lemma 8.2 (b), second half"),
    sizes=SIZES,
    draw=drawn,
    ball={HIDDEN: Within("spectral", "omega")},
    attacks=(flip_many, flip_far),
    steps=0,
    restarts=1,
    scaling=Scaling(omega=1, L="3/2"),
    draws=28,
    examples=2,
    limit=lambda p: 1.0 if p.L == 1 else None,
    notes=FROM_MEMORY
    + " A unit that flips ends no farther from its kink than it was moved, so that one layer has at most "
    "ω ‖h_0‖, which few units reach. Two depths say nothing of the power of L.",
)
def flipped_units_are_small(x: Weights, p: Choice, w: Weights) -> Tensor:
    """In the ball of radius ω the pre-activations of units that flip are of order ω L^(3/2) together."""
    return torch.stack([torch.where(flips, g, 0.0).norm() for flips, g in flipped(x, w)]).max()


@lemma(
    "allen-zhu-et-al-2019/lemma-8.2c",
    r"\|g'_l\|, \|h'_l\| \le C \omega L^{5/2} \sqrt{\log m}",
    source=ALLEN_ZHU_ET_AL_2019.at("Lemma 8.2 (c)"),
    sizes=SIZES,
    draw=drawn,
    ball={HIDDEN: Within("spectral", "omega")},
    attacks=push,
    steps=4,
    restarts=0,
    scaling=Scaling(omega=1, L="5/2", log_m="1/2"),
    draws=28,
    examples=2,
    notes=RESTATED
    + " To first order the features move by ω Σ √(l + 1), about ⅔ ω L^(3/2), without the logarithm: the bound "
    "is loose by L √log m. With one layer the supremum is ω ‖h_0‖. Two depths say nothing of the power of L.",
)
def features_move_little(x: Weights, p: Choice, w: Weights) -> Tensor:
    """In the ball of radius ω no signal or feature moves farther than the order of ω L^(5/2) √log m."""
    before, after = pre_activations(x)[1:], pre_activations(moved(x, w))[1:]
    return torch.stack([(b - a).norm() for a, b in zip(before, after, strict=True)]).max()
