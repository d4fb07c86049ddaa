"""Sound bounds, over the whole ball, of the ratios that this paper's lemmas measure; of lower bounds from below."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2020.prescribed_runs import step_size
from lemmata.claims.case import Case
from lemmata.model.empirical_kernels import last_layer_gram
from lemmata.model.losses import LOSSES, surrogate
from lemmata.model.margins import simplex_minimum
from lemmata.model.reach import Reach


def reach(case: Case) -> Reach:
    """What the case's ball can reach."""
    return Reach(case.at_initial, case.tau)


def loss_gradient(case: Case) -> Tensor:
    """Lemma 5.1, second bound; exact for L = n = 1."""
    return loss_gradients(case).amax(-1) / math.sqrt(case.parameters["m"])


def loss_gradients(case: Case) -> Tensor:
    """‖∇_{W_l} L_S(W)‖_F / E_S(W) at most: of any weights of the examples, or those that outputs can have, (S, L).

    Over E_S the slopes are weights p_i that sum to 1. ‖Σ p_i y_i G_i‖ is at most the largest ‖G_i‖, and at most its
    value at W⁽⁰⁾ and the changes of p and G.
    """
    at, trace, labels = reach(case), case.at_initial, case.labels
    gradients = at.gradients()[..., 0]
    slopes = LOSSES[case.setting.loss].slopes(trace.outputs, labels)
    still = trace.batch_gradient_norms(slopes) / slopes.abs().sum((-2, -1))[:, None]
    moved = at.gradient_changes()[..., 0].amax(-1) + (_weights_moved(case, gradients)[:, None] * gradients).sum(-1)
    return torch.minimum(gradients.amax(-1), still + moved)


