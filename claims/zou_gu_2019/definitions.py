"""Section 2: the network, its initialisation and the training loss."""

import torch
from scipy.special import chdtr, chdtrc
from torch import Tensor

from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Sides
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import Plan
from lemmata.claims.registry import claim
from lemmata.claims.zou_gu_2019.kernel_regime import MU
from lemmata.claims.zou_gu_2019.paper import ZOU_GU_2019
from lemmata.model.losses import LOSSES

NETWORKS = Domain(draws={"n": (1, 4)}, fixed={"mu": MU})
"""Identities of one network: at W⁽⁰⁾, on inputs of Assumption 3.1."""

NETWORKS_PLAN = Plan(lines={"m": (64, 256), "L": (2, 3)}, examples=8)


def _euler(case: Case, *, skip: int = 0) -> Sides:
    """Σ of <W_l, ∇_{W_l} f_r> against f_r, each layer by itself; `skip` layers' patterns are ignored."""
    trace = case.at_initial
    signals = [trace.unmasked_signals[layer] if layer < skip else trace.signals[layer] for layer in range(case.hidden)]
    inner = [torch.einsum("sirm,sim->sir", b, z) for b, z in zip(signals, trace.preactivations, strict=True)]
    left = torch.stack(inner, 1)
    right = trace.outputs[:, None].expand_as(left)
    return Sides.of(left, right, ("layer",), terms=trace.output_terms[:, None].expand_as(left))


@claim(
    "zou-gu-2019/setup-network",
    sentence="The outputs are linear in a random top layer, and homogeneous in every layer.",
    source=ZOU_GU_2019.at("section 2, first display"),
    statement=r"f_W(x) = V \sigma(W_L \sigma(W_{L-1} \cdots \sigma(W_1 x) \cdots)), \quad"
    r" \langle W_l, \nabla_{W_l} f_r(x) \rangle = f_r(x)",
    kind="EXACT",
    bound="equality",
    domain=NETWORKS,
    plan=NETWORKS_PLAN,
    quantifiers="for all W, x, l ≤ L and outputs r",
    controls=(
        Control(
            "identity activation", "the first layer's pattern is all ones", measure=lambda case: _euler(case, skip=1)
        ),
    ),
    notes="The network is homogeneous in every layer: Euler's identity holds for each, and for each output.",
)
def network_is_homogeneous(case: Case) -> Sides:
    """<W_l, ∇_{W_l} f_r> = b_{l,r} · z_l against f_r, for every layer."""
    return _euler(case)


def _p_values(case: Case, variance: float = 2.0) -> Tensor:
    """Two-sided p-values of ‖W_l‖_F² for every hidden layer and ‖V‖_F², by the χ² law of each, (S, L + 1)."""
    found = []
    for layer, (out, into) in enumerate(case.initial.architecture.shapes):
        scale = variance / out if layer < case.hidden else 1 / case.parameters["k"]
        square = case.initial.materialise(layer).square().sum((-2, -1)) / scale
        below = chdtr(out * into, square.cpu().numpy())
        above = chdtrc(out * into, square.cpu().numpy())
        found.append(torch.from_numpy(2 * below.clip(max=above)))
    return torch.stack(found, -1).to(case.initial.like)


def _likely(case: Case, variance: float = 2.0) -> Measurement:
    """δ over the smallest p-value times their number."""
    p = _p_values(case, variance)
    return Measurement(case.delta / (p * p.shape[-1]), axes=("layer",))


@claim(
    "zou-gu-2019/setup-init",
    sentence="Hidden entries are Gaussian of variance 2/m, those of the top layer of variance 1/k.",
    source=ZOU_GU_2019.at("Algorithm 1, line 2"),
    statement=r"w_{l,j}^{(0)} \sim N(0, (2/m) I), \quad v_r \sim N(0, I/k)",
    kind="PROB",
    engine_obstacle="the law of every entry of the matrices",
    bound="upper",
    stated=1.0,
    domain=NETWORKS,
    plan=NETWORKS_PLAN,
    quantifiers="for all layers",
    probability="exactly 1 − δ at most, by Bonferroni over the layers",
    controls=(
        Control("variance 1/m", "hidden entries N(0, 1/m)", measure=lambda case: _likely(case, 1.0)),
        Control("ten times rarer", "no p-value below 10 δ over the number of layers", factor=0.1),
    ),
    notes="‖W_l‖_F² m / 2 and ‖V‖_F² k follow χ² laws: their p-values fall below δ / (L + 1) with that probability.",
)
def initialisation_has_its_law(case: Case) -> Measurement:
    """δ / (L + 1) against each layer's p-value."""
    return _likely(case)


def _loss_sides(case: Case, weight: float) -> Sides:
    """L(W) as the mean of ½‖f − y‖² over examples, outputs from dense matrices, against the loss that is trained on."""
    total = torch.zeros_like(case.initial.like)
    weights = [case.initial.materialise(layer) for layer in range(case.hidden + 1)]
    for x, y in zip(case.inputs, case.labels, strict=True):
        h = x.expand(len(total), -1)
        for layer, matrix in enumerate(weights):
            h = torch.einsum("soi,si->so", matrix, h)
            h = h.clamp_min(0) if layer < case.hidden else h
        total = total + weight * (h - y).square().sum(-1)
    return Sides.of(total / len(case.inputs), LOSSES[case.setting.loss].value(case.at_initial.outputs, case.labels))


@claim(
    "zou-gu-2019/eq-2.1",
    sentence="The training loss is half the mean squared error.",
    source=ZOU_GU_2019.at("equation (2.1)"),
    statement=r"L(W) = \frac{1}{n} \sum_i \frac12 \|f_W(x_i) - y_i\|_2^2",
    kind="DEF",
    engine_obstacle="entries of the matrices, beside the products",
    bound="equality",
    domain=NETWORKS,
    plan=NETWORKS_PLAN,
    quantifiers="for all W and data",
    controls=(Control("without the half", "L = (1/n) Σ ‖f − y‖²", measure=lambda case: _loss_sides(case, 1.0)),),
    notes="At W⁽⁰⁾ the loss is ½(1 + mean ‖y_i‖²) on average.",
)
def loss_is_the_mean_square(case: Case) -> Sides:
    """The definition, example by example with dense matrices."""
    return _loss_sides(case, 0.5)
