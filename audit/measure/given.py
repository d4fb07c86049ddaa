"""Weights and data that somebody else made, from files or from memory: checked to the last entry."""

import hashlib
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lemmata.audit.errors import UserError
from lemmata.audit.measure.archives import check_room
from lemmata.model.data import Dataset, unit_rows
from lemmata.model.settings import CAO_GU_2019_SLIDES, ZOU_GU_2019, Setting

UNIT = 1e-6
"""By how much the norm of a row may differ from 1."""

EQUAL = 1e-12
"""Distance up to which two rows are the same row."""

NEAR = 2 * EQUAL
"""Distance of two rows' projections beyond which they are not equal, rounding included."""

CLOSE = 0.1
"""Distance up to which two rows are reported as close: the bounds that need a separation are vacuous there."""


AT_ONCE, MOST = 2**22, 100_000
"""Pairs of rows that are compared at once, and close pairs that are told apart."""

COMPARED = 10**8
"""Entries that are compared, beside one look at each, before rows that almost coincide are too many to tell apart."""


@dataclass(frozen=True)
class Weights:
    """One network's matrices, bottom to top, the output layer last, each (out, in), float64.

    Attributes:
        path: where they come from, a file or an argument.
        names: what they are called there.
        matrices: the weights.
        dtypes: in which they were stored.
        notes: what a person should know of how they were read.
    """

    path: str
    names: tuple[str, ...]
    matrices: tuple[Tensor, ...]
    dtypes: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Names:
    """How messages speak of data: where they come from, what the two arrays are called, how to have them scaled."""

    place: str
    inputs: str = "X"
    labels: str = "y"
    normalise: str = "--normalise"

    @property
    def source(self) -> str:
        """Where they come from."""
        return self.place.removesuffix(": ") or self.inputs


@dataclass(frozen=True)
class Loaded:
    """A data set that was not generated.

    Attributes:
        names: how messages speak of it.
        data: inputs and labels.
        dropped: exact duplicates that were left out (built-in data sets only).
        close: pairs (i, j) of rows, counted from 0, at distance at most `CLOSE`.
    """

    names: Names
    data: Dataset
    dropped: int
    close: list[tuple[int, int]]


def network(path: str, arrays: Mapping[str, object], notes: Sequence[str], setting: Setting) -> Weights:
    """The network of these arrays, which come from the bottom layer to the output layer.

    Raises:
        UserError: if they are not finite, or no network of the setting.
    """
    names = tuple(arrays)
    if len(names) < 2:
        raise UserError(f"{path}: holds {listed(names)}, it must hold at least one hidden layer and the output layer")
    matrices = tuple(float64(f"{path}: {name}", arrays[name]) for name in names)
    _check_chain(path, names, matrices)
    _check_output(path, names[-1], matrices[-1], setting)
    dtypes = tuple(str(getattr(value, "dtype", "")).removeprefix("torch.") for value in arrays.values())
    return Weights(path, names, matrices, dtypes, tuple(notes))


def check_pair(before: Weights, after: Weights, setting: Setting) -> None:
    """Whether these are two states of one network of the setting.

    Raises:
        UserError: if not.
    """
    first, second = (" ".join(shape_of(matrix) for matrix in weights.matrices) for weights in (before, after))
    if first != second:
        raise UserError(f"{after.path}: the shapes are {second}, they must be those of {before.path}: {first}")
    if before.names != after.names and set(before.names) == set(after.names):
        raise UserError(
            f"{after.path}: the layers are in the order {listed(after.names)}, they must be in that of {before.path}: "
            f"{listed(before.names)}"
        )
    if not setting.trains_output and not torch.equal(before.matrices[-1], after.matrices[-1]):
        raise UserError(
            f"{after.path}: V is not the V of {before.path}; {setting.id} fixes it, both must be equal: train with "
            f"requires_grad_(False) on it, or take --setting {CAO_GU_2019_SLIDES.id}, where it is trained"
        )


