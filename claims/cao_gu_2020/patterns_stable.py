"""Lemma B.1 (iv): few units change their activation anywhere in the ball."""

import torch

from lemmata.claims.cao_gu_2020 import certificates
from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, NEAR, PRE_B1, WITH_PROBABILITY
from lemmata.claims.case import Case
from lemmata.claims.claim import Measurement, Reason
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim
from lemmata.model.limits import PAIR_FLIPS


@claim(
    "cao-gu-2020/lemma-B.1-iv",
    sentence="At most of order L^(4/3) τ^(2/3) m units of a layer change between on and off.",
    source=CAO_GU_2020.at("Lemma B.1 (iv)"),
    statement=r"\|\hat\Sigma_l(x_i) - \tilde\Sigma_l(x_i)\|_0 \le \bar C L^{4/3} \tau^{2/3} m",
    kind="SCALE",
    bound="upper",
    terms=(Scaling(L="4/3", tau="2/3", m=1),),
    domain=NEAR,
    quantifiers="for all W̃, Ŵ in the ball, l ≤ L and i ≤ n",
    probability=WITH_PROBABILITY,
    attacks=("random", "along-gradient", "flip-units", "flip-units-apart", "flip-units-apart-deep"),
    ascends=True,
    limit=lambda c: PAIR_FLIPS if c.L == 1 else None,
    certificate=certificates.patterns,
    preconditions=PRE_B1,
    unrefuted={
        "L": Reason(
            "out of reach",
            "open: all layers' budgets flip l^(2/3) (K12), and what Lemma B.1 (iii) leaves of a preactivation's move, "
            "√L · L τ, gives no less than L",
        )
    },
)
def few_patterns_change(case: Case) -> Measurement:
    """The number of units of a layer that are active under one network and not under the other."""
    flips = [change.abs().sum(-1) for change in case.difference.flips]
    return Measurement(torch.stack(flips, 1), axes=("layer", "example"))
