"""Where a sweep's jobs run: on processes of this machine, or on a cluster of Dask or Ray, through joblib alike."""

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any, Literal

import torch
from filelock import FileLock
from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky.backend import resource_tracker as loky_tracker

from lemmata.audit.errors import UserError, WorkerKilled

Name = Literal["processes", "dask", "ray"]
NO_PAGES: dict[str, list[str]] = {f"distributed.{part}.http.routes": [] for part in ("scheduler", "worker", "nanny")}
"""Nothing is served on the HTTP ports that a Dask cluster opens on this machine, whether it is asked to or not."""

MODULES: dict[Name, str] = {"dask": "distributed", "ray": "ray"}


@dataclass(frozen=True)
class Backend:
    """How jobs are spread.

    Attributes:
        name: who runs them.
        cluster: address of a running cluster; None starts one on this machine.
        workers: processes of this machine; a running cluster has its own.
    """

    name: Name = "processes"
    cluster: str | None = None
    workers: int = 1


def run_on(backend: Backend, function: Callable[..., Any], work: Iterable[Any]) -> Iterator[Any]:
    """function(item) for every item, as results come in; no item is taken before a worker is free for it.

    Raises:
        UserError: if the backend is not installed, or its cluster does not answer.
        WorkerKilled: if the system ends a process amid its work.
    """
    with ExitStack() as opened:
        workers = opened.enter_context(_CLUSTERS[backend.name](backend))
        tasks = (delayed(function)(item) for item in work)
        if backend.name == "ray":  # whose joblib backend returns lists only: one for every few items
            while some := list(islice(tasks, 2 * workers)):
                yield from Parallel(n_jobs=workers, batch_size=1)(some)
            return
        parallel = Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1, pre_dispatch=workers)
        with _deaf():
            results = parallel(tasks)
        yield from results


@contextmanager
def alone_on(device: str, folder: Path | None = None) -> Iterator[None]:
    """One trial at a time on a device that is no CPU, whichever process runs it, which then returns the memory.

    The processes agree by a lock in the folder of their results, or without one in the user's own cache.
    """
    if device == "cpu":
        yield
        return
    place = folder or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lemmata"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"{device}-{os.environ.get('CUDA_VISIBLE_DEVICES', 'all')}"
    with FileLock(place / (re.sub(r"[^\w.]", "-", name) + ".lock")):
        try:
            yield
        finally:
            torch.cuda.empty_cache()


@contextmanager
def _processes(backend: Backend) -> Iterator[int]:
    if backend.cluster is not None:
        raise UserError(
            f"--cluster {backend.cluster!r} needs a cluster's backend; allowed: --backend dask, --backend ray"
        )
    with (
        _quiet_tracker(),
        parallel_config("loky", initializer=_end_with, initargs=(os.getpid(),)),
        _told(BrokenProcessPool),
    ):
        yield backend.workers


@contextmanager
def _told(died: type[Exception]) -> Iterator[None]:
    """What a backend raises when one of its processes is gone, as one line that says what to do.

    Raises:
        WorkerKilled: in place of it.
    """
    try:
        yield
    except died as error:
        raise WorkerKilled(
            "a process that was measuring was killed, mostly the system does that when memory runs out; "
            "smaller sizes need less, and so do fewer processes (`taskset -c 0 lemmata …` uses one)"
        ) from error


@contextmanager
def _quiet_tracker() -> Iterator[None]:
    """An interrupt may hit loky amid its bookkeeping; its tracker then cleans up, and need not say so."""
    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = ",".join([*([before] if before else []), "ignore:resource_tracker:UserWarning"])
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that are started inside never see an interrupt, which a terminal sends them too: this one ends them."""
    for tracker in (resource_tracker, loky_tracker):  # whose start would let it through again
        tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with(parent: int) -> None:
    """Let this process end with its parent, which a SIGKILL would not tell it for minutes, and at no interrupt."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # what raises a KeyboardInterrupt here is no person

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.2)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _dask(backend: Backend) -> Iterator[int]:
    _require(backend.name)
    import dask
    from distributed import Client, KilledWorker, LocalCluster

    with ExitStack() as opened:
        where: Any = backend.cluster
        if where is None:
            opened.enter_context(dask.config.set(NO_PAGES))
            where = opened.enter_context(
                LocalCluster(
                    n_workers=backend.workers,
                    threads_per_worker=1,
                    dashboard_address=None,  # which leaves the scheduler at port 8787, without a dashboard
                    scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                )
            )
        try:
            client = opened.enter_context(Client(where, timeout=10))
        except (OSError, ValueError) as error:
            raise UserError(f"--cluster {backend.cluster!r} does not answer as a Dask scheduler: {error}") from error
        opened.enter_context(parallel_config("dask"))
        opened.enter_context(_told(KilledWorker))
        yield sum(client.nthreads().values())


@contextmanager
def _ray(backend: Backend) -> Iterator[int]:
    _require(backend.name)
    import ray
    from ray.util.joblib import register_ray

    try:
        ray.init(
            address=backend.cluster,
            num_cpus=backend.workers if backend.cluster is None else None,
            include_dashboard=False if backend.cluster is None else None,
            log_to_driver=False,
            logging_level="ERROR",
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise UserError(f"--cluster {backend.cluster!r} does not answer as a Ray cluster: {error}") from error
    register_ray()
    try:
        with parallel_config("ray"), _told(ray.exceptions.RayError):
            yield int(ray.cluster_resources().get("CPU", 1))
    finally:
        ray.shutdown()


_CLUSTERS = {"processes": _processes, "dask": _dask, "ray": _ray}


def _require(name: Name) -> None:
    if find_spec(MODULES[name]) is None:
        raise UserError(f"--backend {name} is not installed; allowed: `pip install 'lemmata[{name}]'`, or processes")
