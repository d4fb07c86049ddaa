"""The checkpoints of a run: how each claim's ratio moves while a network trains."""

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from rich.console import RenderableType

from lemmata.audit.measure.pair import Record
from lemmata.audit.show.checked import Checked, word
from lemmata.audit.show.figures import Axis
from lemmata.audit.show.grid import Cell, Grid
from lemmata.audit.show.records import html
from lemmata.audit.show.tables import number, render, sign

BARS = "▁▂▃▄▅▆▇█"

WIDTH, HEIGHT, ACROSS = 300, 150, 3
"""Of a panel, in pixels, and how many stand side by side."""


class Trajectory(list[Checked]):
    """What `check` finds at each checkpoint of a run, in order: printed as a row per claim, and drawn."""

    def document(self) -> dict[str, Any]:
        """CONTRACT's `check` object of each checkpoint."""
        return {"checkpoints": [checked.document() for checked in self]}

    def __str__(self) -> str:
        return render(*self.tables(), terminal=False)

    def _repr_html_(self) -> str:
        """In a notebook."""
        return html(self)

    def ratios(self) -> dict[str, list[float | None]]:
        """Per claim its ratio at every checkpoint, of the claims that have one at some; of identities the residual."""
        found = {record.id: [_value(checked[record.id]) for checked in self] for record in (self[0] if self else ())}
        return {id: values for id, values in found.items() if any(value is not None for value in values)}

    def tables(self) -> list[RenderableType]:
        """A row per claim: its ratio at the first and at the last checkpoint, the worst and where that is."""
        taus = [checked.parameters["tau"] for checked in self]
        rows: list[list[Cell]] = []
        for id, values in self.ratios().items():
            record = self[0][id]
            shown = [value for value in values if value is not None]
            last = self[-1][id]
            rows.append(
                [
                    id.partition("/")[2],
                    sign(record.bound),
                    word(last),
                    *map(number, (values[0], values[-1], record.audited, min(shown), max(shown))),
                    spark(values),
                ]
            )
        columns = ("claim", "", "at the last", "first", "last", "audited", "least", "largest", "course")
        title = f"{len(self)} checkpoints of {self[0].title()}" if self else "no checkpoint"
        return [title, f"tau: {spark(taus)} {number(taus[0])} to {number(taus[-1])}", Grid(columns, rows)]

    def picture(self) -> str:
        """A panel per claim as SVG: its ratio over the checkpoints on a log axis, the audited constant dashed."""
        panels = [
            panel
            for id, values in self.ratios().items()
            if self[0][id].residual is None and (panel := _panel(self[0][id], values))
        ]
        rows = math.ceil(len(panels) / ACROSS)
        placed = (
            f'<g transform="translate({WIDTH * (at % ACROSS)},{HEIGHT * (at // ACROSS)})">{panel}</g>'
            for at, panel in enumerate(panels)
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH * ACROSS} {HEIGHT * max(rows, 1)}" '
            f'width="{WIDTH * ACROSS}" font-family="sans-serif" font-size="11" role="img" '
            f'aria-label="Ratios of {len(panels)} claims over {len(self)} checkpoints">{"".join(placed)}</svg>\n'
        )


def _value(record: Record) -> float | None:
    return record.ratio if record.residual is None else record.residual


def spark(values: Sequence[float | None]) -> str:
    """The values as a row of bars, from the least to the largest; at most forty of them, evenly spread."""
    step = max(1, math.ceil(len(values) / 40))
    some = list(values)[::step]
    known = [value for value in some if value is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    return "".join(
        " " if value is None else BARS[int((value - low) / span * 7.999) if span > 0 else 0] for value in some
    )


def _panel(record: Record, values: Sequence[float | None]) -> str:
    """Empty where no ratio is positive."""
    points = [(at, value) for at, value in enumerate(values) if value is not None and 0 < value < math.inf]
    if not points:
        return ""
    levels = [value for _, value in points] + ([record.audited] if record.audited else [])
    y = Axis.over(levels, HEIGHT - 22, 22)
    left, right = 46, WIDTH - 14

    def x(at: int) -> float:
        return round(left + (right - left) * at / max(len(values) - 1, 1), 2)

    course = " ".join(f"{x(at)},{y(value)}" for at, value in points)
    dots = "".join(f'<circle cx="{x(at)}" cy="{y(value)}" r="1.8" fill="#0b5394"/>' for at, value in points)
    parts = [
        f'<text x="{left}" y="13" font-weight="bold">{escape(record.id.partition("/")[2])} {sign(record.bound)}</text>',
        f'<rect x="{left}" y="22" width="{right - left}" height="{HEIGHT - 44}" fill="none" stroke="#bbb"/>',
        *(
            f'<text x="{left - 4}" y="{y(tick) + 4}" text-anchor="end" fill="#555">{tick:g}</text>'
            for tick in y.ticks()
            if tick in (y.ticks()[0], y.ticks()[-1])
        ),
        f'<polyline points="{course}" fill="none" stroke="#0b5394" stroke-width="1.5"/>{dots}',
        f'<text x="{right}" y="{HEIGHT - 8}" text-anchor="end" fill="#555">checkpoint {len(values) - 1}</text>',
        f'<text x="{left}" y="{HEIGHT - 8}" fill="#555">0</text>',
    ]
    if record.audited:
        level = y(record.audited)
        beside = level + 12 if level < 40 else level - 3
        parts.append(
            f'<line x1="{left}" x2="{right}" y1="{level}" y2="{level}" stroke="#a61c00" stroke-dasharray="4 3"/>'
            f'<text x="{right - 3}" y="{beside}" text-anchor="end" fill="#a61c00">{record.audited:.3g}</text>'
        )
    return "".join(parts)
