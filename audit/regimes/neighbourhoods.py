"""Lemmas 5.1, 5.2 and B.1 inside their own conditions: the largest radius, and the least width that goes with it."""

import math
from dataclasses import replace
from pathlib import Path

import torch

from lemmata.audit.measure.sweep import realise
from lemmata.audit.plan.engines import directions
from lemmata.audit.regimes.comparison import Comparison, Parameters, Regime
from lemmata.claims.claim import Claim
from lemmata.claims.constants import constant
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.measuring.search import supremum
from lemmata.claims.registry import REGISTRY
from lemmata.model.attacks import ATTACKS
from lemmata.model.deferred import MEMORY_SHARE, available_bytes, held_bytes

LEMMAS = (
    "lemma-5.1a",
    "lemma-5.1b",
    "lemma-5.2a",
    "lemma-5.2b",
    "lemma-B.1-i-weights",
    "lemma-B.1-i-features",
    "lemma-B.1-ii",
    "lemma-B.1-iii",
    "lemma-B.1-iv",
    "lemma-B.1-v",
    "lemma-B.1-vi",
)

DELTA = 0.1
INITIALISATIONS = 2


def lemma(id: str, depth: int, samples: int, state: Path | None = None) -> Regime:
    """A lemma at depth L with n examples on the sphere, and the largest τ that it allows."""
    claim = REGISTRY[id]
    depth = max(depth, claim.domain.drawn("L")[0])

    def run(p: Parameters, seed: int) -> list[Comparison]:
        c = _configuration(p)
        able = _within_memory(claim, c)
        engine = "deferred" if depth > 1 and c.m >= 3000 else "dense"
        found = [
            float(supremum(able, realise(able, c, seed, [i], engine=engine)).ratio[0])  # type: ignore[arg-type]
            for i in range(INITIALISATIONS)
        ]
        left_out = sorted(set(claim.attacks) - set(able.attacks))
        what = "largest left side over right side"
        bound = constant(claim)
        return [
            Comparison(
                what + (f", without {', '.join(left_out)}, which do not fit into memory" if left_out else ""),
                max(found),
                "<=",
                math.inf if bound is None else bound,
                "the audited constant, measured on narrow networks",
            )
        ]

    def memory(p: Parameters) -> float:
        return _bytes(_shallow(claim), _configuration(p))

    return Regime(
        f"{samples} examples on the sphere, the worst weights of the ball that the attacks find, "
        f"{INITIALISATIONS} initialisations",
        {"L": depth, "n": samples, "d": 5, "delta": DELTA},
        claim.preconditions,
        run,
        memory,
    )


def _configuration(p: Parameters) -> Configuration:
    m, L, n, d = (int(p[name]) for name in ("m", "L", "n", "d"))
    return Configuration(m=m, L=L, n=n, d=d, tau=p["tau"], delta=p["delta"])


def _bytes(claim: Claim, c: Configuration) -> float:
    """What one initialisation needs."""
    held = (c.L - 1) * held_bytes((c.m, c.m), directions(claim, c), 1, torch.float64)
    return held + 8 * c.m * (3 * c.d + 12 * c.n * c.L)


def _shallow(claim: Claim) -> Claim:
    """The claim without the attacks that ask for most directions."""
    return replace(claim, attacks=tuple(attack for attack in claim.attacks if not ATTACKS[attack].directions))


def _within_memory(claim: Claim, c: Configuration) -> Claim:
    """The claim with all its attacks, where they fit."""
    fits = _bytes(claim, c) <= MEMORY_SHARE * available_bytes(torch.device("cpu"))
    return claim if fits else _shallow(claim)
