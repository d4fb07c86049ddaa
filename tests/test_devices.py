"""Every claim computes where it is told to, and finds there what it finds on the CPU.

Where there is a GPU it is a real one; elsewhere a pretended one, which refuses what a GPU refuses.
"""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest
import torch

from lemmata.audit.errors import UserError
from lemmata.audit.measure.sweep import Trials, measure, run_all
from lemmata.audit.plan.devices import choose_device
from lemmata.audit.plan.grid import Sizes, corners, points
from lemmata.audit.plan.job import jobs
from lemmata.claims import REGISTRY
from lemmata.claims.claim import Claim
from tests.assertions import assert_found, assert_same

if not torch.cuda.is_available():
    # torch knows one device beside the CPU at a time, and must have met it before the first gradient.
    missing = "this torch lets no backend be written in Python"
    pretended_gpu = pytest.importorskip("tests.pretended_gpu", reason=missing, exc_type=ImportError).pretended_gpu


@pytest.fixture
def gpu() -> Iterator[str]:
    """A device that is not the CPU."""
    with nullcontext() if torch.cuda.is_available() else pretended_gpu():
        yield "cuda"


@pytest.fixture
def pretended(gpu: str) -> str:
    """The pretended device."""
    if torch.cuda.is_available():
        pytest.skip("there is a real one")
    return gpu


MEASURED = [
    claim
    for claim in REGISTRY.values()
    if claim.measured and claim.problem is None and (claim.reading == "meant" or claim.kind != "RUN")
]
"""Those of networks, but for printed readings of whole runs of descent, which take the same steps as those meant."""


@pytest.mark.parametrize("measured", MEASURED, ids=str)
def test_a_gpu_finds_what_the_cpu_finds(measured: Claim, gpu: str) -> None:
    """The same initialisations, to rounding, and nothing of it on another device."""
    configuration = min(corners(measured), key=lambda c: (c.m**2 * c.L * c.n, c.token()))
    here, there = (measure(measured, configuration, 3, range(2), device=device) for device in ("cpu", gpu))
    assert there.ratio.device.type != "cpu"
    assert_found(there.ratio.cpu().nan_to_num(), here.ratio.nan_to_num())


def test_auto_is_the_gpu_for_large_networks_and_the_cpu_for_small_ones(
    gpu: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one sweep, which finds what the CPU finds; what is asked for by name is what one gets."""
    monkeypatch.setattr("lemmata.audit.plan.devices.LARGE", 64 * 64)
    claim = REGISTRY["cao-gu-2020/lemma-5.1a"]
    sizes = Sizes(widths=(16, 64), depths=(2,), samples=(1,), initialisations=2)

    def found(device: str) -> list[Trials]:
        return run_all(jobs([claim], lambda claim: points(claim, sizes), device=device), done=lambda _: None)

    mixed, here = found("auto"), found("cpu")
    assert {(trials.job.configuration.m, trials.job.device) for trials in mixed} == {(16, "cpu"), (64, gpu)}
    assert {trials.job.device for trials in found(gpu)} == {gpu}
    assert {trials.job.device for trials in here} == {"cpu"}
    assert_found([trials.ratio for trials in mixed], [trials.ratio for trials in here])


def test_without_a_gpu_auto_is_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """And to ask for one is an error."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == choose_device("cpu") == "cpu"
    with pytest.raises(UserError, match="--device cuda: no CUDA device is available"):
        choose_device("cuda")


def test_the_pretended_gpu_refuses_what_a_gpu_refuses(pretended: str) -> None:
    """Tensors of two devices do not mix, and its own are no NumPy arrays."""
    rows = torch.ones(3, 2, dtype=torch.float64, device=pretended)
    for refused in (
        lambda: rows + torch.ones(2),
        lambda: rows @ torch.ones(2, 2, dtype=torch.float64),
        lambda: torch.stack([rows[0], torch.ones(2, dtype=torch.float64)]),
        lambda: torch.ones(3)[rows[:, 0].long()],
        lambda: rows.numpy(),
        lambda: torch.linalg.svd(rows),
    ):
        with pytest.raises(RuntimeError):
            refused()


def test_the_pretended_gpu_allows_what_a_gpu_allows(pretended: str) -> None:
    """Numbers of the CPU, its indices, moves there and back, changes in place, gradients."""
    rows = torch.zeros(3, 2, dtype=torch.float64, device=pretended).add_(torch.tensor(1.0))
    rows[[0, 2], 1] = 4.0
    rows[torch.tensor([1])] *= 2
    leaf = rows.clone().requires_grad_()
    (leaf @ leaf.new_tensor([1.0, 3.0])).square().sum().backward()
    assert leaf.grad is not None
    found = torch.cat([rows, leaf.grad])
    assert found.device == rows.device
    assert rows.sum().item() == 14
    assert_same(found.cpu().numpy(), [[1, 4], [2, 2], [1, 4], [26, 78], [16, 48], [26, 78]])
