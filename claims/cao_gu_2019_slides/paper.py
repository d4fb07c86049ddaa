"""The slides, and what their statements share."""

from claims.claim import Paper

CAO_GU_2019_SLIDES = Paper(
    "cao-gu-2019-slides",
    "Cao & Gu (2019), Generalization bounds of stochastic gradient descent for wide and deep neural networks (slides)",
)

WITH_PROBABILITY = "high, over W⁽⁰⁾"
