"""Assumptions 4.1 and 4.2, the neighbourhood W_τ and the surrogate error, as predicates and identities."""

from dataclasses import replace

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2020.paper import AT_INITIALISATION, CAO_GU_2020, NEAR
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Sides
from lemmata.claims.language.plan import DRAWN, Plan
from lemmata.claims.registry import claim
from lemmata.model.changes import distances
from lemmata.model.losses import cross_entropy, surrogate_change, surrogate_error
from lemmata.model.trace import Trace

SCALE = 1.5
"""‖x‖ of the inputs on which the relaxation of Assumption 4.1 is measured."""

RATIO = 4.0
"""Largest M/m of the architectures that are generated: what O(1) means here."""


@claim(
    "cao-gu-2020/assumption-4.1",
    sentence="Inputs have norm 1; others are rescaled, and outputs and gradients with them.",
    source=CAO_GU_2020.at("Assumption 4.1"),
    statement=r"\|x_i\|_2 = 1; \quad f_W(c x) = c f_W(x), \; \|\nabla_{W_l} f_W(c x)\|_F = c \|\nabla_{W_l} f_W(x)\|_F",
    kind="DEF",
    bound="equality",
    domain=NEAR,
    quantifiers="for all i ≤ n, W and l",
    attacks=("stay", "random"),
    controls=(
        Control(
            "inputs of norm 1.5",
            "the same data scaled",
            measure=lambda case: _normalised(case, SCALE * case.inputs),
        ),
    ),
    notes="The remark that norms in [c_1, c_2] would do is homogeneity: outputs and gradients scale with the input.",
)
def inputs_are_normalised(case: Case) -> Sides:
    """‖x_i‖ is 1, and outputs and gradients at 1.5 x_i are 1.5 times those at x_i."""
    return _normalised(case, case.inputs)


def _normalised(case: Case, inputs: Tensor) -> Sides:
    trace, scaled = case.at_moved, Trace(case.at_moved.network, SCALE * case.inputs)
    norms = case.for_each(torch.linalg.vector_norm(inputs, dim=-1))[..., None]
    outputs = (scaled.outputs, SCALE * trace.outputs, trace.output_terms)
    gradients = (scaled.gradient_norms().flatten(1, 2), SCALE * trace.gradient_norms().flatten(1, 2))
    triples = ((norms, torch.ones_like(norms), norms), outputs, (*gradients, gradients[1]))
    left, right, terms = (torch.cat(side, 1) for side in zip(*triples, strict=True))
    return Sides.of(left, right, ("part", "output"), terms=terms)


@claim(
    "cao-gu-2020/assumption-4.2",
    sentence="The widths of the layers are of the same order.",
    source=CAO_GU_2020.at("Assumption 4.2"),
    statement=r"M / m \le C, \quad M = \max_l m_l, \; m = \min_l m_l",
    kind="DEF",
    bound="upper",
    stated=RATIO,
    domain=replace(AT_INITIALISATION, draws={"L": (2, 4)}, values={"ratio": (1, 2, 4)}),
    plan=Plan(lines={"ratio": DRAWN}),
    quantifiers="for all l ≤ L; with C = 4 in everything that is measured here",
    controls=(
        Control(
            "a layer of width m²",
            "one layer more, m times as wide as the narrowest",
            measure=lambda case: _comparable(case, (*_widths(case), min(_widths(case)) ** 2)),
        ),
    ),
)
def widths_are_comparable(case: Case) -> Measurement:
    """The largest hidden width over the smallest."""
    return _comparable(case, _widths(case))


def _widths(case: Case) -> tuple[int, ...]:
    return tuple(matrix.shape[0] for matrix in case.initial.matrices[: case.hidden])


def _comparable(case: Case, widths: tuple[int, ...]) -> Measurement:
    return Measurement(case.for_each(max(widths) / min(widths)))