def dataset(names: Names, inputs: object, labels: object, setting: Setting, *, normalise: bool = False) -> Loaded:
    """The data set of these arrays, (n, d) and (n,) or (n, k).

    Raises:
        UserError: if they are not finite, or break the setting's assumptions on data.
    """
    X = float64(f"{names.place}{names.inputs}", inputs)
    if X.ndim != 2 or not X.numel():
        flat = f": store {names.inputs}.reshape(len({names.inputs}), -1)" if X.ndim > 2 else ""
        raise UserError(
            f"{names.place}{names.inputs} has shape {shape_of(X)}, it must be (n, d) with n and d at least 1{flat}"
        )
    y = _labels(names, float64(f"{names.place}{names.labels}", labels), len(X), X.shape[1], setting)
    X = _on_the_sphere(names, X, normalise)
    try:
        equal = equal_rows(X)
    except ValueError as error:
        raise UserError(f"{names.place}{error} in {names.inputs} (counted from 0), all must differ") from error
    if len(equal):
        shown = ", ".join(f"{i} and {j}" for i, j in equal[:5].tolist()) + (", …" if len(equal) > 5 else "")
        raise UserError(
            f"{names.place}rows {shown} of {names.inputs} (counted from 0) are equal, all must differ; drop duplicates"
        )
    return Loaded(names, Dataset(X, y), 0, close_rows(X))


def check_fit(weights: Weights, loaded: Loaded) -> None:
    """Whether the network takes these inputs and has an output for every label.

    Raises:
        UserError: if not.
    """
    d, k = weights.matrices[0].shape[1], weights.matrices[-1].shape[0]
    names = loaded.names
    for name, found, wanted in ((names.inputs, loaded.data.inputs, d), (names.labels, loaded.data.labels, k)):
        if found.shape[1] != wanted:
            raise UserError(
                f"{names.place}{name} has {found.shape[1]} columns, it must have {wanted} for {weights.path}"
            )


def float64(name: str, value: object) -> Tensor:
    """A real, finite, strided array as float64; integers and narrower floats are widened."""
    check_room(name, math.prod(shape(value)))
    if isinstance(value, np.ndarray) and value.dtype.kind in "iuf":
        with np.errstate(over="ignore"):
            tensor = torch.from_numpy(value.astype(np.float64))
    elif isinstance(value, Tensor) and _is_real(value):
        tensor = value.detach().to(torch.float64)
    else:
        raise UserError(f"{name} is {_kind(value)}, it must be a dense array of floats or integers{_made_real(value)}")
    # Of finite numbers the ends are finite, which takes no room to find out.
    if tensor.numel() and not all(end.isfinite() for end in tensor.aminmax()):
        bad = (~tensor.isfinite()).nonzero()[0]
        raise UserError(f"{name}{bad.tolist()} is {float(tensor[tuple(bad)])}, every entry must be finite")
    return tensor.contiguous()


def _kind(value: object) -> str:
    """What an array that is none of real numbers is, for a message."""
    layout = getattr(value, "layout", torch.strided)
    if getattr(value, "is_nested", False):
        return f"nested and of type {getattr(value, 'dtype', '')}"
    stored = "" if layout == torch.strided else f"of layout {str(layout).removeprefix('torch.')} and "
    return f"{stored}of type {getattr(value, 'dtype', type(value).__name__)}"


def _made_real(value: object) -> str:
    """How such an array becomes one of real numbers; empty where that depends on what it means."""
    if getattr(value, "layout", torch.strided) != torch.strided:
        return ": store it dense (to_dense())"
    dtype = getattr(value, "dtype", None)
    if getattr(value, "is_quantized", False):
        return ": save it dequantised"
    kind = "b" if dtype == torch.bool else getattr(dtype, "kind", "")
    ways = {
        "b": ": store 2.0 * array - 1 for labels, array.astype(float) for inputs",
        "V": ": store it as float32, NumPy has no other type of these bytes",
        **dict.fromkeys("SU", ": store array.astype(float), or 2.0 * (array == WORD) - 1 where they are words"),
    }
    return ways.get(kind, "")


def _is_real(tensor: Tensor) -> bool:
    plain = tensor.layout == torch.strided and not tensor.is_quantized and not tensor.is_nested
    return plain and tensor.device.type == "cpu" and not tensor.is_complex() and tensor.dtype != torch.bool


