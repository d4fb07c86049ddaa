"""What jobs need of a machine's memory, and how many processes share it."""

from collections.abc import Collection

import torch

from lemmata.audit.plan.engines import batch, directions
from lemmata.audit.plan.job import Job
from lemmata.claims.claim import Claim
from lemmata.model.deferred import MEMORY_SHARE, available_bytes, held_bytes


def needed_bytes(job: Job, claim: Claim) -> int:
    """About how much memory a batch of the job takes up: matrices, the largest of them twice, and passes.

    What a problem of one's own needs is not known.
    """
    if claim.problem is not None:
        return 1
    c, dtype = job.configuration, getattr(torch, job.dtype)
    shapes = c.shapes(claim.setting)
    side_by_side = min(batch(claim, c, job.engine, job.device), job.initialisations)
    deferred = [shape for shape in shapes[1:] if job.engine == "deferred"]
    stored = [out * into * dtype.itemsize for out, into in shapes if (out, into) not in deferred]
    held = [held_bytes(shape, directions(claim, c), 1, dtype) for shape in deferred]
    passes = 8 * c.n * (1 + c.k) * sum(out for out, _ in shapes) * dtype.itemsize
    return side_by_side * (sum(stored) + sum(held) + max(stored + held) + passes)


def processes(work: Collection[Job], claims: dict[str, Claim], wanted: int) -> int:
    """How many processes share the memory that is available; at most `wanted`. Of a GPU only one uses it at a time.

    Raises:
        ValueError: if one job alone does not fit: which, how much it needs, and what is allowed.
    """
    devices = {job.device for job in work}
    free = {device: int(MEMORY_SHARE * available_bytes(torch.device(device))) for device in devices}
    fitting = wanted
    for job in work:
        claim, allowed = claims[job.claim], free[job.device]
        needed = needed_bytes(job, claim)
        if needed > allowed:
            obstacle = f"; no other engine can run it: {claim.engine_obstacle}" if claim.engine_obstacle else ""
            raise ValueError(
                f"{job.claim} at {job.configuration.token()}: the {job.engine} engine needs about {needed:.2g} bytes "
                f"for a batch of initialisations, allowed are {allowed:.2g} ({MEMORY_SHARE:.0%} of what is available)"
                + obstacle
            )
        if job.device == "cpu":
            fitting = min(fitting, allowed // needed)
    return max(1, fitting)
