"""Section 4: the ball, the gradient layer by layer and neuron by neuron, and what training V would add."""

import torch
from torch import Tensor

from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Sides
from lemmata.claims.language.domain import ANY, Domain
from lemmata.claims.language.plan import Plan
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim
from lemmata.claims.zou_gu_2019.kernel_regime import MU
from lemmata.claims.zou_gu_2019.paper import ZOU_GU_2019
from lemmata.model.attacks import ATTACKS
from lemmata.model.spectra import spectral_norm

SMALL = Domain(draws={"m": (8, 32), "L": (1, 3), "n": (1, 4)}, fixed={"mu": MU})
"""Sizes at which every gradient can be formed whole."""

SMALL_PLAN = Plan(examples=10)


def _gradients(case: Case) -> list[Tensor]:
    """∇_{W_1} L, …, ∇_{W_L} L and ∇_V L at Ŵ, dense, by automatic differentiation."""
    network = case.at_moved.network
    weights = [network.materialise(layer).clone().requires_grad_() for layer in range(case.hidden + 1)]
    h = case.inputs.expand(case.initial.initialisations, -1, -1)
    for weight in weights[:-1]:
        h = (h @ weight.mT).clamp_min(0)
    loss = (h @ weights[-1].mT - case.labels).square().sum(-1).mean(-1) / 2
    return list(torch.autograd.grad(loss.sum(), weights))


def _by_neuron(case: Case, masked: bool = True) -> Tensor:
    """(1/n) Σ_i <f(x_i) − y_i, v_j> σ'(<w_{L,j}, x_{L−1,i}>) x_{L−1,i} for every neuron j, (S, m, in)."""
    trace = case.at_moved
    pull = (trace.outputs - case.labels) @ case.initial.materialise(case.hidden)
    pull = pull * trace.patterns[-1] if masked else pull
    return pull.mT @ trace.features[-2] / len(case.inputs)


@claim(
    "zou-gu-2019/ball",
    sentence="The ball bounds the spectral norm of each layer's change.",
    source=ZOU_GU_2019.at("section 4.1, first display"),
    statement=r"\mathcal{B}(W^{(0)}, \tau) = \{W: \|W_l - W_l^{(0)}\|_2 \le \tau \text{ for all } l \in [L]\}",
    kind="DEF",
    engine_obstacle="entries of the matrices, beside the products",
    bound="upper",
    terms=(Scaling(tau=1),),
    stated=1.0,
    domain=Domain(tau=ANY, draws={"m": (16, 64), "L": (1, 3), "n": (1, 3)}, fixed={"mu": MU}),
    plan=Plan(lines={"L": (1, 3), "tau": (0.001, 0.1)}, start={"m": 64, "n": 2}, examples=8),
    quantifiers="for all W that an attack finds, and l ≤ L",
    attacks=tuple(ATTACKS),
    controls=(Control("half the radius", "every attack stays within τ/2", factor=0.5),),
)
def attacks_stay_in_the_ball(case: Case) -> Measurement:
    """‖Ŵ_l − W_l⁽⁰⁾‖_2 by a dense singular value decomposition."""
    moved = [
        spectral_norm(case.at_moved.network.materialise(layer) - case.initial.materialise(layer))
        for layer in range(case.hidden)
    ]
    return Measurement(torch.stack(moved, -1), axes=("layer",))


def _parts(case: Case, first: bool = False) -> Measurement:
    """Σ_j ‖∇_{w_{L,j}} L‖² against Σ_l ‖∇_{W_l} L‖_F²."""
    squares = torch.stack([gradient.square().sum((-2, -1)) for gradient in _gradients(case)[:-1]], -1)
    rows = _by_neuron(case).square().sum(-1).sum(-1)
    return Measurement(rows + squares[:, 0] if first else rows, (squares.sum(-1),))


@claim(
    "zou-gu-2019/grad-decomposition",
    sentence="The squared gradient is at least that of the last layer, the sum over its neurons.",
    source=ZOU_GU_2019.at("section 4.1, gradient lower bound"),
    statement=r"\|\nabla L(W)\|_F^2 = \sum_l \|\nabla_{W_l} L(W)\|_F^2 \ge \|\nabla_{W_L} L(W)\|_F^2"
    r" = \sum_j \|\nabla_{w_{L,j}} L(W)\|_2^2",
    kind="DET",
    engine_obstacle="automatic differentiation with respect to every entry",
    bound="upper",
    stated=1.0,
    domain=SMALL,
    plan=SMALL_PLAN,
    quantifiers="for all W and labels",
    controls=(
        Control(
            "first layer beside the last", "≥ Σ_j ‖∇_{w_{L,j}} L‖² + ‖∇_{W_1} L‖_F²", measure=lambda c: _parts(c, True)
        ),
    ),
    notes="The neurons' gradients by their formula, the layers' by automatic differentiation.",
)
def last_layer_is_part_of_the_gradient(case: Case) -> Measurement:
    """The last layer's neurons against all layers; equal for one hidden layer."""
    return _parts(case)


@claim(
    "zou-gu-2019/grad-neuron",
    sentence="A neuron's gradient is the mean of residuals times the inputs that activate it.",
    source=ZOU_GU_2019.at("section 4.1, gradient of a neuron"),
    statement=r"\nabla_{w_{L,j}} L(W) = \frac1n \sum_i \langle f_W(x_i) - y_i, v_j \rangle"
    r" \sigma'(\langle w_{L,j}, x_{L-1,i} \rangle) x_{L-1,i}",
    kind="EXACT",
    engine_obstacle="automatic differentiation with respect to every entry",
    bound="equality",
    domain=SMALL,
    plan=SMALL_PLAN,
    quantifiers="for all W, labels and neurons j",
    controls=(
        Control(
            "no activation pattern",
            "without σ'",
            measure=lambda case: Sides.of(_by_neuron(case, masked=False), _gradients(case)[case.hidden - 1]),
        ),
    ),
)
def neuron_gradient_has_its_form(case: Case) -> Sides:
    """The formula against automatic differentiation."""
    return Sides.of(_by_neuron(case), _gradients(case)[case.hidden - 1])


def _hidden_share(case: Case, gain: float = 1.0) -> Measurement:
    squares = torch.stack([gradient.square().sum((-2, -1)) for gradient in _gradients(case)], -1)
    return Measurement(gain * squares[:, :-1].sum(-1), (squares.sum(-1),))


@claim(
    "zou-gu-2019/sec-4.3-top-layer",
    sentence="Training the top layer too only adds to the gradient.",
    source=ZOU_GU_2019.at("section 4.3"),
    statement=r"\|\nabla_{W, V} L\|_F^2 = \|\nabla_W L\|_F^2 + \|\nabla_V L\|_F^2 \ge \|\nabla_W L\|_F^2",
    kind="DET",
    engine_obstacle="entries of the matrices, beside the products",
    bound="upper",
    stated=1.0,
    domain=SMALL,
    plan=SMALL_PLAN,
    quantifiers="for all W, V and labels",
    erratum="E-51",
    controls=(Control("by a constant factor", "the gradient doubles", measure=lambda case: _hidden_share(case, 2.0)),),
    notes="With V of norm √(m/k) the top layer's kernel is ρ_L against (m/k) Θ: the gain is a relative O(k/m), and "
    "the suggested speed-up vanishes with the width.",
)
def training_the_top_layer_adds_gradient(case: Case) -> Measurement:
    """The hidden layers' squared gradient against that of all layers, by automatic differentiation."""
    return _hidden_share(case)
