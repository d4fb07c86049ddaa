"""Theorems 3.8 and 3.10: SGD reaches loss ε, with iterations that grow like 1/(Bφ²)."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from lemmata.claims.case import Case
from lemmata.claims.claim import Measurement, Reason
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.domain import ALIVE, Domain
from lemmata.claims.language.plan import Plan
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.measuring.mutants import BATCH, mutants
from lemmata.claims.registry import claim
from lemmata.claims.zou_gu_2019.kernel_regime import (
    MU,
    SMALL,
    first,
    parameters_of,
    predicted,
    stochastic_losses,
    stochastic_step_size,
)
from lemmata.claims.zou_gu_2019.paper import (
    EIGENVALUE_OPEN,
    ONE_LAYER,
    WIDE_3_8,
    WIDE_3_10,
    WITH_PROBABILITY,
    ZOU_GU_2019,
)

DRAWS = 2
"""Sequences of batches over which an expected loss is averaged."""

DEEP = Scaling(n=5, L=2, log_m=1, batch=-1, phi=-2)
SHALLOW = Scaling(n=5, log_m=1, batch=-1, phi=-2)

BATCHES = Domain(
    m=ALIVE,
    n=(2, None),
    draws={"m": (256, 512), "L": (1, 1), "n": (2, 2)},
    fixed={"data": "simplex", "d": 10, "mu": MU, "labels": "alternating", "eps": 5e-8},
    values={"phi": (0.48,), "batch": (1,)},
)

# No line in φ: where 1/φ² shows, below φ = 0.1, a run takes thousands of steps.
BATCHES_PLAN = Plan(
    lines={"m": (512, 2048, 8192), "L": (1, 2, 3), "n": (2, 3, 4), "batch": (1, 2, 4)},
    along={
        "m": {"batch": 2},
        "L": {"m": 256},
        "n": {"phi": 0.96},
        "batch": {"n": 4, "phi": 0.96},
    },
    start={"m": 1024, "n": 2},
    initialisations=16,
    examples=2,
)


MUTANTS = mutants(
    BATCH,
    at={"m": 256, "n": 2, "phi": 0.48, "batch": 1},
    domain=BATCHES,
)


def _limit(scaling: Scaling, power: float) -> Callable[[Configuration], float | None]:
    """The kernel's iterations of gradient descent with the same step size, which SGD follows on average."""

    def limit(c: Configuration) -> float | None:
        if predicted(c, 1.0) is None:
            return None
        p = parameters_of(c)
        run = predicted(c, stochastic_step_size(p))
        assert run is not None
        return float(run.iterations(c.eps)) / (scaling.value(p) * math.log(float(run.loss(0)) / c.eps) ** power)

    return limit


def steps_taken(case: Case, draws: int, power: float, *, own: bool = False) -> Measurement:
    """The first step at which the loss, averaged over draws of batches, is at most ε, against a power of log(1/ε)."""
    losses = []
    for step in stochastic_losses(case, draws, own=own):
        losses.append(step.mean(0))
        if bool((torch.stack(losses, -1).amin(-1) <= case.configuration.eps).all()):
            break
    run = torch.stack(losses, -1)
    return Measurement(first(run, case.configuration.eps), (_accuracy(run[:, 0], case) ** power,))


def _accuracy(initial: Tensor, case: Case) -> Tensor:
    return (initial / case.configuration.eps).log().clamp_min(0)


@claim(
    "zou-gu-2019/thm-3.8",
    sentence="SGD reaches loss ε in of order n⁵ L² log m log²(1/ε)/(B φ²) steps.",
    source=ZOU_GU_2019.at("Theorem 3.8"),
    statement=r"T = O(n^5 L^2 \log(m) \log^2(1/\epsilon) / (B \phi^2)), \quad \eta = \Theta(k B \phi / (n^3 m \log m))",
    kind="RUN",
    bound="upper",
    terms=(DEEP,),
    domain=BATCHES,
    plan=BATCHES_PLAN,
    quantifiers="for all labels, in expectation over the batches",
    probability=WITH_PROBABILITY,
    limit=_limit(DEEP, 2.0),
    preconditions=(WIDE_3_8,),
    erratum="E-54",
    unrefuted={
        "n": EIGENVALUE_OPEN,
        "L": Reason(
            "out of reach",
            "open: by Lemma 4.1 T needs no L² at the printed step size, but no proof covers so large a step (E-44)",
        ),
    },
    controls=MUTANTS,
    notes=SMALL + "log(1/ε) is log(L(W⁽⁰⁾)/ε); the expectation is a mean over two sequences of batches. T η has a "
    "spurious L² (E-44), which one hidden layer does not show.",
)
def stochastic_descent_converges(case: Case) -> Measurement:
    """The first step with an average loss of at most ε, against log²."""
    return steps_taken(case, DRAWS, 2.0)


@claim(
    "zou-gu-2019/thm-3.10",
    sentence="With one hidden layer SGD reaches loss ε in of order n⁵ log m log(1/ε)/(B φ²) steps.",
    source=ZOU_GU_2019.at("Theorem 3.10"),
    statement=r"T = O(n^5 \log(m) \log(1/\epsilon) / (B \phi^2)), \quad L = 1, \quad"
    r" \eta = \Theta(k B \phi / (n^3 m \log m))",
    kind="RUN",
    bound="upper",
    terms=(SHALLOW,),
    domain=BATCHES,
    plan=BATCHES_PLAN,
    quantifiers="for all labels",
    probability=WITH_PROBABILITY,
    limit=_limit(SHALLOW, 1.0),
    preconditions=(ONE_LAYER, WIDE_3_10),
    erratum="E-54",
    unrefuted={"n": EIGENVALUE_OPEN},
    controls=MUTANTS,
    notes=SMALL + "log(1/ε) is log(L(W⁽⁰⁾)/ε). The loss itself reaches ε, of one sequence of batches.",
)
def two_layer_stochastic_descent_converges(case: Case) -> Measurement:
    """The first step with a loss of at most ε."""
    return steps_taken(case, 1, 1.0)
