"""Gradient descent on two hidden layers of any width, in memory that does not grow with the width.

The deferred engine keeps, for every neuron, its entries in four bases. They are functions of the neuron's own fresh
Gaussians and of small matrices that all neurons share. So nothing is kept: a pass over the neurons of a layer draws a
chunk's Gaussians again from its blocks' own generators, repeats its history, adds its inner products to the next small
matrices, and forgets it. Memory O(chunk · n T + n² T²); work O(m n² T²) a step.

Queries are differences of consecutive activations and of consecutive backward signals. They are far shorter than what
they are differences of, and keep their digits; a residual below `NOISE` of its query is dropped as rounding.

The bases, in the notation of `model.deferred`, of step s have n columns: q_s with image Y_s on the side of the second
layer, p_s with image Z_s on the side of the first. In a step the first layer's pass finds q_s, the second layer's p_s.
The Gaussians of the images that the next pass reveals are drawn one pass ahead, so that their projections are known.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lemmata.model.losses import LOSSES
from lemmata.model.randomness import stream
from lemmata.model.settings import Setting

BLOCK = 8192
"""Neurons that share a random stream; a chunk is made of whole blocks."""

CHUNK = 2 * BLOCK
"""Neurons that a thread holds at once: their history stays in a processor's cache."""

NOISE = 1e-6
"""Relative size of a residual that is dropped. Gram matrices square it: near √ε = 1e-8 they would be all rounding."""


