"""Appendix B.2: the output difference telescopes, and splits into I_1 + I_2 + I_3."""

import torch

from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, NEAR
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Sides
from lemmata.claims.registry import claim
from lemmata.model.trace import Trace

SEARCH = ("random", "along-gradient", "flip-units", "place-on-kinks")


@claim(
    "cao-gu-2020/B.2-telescoping",
    sentence="The change of the output is the sum of the layers' own changes, carried upwards.",
    source=CAO_GU_2020.at("appendix B.2, first display"),
    statement=r"f_{\hat W} - f_{\tilde W} = \sum_l v^T \left[\prod_{r>l} \tilde\Sigma_r \tilde W_r^T\right]"
    r" [\hat\Sigma_l \hat W_l^T - \tilde\Sigma_l \tilde W_l^T] \hat x_{l-1}",
    kind="EXACT",
    bound="equality",
    domain=NEAR,
    quantifiers="for all W̃, Ŵ and x_i",
    attacks=SEARCH,
    erratum="E-32",
    controls=(
        Control("no flips", "the same with Σ̃_l in place of Σ̂_l", measure=lambda case: _telescoped(case, flips=0.0)),
    ),
)
def difference_telescopes(case: Case) -> Sides:
    """Each layer's own change, Σ̂ẑ − Σ̃(ẑ − (Ŵ − W̃)x̂), carried to the output by W̃."""
    return _telescoped(case, flips=1.0)


def _telescoped(case: Case, *, flips: float) -> Sides:
    base, difference = case.at_expansion, case.difference
    total = torch.zeros_like(base.outputs)
    for layer, g in enumerate(base.unmasked_signals):
        below = base.features[layer] + difference.features[layer]
        fresh = case.pair.step[layer].apply(below)
        z = base.preactivations[layer] + difference.preactivations[layer]
        change = flips * difference.flips[layer] * z + base.patterns[layer] * fresh
        total = total + torch.einsum("sirm,sim->sir", g, change)
    return Sides.of(difference.outputs, total, terms=difference.terms)


@claim(
    "cao-gu-2020/B.2-split",
    sentence="The change of the output is flipped units, products of changes, and a linear part.",
    source=CAO_GU_2020.at("appendix B.2, second display"),
    statement=r"f_{\hat W} - f_{\tilde W} = I_1 + I_2 + I_3",
    kind="EXACT",
    bound="equality",
    domain=NEAR,
    quantifiers="for all W̃, Ŵ and x_i",
    attacks=SEARCH,
    controls=(
        Control(
            "without I_1",
            "f_Ŵ − f_W̃ = I_2 + I_3",
            measure=lambda case: _split(case, flips=0.0),
        ),
    ),
)
def difference_splits_in_three(case: Case) -> Sides:
    """Flipped units, products of changes, and the gradient at W̃."""
    return _split(case, flips=1.0)


def _split(case: Case, *, flips: float) -> Sides:
    d = case.difference
    return Sides.of(d.outputs, flips * d.from_flips + d.from_products + d.linear, terms=d.terms)


@claim(
    "cao-gu-2020/B.2-I3-is-gradient",
    sentence="The linear part of the change is the gradient applied to it.",
    source=CAO_GU_2020.at("appendix B.2, I_3"),
    statement=r"I_3 = \sum_l Tr[(\hat W_l - \tilde W_l)^T \nabla_{W_l} f_{\tilde W}(x_i)]",
    kind="EXACT",
    engine_obstacle="automatic differentiation with respect to every entry",
    bound="equality",
    domain=NEAR,
    quantifiers="for all W̃, Ŵ and x_i",
    attacks=SEARCH,
    erratum="E-06",
    controls=(
        Control(
            "expansion at Ŵ", "∇f at Ŵ, as Lemma 5.2 prints it", measure=lambda case: _contracted(case, case.at_moved)
        ),
    ),
    notes="This fixes the point of expansion of Lemma 5.2, which is printed as Ŵ.",
)
def linear_part_is_the_gradient(case: Case) -> Sides:
    """I_3 by masks and products, against automatic gradients at W̃ contracted with the change."""
    return _contracted(case, case.at_expansion)


def _contracted(case: Case, at: Trace) -> Sides:
    outputs, weights = at.followed()
    step = [change.materialise() for change in case.pair.step]
    columns = []
    for example in range(len(case.inputs)):
        gradients = torch.autograd.grad(outputs[:, example].sum(), weights, retain_graph=True)
        inner = [(g * change).sum((1, 2)) for g, change in zip(gradients, step, strict=True)]
        columns.append(torch.stack(inner).sum(0))
    automatic = torch.stack(columns, 1)[..., None]
    terms = (at.gradient_norms() * case.step_norms[:, :, None, None]).sum(1)
    return Sides.of(case.difference.linear, automatic, ("example", "output"), terms=terms)
