"""The network of the slides: all L weight layers are trained, and √m multiplies the output."""

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2019_slides.paper import CAO_GU_2019_SLIDES, DEFINED, DEFINED_PLAN
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Sides
from lemmata.claims.registry import claim


@claim(
    "cao-gu-2019-slides/setup-network",
    sentence="The network has a trained top layer and a factor √m, and is homogeneous in every layer.",
    source=CAO_GU_2019_SLIDES.at("slide 2, first display"),
    statement=r"f_W(x) = \sqrt{m} \cdot W_L \sigma(W_{L-1} \cdots \sigma(W_1 x) \cdots)",
    kind="DEF",
    engine_obstacle="entries of the matrices, beside the products",
    bound="equality",
    domain=DEFINED,
    plan=DEFINED_PLAN,
    quantifiers="for all x, and all l ≤ L",
    controls=(
        Control(
            "no scale",
            "f_W(x) = W_L σ(W_{L−1} … σ(W_1 x))",
            measure=lambda case: network_is(case, 0.0),
        ),
        Control(
            "hidden layers only",
            "the top layer is not among the trained ones: Σ_{l ≤ L} <W_l, ∇_{W_l} f> = (L − 1) f",
            measure=lambda case: _euler_sum(case, case.depth - 1),
        ),
    ),
    notes="Positive homogeneity in each of the L layers: <W_l, ∇_{W_l} f(x)> = f(x), the top layer among them.",
)
def network_is_scaled_by_the_root_of_its_width(case: Case) -> Sides:
    """<W_l, ∇_{W_l} f(x)> of every layer, from the trace, against the formula written out with dense matrices."""
    return network_is(case, 0.5)


def network_is(case: Case, exponent: float) -> Sides:
    """<W_l, ∇_{W_l} f(x)> of every trained layer against m^exponent W_L σ(W_{L−1} … σ(W_1 x))."""
    products = _products(case)
    f = written_out(case)[:, None] * case.parameters["m"] ** exponent
    return Sides.of(products, f.expand_as(products), ("layer", "example"), terms=_sizes(case))


def written_out(case: Case) -> Tensor:
    """W_L σ(W_{L−1} … σ(W_1 x)) with dense matrices, (S, n)."""
    weights = [case.initial.materialise(layer) for layer in range(case.depth)]
    x = case.inputs.mT
    for weight in weights[:-1]:
        x = torch.relu(weight @ x)
    return (weights[-1] @ x)[:, 0]


def _products(case: Case) -> Tensor:
    """<W_l, ∇_{W_l} f(x_i)> = b_lᵀ W_l x_{l−1}, (S, L, n)."""
    trace = case.at_initial
    images = [case.initial.apply(layer, x) for layer, x in enumerate(trace.features)]
    return torch.stack([torch.einsum("sirm,sim->si", b, z) for b, z in zip(trace.signals, images, strict=True)], dim=1)


def _sizes(case: Case) -> Tensor:
    """What an output is a sum of, before cancellation, for every layer, (S, L, n)."""
    return case.at_initial.output_terms[:, None, :, 0].expand(-1, case.depth, -1)


def _euler_sum(case: Case, layers: int) -> Sides:
    f = layers * written_out(case) * case.initial.scale
    return Sides.of(_products(case).sum(1), f, ("example",), terms=_sizes(case)[:, 0])
