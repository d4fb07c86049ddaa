"""Random numbers: every draw descends from one integer seed, and from nothing else."""

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

Seeds = Sequence[np.random.SeedSequence]

LARGEST_SEED = 10**18
"""What a person may ask for: any reader of JSON holds it."""

DRAWN = 2**20
"""Numbers that are drawn at once, in float64: wide matrices are never held twice."""


def stream(seed: int, *path: object) -> np.random.SeedSequence:
    """The seed sequence of one purpose, named by `path` (for instance "data", or a configuration).

    The path is hashed with SHA-256, not `hash`, so that a stream is the same in every process.

    Raises:
        ValueError: if `seed` is negative.
    """
    if seed < 0:
        raise ValueError(f"{seed=} must be a non-negative integer")
    digest = hashlib.sha256(repr(path).encode()).digest()[:16]
    return np.random.SeedSequence([seed, int.from_bytes(digest, "big")])


def generator(sequence: np.random.SeedSequence) -> np.random.Generator:
    """A generator whose state is the whole seed sequence.

    numpy rather than torch: torch's CPU generator keeps 32 bits of a seed, and one sampler on the
    CPU gives the same numbers whichever device computes with them.
    """
    return np.random.Generator(np.random.SFC64(sequence))


def gaussian(seeds: Seeds, shape: tuple[int, ...], scale: float, like: Tensor) -> Tensor:
    """Independent N(0, scale²) entries, one draw of `shape` per seed.

    Returns:
        (len(seeds), *shape), in the dtype and on the device of `like`.
    """
    weights = like.new_empty(len(seeds), *shape)
    for seed, entries in zip(seeds, weights.view(len(seeds), -1), strict=True):
        source = generator(seed)
        for block in entries.split(DRAWN):
            block.copy_(torch.from_numpy(source.standard_normal(len(block))).mul_(scale))
    return weights
