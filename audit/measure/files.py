"""Weights and data that somebody else made: read without unpickling anything, and checked to the last entry."""

import csv
import itertools
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from safetensors.torch import load_file
from scipy.spatial import cKDTree
from torch import Tensor

from lemmata.audit.errors import UserError, one_line
from lemmata.model.data import Dataset, unit_rows
from lemmata.model.settings import Setting

T = TypeVar("T")

UNIT = 1e-6
"""By how much the norm of a row may differ from 1."""

EQUAL = 1e-12
"""Distance up to which two rows are the same row."""

CLOSE = 0.1
"""Distance up to which two rows are reported as close: the bounds that need a separation are vacuous there."""


@dataclass(frozen=True)
class Weights:
    """One network's matrices, bottom to top, the output layer last, each (out, in), float64.

    Attributes:
        path: where they come from.
        names: what the file calls them.
        matrices: the weights.
    """

    path: str
    names: tuple[str, ...]
    matrices: tuple[Tensor, ...]


@dataclass(frozen=True)
class Loaded:
    """A data set that was not generated.

    Attributes:
        source: its name or file.
        data: inputs and labels.
        dropped: exact duplicates that were left out (built-in data sets only).
        close: pairs (i, j) of rows, counted from 0, at distance at most `CLOSE`.
    """

    source: str
    data: Dataset
    dropped: int
    close: list[tuple[int, int]]


def load_weights(path: str, setting: Setting) -> Weights:
    """The weights in a .npz, .pt or .safetensors file.

    Args:
        path: of the file. In .npz the arrays are W1, …, WL and, where the setting fixes the output layer, V;
            in the others they are in the natural order of their names, one named V being the last.
        setting: decides which output layer is allowed.

    Raises:
        UserError: if they cannot be read, are not finite, or are no network of the setting.
    """
    arrays = _reader(path, WEIGHTS)(path)
    names = _layer_names(path, list(arrays), setting)
    matrices = tuple(_float64(f"{path}: {name}", arrays[name]) for name in names)
    _check_chain(path, names, matrices)
    _check_output(path, names[-1], matrices[-1], setting)
    return Weights(path, names, matrices)


def load_pair(init: str, trained: str, setting: Setting) -> tuple[Weights, Weights]:
    """The weights before and after training.

    Raises:
        UserError: if either is unusable, or they are not two states of one network of the setting.
    """
    before, after = load_weights(init, setting), load_weights(trained, setting)
    first, second = (" ".join(_shape(matrix) for matrix in weights.matrices) for weights in (before, after))
    if first != second:
        raise UserError(f"{trained}: the shapes are {second}, they must be those of {init}: {first}")
    if not setting.trains_output and not torch.equal(before.matrices[-1], after.matrices[-1]):
        raise UserError(f"{trained}: V is not the V of {init}; {setting.id} fixes it, both must be equal")
    return before, after


def load_data(source: str, setting: Setting, *, normalise: bool = False) -> Loaded:
    """The data in a .npz or .csv file, or a built-in data set.

    Args:
        source: a file, or a key of `BUILT_IN`.
        setting: decides which labels are allowed.
        normalise: whether to scale the rows to unit norm; built-in data are always scaled.

    Raises:
        UserError: if they cannot be read, are not finite, or break the setting's assumptions on data.
    """
    if source in BUILT_IN:
        return BUILT_IN[source](source)
    raw, y = _reader(source, DATA)(source)
    inputs = _float64(f"{source}: X", raw)
    if inputs.ndim != 2 or not inputs.numel():
        raise UserError(f"{source}: X has shape {_shape(inputs)}, it must be (n, d) with n and d at least 1")
    labels = _labels(source, _float64(f"{source}: y", y), len(inputs), setting)
    inputs = _on_the_sphere(source, inputs, normalise)
    equal = _pairs(inputs, EQUAL)
    if equal:
        named = ", ".join(f"{i} and {j}" for i, j in equal[:5]) + (", …" if len(equal) > 5 else "")
        raise UserError(f"{source}: rows {named} of X (counted from 0) are equal, all must differ; drop duplicates")
    return Loaded(source, Dataset(inputs, labels), 0, _pairs(inputs, CLOSE))


