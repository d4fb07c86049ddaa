"""The paper, and its two data sets with known margins."""

import math

import torch
from torch import Tensor

from lemmata.claims.claim import Paper
from lemmata.model.draws import Rng

JI_TELGARSKY_2020 = Paper(
    "ji-telgarsky-2020",
    "Ji & Telgarsky (2020), Polylogarithmic width suffices for gradient descent to achieve arbitrarily small test "
    "error with shallow ReLU networks (from memory)",
)

RE_DERIVED = "Stated from memory of arXiv:1909.12292v4; our own proof reproduces the constants."
FROM_MEMORY = "Stated from memory of arXiv:1909.12292v4."


def xor(rng: Rng) -> tuple[Tensor, Tensor]:
    """The four points (±1, ±1)/√2, and their labels: the sign of the first coordinate where both agree, as XOR."""
    points = rng.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    return points, rng.tensor([1.0, -1.0, 1.0, -1.0])


XOR_MARGIN = math.sqrt(2) / 4
"""γ of XOR, attained by v̄(z) = (sign z_1, −sign z_2)/√2."""


def direction(z: Tensor) -> Tensor:
    """v̄ of XOR at many z, (m, 2)."""
    return torch.stack([z[:, 0].sign(), -z[:, 1].sign()], 1) / 2**0.5
