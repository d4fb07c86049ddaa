"""The poster, and what its statements share."""

from claims.claim import Paper

CHEN_ET_AL_2019_POSTER = Paper(
    "chen-et-al-2019-poster",
    "Chen, Cao, Zou & Gu (2019), How much over-parameterization is sufficient to learn deep ReLU networks? (poster)",
)

WITH_PROBABILITY = "at least 1 − δ over W⁽⁰⁾"
