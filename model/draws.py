"""What a lemma of one's own draws from: a generator that knows where tensors live, and the usual laws."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import Module


class Rng(np.random.Generator):
    """The generator of one draw: all that numpy's offers, with the dtype and device of the run.

    Args:
        sequence: its seed.
        like: a tensor in whose dtype and on whose device the laws here draw.
    """

    def __init__(self, sequence: np.random.SeedSequence, like: Tensor) -> None:
        super().__init__(np.random.SFC64(sequence))
        self.dtype, self.device = like.dtype, like.device

    def tensor(self, values: Any) -> Tensor:
        """Numbers, in the dtype and on the device of the run."""
        return torch.as_tensor(values).to(self.device, self.dtype)


def gaussian(rng: Rng, *shape: int, scale: float = 1.0) -> Tensor:
    """Independent N(0, scale²)."""
    return rng.tensor(rng.standard_normal(shape)) * scale


def uniform(rng: Rng, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Independent and uniform between two ends."""
    return rng.tensor(rng.uniform(low, high, shape))


def signs(rng: Rng, *shape: int) -> Tensor:
    """Independent fair ±1."""
    return rng.tensor(2.0 * rng.integers(0, 2, shape) - 1.0)


def sphere(rng: Rng, n: int, d: int) -> Tensor:
    """Rows (n, d) that are independent and uniform on the unit sphere."""
    points = gaussian(rng, n, d)
    return points / points.norm(dim=-1, keepdim=True)


@contextmanager
def seeded(rng: Rng) -> Iterator[None]:
    """What draws from torch's global generator in here, draws from this one; afterwards that is as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**63)))
        yield


def module(rng: Rng, factory: Callable[[], Module]) -> Module:
    """A `torch.nn.Module`, built with its usual initial laws from this draw's own numbers.

    In the dtype and on the device of the run, and in evaluation mode.
    """
    with seeded(rng):
        return factory().to(device=rng.device, dtype=rng.dtype).eval()
