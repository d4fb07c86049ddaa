"""What is found per claim: iterable, indexed by claim id, printed as a table, as JSON, as a data frame."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from html import escape
from typing import Any, Generic, Protocol, TypeVar

from rich.console import RenderableType

from lemmata.audit.measure.echo import Read
from lemmata.audit.measure.given import CLOSE
from lemmata.audit.show.tables import finite_throughout, render
from lemmata.claims.case import Case


class Row(Protocol):
    """A record: a dataclass with the id of its claim, whether that says something here, and why not."""

    @property
    def id(self) -> str:
        """Of the claim."""

    @property
    def applicable(self) -> bool:
        """Whether the claim says anything about these data and this setting."""

    @property
    def reason(self) -> str | None:
        """Why not."""


R = TypeVar("R", bound=Row)


class Records(Generic[R]):
    """A record per claim, in the papers' order.

    Attributes:
        setting: id of the setting that the networks are of.
        parameters: m, L, n, d, k, tau, delta, phi of networks and data.
        read: networks and data as they were read, with what looks wrong.
    """

    def __init__(self, records: Sequence[R], case: Case, read: Read) -> None:
        self.setting = case.setting.id
        self.read = read
        self.parameters = {name: case.parameters[name] for name in ("m", "L", "n", "d", "k", "tau", "delta", "phi")}
        self._records = {record.id: record for record in records}

    def __iter__(self) -> Iterator[R]:
        return iter(self._records.values())

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, id: object) -> bool:
        return id in self._records or bool(self._named(id))

    def __getitem__(self, id: str) -> R:
        """The record of a claim, whose id may leave out the paper where that is unambiguous.

        Raises:
            KeyError: if no claim that was measured has this id, or several have.
        """
        return self._records[self._full(id)]

    def __str__(self) -> str:
        return render(*self.tables(), terminal=False)

    def __repr__(self) -> str:
        return f"<{self.title()}; {len(self)} claims>"

    def _full(self, id: str) -> str:
        found = [id] if id in self._records else self._named(id)
        if len(found) != 1:
            raise KeyError(f"{id!r} is ambiguous: {', '.join(found)}" if found else f"{id!r} was not checked")
        return found[0]

    def _named(self, short: object) -> list[str]:
        return [id for id in self._records if id.partition("/")[2] == short]

    def document(self) -> dict[str, Any]:
        """CONTRACT's object of the command."""
        return {"read": finite_throughout(self.read.document()), "claims": by_id(list(self))}

    def _repr_html_(self) -> str:
        """In a notebook."""
        return html(self)

    def frame(self) -> Any:
        """A pandas data frame: a row per claim, indexed by id, a column per field of the records.

        Raises:
            ImportError: if pandas is not installed, which nothing else needs.
        """
        try:
            from pandas import DataFrame
        except ImportError as error:
            raise ImportError("frame() needs pandas, which is not installed: pip install pandas") from error
        return DataFrame([asdict(record) for record in self]).set_index("id")  # type: ignore[call-overload]

    def title(self) -> str:
        """The sizes in one line."""
        sizes = ", ".join(f"{name} = {value:.4g}" for name, value in self.parameters.items())
        dropped, close = self.read.data["dropped"], self.read.data["close"]
        said = f"; {dropped} duplicates dropped" if dropped else ""
        return f"{self.setting}: {sizes}{said}" + (f"; {close} pairs within {CLOSE}" if close else "")

    def tables(self) -> list[RenderableType]:
        """A row for each claim that says something of the networks, and why the others do not."""
        raise NotImplementedError


def by_id(records: Sequence[Row]) -> Any:
    """The records by their claims' ids, for JSON."""
    rows: dict[str, dict[str, Any]] = {record.id: asdict(record) for record in records}  # type: ignore[call-overload]
    return finite_throughout(
        {id: {name: value for name, value in row.items() if name != "id"} for id, row in rows.items()}
    )


def folded(records: Sequence[Row]) -> list[str]:
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


def html(shown: Any) -> str:
    """What is printed, as a notebook shows it, with its picture where it has one."""
    picture = shown.picture() if hasattr(shown, "picture") else ""
    return f"{picture}<pre>{escape(str(shown))}</pre>"
