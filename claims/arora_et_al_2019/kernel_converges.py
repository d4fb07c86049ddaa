"""The tangent kernel is near its limit."""

import math

from torch import Tensor

from lemmata.claims.claim import Paper
from lemmata.claims.language.sizes import Choice, Size
from lemmata.claims.lemma import lemma
from lemmata.model.draws import Rng, gaussian

ARORA_ET_AL_2019 = Paper(
    "arora-et-al-2019b",
    "Arora, Du, Hu, Li, Salakhutdinov & Wang (2019), On exact computation with an infinitely wide neural net",
)


def width(p: Choice, power: float = 4.0) -> int:
    """L⁶ ε⁻⁴ log(L/δ) at L = 1, with the constant 1."""
    return math.ceil(p.eps**-power * math.log(1 / p.delta))


def off(rng: Rng, m: int, p: Choice) -> tuple[Tensor, float]:
    """|K(x, x) − 2| of one hidden layer, at a unit input; 2ε."""
    first, out = gaussian(rng, m), gaussian(rng, m)
    active = first > 0
    kernel = 2 / m * ((first.square() + out.square()) * active).sum()
    return (kernel - 2).abs(), 2 * p.eps


def narrower(rng: Rng, p: Choice) -> tuple[Tensor, float]:
    """ε^(-3/2) in place of ε^(-4) in the width."""
    return off(rng, width(p, 1.5), p)


@lemma(
    "arora-et-al-2019b/thm-3.1",
    r"m \ge L^6 \epsilon^{-4} \log(L/\delta) \Rightarrow |K(x, x) - \Theta(x, x)| \le (L + 1) \epsilon",
    source=ARORA_ET_AL_2019.at("Theorem 3.1, as later papers restate it"),
    sizes={"eps": Size(0.25, 0.1, 0.05), "delta": Size(0.05)},
    constant=1,
    draws=60,
    examples=4,
    quantifiers="for one hidden layer and the diagonal, at the least width",
    notes="The first version has an unspecified polynomial, the power restated here is a later one's. The true error "
    "is of order m^(-1/2), so that ε^(-2) would do.",
    false={"three halves": narrower},
)
def kernel_is_near_its_limit(rng: Rng, p: Choice) -> tuple[Tensor, float]:
    """At a width of order ε⁻⁴ the tangent kernel is within 2ε of its limit."""
    return off(rng, width(p), p)
