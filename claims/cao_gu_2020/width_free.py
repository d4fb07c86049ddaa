"""Theorem 4.7 is independent of the width: neither its iterations nor √m times its distance have any m in them."""

from dataclasses import replace
from itertools import islice

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2020.descent_converges import NEIGHBOURS
from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, PRE_4_7, WITH_PROBABILITY
from lemmata.claims.cao_gu_2020.prescribed_runs import (
    MOST,
    NEEDS_STEPS,
    descend_at_infinite_width,
    descend_to,
    step_size,
)
from lemmata.claims.case import Case
from lemmata.claims.claim import Measurement, Reason
from lemmata.claims.language.plan import DRAWN, Plan
from lemmata.claims.language.scaling import ONE
from lemmata.claims.measuring.mutants import mutants
from lemmata.claims.registry import claim

WIDE_ENOUGH = replace(NEIGHBOURS, values={"phi": (1.4, 1.0), "eps": (0.03,)}).drawing(m=(256, 512), L=(1, 1))
"""B of 0.5 and 0.4, which 256 units have; ε so small that whole numbers do not hide the iterations."""


@claim(
    "cao-gu-2020/thm-4.7-width-free",
    sentence="Iterations and √m times the distance are those of infinite width, up to a factor, at every width.",
    source=CAO_GU_2020.at("section 1, second contribution, with Theorem 4.7"),
    statement=r"\frac1C \le \frac{\min\{k: \mathcal{E}_S(W^{(k)}) \le \epsilon\}}"
    r"{\min\{k: \mathcal{E}_S(W_\infty^{(k)}) \le \epsilon\}},"
    r" \frac{\max_l \|W_l^{(k)} - W_l^{(0)}\|_F}{\max_l \|W_{\infty, l}^{(k)} - W_{\infty, l}^{(0)}\|_F} \le C",
    kind="RUN",
    bound="upper",
    terms=(ONE,),
    domain=WIDE_ENOUGH,
    plan=Plan(
        lines={"m": (512, 2048, 8192, 65536), "phi": DRAWN},
        along={"phi": {"m": 4096}},
        start={"n": 2},
        initialisations=32,
        examples=3,
    ),
    quantifiers="up to the first k with E_S ≤ ε, at η = Θ(L^-3 B² m^-1) and B as measured at W⁽⁰⁾",
    probability=WITH_PROBABILITY,
    limit=lambda _: 1.0,
    preconditions=PRE_4_7,
    obstacle=lambda _: NEEDS_STEPS,
    unrefuted={
        "m": Reason(
            "out of reach",
            "the factor falls from 1.1 to 1 itself; m^(1/6) grows 2.2 times over these widths, a logarithm, which Õ "
            "hides, 1.8 times",
        )
    },
    controls=mutants(at={"m": 256, "n": 2}, domain=replace(WIDE_ENOUGH, L=(1, 1))),
    notes="Infinite width is gradient descent on f from the same outputs at W⁽⁰⁾, with the limiting tangent kernel: "
    "its distance is m^(-1/2) times a number. A factor counts as its inverse where that is larger, and tends to 1.",
)
def descent_does_not_see_the_width(case: Case) -> Measurement:
    """By which factor iterations up to E_S ≤ ε, and the largest distance of a layer there, are not those of m = ∞."""
    run, taken = descend_to(case)
    last = (taken - 1).clamp_max(run.steps).long()
    distance = run.distances.amax(-1).gather(1, last[:, None])[:, 0]
    factor = torch.stack([taken, distance], -1) / torch.stack(_at_infinite_width(case), -1)
    return Measurement(torch.maximum(factor, 1 / factor), axes=("quantity",))


def _at_infinite_width(case: Case) -> tuple[Tensor, Tensor]:
    """The same two from the network's own outputs at W⁽⁰⁾, (S,) each."""
    eps = case.configuration.eps
    run = descend_at_infinite_width(case, case.at_initial.outputs, step_size(case))
    taken, distance = torch.ones(case.initialisations).to(case.like), torch.zeros(case.initialisations).to(case.like)
    going = torch.ones_like(taken, dtype=torch.bool)
    for error, far in islice(run, MOST):
        distance = torch.where(going, far, distance)
        going = going & (error > eps)
        taken = taken + going
        if not bool(going.any()):
            break
    return taken, distance
