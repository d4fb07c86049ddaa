"""An audit at a glance: which exponents are as claimed, which bounds are tight, what fell."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from lemmata.audit.show.figures import MARKS, Axis, number_on_axis, svg
from lemmata.audit.show.tables import SYMBOLS, exponent, symbol

Claim = dict[str, Any]

CLOSE = 0.1
"""By how much a measured exponent, or the log10 of a share, may differ from the claimed one and count as the same."""

REACHED = {"stated": "paper's constant", "certificate": "certificate"}
"""What a ratio is held against, as a row of the picture."""


@dataclass(frozen=True)
class Dot:
    """A mark of a strip: where it is, what it says, and the claim that it leads to."""

    row: str
    value: float
    words: str
    claim: str
    verdict: str
    expected: bool
    faint: bool = False


def exponents(claims: dict[str, Claim]) -> list[Dot]:
    """Of every exponent by how much it exceeds the claimed one, in the direction that breaks the claim."""
    dots = []
    for id, claim in claims.items():
        for name, found in claim["exponents"].items():
            words = f"{short(id)}: {exponent(name, found['slope'], found['exact'], found['decides'])}"
            dots.append(_dot(name, found["excess"], words, id, claim, faint=not found["decides"]))
    return dots


def bounds(claims: dict[str, Claim]) -> list[Dot]:
    """How much of what is known to bound a ratio is reached: 1 is all of it, more is too much, as log10."""
    dots = []
    for id, claim in claims.items():
        constant = claim["constant"]
        for name, row in REACHED.items():
            reached = constant["attack"] if name == "certificate" else constant["estimate"]
            known = constant[name]
            if not (reached and known and reached > 0 and known > 0):
                continue
            over = math.log10(reached) - math.log10(known)
            beyond = -over if claim["about"]["bound"] == "lower" else over
            words = f"{short(id)}: {reached:.3g} where the {row} is {known:.3g}"
            dots.append(_dot(row, beyond, words, id, claim))
    return dots


def fallen(claims: dict[str, Claim]) -> list[str]:
    """The claims that are refuted."""
    return [id for id, claim in claims.items() if claim["verdict"] == "refuted"]


def counts(dots: Sequence[Dot]) -> dict[str, int]:
    """How many of those that decide are within `CLOSE` of 0, below, and above, and how many of these fell."""
    telling = [dot for dot in dots if not dot.faint]
    above = [dot for dot in telling if dot.value > CLOSE]
    below = sum(dot.value < -CLOSE for dot in telling)
    fell = sum(dot.verdict == "refuted" for dot in above)
    return {
        "all": len(telling),
        "close": len(telling) - below - len(above),
        "below": below,
        "above": len(above),
        "fell": fell,
    }


def short(id: str) -> str:
    """A claim's id without its paper."""
    return id.partition("/")[2] or id


def _dot(row: str, value: float, words: str, id: str, claim: Claim, *, faint: bool = False) -> Dot:
    return Dot(row, value, words, id, claim["verdict"], claim["verdict"] == claim["expected"], faint)


WIDTH, LEFT, RIGHT, TOP, BOTTOM = 508, 118, 14, 22, 38
ASIDE, ABOVE = 7, 6
"""Pixels of a strip, and between the middles of dots that would lie on each other."""

ENDS = (-2.0, 1.0)
"""What a strip shows at most; dots beyond stand at its ends."""


def grouped(dots: Sequence[Dot]) -> dict[str, list[Dot]]:
    """The dots by row, from the least, the papers' parameters first."""
    order = dict.fromkeys([*SYMBOLS, *(dot.row for dot in dots)])
    rows = {row: sorted((dot for dot in dots if dot.row == row), key=lambda dot: dot.value) for row in order}
    return {row: of for row, of in rows.items() if of}


