"""Sound upper bounds over the whole ball, beside which an attack's lower bound can be read.

Everything here follows from ‖W_l‖_2 ≤ ‖W_l⁽⁰⁾‖_2 + τ and from counting which units a layer's movement can flip; a
Frobenius ball lies in the spectral one, so both are covered.
"""

import torch
from torch import Tensor

from lemmata.model.trace import Trace


def weight_norms(trace: Trace, radius: float) -> list[Tensor]:
    """‖W_l‖_2 ≤ ‖W_l⁽⁰⁾‖_2 + τ for the hidden layers, each (S,); attained."""
    return [norm + radius for norm in trace.weight_norms]


def feature_moves(trace: Trace, radius: float) -> list[Tensor]:
    """‖x_l − x_l⁽⁰⁾‖ for l = 0, …, H, each (S, n): each layer passes a move on and adds τ times its input."""
    moves = [torch.zeros_like(trace.features[0][..., 0])]
    for layer, norm in enumerate(weight_norms(trace, radius)):
        size = torch.linalg.vector_norm(trace.features[layer], dim=-1)
        # W x − W⁽⁰⁾ x⁽⁰⁾ = W (x − x⁽⁰⁾) + (W − W⁽⁰⁾) x⁽⁰⁾
        moves.append(norm[:, None] * moves[-1] + radius * size)
    return moves


def feature_norms(trace: Trace, radius: float) -> list[Tensor]:
    """‖x_l‖ ≤ ‖x_l⁽⁰⁾‖ + ‖x_l − x_l⁽⁰⁾‖ for l = 0, …, H, each (S, n)."""
    sizes = [torch.linalg.vector_norm(x, dim=-1) for x in trace.features]
    return [size + move for size, move in zip(sizes, feature_moves(trace, radius), strict=True)]


def signal_norms(trace: Trace, radius: float) -> list[Tensor]:
    """‖∂f_r/∂x_l‖ for l = 0, …, H, each (S, 1, k): the output row, where it moves by τ, times the layers above."""
    network = trace.network
    row = torch.linalg.vector_norm(network.materialise(network.hidden), dim=-1)
    rows = network.scale * (row + radius if network.setting.trains_output else row)
    bounds = [rows[:, None]]
    for norm in reversed(weight_norms(trace, radius)):
        bounds.append(bounds[-1] * norm[:, None, None])
    return bounds[::-1]


def flippable(trace: Trace, radius: float, *, both: bool, signs: bool = False) -> list[Tensor]:
    """How many units of each layer can differ between two networks of the ball, each (S, n).

    A unit that differs has moved across its kink in one of the two, and the squared moves of a layer sum to at
    most the square of ‖z_l − z_l⁽⁰⁾‖; so the cheapest units bound their number. Exact for the first layer.

    Args:
        trace: at W⁽⁰⁾.
        radius: τ.
        both: whether both networks may move (twice the squared budget), or one is W⁽⁰⁾.
        signs: count only units on which ∂f/∂x_l has one sign, whichever has more (one output).
    """
    moves = feature_moves(trace, radius)
    counts = []
    for layer, norm in enumerate(weight_norms(trace, radius)):
        size = torch.linalg.vector_norm(trace.features[layer], dim=-1)
        budget = (norm[:, None] * moves[layer] + radius * size).square() * (2 if both else 1)
        cost = trace.preactivations[layer].square()
        sides = [torch.ones_like(cost, dtype=torch.bool)]
        if signs:
            g = trace.unmasked_signals[layer][:, :, 0]
            sides = [g > 0, g < 0]
        counts.append(torch.stack([_affordable(cost, side, budget) for side in sides]).amax(0))
    return counts


def flippable_output(trace: Trace, radius: float, *, both: bool) -> Tensor:
    """Σ ‖v_j‖² over the units that can differ between two networks of the ball, one hidden layer, (S, n).

    The cheapest units per ‖v_j‖² bound it, the first that cannot be paid for being added whole.

    Args:
        trace: at W⁽⁰⁾, of one hidden layer.
        radius: τ.
        both: whether both networks may move (twice the squared budget), or one is W⁽⁰⁾.

    Raises:
        ValueError: if there is more than one hidden layer.
    """
    if trace.network.hidden != 1:
        raise ValueError(f"{trace.network.hidden} hidden layers must be 1")
    cost, worth = trace.preactivations[0].square(), trace.unmasked_signals[0].square().sum(2)
    budget = (torch.linalg.vector_norm(trace.features[0], dim=-1) * radius).square() * (2 if both else 1)
    order = (cost / worth.clamp_min(torch.finfo(worth.dtype).tiny)).argsort(-1)
    spent = cost.gather(-1, order).cumsum(-1)
    affordable = (spent <= budget[..., None] * (1 + 1e-9)).sum(-1, keepdim=True)
    total = worth.gather(-1, order).cumsum(-1)
    return total.gather(-1, affordable.clamp_max(total.shape[-1] - 1))[..., 0]


def activatable(trace: Trace, radius: float) -> Tensor:
    """Largest number of active first-layer units over the ball, (S, n); exact."""
    size = torch.linalg.vector_norm(trace.features[0], dim=-1)
    z = trace.preactivations[0]
    return (z > 0).sum(-1) + _affordable(z.square(), z <= 0, (radius * size).square())


def _affordable(cost: Tensor, eligible: Tensor, budget: Tensor) -> Tensor:
    """Most eligible units whose costs sum to at most the budget; rounding is given to the bound, (S, n)."""
    spent = torch.where(eligible, cost, torch.inf).sort(-1).values.cumsum(-1)
    return (spent <= budget[..., None] * (1 + 1e-9)).sum(-1).to(cost)
