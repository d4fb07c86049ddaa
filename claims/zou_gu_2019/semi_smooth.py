"""Lemma 4.4: near initialisation the training loss is semi-smooth."""

import math

from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Reason
from lemmata.claims.language.condition import Condition
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.domain import ANY, Domain
from lemmata.claims.language.plan import Coupled, Plan
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim
from lemmata.claims.zou_gu_2019 import certificates
from lemmata.claims.zou_gu_2019.kernel_regime import MU
from lemmata.claims.zou_gu_2019.paper import ZOU_GU_2019
from lemmata.model.limits import GAUSSIAN_KINK_PLACEMENT
from lemmata.model.losses import LOSSES

KINKS = Scaling(tau="1/3", L=2, m="1/2", log_m="1/2", k="-1/2")
QUADRATIC = Scaling(L=2, m=1, k=-1)

WINDOW = (
    Condition("tau", ">=", (Scaling(k="3/2", m="-3/2", L="-3/2", log_m="-3/2"),)),
    Condition("tau", "<=", (Scaling(L="-9/2", log_m="-3/2"),)),
)
"""The window of radii, with both absolute constants taken as 1."""


def _limit(c: Configuration) -> float | None:
    """Of the kinks, which decide the ratio where steps are short; √L(Ŵ) is the residual over √2."""
    return math.sqrt(2 / math.log(c.m)) * GAUSSIAN_KINK_PLACEMENT if c.L == c.k == c.n == 1 else None


def _excess(case: Case, *, kinks: float = 1.0, power: float = 0.5) -> Measurement:
    """The loss difference beyond its linear term, propagated as differences, against the two terms.

    Args:
        case: the point of expansion, the paper's Ŵ, is the first of its pair.
        kinks: multiplies the first term.
        power: of the loss in the first term.
    """
    loss = LOSSES[case.setting.loss]
    excess = case.difference.loss_excess(loss, case.labels)
    step = case.step_norms.amax(-1)
    size = loss.value(case.at_expansion.outputs, case.labels) ** power
    return Measurement(excess, (kinks * size * step, step.square()))


def _nearly_fitted(case: Case, power: float) -> Measurement:
    """The same with labels that the network almost fits: residuals a thousand times smaller."""
    f = case.at_expansion.outputs
    labels = f - 1e-3 * (f - case.labels)
    loss = LOSSES[case.setting.loss]
    excess = (loss.slopes(f, labels) * case.difference.linearisation_error).sum((-2, -1))
    excess = excess + loss.remainder(f, case.difference.outputs, labels)
    step = case.step_norms.amax(-1)
    return Measurement(excess, (loss.value(f, labels) ** power * step, step.square()))


@claim(
    "zou-gu-2019/lemma-4.4",
    sentence="Near initialisation the loss is semi-smooth: its expansion, a kink term and a quadratic one.",
    source=ZOU_GU_2019.at("Lemma 4.4, equation (4.2)"),
    statement=r"L(\widetilde W) \le L(\widehat W) + \langle \nabla L(\widehat W), \widetilde W - \widehat W \rangle"
    r" + C' \sqrt{L(\widehat W)} \tau^{1/3} L^2 \sqrt{m \log m} k^{-1/2} \|\widetilde W - \widehat W\|_2"
    r" + C'' L^2 m k^{-1} \|\widetilde W - \widehat W\|_2^2",
    kind="SCALE",
    bound="upper",
    terms=(KINKS, QUADRATIC),
    domain=Domain(
        tau=ANY, draws={"m": (128, 256), "L": (1, 3), "n": (1, 3), "tau": (0.01, 0.1)}, fixed={"mu": MU, "ratio": 1}
    ),
    plan=Plan(
        lines={
            "m": (512, 2048, 8192),
            "L": (1, 2, 3),
            "n": (1, 2, 4),
            "k": (1, 2, 4, 8),
            "tau": (0.00316, 0.01, 0.0316, 0.1),
        },
        along={"m": {"tau": 0.01}, "L": {"m": 512, "tau": Coupled(0.1, Scaling(L="-9/2"))}, "tau": {"m": 2048}},
        start={"m": 512, "tau": 0.02},
        initialisations=96,
        examples=6,
    ),
    quantifiers="for all Ŵ, W̃ in the ball",
    probability="at least 1 − exp(−Ω(mτ^{2/3}L)) over W⁽⁰⁾ and V",
    attacks=(
        "random",
        "along-gradient",
        "overshoot-kinks",
        "overshoot-kinks-deep",
        "overshoot-kinks-together",
        "place-on-kinks",
        "place-on-kinks-deep",
        "place-on-kinks-together",
    ),
    ascends=True,
    limit=_limit,
    certificate=certificates.semi_smooth,
    preconditions=WINDOW,
    erratum="E-21",
    unrefuted={
        "L": Reason(
            "out of reach", "open: changes of all layers reach L^(2/3) of the L² (K15), and no bound below L² is known"
        ),
        "log_m": Reason(
            "out of reach",
            "open: placement on the kinks of one layer gives 0.920 √m τ^(1/3) of each residual without a logarithm "
            "(K19), and no bound without it is known",
        ),
    },
    controls=(
        Control("no kink term", "the quadratic alone bounds the excess", measure=lambda case: _excess(case, kinks=0.0)),
        Control(
            "loss in place of its root",
            "C' L(Ŵ) in place of C' √L(Ŵ), at labels that are almost fitted",
            measure=lambda case: _nearly_fitted(case, 1.0),
        ),
    ),
    notes="The norm of a collection is its largest layer's. The quadratic's constant tends to 1/4, along the gradients "
    "of all layers. Expansion at Ŵ, the first of the pair.",
)
def loss_is_semi_smooth(case: Case) -> Measurement:
    """The excess of the loss over its expansion at Ŵ."""
    return _excess(case)
