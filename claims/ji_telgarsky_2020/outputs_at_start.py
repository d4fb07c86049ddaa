"""Outputs are bounded at initialisation."""

import math

from torch import Tensor

from lemmata.claims.ji_telgarsky_2020.setting import FROM_MEMORY, JI_TELGARSKY_2020
from lemmata.claims.language.sizes import Choice, Size
from lemmata.claims.lemma import lemma
from lemmata.model.draws import Rng, gaussian, signs


def width(p: Choice) -> int:
    """25 ln(2n/δ)."""
    return math.ceil(25 * math.log(2 * p.n / p.delta))


@lemma(
    "ji-telgarsky-2020/lemma-2.5",
    r"m \ge 25 \ln(2n/\delta) \Rightarrow |f(x_i; W_0)| \le \sqrt{2 \ln(4n/\delta)}",
    source=JI_TELGARSKY_2020.at("Lemma 2.5"),
    sizes={"n": Size(4, 16, 64), "delta": Size(0.3, 0.1, 0.05)},
    constant=1,
    quantifiers="for orthogonal inputs, at the least width",
    notes=FROM_MEMORY + " The limit law is N(0, ½), so that the true scale is smaller by √2.",
    false={"a quarter inside the root": math.sqrt(1 / 8)},
)
def outputs_at_start(rng: Rng, p: Choice) -> tuple[Tensor, float]:
    """At initialisation no output of a wide network exceeds √(2 ln(4n/δ))."""
    m = width(p)
    outputs = signs(rng, m) @ gaussian(rng, m, p.n).relu() / m**0.5
    return outputs.abs().max(), math.sqrt(2 * math.log(4 * p.n / p.delta))
