"""The claims on networks in memory: `lemmata.check` is the command of that name, without files."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from typing import Any, TypedDict, TypeGuard, Unpack, overload

import numpy as np
import torch
from torch import Tensor
from torch.nn import Module, ReLU
from torch.nn.modules import activation
from torch.utils.data import DataLoader, Dataset

from lemmata.audit.choosing import choose
from lemmata.audit.commands import check as command
from lemmata.audit.errors import UserError
from lemmata.audit.measure.given import Loaded, Names, Weights, check_pair, dataset, network
from lemmata.audit.measure.iterates import repeated
from lemmata.audit.measure.layers import layers
from lemmata.audit.measure.pair import PATIENCE
from lemmata.audit.show.checked import Checked
from lemmata.audit.show.trajectory import Trajectory
from lemmata.claims.claim import Claim
from lemmata.model.probability import DELTAS, is_delta
from lemmata.model.settings import CAO_GU_2020, SETTINGS, Setting

Matrix = Tensor | np.ndarray
Net = Mapping[str, Matrix] | Module | Sequence[Matrix]

IN_MEMORY = Names("", "inputs", "labels", "normalise=True")

ALIKE = 1e-2
"""Relative, by which a module's outputs may differ from those of its layers: half precision has three digits."""


class Options(TypedDict, total=False):
    """What `check` takes by name."""

    setting: Setting | str
    delta: float
    normalise: bool
    claims: str | Sequence[str]
    patience: float


@overload
def check(before: Net, after: Net, inputs: Any, labels: Any, **options: Unpack[Options]) -> Checked: ...
@overload
def check(before: Net, after: Sequence[Net], inputs: Any, labels: Any, **options: Unpack[Options]) -> Trajectory: ...
def check(
    before: Net,
    after: Net | Sequence[Net],
    inputs: Any,
    labels: Any,
    *,
    setting: Setting | str = CAO_GU_2020,
    delta: float = 0.05,
    normalise: bool = False,
    claims: str | Sequence[str] = (),
    patience: float = PATIENCE,
) -> Checked | Trajectory:
    """The claims on a network before and after training, with every constant that no paper states taken as 1.

    The point of expansion is the network before, the other one is the network after, and τ is the largest distance of
    a layer between the two.

    Args:
        before, after: a `state_dict`, a module, or the matrices themselves, each (out, in), in the order from the
            bottom layer to the output layer. In place of `after`, a list of checkpoints.
        inputs: (n, d), rows of unit norm.
        labels: (n,) or (n, k).
        setting: whose conventions, or their id.
        delta: δ of the lemmas.
        normalise: whether to scale the inputs to unit norm.
        claims: patterns of claim ids, with or without the paper; none means all.
        patience: seconds of computing that one claim may take; one that takes longer is skipped, as its record says.

    Returns:
        A record per claim; for a list of checkpoints a list, with one such collection for each, and as its `run` those
        of the claims about runs. Both print as the command's tables and show themselves in a notebook, the list with a
        picture of its ratios.

    Warns:
        UserWarning: of what looks wrong in networks and data as they were read.

    Raises:
        ValueError: naming the argument, its value and what is allowed.
    """
    try:
        conventions, chosen = options(setting, delta, patience, claims)
        start = weights("before", before, conventions)
        data = examples(inputs, labels, conventions, normalise=normalise)
        checkpoints: dict[str, Any] = {"after": after}
        if _several(after):
            checkpoints = {f"after[{number}]": net for number, net in enumerate(after)}
        reached = [weights(name, net, conventions) for name, net in checkpoints.items()]
        for net in reached:
            check_pair(start, net, conventions)
        of_one, of_runs = command.parted(chosen) if _several(after) else (chosen, [])
        found = [
            command.check(of_one, start, net, data, conventions, delta, patience, not _several(after))
            for net in reached
        ]
        run = command.check_run(of_runs, start, reached, data, conventions, delta, found[-1].read, patience)
    except UserError as error:
        raise ValueError(str(error)) from None
    said = [*repeated(start, reached), *(warning for checked in found for warning in checked.read.warnings)]
    for warning in dict.fromkeys([*said, *another_function("before", before, start, data)]):
        warnings.warn(warning, stacklevel=2)
    return Trajectory(found, run) if _several(after) else found[0]


def options(
    setting: Setting | str, delta: float, patience: float, claims: str | Sequence[str]
) -> tuple[Setting, list[Claim]]:
    """The setting and the claims that are meant.

    Raises:
        UserError: naming the option, its value and what is allowed.
    """
    conventions = _setting(setting)
    if not is_delta(delta):
        raise UserError(f"delta={delta!r} must be {DELTAS}")
    if not isinstance(patience, int | float) or not patience > 0:
        raise UserError(f"patience={patience!r} must be a positive number of seconds")
    patterns = (claims,) if isinstance(claims, str) else claims
    if not isinstance(patterns, Sequence) or not all(isinstance(pattern, str) for pattern in patterns):
        raise UserError(f"claims={claims!r} must be a pattern of claim ids, or a list of them")
    return conventions, choose(tuple(patterns))


