"""Which configurations an audit measures, and how many initialisations each gets."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from lemmata.audit.plan import problems
from lemmata.audit.plan.samples import SHARE, members, redrawn, spread
from lemmata.claims.beside import at_home
from lemmata.claims.claim import Claim
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.domain import Domain
from lemmata.claims.problem import Problem
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

SHRINKING = (1, 2, 3)
"""Depths along which the radius falls like a high power of the depth: at the next one hardly a unit flips any more."""

COORDINATE = 0.3
"""μ of generated inputs, where the setting fixes a coordinate."""


DEFAULT = Configuration()

OPTIONS = {"widths": "m", "depths": "L", "samples": "n", "radii": "tau"}
"""What the lists of sizes are of."""


class Point(NamedTuple):
    """One configuration, and the number of independent initialisations measured there.

    Attributes:
        further: data sets beside the first.
        each: initialisations on each of them.
    """

    configuration: Any
    initialisations: int
    further: int = 0
    each: int = 0


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Sizes that a user asks for; an empty list leaves the default lines.

    Of data that are not generated, `dimension`, `outputs` and `rows` are d, k and how many examples there are.
    """

    widths: Sequence[int] = ()
    depths: Sequence[int] = ()
    radii: Sequence[float] = ()
    samples: Sequence[int] = ()
    initialisations: int | None = None
    delta: float = 0.05
    data: str = "sphere"
    dimension: int = Configuration.d
    outputs: int = Configuration.k
    rows: int | None = None

    @property
    def given(self) -> bool:
        """Whether any list was given."""
        return bool(self.widths or self.depths or self.radii or self.samples)


def points(claim: Claim, sizes: Sizes) -> list[Point]:
    """The claim's configurations: the product of the lists given, or one line per parameter.

    The lines reach far where that is cheap: a one-layer network has only m · d weights. None leaves the domain.
    """
    if claim.problem is not None:
        with at_home(claim.id):
            return _of_problem(claim, claim.problem, sizes)
    given = {} if own_data(claim, sizes) else {"d": sizes.dimension, "k": sizes.outputs, "data": sizes.data}
    base = _of(claim, n=1, delta=sizes.delta, **given)
    chosen = _product(claim, base, sizes) if sizes.given else _lines(claim, base)
    if given and sizes.rows is not None:
        chosen = [_on_given(claim, c, sizes) for c in chosen]
        chosen = [c for c in chosen if claim.domain.contains(c)]
    chosen = [c for c in chosen if claim.speaks_of(c)]
    several = redrawn(claim, chosen)
    found = []
    for c in dict.fromkeys(chosen):
        count = sizes.initialisations or _initialisations(claim, c)
        found.append(Point(c, count, *(spread(count) if c in several else ())))
    return found


def _of_problem(claim: Claim, problem: Problem, sizes: Sizes) -> list[Point]:
    """The same of a problem of one's own; of the lists given, those of letters that it has."""
    chosen = problems.places(problem, sizes.delta, _asked(problem, sizes))
    several = redrawn(claim, chosen)
    found = []
    for p in chosen:
        count = sizes.initialisations or problems.draws(claim, problem, p)
        found.append(Point(p, count, *(spread(count) if p in several else ())))
    return found


def _asked(problem: Problem, sizes: Sizes) -> dict[str, list[int | float]]:
    """The lists given of letters that the problem has, without what is outside of their ranges."""
    return {
        name: [size for size in getattr(sizes, option) if problem.sizes[name].has(size)]
        for option, name in OPTIONS.items()
        if name in problem.sizes and getattr(sizes, option)
    }


def own_data(claim: Claim, sizes: Sizes) -> str:
    """The construction that a claim is measured on in place of the data asked for: its statement's; empty if none.

    A statement is about data of its own where it fixes how they are made, or another number of outputs.
    """
    if claim.problem is not None:
        return "its problem's"
    data = {**claim.domain.first, **claim.plan.start}.get("data", "")
    if data in GENERATED and data != sizes.data:
        return str(data)
    if sizes.data not in GENERATED and claim.domain.fixed.get("k", sizes.outputs) != sizes.outputs:
        return "sphere"
    return ""


def _on_given(claim: Claim, c: Configuration, sizes: Sizes) -> Configuration:
    """The configuration on data that somebody gave: their d and k, at most their rows, nothing of how data are made."""
    made = {name: getattr(DEFAULT, name) for name in ("phi", "mu", "labels", "noise")}
    most = c.n if sizes.rows is None else min(c.n, sizes.rows)
    return replace(c, n=most, d=sizes.dimension, k=sizes.outputs, data=sizes.data, **made)


