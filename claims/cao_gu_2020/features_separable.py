"""Lemma B.2, and its counterpart in B.4: at initialisation hidden features are linearly separable with a margin."""

from dataclasses import replace

import torch

from lemmata.claims.cao_gu_2020.paper import (
    CAO_GU_2020,
    CONES,
    CONES_PLAN,
    FEATURE_MARGIN,
    TEACHER,
    TEACHER_PLAN,
    WITH_PROBABILITY,
)
from lemmata.claims.cao_gu_2020.witnesses import alphas, best_margin, conjugate_gamma, gamma, products
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Reason
from lemmata.claims.language.condition import Condition
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim

PRE_B2 = (FEATURE_MARGIN, Condition("m", ">=", (Scaling(two_to_L=2, L=2, gamma=-2, log_nL_delta=1),)))
"""Conditions of Lemmas B.2 and B.3 with the absolute constant 1."""


def _constructed(case: Case, *, transposed: bool) -> Measurement:
    """min over i of y_i <α̃_l, x_{l,i}> / ‖α̃_l‖, against 2^{−(l+1)} γ."""
    built = alphas(case, transposed=transposed)
    norms = torch.stack([torch.linalg.vector_norm(alpha, dim=-1) for alpha in built], 1)
    return Measurement((products(case, built) * case.labels[:, 0]).amin(-1) / norms, (_promised(case),), ("layer",))


def _best_margins(case: Case) -> torch.Tensor:
    """The largest margin of layers 1, …, L, (S, L)."""
    return torch.stack([best_margin(case, layer)[0] for layer in range(1, case.hidden + 1)], 1)


def _promised(case: Case) -> torch.Tensor:
    """2^{−(l+1)} γ for l = 1, …, L, (1, layers)."""
    return gamma(case) * 2.0 ** -torch.arange(2, case.hidden + 2).to(case.inputs)[None]


@claim(
    "cao-gu-2020/lemma-B.2",
    sentence="Features of every hidden layer are separable, with a margin that halves from layer to layer.",
    source=CAO_GU_2020.at("Lemma B.2"),
    statement=r"\exists \alpha_l \in S^{m_l - 1}: y_i \langle \alpha_l, x_{l,i}^{(0)} \rangle \ge 2^{-(l+1)} \gamma",
    kind="PROB",
    bound="lower",
    stated=1.0,
    domain=CONES.drawing(L=(1, 4)),
    plan=replace(CONES_PLAN, lines={**CONES_PLAN.lines, "L": (1, 2, 4, 8)}),
    quantifiers="for all l ≤ L, one α_l for all i ≤ n",
    probability=WITH_PROBABILITY,
    preconditions=PRE_B2,
    controls=(
        Control("ten times the margin", "the same with 10 · 2^{−(l+1)} γ", factor=10.0),
        Control(
            "construction without transpose",
            "the α_l of α̃_l = W_l α̃_{l−1}, as printed",
            measure=lambda case: _constructed(case, transposed=False),
        ),
        Control(
            "2^−(l−1)/2 for 2^−(l+1)",
            "y_i <α_l, x_l,i> ≥ ½ 2^{−(l−1)/2} γ",
            measure=lambda case: Measurement(
                _best_margins(case), ((_promised(case) * gamma(case)).sqrt(),), ("layer",)
            ),
            unrefuted=Reason(
                "proof",
                "at infinite width, with a factor √8 to spare: the kernel of the next layer is at least half of this "
                "one's, as κ_1(ρ) is ρ/2 and even powers with non-negative coefficients, so that the best margin, at "
                "least √2 γ at the first, loses at most √2 a layer",
            ),
        ),
    ),
    notes="The best α_l is the maximum-margin one; the paper's own is measured in C.1-margin-l.",
)
def features_are_separable(case: Case) -> Measurement:
    """The largest margin of each layer's features, min over the simplex of ‖Σ_i p_i y_i x_{l,i}‖."""
    return Measurement(_best_margins(case), (_promised(case),), ("layer",))


@claim(
    "cao-gu-2020/B.4-alpha",
    sentence="The features below the top are separable with the kernel's margin, up to a constant.",
    source=CAO_GU_2020.at("appendix B.4, proof of Lemma 5.5"),
    statement=r"\exists \alpha, \|\alpha\|_2 \le 1: y_i \langle \alpha, x_{L-1,i}^{(0)} \rangle \ge C \gamma",
    kind="SCALE",
    bound="lower",
    domain=TEACHER,
    plan=TEACHER_PLAN,
    quantifiers="for all i ≤ n",
    probability=WITH_PROBABILITY,
    limit=lambda c: 2 ** ((c.L - 1) / 2),
    erratum="E-34",
    controls=(
        Control(
            "2^L for 2^(L−1)/2",
            "margin at least 2^L γ",
            measure=lambda case: Measurement(
                best_margin(case, case.hidden - 1)[0], (2.0**case.hidden * conjugate_gamma(case),)
            ),
        ),
    ),
    notes="Printed with x for x_{L−1,i} and C = 1, which finite widths miss by o(1); the limit is 2^{(L−1)/2} γ.",
)
def features_below_the_top_are_separable(case: Case) -> Measurement:
    """The largest margin of the features of layer L − 1 (the inputs, for one hidden layer), against γ of κ^{(L−1)}."""
    return Measurement(best_margin(case, case.hidden - 1)[0], (conjugate_gamma(case),))
