"""Near the initial weights the gradient is as large as the loss, from above and from below."""

import math

import torch
from torch import Tensor

from lemmata.claims.allen_zhu_et_al_2019.setting import ALLEN_ZHU_ET_AL_2019, simplex
from lemmata.claims.claim import Reason
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.language.sizes import Choice, Size
from lemmata.claims.lemma import lemma
from lemmata.model.draws import Rng, gaussian

QUANTIFIERS = "for all residuals, inputs at mutual distance φ, and W = W⁽⁰⁾"
BALL = (
    " In the ball, of ω = φ^(3/2) n^(−9/2) L⁻⁶ log⁻³ m, no unit flips at such widths: it is not searched, and the "
    "gradients are those at W⁽⁰⁾ up to ω."
)

SIZES = {
    "m": Size(1024, 4096, 16_384, start=4096),
    "n": Size(2, 4, 8, start=2),
    "d": Size(1, 2, 4, start=1),
    "phi": Size(0.8, 0.4, 0.2, 0.1, start=0.2),
    "delta": Size(0.1),
}


def shares(L: int, phi: float) -> list[float]:
    """K_l of two inputs over m/d, at infinite width, for l = 1, …, L; of an input with itself each is ½."""
    cosine = 1 - phi**2 / 2
    angles: list[float] = []
    inner: list[float] = []
    for _ in range(L):
        angle = math.acos(cosine)
        cosine = (math.sin(angle) + (math.pi - angle) * cosine) / math.pi
        inner.append(cosine)  # of h_{l−1}, and of g_l
        angles.append(math.acos(cosine))
    found: list[float] = []
    back = 0.5
    for at in reversed(range(L)):
        back *= (math.pi - angles[at]) / math.pi
        found.insert(0, inner[at] * back)
    return found


def one_layer(rng: Rng, p: Choice) -> Tensor:
    """K_1 of one trained layer, (nd, nd), from its law: given h_0, g_1 is Gaussian, so that no matrix is drawn."""
    scale = (2 / p.m) ** 0.5
    below = (gaussian(rng, p.m, p.n + 1, scale=scale) @ simplex(rng, p.n, p.phi).T).relu()
    inner = below.double().T @ below.double()  # of close inputs singular in single precision
    at = gaussian(rng, p.m, p.n, scale=scale) @ torch.linalg.cholesky(inner).T.to(below)
    signal = gaussian(rng, p.d, p.m, scale=p.d**-0.5) * (at.T > 0)[:, None]
    return torch.einsum("iam,jbm,ij->iajb", signal, signal, inner.to(below)).reshape(p.n * p.d, -1)


@lemma(
    "allen-zhu-et-al-2019/thm-3-upper",
    r"\|\nabla_{W_l} F\|_F^2 \le C F n m / d",
    source=ALLEN_ZHU_ET_AL_2019.at("Theorem 3, upper bound"),
    sizes={**SIZES, "phi": Size(0.8, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, start=0.2)},
    scaling=Scaling(n=1, m=1, d=-1),
    draws=200,
    examples=2,
    limit=lambda p: (1 + 2 * (p.n - 1) * shares(1, p.phi)[0]) / p.n,
    quantifiers=QUANTIFIERS + ", of one trained layer",
    notes="ω and the bound as later papers restate them (arXiv:1811.03962v5). The worst residuals are an "
    "eigenvector's. With one input, and with equal ones, the constant tends to 1." + BALL,
)
def gradient_is_bounded(rng: Rng, p: Choice) -> Tensor:
    """Whatever the labels, a layer's gradient squared is at most of the order of n m/d times the loss."""
    return 2 * torch.linalg.eigvalsh(one_layer(rng, p))[-1]


@lemma(
    "allen-zhu-et-al-2019/thm-3-lower",
    r"\|\nabla F\|_F^2 \ge c F \phi m / (d n^2)",
    source=ALLEN_ZHU_ET_AL_2019.at("Theorem 3, lower bound"),
    sizes=SIZES,
    bound="lower",
    scaling=Scaling(phi=1, m=1, d=-1, n=-2),
    draws=60,
    examples=2,
    limit=lambda p: 2 * (0.5 - shares(1, p.phi)[0]) * p.n**2 / p.phi,
    quantifiers=QUANTIFIERS + ", of one trained layer",
    notes="ω as later papers restate it, the bound through the linear rate there (arXiv:1811.03962v5). The worst "
    "residuals are an eigenvector's. It asks for a width polynomial in 1/φ: below 64/φ few units tell two inputs "
    "apart. At mutual distances the truth does not fall with n; Zou & Gu's Lemma 4.1 is better by n." + BALL,
    unrefuted={"n": Reason("closed form", "at mutual distances φ the least eigenvalue has no power of n at all")},
)
def gradient_is_bounded_below(rng: Rng, p: Choice) -> Tensor:
    """Whatever the labels, the gradient squared is at least of the order of φ m/(d n²) times the loss."""
    return 2 * torch.linalg.eigvalsh(one_layer(rng, p))[0]
