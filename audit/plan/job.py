"""What a worker is given: one configuration of one claim."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lemmata.audit.plan.devices import device_for
from lemmata.audit.plan.engines import Wanted, engine_for
from lemmata.audit.plan.grid import Point
from lemmata.claims.claim import Claim
from lemmata.claims.language.configuration import Configuration
from lemmata.model.network import Engine


@dataclass(frozen=True)
class Job:
    """One configuration of one claim: everything a worker needs. `first` is the first initialisation's number."""

    claim: str
    configuration: Configuration
    initialisations: int
    seed: int = 0
    dtype: str = "float64"
    device: str = "cpu"
    engine: Engine = "dense"
    first: int = 0


def jobs(
    claims: Iterable[Claim],
    grid: Callable[[Claim], list[Point]],
    *,
    engine: Wanted = "dense",
    device: str = "cpu",
    **options: str | int,
) -> list[Job]:
    """One job per claim and configuration, each with its engine and device."""
    return [
        Job(
            claim.id,
            c,
            initialisations,
            engine=engine_for(claim, c, engine),
            device=device_for(claim, c, device),
            **options,  # type: ignore[arg-type]
        )
        for claim in claims
        for c, initialisations in grid(claim)
    ]
