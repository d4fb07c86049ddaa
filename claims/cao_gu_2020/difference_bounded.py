"""Appendix B.2: flipped units and products of changes stay small, so the output difference is almost linear."""

import torch

from lemmata.claims.cao_gu_2020 import certificates
from lemmata.claims.cao_gu_2020.almost_linear import ALMOST_LINEAR, one_layer
from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, DEPTH_OPEN, LOG_OPEN, NEAR, PRE_5, PRE_B1, WITH_PROBABILITY
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Reason
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.registry import claim


@claim(
    "cao-gu-2020/B.2-mask-preactivation",
    sentence="A unit that flips is no farther from 0 than it moved.",
    source=CAO_GU_2020.at("appendix B.2, bound of I_1, first line"),
    statement=r"\|[\hat\Sigma_l(x_i) - \tilde\Sigma_l(x_i)] \hat W_l^T \hat x_{l-1,i}\|_2"
    r" \le \|\hat W_l^T \hat x_{l-1,i} - \tilde W_l^T \tilde x_{l-1,i}\|_2",
    kind="DET",
    bound="upper",
    stated=1.0,
    domain=NEAR,
    quantifiers="for all W̃, Ŵ, l ≤ L and i ≤ n",
    attacks=("random", "flip-units", "place-on-kinks"),
    controls=(
        Control("0.99 for 1", "flipped units make up 0.99 of the difference; equality on the kinks", factor=0.99),
        Control(
            "all units",
            "the same for every unit, flipped or not",
            measure=lambda case: _crossed(case, flipped=False),
        ),
    ),
)
def flipped_units_are_within_the_move(case: Case) -> Measurement:
    """A unit whose activation changes has |ẑ| ≤ |ẑ − z̃|."""
    return _crossed(case, flipped=True)


def _crossed(case: Case, *, flipped: bool) -> Measurement:
    d = case.difference
    after = [z + dz for z, dz in zip(d.base.preactivations, d.preactivations, strict=True)]
    crossed = [z * flips if flipped else z for z, flips in zip(after, d.flips, strict=True)]
    lhs, moves = (
        torch.stack([torch.linalg.vector_norm(z, dim=-1) for z in layers], 1) for layers in (crossed, d.preactivations)
    )
    return Measurement(lhs, (moves,), ("layer", "example"))


@claim(
    "cao-gu-2020/B.2-preactivation-growth",
    sentence="Preactivations are Lipschitz in the weights, with constant of order L.",
    source=CAO_GU_2020.at("appendix B.2, bound of I_1, last line"),
    statement=r"\|\hat W_l^T \hat x_{l-1,i} - \tilde W_l^T \tilde x_{l-1,i}\|_2"
    r" \le C_2 L \sum_r \|\hat W_r - \tilde W_r\|_2",
    kind="SCALE",
    bound="upper",
    terms=(Scaling(L=1),),
    domain=NEAR,
    quantifiers="for all W̃, Ŵ in the ball, l ≤ L and i ≤ n",
    probability=WITH_PROBABILITY,
    attacks=("random", "along-gradient", "push-features"),
    ascends=True,
    certificate=certificates.preactivations,
    preconditions=PRE_B1,
    unrefuted={
        "L": Reason("proof", "ẑ_l − z̃_l = Ŵ_l (x̂_{l−1} − x̃_{l−1}) + (Ŵ_l − W̃_l) x̃_{l−1}, and Lemma B.1 (i), (iii): √L")
    },
)
def preactivations_are_lipschitz(case: Case) -> Measurement:
    """‖ẑ_l − z̃_l‖ against the weights' movement."""
    moves = [torch.linalg.vector_norm(dz, dim=-1) for dz in case.difference.preactivations]
    return Measurement(torch.stack(moves, 1), (case.step_norms.sum(-1)[:, None, None],), ("layer", "example"))


@claim(
    "cao-gu-2020/B.2-I1",
    sentence="What flipped units add to the output is of order L² τ^(1/3) √(m log m) times the move.",
    source=CAO_GU_2020.at("appendix B.2, bound of I_1"),
    statement=r"|I_1| \le \sum_l \|v^T [\prod_{r>l} \tilde\Sigma_r \tilde W_r^T] (\hat\Sigma_l - \tilde\Sigma_l)\|_2"
    r" \|(\hat\Sigma_l - \tilde\Sigma_l) \hat W_l^T \hat x_{l-1}\|_2 \le C_3 L^2 \tau^{1/3} \sqrt{m \log m}"
    r" \sum_l \|\hat W_l - \tilde W_l\|_2",
    kind="SCALE",
    bound="upper",
    terms=(ALMOST_LINEAR,),
    domain=NEAR,
    quantifiers="for all W̃, Ŵ in the ball and i ≤ n",
    probability=WITH_PROBABILITY,
    attacks=(
        "random",
        "along-gradient",
        "overshoot-kinks",
        "place-on-kinks",
        "place-on-lowering-kinks",
        "place-on-kinks-deep",
        "place-on-lowering-kinks-deep",
    ),
    ascends=True,
    limit=one_layer,
    certificate=certificates.crossing,
    preconditions=PRE_5,
    erratum="E-09",
    unrefuted={"L": DEPTH_OPEN, "log_m": LOG_OPEN},
    notes="The first step is the Cauchy–Schwarz inequality. The proof's own bounds multiply to L^(8/3), not L².",
)
def flips_contribute_little(case: Case) -> Measurement:
    """|I_1|, the part of the output difference that flipped units make up."""
    return Measurement(
        case.difference.from_flips.abs(), (case.step_norms.sum(-1)[:, None, None],), ("example", "output")
    )


@claim(
    "cao-gu-2020/B.2-I2",
    sentence="What products of changes add to the output is of order L³ √m times the squared move.",
    source=CAO_GU_2020.at("appendix B.2, bound of I_2"),
    statement=r"|I_2| \le C_4 L^2 \sqrt m \sum_l \|\hat W_l - \tilde W_l\|_2 \sum_{r \le l} \|\hat W_r - \tilde W_r\|_2"
    r" \le C_4 L^3 \sqrt m \sum_l \|\hat W_l - \tilde W_l\|_2^2",
    kind="SCALE",
    bound="upper",
    terms=(Scaling(L=3, m="1/2"),),
    domain=NEAR.drawing(L=(2, 4)),
    quantifiers="for all W̃, Ŵ in the ball and i ≤ n",
    probability=WITH_PROBABILITY,
    attacks=("random", "along-gradient", "compound-changes"),
    ascends=True,
    certificate=certificates.compound,
    preconditions=PRE_5,
    unrefuted={
        "L": Reason(
            "proof",
            "Lemma B.1 (vi) above and (iii) below each Δ_l give √L √m (Σ_l ‖Δ_l‖)², the Cauchy–Schwarz inequality "
            "another L: at most L^(3/2) √m Σ_l ‖Δ_l‖²",
        )
    },
    notes="With one layer I_2 = 0. The last step, to C_4 L² τ^(1/3) √(m log m) Σ_l ‖Ŵ_l − W̃_l‖, "
    "needs 2 L τ^(2/3) ≤ √log m, which the conditions on τ imply.",
)
def products_of_changes_contribute_little(case: Case) -> Measurement:
    """|I_2|, the part of the output difference in which a change meets a change below it."""
    factor = case.step_norms.square().sum(-1)[:, None, None]
    return Measurement(case.difference.from_products.abs(), (factor,), ("example", "output"))
