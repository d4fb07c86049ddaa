"""The poster, and what its statements share."""

from lemmata.claims.claim import Paper
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.plan import DRAWN, Plan

CHEN_ET_AL_2019_POSTER = Paper(
    "chen-et-al-2019-poster",
    "Chen, Cao, Zou & Gu (2019), How much over-parameterization is sufficient to learn deep ReLU networks? (poster)",
)

WITH_PROBABILITY = "at least 1 − δ over W⁽⁰⁾"

DEPTH = (2, 4)
"""L counts the trained top layer, so that two is one hidden layer."""

EQUAL_WIDTHS = {"ratio": 1}
"""All hidden layers have m units."""

ALPHAS = (0.25, 0.5)
"""α of the output's scale m^α; 1/2 is the slides' network."""

DEFINED = Domain(draws={"L": DEPTH}, fixed=EQUAL_WIDTHS, values={"alpha": ALPHAS})
"""Definitions, compared with their formulas on networks small enough to be written out."""

DEFINED_PLAN = Plan(lines={"m": (32, 128), "L": (2, 3, 5), "alpha": DRAWN}, start={"n": 3})
