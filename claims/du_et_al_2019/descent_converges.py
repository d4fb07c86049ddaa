"""Gradient descent converges at the rate 1 − ηλ_0/2."""

from torch import Tensor

from lemmata.claims.du_et_al_2019.setting import DU_ET_AL_2019, LAMBDA, Net
from lemmata.claims.language.condition import Condition
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.language.sizes import Choice, Size
from lemmata.claims.lemma import lemma
from lemmata.model.draws import Rng

STEPS = 60


def ratios(rng: Rng, p: Choice, rate: float) -> Tensor:
    """‖u(k) − y‖² over (1 − rate · η λ_0)^k ‖u(0) − y‖², the largest over k; η = λ_0/(4n²), as the proof allows."""
    net, step = Net(rng, p.m, p.n), LAMBDA / (4 * p.n**2)
    w, worst = net.weights, rng.tensor(0.0)
    first = None
    for k in range(STEPS):
        residual = net.labels - net.signs @ w.relu() / p.m**0.5
        first = residual.square().sum() if first is None else first
        worst = worst.maximum(residual.square().sum() / first / (1 - rate * step * LAMBDA) ** k)
        w = w + step * net.signs[:, None] * (w > 0) * residual / p.m**0.5
    return worst


def faster(rng: Rng, p: Choice) -> tuple[Tensor, float]:
    """The rate 1 − 2.5 ηλ_0: the truth is 2λ_0 in the slowest direction."""
    return ratios(rng, p, 2.5), 1.0


@lemma(
    "du-et-al-2019/thm-4.1",
    r"\|u(k) - y\|^2 \le (1 - \eta \lambda_0 / 2)^k \|u(0) - y\|^2",
    source=DU_ET_AL_2019.at("Theorem 4.1"),
    sizes={"m": Size(500, 2000, 8000), "n": Size(2, 4), "delta": Size(0.1)},
    constant=1,
    draws=20,
    examples=3,
    preconditions=(Condition("m", ">=", (Scaling(n=6, two=4, delta=-3),)),),
    quantifiers="for orthogonal inputs, and all k up to the run's end",
    notes="The width asked for with unit constants, 8.2 million at n = 2 and δ = 0.05, is not reached; it converges at "
    "a few hundred units.",
    false={"rate 2.5": faster},
)
def descent_converges(rng: Rng, p: Choice) -> tuple[Tensor, float]:
    """Gradient descent on a wide network contracts the squared residual by 1 − ηλ_0/2 in every step."""
    return ratios(rng, p, 0.5), 1.0
