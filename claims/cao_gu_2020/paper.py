"""The paper, and the conditions that its lemmas share."""

from dataclasses import dataclass, replace

from lemmata.claims.claim import Paper, Reason
from lemmata.claims.language.condition import Condition
from lemmata.claims.language.domain import ANY, Domain
from lemmata.claims.language.plan import DRAWN, Plan
from lemmata.claims.language.scaling import ONE, Scaling

CAO_GU_2020 = Paper(
    "cao-gu-2020",
    "Cao & Gu (2020), Generalization error bounds of gradient descent for learning "
    "over-parameterized deep ReLU networks",
)


WIDE = Condition("m", ">=", (Scaling(L=2, log_mn_delta=1), Scaling(L="-8/3", tau="-4/3", log_m_tau_delta=1)))

PRE_5 = (WIDE, Condition("tau", "<=", (Scaling(L=-6, log_m="-3/2"),)))
"""Conditions of Theorem 4.5 and Lemmas 5.1 and 5.2, with every absolute constant taken as 1."""

PRE_B1 = (WIDE, Condition("tau", "<=", (Scaling(L=-5, log_m="-3/2"),)))
"""Conditions of Lemma B.1, with every absolute constant taken as 1."""


@dataclass(frozen=True)
class Schedule:
    """What Theorem 4.7 prescribes: radius τ, step size η, iterations K, and the least width m*."""

    radius: Scaling
    step: Scaling
    iterations: Scaling
    width: Scaling


PRINTED = Schedule(
    radius=Scaling(B=-1, eps=-1, m="-1/2"),
    step=Scaling(L=-3, B=2, m=-1),
    iterations=Scaling(L=3, B=-4, eps=-2),
    width=Scaling(L=12, B=-4, eps=-2),
)
"""Without logarithms."""

CONFIDENT = Scaling(log_inverse_delta=1)
"""log(1/δ), which m* has as a factor."""

PRE_4_7 = (
    Condition("B", "<=", (ONE,)),
    Condition("tau", "=", (PRINTED.radius,)),
    Condition("m", ">=", (PRINTED.width * CONFIDENT,)),
    *PRE_5,
)
"""Conditions of Theorem 4.7 and Corollary 4.9, with every absolute constant and Õ(1) taken as 1.

The theorem prints the order of m*, and its proof chooses m* so that Lemmas 5.1 and 5.2 apply at the theorem's own τ.
B = O(1), by comparing (4.1) with Lemma 5.1.
"""

FEATURE_MARGIN = Condition("gamma", "<=", (Scaling(two_pi="-1/2"),))
"""No data have a larger γ in Assumption 4.10."""

KERNEL_MARGIN = Condition("gamma", "<=", (Scaling(two="1/2", two_to_L="-1/2"),))
"""No data have a larger γ in Assumption 4.12, as κ^{(L−1)}(x, x) = 2^{−(L−1)}."""

NEAR = Domain(tau=ANY)
"""Statements about all W in the ball W_τ."""

AT_INITIALISATION = Domain()
"""Statements about W⁽⁰⁾ alone."""

WITH_PROBABILITY = "at least 1 − δ over W⁽⁰⁾"

DEPTH_OPEN = Reason(
    "out of reach", "open: changes of all layers reach L^(2/3) of the L² (K15), and no bound below L² is known"
)
LOG_OPEN = Reason(
    "out of reach",
    "open: one layer needs no logarithm, 0.884 √m τ^(1/3) being a bound there (K14), and with more none is known "
    "without it",
)
"""What stands between Lemma 5.2 and stronger statements: powers of L and of log m that no attack needs."""

CONES = Domain(
    draws={"m": (64, 256), "L": (2, 4), "n": (8, 8)}, fixed={"data": "cones", "d": 2}, values={"phi": (0.05, 0.2, 0.4)}
)
"""Statements under Assumption 4.10: data that random ReLU features separate and no linear function does."""

DEEP_CONES = replace(CONES, L=(2, None))
"""Of one layer above another."""

CONES_PLAN = Plan(
    lines={"m": (64, 256, 1024), "L": (2, 4, 8), "n": (4, 8, 16), "phi": DRAWN}, start={"n": 8, "phi": 0.2}
)

TEACHER = Domain(
    draws={"m": (64, 256), "n": (8, 8)}, fixed={"data": "teacher", "d": 3}, values={"phi": (0.1, 0.3, 0.6)}
)
"""Statements under Assumption 4.12: data that the conjugate kernel of every depth separates."""

TEACHER_PLAN = Plan(
    lines={"m": (64, 256, 1024), "L": (1, 2, 4, 8), "n": (4, 8, 16), "phi": DRAWN}, start={"n": 8, "phi": 0.3}
)
