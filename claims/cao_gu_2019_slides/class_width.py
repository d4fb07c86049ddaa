"""The neural tangent random feature class: linear in increments of at most R m^{−1/2} per layer."""

from torch import Tensor

from lemmata.claims.cao_gu_2019_slides.paper import CAO_GU_2019_SLIDES, DEPTH, EQUAL_WIDTHS
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement
from lemmata.claims.language.domain import ANY, Domain
from lemmata.claims.language.plan import Plan
from lemmata.claims.registry import claim


@claim(
    "cao-gu-2019-slides/ntrf-class",
    sentence="The class holds the linearised networks with every layer within R/√m of initialisation.",
    source=CAO_GU_2019_SLIDES.at("Theorem, definition of F(W⁽⁰⁾, R)"),
    statement=r"F(W^{(0)}, R) = \{f_{W^{(0)}}(\cdot) + \langle \nabla f_{W^{(0)}}(\cdot), W \rangle :"
    r" \|W_l\|_F \le R m^{-1/2}, l \in [L]\}",
    kind="DEF",
    bound="upper",
    stated=1.0,
    domain=Domain(tau=ANY, draws={"L": DEPTH, "tau": (1e-3, 0.5)}, fixed=EQUAL_WIDTHS),
    plan=Plan(lines={"m": (64, 256), "L": (2, 3, 5), "tau": (0.01, 0.5)}, start={"n": 3}),
    quantifiers="for all W with ‖W_l‖_F ≤ τ = R m^{−1/2} and all x_i",
    attacks=("random", "along-gradient"),
    exact=lambda _: True,
    limit=lambda _: 1.0,
    controls=(
        Control(
            "one ball for all layers",
            "‖W‖_F ≤ R m^{−1/2} over all layers together (E-61)",
            measure=lambda case: _reach(case, case.at_initial.gradient_norms().square().sum(1).sqrt()),
        ),
        Control(
            "hidden layers only",
            "the top layer does not move",
            measure=lambda case: _reach(case, case.at_initial.gradient_norms()[:, :-1].sum(1)),
        ),
    ),
    notes="No function of the class leaves f_{W⁽⁰⁾} by more than R m^{−1/2} Σ_l ‖∇_{W_l} f‖_F at a point, and one does "
    "by that: at infinite width R (1 + (L − 1)/√2), measured by `lemmata calibrate`.",
)
def class_reaches_as_far_as_its_gradients(case: Case) -> Measurement:
    """|<∇f(x_i), W>| over the class, attained along the gradient, against R m^{−1/2} Σ_l ‖∇_{W_l} f(x_i)‖_F."""
    return _reach(case, case.at_initial.gradient_norms().sum(1))


def _reach(case: Case, slope: Tensor) -> Measurement:
    return Measurement(case.difference.linear.abs(), (case.tau * slope,), ("example", "output"))
