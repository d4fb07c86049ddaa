"""No margin of a trained network exceeds the product of its layers' norms, over inputs of norm 1."""

import torch
from torch import nn

from lemmata import Size, lemma, module, sphere


def layer(inputs, outputs):
    return nn.Linear(inputs, outputs, bias=False)


def trained(rng, p):
    """A `torch.nn.Module`, after some steps of gradient descent on signs of the first coordinate, and its data."""
    net = module(rng, lambda: nn.Sequential(layer(5, p.m), nn.ReLU(), layer(p.m, p.m), nn.ReLU(), layer(p.m, 1)))
    x = sphere(rng, p.n, 5)
    y = x[:, :1].sign()
    descent = torch.optim.SGD(net.parameters(), lr=0.5)
    for _ in range(20):
        descent.zero_grad()
        nn.functional.softplus(-y * net(x)).mean().backward()
        descent.step()
    return net, x, y


def norms(net):
    return [torch.linalg.matrix_norm(w, 2) for w in net.parameters()]


def without_the_first(drawn, p):
    """The first layer's norm left out."""
    net, x, y = drawn
    return (y * net(x)).max(), norms(net)[1] * norms(net)[2]


@lemma(
    "margin/product-of-norms",
    r"y f(x) \le \prod_l \|W_l\|",
    sizes={"m": Size(4, 16, 64), "n": Size(8)},
    draw=trained,
    constant=1,
    draws=8,
    false={"a tenth": 0.1, "without the first layer": without_the_first},
)
def margin(drawn, p):
    """The largest margin over the training inputs."""
    net, x, y = drawn
    return (y * net(x)).max(), torch.stack(norms(net)).prod()
