"""Products of a few rows with a basis: the compiled kernels give the numbers of torch."""

import importlib.util
import sys
from types import SimpleNamespace

import pytest
import torch

from lemmata.model import thin
from lemmata.model.deferred import DeferredMatrix
from lemmata.model.randomness import stream
from lemmata.model.thin import add_span, overlaps

compiled = pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="needs lemmata[fast]")


@pytest.fixture
def always(monkeypatch):
    """However small the basis is."""
    monkeypatch.setattr(thin, "LEAST", 0)


def operands(*, n=3, r=19, m=1_700, initialisations=2, dtype=torch.float64):
    """Rows, coefficients and a basis that is, as in the engine, the beginning of a larger buffer."""
    random = torch.Generator().manual_seed(0)
    rows, coefficients, buffer = (
        torch.randn(initialisations, *shape, generator=random, dtype=dtype) for shape in ((n, m), (n, r), (r + 5, m))
    )
    return rows, coefficients, buffer[:, :r]


@compiled
def test_the_kernels_are_there():
    """So that the other tests are about them."""
    assert thin._compiled() is not None


def has_no_place_for_its_cache(**options):
    """What numba does where it can write nothing."""
    raise RuntimeError("cannot cache function: no locator available")


@pytest.mark.parametrize("numba", [None, SimpleNamespace(njit=has_no_place_for_its_cache)])
def test_without_numba_there_are_none(monkeypatch, numba):
    """Then products are torch's own."""
    monkeypatch.setitem(sys.modules, "numba", numba)
    assert thin._compiled.__wrapped__() is None


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("n", [1, 2, 3, 8])
@pytest.mark.parametrize("r", [0, 1, 7, 8, 9, 40])
@pytest.mark.parametrize("m", [1, 3, 511, 512, 513, 2_000])
def test_products_are_torchs(n, r, m):
    """Blocks of columns and eights of directions, whole and begun."""
    rows, coefficients, basis = operands(n=n, r=r, m=m)
    torch.testing.assert_close(overlaps(rows, basis), rows @ basis.mT, rtol=1e-13, atol=1e-12)
    expected = rows + coefficients @ basis
    answer = add_span(rows, coefficients, basis)
    assert answer is rows
    torch.testing.assert_close(answer, expected, rtol=1e-13, atol=1e-12)


@pytest.mark.usefixtures("always")
def test_several_threads_share_the_columns(monkeypatch):
    """Each its own; the sums are those of one."""
    rows, coefficients, basis = operands()
    alone, moved = overlaps(rows, basis), add_span(rows.clone(), coefficients, basis)
    monkeypatch.setattr(thin, "_pieces", lambda basis: 3)
    torch.testing.assert_close(overlaps(rows, basis), alone, rtol=1e-13, atol=1e-12)
    assert torch.equal(add_span(rows, coefficients, basis), moved)


@pytest.mark.usefixtures("always")
def test_rows_may_lie_anywhere():
    """A transposed factor of a step has its rows as columns."""
    rows, _, basis = operands()
    columns = rows.mT.contiguous().mT
    torch.testing.assert_close(overlaps(columns, basis), rows @ basis.mT, rtol=1e-13, atol=1e-12)


@pytest.mark.usefixtures("always")
def test_what_is_undefined_stays_in_its_row():
    """Infinite and undefined entries mean what they mean to torch."""
    rows, coefficients, basis = operands()
    rows[0, 1, 7], coefficients[1, 2, 3] = torch.inf, torch.nan
    undefined = ~overlaps(rows, basis).isfinite()
    assert undefined[0, 1].all()
    assert undefined.sum() == undefined[0, 1].numel()
    lost = add_span(rows, coefficients, basis).isnan()
    assert lost[1, 2].all()
    assert lost.sum() == lost[1, 2].numel()


@pytest.mark.parametrize(("n", "dtype"), [(3, torch.float32), (thin.FEW + 1, torch.float64)])
@pytest.mark.usefixtures("always")
def test_all_other_products_are_torchs_own(n, dtype):
    """Single precision, and many rows: to the last digit."""
    rows, coefficients, basis = operands(n=n, dtype=dtype)
    assert torch.equal(overlaps(rows, basis), rows @ basis.mT)
    expected = rows.clone().baddbmm_(coefficients, basis)
    assert torch.equal(add_span(rows, coefficients, basis), expected)


@pytest.mark.usefixtures("always")
def test_what_is_differentiated_stays_torchs():
    """Through rows, coefficients or a basis."""
    rows, coefficients, basis = operands()
    (slope,) = torch.autograd.grad(overlaps(rows.requires_grad_(), basis).sum(), rows)
    torch.testing.assert_close(slope, basis.sum(1, keepdim=True).expand_as(rows))
    (slope,) = torch.autograd.grad(add_span(rows.detach(), coefficients.requires_grad_(), basis).sum(), coefficients)
    torch.testing.assert_close(slope, basis.sum(-1)[:, None].expand_as(coefficients))


@compiled
def test_a_deferred_matrix_answers_the_same_with_the_kernels_and_without(always, monkeypatch):
    """One sample, whatever multiplies: questions from both sides, each made of the answers before it."""

    def answers():
        matrix = DeferredMatrix([stream(0), stream(1)], (900, 700), 0.1, torch.zeros((), dtype=torch.float64))
        x, found = operands(n=3, m=700)[0], []
        for _ in range(6):
            found += [matrix.apply(x).relu()]
            x = x + matrix.apply_transposed(found[-1])
        return torch.cat(found)

    fast = answers()
    monkeypatch.setattr(thin, "_compiled", lambda: None)
    slow = answers()
    assert not torch.equal(fast, slow)
    torch.testing.assert_close(fast, slow, rtol=1e-9, atol=1e-9 * slow.abs().max().item())