def _check_chain(path: str, names: Sequence[str], matrices: Sequence[Tensor]) -> None:
    for name, matrix in zip(names, matrices, strict=True):
        if matrix.ndim != 2 or not matrix.numel():
            raise UserError(f"{path}: {name} has shape {shape_of(matrix)}, it must be a matrix (out, in)")
    for (low, below), (high, above) in itertools.pairwise(zip(names, matrices, strict=True)):
        if above.shape[1] != below.shape[0]:
            turned = all(over.shape[0] == under.shape[1] for under, over in itertools.pairwise(matrices))
            hint = "; their transposes fit: Flax, Keras and JAX hold (in, out), store W.T of each" if turned else ""
            raise UserError(
                f"{path}: {high} has shape {shape_of(above)}, (out, in) must have in = {below.shape[0]}, "
                f"the rows of {low} below it{hint}"
            )


def _check_output(path: str, name: str, output: Tensor, setting: Setting) -> None:
    if setting.loss == "cross-entropy" and len(output) != 1:
        raise UserError(
            f"{path}: the output layer {name} has shape {shape_of(output)}, {setting.id} wants one row: train on two "
            f"classes, or take --setting {ZOU_GU_2019.id}, which has k outputs, a Gaussian V and square loss"
        )
    if setting.output != "signs":
        return
    plus, minus = int((output == 1).sum()), int((output == -1).sum())
    if not plus == minus == output.numel() / 2:
        raise UserError(
            f"{path}: V ({name}) has {plus} entries +1, {minus} entries -1 and {output.numel() - plus - minus} others, "
            f"{setting.id} wants as many +1 as -1 and nothing else: {_other_outputs(output)}"
        )


def _other_outputs(output: Tensor) -> str:
    """What to do with an output layer that is not of signs."""
    size, width = float(output.abs().amax()), output.shape[1]
    if not bool((output.abs() == size).all()) or not size:
        return (
            f"one that is trained is read by --setting {CAO_GU_2019_SLIDES.id}, one that stays at N(0, 1/k) by "
            f"--setting {ZOU_GU_2019.id}"
        )
    if int((output > 0).sum()) * 2 != width:
        return "draw the signs with equal counts"
    root = ", 1/√m" if math.isclose(size, width**-0.5, rel_tol=1e-6) else ""
    return (
        f"all are ±{size:.6g}{root}; store V / {size:.6g}, which makes the network and its gradients {1 / size:.6g} "
        "times as large and leaves features and patterns as they are"
    )


def _labels(names: Names, y: Tensor, n: int, d: int, setting: Setting) -> Tensor:
    """Labels as (n, k)."""
    labels, named = y[:, None] if y.ndim == 1 else y, f"{names.place}{names.labels}"
    if labels.ndim != 2 or len(labels) != n or not labels.numel():
        raise UserError(
            f"{named} has shape {shape_of(y)}, it must be ({n},) or ({n}, k) for the {n} rows of {names.inputs}"
            f"{_turned(names, y, n, d)}"
        )
    if setting.loss != "cross-entropy":
        return labels
    if labels.shape[1] != 1:
        raise UserError(
            f"{named} has {labels.shape[1]} columns, {setting.id} wants one: {_one_column(names, labels)}, or take "
            f"--setting {ZOU_GU_2019.id}, which has k outputs"
        )
    found = labels.unique().tolist()
    if set(found) <= {0.0, 1.0} and 0.0 in found:
        raise UserError(f"{named} has labels 0/1, {setting.id} wants -1 and +1: store 2 * {names.labels} - 1")
    if not set(found) <= {-1.0, 1.0}:
        wrong = next(label for label in found if label not in (-1.0, 1.0))
        classes = all(label.is_integer() for label in found)
        way = f": keep two of the {len(found)} classes, or store 2 * ({names.labels} == c) - 1" if classes else ""
        way = f": store 2 * ({names.labels} == {found[1]:g}) - 1" if len(found) == 2 else way
        raise UserError(f"{named} has the label {wrong:g}, {setting.id} wants only -1 and +1{way}")
    return labels


def _turned(names: Names, y: Tensor, n: int, d: int) -> str:
    """What to do with arrays whose transposes fit."""
    if tuple(y.shape) == (1, n):
        return f": store {names.labels}.ravel()"
    return f": if examples are columns, store {names.inputs}.T" if y.shape[:1] == (d,) else ""


