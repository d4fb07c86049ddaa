"""Liu, Zhu & Belkin (2020): the Hessian is small in wide networks with a linear output and no narrow layer.

lemmata audit --claims-from examples/liu_zhu_belkin_2020.py 'liu-zhu-belkin-2020/*-is-*'
"""

import torch

from lemmata import Paper, Scaling, Size, gaussian, lemma, sphere

LIU_ZHU_BELKIN_2020 = Paper(
    "liu-zhu-belkin-2020",
    "Liu, Zhu & Belkin (2020), On the linearity of large non-linear models: when and why the tangent kernel is "
    "constant (from memory)",
)

FROM_MEMORY = "Stated from memory of arXiv:2010.01092."

STEPS = 12


def hessian_norm(function, at, rng):
    """The spectral norm of a scalar function's Hessian, from products with vectors: a lower bound."""
    at = at.requires_grad_()
    (slope,) = torch.autograd.grad(function(at), at, create_graph=True)
    v = gaussian(rng, *at.shape)
    for _ in range(STEPS):
        (v,) = torch.autograd.grad(slope, at, v / v.norm(), retain_graph=True)
    return v.norm()


D = 3


def norm(rng, p, kind):
    """‖H‖ at initialisation of a network with two hidden layers of tanh, of which one may be a single unit."""
    m, narrow = p.m, 1 if kind == "bottleneck" else p.m
    point = sphere(rng, 1, D)[0] * D**0.5
    shapes = [(m, D), (narrow, m), (m, narrow), (1, m)] if kind == "bottleneck" else [(m, D), (m, m), (1, m)]
    weights = torch.cat([gaussian(rng, out * into) for out, into in shapes])

    def f(w):
        h, at = point, 0
        for number, (out, into) in enumerate(shapes):
            h = w[at : at + out * into].reshape(out, into) @ h / into**0.5
            at += out * into
            h = h if number == len(shapes) - 1 else torch.tanh(h)
        return h[0].square() if kind == "non-linear output" else h[0]

    return hessian_norm(f, weights, rng)


def non_linear_output(rng, p):
    """A non-linear output, the square: φ″(f) ∇f ∇fᵀ stays."""
    return norm(rng, p, "non-linear output")


@lemma(
    "liu-zhu-belkin-2020/hessian-is-small",
    r"\|H\| \le C m^{-1/2} \text{ at } w_0",
    source=LIU_ZHU_BELKIN_2020.at("Theorem 3.2, at initialisation"),
    sizes={"m": Size(8, 32, 128, 384), "delta": Size(0.1)},
    scaling=Scaling(m="-1/2"),
    draws=100,
    examples=2,
    quantifiers="for two hidden layers of tanh and one input",
    notes=FROM_MEMORY + " The supremum over the ball, with its power R^(3L), is left out.",
    false={"non-linear output": non_linear_output},
)
def hessian_is_small(rng, p):
    """At initialisation the Hessian's norm of a wide network is of order m^(-1/2)."""
    return norm(rng, p, "")


@lemma(
    "liu-zhu-belkin-2020/bottleneck-is-felt",
    r"\|H\| \ge c \text{ where one hidden layer is a single unit}",
    source=LIU_ZHU_BELKIN_2020.at("the narrow hidden layer"),
    sizes={"m": Size(8, 32, 128, 384), "delta": Size(0.1)},
    bound="lower",
    draws=100,
    examples=2,
    quantifiers="for two hidden layers of tanh, the second of one unit, and one input",
    notes=FROM_MEMORY,
)
def hessian_of_a_bottleneck(rng, p):
    """With one narrow hidden layer the Hessian's norm does not vanish in the width of the others."""
    return norm(rng, p, "bottleneck")
