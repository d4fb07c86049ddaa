"""Section 3: the network, its Gaussian initialisation, the loss that it minimises, and gradient descent."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, NEAR
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Sides
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import Plan
from lemmata.claims.registry import claim
from lemmata.model.losses import LOSSES, cross_entropy
from lemmata.model.training import gradient_descent

FACTOR = 1.5
"""The c > 0 at which homogeneity is measured."""


@claim(
    "cao-gu-2020/setup-network",
    sentence="The network is ReLU layers under fixed output signs, homogeneous in its input and in every layer.",
    source=CAO_GU_2020.at("section 3, definition of the network"),
    statement=r"f_W(x) = v^T \sigma(W_L^T \sigma(W_{L-1}^T \cdots \sigma(W_1^T x) \cdots)),"
    r" \quad v \in \{+1, -1\}^{m_L} \text{ balanced}",
    kind="EXACT",
    engine_obstacle="entries of the matrices, beside the products",
    bound="equality",
    domain=NEAR,
    quantifiers="for all W and x; positively homogeneous in x and in each W_l",
    attacks=("stay", "random"),
    erratum="E-36",
    controls=(
        Control(
            "independent signs",
            "v has independent fair signs; then Var f = 1 instead of 1 − 1/π",
            measure=lambda case: _network(case, signs=_independent_signs(case)),
        ),
        Control("degree two", "f_W(c x) = c² f_W(x)", measure=lambda case: _network(case, degree=2)),
    ),
)
def network_is_homogeneous(case: Case) -> Sides:
    """The printed formula, its values at c x and at c W_l for each l, and the number of +1 and of −1 in v."""
    return _network(case)


def _network(case: Case, *, degree: int = 1, signs: Tensor | None = None) -> Sides:
    trace, network = case.at_moved, case.at_moved.network
    weights = [network.materialise(layer).mT for layer in range(network.hidden)]
    v = network.materialise(network.hidden)[:, 0] if signs is None else signs
    scaled = [
        (FACTOR * case.inputs, weights),
        *((case.inputs, [*weights[:l], FACTOR * w, *weights[l + 1 :]]) for l, w in enumerate(weights)),
    ]
    pairs = [(trace.outputs[..., 0], _printed(case.inputs, weights, v))]
    pairs += [(_printed(x, w, v), FACTOR**degree * trace.outputs[..., 0]) for x, w in scaled]
    half = torch.full_like(v[:, :1], v.shape[1] / 2)
    pairs += [((v == sign).to(v).sum(1, keepdim=True), half) for sign in (1.0, -1.0)]
    sizes = [trace.output_terms[..., 0]] * (len(pairs) - 2) + [half] * 2
    rows = [Sides.of(*pair, terms=size) for pair, size in zip(pairs, sizes, strict=True)]
    return _side_by_side(rows, ("part",))


def _side_by_side(rows: Sequence[Sides], axes: tuple[str, ...]) -> Sides:
    """Several identities (S,) as one, (S, rows)."""
    left, right, gap = (torch.stack([getattr(row, name) for row in rows], -1) for name in ("left", "right", "gap"))
    scales = [row.scale for row in rows if row.scale is not None]
    return Sides(left, right, gap, axes, torch.stack(scales, -1) if len(scales) == len(rows) else None)


def _printed(x: Tensor, weights: Sequence[Tensor], v: Tensor) -> Tensor:
    """vᵀσ(W_Lᵀ … σ(W_1ᵀ x)) with units as columns, (S, n)."""
    for weight in weights:
        x = torch.relu(x @ weight)
    return (x @ v[..., None])[..., 0]


def _independent_signs(case: Case) -> Tensor:
    """Signs of weights of the last hidden layer: independent and fair, (S, m_L)."""
    return case.initial.materialise(case.hidden - 1)[..., 0].sign()


@claim(
    "cao-gu-2020/setup-init",
    sentence="The entries of a layer are independent and Gaussian, of variance 2 over its width.",
    source=CAO_GU_2020.at("Algorithm 1, first line"),
    statement=r"[W_l^{(0)}]_{ij} \sim N(0, 2 / m_l) \text{ independently}:"
    r" \quad \tfrac{m_l}{2} \|W_l^{(0)}\|_F^2 \sim \chi^2_{m_{l-1} m_l}",
    kind="PROB",
    engine_obstacle="the law of every entry of the matrices",
    bound="lower",
    stated=1.0,
    domain=Domain(draws={"m": (16, 64)}),
    plan=Plan(examples=4),
    quantifiers="for all l ≤ L",
    probability="at least 1 − δ over W⁽⁰⁾",
    erratum="E-24",
    controls=(
        Control("fan-in", "variance 2 / m_{l−1}, as He et al. have it", measure=lambda case: _law(case, fan_in=True)),
        Control("1 for 2", "variance 1 / m_l", measure=lambda case: _law(case, variance=1.0)),
    ),
    notes="m_l is the layer's own width. He et al. (2015) scale by the width below, which differs in the first layer.",
)
def weights_have_variance_two_over_width(case: Case) -> Measurement:
    """The smaller tail of each layer's χ² law, against its share δ / (2L) of the probability of error."""
    return _law(case)


def _law(case: Case, *, variance: float = 2.0, fan_in: bool = False) -> Measurement:
    """With the exact law the tail is uniform: a layer falls below its share with probability δ / L."""
    tails = []
    for layer in range(case.hidden):
        weight = case.initial.materialise(layer)
        out, into = weight.shape[1:]
        square = weight.square().sum((1, 2)) * (into if fan_in else out) / variance
        shape = torch.full_like(square, out * into / 2)
        below, above = torch.special.gammainc(shape, square / 2), torch.special.gammaincc(shape, square / 2)
        tails.append(torch.minimum(below, above))
    return Measurement(torch.stack(tails, -1), (case.delta / (2 * case.hidden),), ("layer",))


