"""Imposing pre-activations on chosen units of a deep layer with the least change of all the layers below.

One layer moves its own pre-activations by at most τ ‖x_{l−1}‖. All l layers together move them l times as far,
which is what makes the worst case at depth: l^{2/3} times as many flips, l^{1/3} times the linearisation error.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from model.changes import LowRank
from model.trace import Trace

TRIES = 7
"""Numbers of units tried; the best that fits the radius is kept."""

STEPS = 5
"""Gauss–Newton steps per try; the last ones keep the Jacobian, which a unit on its kink would toggle for ever."""


@dataclass(frozen=True)
class Imposed:
    """Least-norm changes of layers 1 … l, and which of the wanted units they serve, (S, m_l) boolean."""

    changes: tuple[LowRank, ...]
    served: Tensor


def impose(
    trace: Trace, layer: int, example: int, order: Tensor, goal: Tensor, radius: float, *, closeness: float = 2.0
) -> Imposed:
    """Bring as many units as the radius allows to their goals, in increasing `order`.

    Solves, for the total change ΔW_r = w_r P_rᵀ c x_{r−1}ᵀ of every layer r ≤ l, the least-norm system
    Σ_r w_r ‖x_{r−1}‖² P_r P_rᵀ c = goal − z + J ΔW at the current network, where the rows of P_r are the gradients
    of the chosen units. The weights w_r make the layers' norms equal; the number of units follows from the largest
    of them, which grows like its 3/2 power.

    Args:
        trace: at W⁽⁰⁾.
        layer: l, counted from 1.
        example: counted from 0.
        order: (S, m_l), which units first; infinite for units that are not wanted.
        goal: (S, m_l), the pre-activation each should get.
        radius: largest Frobenius norm of any layer's change.
        closeness: a unit is served if it is on its goal's side and no farther from it than this times |goal|.

    Returns:
        Changes whose largest layer norm is at most the radius.
    """
    wanted = order.isfinite().sum(-1)
    single = Trace(trace.network, trace.inputs[example : example + 1])
    changes = trace.network.still()
    index = order.argsort(-1)
    count = torch.minimum(_one_layer_count(trace, layer, example, order, radius) * layer ** (2 / 3), wanted)
    frame = single
    best = Imposed(changes, torch.zeros_like(order, dtype=torch.bool))
    weights = torch.ones(layer, len(count), dtype=goal.dtype, device=goal.device)
    fits, fails = torch.zeros_like(count), torch.full_like(count, torch.inf)
    for _ in range(TRIES):
        chosen = index[:, : max(1, int(count.max()))]
        mask = torch.arange(chosen.shape[-1], device=count.device) < count[:, None].floor()
        for step in range(STEPS):
            here = Trace(trace.network.moved(changes), single.inputs)
            frame = here if step < 2 else frame
            changes = _least_change(frame, here, changes, weights, chosen, goal.gather(-1, chosen), mask)
        norms = torch.stack([change.frobenius() for change in changes[:layer]])
        largest = norms.amax(0)
        weights = weights * torch.where(norms > 0, norms.mean(0) / norms, 1.0)
        inside = (largest <= radius) & (largest > 0)
        best = _better(best, _serve(single, layer, changes, order, goal, closeness), inside)
        fits, fails = torch.where(inside, count, fits), torch.where(inside, fails, count)
        guess = count * (radius / largest.clamp_min(torch.finfo(largest.dtype).tiny)) ** (2 / 3)
        middle = torch.where(fails.isinf(), 1.3 * count, (fits + fails) / 2)
        count = torch.where((guess > fits) & (guess < fails), torch.minimum(guess, 1.3 * count), middle)
        count = torch.minimum(count, wanted).clamp_min(1.0)
    return best


def _serve(
    single: Trace, layer: int, changes: tuple[LowRank, ...], order: Tensor, goal: Tensor, closeness: float
) -> Imposed:
    """Which wanted units the changes bring close to their goal, on its side of the kink."""
    z = Trace(single.network.moved(changes), single.inputs).preactivations[layer - 1][:, 0]
    return Imposed(changes, order.isfinite() & ((z > 0) == (goal > 0)) & ((z - goal).abs() <= closeness * goal.abs()))


def _better(old: Imposed, new: Imposed, allowed: Tensor) -> Imposed:
    """Per initialisation, whichever serves more units."""
    take = allowed & (new.served.sum(-1) >= old.served.sum(-1))
    kept = [_choose(take, a, b) for a, b in zip(old.changes, new.changes, strict=True)]
    return Imposed(tuple(kept), torch.where(take[:, None], new.served, old.served))


def _choose(take: Tensor, a: LowRank, b: LowRank) -> LowRank:
    if a.rank < b.rank:
        a = LowRank(torch.zeros_like(b.left), torch.zeros_like(b.right))
    return LowRank(torch.where(take[:, None, None], b.left, a.left), torch.where(take[:, None, None], b.right, a.right))


def _least_change(
    frame: Trace, here: Trace, current: tuple[LowRank, ...], weights: Tensor, chosen: Tensor, goal: Tensor, mask: Tensor
) -> tuple[LowRank, ...]:
    """One Gauss–Newton step: the least total change that solves the system with the Jacobian of `frame`.

    Layer r's change counts 1 / weights_r in the norm that is least.
    """
    layer = len(weights)
    rows = torch.zeros(*chosen.shape, here.preactivations[layer - 1].shape[-1]).to(goal)
    rows = rows.scatter(-1, chosen[..., None], 1.0)
    pulls = [rows]
    for below in range(layer - 1, 0, -1):
        rows = frame.network.apply_transposed(below, rows) * frame.patterns[below - 1]
        pulls.append(rows)
    pulls.reverse()
    features = [x[:, 0] for x in frame.features[:layer]]
    gram = sum(
        (w * x.square().sum(-1))[:, None, None] * (p @ p.mT) for w, x, p in zip(weights, features, pulls, strict=True)
    )
    travelled = sum(
        (p @ change.apply(x[:, None]).mT)[..., 0] for x, p, change in zip(features, pulls, current, strict=False)
    )
    z = here.preactivations[layer - 1][:, 0].gather(-1, chosen)
    both = mask[:, :, None] & mask[:, None, :]
    eye = torch.eye(mask.shape[-1], dtype=goal.dtype, device=goal.device)
    system = torch.where(both, gram, 0.0) + eye * torch.where(mask, 0.0, 1.0)[:, None, :]
    ridge = 1e-12 * torch.diagonal(system, dim1=-2, dim2=-1).mean(-1)
    system = system + eye * ridge[:, None, None]
    # A dead network has no gradient to impose anything with; the try then simply does not fit.
    c = torch.linalg.solve_ex(system, torch.where(mask, goal - z + travelled, 0.0)).result
    changes = list(frame.network.still())
    for r, (x, p) in enumerate(zip(features, pulls, strict=True)):
        changes[r] = LowRank((c[:, None] @ p).mT * weights[r][:, None, None], x[..., None])
    return tuple(changes)


def _one_layer_count(trace: Trace, layer: int, example: int, order: Tensor, radius: float) -> Tensor:
    """How many units this layer alone could bring to their kinks, (S,)."""
    z = trace.preactivations[layer - 1][:, example]
    size = torch.linalg.vector_norm(trace.features[layer - 1][:, example], dim=-1, keepdim=True)
    cost = torch.where(order.isfinite(), (z / size).square(), torch.inf).gather(-1, order.argsort(-1)).cumsum(-1)
    return (cost <= radius**2).sum(-1).to(z).clamp_min(1.0)
