"""What one forward and backward pass leaves, and the quantities that are contractions of it."""

from functools import cached_property

import torch
from torch import Tensor

from lemmata.model.changes import Changes, LowRank
from lemmata.model.network import Network
from lemmata.model.spectra import Singular, top_singular


class Trace:
    """Forward and backward pass of one network on n inputs; nothing here forms an m × m gradient.

    Indices follow the papers: `features[l]` is x_l with x_0 the input, `preactivations[l - 1]` is
    z_l = W_l x_{l−1}, `patterns[l - 1]` its 0/1 activation pattern (strict inequality), and the gradient of
    output r in layer l is the rank-one matrix b_{l,r} x_{l−1}ᵀ.

    Args:
        network: at W.
        inputs: (n, d), or (S, n, d) where each initialisation has its own.
    """

    def __init__(self, network: Network, inputs: Tensor) -> None:
        self.network = network
        self.inputs = inputs

    @cached_property
    def _forward(self) -> tuple[list[Tensor], list[Tensor]]:
        features = [self.inputs.expand(self.network.initialisations, -1, -1)]
        preactivations = []
        for layer in range(self.network.hidden):
            preactivations.append(self.network.apply(layer, features[-1]))
            features.append(preactivations[-1].clamp_min(0))
        return features, preactivations

    @property
    def features(self) -> list[Tensor]:
        """x_0, …, x_H, each (S, n, m_l)."""
        return self._forward[0]

    @property
    def preactivations(self) -> list[Tensor]:
        """z_1, …, z_H, each (S, n, m_l)."""
        return self._forward[1]

    @cached_property
    def patterns(self) -> list[Tensor]:
        """Σ_1, …, Σ_H: 1{z_l > 0}, each (S, n, m_l), boolean."""
        return [z > 0 for z in self.preactivations]

    @cached_property
    def masks(self) -> list[Tensor]:
        """The patterns as factors; they have a derivative where the network is smoothed."""
        smoothing = self.network.smoothing
        if not smoothing:
            return self.patterns
        return [smoothed(z, z, smoothing) for z in self.preactivations]

    @cached_property
    def outputs(self) -> Tensor:
        """f(x_i), (S, n, k)."""
        return self.network.scale * self.network.apply(self.network.hidden, self.features[-1])

    @cached_property
    def weight_norms(self) -> list[Tensor]:
        """‖W_l‖_2 of the hidden layers, each (S,): an iteration each, so once per trace."""
        return [self.network.spectral(layer) for layer in range(self.network.hidden)]

    @cached_property
    def preactivation_terms(self) -> list[Tensor]:
        """max(‖z_l‖, ‖ΔW_l x_{l−1}‖) for l = 1, …, H, each (S, n): what z_l is a sum of, before it cancels W⁽⁰⁾ x."""
        pairs = zip(self.preactivations, self.network.changes, self.features, strict=False)
        return [length(z).maximum(length(change.apply(x))) for z, change, x in pairs]

    @cached_property
    def signal_terms(self) -> list[Tensor]:
        """max(‖g_l‖, ‖ΔW_{l+1}ᵀ b_{l+1}‖) for l = 0, …, H, each (S, n, k): the same on the way back."""
        sizes = [length(g) for g in (self.input_signals, *self.unmasked_signals)]
        for layer, (b, change) in enumerate(zip(self.signals, self.network.changes, strict=False)):
            back = change.apply_transposed(b.flatten(1, 2)).unflatten(1, b.shape[1:3])
            sizes[layer] = sizes[layer].maximum(length(back))
        return sizes

    @cached_property
    def output_terms(self) -> Tensor:
        """Σ_l ‖g_l‖ (terms of z_l) + Σ_l (terms of g_l) ‖x_l‖, (S, n, k): how far rounding moves an output.

        To first order, and per unit of rounding: each layer's error is carried to the output by g_l. The last of these
        is the size of what an output is a sum of; the others are no larger, but where W⁽⁰⁾ and ΔW cancel.
        """
        forward = [
            length(g) * z[..., None] for g, z in zip(self.unmasked_signals, self.preactivation_terms, strict=True)
        ]
        back = [g * length(x)[..., None] for g, x in zip(self.signal_terms, self.features, strict=True)]
        return torch.stack([*forward, *back]).sum(0)

    def followed(self) -> tuple[Tensor, list[Tensor]]:
        """f(x_i), (S, n, k), for automatic differentiation, and zeros to add to the trained weights, which it is by.

        The products are the trace's own, to the last bit: a unit that rounding alone puts on a side of its kink is on
        the same one, where gradients are those of that side.
        """
        network = self.network
        added = [
            network.like.new_zeros(network.initialisations, *matrix.shape).requires_grad_()
            for matrix in network.matrices[: network.trained]
        ]

        def image(layer: int, x: Tensor) -> Tensor:
            z = network.apply(layer, x)
            return z + x @ added[layer].mT if layer < network.trained else z

        x = self.features[0]
        for layer in range(network.hidden):
            x = torch.relu(image(layer, x))
        return network.scale * image(network.hidden, x), added

    @cached_property
    def _backward(self) -> tuple[list[Tensor], list[Tensor]]:
        network, n = self.network, self.inputs.shape[-2]
        k = network.matrices[-1].shape[0]
        outputs = network.scale * torch.eye(k, dtype=self.inputs.dtype, device=self.inputs.device)
        signal = outputs.expand(network.initialisations, n, k, k)
        signals, unmasked = [signal], []
        for layer in range(network.hidden, 0, -1):
            flat = network.apply_transposed(layer, signal.flatten(1, 2))
            unmasked.append(flat.unflatten(1, (n, k)))
            signal = unmasked[-1] * self.masks[layer - 1][:, :, None]
            signals.append(signal)
        return signals[::-1], unmasked[::-1]

    @property
    def signals(self) -> list[Tensor]:
        """b_1, …, b_H and the output's own, scale · e_r: ∂f_r/∂z_l, each (S, n, k, m_l)."""
        return self._backward[0]

    @property
    def unmasked_signals(self) -> list[Tensor]:
        """g_1, …, g_H with b_l = Σ_l g_l: ∂f_r/∂x_l, each (S, n, k, m_l)."""
        return self._backward[1]

    @cached_property
    def input_signals(self) -> Tensor:
        """∂f_r/∂x_0 = W_1ᵀ b_1, (S, n, k, d)."""
        n, k = self.signals[0].shape[1:3]
        return self.network.apply_transposed(0, self.signals[0].flatten(1, 2)).unflatten(1, (n, k))

    def gradient_norms(self) -> Tensor:
        """‖∇_{W_l} f_r(x_i)‖_F = ‖x_{l−1,i}‖ ‖b_{l,i,r}‖ for the trained layers, (S, layers, n, k).

        Spectral and Frobenius norm agree: the matrix has rank one.
        """
        return torch.stack(
            [
                torch.linalg.vector_norm(x, dim=-1)[:, :, None] * torch.linalg.vector_norm(b, dim=-1)
                for x, b in self._trained_pairs()
            ],
            1,
        )

    def gradient(self, slopes: Tensor) -> tuple[LowRank, ...]:
        """Σ_{i,r} slopes_{i,r} ∇_{W_l} f_r(x_i) per trained layer, factored with n columns.

        Args:
            slopes: (S, n, k) or broadcastable, for instance `LossFunction.slopes`.
        """
        return tuple(LowRank(_weighted(slopes, b).mT, x.mT) for x, b in self._trained_pairs())

    def batch_gradient_norms(self, slopes: Tensor) -> Tensor:
        """‖Σ_{i,r} slopes_{i,r} ∇_{W_l} f_r(x_i)‖_F, (S, layers).

        By a Hadamard product of n × n Grams, or of the gradient itself where that is no larger.
        """
        norms = []
        for x, b in self._trained_pairs():
            weighted = _weighted(slopes, b)
            if x.shape[-1] * weighted.shape[-1] <= x.shape[-2] ** 2:
                norms.append(torch.linalg.matrix_norm(weighted.mT @ x))
                continue
            gram = (x @ x.mT) * (weighted @ weighted.mT)
            norms.append(gram.sum(dim=(-2, -1)).clamp_min(0).sqrt())
        return torch.stack(norms, -1)

    def ntk(self) -> Tensor:
        """<∇f_r(x_i), ∇f_s(x_j)> summed over trained layers, (S, n, k, n, k)."""
        total = torch.zeros((), dtype=self.inputs.dtype, device=self.inputs.device)
        for x, b in self._trained_pairs():
            total = total + torch.einsum("sij,sirm,sjqm->sirjq", x @ x.mT, b, b)
        return total

    def directional(self, changes: Changes) -> Tensor:
        """<∇_{W_l} f_r(x_i), ΔW_l> = b_lᵀ ΔW_l x_{l−1} per trained layer, (S, layers, n, k)."""
        return torch.stack(
            [
                torch.einsum("sirm,sim->sir", b, change.apply(x))
                for (x, b), change in zip(self._trained_pairs(), changes, strict=True)
            ],
            1,
        )

    def jacobian_norms(self, low: int, high: int) -> Singular:
        """Leading singular triple of Π_{r=low}^{high} Σ_r W_r for each input, layers counted from 1.

        The map from x_{low−1} to x_high. Value (S, n), left (S, n, m_high), right (S, n, m_{low−1}).
        """
        return self._operator_norm(range(low - 1, high), masked_input=False)

    def propagator_norms(self, low: int, high: int) -> Singular:
        """Leading singular triple of M_{low→high} = Σ_high W_high … W_{low+1} Σ_low for each input.

        The map from the layer-`low` pre-activation to x_high: left (S, n, m_high), right (S, n, m_low). For one layer
        it is a mask, every active unit is leading, and the triple has them all alike.
        """
        if low == high:
            mask = self.patterns[low - 1].to(self.inputs)
            count = mask.sum(-1)
            alike = mask / count.clamp_min(1.0).sqrt()[..., None]
            return Singular(count.clamp_max(1.0), alike, alike)
        return self._operator_norm(range(low, high), masked_input=True)

    def forward_through(self, low: int, high: int, direction: Tensor) -> Tensor:
        """M_{low→high} u with this trace's patterns; u and the result are (S, n, m_·)."""
        image = direction * self.masks[low - 1]
        for layer in range(low, high):
            image = self.network.apply(layer, image) * self.masks[layer]
        return image

    def back_through(self, low: int, high: int, direction: Tensor) -> Tensor:
        """M_{low→high}ᵀ u with this trace's patterns; u is (S, n, m_high), the result (S, n, m_low)."""
        image = direction * self.masks[high - 1]
        for layer in range(high - 1, low - 1, -1):
            image = self.network.apply_transposed(layer, image) * self.masks[layer - 1]
        return image

    def _operator_norm(self, layers: range, *, masked_input: bool) -> Singular:
        network, start = self.network, layers.start
        shape = (self.features[layers.stop].shape[-1], self.features[start].shape[-1])

        def forward(x: Tensor) -> Tensor:
            image = x * self.patterns[start - 1] if masked_input else x
            for layer in layers:
                image = network.apply(layer, image) * self.patterns[layer]
            return image

        def backward(y: Tensor) -> Tensor:
            image = y
            for layer in reversed(layers):
                image = network.apply_transposed(layer, image * self.patterns[layer])
            return image * self.patterns[start - 1] if masked_input else image

        return top_singular(forward, backward, shape, self.features[0], copies=self.inputs.shape[-2])

    def _trained_pairs(self) -> list[tuple[Tensor, Tensor]]:
        """(x_{l−1}, b_l) of every trained layer."""
        return list(zip(self.features, self.signals, strict=True))[: self.network.trained]


def smoothed(z: Tensor, beside: Tensor, width: float) -> Tensor:
    """1{z > 0}, with the derivative of a ramp that is `width` times the root mean square of `beside` to either side."""
    reach = width * beside.detach().square().mean(-1, keepdim=True).sqrt().clamp_min(torch.finfo(z.dtype).tiny)
    t = (z / reach).clamp(-1, 1)
    ramp = t - t * t.abs() / 2  # its slope is the triangle 1 − |t|
    return (z > 0).to(z) + (ramp - ramp.detach())


def length(x: Tensor) -> Tensor:
    """‖x‖ along the last axis."""
    return torch.linalg.vector_norm(x, dim=-1)


def _weighted(slopes: Tensor, signals: Tensor) -> Tensor:
    """Σ_r slopes_{i,r} b_{i,r}, (S, n, m), in one pass over the signals."""
    return (slopes[..., None, :].to(signals) @ signals).squeeze(-2)
