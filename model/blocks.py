"""Gradient descent on one hidden layer of millions of units, a block of units at a time.

With a fixed output layer f(x) = Σ_b V_b σ(W_b x), so blocks of units meet in the outputs alone: a step takes the
outputs of all blocks, and then every block's own gradient. A block's arrays fit the cache and their memory is used
again, which for wide layers decides the speed.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from lemmata.model.changes import Changes, DenseChange, add, distances
from lemmata.model.gaussian import DenseMatrix
from lemmata.model.losses import LOSSES
from lemmata.model.network import Network, assemble
from lemmata.model.trace import Trace
from lemmata.model.training import Iterate, Run, error_of

UNITS = 30_000
"""Units of a block."""


def follow_in_blocks(
    network: Network,
    inputs: Tensor,
    labels: Tensor,
    *,
    step_size: float,
    steps: int,
    until: Callable[[Tensor, Tensor], Tensor],
    units: int = UNITS,
) -> Run:
    """The run of `model.training.follow`, for one hidden layer and a ball in Frobenius norm.

    Args:
        network: at W⁽⁰⁾.
        inputs: (n, d).
        labels: (n, k).
        step_size: η.
        steps: most updates.
        until: of an iterate's losses and errors, (S,) each, whether an initialisation is done, (S,).
        units: of a block.

    Raises:
        ValueError: if the network has more layers that are trained, or the ball is not in Frobenius norm.
    """
    if network.hidden > 1 or network.trained > 1 or network.setting.ball != "frobenius":
        raise ValueError(
            f"{network.trained} trained layers and a {network.setting.ball} ball: one and frobenius wanted"
        )
    loss = LOSSES[network.setting.loss]
    blocks = list(_blocks(network, units))
    changes: list[Changes] = [block.still() for block in blocks]
    columns: dict[str, list[Tensor]] = {name: [] for name in ("outputs", "losses", "errors", "distances", "gradients")}
    for step in range(steps + 1):
        traces = [Trace(block.moved(change), inputs) for block, change in zip(blocks, changes, strict=True)]
        f = torch.stack([trace.outputs for trace in traces]).sum(0)
        slopes = loss.slopes(f, labels)
        columns["outputs"].append(f)
        columns["losses"].append(loss.value(f, labels))
        columns["errors"].append(error_of(network.setting, f, labels))
        columns["distances"].append(_whole([distances(change, "frobenius") for change in changes]))
        columns["gradients"].append(_whole([trace.batch_gradient_norms(slopes) for trace in traces]))
        if step == steps or bool(until(columns["losses"][-1], columns["errors"][-1]).all()):
            break
        for b, trace in enumerate(traces):
            gradient = trace.gradient(slopes)
            changes[b] = add(changes[b], tuple(DenseChange(-step_size * layer.materialise()) for layer in gradient))
    whole = (DenseChange(torch.cat([change.materialise() for (change,) in changes], -2)),)
    last = Iterate(step, whole, Trace(network.moved(whole), inputs))
    return Run(step_size, **{name: torch.stack(values, 1) for name, values in columns.items()}, seen={}, last=last)


def _blocks(network: Network, units: int) -> Iterator[Network]:
    """The network's units in order, each block with its rows of W_1 and its columns of V."""
    weights, output = (matrix.materialise() for matrix in network.matrices)
    for rows, columns in zip(weights.split(units, -2), output.split(units, -1), strict=True):
        yield assemble(network.setting, [DenseMatrix(rows), DenseMatrix(columns)], network.like)


def _whole(norms: list[Tensor]) -> Tensor:
    """Frobenius norm of a layer from those of its blocks."""
    return torch.stack(norms).square().sum(0).sqrt()
