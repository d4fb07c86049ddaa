"""Data sets that satisfy the papers' assumptions by construction."""

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy.special import betaincc, betainccinv
from torch import Tensor

from lemmata.model.settings import Setting

BLOCK = 1024
"""Rows whose distances to all others are held at once."""


@dataclass(frozen=True)
class Dataset:
    """Unit-norm inputs (n, d) and labels (n, k), float64 on the CPU; (S, n, ·) where S samples are side by side."""

    inputs: Tensor
    labels: Tensor

    @classmethod
    def beside(cls, samples: Sequence["Dataset"]) -> "Dataset":
        """Samples of one size side by side; a single one as it is."""
        if len(samples) == 1:
            return samples[0]
        return cls(torch.stack([one.inputs for one in samples]), torch.stack([one.labels for one in samples]))

    @property
    def samples(self) -> list["Dataset"]:
        """Each of them alone."""
        if self.inputs.ndim == 2:
            return [self]
        return [Dataset(inputs, labels) for inputs, labels in zip(self.inputs, self.labels, strict=True)]

    @cached_property
    def separation(self) -> float:
        """φ, the smallest pairwise distance of a sample; infinite for one point."""
        if self.inputs.ndim > 2:
            return min(one.separation for one in self.samples)
        if len(self.inputs) < 2:
            return math.inf
        # Both routes difference coordinates; that of products loses half the digits of a small distance.
        smallest, first = math.inf, 0
        for block in self.inputs.split(BLOCK):
            first += len(block)
            rest = self.inputs[first:]
            if len(block) > 1:
                smallest = min(smallest, float(torch.nn.functional.pdist(block).min()))
            for others in rest.split(BLOCK) if len(rest) else ():
                between = torch.cdist(block, others, compute_mode="donot_use_mm_for_euclid_dist")
                smallest = min(smallest, float(between.min()))
        return smallest


def sphere(n: int, d: int, phi: float | None, rng: np.random.Generator) -> Tensor:
    """n independent uniform points of the unit sphere in R^d; φ is whatever it comes to, and cannot be asked for."""
    if phi is not None:
        raise ValueError(f"{phi=} must be None for sphere data, whose separation is random")
    return unit_rows(torch.from_numpy(rng.standard_normal((n, d))))


def simplex(n: int, d: int, phi: float | None, rng: np.random.Generator) -> Tensor:
    """n points whose pairwise distances all equal φ ≤ √2, in a random frame of R^d, d ≥ n + 1.

    x_i = √(1 − φ²/2) c + (φ/√2) e_i with c, e_1, …, e_n orthonormal.
    """
    phi = _separation("simplex", phi, math.sqrt(2))
    if d < n + 1:
        raise ValueError(f"{d=} must be at least n + 1 = {n + 1} for simplex data")
    frame = _frame(d, n + 1, rng)
    return math.sqrt(max(0.0, 1 - phi**2 / 2)) * frame[0] + phi / math.sqrt(2) * frame[1:]


def chain(n: int, d: int, phi: float | None, rng: np.random.Generator) -> Tensor:
    """n points on a great circle, neighbours at distance φ, the ends no closer: d ≥ 2."""
    angle = 2 * math.asin(_separation("chain", phi, 2 * math.sin(math.pi / max(n, 2))) / 2)
    if d < 2:
        raise ValueError(f"{d=} must be at least 2 for chain data")
    frame = _frame(d, 2, rng)
    angles = angle * torch.arange(n, dtype=torch.float64)[:, None]
    return torch.cos(angles) * frame[0] + torch.sin(angles) * frame[1]


