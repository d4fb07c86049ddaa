"""What the claims say of a pair of networks, as a table."""

from collections.abc import Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from lemmata.audit.measure.pair import Record
from lemmata.audit.show.grid import Cell, Grid
from lemmata.audit.show.records import Records, by_id, folded
from lemmata.audit.show.tables import number, sign


class Checked(Records[Record]):
    """A record per claim, in the papers' order: iterable, indexed by claim id, printed as a table."""

    def tables(self) -> list[RenderableType]:
        """A row for each claim that says something of the networks, and why the others do not."""
        return [self.title(), *rows(list(self))]

    def courses(self) -> dict[str, float]:
        """What is followed along a run beside the ratios: the loss, and the distance from W⁽⁰⁾."""
        return {"loss": self.read.data["loss"][-1], "tau": self.parameters["tau"]}


class CheckedOwn(Checked):
    """A record per lemma of one's own, on what it loaded; of what that is, no more is known."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = {record.id: record for record in records}

    def document(self) -> dict[str, Any]:
        """The object of `check`, without what was read."""
        return {"claims": by_id(list(self))}

    def title(self) -> str:
        """What they are."""
        return "lemmas of one's own"

    def courses(self) -> dict[str, float]:
        """Nothing."""
        return {}


def rows(records: Sequence[Record]) -> list[RenderableType]:
    """A row for each claim that says something, and why the others do not."""
    measured = [record for record in records if record.applicable]
    table: list[RenderableType] = [Grid(COLUMNS, [_cells(record) for record in measured]), LEGEND] if measured else []
    return [*table, *folded([record for record in records if not record.applicable])]


COLUMNS = ("claim", "", "says", "ratio", "audited", "limit", "lhs / rhs", "worst", "remark")

LEGEND = (
    "ratio: lhs / rhs. ≤: the constant that these networks need; ordinary where the audited one is enough. ≥: the "
    "constant that they allow; ordinary where the audited one is no larger. limit: of the ratio at infinite width. "
    "What a paper leaves to the data (gamma, B) counts as 1, and stands in the remark."
)


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


def _remark(record: Record) -> list[str]:
    if record.reason and not record.word:
        return [record.reason]
    said = []
    if record.residual is not None:
        said.append(f"residual {record.residual:.2g}")
    elif record.reason:
        said.append(record.reason)
    said += [f"{name} {'too dear' if value is None else number(value)}" for name, value in record.beside.items()]
    met = record.preconditions.values()
    return [*said, *([f"{sum(met)}/{len(met)} preconditions"] if met else [])]
