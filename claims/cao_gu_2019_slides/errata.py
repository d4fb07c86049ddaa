"""Errata of the slides of Cao & Gu (2019)."""

from lemmata.claims.cao_gu_2019_slides.paper import CAO_GU_2019_SLIDES
from lemmata.claims.erratum import decided, erratum

erratum(
    CAO_GU_2019_SLIDES,
    60,
    "C",
    "algorithm and corollary",
    "no step size, nothing about the norms of inputs, and the corollary twice",
    "a step size that the proof would choose, inputs of unit norm; one corollary",
)
decided(
    CAO_GU_2019_SLIDES,
    61,
    "C",
    "theorem and corollary",
    "a radius for each layer in the one, a norm of all layers together in the other",
    "the norm of all layers is at most √L times that radius; the factor L of the corollary covers it",
    by="ledger",
    claim="erratum-E-61",
)
