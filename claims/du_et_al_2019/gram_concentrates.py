"""H(0) is near H^∞."""

import math

from torch import Tensor

from lemmata.claims.du_et_al_2019.setting import DU_ET_AL_2019, LAMBDA
from lemmata.claims.language.sizes import Choice, Size
from lemmata.claims.lemma import lemma
from lemmata.model.draws import Rng, gaussian


def width(p: Choice, constant: float = 256.0) -> int:
    """C n² λ_0⁻² log(n/δ); the proof's entries within 4 √(log(n/δ)/m) give C = 256."""
    return math.ceil(constant * p.n**2 / LAMBDA**2 * math.log(p.n / p.delta))


def off(rng: Rng, p: Choice, m: int) -> tuple[Tensor, float]:
    active = (gaussian(rng, m, p.n) > 0).to(rng.dtype)
    return (active.mean(0) - 0.5).abs().max(), LAMBDA / 4


def at_constant_one(rng: Rng, p: Choice) -> tuple[Tensor, float]:
    """The same with C = 1 in the condition on the width."""
    return off(rng, p, width(p, 1.0))


@lemma(
    "du-et-al-2019/lemma-3.1",
    r"m \ge 256 n^2 \lambda_0^{-2} \log(n/\delta) \Rightarrow \|H(0) - H^\infty\|_2 \le \lambda_0 / 4",
    source=DU_ET_AL_2019.at("Lemma 3.1, with the constant of its proof"),
    sizes={"n": Size(1, 2), "delta": Size(0.1, 0.05)},
    constant=1,
    draws=40,
    quantifiers="for orthogonal inputs, at the least width",
    false={"constant 1 in the width": at_constant_one},
)
def gram_concentrates(rng: Rng, p: Choice) -> tuple[Tensor, float]:
    """At initialisation the Gram matrix of a wide network is near its expectation.

    Of orthogonal inputs it is diagonal, with the shares of active units.
    """
    return off(rng, p, width(p))
