"""Stochastic gradient descent generalises as well as the best function of the linearised class fits the sample."""

import math

import torch

from lemmata.claims.cao_gu_2019_slides.one_pass import errors_of_the_iterates
from lemmata.claims.cao_gu_2019_slides.paper import CAO_GU_2019_SLIDES, DEPTH, EQUAL_WIDTHS, WITH_PROBABILITY
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Reason
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import Plan
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim
from lemmata.model.empirical_kernels import measured_layers
from lemmata.model.kernels import tangent_kernel
from lemmata.model.margins import label_complexity
from lemmata.model.reference_class import class_minimum

RADII = (0.5, 3.0, 6.0)
"""R / √n, of the class and of the step size η = R / (m √n): fitting noise takes a radius of that order."""

PURE_NOISE = {**EQUAL_WIDTHS, "data": "sphere", "labels": "random"}
"""Labels that nothing can predict: the error stays at ½ however well the sample is fitted."""

LEARNED = Plan(
    lines={"m": (64, 512, 4096), "n": (16, 32, 64)}, start={"m": 64, "n": 32}, initialisations=24, examples=2
)

GAP = 1e-4
"""Of the infimum over the class: how far above it the value may be."""

DEPTH_OPEN = Reason("out of reach", "open: depth is not varied, and no bound is known that grows with it less")

ESTIMATION = Scaling(L=1, n="-1/2")
CONFIDENCE = Scaling(n="-1/2")


@claim(
    "cao-gu-2019-slides/thm-ntrf",
    sentence="One pass of SGD errs at most four times the best linearised network's loss, plus L R/√n.",
    source=CAO_GU_2019_SLIDES.at("Theorem"),
    statement=r"E[L^{0-1}_D(\hat W)] \le \inf_{f \in F(W^{(0)}, R)} \frac4n \sum_i \ell[y_i f(x_i)]"
    r" + C \left[\frac{LR}{\sqrt n} + \sqrt{\frac{\log(1/\delta)}{n}}\right]",
    kind="RUN",
    bound="upper",
    ceiling=1.0,
    expected="vacuous",
    terms=(ESTIMATION, CONFIDENCE),
    domain=Domain(draws={"m": (64, 128), "L": (2, 2), "n": (16, 32)}, fixed=PURE_NOISE),
    plan=LEARNED,
    quantifiers="for R / √n in 0.5, 3, 6, with step size R / (m √n)",
    probability=f"{WITH_PROBABILITY} and the sample",
    resampled=True,
    controls=(
        Control(
            "no estimation error",
            "E[L_D(Ŵ)] ≤ 4 inf + C √(log(1/δ)/n)",
            measure=lambda case: _excess(case, 4.0, estimation=0.0),
        ),
        Control("½ for 4", "E[L_D(Ŵ)] ≤ ½ inf + …", measure=lambda case: _excess(case, 0.5)),
    ),
    unrefuted={"L": DEPTH_OPEN},
    notes="The slides leave the step size open. The infimum is a convex programme over n × n Grams, solved to a "
    "duality gap of 1e-4.",
)
def sgd_does_as_well_as_the_linear_class(case: Case) -> Measurement:
    """Mean error of W⁽⁰⁾, …, W⁽ⁿ⁻¹⁾ on fresh examples beyond four times the best loss of the class."""
    return _excess(case, 4.0)


def _excess(case: Case, times: float, *, estimation: float = 1.0) -> Measurement:
    m, n = case.parameters["m"], len(case.inputs)
    layers, outputs = measured_layers(case.at_initial), case.at_initial.outputs
    excess = []
    for radius in (share * math.sqrt(n) for share in RADII):
        best = class_minimum(layers, outputs, case.labels, radius / math.sqrt(m), gap=GAP).value
        error = errors_of_the_iterates(case, radius / (m * math.sqrt(n))).mean(-1)
        excess.append((error - times * best).clamp_min(0))
    reach = estimation * math.sqrt(n) * case.inputs.new_tensor([RADII])
    return Measurement(torch.stack(excess, -1), (reach, math.sqrt(math.log(1 / case.delta))), ("radius",))


@claim(
    "cao-gu-2019-slides/cor-ntk",
    sentence="One pass of SGD errs at most of order L √(ỹᵀ Θ⁻¹ ỹ/n), by the tangent kernel Θ.",
    source=CAO_GU_2019_SLIDES.at("Corollary"),
    statement=r"E[L^{0-1}_D(\hat W)] \le \tilde O\left[L \inf_{\tilde y_i y_i \ge 1}"
    r" \sqrt{\frac{\tilde y^\top (\Theta^{(L)})^{-1} \tilde y}{n}}\right] + C \sqrt{\frac{\log(1/\delta)}{n}}",
    kind="RUN",
    bound="upper",
    ceiling=1.0,
    expected="vacuous",
    terms=(ESTIMATION, CONFIDENCE),
    domain=Domain(draws={"m": (64, 128), "L": DEPTH, "n": (16, 32)}, fixed=PURE_NOISE),
    plan=LEARNED,
    quantifiers="for all samples whose Θ is positive definite, with R = √(ỹᵀΘ⁻¹ỹ) in the step size",
    probability=f"{WITH_PROBABILITY} and the sample",
    resampled=True,
    unrefuted={"L": DEPTH_OPEN},
    notes="The kernel is the infinite-width one; the quadratic programme is solved exactly. Up to logarithms.",
)
def error_is_at_most_the_label_complexity(case: Case) -> Measurement:
    """Mean error of W⁽⁰⁾, …, W⁽ⁿ⁻¹⁾ on fresh examples."""
    kernel = tangent_kernel(case.setting, case.inputs, case.depth)
    complexity = float(label_complexity(kernel, case.labels)) ** 0.5
    m, n = case.parameters["m"], len(case.inputs)
    error = errors_of_the_iterates(case, complexity / (m * math.sqrt(n))).mean(-1)
    return Measurement(error, (complexity, math.sqrt(math.log(1 / case.delta))))
