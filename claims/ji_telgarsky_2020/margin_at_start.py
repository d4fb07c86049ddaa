"""Weights near the initial ones separate the data by almost the margin."""

import math

from torch import Tensor

from lemmata.claims.ji_telgarsky_2020.setting import JI_TELGARSKY_2020, RE_DERIVED, XOR_MARGIN, direction, xor
from lemmata.claims.language.sizes import Choice, Size
from lemmata.claims.lemma import lemma
from lemmata.model.draws import Rng, gaussian

SHORT = XOR_MARGIN / 8
"""ε_1."""


def least(rng: Rng, p: Choice, share: float = 1.0) -> tuple[Tensor, float]:
    """min_i y_i f_i⁽⁰⁾(Ū), with the width of the lemma, or a share of that."""
    points, labels = xor(rng)
    m = math.ceil(share * 2 * math.log(len(points) / p.delta) / SHORT**2)
    z = gaussian(rng, m, 2)
    at = ((z @ points.T > 0) * (direction(z) @ points.T)).mean(0)
    return (labels * at).min(), XOR_MARGIN - SHORT


def narrow(rng: Rng, p: Choice) -> tuple[Tensor, float]:
    """A fortieth of the width."""
    return least(rng, p, 1 / 40)


@lemma(
    "ji-telgarsky-2020/lemma-2.3",
    r"m \ge 2 \ln(n/\delta) / \epsilon_1^2 \Rightarrow y_i f^{(0)}_i(\bar U) \ge \gamma - \epsilon_1",
    source=JI_TELGARSKY_2020.at("Lemma 2.3"),
    sizes={"delta": Size(0.3, 0.1, 0.05)},
    bound="lower",
    constant=1,
    quantifiers="for XOR, ε_1 = γ/8, at the least width",
    notes=RE_DERIVED,
    false={"a fortieth of the width": narrow},
)
def margin_at_start(rng: Rng, p: Choice) -> tuple[Tensor, float]:
    """The linearised network has weights Ū of norm 1 with nearly the margin on every example."""
    return least(rng, p)