def _one_column(names: Names, labels: Tensor) -> str:
    """How several columns become one of signs."""
    hot = bool(((labels == 0) | (labels == 1)).all()) and bool((labels.sum(1) == 1).all())
    if hot and labels.shape[1] == 2:
        return f"store 2 * {names.labels}[:, 1] - 1"
    return "keep two classes as -1 and +1"


def _on_the_sphere(names: Names, inputs: Tensor, normalise: bool) -> Tensor:
    zero = (inputs == 0).all(-1).nonzero()
    if len(zero):
        raise UserError(
            f"{names.place}row {int(zero[0])} of {names.inputs} (counted from 0) is zero, every row must have unit norm"
            ": drop it"
        )
    if normalise:
        return unit_rows(inputs)
    norms = torch.linalg.vector_norm(inputs, dim=-1)
    off = ((norms - 1).abs() > UNIT).nonzero()
    if len(off):
        row = int(off[0])
        raise UserError(
            f"{names.place}row {row} of {names.inputs} (counted from 0) has norm {float(norms[row]):.9g}, "
            f"it must be 1 to {UNIT:g}, or pass {names.normalise}"
        )
    return inputs


def equal_rows(inputs: Tensor) -> Tensor:
    """Of every row that an earlier one is equal to, up to `EQUAL`: (the first of them, it), in order, (pairs, 2).

    Equal rows have equal projections, so that sorting those by one direction leaves few to compare: by one that
    descends from the rows themselves, which nobody can make orthogonal to it.

    Raises:
        ValueError: if more rows than can be compared almost coincide.
    """
    rows = np.ascontiguousarray(inputs.numpy())
    seed = int.from_bytes(hashlib.blake2b(rows.data, digest_size=8).digest())
    direction = np.random.default_rng(seed).standard_normal(rows.shape[1])
    along = rows @ (direction / np.linalg.norm(direction))
    order = np.argsort(along, kind="stable")
    ends = np.concatenate([[0], np.flatnonzero(np.diff(along[order]) > NEAR) + 1, [len(rows)]])
    found = [np.empty((0, 2), dtype=np.int64)]
    spent = -rows.size
    for group in np.flatnonzero(np.diff(ends) > 1):
        left = np.sort(order[ends[group] : ends[group + 1]])
        while len(left) > 1:
            spent += len(left) * rows.shape[1]
            if spent > COMPARED:
                raise ValueError(f"rows {left[0]} and {left[1]}, and many others, almost coincide")
            same = np.linalg.norm(rows[left] - rows[left[0]], axis=1) <= EQUAL
            found.append(np.stack([np.full(same.sum() - 1, left[0]), left[same][1:]], axis=1))
            left = left[~same]
    pairs = np.concatenate(found)
    return torch.from_numpy(pairs[np.lexsort(pairs.T[::-1])])


def close_rows(inputs: Tensor) -> list[tuple[int, int]]:
    """Pairs i < j of rows at distance at most `CLOSE`, in order; of very many the first `MOST`."""
    found: list[tuple[int, int]] = []
    squares = inputs.square().sum(-1)
    rows = max(1, AT_ONCE // len(inputs))
    for first in range(0, len(inputs), rows):
        block = inputs[first : first + rows]
        distances = squares[first : first + rows, None] + squares[first:] - 2 * block @ inputs[first:].T
        near = (distances <= CLOSE**2).triu(1).nonzero()[: MOST - len(found)]
        found += [(first + i, first + j) for i, j in near.tolist()]
        if len(found) == MOST:
            break
    return found


def shape(array: object) -> tuple[int, ...]:
    """Its sizes, where it has any: a nested tensor does not, and PyTorch raises where it is asked."""
    return () if getattr(array, "is_nested", False) else tuple(getattr(array, "shape", ()))


def shape_of(array: object) -> str:
    """As a message shows it."""
    return f"({', '.join(map(str, shape(array)))})"


def magnitude(digits: str) -> tuple[int, str]:
    """Sorts digits as the numbers that they write, however many there are: Python reads no more than 4,300."""
    significant = digits.lstrip("0")
    return len(significant), significant


def listed(names: Sequence[str] | Mapping[str, object]) -> str:
    """The first dozen names, for a message."""
    return ", ".join(list(names)[:12]) + (", …" if len(names) > 12 else "") or "nothing"
