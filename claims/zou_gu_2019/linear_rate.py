"""Lemma 4.5, and the decrease of one step: the loss shrinks at a linear rate."""

import torch
from torch import Tensor

from lemmata.claims.case import Case, needs_steps
from lemmata.claims.claim import Measurement, Reason
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.scaling import ONE
from lemmata.claims.registry import claim
from lemmata.claims.zou_gu_2019.gradient_bounded_below import GRADIENT_BOUND, NEAR
from lemmata.claims.zou_gu_2019.kernel_regime import (
    MUTANTS,
    RUNS,
    RUNS_PLAN,
    SMALL,
    STEP,
    descend,
    parameters_of,
    predicted,
)
from lemmata.claims.zou_gu_2019.paper import WITH_PROBABILITY, ZOU_GU_2019
from lemmata.model.kernels import KernelRun
from lemmata.model.training import Run


def _run_of(c: Configuration) -> KernelRun | None:
    if predicted(c, 1.0) is None:
        return None
    return predicted(c, STEP.value(parameters_of(c)))


def _losses_of(run: KernelRun, eps: float) -> Tensor:
    """The kernel's losses until ε, (T + 1,)."""
    return torch.stack([run.loss(t) for t in range(int(run.iterations(eps)) + 1)])


def _proportion(losses: Tensor, squared_gradients: Tensor, step_size: float | Tensor) -> Tensor:
    """(L_t − L_{t+1}) / (η‖∇L_t‖²) or its inverse, whichever is smaller; negative where the loss grows."""
    quotient = (losses[..., :-1] - losses[..., 1:]) / (step_size * squared_gradients[..., :-1])
    return torch.minimum(quotient, 1 / quotient)


def rates(losses: Tensor) -> Tensor:
    """1 − (L_t / L_0)^{1/t} for t = 1, …, T: the slowest rate that explains each loss."""
    t = torch.arange(1, losses.shape[-1], dtype=losses.dtype, device=losses.device)
    return -torch.expm1((losses[..., 1:] / losses[..., :1]).log() / t)


def _limiting_proportion(c: Configuration) -> float | None:
    run = _run_of(c)
    if run is None:
        return None
    losses = _losses_of(run, c.eps)
    residuals = torch.stack([run.residual_at(t) for t in range(len(losses))])
    squares = (residuals * (run.kernel @ residuals)).sum((-2, -1)) / c.n**2
    return float(_proportion(losses, squares, run.step_size).min())


@claim(
    "zou-gu-2019/decrease-proportional",
    sentence="A step's decrease of the loss is of the order of η times the squared gradient.",
    source=ZOU_GU_2019.at("section 4.1, before equation (4.1)"),
    statement=r"L(W^{(t)}) - L(W^{(t+1)}) \propto \eta \|\nabla L(W^{(t)})\|_F^2",
    kind="RUN",
    bound="lower",
    own=lambda case: _proportions(case.given_run),
    obstacle=needs_steps,
    terms=(ONE,),
    domain=RUNS,
    plan=RUNS_PLAN,
    quantifiers="for all t and labels",
    probability=WITH_PROBABILITY,
    limit=_limiting_proportion,
    preconditions=(NEAR,),
    controls=MUTANTS,
    notes=SMALL + "The quotient of the two sides or its inverse, whichever is smaller; 1 − ηλ/2n in the kernel regime.",
)
def decrease_is_proportional_to_the_gradient(case: Case) -> Measurement:
    """The smaller of decrease / (η‖∇L‖²) and its inverse, at every step."""
    return _proportions(descend(case))


def _proportions(run: Run) -> Measurement:
    found = _proportion(run.losses, run.gradients.square().sum(-1), run.step_size)
    return Measurement(run.own(found), axes=("step",))


def _limiting_rate(c: Configuration) -> float | None:
    run = _run_of(c)
    if run is None:
        return None
    bound = GRADIENT_BOUND.value(parameters_of(c)) * run.step_size
    return float(rates(_losses_of(run, c.eps)).min()) / bound


@claim(
    "zou-gu-2019/lemma-4.5",
    sentence="The loss shrinks at a linear rate, of order m φ η/(k n²) a step.",
    source=ZOU_GU_2019.at("Lemma 4.5"),
    statement=r"L(W^{(t)}) \le (1 - \Omega(m \phi \eta / (k n^2)))^t L(W^{(0)})",
    kind="RUN",
    bound="lower",
    own=lambda case: _slowest(case.given_run),
    obstacle=needs_steps,
    terms=(GRADIENT_BOUND,),
    domain=RUNS,
    plan=RUNS_PLAN,
    quantifiers="for all t and labels",
    probability="at least 1 − exp(−Ω(mτ^{2/3}L)) over W⁽⁰⁾ and V",
    limit=_limiting_rate,
    preconditions=(NEAR,),
    erratum="E-22",
    unrefuted={
        "n": Reason(
            "out of reach", "λ_min of the kernel does not fall with n on these inputs: the rate falls like n^(-1)"
        )
    },
    controls=MUTANTS,
    notes=SMALL
    + "Measured as 1 − (L(W⁽ᵗ⁾)/L(W⁽⁰⁾))^{1/t} over η. With the printed O inside the bracket it asserts nothing.",
)
def loss_shrinks_at_a_linear_rate(case: Case) -> Measurement:
    """The slowest rate over t that explains L(W⁽ᵗ⁾), against η."""
    return _slowest(descend(case))


def _slowest(run: Run) -> Measurement:
    return Measurement(run.own(rates(run.losses)), (run.step_size,), ("step",))
