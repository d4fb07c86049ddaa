"""The paper, and what its statements share."""

from lemmata.claims.claim import Paper

ZOU_GU_2019 = Paper(
    "zou-gu-2019",
    "Zou & Gu (2019), An improved analysis of training over-parameterized deep neural networks",
)

WITH_PROBABILITY = "at least 1 − O(1/n) over W⁽⁰⁾ and V"
