"""Every iterate of gradient descent generalises, and so does a uniform one of a single stochastic pass."""

import math

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2019_slides.one_pass import AS_GOOD, FRESH, classification_error, error_of_the_drawn
from lemmata.claims.case import Case
from lemmata.claims.chen_et_al_2019_poster.descent_converges import STEP
from lemmata.claims.chen_et_al_2019_poster.paper import (
    ALPHAS,
    CHEN_ET_AL_2019_POSTER,
    DEPTH,
    EQUAL_WIDTHS,
    WITH_PROBABILITY,
)
from lemmata.claims.chen_et_al_2019_poster.reference_points import reference_radius
from lemmata.claims.claim import Control, Measurement, Reason
from lemmata.claims.language.domain import ALIVE, Domain
from lemmata.claims.language.plan import DRAWN, Plan
from lemmata.claims.language.scaling import ONE, Scaling
from lemmata.claims.measuring.mutants import BATCH, TESTED, UNIFORM, mutants
from lemmata.claims.registry import claim
from lemmata.model.losses import LOSSES
from lemmata.model.trace import Trace
from lemmata.model.training import gradient_descent

LEARNABLE = {**EQUAL_WIDTHS, "data": "teacher", "d": 3, "phi": 1.4}
"""A linear teacher with a large margin: R is small, and the right-hand sides as small as they get."""

LAST = 512
"""T of the runs of gradient descent; W⁽ᵗ⁾ is tested at t = 0 and every power of two."""


ITERATES = Domain(draws={"m": (64, 64), "L": DEPTH, "n": (8, 16)}, fixed=LEARNABLE, values={"alpha": ALPHAS})
PASSES = Domain(
    m=ALIVE,
    draws={"m": (64, 128), "L": DEPTH, "n": (8, 32)},
    fixed=LEARNABLE,
    values={"alpha": ALPHAS, "eps": (0.01, 0.015)},
)

UNSEEN = dict.fromkeys(
    ("idle", "ascending", "huge steps", "tiny steps", "tested on the sample"),
    Reason(
        "out of reach",
        "the statement is about all weights near W⁽⁰⁾, however they were found: 2 L_S is above 1 where they fit badly",
    ),
)


@claim(
    "chen-et-al-2019-poster/thm-2.2",
    sentence="Along gradient descent the test error is at most twice the training loss plus a capacity term.",
    source=CHEN_ET_AL_2019_POSTER.at("Theorem 2.2"),
    statement=r"L^{0-1}_D(W^{(t)}) \le 2 L_S(W^{(t)}) + C \min\left\{4^L L^2 R \sqrt{\frac mn},"
    r" \frac{L^{3/2} R}{\sqrt n} + \frac{L^{11/3} R^{4/3}}{m^{\alpha/3}}\right\} + C \sqrt{\frac{\log(1/\delta)}{n}}",
    kind="RUN",
    bound="upper",
    terms=(ONE, Scaling(n="-1/2")),
    ceiling=1.0,
    domain=ITERATES,
    plan=Plan(
        lines={"n": (8, 32, 128), "m": (64, 256), "L": (2, 3), "alpha": DRAWN},
        start={"m": 64, "n": 8, "alpha": 0.5},
        initialisations=16,
        examples=2,
    ),
    quantifiers="for all t ≤ T",
    probability=f"{WITH_PROBABILITY} and the sample",
    resampled=True,
    expected="vacuous",
    controls=(
        Control(
            "no distance",
            "L_D(W⁽ᵗ⁾) ≤ 2 L_S(W⁽ᵗ⁾) + C √(log(1/δ)/n)",
            measure=lambda case: _gap(case, 0.0),
        ),
        *mutants(TESTED, at={"m": 64, "n": 32}, domain=ITERATES, unseen=UNSEEN),
    ),
    notes="The least right-hand side within reach is 12: with R = 5 the second branch falls below 1 at a width of 1e11 "
    "(L = 2, α = 1/2), the first at n = 1e5 m. Its second term is the larger one, up to a width of order "
    "(L^(13/6) R^(1/3) √n)^(3/α). Over them the excess is shown, and decides nothing.",
)
def iterates_of_descent_generalise(case: Case) -> Measurement:
    """The largest excess of the error on fresh examples over twice the training loss, along the run."""
    return _gap(case, 1.0)


