"""Which engine holds a job's random matrices, how many initialisations go side by side, and what they need."""

from typing import Literal

from lemmata.audit.plan.problems import TOGETHER
from lemmata.claims.claim import Claim
from lemmata.claims.language.configuration import Configuration
from lemmata.model import spectra
from lemmata.model.attacks import ATTACKS
from lemmata.model.network import Engine
from lemmata.model.spectra import STEPS, WIDE_STEPS

Wanted = Literal["dense", "deferred", "auto"]

WIDE = 3000
"""Width from which `auto` defers; below it drawing a matrix costs less than the book-keeping."""

SHARE = 4
"""`auto` defers while fewer than m / SHARE directions are asked on a side."""

ENTRIES = 20_000_000
"""Largest tensor, in entries, that one batch of initialisations may need."""

CACHED = 512
"""Units per layer of all initialisations with samples of their own: their features of 500 fresh examples stay in a
cache. Eight networks of 64 units take half of the time side by side, two of 512 take twice as long."""


def engine_for(claim: Claim, configuration: Configuration, wanted: Wanted) -> Engine:
    """The engine of one configuration: what is wanted, unless the claim has an obstacle or there is nothing to defer.

    With `auto`, the deferred engine for wide networks of which few directions are asked.
    """
    if claim.problem is not None:
        return "dense"
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


def batch(claim: Claim, configuration: Configuration, engine: Engine, device: str = "cpu") -> int:
    """How many initialisations are measured side by side."""
    if claim.problem is not None:
        return TOGETHER
    c = configuration
    width = c.m * c.ratio
    between = claim.setting.hidden_layers(c.L) > 1
    columns = (width if engine == "dense" else 2 * directions(claim, c)) if between else 1
    most = ENTRIES // (width * max(c.d, c.n * 4, columns))
    if claim.resampled and device == "cpu":
        most = min(most, CACHED // width)
    return max(1, most)
