"""Products of a few long rows with a basis of many: compiled by numba (`lemmata[fast]`), or torch's.

The library that torch calls reads the basis at a third of the speed of memory where the rows are two to eight. These
kernels take blocks of columns that stay in the first cache, and eight rows of the basis at a time. They are for double
precision on the CPU; the first call ever compiles them, a second each, and later processes find them in the cache
that numba keeps beside this file or in the user's own. Without numba, or where it has no place for a cache, and for
all other tensors the products are torch's: the same numbers to rounding.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import torch
from torch import Tensor

BLOCK = 512  # columns: eight rows of the basis are 32 KiB
FEW = 16  # rows; the library's way is for more
LEAST = 2**20  # bytes of a basis that are worth a call
GRAIN = 2**22  # bytes of a basis that are worth a thread


def overlaps(rows: Tensor, basis: Tensor) -> Tensor:
    """rows · basisᵀ: (S, n, m) and (S, r, m) -> (S, n, r)."""
    kernels = _kernels_for(rows, basis)
    if kernels is None:
        return rows @ basis.mT
    out = _over_columns(kernels[0], rows, basis, rows.new_zeros(_pieces(basis), *rows.shape[:2], basis.shape[1]))
    return out.sum(0)


def add_span(rows: Tensor, coefficients: Tensor, basis: Tensor) -> Tensor:
    """rows += coefficients · basis: (S, n, m), (S, n, r) and (S, r, m) -> the rows."""
    kernels = _kernels_for(rows, basis, coefficients)
    if kernels is None:
        return rows.baddbmm_(coefficients, basis)
    _over_columns(kernels[1], rows, basis, coefficients.expand(_pieces(basis), *coefficients.shape))
    return rows


def _kernels_for(rows: Tensor, basis: Tensor, *others: Tensor) -> tuple[Callable, Callable] | None:
    """The kernels, where they are of use and known to be right."""
    double = all(x.dtype == torch.float64 and x.device.type == "cpu" for x in (rows, basis, *others))
    tracked = any(x.requires_grad for x in (rows, basis, *others))
    thin = rows.shape[1] <= FEW and basis[0].nbytes >= LEAST
    return _compiled() if double and thin and not tracked else None


@cache
def _compiled() -> tuple[Callable, Callable] | None:
    """The kernels, once something asks for them: numba takes a while to import."""
    try:
        from numba import njit

        # Sums may be reordered; infinite and undefined entries keep their meaning.
        compiled = njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})
        return compiled(_overlaps), compiled(_add_span)
    except (ImportError, RuntimeError):
        return None


def _pieces(basis: Tensor) -> int:
    """How many threads share the columns."""
    return max(1, min(torch.get_num_threads(), basis[0].nbytes // GRAIN))


def _over_columns(kernel: Callable, rows: Tensor, basis: Tensor, coefficients: Tensor) -> Tensor:
    """Runs a kernel on pieces of the columns, each with coefficients (pieces, S, n, r) of its own, which return."""
    x, b, c = rows.numpy(), basis.numpy(), coefficients.numpy()
    m = rows.shape[-1]
    blocks = -(-m // BLOCK)
    cuts = [min(blocks * piece // len(c) * BLOCK, m) for piece in range(len(c) + 1)]

    def work(piece: int) -> None:
        for of_rows, of_basis, own in zip(x, b, c[piece], strict=True):
            kernel(of_rows, of_basis, own, cuts[piece], cuts[piece + 1])

    if len(c) == 1:
        work(0)
    else:
        list(_threads(os.getpid(), len(c)).map(work, range(len(c))))
    return coefficients


@cache
def _threads(process: int, count: int) -> ThreadPoolExecutor:
    """Kept threads: numba's own would share the cores with those of torch, and a forked process has none."""
    return ThreadPoolExecutor(count)


def _overlaps(rows: np.ndarray, basis: np.ndarray, out: np.ndarray, start: int, stop: int) -> None:
    """out += rows · basisᵀ over some columns."""
    rank = len(basis)
    for first in range(start, stop, BLOCK):
        last = min(first + BLOCK, stop)
        for k in range(0, rank - 7, 8):
            b0, b1 = basis[k, first:last], basis[k + 1, first:last]
            b2, b3 = basis[k + 2, first:last], basis[k + 3, first:last]
            b4, b5 = basis[k + 4, first:last], basis[k + 5, first:last]
            b6, b7 = basis[k + 6, first:last], basis[k + 7, first:last]
            for i in range(len(rows)):
                x = rows[i, first:last]
                s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
                for j in range(len(x)):
                    s0 += x[j] * b0[j]
                    s1 += x[j] * b1[j]
                    s2 += x[j] * b2[j]
                    s3 += x[j] * b3[j]
                    s4 += x[j] * b4[j]
                    s5 += x[j] * b5[j]
                    s6 += x[j] * b6[j]
                    s7 += x[j] * b7[j]
                for q, s in enumerate((s0, s1, s2, s3, s4, s5, s6, s7)):
                    out[i, k + q] += s
        for k in range(rank - rank % 8, rank):
            b = basis[k, first:last]
            for i in range(len(rows)):
                x = rows[i, first:last]
                s = 0.0
                for j in range(len(x)):
                    s += x[j] * b[j]
                out[i, k] += s


def _add_span(rows: np.ndarray, basis: np.ndarray, coefficients: np.ndarray, start: int, stop: int) -> None:
    """rows += coefficients · basis over some columns."""
    rank = len(basis)
    for first in range(start, stop, BLOCK):
        last = min(first + BLOCK, stop)
        for k in range(0, rank - 7, 8):
            b0, b1 = basis[k, first:last], basis[k + 1, first:last]
            b2, b3 = basis[k + 2, first:last], basis[k + 3, first:last]
            b4, b5 = basis[k + 4, first:last], basis[k + 5, first:last]
            b6, b7 = basis[k + 6, first:last], basis[k + 7, first:last]
            for i in range(len(rows)):
                x = rows[i, first:last]
                c = coefficients[i, k : k + 8]
                c0, c1, c2, c3, c4, c5, c6, c7 = c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]
                for j in range(len(x)):
                    first_half = c0 * b0[j] + c1 * b1[j] + c2 * b2[j] + c3 * b3[j]
                    x[j] += first_half + c4 * b4[j] + c5 * b5[j] + c6 * b6[j] + c7 * b7[j]
        for k in range(rank - rank % 8, rank):
            b = basis[k, first:last]
            for i in range(len(rows)):
                x, c = rows[i, first:last], coefficients[i, k]
                for j in range(len(x)):
                    x[j] += c * b[j]
