"""Which engine holds a job's random matrices, how many initialisations go side by side, and what they need."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Literal

import torch

from lemmata.claims.case import Configuration
from lemmata.claims.claim import Claim
from lemmata.model import spectra
from lemmata.model.attacks import ATTACKS
from lemmata.model.deferred import MEMORY_SHARE, available_bytes, held_bytes
from lemmata.model.network import Engine
from lemmata.model.spectra import STEPS, WIDE_STEPS

if TYPE_CHECKING:
    from lemmata.audit.measure.sweep import Job

Wanted = Literal["dense", "deferred", "auto"]

WIDE = 3000
"""Width from which `auto` defers; below it drawing a matrix costs less than the book-keeping."""

SHARE = 4
"""`auto` defers while fewer than m / SHARE directions are asked on a side."""

ENTRIES = 20_000_000
"""Largest tensor, in entries, that one batch of initialisations may need."""


def engine_for(claim: Claim, configuration: Configuration, wanted: Wanted) -> Engine:
    """The engine of one configuration: what is wanted, unless the claim has an obstacle or there is nothing to defer.

    With `auto`, the deferred engine for wide networks of which few directions are asked.
    """
    c = configuration
    if wanted == "dense" or claim.engine_obstacle or claim.setting.hidden_layers(c.L) == 1:
        return "dense"
    worthwhile = c.m >= WIDE and directions(claim, c) < c.m / SHARE
    return "deferred" if wanted == "deferred" or worthwhile else "dense"


def directions(claim: Claim, configuration: Configuration) -> int:
    """About how many directions a matrix is asked for, both sides together, while a claim is measured.

    A forward and a backward pass ask n (1 + k); each recipe leads to two networks. Runs of unknown length count as one.
    """
    c, hidden = configuration, claim.setting.hidden_layers(configuration.L)
    passes = c.n * (1 + c.k)
    steps = STEPS if c.m <= spectra.WIDE else WIDE_STEPS
    total = passes
    for recipe in claim.aims(hidden, c.n, c.k):
        attack = ATTACKS[recipe.attack]
        total += 2 * passes + attack.iterations * steps * c.n + attack.directions
    return min(total, 2 * c.m * c.ratio)


def batch(claim: Claim, configuration: Configuration, engine: Engine) -> int:
    """How many initialisations are measured side by side."""
    c = configuration
    width = c.m * c.ratio
    between = claim.setting.hidden_layers(c.L) > 1
    columns = (width if engine == "dense" else 2 * directions(claim, c)) if between else 1
    return max(1, ENTRIES // (width * max(c.d, c.n * 4, columns)))


def needed_bytes(job: "Job", claim: Claim) -> int:
    """About how much memory a batch of the job takes up: matrices, the largest of them twice, and passes."""
    c, dtype = job.configuration, getattr(torch, job.dtype)
    shapes = c.shapes(claim.setting)
    side_by_side = min(batch(claim, c, job.engine), job.initialisations)
    deferred = [shape for shape in shapes[1:] if job.engine == "deferred"]
    stored = [out * into * dtype.itemsize for out, into in shapes if (out, into) not in deferred]
    held = [held_bytes(shape, directions(claim, c), 1, dtype) for shape in deferred]
    passes = 8 * c.n * (1 + c.k) * sum(out for out, _ in shapes) * dtype.itemsize
    return side_by_side * (sum(stored) + sum(held) + max(stored + held) + passes)


def processes(work: Collection["Job"], claims: dict[str, Claim], wanted: int) -> int:
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
