"""The paper, and what its statements share."""

from lemmata.claims.claim import Paper, Reason
from lemmata.claims.language.condition import Condition
from lemmata.claims.language.scaling import ONE, Scaling

ZOU_GU_2019 = Paper(
    "zou-gu-2019",
    "Zou & Gu (2019), An improved analysis of training over-parameterized deep neural networks",
)

WITH_PROBABILITY = "at least 1 − O(1/n) over W⁽⁰⁾ and V"

WIDE_3_3 = Condition("m", ">=", (Scaling(k=1, n=8, L=12, log_m=3, phi=-4),))
WIDE_3_8 = Condition("m", ">=", (Scaling(k=1, n=17, L=12, log_m=3, batch=-4, phi=-8),))
WIDE_3_10 = Condition("m", ">=", (Scaling(k="5/2", n=11, log_m=3, phi=-5, batch=-1),))
"""Theorem 3.3, which is (3.1), Theorem 3.8 and Theorem 3.10, with every absolute constant taken as 1."""

EIGENVALUE_OPEN = Reason(
    "out of reach",
    "open: on the inputs measured the kernel's least eigenvalue is of order φ whatever n, but for all inputs only "
    "φ/n is known",
)
"""Why a stronger power of n need not be refuted: on chains λ_min(H) → φ/(4π), in clusters it falls slowly (K21)."""

ONE_LAYER = Condition("L", "<=", (ONE,))
"""Statements about one hidden layer."""
