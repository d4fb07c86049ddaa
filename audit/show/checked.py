"""What the claims say of a pair of networks: as a table, as JSON, as a data frame."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import RenderableType

from lemmata.audit.measure.given import CLOSE, Loaded
from lemmata.audit.measure.pair import Record
from lemmata.audit.show.tables import finite_throughout, grid, number, render
from lemmata.claims.case import Case
from lemmata.claims.registry import REGISTRY


class Checked:
    """A record per claim, in the papers' order: iterable, indexed by claim id, printed as a table.

    Attributes:
        setting: id of the setting that the networks are of.
        parameters: m, L, n, d, k, tau, delta, phi of networks and data.
    """

    def __init__(self, records: Sequence[Record], case: Case, loaded: Loaded) -> None:
        self.setting = case.setting.id
        self.parameters = {name: case.parameters[name] for name in ("m", "L", "n", "d", "k", "tau", "delta", "phi")}
        self._records = {record.id: record for record in records}
        self._loaded = loaded

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

    def document(self) -> dict[str, dict[str, Any]]:
        """CONTRACT's `check` object."""
        records = {record.id: asdict(record) for record in self}
        return {id: finite_throughout({k: v for k, v in row.items() if k != "id"}) for id, row in records.items()}

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
        dropped = f"; {self._loaded.dropped} duplicates dropped" if self._loaded.dropped else ""
        close = f"; {len(self._loaded.close)} pairs within {CLOSE}" if self._loaded.close else ""
        return f"{self.setting}: {sizes}{dropped}{close}"

    def tables(self) -> list[RenderableType]:
        """The claims of the networks' setting, a row each, and how many others there are."""
        own = [record for record in self if REGISTRY[record.id].setting.id == self.setting]
        columns = ("claim", "lhs", "rhs", "ratio", "worst", "remark")
        parts: list[RenderableType] = [self.title()]
        if own:
            parts.append(grid(columns, [_cells(record) for record in own], wrap=True))
        if len(own) < len(self):
            parts.append(f"{len(self) - len(own)} claims are stated for other settings: not applicable.")
        return parts


def _cells(record: Record) -> list[str]:
    sides = (number(side) for side in (record.lhs, record.rhs, record.ratio))
    worst = (f"{axis} {at}" for axis, at in (record.worst or {}).items() if axis != "output" or at)
    return [record.id.partition("/")[2], *sides, " ".join(worst), _remark(record)]


def _remark(record: Record) -> str:
    if record.reason:
        return record.reason if record.applicable else f"not applicable: {record.reason}"
    if record.residual is not None:
        return f"residual {record.residual:.2g}"
    met = record.preconditions.values()
    return f"{sum(met)}/{len(met)} preconditions" if met else ""
