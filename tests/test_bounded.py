"""Memory and time are bounded by what a person asks for and gives, not by what a file says of itself."""

import io
import math
import os
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from lemmata.audit.errors import UserError
from lemmata.audit.measure import archives
from lemmata.audit.measure.files import load_data, load_weights
from lemmata.audit.measure.given import CLOSE, MOST, close_rows, equal_rows
from lemmata.model.data import BLOCK, Dataset
from lemmata.model.settings import CAO_GU_2020
from tests.assertions import assert_close

BIG = archives.ROOM


def header(shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return file.getvalue()


def zipped(path: Path, parts: dict[str, bytes]) -> str:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return str(path)


def test_a_small_archive_of_zeros_is_refused_unread(tmp_path, monkeypatch):
    """Its declared size is a thousand times its own; nothing is inflated to find out."""
    size = BIG // 8 + 1
    path = zipped(tmp_path / "bomb.npz", {"X.npy": header((size, 1)) + bytes(8 * size)})
    assert Path(path).stat().st_size < BIG / 500
    monkeypatch.setattr(np, "load", None)
    with pytest.raises(UserError, match=r"comes to 2\.68e\+08 bytes in a file of 2\.\d+e\+05, allowed are 2\.68e\+08"):
        load_data(path, CAO_GU_2020)


def test_an_inflated_state_dict_is_refused_unread(tmp_path, monkeypatch):
    """torch.load would inflate it."""
    path = zipped(tmp_path / "bomb.pt", {"archive/data/0": bytes(BIG + 1)})
    monkeypatch.setattr(torch, "load", None)
    with pytest.raises(UserError, match=r"bomb\.pt: comes to"):
        load_weights(path, CAO_GU_2020)


@pytest.mark.parametrize("shape", [(10**12,), (10**6, 10**6), (2**62, 2)])
def test_a_header_that_promises_more_than_there_is_is_refused(shape, tmp_path):
    """NumPy would make room first."""
    path = zipped(tmp_path / "liar.npz", {"X.npy": header(shape) + bytes(64), "y.npy": header((1,)) + bytes(8)})
    with pytest.raises(UserError, match=r"X is of shape .* but holds 64 bytes"):
        load_data(path, CAO_GU_2020)


def test_an_expanded_tensor_is_refused(tmp_path):
    """One entry in the file, 10^10 in the network."""
    path = tmp_path / "expanded.pt"
    torch.save({"0.weight": torch.zeros(()).expand(10**5, 10**5), "1.weight": torch.ones(1, 10**5)}, path)
    assert path.stat().st_size < 10**6
    with pytest.raises(UserError, match=r"0\.weight is expanded, it stands for 1e\+10 entries.*contiguous"):
        load_weights(str(path), CAO_GU_2020)


def test_one_tensor_under_many_names_is_refused(tmp_path):
    """Each name would be a copy."""
    tensor = torch.zeros(1000, 1000)
    path = tmp_path / "shared.pt"
    torch.save({f"{layer}.weight": tensor for layer in range(300)}, path)
    with pytest.raises(UserError, match=r"comes to 1\.2e\+09 bytes"):
        load_weights(str(path), CAO_GU_2020)


def test_more_numbers_than_the_memory_holds_are_refused(monkeypatch):
    """Before they are widened to float64."""
    monkeypatch.setattr(archives, "available", lambda: 800)
    archives.check_room("W1", 100)
    with pytest.raises(UserError, match=r"W1 has 101 entries, allowed are 100"):
        archives.check_room("W1", 101)


@pytest.mark.parametrize("name", ["data.npz", "data.csv", "weights.pt", "weights.safetensors"])
def test_what_never_ends_is_not_read(name, tmp_path):
    """Neither a pipe nor a device is a file."""
    load = load_data if name.startswith("data") else load_weights
    os.mkfifo(tmp_path / name)
    with pytest.raises(UserError, match="is not a file"):
        load(str(tmp_path / name), CAO_GU_2020)
    (tmp_path / f"zero-{name}").symlink_to("/dev/zero")
    with pytest.raises(UserError, match=r"is (not a file|empty)"):
        load(str(tmp_path / f"zero-{name}"), CAO_GU_2020)


def unit(n: int, d: int, seed: int = 0) -> torch.Tensor:
    rows = torch.from_numpy(np.random.default_rng(seed).standard_normal((n, d)))
    return rows / rows.norm(dim=-1, keepdim=True)


def test_a_hundred_thousand_equal_rows_are_found_in_time():
    """As many as there are, not as many as there are pairs of them."""
    rows = unit(3, 5).repeat(40_000, 1)
    started = time.monotonic()
    found = equal_rows(rows)
    assert time.monotonic() - started < 10
    assert found == sorted((row % 3, row) for row in range(3, len(rows)))
    assert len(close_rows(rows)) == MOST


def test_equal_and_close_rows_are_those_of_all_pairs():
    """The same as by comparing every row with every other."""
    rows = torch.cat([unit(40, 3), unit(40, 3)[:7] + 3e-13, unit(9, 3, 1), unit(40, 3)[:2] + 1e-6])
    apart = torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist")
    n = range(len(rows))
    close = [(i, j) for i in n for j in n if i < j and apart[i, j] <= CLOSE]
    assert close_rows(rows) == close
    assert equal_rows(rows) == [(i, j) for i, j in close if apart[i, j] <= 1e-12]


def test_the_separation_is_that_of_all_pairs():
    """Over several blocks, across their borders, and for one point."""
    rows = unit(2 * BLOCK + 3, 2)
    apart = torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist").fill_diagonal_(math.inf)
    assert_close(Dataset(rows, rows).separation, float(apart.min()))
    assert Dataset(rows[:1], rows[:1]).separation == math.inf
    assert_close(Dataset(rows[: BLOCK + 1], rows).separation, float(apart[: BLOCK + 1, : BLOCK + 1].min()))
