"""What the papers say, as executable claims: a folder per paper, a module per conclusion.

Importing this package registers every claim. Start with a paper's `__init__.py`: it holds the paper's
notation and lists its statements in order.
"""

# ruff: noqa: I001
from lemmata.claims import cao_gu_2020, zou_gu_2019, cao_gu_2019_slides, chen_et_al_2019_poster
from lemmata.claims import allen_zhu_et_al_2019, arora_et_al_2019, du_et_al_2019, hanin_nica_2020
from lemmata.claims import ji_telgarsky_2020, liu_zhu_belkin_2020
from lemmata.claims.registry import REGISTRY, select
from lemmata.claims.claim import Claim

__all__ = [
    "REGISTRY",
    "Claim",
    "allen_zhu_et_al_2019",
    "arora_et_al_2019",
    "cao_gu_2019_slides",
    "cao_gu_2020",
    "chen_et_al_2019_poster",
    "du_et_al_2019",
    "hanin_nica_2020",
    "ji_telgarsky_2020",
    "liu_zhu_belkin_2020",
    "select",
    "zou_gu_2019",
]