@claim(
    "cao-gu-2020/def-4.3",
    sentence="The ball bounds how far each layer is from where it began, one layer independent of the others.",
    source=CAO_GU_2020.at("Definition 4.3"),
    statement=r"\mathcal{W}_\tau = \{W: \|W_l - W_l^{(0)}\|_F \le \tau, l \le L\},"
    r" \quad \sup_{W \in \mathcal{W}_\tau} \sum_l \langle G_l, W_l - W_l^{(0)} \rangle = \tau \sum_l \|G_l\|_F",
    kind="DEF",
    bound="upper",
    stated=1.0,
    domain=NEAR,
    quantifiers="for all W in the ball and l ≤ L; the supremum with G_l = ∇_{W_l} f(x_i) for all i",
    attacks=("random", "along-gradient", "flip-units"),
    controls=(
        Control("total norm", "√(Σ_l ‖W_l − W_l⁽⁰⁾‖_F²) ≤ τ", measure=lambda case: _total_distance(case)),
        Control("0.99 of the radius", "the supremum is 0.99 τ Σ_l ‖G_l‖_F", factor=0.99),
    ),
)
def ball_is_a_product(case: Case) -> Measurement:
    """Each layer's distance, and the linear form of each example's gradient, attained along it."""
    trace = case.at_initial
    form = trace.directional(case.change).sum(1).flatten(1)
    supremum = case.tau * trace.gradient_norms().sum(1).flatten(1)
    apart = distances(case.change, "frobenius")
    radius = torch.full_like(apart, case.tau)
    return Measurement(torch.cat([apart, form], -1), (torch.cat([radius, supremum], -1),), ("part",))


def _total_distance(case: Case) -> Measurement:
    total = torch.linalg.vector_norm(distances(case.change, "frobenius"), dim=-1)
    return Measurement(total[:, None], (case.tau,), ("part",))


@claim(
    "cao-gu-2020/def-4.4",
    sentence="The surrogate error is the mean slope of the loss, 1/2 for a network whose output is 0.",
    source=CAO_GU_2020.at("Definition 4.4"),
    statement=r"\mathcal{E}_S(W) = -\frac1n \sum_i \ell'[y_i f_W(x_i)],"
    r" \quad \mathcal{E}_S = \tfrac12 \text{ at } f = 0",
    kind="DEF",
    bound="equality",
    domain=NEAR,
    quantifiers="for all W",
    attacks=("stay", "random"),
    controls=(Control("the loss itself", "E_S is the mean of ℓ", measure=lambda case: _surrogate(case, slope=False)),),
)
def surrogate_error_is_the_mean_slope(case: Case) -> Sides:
    """−ℓ' by automatic differentiation of ℓ, averaged over the sample; and one half where f vanishes."""
    return _surrogate(case, slope=True)


def _surrogate(case: Case, *, slope: bool) -> Sides:
    f = case.at_moved.outputs
    z = (case.labels * f).detach().requires_grad_()
    (derivative,) = torch.autograd.grad(cross_entropy(z).sum(), z)
    value = (-derivative if slope else cross_entropy(z.detach())).mean((1, 2))
    left = torch.stack([surrogate_error(f, case.labels), surrogate_error(torch.zeros_like(f), case.labels)], -1)
    return Sides.of(left, torch.stack([value, torch.full_like(value, 0.5)], -1), ("part",))


@claim(
    "cao-gu-2020/surrogate-lipschitz",
    sentence="The surrogate error moves by at most a quarter of what the outputs move.",
    source=CAO_GU_2020.at("section 4, after Definition 4.4"),
    statement=r"|\mathcal{E}_S(\hat W) - \mathcal{E}_S(\tilde W)| \le"
    r" \tfrac14 \max_i |f_{\hat W}(x_i) - f_{\tilde W}(x_i)|",
    kind="DET",
    bound="upper",
    stated=0.25,
    domain=NEAR,
    quantifiers="for all W̃, Ŵ, and for single examples at every margin",
    attacks=("random", "along-gradient", "place-on-kinks"),
    controls=(Control("0.24 for 1/4", "|E_S(Ŵ) − E_S(W̃)| ≤ 0.24 max_i |Δf_i|; sharp at f = 0", factor=0.96),),
    notes="With Lemma B.1 (iii) and ‖v‖ = √m this makes E_S Lipschitz in W on the ball.",
)
def surrogate_error_is_lipschitz(case: Case) -> Measurement:
    """The change of E_S over the largest change of an output, for the sample and for one example at each probe."""
    z = case.margins(case.at_expansion)
    n = len(case.inputs)
    own = (case.labels * case.difference.outputs)[..., 0]
    shift = torch.cat([own, (0.01 * case.probes.abs() + 1e-9).expand(len(own), -1)], -1)
    change = surrogate_change(z, shift)
    lhs = torch.cat([change[:, :n].mean(-1, keepdim=True), change[:, n:]], -1).abs()
    largest = torch.cat([own.abs().amax(-1, keepdim=True), shift[:, n:]], -1)
    return Measurement(lhs, (largest,), ("distribution",))
