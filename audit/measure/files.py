"""Files of weights and data that somebody else made: read without unpickling anything."""

import contextlib
import csv
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from lemmata.audit.errors import UserError, one_line
from lemmata.audit.measure.archives import check_declared, check_tensors
from lemmata.audit.measure.given import (
    Loaded,
    Names,
    Weights,
    close_rows,
    dataset,
    equal_rows,
    float64,
    listed,
    magnitude,
    network,
)
from lemmata.audit.measure.layers import layers, mapping_of_arrays, matrices, several
from lemmata.model.data import Dataset, unit_rows
from lemmata.model.settings import Setting

T = TypeVar("T")

NORMALISED = "@normalise"
"""After the name of a file of data: with its rows scaled to unit norm."""

LFS = b"version https://git-lfs"
"""How Git LFS begins what it leaves in the place of a file."""

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
"""Colours in the messages of other programs."""


def load_weights(path: str, setting: Setting) -> Weights:
    """The weights in a .npz, PyTorch or .safetensors file.

    Args:
        path: of the file. In .npz the arrays are W1, …, WL and, where the setting fixes the output layer, V; in a
            `state_dict`, alone or inside a checkpoint, they are in the order of the file; a .safetensors has none.
        setting: decides which output layer is allowed.

    Raises:
        UserError: if they cannot be read, are not finite, or are no network of the setting.
    """
    _check_whole(path)
    arrays = _reader(path, WEIGHTS)(path)
    if Path(path).suffix.lower() == ".npz":
        found, notes = matrices(path, arrays)
        return network(path, {name: found[name] for name in _numbered(path, list(found), setting)}, notes, setting)
    return network(path, *layers(path, arrays, ordered=Path(path).suffix.lower() != ".safetensors"), setting)


def load_tensors(path: str) -> dict[str, Tensor]:
    """All tensors in a .npz, PyTorch or .safetensors file by their names, float64, of whatever network.

    Raises:
        UserError: if they cannot be read, or are not finite.
    """
    _check_whole(path)
    return {name: float64(f"{path}: {name}", value) for name, value in _reader(path, WEIGHTS)(path).items()}


def load_examples(path: str) -> dict[str, Tensor]:
    """X and y of a .npz or .csv file, float64, as they stand there.

    Raises:
        UserError: if they cannot be read, or are not finite.
    """
    found = _reader(path, DATA)(path)
    return {name: float64(f"{path}: {name}", value) for name, value in zip(("X", "y"), found, strict=True)}


def load_data(source: str, setting: Setting, *, normalise: bool = False) -> Loaded:
    """The data in a .npz or .csv file, or a built-in data set.

    Args:
        source: a file, followed by `NORMALISED` where its rows are to be scaled, or a key of `BUILT_IN`.
        setting: decides which labels are allowed.
        normalise: whether to scale the rows to unit norm; built-in data are always scaled.

    Raises:
        UserError: if they cannot be read, are not finite, or break the setting's assumptions on data.
    """
    if source in BUILT_IN:
        return BUILT_IN[source](source)
    normalise = normalise or source.endswith(NORMALISED)
    source = source.removesuffix(NORMALISED)
    inputs, labels = _reader(source, DATA)(source)
    return dataset(Names(f"{source}: "), inputs, labels, setting, normalise=normalise)


def _check_whole(path: str) -> None:
    shard = re.search(r"-(\d+)-of-(\d+)\.\w+$", path)
    if shard is not None and magnitude(shard[2]) > magnitude("1"):
        raise UserError(
            f"{path}: is part {shard[1].lstrip('0')} of {shard[2].lstrip('0')} of a network, it must be all of it: "
            "load it whole, and save net.state_dict()"
        )


