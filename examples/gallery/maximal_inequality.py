"""The largest of n standard normals (Vershynin, High-dimensional probability, Exercise 2.5.10 with its constants)."""

import math

from lemmata import Size, gaussian, lemma


def half(rng, p):
    """max |g_i| <= sqrt(log(2n/delta)): the 2 is left out."""
    return gaussian(rng, p.n).abs().max(), math.sqrt(math.log(2 * p.n / p.delta))


@lemma(
    "hdp/2.5.10",
    r"\max_i |g_i| \le \sqrt{2 \log(2n/\delta)}",
    sizes={"n": Size(4, 64, 1024), "delta": Size(0.3, 0.1, 0.01)},
    constant=1,
    false={"without the 2": half, "times 0.8": 0.8},
)
def maximal(rng, p):
    """The largest absolute value of n independent standard normals."""
    return gaussian(rng, p.n).abs().max(), math.sqrt(2 * math.log(2 * p.n / p.delta))


@lemma(
    "hdp/2.5.10-C",
    r"\max_i |g_i| \le C \sqrt{\log(n/\delta)}",
    sizes={"n": Size(4, 16, 64, 256, 1024), "delta": Size(0.3, 0.1, 0.01)},
)
def up_to_a_constant(rng, p):
    """The same, with a constant that is audited."""
    return gaussian(rng, p.n).abs().max(), math.sqrt(math.log(p.n / p.delta))
