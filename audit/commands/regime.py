"""`lemmata regime`: honest points, where a statement's own conditions hold with every hidden constant taken as 1.

Most statements ask for widths that no machine holds. Where one does not, it can be run as stated; where it does, the
width that it asks for is a fact worth printing. A statement is entered in `REGIMES` by its claim's id, and in `SIZED`
where it can be asked at other depths and numbers of examples. The entries stand in the papers' order.
"""

import math
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from lemmata.audit.errors import UserError
from lemmata.audit.regimes.comparison import Comparison, Parameters, Regime, least_width
from lemmata.audit.regimes.linear_rates import THEOREM, linear_rate
from lemmata.audit.regimes.neighbourhoods import LEMMAS, lemma
from lemmata.audit.show.listing import find
from lemmata.audit.show.tables import Format, emit, grid
from lemmata.claims.cao_gu_2020.paper import PRINTED
from lemmata.claims.case import Configuration, draw
from lemmata.claims.claim import REGISTRY
from lemmata.model.blocks import follow_in_blocks
from lemmata.model.data import generate
from lemmata.model.kernels import last_layer_kernel
from lemmata.model.margins import hard_margin
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import CAO_GU_2020


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
        grid(("condition", *columns), [condition.row() for condition in conditions]),
        "",
    ]
    if not document["reachable"]:
        return [*parts, f"Not run: {document['reason']}."]
    cost = f"{document['seconds']:.0f} s, {document['bytes'] / 2**30:.2f} GiB at most."
    return [*parts, grid(("measured", *columns), [comparison.row() for comparison in found]), "", cost]


XOR = Configuration(L=1, n=4, d=2, data="xor", eps=0.1)


def _convergence() -> Regime:
    """Theorem 4.7 on XOR, one hidden layer, with B in (4.1) that of infinite width."""
    c = XOR
    data = generate(c.data, n=c.n, d=c.d, setting=CAO_GU_2020, rng=generator(stream(0, "data")))
    B = float(hard_margin(last_layer_kernel(data.inputs, c.L), data.labels))
    return Regime(
        "gradient descent on XOR (±e_1 against ±e_2), one hidden layer, until the surrogate error is at most eps",
        {"L": c.L, "n": c.n, "d": c.d, "eps": c.eps, "delta": c.delta, "B": B},
        REGISTRY["cao-gu-2020/thm-4.7"].preconditions,
        _convergence_run,
        lambda p: 8 * p["m"] * (3 * p["d"] + 6 * p["n"]),
        lambda p: {"eta": PRINTED.step.value(p), "K": round(PRINTED.iterations.value(p))},
    )


def _convergence_run(p: Parameters, seed: int) -> list[Comparison]:
    """One run, until the surrogate error is ε."""
    c = replace(XOR, m=int(p["m"]))
    case = draw(CAO_GU_2020, c, seed, 1)
    run = follow_in_blocks(
        case.initial,
        case.inputs,
        case.labels,
        step_size=p["eta"],
        steps=int(p["K"]),
        until=lambda _, errors: errors <= c.eps,
    )
    dominance = run.gradients[..., -1] / (math.sqrt(c.m) * run.errors)
    return [
        Comparison("iterations until E_S <= eps", float(run.first(run.errors <= c.eps)), "<=", p["K"], "K"),
        Comparison("largest distance from W(0)", float(run.distances.max()), "<=", p["tau"], "tau"),
        Comparison("least ratio in (4.1) along the run", float(dominance.min()), ">=", p["B"], "B"),
    ]


SIZED: dict[str, Callable[[int, int, Path | None], Regime]] = {
    **{f"cao-gu-2020/{id}": partial(lemma, f"cao-gu-2020/{id}") for id in LEMMAS},
    THEOREM: linear_rate,
}
"""Regimes at a depth L and a number n of examples; the file keeps the state of a long run."""

REGIMES: dict[str, Regime] = {
    "cao-gu-2020/thm-4.7": _convergence(),
    **{id: sized(1, 2, None) for id, sized in SIZED.items()},
}
