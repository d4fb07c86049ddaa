"""The loss of an example is Lipschitz and almost convex in the weights; other losses keep their shapes as well."""

from typing import NamedTuple

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2019_slides import certificates
from lemmata.claims.cao_gu_2019_slides.almost_linear import RATE, UNREFUTED
from lemmata.claims.cao_gu_2019_slides.paper import CAO_GU_2019_SLIDES, DEPTH, EQUAL_WIDTHS, NEAR, WITH_PROBABILITY
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement
from lemmata.claims.language.domain import ANY, Domain
from lemmata.claims.language.plan import Plan
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim
from lemmata.model.limits import feature_stretch
from lemmata.model.losses import surrogate, taylor_remainder


@claim(
    "cao-gu-2019-slides/lipschitz",
    sentence="Near initialisation an example's loss gradient is at most of order √m in every layer.",
    source=CAO_GU_2019_SLIDES.at("Overview of the proof, second observation"),
    statement=r"\|\nabla_{W_l} L_{(x_i, y_i)}(W)\|_F \le C \sqrt{m}, \quad l \in [L]",
    kind="SCALE",
    bound="upper",
    terms=(Scaling(m="1/2"),),
    domain=Domain(tau=ANY, draws={"m": (512, 512), "L": DEPTH, "n": (1, 4)}, fixed=EQUAL_WIDTHS),
    plan=Plan(
        lines={"m": (512, 4096, 65_536), "L": (2, 8), "n": (1, 2, 4), "tau": (0.001, 0.01, 0.1)},
        start={"m": 512},
        initialisations=32,
    ),
    quantifiers="for all W with ‖W_l − W_l⁽⁰⁾‖_F ≤ τ, l ≤ L and i ≤ n",
    probability=WITH_PROBABILITY,
    attacks=("stay", "random", "stretch-features", "amplify-signals"),
    ascends=True,
    limit=lambda c: feature_stretch(c.L - 1, c.tau) if c.L == 2 and c.n == 1 else None,
    certificate=certificates.lipschitz,
    notes="Measured per unit of |ℓ'| < 1: at infinite width √m for the top layer, whose gradient is √m x_{L−1}, and "
    "√(m/2) for the others.",
)
def example_losses_are_lipschitz(case: Case) -> Measurement:
    """‖∇_{W_l} L_{(x_i, y_i)}(W)‖_F = |ℓ'| ‖∇_{W_l} f(x_i)‖_F, per unit of |ℓ'|."""
    trace = case.at_moved
    slope = surrogate(case.labels * trace.outputs)[:, None]
    return Measurement(slope * trace.gradient_norms(), (slope,), ("layer", "example", "output"))


@claim(
    "cao-gu-2019-slides/almost-convex",
    sentence="Near initialisation an example's loss is almost convex in the weights.",
    source=CAO_GU_2019_SLIDES.at("Overview of the proof, third observation"),
    statement=r"L_{(x_i, y_i)}(W) + \langle \nabla L_{(x_i, y_i)}(W), W' - W \rangle - L_{(x_i, y_i)}(W')"
    r" \le C L^2 \tau^{1/3} \sqrt{m \log m} \sum_l \|W'_l - W_l\|_2 \cdot |\ell'|",
    kind="SCALE",
    bound="upper",
    terms=(RATE,),
    domain=NEAR,
    quantifiers="for all W, W' with ‖W_l − W_l⁽⁰⁾‖_F ≤ τ, and i ≤ n",
    probability=WITH_PROBABILITY,
    attacks=(
        "random",
        "along-gradient",
        "overshoot-lowering-kinks",
        "place-on-lowering-kinks",
        "place-on-lowering-kinks-deep",
    ),
    ascends=True,
    unrefuted=UNREFUTED,
    certificate=certificates.almost_convex,
    controls=(
        Control(
            "convex",
            "L(W') ≥ L(W) + <∇L(W), W' − W>",
            measure=lambda case: Measurement(_deficit(case).clamp_min(0), (0.0,), ("example",)),
        ),
    ),
    notes="Printed with ≳ and no rate. Convexity of ℓ bounds the deficit by |ℓ'| (y R)_+ with R the linearisation "
    "error, which `general-losses` checks; units on their kink make it positive at any width.",
)
def example_losses_are_almost_convex(case: Case) -> Measurement:
    """How far the loss at W' falls below its tangent at W, propagated as a difference."""
    slope = surrogate(case.labels * case.at_expansion.outputs)[..., 0]
    return Measurement(_deficit(case), (slope * case.step_norms.sum(-1)[:, None],), ("example",))


def _deficit(case: Case) -> Tensor:
    """L(W) + <∇L(W), W' − W> − L(W') of every example, (S, n)."""
    z, dz, error = along_margins(case)
    return -_logistic(z, dz).excess(error)


