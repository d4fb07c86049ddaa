"""Equation (4.1), its telescoped form and Lemma 4.2: gradient descent stays within O(√(kn²/(mφ)))."""

import math
from dataclasses import replace

from torch import Tensor

from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Reason
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.plan import Plan
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.measuring.mutants import mutants
from lemmata.claims.registry import claim
from lemmata.claims.zou_gu_2019.gradient_bounded_below import NEAR
from lemmata.claims.zou_gu_2019.kernel_regime import (
    AMPLITUDE,
    AT_RUN,
    MUTANTS,
    RUNS,
    RUNS_PLAN,
    SMALL,
    STEP,
    adversarial_labels,
    descend,
    parameters_of,
    predicted,
)
from lemmata.claims.zou_gu_2019.paper import EIGENVALUE_OPEN, WITH_PROBABILITY, ZOU_GU_2019
from lemmata.model.changes import distances
from lemmata.model.losses import LOSSES
from lemmata.model.training import Iterate, Run

LENGTH = Scaling(k="1/2", n=1, m="-1/2", phi="-1/2")

NEAR_MUTANTS = mutants(
    at=AT_RUN,
    domain=RUNS,
    unseen={
        "idle": Reason("proof", "weights that do not move are at no distance"),
        "tiny steps": Reason("proof", "shorter steps lead less far"),
    },
)

UNREFUTED = {"n": EIGENVALUE_OPEN}


def _limiting_distance(c: Configuration) -> float | None:
    """The largest layer's distance at the step that reaches ε, over the bound without its last factor."""
    if predicted(c, 1.0) is None:
        return None
    p = parameters_of(c)
    run = predicted(c, STEP.value(p))
    assert run is not None
    return float(run.layer_distances(run.iterations(c.eps), "spectral").max()) / LENGTH.value(p)


def _limiting_step(c: Configuration) -> float | None:
    """Of the first step, which is like all others where the residual is an eigenvector."""
    if predicted(c, 1.0) is None:
        return None
    p = parameters_of(c)
    run = predicted(c, STEP.value(p))
    assert run is not None
    decrease = float(run.loss(0).sqrt() - run.loss(1).sqrt())
    return float(run.layer_distances(1, "spectral").max()) / (LENGTH.value(p) * decrease)


def _scaled_limit(c: Configuration, factor: float) -> float | None:
    distance = _limiting_distance(c)
    return None if distance is None else distance / factor


def _steps(case: Case) -> tuple[Run, Tensor]:
    """A run, and η‖∇_{W_l} L(W⁽ᵗ⁾)‖_2 for t < T, (S, T, layers)."""
    loss, labels = LOSSES[case.setting.loss], adversarial_labels(case)

    def gradients(iterate: Iterate) -> Tensor:
        return distances(iterate.trace.gradient(loss.slopes(iterate.trace.outputs, labels)), "spectral")

    run = descend(case, spectral=gradients)
    return run, run.step_size * run.seen["spectral"][:, :-1]


def _against(case: Case, power: float) -> Measurement:
    """One step against the decrease of L^power; a loss that grows makes the bound 0."""
    return _paid_for(*_steps(case), power)


def _paid_for(run: Run, steps: Tensor, power: float) -> Measurement:
    losses = run.losses**power
    decrease = (losses[:, :-1] - losses[:, 1:]).clamp_min(0)
    return Measurement(run.own(steps), (run.own(decrease)[..., None],), ("step", "layer"))


