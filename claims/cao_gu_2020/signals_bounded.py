"""Lemma B.1 (v), (vi): the backward signal is at most √m long, and short on few coordinates."""

import math

import torch

from lemmata.claims.cao_gu_2020 import certificates
from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, NEAR, PRE_B1, WITH_PROBABILITY
from lemmata.claims.case import Case
from lemmata.claims.claim import Measurement
from lemmata.claims.language.plan import Plan
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim

DEEP = NEAR.drawing(L=(2, 4))
"""With one layer the product ends at the input, and its norm is of order √d: nothing is tested there."""

SPARSITY = Scaling(L="4/3", tau="2/3", m=1)
"""How many coordinates Lemma B.1 (v) allows, with the constant 1."""


def _sparsity(case: Case) -> int:
    """s, where a product that is whole up to rounding counts as whole."""
    return math.floor(SPARSITY.value(case.parameters) * (1 + 1e-12))


@claim(
    "cao-gu-2020/lemma-B.1-v",
    sentence="Sparse signals sent to the output are short: of order L^(2/3) τ^(1/3) √(m log m).",
    source=CAO_GU_2020.at("Lemma B.1 (v)"),
    statement=r"v^T \left[\prod_{r=l}^L \tilde\Sigma_r(x_i) \tilde W_r^T\right] a \le"
    r" \bar C L^{2/3} \tau^{1/3} \sqrt{m \log m}, \quad \|a\|_2 = 1, \|a\|_0 \le \bar C L^{4/3} \tau^{2/3} m",
    kind="SCALE",
    bound="upper",
    terms=(Scaling(L="2/3", tau="1/3", m="1/2", log_m="1/2"),),
    domain=DEEP,
    plan=Plan(
        lines={
            "m": (128, 256, 512, 1024, 2048),
            "L": (2, 4, 8, 16),
            "n": (1, 2, 4, 8, 16),
            "tau": (0.001, 0.00316, 0.01, 0.0316, 0.1),
        },
        # At a hundred times this radius s comes near m in deep networks, and does not grow with L.
        along={"L": {"m": 1024, "tau": 1e-4}, "tau": {"m": 1024}},
        start={"m": 256},
    ),
    quantifiers="for all W̃ in the ball, l ≤ L, i ≤ n and sparse unit vectors a",
    probability=WITH_PROBABILITY,
    attacks=("stay", "random", "amplify-signals"),
    ascends=True,
    certificate=lambda case: certificates.sparse_signals(case, _sparsity(case)),
    preconditions=PRE_B1,
    obstacle=lambda case: "" if _sparsity(case) >= 1 else "s = floor(L^(4/3) tau^(2/3) m) = 0 leaves no vector a",
    notes="Over a, the supremum is the norm of the s largest entries, s = ⌊L^{4/3} τ^{2/3} m⌋.",
)
def sparse_signals_are_short(case: Case) -> Measurement:
    """The norm of the s largest entries of vᵀ Π_{r≥l} Σ_r W_r, for every l."""
    s = _sparsity(case)
    signals = [case.at_moved.input_signals, *case.at_moved.unmasked_signals[:-1]]
    tops = [torch.linalg.vector_norm(g.abs().topk(min(s, g.shape[-1]), dim=-1).values, dim=-1) for g in signals]
    return Measurement(torch.stack(tops, 1), axes=("layer", "example", "output"))


@claim(
    "cao-gu-2020/lemma-B.1-vi",
    sentence="Signals sent from any layer to the output are at most of order √m.",
    source=CAO_GU_2020.at("Lemma B.1 (vi)"),
    statement=r"\left\|v^T \prod_{r=l}^L \tilde\Sigma_r(x_i) \tilde W_r^T\right\|_2 \le \bar C \sqrt m",
    kind="SCALE",
    bound="upper",
    terms=(Scaling(m="1/2"),),
    domain=DEEP,
    quantifiers="for all W̃ in the ball, l ≤ L and i ≤ n",
    probability=WITH_PROBABILITY,
    attacks=("stay", "random", "switch-on", "amplify-signals"),
    ascends=True,
    certificate=certificates.signals,
    preconditions=PRE_B1,
)
def signals_are_bounded(case: Case) -> Measurement:
    """‖vᵀ Π_{r≥l} Σ_r W_r‖ for every l; tends to √m for l ≥ 2, and is of order √d for l = 1."""
    signals = [case.at_moved.input_signals, *case.at_moved.unmasked_signals[:-1]]
    norms = [torch.linalg.vector_norm(g, dim=-1) for g in signals]
    return Measurement(torch.stack(norms, 1), axes=("layer", "example", "output"))
