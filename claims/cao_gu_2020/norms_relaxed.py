"""After Assumption 4.1: norms of the inputs in [c_1, c_2] in place of 1 change constants alone."""

from dataclasses import replace

import torch
from torch import Tensor

from lemmata.claims.cao_gu_2020.paper import CAO_GU_2020, NEAR, WITH_PROBABILITY
from lemmata.claims.cao_gu_2020.prescribed_runs import NEEDS_STEPS, PACE, descend_to, dominance, dominance_within
from lemmata.claims.case import Case
from lemmata.claims.claim import Control, Measurement, Reason
from lemmata.claims.language.domain import ALIVE, Domain
from lemmata.claims.language.plan import Plan
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.measuring.mutants import mutants
from lemmata.claims.registry import claim
from lemmata.model.data import Dataset
from lemmata.model.difference import Difference
from lemmata.model.losses import LOSSES, surrogate_error
from lemmata.model.trace import Trace

SHORTEST, LONGEST = 0.5, 2.0
"""c_1 and c_2; the norms that are measured go from one to the other."""

SHORTER = PACE / LONGEST**2
"""The constant of η: the curvature of the loss grows like c_2²."""

UNEQUAL = Domain(
    m=ALIVE,
    draws={"m": (64, 128), "L": (1, 1), "n": (2, 2)},
    fixed={"data": "chain", "d": 2, "labels": "alternating"},
    values={"phi": (1.4, 1.0), "eps": (0.1,)},
)
"""The two inputs of Theorem 4.7, one of which becomes shorter, and the other longer."""


def _lengths(case: Case) -> Tensor:
    """c_1, …, c_2, in equal ratios, (n, 1); one input alone is short."""
    return torch.logspace(-1, 1, len(case.inputs), base=LONGEST).to(case.inputs)[:, None]


@claim(
    "cao-gu-2020/assumption-4.1-norms",
    sentence="Norms between c_1 and c_2 change what Lemmas 5.1 to 5.3 and (4.1) bound by at most c_2, or c_1.",
    source=CAO_GU_2020.at("section 4, after Assumption 4.1"),
    statement=r"c_1 \le \|x_i\|_2 \le c_2,\ \bar x_i = x_i / \|x_i\|_2 \implies"
    r" \|\nabla_{W_l} f_W(x_i)\|_F \le c_2 \max_j \|\nabla_{W_l} f_W(\bar x_j)\|_F,\ \ldots,\ B(x) \ge c_1 B(\bar x)",
    kind="DET",
    bound="upper",
    stated=1.0,
    domain=NEAR,
    quantifiers="for all W in the ball and l ≤ L; c_1 = 1/2 and c_2 = 2",
    plan=Plan(examples=8),
    attacks=("random", "along-gradient"),
    controls=(
        Control(
            "c_1 for c_2",
            "no upper bound is larger than c_1 times the one at norm 1",
            measure=lambda c: _bounds(c, upper=SHORTEST),
        ),
        Control("1 for c_1", "B is no smaller than at norm 1", measure=lambda case: _bounds(case, lower=1.0)),
    ),
    notes="Each result for itself: gradients of outputs (Lemma 5.1), of the loss over E_S (Lemma 5.1), outputs (Lemma "
    "5.3), errors of linearisation (Lemma 5.2 and Theorem 4.5), B of (4.1) upside down. What the theorems make of "
    "them keeps its powers of every other letter. As the network is homogeneous in its input, they hold for all "
    "weights.",
)
def norms_move_constants_alone(case: Case) -> Measurement:
    """What is bounded at c_i x_i, over c_2 times its largest value at x_i; and c_1 B at norm 1 over B."""
    return _bounds(case)


def _bounds(case: Case, *, upper: float = LONGEST, lower: float = SHORTEST) -> Measurement:
    unit, labels = case.at_moved, case.labels
    start = Trace(case.initial, _lengths(case) * case.inputs)
    moved = Trace(unit.network, start.inputs)
    slopes = LOSSES[case.setting.loss].slopes(moved.outputs, labels)
    sizes = unit.gradient_norms().flatten(2).amax(-1)
    at_unit = case.difference_from_initial.linearisation_error
    pairs = [
        (moved.gradient_norms().flatten(2).amax(-1), upper * sizes),
        (moved.batch_gradient_norms(slopes), upper * sizes * surrogate_error(moved.outputs, labels)[:, None]),
        *(
            (here.abs().amax((-2, -1))[:, None], upper * there.abs().amax((-2, -1))[:, None])
            for here, there in (
                (moved.outputs, unit.outputs),
                (Difference(start, case.change).linearisation_error, at_unit),
            )
        ),
        (lower * dominance_within(unit, labels)[0][:, None], dominance_within(moved, labels)[1][:, None]),
    ]
    left, right = (torch.cat(side, 1) for side in zip(*pairs, strict=True))
    return Measurement(left, (right.clamp_min(torch.finfo(right.dtype).tiny),), ("result",))


@claim(
    "cao-gu-2020/thm-4.7-norms",
    sentence="Gradient descent reaches surrogate error ε in few steps where norms are between c_1 and c_2, too.",
    source=CAO_GU_2020.at("Theorem 4.7 (ii), with the remark after Assumption 4.1"),
    statement=r"c_1 \le \|x_i\|_2 \le c_2,\ \eta = \Theta(L^{-3} B^2 m^{-1}) \implies"
    r" \exists k < K = \tilde O(L^3 B^{-4} \epsilon^{-2}): \mathcal{E}_S(W^{(k)}) \le \epsilon",
    kind="RUN",
    bound="upper",
    terms=(Scaling(L=3, eps=-2),),
    domain=UNEQUAL,
    plan=Plan(lines={"m": (128, 1024, 8192)}, start={"n": 2}, initialisations=32, examples=3),
    quantifiers="for all data with (4.1); c_1 = 1/2 and c_2 = 2, B of those inputs as measured at W⁽⁰⁾",
    probability=WITH_PROBABILITY,
    obstacle=lambda _: NEEDS_STEPS,
    unrefuted=dict.fromkeys(
        ("L", "eps"), Reason("out of reach", "neither varies here: what is known of their powers is thm-4.7's")
    ),
    controls=mutants(
        at={"m": 128, "n": 2},
        domain=replace(UNEQUAL, L=(1, 1)),
        unseen={
            "huge steps": Reason(
                "out of reach", "one step beyond all others gives a margin with the right signs, as in thm-4.7"
            )
        },
    ),
    notes=f"Two inputs with opposite labels, of norms 1/2 and 2. The constant of η is {SHORTER:g}, c_2^-2 times that "
    "of thm-4.7, and is divided out.",
)
def descent_reaches_a_small_error_with_such_norms(case: Case) -> Measurement:
    """Iterates up to E_S ≤ ε."""
    scaled = case.on(Dataset(_lengths(case) * case.inputs, case.labels))
    _, taken = descend_to(scaled, pace=SHORTER)
    return Measurement(taken, (dominance(scaled) ** -4 / SHORTER,))
