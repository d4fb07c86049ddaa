"""What the claims say of a pair of networks, as a table."""

from rich.console import RenderableType

from lemmata.audit.measure.pair import Record
from lemmata.audit.show.records import Records, folded
from lemmata.audit.show.tables import grid, number


class Checked(Records[Record]):
    """A record per claim, in the papers' order: iterable, indexed by claim id, printed as a table."""

    def tables(self) -> list[RenderableType]:
        """A row for each claim that says something of the networks, and why the others do not."""
        measured = [record for record in self if record.applicable]
        parts: list[RenderableType] = [self.title()]
        if measured:
            parts += [grid(COLUMNS, [_cells(record) for record in measured], wrap=True), LEGEND]
        return [*parts, *folded([record for record in self if not record.applicable])]


COLUMNS = ("claim", "lhs", "rhs", "ratio", "audited", "limit", "worst", "remark")

LEGEND = (
    "ratio: lhs / rhs, the constant that these networks need; audited: the one that audits found enough; limit: at "
    "infinite width. What a paper leaves to the data (gamma, B) counts as 1, and stands in the remark."
)


def _cells(record: Record) -> list[str]:
    sides = (number(side) for side in (record.lhs, record.rhs, record.ratio, record.audited, record.limit))
    worst = (f"{axis} {at}" for axis, at in (record.worst or {}).items() if axis != "output" or at)
    return [record.id.partition("/")[2], *sides, " ".join(worst), _remark(record)]


def _remark(record: Record) -> str:
    if record.reason and not record.word:
        return record.reason
    said = [record.word] if record.word else []
    if record.residual is not None:
        said.append(f"residual {record.residual:.2g}")
    elif record.reason:
        said.append(record.reason)
    said += [f"{name} {'too dear' if value is None else number(value)}" for name, value in record.beside.items()]
    met = record.preconditions.values()
    return ", ".join([*said, *([f"{sum(met)}/{len(met)} preconditions"] if met else [])])