def check_fit(weights: Weights, loaded: Loaded) -> None:
    """Whether the network takes these inputs and has an output for every label.

    Raises:
        UserError: if not.
    """
    d, k = weights.matrices[0].shape[1], weights.matrices[-1].shape[0]
    for name, found, wanted in (("X", loaded.data.inputs, d), ("y", loaded.data.labels, k)):
        if found.shape[1] != wanted:
            raise UserError(
                f"{loaded.source}: {name} has {found.shape[1]} columns, it must have {wanted} for {weights.path}"
            )


# --- reading ---------------------------------------------------------------------------------------------------------


def _reader(path: str, readers: Mapping[str, Callable[[str], T]]) -> Callable[[str], T]:
    """What reads a file of this extension, once it is known to be there."""
    builtin = f", or a built-in data set: {', '.join(BUILT_IN)}" if readers is DATA else ""
    allowed = ", ".join(readers) + builtin
    suffix = Path(path).suffix.lower()
    if suffix not in readers:
        raise UserError(f"{path!r}: the extension is {suffix!r}, allowed: {allowed}")
    try:
        size = Path(path).stat().st_size
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: {getattr(error, 'strerror', error)}; it must be an existing file") from error
    if not Path(path).is_file():
        raise UserError(f"{path}: is not a file; allowed: {allowed}")
    if not size:
        raise UserError(f"{path}: is empty; allowed: a {suffix} file")
    return readers[suffix]


def _unreadable(path: str, wanted: str, error: Exception) -> UserError:
    reason = one_line(str(error).strip().partition("\n")[0])[:120]
    return UserError(f"{path}: cannot be read, it must be {wanted} ({type(error).__name__}: {reason})")


