"""Unusable input ends with status 2 and one line that names the file, what was found and what is allowed."""

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lemmata.audit.arguments import Utf8
from lemmata.audit.cli import COMMANDS, lemmata, main
from lemmata.audit.measure.files import load_data, load_weights
from lemmata.model.settings import CAO_GU_2020, ZOU_GU_2019

D, WIDTHS, N = 4, (6, 8), 3
Break = Callable[[Path], None]


def weights() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    return {
        "W1": rng.standard_normal((WIDTHS[0], D)),
        "W2": rng.standard_normal((WIDTHS[1], WIDTHS[0])),
        "V": np.array([[1.0, -1.0] * (WIDTHS[1] // 2)]),
    }


def data() -> dict[str, np.ndarray]:
    X = np.random.default_rng(6).standard_normal((N, D))
    return {"X": X / np.linalg.norm(X, axis=1, keepdims=True), "y": np.array([1.0, -1.0, 1.0])}


def state() -> dict[str, torch.Tensor]:
    return {f"{layer}.weight": torch.from_numpy(array) for layer, array in enumerate(weights().values())}


def write(folder: Path) -> list[str]:
    """Usable files, and the command line that checks them."""
    np.savez(folder / "init.npz", **weights())
    np.savez(folder / "trained.npz", **weights())
    np.savez(folder / "data.npz", **data())
    return arguments(folder, "init.npz", "trained.npz", "data.npz")


def arguments(folder: Path, init: str, trained: str, data: str) -> list[str]:
    return ["check", "--init", str(folder / init), "--trained", str(folder / trained), "--data", str(folder / data)]


def refused(command: list[str], capsys) -> str:
    assert main(command) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("lemmata: ")
    assert printed.err.count("\n") == 1
    assert printed.err.endswith("\n")
    return printed.err


def test_the_unbroken_files_are_accepted(tmp_path, capsys):
    """What the tables below break is usable before."""
    assert main(write(tmp_path)) == 0
    torch.save(state(), tmp_path / "a.pt")
    save_file(state(), tmp_path / "a.safetensors")
    assert main(arguments(tmp_path, "a.pt", "a.safetensors", "data.npz")) == 0


def entry(name: str, at: tuple[int, ...], value: float, make: Callable = weights) -> dict[str, np.ndarray]:
    arrays = make()
    arrays[name][at] = value
    return arrays


def swap(make: Callable = weights, **arrays: object) -> dict:
    """The usable arrays with some replaced, and those replaced by None left out."""
    return {name: array for name, array in {**make(), **arrays}.items() if array is not None}


def truncated(arrays: dict) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()[:-200]


def corrupted(arrays: dict) -> bytes:
    """Bytes of an array flipped, its checksum left."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    content = bytearray(file.getvalue())
    for place in range(200, 240):
        content[place] ^= 255
    return bytes(content)


def one_array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.ones(3))
    return file.getvalue()


def zipped_text() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("notes.txt", "no array")
    return file.getvalue()


NPZ_WEIGHTS: dict[str, tuple[object, list[str]]] = {
    "empty": (b"", ["is empty"]),
    "text": (b"W1 = 3\n", ["cannot be read", ".npz", "pickled objects are refused"]),
    "truncated": (truncated(weights()), ["cannot be read"]),
    "corrupted": (corrupted(weights()), ["cannot be read"]),
    "single array": (one_array(), ["cannot be read", "single array"]),
    "zip without arrays": (zipped_text(), ["holds notes.txt", "W1 … WL and V"]),
    "no arrays": ({}, ["holds nothing", "W1 … WL and V"]),
    "object array": (swap(W1=np.array([[1.0, None]], dtype=object)), ["pickled objects are refused"]),
    "no V": (swap(V=None), ["holds W1, W2", "W1 … WL and V"]),
    "no W1": (swap(W1=None), ["holds W2, V"]),
    "only V": (swap(W1=None, W2=None), ["holds V"]),
    "gap": (swap(W2=None, W3=weights()["W2"]), ["holds W1, V, W3"]),
    "unknown array": (swap(scale=np.ones(1)), ["scale"]),
    "bias": (swap(bias=np.ones(6)), ["bias", "no biases"]),
    "vector": (swap(W1=np.ones(6)), ["W1 has shape (6)", "a matrix (out, in)"]),
    "three axes": (swap(W2=np.ones((8, 6, 1))), ["W2 has shape (8, 6, 1)"]),
    "no units": (swap(W1=np.ones((0, D))), ["W1 has shape (0, 4)"]),
    "vector V": (swap(V=np.ones(8)), ["V has shape (8)"]),
    "does not chain": (swap(W2=np.ones((8, 5))), ["W2 has shape (8, 5)", "in = 6", "W1"]),
    "transposed": (swap(W1=np.ones((D, 6)), W2=np.ones((6, 8))), ["W2 has shape (6, 8)", "in = 4"]),
    "V does not chain": (swap(V=np.array([[1.0, -1.0]])), ["V has shape (1, 2)", "in = 8"]),
    "NaN": (entry("W2", (3, 1), np.nan), ["W2[3, 1] is nan", "finite"]),
    "infinite": (entry("W1", (0, 2), -np.inf), ["W1[0, 2] is -inf"]),
    "NaN in V": (entry("V", (0, 0), np.nan), ["V[0, 0] is nan"]),
    "too large for float64": (swap(W1=np.full((6, D), np.longdouble("1e4000"))), ["W1[0, 0] is inf"]),
    "boolean": (swap(W1=np.ones((6, D), dtype=bool)), ["W1 is of type bool", "floats or integers"]),
    "complex": (swap(W1=np.ones((6, D), dtype=complex)), ["W1 is of type complex128"]),
    "text array": (swap(W1=np.full((6, D), "1")), ["W1 is of type <U1"]),
    "dates": (swap(W1=np.full((6, D), np.datetime64("2020-01-01"))), ["W1 is of type datetime64"]),
    "unbalanced V": (entry("V", (0, 0), -1.0), ["V (V) has 3 entries +1, 5 entries -1", "as many"]),
    "V not ±1": (entry("V", (0, 0), 0.5), ["1 others", "cao-gu-2020"]),
    "two outputs": (swap(V=np.repeat(weights()["V"], 2, 0)), ["(2, 8)", "one row"]),
}

STATES: dict[str, tuple[object, list[str]]] = {
    "text": (b"weights", ["cannot be read", "weights_only=True"]),
    "pickled module": (torch.nn.Linear(3, 1, bias=False), ["cannot be read", "pickled objects are refused"]),
    "pickled path": ({"0.weight": Path("x")}, ["cannot be read", "pickled objects are refused"]),
    "tensor": (torch.ones(3), ["holds a Tensor", "state_dict"]),
    "list": ([torch.ones(3)], ["holds a list"]),
    "numbered": ({0: torch.ones(3)}, ["holds a dict"]),
    "no tensors": ({"epoch": 3, "loss": 0.5}, ["holds epoch, loss", "torch.save(net.state_dict(), FILE)"]),
    "two networks": (
        {"model": state(), "ema": state()},
        ["2 mappings of tensors, model, ema", "torch.load(FILE)['model']"],
    ),
    "empty": ({}, ["holds nothing"]),
    "one layer": ({"0.weight": state()["0.weight"]}, ["holds 0.weight", "at least one hidden layer"]),
    "biases": ({**state(), "0.bias": torch.ones(6)}, ["0.bias", "no biases"]),
    "norm layer": ({**state(), "1.weight": torch.ones(6)}, ["1.weight has shape (6), as of a normalisation layer"]),
    "complex": ({**state(), "0.weight": torch.ones(6, D, dtype=torch.complex64)}, ["torch.complex64"]),
    "boolean": ({**state(), "0.weight": torch.ones(6, D, dtype=torch.bool)}, ["torch.bool"]),
    "sparse": ({**state(), "0.weight": torch.eye(6).to_sparse()}, ["0.weight", "dense"]),
    "NaN": ({**state(), "1.weight": state()["1.weight"] * torch.nan}, ["1.weight[0, 0] is nan"]),
    "lexical order": (
        {f"{name}.weight": tensor for name, tensor in zip((2, 10, 11), reversed(state().values()), strict=True)},
        ["10.weight has shape (8, 6)", "2.weight"],
    ),
}

DATA: dict[str, tuple[str, object, list[str]]] = {
    "empty": ("npz", b"", ["is empty"]),
    "text": ("npz", b"X", ["cannot be read"]),
    "truncated": ("npz", truncated(data()), ["cannot be read"]),
    "objects": ("npz", swap(data, y=np.array([1, None, 1], dtype=object)), ["pickled objects are refused"]),
    "no y": ("npz", swap(data, y=None), ["holds X", "X and y"]),
    "other names": ("npz", {"x": data()["X"], "y": data()["y"]}, ["holds x, y, it must hold X and y"]),
    "vector X": ("npz", swap(data, X=np.ones(3)), ["X has shape (3)", "(n, d)"]),
    "no rows": ("npz", {"X": np.ones((0, D)), "y": np.ones(0)}, ["X has shape (0, 4)"]),
    "complex X": ("npz", swap(data, X=data()["X"] * 1j), ["X is of type complex128"]),
    "boolean y": ("npz", swap(data, y=np.ones(3, dtype=bool)), ["y is of type bool"]),
    "text y": ("npz", swap(data, y=np.array(["a", "b", "a"])), ["y is of type <U1"]),
    "NaN in X": ("npz", entry("X", (1, 2), np.nan, data), ["X[1, 2] is nan"]),
    "NaN in y": ("npz", entry("y", (1,), np.nan, data), ["y[1] is nan"]),
    "zero row": ("npz", entry("X", (2,), 0.0, data), ["row 2 of X (counted from 0) is zero"]),
    "long row": ("npz", entry("X", (1,), 1.0, data), ["row 1 of X (counted from 0) has norm 2", "--normalise"]),
    "nearly unit row": ("npz", swap(data, X=data()["X"] * (1 + 2e-6)), ["has norm 1.000002", "1e-06"]),
    "huge row": ("npz", swap(data, X=data()["X"] * 1e300), ["row 0", "has norm"]),
    "duplicate rows": ("npz", swap(data, X=data()["X"][[0, 1, 0]]), ["rows 0 and 2 of X (counted from 0)", "equal"]),
    "too many labels": ("npz", swap(data, y=np.ones(4)), ["y has shape (4)", "(3,)"]),
    "scalar y": ("npz", swap(data, y=np.array(1.0)), ["y has shape ()"]),
    "label matrix": ("npz", swap(data, y=np.ones((3, 2))), ["y has 2 columns", "wants one"]),
    "labels 0/1": ("npz", swap(data, y=np.array([0, 1, 1])), ["labels 0/1", "-1 and +1", "2 * y - 1"]),
    "labels 0": ("npz", swap(data, y=np.zeros(3)), ["labels 0/1", "2 * y - 1"]),
    "three labels": ("npz", swap(data, y=np.array([-1, 1, 2])), ["the label 2", "-1 and +1"]),
    "real labels": ("npz", swap(data, y=np.array([-1, 1, 0.5])), ["the label 0.5"]),
    "other dimension": ("npz", {"X": np.eye(3), "y": np.ones(3)}, ["X has 3 columns", "must have 4"]),
    "no lines": ("csv", b"\n", ["0 columns"]),
    "only a header": ("csv", b"a,b,c,d,y\n", ["0 rows", "at least one row"]),
    "no header": ("csv", b"1,0,0,0,1\n0,1,0,0,-1\n", ["line 1 is '1,0,0,0,1'", "header"]),
    "one column": ("csv", b"y\n1\n", ["1 columns", "two columns"]),
    "ragged": ("csv", b"a,b,c,d,y\n1,0,0,0,1\n0,1,0,-1\n", ["line 3 has 4 columns", "must have 5"]),
    "word": ("csv", b"a,b,c,d,y\n1,0,zero,0,1\n", ["line 2, column 'c' is 'zero'", "number"]),
    "missing cell": ("csv", b"a,b,c,d,y\n1,0,,0,1\n", ["line 2, column 'c' is ''"]),
    "semicolons": ("csv", b"a;b;y\n1;0;1\n", ["line 2, column 'a;b;y' is '1;0;1'"]),
    "NaN cell": ("csv", b"a,b,c,d,y\n1,0,nan,0,1\n", ["X[0, 2] is nan"]),
    "infinite cell": ("csv", b"a,b,c,d,y\n1,0,1e999,0,1\n", ["X[0, 2] is inf"]),
    "0/1 cells": ("csv", b"a,b,c,d,y\n1,0,0,0,0\n0,1,0,0,1\n", ["labels 0/1"]),
    "other encoding": ("csv", "a,b,c,d,ÿ\n".encode("latin-1"), ["UTF-8"]),
    "open quote": ("csv", b'a,b,c,d,y\n"1,0,0,0,1\n', ["cannot be read", "comma-separated"]),
    "binary": ("csv", bytes(range(256)), ["cannot be read"]),
}


def store(path: Path, content: object) -> None:
    """Bytes as they are, arrays as .npz, anything else as torch saves it."""
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif path.suffix == ".npz":
        assert isinstance(content, dict)
        np.savez(path, **content)
    else:
        torch.save(content, path)


@pytest.mark.parametrize("option", ["--init", "--trained"])
@pytest.mark.parametrize(("content", "parts"), NPZ_WEIGHTS.values(), ids=NPZ_WEIGHTS)
def test_unusable_npz_weights_are_refused(option, content, parts, tmp_path, capsys):
    """Both files are checked to the last entry; the line names the file."""
    command = write(tmp_path)
    path = tmp_path / "broken.npz"
    store(path, content)
    command[command.index(option) + 1] = str(path)
    line = refused(command, capsys)
    assert all(part in line for part in [str(path), *parts]), line


@pytest.mark.filterwarnings("ignore:Sparse")
@pytest.mark.parametrize(("content", "parts"), STATES.values(), ids=STATES)
def test_unusable_state_dicts_are_refused(content, parts, tmp_path, capsys):
    """Nothing is unpickled, and a state_dict of anything but bias-free layers is refused."""
    command = write(tmp_path)
    path = tmp_path / "broken.pt"
    store(path, content)
    command[command.index("--init") + 1] = str(path)
    line = refused(command, capsys)
    assert all(part in line for part in [str(path), *parts]), line


@pytest.mark.parametrize(("suffix", "content", "parts"), DATA.values(), ids=DATA)
def test_unusable_data_are_refused(suffix, content, parts, tmp_path, capsys):
    """Inputs and labels are checked to the last entry; the line names the file."""
    command = write(tmp_path)
    path = tmp_path / f"broken.{suffix}"
    store(path, content)
    command[command.index("--data") + 1] = str(path)
    line = refused(command, capsys)
    assert all(part in line for part in [str(path), *parts]), line


@pytest.mark.parametrize("option", ["--init", "--trained", "--data"])
@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("missing.npz", "No such file"),
        ("folder.npz", "is not a file"),
        ("data.json", "extension is '.json', allowed: .npz"),
        ("data", "extension is ''"),
        ("nul\0.npz", "embedded null"),
        ("two\nlines.npz", "two lines.npz"),
        (f"{'long' * 100}.npz", "File name too long"),
    ],
)
def test_paths_that_hold_no_file_are_refused(option, name, part, tmp_path, capsys):
    """A path is checked before anything reads it."""
    command = write(tmp_path)
    (tmp_path / "folder.npz").mkdir()
    command[command.index(option) + 1] = str(tmp_path / name)
    assert part in refused(command, capsys)


PATHS = [
    (name, parameter)
    for name in COMMANDS
    for parameter in lemmata.get_command(click.Context(lemmata), name).params
    if any(word in str(parameter.metavar) for word in ("FILE", "DIR", "FOLDER", "TOKEN"))
]
"""Every option and argument that takes a path, and the token, which may name one."""


@pytest.mark.parametrize(("name", "parameter"), PATHS, ids=lambda it: it if isinstance(it, str) else it.name)
@pytest.mark.parametrize("path", ["", "\udcff.npz", "a\0b"], ids=["empty", "no UTF-8", "null"])
def test_a_path_is_text_that_can_be_printed(name, parameter, path, tmp_path, monkeypatch, capsys):
    """The line names the option; an empty path is not the current folder, where nothing is written."""
    monkeypatch.chdir(tmp_path)
    assert isinstance(parameter.type, Utf8)
    given = parameter.opts[-1] if isinstance(parameter, click.Option) else parameter.metavar
    usual = ["DIR"] if name == "report" else ["TOKEN"] if name == "replay" else []
    words = [path] if given in usual else [*usual, f"{given}={path}"]
    line = refused([name, *words], capsys)
    assert line.startswith(f"lemmata: {given}: ")
    assert "must be in UTF-8, not empty" in line
    assert line.isprintable() or line[:-1].isprintable()
    assert not list(tmp_path.iterdir())


def test_damaged_safetensors_are_refused(tmp_path, capsys):
    """Nothing but a safetensors file passes for one."""
    command = write(tmp_path)
    save_file(state(), tmp_path / "broken.safetensors")
    content = (tmp_path / "broken.safetensors").read_bytes()
    (tmp_path / "broken.safetensors").write_bytes(content[:-9])
    command[command.index("--init") + 1] = str(tmp_path / "broken.safetensors")
    assert "must be a safetensors file" in refused(command, capsys)


def test_networks_of_other_shapes_are_refused(tmp_path, capsys):
    """Initial and trained weights are two states of one network."""
    command = write(tmp_path)
    np.savez(tmp_path / "trained.npz", **swap(W1=np.ones((5, D)), W2=np.ones((8, 5))))
    line = refused(command, capsys)
    assert "trained.npz: the shapes are (5, 4) (8, 5) (1, 8), they must be those of" in line


def test_a_moved_output_layer_is_refused(tmp_path, capsys):
    """V is fixed: the same balanced signs in another order are another V."""
    command = write(tmp_path)
    np.savez(tmp_path / "trained.npz", **swap(V=-weights()["V"]))
    assert "V is not the V of" in refused(command, capsys)


def test_overflowing_distance_is_refused(tmp_path, capsys):
    """Finite weights whose distance is infinite have no radius."""
    command = write(tmp_path)
    np.savez(tmp_path / "trained.npz", **entry("W1", (0, 0), 1e300))
    assert "distance from" in refused(command, capsys)


@pytest.mark.parametrize("setting", ["cao-gu-2019-slides", "chen-et-al-2019-poster"])
def test_trained_output_layers_are_called_w(setting, tmp_path, capsys):
    """Where the top layer is trained there is no V, and it alone is no network."""
    command = [*write(tmp_path), "--setting", setting]
    assert "W1 … WL with L ≥ 2 and no V" in refused(command, capsys)
    np.savez(tmp_path / "init.npz", W1=np.ones((1, D)))
    assert "W1 … WL with L ≥ 2 and no V" in refused(command, capsys)


def test_square_loss_wants_a_label_per_output(tmp_path, capsys):
    """zou-gu-2019 takes real labels in R^k, k the rows of V."""
    command = [*write(tmp_path), "--setting", "zou-gu-2019"]
    np.savez(tmp_path / "data.npz", **swap(data, y=np.ones((3, 2)) / 2))
    assert "y has 2 columns, it must have 1" in refused(command, capsys)


@pytest.mark.parametrize("delta", ["0", "1", "-0.1", "nan", "inf", "1e-400", "1e-300", "0.9999999999", "five", ""])
def test_delta_is_a_probability(delta, tmp_path, capsys):
    """δ lies strictly between 0 and 1."""
    line = refused([*write(tmp_path), "--delta", delta], capsys)
    assert line == f"lemmata: --delta: {delta!r} must be a number in [1e-09, 1 - 1e-09]\n"


@pytest.mark.parametrize("radius", ["1e7", "1e300", "inf", "1e-101"])
def test_radii_are_so_that_products_over_layers_have_values(radius, capsys):
    """Of an audit, which refuses others before any work."""
    line = refused(["audit", "lemma-5.1a", "--radii", f"0.1,{radius}"], capsys)
    wanted = "positive numbers up to 1,000,000 from 1e-100 separated by commas"
    assert line == f"lemmata: --radii: '0.1,{radius}' must be {wanted}\n"


@pytest.mark.parametrize(("option", "value"), [("--setting", "cao-gu-2021"), ("--format", "xml")])
def test_choices_name_what_is_allowed(option, value, tmp_path, capsys):
    """An unknown setting or format is refused with the known ones."""
    line = refused([*write(tmp_path), option, value], capsys)
    assert option in line
    assert repr(value) in line
    assert "'cao-gu-2020'" in line or "'json'" in line


def test_parallel_rows_are_duplicates_once_normalised(tmp_path, capsys):
    """Rows x and 3x are one direction."""
    command = [*write(tmp_path), "--normalise"]
    X = data()["X"]
    np.savez(tmp_path / "data.npz", X=np.stack([X[0], X[1], 3 * X[0]]), y=np.ones(3))
    assert "rows 0 and 2 of X (counted from 0) are equal" in refused(command, capsys)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, ">f8", np.longdouble, np.int8, np.uint64])
def test_real_dtypes_are_widened(dtype, tmp_path):
    """Halves, singles, long doubles, other byte orders and integers become float64 with the same values."""
    array = np.array([[1, 2], [3, 4]]).astype(dtype)
    np.savez(tmp_path / "w.npz", W1=array, V=np.array([[1, -1]], dtype=np.int32))
    loaded = load_weights(str(tmp_path / "w.npz"), CAO_GU_2020).matrices[0]
    assert loaded.dtype == torch.float64
    assert loaded.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_bfloat16_parameters_are_widened(tmp_path):
    """A state_dict of bfloat16 parameters that want gradients is a state_dict."""
    parameter = torch.nn.Parameter(torch.eye(2, dtype=torch.bfloat16))
    torch.save({"a": parameter, "b": torch.tensor([[1, -1]])}, tmp_path / "w.pt")
    loaded = load_weights(str(tmp_path / "w.pt"), CAO_GU_2020).matrices[0]
    assert (loaded.dtype, loaded.requires_grad) == (torch.float64, False)
    assert loaded.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_layers_named_as_in_npz_end_with_v(tmp_path):
    """W1, …, W10 and V in a .safetensors file: 2 before 10, and V last although it sorts first."""
    layers = {f"W{layer}": torch.full((2, 2), float(layer)) for layer in range(1, 11)}
    save_file({**layers, "V": torch.tensor([[1.0, -1.0]])}, tmp_path / "w.safetensors")
    loaded = load_weights(str(tmp_path / "w.safetensors"), CAO_GU_2020)
    assert loaded.names == (*(f"W{layer}" for layer in range(1, 11)), "V")
    assert [float(matrix[0, 0]) for matrix in loaded.matrices] == [*range(1, 11), 1]


def test_square_loss_labels_are_kept(tmp_path):
    """Labels in R^k pass for the square loss, one column per output."""
    np.savez(tmp_path / "d.npz", **swap(data, y=np.arange(6).reshape(3, 2)))
    assert load_data(str(tmp_path / "d.npz"), ZOU_GU_2019).data.labels.tolist() == [[0, 1], [2, 3], [4, 5]]


def test_digits_are_what_they_say():
    """Two classes of handwritten digits: unit rows, labels ±1, no duplicates, φ as computed."""
    loaded = load_data("digits", CAO_GU_2020)
    assert (len(loaded.data.inputs), loaded.dropped, len(loaded.close)) == (360, 0, 1)
    assert loaded.data.labels.sum() == 182 - 178
    (i, j) = loaded.close[0]
    assert float(torch.linalg.vector_norm(loaded.data.inputs[i] - loaded.data.inputs[j])) == loaded.data.separation


def test_built_in_duplicates_are_dropped_and_counted(monkeypatch):
    """A built-in data set with a repeated row loses the repetition, and says so."""
    from sklearn.utils import Bunch

    pixels = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0], [5.0, 5.0]])
    fake = Bunch(data=pixels, target=np.array([0, 1, 0, 7]))
    monkeypatch.setattr("sklearn.datasets.load_digits", lambda: fake)
    loaded = load_data("digits", CAO_GU_2020)
    assert (loaded.dropped, loaded.data.inputs.tolist()) == (1, [[1.0, 0.0], [0.0, 1.0]])
    assert loaded.data.labels.tolist() == [[-1.0], [1.0]]


@pytest.mark.parametrize("content", [b"junk", truncated(state())], ids=["junk", "truncated"])
def test_a_process_prints_one_line(content, tmp_path):
    """The installed program, too: status 2, one line, no traceback and no library's warnings."""
    command = write(tmp_path)
    (tmp_path / "init.pt").write_bytes(content)
    command[command.index("--init") + 1] = str(tmp_path / "init.pt")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "OMP_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, "-m", "lemmata", *command], env=environment, capture_output=True, check=False)
    assert (run.returncode, run.stdout) == (2, b"")
    assert run.stderr.startswith(b"lemmata: ")
    assert run.stderr.count(b"\n") == 1