def examples(inputs: Any, labels: Any, setting: Setting, *, normalise: bool) -> Loaded:
    """The data set.

    Raises:
        UserError: naming the argument, its value and what is allowed.
    """
    return dataset(IN_MEMORY, _array("inputs", inputs), _array("labels", labels), setting, normalise=normalise)


def _setting(setting: Setting | str) -> Setting:
    if isinstance(setting, Setting):
        return setting
    if not isinstance(setting, str):
        raise UserError(f"setting={setting!r} must be a Setting or one of {', '.join(SETTINGS)}")
    if setting not in SETTINGS:
        raise UserError(f"{setting=} must be a Setting or one of {', '.join(SETTINGS)}")
    return SETTINGS[setting]


def _several(after: Net | Sequence[Net]) -> TypeGuard[Sequence[Net]]:
    """Whether these are checkpoints, and not the matrices of one network."""
    return isinstance(after, list | tuple) and bool(after) and not any(isinstance(part, Matrix) for part in after)


def weights(argument: str, net: Any, setting: Setting) -> Weights:
    """The network's matrices.

    Raises:
        UserError: naming the argument and what is allowed.
    """
    if isinstance(net, Module):
        _check_activations(argument, net)
    parts = net.state_dict() if isinstance(net, Module) else net
    if isinstance(parts, list | tuple):
        parts = {f"matrix {number}": matrix for number, matrix in enumerate(parts, 1)}
    if not isinstance(parts, Mapping):
        allowed = "a state_dict, a torch.nn.Module or a list of matrices"
        way_out = f": give torch.load({str(net)!r})" if isinstance(net, str | PathLike) else ""
        way_out = f": give list({argument})" if isinstance(net, Iterator) else way_out
        raise UserError(f"{argument} is of type {type(net).__name__}, it must be {allowed}{way_out}")
    networks = [value for value in parts.values() if isinstance(value, Mapping | Module)]
    if parts and len(networks) == len(parts):
        way_out = f": give list({argument}.values())" if isinstance(net, Mapping) and argument == "after" else ""
        raise UserError(f"{argument} holds {len(networks)} networks, it must be one{way_out}")
    arrays = {str(name): _array(f"{argument}: {name}", value) for name, value in parts.items()}
    return network(argument, *layers(argument, arrays, ordered=True), setting)


def _check_activations(argument: str, net: Module) -> None:
    """A module tells its activations, where they are modules; the papers have ReLU alone."""
    for name, part in net.named_modules():
        if type(part).__module__ == activation.__name__ and not isinstance(part, ReLU):
            raise UserError(f"{argument}: {name} is a {type(part).__name__}, it must be a ReLU as all others")


def another_function(argument: str, net: Any, weights: Weights, data: Loaded) -> list[str]:
    """Whether a module, asked for its outputs, is another network than its layers with ReLU between them.

    A factor is none of a network's layers: NTK parametrisation has one, and the papers' settings differ in theirs.
    """
    if not isinstance(net, Module):
        return []
    h = data.data.inputs
    for matrix in weights.matrices[:-1]:
        h = (h @ matrix.mT).relu()
    expected, training = h @ weights.matrices[-1].mT, net.training
    try:
        with torch.no_grad():
            found = (
                net.eval()(data.data.inputs.to(next(net.parameters()))).detach().cpu().double().reshape(expected.shape)
            )
    except Exception:  # a module of a person's own may take its inputs in another form
        return []
    finally:
        net.train(training)
    factor = float((found * expected).sum() / expected.square().sum())
    if float(torch.linalg.vector_norm(found - factor * expected)) > ALIKE * float(torch.linalg.vector_norm(found)):
        return [
            f"{argument}(inputs) is not its layers with ReLU between them: another activation, order or connection?"
        ]
    if abs(factor - 1) > ALIKE and abs(factor - len(h.T) ** 0.5) > ALIKE * len(h.T) ** 0.5:
        return [
            f"{argument}(inputs) is {factor:.4g} times its layers with ReLU between them; the factor is not checked"
        ]
    return []


def _array(name: str, value: object) -> Matrix:
    """The value where it can be worked on: tensors of a GPU come to the CPU; lists and data frames become arrays."""
    if isinstance(value, Tensor):
        return value.detach().cpu()
    if value is None or isinstance(value, Dataset | DataLoader):
        raise UserError(f"{name} is of type {type(value).__name__}, it must be an array: torch.stack what it yields")
    try:
        return np.asarray(value)
    except ValueError as error:
        raise UserError(f"{name} is of type {type(value).__name__} and no array: {error}") from None
