"""`lemmata regime`: honest points, where a statement's own conditions hold with every hidden constant taken as 1.

Most statements ask for widths that no machine holds. Where one does not, it can be run as stated; where it does, the
width that it asks for is a fact worth printing. A statement is entered in `REGIMES` by its claim's id, and in `SIZED`
where it can be asked at other depths and numbers of examples. The entries stand in the papers' order.
"""

import os
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from lemmata.audit.arguments import Utf8, format_option, id_argument, seed_option
from lemmata.audit.choosing import find
from lemmata.audit.errors import UserError
from lemmata.audit.regimes.comparison import Comparison, Regime, least_width
from lemmata.audit.regimes.entries import REGIMES, SIZED
from lemmata.audit.show.grid import Grid
from lemmata.audit.show.tables import Format, emit


def regime(
    id: str,
    form: Format,
    seed: int,
    *,
    depth: int | None = None,
    samples: int | None = None,
    state: str | None = None,
) -> int:
    """Print where the statement's conditions hold, and what a run there gives if the machine can hold it.

    Args:
        id: of a claim.
        form: table or JSON.
        seed: of the run.
        depth, samples: L and n, of a statement that can be asked at other ones.
        state: a file from which a long run goes on.

    Returns:
        1 if something measured is not as the statement promises.

    Raises:
        UserError: if no sizes are known for the statement.
    """
    claim = find(id)
    if claim.id not in REGIMES:
        raise UserError(f"ID {id!r}: no sizes are known that meet its conditions; known for {', '.join(REGIMES)}")
    entry = _entry(claim.id, depth, samples, state)
    m = least_width(entry)
    p = entry.parameters(m)
    conditions = entry.compared(p)
    needs, has = entry.memory(p), memory_of_machine()
    reachable = needs <= has / 2
    started = time.perf_counter()
    found = entry.run(p, seed) if reachable else []
    seconds = time.perf_counter() - started
    reason = None if reachable else f"needs {needs:.2g} bytes, more than half of the machine's {has:.2g}"
    document = {
        "id": claim.id,
        "setting": entry.setting,
        "parameters": dict(p),
        "m": m,
        "condition": [condition.document() for condition in conditions],
        "reachable": reachable,
        "reason": reason,
        "run": [comparison.document() for comparison in found],
        "seconds": seconds if reachable else None,
        "bytes": peak_memory() if reachable else None,
    }
    emit(form, document, *_tables(document, conditions, found))
    return int(not all(comparison.holds for comparison in found if comparison.promised))


def _entry(id: str, depth: int | None, samples: int | None, state: str | None) -> Regime:
    """The entry of a claim, at other sizes than the usual ones where they are given.

    Raises:
        UserError: if it has none.
    """
    if depth is samples is state is None:
        return REGIMES[id]
    if id not in SIZED:
        raise UserError(f"ID {id!r}: its sizes are fixed; --depth, --samples and --state go with {', '.join(SIZED)}")
    return SIZED[id](depth or 1, samples or 2, None if state is None else Path(state))


def memory_of_machine() -> int:
    """Bytes of physical memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def peak_memory() -> int:
    """The most bytes that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def _tables(document: dict[str, Any], conditions: Sequence[Comparison], found: Sequence[Comparison]) -> list[Any]:
    sizes = ", ".join(f"{name} = {value:.6g}" for name, value in document["parameters"].items())
    columns = ("value", "", "bound", "holds", "bound is")
    parts = [
        f"{document['id']}: {document['setting']}",
        f"Every hidden constant 1: {sizes}.",
        "",
        Grid(("condition", *columns), [condition.row() for condition in conditions]),
        "",
    ]
    if not document["reachable"]:
        return [*parts, f"Not run: {document['reason']}."]
    cost = f"{document['seconds']:.0f} s, {document['bytes'] / 2**30:.2f} GiB at most."
    return [*parts, Grid(("measured", *columns), [comparison.row() for comparison in found]), "", cost]


@click.command("regime")
@format_option
@id_argument
@click.option("--depth", type=click.IntRange(1, 10**4), metavar="L", help="Number of layers, where it is not fixed.")
@click.option(
    "--samples", type=click.IntRange(1, 10**6), metavar="N", help="Number of examples n, where it is not fixed."
)
@click.option("--state", type=Utf8(), metavar="FILE", help="Keep a long run there after each step, and go on from it.")
@seed_option
def command(id: str, depth: int | None, samples: int | None, state: str | None, seed: int, form: Format) -> int:
    """Where a statement's own conditions hold with every hidden constant 1, and what a run there gives.

    ID is a claim's id, with or without the paper: `thm-4.7`. The least such width is searched; where the machine
    cannot hold the network, the width is all that is printed.
    """
    return regime(id, form, seed, depth=depth, samples=samples, state=state)
