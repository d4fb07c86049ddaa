"""The neural tangent kernel Θ: its recursion against the Gaussian integrals that the limit is."""

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from lemmata.claims.cao_gu_2019_slides.paper import CAO_GU_2019_SLIDES, DEFINED, DEFINED_PLAN
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Sides
from lemmata.claims.registry import claim
from lemmata.model.kernels import tangent_kernel

NODES, WEIGHTS = (torch.from_numpy(part) for part in np.polynomial.legendre.leggauss(24))


@claim(
    "cao-gu-2019-slides/ntk-definition",
    sentence="The tangent kernel is the infinite-width limit of the gradients' inner products.",
    source=CAO_GU_2019_SLIDES.at("Corollary, definition of Θ^(L)"),
    statement=r"\Theta^{(L)}_{ij} = \lim_{m \to \infty} m^{-1}"
    r" \langle \nabla_W f_{W^{(0)}}(x_i), \nabla_W f_{W^{(0)}}(x_j) \rangle",
    kind="EXACT",
    bound="equality",
    domain=replace(DEFINED, fixed={**DEFINED.fixed, "data": "sphere"}),
    plan=DEFINED_PLAN,
    quantifiers="for all pairs of inputs",
    controls=(
        Control(
            "hidden layers only",
            "without the trained top layer, the kernel of cao-gu-2020",
            measure=lambda case: _compared(case, top=0.0),
        ),
    ),
    notes="The law of large numbers, layer by layer: sums over units become expectations under the Gaussian law of "
    "two pre-activations. `lemmata calibrate` measures how networks approach the limit, `width-free` with which power.",
)
def kernel_is_its_gaussian_limit(case: Case) -> Sides:
    """Arc-cosine recursion against Gauss–Legendre quadrature of the two expectations at every layer."""
    return _compared(case)


def _compared(case: Case, top: float = 1.0) -> Sides:
    closed = case.for_each(tangent_kernel(case.setting, case.inputs, case.depth))
    gram = (case.inputs @ case.inputs.mT).fill_diagonal_(1.0)
    tangent = torch.zeros_like(gram)
    for _ in range(case.hidden):
        features, active = _expectations(gram)
        tangent = 2 * active * tangent + gram * active
        gram = features.fill_diagonal_(1.0)
    return Sides.of(closed, case.for_each(tangent + top * gram), ("example", "example"))


def _expectations(correlation: Tensor) -> tuple[Tensor, Tensor]:
    """E[2 σ(u) σ(v)] and P[u > 0, v > 0] of standard Gaussians, in polar coordinates: E r² = 2 and an angle.

    Both are active on the arc of length π − θ between θ − π/2 and π/2, u ∝ cos φ and v ∝ cos(φ − θ).
    """
    theta = torch.acos(correlation.clamp(-1, 1))
    arc = math.pi - theta
    phi = theta[..., None] / 2 + arc[..., None] / 2 * NODES.to(correlation)
    integrand = torch.cos(phi) * torch.cos(phi - theta[..., None])
    features = 2 * 2 * (integrand * WEIGHTS.to(correlation)).sum(-1) * arc / 2 / (2 * math.pi)
    return features, arc / (2 * math.pi)
