"""Sort and spend: which units a radius pays for, cheapest first, and where it takes them."""

import torch
from torch import Tensor


def affordable(order: Tensor, cost: Tensor, radius: float) -> Tensor:
    """Units bought in increasing `order` while their squared costs sum to at most radius², (S, m) boolean.

    A unit whose order is infinite is never bought. A sliver of the budget is kept for crossing the kink.
    """
    index = order.argsort(-1)
    spent = torch.where(order.isinf(), torch.inf, cost.square()).gather(-1, index).cumsum(-1)
    return torch.zeros_like(order, dtype=torch.bool).scatter(-1, index, spent <= radius**2 * (1 - 1e-7))


def across(z: Tensor, bought: Tensor) -> Tensor:
    """The displacement that puts the bought units a sliver beyond their kink, (S, m)."""
    total = torch.where(bought, z, 0.0).square().sum(-1, keepdim=True).sqrt()
    sliver = total / z.shape[-1] ** 0.5 * torch.finfo(z.dtype).eps ** 0.6
    return torch.where(bought, -z - torch.where(z > 0, sliver, -sliver), 0.0)


def unit(x: Tensor) -> Tensor:
    """x / ‖x‖ along the last axis, 0 where x is."""
    return x / torch.linalg.vector_norm(x, dim=-1, keepdim=True).clamp_min(torch.finfo(x.dtype).tiny)
