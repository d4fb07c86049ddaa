"""Attention is Lipschitz in the query by a quarter of the diameters of keys and values (Grüss's inequality)."""

import torch

from lemmata import Size, gaussian, lemma


def draw(rng, p):
    return gaussian(rng, p.d, scale=p.scale), gaussian(rng, p.n, p.d), gaussian(rng, p.n, p.d)


def diameter(points):
    return torch.cdist(points, points).max()


@lemma(
    "attention/lipschitz-in-the-query",
    r"\|\partial_q \sum_i softmax(q \cdot k)_i v_i\| \le \tfrac14 diam(k) diam(v)",
    sizes={"n": Size(2, 4, 16), "d": Size(4), "scale": Size(1.0, 0.1, 0.01)},
    draw=draw,
    constant=0.25,
    draws=20,
    false={"a fifth": 0.2},
)
def slope(drawn, p):
    """The norm of autograd's Jacobian, and the diameters."""
    query, keys, values = drawn
    jacobian = torch.func.jacrev(lambda q: torch.softmax(keys @ q, 0) @ values)(query)
    return torch.linalg.matrix_norm(jacobian, 2), diameter(keys) * diameter(values)
