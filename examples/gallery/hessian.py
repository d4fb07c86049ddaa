"""Transition to linearity (Liu, Zhu & Belkin 2020): with fixed output signs the Hessian's norm is known exactly."""

import torch

from lemmata import Size, gaussian, lemma, signs, sphere


def draw(rng, p):
    return gaussian(rng, p.m, p.d), signs(rng, p.m), sphere(rng, 1, p.d)[0]


def norm(weights, out, x):
    """The norm of the Hessian of m^(-1/2) Σ v_j tanh(w_j · x) in all w_j, from autograd."""
    whole = torch.func.hessian(lambda w: (out @ torch.tanh(w @ x)) / len(w) ** 0.5)(weights)
    return torch.linalg.matrix_norm(whole.reshape(2 * [weights.numel()]), 2)


def first_derivative(drawn, p):
    """tanh' in place of tanh''."""
    weights, _, x = drawn
    return norm(*drawn), (1 - torch.tanh(weights @ x).square()).abs().max() / p.m**0.5


@lemma(
    "liu-zhu-belkin-2020/hessian-norm",
    r"\|H\| = \|x\|^2 \max_j |\alpha''(w_j \cdot x)| / \sqrt{m}",
    sizes={"m": Size(4, 16, 64), "d": Size(3)},
    draw=draw,
    bound="equality",
    draws=4,
    false={"first derivative": first_derivative},
)
def hessian(drawn, p):
    """Both sides: autograd's Hessian, and the formula."""
    weights, _, x = drawn
    t = torch.tanh(weights @ x)
    return norm(*drawn), (2 * t * (1 - t.square())).abs().max() / p.m**0.5
