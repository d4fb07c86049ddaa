"""Residual branches over L keep the features of a network of L layers; branches of full size make them explode."""

from lemmata import Size, gaussian, lemma


def features(rng, p, scale):
    """The norm of the last features, over that of the first."""
    h = start = gaussian(rng, p.m)
    for _ in range(p.L):
        inner = (gaussian(rng, p.m, p.m, scale=(2 / p.m) ** 0.5) @ h).relu()
        h = h + scale * gaussian(rng, p.m, p.m, scale=(2 / p.m) ** 0.5) @ inner
    return h.norm() / start.norm()


def unscaled(rng, p):
    """Branches of full size."""
    return features(rng, p, 1.0)


@lemma(
    "residual/norms",
    r"\|h_L\| = \Theta(\|h_0\|) with branches over L",
    sizes={"L": Size(2, 4, 8, 16, 32), "m": Size(32), "delta": Size(0.1)},
    bound="both",
    draws=40,
    false={"unscaled": unscaled},
)
def norms(rng, p):
    """The growth of the features."""
    return features(rng, p, 1 / p.L)
