"""Audits on a person's own data, claims of a person's own, and pytest beside a person's own tests."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.situations import Situation, examples

# Two widths and two initialisations resolve no exponent: an audit of them is inconclusive, and ends with status 1.
SMALL = ("--widths", "64,128", "--depths", "2", "--samples", "4", "--initialisations", "2")


def rows(count: int, d: int = 16, labels: Callable[[np.ndarray], np.ndarray] = lambda y: y) -> Callable[[Path], None]:
    """A file with so many rows."""

    def make(folder: Path) -> None:
        inputs, signs = examples(count, d)
        np.savez(folder / "data.npz", X=inputs, y=labels(signs))

    return make


def pixels(folder: Path) -> None:
    """Bytes that are not of unit norm."""
    rng = np.random.default_rng(0)
    np.savez(folder / "flat.npz", X=rng.integers(0, 256, (12, 16), dtype=np.uint8), y=rng.choice([-1, 1], 12))


def statement(text: str) -> Callable[[Path], None]:
    """A file of claims."""

    def make(folder: Path) -> None:
        (folder / "mine.py").write_text(text)

    return make


def nearly_equal(folder: Path) -> None:
    """Two rows a billionth apart."""
    inputs, labels = examples(6, 8)
    inputs[1] = inputs[0] + 1e-9 * inputs[2]
    np.savez(folder / "data.npz", X=inputs / np.linalg.norm(inputs, axis=1, keepdims=True), y=labels)


COORDINATES = """
from lemmata import CAO_GU_2020, Domain, Measurement, Paper, Plan, Scaling, claim

@claim(
    "mine-2026/coordinates",
    source=Paper("mine-2026", "Mine (2026)").at("Lemma 1"),
    statement="mean |z_j| is of order m^(-1/2)",
    setting=CAO_GU_2020,
    kind="SCALE",
    bound="upper",
    terms=(Scaling(m="-1/2"),),
    domain=Domain(L=(1, 1)),
    plan=Plan(lines={"m": (64, 256, 1024)}),
    probability="at least 1 - delta",
)
def coordinates(case):
    return Measurement(case.at_initial.preactivations[0].abs().mean(-1), axes=("example",))
"""

OWN = ("lemma-5.1a", "rem-4.8", "lemma-5.4")

SITUATIONS = [
    Situation(
        "one row", rows(1, 8), ("audit", "lemma-5.1a", "--data", "data.npz", *SMALL[:4], *SMALL[-2:]), 1, ("n = 1",)
    ),
    Situation(
        "claims with data of their own",
        rows(6, 8),
        ("audit", *OWN, "--data", "data.npz", *SMALL),
        status=1,
        says=("2 of 3 claims are about data of a kind of their own", "own (cones)", "own (chain)"),
    ),
    Situation(
        "nearly equal rows",
        nearly_equal,
        ("audit", "lemma-5.1a", "--data", "data.npz", *SMALL),
        status=1,
        says=("warning: 1 pairs of rows within 0.1",),
    ),
    Situation(
        "twelve rows",
        rows(12),
        ("audit", "lemma-5.1a", "--data", "data.npz", "--format", "json", "--initialisations", "2"),
        status=0,
        says=('"n": 12',),
    ),
    Situation(
        "raw pixels",
        pixels,
        ("audit", "lemma-5.1a", "--data", "flat.npz", *SMALL),
        status=2,
        says=("it must be 1 to 1e-06, or pass --normalise",),
    ),
    Situation(
        "raw pixels, normalised",
        pixels,
        ("audit", "lemma-5.1a", "--data", "flat.npz", "--normalise", *SMALL),
        status=0,
        says=("read flat.npz: n = 12, d = 16, k = 1",),
    ),
    Situation(
        "ten columns of labels, square loss",
        rows(40, labels=lambda y: np.eye(10)[np.arange(40) % 10]),
        ("audit", "zou-gu-2019/lemma-4.3", "--data", "data.npz", "--format", "json", *SMALL),
        status=1,
        says=('"k": 10',),
    ),
    Situation(
        "ten columns of labels, cross-entropy",
        rows(40, labels=lambda y: np.eye(10)[np.arange(40) % 10]),
        ("audit", "lemma-5.1a", "--data", "data.npz", *SMALL),
        status=2,
        says=("10 columns, cao-gu-2020 wants one",),
    ),
    Situation(
        "real labels, cross-entropy",
        rows(40, labels=lambda y: y * np.linspace(0.1, 1, 40)),
        ("audit", "lemma-5.1a", "--data", "data.npz", *SMALL),
        status=2,
        says=("wants only -1 and +1",),
    ),
    Situation(
        "a coordinate check by hand",
        statement(COORDINATES),
        ("audit", "--claims-from", "mine.py", "mine-2026/*", "--initialisations", "8"),
        says=("supported", "(claimed -1/2)"),
    ),
    Situation(
        "a file of claims in place of a claim",
        statement(COORDINATES),
        ("check", "mine.py", "--init", "a", "--trained", "b", "--data", "c"),
        status=2,
        says=("--claims-from mine.py",),
    ),
    Situation(
        "a file of functions that states no claim",
        statement("def my_lemma(W):\n    return W\n"),
        ("check", "--claims-from", "mine.py", "--init", "a", "--trained", "b", "--data", "c"),
        status=2,
        says=("mine.py: states no claim", "lemmata.claim"),
    ),
]
