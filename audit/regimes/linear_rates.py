"""Theorem 3.3 of Zou and Gu inside its own condition (3.1): gradient descent reaches ε in time."""

import math
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from lemmata.audit.errors import UserError
from lemmata.audit.regimes.comparison import Comparison, Parameters, Regime
from lemmata.claims.registry import REGISTRY
from lemmata.claims.zou_gu_2019.gradient_bounded_below import NEAR
from lemmata.claims.zou_gu_2019.kernel_regime import STEP
from lemmata.model.network import Architecture, initialise
from lemmata.model.randomness import stream
from lemmata.model.settings import ZOU_GU_2019
from lemmata.model.streaming import CHUNK, Problem, train
from lemmata.model.trace import Trace
from lemmata.model.training import Iterate, follow

THEOREM = "zou-gu-2019/thm-3.3"

SEPARATION = {1: 1.4, 2: 1.99}
"""φ by depth: close to what the theorem allows best, 2 for two points."""

EPS = 0.01


def polygon(n: int, phi: float) -> Tensor:
    """n unit vectors in R³, neighbours at distance φ around a circle, all with the same last coordinate μ > 0.

    Raises:
        UserError: if no n points of the sphere are that far apart in such a way.
    """
    radius = phi / (2 * math.sin(math.pi / n)) if n > 1 else 0.0
    if radius >= 1:
        raise UserError(f"--samples {n}: {n} points around a circle are at most {2 * math.sin(math.pi / n):.3g} apart")
    angle = 2 * math.pi * torch.arange(n, dtype=torch.float64) / n
    height = torch.full_like(angle, math.sqrt(1 - radius**2))
    return torch.stack([radius * angle.cos(), radius * angle.sin(), height], -1)


def linear_rate(depth: int, samples: int, state: Path | None = None) -> Regime:
    """The theorem at depth L for n points around a circle, labels alternating ±1, step size k/(L² m).

    Depth one is trained as it is; depth two, whose widths no memory holds, with `model.streaming`.
    """
    phi = SEPARATION.get(depth, SEPARATION[2])
    inputs = polygon(samples, phi)
    labels = (-1.0) ** torch.arange(samples, dtype=torch.float64)[:, None]

    def run(p: Parameters, seed: int) -> list[Comparison]:
        rows = _streamed(p, seed) if depth == 2 else _stored(p, seed)
        losses, moves = [row[0] for row in rows], [row[1] for row in rows]
        rate = samples**2 * depth**2 / phi
        hit = next((step for step, loss in enumerate(losses) if loss <= EPS), math.inf)
        flipped = [
            Comparison("share of masks changed", row[2], "<=", 1.0, "1", promised=False) for row in rows[-1:] if row[2:]
        ]
        return [
            Comparison(
                "iterations until the loss is at most eps",
                hit,
                "<=",
                rate * math.log(losses[0] / EPS),
                "n^2 L^2 log(L_0/eps)/phi",
            ),
            Comparison("loss at the start", losses[0], "<=", math.inf, "O(1)", promised=False),
            Comparison("loss in the end", losses[-1], "<=", EPS, "eps"),
            Comparison(
                "largest distance from W(0), spectral",
                max(moves),
                "<=",
                p["tau"],
                "tau = phi^3/2 n^-3 L^-6 log(m)^-3/2",
                promised=False,
            ),
            *flipped,
        ]

    def _streamed(p: Parameters, seed: int) -> Sequence[tuple[float, ...]]:
        problem = Problem(ZOU_GU_2019, int(p["m"]), inputs, labels, p["eta"], seed)
        rows = []
        most = math.ceil(samples**2 * depth**2 * math.log(1 / EPS) / phi)
        for iterate in train(problem, most, workers=os.cpu_count() or 1, state=state):
            rows.append((iterate.loss, float(iterate.moves.max())))
            if iterate.loss <= EPS:
                break
        return rows

    def _stored(p: Parameters, seed: int) -> Sequence[tuple[float, ...]]:
        shape = Architecture(3, (int(p["m"]),) * depth)
        network = initialise(ZOU_GU_2019, shape, [stream(seed, "regime", THEOREM)])
        steps = math.ceil(samples**2 * depth**2 * math.log(1 / EPS) / phi) * 2
        start = Trace(network, inputs).patterns

        def changed(at: Iterate) -> Tensor:
            pairs = zip(at.trace.patterns, start, strict=True)
            return torch.stack([(a != b).to(inputs).mean((-2, -1)) for a, b in pairs], -1).mean(-1)

        eta = p["eta"]
        done = follow(
            network, inputs, labels, step_size=eta, steps=steps, until=lambda losses, _: losses <= EPS, changed=changed
        )
        columns = (done.losses[0], done.distances[0].amax(-1), done.seen["changed"][0])
        return list(zip(*(column.tolist() for column in columns), strict=True))

    def memory(p: Parameters) -> float:
        if depth == 2:
            return 200 * 8 * CHUNK * (os.cpu_count() or 1)
        return 8 * p["m"] * (60 if depth == 1 else p["m"] * (depth - 1))

    return Regime(
        f"{samples} points around a circle, neighbours {phi} apart, labels alternating, {depth} hidden layers",
        {"L": depth, "n": samples, "k": 1, "d": 3, "phi": phi, "eps": EPS},
        REGISTRY[THEOREM].preconditions,
        run,
        memory,
        lambda p: {"tau": NEAR.bounds[0].value(p), "eta": STEP.value(p)},
        exact=True,
    )