def along_margins(case: Case) -> tuple[Tensor, Tensor, Tensor]:
    """y f at W, its change to W', and the part of that which is not linear in the step, (S, n) each."""
    parts = (case.at_expansion.outputs, case.difference.outputs, case.difference.linearisation_error)
    z, dz, error = ((case.labels * part)[..., 0] for part in parts)
    return z, dz, error


class Shape(NamedTuple):
    """A loss of the margin z at the expansion, and how it changes with it.

    Attributes:
        slope: ℓ'(z), one subgradient at a kink.
        remainder: ℓ(z + dz) − ℓ(z) − ℓ'(z) dz.
        lipschitz: sup |ℓ'|, infinite where there is none.
        smooth: sup ℓ'', infinite where there is none.
    """

    slope: Tensor
    remainder: Tensor
    lipschitz: float
    smooth: float

    def excess(self, error: Tensor) -> Tensor:
        """ℓ(z + dz) less its tangent in the weights, where dz is `error` more than linear: nothing is subtracted."""
        return self.slope * error + self.remainder


def _logistic(z: Tensor, dz: Tensor) -> Shape:
    return Shape(-surrogate(z), taylor_remainder(z, dz), 1.0, 0.25)


def _square(z: Tensor, dz: Tensor) -> Shape:
    """½ (z − 1)², which for labels ±1 is ½ (f − y)²."""
    return Shape(z - 1, dz.square() / 2, torch.inf, 1.0)


def _hinge(z: Tensor, dz: Tensor) -> Shape:
    """max(0, 1 − z): the remainder is what crosses the kink at 1."""
    short, over = z < 1, z + dz - 1
    remainder = torch.where(short, over.clamp_min(0), (-over).clamp_min(0))
    return Shape(-short.to(z), remainder, 1.0, torch.inf)


LOSSES = {"logistic": _logistic, "square": _square, "hinge": _hinge}


@claim(
    "cao-gu-2019-slides/general-losses",
    sentence="Convex, Lipschitz or smooth losses give (almost) convex, Lipschitz or smooth training losses.",
    source=CAO_GU_2019_SLIDES.at("Overview of the proof, last display"),
    statement=r"\ell\ \text{convex / Lipschitz / smooth} \Rightarrow L_{(x_i, y_i)}(W)\ "
    r"\text{(almost) convex / Lipschitz / smooth}",
    kind="DET",
    bound="upper",
    stated=1.0,
    domain=NEAR,
    quantifiers="for the logistic, square and hinge losses, all W, W' in the ball and i ≤ n",
    attacks=("random", "along-gradient", "overshoot-kinks", "place-on-kinks", "place-on-lowering-kinks"),
    controls=(
        Control(
            "convex outright",
            "the loss at W' is at least its tangent at W",
            measure=lambda case: _shapes(case, tangent=0.0),
        ),
        Control(
            "half as smooth",
            "the excess is at most |ℓ'| |R| + ¼ sup ℓ'' Δf²",
            measure=lambda case: _shapes(case, smooth=0.5),
        ),
        Control(
            "half as Lipschitz",
            "|ℓ(z') − ℓ(z)| ≤ ½ sup |ℓ'| |Δf|",
            measure=lambda case: _shapes(case, lipschitz=0.5),
        ),
    ),
    notes="With R the linearisation error: the tangent at W exceeds the loss at W' by |ℓ'| (±R)_+ at most, the loss "
    "exceeds the tangent by |ℓ'| |R| + ½ sup ℓ'' Δf² at most, and losses differ by sup |ℓ'| |Δf| at most.",
)
def losses_keep_their_shapes(case: Case) -> Measurement:
    """Deficit of the tangent, excess over it, and difference, of three losses; what a loss has not is left out."""
    return _shapes(case)


def _shapes(case: Case, *, tangent: float = 1.0, smooth: float = 1.0, lipschitz: float = 1.0) -> Measurement:
    z, dz, error = along_margins(case)
    lhs, rhs = [], []
    for shape in (loss(z, dz) for loss in LOSSES.values()):
        first_order = shape.slope * error
        lhs.append(-shape.excess(error))
        rhs.append(tangent * (-first_order).clamp_min(0))
        if shape.smooth < torch.inf:
            lhs.append(shape.excess(error))
            rhs.append(first_order.abs() + smooth * shape.smooth * dz.square() / 2)
        if shape.lipschitz < torch.inf:
            lhs.append((shape.slope * dz + shape.remainder).abs())
            rhs.append(lipschitz * shape.lipschitz * dz.abs())
    return Measurement(torch.stack(lhs, -1), (torch.stack(rhs, -1),), ("example", "property"))
