"""Section 4: the regions of weights in which a neuron's gradient is large, one per example.

The paper draws them and does not define them. The definition used here, at L = 1 and with c = 1/8: W_i holds the w that
are nearly orthogonal to x_i and to no other input, |⟨w, x_i⟩| ≤ c φ/n and |⟨w, x_j⟩| ≥ 2 c φ/n for all j ≠ i.
"""

import itertools
import math
from dataclasses import replace

import torch
from torch import Tensor

from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import DRAWN, Plan
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim
from lemmata.claims.zou_gu_2019.paper import ZOU_GU_2019
from lemmata.model.randomness import gaussian

SHARE = 1 / 8
"""c: the larger the regions are, the less likely they are disjoint from the other examples' cones."""

NEURONS = 20_000
"""Neurons w drawn per initialisation, from N(0, I) in R^d."""

CUBE = 7
"""Dimension of a cube whose corners are so many inputs that regions as wide as φ are mostly empty."""

_CHAIN = Domain(
    n=(2, None),
    draws={"m": (4, 8), "L": (1, 1), "n": (2, 6)},
    fixed={"data": "chain", "d": 3, "mu": 0.3, "k": 1, "ratio": 1},
    values={"phi": (0.3, 0.1, 0.03, 0.01)},
)

_CHAIN_PLAN = Plan(lines={"phi": DRAWN, "n": (2, 4, 8, 16)}, start={"n": 4, "phi": 0.1, "m": 1024}, examples=6)


def _projections(case: Case, inputs: Tensor) -> Tensor:
    """⟨w, x_i⟩ for fresh neurons w of every initialisation, (S, neurons, n); L = 1, whose features are the inputs."""
    neurons = gaussian(case.streams("neurons"), (NEURONS, inputs.shape[1]), 1.0, case.initial.like)
    return neurons @ inputs.mT


def _inside(case: Case, inputs: Tensor, reach: float, away: float) -> Tensor:
    """Whether each neuron lies in each region: |⟨w, x_i⟩| ≤ reach and |⟨w, x_j⟩| ≥ away, (S, neurons, n)."""
    size = _projections(case, inputs).abs()
    near, far = size <= reach, size >= away
    others_far = far.sum(-1, keepdim=True) - far.to(torch.int64) == size.shape[-1] - 1
    return near & others_far


def _scale(case: Case) -> float:
    """c φ / n."""
    p = case.parameters
    return SHARE * float(p["phi"]) / p["n"]


@claim(
    "zou-gu-2019/regions-disjoint",
    sentence="The gradient regions of different examples are disjoint.",
    source=ZOU_GU_2019.at("section 4, gradient regions, property (1)"),
    statement=r"\mathcal{W}_i \cap \mathcal{W}_j = \emptyset \quad (i \ne j)",
    kind="EXACT",
    bound="upper",
    stated=1.0,
    domain=_CHAIN,
    plan=_CHAIN_PLAN,
    quantifiers="for all i ≠ j",
    controls=(
        Control(
            "cones alone",
            "the same for the cones |⟨w, x_i⟩| ≤ c φ/n, which overlap",
            measure=lambda case: _most_regions(case, away=0.0),
        ),
    ),
    notes="Region defined in this module; the paper only draws it.",
)
def regions_are_disjoint(case: Case) -> Measurement:
    """The largest number of regions that share a neuron."""
    return _most_regions(case, away=2 * _scale(case))


def _most_regions(case: Case, away: float) -> Measurement:
    return Measurement(_inside(case, case.inputs, _scale(case), away).sum(-1).amax(-1).to(case.initial.like))


