"""Where jobs run does not change what they measure."""

import importlib.util
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from lemmata.audit.cli import main
from lemmata.audit.judge.rounds import FIRST, spend
from lemmata.audit.measure.backends import Backend, alone_on, run_on
from lemmata.audit.measure.sweep import Failure, run, run_all
from lemmata.audit.plan.job import Job
from lemmata.claims.language.configuration import Configuration

ROOT = Path(__file__).parent.parent
WORK = [Job("cao-gu-2020/lemma-5.2a", Configuration(m=m, n=2), 4) for m in (16, 24, 32)]


def measured(backend: Backend) -> list:
    return [[trials.lhs, trials.rhs, trials.recipes] for trials in run_all(WORK, backend=backend)]


@pytest.fixture(scope="module")
def alone() -> list:
    return measured(Backend())


def test_processes_change_nothing(alone):
    """Two processes give the numbers of one, to the last bit."""
    assert measured(Backend(workers=2)) == alone


@pytest.mark.parametrize("name", ["dask", "ray"])
@pytest.mark.slow
def test_clusters_change_nothing(name, alone):
    """A local cluster of Dask or Ray gives the numbers of one process, to the last bit."""
    pytest.importorskip({"dask": "distributed", "ray": "ray"}[name], reason=f"needs lemmata[{name}]")
    script = (
        "import json; from lemmata.audit.measure.backends import Backend; from tests import test_backends"
        f"\nif __name__ == '__main__': print(json.dumps(test_backends.measured(Backend({name!r}, workers=2))))"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == json.dumps(alone)


@pytest.mark.parametrize("name", ["dask", "ray"])
def test_an_absent_backend_says_how_to_get_it(name, monkeypatch, capsys):
    """Without the package the line names the extra to install."""
    monkeypatch.setattr("lemmata.audit.measure.backends.find_spec", lambda module: None)
    assert main(["audit", "lemma-5.1a", "--backend", name]) == 2
    assert f"pip install 'lemmata[{name}]'" in capsys.readouterr().err


def test_a_cluster_needs_its_backend(capsys):
    """An address without a cluster's backend is refused, not ignored."""
    assert main(["audit", "lemma-5.1a", "--cluster", "tcp://localhost:8786"]) == 2
    assert "--backend dask" in capsys.readouterr().err


@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="needs lemmata[dask]")
@pytest.mark.slow
def test_a_cluster_that_does_not_answer_is_one_line(capsys):
    """An address where nobody listens is named."""
    assert main(["audit", "lemma-5.1a", "--backend", "dask", "--cluster", "tcp://127.0.0.1:9"]) == 2
    assert "'tcp://127.0.0.1:9' does not answer" in capsys.readouterr().err


