"""The neighbourhoods of initialisation in which the papers state their lemmas."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lemmata.model.changes import Change, Changes, LowRank, distance, distances
from lemmata.model.network import Network
from lemmata.model.settings import Norm
from lemmata.model.spectra import svd

LEAST_RADIUS = 1e-100
"""Below it squares of distances are 0, and no norm tells what lies in a ball."""

MOST_RADIUS = 10**6
"""Above it products over layers overflow; no weights at such a distance are near others."""

OUTSIDE = {torch.float64: 1e-10, torch.float32: 3e-4}
"""Share of a radius beyond it that is rounding, in sums over a hundred thousand units too; less than what a stated
bound may be exceeded by."""

DIRECTION = 1e-9
"""Of the largest singular value, below which there is no direction but rounding."""


@dataclass(frozen=True)
class Ball:
    """Per-layer ball around W⁽⁰⁾: every ‖W_l − W_l⁽⁰⁾‖ ≤ radius, a product over layers.

    Frobenius norm in cao-gu-2020 (Definition 4.3), spectral norm in zou-gu-2019 (section 4).

    Raises:
        ValueError: if the radius is negative, so small that norms of changes vanish, or so large that they overflow.
    """

    norm: Norm
    radius: float

    def __post_init__(self) -> None:
        if not (self.radius == 0 or LEAST_RADIUS <= self.radius <= MOST_RADIUS):
            raise ValueError(f"radius={self.radius} must be 0, or from {LEAST_RADIUS:g} to {MOST_RADIUS:,}")

    def contains(self, changes: Changes, slack: float = 1e-12) -> Tensor:
        """Whether each initialisation's changes lie in the ball, (S,)."""
        return (distances(changes, self.norm) <= self.radius * (1 + slack) + slack).all(-1)

    def excess(self, change: Change) -> Tensor:
        """Whether a layer's change lies outside, beyond rounding, (S,) boolean."""
        return distance(change, self.norm) > self.radius * (1 + 1e-12)

    def project(self, changes: Changes) -> tuple[LowRank, ...]:
        """The nearest point of the ball in Frobenius norm, layer by layer, still factored."""
        return tuple(self._project(change.factors()) for change in changes)

    def shortened(self, inside: tuple[LowRank, ...], step: tuple[LowRank, ...]) -> tuple[LowRank, ...]:
        """The step from a point of the ball, shortened layer by layer until it ends in the ball too."""
        for factor in (*[0.7] * 30, 0.0):
            total = [a.plus(b) for a, b in zip(inside, step, strict=True)]
            out = [self.excess(change) for change in total]
            if not any(bool(o.any()) for o in out):
                break
            step = tuple(b.scaled(torch.where(o, factor, 1.0)) for b, o in zip(step, out, strict=True))
        return step

    def fill(self, change: LowRank) -> LowRank:
        """The change scaled to lie on the sphere of this ball; no change stays no change."""
        size = change.frobenius() if self.norm == "frobenius" else change.spectral()
        return change.resized(size, self.radius)

    def steepest(self, slope: LowRank) -> LowRank:
        """The change in the ball with the largest inner product with the slope: its own, or all directions in full."""
        if self.norm == "frobenius":
            return self.fill(slope)
        left, right = torch.linalg.qr(slope.left), torch.linalg.qr(slope.right)
        u, values, v = svd(left.R @ right.R.mT)
        kept = (values > DIRECTION * values[:, :1]).to(values)
        return LowRank(left.Q @ (u * kept[:, None]), self.radius * right.Q @ v.mT)

    def sample(self, network: Network, rng: np.random.Generator, rank: int = 1) -> Changes:
        """A random change on the sphere of every layer, the product of two Gaussian factors."""
        changes: list[Change] = []
        for out_features, in_features in (matrix.shape for matrix in network.matrices[: network.trained]):
            left, right = (
                torch.from_numpy(rng.standard_normal((network.initialisations, size, rank))).to(network.like)
                for size in (out_features, in_features)
            )
            changes.append(self.fill(LowRank(left, right)))
        return tuple(changes)

    def _project(self, change: LowRank) -> LowRank:
        if not change.rank:
            return change
        if self.norm == "frobenius":
            return change.scaled((self.radius / change.frobenius().clamp_min(self.radius)).nan_to_num(1.0))
        left, right = torch.linalg.qr(change.left), torch.linalg.qr(change.right)
        u, values, v = svd(left.R @ right.R.mT)
        return LowRank(left.Q @ (u * values.clamp_max(self.radius)[:, None]), right.Q @ v.mT)