def _slopes(case: Case, gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """−ℓ'(y_i f(x_i)) at least, at W⁽⁰⁾, and at most, (S, n) each; gradients of f at most are (S, L, n)."""
    margin = (case.labels * case.at_initial.outputs)[..., 0]
    change = case.tau * gradients.sum(1)
    return surrogate(margin + change), surrogate(margin), surrogate(margin - change)


def _weights_moved(case: Case, gradients: Tensor) -> Tensor:
    """How far each p_i = a_i / Σ a_j moves at most, a_i = −ℓ'(y_i f(x_i)), (S, n)."""
    least, still, most = _slopes(case, gradients)
    share = still / still.sum(-1, keepdim=True)
    high = most / (most + least.sum(-1, keepdim=True) - least)
    low = least / (least + most.sum(-1, keepdim=True) - most)
    return torch.maximum(high - share, share - low)


def one_step(case: Case) -> Tensor:
    """Theorem 4.7: how far a step from anywhere in the ball goes, in units of τ."""
    error = _slopes(case, reach(case).gradients()[..., 0])[2].mean(-1)
    return step_size(case, 1.0) * loss_gradients(case).amax(-1) * error / case.tau


def step_excess(case: Case, paces: Sequence[float]) -> Tensor:
    """Theorem 4.7: what a step falls short by, in a ball that holds the step as well.

    It goes η E_S times a bound of ‖∇_{W_l} L_S‖ / E_S in layer l. Kinks against the first term; products of the layers'
    steps and the mean of Δf_i² / 8 against the second, as E_S ≤ 1.
    """
    p, lengths, bounds = case.parameters, loss_gradients(case), []
    kinks = p["L"] ** 3 * p["tau"] ** (1 / 3) * p["m"] * math.sqrt(math.log(p["m"]))
    for pace in paces:
        farthest = float((step_size(case, pace)[:, None] * lengths).max())
        at = Reach(case.at_initial, case.tau + farthest)
        crossed = torch.einsum("snl,sl->sn", at.crossing_rates(-case.labels), lengths).amax(-1)
        products = torch.einsum("snlr,sl,sr->sn", at.compounds(), lengths, lengths).amax(-1)
        squares = torch.einsum("slnk,sl->snk", at.gradients(), lengths).square().mean((1, 2)) / 8
        bounds += [crossed / kinks, (products + squares) / (p["L"] ** 4 * p["m"] ** 2)]
    return torch.stack(bounds).amax(0)


def crossing(case: Case, towards: Tensor | None = None) -> Tensor:
    """|I_1| of appendix B.2."""
    return reach(case).crossing_rates(towards).amax((-2, -1)) / _kink_scale(case)


def compound(case: Case) -> Tensor:
    """|I_2| of appendix B.2: the largest value of a quadratic form in the layers' steps."""
    return _form(reach(case)) / (case.parameters["L"] ** 3 * math.sqrt(case.parameters["m"]))


def almost_linear(case: Case, towards: Tensor | None = None) -> Tensor:
    """Lemma 5.2, first bound: |I_1| + |I_2|."""
    return linearisation_rate(reach(case), towards) / _kink_scale(case)


def almost_convex(case: Case) -> Tensor:
    """The slides' third observation: the same with the error that lowers the loss, as y_i R_i > 0 does."""
    return almost_linear(case, case.labels)


def first_order(case: Case) -> Tensor:
    """(B.2): |I_1| against the first term and |I_2| against either; the loss rises where y_i R_i < 0."""
    return torch.minimum(almost_linear(case, -case.labels), torch.maximum(crossing(case, -case.labels), compound(case)))


def almost_smooth(case: Case) -> Tensor:
    """Lemma 5.2, second bound: a_i |R_i| with y_i R_i < 0 against the first term, and the mean of Δf_i² / 8.

    The latter counts by the second term's share of the right-hand side, largest where steps are 2τ and E_S is least.
    """
    at, p = reach(case), case.parameters
    gradients = at.gradients()
    squares = gradients.square().sum((1, 3)).mean(-1) / (8 * p["L"] ** 3 * p["m"])
    kinks = almost_linear(case, -case.labels)
    error = _slopes(case, gradients[..., 0])[0].mean(-1)
    quadratic = p["L"] ** 3 * p["m"] * 2 * case.tau
    return kinks + (squares - kinks).clamp_min(0) * quadratic / (quadratic + _kink_scale(case) * error)


def linearisation_rate(at: Reach, towards: Tensor | None = None) -> Tensor:
    """Largest |R_i| / Σ_l ‖Ŵ_l − W̃_l‖_2 of any example, (S,); `towards` as in `Reach.crossing_rates`.

    Of the products of steps, Σ_{r<l} δ_l δ_r is at most (1 − 1/L)/2 (Σ δ)², with δ ≤ 2τ.
    """
    layers = at.trace.network.trained
    compounds = at.compounds().amax((-2, -1)) * (layers - 1) * at.radius
    return (at.crossing_rates(towards).amax(-1) + compounds).amax(-1)


def _form(at: Reach) -> Tensor:
    table = at.compounds()
    return torch.linalg.eigvalsh((table + table.mT) / 2)[..., -1].amax(-1)


def _kink_scale(case: Case) -> float:
    p = case.parameters
    return p["L"] ** 2 * p["tau"] ** (1 / 3) * math.sqrt(p["m"] * math.log(p["m"]))


def linearisation(case: Case) -> Tensor:
    """I_1 of Theorem 4.5: the error of the expansion at W⁽⁰⁾."""
    p = case.parameters
    scale = p["L"] ** 4 * p["tau"] ** (4 / 3) * math.sqrt(p["m"] * math.log(p["m"]))
    return reach(case).overshoot().amax(-1) / scale


def outputs(case: Case) -> Tensor:
    """(B.3): Δf is the gradient, somewhere between W̃ and Ŵ, times the step."""
    p = case.parameters
    return reach(case).gradients().amax((1, 2, 3)).square() / (p["m"] * p["L"] ** 2)


def weights(case: Case) -> Tensor:
    """Lemma B.1 (i), weights: exact."""
    return torch.stack(case.at_initial.weight_norms).amax(0) + case.tau


def features(case: Case) -> Tensor:
    """Lemma B.1 (i), features."""
    return torch.stack(reach(case).sizes[1:]).amax((0, 2))


def products(case: Case) -> Tensor:
    """Lemma B.1 (ii)."""
    at = reach(case)
    norms = [at.product("possible", at.hidden, low, "all") for low in range(at.hidden)]
    return torch.stack(norms).amax((0, 2)) / case.parameters["L"]


def lipschitz(case: Case) -> Tensor:
    """Lemma B.1 (iii): a step of layer r moves x_l by ‖x_{r−1}‖ times the norm of what leads there."""
    at = reach(case)
    gains = [at.product("possible", high, low) * at.sizes[low - 1] for high, low in _layers(at)]
    return torch.stack(gains).amax((0, 2)) / math.sqrt(case.parameters["L"])


def preactivations(case: Case) -> Tensor:
    """Appendix B.2, the growth of pre-activations: the same without the last pattern."""
    at = reach(case)
    gains = [at.product("all", high, low) * at.sizes[low - 1] for high, low in _layers(at)]
    return torch.stack(gains).amax((0, 2)) / case.parameters["L"]


def _layers(at: Reach) -> list[tuple[int, int]]:
    return [(high, low) for high in range(1, at.hidden + 1) for low in range(1, high + 1)]


def patterns(case: Case) -> Tensor:
    """Lemma B.1 (iv): units that can flip in some layer; exact up to one unit for one layer."""
    p, at = case.parameters, reach(case)
    counts = torch.stack([at.flips(layer, pair=True) for layer in range(1, at.hidden + 1)])
    return counts.amax((0, 2)) / (p["L"] ** (4 / 3) * p["tau"] ** (2 / 3) * p["m"])


def signals(case: Case) -> Tensor:
    """Lemma B.1 (vi)."""
    at = reach(case)
    bounds = [at.signals(layer) for layer in range(at.hidden)]
    return torch.stack([bound.amax((-2, -1)) for bound in bounds]).amax(0) / math.sqrt(case.parameters["m"])


def sparse_signals(case: Case, entries: int) -> Tensor:
    """Lemma B.1 (v): that many entries of the signal at W⁽⁰⁾ and all of its change, or what each of them may become."""
    p, at, trace = case.parameters, reach(case), case.at_initial

    def longest(g: Tensor) -> Tensor:
        return torch.linalg.vector_norm(g.topk(min(entries, g.shape[-1]), dim=-1).values, dim=-1)

    bounds = []
    for layer, g in enumerate([trace.input_signals, *trace.unmasked_signals[:-1]]):
        together = longest(g.abs()) + at.signal_moves("all", layer)
        bounds.append(torch.minimum(together, longest(torch.maximum(*at.entries(layer)))) if at.apart else together)
    scale = p["L"] ** (2 / 3) * p["tau"] ** (1 / 3) * math.sqrt(p["m"] * math.log(p["m"]))
    return torch.stack([bound.amax((-2, -1)) for bound in bounds]).amax(0) / scale


def gradient_change(case: Case) -> Tensor:
    """Largest ‖∇_{W_L} f(x_i) − ∇_{W_L} f⁽⁰⁾(x_i)‖_F / √m over the ball and the examples, (S,)."""
    return reach(case).gradient_changes()[:, -1].amax((-2, -1)) / math.sqrt(case.parameters["m"])


def frozen_gradient(case: Case) -> Tensor:
    """‖G‖_F / (√m E_S) is at least this for all weights of the examples, and so for those of any W, (S,)."""
    least = simplex_minimum(last_layer_gram(case.at_initial, case.labels))
    return (least.value - least.gap).clamp_min(0).sqrt()


def least_gradient(case: Case) -> Tensor:
    """Lemmas 5.4, 5.5: ‖∇_{W_L} L_S(W)‖_F / (√m E_S(W)) is at least this for all W in the ball, (S,).

    The minimum at W⁽⁰⁾ over all weights of the examples, less what the ball can change.
    """
    return (frozen_gradient(case) - gradient_change(case)).clamp_min(0)
