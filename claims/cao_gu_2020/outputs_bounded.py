"""Lemma 5.3: outputs at initialisation are at most C √log(n/δ)."""

import math

import torch

from lemmata.claims.cao_gu_2020.paper import AT_INITIALISATION, CAO_GU_2020, WITH_PROBABILITY
from lemmata.claims.case import Case
from lemmata.claims.claim import Measurement
from lemmata.claims.language.condition import Condition
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import Plan
from lemmata.claims.language.scaling import ONE, Scaling
from lemmata.claims.registry import claim

WIDE_FOR_DEPTH = Condition("m", ">=", (Scaling(L=1, log_nL_delta=1),))
"""What Lemma 5.3 leaves out, with its absolute constant taken as 1."""


@claim(
    "cao-gu-2020/lemma-5.3",
    sentence="At initialisation no output exceeds the order √log(n/δ).",
    source=CAO_GU_2020.at("Lemma 5.3"),
    statement=r"|f_{W^{(0)}}(x_i)| \le C \sqrt{\log(n/\delta)}",
    kind="SCALE",
    bound="upper",
    terms=(Scaling(log_n_delta="1/2"),),
    domain=AT_INITIALISATION,
    plan=Plan(
        lines={
            "m": (64, 512, 4096, 32_768),
            "L": (1, 2, 4, 6),
            "n": (1, 2, 4, 8, 16),
            "delta": (0.3, 0.03, 0.003, 3e-4, 3e-5),
        },
        along={"L": {"m": 128}, "n": {"m": 256}, "delta": {"m": 32, "n": 1}},
        start={"n": 4},
        initialisations=256,
    ),
    quantifiers="for all i ≤ n",
    probability=WITH_PROBABILITY,
    preconditions=(WIDE_FOR_DEPTH,),
    erratum="E-16",
    notes="Printed without a condition on the width; it needs m of order L log(nL/δ).",
)
def outputs_are_bounded(case: Case) -> Measurement:
    """|f(x_i)| at W⁽⁰⁾; Gaussian in the limit, with variance 1 − 1/π."""
    return Measurement(case.at_initial.outputs.abs(), axes=("example", "output"))


@claim(
    "cao-gu-2020/lemma-5.3@printed",
    sentence="The same for every width and confidence, as printed: narrow networks have heavier tails.",
    source=CAO_GU_2020.at("Lemma 5.3, without a condition on the width"),
    statement=r"P[|f_{W^{(0)}}(x)| > C \sqrt{\log(1/\delta)}] \le \delta \text{ for all } m, L, \delta",
    kind="PROB",
    bound="upper",
    terms=(ONE,),
    stated=1.0,
    domain=Domain(L=(2, None), draws={"m": (2, 8), "n": (1, 1)}),
    plan=Plan(lines={"m": (2, 4, 8), "L": (2, 3, 4)}),
    quantifiers="for some C ≤ 1000",
    erratum="E-16",
    expected="refuted",
    notes="The law of the output at fixed m and L is measured, by a lower bound of its tail, and not a single network.",
)
def outputs_have_gaussian_tails_at_any_width(case: Case) -> Measurement:
    """log(1/δ) over −log P[f(x) > C √log(1/δ)], at the worst δ of the best C: more than 1 is too heavy a tail.

    P[f > t] is at least P[g > (m/2)^{1/2} t^{1/L}]^L 2^{−m/2}, the probability that the first unit of every layer
    exceeds t^{1/L} times the norm of the layer below, and that no unit with v_j = −1 is active.
    """
    m, L = case.parameters["m"], case.parameters["L"]
    log_inverse_delta = torch.logspace(0, 12, 49, dtype=case.inputs.dtype, device=case.inputs.device)
    constants = torch.logspace(-1, 3, 17, dtype=case.inputs.dtype, device=case.inputs.device)
    threshold = constants[:, None] * log_inverse_delta.sqrt()
    tail = L * torch.special.log_ndtr(-math.sqrt(m / 2) * threshold ** (1 / L)) - m / 2 * math.log(2)
    ratio = (log_inverse_delta / -tail).amax(dim=1).amin()
    return Measurement(ratio.expand(len(case.at_initial.outputs), 1), axes=("law",))
