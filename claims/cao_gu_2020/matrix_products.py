"""Appendix A: the network and its gradients as products of weight matrices and activation patterns."""

import torch

from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, NEAR
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Sides
from lemmata.claims.registry import claim
from lemmata.model.trace import Trace


@claim(
    "cao-gu-2020/app-A-forward",
    sentence="The output is a product of masked matrices applied to the input.",
    source=CAO_GU_2020.at("appendix A, first display"),
    statement=r"f_W(x) = v^T \left[\prod_{r=1}^L \Sigma_r(x) W_r^T\right] x",
    kind="EXACT",
    bound="equality",
    domain=NEAR,
    quantifiers="for all W and x",
    attacks=("stay", "random", "flip-units"),
    controls=(Control("patterns of −x", "the same with Σ_r(−x) in place of Σ_r(x)", measure=lambda c: _reflected(c)),),
)
def output_is_a_matrix_product(case: Case) -> Sides:
    """The masked product, formed from the output downwards, applied to x."""
    trace = case.at_moved
    product = torch.einsum("sird,id->sir", trace.input_signals, case.inputs)
    return Sides.of(trace.outputs, product, ("example", "output"), terms=trace.output_terms)


@claim(
    "cao-gu-2020/app-A-gradient",
    sentence="The gradient of an output with respect to a layer has rank one.",
    source=CAO_GU_2020.at("appendix A, second display"),
    statement=r"\nabla_{W_l} f_W(x) = x_{l-1} v^T \left[\prod_{r=l+1}^L \Sigma_r(x) W_r^T\right] \Sigma_l(x)",
    kind="EXACT",
    bound="equality",
    domain=NEAR,
    quantifiers="for all W away from kinks, x and l ≤ L",
    attacks=("stay", "random", "flip-units"),
    engine_obstacle="automatic differentiation with respect to every entry of the matrices",
    controls=(Control("without Σ_l", "the same without the last mask", measure=lambda c: _rank_one(c, masked=False)),),
)
def gradient_is_rank_one(case: Case) -> Sides:
    """Automatic differentiation of the plain forward pass, against x_{l−1} b_lᵀ."""
    return _rank_one(case, masked=True)


def _rank_one(case: Case, *, masked: bool) -> Sides:
    trace = case.at_moved
    signals = trace.signals if masked else trace.unmasked_signals
    outputs, weights = trace.followed()
    members = []
    for example in range(len(case.inputs)):
        for output in range(outputs.shape[-1]):
            automatic = torch.autograd.grad(outputs[:, example, output].sum(), weights, retain_graph=True)
            for layer, left in enumerate(automatic):
                right = torch.einsum(
                    "so,si->soi", signals[layer][:, example, output], trace.features[layer][:, example]
                )
                members.append(torch.stack([torch.linalg.matrix_norm(a) for a in (left, right, left - right)]))
    left, right, gap = torch.stack(members, -1).unflatten(-1, (*outputs.shape[1:], len(weights)))
    return Sides(left, right, gap, ("example", "output", "layer"))


@claim(
    "cao-gu-2020/app-A-euler",
    sentence="The gradient of each layer, paired with the layer, gives the output.",
    source=CAO_GU_2020.at("appendix A, implied by the two displays"),
    statement=r"Tr[W_l^T \nabla_{W_l} f_W(x)] = f_W(x)",
    kind="EXACT",
    bound="equality",
    domain=NEAR,
    quantifiers="for all W, x and l ≤ L",
    attacks=("stay", "random", "flip-units"),
    controls=(Control("degree two", "2 Tr[W_l^T ∇_{W_l} f] = f", measure=lambda c: _euler(c, degree=2)),),
)
def gradients_are_homogeneous(case: Case) -> Sides:
    """b_lᵀ W_l x_{l−1} = f for every layer."""
    return _euler(case, degree=1)


def _reflected(case: Case) -> Sides:
    """The product with the activation patterns that −x would have."""
    trace = case.at_moved
    product = -torch.einsum("sird,id->sir", Trace(trace.network, -case.inputs).input_signals, case.inputs)
    return Sides.of(trace.outputs, product, ("example", "output"))


def _euler(case: Case, *, degree: int) -> Sides:
    trace = case.at_moved
    inner = [torch.einsum("sirm,sim->sir", b, z) for b, z in zip(trace.signals, trace.preactivations, strict=False)]
    left = torch.stack(inner, 1) * degree
    terms = trace.output_terms[:, None].expand_as(left)
    return Sides.of(left, trace.outputs[:, None].expand_as(left), ("layer", "example", "output"), terms=terms)
