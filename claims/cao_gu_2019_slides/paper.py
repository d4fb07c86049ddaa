"""The slides, and what their statements share."""

from lemmata.claims.claim import Paper
from lemmata.claims.language.domain import ANY, Domain
from lemmata.claims.language.plan import Plan

CAO_GU_2019_SLIDES = Paper(
    "cao-gu-2019-slides",
    "Cao & Gu (2019), Generalization bounds of stochastic gradient descent for wide and deep neural networks (slides)",
)

WITH_PROBABILITY = "high, over W⁽⁰⁾"

DEPTH = (2, 4)
"""L counts the trained top layer, so that two is one hidden layer."""

EQUAL_WIDTHS = {"ratio": 1}
"""All hidden layers have m units."""

NEAR = Domain(tau=ANY, draws={"L": DEPTH}, fixed=EQUAL_WIDTHS)
"""Statements about a small neighbourhood of W⁽⁰⁾: a ball around it, each layer in Frobenius norm."""

DEFINED = Domain(draws={"m": (256, 256), "L": DEPTH}, fixed=EQUAL_WIDTHS)
"""Definitions, compared with their formulas on networks small enough to be written out."""

DEFINED_PLAN = Plan(lines={"m": (32, 128), "L": (2, 3, 5)}, start={"n": 3})
