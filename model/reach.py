"""Sound bounds of what weights within τ of W⁽⁰⁾ can do to one network's features, signals and patterns.

With W = W⁽⁰⁾ + E, ‖E_l‖_2 ≤ τ, and x_l − x_l⁽⁰⁾ = D_l (z_l − z_l⁽⁰⁾) for a diagonal D_l with entries in [0, 1], a move
passes through products W_l⁽⁰⁾ D_{l−1} ⋯ D_{r+1} W_{r+1}⁽⁰⁾ of the initial matrices. D_l is known but for the few units
whose pre-activation is smaller than the farthest that the ball can move it, so that the products' actual norms
can be computed: D = C + ½S with C the middle, and S, in [−1, 1], on those units alone.

A Frobenius ball lies in the spectral one, so both are covered. Features, signals and products are (S, n) per layer.
"""

from collections.abc import Callable, Iterator
from typing import Literal

import torch
from torch import Tensor

from lemmata.model.affordable import crossed, most, overshot, worth
from lemmata.model.spectra import top_singular
from lemmata.model.trace import Trace, length

Units = Literal["all", "possible", "unstable", "chosen"]
"""Of a layer: all, those active somewhere in the ball, those active somewhere and inactive elsewhere, some of these."""


APART = 512
"""Width up to which units are bounded one by one, which takes m³: wider, all of a layer are together."""