def _read_npz(path: str) -> dict[str, object]:
    try:
        with open(path, "rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("this is a single array")
            with archive:
                return {name: archive[name] for name in archive.files}
    except Exception as error:  # numpy, zipfile and zlib raise a dozen types on damaged files
        raise _unreadable(path, "an .npz archive of numeric arrays, pickled objects are refused", error) from error


def _read_state_dict(path: str) -> dict[str, object]:
    wanted = "a state_dict that loads with weights_only=True, pickled objects are refused"
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch, zipfile and pickle raise a dozen types on damaged files
        raise _unreadable(path, wanted, error) from error
    if not isinstance(loaded, Mapping) or not all(isinstance(name, str) for name in loaded):
        raise UserError(f"{path}: holds a {type(loaded).__name__}, it must be {wanted}")
    return dict(loaded)


def _read_safetensors(path: str) -> dict[str, object]:
    try:
        return dict(load_file(path))
    except Exception as error:  # SafetensorError, and torch's own on types it does not have
        raise _unreadable(path, "a safetensors file", error) from error


def _read_table(path: str) -> tuple[object, object]:
    """X and y of a CSV file with a header line, the label in the last column."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            rows = [_numbers(path, reader.line_num, row, header) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(path, "comma-separated text in UTF-8", error) from error
    if len(header) < 2 or not rows:
        raise UserError(
            f"{path}: has {len(rows)} rows of {len(header)} columns below its header, "
            "it must have at least one row, and two columns with the label last"
        )
    if all(_is_number(name) for name in header):
        raise UserError(f"{path}: line 1 is {','.join(header)!r}, it must be a header with the columns' names")
    table = np.array(rows)
    return table[:, :-1], table[:, -1]


def _numbers(path: str, line: int, row: list[str], header: list[str]) -> list[float]:
    if len(row) != len(header):
        raise UserError(f"{path}: line {line} has {len(row)} columns, it must have {len(header)} like the header")
    for name, cell in zip(header, row, strict=True):
        if not _is_number(cell):
            raise UserError(f"{path}: line {line}, column {name!r} is {cell!r}, it must be a number")
    return [float(cell) for cell in row]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _read_arrays(path: str) -> tuple[object, object]:
    arrays = _read_npz(path)
    if set(arrays) != {"X", "y"}:
        raise UserError(f"{path}: holds {_list(arrays)}, it must hold X and y")
    return arrays["X"], arrays["y"]


def _digits(source: str) -> Loaded:
    """The digits 0 (label −1) and 1 (label +1) of scikit-learn, 8 × 8 pixels, unit norm."""
    from sklearn.datasets import load_digits  # slow to import, and only a built-in data set needs it

    bundle = load_digits()
    pixels, classes = bundle.data[bundle.target < 2], bundle.target[bundle.target < 2]
    inputs = unit_rows(torch.from_numpy(pixels))
    repeated = {j for _, j in _pairs(inputs, EQUAL)}
    kept = [row for row in range(len(inputs)) if row not in repeated]
    labels = torch.from_numpy(2.0 * classes - 1)[kept, None]
    return Loaded(source, Dataset(inputs[kept], labels), len(repeated), _pairs(inputs[kept], CLOSE))


WEIGHTS: dict[str, Callable[[str], dict[str, object]]] = {
    ".npz": _read_npz,
    ".pt": _read_state_dict,
    ".safetensors": _read_safetensors,
}
DATA: dict[str, Callable[[str], tuple[object, object]]] = {".npz": _read_arrays, ".csv": _read_table}
BUILT_IN: dict[str, Callable[[str], Loaded]] = {"digits": _digits}


# --- checking --------------------------------------------------------------------------------------------------------


def _float64(name: str, value: object) -> Tensor:
    """A real, finite, strided array as float64; integers and narrower floats are widened."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "iuf":
        with np.errstate(over="ignore"):
            tensor = torch.from_numpy(value.astype(np.float64))
    elif isinstance(value, Tensor) and _is_real(value):
        tensor = value.detach().to(torch.float64)
    else:
        kind = str(getattr(value, "dtype", type(value).__name__))
        raise UserError(f"{name} is of type {kind}, it must be a dense array of floats or integers")
    bad = (~tensor.isfinite()).nonzero()
    if len(bad):
        raise UserError(f"{name}{bad[0].tolist()} is {float(tensor[tuple(bad[0])])}, every entry must be finite")
    return tensor.contiguous()


def _is_real(tensor: Tensor) -> bool:
    plain = tensor.layout == torch.strided and not tensor.is_quantized and tensor.device.type == "cpu"
    return plain and not tensor.is_complex() and tensor.dtype != torch.bool


def _layer_names(path: str, names: list[str], setting: Setting) -> tuple[str, ...]:
    """The names from the bottom layer to the output layer."""
    biases = [name for name in names if name.endswith("bias")]
    if biases:
        raise UserError(f"{path}: holds {_list(biases)}, the papers' networks have no biases: weights only")
    if Path(path).suffix.lower() == ".npz":
        return _numbered(path, names, setting)
    if len(names) < 2:
        raise UserError(f"{path}: holds {_list(names)}, it must hold at least one hidden layer and the output layer")
    return tuple(sorted(names, key=_natural))


def _numbered(path: str, names: list[str], setting: Setting) -> tuple[str, ...]:
    """W1, …, WL, V, or without V where the setting trains the output layer."""
    layers = len(names) - (not setting.trains_output)
    wanted = [f"W{layer}" for layer in range(1, layers + 1)] + ["V"] * (not setting.trains_output)
    if layers < 1 + setting.trains_output or set(names) != set(wanted):
        allowed = "W1 … WL with L ≥ 2 and no V" if setting.trains_output else "W1 … WL and V"
        raise UserError(f"{path}: holds {_list(names)}, {setting.id} wants {allowed}")
    return tuple(wanted)


def _natural(name: str) -> tuple[bool, list[str | int]]:
    """Sorts 2 before 10, and an array named V, as in .npz files, last."""
    return name == "V", [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def _check_chain(path: str, names: Sequence[str], matrices: Sequence[Tensor]) -> None:
    for name, matrix in zip(names, matrices, strict=True):
        if matrix.ndim != 2 or not matrix.numel():
            raise UserError(f"{path}: {name} has shape {_shape(matrix)}, it must be a matrix (out, in)")
    for (low, below), (high, above) in itertools.pairwise(zip(names, matrices, strict=True)):
        if above.shape[1] != below.shape[0]:
            raise UserError(
                f"{path}: {high} has shape {_shape(above)}, (out, in) must have in = {below.shape[0]}, "
                f"the rows of {low} below it"
            )


def _check_output(path: str, name: str, output: Tensor, setting: Setting) -> None:
    if setting.loss == "cross-entropy" and len(output) != 1:
        raise UserError(f"{path}: the output layer {name} has shape {_shape(output)}, {setting.id} wants one row")
    plus, minus = int((output == 1).sum()), int((output == -1).sum())
    if setting.output == "signs" and not plus == minus == output.numel() / 2:
        raise UserError(
            f"{path}: V ({name}) has {plus} entries +1, {minus} entries -1 and {output.numel() - plus - minus} others, "
            f"{setting.id} wants as many +1 as -1 and nothing else"
        )


def _labels(source: str, y: Tensor, n: int, setting: Setting) -> Tensor:
    """Labels as (n, k)."""
    labels = y[:, None] if y.ndim == 1 else y
    if labels.ndim != 2 or len(labels) != n or not labels.numel():
        raise UserError(f"{source}: y has shape {_shape(y)}, it must be ({n},) or ({n}, k) for the {n} rows of X")
    if setting.loss != "cross-entropy":
        return labels
    if labels.shape[1] != 1:
        raise UserError(f"{source}: y has {labels.shape[1]} columns, {setting.id} wants one")
    found = labels.unique().tolist()
    if set(found) <= {0.0, 1.0} and 0.0 in found:
        raise UserError(f"{source}: y has labels 0/1, {setting.id} wants -1 and +1: store 2 * y - 1")
    if not set(found) <= {-1.0, 1.0}:
        wrong = next(label for label in found if label not in (-1.0, 1.0))
        raise UserError(f"{source}: y has the label {wrong:g}, {setting.id} wants only -1 and +1")
    return labels


def _on_the_sphere(source: str, inputs: Tensor, normalise: bool) -> Tensor:
    zero = (inputs == 0).all(-1).nonzero()
    if len(zero):
        raise UserError(f"{source}: row {int(zero[0])} of X (counted from 0) is zero, every row must have unit norm")
    if normalise:
        return unit_rows(inputs)
    norms = torch.linalg.vector_norm(inputs, dim=-1)
    off = ((norms - 1).abs() > UNIT).nonzero()
    if len(off):
        row = int(off[0])
        raise UserError(
            f"{source}: row {row} of X (counted from 0) has norm {float(norms[row]):.9g}, "
            f"it must be 1 to {UNIT:g}, or pass --normalise"
        )
    return inputs


def _pairs(inputs: Tensor, distance: float) -> list[tuple[int, int]]:
    """Pairs i < j of rows at most that far apart, in order."""
    return sorted(cKDTree(inputs.numpy()).query_pairs(distance))


def _shape(tensor: Tensor) -> str:
    return f"({', '.join(map(str, tensor.shape))})"


def _list(names: Sequence[str] | Mapping[str, object]) -> str:
    return ", ".join(list(names)[:12]) + (", …" if len(names) > 12 else "") or "nothing"


def write_whole(path: Path, text: str) -> None:
    """The whole file or nothing: written beside, synced, then renamed.

    Raises:
        UserError: if it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(beside, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error
