"""The norm of a Gaussian matrix (Vershynin, High-dimensional probability, Theorem 7.3.1 and Corollary 7.3.3)."""

import math

import torch

from lemmata import Size, gaussian, lemma


def top(rng, p):
    return torch.linalg.matrix_norm(gaussian(rng, p.m, p.n), 2)


def one_side(rng, p):
    """Without the smaller side's root."""
    return top(rng, p), math.sqrt(p.m) + math.sqrt(2 * math.log(1 / p.delta))


@lemma(
    "hdp/7.3.3",
    r"\|G\| \le \sqrt{m} + \sqrt{n} + \sqrt{2 \log(1/\delta)}",
    sizes={"m": Size(8, 32, 128), "n": Size(4, 16, 64), "delta": Size(0.1, 0.01)},
    constant=1,
    false={"without the smaller side": one_side, "times 0.8": 0.8},
)
def norm(rng, p):
    """The norm, which concentrates below the sum of the sides' roots."""
    return top(rng, p), math.sqrt(p.m) + math.sqrt(p.n) + math.sqrt(2 * math.log(1 / p.delta))
