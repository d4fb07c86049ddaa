"""Memory and time are bounded by what a person asks for and gives, not by what a file says of itself."""

import io
import itertools
import math
import os
import random
import string
import time
import zipfile
from collections.abc import Hashable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lemmata.audit.errors import UserError
from lemmata.audit.measure import archives, given
from lemmata.audit.measure.files import load_data, load_weights
from lemmata.audit.measure.given import CLOSE, MOST, close_rows, equal_rows
from lemmata.audit.measure.layers import orders
from lemmata.model.data import BLOCK, Dataset
from lemmata.model.settings import CAO_GU_2020
from tests.assertions import assert_close

BIG = archives.ROOM


def header(shape: tuple[int, ...], kind: str = "<f8") -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": kind, "fortran_order": False, "shape": shape})
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
    with pytest.raises(UserError, match=r"comes to 2\.4e\+09 bytes"):
        load_weights(str(path), CAO_GU_2020)


def test_whole_numbers_of_one_byte_count_as_float64(tmp_path):
    """Eight times what the archive declares of itself, which alone would be little."""
    entries = BIG // 8 + 1
    whole = header((entries, 1), "|i1") + bytes(entries)
    path = zipped(tmp_path / "bytes.npz", {"X.npy": whole, "y.npy": header((1,)) + bytes(8)})
    with pytest.raises(UserError, match=r"comes to 2\.68e\+08 bytes in a file of 3"):
        load_data(path, CAO_GU_2020)
    torch.save({"0.weight": torch.zeros(BIG // 8 + 1, dtype=torch.int8)}, tmp_path / "bytes.pt")
    loaded = torch.load(tmp_path / "bytes.pt")
    (tmp_path / "small.pt").write_bytes(b"")
    with pytest.raises(UserError, match=r"comes to 2\.68e\+08 bytes in a file of 0"):
        archives.check_tensors(str(tmp_path / "small.pt"), loaded)


def doubled(name: Hashable, other: Hashable) -> dict:
    """Forty mappings, each twice in the one above: 2^40 on the way down, two kilobytes in a file."""
    inner: dict = {}
    for _ in range(40):
        inner = {name: inner, other: inner}
    return inner


def looped(name: Hashable) -> dict:
    """Two layers, and itself."""
    found: dict = {f"{layer}.weight": torch.ones(1, 1) for layer in range(2)}
    found[name] = found
    return found


def deep(levels: int) -> dict:
    inner: dict = {"0.weight": torch.ones(1, 1)}
    for _ in range(levels):
        inner = {"model": inner}
    return inner


@pytest.mark.parametrize(
    ("loaded", "words"),
    [
        (doubled("a", "b"), "holds a, b, it must hold"),
        (doubled(0, 1), "holds 2 networks, it must hold one"),
        (looped("self"), "self is of type dict"),
        (looped(0), "holds|must"),
        (deep(300), "mappings more than 100 deep inside each other"),
        ({f"{'1' * 5000}.weight": torch.ones(3, 3), f"{'2' * 5000}.weight": torch.ones(2, 3)}, "wants one row"),
    ],
    ids=[
        "doubled",
        "doubled-numbers",
        "in-itself",
        "in-itself-numbers",
        "deep",
        "digits",
    ],
)
def test_mappings_that_no_network_has_end(loaded, words, tmp_path):
    """Each mapping is looked at once, however often it stands there, and numbers may have any digits."""
    torch.save(loaded, tmp_path / "odd.pt")
    with pytest.raises(UserError, match=words):
        load_weights(str(tmp_path / "odd.pt"), CAO_GU_2020)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("layout", [torch.strided, torch.jagged])
def test_nested_tensors_are_none(layout, tmp_path):
    """PyTorch raises where their shape is asked."""
    ragged = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=layout)
    with pytest.raises(UserError, match=r"x is nested and of type torch\.float32, it must be a dense array"):
        given.float64("x", ragged)
    if layout is torch.strided:
        torch.save({"0.weight": ragged, "1.weight": torch.ones(1, 2)}, tmp_path / "ragged.pt")
        with pytest.raises(UserError, match=r"0\.weight is nested"):
            load_weights(str(tmp_path / "ragged.pt"), CAO_GU_2020)


def test_a_network_that_stands_twice_is_one(tmp_path):
    """Its parts are the same, under whichever name; names may have dots."""
    state = {"0.weight": torch.ones(4, 3), "1.weight": torch.tensor([[1.0, -1.0, 1.0, -1.0]])}
    torch.save({"a.b": {"net": state, "best": state}}, tmp_path / "twice.pt")
    assert load_weights(str(tmp_path / "twice.pt"), CAO_GU_2020).names == ("0.weight", "1.weight")
    torch.save({"a.b": {"net": state, "best": dict(state)}}, tmp_path / "two.pt")
    with pytest.raises(UserError, match=r"holds 2 mappings.*torch\.load\(FILE\)\['a\.b'\]\['net'\]"):
        load_weights(str(tmp_path / "two.pt"), CAO_GU_2020)


def test_a_shard_has_any_number(tmp_path):
    """Of more digits than Python reads, as a path may have."""
    with pytest.raises(UserError, match="is part 1 of 99"):
        load_weights(f"net-0001-of-{'9' * 5000}.pt", CAO_GU_2020)
    with pytest.raises(UserError, match="must be an existing file"):
        load_weights(f"{tmp_path}/net-00001-of-00001.pt", CAO_GU_2020)


@pytest.mark.parametrize("name", ["weight{:04}", "w{}x", "0.{:b}"])
def test_thousands_of_square_layers_are_ordered_in_time(name, tmp_path):
    """By their numbers, or the search for their order is given up: 3,000! fit one another."""
    state = {name.format(layer): torch.eye(2) for layer in range(3000)}
    started = time.monotonic()
    torch.save(state, tmp_path / "long.pt")
    with pytest.raises(UserError, match=r"the output layer .* has shape \(2, 2\)"):
        load_weights(str(tmp_path / "long.pt"), CAO_GU_2020)
    save_file(state, tmp_path / "long.safetensors")
    with pytest.raises(UserError, match=r"the output layer .* has shape \(2, 2\)"):
        load_weights(str(tmp_path / "long.safetensors"), CAO_GU_2020)
    assert time.monotonic() - started < 4


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("numbers", [True, False])
def test_orders_are_those_of_all_permutations(seed, numbers):
    """The only one, if there is one; two, if there are more."""
    rng = random.Random(seed)
    names = rng.sample(["a1", "a2", "a10", "b3", "b20", "c", "V"], rng.randint(2, 6))
    shapes = {name: (rng.randint(1, 3), rng.randint(1, 3)) for name in names}

    def fits(order: tuple[str, ...]) -> bool:
        ascend = all(
            first[:1] != second[:1] or int(first[1:] or 0) < int(second[1:] or 0)
            for first, second in itertools.combinations(order, 2)
        )
        chain = all(shapes[above][1] == shapes[below][0] for below, above in itertools.pairwise(order))
        return chain and "V" not in order[:-1] and (ascend or not numbers)

    expected = [list(order) for order in itertools.permutations(names) if fits(order)]
    found = orders(shapes, numbers=numbers)
    assert len(found) == min(2, len(expected))
    assert all(order in expected for order in found)
    assert found[:1] != found[1:] or not found


def test_an_order_that_nobody_can_search_is_not_told(tmp_path):
    """No two names are alike, and every layer fits every other."""
    rng = random.Random(0)
    names = ["".join(rng.choices(string.ascii_lowercase, k=12)) for _ in range(3000)]
    save_file({name: torch.eye(2) for name in names}, tmp_path / "words.safetensors")
    started = time.monotonic()
    with pytest.raises(UserError, match="whose order neither the file, names nor shapes tell"):
        load_weights(str(tmp_path / "words.safetensors"), CAO_GU_2020)
    assert time.monotonic() - started < 3


def test_names_of_many_dots_are_read_in_time(tmp_path):
    """What all begin with is found once, not dot by dot."""
    beginning = "a." * 20_000
    torch.save({f"{beginning}{at}.weight": torch.eye(2) for at in range(40)}, tmp_path / "dots.pt")
    started = time.monotonic()
    with pytest.raises(UserError, match="the output layer 39"):
        load_weights(str(tmp_path / "dots.pt"), CAO_GU_2020)
    assert time.monotonic() - started < 2


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
    found = equal_rows(rows).tolist()
    assert time.monotonic() - started < 10
    assert found == sorted([row % 3, row] for row in range(3, len(rows)))
    assert len(close_rows(rows)) == MOST


def test_rows_with_equal_projections_are_told_apart_in_time():
    """No direction is known before the rows are."""
    across = np.random.default_rng(0).standard_normal(3)
    rows = unit(60_000, 3)
    rows -= torch.outer(rows @ torch.from_numpy(across), torch.from_numpy(across / (across @ across)))
    rows /= rows.norm(dim=-1, keepdim=True)
    started = time.monotonic()
    assert not len(equal_rows(rows))
    assert time.monotonic() - started < 2


def test_rows_that_almost_coincide_are_refused_when_they_are_too_many(monkeypatch):
    """Each is farther from every other than equal rows are, and near enough to be compared with all."""
    rows = torch.eye(1, 20, dtype=torch.float64) + 3e-12 * unit(400, 20)
    assert not len(equal_rows(rows))
    monkeypatch.setattr(given, "COMPARED", 400 * 20)
    with pytest.raises(ValueError, match="and many others, almost coincide"):
        equal_rows(rows)
    with pytest.raises(UserError, match=r"data: rows \d+ and \d+, and many others.*all must differ"):
        given.dataset(given.Names("data: "), rows, torch.ones(400), CAO_GU_2020, normalise=True)


def test_close_rows_take_room_for_few_at_once(monkeypatch):
    """The same pairs from any number of rows at once."""
    rows = unit(50, 2)
    found = close_rows(rows)
    for at_once in (1, 130):
        monkeypatch.setattr(given, "AT_ONCE", at_once)
        assert close_rows(rows) == found
    assert len(found) > 30


def test_equal_and_close_rows_are_those_of_all_pairs():
    """The same as by comparing every row with every other."""
    rows = torch.cat([unit(40, 3), unit(40, 3)[:7] + 3e-13, unit(9, 3, 1), unit(40, 3)[:2] + 1e-6])
    apart = torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist")
    n = range(len(rows))
    close = [(i, j) for i in n for j in n if i < j and apart[i, j] <= CLOSE]
    assert close_rows(rows) == close
    assert equal_rows(rows).tolist() == [[i, j] for i, j in close if apart[i, j] <= 1e-12]


def test_the_separation_is_that_of_all_pairs():
    """Over several blocks, across their borders, and for one point."""
    rows = unit(2 * BLOCK + 3, 2)
    apart = torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist").fill_diagonal_(math.inf)
    assert_close(Dataset(rows, rows).separation, float(apart.min()))
    assert Dataset(rows[:1], rows[:1]).separation == math.inf
    assert_close(Dataset(rows[: BLOCK + 1], rows).separation, float(apart[: BLOCK + 1, : BLOCK + 1].min()))
