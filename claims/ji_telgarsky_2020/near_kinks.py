"""Few units are near their kinks."""

import math

from torch import Tensor

from lemmata.claims.ji_telgarsky_2020.setting import FROM_MEMORY, JI_TELGARSKY_2020
from lemmata.claims.language.sizes import Choice, Size
from lemmata.claims.lemma import lemma
from lemmata.model.draws import Rng, gaussian


def share(rng: Rng, p: Choice, factor: float) -> tuple[Tensor, float]:
    near = (gaussian(rng, p.m, p.n).abs() <= p.eps).to(rng.dtype).mean(0).max()
    return near, factor * p.eps + math.sqrt(math.log(p.n / p.delta) / (2 * p.m))


def smaller(rng: Rng, p: Choice) -> tuple[Tensor, float]:
    """0.7 in place of √(2/π)."""
    return share(rng, p, 0.7)


@lemma(
    "ji-telgarsky-2020/lemma-2.4",
    r"\frac1m \#\{s: |w_s \cdot x_i| \le \epsilon_2\} \le \sqrt{2/\pi} \epsilon_2 + \sqrt{\ln(n/\delta) / (2m)}",
    source=JI_TELGARSKY_2020.at("Lemma 2.4"),
    sizes={"m": Size(100, 3000, 100_000), "n": Size(4), "eps": Size(0.3, 0.1, 0.01), "delta": Size(0.1)},
    constant=1,
    draws=60,
    quantifiers="for orthogonal inputs",
    notes=FROM_MEMORY + " The page may have ε_2 for √(2/π) ε_2.",
    false={"factor 0.7": smaller},
)
def few_near_kinks(rng: Rng, p: Choice) -> tuple[Tensor, float]:
    """The share of units within ε of their kink is at most √(2/π) ε, up to its fluctuation."""
    return share(rng, p, math.sqrt(2 / math.pi))
