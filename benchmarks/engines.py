"""Time and peak memory of the dense and the deferred engine, growth exponents, and the machine's own rates.

    python benchmarks/engines.py [--widths 1024,2048,4096] [--steps 0,20,100] [--engines deferred,dense,torch]
                                 [--samples 8] [--depth 3] [--dtype float64] [--device cpu] [--repeats 5]
                                 [--largest-dense 4096]

"0 steps" is initialisation, one forward and one backward pass; T steps are as many updates of gradient descent.
Each cell is measured in a process of its own, which reports the median time of its repetitions and its peak memory,
Python and torch included, or that of the GPU's tensors; the engines follow one another at every width, so that their
ratios are one machine's. With T = 0 the dense ones mostly draw Gaussians, which ours do on the CPU whatever the device.
"torch" is what one writes without this project: `torch.randn`, autograd and a step on every weight. On a GPU the first
repetition loads its libraries and is left out.
"""

import argparse
import itertools
import json
import math
import resource
import statistics
import subprocess
import sys
import time
from functools import partial
from typing import Any

import torch
from torch.nn.functional import softplus

from lemmata.model.data import generate
from lemmata.model.losses import LOSSES
from lemmata.model.network import Architecture, initialise
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import CAO_GU_2020
from lemmata.model.thin import add_span, overlaps
from lemmata.model.trace import Trace
from lemmata.model.training import gradient_descent


def once(engine: str, m: int, steps: int, n: int, depth: int, seed: int, dtype: torch.dtype, device: str) -> None:
    """Initialise, and pass forward and backward, or train."""
    data = generate("sphere", n=n, d=10, setting=CAO_GU_2020, rng=generator(stream(0, "data")))
    inputs, labels = data.inputs.to(device, dtype), data.labels.to(device, dtype)
    shape, seeds = Architecture(10, (m,) * depth), [stream(seed, "benchmark")]
    network = initialise(CAO_GU_2020, shape, seeds, dtype=dtype, device=device, engine=engine)  # type: ignore[arg-type]
    if not steps:
        trace = Trace(network, inputs)
        trace.batch_gradient_norms(LOSSES["cross-entropy"].slopes(trace.outputs, labels))
        return
    for iterate in gradient_descent(network, inputs, labels, step_size=0.1 / m, steps=steps, compact=True):
        last = iterate.trace.outputs
    assert last.isfinite().all()


