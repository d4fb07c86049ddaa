"""Files: mixed pairs, nestings, layouts of memory, damage, and data as other programs write them."""

import gzip
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.situations import D, M, N, Situation, check, examples, pair, saved, state, write_data, write_honest
from tests.situations.data import INIT, arrays, file, refused, table
from tests.situations.data import read as read_data
from tests.situations.networks import PT, WAY_OUT, archives, beside, read, warned
from tests.situations.networks import refused as no_network

LAYERS = [torch.nn.Parameter(matrix) for matrix in pair()[0]]


def mixed(
    write_init: Callable[[list[Tensor]], object], write_trained: Callable[[list[Tensor]], object]
) -> Callable[[Path], None]:
    """Two networks that were not saved alike, with the honest data."""

    def make(folder: Path) -> None:
        write_data(folder)
        for name, write, matrices in zip(PT, (write_init, write_trained), pair(), strict=True):
            torch.save(write(matrices), folder / name)

    return make


def npz_before_pt(folder: Path) -> None:
    """The initial network by the contract's names, the trained one as a `state_dict`."""
    write_honest(folder)
    torch.save(state(pair()[1]), folder / "trained.pt")


def damaged(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """The trained network's file, its bytes changed."""

    def make(folder: Path) -> None:
        saved(state)(folder)
        (folder / "trained.pt").write_bytes(change((folder / "trained.pt").read_bytes()))

    return make


def directory(folder: Path) -> None:
    """Checkpoints that are folders, as distributed programs write them."""
    write_data(folder)
    for name in PT:
        (folder / name).mkdir()
        (folder / name / ".metadata").write_bytes(b"")


def mapped(folder: Path) -> None:
    """Tensors that live in a file of their own while they are saved."""
    write_data(folder)
    for name, matrices in zip(PT, pair(), strict=True):
        held = OrderedDict()
        for key, value in state(matrices).items():
            held[key] = torch.from_file(str(folder / f"{name}.{key}"), True, value.numel(), dtype=value.dtype)
            held[key] = held[key].view(value.shape).copy_(value)
        torch.save(held, folder / name)


def adapters(folder: Path) -> None:
    """Files of adapters alone."""
    write_data(folder)
    names = ("fc1.lora_A.weight", "fc1.lora_B.weight")
    for name in ("adapter_model", "trained"):
        save_file({key: torch.ones(4, 4) for key in names}, folder / f"{name}.safetensors")


def shifted(folder: Path) -> None:
    """A table that begins with the number of each row, as pandas writes it."""
    write_honest(folder)
    inputs, labels = examples()
    rows = [",".join(map(repr, map(float, (i, *x, y)))) for i, (x, y) in enumerate(zip(inputs, labels, strict=True))]
    (folder / "d.csv").write_text("\n".join([",".join(["", *(f"x{i}" for i in range(D)), "y"]), *rows]))


def rewritten(change: Callable[[str], str], encoding: str = "utf-8") -> Callable[[Path], None]:
    """The honest table after a change of its text."""

    def write(path: Path) -> None:
        table(path)
        path.write_text(change(path.read_text(encoding="utf-8")), encoding=encoding, newline="")

    return write


def sparse_archive(path: Path) -> None:
    """What `scipy.sparse.save_npz` writes."""
    np.savez(path, indices=np.arange(3), indptr=np.arange(4), format=b"csr", shape=(3, 3), data=np.ones(3))


def doubled(labels_alike: bool) -> Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]]:
    """The first row again at the end, with its label or the other one."""
    return lambda X, y: {"X": np.vstack([X, X[:1]]), "y": np.append(y, y[0] if labels_alike else -y[0])}


def with_entry(value: float) -> Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]]:
    """One entry of one row is that."""

    def change(X: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
        X[3, 2] = value
        return {"X": X, "y": y}

    return change


def one_row(X: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    return {"X": X[:1], "y": y[:1]}


def measured(
    name: str, change: Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]], *more: str, says: tuple[str, ...]
) -> Situation:
    """Data that are measured, though not the honest ones to the last digit."""
    return Situation(name, arrays(change), check(*INIT, *more), says=says)


