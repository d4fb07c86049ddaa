"""Lemma B.1 (iii): features move at most √L times as far as the weights."""

import math

import torch

from lemmata.claims.cao_gu_2020 import certificates
from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, NEAR, PRE_B1, WITH_PROBABILITY
from lemmata.claims.case import Case
from lemmata.claims.claim import Measurement
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim
from lemmata.model.limits import propagator_edge


@claim(
    "cao-gu-2020/lemma-B.1-iii",
    sentence="Hidden layers are Lipschitz in the weights, with constant of order √L.",
    source=CAO_GU_2020.at("Lemma B.1 (iii)"),
    statement=r"\|\hat x_{l,i} - \tilde x_{l,i}\|_2 \le \bar C \sqrt L \sum_{r \le l} \|\hat W_r - \tilde W_r\|_2",
    kind="SCALE",
    bound="upper",
    terms=(Scaling(L="1/2"),),
    domain=NEAR,
    quantifiers="for all W̃, Ŵ in the ball, l ≤ L and i ≤ n",
    probability=WITH_PROBABILITY,
    attacks=("random", "along-gradient", "push-features"),
    ascends=True,
    limit=lambda c: propagator_edge(c.L - 1) / math.sqrt(c.L) if c.ratio == 1 else None,
    certificate=certificates.lipschitz,
    preconditions=PRE_B1,
)
def features_are_lipschitz(case: Case) -> Measurement:
    """‖x̂_l − x̃_l‖ against the weights' movement up to layer l."""
    moved = [torch.linalg.vector_norm(dx, dim=-1) for dx in case.difference.features[1:]]
    below = case.step_norms.cumsum(-1)
    return Measurement(torch.stack(moved, 1), (below[:, :, None],), ("layer", "example"))
