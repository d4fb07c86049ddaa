"""The worst weights round a network, claim by claim, as a table and as files."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.console import RenderableType
from torch import Tensor

from lemmata.audit.measure.around import Place, Searched
from lemmata.audit.measure.echo import Read
from lemmata.audit.measure.files import writable, write_whole
from lemmata.audit.show.grid import Grid
from lemmata.audit.show.records import Records, folded
from lemmata.audit.show.tables import number, sign
from lemmata.claims import REGISTRY
from lemmata.claims.case import Case
from lemmata.claims.claim import Claim


class Found(Records[Searched]):
    """A record per claim, in the papers' order: iterable, indexed by claim id, printed as a table."""

    def __init__(self, records: Sequence[Searched], case: Case, read: Read, places: Mapping[str, Place]) -> None:
        super().__init__(records, case, read)
        self._places = places
        self._stored = [f"W{number}" for number in range(1, len(read.layers) + 1)]
        if not case.setting.trains_output:
            self._stored[-1] = "V"

    def weights(self, id: str) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """All matrices at W̃ and at Ŵ, where the worst of a claim was found, by the names that the network has.

        Raises:
            KeyError: if nothing was found for this claim.
        """
        names = [layer.name for layer in self.read.layers]
        tilde, hat = self._places[self._full(id)]
        return dict(zip(names, tilde, strict=True)), dict(zip(names, hat, strict=True))

    def save(self, folder: Path) -> None:
        """Each claim's W̃ and Ŵ as `CLAIM.tilde.npz` and `CLAIM.hat.npz`, files of weights that `check` reads.

        The folder is made where it is not there.

        Raises:
            UserError: if they cannot be written.
        """
        writable(folder)
        for id, place in self._places.items():
            for name, matrices in zip(saved(REGISTRY[id]), place, strict=True):
                save_tensors(folder / name, dict(zip(self._stored, matrices, strict=True)))

    def tables(self) -> list[RenderableType]:
        """A row for each claim that says something of all weights near these, and why the others do not."""
        return [self.title(), *rows(list(self))]


def saved(claim: Claim) -> list[str]:
    """The files that the worst of a claim is stored in: W̃ and Ŵ, or the point of a lemma of one's own."""
    name = claim.id.partition("/")[2]
    if claim.problem is not None:
        return [f"{name}.npz"]
    return [f"{name}.tilde.npz", f"{name}.hat.npz"] if claim.balls else []


def rows(records: Sequence[Searched]) -> list[RenderableType]:
    """A row for each claim that is about a ball, and why the others are not."""
    measured = [record for record in records if record.applicable]
    table: list[RenderableType] = [Grid(COLUMNS, [_cells(record) for record in measured]), LEGEND] if measured else []
    replays = [record.replay for record in measured if record.replay]
    return [*table, *replays, *folded([record for record in records if not record.applicable])]


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """The tensors by their names, as .npz.

    Raises:
        UserError: if they cannot be written.
    """
    stored = io.BytesIO()
    np.savez(stored, **{name: x.numpy() for name, x in tensors.items()})  # type: ignore[arg-type, unused-ignore]  # numpy 2's allow_pickle
    write_whole(path, stored.getvalue())


COLUMNS = ("claim", "", "attack", "certificate", "constant", "searched", "seconds", "recipe", "worst", "remark")

LEGEND = (
    "attack: the worst lhs / rhs that was found in the ball; certificate: what none of its weights can pass; constant: "
    "stated by the paper, or found enough by audits; certified: none can pass it; not passed: none found does. "
    "A recipe is attack@layer.example.output, ^ steps of ascent."
)


def _cells(record: Searched) -> list[str]:
    worst = (f"{axis} {at}" for axis, at in (record.worst or {}).items() if axis != "output" or at)
    said = [record.word, record.reason or "", record.stopped if record.stopped and "takes" in record.stopped else ""]
    return [
        record.id.partition("/")[2],
        sign(REGISTRY[record.id].bound),
        *(number(value) for value in (record.attack, record.certificate, record.constant)),
        record.searched or "",
        f"{record.seconds:.1f}",
        record.recipe or "",
        " ".join(worst),
        ", ".join(part for part in said if part),
    ]
