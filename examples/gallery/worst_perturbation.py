"""Perturbed layers (Neyshabur, Bhojanapalli & Srebro 2018, Lemma 2): all weights in balls, the worst found by ascent.

The best constant is (1 + 1/L)^L - 1 < e, attained at aligned layers of rank one; random weights are far from it.
"""

import math

import torch

from lemmata import Size, Within, gaussian, lemma


def draw(rng, p):
    """Layers of norm 1 and an input: along one direction of positive entries, or in general position."""
    v = gaussian(rng, p.m).abs()
    v = v / v.norm()
    general = [gaussian(rng, p.m, p.m) for _ in range(p.L)]
    layers = [w / torch.linalg.matrix_norm(w, 2) if p.kind == "general" else v[:, None] * v for w in general]
    return {f"W{number}": w for number, w in enumerate(layers)} | {"x": v}


def output(weights, x):
    *hidden, last = (weights[name] for name in sorted(weights) if name != "x")
    for w in hidden:
        x = (w @ x).relu()
    return last @ x


@lemma(
    "neyshabur-2018/lemma-2",
    r"|f_{W+U}(x) - f_W(x)| \le e \sum_l \|U_l\|, \; \|U_l\| \le \|W_l\| / L = 1/L, \|x\| = 1",
    sizes={"L": Size(1, 2, 4), "m": Size(3), "kind": Size("aligned", "general", start="aligned")},
    draw=draw,
    ball={"W*": Within("spectral", lambda p: 1 / p.L)},
    constant=math.e,
    draws=2,
    steps=60,
    restarts=1,
    examples=2,
    false={"1.4 in place of e": 1.4},
)
def change(net, p, w):
    """How far the output moves, and how far the layers do."""
    moved = sum(torch.linalg.matrix_norm(w[name] - net[name], 2) for name in w)
    return (output(w, net["x"]) - output(net, net["x"])).norm(), moved
