"""The runs that Theorem 4.7 is about: gradient descent with its step size, at the B that the network has."""

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from lemmata.claims.case import Case
from lemmata.claims.claim import Measurement, MeasurementError
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import Plan
from lemmata.model.empirical_kernels import last_layer_gram
from lemmata.model.kernels import tangent_growth, tangent_layers
from lemmata.model.losses import LOSSES, surrogate_error
from lemmata.model.margins import simplex_minimum
from lemmata.model.trace import Trace
from lemmata.model.training import Run, follow

PACE = 64.0
"""The constant in η = Θ(L⁻³ B² m⁻¹), which the paper leaves open: on XOR with one layer η is then 8/m."""

STEPS = 24
"""Updates of a run that is watched step by step."""

MOST = 6_000
"""Updates after which a run that is to reach ε is given up."""

LONGEST = 100_000
"""Updates that a run to a prescribed K takes at most: minutes. At sizes that an audit has, K is 20 to 4,000."""

XOR = {"data": "xor", "d": 2}
"""What (4.1) is known for: at W⁽⁰⁾ its B tends to 0.354, 0.278, 0.259 with one, two and three layers."""

ON_XOR = Domain(n=(4, None), draws={"m": (64, 256), "L": (1, 3), "n": (4, 4)}, fixed=XOR)
"""Runs that are watched step by step, of all four corners.

For fewer B is larger, and with the constant of the step size that is taken here the steps are then too long: of one
corner L_S falls by 0.16 to 0.36 times η m B² E_S², where (5.6) has a half."""

ON_XOR_PLAN = Plan(lines={"m": (256, 1024, 4096), "L": (1, 2, 3)}, start={"n": 4}, examples=3)

TOLD = 100.0
"""A decrease of the loss so many times what rounding may make of it is known to a hundredth."""

NEEDS_STEPS = "needs the step size of the paper, and its steps"
"""Why networks that somebody trained say nothing about a statement on the steps of a run of its own."""


def dominance(case: Case) -> Tensor:
    """B, (S,): the least ‖∇_{W_L} L_S‖_F / (√m E_S) at W⁽⁰⁾ over all slopes that the examples may have."""
    return dominance_at(case.at_initial, case.labels)


def dominance_at(trace: Trace, labels: Tensor) -> Tensor:
    """The same at another point, (S,)."""
    return simplex_minimum(last_layer_gram(trace, labels)).value.clamp_min(0).sqrt()


