"""The papers' own training algorithms, with iterates that stay factored."""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from model.changes import Changes, LowRank, add
from model.losses import LOSSES
from model.network import Network
from model.trace import Trace


@dataclass(frozen=True)
class Iterate:
    """One point of a trajectory: W⁽ᵗ⁾ − W⁽⁰⁾, and the trace there."""

    step: int
    changes: Changes
    trace: Trace


def gradient_descent(
    network: Network, inputs: Tensor, labels: Tensor, *, step_size: float, steps: int
) -> Iterator[Iterate]:
    """Full-batch gradient descent on all trained layers at once, from W⁽⁰⁾.

    Yields W⁽⁰⁾, …, W⁽ˢᵗᵉᵖˢ⁾, each before the next is computed, so that a caller may stop early.

    Args:
        network: at W⁽⁰⁾.
        inputs: (n, d).
        labels: (n, k).
        step_size: η, the same at every step.
        steps: number of updates.

    Raises:
        ValueError: if the step size is not positive or the number of steps is negative.

    Source: cao-gu-2020 Algorithm 1 (with erratum E-11); zou-gu-2019 Algorithm 1.
    """
    if not step_size > 0 or steps < 0:
        raise ValueError(f"{step_size=} must be positive and {steps=} non-negative")
    loss = LOSSES[network.setting.loss]
    changes: Changes = network.still()
    for step in range(steps + 1):
        trace = Trace(network.moved(changes), inputs)
        yield Iterate(step, changes, trace)
        if step < steps:
            gradient = trace.gradient(loss.slopes(trace.outputs, labels))
            update: tuple[LowRank, ...] = tuple(layer.scaled(-step_size) for layer in gradient)
            changes = add(changes, update)
