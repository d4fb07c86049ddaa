"""How the growth in a letter is judged: what is known of one, and the table of the papers' own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SHIFT = 3.0
"""log(1/δ) at δ = 0.05: a logarithm of a parameter near 1 is taken to be of the parameter over δ."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One parameter, as a judge of exponents meets it.

    Attributes:
        spacing: of the exponents that statements have; one is supported once the next steeper one is excluded.
        toward_zero: whether bounds are about its small values.
        far_from_one: whether its own logarithm is large throughout.
        of_data: whether data are generated from it.
    """

    spacing: float
    toward_zero: bool = False
    far_from_one: bool = False
    of_data: bool = False

    @property
    def shift(self) -> float:
        """What is added to its logarithm before that is taken as the argument of a hidden one."""
        return 0.0 if self.far_from_one else SHIFT


OF_NETWORKS: Final[Mapping[str, Letter]] = {
    "m": Letter(spacing=1 / 6, far_from_one=True),
    "L": Letter(spacing=1 / 3),
    "n": Letter(spacing=1 / 2, of_data=True),
    "tau": Letter(spacing=1 / 6, toward_zero=True, far_from_one=True),
    "phi": Letter(spacing=1 / 2, toward_zero=True, of_data=True),
    "eps": Letter(spacing=1 / 2, toward_zero=True, far_from_one=True),
    "d": Letter(spacing=1 / 2, of_data=True),
    "k": Letter(spacing=1 / 2, of_data=True),
    "batch": Letter(spacing=1 / 2),
    "mu": Letter(spacing=1 / 2, toward_zero=True, of_data=True),
    "delta": Letter(spacing=1 / 6, toward_zero=True, far_from_one=True),
}
"""The papers' parameters, in the order in which exponents are shown; the spacing is that of the papers' exponents."""
