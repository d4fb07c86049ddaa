"""Theorem 3.3 and Corollary 3.5: gradient descent reaches loss ε in O(n² L² log(1/ε) / φ) iterations."""

import math
from dataclasses import replace

from torch import Tensor

from lemmata.claims.case import Case, needs_steps
from lemmata.claims.claim import Control, Measurement, Reason
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.plan import DRAWN, Coupled, Plan
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.measuring.mutants import mutants
from lemmata.claims.registry import claim
from lemmata.claims.zou_gu_2019.kernel_regime import (
    MUTANTS,
    RUNS,
    RUNS_PLAN,
    SMALL,
    STEP,
    WHOLE,
    descend,
    fit,
    parameters_of,
    predicted,
)
from lemmata.claims.zou_gu_2019.paper import EIGENVALUE_OPEN, ONE_LAYER, WIDE_3_3, WITH_PROBABILITY, ZOU_GU_2019

ITERATIONS = Scaling(n=2, L=2, phi=-1)

DEPTH_OPEN = Reason(
    "out of reach", "open: the kernel's least eigenvalue grows like L for two inputs (K23), for more that is not known"
)

WITH_ACCURACY = replace(RUNS, values={**RUNS.values, "eps": (1e-7, 1e-8, 1e-9)})
WITH_ACCURACY_PLAN = replace(RUNS_PLAN, lines={**RUNS_PLAN.lines, "eps": DRAWN}, start={**RUNS_PLAN.start, "eps": 2e-8})


def _limit(c: Configuration) -> float | None:
    """The kernel's own iterations over the bound."""
    data = predicted(c, 1.0)
    if data is None:
        return None
    p = parameters_of(c)
    run = predicted(c, STEP.value(p))
    assert run is not None
    bound = ITERATIONS.value(p) * math.log(float(run.loss(0)) / c.eps)
    return float(run.iterations(c.eps)) / bound


def _iterations(case: Case, shrink: float = 1.0) -> Measurement:
    """The first step whose loss is at most ε, against log(L(W⁽⁰⁾)/ε)."""
    run = descend(case, shrink=shrink)
    return Measurement(run.first(run.losses <= case.configuration.eps), (_decades(run.losses[:, 0], case),))


def _own_iterations(case: Case) -> Measurement:
    """The steps count as so many of the prescribed length as they are together."""
    run = case.given_run
    longer = run.step_size / STEP.value(case.parameters)
    return Measurement(longer * run.first(run.losses <= case.parameters["eps"]), (_decades(run.losses[:, 0], case),))


def _decades(initial: Tensor, case: Case) -> Tensor:
    return (initial / case.configuration.eps).log().clamp_min(0)


@claim(
    "zou-gu-2019/thm-3.3",
    sentence="Gradient descent reaches loss ε in of order n² L² log(1/ε)/φ steps.",
    source=ZOU_GU_2019.at("Theorem 3.3"),
    statement=r"T = O(n^2 L^2 \log(1/\epsilon) / \phi), \quad \eta = \Theta(k / (L^2 m))",
    kind="RUN",
    bound="upper",
    own=lambda case: _own_iterations(case),
    obstacle=needs_steps,
    terms=(ITERATIONS,),
    domain=WITH_ACCURACY,
    plan=WITH_ACCURACY_PLAN,
    quantifiers="for all labels",
    probability=WITH_PROBABILITY,
    limit=_limit,
    preconditions=(WIDE_3_3,),
    erratum="E-13",
    unrefuted={"n": EIGENVALUE_OPEN, "L": DEPTH_OPEN},
    controls=MUTANTS,
    notes=SMALL + "log(1/ε) is measured as log(L(W⁽⁰⁾)/ε). thm-3.3-labels has labels of size 1.",
)
def descent_converges(case: Case) -> Measurement:
    """The first iterate with loss at most ε."""
    return _iterations(case)


@claim(
    "zou-gu-2019/thm-3.3@printed",
    sentence="The same for every smaller step size, as printed: small steps take longer.",
    source=ZOU_GU_2019.at("Theorem 3.3"),
    statement=r"T = O(n^2 L^2 \log(1/\epsilon) / \phi), \quad \eta = O(k / (L^2 m))",
    kind="RUN",
    bound="upper",
    terms=(ITERATIONS,),
    domain=replace(RUNS, values={"phi": (0.14, 0.28, 0.5), "eps": (2e-8,)}).drawing(L=(1, 1)),
    plan=Plan(lines={"phi": DRAWN}, start={**RUNS_PLAN.start, "phi": 0.5}, examples=3),
    quantifiers="for all step sizes and labels",
    probability=WITH_PROBABILITY,
    preconditions=(WIDE_3_3,),
    erratum="E-13",
    expected="refuted",
    notes=SMALL + "An upper bound on η bounds no number of iterations: η = φ k / (L² m) is O(k / (L² m)).",
)
def descent_converges_as_printed(case: Case) -> Measurement:
    """The same with a step size that is φ times smaller."""
    return _iterations(case, shrink=case.parameters["phi"])


