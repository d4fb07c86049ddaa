"""The paper, and inputs at mutual distances."""

import math

import torch
from torch import Tensor

from lemmata.claims.claim import Paper
from lemmata.model.draws import Rng

ALLEN_ZHU_ET_AL_2019 = Paper(
    "allen-zhu-et-al-2019",
    "Allen-Zhu, Li & Song (2019), A convergence theory for deep learning via over-parameterization",
)

RESTATED = "As later papers restate it (arXiv:1811.03962v5)."


def simplex(rng: Rng, n: int, phi: float) -> Tensor:
    """n unit inputs, each at distance φ from every other, (n, n + 1)."""
    frame = torch.eye(n + 1, dtype=rng.dtype, device=rng.device)
    return math.sqrt(1 - phi**2 / 2) * frame[0] + phi / math.sqrt(2) * frame[1:]
