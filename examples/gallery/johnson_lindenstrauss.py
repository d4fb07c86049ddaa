"""A Gaussian projection keeps squared lengths, whichever n vectors these are of (Laurent & Massart 2000, Lemma 1)."""

import math

from lemmata import Rng, Size, gaussian, lemma, sphere


def spread(rng: Rng, p):
    return sphere(rng, p.n, p.d)


def cluster(rng: Rng, p):
    return 1 + 0.01 * sphere(rng, p.n, p.d)


def distortion(rng, p, points):
    """How much the square of a length changes at most."""
    projected = points @ gaussian(rng, p.d, p.m, scale=p.m**-0.5)
    t = math.log(2 * p.n / p.delta) / p.m
    return (projected.norm(dim=-1) / points.norm(dim=-1)).square().sub(1).abs(), 2 * math.sqrt(t) + 2 * t


lemma(
    "hdp/johnson-lindenstrauss",
    r"|\|Px\|^2 / \|x\|^2 - 1| \le 2\sqrt{t} + 2t, \; t = \log(2n/\delta) / m",
    sizes={"m": Size(16, 64, 256), "n": Size(4, 8, 16), "d": Size(30), "delta": Size(0.1)},
    data=[spread, cluster],
    constant=1,
    axes=("vector",),
    false={"half of it": 0.5},
)(distortion)
