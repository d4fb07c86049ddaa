"""A table on a terminal: what does not fit beside a row stands below it, and nothing is ever cut."""

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions
from rich.text import Text

Cell = str | Text | Sequence[str | Text]
"""What stands in a cell: text, or several items that each stay whole."""

PROSE = 30
"""Columns that a last column needs to wrap where it stands; with fewer left it goes below its row."""

BETWEEN, INDENT, DOT = 2, 4, " · "


class Grid:
    """Rows under column names, the first column a row's name.

    Columns that do not fit the console, from the last one on, are written below each row, every value with its
    column's name; the last column's, the remarks, without. Columns without any value are left out.
    """

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """A row of one cell is a heading."""
        filled = [at for at in range(len(columns)) if any(len(row) > at and len(_text(row[at])) for row in rows)]
        self.columns = [columns[at] for at in filled]
        self.rows = [row if len(row) < len(columns) else [row[at] for at in filled] for row in rows]
        self.remarks = bool(filled) and filled[-1] == len(columns) - 1

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """The lines, at the console's width."""
        widths = [
            max([len(name), *(_text(row[at]).cell_len for row in self.rows if len(row) == len(self.columns))])
            for at, name in enumerate(self.columns)
        ]
        beside = self._beside(widths, options.max_width)
        if self.columns and any(self.columns):
            yield _line([Text(name, style="bold") for name in self.columns[:beside]], widths)
        for row in self.rows:
            if len(row) < len(self.columns):
                yield Text(str(_text(row[0])), style="bold")
                continue
            yield from self._row(row, widths, beside, console, options.max_width)

    def _beside(self, widths: Sequence[int], room: int) -> int:
        """How many columns stand side by side: the last one may wrap where there is room for prose."""
        ends = [sum(widths[: at + 1]) + BETWEEN * at for at in range(len(widths))]
        if self.remarks and len(widths) > 1 and ends[-2] + BETWEEN + min(widths[-1], PROSE) <= room:
            return len(widths)
        return max(1, sum(end <= room for end in ends))

    def _row(
        self, row: Sequence[Cell], widths: Sequence[int], beside: int, console: Console, room: int
    ) -> Iterator[Text]:
        cells = [_text(cell) for cell in row]
        start = sum(widths[: beside - 1]) + BETWEEN * (beside - 1)
        *before, last = cells[:beside]
        pieces = _wrapped(row[beside - 1], max(room - start, 1), console) if beside == len(cells) > 1 else [last]
        yield _line([*before, *pieces[:1]], widths)
        for piece in pieces[1:]:
            yield Text(" " * start).append_text(piece)
        below: list[str | Text] = []
        prose: Cell = ""
        for at in range(beside, len(cells)):
            if at == len(cells) - 1 and self.remarks:
                prose = row[at]
            elif len(cells[at]):
                below.append(Text(f"{self.columns[at]} ").append_text(cells[at]))
        if not isinstance(prose, str | Text):
            below, prose = [*below, *prose], ""
        for part in (below, prose):
            for piece in _wrapped(part, max(room - INDENT, 1), console) if len(_text(part)) else ():
                yield Text(" " * INDENT).append_text(piece)


def _text(cell: Cell) -> Text:
    """A cell on one line."""
    if isinstance(cell, Text):
        return cell
    return Text(cell) if isinstance(cell, str) else Text(DOT).join([_text(item) for item in cell])


def _line(cells: Sequence[Text], widths: Sequence[int]) -> Text:
    """Cells side by side, each as wide as its column."""
    line = Text(no_wrap=True, overflow="fold")
    for cell, width in zip(cells, widths, strict=False):
        line.append_text(cell).append(" " * (width - cell.cell_len + BETWEEN))
    line.rstrip()
    return line


def _wrapped(cell: Cell, room: int, console: Console) -> list[Text]:
    """A cell over lines: text breaks between words, several items between items where they fit."""
    if isinstance(cell, str | Text):
        return list(_text(cell).wrap(console, room)) or [Text()]
    lines: list[Text] = [Text()]
    for item in map(_text, cell):
        if not len(lines[-1]):
            lines[-1] = item.copy()
        elif lines[-1].cell_len + len(DOT) + item.cell_len <= room:
            lines[-1].append(DOT).append_text(item)
        else:
            lines.append(item.copy())
    return [piece for line in lines for piece in line.wrap(console, room)] or [Text()]
