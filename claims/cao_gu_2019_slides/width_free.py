"""The bounds do not grow with the width."""

import math

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2019_slides.paper import CAO_GU_2019_SLIDES, DEPTH, EQUAL_WIDTHS, WITH_PROBABILITY
from lemmata.claims.case import Case
from lemmata.claims.claim import Measurement
from lemmata.claims.language.domain import ALIVE, Domain
from lemmata.claims.language.plan import Plan
from lemmata.claims.language.scaling import ONE
from lemmata.claims.registry import claim
from lemmata.model.kernels import tangent_kernel
from lemmata.model.margins import label_complexity


@claim(
    "cao-gu-2019-slides/width-free",
    sentence="The quantities that the bounds are made of do not grow with the width.",
    source=CAO_GU_2019_SLIDES.at("Summary, first item"),
    statement=r"\sup_{f \in F(W^{(0)}, R)} |f(x_i) - f_{W^{(0)}}(x_i)| \le C R [1 + (L-1) / \sqrt2], \quad"
    r" \inf_{\tilde y_i y_i \ge 1} \tilde y^\top \Theta_m^{-1} \tilde y \le C \inf \tilde y^\top \Theta^{-1} \tilde y",
    kind="RUN",
    bound="upper",
    terms=(ONE,),
    domain=Domain(m=ALIVE, draws={"L": DEPTH}, fixed={**EQUAL_WIDTHS, "data": "sphere"}),
    plan=Plan(lines={"m": (64, 256, 1024, 4096, 16384)}, start={"n": 4, "m": 256}),
    quantifiers="for both quantities that the bounds are made of, Θ_m the kernel of the network itself",
    probability=WITH_PROBABILITY,
    limit=lambda _: 1.0,
    notes="The reach of the class R m^{−1/2} Σ_l ‖∇_{W_l} f‖_F, and the root of the label complexity, each over its "
    "infinite-width value.",
)
def bounds_do_not_grow_with_width(case: Case) -> Measurement:
    """The reach of the linearised class and the label complexity of networks, over their infinite-width values."""
    trace, m, labels = case.at_initial, case.parameters["m"], case.labels
    reach = trace.gradient_norms()[..., 0].sum(1).amax(-1) / math.sqrt(m)
    complexity = label_complexity(trace.ntk()[:, :, 0, :, 0] / m, labels).sqrt()
    limits = (1 + case.hidden / math.sqrt(2), _complexity(case))
    return Measurement(torch.stack([reach, complexity], -1), (reach.new_tensor([limits]),), ("quantity",))


def _complexity(case: Case) -> float:
    kernel: Tensor = tangent_kernel(case.setting, case.inputs, case.depth)
    return float(label_complexity(kernel, case.labels)) ** 0.5