@claim(
    "zou-gu-2019/regions-jump",
    sentence="Inside a gradient region the gradient jumps, and is large on one side at least.",
    source=ZOU_GU_2019.at("section 4, gradient regions, property (2)"),
    statement=r"P\left[\|\nabla_{w_{L,j}} L(W)\|_2 \ge |\langle r_i, v_j \rangle| / (2 n) \mid"
    r" w_{L,j} \in \mathcal{W}_i\right] \ge 1/2",
    kind="EXACT",
    bound="lower",
    stated=1.0,
    domain=_CHAIN,
    plan=_CHAIN_PLAN,
    quantifiers="for all i, for any residuals r and output weights v",
    controls=(
        Control(
            "three times the bound",
            "the larger of the two gradients is at least 3 |⟨r_i, v⟩| / (2n)",
            measure=lambda case: _jump(case, 3.0),
        ),
    ),
    notes="Reflection across the kink of example i changes no other sign and preserves the measure, and the gradients "
    "on the two sides differ by |⟨r_i, v⟩| / n: on one of them, so with probability 1/2, it is at least half of that.",
)
def gradients_jump_inside_a_region(case: Case) -> Measurement:
    """The larger gradient of the two sides of every kink, at neurons of the region, over |⟨r_i, v⟩| / (2n)."""
    return _jump(case, 1.0)


def _jump(case: Case, times: float) -> Measurement:
    """Residuals along an initialisation's own outputs and v = 1: any residuals would do."""
    n = len(case.inputs)
    projections = _projections(case, case.inputs)[:, :4000]
    inside = (projections.abs() <= _scale(case))[..., None]
    residual = (case.at_initial.outputs - case.labels)[..., 0]
    active = (projections > 0).to(residual)
    # Neuron gradient (1/n) Σ_j r_j σ'(⟨w, x_j⟩) x_j, with example i switched off and on.
    without = active[..., None, :] * (1 - torch.eye(n, dtype=residual.dtype, device=residual.device))
    off = (without * residual[:, None, None]) @ case.inputs / n
    on = off + residual[:, None, :, None] * case.inputs / n
    larger = torch.maximum(*(torch.linalg.vector_norm(side, dim=-1) for side in (off, on)))
    ratio = larger / (times * residual.abs()[:, None] / (2 * n)).clamp_min(torch.finfo(residual.dtype).tiny)
    worst = torch.where(inside[..., 0], ratio, torch.inf).flatten(1).amin(-1)
    # Without a neuron in any region there is nothing to bound.
    return Measurement(torch.where(worst.isinf(), 1.0, worst * (1 + 1e-12)))


_PEOPLED = replace(_CHAIN, values={"phi": (0.3, 0.1)}).drawing(n=(2, 4))
"""Regions of so many neurons that Hoeffding's allowance is at most a quarter: a half of it would excuse any share."""


@claim(
    "zou-gu-2019/regions-share",
    sentence="At least half of the neurons of a region that reflection leaves alone have a large gradient.",
    source=ZOU_GU_2019.at("section 4, gradient regions, property (2), as a share of neurons"),
    statement=r"\frac{|\{j: w_{L,j} \in \mathcal{W}_i,"
    r" \|\nabla_{w_{L,j}} L(W)\|_2 \ge |\langle r_i, v_j \rangle| / (2 n)\}|}"
    r"{|\{j: w_{L,j} \in \mathcal{W}_i\}|} \ge \frac12 - \left[\frac{\log(2n/\delta)}"
    r"{2 |\{j: w_{L,j} \in \mathcal{W}_i\}|}\right]^{1/2}",
    kind="PROB",
    bound="lower",
    stated=1.0,
    domain=_PEOPLED,
    plan=replace(_CHAIN_PLAN, lines={"phi": DRAWN, "n": (2, 4)}),
    quantifiers="for all i, for two choices of residuals with which one side of each kink alone is steep",
    probability="at least 1 − δ over the neurons drawn",
    controls=(
        Control(
            "three quarters",
            "the same with 3/4 for 1/2",
            measure=lambda case: _steep(case, 0.75),
            domain=_PEOPLED,
            plan=Plan(lines={"phi": DRAWN}, start={"n": 2, "phi": 0.3}),
        ),
    ),
    notes="The probability of regions-jump counted on one side of each neuron, less what Hoeffding's inequality leaves "
    "to chance. Regions are where |⟨w, x_i⟩| ≤ c φ/n and |⟨w, x_j⟩| ≥ 2 c φ/n with w's part along x_i left out: "
    "reflection keeps those. It does not keep the regions of regions-disjoint, in which the share may fall to 0.486 "
    "for two close inputs with opposite residuals (`tests/test_zou_gu_2019.py`).",
)
def half_of_a_region_is_steep(case: Case) -> Measurement:
    """The least share over regions and two choices of residuals, plus its allowance, against one half."""
    return _steep(case, 0.5)


