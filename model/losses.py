"""The two losses, their derivatives, and their differences without cancellation."""

from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lemmata.model.settings import Loss


class LossFunction(Protocol):
    """A loss of outputs f, (…, n, k), and labels y, (n, k), averaged over the n examples."""

    def value(self, f: Tensor, y: Tensor) -> Tensor:
        """(1/n) Σ_i ℓ_i, (…,)."""

    def slopes(self, f: Tensor, y: Tensor) -> Tensor:
        """∂(1/n) Σ ℓ / ∂f, (…, n, k)."""

    def remainder(self, f: Tensor, df: Tensor, y: Tensor) -> Tensor:
        """(1/n) Σ [ℓ(f + df) − ℓ(f) − ℓ'(f)·df], (…,): second order in df, and computed as such."""


class CrossEntropy:
    """ℓ(z) = log(1 + e^{−z}) at z = y f, for labels ±1 and one output (cao-gu-2020, equation 3.1)."""

    def value(self, f: Tensor, y: Tensor) -> Tensor:
        """(1/n) Σ log(1 + exp(−y_i f_i))."""
        return cross_entropy(_margins(f, y)).mean(dim=(-2, -1))

    def slopes(self, f: Tensor, y: Tensor) -> Tensor:
        """ℓ'(y_i f_i) y_i / n."""
        return -y * surrogate(_margins(f, y)) / y.shape[-2]

    def remainder(self, f: Tensor, df: Tensor, y: Tensor) -> Tensor:
        """Taylor remainder of the mean loss, exact to rounding for any df."""
        return taylor_remainder(_margins(f, y), y * df).mean(dim=(-2, -1))


class Square:
    """ℓ = ½‖f − y‖² for labels in R^k (zou-gu-2019, equation 2.1)."""

    def value(self, f: Tensor, y: Tensor) -> Tensor:
        """(1/2n) Σ ‖f_i − y_i‖²."""
        return (f - y).square().sum(-1).mean(-1) / 2

    def slopes(self, f: Tensor, y: Tensor) -> Tensor:
        """(f_i − y_i) / n."""
        return (f - y) / y.shape[-2]

    def remainder(self, f: Tensor, df: Tensor, y: Tensor) -> Tensor:
        """(1/2n) Σ ‖df_i‖²."""
        return df.square().sum(-1).mean(-1) / 2


LOSSES: dict[Loss, LossFunction] = {"cross-entropy": CrossEntropy(), "square": Square()}


def _margins(f: Tensor, y: Tensor) -> Tensor:
    """y f, where one output meets one label: two outputs would silently share it."""
    if f.shape[-1] != 1 or y.shape[-1] != 1:
        raise ValueError(f"k = {f.shape[-1]} outputs and {y.shape[-1]} labels: cross-entropy wants one of each")
    return y * f


def cross_entropy(z: Tensor) -> Tensor:
    """ℓ(z) = log(1 + e^{−z}), exact to rounding at every z (torch's softplus turns linear at 20)."""
    return -logsigmoid(z)


def surrogate(z: Tensor) -> Tensor:
    """−ℓ'(z) = 1 / (1 + e^z) (cao-gu-2020, Definition 4.4)."""
    return torch.sigmoid(-z)


def surrogate_change(z: Tensor, dz: Tensor) -> Tensor:
    """−ℓ'(z + dz) + ℓ'(z), elementwise, without cancellation: with s = −ℓ', s(a) − s(b) = s(a) s(−b) (1 − e^{a−b}).

    Where dz > 0, s(z) = 1 − s(−z) turns the signs around, so that a ≤ b and nothing overflows.
    """
    flip = torch.where(dz > 0, -1.0, 1.0)
    return flip * surrogate(flip * (z + dz)) * surrogate(-flip * z) * -torch.expm1(-dz.abs())


def surrogate_error(f: Tensor, y: Tensor) -> Tensor:
    """E_S = (1/n) Σ −ℓ'(y_i f_i), (…,) (cao-gu-2020, Definition 4.4)."""
    return surrogate(y * f).mean(dim=(-2, -1))


def taylor_remainder(z: Tensor, dz: Tensor) -> Tensor:
    """ℓ(z + dz) − ℓ(z) − ℓ'(z) dz for ℓ(z) = log(1 + e^{−z}), elementwise, without cancellation.

    With p = −ℓ'(z), u = p (e^{−dz} − 1) the remainder is [log(1 + u) − u] + p [e^{−dz} − 1 + dz]; the
    symmetry ℓ(z) = ℓ(−z) − z keeps p ≤ 1/2, where the two brackets do not cancel.
    """
    flip = torch.where(z < 0, -1.0, 1.0)
    z, dz = flip * z, flip * dz
    p = surrogate(z)
    small = torch.expm1(-dz)
    direct = cross_entropy(z + dz) - cross_entropy(z) + p * dz
    series = _log1p_minus(p * small) + p * _expm1_minus(-dz)
    return torch.where(dz.abs() < 0.5, series, direct)


def _expm1_minus(x: Tensor) -> Tensor:
    """e^x − 1 − x for |x| ≤ 1/2, by its series."""
    term = x * x / 2
    total = term
    for order in range(3, 18):
        term = term * x / order
        total = total + term
    return total


def _log1p_minus(u: Tensor) -> Tensor:
    """log(1 + u) − u for |u| ≤ 1/3, by log(1 + u) = 2 artanh(s) with s = u / (2 + u)."""
    s = u / (2 + u)
    square = s * s
    tail = torch.zeros_like(u)
    for order in range(31, 1, -2):
        tail = (tail + 1.0 / order) * square
    return s * (2 * tail - u)
