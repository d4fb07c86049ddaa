"""Remark 4.6: the norms of W − W⁽⁰⁾ and of W that other generalisation bounds would insert."""

import math

import torch

from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, NEAR
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement
from lemmata.claims.registry import claim


@claim(
    "cao-gu-2020/rem-4.6-norms",
    sentence="The units of a layer move by at most √m τ in total.",
    source=CAO_GU_2020.at("Remark 4.6"),
    statement=r"\|W_l^T - W_l^{(0)T}\|_{2,1} = \sum_j \|w_{l,j} - w_{l,j}^{(0)}\|_2 \le \sqrt{m_l} \tau",
    kind="DET",
    bound="upper",
    stated=1.0,
    domain=NEAR,
    quantifiers="for all W in the ball and l ≤ L",
    attacks=("random", "move-all-units"),
    exact=lambda _: True,
    erratum="E-28",
    controls=(
        Control("0.99 of it", "Σ_j ‖w_j − w_j⁽⁰⁾‖ ≤ 0.99 √m_l τ", factor=0.99),
        Control("Frobenius norm", "Σ_j ‖w_j − w_j⁽⁰⁾‖ ≤ τ", measure=lambda case: _distance(case, power=0.0)),
    ),
    notes="Summed over the units, and with the layer's own width, which Assumption 4.2 lets stand for m. The "
    "other part of the remark, ‖W_l‖_2 = O(1), is Lemma B.1 (i).",
)
def unit_distances_sum_to_root_width(case: Case) -> Measurement:
    """How far the units of a layer move in total; √m_l τ where all move equally far."""
    return _distance(case, power=0.5)


def _distance(case: Case, *, power: float) -> Measurement:
    moves = [torch.linalg.vector_norm(change.materialise(), dim=-1) for change in case.change]
    total = torch.stack([move.sum(-1) for move in moves], -1)
    widths = total.new_tensor([[math.pow(move.shape[-1], power) for move in moves]])
    return Measurement(total, (widths * case.tau,), ("layer",))
