"""Data: names and shapes of arrays, labels, norms, tables."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from tests.situations import D, N, Situation, check, examples, pair, state, write_honest

INIT = ("init.npz", "trained.npz")


def arrays(change: Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]]) -> Callable[[Path], None]:
    """The honest networks, and the data that `change` makes."""

    def make(folder: Path) -> None:
        write_honest(folder)
        np.savez(folder / "data.npz", **change(*examples()))

    return make


def read(name: str, change: Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]], *more: str) -> Situation:
    """A form in which the honest data are read for what they are."""
    return Situation(name, arrays(change), check(*INIT, *more), honest=True)


def refused(name: str, change: Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]], *says: str) -> Situation:
    """A form that is no data of the setting."""
    return Situation(name, arrays(change), check(*INIT), status=2, says=says)


def file(name: str, write: Callable[[Path], None], *says: str, path: str, honest: bool = False) -> Situation:
    """The honest networks, and data in a file of another kind."""

    def make(folder: Path) -> None:
        write_honest(folder)
        write(folder / path)

    return Situation(name, make, check(*INIT, data=path), status=0 if honest else 2, says=says, honest=honest)


def table(path: Path, separator: str = ",", start: str = "") -> None:
    """The honest data as text, label last, every digit kept."""
    inputs, labels = examples()
    rows = [separator.join(map(repr, map(float, (*x, y)))) for x, y in zip(inputs, labels, strict=True)]
    head = separator.join([*(f"x{i}" for i in range(D)), "y"])
    path.write_text("\n".join([start + head, *rows]) + "\n", encoding="utf-8")


def no_coordinate(folder: Path) -> None:
    """Zou & Gu's setting, a Gaussian V, and inputs that share no coordinate."""
    inputs, labels = examples()
    np.savez(folder / "data.npz", X=inputs, y=labels)
    output = torch.randn(1, 64, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    for name, matrices in zip(("init", "trained"), pair(), strict=True):
        torch.save(state([*matrices[:-1], output]), folder / f"{name}.pt")


def pixels(shape: tuple[int, ...]) -> Callable[[Path], None]:
    """Bytes, as pictures have them."""

    def make(folder: Path) -> None:
        write_honest(folder)
        rng = np.random.default_rng(0)
        np.savez(folder / "data.npz", X=rng.integers(0, 256, (N, *shape), dtype=np.uint8), y=rng.choice([-1, 1], N))

    return make


CLASSES = np.random.default_rng(0).integers(0, 10, N)

SITUATIONS = [
    Situation("pictures", pixels((4, 4)), check(*INIT), 2, ("X.reshape(len(X), -1)",)),
    Situation("raw pixels", pixels((D,)), check(*INIT), 2, ("it must be 1 to 1e-06, or pass --normalise",)),
    Situation("raw pixels, normalised", pixels((D,)), check(*INIT, "--normalise"), says=("n = 12, d = 16",)),
    read("further arrays", lambda X, y: {"X": X, "y": y, "ids": np.arange(N), "x_test": X[:2]}),
    refused("other names", lambda X, y: {"x_train": X, "y_train": y}, "it must hold X and y"),
    refused("one array without a name", lambda X, y: {"arr_0": X}, "it must hold X and y"),
    file("a .npy", lambda path: np.save(path, examples()[0]), "numpy.savez(FILE, X=…, y=…)", path="X.npy"),
    file("a .pt", lambda path: torch.save({"X": 1}, path), "allowed: .npz, .csv", path="d.pt"),
    file("a table", table, path="d.csv", honest=True),
    file("a table of a spreadsheet", lambda path: table(path, start="\ufeff"), path="d.csv", honest=True),
    file("a table with semicolons", lambda path: table(path, ";"), "must be a number", path="d.csv"),
    file("a table with tabs", lambda path: table(path, "\t"), "store it with commas", path="d.tsv"),
    file("a .parquet", lambda path: path.write_bytes(b"PAR1"), "numpy.savez(FILE, X=…, y=…)", path="d.parquet"),
    read("labels in a column", lambda X, y: {"X": X, "y": y[:, None]}),
    read("labels as bytes", lambda X, y: {"X": X, "y": y.astype(np.int8)}),
    refused("labels 0 and 1", lambda X, y: {"X": X, "y": (y + 1) / 2}, "store 2 * y - 1"),
    refused("labels true and false", lambda X, y: {"X": X, "y": y > 0}, "bool", "store 2.0 * array - 1"),
    refused("labels 0 to 9", lambda X, y: {"X": X, "y": CLASSES}, "keep two of the"),
    refused("ten columns of labels", lambda X, y: {"X": X, "y": np.eye(10)[CLASSES]}, "10 columns", "zou-gu-2019"),
    refused("words for labels", lambda X, y: {"X": X, "y": np.where(y > 0, "cat", "dog")}, "<U3"),
    refused("inputs normalised in half precision", lambda X, y: {"X": X.astype(np.float16), "y": y}, "--normalise"),
    refused("objects", lambda X, y: {"X": X, "y": np.array([None] * N)}, "pickled objects are refused"),
    Situation(
        "signs in a setting that draws the output layer",
        write_honest,
        check("init.npz", "trained.npz", "--setting", "zou-gu-2019", claims=("zou-gu-2019/setup-network",)),
        says=("warning: the inputs share no last coordinate", "all have one size, and differ in sign alone"),
    ),
    Situation(
        "Zou & Gu's setting without the coordinate μ",
        no_coordinate,
        check("init.pt", "trained.pt", "--setting", "zou-gu-2019", claims=("zou-gu-2019/assumption-*",)),
        says=("warning: the inputs share no last coordinate", "does not hold"),
    ),
]
