"""Unit-norm inputs as the names and sizes that `model.data.generate` builds them from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from lemmata.model.settings import Setting
from lemmata.strategies.arguments import InvalidArgument, check_integer, check_integers, check_names, check_reals
from lemmata.strategies.magnitudes import magnitudes

CONSTRUCTIONS = ("chain", "simplex", "sphere")
"""Constructions of `model.data.INPUTS` for any number of points, the nearest neighbours first; "sphere" fixes no
separation."""


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What a `claims.case.Configuration` says of its inputs, by the same names.

    Attributes:
        n: number of examples.
        d: input dimension, the fixed coordinate included.
        data: construction in `model.data.INPUTS`.
        phi: separation; None on the sphere, and for one point, which is never too near.
        mu: fixed last coordinate, where the setting has one.
    """

    n: int
    d: int
    data: str
    phi: float | None
    mu: float | None


def inputs(
    setting: Setting,
    *,
    min_samples: int = 2,
    max_samples: int = 6,
    min_separation: float = 0.01,
    max_spare: int = 3,
    min_mu: float = 0.1,
    max_mu: float = 0.9,
    constructions: Sequence[str] = CONSTRUCTIONS,
) -> st.SearchStrategy[Inputs]:
    """Inputs that satisfy the setting's assumptions, without any matrix entry.

    φ runs log-uniformly from `min_separation` to the largest that n points of the construction allow (a chain
    then closes to a regular polygon, lifted by μ where the setting fixes a coordinate). Shrinks to the fewest
    points, for two or more of them on a chain at the minimal separation, the smallest μ, and no spare dimension.

    Args:
        setting: decides whether inputs end in a fixed coordinate.
        min_samples: of n.
        max_samples: of n.
        min_separation: of φ, where the construction takes one.
        max_spare: dimensions beyond the fewest that the construction needs.
        min_mu: of μ, where the setting fixes it; inputs are hard when μ is small.
        max_mu: of μ, where the setting fixes it.
        constructions: names in `model.data.INPUTS`.

    Raises:
        InvalidArgument: when called, if a range is empty or not valid, a construction is unknown, or the
            separation is more than `max_samples` points allow.

    Source: zou-gu-2019 Assumptions 3.1 (unit norm, last coordinate μ) and 3.2 (separation φ).
    """
    check_integers("samples", min_samples, max_samples, least=1)
    check_integer("max_spare", max_spare, least=0)
    check_reals("mu", min_mu, max_mu, below=1.0)
    check_names("constructions", constructions, CONSTRUCTIONS)
    check_reals("separation", min_separation, min_separation)
    for name in constructions:
        largest = largest_separation(name, max_samples, max_mu if setting.fixed_coordinate else None)
        if min_separation > largest:
            raise InvalidArgument(f"{min_separation=} must be at most {largest:.6g} for {max_samples=} of {name} data")
    ordered = sorted(constructions, key=CONSTRUCTIONS.index)
    mu = magnitudes(min_mu, max_mu) if setting.fixed_coordinate else st.none()
    return _inputs(st.integers(min_samples, max_samples), ordered, mu, min_separation, st.integers(0, max_spare))


def largest_separation(name: str, samples: int, mu: float | None) -> float:
    """The largest φ at which a construction places so many points, √(1 − μ²) times that of its free coordinates.

    On the sphere, which takes no φ, the simplex's.
    """
    free = 2 * math.sin(math.pi / max(samples, 2)) if name == "chain" else math.sqrt(2)
    return free if mu is None else free * math.sqrt(1 - mu**2)


@st.composite
def _inputs(
    draw: st.DrawFn,
    samples: st.SearchStrategy[int],
    constructions: Sequence[str],
    fixed: st.SearchStrategy[float] | st.SearchStrategy[None],
    min_separation: float,
    spare: st.SearchStrategy[int],
) -> Inputs:
    n, name, mu = draw(samples), draw(st.sampled_from(constructions)), draw(fixed)
    # Drawn even where it is not used: a case with fewer choices would count as simpler.
    phi: float | None = draw(magnitudes(min_separation, largest_separation(name, n, mu)))
    if n == 1 or name == "sphere":
        name, phi = "sphere", None
    fewest = (n + 1 if name == "simplex" else 2) + (mu is not None)
    return Inputs(n=n, d=fewest + draw(spare), data=name, phi=phi, mu=mu)
