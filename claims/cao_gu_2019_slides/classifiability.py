"""How hard labels are: ỹᵀΘ⁻¹ỹ is the inverse squared margin of the tangent kernel."""

import torch

from lemmata.claims.cao_gu_2019_slides.paper import CAO_GU_2019_SLIDES, DEPTH, EQUAL_WIDTHS
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Sides
from lemmata.claims.language.domain import ALIVE, Domain
from lemmata.claims.language.plan import Plan
from lemmata.claims.registry import claim
from lemmata.model.kernels import tangent_kernel
from lemmata.model.margins import hard_margin, label_complexity


@claim(
    "cao-gu-2019-slides/classifiability",
    sentence="The label complexity is one over the largest margin in the kernel's space.",
    source=CAO_GU_2019_SLIDES.at("Corollary, last remark"),
    statement=r"\inf_{\tilde y_i y_i \ge 1} \sqrt{\tilde y^\top (\Theta^{(L)})^{-1} \tilde y}"
    r" = 1 \Big/ \max_{\|g\|_\Theta \le 1} \min_i y_i g(x_i)",
    kind="EXACT",
    bound="equality",
    domain=Domain(m=ALIVE, draws={"L": DEPTH}, fixed={**EQUAL_WIDTHS, "data": "sphere"}),
    plan=Plan(lines={"m": (64, 256), "L": (2, 4), "n": (2, 24)}, start={"n": 6}),
    quantifiers="for the limiting kernel and those of networks, and all labels",
    controls=(
        Control(
            "no inverse",
            "yᵀΘy in place of ỹᵀΘ⁻¹ỹ",
            measure=lambda case: _compared(case, power=-1),
        ),
        Control("labels as they are", "ỹ = y, without the infimum", measure=lambda case: _compared(case, best=False)),
    ),
)
def label_complexity_is_the_inverse_margin(case: Case) -> Sides:
    """Two programmes, one number: non-negative least squares on ỹ, and the nearest point of a hull."""
    return _compared(case)


def _compared(case: Case, *, power: int = 1, best: bool = True) -> Sides:
    limit = case.for_each(tangent_kernel(case.setting, case.inputs, case.depth))
    measured = case.at_initial.ntk()[:, :, 0, :, 0] / case.parameters["m"]
    kernels = torch.stack([limit, measured], 1)
    margin = hard_margin(kernels, case.labels)
    if power == 1 and best:
        complexity = label_complexity(kernels, case.labels)
    else:
        y = case.labels.to(kernels)
        complexity = (y * (torch.linalg.matrix_power(kernels, -power) @ y)).sum((-2, -1))
    # Upside down, as of a kernel that does not separate the labels the margin is 0. It is the root of pᵀ Y Θ Y p, whose
    # terms are of the size of Θ.
    size = kernels.abs().amax((-2, -1)) / margin.clamp_min(torch.finfo(margin.dtype).tiny)
    return Sides.of(complexity.rsqrt(), margin, ("kernel",), terms=size)