def by_autograd(m: int, steps: int, n: int, depth: int, seed: int, dtype: torch.dtype, device: str) -> None:
    """The same work in plain torch, every gradient formed."""
    data = generate("sphere", n=n, d=10, setting=CAO_GU_2020, rng=generator(stream(0, "data")))
    inputs, labels = data.inputs.to(device, dtype), data.labels.to(device, dtype)
    torch.manual_seed(seed)
    like: dict[str, Any] = {"dtype": dtype, "device": device}
    shapes = Architecture(10, (m,) * depth).shapes[:-1]
    weights = [torch.randn(shape, **like).mul_((2 / m) ** 0.5).requires_grad_() for shape in shapes]
    signs = torch.ones(m, 1, **like)
    signs[m // 2 :] = -1
    for step in range(steps + 1):
        features = inputs
        for weight in weights:
            features = (features @ weight.mT).relu()
        loss = softplus(-labels * (features @ signs)).mean()
        if step == steps > 0:
            assert loss.isfinite()
            return
        for weight, gradient in zip(weights, torch.autograd.grad(loss, weights), strict=True):
            if steps:
                weight.data.sub_(gradient, alpha=0.1 / m)


def cell(arguments: dict) -> dict[str, float]:
    """Median time and peak memory of one cell; called in a process of its own."""
    sizes = [arguments[name] for name in ("m", "steps", "n", "depth")]
    device, engine = arguments["device"], arguments["engine"]
    dtype, warming = getattr(torch, arguments["dtype"]), int(device != "cpu")
    times = []
    for repeat in range(arguments["repeats"] + warming):
        started = time.perf_counter()
        if engine == "torch":
            by_autograd(*sizes, repeat, dtype, device)
        else:
            once(engine, *sizes, repeat, dtype, device)
        finished(device)
        times.append(time.perf_counter() - started)
    return {"seconds": statistics.median(times[warming:]), "bytes": peak(device)}


def finished(device: str) -> None:
    """Wait for what a GPU still has to do."""
    if device != "cpu":
        torch.cuda.synchronize()


def peak(device: str) -> int:
    """The most bytes that tensors on a GPU, or this process, have held; what its parent held before does not count."""
    if device != "cpu":
        return torch.cuda.max_memory_allocated()
    try:
        with open("/proc/self/status") as lines:
            return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measured(**arguments: object) -> dict[str, float]:
    """`cell` in a fresh process."""
    command = [sys.executable, __file__, "--cell", json.dumps(arguments)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output)


def rates(dtype: torch.dtype, device: str) -> dict[str, float]:
    """What this machine reaches now: products (flop/s), memory (byte/s), Gaussians (1/s); medians of five."""
    a = torch.randn(8_000, 8_000, dtype=dtype, device=device)
    tall, wide = (torch.randn(rows, 16, dtype=dtype, device=device) for rows in (2_000_000, 16))
    target = torch.empty_like(a)
    draw = generator(stream(0))
    works = {
        "square gemm, flop/s": (lambda: a[:2000, :2000] @ a[:2000, :2000], 2 * 2000**3),
        "tall gemm (m x 16 by 16 x 16), flop/s": (lambda: tall @ wide, 2 * tall.numel() * 16),
        "copy, byte/s": (lambda: target.copy_(a), 2 * a.nbytes),
        "sum, byte/s": (a.sum, a.nbytes),
        "Gaussians, 1/s": (lambda: draw.standard_normal(4_000_000), 4_000_000),
    }
    basis = a.view(1, 160, -1)
    for n in (2, 4, 8):
        rows, coefficients = basis[:, :n].clone(), torch.zeros(1, n, 160, dtype=dtype, device=device)
        products = {
            f"overlaps of {n} rows": partial(overlaps, rows, basis),
            f"overlaps of {n} rows by torch": partial(torch.matmul, rows, basis.mT),
            f"span added to {n} rows": partial(add_span, rows, coefficients, basis),
            f"span added to {n} rows by torch": partial(rows.baddbmm_, coefficients, basis),
        }
        works |= {f"{name}, byte/s of 160 directions": (product, basis.nbytes) for name, product in products.items()}
    found = {}
    for name, (work, amount) in works.items():
        times = []
        for _ in range(6):
            started = time.perf_counter()
            work()
            finished(device)
            times.append(time.perf_counter() - started)
        found[name] = amount / statistics.median(times[1:])
    return found


def exponents(rows: list[dict]) -> dict[str, float]:
    """Least-squares growth of time in m, per engine and number of steps."""
    found = {}
    for key in dict.fromkeys((row["engine"], row["steps"]) for row in rows):
        points = [(math.log(r["m"]), math.log(r["seconds"])) for r in rows if (r["engine"], r["steps"]) == key]
        if len(points) > 1:
            x, y = zip(*points, strict=True)
            found["{} T={}".format(*key)] = statistics.linear_regression(x, y).slope
    return found


def main() -> None:
    """Print a table, a line as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", default="1024,2048,4096")
    parser.add_argument("--steps", default="0,20,100")
    parser.add_argument("--engines", default="deferred,dense,torch")
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--depth", type=int, default=3)
    parser.add_argument("--dtype", choices=["float64", "float32"], default="float64")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--largest-dense", type=int, default=4096, help="Widest stored matrix.")
    parser.add_argument("--cell", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.cell:
        print(json.dumps(cell(json.loads(given.cell))))
        return
    where = f"{torch.get_num_threads()} threads" if given.device == "cpu" else torch.cuda.get_device_name()
    print(f"L = {given.depth}, n = {given.samples}, {given.dtype}, {where}")
    for name, rate in rates(getattr(torch, given.dtype), given.device).items():
        print(f"{name}: {rate:.3g}")
    print("\n| m | T | engine | seconds | GiB | products, flop/s | bases, byte/s | over deferred |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    rows: list[dict] = []
    sizes = itertools.product(*(map(int, text.split(",")) for text in (given.widths, given.steps)))
    for m, steps in sizes:
        times = {}
        for engine in given.engines.split(","):
            if engine != "deferred" and m > given.largest_dense:
                continue
            found = measured(
                engine=engine,
                m=m,
                steps=steps,
                n=given.samples,
                depth=given.depth,
                dtype=given.dtype,
                device=given.device,
                repeats=given.repeats,
            )
            times[engine] = found["seconds"]
            rows.append({"engine": engine, "m": m, "steps": steps, **found})
            flops, traffic = work(engine, m, steps, given.samples, given.depth, getattr(torch, given.dtype).itemsize)
            ratio = f"{times[engine] / times['deferred']:.3g}" if "deferred" in times else ""
            print(
                f"| {m} | {steps} | {engine} | {found['seconds']:.4g} | {found['bytes'] / 2**30:.3g} | "
                f"{flops / found['seconds']:.3g} | {traffic / found['seconds']:.3g} | {ratio} |",
                flush=True,
            )
    for name, slope in exponents(rows).items():
        print(f"time of {name} grows like m^{slope:.2f}")


def work(engine: str, m: int, steps: int, n: int, depth: int, itemsize: int) -> tuple[float, float]:
    """Floating-point operations, and bytes of matrices or bases read, of the layers between hidden layers; at least.

    A stored matrix is read twice a pass, forward and backward. A deferred product of n rows beside r near and s far
    directions takes n m (10 r + 6 s) operations and reads 5 r + 3 s rows, with two passes of Gram–Schmidt.
    """
    passes, layers = steps + 1, depth - 1
    if engine != "deferred":
        return layers * passes * 4.0 * n * m**2, layers * passes * 2.0 * m**2 * itemsize
    ranks = n * passes * (passes - 1) / 2
    return layers * 32.0 * n * m * ranks, layers * 16.0 * m * ranks * itemsize


if __name__ == "__main__":
    main()
