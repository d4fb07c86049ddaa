"""Networks: checkpoints, names, wrappers, dtypes, layers that the papers do not have."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

from tests.situations import D, M, Situation, check, pair, saved, state, write_data

PT = ("init.pt", "trained.pt")
WAY_OUT = "torch.save(net.state_dict(), FILE)"


def read(
    name: str, change: Callable[[list[Tensor]], object], *says: str, suffix: str = ".pt", **options: bool
) -> Situation:
    """A form in which the honest network is read for what it is."""
    arguments = check(f"init{suffix}", f"trained{suffix}")
    return Situation(name, saved(change, suffix, **options), arguments, says=says, honest=True)


def warned(name: str, make: Callable[[Path], None], *says: str, honest: bool = False) -> Situation:
    """A network that is measured, with what looks wrong said before."""
    return Situation(name, make, check(*PT), says=("warning: ", *says), honest=honest)


def refused(name: str, change: Callable[[list[Tensor]], object], *says: str, suffix: str = ".pt") -> Situation:
    """A form in which no network of the papers can be read."""
    arguments = check(f"init{suffix}", f"trained{suffix}")
    return Situation(name, saved(change, suffix), arguments, status=2, says=says)


def beside(matrices: Sequence[Tensor], **arrays: Tensor) -> OrderedDict[str, Tensor]:
    """The network's `state_dict` with more in it; a double underscore stands for a dot."""
    return OrderedDict(
        [*state(matrices).items(), *((name.replace("__", "."), value) for name, value in arrays.items())]
    )


def module(matrices: Sequence[Tensor]) -> nn.Sequential:
    """The network as a module."""
    parts: list[nn.Module] = []
    for matrix in matrices:
        linear = nn.Linear(matrix.shape[1], matrix.shape[0], bias=False)
        linear.weight = nn.Parameter(matrix.clone())
        parts += [linear, nn.ReLU()]
    return nn.Sequential(*parts[:-1])


def changed(matrices: Sequence[Tensor], change: Callable[[nn.Linear], object]) -> dict[str, Tensor]:
    """The `state_dict` after a change of the first layer's module."""
    network = module(matrices)
    change(network[0])
    return network.state_dict()


def optimizer(matrices: Sequence[Tensor]) -> dict[str, object]:
    """The state of Adam after a step."""
    network = module(matrices)
    adam = torch.optim.Adam(network.parameters())
    network(torch.ones(2, D, dtype=torch.float64)).sum().backward()
    adam.step()
    return adam.state_dict()


def aliased(folder: Path) -> None:
    """Both files written after training, from one `state_dict()`."""
    write_data(folder)
    network = module(pair()[1])
    for name in PT:
        torch.save(network.state_dict(), folder / name)


def other_run(folder: Path) -> None:
    """The initial weights are those of another seed."""
    write_data(folder)
    torch.save(state(pair(seed=5)[0]), folder / "init.pt")
    torch.save(state(pair()[1]), folder / "trained.pt")


def drawn(initialise: Callable[[Tensor], object]) -> Callable[[Path], None]:
    """Initial weights of another law, in float64."""

    def make(folder: Path) -> None:
        write_data(folder)
        before, after = pair()
        torch.manual_seed(3)
        start = [matrix.clone() for matrix in before]
        for matrix in start[:-1]:
            initialise(matrix)
        moved = [a - b + c for a, b, c in zip(after, before, start, strict=True)]
        torch.save(state(start), folder / "init.pt")
        torch.save(state(moved), folder / "trained.pt")

    return make


def in_dtype(dtype: torch.dtype, step: float = 0.02) -> Callable[[Path], None]:
    """Weights stored in a dtype, after a step of a length."""

    def make(folder: Path) -> None:
        write_data(folder)
        for name, matrices in zip(PT, pair(step=step), strict=True):
            torch.save({key: value.to(dtype) for key, value in state(matrices).items()}, folder / name)

    return make


def transposed(folder: Path) -> None:
    """Square layers as Keras has them, which no shape tells: what is said of loss and errors does."""
    write_data(folder, M)
    for name, (low, high, signs) in zip(PT, pair(d=M), strict=True):
        torch.save(state([low.mT.contiguous(), high.mT.contiguous(), signs]), folder / name)


