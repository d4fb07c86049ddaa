"""A hundred malformed inputs, made by a generator: each ends in one line, with status 2 and no traceback."""

import io
import json
import random
import sqlite3
import string
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from lemmata.audit.cli import main
from lemmata.audit.measure.store import FILE, Store
from lemmata.claims import REGISTRY

ROOT = Path(__file__).parent.parent
EXAMPLE = (ROOT / "examples" / "du_et_al_2019.py").read_text()
AUDIT = {
    "schema": "lemmata-audit/1",
    "environment": {"seed": 0},
    "claims": {"a": {"verdict": "supported", "constant": {}}},
}
NOISE = string.printable + "λ∞\x00\u202e"
Maker = Callable[[random.Random, Path], list[str]]


def noise(rng: random.Random, length: int) -> str:
    return "".join(rng.choices(NOISE, k=length))


def unusable_option(rng: random.Random, folder: Path) -> list[str]:
    """A known option with a value that is none of its own."""
    number = rng.choice(["", "-1", "0", "nan", "inf", "1e400", "2,,3", "1;2", "0x10", "٣٫", noise(rng, 4) + "?"])
    whole = rng.choice(["--widths", "--depths", "--samples", "--initialisations"])
    real = rng.choice(["--radii", "--budget"])
    choice = rng.choice(["--engine", "--device", "--dtype", "--backend", "--format"])
    bad = {
        whole: number,
        real: number,
        "--delta": rng.choice(["0", "1", "-0.1", "nan", "x"]),
        "--seed": "-3",
        choice: "?",
    }
    name = rng.choice(list(bad))
    return ["audit", "lemma-5.1a", f"{name}={bad[name]}"]


def unknown_word(rng: random.Random, folder: Path) -> list[str]:
    """A command, option, pattern or argument that does not exist."""
    word = "".join(rng.choices(string.ascii_lowercase, k=6)) + "-none"
    command = rng.choice(["list", "audit", "controls"])
    return rng.choice(
        [[word], [command, f"--{word}"], [command, word], [command, "--format"], ["show"], ["show", word], ["report"]]
    )


def token(rng: random.Random, folder: Path) -> list[str]:
    """A replay token with one part that cannot be."""
    id = rng.choice([id for id, claim in REGISTRY.items() if claim.measured])
    part = rng.choice(
        ["m", "=3", "m=x", "m=-4", "m=1.5", "L=0", "width=3", "seed=x", "init=a", "recipe=shove", "n=0", "tau=x"]
    )
    return [
        "replay",
        rng.choice([f"{id}:{part}", f"{id}-none:m=4", noise(rng, 12) + ":", f"{id}:recipe=random@{noise(rng, 3)}."]),
    ]


def broken_weights(rng: random.Random, folder: Path) -> list[str]:
    """Weights or data cut off, replaced by noise, or under a name that no reader knows."""
    content = io.BytesIO()
    np.savez(content, W1=np.ones((4, 3)), V=np.array([[1.0, -1.0, 1.0, -1.0]]), X=np.eye(3), y=np.ones(3))
    whole = content.getvalue()
    cut, length = rng.randrange(len(whole) - 30), rng.randrange(1, 300)
    name = rng.choice(["a.npz", "a.pt", "a.safetensors", "a.csv", "a", "a.pkl"])
    (folder / name).write_bytes(rng.choice([whole[:cut], rng.randbytes(length), b"", noise(rng, length).encode()]))
    files = [
        str(folder / name),
        str(folder / rng.choice([name, "absent.npz"])),
        rng.choice(["digits", str(folder / name)]),
    ]
    return ["check", "--init", files[0], "--trained", files[1], "--data", files[2]]


def broken_store(rng: random.Random, folder: Path) -> list[str]:
    """An audit's directory whose file is of another program, another version, or spoilt."""
    path = folder / FILE
    Store(folder, resume=False).close()
    kind = rng.randrange(5)
    if kind == 0:
        path.write_bytes(rng.randbytes(rng.randrange(1, 9000)))
    elif kind == 1:
        content = bytearray(path.read_bytes())
        content[: rng.randrange(4, 16)] = rng.randbytes(16)
        path.write_bytes(content)
    elif kind == 2:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA user_version = {rng.choice([0, 2, 99, -1])}")
    elif kind == 3:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA application_id = {rng.randrange(1, 1000)}")
    else:
        return ["audit", "lemma-5.1a", "--out", str(path), *rng.choice([[], ["--resume"]])]
    return ["audit", "lemma-5.1a", "--out", str(folder), *rng.choice([[], ["--resume"]])]


def broken_claims(rng: random.Random, folder: Path) -> list[str]:
    """A file of claims with a word of its decorator spoilt, a line of it cut off, or an error in it."""
    lines = EXAMPLE.splitlines()
    at = rng.randrange(lines.index("import torch"), len(lines))
    text = rng.choice(
        [
            "\n".join([*lines[:at], "raise ValueError(\n" * rng.randrange(1, 3), *lines[at:]]),
            EXAMPLE.replace(rng.choice(["kind=", "bound=", "source=", "statement=", "domain=", "terms="]), "wrong="),
            EXAMPLE.replace(rng.choice(['"SCALE"', '"lower"', "Scaling(m=1)", "(1, 1)"]), rng.choice(["3", "'?'"]), 1),
            EXAMPLE.replace("import torch", f"import {''.join(rng.choices(string.ascii_lowercase, k=8))}_none"),
            "x = 1\n" * rng.randrange(3),
            noise(rng, rng.randrange(1, 200)) + "(",
        ]
    )
    (folder / "mine.py").write_text(text)
    command = rng.choice(["audit", "list", "controls"])
    return [command, "--claims-from", str(folder / rng.choice(["mine.py", "mine.py", "mine.py", "absent.py"]))]


def broken_baseline(rng: random.Random, folder: Path) -> list[str]:
    """An earlier audit cut off, or with a part of another type."""
    text = json.dumps(AUDIT)
    wrong = json.loads(text)
    part = rng.choice(["schema", "environment", "claims"])
    wrong[part] = rng.choice([None, 3, "x", [], [[1]]])
    spoilt = rng.choice([text[: rng.randrange(len(text))], json.dumps(wrong), noise(rng, 50), "[" * 50_000])
    (folder / "audit.json").write_text(spoilt)
    return rng.choice([["report", str(folder)], ["audit", "lemma-5.1a", "--baseline", str(folder / "audit.json")]])


MAKERS: tuple[Maker, ...] = (
    unusable_option,
    unknown_word,
    token,
    broken_weights,
    broken_store,
    broken_claims,
    broken_baseline,
)


@pytest.mark.parametrize("number", range(100))
def test_malformed_input_is_one_line(number, tmp_path, capsys):
    """Status 2, nothing on standard output, one printable line that begins with the program's name."""
    rng = random.Random(number)
    arguments = MAKERS[number % len(MAKERS)](rng, tmp_path)
    registered = list(REGISTRY)
    assert main(arguments) == 2, arguments
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("lemmata: "), arguments
    assert printed.err.count("\n") == 1
    assert printed.err[:-1].isprintable()
    assert "Traceback" not in printed.err
    assert list(REGISTRY) == registered
