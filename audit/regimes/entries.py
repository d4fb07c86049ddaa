"""The statements that can be run inside their own conditions, in the papers' order."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from lemmata.audit.regimes.comparison import Comparison, Parameters, Regime, wide_and_near
from lemmata.audit.regimes.linear_rates import THEOREM, linear_rate
from lemmata.audit.regimes.neighbourhoods import LEMMAS, lemma
from lemmata.claims.case import draw
from lemmata.claims.language.configuration import Configuration
from lemmata.model.blocks import follow_in_blocks
from lemmata.model.data import generate
from lemmata.model.kernels import last_layer_kernel
from lemmata.model.margins import hard_margin
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import CAO_GU_2020

XOR = Configuration(L=1, n=4, d=2, data="xor", eps=0.1)


def _convergence(m: int) -> Parameters:
    """Theorem 4.7 on XOR, one hidden layer, with B in (4.1) that of infinite width."""
    c = XOR
    data = generate(c.data, n=c.n, d=c.d, setting=CAO_GU_2020, rng=generator(stream(0, "data")))
    B = float(hard_margin(last_layer_kernel(data.inputs, c.L), data.labels))
    return {
        "m": m,
        "L": c.L,
        "n": c.n,
        "d": c.d,
        "eps": c.eps,
        "delta": c.delta,
        "B": B,
        "tau": 1 / (B * c.eps * math.sqrt(m)),
        "eta": B**2 / (c.L**3 * m),
        "K": round(c.L**3 / (B**4 * c.eps**2)),
    }


def _convergence_conditions(p: Parameters) -> list[Comparison]:
    """m ≥ m*, and what Lemmas 5.1 and 5.2 ask for."""
    least = p["L"] ** 12 / (p["B"] ** 4 * p["eps"] ** 2)
    return [Comparison("m", p["m"], ">=", least, "L^12 B^-4 eps^-2"), *wide_and_near(p, 6)]


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
    **{f"cao-gu-2020/{id}": partial(lemma, f"cao-gu-2020/{id}", power) for id, power in LEMMAS.items()},
    THEOREM: linear_rate,
}
"""Regimes at a depth L and a number n of examples; the file keeps the state of a long run."""

REGIMES: dict[str, Regime] = {
    "cao-gu-2020/thm-4.7": Regime(
        "gradient descent on XOR (±e_1 against ±e_2), one hidden layer, until the surrogate error is at most eps",
        _convergence,
        _convergence_conditions,
        _convergence_run,
        lambda p: 8 * p["m"] * (3 * p["d"] + 6 * p["n"]),
    ),
    **{id: sized(1, 2, None) for id, sized in SIZED.items()},
}