def tied(folder: Path) -> None:
    """Three hidden layers, of which the last two are one matrix."""
    write_data(folder)
    for name, (low, high, signs) in zip(PT, pair(), strict=True):
        torch.save(state([low, high, high, signs], ("0", "2", "4", "6")), folder / name)


def safetensors(names: Sequence[str], d: int = D, metadata: bool = False) -> Callable[[Path], None]:
    """Both networks in files that keep no order."""

    def make(folder: Path) -> None:
        write_data(folder, d)
        for name, matrices in zip(("init", "trained"), pair(d=d), strict=True):
            said = {"format": "pt"} if metadata else None
            save_file(dict(state(matrices, names)), folder / f"{name}.safetensors", metadata=said)

    return make


def archives(
    change: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]], **options: object
) -> Callable[[Path], None]:
    """Both networks as changed .npz files."""

    def make(folder: Path) -> None:
        write_data(folder)
        for name, (low, high, signs) in zip(("init", "trained"), pair(), strict=True):
            arrays = change({"W1": low.numpy(), "W2": high.numpy(), "V": signs.numpy()})
            (np.savez_compressed if options.get("compressed") else np.savez)(folder / f"{name}.npz", **arrays)

    return make


def renamed(source: str, *names: str) -> Callable[[Path], None]:
    """The honest network's files under other names, two of them."""

    def make(folder: Path) -> None:
        saved(state)(folder)
        for old, new in zip(PT, names, strict=True):
            (folder / new).write_bytes((folder / old).read_bytes() if source == "state" else source.encode())

    return make


def scripted(matrices: Sequence[Tensor], file: Path) -> None:
    """A program of TorchScript, which `torch.save` does not write."""
    torch.jit.trace(module(matrices), torch.ones(1, D, dtype=torch.float64)).save(str(file))


def script(folder: Path) -> None:
    """Both networks as programs."""
    write_data(folder)
    for name, matrices in zip(PT, pair(), strict=True):
        scripted(matrices, folder / name)


NPZ = ("init.npz", "trained.npz")
TENSORS = ("init.safetensors", "trained.safetensors")


def plain(matrices: list[Tensor]) -> object:
    return state(matrices)


