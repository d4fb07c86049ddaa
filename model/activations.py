"""Activations beyond ReLU, each with its slope and its dual kernels: means over a pair of Gaussian pre-activations.

Of (u, v) ~ N(0, [[a, c], [c, b]]) the dual is E σ(u) σ(v), and the dual of the slope E σ'(u) σ'(v).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

Elementwise = Callable[[Tensor], Tensor]
Dual = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Of the variances a and b and the covariance c, in one shape."""

NODES = 96
"""Of the Gauss–Hermite rule, in each of two directions."""


@dataclass(frozen=True)
class Activation:
    """An activation, and what it does to Gaussian pairs.

    Attributes:
        name: as in `ACTIVATIONS`.
        value, slope: σ and σ', entry by entry.
        dual, dual_slope: E σ(u) σ(v) and E σ'(u) σ'(v).
    """

    name: str
    value: Elementwise
    slope: Elementwise
    dual: Dual
    dual_slope: Dual


@cache
def _rule() -> tuple[Tensor, Tensor]:
    """Nodes and weights for means over N(0, 1)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return torch.from_numpy(nodes), torch.from_numpy(weights / math.sqrt(2 * math.pi))


def by_quadrature(function: Elementwise) -> Dual:
    """E f(u) f(v) of a smooth function by a Gauss–Hermite rule, where no closed form is known."""

    def dual(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
        nodes, weights = (part.to(a) for part in _rule())
        root = a.sqrt()[..., None, None]
        along = c[..., None, None] / root
        rest = (b[..., None, None] - along.square()).clamp_min(0).sqrt()
        u, v = root * nodes[:, None], along * nodes[:, None] + rest * nodes
        return (function(u) * function(v) * weights[:, None] * weights).sum((-2, -1))

    return dual


def _angle(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    return torch.acos((c / (a * b).sqrt()).clamp(-1, 1))


def _relu_dual(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    angle = _angle(a, b, c)
    return (a * b).sqrt() * (torch.sin(angle) + (math.pi - angle) * torch.cos(angle)) / (2 * math.pi)


def _relu_dual_slope(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    return (math.pi - _angle(a, b, c)) / (2 * math.pi)


def _erf_slope(x: Tensor) -> Tensor:
    return 2 / math.sqrt(math.pi) * torch.exp(-x.square())


def _erf_dual(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    return 2 / math.pi * torch.asin(2 * c / ((1 + 2 * a) * (1 + 2 * b)).sqrt())


def _erf_dual_slope(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    return 4 / math.pi / ((1 + 2 * a) * (1 + 2 * b) - 4 * c.square()).sqrt()


def _normal(x: Tensor) -> tuple[Tensor, Tensor]:
    """The distribution function and the density of N(0, 1)."""
    return torch.special.ndtr(x), torch.exp(-x.square() / 2) / math.sqrt(2 * math.pi)


def _gelu(x: Tensor) -> Tensor:
    return x * _normal(x)[0]


def _gelu_slope(x: Tensor) -> Tensor:
    below, density = _normal(x)
    return below + x * density


def _of_normals(a: Tensor, b: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """E Φ(u) Φ(v), E φ(u) φ(v), and the determinant of the covariance of u + z and v + z', with z, z' ~ N(0, 1)."""
    determinant = (1 + a) * (1 + b) - c.square()
    both = 0.25 + torch.asin(c / ((1 + a) * (1 + b)).sqrt()) / (2 * math.pi)
    return both, 1 / (2 * math.pi * determinant.sqrt()), determinant


def _gelu_dual(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """By Stein's lemma, twice."""
    both, densities, _ = _of_normals(a, b, c)
    return c * both + densities * (a * b + c.square() * (1 - a / (1 + a) - b / (1 + b)))


def _gelu_dual_slope(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    both, densities, determinant = _of_normals(a, b, c)
    return both + densities * c * (1 / (1 + a) + 1 / (1 + b) + 1 / determinant)


def _tanh_slope(x: Tensor) -> Tensor:
    return 1 - torch.tanh(x).square()


ACTIVATIONS = {
    each.name: each
    for each in (
        Activation("relu", torch.relu, lambda x: (x > 0).to(x), _relu_dual, _relu_dual_slope),
        Activation("erf", torch.erf, _erf_slope, _erf_dual, _erf_dual_slope),
        Activation("tanh", torch.tanh, _tanh_slope, by_quadrature(torch.tanh), by_quadrature(_tanh_slope)),
        Activation("gelu", _gelu, _gelu_slope, _gelu_dual, _gelu_dual_slope),
        Activation(
            "quadratic",
            torch.square,
            lambda x: 2 * x,
            lambda a, b, c: a * b + 2 * c.square(),
            lambda a, b, c: 4 * c,
        ),
    )
}
"""Those that there are: closed forms, but for tanh, which has none and takes quadrature."""
