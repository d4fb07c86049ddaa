"""A run that somebody else made: its checkpoints as iterates, and whether they are steps of gradient descent."""

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from lemmata.audit.measure.given import Loaded, Weights, magnitude
from lemmata.audit.measure.pair import build_network, step_between
from lemmata.claims.case import Case
from lemmata.claims.language.configuration import Configuration
from lemmata.model.attacks import Pair
from lemmata.model.changes import Changes, distances
from lemmata.model.losses import LOSSES
from lemmata.model.settings import Setting
from lemmata.model.trace import Trace
from lemmata.model.training import Iterate, watch

STRAY = 1e-2
"""Relative distance of a step from the nearest multiple of −∇L_S, and of step sizes from each other, up to which
checkpoints pass for consecutive steps of gradient descent."""


def out_of_order(paths: Sequence[str]) -> list[str]:
    """Whether checkpoints seem to be sorted as words: step-10 before step-2."""
    numbers = [[magnitude(digits) for digits in re.findall(r"\d+", Path(path).name)] for path in paths]
    for (earlier, first), (later, second) in itertools.pairwise(zip(paths, numbers, strict=True)):
        if first > second and len(first) == len(second):
            return [f"{earlier} stands before {later}: checkpoints are taken in the order in which they are given"]
    return []


def repeated(before: Weights, reached: Sequence[Weights]) -> list[str]:
    """Which checkpoints hold the weights of an earlier one, or of the network before training, as the first may."""
    found: list[str] = []
    for at, weights in enumerate(reached[1:], 1):
        same = [each for each in (before, *reached[:at]) if all(map(torch.equal, each.matrices, weights.matrices))]
        if same:
            found.append(f"{weights.path} holds the weights of {same[0].path}: as an iterate it is left out")
    return found


def build_run(before: Weights, reached: Sequence[Weights], loaded: Loaded, setting: Setting, delta: float) -> Case:
    """The case of a run: W⁽⁰⁾, and the checkpoints as its iterates; those that repeat the one before are left out.

    τ is the largest distance of a layer from W⁽⁰⁾ anywhere, ε the least that is reached of E_S, or of the square loss.

    Raises:
        UserError: if the data do not fit the network, or a distance overflows.
    """
    network = build_network(before, loaded, setting)
    inputs, labels = loaded.data.inputs.to(network.like), loaded.data.labels.to(network.like)
    loss = LOSSES[setting.loss]
    moves: list[Tensor] = []
    sizes: list[float] = []

    def iterates() -> Iterator[Iterate]:
        last = Iterate(0, network.still(), Trace(network, inputs))
        yield last
        old = before
        for weights in reached:
            move = step_between(old, weights, setting)
            lengths = distances(move, setting.ball)
            if not bool(lengths.any()):
                continue
            moves.append(lengths)
            sizes.append(_step_size(move, last.trace.gradient(loss.slopes(last.trace.outputs, labels))))
            changes = step_between(before, weights, setting)
            last, old = Iterate(last.step + 1, changes, Trace(network.moved(changes), inputs)), weights
            yield last

    run = watch(iterates(), labels, step_size=math.nan)
    if sizes and all(abs(size - sizes[0]) <= STRAY * sizes[0] for size in sizes):
        run = replace(run, step_size=sum(sizes) / len(sizes))
    reached_error = run.errors if setting.loss == "cross-entropy" else run.losses
    return Case(
        network,
        loaded.data,
        tau=float(run.distances.max()),
        delta=delta,
        pair=Pair(network.still(), run.last.changes),
        configuration=Configuration(eps=float(reached_error.min()), data="given"),
        run=replace(run, seen={"moves": torch.stack(moves, 1)} if moves else {}),
    )


def _step_size(move: Changes, gradient: Changes) -> float:
    """η of W⁽ᵗ⁺¹⁾ − W⁽ᵗ⁾ = −η ∇L_S, no number where that is not so up to `STRAY`."""
    moved = torch.cat([layer.materialise().flatten() for layer in move])
    descent = -torch.cat([layer.materialise().flatten() for layer in gradient])
    eta = float(moved @ descent / (descent @ descent))
    stray = float(torch.linalg.vector_norm(moved - eta * descent) / torch.linalg.vector_norm(moved))
    return eta if eta > 0 and stray <= STRAY else math.nan
