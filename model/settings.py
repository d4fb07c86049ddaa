"""The conventions of the four papers, which differ and are easy to mix up."""

from dataclasses import dataclass, replace
from typing import Literal

Loss = Literal["cross-entropy", "square"]
Output = Literal["signs", "gaussian", "trained"]
Norm = Literal["frobenius", "spectral"]


@dataclass(frozen=True)
class Setting:
    """One paper's network, initialisation, loss and ball.

    Hidden weights are N(0, 2 / fan-out) in all four papers. The network is

        f(x) = scale · V σ(W_H σ(… σ(W_1 x))),   scale = m^exponent.

    Attributes:
        id: the paper's key, as on the command line.
        loss: "cross-entropy" (labels ±1) or "square" (labels in R^k).
        output: "signs" (V fixed, exactly half +1 and half −1), "gaussian" (V fixed, entries
            N(0, 1/k)) or "trained" (V is the last weight matrix, entries N(0, 1/m), and moves).
        ball: the norm in which the paper measures a layer's distance from initialisation.
        exponent: power of the width that multiplies the output.
        fixed_coordinate: whether every input ends in the same coordinate μ > 0.

    Source: cao-gu-2020 section 3; zou-gu-2019 section 2; cao-gu-2019-slides; chen-et-al-2019-poster.
    """

    id: str
    loss: Loss
    output: Output
    ball: Norm
    exponent: float = 0.0
    fixed_coordinate: bool = False

    @property
    def trains_output(self) -> bool:
        """Whether the output layer is trained, and so counted in the depth L."""
        return self.output == "trained"

    def depth(self, hidden_layers: int) -> int:
        """L as this paper counts it: hidden layers, or all weight layers when the last is trained."""
        return hidden_layers + self.trains_output

    def hidden_layers(self, depth: int) -> int:
        """The number of ReLU layers of a network of depth L."""
        return depth - self.trains_output

    def has_width(self, m: int) -> bool:
        """Whether a statement is about layers of this width: log m is 0 at 1, and half of balanced signs are +1."""
        return m > 1 and (self.output != "signs" or m % 2 == 0)

    def scaled(self, exponent: float) -> "Setting":
        """The same setting with another output exponent (the poster's α ranges over (0, 1/2])."""
        return replace(self, exponent=exponent)


CAO_GU_2020 = Setting("cao-gu-2020", "cross-entropy", "signs", "frobenius")
ZOU_GU_2019 = Setting("zou-gu-2019", "square", "gaussian", "spectral", fixed_coordinate=True)
CAO_GU_2019_SLIDES = Setting("cao-gu-2019-slides", "cross-entropy", "trained", "frobenius", exponent=0.5)
CHEN_ET_AL_2019_POSTER = Setting("chen-et-al-2019-poster", "cross-entropy", "trained", "frobenius", exponent=0.5)

SETTINGS = {setting.id: setting for setting in (CAO_GU_2020, ZOU_GU_2019, CAO_GU_2019_SLIDES, CHEN_ET_AL_2019_POSTER)}