def xor(n: int, d: int, phi: float | None, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """±e_1 with label +1 and ±e_2 with label −1, each equally often up to one: d ≥ 2.

    Not linearly separable, and separable by random ReLU features with margin (√2 − 1)/√(2π).
    """
    _unspread("xor", phi)
    if d < 2:
        raise ValueError(f"{d=} must be at least 2 for xor data")
    corner = torch.arange(n) % 4
    inputs = torch.zeros(n, d, dtype=torch.float64)
    inputs[torch.arange(n), corner % 2] = torch.where(corner < 2, 1.0, -1.0).to(inputs)
    return inputs, torch.where(corner % 2 == 0, 1.0, -1.0).to(inputs)[:, None]


def cones(n: int, d: int, phi: float | None, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """The corners of `xor`, each point moved from its own by a uniform share of φ ≤ 0.765 in a random direction.

    Wherever |x_1| > |x_2| the label is +1, where |x_1| < |x_2| it is −1. The random features c(u) = sign(|u_1| − |u_2|)
    have there the sign of the label: the cones are separable up to φ = 2 sin(π/8), where they would touch, and up to
    φ < √2 − 1 with margin at least (√2 − 1 − φ)/√(2π), by the Lipschitz constant 1/√(2π) of an even feature.
    """
    return _around(*xor(n, d, None, rng), _separation("cones", phi, WIDEST_CONE), rng)


def scattered(n: int, d: int, phi: float | None, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Independent points of the law of `cones`: each around a corner that is drawn for it, and not in turn."""
    spread = _separation("scattered", phi, WIDEST_CONE)
    corners, labels = xor(4, d, None, rng)
    drawn = torch.from_numpy(rng.integers(4, size=n))
    return _around(corners[drawn], labels[drawn], spread, rng)


def _around(corners: Tensor, labels: Tensor, spread: float, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Points aside of their corners, in random directions, by random shares of the spread."""
    n, d = corners.shape
    aside = torch.from_numpy(rng.standard_normal((n, d)))
    aside = unit_rows(aside - (aside * corners).sum(-1, keepdim=True) * corners)
    angle = 2 * torch.asin(spread * torch.from_numpy(rng.random((n, 1))) / 2)
    return torch.cos(angle) * corners + torch.sin(angle) * aside, labels


def teacher(n: int, d: int, phi: float | None, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Uniform points of the sphere labelled by the linear teacher sign(x_1): d ≥ 2.

    With φ ≤ √2 only those with |x_1| ≥ φ/2, so that classes are φ apart, the linear margin is φ/2 and that of random
    ReLU features at least φ/√(8π).
    """
    if d < 2:
        raise ValueError(f"{d=} must be at least 2 for teacher data")
    margin = 0.0 if phi is None else _separation("teacher", phi, math.sqrt(2)) / 2
    # x_1² has a beta law.
    law = 0.5, (d - 1) / 2
    beyond = (1 - rng.random((n, 1))) * betaincc(*law, margin**2)
    first = torch.from_numpy(betainccinv(*law, beyond)).clamp(margin**2, 1)
    labels = torch.from_numpy(rng.choice([-1.0, 1.0], (n, 1)))
    rest = unit_rows(torch.from_numpy(rng.standard_normal((n, d - 1))))
    return torch.cat([labels * first.sqrt(), (1 - first).sqrt() * rest], 1), labels


def axes(n: int, d: int, phi: float | None, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """e_1, −e_1, e_2, −e_2, … all with label +1: n ≤ 2d."""
    _unspread("axes", phi)
    if n > 2 * d:
        raise ValueError(f"{n=} must be at most 2d = {2 * d} for axes data")
    at = torch.arange(n)
    inputs = torch.zeros(n, d, dtype=torch.float64)
    inputs[at, at // 2] = torch.where(at % 2 == 0, 1.0, -1.0).to(inputs)
    return inputs, torch.ones(n, 1, dtype=torch.float64)


WIDEST_CONE = 2 * math.sin(math.pi / 8)
"""Half the angle between e_1 and e_2 as a distance: wider cones would meet."""

LABELLED: dict[str, Callable[[int, int, float | None, np.random.Generator], tuple[Tensor, Tensor]]] = {
    "xor": xor,
    "cones": cones,
    "scattered": scattered,
    "teacher": teacher,
    "axes": axes,
}
"""Constructions that come with their labels, ±1. Their frame is fixed: drawing again draws from the same law."""

LABELS = {
    "random": "independent fair signs, unit vectors for the square loss",
    "alternating": "+1, −1, +1, … in the first output",
    "ones": "+1 in the first output",
}
"""Labels of other constructions, in words."""


def hexagon(n: int, d: int, phi: float | None, rng: np.random.Generator) -> Tensor:
    """n ≤ 6 corners of the regular hexagon in the plane, three opposite pairs: the worst inputs for a Gram matrix.

    Its separation is 1 and cannot be asked for.
    """
    if phi is not None or n > 6:
        raise ValueError(f"{phi=} must be None and {n=} at most 6 for hexagon data")
    return chain(n, d, 1.0, rng)


INPUTS: dict[str, Callable[[int, int, float | None, np.random.Generator], Tensor]] = {
    "sphere": sphere,
    "simplex": simplex,
    "chain": chain,
    "hexagon": hexagon,
}


GENERATED = (*INPUTS, *LABELLED)
"""Every construction by name."""


def generate(
    name: str,
    *,
    n: int,
    d: int,
    setting: Setting,
    rng: np.random.Generator,
    phi: float | None = None,
    mu: float | None = None,
    k: int = 1,
    labels: str = "random",
    noise: float = 0.0,
) -> Dataset:
    """A generated data set that satisfies the setting's assumptions on inputs and labels.

    Args:
        name: a key of `INPUTS` or of `LABELLED`.
        n: number of examples.
        d: input dimension, including the fixed last coordinate where there is one.
        setting: cross-entropy settings get labels ±1, square-loss settings labels of norm at most 1.
        rng: decides the frame and the labels.
        phi: separation, where the construction takes one; of cones their spread, of a teacher that of the classes.
        mu: last coordinate of every input (zou-gu-2019, Assumption 3.1); None leaves it free.
        k: output dimension.
        labels: one of `LABELS`, for constructions without labels of their own.
        noise: probability with which each label changes sign.

    Raises:
        ValueError: if the name is unknown, or the sizes and φ, μ do not fit one another.
    """
    if name not in GENERATED:
        raise ValueError(f"data {name!r} must be one of {', '.join(GENERATED)}")
    if labels not in LABELS:
        raise ValueError(f"labels {labels!r} must be one of {', '.join(LABELS)}")
    if not 0 <= noise <= 1:
        raise ValueError(f"{noise=} must be in [0, 1]")
    least = 1 if mu is None else 2
    if n < 1 or d < least:
        raise ValueError(f"{n=} must be positive and {d=} at least {least}")
    own: Tensor | None = None
    if name in LABELLED:
        if mu is not None or k != 1:
            raise ValueError(f"{mu=} must be None and {k=} be 1 for {name} data")
        inputs, own = LABELLED[name](n, d, phi, rng)
    elif mu is None:
        inputs = INPUTS[name](n, d, phi, rng)
    else:
        if not 0 < mu < 1:
            raise ValueError(f"{mu=} must be in (0, 1)")
        shrink = math.sqrt(1 - mu**2)
        free = INPUTS[name](n, d - 1, None if phi is None else phi / shrink, rng)
        inputs = torch.cat([shrink * free, torch.full((n, 1), mu, dtype=torch.float64)], 1)
    targets = _labels(labels, n, k, setting, rng) if own is None else own
    if noise:
        targets = targets * torch.from_numpy(np.where(rng.random((n, 1)) < noise, -1.0, 1.0))
    return Dataset(inputs, targets)


def _labels(name: str, n: int, k: int, setting: Setting, rng: np.random.Generator) -> Tensor:
    if name != "random":
        targets = torch.zeros(n, k, dtype=torch.float64)
        targets[:, 0] = 1.0
        if name == "alternating":
            targets[1::2, 0] = -1.0
        return targets
    if setting.loss == "cross-entropy":
        return torch.from_numpy(rng.choice([-1.0, 1.0], (n, 1)))
    return unit_rows(torch.from_numpy(rng.standard_normal((n, k))))


def described(name: str) -> str:
    """A construction in words: the first line of its documentation, empty for what is none."""
    construction = {**INPUTS, **LABELLED}.get(name)
    return (inspect.getdoc(construction) or "").partition("\n")[0]


def unit_rows(x: Tensor) -> Tensor:
    """Rows scaled to unit Euclidean norm; each is first scaled by its largest entry, against overflow."""
    x = x / x.abs().amax(-1, keepdim=True)
    return x / torch.linalg.vector_norm(x, dim=-1, keepdim=True)


def _separation(name: str, phi: float | None, largest: float) -> float:
    if phi is None or not 0 < phi <= largest * (1 + 1e-12):
        raise ValueError(f"{phi=} must be in (0, {largest:.6g}] for {name} data")
    return min(phi, largest)


def _unspread(name: str, phi: float | None) -> None:
    if phi is not None:
        raise ValueError(f"{phi=} must be None for {name} data")


def _frame(d: int, vectors: int, rng: np.random.Generator) -> Tensor:
    """Orthonormal rows in a uniformly random position, (vectors, d)."""
    return torch.linalg.qr(torch.from_numpy(rng.standard_normal((d, vectors)))).Q.mT
