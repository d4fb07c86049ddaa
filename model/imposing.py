"""Imposing pre-activations on chosen units of a deep layer with the least change of all the layers below.

One layer moves its own pre-activations by at most τ ‖x_{l−1}‖. All l layers together move them l times as far,
which is what makes the worst case at depth: l^{2/3} times as many flips, l^{1/3} times the linearisation error.

Several inputs at once share the budget in the Frobenius ball; in the spectral ball nearly orthogonal inputs do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from lemmata.model.ball import Ball
from lemmata.model.changes import LowRank, distance
from lemmata.model.trace import Trace

TRIES = 7
"""Numbers of units tried; the best that fits the radius is kept."""

DIRECTIONS = 800
"""That a matrix is asked for on the way, both sides together."""

STEPS = 5
"""Gauss–Newton steps per try; the last ones keep the Jacobian, which a unit on its kink would toggle for ever."""


FORMED = 64
"""Largest system that is formed: it has an equation per pair of example and unit. A larger one is met by products."""

ITERATIONS = 30
"""Most steps of conjugate gradients: random features make a well-conditioned system, a dozen reach the precision."""

PRECISION = 1e-6
"""Relative residual at which they stop; the next Gauss–Newton step corrects what is left."""

SOLVED = 1e100
"""Coefficients of a solution are smaller than this; those of a singular system are not, or not numbers."""


@dataclass(frozen=True)
class Imposed:
    """Least-norm changes of layers 1 … l, and which of the wanted units they serve, (S, e, m_l) boolean."""

    changes: tuple[LowRank, ...]
    served: Tensor


def impose(
    trace: Trace,
    layer: int,
    examples: Sequence[int],
    order: Tensor,
    goal: Tensor,
    ball: Ball,
    *,
    closeness: float = 2.0,
) -> Imposed:
    """Bring as many units of the examples as the ball allows to their goals, in increasing `order`.

    A unit j of an example i has the gradient p_r x_{r−1,i}ᵀ in layer r, with p_r = M_{r→l}ᵀ e_j. Solves, for the
    total change ΔW_r = w_r Σ c_{ij} p_r x_{r−1,i}ᵀ of every layer r ≤ l, the least-norm system
    Σ_r w_r (P_r P_rᵀ ∘ X_{r−1} X_{r−1}ᵀ) c = goal − z + J ΔW at the current network, over the chosen pairs (i, j). The
    weights w_r make the layers' norms equal; the number of pairs follows from the largest of them, which grows like its
    3/2 power.

    Args:
        trace: at W⁽⁰⁾.
        layer: l, counted from 1.
        examples: e of them, counted from 0.
        order: (S, e, m_l), which units first; infinite for units that are not wanted.
        goal: (S, e, m_l), the pre-activation each should get.
        ball: no layer's change leaves it.
        closeness: a unit is served if it is on its goal's side and no farther from it than this times |goal|.

    Returns:
        Changes whose largest layer norm is at most the radius.
    """
    wanted = order.isfinite().sum((-2, -1))
    chosen_trace = Trace(trace.network, trace.inputs[list(examples)])
    changes = trace.network.still()
    index = order.flatten(1).argsort(-1)
    count = torch.minimum(_one_layer_count(chosen_trace, layer, order, ball.radius) * layer ** (2 / 3), wanted)
    frame = chosen_trace
    best = Imposed(changes, torch.zeros_like(order, dtype=torch.bool))
    weights = torch.ones(layer, len(count), dtype=goal.dtype, device=goal.device)
    fits, fails = torch.zeros_like(count), torch.full_like(count, torch.inf)
    c = goal.new_zeros(len(count), 0)
    for _ in range(TRIES):
        chosen = index[:, : max(1, int(count.max()))]
        # Further units come behind those of the try before, whose coefficients are a start.
        c = pad(c, (0, chosen.shape[-1] - c.shape[-1]))
        mask = torch.arange(chosen.shape[-1], device=count.device) < count[:, None].floor()
        wished = goal.flatten(1).gather(-1, chosen)
        for step in range(STEPS):
            here = Trace(trace.network.moved(changes), chosen_trace.inputs)
            frame = here if step < 2 else frame
            changes, c = _least_change(frame, here, changes, weights, chosen, wished, mask, c)
        norms = torch.stack([distance(change, ball.norm) for change in changes[:layer]])
        largest = norms.amax(0)
        weights = weights * torch.where(norms > 0, norms.mean(0) / norms, 1.0)
        inside = (largest <= ball.radius) & (largest > 0)
        best = _better(best, _serve(chosen_trace, layer, changes, order, goal, closeness), inside)
        fits, fails = torch.where(inside, count, fits), torch.where(inside, fails, count)
        guess = count * (ball.radius / largest.clamp_min(torch.finfo(largest.dtype).tiny)) ** (2 / 3)
        middle = torch.where(fails.isinf(), 1.3 * count, (fits + fails) / 2)
        count = torch.where((guess > fits) & (guess < fails), torch.minimum(guess, 1.3 * count), middle)
        count = torch.minimum(count, wanted).clamp_min(1.0)
    return best


def _serve(
    start: Trace, layer: int, changes: tuple[LowRank, ...], order: Tensor, goal: Tensor, closeness: float
) -> Imposed:
    """Which wanted units the changes bring close to their goal, on its side of the kink."""
    z = Trace(start.network.moved(changes), start.inputs).preactivations[layer - 1]
    return Imposed(changes, order.isfinite() & ((z > 0) == (goal > 0)) & ((z - goal).abs() <= closeness * goal.abs()))


def _better(old: Imposed, new: Imposed, allowed: Tensor) -> Imposed:
    """Per initialisation, whichever serves more units."""
    take = allowed & (new.served.sum((-2, -1)) >= old.served.sum((-2, -1)))
    kept = [a.where(take, b) for a, b in zip(old.changes, new.changes, strict=True)]
    return Imposed(tuple(kept), torch.where(take[:, None, None], new.served, old.served))


def _least_change(
    frame: Trace,
    here: Trace,
    current: tuple[LowRank, ...],
    weights: Tensor,
    chosen: Tensor,
    goal: Tensor,
    mask: Tensor,
    start: Tensor,
) -> tuple[tuple[LowRank, ...], Tensor]:
    """One Gauss–Newton step: the least total change that solves the system with the Jacobian of `frame`.

    Layer r's change counts 1 / weights_r in the norm that is least. `chosen` are the places of (example, unit) pairs.

    Returns:
        the changes, and the coefficients c that they come from; `start` are those of an earlier step.
    """
    layer = len(weights)
    features = frame.features[:layer]
    travelled = _pushed(frame, [change.apply(x) for change, x in zip(current, features, strict=False)])
    z = here.preactivations[layer - 1]
    missing = goal + (travelled - z).flatten(1).gather(-1, chosen)
    missing = torch.where(mask, missing, 0.0)
    if chosen.shape[-1] <= FORMED:
        c = _solve_formed(frame, weights, chosen, mask, missing)
    else:
        c = _solve_by_products(frame, weights, chosen, mask, missing, torch.where(mask, start, 0.0))
    # A dead network has no gradient to impose anything with: no change at all, which does not count as one that fits.
    c = torch.where((c.abs() < SOLVED).all(-1, keepdim=True), c, 0.0)
    pulls = _pulled(frame, layer, torch.zeros_like(z).flatten(1).scatter_add(-1, chosen, c).reshape(z.shape))
    changes = list(frame.network.still())
    for r, (pull, x) in enumerate(zip(pulls, features, strict=True)):
        changes[r] = LowRank(pull.mT * weights[r][:, None, None], x.mT)
    return tuple(changes), c


def _pulled(frame: Trace, layer: int, c: Tensor) -> list[Tensor]:
    """M_{r→l}ᵀ c_i for r = 1, …, l and every example, each (S, e, m_r): Jᵀ c is Σ_i of these times x_{r−1,i}ᵀ."""
    pulls = [c]
    for r in range(layer - 1, 0, -1):
        pulls.insert(0, frame.network.apply_transposed(r, pulls[0]) * frame.patterns[r - 1])
    return pulls


def _pushed(frame: Trace, own: list[Tensor]) -> Tensor:
    """J ΔW: what changes that move each layer's pre-activations by `own`, (S, e, m_r), do to those of the last."""
    total = own[0]
    for r, moved in enumerate(own[1:], 1):
        total = moved + frame.network.apply(r, total * frame.patterns[r - 1])
    return total


