"""Corollary 3.5, Theorems 3.8 and 3.10, Lemmas 4.2 and 4.5 with labels of size 1, as the paper has them."""

import math
from dataclasses import replace

from lemmata.claims.case import Case
from lemmata.claims.claim import Measurement, Reason
from lemmata.claims.language.plan import Plan
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.measuring.mutants import BATCH, mutants
from lemmata.claims.registry import claim
from lemmata.claims.zou_gu_2019.descent_converges import LABELS, fitted_in
from lemmata.claims.zou_gu_2019.gradient_bounded_below import GRADIENT_BOUND, NEAR
from lemmata.claims.zou_gu_2019.kernel_regime import WHOLE, fit
from lemmata.claims.zou_gu_2019.linear_rate import rates
from lemmata.claims.zou_gu_2019.paper import (
    EIGENVALUE_OPEN,
    ONE_LAYER,
    WIDE_3_3,
    WIDE_3_8,
    WIDE_3_10,
    WITH_PROBABILITY,
    ZOU_GU_2019,
)
from lemmata.claims.zou_gu_2019.stochastic_descent_converges import BATCHES, DEEP, DRAWS, SHALLOW, steps_taken
from lemmata.claims.zou_gu_2019.trajectory_short import LENGTH

FITTED_PLAN = Plan(
    lines={"m": (256, 1024, 4096, 16384), "n": (2, 4, 6), "k": (1, 2, 4)},
    start={"m": 1024, "n": 2, "phi": 0.7, "eps": 0.02},
    initialisations=48,
    examples=2,
)
"""At this φ a network of 256 units tells inputs apart. What smaller φ need is thm-3.3-labels' to say."""

SHALLOW_LABELS = replace(LABELS, values={"phi": (0.9,), "eps": (0.02,)}).drawing(m=(256, 512), n=(2, 3))

APART = Reason("out of reach", "φ does not vary here: thm-3.3-labels moves it with the width")
SCATTERED = Reason(
    "out of reach", "the number of steps scatters with f at W⁽⁰⁾; with small residuals, where it does not, this falls"
)
"""What of the small-residual claims' controls labels of size 1 cannot see."""

AT_FIT = {"m": 512, "n": 2, "phi": 0.9, "eps": 0.02}
"""Where other algorithms are run."""

PASSES = replace(
    BATCHES,
    fixed={name: value for name, value in BATCHES.fixed.items() if name != "eps"},
    values={"phi": (0.9,), "batch": (1,), "eps": (0.02,)},
)

PASSES_PLAN = Plan(
    lines={"m": (256, 1024, 4096), "batch": (1, 2, 4), "eps": (0.1, 0.02, 0.004)},
    along={"m": {"batch": 2}, "batch": {"m": 256, "n": 4, "phi": 1.2}},
    start={"m": 512, "n": 2, "phi": 0.7, "eps": 0.02},
    initialisations=32,
    examples=2,
)

AT_PASS = {"m": 256, "n": 2, "phi": 0.9, "batch": 1, "eps": 0.02}
"""Where other algorithms are run."""


@claim(
    "zou-gu-2019/cor-3.5-labels",
    sentence="With one hidden layer gradient descent fits labels of size 1 in n² log(1/ε)/φ steps.",
    source=ZOU_GU_2019.at("Corollary 3.5"),
    statement=r"T = O(n^2 \log(1/\epsilon) / \phi), \quad L = 1, \quad \eta = \Theta(k / m), \quad \|y_i\| = 1",
    kind="RUN",
    bound="upper",
    terms=(Scaling(n=2, phi=-1),),
    domain=SHALLOW_LABELS,
    plan=FITTED_PLAN,
    quantifiers="for labels of norm 1",
    probability=WITH_PROBABILITY,
    preconditions=(ONE_LAYER, WIDE_3_3),
    erratum="E-13",
    unrefuted={"n": EIGENVALUE_OPEN, "phi": APART, "m": SCATTERED},
    controls=mutants(at=AT_FIT, domain=SHALLOW_LABELS),
    notes=WHOLE + "log(1/ε) is measured as log(L(W⁽⁰⁾)/ε).",
)
def two_layer_descent_fits_labels(case: Case) -> Measurement:
    """The first iterate with loss at most ε, of labels ±1 and one hidden layer."""
    return fitted_in(case)


@claim(
    "zou-gu-2019/lemma-4.2-labels",
    sentence="Fitting labels of size 1, no layer travels farther than of order √(k n² log n/(m φ)).",
    source=ZOU_GU_2019.at("Lemma 4.2"),
    statement=r"\|W_l^{(t)} - W_l^{(0)}\|_2 \le O(\sqrt{k n^2 \log n / (m \phi)}), \quad \|y_i\| = 1",
    kind="RUN",
    bound="upper",
    terms=(LENGTH,),
    domain=SHALLOW_LABELS,
    plan=replace(FITTED_PLAN, initialisations=96),
    quantifiers="for all t and l ≤ L, for labels of norm 1",
    probability=WITH_PROBABILITY,
    preconditions=(NEAR,),
    erratum="E-45",
    unrefuted={"n": EIGENVALUE_OPEN, "phi": APART, "m": SCATTERED, "k": SCATTERED},
    controls=mutants(
        at=AT_FIT,
        domain=SHALLOW_LABELS,
        unseen={
            "idle": Reason("proof", "weights that do not move are at no distance"),
            "tiny steps": Reason("proof", "shorter steps lead less far"),
        },
    ),
    notes=WHOLE + "The run ends where the loss is at most ε.",
)
def trajectory_to_labels_is_short(case: Case) -> Measurement:
    """The distances along a run to labels ±1, against √log n; n ≥ 2."""
    run = fit(case, far=True)
    return Measurement(run.own(run.distances), (math.sqrt(math.log(len(case.inputs))),), ("step", "layer"))