@claim(
    "zou-gu-2019/eq-4.1",
    sentence="A step is at most √(k n²/(m φ)) times what √loss loses by it.",
    source=ZOU_GU_2019.at("equation (4.1)"),
    statement=r"\eta \|\nabla_{W_l} L(W^{(t)})\|_2 \le \sqrt{C k n^2 / (m \phi)}"
    r" (\sqrt{L(W^{(t)})} - \sqrt{L(W^{(t+1)})})",
    kind="RUN",
    bound="upper",
    own=lambda case: _paid_for(case.given_run, case.given_run.seen["moves"], 0.5),
    terms=(LENGTH,),
    domain=RUNS,
    plan=RUNS_PLAN,
    quantifiers="for all t, l ≤ L and labels",
    probability=WITH_PROBABILITY,
    limit=_limiting_step,
    preconditions=(NEAR,),
    unrefuted=UNREFUTED,
    controls=(
        Control(
            "without the square roots",
            "L(W⁽ᵗ⁾) − L(W⁽ᵗ⁺¹⁾) in place of the difference of the roots",
            measure=lambda case: _against(case, 1.0),
            domain=replace(RUNS, values={**RUNS.values, "eps": (1e-10,)}),
            plan=Plan(start=RUNS_PLAN.start),
        ),
        *MUTANTS,
    ),
    notes=SMALL + "The constant is √C. Where the loss grows, the bound is 0 and the claim is violated.",
)
def steps_are_paid_for_by_the_loss(case: Case) -> Measurement:
    """η‖∇_{W_l} L‖_2 against the decrease of √L, at every step."""
    return _against(case, 0.5)


@claim(
    "zou-gu-2019/trajectory-telescoped",
    sentence="The distance travelled is at most of order √(k n² loss/(m φ)).",
    source=ZOU_GU_2019.at("section 4.1, after equation (4.1)"),
    statement=r"\|W_l^{(t)} - W_l^{(0)}\|_2 \le \sqrt{C k n^2 L(W^{(0)}) / (m \phi)}",
    kind="RUN",
    bound="upper",
    own=lambda case: _telescoped(case.given_run),
    terms=(LENGTH,),
    domain=RUNS,
    plan=RUNS_PLAN,
    quantifiers="for all t, l ≤ L and labels",
    probability=WITH_PROBABILITY,
    limit=lambda c: _scaled_limit(c, AMPLITUDE * math.sqrt(0.5)),
    preconditions=(NEAR,),
    unrefuted=UNREFUTED,
    controls=NEAR_MUTANTS,
    notes=SMALL + "In the kernel regime ‖W − W⁽⁰⁾‖_F² tends to (k/m) Σ_outputs r₀ᵀ Θ⁻¹ r₀ (K27).",
)
def trajectory_telescopes(case: Case) -> Measurement:
    """The largest distance along a run, against √L(W⁽⁰⁾)."""
    return _telescoped(descend(case, far=True))


def _telescoped(run: Run) -> Measurement:
    return Measurement(run.own(run.distances), (run.losses[:, :1, None].sqrt(),), ("step", "layer"))


@claim(
    "zou-gu-2019/lemma-4.2",
    sentence="No layer travels farther than of order √(k n² log n/(m φ)).",
    source=ZOU_GU_2019.at("Lemma 4.2"),
    statement=r"\|W_l^{(t)} - W_l^{(0)}\|_2 \le O(\sqrt{k n^2 \log n / (m \phi)})",
    kind="RUN",
    bound="upper",
    own=lambda case: _per_residual(case, case.given_run, case.given_run.errors[:, :1, None]),
    terms=(LENGTH,),
    domain=RUNS,
    plan=RUNS_PLAN,
    quantifiers="for all t, l ≤ L and bounded labels",
    probability=WITH_PROBABILITY,
    limit=lambda c: _scaled_limit(c, AMPLITUDE * math.sqrt(math.log(c.n))),
    preconditions=(NEAR,),
    erratum="E-45",
    unrefuted=UNREFUTED,
    controls=NEAR_MUTANTS,
    notes=SMALL
    + "Per unit of residual at W⁽⁰⁾, which the lemma takes as bounded: a run is linear in it where it is small.",
)
def trajectory_is_short(case: Case) -> Measurement:
    """The distances along a run, against √log n and the size of the residual; n ≥ 2."""
    return _per_residual(case, descend(case, far=True), AMPLITUDE)


def _per_residual(case: Case, run: Run, residual: Tensor | float) -> Measurement:
    return Measurement(run.own(run.distances), (residual * math.sqrt(math.log(len(case.inputs))),), ("step", "layer"))
