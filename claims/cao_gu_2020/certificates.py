"""Sound upper bounds, over the whole ball, of the ratios that the lemmas of this paper measure."""

import math

import torch
from torch import Tensor

from lemmata.claims.case import Case
from lemmata.model.certificates import activatable, feature_moves, feature_norms, flippable, signal_norms, weight_norms
from lemmata.model.empirical_kernels import last_layer_gram
from lemmata.model.margins import simplex_minimum


def loss_gradient(case: Case) -> Tensor:
    """Lemma 5.1, second bound: the largest ‖x_{l−1}‖ ‖b_l‖ / √m of any example; exact for one layer and example."""
    trace, m = case.at_initial, case.parameters["m"]
    if case.hidden == 1:
        size = torch.linalg.vector_norm(trace.features[0], dim=-1)
        return (size * activatable(trace, case.tau).sqrt()).amax(-1) / math.sqrt(m)
    features = feature_norms(trace, case.tau)
    signals = signal_norms(trace, case.tau)
    bounds = [x.amax(-1) * g.amax((-2, -1)) for x, g in zip(features, signals[1:], strict=False)]
    return torch.stack(bounds).amax(0) / math.sqrt(m)


def almost_linear(case: Case) -> Tensor:
    """Lemma 5.2, first bound, one layer: √(units that can flip with one sign of v) over the scaling; else NaN."""
    if case.hidden > 1:
        return torch.full_like(case.initial.like, math.nan)
    p = case.parameters
    (count,) = flippable(case.at_initial, case.tau, both=True, signs=True)
    return count.amax(-1).sqrt() / (p["tau"] ** (1 / 3) * math.sqrt(p["m"] * math.log(p["m"])))


def almost_smooth(case: Case) -> Tensor:
    """Lemma 5.2, second bound, one layer: a_i |R_i| against the first term, Δf² / 8 against the second; else NaN."""
    if case.hidden > 1:
        return almost_linear(case)
    size = torch.linalg.vector_norm(case.inputs, dim=-1)
    slope = (size * activatable(case.at_initial, case.tau).sqrt()).amax(-1)
    # Δf is a sum over units of v_j times a difference of ReLUs, at most ‖v‖ ‖Δ x‖.
    crude = math.sqrt(case.initial.architecture.widths[-1]) * size.max()
    quadratic = torch.maximum(slope, torch.full_like(slope, float(crude))).square() / 8 / case.parameters["m"]
    return torch.maximum(almost_linear(case), quadratic)


def weights(case: Case) -> Tensor:
    """Lemma B.1 (i), weights: exact."""
    return torch.stack(weight_norms(case.at_initial, case.tau)).amax(0)


def features(case: Case) -> Tensor:
    """Lemma B.1 (i), features."""
    return torch.stack(feature_norms(case.at_initial, case.tau)[1:]).amax((0, 2))


def products(case: Case) -> Tensor:
    """Lemma B.1 (ii): the product of the layers' norms."""
    norms = torch.stack(weight_norms(case.at_initial, case.tau))
    return norms.flip(0).cumprod(0).amax(0) / case.parameters["L"]


def lipschitz(case: Case) -> Tensor:
    """Lemma B.1 (iii): the largest ‖x_{r−1}‖ ∏_{s>r} ‖W_s‖ over r ≤ l, whatever the step."""
    norms = weight_norms(case.at_initial, case.tau)
    sizes = [x.amax(-1) for x in feature_norms(case.at_initial, case.tau)]
    worst = torch.zeros_like(case.initial.like)
    for r in range(case.hidden):
        gain = sizes[r]
        worst = torch.maximum(worst, gain)
        for norm in norms[r + 1 :]:
            gain = gain * norm
            worst = torch.maximum(worst, gain)
    return worst / math.sqrt(case.parameters["L"])


def patterns(case: Case) -> Tensor:
    """Lemma B.1 (iv): units that can flip in some layer; exact up to one unit for one layer."""
    p = case.parameters
    counts = torch.stack([count.amax(-1) for count in flippable(case.at_initial, case.tau, both=True)])
    return counts.amax(0) / (p["L"] ** (4 / 3) * p["tau"] ** (2 / 3) * p["m"])


def signals(case: Case) -> Tensor:
    """Lemma B.1 (vi): ‖v‖ times the product of the layers' norms."""
    bounds = signal_norms(case.at_initial, case.tau)[:-1]
    return torch.stack([bound.amax((-2, -1)) for bound in bounds]).amax(0) / math.sqrt(case.parameters["m"])


def sparse_signals(case: Case) -> Tensor:
    """Lemma B.1 (v): no part of the signal is longer than the whole."""
    p = case.parameters
    return signals(case) / (p["L"] ** (2 / 3) * p["tau"] ** (1 / 3) * math.sqrt(math.log(p["m"])))


def gradient_change(case: Case) -> Tensor:
    """Largest ‖∇_{W_L} f(x_i) − ∇_{W_L} f⁽⁰⁾(x_i)‖_F / √m over the ball and the examples, (S,).

    x bᵀ − x⁽⁰⁾ b⁽⁰⁾ᵀ = (x − x⁽⁰⁾) b⁽⁰⁾ᵀ + x (b − b⁽⁰⁾)ᵀ, with b of entries ±1 on the active units.
    """
    trace, top = case.at_initial, case.hidden - 1
    active = trace.patterns[top].sum(-1).sqrt()
    flips = flippable(trace, case.tau, both=False)[top].sqrt()
    move = feature_moves(trace, case.tau)[top] * active + feature_norms(trace, case.tau)[top] * flips
    return move.amax(-1) / math.sqrt(case.parameters["m"])


def least_gradient(case: Case) -> Tensor:
    """Lemmas 5.4, 5.5: ‖∇_{W_L} L_S(W)‖_F / (√m E_S(W)) is at least this for all W in the ball, (S,).

    The minimum at W⁽⁰⁾ over all weights of the examples, less what the ball can change.
    """
    least = simplex_minimum(last_layer_gram(case.at_initial, case.labels))
    return ((least.value - least.gap).clamp_min(0).sqrt() - gradient_change(case)).clamp_min(0)
