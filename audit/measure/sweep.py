"""Measuring claims over a grid: pure functions of (claim, configuration, seed, initialisations), in parallel."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol, TypeAlias, cast

import numpy as np
import torch
from torch import Tensor

from lemmata.audit.errors import UserError
from lemmata.audit.measure.backends import Backend, alone_on, run_on
from lemmata.audit.measure.files import load_data
from lemmata.audit.plan import problems
from lemmata.audit.plan.engines import batch
from lemmata.audit.plan.job import Job
from lemmata.claims import REGISTRY
from lemmata.claims.beside import at_home
from lemmata.claims.case import Case, Recipe, draw
from lemmata.claims.claim import Claim
from lemmata.claims.from_file import LOADED, agree, depends_on, explained, located
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.measuring.evaluation import Evaluation, look_twice
from lemmata.claims.measuring.replay import Replay
from lemmata.claims.measuring.search import found_by, supremum
from lemmata.claims.opened import Opened
from lemmata.claims.problem import Drawn
from lemmata.claims.registry import STATED_IN
from lemmata.model.data import GENERATED, Dataset
from lemmata.model.interrupts import by_hand
from lemmata.model.network import Engine
from lemmata.model.randomness import generator, stream

ASCENT = range(8, 41)
"""Gradient steps from the worst attacks: most on small networks, fewest on large ones."""

CERTIFIABLE = 2e7
"""Products of an example with a matrix up to which norms of chains of layers are computed: about a second."""

TRIED = 4
"""Initialisations on which an ascent is tried first: where it betters none of them, the others go without."""

ASCENDED = 170_000_000
"""Products of a weight and an example that the steps may meet, before they become fewer."""

SHALLOW = 20_000
"""Products of a weight and an example of one network beyond which no step is taken with one hidden layer, where the
attacks meet the dual bound but for a share of one unit."""

LARGEST = 50_000_000
"""Products of a weight and an example per step beyond which none is taken."""

DEEPEST = 4
"""Hidden layers up to which they are: what chains prove of deeper networks is far from any attack."""


@dataclass
class Trials:
    """What a job measured, one entry per initialisation.

    Attributes:
        lhs, rhs, ratio: at the worst member; for identities the norms of the sides.
        residual, condition: of identities; empty for inequalities.
        recipes: the attack that found the worst.
        worst: index of the worst member.
        certificate: sound bound of the ratio over the ball at the initialisation with the worst ratio, NaN at the
            others; empty where none is known.
        parameters: what the scalings saw.
        seconds: spent.
        opened: files of a person's own that the claim may have read, with hashes of what was in them.
    """

    job: Job
    lhs: list[float] = field(default_factory=list)
    rhs: list[float] = field(default_factory=list)
    ratio: list[float] = field(default_factory=list)
    residual: list[float] = field(default_factory=list)
    condition: list[float] = field(default_factory=list)
    recipes: list[str] = field(default_factory=list)
    worst: list[dict[str, int]] = field(default_factory=list)
    certificate: list[float] = field(default_factory=list)
    parameters: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    opened: Opened = field(default_factory=dict)

    @property
    def claim(self) -> Claim:
        """The claim measured."""
        return REGISTRY[self.job.claim]

    def violations(self, constant: float | None) -> int:
        """Initialisations that break the claim with this constant."""
        return int(self._evaluation().violates(self.claim, constant).sum())

    def growing(self) -> np.ndarray:
        """The ratio times the powers that the first term claims, (S,): its exponents are to be compared with those.

        The left-hand side over the measured factor, the named logs and other functions of the parameters.
        """
        return np.asarray(self.ratio) * self.claim.terms[0].of_letters().value(self.parameters)

    def replay(self, number: int) -> Replay:
        """One initialisation at the recipe that was worst there; of a mean all of them."""
        job, recipe = self.job, self._recipe(number)
        numbers = tuple(range(len(self.lhs))) if self.claim.judged == "mean" else (number,)
        return Replay(self.claim, job.configuration, job.seed, numbers, recipe, job.engine)

    def extreme(self) -> int:
        """The initialisation with the worst ratio (residual for identities)."""
        values = np.asarray(self.residual or self.ratio, dtype=float)
        return int(self.claim.direction.worst_at(torch.tensor(values)))

    def then(self, more: "Trials") -> "Trials":
        """These and the initialisations that follow them, as one.

        Raises:
            ValueError: if the others do not follow.
        """
        mine, theirs = self.job, more.job
        if theirs != replace(mine, first=mine.first + mine.initialisations, initialisations=theirs.initialisations):
            raise ValueError(f"job={theirs} must go on where {mine} ends")
        columns = ("lhs", "rhs", "ratio", "residual", "condition", "recipes", "worst", "certificate")
        joined = {name: getattr(self, name) + getattr(more, name) for name in columns}
        job = replace(mine, initialisations=mine.initialisations + theirs.initialisations)
        return replace(self, job=job, seconds=self.seconds + more.seconds, **joined)

    def _evaluation(self) -> Evaluation:
        dtype = getattr(torch, self.job.dtype)
        lhs, rhs, ratio = (torch.tensor(column, dtype=dtype) for column in (self.lhs, self.rhs, self.ratio))
        residual, condition = (
            torch.tensor(column, dtype=dtype) if column else None for column in (self.residual, self.condition)
        )
        recipes = [self._recipe(number) for number in range(len(self.recipes))]
        return Evaluation(lhs, rhs, ratio, residual, condition, self.worst, recipes)

    def _recipe(self, number: int) -> Recipe:
        return Recipe.parse(self.recipes[number], self.claim.known_starts)


@dataclass(frozen=True)
class Failure:
    """A job whose measurement raised something, and in words what and where."""

    job: Job
    reason: str


Outcome: TypeAlias = Trials | Failure


def run(job: Job, claim: Claim | None = None) -> Trials:
    """Measure one job, a batch of initialisations at a time; or a neighbour of its claim there, with the same terms."""
    started = time.perf_counter()
    claim, trials = claim or REGISTRY[job.claim], Trials(job)
    with at_home(claim.id):
        if not job.first:
            _look_twice(claim, job.configuration, job.seed, (0, 1), job.dtype, job.device, job.engine)
        together = min(batch(claim, job.configuration, job.engine, job.device), job.initialisations)
        ascends = job.engine == "dense"
        for case in _cases(job, claim, together):
            found = supremum(claim, case, ascent=_steps(case, together) if ascends else 0, patient=job.patient)
            ascends = ascends and (job.patient or any(recipe.ascent for recipe in found.recipes))
            _collect(trials, found)
            trials.parameters = case.parameters
        if job.certified and claim is REGISTRY[job.claim] and claim.certificate and _certifiable(job, claim):
            trials.certificate = _certified(trials, claim.certificate)
    trials.opened = depends_on(claim)
    trials.seconds = time.perf_counter() - started
    return trials


class Kept(Protocol):
    """Results of an earlier run, by job, and where new ones are put: a folder."""

    folder: Path

    def get(self, job: Job) -> Trials | None:
        """The result of a job, if it is there."""

    def put(self, trials: Trials) -> None:
        """Keep a result."""


def _refuse(failure: Failure) -> None:
    """What becomes of a failure that nobody wants to hear of.

    Raises:
        UserError: always.
    """
    raise UserError(failure.reason)


def run_all(
    work: Sequence[Job],
    *,
    workers: int = 1,
    backend: Backend | None = None,
    done: Callable[[Trials], None] = lambda _: None,
    failed: Callable[[Failure], object] = _refuse,
    kept: Kept | None = None,
    deadline: float = math.inf,
) -> list[Trials]:
    """Every job on the workers; `done` sees each result as it lands, `failed` each that cannot be had.

    Args:
        work: the jobs. Without a deadline the longest go first, so that the processes end together; with one
            the shortest, so that as many claims as possible are measured.
        workers: number of processes on this machine.
        backend: in place of those processes.
        done, failed: called in this process; without `failed` the first failure ends the run.
        kept: results that need not be measured again; new ones are put there before `done` sees them.
        deadline: time (of `time.monotonic`) after which no further job is begun.

    Raises:
        UserError: if a job cannot be measured, naming file and line of a person's own claim, and nobody hears of it.
        WorkerKilled: if the system ends a process amid its work; what had landed before is kept.
    """
    results: dict[Job, Trials] = {}
    for job in dict.fromkeys(work):
        found = None if kept is None else kept.get(job)
        if found is not None:
            results[job] = found
            done(found)
    order = sorted(set(work) - set(results), key=lambda job: (_cost(job), str(job)), reverse=deadline == math.inf)
    busy: set[Job] = set()
    pending = _in_turn(order, busy, deadline)
    measure = partial(_single_threaded, files=LOADED, folder=None if kept is None else kept.folder)
    for outcome in run_on(backend or Backend(workers=workers), measure, pending) if order else ():
        busy.discard(outcome.job)
        if isinstance(outcome, Failure):
            failed(outcome)
            continue
        if kept is not None:
            kept.put(outcome)
        results[outcome.job] = outcome
        done(outcome)
    return [results[job] for job in work if job in results]


def _in_turn(order: list[Job], busy: set[Job], deadline: float) -> Iterator[Job]:
    """The jobs in their order, but none for a device that a job in `busy` has while there is one for the CPU.

    A device has one trial at a time: a process that waits for it does nothing else.
    """
    while order and time.monotonic() < deadline:
        job = order.pop(next((at for at, job in enumerate(order) if job.device == "cpu" or not busy), 0))
        if job.device != "cpu":
            busy.add(job)
        yield job


def realise(
    claim: Claim,
    configuration: Configuration,
    seed: int,
    numbers: Sequence[int],
    dtype: str = "float64",
    device: str = "cpu",
    engine: Engine = "dense",
) -> Case | Drawn:
    """The case of a configuration, with generated, bundled or a file's data.

    Where the claim's probability is over the sample too, every initialisation has its own.

    Raises:
        ValueError: if the sizes do not fit the data or the setting.
    """
    if claim.problem is not None:
        return claim.problem.case(configuration, seed, numbers, dtype=getattr(torch, dtype), device=device)
    data = None
    if configuration.data not in GENERATED:
        samples: Sequence[int | None] = numbers if claim.resampled else [None]
        data = Dataset.beside([_subset(claim, configuration, seed, sample) for sample in samples])
    return draw(
        claim.setting,
        configuration,
        seed,
        numbers,
        data=data,
        dtype=getattr(torch, dtype),
        device=device,
        engine=engine,
        sampled=claim.resampled,
    )


def measure(
    claim: Claim,
    configuration: Configuration,
    seed: int,
    numbers: Sequence[int],
    recipe: Recipe | None = None,
    *,
    changed: Claim | None = None,
    ascending: bool = False,
    dtype: str = "float64",
    device: str = "cpu",
    engine: Engine = "dense",
) -> Evaluation:
    """A claim, or a changed one on its cases, at the worst that its attacks find, or where a recipe leads.

    With `ascending` at the worst that an audit's search finds, which is many times as dear.
    """
    measured = changed or claim
    with at_home(claim.id):
        _look_twice(measured, configuration, seed, numbers[:2], dtype, device, engine)
        return Evaluation.joined(
            [
                found_by(measured, case, recipe)
                if recipe is not None
                else supremum(measured, case, ascent=_steps(case, len(some)) if ascending else 0)
                for some in _together(claim, numbers, engine)
                for case in [realise(claim, configuration, seed, some, dtype, device, engine)]
            ]
        )


def replay(case: Replay, dtype: str = "float64", device: str = "cpu") -> Evaluation:
    """Measure exactly one case again.

    Raises:
        ValueError: if the sizes do not fit the data or the setting, or a claim of a person's own cannot be measured,
            with the line.
    """
    options = {"dtype": dtype, "device": device, "engine": case.engine}
    try:
        return measure(case.claim, case.configuration, case.seed, case.initialisations, case.recipe, **options)  # type: ignore[arg-type]
    except ValueError:
        raise
    except BaseException as error:
        if by_hand(error):
            raise
        raise located(case.claim, case.configuration.token(), error) from error


def _look_twice(claim: Claim, configuration: Configuration, seed: int, numbers: Sequence[int], *options: Any) -> None:
    """At two initialisations per configuration, and the first alone; a test does so for the claims of the papers."""
    if claim.id in STATED_IN:
        case, alone = (realise(claim, configuration, seed, some, *options) for some in (numbers, numbers[:1]))
        look_twice(claim, case, alone if len(numbers) > 1 else None)


def _subset(claim: Claim, configuration: Configuration, seed: int, sample: int | None) -> Dataset:
    """n examples of a real data set, drawn by the seed."""
    whole = loaded(configuration.data, claim.setting).data
    n = len(whole.inputs)
    if configuration.n > n:
        raise ValueError(f"n={configuration.n} examples asked of {configuration.data!r}, which has {n}")
    own = () if sample is None else ("sample", sample)
    rows = generator(stream(seed, "rows", configuration.data, n, *own)).permutation(n)[: configuration.n]
    index = torch.from_numpy(rows)
    return Dataset(whole.inputs[index], whole.labels[index])


loaded = cache(load_data)


def _together(claim: Claim, numbers: Sequence[int], engine: Engine) -> list[Sequence[int]]:
    """The initialisations that can be measured at once: one with a sample of its own needs matrices of its own."""
    apart = claim.resampled and claim.problem is None and engine == "deferred"
    return [[number] for number in numbers] if apart else [numbers]


def _cases(job: Job, claim: Claim, together: int) -> Iterator[Case | Drawn]:
    """So many initialisations at a time; of an ascending claim a few first, see `TRIED`."""
    numbers = job.numbers
    few = min(together, TRIED) if claim.ascends and len(numbers) > 2 * TRIED else together
    for some in (numbers[:few], *(numbers[at : at + together] for at in range(few, len(numbers), together))):
        for each in _together(claim, some, job.engine):
            yield realise(claim, job.configuration, job.seed, each, job.dtype, job.device, job.engine)


def _steps(case: Case | Drawn, together: int) -> int:
    """How many gradient steps the networks are worth, with so many of them at a time."""
    if isinstance(case, Drawn):
        return 0
    work = case.n * sum(rows * columns for rows, columns in case.initial.architecture.shapes)
    if case.hidden == 1 and work > SHALLOW:
        return 0
    work *= together
    return 0 if work > LARGEST else max(ASCENT[0], min(ASCENT[-1], ASCENDED // work))


def _certifiable(job: Job, claim: Claim) -> bool:
    """Norms of chains of layers take too many directions where the matrices are not stored, or large, or many."""
    if claim.problem is not None:
        return True
    c = job.configuration
    hidden = claim.setting.hidden_layers(c.L)
    cheap = hidden <= DEEPEST and c.n * c.m**2 * hidden * (hidden - 1) <= CERTIFIABLE
    return job.engine == "dense" and cheap


def _certified(trials: Trials, certificate: Callable[[Case], Tensor]) -> list[float]:
    """The certificate where the worst was found, NaN elsewhere."""
    job, at = trials.job, trials.extreme()
    case = realise(trials.claim, job.configuration, job.seed, (job.first + at,), job.dtype, job.device)
    bound = float(certificate(cast(Any, case)))
    return [bound if number == at else math.nan for number in range(len(trials.ratio))]


def _collect(trials: Trials, found: Evaluation) -> None:
    trials.lhs += found.lhs.tolist()
    trials.rhs += found.rhs.tolist()
    trials.ratio += found.ratio.tolist()
    trials.residual += [] if found.residual is None else found.residual.tolist()
    trials.condition += [] if found.condition is None else found.condition.tolist()
    trials.recipes += [str(recipe) for recipe in found.recipes]
    trials.worst += found.worst


def _cost(job: Job) -> float:
    c, claim = job.configuration, REGISTRY[job.claim]
    if claim.problem is not None:
        return job.initialisations * problems.work(c)
    return job.initialisations * c.n * (c.m * c.d + c.m**2 * (c.L - 1)) * len(claim.attacks)


def _single_threaded(job: Job, files: Mapping[str, Opened] | None = None, folder: Path | None = None) -> Outcome:
    """One thread per worker: the sweep is parallel over jobs. A worker elsewhere reads the files of claims itself.

    Whatever a measurement raises, an exit included, is one job's outcome and costs no other job anything.
    """
    torch.set_num_threads(1)
    agree(files or {})
    claim = REGISTRY[job.claim]
    try:
        _check_known(claim, job.configuration)
        with alone_on(job.device, folder):
            return run(job)
    except BaseException as error:
        if by_hand(error):
            raise
        return Failure(job, explained(claim, job.configuration.token(), error))


def _check_known(claim: Claim, configuration: Configuration) -> None:
    """Ask what the claim knows of a configuration where it is measured: its row asks again, and must not fail.

    Raises:
        ValueError: if the limit is no limit.
    """
    with at_home(claim.id):
        claim.search(configuration)
        limit = claim.limit(configuration)
    if limit is not None and not (isinstance(limit, int | float) and math.isfinite(limit)):
        raise ValueError(f"limit={limit!r} must be None or a finite number")
