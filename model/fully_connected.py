"""Networks of papers beyond the four: initial law and parametrisation of each layer, biases, activation, doubling.

They are functions of named weights, for problems of one's own and for autograd. The engines, attacks and certificates
of the four papers' ReLU networks know nothing of them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from lemmata.model.activations import ACTIVATIONS, Activation
from lemmata.model.draws import Rng, gaussian

Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class Law:
    """One layer W = fan^shift · w: the entries of W are N(0, variance / fan-in^(2 power)) at the start, and w moves.

    Attributes:
        variance: c of N(0, c / fan-in).
        power: of the fan-in in their standard deviation.
        shift: of a fan, from the initial law to a factor: a step of w moves W by fan^(2 shift) times as much.
        of: which fan.
    """

    variance: float = 1.0
    power: float = 0.5
    shift: float = 0.0
    of: Literal["fan-in", "fan-out"] = "fan-in"

    def factor(self, shape: tuple[int, int]) -> float:
        """fan^shift, of a layer (out, in)."""
        return float(shape[self.of == "fan-in"]) ** self.shift

    def deviation(self, shape: tuple[int, int]) -> float:
        """Of the entries of w."""
        return math.sqrt(self.variance) * float(shape[1]) ** -self.power / self.factor(shape)


LAWS: dict[str, tuple[Law, Law, Law]] = {
    "standard": (Law(), Law(), Law()),
    "ntk": (Law(shift=-0.5), Law(shift=-0.5), Law(shift=-0.5)),
    "mup": (Law(shift=0.5, of="fan-out"), Law(), Law(power=1.0, shift=-0.5)),
}
"""Of the first layer, those between, and the last: N(0, 1/fan-in) itself, a factor in its place (Jacot et al. 2018),
and the maximal update parametrisation (Yang & Hu 2021)."""


@dataclass(frozen=True)
class FullyConnected:
    """f(x) = W_L σ(… σ(W_1 x + β b_1)) + β b_L, of any activation and initial law.

    Attributes:
        sizes: d, the hidden widths, the number of outputs.
        activation: one of `ACTIVATIONS`, or its name.
        laws: of the layers, or a key of `LAWS`; with three of them the second is of all layers between.
        biases: β, the standard deviation of the biases; 0 for none.
        doubled: whether it is (f(x; w) − f(x; w')) / √2 with w' = w at the start, so that it is 0 there.

    Raises:
        ValueError: if a size is not positive, or laws and layers do not fit.
    """

    sizes: tuple[int, ...]
    activation: Activation | str = "relu"
    laws: Sequence[Law] | str = "ntk"
    biases: float = 0.0
    doubled: bool = False

    def __post_init__(self) -> None:
        if len(self.sizes) < 2 or not all(type(size) is int and size > 0 for size in self.sizes):
            raise ValueError(f"sizes={self.sizes!r} must be d, the hidden widths and the number of outputs, positive")
        for name, value, known in (("activation", self.activation, ACTIVATIONS), ("laws", self.laws, LAWS)):
            if isinstance(value, str) and value not in known:
                raise ValueError(f"{name}={value!r} must be one of {', '.join(known)}")
        if not self.biases >= 0:
            raise ValueError(f"biases={self.biases!r} must not be negative")
        if len(self.layers) != len(self.shapes):
            raise ValueError(f"laws={self.laws!r} must be one for each of {len(self.shapes)} layers, or three")

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """(out, in) of each layer."""
        return list(zip(self.sizes[1:], self.sizes[:-1], strict=True))

    @property
    def layers(self) -> list[Law]:
        """The law of each layer."""
        laws, count = LAWS[self.laws] if isinstance(self.laws, str) else tuple(self.laws), len(self.sizes) - 1
        if len(laws) == 3 and count != 3:
            first, between, last = laws
            return [first, *[between] * (count - 2), last][-count:]
        return list(laws)

    @property
    def sigma(self) -> Activation:
        """The activation."""
        return ACTIVATIONS[self.activation] if isinstance(self.activation, str) else self.activation

    def draw(self, rng: Rng) -> dict[str, Tensor]:
        """w of every layer, `W1`, …, and `b1`, … of biases; of the doubled network both halves, `W1'`, …."""
        weights: dict[str, Tensor] = {}
        for number, (shape, law) in enumerate(zip(self.shapes, self.layers, strict=True), 1):
            weights[f"W{number}"] = gaussian(rng, *shape, scale=law.deviation(shape))
            if self.biases:
                weights[f"b{number}"] = gaussian(rng, shape[0])
        return weights | ({f"{name}'": w.clone() for name, w in weights.items()} if self.doubled else {})

    def __call__(self, weights: Weights, inputs: Tensor) -> Tensor:
        """The outputs, (n, k)."""
        if not self.doubled:
            return self.pre_activations(weights, inputs)[-1]
        halves = (self.pre_activations(weights, inputs, half)[-1] for half in ("", "'"))
        return (next(halves) - next(halves)) / math.sqrt(2)

    def pre_activations(self, weights: Weights, inputs: Tensor, half: str = "") -> list[Tensor]:
        """What each layer makes of inputs (n, d), before its activation, (n, out)."""
        found: list[Tensor] = []
        for number, (shape, law) in enumerate(zip(self.shapes, self.layers, strict=True), 1):
            below = self.sigma.value(found[-1]) if found else inputs
            z = law.factor(shape) * below @ weights[f"W{number}{half}"].mT
            found.append(z + self.biases * weights[f"b{number}{half}"] if self.biases else z)
        return found

    def tangent_kernel(self, weights: Weights, inputs: Tensor) -> Tensor:
        """<∇f_p(x_i), ∇f_q(x_j)> over all weights, (n, n, k, k), by autograd."""

        def outputs(weights: dict[str, Tensor]) -> Tensor:
            return self(weights, inputs)

        slopes = torch.func.jacrev(outputs)(dict(weights))
        n, k = len(inputs), self.sizes[-1]
        flat = torch.cat([slope.reshape(n, k, -1) for slope in slopes.values()], -1)
        return torch.einsum("ipw,jqw->ijpq", flat, flat)

    def limits(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """The covariance of one output and the tangent kernel at infinite width, (n, n).

        Source: Jacot et al. (2018), Theorem 1, with variances.

        Raises:
            ValueError: if a layer is of another parametrisation, where the kernel has another limit or none.
        """
        if any((law.power, law.shift, law.of) != (0.5, -0.5, "fan-in") for law in self.layers):
            raise ValueError(f"laws={self.laws!r} must be of the NTK parametrisation")
        first, *others = (law.variance for law in self.layers)
        covariance = first * inputs @ inputs.mT / inputs.shape[1] + self.biases**2
        tangent = covariance
        for variance in others:
            a = covariance.diagonal()[:, None].expand_as(covariance)
            slope = variance * self.sigma.dual_slope(a, a.mT, covariance)
            covariance = variance * self.sigma.dual(a, a.mT, covariance) + self.biases**2
            tangent = tangent * slope + covariance
        return covariance, tangent