def _solve_formed(frame: Trace, weights: Tensor, chosen: Tensor, mask: Tensor, missing: Tensor) -> Tensor:
    """The system J diag(w) Jᵀ c = missing over the chosen pairs, formed, (S, pairs)."""
    layer = len(weights)
    width = frame.preactivations[layer - 1].shape[-1]
    example, unit = chosen // width, chosen % width
    features = frame.features[:layer]
    # In layer l itself the gradients of units are the units: only equal ones meet.
    same = (unit[:, :, None] == unit[:, None, :]).to(missing)
    gram = weights[-1][:, None, None] * same * _between(features[-1], example)
    rows = torch.zeros(*chosen.shape, width).to(missing).scatter(-1, unit[..., None], 1.0) if layer > 1 else same
    for r in range(layer - 2, -1, -1):
        rows = frame.network.apply_transposed(r + 1, rows) * _of(frame.patterns[r], example)
        gram = gram + weights[r][:, None, None] * (rows @ rows.mT) * _between(features[r], example)
    both = mask[:, :, None] & mask[:, None, :]
    eye = torch.eye(mask.shape[-1], dtype=missing.dtype, device=missing.device)
    system = torch.where(both, gram, 0.0) + eye * torch.where(mask, 0.0, 1.0)[:, None, :]
    ridge = 1e-12 * torch.diagonal(system, dim1=-2, dim2=-1).mean(-1)
    return torch.linalg.solve_ex(system + eye * ridge[:, None, None], missing).result


