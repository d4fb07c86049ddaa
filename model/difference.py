"""The difference between two nearby networks, propagated as a difference and never subtracted at the end."""

from functools import cached_property

import torch
from torch import Tensor

from lemmata.model.changes import Changes
from lemmata.model.losses import LossFunction
from lemmata.model.trace import Trace, length, smoothed


class Difference:
    """Ŵ = W̃ + step on the inputs of `base`, the trace at W̃.

    The output difference splits exactly as in the proof of Lemma 5.2: flipped units (I_1), changes met by
    changes (I_2), and the gradient (I_3). The linearisation error is I_1 + I_2, so it keeps its relative
    precision down to the smallest steps, where subtracting outputs has no correct digit.

    Args:
        base: trace at W̃.
        step: Ŵ − W̃, one change per trained layer.

    Source: cao-gu-2020, appendix B.2.
    """

    def __init__(self, base: Trace, step: Changes) -> None:
        self.base = base
        self.step = step

    @cached_property
    def _forward(self) -> tuple[list[Tensor], list[Tensor]]:
        network = self.base.network
        features = [torch.zeros_like(self.base.features[0])]
        preactivations = []
        for layer in range(network.hidden):
            moved = self.base.features[layer] + features[-1]
            dz = network.apply(layer, features[-1]) + self.step[layer].apply(moved)
            z = self.base.preactivations[layer]
            was, now = z > 0, z + dz > 0
            kept = smoothed(z, z, network.smoothing) * dz if network.smoothing else torch.where(was, dz, 0.0)
            dx = torch.where(was == now, kept, torch.where(now, z + dz, -z))
            preactivations.append(dz)
            features.append(dx)
        return features, preactivations

    @property
    def features(self) -> list[Tensor]:
        """x̂_l − x̃_l for l = 0, …, H, each (S, n, m_l)."""
        return self._forward[0]

    @property
    def preactivations(self) -> list[Tensor]:
        """ẑ_l − z̃_l for l = 1, …, H, each (S, n, m_l)."""
        return self._forward[1]

    @cached_property
    def flips(self) -> list[Tensor]:
        """Σ̂_l − Σ̃_l as −1, 0, +1, each (S, n, m_l)."""
        pairs = list(zip(self.base.preactivations, self.preactivations, strict=True))
        smoothing = self.base.network.smoothing
        if smoothing:
            return [smoothed(z + dz, z, smoothing) - smoothed(z, z, smoothing) for z, dz in pairs]
        return [(z + dz > 0).to(z) - (z > 0).to(z) for z, dz in pairs]

    @cached_property
    def from_flips(self) -> Tensor:
        """I_1 = Σ_l g_lᵀ (Σ̂_l − Σ̃_l) ẑ_l, (S, n, k)."""
        total = torch.zeros_like(self.base.outputs)
        for layer, g in enumerate(self.base.unmasked_signals):
            z = self.base.preactivations[layer] + self.preactivations[layer]
            total = total + torch.einsum("sirm,sim->sir", g, self.flips[layer] * z)
        return total

    @cached_property
    def from_products(self) -> Tensor:
        """I_2 = Σ_l b_lᵀ (Ŵ_l − W̃_l)(x̂_{l−1} − x̃_{l−1}), (S, n, k)."""
        total = torch.zeros_like(self.base.outputs)
        for change, b, dx in zip(self.step, self.base.signals, self.features, strict=False):
            total = total + torch.einsum("sirm,sim->sir", b, change.apply(dx))
        return total

    @cached_property
    def linear(self) -> Tensor:
        """I_3 = Σ_l <∇_{W_l} f(W̃), Ŵ_l − W̃_l>, (S, n, k)."""
        return self.base.directional(self.step).sum(1)

    @property
    def linearisation_error(self) -> Tensor:
        """f(Ŵ) − f(W̃) − <∇f(W̃), Ŵ − W̃>, (S, n, k)."""
        return self.from_flips + self.from_products

    @cached_property
    def terms(self) -> Tensor:
        """Σ_l ‖g_l‖ ‖ẑ_l − z̃_l‖, (S, n, k): the size of what the output difference is a sum of, before cancellation."""
        pairs = zip(self.base.unmasked_signals, self.preactivations, strict=True)
        sizes = [length(g) * length(dz)[..., None] for g, dz in pairs]
        return torch.stack(sizes).sum(0)

    @cached_property
    def outputs(self) -> Tensor:
        """f(Ŵ) − f(W̃), (S, n, k), propagated through the layers."""
        network = self.base.network
        df = network.apply(network.hidden, self.features[-1])
        if network.setting.trains_output:
            df = df + self.step[-1].apply(self.base.features[-1] + self.features[-1])
        return network.scale * df

    def loss_excess(self, loss: LossFunction, labels: Tensor) -> Tensor:
        """L(Ŵ) − L(W̃) − <∇L(W̃), Ŵ − W̃>, (S,), without subtracting losses."""
        f = self.base.outputs
        first_order = (loss.slopes(f, labels) * self.linearisation_error).sum(dim=(-2, -1))
        return first_order + loss.remainder(f, self.outputs, labels)
