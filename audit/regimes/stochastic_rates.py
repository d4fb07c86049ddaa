"""Theorem 3.10 of Zou and Gu inside its own condition: stochastic gradient descent reaches ε in time."""

import math

import torch

from lemmata.audit.regimes.comparison import Comparison, Parameters, Regime
from lemmata.audit.regimes.linear_rates import EPS, SEPARATION, polygon
from lemmata.claims.registry import REGISTRY
from lemmata.claims.zou_gu_2019.gradient_bounded_below import NEAR
from lemmata.claims.zou_gu_2019.kernel_regime import STOCHASTIC_STEP
from lemmata.claims.zou_gu_2019.stochastic_descent_converges import SHALLOW
from lemmata.model.changes import distances
from lemmata.model.losses import LOSSES
from lemmata.model.network import Architecture, initialise
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import ZOU_GU_2019
from lemmata.model.trace import Trace
from lemmata.model.training import stochastic_gradient_descent

THEOREM = "zou-gu-2019/thm-3.10"

LOOKS = 16
"""Every so many steps the loss on all examples and the distance are measured."""


def stochastic_rate(samples: int = 2) -> Regime:
    """The theorem for n points around a circle, labels alternating ±1, one example a step, one hidden layer."""
    phi = SEPARATION[1]
    inputs = polygon(samples, phi)
    labels = (-1.0) ** torch.arange(samples, dtype=torch.float64)[:, None]

    def run(p: Parameters, seed: int) -> list[Comparison]:
        network = initialise(ZOU_GU_2019, Architecture(3, (int(p["m"]),)), [stream(seed, "regime", THEOREM)])
        rate = SHALLOW.value(p)
        most = math.ceil(2 * rate * math.log(1 / EPS))
        drawn = generator(stream(seed, "regime", THEOREM, "batches")).integers(samples, size=(most, 1))
        rows: list[tuple[int, float, float]] = []
        for at in stochastic_gradient_descent(
            network, inputs, labels, step_size=p["eta"], batches=drawn.tolist(), compact=True
        ):
            if at.step % LOOKS == 0:
                f = Trace(at.trace.network, inputs).outputs
                far = distances(at.changes, ZOU_GU_2019.ball)
                rows.append((at.step, float(LOSSES["square"].value(f, labels)), float(far.amax())))
                if rows[-1][1] <= EPS:
                    break
        start, last = rows[0][1], rows[-1][1]
        return [
            Comparison(
                "iterations until the loss is at most eps",
                rows[-1][0] if last <= EPS else math.inf,
                "<=",
                rate * math.log(start / EPS),
                "n^5 log(m) log(L_0/eps)/(B phi^2)",
            ),
            Comparison("loss at the start", start, "<=", math.inf, "O(1)", promised=False),
            Comparison("loss in the end", last, "<=", EPS, "eps"),
            Comparison(
                "largest distance from W(0), spectral",
                max(row[2] for row in rows),
                "<=",
                p["tau"],
                "tau = phi^3/2 n^-3 log(m)^-3/2",
                promised=False,
            ),
        ]

    return Regime(
        f"SGD on {samples} points around a circle, neighbours {phi} apart, labels alternating, one example a step",
        {"L": 1, "n": samples, "k": 1, "d": 3, "phi": phi, "eps": EPS, "batch": 1},
        REGISTRY[THEOREM].preconditions,
        run,
        lambda p: 8 * 60 * p["m"],
        lambda p: {"tau": NEAR.bounds[0].value(p), "eta": STOCHASTIC_STEP.value(p)},
        exact=True,
    )
