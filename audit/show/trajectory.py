"""The checkpoints of a run: how each claim's ratio moves while a network trains."""

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from rich.console import RenderableType

from lemmata.audit.measure.echo import Read
from lemmata.audit.measure.pair import Record
from lemmata.audit.show.checked import Checked, word
from lemmata.audit.show.figures import Axis
from lemmata.audit.show.grid import Cell, Grid
from lemmata.audit.show.records import html
from lemmata.audit.show.tables import number, render, sign
from lemmata.claims.case import Case

BARS = "▁▂▃▄▅▆▇█"

LEGEND = (
    "first, last: the ratio lhs / rhs at these checkpoints, with gamma and B as the data have them; of identities the "
    "residual. course: from the least to the largest, of what changes."
)

WIDTH, HEIGHT, ACROSS = 300, 150, 3
"""Of a panel, in pixels, and how many stand side by side."""


class CheckedRun(Checked):
    """A record per claim about runs, measured on all checkpoints together.

    Attributes:
        iterates: of the run, W⁽⁰⁾ first; checkpoints that repeat the one before are none.
        step_size: η, where they are consecutive steps of gradient descent; None where they are not.
        eps: the least error that is reached, E_S or the square loss.
    """

    def __init__(self, records: Sequence[Record], case: Case, read: Read) -> None:
        super().__init__(records, case, read)
        run = case.given_run
        eta = float(run.step_size)
        self.iterates = run.steps + 1
        self.step_size = eta if math.isfinite(eta) else None
        self.eps = case.parameters["eps"]

    def document(self) -> dict[str, Any]:
        """The object of `check`, with what is known of the run in place of what was read."""
        known = {"iterates": self.iterates, "step_size": self.step_size, "eps": self.eps}
        return known | {"claims": super().document()["claims"]}

    def title(self) -> str:
        """What the iterates are."""
        if self.iterates == 1:
            return "the run as a whole: no checkpoint differs from W⁽⁰⁾"
        steps = (
            f"consecutive steps of gradient descent with η = {self.step_size:.4g}"
            if self.step_size is not None
            else "no consecutive steps of gradient descent: what is said of single steps is not measured"
        )
        return f"the run as a whole: {self.iterates} iterates, {steps}; ε = {self.eps:.3g}, the least error reached"


class Trajectory(list[Checked]):
    """What `check` finds at each checkpoint of a run, in order: printed as a row per claim, and drawn.

    Attributes:
        run: what it finds of the run as a whole; None where no claim is about runs.
    """

    def __init__(self, checkpoints: Sequence[Checked], run: CheckedRun | None = None) -> None:
        super().__init__(checkpoints)
        self.run = run

    def document(self) -> dict[str, Any]:
        """CONTRACT's `check` object of each checkpoint, and of the run."""
        whole = {} if self.run is None else {"run": self.run.document()}
        return {"checkpoints": [checked.document() for checked in self], **whole}

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
        """A row per claim: its ratio at the first and at the last checkpoint, and its course between; then the run."""
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
                    *map(number, (values[0], values[-1], record.audited)),
                    [] if constant(values) else [spark(values), f"{min(shown):.4g} to {max(shown):.4g}"],
                ]
            )
        columns = ("claim", "", "at the last", "first", "last", "audited", "course")
        title = f"{len(self)} checkpoints, at the last {self[-1].title()}" if self else "no checkpoint"
        courses = [
            f"{name}: {spark(values)} {number(values[0])} to {number(values[-1])}" for name, values in self.courses()
        ]
        table: list[RenderableType] = [Grid(columns, rows), LEGEND] if rows else []
        return [title, *courses, *table, *(self.run.tables() if self.run else [])]

    def courses(self) -> list[tuple[str, list[float]]]:
        """Of the loss and of the distance from W⁽⁰⁾, a number per checkpoint."""
        every = [checked.courses() for checked in self]
        return [(name, [each[name] for each in every]) for name in (every[0] if every else ())]

    def picture(self) -> str:
        """As SVG a panel for loss, distance and each claim that changes: its ratio over the checkpoints on a log axis,
        with what audits found enough dashed.
        """
        panels = [_panel(name, values) for name, values in self.courses()]
        for id, values in self.ratios().items():
            first = self[0][id]
            if first.residual is None and not (constant(values) and len(self) > 1):
                panels.append(_panel(f"{id.partition('/')[2]} {sign(first.bound)}", values, first.audited))
        panels = [panel for panel in panels if panel]
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
    """What its word is about: with γ and B as the data have them."""
    if record.residual is not None:
        return record.residual
    return next((value for name, value in record.beside.items() if name.startswith("ratio with")), record.ratio)


def spark(values: Sequence[float | None]) -> str:
    """The values as a row of bars, from the least to the largest; at most forty of them, evenly spread."""
    step = max(1, math.ceil(len(values) / 40))
    some = list(values)[::step]
    known = [value for value in some if value is not None]
    if constant(values):
        return "constant" if known else ""
    low, span = min(known), max(known) - min(known)
    return "".join(" " if value is None else BARS[int((value - low) / span * 7.999)] for value in some)


def constant(values: Sequence[float | None]) -> bool:
    """Whether they are one number, to rounding; a statement about W⁽⁰⁾ says the same at every checkpoint."""
    known = [value for value in values if value is not None]
    return len(known) == 0 or max(known) - min(known) <= 1e-9 * max(map(abs, known))


def _panel(title: str, values: Sequence[float | None], audited: float | None = None) -> str:
    """Empty where no value is positive."""
    points = [(at, value) for at, value in enumerate(values) if value is not None and 0 < value < math.inf]
    if not points:
        return ""
    levels = [value for _, value in points] + ([audited] if audited else [])
    y = Axis.over(levels, HEIGHT - 22, 22)
    left, right = 46, WIDTH - 14

    def x(at: int) -> float:
        return round(left + (right - left) * at / max(len(values) - 1, 1), 2)

    course = " ".join(f"{x(at)},{y(value)}" for at, value in points)
    dots = "".join(f'<circle cx="{x(at)}" cy="{y(value)}" r="1.8" fill="#0b5394"/>' for at, value in points)
    parts = [
        f'<text x="{left}" y="13" font-weight="bold">{escape(title)}</text>',
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
    if audited:
        level = y(audited)
        beside = level + 12 if level < 40 else level - 3
        parts.append(
            f'<line x1="{left}" x2="{right}" y1="{level}" y2="{level}" stroke="#a61c00" stroke-dasharray="4 3"/>'
            f'<text x="{right - 3}" y="{beside}" text-anchor="end" fill="#a61c00">{audited:.3g}</text>'
        )
    return "".join(parts)
