"""Which configurations an audit measures, and how many initialisations each gets."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from lemmata.audit.plan.data_sets import redrawn, spread
from lemmata.claims.claim import Claim
from lemmata.claims.language.configuration import Configuration
from lemmata.model.attacks import ATTACKS
from lemmata.model.data import GENERATED, generate
from lemmata.model.limits import FEWEST, flipping_radius
from lemmata.model.randomness import generator, stream

WEIGHTS = 700_000
"""Weights of the widest one-layer network of the default lines."""

SMALL = 8
LARGE = 64
OF_A_MEAN = 4096
"""Initialisations of an expensive and of a cheap configuration; and of a cheap one where a mean is estimated."""

COORDINATE = 0.3
"""μ of generated inputs, where the setting fixes a coordinate."""


class Point(NamedTuple):
    """One configuration, and the number of independent initialisations measured there.

    Attributes:
        further: data sets beside the first.
        each: initialisations on each of them.
    """

    configuration: Configuration
    initialisations: int
    further: int = 0
    each: int = 0


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Sizes that a user asks for; an empty list leaves the default lines. `dimension` is that of the data."""

    widths: Sequence[int] = ()
    depths: Sequence[int] = ()
    radii: Sequence[float] = ()
    samples: Sequence[int] = ()
    initialisations: int | None = None
    delta: float = 0.05
    data: str = "sphere"
    dimension: int = Configuration.d

    @property
    def given(self) -> bool:
        """Whether any list was given."""
        return bool(self.widths or self.depths or self.radii or self.samples)


def points(claim: Claim, sizes: Sizes) -> list[Point]:
    """The claim's configurations: the product of the lists given, or one line per parameter.

    The lines reach far where that is cheap: a one-layer network has only m · d weights.
    """
    base = _of(claim, n=1, d=sizes.dimension, delta=sizes.delta, data=sizes.data)
    chosen = _product(claim, base, sizes) if sizes.given else _lines(claim, base)
    several = redrawn(claim, chosen)
    found = []
    for c in dict.fromkeys(chosen):
        count = sizes.initialisations or _initialisations(claim, c)
        found.append(Point(c, count, *(spread(count) if c in several else ())))
    return found


def corners(claim: Claim) -> list[Configuration]:
    """Narrow networks at the ends of what generated cases draw: where finite sizes make a constant largest.

    The audit's own lines are about large sizes, and need not pass through these.
    """
    domain, lines, base = claim.domain, claim.plan.lines, replace(_of(claim), m=claim.domain.m[0])
    low, high = domain.n
    if not lines:
        base = replace(base, d=8)
    ends: dict[str, Sequence[Any]] = {
        "L": (*domain.L, *(() if lines else (2,))),
        # Alternating labels balance for even n and not for odd n.
        "n": sorted({low, min(low + 1, high), high}),
        "tau": _radii(claim, base),
        "ratio": (domain.fixed["ratio"],) if "ratio" in domain.fixed else (1, 4),
    }
    for name, values in domain.values.items():
        if name not in ends:
            ends[name] = (values[0], values[-1])
    chosen = (replace(base, **dict(zip(ends, values, strict=True))) for values in itertools.product(*ends.values()))
    one_width = (c if claim.setting.hidden_layers(c.L) > 1 else replace(c, ratio=1) for c in chosen)
    return [corner for corner in dict.fromkeys(one_width) if _exists(claim, corner)]


def _radii(claim: Claim, base: Configuration) -> list[float]:
    """From where few units flip, each of which matters, to the largest; and what a claim's own lines begin with."""
    if claim.domain.tau is None:
        return [base.tau]
    low, high = claim.domain.tau
    few = min(max(float(f"{flipping_radius(FEWEST, base.m):.3g}"), low), high)
    return sorted({few, high, *((low,) if claim.plan.lines else ())})


def small(claim: Claim) -> list[Configuration]:
    """Small networks of the claim's domain, for a claim whose constant no configuration has decided."""
    if claim.plan.lines:
        return corners(claim)
    base = _of(claim, m=64, n=3)
    return [base, replace(base, L=base.L + 2, tau=0.1)]


