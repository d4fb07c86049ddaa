"""Facts about the cross-entropy loss ℓ(z) = log(1 + e^{−z}) that the proofs use."""

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2020.paper import AT_INITIALISATION, CAO_GU_2020
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Sides
from lemmata.claims.language.scaling import ONE
from lemmata.claims.registry import claim
from lemmata.model.losses import cross_entropy, surrogate, surrogate_change

SHARED = {"domain": AT_INITIALISATION, "quantifiers": "for all real z"}


@claim(
    "cao-gu-2020/loss-sigmoid",
    sentence="The negative slope of the loss is a sigmoid.",
    source=CAO_GU_2020.at("section 4, after Definition 4.4"),
    statement=r"-\ell'(z) = 1 / [1 + \exp(z)]",
    kind="EXACT",
    bound="equality",
    domain=AT_INITIALISATION,
    quantifiers="for all real z",
    controls=(
        Control(
            "sign of z",
            "−ℓ'(z) = 1 / (1 + e^−z)",
            measure=lambda case: Sides.of(
                surrogate(case.margins(case.at_moved)), surrogate(-case.margins(case.at_moved)), ("example",)
            ),
        ),
    ),
)
def slope_is_a_sigmoid(case: Case) -> Sides:
    """−ℓ'(z), by automatic differentiation of the loss, is 1 / (1 + e^z)."""
    z = case.margins(case.at_moved).detach().requires_grad_()
    (slope,) = torch.autograd.grad(cross_entropy(z).sum(), z)
    return Sides.of(-slope, 1 / (1 + torch.exp(z.detach())), ("example",))


@claim(
    "cao-gu-2020/loss-indicator",
    sentence="Twice the slope of the loss is at least 1 on every misclassified example.",
    source=CAO_GU_2020.at("section 4, after Definition 4.4"),
    statement=r"-2 \ell'(z) \ge 1\{z < 0\}",
    kind="DET",
    bound="lower",
    stated=1.0,
    controls=(Control("1.9 for 2", "−1.9 ℓ'(z) ≥ 1{z < 0}", factor=2 / 1.9),),
    **SHARED,
)
def slope_dominates_the_indicator(case: Case) -> Measurement:
    """Twice the slope is at least the indicator of a misclassified example; sharp as z → 0−."""
    z = case.margins(case.at_moved)
    return Measurement(2 * surrogate(z), ((z < 0).to(z),), ("example",))


@claim(
    "cao-gu-2020/loss-slope-bound",
    sentence="The slope of the loss is between 0 and 1.",
    source=CAO_GU_2020.at("section 5.1, proof of Theorem 4.5"),
    statement=r"0 < -\ell'(z) \le 1",
    kind="DET",
    bound="upper",
    stated=1.0,
    controls=(Control("0.99 for 1", "−ℓ'(z) ≤ 0.99", factor=0.99),),
    **SHARED,
)
def slope_is_at_most_one(case: Case) -> Measurement:
    """|ℓ'(z)| ≤ 1; sharp as z → −∞."""
    return Measurement(surrogate(case.margins(case.at_moved)), axes=("example",))


@claim(
    "cao-gu-2020/loss-slope-lipschitz",
    sentence="The slope of the loss is 1-Lipschitz.",
    source=CAO_GU_2020.at("section 5.1, proof of Theorem 4.5"),
    statement=r"|\ell'(z) - \ell'(z')| \le |z - z'|",
    kind="DET",
    bound="upper",
    stated=1.0,
    controls=(Control("0.24 for 1", "|ℓ'(z) − ℓ'(z')| ≤ 0.24 |z − z'|; sharp constant 1/4", factor=0.24),),
    notes="The sharp constant is 1/4.",
    **SHARED,
)
def slope_is_lipschitz(case: Case) -> Measurement:
    """ℓ' is 1-Lipschitz, between the two networks' margins and between neighbouring probes."""
    first = case.margins(case.at_expansion)
    shift = _shifts(case)
    return Measurement(surrogate_change(first, shift).abs(), (shift.abs(),), ("example",))


@claim(
    "cao-gu-2020/loss-curvature",
    sentence="The second derivative of the loss is at most 1/2.",
    source=CAO_GU_2020.at("appendix B.2, before equation B.1"),
    statement=r"|\ell''(z)| \le 1/2",
    kind="DET",
    bound="upper",
    stated=0.5,
    controls=(Control("0.24 for 1/2", "|ℓ''(z)| ≤ 0.24; sharp constant 1/4", factor=0.48),),
    notes="The sharp constant is 1/4.",
    **SHARED,
)
def curvature_is_at_most_half(case: Case) -> Measurement:
    """|ℓ''(z)| = p (1 − p) with p = −ℓ'(z)."""
    p = surrogate(case.margins(case.at_moved))
    return Measurement(p * (1 - p), axes=("example",))


@claim(
    "cao-gu-2020/loss-growth",
    sentence="The loss grows at most linearly.",
    source=CAO_GU_2020.at("section 5.2, proof of Theorem 4.7"),
    statement=r"\ell(z) \le 1 + |z|",
    kind="DET",
    bound="upper",
    stated=1.0,
    terms=(ONE, ONE),
    controls=(
        Control(
            "0.69 for 1",
            "ℓ(z) ≤ 0.69 + |z|; the sharp additive constant is log 2",
            measure=lambda case: _growth(case, 0.69),
        ),
    ),
    notes="The sharp additive constant is log 2.",
    **SHARED,
)
def loss_grows_at_most_linearly(case: Case) -> Measurement:
    """ℓ(z) ≤ 1 + |z|."""
    return _growth(case, 1.0)


@claim(
    "cao-gu-2020/loss-markov",
    sentence="The expected surrogate error is at least half the classification error.",
    source=CAO_GU_2020.at("section 5.1, end of the proof of Theorem 4.5"),
    statement=r"E[-\ell'(y f(x))] \ge \tfrac12 P[y f(x) < 0]",
    kind="DET",
    bound="lower",
    stated=1.0,
    erratum="E-26",
    controls=(Control("3/4 for 1/2", "E[−ℓ'] ≥ ¾ P[y f < 0]", factor=1.5),),
    notes="Printed with P[−ℓ' ≥ 1/2] = P[y f < 0]; that event is y f ≤ 0, so the equality is an inequality.",
    **{**SHARED, "quantifiers": "for every distribution of y f(x)"},
)
def markov_bounds_the_error(case: Case) -> Measurement:
    """The surrogate error is at least half the classification error, of the sample and of single margins."""
    z = case.margins(case.at_moved)
    n = len(case.inputs)
    atoms = z[:, n:]
    lhs = torch.cat([surrogate(z[:, :n]).mean(-1, keepdim=True), surrogate(atoms)], -1)
    error = torch.cat([(z[:, :n] < 0).to(z).mean(-1, keepdim=True), (atoms < 0).to(z)], -1)
    return Measurement(lhs, (error / 2,), ("distribution",))


def _growth(case: Case, additive: float) -> Measurement:
    z = case.margins(case.at_moved)
    return Measurement(cross_entropy(z), (torch.full_like(z, additive), z.abs()), ("example",))


def _shifts(case: Case) -> Tensor:
    """z' − z: the networks' own for the sample, one part in a hundred of the probe's size for the probes."""
    own = (case.labels * case.difference.outputs)[..., 0]
    probes = 0.01 * case.probes.abs() + 1e-9
    return torch.cat([own, probes.expand(len(own), -1)], -1)
