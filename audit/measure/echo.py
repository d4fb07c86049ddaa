"""What was read, said back before anything is measured on it, with what looks wrong."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from lemmata.audit.measure.given import CLOSE, Loaded, Weights, listed
from lemmata.audit.measure.laws import UNLIKELY, Law, fitting, is_orthogonal
from lemmata.claims.case import Case
from lemmata.model.losses import LOSSES
from lemmata.model.settings import Setting
from lemmata.model.trace import Trace

ALIGNED = 5.0
"""Standard deviations of the inner product of two independent draws, up to which they pass for that."""

ROUNDED = 0.2
"""Root mean square of a number's rounding, over the dtype's epsilon times the number."""

SHARE = 0.1
"""Of the movement, which rounding may reach before a warning."""


@dataclass(frozen=True)
class Layer:
    """One layer as it was read.

    Attributes:
        name: its own.
        shape: (out, in).
        dtype: of the files, the coarser one.
        norm: ‖W⁽⁰⁾‖_F.
        moved: ‖W − W⁽⁰⁾‖_F.
        variance: measured over that of the setting's initial law; None for an output layer of signs.
        p: p-value of that law.
    """

    name: str
    shape: tuple[int, int]
    dtype: str
    norm: float
    moved: float
    variance: float | None
    p: float | None


@dataclass(frozen=True)
class Read:
    """Networks and data as they were read: CONTRACT's echo.

    Attributes:
        layers: bottom to top; none where only data were read.
        data: sizes, and loss and errors before and after where there are networks.
        warnings: what looks wrong, a line each.
    """

    layers: tuple[Layer, ...]
    data: dict[str, Any]
    warnings: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {"layers": [asdict(layer) for layer in self.layers], "data": self.data, "warnings": list(self.warnings)}


def read_pair(before: Weights, after: Weights, loaded: Loaded, case: Case, *, alone: bool = True) -> Read:
    """The echo of a network before and after training, which the case is of; `alone` says that it is no checkpoint."""
    setting = case.setting
    layers = tuple(_layer(place, before, after, setting) for place in range(len(before.names)))
    data = _data(loaded) | _fit(loaded, [case.at_initial, case.at_moved])
    notes = [*dict.fromkeys((*before.notes, *after.notes)), *_unrelated(before, after, setting)]
    notes += _same(before, after) if alone else []
    notes += [*_of_integers(before), *_of_integers(after), *_coarse(layers, after)]
    notes += [*_of_another_law(before, layers, setting), *_tied(after)]
    return Read(layers, data, (*notes, *_of_data(loaded, setting)))


def read_network(weights: Weights, loaded: Loaded, case: Case) -> Read:
    """The echo of one network, which the case is at."""
    setting = case.setting
    layers = tuple(_layer(place, weights, weights, setting) for place in range(len(weights.names)))
    notes = [
        *dict.fromkeys(weights.notes),
        *_of_integers(weights),
        *_of_another_law(weights, layers, setting),
        *_tied(weights),
    ]
    return Read(layers, _data(loaded) | _fit(loaded, [case.at_initial]), (*notes, *_of_data(loaded, setting)))


def read_data(loaded: Loaded, setting: Setting) -> Read:
    """The echo of data alone."""
    return Read((), _data(loaded), tuple(_of_data(loaded, setting)))


def _data(loaded: Loaded) -> dict[str, Any]:
    inputs, labels = loaded.data.inputs, loaded.data.labels
    phi = loaded.data.separation
    return {
        "source": loaded.names.source,
        "n": len(inputs),
        "d": inputs.shape[1],
        "k": labels.shape[1],
        "phi": phi if math.isfinite(phi) else None,
        "dropped": loaded.dropped,
        "close": len(loaded.close),
    }


def _fit(loaded: Loaded, traces: Sequence[Trace]) -> dict[str, Any]:
    """Loss and errors of each network."""
    setting, labels = traces[0].network.setting, loaded.data.labels
    found: dict[str, Any] = {"loss": [float(LOSSES[setting.loss].value(trace.outputs, labels)) for trace in traces]}
    if setting.loss == "cross-entropy":
        found["errors"] = [float((trace.outputs[0] * labels <= 0).double().mean()) for trace in traces]
    return found


def _of_data(loaded: Loaded, setting: Setting) -> list[str]:
    said = [f"{loaded.dropped} duplicate rows dropped"] if loaded.dropped else []
    if loaded.close:
        said.append(f"{len(loaded.close)} pairs of rows within {CLOSE}: bounds that need a separation say little there")
    labels = loaded.data.labels
    if len(labels) > 1 and bool((labels == labels[0]).all()):
        said.append("all labels are the same: a network that tells no inputs apart fits them")
    last = loaded.data.inputs[:, -1]
    if setting.fixed_coordinate and not (float(last.min()) > 0 and bool((last == last[0]).all())):
        said.append(
            f"the inputs share no last coordinate μ > 0, which {setting.id} assumes (assumption-3.1): store "
            "numpy.hstack([√(1 − μ²) X, μ ones])"
        )
    return said


def _layer(place: int, before: Weights, after: Weights, setting: Setting) -> Layer:
    matrix = before.matrices[place]
    law = law_of(place, before, setting)
    return Layer(
        before.names[place],
        (matrix.shape[0], matrix.shape[1]),
        max((weights.dtypes[place] for weights in (before, after)), key=_epsilon),
        float(torch.linalg.matrix_norm(matrix)),
        float(torch.linalg.matrix_norm(after.matrices[place] - matrix)),
        None if law is None else float(matrix.square().mean()) / law.variance,
        None if law is None else law.p_value(matrix),
    )


def law_of(place: int, weights: Weights, setting: Setting) -> Law | None:
    """The setting's law of a layer's initial weights; None for signs, which are checked one by one."""
    out, into = weights.matrices[place].shape
    if place + 1 < len(weights.names):
        return Law(f"N(0, 2/{out})", 2 / out)
    laws = {"gaussian": Law(f"N(0, 1/{out})", 1 / out), "trained": Law(f"N(0, 1/{into})", 1 / into)}
    return laws.get(setting.output)


def _epsilon(dtype: str) -> float:
    """Of integers infinite: they are coarser than any."""
    found = getattr(torch, dtype, None)
    if not isinstance(found, torch.dtype):
        return 0.0
    return torch.finfo(found).eps if found.is_floating_point else math.inf


def _of_integers(weights: Weights) -> list[str]:
    held = {
        name: dtype for name, dtype in zip(weights.names, weights.dtypes, strict=True) if _epsilon(dtype) == math.inf
    }
    if not held:
        return []
    return [
        f"{weights.path}: {listed(list(held))} is stored as {next(iter(held.values()))}: weights that were rounded or "
        "quantised are another network's, save the floats that were trained"
    ]


def _same(before: Weights, after: Weights) -> list[str]:
    if not all(map(torch.equal, before.matrices, after.matrices)):
        return []
    return [
        f"{before.path} and {after.path} hold the same weights: state_dict() refers to the network's own, "
        "save or copy it before training"
    ]


def _unrelated(before: Weights, after: Weights, setting: Setting) -> list[str]:
    """Whether the angle of every trained layer is a right one, as between independent draws of one law."""
    trained = len(before.names) - (not setting.trains_output)
    pairs = list(zip(before.matrices[:trained], after.matrices[:trained], strict=True))
    if not all(_independent(*pair) for pair in pairs):
        return []
    return [
        f"{after.path} is no continuation of {before.path}: every layer's distance is √2 of its norm, as between two "
        "independent draws; take the initial weights of the same run"
    ]


def _independent(one: Tensor, other: Tensor) -> bool:
    first, second = (float(torch.linalg.matrix_norm(matrix)) for matrix in (one, other))
    if not first or not second or one.numel() < 64:
        return False
    cosine = float((one / first * (other / second)).sum())
    return 0.8 < first / second < 1.25 and abs(cosine) < ALIGNED / math.sqrt(one.numel())


def _coarse(layers: Sequence[Layer], after: Weights) -> list[str]:
    coarse = [
        layer
        for layer in layers
        if layer.moved
        and math.isfinite(_epsilon(layer.dtype))
        and ROUNDED * _epsilon(layer.dtype) * layer.norm > SHARE * layer.moved
    ]
    if not coarse:
        return []
    first = coarse[0]
    return [
        f"{after.path}: {listed([layer.name for layer in coarse])} moved by {first.moved:.2g}, and rounding to "
        f"{first.dtype} moves it by about {ROUNDED * _epsilon(first.dtype) * first.norm:.1g}: distances and τ are "
        "not to be trusted, save float32 or float64"
    ]


def _of_another_law(before: Weights, layers: Sequence[Layer], setting: Setting) -> list[str]:
    said: dict[tuple[str, str], list[str]] = {}
    width = min(len(matrix) for matrix in before.matrices[:-1])
    for place, layer in enumerate(layers):
        law = law_of(place, before, setting)
        if law is None or layer.p is None or layer.p >= UNLIKELY:
            continue
        turned = is_orthogonal(before.matrices[place])
        signs = len(before.matrices[place].abs().unique()) == 1
        fits = None if turned or signs else fitting(before.matrices[place], width)
        what = f"{layer.variance:.2g} times the variance of"
        if signs:
            what += " {}; all have one size, and differ in sign alone"
        elif fits is not None:
            what += f" {{}}; they fit {fits.name}" + (f" ({fits.instead})" if fits.instead else "")
        elif turned:
            what += " {}; they are orthogonal"
        else:
            what += " {}; no usual law fits, were they trained already?"
        said.setdefault((what, law.name), []).append(layer.name)
    return [f"{before.path}: {listed(names)}: {what.format(law)}" for (what, law), names in said.items()]


def _tied(after: Weights) -> list[str]:
    shapes = list(enumerate(after.matrices))
    tied = [
        f"{after.names[j]} is {after.names[i]}"
        for i, one in shapes
        for j, other in shapes[i + 1 :]
        if one.shape == other.shape and torch.equal(one, other)
    ]
    return [f"{after.path}: {listed(tied)}, weights are tied: the papers' layers are independent"] if tied else []


def lines(read: Read) -> list[str]:
    """The echo as text."""
    rows = [f"  {line}" for line in _table(read.layers)]
    data = read.data
    phi = "" if data["phi"] is None else f", φ = {data['phi']:.4g}"
    said = [f"read {data['source']}: n = {data['n']}, d = {data['d']}, k = {data['k']}{phi}"]
    for name, title in (("loss", "loss"), ("errors", "share of wrong signs")):
        if name in data:
            first, *after = (f"{value:.4g}" for value in data[name])
            said.append(f"{title} {first}" + "".join(f" before, {value} after" for value in after))
    return [*rows, "; ".join(said), *warnings(read)]


def warnings(read: Read) -> list[str]:
    """What looks wrong, as text."""
    return [f"warning: {warning}" for warning in read.warnings]


def _table(layers: Sequence[Layer]) -> list[str]:
    if not layers:
        return []
    heads = ("layer", "shape", "dtype", "‖W⁽⁰⁾‖_F", "moved by", "variance", "p-value")
    cells = [
        (
            layer.name,
            "({}, {})".format(*layer.shape),
            layer.dtype,
            f"{layer.norm:.4g}",
            f"{layer.moved:.3g}",
            "" if layer.variance is None else f"{layer.variance:.3g}",
            "" if layer.p is None else f"{layer.p:.1g}",
        )
        for layer in layers
    ]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (heads, *cells)
    ]
