"""Per-example gradient norms and tangent kernels, beside what else there is to compute them with.

    python benchmarks/gradients.py [--widths 256,512,1024] [--samples 16] [--depth 3] [--device cpu] [--repeats 5]

Every method computes the same numbers, which is checked before it is timed: ‖∇_{W_l} f(x_i)‖_F for every layer and
example, and the kernel <∇f(x_i), ∇f(x_j)>. The libraries are optional (`pip install 'lemmata[benchmarks]'`): a missing
one is named. Medians in one run; ratios are to the trace.
"""

import argparse
import importlib
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from lemmata.model.data import generate
from lemmata.model.network import Architecture, Network, initialise
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import ZOU_GU_2019
from lemmata.model.trace import Trace

Method = Callable[[Network, nn.Sequential, Tensor], Tensor]


def module(network: Network) -> nn.Sequential:
    """The same network as a PyTorch module, V frozen."""
    layers: list[nn.Module] = []
    for index in range(network.hidden + 1):
        weight = network.materialise(index)[0]
        linear = nn.Linear(weight.shape[1], weight.shape[0], bias=False, dtype=weight.dtype)
        linear.weight = nn.Parameter(weight.clone(), requires_grad=index < network.hidden)
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def trained(model: nn.Sequential) -> list[nn.Parameter]:
    """The hidden weights."""
    return [weight for weight in model.parameters() if weight.requires_grad]


def norms_by_trace(network: Network, model: nn.Sequential, x: Tensor) -> Tensor:
    """Two products of lengths."""
    return Trace(network, x).gradient_norms()[0, :, :, 0]


def norms_by_loop(network: Network, model: nn.Sequential, x: Tensor) -> Tensor:
    """Automatic differentiation, an example at a time."""
    columns = [torch.autograd.grad(model(row[None])[0, 0], trained(model)) for row in x]
    return torch.stack([torch.stack([g.norm() for g in column]) for column in columns], 1)


def jacobian(model: nn.Sequential, x: Tensor) -> list[Tensor]:
    """Every example's gradient, by torch.func."""
    weights = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}

    def output(weights: dict[str, Tensor], row: Tensor) -> Tensor:
        return torch.func.functional_call(model, weights, (row[None],))[0, 0]

    return list(torch.func.vmap(torch.func.grad(output), (None, 0))(weights, x).values())


def norms_by_func(network: Network, model: nn.Sequential, x: Tensor) -> Tensor:
    """torch.func: vmap of grad."""
    return torch.stack([g.flatten(1).norm(dim=1) for g in jacobian(model, x)])


def norms_by_backpack(network: Network, model: nn.Sequential, x: Tensor) -> Tensor:
    """BackPACK's BatchL2Grad."""
    backpack = importlib.import_module("backpack")
    extensions = importlib.import_module("backpack.extensions")
    extended = backpack.extend(model)
    with backpack.backpack(extensions.BatchL2Grad()):
        extended(x).sum().backward()
    return torch.stack([weight.batch_l2.sqrt() for weight in trained(model)])


def norms_by_opacus(network: Network, model: nn.Sequential, x: Tensor) -> Tensor:
    """Opacus's per-sample gradients."""
    wrapped = importlib.import_module("opacus").GradSampleModule(model, loss_reduction="sum")
    wrapped(x).sum().backward()
    found = torch.stack([weight.grad_sample.flatten(1).norm(dim=1) for weight in trained(model)])
    wrapped.to_standard_module()
    return found


def kernel_by_trace(network: Network, model: nn.Sequential, x: Tensor) -> Tensor:
    """Hadamard products of Gram matrices."""
    return Trace(network, x).ntk()[0, :, 0, :, 0]


def kernel_by_loop(network: Network, model: nn.Sequential, x: Tensor) -> Tensor:
    """Automatic differentiation, an example at a time, and a product."""
    rows = [torch.cat([g.flatten() for g in torch.autograd.grad(model(row[None])[0, 0], trained(model))]) for row in x]
    flat = torch.stack(rows)
    return flat @ flat.T


def kernel_by_func(network: Network, model: nn.Sequential, x: Tensor) -> Tensor:
    """torch.func, and a product per layer."""
    flat = [g.flatten(1) for g in jacobian(model, x)]
    return torch.stack([g @ g.T for g in flat]).sum(0)


def kernel_by_nngeometry(network: Network, model: nn.Sequential, x: Tensor) -> Tensor:
    """NNGeometry's Gram matrix of the Jacobian."""
    gram = importlib.import_module("nngeometry.gram").GramMatrix
    layers = importlib.import_module("nngeometry.layercollection").LayerCollection()
    for layer in model.modules():
        if isinstance(layer, nn.Linear) and layer.weight.requires_grad:
            layers.add_layer_from_model(model, layer)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x), batch_size=len(x))
    found = gram(model, loader, function=lambda *batch: model(batch[0]), layer_collection=layers)
    return found.to_torch()[0, :, 0, :]


METHODS: dict[str, dict[str, Method]] = {
    "per-example norms": {
        "trace": norms_by_trace,
        "autograd loop": norms_by_loop,
        "torch.func": norms_by_func,
        "backpack": norms_by_backpack,
        "opacus": norms_by_opacus,
    },
    "tangent kernel": {
        "trace": kernel_by_trace,
        "autograd loop": kernel_by_loop,
        "torch.func": kernel_by_func,
        "nngeometry": kernel_by_nngeometry,
    },
}


def seconds(work: Callable[[], Tensor], repeats: int) -> float:
    """Median time, after one call that warms up."""
    times = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        if work().is_cuda:
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])


def main() -> None:
    """Print a table, a line as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", default="256,512,1024")
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--depth", type=int, default=3)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    where = f"{torch.get_num_threads()} threads" if given.device == "cpu" else torch.cuda.get_device_name()
    print(f"L = {given.depth}, n = {given.samples}, float64, {where}\n")
    print("| what | m | method | seconds | over trace |")
    print("| --- | --- | --- | --- | --- |")
    for m in map(int, given.widths.split(",")):
        data = generate("sphere", n=given.samples, d=10, setting=ZOU_GU_2019, rng=generator(stream(0, "data")))
        inputs, shape = data.inputs.to(given.device), Architecture(10, (m,) * given.depth)
        network = initialise(ZOU_GU_2019, shape, [stream(0, "benchmark")], device=given.device)
        for what, methods in METHODS.items():
            expected, base = methods["trace"](network, module(network), inputs), 0.0
            for name, method in methods.items():
                model = module(network)
                try:
                    found = method(network, model, inputs)
                except ModuleNotFoundError as missing:
                    print(f"| {what} | {m} | {name} | not installed: {missing.name} | |", flush=True)
                    continue
                torch.testing.assert_close(found.detach(), expected, rtol=1e-9, atol=0.0)
                time_ = seconds(partial(method, network, model, inputs), given.repeats)
                base = base or time_
                print(f"| {what} | {m} | {name} | {time_:.3g} | {time_ / base:.3g} |", flush=True)


if __name__ == "__main__":
    main()
