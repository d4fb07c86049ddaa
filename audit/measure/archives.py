"""What a file says it holds, against what it is: a small file must not fill the memory."""

import math
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lemmata.audit.errors import UserError
from lemmata.model.deferred import MEMORY_SHARE, available_bytes

ROOM = 2**28
"""Bytes that any file may come to."""

INFLATED = 200
"""Times its own size that a larger file may come to: numbers that networks and data consist of compress far less."""


def check_declared(path: str) -> None:
    """An archive's own account of its sizes, before anything of it is read; of other files there is none to check.

    Raises:
        UserError: if it comes to far more than the file holds, or to more than the memory, or its parts contradict it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            check_total(path, sum(part.file_size for part in parts))
            for part in parts:
                if part.filename.endswith(".npy"):
                    _check_array(path, archive, part)
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError):
        return  # whoever reads it knows better what it should have been


def check_total(path: str, total: int) -> None:
    """So many bytes, out of this file.

    Raises:
        UserError: if that is out of proportion, or more than the memory.
    """
    size = Path(path).stat().st_size
    allowed = min(max(ROOM, INFLATED * size), available())
    if total > allowed:
        raise UserError(f"{path}: comes to {total:.3g} bytes in a file of {size:.3g}, allowed are {allowed:.3g}")


def check_tensors(path: str, loaded: object) -> None:
    """Tensors that hold what they stand for: one entry, expanded, may stand for any number of them.

    Raises:
        UserError: naming the first tensor that stands for more than it holds, or if all come to too much.
    """
    total, waiting = 0, [("", loaded)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += [(str(key), inner) for key, inner in value.items()]
        elif isinstance(value, Tensor) and value.layout == torch.strided:
            entries = value.numel() * value.element_size()
            if entries > value.untyped_storage().nbytes():
                raise UserError(
                    f"{path}: {name} is expanded, it stands for {value.numel():.3g} entries and holds fewer; "
                    "save tensor.contiguous()"
                )
            total += entries
    check_total(path, total)


def check_room(name: str, entries: int) -> None:
    """So many numbers in float64.

    Raises:
        UserError: if they are more than the memory holds.
    """
    if 8 * entries > available():
        raise UserError(f"{name} has {entries:.3g} entries, allowed are {available() // 8:.3g} in the memory there is")


def available() -> int:
    """Bytes that one object may take up."""
    return int(MEMORY_SHARE * available_bytes(torch.device("cpu")))


def _check_array(path: str, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """NumPy makes room for the shape in an array's header before it looks for the entries."""
    with archive.open(part) as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
        entries, left = math.prod(shape), part.file_size - file.tell()
    if not dtype.hasobject and entries * dtype.itemsize > left:
        name = part.filename.removesuffix(".npy")
        raise UserError(f"{path}: {name} is of shape {shape} and type {dtype}, but holds {left} bytes")
