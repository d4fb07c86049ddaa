"""What a worker is given: one configuration of one claim."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lemmata.audit.plan.devices import device_for
from lemmata.audit.plan.engines import Wanted, engine_for
from lemmata.audit.plan.grid import Point
from lemmata.audit.plan.samples import seeds
from lemmata.claims.claim import Claim
from lemmata.claims.language.configuration import Configuration
from lemmata.model.network import Engine


@dataclass(frozen=True)
class Job:
    """One configuration of one claim: everything a worker needs.

    Attributes:
        first: the first initialisation's number.
        patient: whether the search is, see `supremum`.
        certified: whether a certificate is computed beside the worst that is found.
    """

    claim: str
    configuration: Configuration
    initialisations: int
    seed: int = 0
    dtype: str = "float64"
    device: str = "cpu"
    engine: Engine = "dense"
    first: int = 0
    patient: bool = False
    certified: bool = False

    @property
    def numbers(self) -> range:
        """The initialisations'."""
        return range(self.first, self.first + self.initialisations)


def jobs(
    claims: Iterable[Claim],
    grid: Callable[[Claim], list[Point]],
    *,
    engine: Wanted = "dense",
    device: str = "cpu",
    seed: int = 0,
    **options: str | int,
) -> list[Job]:
    """One job per claim, configuration and data set, each with its engine and device."""
    return [
        Job(
            claim.id,
            point.configuration,
            initialisations,
            seed=own,
            engine=engine_for(claim, point.configuration, engine),
            device=device_for(claim, point.configuration, device),
            **options,  # type: ignore[arg-type]
        )
        for claim in claims
        for point in grid(claim)
        for own, initialisations in (
            (seed, point.initialisations),
            *((other, point.each) for other in seeds(seed, point.further)),
        )
    ]
