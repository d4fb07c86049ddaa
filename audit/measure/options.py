"""How an audit runs, apart from which claims and sizes."""

import math
from dataclasses import dataclass

from lemmata.audit.measure.backends import Backend, Name
from lemmata.audit.plan.engines import Wanted


@dataclass(frozen=True)
class Options:
    """How an audit runs.

    Attributes:
        seed: everything descends from it.
        dtype, device, engine: of the computation; "auto" decides by size.
        budget: seconds to spend; infinite measures what the grid says.
        workers: processes of this machine.
        backend: who runs the jobs.
        cluster: address of a running cluster.
    """

    seed: int = 0
    dtype: str = "float64"
    device: str = "cpu"
    engine: Wanted = "dense"
    budget: float = math.inf
    workers: int = 1
    backend: Name = "processes"
    cluster: str | None = None

    @property
    def spread(self) -> Backend:
        """Where jobs run; trials on the one GPU of this machine follow one another."""
        return Backend(self.backend, self.cluster, 1 if self.device == "cuda" else self.workers)
