"""How much a squared budget buys among units that each have a price: sound upper bounds by relaxation and duality.

A layer moves its pre-activations z by at most B in Euclidean norm, so that flipping units at the costs c_j = |z_j|
takes Σ c_j² ≤ B². A unit that cannot flip has an infinite cost. Shapes are (…, m) for costs and (…) for budgets.
"""

import torch
from torch import Tensor

ROUNDING = 1 + 1e-9


def most(cost: Tensor, budget: Tensor) -> Tensor:
    """Most units whose squared costs sum to at most B², (…)."""
    spent = cost.square().sort(-1).values.cumsum(-1)
    return (spent <= ROUNDING * budget.square()[..., None]).sum(-1).to(cost)


def worth(cost: Tensor, value: Tensor, budget: Tensor) -> Tensor:
    """Largest Σ value_j ≥ 0 over units whose squared costs sum to at most B², (…): exact where all values are the same.

    The last unit is bought in part, or as many as can be paid count as much as the dearest.
    """
    cost = _within(cost, budget)
    dearest = torch.where(cost < torch.inf, value, 0.0).amax(-1)
    return torch.minimum(_bought(cost, value, budget)[0], most(cost, budget) * dearest)


def crossed(cost: Tensor, weight: Tensor, budget: Tensor) -> Tensor:
    """Largest Σ w_j |ẑ_j| / ‖ẑ − z̃‖ over the units active in one of z̃, ẑ alone, both within B of z; w ≥ 0, (…).

    Let a flipped unit be t before the step and h after it from its kink. It started beyond the kink, which costs z̃
    (c + t)², or t short of it, (c − t)². With multipliers λ of z̃'s budget and ν of the squared step, the largest
    w h − ν (t + h)² − λ (c ∓ t)² is w² (1/4ν − ψ(c/w)), where ψ(u) is λu² up to u = 1/2λ and u − 1/4λ beyond. A shorter
    step gives no more, with the multipliers rescaled, so the longest, 2B, is enough. Any multipliers are sound;
    these are the best while 1/2λ does not matter, with the units bought in the order of c/w.
    """
    cost, square, step = _within(cost, budget), weight.square(), 2 * budget
    total, margin = _bought(cost, square, budget)
    q = step / (2 * total.sqrt())
    slope = q / margin.square()
    price, bend = cost / weight, 1 / (2 * slope[..., None])
    psi = torch.where(price <= bend, slope[..., None] * price.square(), price - bend / 2)
    gain = torch.where(price < torch.inf, square * (q[..., None] - psi).clamp_min(0), 0.0).sum(-1)
    dual = (slope * budget.square() + gain) / step + step / (4 * q)
    # Without the step's multiplier: the two points together have spent θ² c² or more on a unit of whose step θ counts.
    pooled = _bought(cost, square, 2**0.5 * budget)[0].sqrt()
    return ROUNDING * torch.where(total > 0, torch.minimum(dual.nan_to_num(torch.inf), pooled), 0.0)


def overshot(cost: Tensor, weight: Tensor, budget: Tensor) -> Tensor:
    """Largest Σ w_j h_j over units moved h_j ≥ 0 beyond their kinks, Σ (c_j + h_j)² ≤ B²; w ≥ 0, (…).

    With the multiplier λ the largest w h − λ (c + h)² is w (w/4λ − c), if positive. Any λ is sound; the best is
    bisected for.
    """
    able = cost < torch.inf
    weight, cost = torch.where(able, weight, 0.0), torch.where(able, cost, 0.0)
    high = torch.linalg.vector_norm(weight, dim=-1) / budget
    low = 1e-9 * high
    for _ in range(60):
        middle = (low * high).sqrt()
        taken = torch.where(weight > 4 * middle[..., None] * cost, weight.square(), 0.0).sum(-1)
        falls = 4 * middle.square() * budget.square() < taken
        low, high = torch.where(falls, middle, low), torch.where(falls, high, middle)
    gain = (weight * (weight / (4 * high[..., None]) - cost)).clamp_min(0).nan_to_num(0.0).sum(-1)
    return torch.where(budget > 0, ROUNDING * (high * budget.square() + gain), 0.0)


def _within(cost: Tensor, budget: Tensor) -> Tensor:
    """The costs, infinite for units that the whole budget does not pay for."""
    return torch.where(cost <= ROUNDING * budget[..., None], cost, torch.inf)


def _bought(cost: Tensor, value: Tensor, budget: Tensor) -> tuple[Tensor, Tensor]:
    """The relaxed knapsack's value, (…), and c/√value of the last unit bought, (…), infinite where none is for sale."""
    square = cost.square()
    price = torch.where((value > 0) & (cost < torch.inf), square / value, torch.inf)
    price, order = price.sort(-1)
    for_sale = price < torch.inf
    square, value = (torch.where(for_sale, part.gather(-1, order), 0.0) for part in (square, value))
    left = (budget.square()[..., None] - (square.cumsum(-1) - square)).clamp_min(0)
    share = torch.where(left * ROUNDING >= square, 1.0, left / square.clamp_min(torch.finfo(square.dtype).tiny))
    share = torch.where(for_sale, share, 0.0)
    last = ((share > 0).sum(-1, keepdim=True) - 1).clamp_min(0)
    return (share * value).sum(-1), price.gather(-1, last)[..., 0].sqrt()
