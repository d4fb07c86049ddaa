"""Which of the arrays that somebody saved are the layers of a network, and in which order."""

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from torch import Tensor

from lemmata.audit.errors import UserError
from lemmata.audit.measure.given import float64, listed, magnitude, shape, shape_of

LOOKS = 1_000_000
"""Layers looked at after which the search for their orders is given up."""

WEIGHTS_ALONE = "the papers' networks are linear layers without biases, with ReLU between them"

SPEAKING: tuple[tuple[str, str], ...] = (
    (r"running_(mean|var)$", "BatchNorm; train without it"),
    (r"lora_|lora_embedding", "a LoRA adapter; merge it into the weights first (merge_and_unload())"),
    (r"(weight_g|weight_v)$|parametrizations\.", "a parametrised layer; remove it first (remove_parametrizations)"),
    (r"weight_(orig|mask|u)$", "a pruned or normalised layer; make it permanent first (prune.remove)"),
    (r"(weight|bias)_(ih|hh)(_l\d+)?", "a recurrent layer"),
    (r"in_proj|(^|\.)[qkv]_proj\.", "an attention layer"),
    (r"(^|\.)(shortcut|downsample|skip|residual)(\.|$)", "a residual connection; train a network without"),
    (
        r"_(scale|zero_point|packed_params)|qweight|absmax|\.SCB$",
        "quantised weights; save them as floats (dequantize())",
    ),
)
"""Names that tell a layer which the papers' networks do not have, what it is, and the way out."""


def layers(path: str, arrays: Mapping[str, object], *, ordered: bool) -> tuple[dict[str, object], tuple[str, ...]]:
    """The layers of a `state_dict`, bottom to top, under their names without what all of them begin with.

    Args:
        path: what messages call it.
        arrays: by name.
        ordered: whether their order is that of the network's layers.

    Returns:
        The layers, and what a person should know of how they were read.

    Raises:
        UserError: if other arrays than layers and biases of 0 are among them, or their order cannot be told.
    """
    found, notes = matrices(path, _unprefixed(arrays))
    names, more = _in_order(path, {name: shape(value) for name, value in found.items()}, ordered)
    return {name: found[name] for name in names}, (*notes, *more)


def matrices(path: str, arrays: Mapping[str, object]) -> tuple[dict[str, object], tuple[str, ...]]:
    """The arrays without biases of 0 and counters, and what was left out.

    Raises:
        UserError: naming an array that no layer of the papers' networks has, and what to do instead.
    """
    for pattern, kind in SPEAKING:
        name = next((name for name in arrays if re.search(pattern, name)), None)
        if name is not None:
            raise UserError(f"{path}: holds {name}, as of {kind}; {WEIGHTS_ALONE}")
    counters = [name for name, value in arrays.items() if _counts(value)]
    biases = [name for name in arrays if name.endswith("bias")]
    _check_biases(path, {name: arrays[name] for name in biases})
    left_out = {*counters, *biases}
    kept = {name: value for name, value in arrays.items() if name not in left_out}
    for name, value in kept.items():
        _check_matrix(path, name, value)
    notes = [f"{path}: {listed(counters)} left out, no part of the network"] if counters else []
    notes += [f"{path}: {listed(biases)} left out, all are exactly 0"] if biases else []
    return kept, tuple(notes)


def several(loaded: object) -> TypeGuard[Sequence[object] | Mapping[Any, object]]:
    """Whether these are networks one after the other, or by the number of their epoch."""
    if isinstance(loaded, Mapping):
        return not any(isinstance(name, str) for name in loaded) and several(list(loaded.values()))
    return isinstance(loaded, list | tuple) and bool(loaded) and all(isinstance(part, Mapping) for part in loaded)


def mapping_of_arrays(path: str, loaded: Mapping[Any, object]) -> dict[str, object]:
    """The one mapping of tensors inside a checkpoint, what else stands in it left out; or the mapping as it is.

    Raises:
        UserError: if there are several, naming them and how to save one alone, or no tensors at all.
    """
    found = _mappings(loaded)
    if not found and not any(isinstance(value, Tensor) for value in loaded.values()):
        raise UserError(
            f"{path}: holds {listed([str(name) for name in loaded])}, it must hold a network's matrices by their "
            "names: save torch.save(net.state_dict(), FILE)"
        )
    if len(found) > 1:
        first = "".join(f"[{name!r}]" for name in next(iter(found)))
        raise UserError(
            f"{path}: holds {len(found)} mappings of tensors, {listed(list(map('.'.join, found)))}, it must hold one: "
            f"save the network's alone, torch.save(torch.load(FILE){first}, …)"
        )
    return found.popitem()[1] if found else {str(name): value for name, value in loaded.items()}


def _mappings(loaded: Mapping[Any, object]) -> dict[tuple[str, ...], dict[str, object]]:
    """Where tensors stand among nothing but plain values, each once; the state of an optimizer is no network."""
    found: dict[tuple[str, ...], dict[str, object]] = {}
    seen: set[int] = set()
    waiting: list[tuple[tuple[str, ...], Mapping[Any, object]]] = [((), loaded)]
    while waiting:
        at, values = waiting.pop()
        if id(values) in seen or not all(isinstance(name, str) for name in values):
            continue
        seen.add(id(values))
        tensors: dict[str, object] = {name: value for name, value in values.items() if isinstance(value, Tensor)}
        rest = {name: value for name, value in values.items() if name not in tensors}
        if any(len(shape(value)) >= 2 for value in tensors.values()):
            if all(isinstance(value, int | float | str | None) for value in rest.values()):
                found[at] = tensors
            continue
        inner = [((*at, name), value) for name, value in rest.items() if isinstance(value, Mapping)]
        waiting += [(names, value) for names, value in reversed(inner) if not names[-1].startswith("optim")]
    return found


