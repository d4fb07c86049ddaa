"""One choice of all that a statement says "for all" about."""

from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING
from urllib.parse import quote

from lemmata.model.network import Architecture
from lemmata.model.settings import Setting

MEASURED = ("m", "L", "n", "d", "k", "tau", "delta", "phi", "mu", "eps", "batch")
"""Parameters that every case has a value of, so that a bound or a condition may speak of them."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """One choice of the letters of a problem, whichever these are; every problem has a δ."""

    if TYPE_CHECKING:
        delta: float

    def token(self) -> str:
        """The choice as text, without what has its default: `m=64,L=2`. Values are URL-quoted."""
        values = {field.name: (getattr(self, field.name), field.default) for field in fields(self)}
        return ",".join(
            f"{name}={quote(str(value), safe='/.+-')}"
            for name, (value, default) in values.items()
            if default is MISSING or value != default
        )


@dataclass(frozen=True, kw_only=True)
class Configuration(Place):
    """The sizes and recipes of a network that a claim says "for all" about; never the initialisation.

    Attributes:
        m: smallest hidden width.
        L: depth, as the claim's paper counts it.
        n: number of examples.
        d: input dimension.
        k: output dimension.
        tau: radius of the ball.
        ratio: largest hidden width over m; the widths alternate m, ratio · m, m, … (Assumption 4.2).
        data: name of a construction in `model.data.INPUTS`, a bundled data set, or a file.
        phi: separation of the inputs, for the constructions that take one.
        mu: fixed last coordinate, for the settings that have one.
        delta: δ of the claim's "with probability at least 1 − δ".
        labels: how inputs without labels of their own are labelled, see `model.data.LABELS`.
        noise: probability with which each label changes sign.
        eps: ε, the accuracy that a run is to reach.
        batch: examples per step of SGD; None is all of them.
        alpha: α, the exponent of the output's scale m^α, where the setting leaves it open.
    """

    m: int = 256
    L: int = 1
    n: int = 4
    d: int = 5
    k: int = 1
    tau: float = 0.01
    ratio: int = 1
    data: str = "sphere"
    phi: float | None = None
    mu: float | None = None
    delta: float = 0.05
    labels: str = "random"
    noise: float = 0.0
    eps: float = 0.1
    batch: int | None = None
    alpha: float | None = None

    def widths(self, setting: Setting) -> tuple[int, ...]:
        """The hidden widths."""
        layers = range(setting.hidden_layers(self.L))
        return tuple(self.m * (self.ratio if layer % 2 else 1) for layer in layers)

    def shapes(self, setting: Setting) -> tuple[tuple[int, int], ...]:
        """(out, in) of the hidden matrices."""
        return Architecture(self.d, self.widths(setting), self.k).shapes[:-1]
