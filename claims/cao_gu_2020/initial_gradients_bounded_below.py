"""Lemma B.3 and its proof: at initialisation no non-negative weights make the last layer's gradient vanish."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2020.features_separable import PRE_B2
from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, CONES, CONES_PLAN, DEEP_CONES, WITH_PROBABILITY
from lemmata.claims.cao_gu_2020.witnesses import best_margin, gamma
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Reason
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import Plan
from lemmata.claims.registry import claim
from lemmata.model.empirical_kernels import last_layer_gram
from lemmata.model.margins import simplex_minimum
from lemmata.model.randomness import generator

LEAST_SHARE = 1 / (2 * math.sqrt(2))
"""(C.1): at least this share of the units is active."""

DRAWS = 6
"""Random weights a_i at which the links of the proof are tested, beside those on one example and equal ones."""


@claim(
    "cao-gu-2020/lemma-B.3",
    sentence="No non-negative weights of the examples make the last gradient at initialisation vanish.",
    source=CAO_GU_2020.at("Lemma B.3"),
    statement=r"\sum_j \left\|\tfrac1n \sum_i a_i y_i \sigma'(w_{L,j}^{(0)\top} x_{L-1,i}^{(0)})"
    r" x_{L-1,i}^{(0)}\right\|_2^2 \ge \tfrac{4^{-L}}{8} m_L \gamma^2 \left[\tfrac1n \sum_i a_i\right]^2, L \ge 2",
    kind="PROB",
    bound="lower",
    stated=1 / 8,
    domain=replace(CONES, L=(2, None), values={"phi": (0.001, 0.05, 0.4)}),
    plan=CONES_PLAN,
    quantifiers="for all a_i ≥ 0",
    probability=WITH_PROBABILITY,
    preconditions=PRE_B2,
    erratum="E-05",
    controls=(
        Control(
            "a of any sign",
            "the same for all real a_i, against [Σ|a_i|/n]²",
            measure=lambda case: _signed_forms(case),
        ),
        Control("4^−L γ² dropped", "at least m_L [Σ a_i / n]² / 8", measure=lambda case: _forms(case, 1.0)),
        Control(
            "1 for 1/8",
            "the constant 1",
            factor=8.0,
            unrefuted=Reason(
                "proof",
                "at infinite width, with a factor 2^(L+1) to spare: a quarter of the squared margin of layer L − 1 "
                "(K26), which is 2^(2−L) 2 γ² at least, see lemma-B.2",
            ),
        ),
    ),
)
def no_weights_cancel_the_gradient(case: Case) -> Measurement:
    """m times the minimum of pᵀ Y H Y p over the simplex, H_ij = <x_i, x_j> · (units active on both) / m."""
    return _forms(case, (2.0**-case.hidden * gamma(case)) ** 2)


@claim(
    "cao-gu-2020/lemma-B.3@printed",
    sentence="The same with one hidden layer, which the print admits and the proof does not.",
    source=CAO_GU_2020.at("Lemma B.3, which does not exclude L = 1"),
    statement=r"\sum_j \left\|\tfrac1n \sum_i a_i y_i \sigma'(w_{1,j}^{(0)\top} x_i) x_i\right\|_2^2"
    r" \ge \tfrac1{32} m_1 \gamma^2 \left[\tfrac1n \sum_i a_i\right]^2, \quad L = 1",
    kind="PROB",
    bound="lower",
    stated=1 / 8,
    domain=Domain(L=(1, 1), n=(128, None), draws={"m": (64, 256), "n": (128, 128)}, fixed={"data": "axes", "d": 64}),
    plan=Plan(lines={"m": (256, 1024, 4096)}, start={"n": 128}),
    quantifiers="for all a_i ≥ 0",
    probability=WITH_PROBABILITY,
    preconditions=PRE_B2,
    erratum="E-05",
    expected="refuted",
    controls=(Control("1/4 for 1/8", "the constant 1/4", factor=2.0),),
    notes="x = ±e_k, all labels +1: γ²/32 = 0.00497, the left-hand side is at most m/(4d), and less for d ≥ 51.",
)
def no_weights_cancel_the_first_gradient(case: Case) -> Measurement:
    """The same at one hidden layer, where the proof takes α_0 from Lemma B.2, which begins with α_1."""
    return _forms(case, (2.0**-case.hidden * gamma(case)) ** 2)


def _forms(case: Case, factor: float) -> Measurement:
    gram = last_layer_gram(case.at_initial, case.labels) * case.parameters["m"]
    return Measurement(simplex_minimum(gram).value, (factor * case.initial.architecture.widths[-1],))


def _signed_forms(case: Case) -> Measurement:
    """The quadratic form at its least eigenvector, against the same right-hand side with |a|."""
    gram = last_layer_gram(case.at_initial, case.labels) * case.parameters["m"]
    values, vectors = torch.linalg.eigh(gram)
    size = vectors[..., 0].abs().sum(-1).square() * (2.0**-case.hidden * gamma(case)) ** 2
    return Measurement(values[..., 0].clamp_min(0), (size * case.initial.architecture.widths[-1],))


@claim(
    "cao-gu-2020/eq-C.1",
    sentence="At initialisation at least the share 1/(2√2) of the last layer's units is active.",
    source=CAO_GU_2020.at("equation C.1"),
    statement=r"\tfrac1{m_L} \sum_j \sigma'(w_{L,j}^{(0)\top} x_{L-1,i}^{(0)}) \ge \tfrac1{2\sqrt2}",
    kind="PROB",
    bound="lower",
    stated=LEAST_SHARE,
    domain=Domain(draws={"m": (160, 256)}),
    plan=Plan(lines={"m": (160, 256, 1024), "L": (1, 2, 4), "n": (1, 4, 8)}),
    quantifiers="for all i ≤ n",
    probability=WITH_PROBABILITY,
    controls=(
        Control("0.49 for 1/(2√2)", "at least 0.49 of the units are active", factor=0.49 / LEAST_SHARE),
        Control("1/2 for 1/(2√2)", "at least half of the units are active", factor=0.5 / LEAST_SHARE),
    ),
    notes="The number of active units is Binomial(m_L, 1/2): a share below 1/(2√2) has probability exp(−0.0435 m_L), "
    "and m ≥ 23 log(n/δ) suffices.",
)
def a_third_of_the_units_is_active(case: Case) -> Measurement:
    """The share of active units of the last layer at W⁽⁰⁾."""
    return Measurement(_shares(case), axes=("example",))


@claim(
    "cao-gu-2020/C.2-chain",
    sentence="Each link of the proof's chain from units to the margin holds.",
    source=CAO_GU_2020.at("appendix C.2, last display"),
    statement=r"\sum_j \|z_j\|_2^2 \ge m_L \|\bar z\|_2^2 \ge m_L \langle \bar z, \alpha_{L-1} \rangle^2 \ge"
    r" m_L \mu^2 \left[\tfrac1n \sum_i a_i s_i\right]^2 \ge m_L \mu^2 s^2 \left[\tfrac1n \sum_i a_i\right]^2",
    kind="DET",
    bound="lower",
    stated=1.0,
    domain=DEEP_CONES,
    plan=CONES_PLAN,
    quantifiers="for all a_i ≥ 0; μ = min_i y_i <α_{L−1}, x_{L−1,i}>, s_i the share of active units, s the least",
    controls=(
        Control("a of any sign", "the same for all real a_i", measure=lambda case: _links(case, _weights(case) - 0.4)),
        Control("α twice as long", "the same with ‖α_{L−1}‖ = 2", measure=lambda case: _links(case, length=2.0)),
    ),
    notes="With μ ≥ 2^{−L} γ (Lemma B.2 at l = L − 1 ≥ 1) and s ≥ 1/(2√2) (C.1) the last link is Lemma B.3.",
)
def the_lower_bound_is_a_chain(case: Case) -> Measurement:
    """Each link at weights on one example, equal ones, and random ones of unequal size."""
    return _links(case, _weights(case))


def _weights(case: Case) -> Tensor:
    """(draws, n), non-negative."""
    n = len(case.inputs)
    rng = generator(case.stream("weights"))
    drawn = torch.from_numpy(rng.standard_exponential((DRAWS, n)) ** 3).to(case.inputs)
    return torch.cat([torch.eye(n).to(drawn), torch.ones(1, n).to(drawn), drawn])


def _shares(case: Case) -> Tensor:
    """(S, n)."""
    return case.at_initial.patterns[-1].to(case.inputs).mean(-1)


def _links(case: Case, weights: Tensor | None = None, *, length: float = 1.0) -> Measurement:
    """Larger over smaller side of the four links, (S, 4, draws).

    The features of deep layers are nearly parallel, and μ is far below their length: an inner product <z̄, α> of sums
    would be rounding. The sum of the a_i s_i y_i <α, x_i> has no terms that cancel, and against it the second link is
    given what rounding may take from ‖z̄‖: (m_{L−1} + n) units of it in Σ_i a_i s_i ‖x_i‖. Σ_j ‖z_j‖² and m_L ‖z̄‖² are
    of the same z_j, in n coordinates.
    """
    a = (_weights(case) if weights is None else weights) / len(case.inputs)
    trace, y = case.at_initial, case.labels[:, 0]
    x, active = trace.features[-2], trace.patterns[-1].to(case.inputs)
    units, shares = active.shape[-1], _shares(case)
    _, alpha = best_margin(case, case.hidden - 1)
    products = y * (x @ alpha[..., None])[..., 0]
    mu = products.amin(-1).clamp_min(0)[:, None]
    z = torch.einsum("ai,sij,ski->sakj", a * y, active, torch.linalg.qr(x.mT).R)
    mean = z.mean(-1)
    rounding = (x.shape[-1] + len(a.mT)) * torch.finfo(x.dtype).eps * (shares * x.norm(dim=-1)) @ a.abs().mT
    sides = [
        z.square().sum((-2, -1)),
        units * mean.square().sum(-1),
        units * (length * (shares * products) @ a.mT).square(),
        units * (mu * (shares @ a.mT)).square(),
        units * (mu * shares.amin(-1, keepdim=True) * a.sum(-1)).square(),
    ]
    larger = [sides[0], units * (mean.norm(dim=-1) + rounding).square(), *sides[2:-1]]
    return Measurement(torch.stack(larger, 1), (torch.stack(sides[1:], 1),), ("link", "weights"))
