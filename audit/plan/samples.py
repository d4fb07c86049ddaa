"""How many initialisations follow a quantile, and on how many data sets: "for all data" means data redrawn.

Along a line of a parameter that decides the data, every size has other data, and with one data set per size their noise
is taken for growth. So there each size has several, nested: the data sets are what is independent, and each further one
has a few initialisations of its own. Along other lines the data stay as they are: the first data set of every size.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lemmata.claims.claim import Claim
from lemmata.claims.language.configuration import Configuration
from lemmata.model.randomness import stream

MANY, FEW = 16, 8
"""Data sets where networks are cheap, and where they are not: their number decides the width of Student's interval,
which at the error rate of a refutation is 5 standard errors with 16 and 8 with 8."""

CHEAP = 64
"""Initialisations of a configuration that is cheap."""

EACH = 13
"""Initialisations per data set where they are cheap: the median of the worst of 13 is the 95 % quantile."""

SHARE = 4
"""Initialisations per member of the groups whose worst is taken: with fewer, the jackknife does not know its error."""


def members(level: float) -> int:
    """How many initialisations it takes for the median of their worst to be a quantile above one half."""
    return max(1, round(math.log(0.5) / math.log(level)))


def redrawn(claim: Claim, chosen: Sequence[Configuration]) -> set[Configuration]:
    """The configurations along lines of parameters that decide the data.

    None for an identity or a stated constant, where one case that breaks it is enough, nor where every initialisation
    has a sample of its own.
    """
    if claim.judged != "growth" or claim.resampled:
        return set()
    found: set[Configuration] = set()
    for name in (name for name, letter in claim.letters.items() if letter.of_data):
        lines: dict[Configuration, list[Configuration]] = defaultdict(list)
        aside: dict[str, Any] = dict.fromkeys((name, *claim.coupled(name)))
        for c in chosen:
            lines[replace(c, **aside)].append(c)
        for line in lines.values():
            if len({getattr(c, name) for c in line}) > 1:
                found.update(line)
    return found


def spread(initialisations: int) -> tuple[int, int]:
    """How many further data sets there are, and how many initialisations each of them gets."""
    if initialisations >= CHEAP:
        return MANY - 1, max(EACH, math.ceil(initialisations / MANY))
    return FEW - 1, math.ceil(initialisations / FEW)


def seeds(seed: int, further: int) -> list[int]:
    """Of the further data sets; the first has the run's own."""
    return [int(stream(seed, "data set", number).generate_state(1)[0]) for number in range(1, further + 1)]
