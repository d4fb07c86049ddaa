"""A quadratic form of normals is near its trace, for every matrix (Laurent & Massart 2000, Lemma 1, on both sides)."""

import math

import torch

from lemmata import Size, gaussian, lemma


def identity(rng, p):
    return torch.eye(p.d, dtype=rng.dtype)


def one_direction(rng, p):
    v = gaussian(rng, p.d)
    return v[:, None] * v


def symmetric(rng, p):
    a = gaussian(rng, p.d, p.d)
    return a + a.T


@lemma(
    "hdp/6.2.1",
    r"|g^T A g - tr A| \le 2 \|A\|_F \sqrt{t} + 2 \|A\| t, \; t = \log(2/\delta)",
    sizes={"d": Size(4, 16, 64), "delta": Size(0.3, 0.1, 0.03)},
    data=[identity, one_direction, symmetric],
    constant=1,
    false={"a third": 1 / 3},
)
def deviation(rng, p, a):
    """How far the form is from its mean."""
    g, t = gaussian(rng, p.d), math.log(2 / p.delta)
    bound = 2 * torch.linalg.matrix_norm(a) * math.sqrt(t) + 2 * torch.linalg.matrix_norm(a, 2) * t
    return (g @ a @ g - a.trace()).abs(), bound
