"""Algorithm 1: gradient descent and stochastic gradient descent, replayed step by step on dense weights."""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor

from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Sides
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import DRAWN, Plan
from lemmata.claims.registry import claim
from lemmata.claims.zou_gu_2019.kernel_regime import MU, STEP
from lemmata.claims.zou_gu_2019.paper import ZOU_GU_2019
from lemmata.model.losses import LOSSES
from lemmata.model.trace import Trace
from lemmata.model.training import gradient_descent

STEPS = 4

TINY = Domain(draws={"m": (8, 32), "L": (1, 3), "n": (2, 5)}, fixed={"mu": MU}, values={"batch": (1, 2)})
"""Sizes at which all batches can be listed and all weights held."""

TINY_PLAN = Plan(lines={"batch": DRAWN}, start={"batch": None}, examples=8)


def _dense_steps(case: Case, *, at_once: bool = True) -> list[Tensor]:
    """W_1⁽ᵀ⁾, …, W_L⁽ᵀ⁾ after `STEPS` steps, by automatic differentiation of the loss of dense matrices.

    Args:
        case: at W⁽⁰⁾.
        at_once: whether all layers step from the same iterate, or each from what the ones below have become.
    """
    weights = [case.initial.materialise(layer) for layer in range(case.hidden + 1)]
    step_size = STEP.value(case.parameters)
    for _ in range(STEPS):
        groups = [range(case.hidden)] if at_once else [(layer,) for layer in range(case.hidden)]
        for group in groups:
            leaves = [weight.detach().requires_grad_() for weight in weights]
            h = case.inputs.expand(case.initial.initialisations, -1, -1)
            for weight in leaves[:-1]:
                h = (h @ weight.mT).clamp_min(0)
            loss = (h @ leaves[-1].mT - case.labels).square().sum(-1).mean(-1) / 2
            gradients = torch.autograd.grad(loss.sum(), [leaves[layer] for layer in group])
            for layer, gradient in zip(group, gradients, strict=True):
                weights[layer] = weights[layer] - step_size * gradient
    return weights[:-1]


def _replay(case: Case, *, at_once: bool = True) -> Sides:
    """The factored iterate against the dense one, all layers together, relative to the change."""
    *_, last = gradient_descent(
        case.initial, case.inputs, case.labels, step_size=STEP.value(case.parameters), steps=STEPS
    )
    dense = _dense_steps(case, at_once=at_once)
    left, right, stored = [], [], []
    for layer, (change, weight) in enumerate(zip(last.changes, dense, strict=True)):
        left.append(change.materialise().flatten(1))
        right.append((weight - case.initial.materialise(layer)).flatten(1))
        stored.append(weight.flatten(1))  # every step of which is rounded as a whole
    return Sides.of(torch.cat(left, 1), torch.cat(right, 1), terms=torch.cat(stored, 1))


@claim(
    "zou-gu-2019/algorithm-1-gd",
    sentence="Gradient descent moves all hidden layers along the full gradient.",
    source=ZOU_GU_2019.at("Algorithm 1, lines 3 to 6"),
    statement=r"W_l^{(t+1)} = W_l^{(t)} - \eta \nabla_{W_l} L(W^{(t)}), \quad l \in [L]",
    kind="EXACT",
    engine_obstacle="entries of the matrices, beside the products",
    bound="equality",
    domain=TINY,
    plan=TINY_PLAN,
    quantifiers="for all t and data",
    erratum="E-46",
    controls=(
        Control(
            "layerwise",
            "every layer steps from what those below have become",
            measure=lambda case: _replay(case, at_once=False),
            of="algorithm",
            domain=Domain(fixed={"mu": MU}),
            plan=Plan(start={"m": 32, "L": 2, "n": 3}),
        ),
    ),
    notes="t runs over 0, …, T − 1, and V stays.",
)
def descent_follows_the_algorithm(case: Case) -> Sides:
    """W⁽ᵀ⁾ − W⁽⁰⁾ from factored steps, against automatic differentiation of dense weights."""
    return _replay(case)


def _average(case: Case, batches: list[tuple[int, ...]]) -> Sides:
    """The mean over batches of the gradient of each batch's own loss, against ∇L, all layers together."""
    whole = _gradient(case, range(len(case.inputs)))
    sampled = torch.stack([_gradient(case, batch) for batch in batches]).mean(0)
    return Sides.of(sampled, whole)


def _gradient(case: Case, batch: Sequence[int]) -> Tensor:
    """(1/B) Σ_{s ∈ batch} ∇ℓ_s of all layers, flat, from a pass over the batch alone, (S, weights)."""
    inputs, labels = case.inputs[list(batch)], case.labels[list(batch)]
    trace = Trace(case.initial, inputs)
    gradient = trace.gradient(LOSSES[case.setting.loss].slopes(trace.outputs, labels))
    return torch.cat([layer.materialise().flatten(1) for layer in gradient], 1)


def _batches(case: Case) -> list[tuple[int, ...]]:
    """All sets of B examples."""
    n = len(case.inputs)
    return list(itertools.combinations(range(n), min(case.configuration.batch or 1, n)))


@claim(
    "zou-gu-2019/algorithm-1-sgd",
    sentence="A batch's gradient is, in the mean, the full one.",
    source=ZOU_GU_2019.at("Algorithm 1, lines 7 to 11"),
    statement=r"\mathbb{E}_{\mathcal{B}} \frac{1}{B} \sum_{s \in \mathcal{B}} \nabla \ell(f_W(x_s), y_s) = \nabla L(W)",
    kind="EXACT",
    bound="equality",
    domain=TINY,
    plan=TINY_PLAN,
    quantifiers="for all W, data and batch sizes B ≤ n",
    erratum="E-46",
    controls=(
        Control(
            "skipping",
            "batches uniform among the sets of B of the first n − 1 examples",
            measure=lambda case: _average(case, [b for b in _batches(case) if len(case.inputs) - 1 not in b]),
            of="algorithm",
        ),
    ),
    notes="𝓑 ⊂ [n] is uniform among all sets of B examples: all of them are listed.",
)
def batches_are_unbiased(case: Case) -> Sides:
    """The mean over every batch, against the gradient of the whole loss."""
    return _average(case, _batches(case))
