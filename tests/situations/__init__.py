"""What people bring to `lemmata`, rebuilt, and what each gets: read rightly, warned of, or refused with a way out.

`python -m tests.situations` prints a row for each; `tests/test_situations.py` holds each to its right value.
"""

import itertools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

M, D, N = 64, 16, 12
"""Width, input dimension and examples of the honest network."""

CLAIMS = ("lemma-5.[12]*", "lemma-B.1-i*", "setup-network")
"""What is checked: statements on features, gradients, outputs, distances and the network itself."""


@dataclass(frozen=True)
class Situation:
    """Files that somebody has, the command line that they are given to, and what must come of it.

    Attributes:
        name: what is peculiar.
        make: writes the files into a folder.
        arguments: of `lemmata`, in that folder.
        status: with which it ends.
        says: what stands on standard output or error.
        honest: whether the claims must be, number for number, those of the honest network's own files.
        partial: whether a table is printed beside the line of an audit that could not measure everything.
    """

    name: str
    make: Callable[[Path], None]
    arguments: tuple[str, ...]
    status: int = 0
    says: tuple[str, ...] = ()
    honest: bool = False
    partial: bool = False

    def __str__(self) -> str:
        return self.name


def check(
    init: str, trained: str, *more: str, data: str = "data.npz", claims: Sequence[str] = CLAIMS
) -> tuple[str, ...]:
    """The arguments that check these files."""
    return ("check", "--init", init, "--trained", trained, "--data", data, *more, *claims)


def pair(m: int = M, d: int = D, seed: int = 0, step: float = 0.3) -> tuple[list[Tensor], list[Tensor]]:
    """The honest network, two hidden layers of cao-gu-2020, before and after a step of that length."""
    rng = torch.Generator().manual_seed(seed)
    sizes = [(m, d), (m, m)]
    before = [torch.randn(size, generator=rng, dtype=torch.float64) * (2 / m) ** 0.5 for size in sizes]
    after = [w + step * torch.randn(w.shape, generator=rng, dtype=torch.float64) / w.numel() ** 0.5 for w in before]
    signs = torch.tensor([[1.0, -1.0] * (m // 2)], dtype=torch.float64)
    return [*before, signs], [*after, signs.clone()]


def examples(n: int = N, d: int = D, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Unit inputs and labels ±1."""
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((n, d))
    return inputs / np.linalg.norm(inputs, axis=1, keepdims=True), rng.choice([-1.0, 1.0], n)


def state(
    matrices: Sequence[Tensor], names: Sequence[str] = ("0", "2", "4"), end: str = ".weight"
) -> OrderedDict[str, Tensor]:
    """A `state_dict`, bottom to top."""
    return OrderedDict((name + end, matrix.clone()) for name, matrix in zip(names, matrices, strict=True))


def write_data(folder: Path, d: int = D) -> None:
    """The honest data."""
    inputs, labels = examples(d=d)
    np.savez(folder / "data.npz", X=inputs, y=labels)


def write_honest(folder: Path, d: int = D) -> None:
    """The honest network as the contract has it, with its data."""
    write_data(folder, d)
    for name, matrices in zip(("init", "trained"), pair(d=d), strict=True):
        arrays = {f"W{layer}": matrix.numpy() for layer, matrix in enumerate(matrices[:-1], 1)}
        np.savez(folder / f"{name}.npz", **arrays, V=matrices[-1].numpy())


def saved(
    change: Callable[[list[Tensor]], object], suffix: str = ".pt", d: int = D, **options: bool
) -> Callable[[Path], None]:
    """Both networks as `torch.save` has what `change` makes of them, with the honest data."""

    def make(folder: Path) -> None:
        write_data(folder, d)
        for name, matrices in zip(("init", "trained"), pair(d=d), strict=True):
            torch.save(change(matrices), folder / f"{name}{suffix}", **options)

    return make


def all_situations() -> list[Situation]:
    """Every situation, in the order in which they are printed."""
    from tests.situations import audits, claims, data, files, networks

    return list(
        itertools.chain(networks.SITUATIONS, data.SITUATIONS, files.SITUATIONS, audits.SITUATIONS, claims.SITUATIONS)
    )