@claim(
    "zou-gu-2019/lemma-4.5-labels",
    sentence="On labels of size 1 the loss shrinks at a linear rate, of order m φ η/(k n²) a step.",
    source=ZOU_GU_2019.at("Lemma 4.5"),
    statement=r"L(W^{(t)}) \le (1 - \Omega(m \phi \eta / (k n^2)))^t L(W^{(0)}), \quad \|y_i\| = 1",
    kind="RUN",
    bound="lower",
    terms=(GRADIENT_BOUND,),
    domain=SHALLOW_LABELS,
    plan=FITTED_PLAN,
    quantifiers="for all t until the loss is at most ε, for labels of norm 1",
    probability="at least 1 − exp(−Ω(mτ^{2/3}L)) over W⁽⁰⁾ and V",
    preconditions=(NEAR,),
    erratum="E-22",
    unrefuted={
        "n": Reason(
            "out of reach", "λ_min of the kernel does not fall with n on these inputs: the rate falls like n^(-1)"
        ),
        "phi": APART,
        "m": SCATTERED,
        "k": SCATTERED,
    },
    controls=mutants(at=AT_FIT, domain=SHALLOW_LABELS),
    notes=WHOLE + "Measured as 1 − (L(W⁽ᵗ⁾)/L(W⁽⁰⁾))^{1/t} over η.",
)
def loss_on_labels_shrinks_at_a_linear_rate(case: Case) -> Measurement:
    """The slowest rate over t that explains the losses on labels ±1, against η."""
    run = fit(case)
    return Measurement(run.own(rates(run.losses)), (run.step_size,), ("step",))


@claim(
    "zou-gu-2019/thm-3.8-labels",
    sentence="SGD fits labels of size 1 in of order n⁵ L² log m log²(1/ε)/(B φ²) steps.",
    source=ZOU_GU_2019.at("Theorem 3.8"),
    statement=r"T = O(n^5 L^2 \log(m) \log^2(1/\epsilon) / (B \phi^2)), \quad \eta = \Theta(k B \phi / (n^3 m \log m)),"
    r" \quad \|y_i\| = 1",
    kind="RUN",
    bound="upper",
    terms=(DEEP,),
    domain=PASSES,
    plan=PASSES_PLAN,
    quantifiers="for labels of norm 1, in expectation over the batches",
    probability=WITH_PROBABILITY,
    preconditions=(WIDE_3_8,),
    erratum="E-54",
    unrefuted={
        "n": EIGENVALUE_OPEN,
        "L": Reason("out of reach", "one hidden layer is measured: thm-3.8 varies the depth"),
        "phi": APART,
        "m": SCATTERED,
        "batch": SCATTERED,
    },
    controls=mutants(BATCH, at=AT_PASS, domain=PASSES),
    notes=WHOLE + "log(1/ε) is log(L(W⁽⁰⁾)/ε); the expectation is a mean over two sequences of batches.",
)
def stochastic_descent_fits_labels(case: Case) -> Measurement:
    """The first step with an average loss of at most ε, against log², of labels ±1."""
    return steps_taken(case, DRAWS, 2.0, own=True)


@claim(
    "zou-gu-2019/thm-3.10-labels",
    sentence="With one hidden layer SGD fits labels of size 1 in of order n⁵ log m log(1/ε)/(B φ²) steps.",
    source=ZOU_GU_2019.at("Theorem 3.10"),
    statement=r"T = O(n^5 \log(m) \log(1/\epsilon) / (B \phi^2)), \quad L = 1, \quad"
    r" \eta = \Theta(k B \phi / (n^3 m \log m)), \quad \|y_i\| = 1",
    kind="RUN",
    bound="upper",
    terms=(SHALLOW,),
    domain=PASSES,
    plan=PASSES_PLAN,
    quantifiers="for labels of norm 1",
    probability=WITH_PROBABILITY,
    preconditions=(ONE_LAYER, WIDE_3_10),
    erratum="E-54",
    unrefuted={"n": EIGENVALUE_OPEN, "phi": APART, "m": SCATTERED, "batch": SCATTERED},
    controls=mutants(BATCH, at=AT_PASS, domain=PASSES),
    notes=WHOLE + "log(1/ε) is log(L(W⁽⁰⁾)/ε). The loss itself reaches ε, of one sequence of batches.",
)
def two_layer_stochastic_descent_fits_labels(case: Case) -> Measurement:
    """The first step with a loss of at most ε, of labels ±1."""
    return steps_taken(case, 1, 1.0, own=True)