@claim(
    "cao-gu-2020/eq-3.1",
    sentence="The training loss is the mean cross-entropy of the margins.",
    source=CAO_GU_2020.at("equation (3.1)"),
    statement=r"L_S(W) = \frac1n \sum_i \ell[y_i f_W(x_i)], \quad \ell(z) = \log(1 + e^{-z})",
    kind="DEF",
    bound="equality",
    domain=NEAR,
    quantifiers="for all W, and for single examples at every margin up to a thousand",
    attacks=("stay", "random"),
    controls=(
        Control("sum for mean", "L_S is the sum over the examples", measure=lambda case: _loss(case, mean=False)),
        Control("sign of the label", "ℓ at −y_i f", measure=lambda case: _loss(case, sign=-1.0)),
    ),
)
def loss_is_the_mean_cross_entropy(case: Case) -> Sides:
    """The loss of the sample, and of one example at each probed margin, by log(e⁰ + e^{−z})."""
    return _loss(case)


def _loss(case: Case, *, mean: bool = True, sign: float = 1.0) -> Sides:
    f = case.at_moved.outputs
    own = LOSSES[case.setting.loss].value(f, case.labels)[:, None]
    probes = cross_entropy(case.probes).expand(len(own), -1)
    z = sign * case.margins(case.at_moved)
    terms = torch.logaddexp(torch.zeros_like(z), -z)
    n = len(case.inputs)
    printed = (terms[:, :n].mean if mean else terms[:, :n].sum)(-1, keepdim=True)
    return Sides.of(torch.cat([own, probes], -1), torch.cat([printed, terms[:, n:]], -1), ("distribution",))


STEPS = 3
"""Updates that are replayed."""


@claim(
    "cao-gu-2020/algorithm-1",
    sentence="Gradient descent moves all layers at once along the full gradient.",
    source=CAO_GU_2020.at("Algorithm 1"),
    statement=r"W_l^{(k+1)} = W_l^{(k)} - \eta \nabla_{W_l} L_S(W^{(k)}), \quad l \le L, \; k = 0, \ldots, K - 1",
    kind="EXACT",
    engine_obstacle="entries of the matrices, beside the products",
    bound="equality",
    domain=Domain(draws={"m": (16, 64), "L": (1, 3)}),
    plan=Plan(examples=6),
    quantifiers="for all l ≤ L and k < K, all layers at once",
    erratum="E-11",
    controls=(
        Control(
            "layerwise",
            "each layer's gradient is taken after the layers below have moved",
            measure=lambda case: _replayed(case, _one_layer_after_the_other),
            of="algorithm",
        ),
        Control(
            "as indexed",
            "W^(k) = W^(k−1) − η∇L_S(W^(k−1)) for k = 0, …, K − 1, which makes one update less",
            measure=lambda case: _replayed(case, _at_once, late=1),
        ),
    ),
    notes="Printed with W^(k) on the left of the loop over k = 0, …, K − 1, where W^(−1) is undefined. The output is "
    "W^(k*) with k* the iterate of least surrogate error among k < K.",
)
def iterates_are_full_gradient_steps(case: Case) -> Sides:
    """The factored iterates, against dense ones whose gradients are automatic."""
    return _replayed(case, _at_once)


Update = Callable[[list[Tensor], Case, float], list[Tensor]]


def _replayed(case: Case, update: Update, *, late: int = 0) -> Sides:
    """W⁽ᵏ⁾ − W⁽⁰⁾ per step k = 1, …, K and layer, at η = 1 / m."""
    eta = 1 / case.parameters["m"]
    start = [case.initial.materialise(layer) for layer in range(case.initial.trained)]
    weights, moves = start, []
    for _ in range(STEPS):
        weights = update(weights, case, eta)
        moves.append([w - w0 for w, w0 in zip(weights, start, strict=True)])
    if late:
        moves = [[torch.zeros_like(w) for w in start]] * late + moves[:-late]
    run = gradient_descent(case.initial, case.inputs, case.labels, step_size=eta, steps=STEPS)
    next(run)
    rows = [
        Sides.of(change.materialise(), move, terms=(w.abs() + w0.abs()))
        for iterate, step in zip(run, moves, strict=True)
        for change, move, w, w0 in zip(iterate.changes, step, weights, start, strict=True)
    ]
    flat = _side_by_side(rows, ("step", "layer"))
    sizes = (STEPS, len(start))
    assert flat.scale is not None
    left, right, gap, scale = (x.unflatten(-1, sizes) for x in (flat.left, flat.right, flat.gap, flat.scale))
    return Sides(left, right, gap, flat.axes, scale)


def _at_once(weights: list[Tensor], case: Case, eta: float) -> list[Tensor]:
    return [w - eta * g for w, g in zip(weights, _automatic(weights, case), strict=True)]


def _one_layer_after_the_other(weights: list[Tensor], case: Case, eta: float) -> list[Tensor]:
    weights = list(weights)
    for layer in range(len(weights)):
        weights[layer] = weights[layer] - eta * _automatic(weights, case)[layer]
    return weights


def _automatic(weights: list[Tensor], case: Case) -> tuple[Tensor, ...]:
    """∇L_S by automatic differentiation of the printed formulas."""
    leaves = [weight.detach().requires_grad_() for weight in weights]
    v = case.initial.materialise(case.hidden)[:, 0]
    margins = case.labels[:, 0] * _printed(case.inputs, [leaf.mT for leaf in leaves], v)
    loss = torch.logaddexp(torch.zeros_like(margins), -margins).mean(-1)
    return torch.autograd.grad(loss.sum(), leaves)