def strips(dots: Sequence[Dot], words: str, below: str, ticks: Callable[[int], str], link: Callable[[str], str]) -> str:
    """A row of dots per group on one axis, those within `CLOSE` of 0 in a band of their own; empty without dots."""
    if not dots:
        return ""
    shown = [min(max(dot.value, ENDS[0]), ENDS[1]) for dot in dots]
    low = min(-1.0, *map(math.floor, shown))
    high = max(0.5, *(math.ceil(2 * value) / 2 for value in shown))

    def x(value: float) -> float:
        inside = min(max(value, low), high)
        return round(LEFT + (inside - low) / (high - low) * (WIDTH - LEFT - RIGHT), 2)

    at, drawn = TOP, []
    for row, of in grouped(dots).items():
        levels = _levels([x(dot.value) for dot in of])
        height = ABOVE * max(levels) + 18
        drawn.append(f'<path class="rule" d="M{LEFT} {at + height}H{WIDTH - RIGHT}"/>')
        drawn.append(f'<text x="{LEFT - 8}" y="{at + height - 7}" text-anchor="end">{escape(symbol(row))}</text>')
        for dot, level in zip(of, levels, strict=True):
            drawn.append(_drawn(dot, x(dot.value), at + height - 8 - ABOVE * level, link))
        at += height
    whole = range(math.ceil(low), math.floor(high) + 1)
    zones = [
        f'<rect class="close" x="{x(-CLOSE)}" y="{TOP}" width="{x(CLOSE) - x(-CLOSE):.2f}" height="{at - TOP}"/>',
        f'<rect class="broken" x="{x(CLOSE)}" y="{TOP}" width="{x(high) - x(CLOSE):.2f}" height="{at - TOP}"/>',
        *(f'<path class="rule" d="M{x(value)} {TOP}V{at}"/>' for value in whole),
        *(f'<text x="{x(value)}" y="{at + 14}" text-anchor="middle">{ticks(value)}</text>' for value in whole),
        f'<text x="{x(-CLOSE) - 6}" y="{TOP - 8}" text-anchor="end">room to spare</text>',
        f'<text x="{x(CLOSE) + 6}" y="{TOP - 8}">more</text>',
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{at + 31}" text-anchor="middle">{escape(below)}</text>',
    ]
    return svg(WIDTH, at + BOTTOM, words, [*zones, *drawn], group="group")


def _levels(at: Sequence[float]) -> list[int]:
    """The least level of each dot, from left to right, on which it touches none before it."""
    ends: list[float] = []
    levels = []
    for x in at:
        level = next((level for level, end in enumerate(ends) if end <= x - ASIDE), len(ends))
        ends[level : level + 1] = [x]
        levels.append(level)
    return levels


def _drawn(dot: Dot, x: float, y: float, link: Callable[[str], str]) -> str:
    shapes = {
        "circle": f'<circle cx="{x}" cy="{y}" r="3.2"/>',
        "diamond": f'<path d="M{x} {y - 4.4:.1f}l4.4 4.4l-4.4 4.4l-4.4 -4.4z"/>',
        "square": f'<path d="M{x - 3.2:.2f} {y - 3.2:.1f}h6.4v6.4h-6.4z"/>',
    }
    name = " ".join(["mark", dot.verdict, *([] if dot.expected else ["unexpected"]), *(["faint"] if dot.faint else [])])
    words = escape(dot.words)
    mark = f'<g class="{name}">{shapes[MARKS[dot.verdict]]}</g>'
    return f'<a href="#{link(dot.claim)}" aria-label="{words}"><title>{words}</title>{mark}</a>'


def bar(claim: Claim) -> str:
    """A claim's constant on an axis of its own, with what is known of it: limit, stated value, attack and certificate.

    Empty where there is nothing to compare it with.
    """
    constant = claim["constant"]
    known = {
        name: constant[name]
        for name in ("attack", "certificate", "limit", "stated")
        if (constant[name] or 0) > 0 and (name != "attack" or constant["certificate"] is not None)
    }
    estimate = constant["estimate"]
    if not (estimate and estimate > 0 and known):
        return ""
    ends = [value for value in (constant["low"], constant["high"]) if value and value > 0]
    x = Axis.over([estimate, *ends, *known.values()], 8, BAR - 8)
    high = x.high if constant["high"] is None else constant["high"]
    words = ", ".join([f"constant {estimate:.3g}", *(f"{name} {value:.3g}" for name, value in known.items())])
    parts = [f'<path class="rule" d="M4 20H{BAR - 4}"/>']
    parts += [
        f'<path class="rule" d="M{x(tick)} 17v6"/><text x="{x(tick)}" y="34" text-anchor="middle">'
        f"{number_on_axis(tick)}</text>"
        for tick in x.sparse(44)
    ]
    if "attack" in known and "certificate" in known:
        left, right = sorted((x(known["attack"]), x(known["certificate"])))
        parts.append(f'<rect class="bracket" x="{left}" y="6" width="{max(right - left, 1):.2f}" height="14"/>')
    parts += [f'<path class="{name}" d="M{x(value)} 3v17"/>' for name, value in known.items()]
    low = constant["low"] if constant["low"] and constant["low"] > 0 else estimate
    parts.append(f'<path class="bar" d="M{x(low)} 13H{x(high)}"/><circle cx="{x(estimate)}" cy="13" r="3.4"/>')
    return svg(BAR, 38, words, parts)


BAR = 250
"""Pixels of a claim's bar."""
