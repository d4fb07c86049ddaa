"""The columns of a factor that grows step by step."""

from torch import Tensor

ROOM = 64  # columns that a growing factor has room for at first; untouched memory costs nothing


class Columns:
    """The columns (S, size, r) of a factor, in a buffer with room for more; they lie one after the other in memory."""

    def __init__(self, columns: Tensor) -> None:
        self._rows, self.rank = columns.mT.contiguous(), columns.shape[-1]

    @property
    def columns(self) -> Tensor:
        """All of them, (S, size, r)."""
        return self._rows[:, : self.rank].mT

    def append(self, columns: Tensor) -> Tensor:
        """All columns, these behind the ones before, which stay where they are for whoever holds them."""
        rank = self.rank + columns.shape[-1]
        if rank > self._rows.shape[1]:
            grown = self._rows.new_empty(len(self._rows), max(rank, 2 * self._rows.shape[1], ROOM), columns.shape[-2])
            grown[:, : self.rank] = self._rows[:, : self.rank]
            self._rows = grown
        self._rows[:, self.rank : rank] = columns.mT
        self.rank = rank
        return self.columns
