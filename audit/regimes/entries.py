"""The statements that can be run inside their own conditions, in the papers' order."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from lemmata.audit.regimes import stochastic_rates
from lemmata.audit.regimes.comparison import Comparison, Parameters, Regime
from lemmata.audit.regimes.linear_rates import THEOREM, linear_rate
from lemmata.audit.regimes.neighbourhoods import LEMMAS, lemma
from lemmata.claims.cao_gu_2020.paper import PRINTED
from lemmata.claims.case import draw
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.registry import REGISTRY
from lemmata.model.blocks import follow_in_blocks
from lemmata.model.data import generate
from lemmata.model.kernels import last_layer_kernel
from lemmata.model.margins import hard_margin
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import CAO_GU_2020

XOR = Configuration(L=1, n=4, d=2, data="xor", eps=0.1)


def _convergence() -> Regime:
    """Theorem 4.7 on XOR, one hidden layer, with B in (4.1) that of infinite width."""
    c = XOR
    data = generate(c.data, n=c.n, d=c.d, setting=CAO_GU_2020, rng=generator(stream(0, "data")))
    B = float(hard_margin(last_layer_kernel(data.inputs, c.L), data.labels))
    return Regime(
        "gradient descent on XOR (±e_1 against ±e_2), one hidden layer, until the surrogate error is at most eps",
        {"L": c.L, "n": c.n, "d": c.d, "eps": c.eps, "delta": c.delta, "B": B},
        REGISTRY["cao-gu-2020/thm-4.7"].preconditions,
        _convergence_run,
        lambda p: 8 * p["m"] * (3 * p["d"] + 6 * p["n"]),
        lambda p: {"eta": PRINTED.step.value(p), "K": round(PRINTED.iterations.value(p))},
    )


def _convergence_run(p: Parameters, seed: int) -> list[Comparison]:
    """One run, until the surrogate error is ε."""
    c = replace(XOR, m=int(p["m"]))
    case = draw(CAO_GU_2020, c, seed, 1)
    run = follow_in_blocks(
        case.initial,
        case.inputs,
        case.labels,
        step_size=p["eta"],
        steps=int(p["K"]),
        until=lambda _, errors: errors <= c.eps,
    )
    dominance = run.gradients[..., -1] / (math.sqrt(c.m) * run.errors)
    return [
        Comparison("iterations until E_S <= eps", float(run.first(run.errors <= c.eps)), "<=", p["K"], "K"),
        Comparison("largest distance from W(0)", float(run.distances.max()), "<=", p["tau"], "tau"),
        Comparison("least ratio in (4.1) along the run", float(dominance.min()), ">=", p["B"], "B"),
    ]


SIZED: dict[str, Callable[[int, int, Path | None], Regime]] = {
    **{f"cao-gu-2020/{id}": partial(lemma, f"cao-gu-2020/{id}") for id in LEMMAS},
    THEOREM: linear_rate,
}
"""Regimes at a depth L and a number n of examples; the file keeps the state of a long run."""

REGIMES: dict[str, Regime] = {
    "cao-gu-2020/thm-4.7": _convergence(),
    **{id: sized(1, 2, None) for id, sized in SIZED.items()},
    stochastic_rates.THEOREM: stochastic_rates.stochastic_rate(),
}
