"""Pictures of an audit as inline SVG, written by hand: they need no script, no network and no colour to be read."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

MARKS = {
    "supported": "circle",
    "refuted": "diamond",
    "inconclusive": "square",
    "vacuous": "square",
    "not-executable": "square",
    "error": "square",
}
"""Verdicts differ in shape, not in colour alone."""


SPAN = 4.0
"""The least factor between the ends of an axis: noise of a few percent should look like that."""


SMALLEST = 1e-290
"""The least number on an axis; its inverse is the largest. There is room beyond for the ends."""


@dataclass(frozen=True)
class Axis:
    """A logarithmic axis from values to pixels.

    Attributes:
        low, high: the values at its ends.
        start, end: their pixels.
    """

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def over(cls, values: Iterable[float], start: float, end: float, room: float = 1.25) -> "Axis":
        """An axis with room around the positive values.

        Raises:
            ValueError: if none is positive and finite.
        """
        usable = [min(max(value, SMALLEST), 1 / SMALLEST) for value in values if value > 0 and math.isfinite(value)]
        if not usable:
            raise ValueError("an axis needs a positive value")
        low, high = min(usable) / room, max(usable) * room
        short = math.sqrt(max(1.0, SPAN / (high / low)))
        return cls(low / short, high * short, start, end)

    def __call__(self, value: float) -> float:
        """The pixel of a value, kept inside the axis."""
        inside = min(max(value, self.low), self.high)
        share = math.log(inside / self.low) / math.log(self.high / self.low)
        return round(self.start + share * (self.end - self.start), 2)

    def ticks(self) -> list[float]:
        """Powers of ten inside; of a short axis 1, 2 and 5 times them, and of a very long one only some."""
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        step = max(1, (last - first) // 6)
        steps = (1.0,) if last - first > 3 else (1.0, 2.0, 5.0)
        found = [10.0**power * k for power in range(first, last + 1, step) for k in steps]
        return [value for value in found if self.low <= value <= self.high]

    def sparse(self, apart: float) -> list[float]:
        """The ticks that are so many pixels apart, for their numbers."""
        found: list[float] = []
        for value in self.ticks():
            if not found or abs(self(value) - self(found[-1])) >= apart:
                found.append(value)
        return found


WIDTH, HEIGHT = 280, 190
LEFT, RIGHT, TOP, BOTTOM = 48, 10, 12, 34


def growth(parameter: str, exponent: dict[str, Any]) -> str:
    """The ratio along one line of sizes on log axes, with the fitted exponent and the claimed one (flat) drawn.

    A ratio that stays flat grows as claimed: its own exponent is the measured minus the claimed one. Empty where
    fewer than two sizes have a positive ratio.
    """
    points = [p for p in exponent["line"] if p["median"] is not None and p["median"] > 0]
    if len(points) < 2:
        return ""
    values = [v for p in points for v in (p["median"], p["low"], p["high"], p["limit"]) if v is not None and v > 0]
    x = Axis.over([p["size"] for p in points], LEFT, WIDTH - RIGHT)
    y = Axis.over(values, HEIGHT - BOTTOM, TOP)
    slope = exponent["slope"] - exponent["claimed"]
    middle = math.exp(sum(math.log(p["median"]) for p in points) / len(points))
    centre = math.exp(sum(math.log(p["size"]) for p in points) / len(points))
    ends = (min(p["size"] for p in points), max(p["size"] for p in points))
    fitted = [(x(size), y(middle * _power(size / centre, slope))) for size in ends]
    flat = [(x(size), y(middle)) for size in ends]
    words = (
        f"Ratio against {parameter}: left-hand side measured to grow like {parameter}^{exponent['slope']:.2f}, "
        f"claimed {parameter}^{exponent['exact']}"
    )
    parts = [
        *_grid(x, y, parameter),
        _line(flat, "claimed"),
        _line(fitted, "fitted"),
        *(_limit(x(p["size"]), y(p["limit"])) for p in points if p["limit"]),
        *(_whisker(x(p["size"]), y, p) for p in points),
    ]
    return svg(WIDTH, HEIGHT, words, parts)


def svg(width: int, height: int, words: str, parts: Iterable[str], group: str = "img") -> str:
    """A picture with its name for those who do not see it."""
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="{group}" '
        f'aria-label="{escape(words)}">{"".join(parts)}</svg>'
    )


def alone(drawn: str, page: str) -> str:
    """A picture of the page as a file of its own, with what the page's style says of pictures."""
    rules = re.findall(r"^(?::root|svg[^{]*) \{[^}]*\}", page, re.MULTILINE)
    opening = '<svg xmlns="http://www.w3.org/2000/svg" '
    return drawn.replace("<svg ", opening, 1).replace(">", f"><style>{' '.join(rules)}</style>", 1) + "\n"


def _grid(x: Axis, y: Axis, parameter: str) -> list[str]:
    parts = _rules(y, LEFT, WIDTH - RIGHT)
    for value in x.sparse(38):
        parts.append(f'<path class="rule" d="M{x(value)} {TOP}V{HEIGHT - BOTTOM}"/>')
        at = f'x="{x(value)}" y="{HEIGHT - BOTTOM + 13}" text-anchor="middle"'
        parts.append(f"<text {at}>{number_on_axis(value)}</text>")
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 4}" text-anchor="middle">{escape(parameter)}</text>'
    )
    return parts


def _rules(y: Axis, left: float, right: float) -> list[str]:
    parts = []
    for value in y.sparse(14):
        parts.append(f'<path class="rule" d="M{left} {y(value)}H{right}"/>')
        parts.append(f'<text x="{left - 5}" y="{y(value) + 3.5}" text-anchor="end">{number_on_axis(value)}</text>')
    return parts


def _line(ends: Sequence[tuple[float, float]], name: str) -> str:
    (x1, y1), (x2, y2) = ends
    return f'<path class="{name}" d="M{x1} {y1}L{x2} {y2}"/>'


def _power(base: float, exponent: float) -> float:
    """base^exponent, kept among the floats."""
    kept = min(max(exponent, -1e6), 1e6)  # an infinite one has no product with log 1
    return math.exp(min(max(kept * math.log(base), -700.0), 700.0))


def _limit(x: float, y: float) -> str:
    return f'<path class="limit" d="M{x - 5} {y}h10"/>'


def _whisker(x: float, y: Axis, point: dict[str, Any]) -> str:
    """The value with its interval; an interval that is open above goes to the top."""
    low = point["low"] if point["low"] and point["low"] > 0 else point["median"]
    high = y.high if point["high"] is None else point["high"]
    bar = f'<path class="bar" d="M{x} {y(low)}V{y(high)}"/>'
    return f'<g class="mark">{bar}<circle cx="{x}" cy="{y(point["median"])}" r="3"/></g>'


def number_on_axis(value: float) -> str:
    """A tick's number, short."""
    if 0.01 <= value < 100_000:
        return f"{value:g}"
    return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
