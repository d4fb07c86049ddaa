"""Runs of gradient descent as the theorems set them up, and what the kernel regime predicts of each."""

import itertools
import math
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import torch
from torch import Tensor

from lemmata.claims.case import Case
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import DRAWN, Plan
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.measuring.mutants import mutants
from lemmata.model.data import Dataset, generate
from lemmata.model.kernels import KernelRun, limiting_run, tangent_kernel
from lemmata.model.losses import LOSSES
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import ZOU_GU_2019
from lemmata.model.training import Iterate, Run, follow, stochastic_gradient_descent

STEP = Scaling(k=1, L=-2, m=-1)
"""η = k / (L² m): the statements' η = O(k/(L² m)), with the constant 1."""

STOCHASTIC_STEP = Scaling(k=1, batch=1, phi=1, n=-3, m=-1, log_m=-1)
"""η = kBφ / (n³ m log m), the step size of the theorems about SGD, up to `STOCHASTIC_CONSTANT`."""

STOCHASTIC_CONSTANT = 64.0
"""The absolute constant in that step size: with 1 nothing changes but the running time."""

PATIENCE = 4
"""A run is given up after this many times the steps that the kernel predicts."""

MU = 0.3

AMPLITUDE = 0.001
"""Size of the residuals at W⁽⁰⁾. The widths of the theorems are out of reach: with residuals of order 1, networks of a
few thousand units move so far that close inputs lose what tells them apart, the units whose patterns differ. Residuals
this small move the weights as little as a width a million times larger would."""

SMALL = (
    "Residuals at W⁽⁰⁾ alternate in sign and have size 0.001: the run is the kernel's, and tests its least eigenvalue. "
)
WHOLE = "Labels +1, −1, +1, …, and whatever f is at W⁽⁰⁾: residuals are of order 1, and weights move. "
"""What a reader of such a claim should know."""

RUNS = Domain(
    n=(2, None),  # one input is at no distance φ from another
    draws={"m": (256, 512), "L": (1, 2), "n": (2, 4)},
    fixed={"data": "simplex", "d": 10, "mu": MU, "labels": "alternating"},
    values={"phi": (0.5,), "k": (1, 2, 4), "eps": (2e-8,)},
)
"""Inputs at equal distances φ and residuals of alternating sign: the slowest direction of the kernel, for even n.

Two inputs are told apart by about mφ/π units: small φ need width."""

RUNS_PLAN = Plan(
    lines={"m": (1024, 4096, 16384), "L": (1, 2, 3), "n": (2, 4, 8), "k": DRAWN, "phi": (0.1, 0.2, 0.4)},
    along={"phi": {"m": 4096}, "L": {"m": 512}},
    start={"m": 2048, "n": 2},
    examples=3,
)

AT_RUN = {"m": 512, "n": 2, "phi": 0.5, "k": 1, "eps": 2e-8}
"""Where other algorithms are run."""

MUTANTS = mutants(at=AT_RUN, domain=RUNS)
"""Of statements that nothing but the prescribed descent satisfies."""


def adversarial_labels(case: Case) -> Tensor:
    """Labels that make the residual at W⁽⁰⁾ a small multiple of the case's own labels, (S, n, k).

    The statements are for all bounded labels, and f(x_i) is bounded; only the residual matters, and its worst
    direction is known, while what f adds to it at W⁽⁰⁾ is random.
    """
    return case.at_initial.outputs - AMPLITUDE * case.labels


def descend(case: Case, *, shrink: float = 1.0, far: bool = False, **observe: Callable[[Iterate], Tensor]) -> Run:
    """Gradient descent from W⁽⁰⁾ until the loss is at most ε.

    Args:
        case: at W⁽⁰⁾.
        shrink: what η = k / (L² m) is multiplied by.
        far: whether distances from W⁽⁰⁾ are measured.
        observe: further quantities of an iterate, see `model.training.follow`.
    """
    return _to_eps(case, adversarial_labels(case), AMPLITUDE, shrink=shrink, far=far, **observe)


def fit(case: Case, *, far: bool = False) -> Run:
    """Gradient descent from W⁽⁰⁾ until the loss on the case's own labels is at most ε."""
    return _to_eps(case, case.labels, 1.0, far=far)


def _to_eps(
    case: Case,
    labels: Tensor,
    amplitude: float,
    *,
    shrink: float = 1.0,
    far: bool = False,
    **observe: Callable[[Iterate], Tensor],
) -> Run:
    """Given up when it takes several times as long as the kernel would with residuals of that amplitude."""
    eps = case.configuration.eps
    step_size = shrink * STEP.value(case.parameters)
    run = _kernel_run(case.inputs, amplitude * case.labels, case.depth, case.parameters["m"], step_size)
    steps = PATIENCE * float(run.iterations(eps)) + 20
    return follow(
        case.initial,
        case.inputs,
        labels,
        step_size=step_size,
        steps=int(min(steps, 1e5)),
        until=lambda losses, _: losses <= eps,
        far=far,
        algorithm=case.algorithm,
        **observe,
    )


