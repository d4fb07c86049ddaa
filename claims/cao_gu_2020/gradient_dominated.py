"""(4.1) and Remark 4.8: the loss has a large gradient wherever it has a large error."""

import math

import torch

from lemmata.claims.cao_gu_2020 import certificates
from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, WITH_PROBABILITY
from lemmata.claims.cao_gu_2020.prescribed_runs import dominance
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Reason
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.domain import ANY, Domain
from lemmata.claims.language.plan import DRAWN, Plan
from lemmata.claims.language.scaling import ONE, Scaling
from lemmata.claims.registry import claim
from lemmata.model import settings
from lemmata.model.empirical_kernels import last_layer_gram
from lemmata.model.kernels import last_layer_kernel
from lemmata.model.losses import LOSSES, surrogate_error
from lemmata.model.margins import hard_margin, simplex_minimum
from lemmata.model.trace import Trace


def _limiting_dominance(case: Case) -> float:
    """B at infinite width: √(min_p pᵀ Y (ρ_{L−1} ∘ κ0(ρ_{L−1})) Y p)."""
    return case.of_data("B", lambda: float(hard_margin(last_layer_kernel(case.inputs, case.depth), case.labels)))


def _own(case: Case) -> Measurement:
    """‖∇_{W_L} L_S‖_F with the loss's own slopes, against B and E_S."""
    trace, labels = case.at_moved, case.labels
    norm = trace.batch_gradient_norms(LOSSES[case.setting.loss].slopes(trace.outputs, labels))[:, -1]
    return Measurement(norm, (_limiting_dominance(case) * surrogate_error(trace.outputs, labels),))


@claim(
    "cao-gu-2020/eq-4.1",
    sentence="The gradient of the last layer is at least of order B √m times the surrogate error.",
    source=CAO_GU_2020.at("(4.1)"),
    own=_own,
    statement=r"\|\nabla_{W_L} L_S(W)\|_F \ge B \sqrt m \cdot \mathcal{E}_S(W)",
    kind="SCALE",
    bound="lower",
    terms=(Scaling(m="1/2"),),
    domain=Domain(
        tau=ANY, draws={"m": (256, 512), "L": (1, 3), "n": (4, 4), "tau": (1e-4, 1e-2)}, fixed={"data": "xor", "d": 2}
    ),
    plan=Plan(
        lines={"m": (256, 1024, 4096, 16384), "L": (1, 2, 4, 8), "tau": (1e-4, 1e-3, 1e-2)},
        # Eight layers of 256 units are far from the infinite width at which B is taken.
        along={"L": {"m": 1024, "tau": 1e-3}},
        start={"n": 4},
        examples=6,
    ),
    quantifiers="for all W in the ball, with B that of the data at infinite width up to a constant",
    probability=WITH_PROBABILITY,
    attacks=("stay", "random", "descend", "weaken-gradient"),
    ascends=True,
    certificate=lambda case: certificates.least_gradient(case) / _limiting_dominance(case),
    controls=(
        Control(
            "contradictory labels",
            "also where one input comes with both labels, at the same B",
            measure=lambda case: _dominates(case, contradictory=True),
        ),
    ),
    notes="Of the loss's own slopes, and of the least that any non-negative slopes of the examples give: a quadratic "
    "programme over the simplex. XOR: B → 0.354, 0.278, 0.259 with L = 1, 2, 3.",
)
def gradients_dominate_the_error(case: Case) -> Measurement:
    """‖∇_{W_L} L_S‖_F, as it is and with the worst slopes, against B and E_S."""
    return _dominates(case)


def _dominates(case: Case, *, contradictory: bool = False) -> Measurement:
    trace, labels = case.at_moved, case.labels
    if contradictory:
        trace, labels = Trace(trace.network, torch.cat([case.inputs] * 2)), torch.cat([labels, -labels])
    error = surrogate_error(trace.outputs, labels)
    own = trace.batch_gradient_norms(LOSSES[case.setting.loss].slopes(trace.outputs, labels))[:, -1]
    least = simplex_minimum(last_layer_gram(trace, labels)).value.clamp_min(0)
    worst = (least * case.parameters["m"]).sqrt() * error
    return Measurement(torch.stack([own, worst], -1), (_limiting_dominance(case) * error[:, None],), ("slopes",))