def _of(claim: Claim, **sizes: Any) -> Configuration:
    """A configuration of the claim's setting, with what the statement fixes and the plan starts from."""
    mu = COORDINATE if claim.setting.fixed_coordinate and sizes.get("data", "sphere") in GENERATED else None
    return Configuration(**{"L": claim.domain.L[0], "mu": mu, **sizes, **claim.start})


def _exists(claim: Claim, c: Configuration) -> bool:
    """Whether data of these sizes exist: the ends of two lines need not fit together."""
    options = {"n": c.n, "d": c.d, "phi": c.phi, "mu": c.mu, "k": c.k, "labels": c.labels, "noise": c.noise}
    try:
        generate(c.data, setting=claim.setting, rng=generator(stream(0)), **options)  # type: ignore[arg-type]
    except ValueError:
        return False
    return True


def _product(claim: Claim, base: Configuration, sizes: Sizes) -> list[Configuration]:
    """The product of the lists, without depths at which the claim's setting has no hidden layer."""
    grid = itertools.product(
        sizes.widths or (claim.start.get("m", 1024),),
        sizes.depths or (base.L,),
        sizes.samples or (claim.start.get("n", 2),),
        (sizes.radii or (0.01,)) if claim.balls else (base.tau,),
    )
    return [replace(base, m=m, L=L, n=n, tau=tau) for m, L, n, tau in grid if claim.setting.hidden_layers(L) > 0]


def _lines(claim: Claim, base: Configuration) -> list[Configuration]:
    if claim.plan.lines:
        return [c for name in claim.plan.lines for c in claim.plan.line(name, claim.domain, base)]
    if claim.judged == "mean" or (claim.judged in ("identity", "violations") and not claim.probability):
        shallow = claim.domain.L[0] - 1
        n = claim.start.get("n", 3)
        return [replace(base, m=m, L=L + shallow, n=n) for m, L in ((64, 1), (64, 3), (256, 2))]
    shallow, top = claim.setting.hidden_layers(claim.domain.L[0]), claim.setting.depth(0)
    # One layer has m · d weights: as wide as that allows, and as a power of two.
    widest = 2 ** int(math.log2(min(131_072, WEIGHTS // base.d)))
    wide, line = (widest, base) if shallow == 1 else (2048, replace(base, L=shallow + top))
    if not claim.balls:
        base = line = replace(base, n=4)
    # Attacks that meet the matrices many times have narrower depth lines.
    cheap = not any(ATTACKS[attack].expensive for attack in claim.attacks)
    depths = 1024 if claim.balls and cheap else 512
    lines = [replace(line, m=m) for m in _geometric(256, wide)]
    lines += [replace(base, m=m, L=2 + top) for m in (128, 256, 512, *([1024, 2048] if cheap and shallow > 1 else []))]
    lines += [replace(base, m=depths, L=L + top) for L in ((1, 2, 4, 6) if shallow == 1 else (2, 4, 8))]
    lines += [replace(line, m=1024, n=n) for n in (1, 2, 4, 8, 16)]
    if claim.balls:
        lines += [replace(line, m=wide // 2, tau=tau) for tau in (0.001, 0.00316, 0.01, 0.0316, 0.1)]
    return lines


def _geometric(first: int, last: int, count: int = 4) -> list[int]:
    """Even widths from first to last in equal ratios."""
    if last <= first:
        return [last]
    return [2 * round(first * (last / first) ** (step / (count - 1)) / 2) for step in range(count)]


def _initialisations(claim: Claim, c: Configuration) -> int:
    """What the claim asks for; or many where a network is cheap, and where nothing but W⁽⁰⁾ is measured."""
    if claim.plan.initialisations is not None:
        return claim.plan.initialisations
    weights = c.m * c.d + c.m**2 * (claim.setting.hidden_layers(c.L) - 1)
    if claim.kind == "RUN":
        return SMALL
    if not claim.balls or weights * c.n <= 12_000:
        return max(SMALL, min(LARGE if claim.margin is None else OF_A_MEAN, 150_000_000 // weights))
    return SMALL if claim.setting.hidden_layers(c.L) > 1 else max(SMALL, min(LARGE, 16_000_000 // (weights * c.n**2)))
