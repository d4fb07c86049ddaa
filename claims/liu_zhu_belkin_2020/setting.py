"""Networks whose Hessians the paper speaks of, and these from autograd."""

from collections.abc import Callable

import torch
from torch import Tensor

from lemmata.claims.claim import Paper
from lemmata.claims.language.sizes import Choice
from lemmata.model.draws import Rng, gaussian, signs, sphere

LIU_ZHU_BELKIN_2020 = Paper(
    "liu-zhu-belkin-2020",
    "Liu, Zhu & Belkin (2020), On the linearity of large non-linear models: when and why the tangent kernel is "
    "constant (from memory)",
)

FROM_MEMORY = "Stated from memory of arXiv:2010.01092."

Drawn = tuple[Tensor, Tensor, Tensor]
"""W (m, d), v (m,), and one unit input (d,)."""


def draw(rng: Rng, p: Choice) -> Drawn:
    """One hidden layer, and one input."""
    return gaussian(rng, p.m, p.d), signs(rng, p.m), sphere(rng, 1, p.d)[0]


def hessian_norm(function: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """The spectral norm of a scalar function's Hessian, from all of it."""
    whole = torch.func.hessian(function)(at)
    return torch.linalg.matrix_norm(whole.reshape(at.numel(), at.numel()), 2)