def _reader(path: str, readers: Mapping[str, Callable[[str], T]]) -> Callable[[str], T]:
    """What reads a file of this extension, once it is known to be there."""
    builtin = f", or a built-in data set: {', '.join(BUILT_IN)}" if readers is DATA else ""
    allowed = ", ".join(readers) + builtin
    suffix = Path(path).suffix.lower()
    if suffix not in readers:
        raise UserError(
            f"{path!r}: the extension is {suffix!r}, allowed: {allowed}; {_instead(suffix, readers is DATA)}"
        )
    try:
        size = Path(path).stat().st_size
    except (OSError, ValueError) as error:
        pattern = ", no file matches" if any(mark in path for mark in "*?[") else ""
        raise UserError(f"{path}: {getattr(error, 'strerror', error)}{pattern}; it must be an existing file") from error
    if not Path(path).is_file():
        raise UserError(
            f"{path}: is not a file but a folder; allowed: {allowed}; a folder of shards is joined by "
            "torch.distributed.checkpoint.format_utils.dcp_to_torch_save"
        )
    if not size:
        raise UserError(f"{path}: is empty; allowed: a {suffix} file")
    with open(path, "rb") as file:
        if file.read(len(LFS)) == LFS:
            raise UserError(f"{path}: is a pointer of Git LFS and not the file itself: git lfs pull")
    check_declared(path)
    return readers[suffix]


def _instead(suffix: str, data: bool) -> str:
    """What to do with a file of data, or else of weights, of another kind."""
    if suffix in PACKED:
        return "unpack it first"
    if data:
        return "store it with commas, as .csv" if suffix in TEXT else "store numpy.savez(FILE, X=…, y=…)"
    return WEIGHTS_INSTEAD.get(suffix, "store numpy.savez(FILE, W1=…, …, V=…), each (out, in)")


def _unreadable(path: str, wanted: str, error: Exception) -> UserError:
    said = ESCAPES.sub("", str(error)).strip()
    pickled = re.search(r"Unsupported global: GLOBAL (\S+)|Unsupported class (\S+)", said)
    if pickled is not None:
        reason = f"it holds a {pickled[1] or pickled[2]}"
    else:
        first, *_ = said.splitlines() or [""]
        reason = f"{type(error).__name__}: {one_line(first)[:120]}"
    return UserError(f"{path}: cannot be read, it must be {wanted} ({reason})")


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
    wanted = (
        "a state_dict that loads with weights_only=True, pickled objects are refused: save "
        "torch.save(net.state_dict(), FILE)"
    )
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch, zipfile and pickle raise a dozen types on damaged files
        raise _unreadable(path, wanted, error) from error
    check_tensors(path, loaded)
    if several(loaded):
        raise UserError(
            f"{path}: holds {len(loaded)} networks, it must hold one: save each in a file of its own, and give all"
        )
    if not isinstance(loaded, Mapping) or not all(isinstance(name, str) for name in loaded):
        raise UserError(f"{path}: holds a {type(loaded).__name__}, it must be {wanted}")
    return mapping_of_arrays(path, loaded)


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
    if header[0].strip() in ("", "Unnamed: 0") and (table[:, 0] == np.arange(len(table))).all():
        raise UserError(f"{path}: column 0 has no name and counts the rows: leave it out, to_csv(FILE, index=False)")
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
    if not {"X", "y"} <= set(arrays):
        dense = ", X of a sparse matrix by its toarray()" if "indptr" in arrays else ""
        raise UserError(f"{path}: holds {listed(arrays)}, it must hold X and y: numpy.savez(FILE, X=…, y=…){dense}")
    return arrays["X"], arrays["y"]


def _digits(source: str) -> Loaded:
    """The digits 0 (label −1) and 1 (label +1) of scikit-learn, 8 × 8 pixels, unit norm."""
    from sklearn.datasets import load_digits  # slow to import, and only a built-in data set needs it

    bundle = load_digits()
    pixels, classes = bundle.data[bundle.target < 2], bundle.target[bundle.target < 2]
    inputs = unit_rows(torch.from_numpy(pixels))
    repeated = set(equal_rows(inputs)[:, 1].tolist())
    kept = [row for row in range(len(inputs)) if row not in repeated]
    labels = torch.from_numpy(2.0 * classes - 1)[kept, None]
    return Loaded(Names(f"{source}: "), Dataset(inputs[kept], labels), len(repeated), close_rows(inputs[kept]))


