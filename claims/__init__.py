"""What the papers say, as executable claims: a folder per paper, a module per conclusion.

Importing this package registers every claim. Start with a paper's `__init__.py`: it holds the paper's
notation and lists its statements in order.
"""

from claims import cao_gu_2020
from claims.claim import REGISTRY, Claim, select

__all__ = ["REGISTRY", "Claim", "cao_gu_2020", "select"]
