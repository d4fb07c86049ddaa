"""How the slides put their statements together."""

from lemmata.claims.cao_gu_2019_slides.paper import CAO_GU_2019_SLIDES
from lemmata.claims.registry import context

context(
    "cao-gu-2019-slides/proof-overview",
    sentence="The proof is optimisation of almost convex functions and an online-to-batch conversion.",
    source=CAO_GU_2019_SLIDES.at("Overview of the proof"),
    statement=r"\text{optimisation of Lipschitz and (almost) convex functions + online-to-batch conversion}",
    instead="its parts: lipschitz, almost-convex, almost-linear, and the online-to-batch identity in algorithm-sgd",
)