def _unprefixed(arrays: Mapping[str, object]) -> dict[str, object]:
    """The names without the dotted beginning that all share: of a wrapper (`module.`, `_orig_mod.`), or of a field."""
    split = [name.split(".") for name in arrays]
    same = itertools.takewhile(lambda parts: len(set(parts)) == 1, zip(*split, strict=False))
    shared = max(0, min(sum(1 for _ in same), *(len(parts) - 2 for parts in split))) if len(split) > 1 else 0
    return {".".join(parts[shared:]): value for parts, value in zip(split, arrays.values(), strict=True)}


def _counts(value: object) -> bool:
    """Whether it is a counter, as averaged models and metrics keep them: one whole number, which is no layer."""
    if getattr(value, "ndim", None) != 0:
        return False
    return "int" in str(getattr(value, "dtype", ""))


def _check_biases(path: str, biases: Mapping[str, object]) -> None:
    wrong = [name for name, value in biases.items() if bool((float64(f"{path}: {name}", value) != 0).any())]
    if wrong:
        raise UserError(
            f"{path}: holds {listed(wrong)}, the papers' networks have no biases: train with bias=False, or with the "
            "biases held at exactly 0"
        )


def _check_matrix(path: str, name: str, value: object) -> None:
    """Convolutions and normalisation layers are told by the number of their axes."""
    axes = len(shape(value))
    if axes > 2:
        raise UserError(
            f"{path}: {name} has shape {shape_of(value)}, as of a convolution, it must be a matrix (out, in): "
            f"{WEIGHTS_ALONE}"
        )
    if axes == 1 and name == "V":
        raise UserError(f"{path}: V has shape {shape_of(value)}, it must be a matrix (k, m): store V[None]")
    if axes < 2 and not getattr(value, "is_nested", False) and hasattr(value, "shape"):
        raise UserError(
            f"{path}: {name} has shape {shape_of(value)}, as of a normalisation layer or a learned scale, it must be "
            f"a matrix (out, in): {WEIGHTS_ALONE}"
        )


def _in_order(path: str, shapes: Mapping[str, tuple[int, ...]], ordered: bool) -> tuple[list[str], list[str]]:
    """The names from the bottom layer to the output layer, and what should be known of that order."""
    names = list(shapes)
    numbered = orders(shapes, numbers=True)
    if ordered and _chains(names, shapes):
        if numbered and names not in numbered and len(numbered) == 1:
            return names, [
                f"{path}: the layers are in the order of the file, {listed(names)}, and not of their numbers"
            ]
        return names, []
    if len(numbered) == 1:
        free = orders(shapes, numbers=False)
        told = f"{path}: the order of the layers, {listed(numbered[0])}, is told by"
        if len(free) > 1:
            return numbered[0], [f"{told} the numbers in their names alone, as some are square"]
        return numbered[0], [f"{told} their shapes, as they do not fit in the order of the file"] if ordered else []
    if numbered and not ordered:
        raise UserError(
            f"{path}: holds {listed(names)}, whose order neither the file, names nor shapes tell: save them as .pt, or "
            "number the names, 0.weight, 1.weight, …"
        )
    return (names if ordered else sorted(names, key=_natural)), []


def _chains(names: Sequence[str], shapes: Mapping[str, tuple[int, ...]]) -> bool:
    return all(shapes[above][-1:] == shapes[below][:1] for below, above in itertools.pairwise(names))


def orders(shapes: Mapping[str, tuple[int, ...]], *, numbers: bool) -> list[list[str]]:
    """The first two orders in which every layer fits the one below, V last; names that differ in numbers ascend.

    Two empty ones of a search that is given up, which no order is told by.
    """
    alike: dict[str, list[str]] = {}
    for name in sorted(shapes, key=_natural):
        alike.setdefault(re.sub(r"\d+", "#", name) if numbers else name, []).append(name)
    groups, used = list(alike.values()), [0] * len(alike)
    found: list[list[str]] = []
    chain: list[str] = []
    tried = [0]  # of the groups, at each layer of the chain and for the next one
    looks = 0
    while tried and len(found) < 2:
        if looks > LOOKS:
            return [[], []]
        if len(chain) == len(shapes):
            found.append(list(chain))
        for group in range(tried[-1], len(groups)):
            looks += 1
            if used[group] == len(groups[group]):
                continue
            name = groups[group][used[group]]
            fits = not chain or shapes[name][-1:] == shapes[chain[-1]][:1]
            if fits and (name != "V" or len(chain) == len(shapes) - 1):
                used[group] += 1
                chain.append(name)
                tried[-1] = group + 1
                tried.append(0)
                break
        else:
            tried.pop()
            if chain:
                chain.pop()
                used[tried[-1] - 1] -= 1
    return found


def _natural(name: str) -> tuple[bool, list[str | tuple[int, str]]]:
    """Sorts 2 before 10, and an array named V, as in .npz files, last."""
    parts = re.split(r"(\d+)", name)
    return name == "V", [magnitude(part) if at % 2 else part for at, part in enumerate(parts)]
