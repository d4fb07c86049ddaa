"""Sort and spend: which units a radius pays for, cheapest first, and where it takes them."""

import torch
from torch import Tensor

ROUNDS = 4
"""In which what is left of the budget goes to the units that it still pays for."""


def affordable(order: Tensor, cost: Tensor, radius: float) -> Tensor:
    """Units bought in increasing `order` while their squared costs sum to at most radius², (S, m) boolean.

    A unit that is dearer than what is left is passed over: in a narrow layer a cheaper one behind it may be had. One
    whose order is infinite is never bought. A sliver of the budget is kept for crossing the kink.
    """
    square, budget = cost.square(), radius**2 * (1 - 1e-7)
    bought = torch.zeros_like(order, dtype=torch.bool)
    for _ in range(ROUNDS):
        left = budget - torch.where(bought, square, 0.0).sum(-1, keepdim=True)
        wanted = ~bought & order.isfinite() & (square <= left)
        if not wanted.any():
            break
        index = torch.where(wanted, order, torch.inf).argsort(-1)
        spent = torch.where(wanted, square, torch.inf).gather(-1, index).cumsum(-1)
        bought = bought | torch.zeros_like(bought).scatter(-1, index, spent <= left)
    return bought


def price(z: Tensor) -> Tensor:
    """How far the pre-activation of each unit must move to be on the other side beyond doubt, (S, m)."""
    return z.abs() + _rounded(z)


def across(z: Tensor, bought: Tensor) -> Tensor:
    """The displacement that puts the bought units a sliver beyond their kink, (S, m)."""
    total = torch.where(bought, z, 0.0).square().sum(-1, keepdim=True).sqrt()
    sliver = torch.maximum(total / z.shape[-1] ** 0.5 * torch.finfo(z.dtype).eps ** 0.6, _rounded(z))
    return torch.where(bought, -z - torch.where(z > 0, sliver, -sliver), 0.0)


def _rounded(z: Tensor) -> Tensor:
    """Nearer to its kink than this a unit may be on either side: pre-activations are rounded, (S, 1)."""
    size = torch.linalg.vector_norm(z, dim=-1, keepdim=True) / z.shape[-1] ** 0.5
    return 8 * torch.finfo(z.dtype).eps * size


def unit(x: Tensor) -> Tensor:
    """x / ‖x‖ along the last axis, 0 where x is."""
    return x / torch.linalg.vector_norm(x, dim=-1, keepdim=True).clamp_min(torch.finfo(x.dtype).tiny)