def _steep(case: Case, share: float) -> Measurement:
    inputs, n, reach = case.inputs, len(case.inputs), _scale(case)
    projections = _projections(case, inputs)
    shares = []
    for i in range(n):
        along = projections[..., i]
        inside = along.abs() <= reach
        for j in range(n):
            if j != i:
                inside &= (projections[..., j] - along * (inputs[j] @ inputs[i])).abs() >= 2 * reach
        number = inside.sum(-1)
        allowance = (math.log(2 * n / case.delta) / (2 * number.to(inputs))).sqrt()
        active = (projections[inside] > 0).to(inputs)
        for residuals in _one_sided(inputs, i):
            gradients = active * residuals @ inputs / n
            steep = torch.linalg.vector_norm(gradients, dim=-1) >= residuals[i].abs() / (2 * n)
            of_region = torch.zeros_like(allowance).index_add(0, inside.nonzero()[:, 0], steep.to(inputs))
            # Of a region without a neuron nothing is said.
            shares.append(torch.where(number > 0, of_region / number + allowance, math.inf))
    least = torch.stack(shares, -1).amin(-1)
    return Measurement(torch.where(least.isinf(), share, least), (share,))


def _one_sided(inputs: Tensor, i: int) -> tuple[Tensor, Tensor]:
    """Residuals of example i alone, and with the opposite one at its nearest input: they cancel where both are on."""
    alone = torch.zeros(len(inputs)).to(inputs)
    alone[i] = 1.0
    distances = torch.linalg.vector_norm(inputs - inputs[i], dim=-1)
    distances[i] = math.inf
    opposed = alone.clone()
    opposed[distances.argmin()] = -1.0
    return alone, opposed


@claim(
    "zou-gu-2019/regions-size",
    sentence="Together the gradient regions hold at least of order φ of the neurons.",
    source=ZOU_GU_2019.at("section 4, gradient regions, after Figure 1"),
    statement=r"P\left[w \in \textstyle\bigcup_i \mathcal{W}_i\right] \ge C \phi",
    kind="PROB",
    bound="lower",
    terms=(Scaling(phi=1),),
    domain=_CHAIN,
    plan=_CHAIN_PLAN,
    quantifiers="for neurons w of the last layer at initialisation",
    probability="at least 1 − δ over the neurons drawn",
    limit=lambda c: math.sqrt(2 / math.pi) * SHARE,
    controls=(
        Control(
            "regions as wide as the separation",
            "the same for |⟨w, x_i⟩| ≤ c φ against 2 c φ, on the corners of a cube",
            measure=lambda case: _union(case, _cube(case), SHARE * float(case.parameters["phi"])),
            domain=replace(_CHAIN, values={"phi": (0.3,)}),
            plan=Plan(start={**_CHAIN_PLAN.start, "phi": 0.3}),
        ),
    ),
    notes="One region is n times smaller: that is the O(n) gained. The limit is that of n disjoint cones, to 1 − O(c).",
)
def regions_are_large(case: Case) -> Measurement:
    """The share of neurons that lie in some region."""
    return _union(case, case.inputs, _scale(case))


def _cube(case: Case) -> Tensor:
    """The corners of a cube with edges of the case's φ, (2^7, 8).

    Their projections are sums of ±φ g_k / 2, of which only the outermost can be alone within 3 c φ, and is so where all
    |g_k| exceed 3 c at least: a share that falls like a power of the number of corners.
    """
    phi = float(case.parameters["phi"])
    corners = phi / 2 * torch.tensor(list(itertools.product((-1.0, 1.0), repeat=CUBE))).to(case.inputs)
    return torch.cat([corners, torch.full_like(corners[:, :1], math.sqrt(1 - CUBE * phi**2 / 4))], 1)


def _union(case: Case, inputs: Tensor, reach: float) -> Measurement:
    return Measurement(_inside(case, inputs, reach, 2 * reach).any(-1).to(case.initial.like).mean(-1))
