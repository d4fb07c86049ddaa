"""The second moment of the tangent kernel."""

from torch import Tensor

from lemmata.claims.claim import Paper
from lemmata.claims.language.sizes import Choice, Size
from lemmata.claims.lemma import lemma
from lemmata.model.draws import Rng, gaussian

HANIN_NICA_2020 = Paper(
    "hanin-nica-2020", "Hanin & Nica (2020), Finite depth and width corrections to the neural tangent kernel"
)

NOTES = (
    "The exponent 5 is the paper's, its statement is from memory; the exact moments of the hidden layers' weights "
    "alone are derived here: L⁻² Σ (1 + 5/m)^(L − |l − r|) (1 + 1/m)^|l − r|. They fall below exp(5β) by 1/(2β) at "
    "large β, so that no constant from below is uniform in β. E K is known, so that its variance is measured, which "
    "tells 5/m from 4/m."
)

COPIES = 128
"""Independent networks whose mean is one draw: K² has heavy tails."""

FALSE = {"exponent 4": 0.8, "exponent 6": 1.2}
"""4/m and 6/m in place of 5/m, up to the order of 1/m²."""


def variance(rng: Rng, m: int, layers: int) -> Tensor:
    """(K − E K)² over the square of E K, the mean of `COPIES` networks of one or two ReLU layers above a unit input.

    K is Σ_l ‖x_{l−1}‖² ‖b_l‖², of layers of variance 2/m under a Gaussian output.
    """
    below = gaussian(rng, COPIES, m, scale=(2 / m) ** 0.5).relu()
    out = gaussian(rng, COPIES, m)
    if layers == 1:
        kernel = (out * (below > 0)).square().sum(-1) / (m / 2)
    else:
        weights = gaussian(rng, COPIES, m, m, scale=(2 / m) ** 0.5)
        back = out * ((weights @ below[..., None])[..., 0] > 0)
        lower = (back[:, None] @ weights)[:, 0] * (below > 0)
        kernel = (below.square().sum(-1) * back.square().sum(-1) + lower.square().sum(-1)) / m
    return (kernel - 1).square().mean()


@lemma(
    "hanin-nica-2020/thm-1-one-layer",
    r"E K^2 / (E K)^2 - 1 = 5/m",
    source=HANIN_NICA_2020.at("Theorem 1, one hidden layer"),
    sizes={"m": Size(16, 32)},
    bound="equality",
    margin=0.06,
    draws=512,
    examples=1,
    false=FALSE,
    notes=NOTES,
)
def kernel_of_one_layer(rng: Rng, p: Choice) -> tuple[Tensor, float]:
    """The tangent kernel of one hidden layer fluctuates by exactly 5/m, relative to its mean squared."""
    return variance(rng, p.m, 1), 5 / p.m


@lemma(
    "hanin-nica-2020/thm-1-two-layers",
    r"E K^2 / (E K)^2 - 1 = \tfrac12 [(1 + 5/m)^2 + (1 + 5/m)(1 + 1/m)] - 1",
    source=HANIN_NICA_2020.at("Theorem 1, two hidden layers"),
    sizes={"m": Size(16, 32)},
    bound="equality",
    margin=0.06,
    draws=1024,
    examples=1,
    false=FALSE,
    notes=NOTES,
)
def kernel_of_two_layers(rng: Rng, p: Choice) -> tuple[Tensor, float]:
    """The tangent kernel of two hidden layers fluctuates as a product of two moments says."""
    return variance(rng, p.m, 2), ((1 + 5 / p.m) ** 2 + (1 + 5 / p.m) * (1 + 1 / p.m)) / 2 - 1
