"""Hessians of functions of weights, by products with vectors."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from lemmata.model.draws import Rng, gaussian

STEPS = 30
"""Of Lanczos' iteration, which finds the ends of a spectrum first."""

NOTHING = 1e-12
"""Of the largest coefficient, below which nothing new is left."""


Weights = Tensor | Mapping[str, Tensor]


def flattened(weights: Mapping[str, Tensor]) -> tuple[Tensor, Callable[[Tensor], dict[str, Tensor]]]:
    """Named tensors as one vector, and the way back."""

    def named(vector: Tensor) -> dict[str, Tensor]:
        parts = vector.split([w.numel() for w in weights.values()])
        return {name: part.reshape(w.shape) for (name, w), part in zip(weights.items(), parts, strict=True)}

    return torch.cat([w.flatten() for w in weights.values()]), named


def hessian_times(function: Callable[[Tensor], Tensor], at: Tensor) -> Callable[[Tensor], Tensor]:
    """v ↦ ∇²f(w) v of a scalar function, two backward passes each."""
    leaf = at.detach().requires_grad_()
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(function(leaf), leaf, create_graph=True)

    def product(v: Tensor) -> Tensor:
        if not slope.requires_grad:
            return torch.zeros_like(leaf)
        (found,) = torch.autograd.grad(slope, leaf, v, retain_graph=True, allow_unused=True)
        return torch.zeros_like(leaf) if found is None else found

    return product


def hessian_norm(function: Callable[[Any], Tensor], at: Weights, rng: Rng, steps: int = STEPS) -> Tensor:
    """‖∇²f(w)‖ in spectral norm, from below, by so many steps of Lanczos' iteration from a random direction.

    Exact once these are as many as the Hessian has different eigenvalues. The weights are a tensor, or named tensors.
    """
    if not isinstance(at, Tensor):
        at, named = flattened(at)
        return hessian_norm(lambda vector: function(named(vector)), at, rng, steps)
    product = hessian_times(function, at)
    direction = gaussian(rng, *at.shape)
    basis = [direction / direction.norm()]
    on: list[Tensor] = []
    beside: list[Tensor] = []
    for _ in range(min(steps, at.numel())):
        image = product(basis[-1])
        on.append((basis[-1] * image).sum())
        for _ in range(2):  # once leaves rounding
            for v in basis:
                image = image - (v * image).sum() * v
        size = image.norm()
        if not size > NOTHING * max(*map(abs, on), *beside, torch.zeros_like(size)):
            break
        beside.append(size)
        basis.append(image / size)
    between = torch.stack(beside[: len(on) - 1]) if len(on) > 1 else at.new_zeros(0)
    small = torch.diag(torch.stack(on)) + torch.diag(between, 1) + torch.diag(between, -1)
    return torch.linalg.eigvalsh(small).abs().max()