SITUATIONS = [
    read(
        "a checkpoint with epoch, optimizer and loss",
        lambda w: {"epoch": 3, "state_dict": state(w), "optimizer": optimizer(w), "loss": 0.1},
    ),
    refused("a whole module, pickled", module, "it holds a torch.nn.modules.container.Sequential", WAY_OUT),
    Situation(
        "square layers named input, hidden, output",
        saved(lambda w: state(w, ("input", "hidden", "output")), d=M),
        check(*PT),
        honest=True,
    ),
    read("layers named fc_in, fc_mid, classifier", lambda w: state(w, ("fc_in", "fc_mid", "classifier"))),
    read(
        "biases that are all 0",
        lambda w: beside(w, **{f"{2 * i}__bias": torch.zeros(len(m)) for i, m in enumerate(w)}),
        "all are exactly 0",
    ),
    refused("biases", lambda w: beside(w, **{"0__bias": torch.ones(M)}), "0.bias", "bias=False"),
    refused(
        "BatchNorm",
        lambda w: beside(w, **{"1__weight": torch.ones(M), "1__running_mean": torch.zeros(M)}),
        "BatchNorm",
        "train without it",
    ),
    warned("bfloat16, moved by 0.02", in_dtype(torch.bfloat16), "rounding to bfloat16"),
    warned("float16, moved by 0.001", in_dtype(torch.float16, 0.001), "rounding to float16"),
    warned("NTK parametrisation", drawn(nn.init.normal_), "NTK parametrisation", "32 times the variance"),
    Situation(
        "transposed, as Keras and Flax have them",
        archives(lambda w: {name: array.T for name, array in w.items()}),
        check(*NPZ),
        status=2,
        says=("W2 has shape (64, 64)", "store W.T of each"),
    ),
    refused("V = ±1/√m", lambda w: state([*w[:-1], w[-1] / M**0.5]), "±0.125, 1/√m", "store V / 0.125"),
    warned("one state_dict() saved twice", aliased, "hold the same weights", "before training"),
    warned("the initial weights of another run", other_run, "two independent draws"),
    *(read(f"extension {suffix}", plain, suffix=suffix) for suffix in (".pth", ".bin", ".ckpt", ".PT")),
    Situation(
        "extension .h5", renamed("state", "i.h5", "t.h5"), check("i.h5", "t.h5"), 2, ("extension is '.h5'", "kernel.T")
    ),
    Situation("extension .pkl", renamed("state", "i.pkl", "t.pkl"), check("i.pkl", "t.pkl"), 2, (WAY_OUT,)),
    # Wrappers.
    read("DistributedDataParallel", lambda w: state(w, [f"module.{i}" for i in (0, 2, 4)])),
    read("torch.compile", lambda w: state(w, [f"_orig_mod.{i}" for i in (0, 2, 4)])),
    read("compiled and distributed, in a field", lambda w: state(w, [f"_orig_mod.module.net.{i}" for i in (0, 2, 4)])),
    read("FSDP", lambda w: state(w, [f"_fsdp_wrapped_module.layers.{i}._fsdp_wrapped_module" for i in (0, 2, 4)])),
    read(
        "Lightning",
        lambda w: {
            "epoch": 9,
            "global_step": 400,
            "pytorch-lightning_version": "2.4.0",
            "state_dict": state(w, [f"model.{i}" for i in (0, 2, 4)]),
            "optimizer_states": [optimizer(w)],
            "lr_schedulers": [],
            "callbacks": {"best": {"score": torch.tensor(0.5)}},
            "hyper_parameters": {"lr": 0.1, "width": 64},
        },
        suffix=".ckpt",
    ),
    read("DeepSpeed", lambda w: {"module": state(w), "optimizer": None, "ds_config": {"fp16": {"enabled": False}}}),
    read(
        "an averaged model, which counts",
        lambda w: {"n_averaged": torch.tensor(7), **state(w, ("module.0", "module.2", "module.4"))},
        "n_averaged left out",
    ),
    refused(
        "a network and its moving average",
        lambda w: {"model": state(w), "ema": state(w)},
        "model, ema",
        "torch.load(FILE)['model']",
    ),
    refused("nothing but the optimizer", optimizer, "state"),
    # How tensors are stored.
    read("parameters that want gradients", lambda w: dict(module(w).named_parameters())),
    read("views that are not contiguous", lambda w: {name: value.T.contiguous().T for name, value in state(w).items()}),
    read("the format before zip files", plain, _use_new_zipfile_serialization=False),
    read("epoch beside the tensors", lambda w: {**state(w), "epoch": 3, "note": "done"}),
    warned("float32, moved by 1e-7", in_dtype(torch.float32, 1e-7), "rounding to float32"),
    warned("float8", in_dtype(torch.float8_e4m3fn, 0.02), "rounding to float8_e4m3fn"),
    refused("complex weights", lambda w: state([m.to(torch.complex64) for m in w]), "complex64"),
    refused(
        "quantised",
        lambda w: state([torch.quantize_per_tensor(m.float(), 0.01, 0, torch.qint8) for m in w]),
        "qint8",
        "dequantised",
    ),
    refused("tensors without memory", lambda w: state([m.to("meta") for m in w]), "0.weight"),
    Situation("a .npz with compression", archives(dict, compressed=True), check(*NPZ), honest=True),
    Situation(
        "columns first",
        archives(lambda w: {name: np.asfortranarray(a) for name, a in w.items()}),
        check(*NPZ),
        honest=True,
    ),
    Situation(
        "the other byte order",
        archives(lambda w: {name: a.astype(">f8") for name, a in w.items()}),
        check(*NPZ),
        honest=True,
    ),
    Situation(
        "V without its first axis",
        archives(lambda w: {**w, "V": w["V"][0]}),
        check(*NPZ),
        2,
        ("V has shape (64)", "store V[None]"),
    ),
    Situation(
        "kernels by Flax's names",
        archives(lambda w: {f"params/Dense_{i}/kernel": a for i, a in enumerate(w.values())}),
        check(*NPZ),
        2,
        ("W1 … WL and V",),
    ),
    # What keeps no order.
    Situation("safetensors whose shapes decide", safetensors(("mid", "up", "down")), check(*TENSORS), honest=True),
    Situation("safetensors with metadata", safetensors(("8", "9", "10"), metadata=True), check(*TENSORS), honest=True),
    Situation(
        "square safetensors with numbers",
        safetensors(("8", "9", "10"), d=M),
        check(*TENSORS),
        says=("the numbers in their names alone"),
        honest=True,
    ),
    Situation(
        "square safetensors with words",
        safetensors(("input", "hidden", "output"), d=M),
        check(*TENSORS),
        2,
        ("save them as .pt",),
    ),
    Situation(
        "one part of several",
        renamed("state", "a-00001-of-00002.safetensors", "b-00001-of-00002.safetensors"),
        check("a-00001-of-00002.safetensors", "b-00001-of-00002.safetensors"),
        2,
        ("part 1 of 2",),
    ),
    Situation(
        "the index of the parts",
        renamed("{}", "a.safetensors.index.json", "b.json"),
        check("a.safetensors.index.json", "b.json"),
        2,
        ("load the whole network",),
    ),
    Situation(
        "a pointer of Git LFS",
        renamed("version https://git-lfs.github.com/spec/v1\n", *("a.pt", "b.pt")),
        check("a.pt", "b.pt"),
        2,
        ("git lfs pull",),
    ),
    Situation("TorchScript", script, check(*PT), 2, (WAY_OUT,)),
    # Layers that the papers do not have.
    refused(
        "LayerNorm",
        lambda w: beside(w, **{"1__weight": torch.ones(M), "1__bias": torch.zeros(M)}),
        "1.weight has shape (64)",
        "normalisation",
    ),
    refused(
        "a convolution, channels last",
        lambda w: {"conv.weight": torch.ones(8, 3, 3, 3).to(memory_format=torch.channels_last), **state(w)},
        "as of a convolution",
    ),
    refused(
        "LoRA",
        lambda w: beside(w, **{"2__lora_A__weight": torch.ones(4, M), "2__lora_B__weight": torch.zeros(M, 4)}),
        "LoRA",
        "merge_and_unload()",
    ),
    refused(
        "weight_norm",
        lambda w: changed(w, parametrizations.weight_norm),
        "a parametrised layer",
        "remove_parametrizations",
    ),
    refused("spectral_norm", lambda w: changed(w, parametrizations.spectral_norm), "a parametrised layer"),
    refused("pruning", lambda w: changed(w, lambda layer: prune.l1_unstructured(layer, "weight", 0.5)), "prune.remove"),
    refused("a recurrent network", lambda w: nn.RNN(D, M, bias=False).state_dict(), "a recurrent layer"),
    refused("attention", lambda w: nn.MultiheadAttention(D, 2, bias=False).state_dict(), "an attention layer"),
    refused("a shortcut", lambda w: beside(w, shortcut__weight=torch.ones(M, D)), "a residual connection"),
    refused("ten classes", lambda w: state([*w[:-1], w[-1].repeat(10, 1)]), "(10, 64)", "--setting zou-gu-2019"),
    refused(
        "an output layer that was trained",
        lambda w: state([*w[:-1], torch.randn(1, M, generator=torch.Generator().manual_seed(9))]),
        "--setting cao-gu-2019-slides",
    ),
    refused("a learned scale", lambda w: beside(w, scale=torch.tensor(0.5)), "scale has shape ()", "a learned scale"),
    warned("tied layers", tied, "4.weight is 2.weight", "tied"),
    # Other laws.
    warned("torch's own initialisation", drawn(lambda w: nn.init.kaiming_uniform_(w, a=5**0.5)), "U(±1/√in)"),
    warned("xavier_normal_", drawn(nn.init.xavier_normal_), "N(0, 2/(in + out))"),
    warned("orthogonal_", drawn(nn.init.orthogonal_), "orthogonal"),
    Situation(
        "kaiming_normal_ as the papers have it",
        drawn(lambda w: nn.init.kaiming_normal_(w, mode="fan_out")),
        check(*PT),
        says=("p-value",),
    ),
    Situation("square layers, transposed", transposed, check(*PT), says=("loss ", "share of wrong signs")),
]