@claim(
    "cao-gu-2020/B-bounded",
    sentence="No data have a B that grows with width or depth.",
    source=CAO_GU_2020.at("section 5.2, proof of Theorem 4.7, after the first display"),
    statement=r"B = O(1)",
    kind="SCALE",
    bound="upper",
    terms=(ONE,),
    domain=Domain(draws={"m": (64, 256), "L": (1, 3), "n": (1, 2)}),
    plan=Plan(lines={"m": (256, 2048, 16384, 131072), "L": (2, 4, 8)}, along={"L": {"m": 512}}, start={"n": 1}),
    quantifiers="for all data, with B as measured at W⁽⁰⁾",
    probability=WITH_PROBABILITY,
    limit=lambda c: math.sqrt(c.widths(settings.CAO_GU_2020)[-1] / c.m / 2) if c.n == 1 else None,
    notes="By (4.1) and Lemma 5.1. With one example B is ‖∇_{W_L} f‖_F/√m, and tends to 1/√2 where all widths are m, "
    "to more where the last layer is wider.",
)
def dominance_is_bounded(case: Case) -> Measurement:
    """B, the least ‖∇_{W_L} L_S‖_F / (√m E_S) over all slopes."""
    return Measurement(dominance(case))


def _pair(c: Configuration) -> float | None:
    """B n φ^{−1/2} of two inputs at distance φ with opposite labels, one layer."""
    if c.L > 1 or c.n != 2 or c.phi is None:
        return None
    angle = 2 * math.asin(c.phi / 2)
    square = (1 / 2 - math.cos(angle) * (math.pi - angle) / (2 * math.pi)) / 2
    return math.sqrt(square / c.phi) * c.n


@claim(
    "cao-gu-2020/rem-4.8",
    sentence="Separated inputs give a B that is polynomial in separation and number of examples.",
    source=CAO_GU_2020.at("Remark 4.8"),
    statement=r"\|x_i - x_j\|_2 \ge \phi \implies B = \Omega(\mathrm{poly}(\phi, n^{-1})): \quad B \ge c \sqrt\phi / n",
    kind="SCALE",
    bound="lower",
    terms=(Scaling(phi="1/2", n=-1),),
    domain=Domain(
        n=(2, None),
        draws={"m": (512, 1024), "L": (1, 2), "n": (2, 6)},
        fixed={"data": "chain", "labels": "alternating", "d": 3},
        values={"phi": (0.38, 0.2, 0.1, 0.05, 0.03)},
    ),
    plan=Plan(
        lines={"m": (1024, 4096, 16384, 65536), "n": (2, 4, 8, 16), "phi": DRAWN},
        start={"n": 2, "phi": 0.1, "m": 1024},
        examples=6,
    ),
    quantifiers="for all labels and separated inputs; at W⁽⁰⁾, over all slopes that the examples may have",
    probability=WITH_PROBABILITY,
    limit=_pair,
    unrefuted={
        "n": Reason(
            "out of reach",
            "open: B² ≥ λ_min(H)/n, and on chains λ_min(H) is of order φ whatever n (K21), but for all data only φ/n "
            "is known",
        ),
    },
    controls=(
        Control(
            "B independent of n",
            "B ≥ c √φ: the sample error of Corollary 4.9 would decrease in n",
            scaling=Scaling(phi="1/2"),
            parameter="n",
        ),
    ),
    notes="poly(φ, 1/n) is √φ/n by λ_min(H) ≥ cφ/n; the worst labels of close inputs alternate. B falls like n^(-1/2), "
    "so that B^-1 n^(-1/2) in Corollary 4.9 does not decrease (cor-4.9-vacuity); of random labels E B² ≤ 1/(2n) at "
    "infinite width, exactly.",
)
def separation_bounds_dominance(case: Case) -> Measurement:
    """B at W⁽⁰⁾, by the quadratic programme."""
    return Measurement(dominance(case))
