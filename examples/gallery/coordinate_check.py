"""Coordinate check (Yang & Hu 2021): after a step the features move by Θ(1) in μP; less and less in the NTK
parametrisation, more and more in the standard one."""

import torch

from lemmata import Size, gaussian, lemma, sphere

D, N = 5, 4


def moved(rng, p, scales, rates):
    """Root mean square of how far the coordinates of the second layer move in one step of gradient descent."""
    inputs, labels = sphere(rng, N, D) * D**0.5, rng.tensor([1.0, -1.0, 1.0, -1.0])
    shapes = ((p.m, D), (p.m, p.m), (1, p.m))
    weights = [gaussian(rng, *shape, scale=s).requires_grad_() for shape, s in zip(shapes, scales, strict=True)]
    before = torch.tanh(inputs @ weights[0].T) @ weights[1].T
    loss = (torch.tanh(before) @ weights[2].T - labels[:, None]).square().mean()
    slopes = torch.autograd.grad(loss, weights)
    first, second, _ = (w - 0.1 * rate * slope for w, rate, slope in zip(weights, rates, slopes, strict=True))
    return (torch.tanh(inputs @ first.T) @ second.T - before).square().mean().sqrt()


def standard(rng, p):
    """The standard parametrisation, with one rate for all layers."""
    return moved(rng, p, (D**-0.5, p.m**-0.5, p.m**-0.5), (1, 1, 1))


def ntk(rng, p):
    """The NTK parametrisation."""
    return moved(rng, p, (D**-0.5, p.m**-0.5, p.m**-0.5), (1, 1 / p.m, 1 / p.m))


@lemma(
    "yang-hu-2021/coordinate-check",
    r"\|h_1 - h_0\|_{rms} = \Theta(1)",
    sizes={"m": Size(16, 64, 256, 512), "delta": Size(0.1)},
    bound="both",
    draws=200,
    false={"standard": standard, "ntk": ntk},
)
def mup(rng, p):
    """The maximal update parametrisation."""
    return moved(rng, p, (D**-0.5, p.m**-0.5, 1 / p.m), (p.m, 1, 1 / p.m))
