"""Stochastic gradient descent generalises as well as the best function of the linearised class fits the sample."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2019_slides.one_pass import AS_GOOD, error_of_the_drawn
from lemmata.claims.cao_gu_2019_slides.paper import CAO_GU_2019_SLIDES, DEPTH, EQUAL_WIDTHS, WITH_PROBABILITY
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Reason
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import DRAWN, Plan
from lemmata.claims.language.scaling import ONE, Scaling
from lemmata.claims.measuring.mutants import BATCH, TESTED, UNIFORM, mutants
from lemmata.claims.registry import claim
from lemmata.model.empirical_kernels import measured_layers
from lemmata.model.kernels import tangent_kernel
from lemmata.model.margins import label_complexity
from lemmata.model.reference_class import class_minimum

RADII = (4.0, 8.0)
"""R of the class and of the step size η = R / (m √n): smaller ones fit the teacher badly, for larger ones L R / √n is
above 1 at every n that runs."""

LEARNABLE = {**EQUAL_WIDTHS, "data": "teacher", "d": 20, "phi": 1.2}
"""A linear teacher with a margin: an untrained network errs on half of the population, one that was taught by 512
examples on less than a tenth, and the right-hand sides are below 1 by then."""

LEARNED = Plan(
    lines={"n": (64, 256, 512), "m": (64, 256), "L": (2, 3, 4)},
    along={"m": {"n": 256}, "L": {"n": 256}},
    start={"m": 64, "n": 256},
    initialisations=16,
    examples=2,
)

LONG_PASS = {"m": 64, "n": 512}
"""Where a pass has learned so much that one which learns nothing violates what the statements promise."""

GAP = 1e-4
"""Of the infimum over the class: how far above it the value may be."""

DEPTH_OPEN = Reason("out of reach", "open: depth is not varied, and no bound is known that grows with it less")

ESTIMATION = Scaling(L=1, n="-1/2")
CONFIDENCE = Scaling(n="-1/2")

NTRF = Domain(draws={"m": (64, 128), "L": (2, 2), "n": (16, 32)}, fixed=LEARNABLE, values={"noise": (0.0, 0.2)})
NTK = Domain(draws={"m": (64, 128), "L": DEPTH, "n": (16, 32)}, fixed=LEARNABLE)


@claim(
    "cao-gu-2019-slides/thm-ntrf",
    sentence="One pass of SGD errs at most four times the best linearised network's loss, plus L R/√n.",
    source=CAO_GU_2019_SLIDES.at("Theorem"),
    statement=r"E[L^{0-1}_D(\hat W)] \le \inf_{f \in F(W^{(0)}, R)} \frac4n \sum_i \ell[y_i f(x_i)]"
    r" + C \left[\frac{LR}{\sqrt n} + \sqrt{\frac{\log(1/\delta)}{n}}\right]",
    kind="RUN",
    bound="upper",
    terms=(ESTIMATION, CONFIDENCE, ONE),
    ceiling=1.0,
    domain=NTRF,
    plan=replace(LEARNED, lines={**LEARNED.lines, "noise": DRAWN}),
    quantifiers="for R in 4 and 8, with step size R / (m √n)",
    probability=f"{WITH_PROBABILITY} and the sample",
    resampled=True,
    controls=(
        Control(
            "no estimation error",
            "E[L_D(Ŵ)] ≤ 4 inf + C √(log(1/δ)/n)",
            measure=lambda case: _bounded(case, 4.0, estimation=0.0),
        ),
        Control(
            "½ for 4",
            "E[L_D(Ŵ)] ≤ ½ inf + …",
            measure=lambda case: _bounded(case, 0.5),
            domain=NTRF,
            plan=Plan(start={**LONG_PASS, "noise": 0.2}),
        ),
        *mutants(BATCH, UNIFORM, TESTED, at=LONG_PASS, domain=NTRF, unseen=AS_GOOD),
    ),
    unrefuted={
        "L": Reason("out of reach", "at these sizes the error does not grow with depth, and the class fits better"),
        "m": Reason("out of reach", "a narrower network fits the sample no better"),
    },
    notes="A linear teacher in 20 dimensions, classes 1.2 apart, clean or with one label in five wrong. The 4 is "
    "measured with the rest: a constant below 1 of the whole is more than is stated. The slides leave the step size "
    "open. The infimum is a convex programme over n × n Grams, solved to a duality gap of 1e-4.",
)
def sgd_does_as_well_as_the_linear_class(case: Case) -> Measurement:
    """The error on fresh examples of an iterate that is drawn, in expectation over the draw."""
    return _bounded(case, 4.0)


def _bounded(case: Case, times: float, *, estimation: float = 1.0) -> Measurement:
    m, n = case.parameters["m"], case.n
    layers, outputs = measured_layers(case.at_initial), case.at_initial.outputs
    best, errors = [], []
    for radius in RADII:
        best.append(class_minimum(layers, outputs, case.labels, radius / math.sqrt(m), gap=GAP).value)
        errors.append(error_of_the_drawn(case, radius / (m * math.sqrt(n))))
    reach = estimation * case.inputs.new_tensor([RADII])
    factors = (reach, math.sqrt(math.log(1 / case.delta)), times * torch.stack(best, -1))
    return Measurement(torch.stack(errors, -1), factors, ("radius",))


@claim(
    "cao-gu-2019-slides/cor-ntk",
    sentence="One pass of SGD errs at most of order L √(ỹᵀ Θ⁻¹ ỹ/n), by the tangent kernel Θ.",
    source=CAO_GU_2019_SLIDES.at("Corollary"),
    statement=r"E[L^{0-1}_D(\hat W)] \le \tilde O\left[L \inf_{\tilde y_i y_i \ge 1}"
    r" \sqrt{\frac{\tilde y^\top (\Theta^{(L)})^{-1} \tilde y}{n}}\right] + C \sqrt{\frac{\log(1/\delta)}{n}}",
    kind="RUN",
    bound="upper",
    terms=(ESTIMATION, CONFIDENCE),
    ceiling=1.0,
    domain=NTK,
    plan=LEARNED,
    quantifiers="for all samples whose Θ is positive definite, with R = √(ỹᵀΘ⁻¹ỹ) in the step size",
    probability=f"{WITH_PROBABILITY} and the sample",
    resampled=True,
    controls=mutants(BATCH, UNIFORM, TESTED, at=LONG_PASS, domain=NTK, unseen=AS_GOOD),
    unrefuted={
        "L": Reason("out of reach", "the error does not grow with depth, and λ_min(Θ) does (K23)"),
        "m": Reason("out of reach", "a narrower network errs no less"),
    },
    notes="A linear teacher in 20 dimensions, classes 1.2 apart. The kernel is the infinite-width one; the "
    "quadratic programme is solved exactly. Up to logarithms.",
)
def error_is_at_most_the_label_complexity(case: Case) -> Measurement:
    """Mean error of W⁽⁰⁾, …, W⁽ⁿ⁻¹⁾ on fresh examples."""
    complexity = case.by_sample(_complexity)
    error = error_of_the_drawn(case, complexity / (case.parameters["m"] * math.sqrt(case.n)))
    return Measurement(error, (complexity, math.sqrt(math.log(1 / case.delta))))


def _complexity(case: Case) -> Tensor:
    """√(ỹᵀ Θ⁻¹ ỹ) of one sample, (S,)."""
    kernel = tangent_kernel(case.setting, case.inputs, case.depth)
    return case.for_each(label_complexity(kernel, case.labels).sqrt())
