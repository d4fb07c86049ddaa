"""What the claims say of a pair of networks: as a table, as JSON, as a data frame."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from html import escape
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from lemmata.audit.measure.echo import Read
from lemmata.audit.measure.given import CLOSE
from lemmata.audit.measure.pair import Record
from lemmata.audit.show.grid import Cell, Grid
from lemmata.audit.show.tables import finite_throughout, number, render, sign
from lemmata.claims.case import Case


class Checked:
    """A record per claim, in the papers' order: iterable, indexed by claim id, printed as a table.

    Attributes:
        setting: id of the setting that the networks are of.
        parameters: m, L, n, d, k, tau, delta, phi of networks and data.
        read: networks and data as they were read, with what looks wrong.
    """

    def __init__(self, records: Sequence[Record], case: Case, read: Read) -> None:
        self.setting = case.setting.id
        self.read = read
        self.parameters = {name: case.parameters[name] for name in ("m", "L", "n", "d", "k", "tau", "delta", "phi")}
        self._records = {record.id: record for record in records}

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, id: object) -> bool:
        return id in self._records or bool(self._named(id))

    def __getitem__(self, id: str) -> Record:
        """The record of a claim, whose id may leave out the paper where that is unambiguous.

        Raises:
            KeyError: if no claim that was checked has this id, or several have.
        """
        found = [id] if id in self._records else self._named(id)
        if len(found) != 1:
            raise KeyError(f"{id!r} is ambiguous: {', '.join(found)}" if found else f"{id!r} was not checked")
        return self._records[found[0]]

    def __str__(self) -> str:
        return render(*self.tables(), terminal=False)

    def __repr__(self) -> str:
        return f"<{self.title()}; {len(self)} claims>"

    def _named(self, short: object) -> list[str]:
        return [id for id in self._records if id.partition("/")[2] == short]

    def document(self) -> dict[str, Any]:
        """CONTRACT's `check` object."""
        records = {record.id: asdict(record) for record in self}
        claims = {id: {name: value for name, value in row.items() if name != "id"} for id, row in records.items()}
        return {"read": finite_throughout(self.read.document()), "claims": finite_throughout(claims)}

    def _repr_html_(self) -> str:
        """In a notebook."""
        return html(self)

    def frame(self) -> Any:
        """A pandas data frame: a row per claim, indexed by id, a column per field of `Record`.

        Raises:
            ImportError: if pandas is not installed, which nothing else needs.
        """
        try:
            from pandas import DataFrame
        except ImportError as error:
            raise ImportError("frame() needs pandas, which is not installed: pip install pandas") from error
        return DataFrame([asdict(record) for record in self]).set_index("id")

    def title(self) -> str:
        """The sizes in one line."""
        sizes = ", ".join(f"{name} = {value:.4g}" for name, value in self.parameters.items())
        dropped, close = self.read.data["dropped"], self.read.data["close"]
        said = f"; {dropped} duplicates dropped" if dropped else ""
        return f"{self.setting}: {sizes}{said}" + (f"; {close} pairs within {CLOSE}" if close else "")

    def tables(self) -> list[RenderableType]:
        """A row for each claim that says something of the networks, and why the others do not."""
        measured = [record for record in self if record.applicable]
        parts: list[RenderableType] = [self.title()]
        if measured:
            parts += [Grid(COLUMNS, [_cells(record) for record in measured]), LEGEND]
        return [*parts, *_folded([record for record in self if not record.applicable])]


COLUMNS = ("claim", "", "says", "ratio", "audited", "limit", "lhs / rhs", "worst", "remark")

LEGEND = (
    "ratio: lhs / rhs. ≤: the constant that these networks need; ordinary where the audited one is enough. ≥: the "
    "constant that they allow; ordinary where the audited one is no larger. limit: of the ratio at infinite width. "
    "What a paper leaves to the data (gamma, B) counts as 1, and stands in the remark."
)


def _folded(records: Sequence[Record]) -> list[str]:
    """Why claims say nothing of the networks, one line for each reason."""
    reasons: dict[str, list[str]] = {}
    for record in records:
        reason = "stated for other settings" if "stated for the setting" in (record.reason or "") else record.reason
        reasons.setdefault(reason or "", []).append(record.id.partition("/")[2])
    return [
        f"not applicable, {len(ids)}: {reason}" + (f" ({', '.join(ids)})" if len(ids) <= FEW else "")
        for reason, ids in reasons.items()
    ]


FEW = 4
"""Claims that are named where several are folded into one line."""


def _cells(record: Record) -> list[Cell]:
    numbers = map(number, (record.ratio, record.audited, record.limit))
    sides = "" if record.lhs is None else f"{number(record.lhs)} / {number(record.rhs)}"
    worst = (f"{axis} {at}" for axis, at in (record.worst or {}).items() if axis != "output" or at)
    return [
        record.id.partition("/")[2],
        sign(record.bound),
        word(record),
        *numbers,
        sides,
        " ".join(worst),
        _remark(record),
    ]


def word(record: Record) -> Text:
    """That it holds, or how its ratio compares, in colour."""
    return Text(record.word, WORDS.get(record.word, ""))


WORDS = {"holds": "green", "ordinary": "green", "does not hold": "bold red", "beyond what audits found": "yellow"}


def _remark(record: Record) -> str:
    if record.reason and not record.word:
        return record.reason
    said = []
    if record.residual is not None:
        said.append(f"residual {record.residual:.2g}")
    elif record.reason:
        said.append(record.reason)
    said += [f"{name} {'too dear' if value is None else number(value)}" for name, value in record.beside.items()]
    met = record.preconditions.values()
    return ", ".join([*said, *([f"{sum(met)}/{len(met)} preconditions"] if met else [])])


def html(shown: Any) -> str:
    """What is printed, as a notebook shows it, with its picture where it has one."""
    picture = shown.picture() if hasattr(shown, "picture") else ""
    return f"{picture}<pre>{escape(str(shown))}</pre>"