def predicted_fit(case: Case, losses: Tensor) -> Tensor:
    """Iterations that the kernel takes from these losses to ε, with residuals in the direction of the labels, (S,)."""
    run = _kernel_run(case.inputs, case.labels, case.depth, case.parameters["m"], STEP.value(case.parameters))
    eps, start = case.configuration.eps, float(run.loss(0))
    return float(run.iterations(eps)) * (losses / eps).log() / math.log(start / eps)


def stochastic_losses(case: Case, draws: int, *, own: bool = False) -> Iterator[Tensor]:
    """L(W⁽ᵗ⁾) along SGD with batches of B, (draws, S), for several times the steps that the kernel needs to ε.

    Each initialisation has its own batches in each draw, uniform among all sets of B examples. Labels are the case's
    own, or such that residuals are small.
    """
    step_size = stochastic_step_size(case.parameters)
    labels, amplitude = (case.labels, 1.0) if own else (adversarial_labels(case), AMPLITUDE)
    run = _kernel_run(case.inputs, amplitude * case.labels, case.depth, case.parameters["m"], step_size)
    steps = PATIENCE * int(run.iterations(case.configuration.eps)) + 20
    runs = [
        stochastic_gradient_descent(
            case.initial,
            case.inputs,
            labels,
            step_size=step_size,
            batches=itertools.islice(batches(case, draw), steps),
            compact=True,
            algorithm=case.algorithm,
        )
        for draw in range(draws)
    ]
    for iterates in zip(*runs, strict=True):
        yield torch.stack([LOSSES["square"].value(iterate.trace.outputs, labels) for iterate in iterates])


def batches(case: Case, draw: int) -> Iterator[Tensor]:
    """Batches without end, (S, B) each."""
    n, size = len(case.inputs), int(case.parameters["batch"])
    generators = [generator(own) for own in case.streams("batches", draw)]
    while True:
        drawn = np.array([rng.permutation(n)[:size] for rng in generators])
        yield torch.from_numpy(drawn).to(case.inputs.device)


def stochastic_step_size(parameters: dict[str, float]) -> float:
    """η of the theorems about SGD."""
    return STOCHASTIC_CONSTANT * STOCHASTIC_STEP.value(parameters)


def first(losses: Tensor, eps: float) -> Tensor:
    """The first step (of the second axis) at which a loss (S, T + 1) is at most ε, infinite where none is, (S,)."""
    below = losses <= eps
    return torch.where(below.any(-1), below.to(losses).argmax(-1).to(losses), math.inf)


@cache
def data_of(c: Configuration) -> Dataset | None:
    """The inputs of a configuration up to a rotation, which no limit sees; None where they are random."""
    if c.data not in ("simplex", "chain", "hexagon"):
        return None
    rng: np.random.Generator = generator(stream(0, "frame"))
    return generate(
        c.data, n=c.n, d=c.d, setting=ZOU_GU_2019, rng=rng, phi=c.phi, mu=c.mu, k=c.k, labels=c.labels, noise=c.noise
    )


def predicted(c: Configuration, step_size: float) -> KernelRun | None:
    """The run of infinite width at a configuration with fixed labels, as residuals at W⁽⁰⁾."""
    data = data_of(c)
    return None if data is None else _kernel_run(data.inputs, AMPLITUDE * data.labels, c.L, c.m, step_size)


def _kernel_run(inputs: Tensor, residual: Tensor, depth: int, width: float, step_size: float) -> KernelRun:
    return limiting_run(ZOU_GU_2019, inputs, residual, depth=depth, width=width, step_size=step_size)


def parameters_of(c: Configuration) -> dict[str, float]:
    """What a scaling may mention, at a configuration whose inputs are known."""
    data = data_of(c)
    assert data is not None
    return {
        "m": c.m,
        "L": c.L,
        "n": c.n,
        "k": c.k,
        "phi": data.separation,
        "eps": c.eps,
        "batch": c.batch or c.n,
    }


def smallest_eigenvalue(c: Configuration) -> float | None:
    """λ_min of the limiting tangent kernel of one output, over m / k; None where the inputs are random."""
    data = data_of(c)
    if data is None:
        return None
    return float(torch.linalg.eigvalsh(tangent_kernel(ZOU_GU_2019, data.inputs, c.L))[0])