WEIGHTS: dict[str, Callable[[str], dict[str, object]]] = {
    ".npz": _read_npz,
    ".pt": _read_state_dict,
    ".pth": _read_state_dict,
    ".bin": _read_state_dict,
    ".ckpt": _read_state_dict,
    ".safetensors": _read_safetensors,
}
PACKED = (".gz", ".zip", ".bz2", ".xz", ".zst", ".tar", ".tgz")
TEXT = (".tsv", ".txt", ".dat", ".xls", ".xlsx", ".ods")
WEIGHTS_INSTEAD = {
    **dict.fromkeys((".h5", ".keras", ".hdf5"), "store numpy.savez(FILE, W1=kernel.T, …, V=last_kernel.T)"),
    **dict.fromkeys((".pkl", ".pickle", ".joblib"), "pickles are refused, save torch.save(net.state_dict(), FILE)"),
    ".json": "load the whole network, and save torch.save(net.state_dict(), FILE)",
}
"""What to do with files of weights of other kinds, by extension."""
DATA: dict[str, Callable[[str], tuple[object, object]]] = {".npz": _read_arrays, ".csv": _read_table}
BUILT_IN: dict[str, Callable[[str], Loaded]] = {"digits": _digits}


def _numbered(path: str, names: list[str], setting: Setting) -> tuple[str, ...]:
    """W1, …, WL, V, or without V where the setting trains the output layer."""
    layers = len(names) - (not setting.trains_output)
    wanted = [f"W{layer}" for layer in range(1, layers + 1)] + ["V"] * (not setting.trains_output)
    if layers < 1 + setting.trains_output or set(names) != set(wanted):
        allowed = "W1 … WL with L ≥ 2 and no V" if setting.trains_output else "W1 … WL and V"
        raise UserError(f"{path}: holds {listed(names)}, {setting.id} wants {allowed}")
    return tuple(wanted)


def writable(folder: Path) -> Path:
    """A folder that is there afterwards, for what takes long to find.

    Raises:
        UserError: if it cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except (OSError, ValueError) as error:
        raise UserError(f"{folder}: cannot be written to: {_said(error)}, it must be a folder") from error


def check_outputs(outputs: Iterable[tuple[str, Path]], inputs: Iterable[str | Path | None] = ()) -> None:
    """Whether each of these files can be written, before anything is worked out that would be lost.

    Args:
        outputs: with the argument that each comes from.
        inputs: what the same command reads, so far as it is there.

    Raises:
        UserError: naming an output that is no regular file, lies in no folder that can be written, is read or printed
            to as well, or is another output.
    """
    taken: dict[object, str] = {}
    for stream in (1, 2):
        with contextlib.suppress(OSError):
            taken[_identity(stream)] = "is where this command prints"
    for given in inputs:
        with contextlib.suppress(OSError, ValueError):
            taken |= {} if given is None else {_identity(given): "is read by this command"}
    for argument, path in outputs:
        name = f"{argument} {path}"
        file = _destination(name, path)
        if _identity(file) in taken:
            raise UserError(f"{name}: {taken[_identity(file)]}, it must be a file of its own")
        taken[_identity(file)] = f"is {argument} too"


def write_whole(path: Path, content: str | bytes) -> None:
    """The whole file or nothing: written beside, synced, then renamed. A link is followed.

    Raises:
        UserError: if it cannot be written.
    """
    file = _destination(str(path), path)
    beside = file.with_name(f".lemmata.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with open(beside, "xb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(file)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {_said(error)}") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def _destination(name: str, path: Path) -> Path:
    """What a path leads to: a regular file, or nothing yet, in a folder that can be written.

    Raises:
        UserError: if it does not.
    """
    try:
        file = Path(os.path.realpath(path))
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISREG(path.stat().st_mode):
                raise UserError(f"{name}: is a folder, a pipe or a device, it must be a file")
        with tempfile.TemporaryFile(dir=file.parent):
            return file
    except (OSError, ValueError) as error:
        raise UserError(f"{name}: cannot be written: {_said(error)}, it must be a file in a folder that can") from error


def _identity(file: str | Path | int) -> object:
    """Equal for two names of one file."""
    try:
        found = os.stat(file)
    except FileNotFoundError:
        return file
    return found.st_dev, found.st_ino


def _said(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)
