"""The paper's networks: which matrices are drawn, from what law, and which of them move."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from lemmata.claims.claim import Paper
from lemmata.claims.language.sizes import Choice
from lemmata.model.draws import Rng, gaussian

ALLEN_ZHU_ET_AL_2019 = Paper(
    "allen-zhu-et-al-2019",
    "Allen-Zhu, Li & Song (2019), A convergence theory for deep learning via over-parameterization",
)

RESTATED = "As later papers restate it (arXiv:1811.03962v5)."
FROM_MEMORY = "Stated from memory of arXiv:1811.03962v5."

HIDDEN = "W*"
"""The names of what is trained."""

Weights = Mapping[str, Tensor]
"""A (m, ·), W1, …, WL (m, m), B (d, m), and x (n, ·), the inputs."""


def draw(rng: Rng, p: Choice, inputs: Tensor, outputs: int = 1) -> dict[str, Tensor]:
    """A network of width p.m with p.L trained layers, and its inputs."""
    scale = (2 / p.m) ** 0.5
    hidden = {f"W{layer}": gaussian(rng, p.m, p.m, scale=scale) for layer in range(1, p.L + 1)}
    last = gaussian(rng, outputs, p.m, scale=outputs**-0.5)
    return {"A": gaussian(rng, p.m, inputs.shape[1], scale=scale), **hidden, "B": last, "x": inputs}


def one_input(rng: Rng) -> Tensor:
    """(1, 1); of a unit input the law of A sees no more."""
    return rng.tensor([[1.0]])


def simplex(rng: Rng, n: int, phi: float) -> Tensor:
    """n unit inputs, each at distance φ from every other, (n, n + 1)."""
    frame = torch.eye(n + 1, dtype=rng.dtype, device=rng.device)
    return math.sqrt(1 - phi**2 / 2) * frame[0] + phi / math.sqrt(2) * frame[1:]


def moved(weights: Weights, point: Weights) -> dict[str, Tensor]:
    """The network with those matrices that move at a point of their balls."""
    return {**weights, **point}


def layers(weights: Weights) -> int:
    """L."""
    return len(weights) - 3


def pre_activations(weights: Weights) -> list[Tensor]:
    """g_0, …, g_L, each (n, m)."""
    found = [weights["x"] @ weights["A"].T]
    for layer in range(1, layers(weights) + 1):
        found.append(found[-1].relu() @ weights[f"W{layer}"].T)
    return found


def backward(weights: Weights, at: list[Tensor]) -> list[Tensor]:
    """What ∇_{g_l} of every output is, for l = 1, …, L, each (n, d, m)."""
    signal = weights["B"] * (at[-1] > 0)[:, None]
    found = [signal]
    for layer in range(layers(weights), 1, -1):
        signal = (signal @ weights[f"W{layer}"]) * (at[layer - 1] > 0)[:, None]
        found.insert(0, signal)
    return found


def cheapest(costs: Tensor, budget: float) -> Tensor:
    """The most units whose costs together fit the budget, (m,) boolean: the cheapest first."""
    order = costs.argsort()
    chosen = torch.zeros_like(costs, dtype=torch.bool)
    chosen[order[costs[order].cumsum(0) <= budget]] = True
    return chosen


def rank_one(change: Tensor, below: Tensor) -> Tensor:
    """The least matrix that changes W h by this much, of spectral norm ‖change‖/‖h‖."""
    return change[:, None] * (below / below.square().sum())