def corners(claim: Claim) -> list[Configuration]:
    """Narrow networks at the ends of what generated cases draw: where finite sizes make a constant largest.

    The audit's own lines are about large sizes, and need not pass through these.
    """
    if claim.problem is not None:
        return problems.ends(claim.problem)
    domain, lines = claim.domain, claim.plan.lines
    base, (low, high) = replace(_of(claim), m=domain.drawn("m")[0]), domain.drawn("n")
    shallow, deep = domain.drawn("L")
    if not lines:
        base = replace(base, d=8)
    ends: dict[str, Sequence[Any]] = {
        # Widths alternate: of two layers the last is the wide one, of three it is not.
        "L": sorted({shallow, deep, *((2,) if (domain.has("L", 2) and not lines) or shallow <= 2 <= deep else ())}),
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
    return [corner for corner in dict.fromkeys(one_width) if claim.speaks_of(corner) and _exists(claim, corner)]


def _radii(claim: Claim, base: Configuration) -> list[float]:
    """From where few units flip, each of which matters, to the largest; and what a claim's own lines begin with."""
    if not claim.balls:
        return [base.tau]
    low, high = claim.domain.drawn("tau")
    few = min(max(float(f"{flipping_radius(FEWEST, base.m):.3g}"), low), high)
    return sorted({few, high, *((low,) if claim.plan.lines else ())})


def small(claim: Claim) -> list[Configuration]:
    """Small networks of the claim's domain, for a claim whose constant no configuration has decided."""
    if claim.plan.lines or claim.problem is not None:
        return corners(claim)
    base = _of(claim, m=64, n=3)
    larger = claim.domain.nearest(replace(base, L=base.L + 2, tau=0.1))
    return [c for c in dict.fromkeys([base, larger]) if claim.speaks_of(c)]


def _of(claim: Claim, **sizes: Any) -> Configuration:
    """A configuration of the claim's setting, with what the statement fixes and the plan starts from."""
    mu = COORDINATE if claim.setting.fixed_coordinate and sizes.get("data", "sphere") in GENERATED else None
    return claim.plan.base(claim.domain, mu=mu, **sizes)


def _exists(claim: Claim, c: Configuration) -> bool:
    """Whether data of these sizes exist: the ends of two lines need not fit together."""
    options = {"n": c.n, "d": c.d, "phi": c.phi, "mu": c.mu, "k": c.k, "labels": c.labels, "noise": c.noise}
    try:
        generate(c.data, setting=claim.setting, rng=generator(stream(0)), **options)  # type: ignore[arg-type]
    except ValueError:
        return False
    return True


def skipped(claim: Claim, sizes: Sizes) -> dict[str, list[float]]:
    """By option, the sizes asked for at which the claim is not measured: it says nothing there, or has no network."""
    left_out: dict[str, list[float]] = {}
    for option, name in OPTIONS.items():
        if claim.problem is not None and name not in claim.problem.sizes:
            continue
        measured = claim.sides[0].measured and (name != "tau" or claim.balls or claim.problem is not None)
        asked = getattr(sizes, option) if measured else ()
        outside = [size for size in asked if not _says(claim, name, size)]
        if outside:
            left_out[option] = outside
    return left_out


def _says(claim: Claim, name: str, size: float) -> bool:
    if claim.problem is not None:
        return claim.problem.sizes[name].has(size)
    if name == "m" and not claim.setting.has_width(int(size)):
        return False
    return claim.domain.has(name, size) and not (name == "L" and claim.setting.hidden_layers(int(size)) < 1)


def _product(claim: Claim, base: Configuration, sizes: Sizes) -> list[Configuration]:
    """The product of the lists, each without what is skipped."""
    usual = replace(
        base, m=claim.start.get("m", 1024), n=claim.start.get("n", 2), tau=0.01 if claim.balls else base.tau
    )
    usual, left_out = claim.domain.nearest(usual), skipped(claim, sizes)
    values = {
        name: [size for size in getattr(sizes, option) if size not in left_out.get(option, ())]
        if getattr(sizes, option) and (name != "tau" or claim.balls)
        else [getattr(usual, name)]
        for option, name in OPTIONS.items()
    }
    return [replace(base, **dict(zip(values, chosen, strict=True))) for chosen in itertools.product(*values.values())]


def _lines(claim: Claim, base: Configuration) -> list[Configuration]:
    """The plan's lines, or one per parameter from the sizes that the audit starts at, moved into the domain."""
    domain = claim.domain
    if claim.plan.lines:
        return [c for name in claim.plan.lines for c in claim.plan.line(name, domain, base)]
    first = domain.drawn("L")[0]
    if claim.judged == "mean" or (claim.judged in ("identity", "violations") and not claim.probability):
        n = claim.start.get("n", 3)
        return [domain.nearest(replace(base, m=m, L=L + first - 1, n=n)) for m, L in ((64, 1), (64, 3), (256, 2))]

    def line(start: Configuration, **values: Sequence[Any]) -> list[Configuration]:
        return [replace(domain.nearest(start), **{name: value}) for name in values for value in values[name]]

    shallow, top = claim.setting.hidden_layers(first), claim.setting.depth(0)
    # One layer has m · d weights: as wide as that allows, and as a power of two.
    widest = 2 ** int(math.log2(min(131_072, WEIGHTS // base.d)))
    wide, low = (widest, base) if shallow == 1 else (2048, replace(base, L=shallow + top))
    if not claim.balls:
        base = low = replace(base, n=max(4, base.n))
    # Attacks that meet the matrices many times have narrower depth lines.
    cheap = not any(ATTACKS[attack].expensive for attack in claim.attacks)
    depths = 1024 if claim.balls and cheap else 512
    lines = line(low, m=_widths(domain, wide))
    if domain.has("L", 2 + top):
        widths = (128, 256, 512, *((1024, 2048) if cheap and shallow > 1 else ()))
        lines += line(replace(base, L=2 + top), m=[m for m in widths if domain.has("m", m)])
    moving = claim.coupled("L").get("tau")
    layers = SHRINKING if moving else (1, 2, 4, 6) if shallow == 1 else (2, 4, 8)
    if layers[-1] > SHRINKING[-1] and not cheap:
        depths //= 2
    deep = line(replace(base, m=depths), L=_inside(domain, "L", [L + top for L in layers]))
    lines += [domain.nearest(replace(c, tau=moving.at(c))) for c in deep] if moving else deep
    # Data are redrawn along the line of n, so that its networks are narrow.
    lines += line(replace(low, m=512 if shallow == 1 else 256), n=_inside(domain, "n", (1, 2, 4, 8, 16)))
    if claim.balls:
        radii = _inside(domain, "tau", (0.001, 0.00316, 0.01, 0.0316, 0.1))
        lines += line(replace(low, m=wide // 2), tau=radii)
    return lines


def _inside(domain: Domain, name: str, usual: Sequence[float]) -> list[float]:
    """The usual values that the domain has; where fewer than two are left, also where it begins, and twice that."""
    left = [value for value in usual if domain.has(name, value)]
    if len(left) > 1:
        return left
    low, high = domain.ends(name)
    return sorted({*left, *((low, min(2 * low, high)) if math.isfinite(low) else (high,))})


def _widths(domain: Domain, wide: int) -> list[int]:
    """A line from 256, or from an eighth of where the domain ends before `wide`."""
    low, high = domain.ends("m")
    last = int(min(wide, high))
    first = 256 if last == wide else min(256, last // 8)
    return _geometric(int(max(first, low)), int(max(last, low)))


def _geometric(first: int, last: int, count: int = 4) -> list[int]:
    """Even widths from first to last in equal ratios."""
    if last <= first:
        return [last]
    return [2 * round(first * (last / first) ** (step / (count - 1)) / 2) for step in range(count)]


def _initialisations(claim: Claim, c: Configuration) -> int:
    """What the claim asks for; or many where a network is cheap, and where nothing but W⁽⁰⁾ is measured."""
    if "delta" in claim.plan.lines and c.delta != claim.start.get("delta", Configuration.delta):
        return max(LARGE, SHARE * members(1 - c.delta))
    if claim.plan.initialisations is not None:
        return claim.plan.initialisations
    weights = c.m * c.d + c.m**2 * (claim.setting.hidden_layers(c.L) - 1)
    if claim.kind == "RUN":
        return SMALL
    if not claim.balls or weights * c.n <= 12_000:
        return max(SMALL, min(LARGE if claim.margin is None else OF_A_MEAN, 150_000_000 // weights))
    return SMALL if claim.setting.hidden_layers(c.L) > 1 else max(SMALL, min(LARGE, 8_000_000 // (weights * c.n**2)))
