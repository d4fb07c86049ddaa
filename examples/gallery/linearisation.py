"""A run leaves the linearised network by O(1/m), where Lee et al. (2019, Theorem 2.1) prove O(m^(-1/2))."""

import torch

from lemmata import Scaling, Size, gaussian, lemma, sphere

D, N, STEPS, RATE = 3, 4, 5, 0.5


@lemma(
    "linearisation/one-hidden-layer",
    r"|f_t(x) - f^{lin}_t(x)| \le C / m",
    sizes={"m": Size(16, 64, 256, 1024), "delta": Size(0.1)},
    scaling=Scaling(m=-1),
    axes=("example",),
    draws=160,
)
def leaves(rng, p):
    """After some steps of both, on the same data with labels of size 1."""
    x, y = sphere(rng, N, D) * D**0.5, rng.tensor([1.0, -1.0, 1.0, -1.0])
    start, out = gaussian(rng, p.m, D), gaussian(rng, p.m, scale=p.m**-0.5)

    def f(w):
        return torch.tanh(x @ w.T / D**0.5) @ out

    value, pulled = torch.func.vjp(f, start)
    w, linear = start, torch.zeros_like(start)
    for _ in range(STEPS):
        here, back = torch.func.vjp(f, w)
        along = value + torch.func.jvp(f, (start,), (linear,))[1]
        w, linear = w - RATE * back(here - y)[0], linear - RATE * pulled(along - y)[0]
    return (f(w) - value - torch.func.jvp(f, (start,), (linear,))[1]).abs()
