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
"""Bytes that any file may come to, its numbers in float64."""

DEEPEST = 100
"""Mappings inside each other in a checkpoint."""

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
            arrays = [part for part in parts if part.filename.endswith(".npy")]
            check_total(path, sum(_in_float64(path, archive, part) for part in arrays))
    except UserError:
        raise
    except Exception:  # zipfile, zlib and numpy raise a dozen types on damaged files
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

    A mapping may stand in many places, in itself among them: it is looked at once.

    Raises:
        UserError: naming the first tensor that stands for more than it holds, if all come to too much, or if mappings
            are too deep inside each other.
    """
    total, seen, waiting = 0, set(), [("a tensor", 0, loaded)]
    while waiting:
        name, depth, value = waiting.pop()
        if isinstance(value, Mapping):
            if depth > DEEPEST:
                raise UserError(
                    f"{path}: holds mappings more than {DEEPEST} deep inside each other, it must hold a network's "
                    "matrices by their names: save torch.save(net.state_dict(), FILE)"
                )
            if id(value) not in seen:
                seen.add(id(value))
                waiting += [(key if isinstance(key, str) else name, depth + 1, each) for key, each in value.items()]
        elif isinstance(value, Tensor) and value.layout == torch.strided and not value.is_nested:
            if value.numel() * value.element_size() > value.untyped_storage().nbytes():
                raise UserError(
                    f"{path}: {name} is expanded, it stands for {value.numel():.3g} entries and holds fewer; "
                    "save tensor.contiguous()"
                )
            total += 8 * value.numel()
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


def _in_float64(path: str, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """Bytes of an array as float64; NumPy makes room for the shape in its header before it looks for the entries."""
    with archive.open(part) as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
        entries, left = math.prod(shape), part.file_size - file.tell()
    if not dtype.hasobject and entries * dtype.itemsize > left:
        name = part.filename.removesuffix(".npy")
        raise UserError(f"{path}: {name} is of shape {shape} and type {dtype}, but holds {left} bytes")
    return 8 * entries