SITUATIONS = [
    # Pairs that were not saved alike.
    Situation(
        "the initial network wrapped, the trained one not",
        mixed(lambda w: state(w, [f"module.{i}" for i in (0, 2, 4)]), state),
        check(*PT),
        honest=True,
    ),
    Situation("an .npz before, a .pt after", npz_before_pt, check("init.npz", "trained.pt"), honest=True),
    Situation(
        "a checkpoint after a bare state_dict",
        mixed(state, lambda w: {"epoch": 9, "model_state_dict": state(w)}),
        check(*PT),
        honest=True,
    ),
    Situation(
        "another width after training",
        mixed(state, lambda w: state(pair(m=32)[1])),
        check(*PT),
        2,
        ("they must be those of init.pt: (64, 16) (64, 64) (1, 64)",),
    ),
    Situation(
        "a run that diverged",
        mixed(state, lambda w: state([w[0] * torch.nan, *w[1:]])),
        check(*PT),
        2,
        ("trained.pt: 0.weight[0, 0] is nan", "finite"),
    ),
    # Nestings and names.
    read("wrapped twice", lambda w: state(w, [f"module.module.{i}" for i in (0, 2, 4)])),
    read("mappings in mappings", lambda w: {"run": OrderedDict(last=OrderedDict(net=state(w)), lr=0.1)}),
    read("names of the transformers library", lambda w: state(w, ("mlp.fc1", "mlp.fc2", "mlp.head")), suffix=".bin"),
    read("ten and more before two", lambda w: state(w, ("layers.2", "layers.10", "layers.12"))),
    read("stored from the top down", lambda w: OrderedDict(reversed(state(w).items())), "told by their shapes"),
    no_network("a list of matrices", lambda w: list(w), "holds a list", WAY_OUT),
    no_network("a history in one file", lambda w: [state(w), state(w)], "2 networks", "a file of its own"),
    no_network("a history by epochs", lambda w: {0: state(w), 10: state(w)}, "2 networks", "a file of its own"),
    no_network("one vector of all parameters", lambda w: torch.cat([m.flatten() for m in w]), WAY_OUT),
    no_network(
        "a moving average's list", lambda w: {"decay": 0.9, "shadow_params": w}, "decay, shadow_params", WAY_OUT
    ),
    no_network("generator and discriminator", lambda w: {"G": state(w), "D": state(w)}, "torch.load(FILE)['G']"),
    no_network("weights and gradients", lambda w: {"w": state(w), "grad": state(w)}, "2 mappings of tensors"),
    no_network("an empty state_dict", lambda w: {}, "holds nothing", WAY_OUT),
    no_network("hyper-parameters alone", lambda w: {"epoch": 3, "lr": 0.1}, "holds epoch, lr", WAY_OUT),
    no_network("one layer", lambda w: {"weight": w[-1]}, "at least one hidden layer"),
    no_network("a stack of networks", lambda w: state([m.expand(3, *m.shape).clone() for m in w]), "(3, 64, 16)"),
    Situation(
        "adapters alone",
        adapters,
        check("adapter_model.safetensors", "trained.safetensors"),
        2,
        ("merge_and_unload()",),
    ),
    # How tensors are stored.
    Situation("saved while mapped to a file", mapped, check(*PT), honest=True),
    no_network("sparse weights", lambda w: state([m.to_sparse() for m in w]), "sparse", "to_dense()"),
    no_network("sparse weights by rows", lambda w: state([m.to_sparse_csr() for m in w]), "sparse", "to_dense()"),
    no_network("masks beside the weights", lambda w: beside(w, **{"0__kept": torch.ones(M, D) > 0}), "0.kept", "bool"),
    warned(
        "weights as 8-bit integers, scales elsewhere",
        saved(lambda w: state([*((m * 127).round().to(torch.int8) for m in w[:-1]), w[-1]])),
        "int8",
    ),
    no_network("packed in 8 bits", lambda w: beside(w, **{"0__SCB": torch.ones(M)}), "0.SCB", "quantised"),
    Situation(
        "a single precision .npz",
        archives(lambda w: {name: a.astype(np.float32) for name, a in w.items()}),
        check(*INIT),
        says=("float32",),
    ),
    Situation(
        "an .npz in extended precision",
        archives(lambda w: {name: a.astype(np.longdouble) for name, a in w.items()}),
        check(*INIT),
        honest=True,
    ),
    Situation(
        "an .npz of objects",
        archives(lambda w: {"weights": np.array([*w.values(), None], dtype=object)}),
        check(*INIT),
        2,
        ("pickled objects are refused",),
    ),
    Situation(
        "a complex .npz",
        archives(lambda w: {name: a.astype(complex) for name, a in w.items()}),
        check(*INIT),
        2,
        ("complex128",),
    ),
    Situation(
        "an .npz in bfloat16, which NumPy does not have",
        archives(lambda w: {name: a.astype(np.float16).view("V2") for name, a in w.items()}),
        check(*INIT),
        2,
        ("|V2", "float32"),
    ),
    no_network("all signs +1", lambda w: state([*w[:-1], w[-1].abs()]), "64 entries +1", "draw the signs"),
    # Files.
    Situation("half of a file", damaged(lambda b: b[: len(b) // 2]), check(*PT), 2, ("trained.pt: cannot be read",)),
    Situation("an empty file", damaged(lambda b: b""), check(*PT), 2, ("trained.pt: is empty",)),
    Situation("a page instead of a file", damaged(lambda b: b"<!DOCTYPE html>"), check(*PT), 2, ("cannot be read",)),
    Situation("folders of shards", directory, check(*PT), 2, ("but a folder", "dcp_to_torch_save")),
    Situation(
        "compressed as a whole",
        lambda folder: [write_data(folder), (folder / "i.pt.gz").write_bytes(gzip.compress(b"1"))][0],
        check("i.pt.gz", "i.pt.gz"),
        2,
        ("unpack it",),
    ),
    Situation("a vector's own file for weights", write_data, check("W.npy", "W.npy"), 2, ("W1=…",)),
    # Arrays of data.
    read_data("columns first, of data", lambda X, y: {"X": np.asfortranarray(X), "y": y}),
    read_data("the other byte order, of data", lambda X, y: {"X": X.astype(">f8"), "y": y.astype(">i2")}),
    read_data("labels of extended precision", lambda X, y: {"X": X, "y": y.astype(np.longdouble)}),
    measured("single precision", lambda X, y: {"X": X.astype(np.float32), "y": y}, says=("n = 12, d = 16",)),
    measured(
        "half precision, normalised",
        lambda X, y: {"X": X.astype(np.float16), "y": y},
        "--normalise",
        says=("n = 12, d = 16",),
    ),
    measured("one row of data", one_row, says=("n = 1,",)),
    measured("every label alike", lambda X, y: {"X": X, "y": np.ones(N)}, says=("n = 12",)),
    measured("inputs and their opposites", lambda X, y: {"X": np.vstack([X, -X]), "y": np.tile(y, 2)}, says=("φ",)),
    measured("tiny inputs, normalised", lambda X, y: {"X": X * 1e-300, "y": y}, "--normalise", says=("n = 12",)),
    measured("huge inputs, normalised", lambda X, y: {"X": X * 1e300, "y": y}, "--normalise", says=("n = 12",)),
    refused("no rows", lambda X, y: {"X": X[:0], "y": y[:0]}, "(0, 16)", "at least 1"),
    refused("a row without norm", lambda X, y: {"X": X * (np.arange(N) > 0)[:, None], "y": y}, "row 0", "drop"),
    refused("an input that is no number", with_entry(np.nan), "X[3, 2] is nan"),
    refused("an infinite input", with_entry(np.inf), "X[3, 2] is inf"),
    refused("a row twice", doubled(True), "rows 0 and 12", "drop duplicates"),
    refused("a row twice, with both labels", doubled(False), "rows 0 and 12", "drop duplicates"),
    refused("examples in columns", lambda X, y: {"X": X.T, "y": y}, "for the 16 rows of X", "X.T"),
    refused("labels in a row", lambda X, y: {"X": X, "y": y[None]}, "(1, 12)", "y.ravel()"),
    refused("a label too few", lambda X, y: {"X": X, "y": y[1:]}, "(11)", "for the 12 rows"),
    refused("one-hot labels of two classes", lambda X, y: {"X": X, "y": np.eye(2)[(y > 0) * 1]}, "y[:, 1]"),
    refused("labels 1 and 2", lambda X, y: {"X": X, "y": (y + 3) / 2}, "the label 2", "2 * (y == 2) - 1"),
    refused("a missing label", lambda X, y: {"X": X, "y": np.where(np.arange(N) == 2, np.nan, y)}, "y[2] is nan"),
    refused("bits for inputs", lambda X, y: {"X": X > 0, "y": y}, "bool", "array.astype(float)"),
    refused("complex inputs", lambda X, y: {"X": X.astype(complex), "y": y}, "complex128"),
    refused("labels as text in bytes", lambda X, y: {"X": X, "y": y.astype("S4")}, "S4", "y.astype(float)"),
    refused("a coordinate too many", lambda X, y: {"X": np.hstack([X, 0 * X[:, :1]]), "y": y}, "it must have 16"),
    refused("rounded to three places", lambda X, y: {"X": X.round(3), "y": y}, "--normalise"),
    refused("records", lambda X, y: {"X": np.zeros(N, "f8,f8"), "y": y}, "of type [("),
    # Tables.
    file("a table of another system", rewritten(lambda t: t.replace("\n", "\r\n")), path="d.csv", honest=True),
    file("a table in quotes", rewritten(lambda t: t.replace("x0", '"x,0"')), path="d.csv", honest=True),
    file("empty lines at the end", rewritten(lambda t: t + "\n\n"), path="d.csv", honest=True),
    file("a table without a header", rewritten(lambda t: t.partition("\n")[2]), "a header", path="d.csv"),
    file("a table in UTF-16", rewritten(str, "utf-16"), "UTF-8", path="d.csv"),
    file("commas for points", rewritten(lambda t: t.replace(".", ",")), "columns", path="d.csv"),
    file("an empty cell", rewritten(lambda t: t.replace(",1.0\n", ",\n", 1)), "'y' is ''", path="d.csv"),
    file("true and false in a table", rewritten(lambda t: t.replace(",1.0\n", ",True\n")), "'True'", path="d.csv"),
    file("a sparse matrix of SciPy", sparse_archive, "indptr", "toarray()", path="s.npz"),
    file("a table of spaces", lambda path: table(path, " "), "store it with commas", path="d.txt"),
    file("a workbook", lambda path: path.write_bytes(b"PK"), "as .csv", path="d.xlsx"),
    Situation("a column of row numbers", shifted, check(*INIT, data="d.csv"), 2, ("column 0", "index=False")),
]
