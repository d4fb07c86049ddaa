"""Coordinate check (Yang & Hu 2021): after a step the features move by Θ(1) in μP; less and less in the NTK
parametrisation, more and more in the standard one."""

import torch

from lemmata import FullyConnected, Size, lemma, sphere

D, N = 5, 4


def moved(rng, p, laws):
    """Root mean square of how far the coordinates of the second layer move in one step of gradient descent."""
    net = FullyConnected((D, p.m, p.m, 1), "tanh", laws)
    inputs, labels = sphere(rng, N, D) * D**0.5, rng.tensor([1.0, -1.0, 1.0, -1.0])
    weights = {name: w.requires_grad_() for name, w in net.draw(rng).items()}
    loss = (net(weights, inputs) - labels[:, None]).square().mean()
    slopes = torch.autograd.grad(loss, list(weights.values()))
    after = {name: w - 0.1 * slope for (name, w), slope in zip(weights.items(), slopes, strict=True)}
    _, before, _ = net.pre_activations(weights, inputs)
    return (net.pre_activations(after, inputs)[1] - before).square().mean().sqrt()


def standard(rng, p):
    """The standard parametrisation, with one rate for all layers."""
    return moved(rng, p, "standard")


def ntk(rng, p):
    """The NTK parametrisation."""
    return moved(rng, p, "ntk")


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
    return moved(rng, p, "mup")