LABELS = replace(RUNS, values={"phi": (1.0, 0.7), "eps": (0.1, 0.02, 0.004)}).drawing(m=(1024, 2048), L=(1, 1))
AT_LABELS = {"m": 4096, "n": 2, "phi": 0.7, "eps": 0.02}


@claim(
    "zou-gu-2019/thm-3.3-labels",
    sentence="Gradient descent fits labels of size 1 in n² L² log(1/ε)/φ steps.",
    source=ZOU_GU_2019.at("Theorem 3.3"),
    statement=r"T = O(n^2 L^2 \log(1/\epsilon) / \phi), \quad \eta = \Theta(k / (L^2 m)), \quad \|y_i\| = 1",
    kind="RUN",
    bound="upper",
    own=lambda case: _own_iterations(case),
    obstacle=needs_steps,
    terms=(ITERATIONS,),
    domain=LABELS,
    plan=Plan(
        lines={
            "m": (512, 2048, 8192, 32768),
            "L": (1, 2, 3),
            "n": (2, 4, 8),
            "eps": DRAWN,
        },
        along={
            "m": {"phi": Coupled(3.4, Scaling(m="-1/4"))},
            "L": {"m": 640, "phi": 1.0},
            "n": {"m": 1024},
        },
        start=AT_LABELS,
        initialisations=16,
        examples=3,
    ),
    quantifiers="for labels of norm 1",
    probability=WITH_PROBABILITY,
    preconditions=(WIDE_3_3,),
    erratum="E-13",
    unrefuted={
        "n": EIGENVALUE_OPEN,
        "L": DEPTH_OPEN,
        "m": Reason(
            "out of reach", "open: φ falls with m along its line, and T φ grows a little on the way to its limit"
        ),
        "phi": Reason("out of reach", "φ moves with m, whose line shows the same"),
    },
    controls=(
        Control(
            "no φ",
            "T ≤ C n² L² log(1/ε), however close two inputs are",
            measure=lambda case: fitted_in(case, power=1.0),
            domain=replace(LABELS, values={"phi": (0.35,), "eps": (0.02,)}),
            plan=Plan(start={"m": 8192, "n": 2}),
        ),
        *mutants(at=AT_LABELS, domain=LABELS),
    ),
    notes=WHOLE
    + "Two inputs are then told apart from a width of order φ^-4 on, the theorem's own power; below it ε is "
    "reached late or never: φ is 3.4 m^(-1/4) along the line of m. log(1/ε) is measured as log(L(W⁽⁰⁾)/ε).",
)
def descent_fits_labels(case: Case) -> Measurement:
    """The first iterate with loss at most ε, of labels ±1."""
    return fitted_in(case)


def fitted_in(case: Case, power: float = 0.0) -> Measurement:
    run = fit(case)
    bound = _decades(run.losses[:, 0], case) * case.parameters["phi"] ** power
    return Measurement(run.first(run.losses <= case.configuration.eps), (bound,))


@claim(
    "zou-gu-2019/cor-3.5",
    sentence="With one hidden layer gradient descent reaches loss ε in of order n² log(1/ε)/φ steps.",
    source=ZOU_GU_2019.at("Corollary 3.5"),
    statement=r"T = O(n^2 \log(1/\epsilon) / \phi), \quad L = 1, \quad \eta = \Theta(k / m)",
    kind="RUN",
    bound="upper",
    own=lambda case: _own_iterations(case),
    obstacle=lambda case: needs_steps(case) or ("" if case.depth == 1 else "stated for L = 1"),
    terms=(Scaling(n=2, phi=-1),),
    domain=RUNS.drawing(L=(1, 1)),
    plan=replace(
        RUNS_PLAN,
        lines={name: line for name, line in RUNS_PLAN.lines.items() if name != "L"},
        along={"phi": RUNS_PLAN.along["phi"]},
    ),
    quantifiers="for all labels",
    probability=WITH_PROBABILITY,
    limit=_limit,
    preconditions=(ONE_LAYER, WIDE_3_3),
    erratum="E-13",
    unrefuted={"n": EIGENVALUE_OPEN},
    controls=MUTANTS,
    notes=SMALL + "The kernel is exact: T tends to n log(L(W⁽⁰⁾)/ε) / (2 η m λ_0 / k) for small steps.",
)
def two_layer_descent_converges(case: Case) -> Measurement:
    """The first iterate with loss at most ε, of one hidden layer."""
    return _iterations(case)
