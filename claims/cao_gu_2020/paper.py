"""The paper, and the conditions that its lemmas share."""

import math
from collections.abc import Mapping

from lemmata.claims.claim import Paper, Precondition
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import DRAWN, Plan

CAO_GU_2020 = Paper(
    "cao-gu-2020",
    "Cao & Gu (2020), Generalization error bounds of gradient descent for learning "
    "over-parameterized deep ReLU networks",
)


def _wide(p: Mapping[str, float]) -> bool:
    m, L, tau, delta = p["m"], p["L"], p["tau"], p["delta"]
    if tau <= 0:
        return False
    first = L**2 * math.log(m * p["n"] / delta)
    return m >= max(first, L ** (-8 / 3) * tau ** (-4 / 3) * math.log(m / (tau * delta)))


def _near(power: float) -> Precondition:
    return Precondition(
        f"tau <= L^-{power:g} log(m)^-3/2",
        rf"\tau \le L^{{-{power:g}}} [\log m]^{{-3/2}}",
        lambda p: p["m"] > 1 and p["tau"] <= p["L"] ** -power * math.log(p["m"]) ** -1.5,
    )


WIDE = Precondition(
    "m >= max(L^2 log(mn/delta), L^-8/3 tau^-4/3 log(m/(tau delta)))",
    r"m \ge \max\{L^2 \log(mn/\delta), L^{-8/3} \tau^{-4/3} \log[m/(\tau\delta)]\}",
    _wide,
)

PRE_5 = (WIDE, _near(6))
"""Conditions of Theorem 4.5 and Lemmas 5.1 and 5.2, with every absolute constant taken as 1."""

PRE_B1 = (WIDE, _near(5))
"""Conditions of Lemma B.1, with every absolute constant taken as 1."""

NEAR = Domain(tau=(1e-3, 0.1))
"""Statements about all W in the ball W_τ."""

AT_INITIALISATION = Domain()
"""Statements about W⁽⁰⁾ alone."""

WITH_PROBABILITY = "at least 1 − δ over W⁽⁰⁾"

CONES = Domain(m=(64, 256), L=(2, 4), n=(8, 8), fixed={"data": "cones", "d": 2}, values={"phi": (0.05, 0.2, 0.4)})
"""Statements under Assumption 4.10: data that random ReLU features separate and no linear function does."""

CONES_PLAN = Plan(
    lines={"m": (64, 256, 1024), "L": (2, 4, 8), "n": (4, 8, 16), "phi": DRAWN}, start={"n": 8, "phi": 0.2}
)

TEACHER = Domain(m=(64, 256), n=(8, 8), fixed={"data": "teacher", "d": 3}, values={"phi": (0.1, 0.3, 0.6)})
"""Statements under Assumption 4.12: data that the conjugate kernel of every depth separates."""

TEACHER_PLAN = Plan(
    lines={"m": (64, 256, 1024), "L": (1, 2, 4, 8), "n": (4, 8, 16), "phi": DRAWN}, start={"n": 8, "phi": 0.3}
)