def dominance_within(trace: Trace, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Between what rounding leaves B², as roots, (S,) each: an entry of the Gram matrix is a sum of m products."""
    gram = last_layer_gram(trace, labels)
    value = simplex_minimum(gram).value
    terms = trace.network.architecture.width + gram.shape[-1]
    rounding = terms * torch.finfo(gram.dtype).eps * gram.abs().amax((-2, -1))
    return (value - rounding).clamp_min(0).sqrt(), (value + rounding).sqrt()


def dominance_of(case: Case) -> Tensor:
    """The same of the one network that somebody has, (1,), to whose data the paper leaves it."""
    return case.for_each(case.of_data("B at W⁽⁰⁾", lambda: float(dominance(case)[0])))


def step_size(case: Case, pace: float = PACE) -> Tensor:
    """η = pace · L⁻³ B² m⁻¹, (S,); where B is 0, of which (4.1) says nothing, the least there is."""
    p = case.parameters
    eta = pace * dominance(case).square() / (p["L"] ** 3 * p["m"])
    return eta.clamp_min(torch.finfo(eta.dtype).tiny)


def descend(case: Case, steps: int = STEPS, *, pace: float = PACE) -> Run:
    """So many updates from W̃, which without a ball is W⁽⁰⁾."""
    start = case.at_expansion.network
    eta = step_size(case, pace)
    return follow(start, case.inputs, case.labels, step_size=eta, steps=steps, algorithm=case.algorithm)


def descend_to(case: Case, *, pace: float = PACE) -> tuple[Run, Tensor]:
    """Updates from W⁽⁰⁾ until E_S ≤ ε, and k + 1 for the first iterate there, (S,), infinite if it is beyond `MOST`."""
    eps = case.configuration.eps
    run = follow(
        case.initial,
        case.inputs,
        case.labels,
        step_size=step_size(case, pace),
        steps=MOST,
        until=partial(_reached, eps),
        algorithm=case.algorithm,
    )
    return run, run.first(run.errors <= eps) + 1


def descend_on(case: Case) -> tuple[Run, Tensor]:
    """A whole run from W⁽⁰⁾, whether or not E_S ≤ ε is reached before, and K = L³ B⁻⁴ ε⁻² over the constant of η, (S,).

    With this K (5.5) holds with equality.

    Raises:
        MeasurementError: if that is more than `LONGEST`.
    """
    steps = (case.depth**3 / (PACE * dominance(case) ** 4 * case.configuration.eps**2)).ceil()
    if not bool((steps <= LONGEST).all()):
        raise MeasurementError(f"K = L³ B⁻⁴ ε⁻² is {float(steps.max()):.3g} iterations; {LONGEST:,} can be run")
    return descend(case, int(steps.max())), steps


def descend_at_infinite_width(case: Case, start: Tensor, step_size: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """E_S and the largest distance of a layer along the run of infinite width, (S,) each, without end.

    f ← f − η Θ ∇_f L_S with the limiting tangent kernel Θ, and W_l − W_l⁽⁰⁾ = −Σ_i c_i ∇_{W_l} f(x_i).

    Args:
        case: whose inputs, labels, depth and widths.
        start: f at W⁽⁰⁾, (S, n, 1).
        step_size: η, (S,).
    """
    layers = tangent_layers(case.setting, case.inputs, case.depth, widths=case.initial.architecture.widths)
    growth = tangent_growth(case.setting, case.parameters["m"])
    kernels = torch.stack([layer.scaled(growth).kernel() for layer in layers])
    loss, f, c = LOSSES[case.setting.loss], start, torch.zeros_like(start)
    while True:
        squares = torch.einsum("sik,lij,sjk->sl", c, kernels, c)
        yield surrogate_error(f, case.labels), squares.clamp_min(0).sqrt().amax(-1)
        step = step_size[:, None, None] * loss.slopes(f, case.labels)
        f, c = f - kernels.sum(0) @ step, c + step


def where_it_shows(case: Case, run: Run, found: Measurement) -> Measurement:
    """What was found on the runs whose first step decreases the loss by `TOLD` times what rounding may; else 0 and 0.

    A step decreases L_S by η Σ_l ‖∇_{W_l} L_S‖² up to higher orders. A loss that comes of L products of m terms each is
    known up to about √(L m) units of rounding (Higham and Mary 2019), and a decrease is of two of them.
    """
    rounding = 2 * math.sqrt(case.hidden * case.parameters["m"]) * torch.finfo(run.losses.dtype).eps
    first = run.step_size * run.gradients[:, 0].square().sum(-1)
    shows = first >= TOLD * rounding * run.losses[:, 0]

    def kept(x: Tensor) -> Tensor:
        return torch.where(shows.reshape(-1, *[1] * (x.ndim - 1)), x, 0.0)

    factors = tuple(kept(torch.as_tensor(factor)) for factor in found.factors)
    return replace(found, lhs=kept(found.lhs), factors=factors)


def decreases(run: Run) -> Tensor:
    """L_S(W⁽ᵏ⁾) − L_S(W⁽ᵏ⁺¹⁾), (S, T)."""
    return run.losses[:, :-1] - run.losses[:, 1:]


def _reached(eps: float, losses: Tensor, errors: Tensor) -> Tensor:
    # An initialisation whose loss is no number will not get there.
    return (errors <= eps) | ~torch.isfinite(losses)
