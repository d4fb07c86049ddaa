"""`lemmata audit`: a sweep, its verdicts, and how they are shown."""

import json
import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click
from rich.text import Text

from lemmata.audit.arguments import (
    Duration,
    SizeList,
    Utf8,
    claims_from,
    delta_option,
    device_option,
    format_option,
    patterns_argument,
    seed_option,
)
from lemmata.audit.choosing import choose
from lemmata.audit.errors import Interrupted, UserError, WorkerKilled
from lemmata.audit.judge.constants import constants_files, write_constants
from lemmata.audit.judge.findings import left_out, sweep
from lemmata.audit.measure.backends import Name
from lemmata.audit.measure.echo import Read, lines, read_data
from lemmata.audit.measure.files import BUILT_IN, NORMALISED, check_outputs, write_whole
from lemmata.audit.measure.options import Options
from lemmata.audit.measure.store import Store
from lemmata.audit.measure.sweep import loaded
from lemmata.audit.plan.devices import choose_device, workers
from lemmata.audit.plan.engines import Wanted
from lemmata.audit.plan.grid import Sizes
from lemmata.audit.show import baseline as earlier
from lemmata.audit.show import step_summary
from lemmata.audit.show.document import to_json
from lemmata.audit.show.overview import tables
from lemmata.audit.show.progress import progress
from lemmata.audit.show.tables import Format, emit, finite_throughout
from lemmata.claims.claim import Claim
from lemmata.claims.from_file import LOADED
from lemmata.model.ball import LEAST_RADIUS, MOST_RADIUS
from lemmata.model.data import GENERATED


def audit(
    chosen: Sequence[Claim],
    sizes: Sizes,
    options: Options,
    *,
    form: Format = "table",
    out: str | None = None,
    resume: bool = False,
    baseline: str | None = None,
    constants: bool = False,
) -> int:
    """Measure and judge the claims, print the outcome, and return the exit status.

    The status is 1 when a verdict is not the expected one, or differs from the baseline's, or a constant does.

    Raises:
        UserError: if the sizes fit no claim, the output directory cannot be used, or the baseline cannot be compared;
            if a process is killed; and in the end, all verdicts printed, if a claim could not be measured or judged.
        Interrupted: if a person stops it, saying how to go on.
    """
    if resume and out is None:
        raise UserError("--resume needs the directory of the audit to go on with: --out DIR")
    outputs = [("--out", Path(out) / "audit.json")] if out is not None and Path(out).is_dir() else []
    if constants:
        outputs += [("--write-constants", file) for file in constants_files(chosen)]
    check_outputs(outputs, (sizes.data.removesuffix(NORMALISED), *LOADED))
    before = None if baseline is None else earlier.load(baseline, sizes)
    sizes, read = _on_data(sizes, chosen)
    if read is not None and form == "table":
        click.echo("\n".join(lines(read)), err=True)
    for line in left_out(chosen, sizes):
        click.echo(f"lemmata: {line}", err=True)
    with ExitStack() as opened:
        store = None if out is None else opened.enter_context(Store(Path(out), resume=resume))
        if store is not None and store.note:
            click.echo(f"lemmata: {store.note}", err=True)
        try:
            findings = sweep(chosen, sizes, options, store=store, watched=progress)
        except ValueError as error:
            raise UserError(str(error)) from error
        except KeyboardInterrupt:
            raise Interrupted(f"interrupted; {_how_to_go_on(store)}") from None
        except WorkerKilled as error:
            raise UserError(f"{error}; {_how_to_go_on(store)}") from error
        failed = [finding for finding in findings if finding.verdict == "error"]
        document = to_json(findings, sizes, options)
        if read is not None:
            document["read"] = finite_throughout(read.document())
        changes = [] if before is None else earlier.changes(before, document)
        if before is not None:
            document["baseline"] = {"file": baseline, "changes": changes}
        if store is not None:
            write_whole(Path(str(out)) / "audit.json", json.dumps(document, indent=1, allow_nan=False))
            if not failed:
                store.finish()
    refused = write_constants(findings, options) if constants else []
    drifted = earlier.drift(document)
    step_summary.append(document, changes, drifted)
    said = (
        [f"baseline: {change}" for change in changes]
        + [f"constants.toml: {line}" for line in drifted]
        + [f"--write-constants: {line}" for line in refused]
    )
    emit(form, document, *tables(findings, sizes), *map(Text, said))
    if failed:
        others = f", and {len(failed) - 1} more claims as their rows say" if failed[1:] else ""
        raise UserError(f"{failed[0].reason}{others}; {_how_to_go_on(store)}")
    return 0 if all(finding.expected for finding in findings) and not changes else 1


def _how_to_go_on(store: Store | None) -> str:
    if store is None:
        return "nothing is kept without --out DIR"
    return f"{store.kept} results are kept in {store.path.parent}: the same command with --resume continues"


