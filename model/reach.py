"""Sound bounds of what weights within τ of W⁽⁰⁾ can do to one network's features, signals and patterns.

With W = W⁽⁰⁾ + E, ‖E_l‖_2 ≤ τ, and x_l − x_l⁽⁰⁾ = D_l (z_l − z_l⁽⁰⁾) for a diagonal D_l with entries in [0, 1], a move
passes through products W_l⁽⁰⁾ D_{l−1} ⋯ D_{r+1} W_{r+1}⁽⁰⁾ of the initial matrices. D_l is known but for the few units
whose pre-activation is smaller than the farthest that the ball can move it, so that the products' actual norms
can be computed: D = C + ½S with C the middle, and S, in [−1, 1], on those units alone.

A Frobenius ball lies in the spectral one, so both are covered. Features, signals and products are (S, n) per layer.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from lemmata.model.affordable import crossed, most, overshot, worth
from lemmata.model.spectra import top_singular
from lemmata.model.trace import Trace

Units = Literal["all", "possible", "unstable"]
"""Of a layer: all, those active somewhere in the ball, those active somewhere and inactive elsewhere."""


class Reach:
    """What the ball of radius τ round W⁽⁰⁾ can reach; layers count from 1, and 0 is the input.

    Args:
        trace: at W⁽⁰⁾.
        radius: τ.

    Attributes:
        moves: ‖x_l − x_l⁽⁰⁾‖ at most, for l = 0, …, H, each (S, n).
        sizes: ‖x_l‖ at most, for l = 0, …, H.
        shifts: how far the unstable part of z_l is from that of z_l⁽⁰⁾ at most, for l = 1, …, H (none for 0).
    """

    def __init__(self, trace: Trace, radius: float) -> None:
        self.trace = trace
        self.radius = radius
        self.hidden = trace.network.hidden
        self._norms: dict[tuple[Units, int, int, Units], Tensor] = {}
        size = _length(trace.features[0])
        self.sizes, self.moves, self.shifts = [size], [torch.zeros_like(size)], [torch.zeros_like(size)]
        everything = torch.ones_like(trace.features[0], dtype=torch.bool)
        self._units: list[dict[Units, Tensor]] = [{"all": everything, "possible": everything, "unstable": ~everything}]
        for layer in range(1, self.hidden + 1):
            self._rise(layer)

    def _rise(self, layer: int) -> None:
        """Bounds of the next layer, from those below."""
        z = self.trace.preactivations[layer - 1]
        farthest = (self.radius * self.sizes[-1])[..., None]
        if layer > 1:
            weight = self.trace.network.materialise(layer - 1)
            rows = (self._mask("possible", layer - 1) @ weight.square().mT).sqrt()
            farthest = farthest + rows * self.moves[-1][..., None]
        for _ in range(2):
            unstable = z.abs() <= farthest
            everything = torch.ones_like(unstable)
            possible = unstable | (z > 0)
            self._units[layer:] = [{"all": everything, "possible": possible, "unstable": unstable}]
            self._norms = {key: norm for key, norm in self._norms.items() if key[1] != layer}
            shift = self._moved("unstable", layer)
            farthest = torch.minimum(farthest, shift[..., None])
        self.shifts.append(shift)
        self.moves.append(self._moved("possible", layer))
        self.sizes.append(_length(self.trace.features[layer]) + self.moves[-1])

    def _moved(self, units: Units, layer: int) -> Tensor:
        """‖z_l − z_l⁽⁰⁾‖ on these units at most: τ Σ_r ‖x_{r−1}‖ times the norm of what leads from layer r to l."""
        paths = [self.sizes[r - 1] * self._frozen(units, layer, r) for r in range(1, layer + 1)]
        return self.radius * torch.stack(paths).sum(0)

    def _mask(self, units: Units, layer: int) -> Tensor:
        return self._units[layer][units].to(self.trace.inputs)

    def _middle(self, layer: int) -> Tensor:
        """C_l: 1 on the units that are always active, ½ on the unstable ones."""
        return self._mask("possible", layer) - self._mask("unstable", layer) / 2

    def cost(self, layer: int) -> Tensor:
        """|z_l⁽⁰⁾| of the unstable units, infinite elsewhere, (S, n, m_l)."""
        z = self.trace.preactivations[layer - 1].abs()
        return torch.where(self._units[layer]["unstable"], z, torch.inf)

    # Products

    def _centred(self, units: Units, high: int, low: int, below: Units) -> Tensor:
        """‖P W_high C_{high−1} ⋯ C_{low+1} W_{low+1} P'‖_2, P and P' selecting units of layers high and low, (S, n)."""
        key = (units, high, low, below)
        if key not in self._norms:
            network = self.trace.network
            ends = self._mask(units, high), self._mask(below, low)
            masks = [self._middle(layer) for layer in range(low + 1, high)]

            def forward(x: Tensor) -> Tensor:
                x = x * ends[1]
                for layer, mask in zip(range(low, high), [*masks, ends[0]], strict=True):
                    x = network.apply(layer, x) * mask
                return x

            def backward(y: Tensor) -> Tensor:
                for layer, mask in zip(range(high - 1, low - 1, -1), [ends[0], *reversed(masks)], strict=True):
                    y = network.apply_transposed(layer, y * mask)
                return y * ends[1]

            self._norms[key] = self._largest(forward, backward, (ends[0].shape[-1], ends[1].shape[-1]))
        return self._norms[key]

    def _largest(
        self, forward: Callable[[Tensor], Tensor], backward: Callable[[Tensor], Tensor], shape: tuple[int, int]
    ) -> Tensor:
        x = self.trace.features[0]
        return top_singular(forward, backward, shape, x, copies=x.shape[1]).value

    def _frozen(self, units: Units, high: int, low: int, below: Units = "possible") -> Tensor:
        """The same over all D in place of C, (S, n); 1 where high = low."""
        if high == low:
            return torch.ones_like(self.moves[0])
        norm = self._centred(units, high, low, below)
        for at in range(low + 1, high):
            norm = norm + self._centred(units, high, at, "unstable") * self._frozen("unstable", at, low, below) / 2
        return norm

    def product(self, units: Units, high: int, low: int, below: Units = "possible") -> Tensor:
        """‖P W_high D_{high−1} ⋯ D_{low+1} W_{low+1} P'‖_2 over the ball and all D, (S, n); 1 if high = low."""
        norm = self._frozen(units, high, low, below)
        for at in range(low + 1, high + 1):
            norm = norm + self.radius * self._frozen(units, high, at) * self.product("possible", at - 1, low, below)
        return norm

    # Signals

    def flipped(self, layer: int) -> Tensor:
        """‖(Σ_l − Σ_l⁽⁰⁾) ∂f_r⁽⁰⁾/∂x_l‖ at most, (S, n, k)."""
        return self._worth(self.cost(layer), layer).sqrt()

    def signal_moves(self, units: Units, layer: int) -> Tensor:
        """‖∂f_r/∂x_l − ∂f_r⁽⁰⁾/∂x_l‖ on these units at most, (S, n, k): flips and changes above, carried down."""
        network, top = self.trace.network, self.hidden
        moved = network.scale * self.radius if network.setting.trains_output else 0.0
        total = (moved * self._frozen("possible", top, layer, units))[..., None]
        for at in range(layer + 1, top + 1):
            total = total + self._frozen("unstable", at, layer, units)[..., None] * self.flipped(at)
            path = self._frozen("possible", at - 1, layer, units)[..., None]
            total = total + self.radius * path * self.masked_signals(at)
        return total.expand(*total.shape[:2], network.architecture.k)

    def masked_signals(self, layer: int) -> Tensor:
        """‖∂f_r/∂z_l‖ at most, (S, n, k): at W⁽⁰⁾, with the most valuable units switched on, and what g_l moves."""
        z = self.trace.preactivations[layer - 1]
        on = self._worth(torch.where(z > 0, torch.inf, self.cost(layer)), layer)
        still = self.trace.signals[layer - 1].square().sum(-1)
        return (still + on).sqrt() + self.signal_moves("possible", layer)

    def signals(self, layer: int) -> Tensor:
        """‖∂f_r/∂x_l‖ at most, (S, n, k)."""
        g = self.trace.unmasked_signals[layer - 1] if layer else self.trace.input_signals
        return _length(g) + self.signal_moves("all", layer)

    def gradients(self) -> Tensor:
        """‖∇_{W_l} f_r(x_i)‖_F at most, (S, layers, n, k)."""
        network = self.trace.network
        norms = [self.sizes[l - 1][..., None] * self.masked_signals(l) for l in range(1, self.hidden + 1)]
        if network.setting.trains_output:
            norms.append((network.scale * self.sizes[-1])[..., None].expand_as(norms[0]))
        return torch.stack(norms, 1)

    def gradient_changes(self) -> Tensor:
        """‖∇_{W_l} f_r(x_i) − ∇_{W_l} f_r⁽⁰⁾(x_i)‖_F of the hidden layers at most, (S, H, n, k).

        The norms of both parts added: x bᵀ − x⁽⁰⁾ b⁽⁰⁾ᵀ = (x − x⁽⁰⁾) b⁽⁰⁾ᵀ + x (b − b⁽⁰⁾)ᵀ.
        """
        parts = []
        for layer in range(1, self.hidden + 1):
            turned = self.flipped(layer) + self.signal_moves("possible", layer)
            still = _length(self.trace.signals[layer - 1])
            parts.append(self.moves[layer - 1][..., None] * still + self.sizes[layer - 1][..., None] * turned)
        return torch.stack(parts, 1)

    def _worth(self, cost: Tensor, layer: int) -> Tensor:
        value = self.trace.unmasked_signals[layer - 1].square()
        return worth(cost[:, :, None].expand_as(value), value, self.shifts[layer][..., None].expand(value.shape[:-1]))

    # Linearisation

    def flips(self, layer: int, *, pair: bool) -> Tensor:
        """Most units of a layer that differ between two networks of the ball, or one of them and W⁽⁰⁾, (S, n).

        Both together have twice the squared budget.
        """
        return most(self.cost(layer), (2**0.5 if pair else 1) * self.shifts[layer])

    def crossing_rates(self) -> Tensor:
        """Σ_l |g̃_lᵀ (Σ̂_l − Σ̃_l) ẑ_l| at most, per unit of ‖Ŵ_r − W̃_r‖_2, (S, n, H).

        With several outputs this is the Euclidean norm of all of them. The flips of all layers have one sign of g.
        """
        gains = []
        for layer in range(1, self.hidden + 1):
            weights, drift = self._sides(layer), _length(self.signal_moves("unstable", layer))
            gains.append(self._each_side(crossed, weights, layer) + drift[..., None])
        rate = _length(torch.stack(gains, -1)).amax(-1)
        steps = [self.sizes[r - 1] * self._stacked(r) for r in range(1, self.hidden + 1)]
        return rate[..., None] * torch.stack(steps, -1)

    def overshoot(self) -> Tensor:
        """|f(W) − f(W⁽⁰⁾) − <∇f(W⁽⁰⁾), W − W⁽⁰⁾>| at most, with several outputs their Euclidean norm, (S, n)."""
        layers = range(1, self.hidden + 1)
        flips = torch.stack([self._each_side(overshot, self._sides(layer), layer) for layer in layers], -1)
        trained = self.trace.network.trained
        still = [_length(b).norm(dim=-1) for b in self.trace.signals[:trained]]
        compound = [b * move for b, move in zip(still, self.moves, strict=False)]
        return flips.sum(-1).amax(-1) + self.radius * torch.stack(compound).sum(0)

    def compounds(self) -> Tensor:
        """c with |Σ_l b̃_lᵀ Δ_l (x̂_{l−1} − x̃_{l−1})| ≤ Σ_{r<l} c_lr ‖Δ_l‖ ‖Δ_r‖, Δ = Ŵ − W̃, (S, n, layers, layers)."""
        network, layers = self.trace.network, self.trace.network.trained
        table = self.moves[0].new_zeros(*self.moves[0].shape, layers, layers)
        for high in range(2, layers + 1):
            last = high > self.hidden
            signal = torch.full_like(self.moves[0], network.scale) if last else _length(self.masked_signals(high))
            for low in range(1, high):
                reach = self.product("possible", high - 1, low) * self.sizes[low - 1]
                table[..., high - 1, low - 1] = signal * reach
        return table

    def _sides(self, layer: int) -> Tensor:
        """Weights of a layer's flips in the output, (S, n, sides, m): of one output either sign of g, else ‖g‖."""
        g = self.trace.unmasked_signals[layer - 1]
        if g.shape[2] > 1:
            return torch.linalg.vector_norm(g, dim=2, keepdim=True)
        return torch.cat([g.clamp_min(0), (-g).clamp_min(0)], 2)

    def _each_side(self, bound: Callable[[Tensor, Tensor, Tensor], Tensor], weights: Tensor, layer: int) -> Tensor:
        cost, budget = self.cost(layer)[:, :, None].expand_as(weights), self.shifts[layer][..., None]
        return bound(cost, weights, budget.expand(weights.shape[:-1]))

    def _stacked(self, low: int) -> Tensor:
        """How far the unstable units of all layers from `low` on move together, per unit of a move of z_low, (S, n)."""
        network, top = self.trace.network, self.hidden
        layers = range(low, top + 1)
        unstable, middle = ([each(layer) for layer in layers] for each in (self._unstable, self._middle))
        middle[0] = self._mask("possible", low)
        widths = [mask.shape[-1] for mask in unstable]

        def forward(z: Tensor) -> Tensor:
            parts = [z * unstable[0]]
            for layer, (inner, mask) in enumerate(zip(middle, unstable[1:], strict=False), low):
                z = network.apply(layer, z * inner)
                parts.append(z * mask)
            return torch.cat(parts, -1)

        def backward(y: Tensor) -> Tensor:
            parts = y.split(widths, -1)
            z = parts[-1] * unstable[-1]
            for at in range(len(widths) - 2, -1, -1):
                z = network.apply_transposed(low + at, z) * middle[at] + parts[at] * unstable[at]
            return z

        norm = self._largest(forward, backward, (sum(widths), widths[0]))
        # What the unknown half of D and the changes of W add to the layers above.
        count = len(widths)
        added, carried = norm.new_zeros(*norm.shape, count), norm.new_zeros(*norm.shape, count, count)
        for i, high in enumerate(layers):
            for at in range(low + 1, high):
                carried[..., i, at - low] = self._centred("unstable", high, at, "unstable") / 2
            for at in range(low + 1, high + 1):
                added[..., i] += (
                    self.radius * self._frozen("unstable", high, at) * self.product("possible", at - 1, low)
                )
        carry = torch.linalg.inv(torch.eye(count).to(norm) - carried)
        return torch.linalg.matrix_norm(carry, 2) * norm + _length((carry @ added[..., None])[..., 0])

    def _unstable(self, layer: int) -> Tensor:
        return self._mask("unstable", layer)


def _length(x: Tensor) -> Tensor:
    return torch.linalg.vector_norm(x, dim=-1)