def _gap(case: Case, distance: float) -> Measurement:
    fresh, loss = case.fresh(FRESH), LOSSES[case.setting.loss]
    inputs = fresh.inputs.to(case.initial.like)
    step_size = STEP / (case.depth * case.initial.scale**2)
    gaps = []
    run = gradient_descent(
        case.initial,
        case.inputs,
        case.labels,
        step_size=step_size,
        steps=LAST,
        compact=True,
        algorithm=case.algorithm,
    )
    for at in run:
        if at.step & (at.step - 1) == 0:
            error = classification_error(Trace(at.trace.network, inputs), fresh.labels)
            gaps.append(error - 2 * loss.value(at.trace.outputs, case.labels))
    worst = torch.stack(gaps, -1).amax(-1).clamp_min(0)
    return Measurement(worst, (distance * _complexity(case), math.sqrt(math.log(1 / case.delta))))


def _complexity(case: Case) -> Tensor:
    """The minimum of the two branches, (S,)."""
    radius, L, n = case.by_sample(reference_radius), case.depth, case.n
    by_norms = 4**L * L**2 * radius * math.sqrt(case.parameters["m"] / n)
    linear = L**1.5 * radius / math.sqrt(n) + L ** (11 / 3) * radius ** (4 / 3) / case.initial.scale ** (1 / 3)
    return torch.minimum(by_norms, linear)


@claim(
    "chen-et-al-2019-poster/thm-2.3",
    sentence="One pass of SGD errs at most 8 L² R²/n + 8 log(1/δ)/n + 24 ε in the mean.",
    source=CHEN_ET_AL_2019_POSTER.at("Theorem 2.3"),
    statement=r"E[L^{0-1}_D(\hat W)] \le \frac{8 L^2 R^2}{n} + \frac{8 \log(1/\delta)}{n} + 24 \epsilon, \quad"
    r" \eta = \tfrac12 m^{-2\alpha} (L R^2 n^{-1} \epsilon^{-1} \wedge L^{-1})",
    kind="RUN",
    bound="upper",
    stated=1.0,
    terms=(Scaling(L=2, n=-1), Scaling(n=-1), Scaling(eps=1)),
    ceiling=1.0,
    domain=PASSES,
    plan=Plan(
        lines={"n": (256, 1024, 4096), "L": (2, 3), "alpha": DRAWN, "eps": (0.015,)},
        along={"eps": {"n": 8192}},
        start={"m": 128, "n": 1024, "alpha": 0.25, "eps": 0.01},
        initialisations=8,
        examples=2,
    ),
    quantifiers="Ŵ uniform over W⁽⁰⁾, …, W⁽ⁿ⁻¹⁾ of one pass, R that which a reference needs",
    probability=f"{WITH_PROBABILITY} and the sample",
    resampled=True,
    controls=(
        Control(
            "24ε alone",
            "E[L_D(Ŵ)] ≤ 24 ε at a tenth of the ε",
            measure=lambda case: _bounded(case, optimisation=0.0, confidence=0.0, accuracy=2.4),
        ),
        Control("constants a thousandth", "0.008, 0.008 and 0.024 for 8, 8 and 24", factor=1e-3),
        *mutants(
            BATCH,
            UNIFORM,
            TESTED,
            at={"m": 128, "n": 2048, "alpha": 0.25, "eps": 0.01},
            domain=PASSES,
            unseen={
                **AS_GOOD,
                "same batch": Reason(
                    "out of reach", "one example already tells the two sides of a teacher with this margin apart"
                ),
            },
        ),
    ),
    notes="A linear teacher in 3 dimensions, classes 1.4 apart. The constants 8, 8 and 24 are the poster's; halving "
    "them is not refuted by any run. R is that of a reference fitted to 64 of the examples and lengthened until it is "
    "one for all. With n = 8192 and ε = 0.015 the step size is that of the first branch, L R² / (n ε) < 1/L; elsewhere "
    "of the second.",
)
def one_pass_generalises(case: Case) -> Measurement:
    """The error on fresh examples of an iterate that is drawn, in expectation over the draw."""
    return _bounded(case)


def _bounded(case: Case, *, optimisation: float = 8.0, confidence: float = 8.0, accuracy: float = 24.0) -> Measurement:
    radius, n, L = case.by_sample(reference_radius), case.n, case.depth
    share = (L * radius.square() / (n * case.configuration.eps)).clamp_max(1 / L)
    error = error_of_the_drawn(case, STEP * share / case.initial.scale**2)
    return Measurement(error, (optimisation * radius.square(), confidence * math.log(1 / case.delta), accuracy))