def _on_data(sizes: Sizes, chosen: Sequence[Claim]) -> tuple[Sizes, Read | None]:
    """The sizes with those of the data, and the data as they were read; None for data that are generated.

    Raises:
        UserError: if the data cannot be read, a setting does not allow them, or they have fewer examples than are
            asked for.
    """
    if sizes.data in GENERATED or not chosen:
        return sizes, None
    settings = {claim.setting.id: claim.setting for claim in chosen if claim.problem is None}
    if not settings:
        return sizes, None
    loaded.cache_clear()  # the file may be another than in an earlier audit of this process
    found = {id: loaded(sizes.data, setting) for id, setting in settings.items()}
    first = next(iter(found.values()))
    n, d = first.data.inputs.shape
    if sizes.samples and max(sizes.samples) > n:
        raise UserError(f"--samples: {max(sizes.samples)} examples asked of {sizes.data}, which has {n}")
    warnings = [read_data(found[id], setting) for id, setting in settings.items()]
    read = replace(warnings[0], warnings=tuple(dict.fromkeys(w for each in warnings for w in each.warnings)))
    return replace(sizes, dimension=d, outputs=first.data.labels.shape[1], rows=n), read


@click.command("audit")
@format_option
@claims_from
@click.option(
    "--data", type=Utf8(), default="sphere", show_default=True, metavar="NAME|FILE", help="sphere, digits or a file."
)
@click.option("--normalise", is_flag=True, help="Scale the inputs of a file to unit norm.")
@click.option(
    "--engine",
    type=click.Choice(["dense", "deferred", "auto"]),
    default="auto",
    show_default=True,
    help="How random matrices between layers are held: stored, or decided as products ask for them; auto by size.",
)
@device_option
@click.option("--dtype", type=click.Choice(["float64", "float32"]), default="float64", show_default=True)
@click.option("--widths", type=SizeList(int, 10**12), default=(), help="Widths m, for instance 256,1024.")
@click.option("--depths", type=SizeList(int, 10**4), default=(), help="Depths L, for instance 1,2,4.")
@click.option(
    "--radii", type=SizeList(float, MOST_RADIUS, LEAST_RADIUS), default=(), help="Radii τ, for instance 0.01,0.1."
)
@click.option("--samples", type=SizeList(int, 10**9), default=(), help="Numbers of examples n, for instance 4,8.")
@click.option("--initialisations", type=click.IntRange(1, 10**9), metavar="N", help="Per configuration.")
@delta_option
@seed_option
@click.option("--budget", type=Duration(), help="Spend this time, on the widest intervals first.")
@click.option(
    "--out", type=Utf8(), metavar="DIR", help="Keep results there as they come in, and audit.json in the end."
)
@click.option("--resume", is_flag=True, help="Go on with the audit in --out.")
@click.option(
    "--baseline", type=Utf8(), metavar="FILE", help="An earlier audit.json: exit 1 where verdicts or constants changed."
)
@click.option(
    "--backend",
    type=click.Choice(["processes", "dask", "ray"]),
    default="processes",
    show_default=True,
    help="Who works.",
)
@click.option(
    "--cluster",
    type=Utf8(),
    metavar="ADDRESS",
    help="Of a running Dask or Ray cluster; without it one is started here.",
)
@click.option("--write-constants", is_flag=True, help="Store the constants in claims/constants.toml.")
@patterns_argument
def command(
    patterns: tuple[str, ...],
    form: Format,
    widths: tuple[int, ...],
    depths: tuple[int, ...],
    radii: tuple[float, ...],
    samples: tuple[int, ...],
    initialisations: int | None,
    delta: float,
    data: str,
    normalise: bool,
    engine: Wanted,
    device: str,
    dtype: str,
    seed: int,
    budget: float | None,
    out: str | None,
    resume: bool,
    baseline: str | None,
    backend: Name,
    cluster: str | None,
    write_constants: bool,
) -> int:
    """Which claims hold, with which constant, and how it moves with width, depth, radius and sample size.

    With none of the lists, one line of sizes is swept per parameter; with some, their product.
    """
    sizes = Sizes(
        widths=widths,
        depths=depths,
        radii=radii,
        samples=samples,
        initialisations=initialisations,
        delta=delta,
        data=data + NORMALISED if normalise and data not in (*GENERATED, *BUILT_IN) else data,
    )
    options = Options(
        seed=seed,
        dtype=dtype,
        device=choose_device(device),
        engine=engine,
        budget=budget or math.inf,
        workers=workers(),
        backend=backend,
        cluster=cluster,
    )
    return audit(
        choose(patterns),
        sizes,
        options,
        form=form,
        out=out,
        resume=resume,
        baseline=baseline,
        constants=write_constants,
    )
