"""What an attack reads and where it aims, and the pair of points that it finds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lemmata.model.ball import Ball
from lemmata.model.changes import Changes, LowRank
from lemmata.model.data import Dataset
from lemmata.model.imposing import Imposed, impose
from lemmata.model.losses import LOSSES
from lemmata.model.trace import Trace


class Pair(NamedTuple):
    """Two points of the ball: W̃ = W⁽⁰⁾ + tilde, and Ŵ = W̃ + step."""

    tilde: Changes
    step: Changes


@dataclass(frozen=True)
class Target:
    """What an attack may read, and where it aims.

    Attributes:
        trace: at W⁽⁰⁾.
        labels: (n, k), or (S, n, k) where each initialisation has its own.
        ball: the neighbourhood to stay in.
        layer: aimed at, counted from 1.
        example: aimed at, counted from 0.
        output: aimed at, counted from 0.
        rng: for the attacks that draw.
        unseen: draws so many further examples of the population, None where that is not known.
        starts: of an attack that restarts.
    """

    trace: Trace
    labels: Tensor
    ball: Ball
    layer: int
    example: int
    output: int
    rng: np.random.Generator
    unseen: Callable[[int], Dataset] | None = None
    starts: int = 1

    def at(self, layer: int) -> tuple[Tensor, Tensor]:
        """x_{l−1} / ‖x_{l−1}‖ (S, m_{l−1}) and ‖x_{l−1}‖ (S, 1) of the example aimed at."""
        x = self.trace.features[layer - 1][:, self.example]
        size = torch.linalg.vector_norm(x, dim=-1, keepdim=True).clamp_min(torch.finfo(x.dtype).tiny)
        return x / size, size

    def preactivation(self) -> Tensor:
        """z_l of the example aimed at, (S, m_l)."""
        return self.trace.preactivations[self.layer - 1][:, self.example]

    def combination(self) -> Tensor:
        """Which outputs of the example aimed at are combined, (S, k), of length 1.

        Of several they lie along the slope of the loss, with the sign of the output aimed at.
        """
        slopes = LOSSES[self.trace.network.setting.loss].slopes(self.trace.outputs, self.labels)[:, self.example]
        size = torch.linalg.vector_norm(slopes, dim=-1, keepdim=True)
        aimed = torch.zeros_like(slopes)
        aimed[:, self.output] = 1.0
        return torch.where(size > 0, self.harmful_sign() * slopes / size, aimed)

    def signal(self) -> Tensor:
        """g_l = ∂f/∂x_l of the example aimed at, (S, m_l), of the combined outputs."""
        g = self.trace.unmasked_signals[self.layer - 1][:, self.example]
        return (self.combination()[..., None] * g).sum(-2)

    def harmful_sign(self) -> Tensor:
        """The sign of the output change that raises the loss of the example aimed at, (S, 1)."""
        slopes = LOSSES[self.trace.network.setting.loss].slopes(self.trace.outputs, self.labels)
        sign = slopes[:, self.example, self.output].sign()
        return torch.where(sign == 0, 1.0, sign)[:, None]

    def displacing(self, displacement: Tensor) -> Changes:
        """The least change of the layer aimed at that moves its pre-activation by `displacement`, (S, m_l)."""
        unit, size = self.at(self.layer)
        changes = list(self.trace.network.still())
        changes[self.layer - 1] = LowRank((displacement / size)[..., None], unit[..., None])
        return tuple(changes)

    def imposing(self, order: Tensor, goal: Tensor, *, closeness: float) -> Imposed:
        """Least-norm changes of all layers up to the one aimed at, for the example aimed at: see `model.imposing`."""
        found = impose(
            self.trace, self.layer, (self.example,), order[:, None], goal[:, None], self.ball, closeness=closeness
        )
        return Imposed(found.changes, found.served[:, 0])

    def still(self) -> tuple[LowRank, ...]:
        """No change."""
        return self.trace.network.still()
