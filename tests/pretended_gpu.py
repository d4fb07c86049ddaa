"""A GPU that is not there: its tensors lie in the CPU's memory, and do not mix with those of the CPU.

What a GPU refuses is refused: operations on tensors of both devices, and NumPy arrays of its own. So code that forgets
a device is found where there is no GPU. Results are the CPU's; how fast a GPU is, and how it rounds, are not seen here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._mode_utils import no_dispatch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

_setup_privateuseone_for_python_backend("pretended")
GPU = torch.device("pretended", 0)

MOVES = {"_to_copy", "copy_", "_local_scalar_dense"}
INDEXED = {"index", "index_put", "index_put_", "_index_put_impl_"}
"""Whose indices may be the CPU's."""
NOT_BY_LAPACK = {"_linalg_svd"}
"""A GPU's own iterations may not converge on matrices of low rank: `model.spectra` takes them to the CPU."""

FRONT_END = {Tensor.to, Tensor.new_tensor, Tensor.tolist, Tensor.__getitem__, Tensor.__setitem__, torch.as_tensor}
"""What names a device without a keyword, or reads a tensor's entries in C++."""


@contextmanager
def pretended_gpu() -> Iterator[None]:
    """Within, "cuda" is the pretended device."""
    with _Dispatched(), _Called():
        yield


class _OnGpu(Tensor):
    """A tensor of the pretended device, and the tensor that holds its entries."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> "_OnGpu":
        place = {"strides": held.stride(), "storage_offset": held.storage_offset(), "dtype": held.dtype, "device": GPU}
        made = Tensor._make_wrapper_subclass(cls, held.shape, **place)  # type: ignore[attr-defined]
        made.held = held
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})


class _Dispatched(TorchDispatchMode):
    """Sees what makes tensors out of nothing."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})


class _Called(TorchFunctionMode):
    """Knows the device by the name of a real one, and does in Python what torch's own front end does with a backend."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if not kwargs and func not in FRONT_END:
            return func(*args)
        args = [_named(x) for x in args]
        kwargs = {name: _named(x) for name, x in (kwargs or {}).items()}
        if func in (torch.tensor, torch.as_tensor) and kwargs.get("device") == GPU and type(args[0]) is not _OnGpu:
            return func(*args, **{**kwargs, "device": "cpu"}).to(GPU)
        if args and type(args[0]) is _OnGpu:
            if func is Tensor.new_tensor:
                return args[0].held.new_tensor(*args[1:], **kwargs).to(GPU)
            if func is Tensor.tolist:
                return args[0].held.tolist()
            if func in (Tensor.__getitem__, Tensor.__setitem__):
                whole = args[1] if type(args[1]) is tuple else (args[1],)
                args[1] = tuple(torch.tensor(x) if type(x) is list else x for x in whole)
        return func(*args, **kwargs)


def _named(x: Any) -> Any:
    return GPU if isinstance(x, str | torch.device) and str(x) == "cuda" else x


def _run(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """An operation on what the tensors hold; its results are on the device of its arguments, or the one asked for."""
    here: list[_OnGpu] = []
    elsewhere: list[Tensor] = []

    def held(x: Any) -> Any:
        kind = type(x)
        if kind is _OnGpu:
            here.append(x)
            return x.held
        if kind is list or kind is tuple:
            return kind([held(y) for y in x])
        if isinstance(x, Tensor):
            elsewhere.append(x)
        return x

    def placed(x: Any) -> Any:
        kind = type(x)
        if kind is list or kind is tuple:
            return kind([placed(y) for y in x])
        return _wrapped(x, here) if isinstance(x, Tensor) else x

    inside, options = [held(x) for x in args], {name: held(x) for name, x in kwargs.items()}
    name, device = func.__name__.partition(".")[0], kwargs.get("device")
    if here and elsewhere and name not in MOVES:
        _refuse_mixed(func, name, args, elsewhere)
    if here and name in NOT_BY_LAPACK:
        raise RuntimeError(f"{func}: a GPU's own iterations may not converge")
    if device is not None:
        options["device"] = torch.device("cpu")
    result = func(*inside, **options)
    if here and torch.Tag.inplace_view in func.tags:
        with no_dispatch():
            return func(*args, **kwargs)
    if name == "copy_":
        return args[0]
    if device is None:
        return placed(result) if here and name != "_local_scalar_dense" else result
    if device == GPU:
        return placed(result)
    return result.clone() if here else result


def _wrapped(x: Tensor, here: list[_OnGpu]) -> _OnGpu:
    for known in here:
        if known.held is x:
            return known
    return _OnGpu(x)


def _refuse_mixed(func: Any, name: str, args: tuple[Any, ...], elsewhere: list[Tensor]) -> None:
    """As a GPU does: numbers of the CPU join entry by entry, its indices find a GPU's entries, nothing else mixes."""
    if torch.Tag.pointwise in func.tags:
        mixed = [x for x in elsewhere if x.dim()]
    elif name in INDEXED and type(args[0]) is _OnGpu:
        mixed = [x for x in args[2:3] if type(x) is not _OnGpu and x.dim()]
    else:
        mixed = elsewhere
    if mixed:
        raise RuntimeError(f"{func}: tensors must be on the same device, found {tuple(mixed[0].shape)} of the CPU")