def _solve_by_products(
    frame: Trace, weights: Tensor, chosen: Tensor, mask: Tensor, missing: Tensor, start: Tensor
) -> Tensor:
    """The same by conjugate gradients, which ask every matrix for one product each way per step.

    They start from `start` where that is nearer than zero.
    """
    layer = len(weights)
    shape = frame.preactivations[layer - 1].shape
    grams = [w[:, None, None] * (x @ x.mT) for w, x in zip(weights, frame.features, strict=False)]

    def applied(c: Tensor) -> Tensor:
        placed = missing.new_zeros(len(c), shape[1] * shape[2]).scatter(-1, chosen, c).reshape(shape)
        pulls = _pulled(frame, layer, placed)
        moved = _pushed(frame, [gram @ pull for gram, pull in zip(grams, pulls, strict=True)])
        return torch.where(mask, moved.flatten(1).gather(-1, chosen), 0.0)

    solution, residual = torch.zeros_like(missing), missing
    size = missing.square().sum(-1, keepdim=True)
    enough = PRECISION**2 * size
    if start.any():
        left = missing - applied(start)
        nearer = left.square().sum(-1, keepdim=True) < size
        solution, residual = torch.where(nearer, start, solution), torch.where(nearer, left, residual)
        size = residual.square().sum(-1, keepdim=True)
    direction = residual
    for _ in range(ITERATIONS):
        if not (size > enough).any():
            break
        image = applied(direction)
        curvature = (direction * image).sum(-1, keepdim=True)
        going = (size > enough) & (curvature > 0)
        step = torch.where(going, size / curvature, 0.0)
        solution, residual = solution + step * direction, residual - step * image
        before, size = size, residual.square().sum(-1, keepdim=True)
        direction = residual + torch.where(going, size / before, 0.0) * direction
    return solution


def _between(features: Tensor, example: Tensor) -> Tensor:
    """<x_i, x_j> for the examples of every two pairs, (S, p, p)."""
    return _of(_of(features @ features.mT, example).mT, example)


def _of(rows: Tensor, example: Tensor) -> Tensor:
    """The row of each pair's example: (S, e, …) and (S, p) to (S, p, …)."""
    return rows.gather(1, example[..., None].expand(-1, -1, rows.shape[-1]))


def _one_layer_count(start: Trace, layer: int, order: Tensor, radius: float) -> Tensor:
    """How many units this layer alone could bring to their kinks, (S,)."""
    z = start.preactivations[layer - 1]
    size = torch.linalg.vector_norm(start.features[layer - 1], dim=-1, keepdim=True)
    cost = torch.where(order.isfinite(), (z / size).square(), torch.inf).flatten(1)
    spent = cost.gather(-1, order.flatten(1).argsort(-1)).cumsum(-1)
    return (spent <= radius**2).sum(-1).to(z).clamp_min(1.0)
