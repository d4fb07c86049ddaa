"""`lemmata replay`: exactly one case, measured again."""

import click
from rich.text import Text

from lemmata.audit.arguments import Utf8, claims_from, device_option, format_option
from lemmata.audit.errors import UserError, naming
from lemmata.audit.judge.evidence import Budget
from lemmata.audit.judge.means import mean_of
from lemmata.audit.measure.sweep import replay
from lemmata.audit.plan.devices import choose_device, device_for
from lemmata.audit.plan.job import Job
from lemmata.audit.plan.memory import processes
from lemmata.audit.show.grid import Grid
from lemmata.audit.show.tables import Format, emit, finite, number
from lemmata.claims.constants import constant
from lemmata.claims.from_file import explained
from lemmata.claims.measuring.replay import parse
from lemmata.claims.registry import measured_claims
from lemmata.model.interrupts import by_hand


def replay_token(token: str, device: str, form: Format) -> int:
    """Measure the token's case, print both sides, and return the exit status; of a mean its draws, and their average.

    Without a constant (a claim that was never audited) there is nothing to violate, and the status is 0.

    Raises:
        UserError: if the token is not understood, sizes that do not fit data or memory, or a failing measurement.
    """
    with naming("TOKEN"):
        case = parse(token)
        placed = device_for(case.claim, case.configuration, device)
        job = Job(case.claim.id, case.configuration, len(case.initialisations), device=placed, engine=case.engine)
        processes([job], {case.claim.id: case.claim}, 1)
        try:
            found = replay(case, device=placed)
        except UserError:
            raise
        except BaseException as error:
            if by_hand(error):
                raise
            raise UserError(f"TOKEN: {explained(case.claim, case.configuration.token(), error)}") from error
    limit, margin = constant(case.claim), case.claim.margin
    violated = found.violates(case.claim, limit).tolist()
    mean = None if margin is None else mean_of(found, Budget().shared(len(measured_claims())).alpha)
    refuted = any(violated) if mean is None or margin is None else mean.refutes(margin)
    rows = [
        {
            "initialisation": number_,
            "lhs": finite(float(found.lhs[i])),
            "rhs": finite(float(found.rhs[i])),
            "ratio": finite(float(found.ratio[i])),
            "residual": None if found.residual is None else finite(float(found.residual[i])),
            "recipe": str(found.recipes[i]),
            "worst": found.worst[i],
            "violated": violated[i],
        }
        for i, number_ in enumerate(case.initialisations)
    ]
    verdict = "refuted" if refuted else "supported"
    document = {"claim": case.claim.id, "constant": limit, "verdict": verdict, "cases": rows}
    columns = ("initialisation", "lhs", "rhs", "ratio", "residual", "violated", "recipe")
    cells = [[_cell(row[name]) for name in columns] for row in rows]
    counted = f"{sum(violated)} of {len(rows)} violate it, constant {number(limit) or 'none'}"
    said = counted if mean is None else f"{verdict}, the mean is {mean.words()}, margin {margin:g}"
    emit(form, document, Grid(columns, cells), Text(f"{case.claim.id}: {said}"))
    return int(refuted != (case.claim.expected == "refuted"))


def _cell(value: object) -> str:
    return number(value) if isinstance(value, float) or value is None else str(value)


@click.command("replay")
@format_option
@claims_from
@click.argument("token", type=Utf8(), metavar="TOKEN")
@device_option
def command(token: str, device: str, form: Format) -> int:
    """Measure exactly one case again: TOKEN is what a report or a failing test printed."""
    return replay_token(token, choose_device(device), form)
