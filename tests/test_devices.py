"""Every claim computes where it is told to, and finds there what it finds on the CPU.

Where there is a GPU it is a real one; elsewhere a pretended one, which refuses what a GPU refuses.
"""

from collections.abc import Iterator

import pytest
import torch

from audit.grid import corners
from audit.sweep import measure
from claims import REGISTRY
from claims.claim import Claim
from tests.assertions import assert_found, assert_same
from tests.pretended_gpu import pretended_gpu


@pytest.fixture
def gpu() -> Iterator[str]:
    """A device that is not the CPU."""
    if torch.cuda.is_available():
        yield "cuda"
        return
    with pretended_gpu():
        yield "cuda"


MEASURED = [claim for claim in REGISTRY.values() if claim.measured and (claim.reading == "meant" or claim.kind != "RUN")]
"""All but printed readings of whole runs of descent, which take the same steps as the readings that are meant."""


@pytest.mark.parametrize("measured", MEASURED, ids=str)
def test_a_gpu_finds_what_the_cpu_finds(measured: Claim, gpu: str) -> None:
    """The same initialisations, to rounding, and nothing of it on another device."""
    configuration = min(corners(measured), key=lambda c: (c.m**2 * c.L * c.n, c.token()))
    here, there = (measure(measured, configuration, 3, range(2), device=device) for device in ("cpu", gpu))
    assert there.ratio.device.type != "cpu"
    assert_found(there.ratio.cpu().nan_to_num(), here.ratio.nan_to_num())


def test_the_pretended_gpu_refuses_what_a_gpu_refuses() -> None:
    """Tensors of two devices do not mix, and its own are no NumPy arrays."""
    with pretended_gpu():
        rows = torch.ones(3, 2, dtype=torch.float64, device="cuda")
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


def test_the_pretended_gpu_allows_what_a_gpu_allows() -> None:
    """Numbers of the CPU, its indices, moves there and back, changes in place, gradients."""
    with pretended_gpu():
        rows = torch.zeros(3, 2, dtype=torch.float64, device="cuda").add_(torch.tensor(1.0))
        rows[[0, 2], 1] = 4.0
        rows[torch.tensor([1])] *= 2
        leaf = rows.clone().requires_grad_()
        (leaf @ leaf.new_tensor([1.0, 3.0])).square().sum().backward()
        assert leaf.grad is not None
        found = torch.cat([rows, leaf.grad])
        assert found.device == rows.device
        assert (rows[0, 1] == 4) == (rows.sum().item() == 14)
    assert_same(found.cpu().numpy(), [[1, 4], [2, 2], [1, 4], [26, 78], [16, 48], [26, 78]])
