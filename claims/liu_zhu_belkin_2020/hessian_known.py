"""Hessians in closed form."""

import torch
from torch import Tensor

from lemmata.claims.language.sizes import Choice, Size
from lemmata.claims.lemma import lemma
from lemmata.claims.liu_zhu_belkin_2020.setting import FROM_MEMORY, LIU_ZHU_BELKIN_2020, Drawn, draw, hessian_norm

SIZES = {"m": Size(4, 16, 48), "d": Size(2)}


def by_autograd(x: Drawn) -> Tensor:
    weights, out, point = x
    return hessian_norm(lambda w: out @ torch.tanh(w @ point) / len(w) ** 0.5, weights)


def of_first_order(x: Drawn, p: Choice) -> tuple[Tensor, Tensor]:
    """|α′| in place of |α″|."""
    weights, _, point = x
    return by_autograd(x), (1 - torch.tanh(weights @ point).square()).abs().max() / p.m**0.5


@lemma(
    "liu-zhu-belkin-2020/example-fixed-output",
    r"\|H\| = \|x\|^2 \max_j |\alpha''(w_j \cdot x)| / \sqrt m",
    source=LIU_ZHU_BELKIN_2020.at("example of one hidden layer with a fixed output layer"),
    sizes=SIZES,
    draw=draw,
    bound="equality",
    draws=3,
    examples=4,
    quantifiers="for α = tanh and every W and x",
    notes=FROM_MEMORY + " The paper has scalar inputs.",
    false={"first derivative": of_first_order},
)
def hessian_is_blocks(x: Drawn, p: Choice) -> tuple[Tensor, Tensor]:
    """With fixed output weights the Hessian's norm is the largest second derivative over √m."""
    weights, _, point = x
    t = torch.tanh(weights @ point)
    return by_autograd(x), (2 * t * (1 - t.square())).abs().max() / p.m**0.5


def of_relu(x: Drawn) -> Tensor:
    weights, out, point = x
    both = torch.cat([weights, out[:, None]], 1)
    return hessian_norm(lambda w: w[:, -1] @ torch.relu(w[:, :-1] @ point) / len(w) ** 0.5, both)


def over_m(x: Drawn, p: Choice) -> tuple[Tensor, float]:
    """m in place of its root."""
    return of_relu(x), 1 / p.m


@lemma(
    "liu-zhu-belkin-2020/relu-both-layers",
    r"\|H\| = \|x\| / \sqrt m \text{ for ReLU with both layers trained, as soon as a unit is active}",
    source=LIU_ZHU_BELKIN_2020.at("the same with both layers, of ReLU"),
    sizes=SIZES,
    draw=draw,
    given=lambda x, p: bool((x[0] @ x[2] > 0).any()),
    bound="equality",
    draws=3,
    examples=4,
    quantifiers="for unit inputs, and every W without a unit on its kink",
    notes=FROM_MEMORY
    + " Derived here: inside a layer ReLU has no curvature, and each active unit couples to its output.",
    false={"m in place of its root": over_m},
)
def hessian_of_relu(x: Drawn, p: Choice) -> tuple[Tensor, float]:
    """Of ReLU with both layers trained the Hessian's norm is exactly one over √m, for a unit input."""
    return of_relu(x), 1 / p.m**0.5
