"""`lemmata calibrate`: truths known in closed form, measured by the same code that audits the claims.

An audit whose instruments miss these is worth nothing. Each row is one truth at one width: what was measured (mean
over initialisations), the truth, and the relative error, which shrinks as the width grows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import click

from lemmata.audit.arguments import format_option, seed_option
from lemmata.audit.judge.truths import CLOSE, EDGE, TRUTHS, Truth
from lemmata.audit.show.grid import Grid
from lemmata.audit.show.progress import progress
from lemmata.audit.show.tables import Format, emit
from lemmata.claims.case import draw
from lemmata.claims.language.configuration import Configuration


@dataclass(frozen=True)
class Reading:
    """A truth measured at one width."""

    truth: Truth
    configuration: Configuration
    measured: float
    expected: float

    @property
    def error(self) -> float:
        """Relative error."""
        return abs(self.measured / self.expected - 1)


def calibrate(form: Format, seed: int) -> int:
    """Measure every truth, print the table, and return 1 if one is off at its largest width."""
    readings = list(measure_all(TRUTHS, seed))
    last = {reading.truth.id: reading for reading in readings}
    off = [id for id, reading in last.items() if reading.error > reading.truth.tolerance]
    columns = ("truth", "m", "L", "τ", "measured", "limit", "relative error", "what")
    rows = [
        [
            r.truth.id,
            str(r.configuration.m),
            str(r.configuration.L),
            f"{r.configuration.tau:g}",
            f"{r.measured:.4f}",
            f"{r.expected:.4f}",
            f"{r.error:.2%}",
            r.truth.text,
        ]
        for r in readings
    ]
    document = [
        {
            "id": r.truth.id,
            "what": r.truth.text,
            "m": r.configuration.m,
            "L": r.configuration.L,
            "tau": r.configuration.tau,
            "measured": r.measured,
            "limit": r.expected,
            "relative_error": r.error,
        }
        for r in readings
    ]
    verdict = f"off at the largest width: {', '.join(off)}" if off else "all calibrated"
    tolerance = f"tolerance {CLOSE:.0%} at the largest width, {EDGE:.0%} at depth"
    emit(form, document, Grid(columns, rows), f"{len(TRUTHS)} truths, {verdict}; {tolerance}.")
    return int(bool(off))


def measure_all(truths: Sequence[Truth], seed: int) -> Iterable[Reading]:
    """One reading per truth and configuration."""
    with progress(sum(len(truth.configurations) for truth in truths), "measuring") as advance:
        for truth in truths:
            for configuration in truth.configurations:
                case = draw(truth.setting, configuration, seed, truth.initialisations)
                yield Reading(truth, configuration, float(truth.measure(case).mean()), truth.truth(configuration))
                advance()


@click.command("calibrate")
@format_option
@seed_option
def command(seed: int, form: Format) -> int:
    """Truths known in closed form, measured by the code that audits the claims: what the instruments are worth."""
    return calibrate(form, seed)