@dataclass(frozen=True)
class Problem:
    """What is trained: f(x) = V σ(W_2 σ(W_1 x)) with m neurons a layer and one output, V fixed.

    Attributes:
        setting: conventions; its output layer is not trained.
        m: width.
        inputs: (n, d), float64.
        labels: (n, 1).
        step_size: η.
        seed: everything descends from it.

    Raises:
        ValueError: if the output layer is trained, or a size does not fit.
    """

    setting: Setting
    m: int
    inputs: Tensor
    labels: Tensor
    step_size: float
    seed: int = 0

    def __post_init__(self) -> None:
        if self.setting.trains_output or self.setting.exponent:
            raise ValueError(f"setting {self.setting.id}: the output layer must be fixed, and the output unscaled")
        if self.m < 2 or self.m % 2 or self.labels.shape != (len(self.inputs), 1) or not self.step_size > 0:
            shape = tuple(self.labels.shape)
            raise ValueError(f"m={self.m} must be even, labels {shape} one per input, {self.step_size=} positive")

    @property
    def n(self) -> int:
        """Number of examples."""
        return len(self.inputs)

    def fresh(self, what: str, step: int, neurons: range, rows: int) -> Tensor:
        """N(0, 1) entries of some neurons, the same whenever and in whatever chunk they are asked for, (rows, c)."""
        found = np.empty((rows, len(neurons)))
        for block in range(neurons.start // BLOCK, -(-neurons.stop // BLOCK)):
            start, stop = block * BLOCK, min((block + 1) * BLOCK, self.m)
            # Gaussians are most of the work: SFC64 draws them in less than half of a Philox generator's time.
            source = np.random.Generator(np.random.SFC64(stream(self.seed, "streaming", what, step, block)))
            columns = slice(start - neurons.start, stop - neurons.start)
            found[:, columns] = source.standard_normal((rows, stop - start))
        return torch.from_numpy(found)

    def output(self, neurons: range) -> Tensor:
        """The entries of V, (1, c)."""
        if self.setting.output == "gaussian":
            return self.fresh("V", 0, neurons, 1)
        index = torch.arange(neurons.start, neurons.stop)
        return torch.where(index < self.m // 2, 1.0, -1.0).double()[None]


@dataclass
class Shared:
    """The small matrices that all neurons share, one entry of each list per step.

    Attributes:
        a, triangle, kept: query = basis · a + new directions · triangle; kept (n,) says which of these there are.
        alpha: σ(W_1 x) in the basis of the right directions, (n (s + 1), n).
        beta: backward signals of the second layer in the basis of the left directions.
        b, left_triangle, left_kept: as `a` and so on, for the left directions.
        down: Q_Lᵀ W q_s, what the left side knows of the images of the right directions, (n s, n).
        up: Q_Rᵀ Wᵀ p_s, (n (s + 1), n).
        ahead_down, ahead_up: projections of the fresh parts of these images on the bases.
        cores: W_2 at step s is W_2 at the start + Q_L core Q_Rᵀ, (n s, n s).
        slopes: ∂L/∂f at step s, (n, 1).
        outputs: f(x_i), (n,).
        moves: ‖W_1 − W_1⁽⁰⁾‖_2 and ‖W_2 − W_2⁽⁰⁾‖_2 at step s, (2,).
    """

    a: list[Tensor] = field(default_factory=list)
    triangle: list[Tensor] = field(default_factory=list)
    kept: list[Tensor] = field(default_factory=list)
    alpha: list[Tensor] = field(default_factory=list)
    beta: list[Tensor] = field(default_factory=list)
    b: list[Tensor] = field(default_factory=list)
    left_triangle: list[Tensor] = field(default_factory=list)
    left_kept: list[Tensor] = field(default_factory=list)
    down: list[Tensor] = field(default_factory=list)
    up: list[Tensor] = field(default_factory=list)
    ahead_down: list[Tensor] = field(default_factory=list)
    ahead_up: list[Tensor] = field(default_factory=list)
    cores: list[Tensor] = field(default_factory=list)
    slopes: list[Tensor] = field(default_factory=list)
    outputs: list[Tensor] = field(default_factory=list)
    moves: list[Tensor] = field(default_factory=list)

    @property
    def known(self) -> int:
        """Steps whose outputs are known."""
        return len(self.outputs)

    def crossed(self) -> Tensor:
        """Q_Lᵀ Y = Zᵀ Q_R of the directions known, (left, right)."""
        n = len(self.kept[0]) if self.kept else 0
        rows, columns = n * len(self.up), n * len(self.down)
        cross = torch.zeros(rows, columns, dtype=torch.float64)
        for s, block in enumerate(self.down):
            cross[: len(block), n * s : n * (s + 1)] = block
        for s, block in enumerate(self.up):
            cross[n * s : n * (s + 1), : len(block)] = block.mT
        return cross


@dataclass(frozen=True)
class Iterate:
    """Outputs at a step, the loss, and how far the two layers have moved in spectral norm."""

    step: int
    outputs: Tensor
    loss: float
    moves: Tensor


def train(
    problem: Problem, steps: int, *, chunk: int = CHUNK, workers: int = 1, state: Path | None = None
) -> Iterator[Iterate]:
    """Full-batch gradient descent from W⁽⁰⁾: the iterates 0, …, steps, in the law of stored matrices.

    Args:
        problem: what is trained.
        steps: number of updates.
        chunk: neurons that are held at once, a multiple of `BLOCK`.
        workers: threads, each with a chunk of its own.
        state: a file in which the small matrices are kept after each step, and from which a run goes on.

    Raises:
        ValueError: if the chunk is no multiple of `BLOCK`, or the state is that of another problem.
    """
    if chunk < 1 or chunk % BLOCK:
        raise ValueError(f"{chunk=} must be a multiple of {BLOCK}")
    shared = Shared() if state is None or not state.exists() else load(state, problem)
    loss = LOSSES[problem.setting.loss]
    with ThreadPoolExecutor(workers) as pool:
        for step in range(steps + 1):
            if step == shared.known:
                _reveal_right(problem, shared, _summed(pool, problem, shared, chunk, workers, first_layer))
                _reveal_left(problem, shared, _summed(pool, problem, shared, chunk, workers, second_layer))
                if state is not None:
                    save(state, problem, shared)
            outputs = shared.outputs[step]
            value = float(loss.value(outputs[None, :, None], problem.labels))
            yield Iterate(step, outputs, value, shared.moves[step])


def first_layer(problem: Problem, shared: Shared, neurons: range) -> dict[str, Tensor]:
    """The history of some neurons of the first layer, (·, c): bases, images, the new query and the next fresh part.

    Attributes of the result: directions Q_R, images Z, query σ(W_1 x) minus that of the step before, fresh, and pull,
    the accumulated Σ_s b_1 ∂L/∂f, with W_1 = W_1⁽⁰⁾ − η pull · inputs.
    """
    n, t, scale = problem.n, len(shared.left_kept), (2 / problem.m) ** 0.5
    gram = problem.inputs @ problem.inputs.mT
    z = problem.inputs @ problem.fresh("W_1", 0, neurons, problem.inputs.shape[1]).mul_(scale)
    query, pull = z.clamp_min(0), torch.zeros_like(z)
    directions, images = (z.new_empty(n * (t + 1), z.shape[1]) for _ in range(2))
    for s in range(t):
        old, all_ = slice(0, n * s), slice(0, n * (s + 1))
        new = slice(n * s, n * (s + 1))
        _point(directions[new], query, directions[old], shared.a[s], shared.triangle[s], shared.kept[s])
        ahead = shared.up[s] - shared.ahead_up[s] * shared.left_kept[s]
        torch.mm(ahead.mT, directions[all_], out=images[new])
        images[new] += problem.fresh("up", s, neurons, n).mul_(scale).mul_(shared.left_kept[s][:, None])
        beta = shared.beta[s]
        core = torch.zeros(len(beta), len(beta), dtype=torch.float64)
        core[: n * s, : n * s] = shared.cores[s]
        signal = (beta.mT @ images[all_]).addmm_(beta.mT @ core, directions[all_])
        own = signal.masked_fill_(z <= 0, 0.0).mul_(shared.slopes[s])
        pull += own
        moved = -problem.step_size * gram @ own
        after = z + moved
        # Where both are positive the difference keeps its digits.
        query = torch.where((z > 0) & (after > 0), moved, after.clamp_min(0) - z.clamp_min(0))
        z = after
    known = slice(0, n * t)
    return {
        "directions": directions[known],
        "images": images[known],
        "query": query,
        "fresh": problem.fresh("up", t, neurons, n).mul_(scale),
        "pull": pull,
    }


def second_layer(problem: Problem, shared: Shared, neurons: range) -> dict[str, Tensor]:
    """The same for the second layer: bases Q_L, images Y, query b_2 minus that of the step before, and outputs."""
    n, t, scale = problem.n, len(shared.left_kept), (2 / problem.m) ** 0.5
    v = problem.output(neurons)
    directions, images = (v.new_empty(n * (t + 1), v.shape[1]) for _ in range(2))
    signal = query = v.new_zeros(n, v.shape[1])
    z = query
    for s in range(t + 1):
        old, all_ = slice(0, n * s), slice(0, n * (s + 1))
        new = slice(n * s, n * (s + 1))
        ahead = shared.down[s] - shared.ahead_down[s] * shared.kept[s]
        torch.mm(ahead.mT, directions[old], out=images[new])
        images[new] += problem.fresh("down", s, neurons, n).mul_(scale).mul_(shared.kept[s][:, None])
        alpha = shared.alpha[s]
        z = (alpha.mT @ images[all_]).addmm_((shared.cores[s] @ alpha[: n * s]).mT, directions[old])
        before, signal = signal, v.expand_as(z).masked_fill(z <= 0, 0.0)
        query = signal - before
        if s < t:
            _point(directions[new], query, directions[old], shared.b[s], shared.left_triangle[s], shared.left_kept[s])
    fresh = problem.fresh("down", t + 1, neurons, n).mul_(scale)
    known = directions[: n * t]
    return {"directions": known, "images": images, "query": query, "fresh": fresh, "outputs": v * z.clamp_min(0)}


def _point(new: Tensor, query: Tensor, basis: Tensor, a: Tensor, triangle: Tensor, kept: Tensor) -> None:
    """Fill in the new directions of a query, zero where none is kept."""
    whole = triangle + torch.diag_embed((~kept).to(triangle))
    rest = torch.addmm(query, a.mT, basis, alpha=-1)
    torch.mul(torch.linalg.solve_triangular(whole.mT, rest, upper=False), kept[:, None], out=new)


Side = Callable[[Problem, Shared, range], dict[str, Tensor]]


def _summed(
    pool: ThreadPoolExecutor, problem: Problem, shared: Shared, chunk: int, workers: int, side: Side
) -> dict[str, Tensor]:
    """Inner products of a side's rows over all neurons; summed in the order of the chunks."""

    def products(start: int) -> dict[str, Tensor]:
        part = side(problem, shared, range(start, min(start + chunk, problem.m)))
        query = part["query"]
        sums = {
            "known": part["directions"] @ query.mT,
            "square": query @ query.mT,
            "images": part["images"] @ query.mT,
            "fresh": part["directions"] @ part["fresh"].mT,
            "fresh query": query @ part["fresh"].mT,
        }
        if "pull" in part:
            sums["pull"] = part["pull"] @ part["pull"].mT
        if "outputs" in part:
            sums["outputs"] = part["outputs"].sum(1)
        return sums

    total: dict[str, Tensor] = {}
    starts = range(0, problem.m, chunk)
    for first in range(0, len(starts), 64 * workers):  # few results wait at a time
        for sums in pool.map(products, starts[first : first + 64 * workers]):
            total = {name: total[name] + value if total else value for name, value in sums.items()}
    return total


def _reveal_right(problem: Problem, shared: Shared, sums: dict[str, Tensor]) -> None:
    """The right directions of a step, and what the left side knows of their images."""
    t = len(shared.kept)
    a, triangle, kept, ahead = _split(sums)
    cross = shared.crossed()
    shared.a.append(a)
    shared.triangle.append(triangle)
    shared.kept.append(kept)
    shared.ahead_up.append(ahead)
    shared.down.append(_solved(triangle, kept, sums["images"] - cross @ a))
    shared.alpha.append(torch.cat([a + shared.alpha[-1] if t else a, triangle]))
    if not t:
        shared.cores.append(torch.zeros(0, 0, dtype=torch.float64))
        shared.ahead_down.append(torch.zeros(0, problem.n, dtype=torch.float64))
    moved = torch.linalg.eigvalsh(problem.inputs.mT @ sums["pull"] @ problem.inputs)[-1].clamp_min(0).sqrt()
    core = torch.linalg.matrix_norm(shared.cores[t], 2) if t else torch.zeros((), dtype=torch.float64)
    shared.moves.append(torch.stack([problem.step_size * moved, core]))


def _reveal_left(problem: Problem, shared: Shared, sums: dict[str, Tensor]) -> None:
    """The left directions of a step, what the right side knows of their images, and the update of W_2."""
    n, t = problem.n, len(shared.left_kept)
    b, triangle, kept, ahead = _split(sums)
    cross = shared.crossed()
    shared.b.append(b)
    shared.left_triangle.append(triangle)
    shared.left_kept.append(kept)
    shared.ahead_down.append(ahead)
    shared.up.append(_solved(triangle, kept, sums["images"] - cross.mT @ b))
    shared.beta.append(torch.cat([b + shared.beta[-1] if t else b, triangle]))
    outputs = sums["outputs"]
    shared.slopes.append(LOSSES[problem.setting.loss].slopes(outputs[None, :, None], problem.labels)[0])
    core = torch.zeros(n * (t + 1), n * (t + 1), dtype=torch.float64)
    core[: n * t, : n * t] = shared.cores[t]
    shared.cores.append(core - problem.step_size * (shared.beta[t] * shared.slopes[t].mT) @ shared.alpha[t].mT)
    shared.outputs.append(outputs)


def _split(sums: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """From inner products: coordinates on the basis, the rest's triangle, which are kept, projections of the fresh."""
    a, square = sums["known"], sums["square"]
    rest = square - a.mT @ a
    n = len(square)
    triangle, kept = torch.zeros(n, n, dtype=torch.float64), torch.zeros(n, dtype=torch.bool)
    for i in range(n):
        size = rest[i, i].clamp_min(0).sqrt()
        if size > NOISE * square[i, i].sqrt():
            kept[i] = True
            triangle[i, i:] = rest[i, i:] / size
            rest = rest - triangle[i][:, None] * triangle[i]
    return (
        a,
        triangle,
        kept,
        torch.cat([sums["fresh"], _solved(triangle, kept, (sums["fresh query"] - a.mT @ sums["fresh"]).mT).mT]),
    )


def _solved(triangle: Tensor, kept: Tensor, products: Tensor) -> Tensor:
    """Products with new directions from products with the rest of their query, (·, n)."""
    whole = triangle + torch.diag_embed((~kept).to(triangle))
    return torch.linalg.solve_triangular(whole, products, upper=True, left=False) * kept


def save(path: Path, problem: Problem, shared: Shared) -> None:
    """Keep the small matrices: the whole file or nothing."""
    arrays = {
        f"{entry.name}.{s}": value.numpy()
        for entry in fields(Shared)
        for s, value in enumerate(getattr(shared, entry.name))
    }
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with open(beside, "wb") as file:
        np.savez(file, problem=np.array(_identity(problem)), **arrays)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def load(path: Path, problem: Problem) -> Shared:
    """The small matrices of an earlier run of the same problem.

    Raises:
        ValueError: if they are those of another one.
    """
    with np.load(path) as arrays:
        if str(arrays["problem"]) != _identity(problem):
            raise ValueError(f"{path} holds {arrays['problem']}, and not {_identity(problem)}")
        shared = Shared()
        for entry in fields(Shared):
            values = getattr(shared, entry.name)
            while (name := f"{entry.name}.{len(values)}") in arrays:
                values.append(torch.from_numpy(arrays[name]))
    return shared


def _identity(problem: Problem) -> str:
    data = [problem.inputs.tolist(), problem.labels.tolist()]
    return f"{problem.setting.id} m={problem.m} seed={problem.seed} step_size={problem.step_size!r} data={data}"