class Reach:
    """What the ball of radius τ round W⁽⁰⁾ can reach; layers count from 1, and 0 is the input.

    Args:
        trace: at W⁽⁰⁾.
        radius: τ.

    Attributes:
        moves: ‖x_l − x_l⁽⁰⁾‖ at most, for l = 0, …, H, each (S, n).
        sizes: ‖x_l‖ at most, for l = 0, …, H.
        shifts: how far the unstable part of z_l is from that of z_l⁽⁰⁾ at most, for l = 1, …, H (none for 0).
        apart: whether layers are narrow enough for their units to be bounded one by one.
    """

    def __init__(self, trace: Trace, radius: float) -> None:
        self.trace = trace
        self.radius = radius
        self.hidden = trace.network.hidden
        self.apart = trace.network.architecture.width <= APART
        self._norms: dict[tuple[Units, int, int, Units, bool], Tensor] = {}
        self._passed_on: dict[tuple[Units, int, int], list[Tensor]] = {}  # κ of `_together`, from above
        self._masked: dict[int, Tensor] = {}
        size = length(trace.features[0])
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
            self._forget(layer)
            shift = self._moved("unstable", layer)
            farthest = torch.minimum(farthest, shift[..., None])
        self.shifts.append(shift)
        self.moves.append(self._moved("possible", layer))
        self.sizes.append(length(self.trace.features[layer]) + self.moves[-1])

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

    def _norm(self, units: Units, high: int, low: int, below: Units, *, robust: bool) -> Tensor:
        """Of one layer's units and of those it starts from, by name: see `_together`."""
        key = (units, high, low, below, robust)
        if key not in self._norms:
            marks = [torch.zeros_like(self._mask("all", layer)) for layer in range(low, high)]
            marks.append(self._mask(units, high))
            kappas = self._passed_on.setdefault((units, high, low), [])
            self._norms[key] = self._together(marks, low, self._mask(below, low), kappas, robust=robust)
        return self._norms[key]

    def _forget(self, units: Units | int) -> None:
        """Norms of units, or up to a layer, that are others from here on."""
        self._norms = {key: norm for key, norm in self._norms.items() if units not in (key[0], key[1], key[3])}
        self._passed_on = {key: kappas for key, kappas in self._passed_on.items() if units not in key[:2]}

    def _centred(self, units: Units, high: int, low: int, below: Units) -> Tensor:
        """‖P W_high C_{high−1} ⋯ C_{low+1} W_{low+1} P'‖_2, P and P' selecting units of layers high and low, (S, n)."""
        return self._norm(units, high, low, below, robust=False)

    def _frozen(self, units: Units, high: int, low: int, below: Units = "possible") -> Tensor:
        """The same over all D in place of C, (S, n); where high = low 1, or the largest scale of the chosen units."""
        if high == low:
            return self._mask(units, high).amax(-1) if units == "chosen" else torch.ones_like(self.moves[0])
        return self._norm(units, high, low, below, robust=True)

    def _together(
        self, marks: list[Tensor], low: int, below: Tensor, kappas: list[Tensor], *, robust: bool = True
    ) -> Tensor:
        """Largest ‖(P_low x, P_l z_l for l > low)‖ of ‖x‖ = 1, z_l = W_l D_{l−1} ⋯ D_{low+1} W_{low+1} P' x, (S, n).

        P_l scales the units of layer l by its marks, P' those of x. Over all D if robust, else with C in their place:
        let y be what C passes on and N p what p adds to the layers above, where p_j = s_j z_j of the unstable units
        between, so that |p_j| ≤ |z_j| and z = y + ½ N p. For any λ ≥ 0, with Λ² = P² + λ on these units,
        ‖P z‖² ≤ ‖P z‖² + Σ λ_j (z_j² − p_j²) = ‖Λ (y + ½ N p)‖² − Σ λ_j p_j². Over p this is at most
        ‖Λ y‖² + ‖½ λ^{−1/2} Nᵀ Λ² y‖² / (1 − ν²) if ν = ‖½ Λ N λ^{−1/2}‖ < 1. With N_l the columns of one of c layers,
        and κ_l = ‖½ Λ N_l‖, λ_l = κ_l + c κ_l² leaves ν² ≤ Σ_l κ_l / (1 + c κ_l) < 1. They do not depend on P': those
        in `kappas`, from above, are not computed again, and the others are added.
        """
        network, top = self.trace.network, low + len(marks) - 1
        inner = [self._mask("unstable", layer) for layer in range(low + 1, top) if robust]
        middle = [self._middle(layer) for layer in range(low + 1, top)]
        widths, inside = ([mask.shape[-1] for mask in masks] for masks in (marks, inner))
        still = [torch.zeros_like(mark) for mark in marks[:-1]]

        def carried(own: list[Tensor]) -> list[Tensor]:
            """z of the layers above `low`, W_l (C_{l−1} z_{l−1} + own_{l−1})."""
            parts: list[Tensor] = []
            for layer, x in enumerate(own, low):
                parts.append(network.apply(layer, middle[layer - low - 1] * parts[-1] + x if parts else x))
            return parts

        def pulled(parts: list[Tensor]) -> list[Tensor]:
            """Its adjoint."""
            pulls: list[Tensor] = []
            for layer in range(top - 1, low - 1, -1):
                z = parts[layer - low]
                pulls.insert(0, network.apply_transposed(layer, z + middle[layer - low] * pulls[0] if pulls else z))
            return pulls

        def added(i: int) -> Tensor:
            """κ of the units of the i-th layer between, with the weights of the layers above it."""

            def forward(p: Tensor) -> Tensor:
                z = carried([*still[: i + 1], inner[i] * p, *still[i + 2 :]])
                return torch.cat([w * part for w, part in zip(weights, z, strict=True)], -1)

            def backward(y: Tensor) -> Tensor:
                rows = zip(weights, y.split(widths[1:], -1), strict=True)
                return inner[i] * pulled([w * row for w, row in rows])[i + 1]

            return self._largest(forward, backward, (sum(widths[1:]), widths[i + 1])) / 2

        weights, count = marks[1:], len(inner)
        scales, left = [torch.zeros_like(below[..., 0])] * count, torch.ones_like(below[..., 0])
        for i in reversed(range(count)):
            if len(kappas) < count - i:
                kappas.append(added(i))
            kappa = kappas[count - 1 - i]
            share = kappa + count * kappa.square()
            weights[i] = (weights[i].square() + share[..., None] * inner[i]).sqrt()
            scales[i] = torch.where(share > 0, share.rsqrt(), 0.0) / 2
            left = left - kappa / (1 + count * kappa)
        passing = [(scale / left.sqrt())[..., None] * mask for scale, mask in zip(scales, inner, strict=True)]

        def stacked(x: Tensor) -> Tensor:
            y = carried([x * below, *still[1:]][: len(still)])
            pulls = pulled([w.square() * z for w, z in zip(weights, y, strict=True)])[1:]
            rows = [w * z for w, z in zip(weights, y, strict=True)]
            more = [scale * pull for scale, pull in zip(passing, pulls, strict=False)]
            return torch.cat([marks[0] * x, *rows, *more], -1)

        def adjoint(y: Tensor) -> Tensor:
            first, *rows = y.split([*widths, *inside], -1)
            own = [scale * row for scale, row in zip(passing, rows[len(weights) :], strict=True)]
            z = carried([*still[:1], *own, *still[1 + len(own) :]])
            rows = [w * (row + w * more) for w, row, more in zip(weights, rows, z, strict=False)]
            return marks[0] * first + sum(below * pull for pull in pulled(rows)[:1])

        return self._largest(stacked, adjoint, (sum(widths) + sum(inside), widths[0]))

    def _largest(
        self, forward: Callable[[Tensor], Tensor], backward: Callable[[Tensor], Tensor], shape: tuple[int, int]
    ) -> Tensor:
        x = self.trace.features[0]
        return top_singular(forward, backward, shape, x, copies=x.shape[1]).value

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
        total = (self._output_move() * self._frozen("possible", top, layer, units))[..., None]
        for at in range(layer + 1, top + 1):
            total = total + self._frozen("unstable", at, layer, units)[..., None] * self.flipped(at)
            path = self._frozen("possible", at - 1, layer, units)[..., None]
            total = total + self.radius * path * self.masked_signals(at)
        return total.expand(*total.shape[:2], network.architecture.k)

    def masked_signals(self, layer: int) -> Tensor:
        """‖∂f_r/∂z_l‖ at most, (S, n, k): at W⁽⁰⁾, with the most valuable units switched on, and what g_l moves."""
        if layer not in self._masked:
            z, b = self.trace.preactivations[layer - 1], self.trace.signals[layer - 1]
            on = self._worth(torch.where(z > 0, torch.inf, self.cost(layer)), layer)
            along = self._along(b[..., None, :], layer)[..., 0] + self.flipped(layer) * self.signal_moves(
                "unstable", layer
            )
            still = (b.square().sum(-1) + on).sqrt()
            self._masked[layer] = _sum(still, self.signal_moves("possible", layer), along)
        return self._masked[layer]

    def signals(self, layer: int) -> Tensor:
        """‖∂f_r/∂x_l‖ at most, (S, n, k)."""
        g = self.trace.unmasked_signals[layer - 1] if layer else self.trace.input_signals
        return _sum(length(g), self.signal_moves("all", layer), self._along(g[..., None, :], layer)[..., 0])

    def _along(self, p: Tensor, layer: int) -> Tensor:
        """<p_rj, ∂f_r/∂x_l − ∂f_r⁽⁰⁾/∂x_l> at most, p of shape (S, n, k, j, m_l), (S, n, k, j).

        Flipped units of layer s add g_s (Σ_s − Σ_s⁽⁰⁾) times what p is carried to, of which they see a part each.
        """
        network, total = self.trace.network, torch.zeros_like(p[..., 0])
        size, image = length(p), p
        astray: dict[int, Tensor] = {}

        def stray(units: Units, at: int) -> Tensor | float:
            """What the unknown half of the D below adds on these units."""
            return sum(self._centred(units, at, low, "unstable")[..., None, None] * astray[low] / 2 for low in astray)

        for at in range(layer + 1, self.hidden + 1):
            total = total + self.radius * size * self.masked_signals(at)[..., None]
            image = network.apply(at - 1, image.flatten(1, 3)).unflatten(1, p.shape[1:4])
            possible, unstable, middle = (
                mask[:, :, None, None]
                for mask in (self._mask("possible", at), self._mask("unstable", at), self._middle(at))
            )
            added = stray("unstable", at)
            turned = (
                torch.where(self.trace.patterns[at - 1], -1.0, 1.0)[:, :, None] * self.trace.unmasked_signals[at - 1]
            )
            total = total + self._bought(self.cost(at), (turned[..., None, :] * image).clamp_min(0), at)
            total = total + self.flipped(at)[..., None] * added
            size = length(image * possible) + stray("possible", at)
            astray[at] = length(image * unstable) + added
            image = image * middle
        return total + self._output_move() * size

    def entries(self, layer: int, units: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """±∂f_r/∂x_l at most in each of the units (S, n, j), by default all of them, (S, n, k, j) each."""
        g = self.trace.unmasked_signals[layer - 1] if layer else self.trace.input_signals
        if units is None:
            units = torch.arange(g.shape[-1], device=g.device).expand(*g.shape[:2], -1)
        index = units[:, :, None].expand(-1, -1, g.shape[2], -1)
        still = g.gather(-1, index)
        if layer == self.hidden:
            return still + self._output_move(), self._output_move() - still
        axes = torch.nn.functional.one_hot(index, g.shape[-1]).to(g)
        return still + self._along(axes, layer), self._along(-axes, layer) - still

    def _output_move(self) -> float:
        """How far the output's row moves, with its scale: 0 where it is fixed."""
        network = self.trace.network
        return network.scale * self.radius if network.setting.trains_output else 0.0

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
            still = length(self.trace.signals[layer - 1])
            parts.append(self.moves[layer - 1][..., None] * still + self.sizes[layer - 1][..., None] * turned)
        return torch.stack(parts, 1)

    def _worth(self, cost: Tensor, layer: int) -> Tensor:
        return self._bought(cost, self.trace.unmasked_signals[layer - 1].square(), layer)

    def _bought(self, cost: Tensor, value: Tensor, layer: int) -> Tensor:
        between = [1] * (value.dim() - 3)
        cost = cost.reshape(*cost.shape[:2], *between, -1).expand_as(value)
        return worth(cost, value, self.shifts[layer].reshape(*cost.shape[:2], *between).expand(value.shape[:-1]))

    # Linearisation

    def flips(self, layer: int, *, pair: bool) -> Tensor:
        """Most units of a layer that differ between two networks of the ball, or one of them and W⁽⁰⁾, (S, n).

        Both together have twice the squared budget.
        """
        return most(self.cost(layer), (2**0.5 if pair else 1) * self.shifts[layer])

    def crossing_rates(self, towards: Tensor | None = None) -> Tensor:
        """Σ_l |g̃_lᵀ (Σ̂_l − Σ̃_l) ẑ_l| at most, per unit of ‖Ŵ_r − W̃_r‖_2, (S, n, H).

        With several outputs this is the Euclidean norm of all of them. A flip of unit j adds |ẑ_j| times g̃_j, whose
        flips of either sign oppose each other: the worst are all of one sign.

        Args:
            towards: where one sign of an only output's error counts that sign, (n, 1), else 0; None for both of all.
        """
        layers = range(1, self.hidden + 1)
        drifts = [length(self.signal_moves("unstable", layer)) for layer in layers]
        still = [self._sides(layer) for layer in layers]
        swayed = [self._swayed_sides(layer) for layer in layers] if self.apart else []
        rates = []
        for side in range(still[0].shape[2]):
            # What g̃ differs by from g is bounded for all units together, or for each by itself.
            self._choose([self._mask("unstable", layer) for layer in layers])
            gains = [crossed(self.cost(l), still[l - 1][:, :, side], self.shifts[l]) + drifts[l - 1] for l in layers]
            rate = length(torch.stack(gains, -1))[..., None] * self._steps()
            spent = self._spent(crossed, [sides[:, :, side] for sides in swayed]) if swayed else ()
            for apart, together, steps in spent:
                rate = torch.minimum(rate, torch.minimum(length(apart), together)[..., None] * steps)
            rates.append(rate)
        if towards is not None and len(rates) > 1:
            return torch.maximum(rates[0].where(towards >= 0, 0.0), rates[1].where(towards <= 0, 0.0))
        return torch.stack(rates).amax(0)

    def overshoot(self) -> Tensor:
        """|f(W) − f(W⁽⁰⁾) − <∇f(W⁽⁰⁾), W − W⁽⁰⁾>| at most, with several outputs their Euclidean norm, (S, n)."""
        layers = range(1, self.hidden + 1)
        sides = [self._sides(layer) for layer in layers]
        flips = []
        for side in range(sides[0].shape[2]):
            spent = self._spent(overshot, [weights[:, :, side] for weights in sides])
            flips += [torch.stack([torch.minimum(apart.sum(-1), together) for apart, together, _ in spent]).amin(0)]
        trained = self.trace.network.trained
        still = [length(b).norm(dim=-1) for b in self.trace.signals[:trained]]
        compound = [b * move for b, move in zip(still, self.moves, strict=False)]
        return torch.stack(flips).amax(0) + self.radius * torch.stack(compound).sum(0)

    def _spent(
        self, bound: Callable[[Tensor, Tensor, Tensor], Tensor], weights: list[Tensor]
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """What flips are worth by weight (S, n, m_l): layer by layer (S, n, H), all of them (S, n); and `_steps`.

        A layer's units move by its own budget at most, and all together by one that a change of W_r is shared for.
        Moves may be measured in any length for each unit: in 1 for all, or in how far it moves itself.
        """
        layers = range(1, self.hidden + 1)
        for lengths in self._measures():
            self._choose([(weight > 0) / length for weight, length in zip(weights, lengths, strict=True)])
            steps = self._steps()
            costs = [self.cost(layer) / lengths[layer - 1] for layer in layers]
            worths = [weight * length for weight, length in zip(weights, lengths, strict=True)]
            budgets = [self._moved("chosen", layer) for layer in layers]
            apart = [bound(*parts) for parts in zip(costs, worths, budgets, strict=True)]
            together = bound(torch.cat(costs, -1), torch.cat(worths, -1), self.radius * steps.sum(-1))
            yield torch.stack(apart, -1), together, steps

    def _measures(self) -> Iterator[list[Tensor]]:
        """1, and of several layers how far each unit moves at most per unit of a move of z_1 that all C pass on."""
        yield [torch.ones_like(z) for z in self.trace.preactivations]
        if self.hidden == 1 or not self.apart:
            return
        image = torch.diag_embed(self._mask("possible", 1))
        lengths = [torch.ones_like(image[..., 0])]
        for layer in range(1, self.hidden):
            image = self.trace.network.apply(layer, image.flatten(1, 2)).unflatten(1, image.shape[1:3])
            lengths.append(torch.linalg.vector_norm(image, dim=2))
            image = image * self._middle(layer + 1)[:, :, None]
        yield [torch.where(length > 0, length, 1.0) for length in lengths]

    def _choose(self, scales: list[Tensor]) -> None:
        """Of the unstable units, those with a scale are the chosen ones from here on, with their moves scaled."""
        for units, scale in zip(self._units[1:], scales, strict=True):
            units["chosen"] = units["unstable"] * scale
        self._forget("chosen")

    def compounds(self) -> Tensor:
        """c with |Σ_l b̃_lᵀ Δ_l (x̂_{l−1} − x̃_{l−1})| ≤ Σ_{r<l} c_lr ‖Δ_l‖ ‖Δ_r‖, Δ = Ŵ − W̃, (S, n, layers, layers)."""
        network, layers = self.trace.network, self.trace.network.trained
        table = self.moves[0].new_zeros(*self.moves[0].shape, layers, layers)
        for high in range(2, layers + 1):
            last = high > self.hidden
            signal = torch.full_like(self.moves[0], network.scale) if last else length(self.masked_signals(high))
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

    def _swayed_sides(self, layer: int) -> Tensor:
        """The same with g anywhere in the ball; 0 of what cannot flip."""
        cost = self.cost(layer)[:, :, None]
        units = cost[:, :, 0].argsort(-1)[..., : int((cost < torch.inf).sum(-1).amax())]
        above, below = self.entries(layer, units)
        if above.shape[2] > 1:
            sides = torch.linalg.vector_norm(torch.maximum(above, below), dim=2, keepdim=True)
        else:
            sides = torch.cat([above, below], 2).clamp_min(0)
        whole = cost.new_zeros(*sides.shape[:3], cost.shape[-1])
        return torch.where(cost < torch.inf, whole.scatter(-1, units[:, :, None].expand_as(sides), sides), 0.0)

    def _steps(self) -> Tensor:
        """How far the chosen units of all layers move together, per unit of ‖Ŵ_r − W̃_r‖_2, (S, n, H)."""
        return torch.stack([self.sizes[r - 1] * self._stacked(r) for r in range(1, self.hidden + 1)], -1)

    def _stacked(self, low: int) -> Tensor:
        """How far the chosen units of all layers from `low` on move together, per unit of a move of z_low, (S, n)."""
        layers = range(low, self.hidden + 1)
        norm = self._together([self._mask("chosen", layer) for layer in layers], low, self._mask("possible", low), [])
        # What the changes of W add to the layers above.
        added = [torch.zeros_like(norm)]
        for high in layers[1:]:
            parts = [
                self._frozen("chosen", high, at) * self.product("possible", at - 1, low)
                for at in range(low + 1, high + 1)
            ]
            added.append(self.radius * torch.stack(parts).sum(0))
        return norm + length(torch.stack(added, -1))


def _sum(still: Tensor, moved: Tensor, along: Tensor) -> Tensor:
    """‖p + q‖ at most, of ‖p‖, ‖q‖ and <p, q> at most."""
    return torch.minimum(still + moved, (still.square() + 2 * along + moved.square()).sqrt())
