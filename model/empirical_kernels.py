"""The kernels that a network of finite width has on its inputs; `model.kernels` has their limits."""

from torch import Tensor

from lemmata.model.kernels import LayerKernel
from lemmata.model.margins import signed
from lemmata.model.trace import Trace


def measured_layers(trace: Trace) -> tuple[LayerKernel, ...]:
    """The finite-width counterpart of `tangent_layers`, not divided by anything, (S, n, n).

    Raises:
        ValueError: if there is more than one output: then the outputs mix (see `Trace.ntk`).
    """
    if trace.outputs.shape[-1] != 1:
        raise ValueError(f"{trace.outputs.shape[-1]} outputs must be 1")
    signals = [b.squeeze(2) for b in trace.signals]
    pairs = list(zip(trace.features, signals, strict=True))[: trace.network.trained]
    return tuple(LayerKernel(x @ x.mT, b @ b.mT) for x, b in pairs)


def last_layer_gram(trace: Trace, labels: Tensor) -> Tensor:
    """y_i y_j <x_{L−1,i}, x_{L−1,j}> <b_{L,i}, b_{L,j}> / m of the last trained layer, (S, n, n).

    With fixed ±1 output weights <b_{L,i}, b_{L,j}> counts the units that are active on both inputs. The
    square root of its `simplex_minimum` is the infimum of ‖∇_{W_L} L_S‖_F / (√m E_S) over all possible
    non-negative weights −ℓ'(y_i f(x_i)) of the examples.

    Raises:
        ValueError: if there is more than one output, or a label is not ±1.

    Source: cao-gu-2020 equation (4.1) and Lemmas 5.4, 5.5.
    """
    if trace.outputs.shape[-1] != 1:
        raise ValueError(f"{trace.outputs.shape[-1]} outputs must be 1")
    top = trace.network.trained - 1
    x, b = trace.features[top], trace.signals[top].squeeze(2)
    return signed((x @ x.mT) * (b @ b.mT), labels) / trace.network.architecture.width