def test_trials_on_a_gpu_follow_one_another(tmp_path, monkeypatch):
    """A second process waits for the device; the CPU has no such lock. It lies with the results, or with the user."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    script = (
        "import sys\nfrom lemmata.audit.measure.backends import alone_on\n"
        "with alone_on(sys.argv[1]): print('in', flush=True)"
    )

    def other(device: str) -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, "-c", script, device], cwd=ROOT, stdout=subprocess.PIPE, text=True)

    with alone_on("cuda"):
        free = other("cpu")
        assert free.communicate(timeout=60)[0] == "in\n"
        waiting = other("cuda")
        time.sleep(1)
        assert waiting.poll() is None
    assert waiting.communicate(timeout=60)[0] == "in\n"
    assert [path.name for path in (tmp_path / "lemmata").iterdir()] == ["cuda-all.lock"]
    with alone_on("cuda", tmp_path / "results"):
        assert [path.name for path in (tmp_path / "results").iterdir()] == ["cuda-all.lock"]


def test_one_process_at_a_time_waits_for_a_gpu(monkeypatch):
    """While there is work for the CPU: the longest trials are those of the GPU, and come first."""
    sizes = [(4096, "cuda"), (2048, "cuda"), (1024, "cuda"), (64, "cpu"), (32, "cpu"), (16, "cpu")]
    work = [Job("cao-gu-2020/lemma-5.1a", Configuration(m=m, L=1), 1, device=device) for m, device in sizes]
    given: list[str] = []

    def three(_: Backend, __: object, pending: Iterator[Job]) -> Iterator[Failure]:
        flying: list[Job] = []
        while True:
            flying += list(islice(pending, 3 - len(flying)))
            if not flying:
                return
            given.append("".join(sorted(job.device[1] for job in flying)))
            yield Failure(flying.pop(0), "")

    monkeypatch.setattr("lemmata.audit.measure.sweep.run_on", three)
    run_all(work, failed=lambda _: None)
    assert given == ["ppu", "ppu", "ppu", "puu", "pu", "u"]


def test_workers_use_one_thread_each():
    """The sweep is parallel over jobs, not inside them."""
    threads = list(run_on(Backend(workers=2), _threads, WORK))
    assert threads == [1] * len(WORK)


def _threads(job: Job) -> int:
    import torch

    from lemmata.audit.measure.sweep import _single_threaded

    _single_threaded(job)
    return torch.get_num_threads()


WARNED = "import warnings; warnings.warn('resource_tracker: gone'); warnings.warn('heard')"


def _said_by_a_process(_: object) -> str:
    return subprocess.run([sys.executable, "-c", WARNED], capture_output=True, text=True, check=True).stderr


def test_what_loky_cleans_up_is_not_said(monkeypatch):
    """Other warnings of the processes are, and a person's own filters stay."""
    monkeypatch.setenv("PYTHONWARNINGS", "default")
    (said,) = run_on(Backend(), _said_by_a_process, [None])
    assert "UserWarning: heard" in said
    assert "UserWarning: resource_tracker" not in said
    assert os.environ["PYTHONWARNINGS"] == "default"


def test_a_budget_narrows_the_widest_interval_first():
    """Every configuration gets a few initialisations; then the claim with the widest interval gets more."""
    noisy = Job("cao-gu-2020/lemma-5.1a", Configuration(m=8, n=1), 64)
    steady = Job("cao-gu-2020/loss-curvature", Configuration(m=8, n=1), 64)
    rounds = []

    def measure(jobs):
        rounds.append([(job.claim, job.first, job.initialisations) for job in jobs])
        return [run(job) for job in jobs]

    found = spend([noisy, steady], measure, deadline=time.monotonic() + 1.5, at_once=1)
    assert rounds[0] == [(noisy.claim, 0, FIRST), (steady.claim, 0, FIRST)]
    assert all(claim == noisy.claim for later in rounds[1:] for claim, _, _ in later)
    assert rounds[1] == [(noisy.claim, FIRST, FIRST)]
    sizes = {trials.job.claim: len(trials.lhs) for trials in found}
    assert sizes[noisy.claim] > sizes[steady.claim] == FIRST


def test_more_initialisations_go_on_where_the_first_ended():
    """Four and then four are the numbers of eight, where no attack looks at the others."""
    job = Job("cao-gu-2020/lemma-5.1a", Configuration(m=8, n=1), 8)
    first = run(Job(job.claim, job.configuration, 4))
    then = run(Job(job.claim, job.configuration, 4, first=4))
    assert first.then(then).lhs == run(job).lhs
    assert first.then(then).job == job
    with pytest.raises(ValueError, match="must go on where"):
        then.then(first)


def test_a_budget_is_kept():
    """Nothing is begun that would not end in time, and nothing to narrow is an end too."""
    steady = Job("cao-gu-2020/loss-curvature", Configuration(m=8, n=1), 64)
    started = time.monotonic()
    found = spend([steady], lambda jobs: [run(job) for job in jobs], deadline=math.inf, at_once=1)
    assert [len(trials.lhs) for trials in found] == [FIRST]
    assert time.monotonic() - started < 60


def _deaf(_: int) -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_processes_never_see_the_interrupt_that_a_terminal_sends_to_all():
    """From their start on: the one that started them ends them, and says so."""
    assert all(run_on(Backend(workers=2), _deaf, range(2)))
