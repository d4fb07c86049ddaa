"""`lemmata regime`: honest points, where a statement's own conditions hold with every hidden constant taken as 1.

Most statements ask for widths that no machine holds. Where one does not, it can be run as stated; where it does, the
width that it asks for is a fact worth printing. A statement is entered in `REGIMES` by its claim's id:

    parameters(m)    what the statement's letters are at width m: sizes, radius, step size, iterations, …
    conditions(p)    its conditions at those parameters, as `Comparison`s; the least m that meets them all is searched
    run(p)           what is measured there beside what the statement promises, as `Comparison`s
    memory(p)        bytes that the run needs; with more than half of the machine's nothing is run

`parameters` may be computed from data but never from an initialisation: conditions are looked for before anything is
drawn. `run` draws what it needs from the seed that it is given. The entries stand in the papers' order.
"""

import math
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from audit.errors import UserError
from audit.listing import find
from audit.tables import Format, emit, finite, grid, number
from claims.case import Configuration, draw
from model.blocks import follow_in_blocks
from model.data import generate
from model.kernels import last_layer_kernel
from model.margins import hard_margin
from model.randomness import generator, stream
from model.settings import CAO_GU_2020

WIDEST = 10**40
"""Widths are searched up to here."""

Parameters = Mapping[str, float]


@dataclass(frozen=True)
class Comparison:
    """A quantity against its bound.

    Attributes:
        what: the quantity, in words or as a formula.
        value: what it is.
        relation: how it should stand to the bound.
        bound: the bound.
        of: the bound's formula.
    """

    what: str
    value: float
    relation: Literal["<=", ">="]
    bound: float
    of: str

    @property
    def holds(self) -> bool:
        """Whether it does; NaN satisfies nothing."""
        return self.value <= self.bound if self.relation == "<=" else self.value >= self.bound

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "what": self.what,
            "value": finite(self.value),
            "relation": self.relation,
            "bound": finite(self.bound),
            "of": self.of,
            "holds": self.holds,
        }

    def row(self) -> list[str]:
        """For a table."""
        return [
            self.what,
            f"{self.value:.6g}",
            self.relation,
            number(self.bound),
            "yes" if self.holds else "no",
            self.of,
        ]


@dataclass(frozen=True)
class Regime:
    """Where a statement's conditions hold, and what to measure there; see the module's head.

    Attributes:
        setting: what the statement is run on, in words.
        parameters, conditions, run, memory: as above; `run` also takes the seed.
    """

    setting: str
    parameters: Callable[[int], Parameters]
    conditions: Callable[[Parameters], list[Comparison]]
    run: Callable[[Parameters, int], list[Comparison]]
    memory: Callable[[Parameters], float]


def regime(id: str, form: Format, seed: int) -> int:
    """Print where the statement's conditions hold, and what a run there gives if the machine can hold it.

    Returns:
        1 if something measured is not as the statement promises.

    Raises:
        UserError: if no sizes are known for the statement.
    """
    claim = find(id)
    if claim.id not in REGIMES:
        raise UserError(f"ID {id!r}: no sizes are known that meet its conditions; known for {', '.join(REGIMES)}")
    entry = REGIMES[claim.id]
    m = least_width(entry)
    p = entry.parameters(m)
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
        "condition": [condition.document() for condition in entry.conditions(p)],
        "reachable": reachable,
        "reason": reason,
        "run": [comparison.document() for comparison in found],
        "seconds": seconds if reachable else None,
        "bytes": peak_memory() if reachable else None,
    }
    emit(form, document, *_tables(document, entry.conditions(p), found))
    return int(not all(comparison.holds for comparison in found))


def least_width(entry: Regime) -> int:
    """The least width that meets every condition, rounded up to one significant digit, and even.

    Raises:
        ArithmeticError: if none up to `WIDEST` does.
    """

    def met(m: int) -> bool:
        return all(condition.holds for condition in entry.conditions(entry.parameters(m)))

    high = 2
    while not met(high):
        high *= 2
        if high > WIDEST:
            raise ArithmeticError(f"no width up to {WIDEST:.0e} meets the conditions")
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if met(middle) else (middle, high)
    unit = 10 ** (len(str(high)) - 1)
    return -(-high // unit) * unit + (unit == 1 and high % 2)


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


def wide_and_near(p: Parameters, power: int) -> list[Comparison]:
    """What Cao and Gu's lemmas ask of m and τ; τ is at most L^−power (log m)^−3/2: 6 in section 5, 5 in Lemma B.1."""
    m, L, n, tau, delta = (p[name] for name in ("m", "L", "n", "tau", "delta"))
    deep = L ** (-8 / 3) * tau ** (-4 / 3) * math.log(m / (tau * delta))
    return [
        Comparison("m", m, ">=", L**2 * math.log(m * n / delta), "L^2 log(mn/delta)"),
        Comparison("m", m, ">=", deep, "L^-8/3 tau^-4/3 log(m/(tau delta))"),
        Comparison("tau", tau, "<=", L**-power * math.log(m) ** -1.5, f"L^-{power} log(m)^-3/2"),
    ]


XOR = Configuration(L=1, n=4, d=2, data="xor", eps=0.1)


def _convergence(m: int) -> Parameters:
    """Theorem 4.7 on XOR, one hidden layer, with B in (4.1) that of infinite width."""
    c = XOR
    data = generate(c.data, n=c.n, d=c.d, setting=CAO_GU_2020, rng=generator(stream(0, "data")))
    B = float(hard_margin(last_layer_kernel(data.inputs, c.L), data.labels))
    return {
        "m": m,
        "L": c.L,
        "n": c.n,
        "d": c.d,
        "eps": c.eps,
        "delta": c.delta,
        "B": B,
        "tau": 1 / (B * c.eps * math.sqrt(m)),
        "eta": B**2 / (c.L**3 * m),
        "K": round(c.L**3 / (B**4 * c.eps**2)),
    }


def _convergence_conditions(p: Parameters) -> list[Comparison]:
    """m ≥ m*, and what Lemmas 5.1 and 5.2 ask for."""
    least = p["L"] ** 12 / (p["B"] ** 4 * p["eps"] ** 2)
    return [Comparison("m", p["m"], ">=", least, "L^12 B^-4 eps^-2"), *wide_and_near(p, 6)]


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


REGIMES: dict[str, Regime] = {
    "cao-gu-2020/thm-4.7": Regime(
        "gradient descent on XOR (±e_1 against ±e_2), one hidden layer, until the surrogate error is at most eps",
        _convergence,
        _convergence_conditions,
        _convergence_run,
        lambda p: 8 * p["m"] * (3 * p["d"] + 6 * p["n"]),
    ),
}
