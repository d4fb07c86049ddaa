"""Malformed inputs by generation: `python -m tests.malformed 1000` makes so many and says what became of each kind.

An input is refused (status 2, nothing on standard output, one printable line), or handled (another status, or a row of
its own that says what is wrong). Anything else is a defect: a traceback, a second line, an endless run.
"""

import contextlib
import functools
import io
import json
import os
import random
import signal
import sqlite3
import string
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from safetensors.torch import save_file

from lemmata.audit.cli import main
from lemmata.audit.measure.store import FILE, Store, checksum
from lemmata.claims import REGISTRY
from lemmata.claims.from_file import LOADED, forget

ROOT = Path(__file__).parent.parent
EXAMPLE = (ROOT / "examples" / "du_et_al_2019.py").read_text()
NOISE = string.printable + "λ∞\x00\u202e"
SIZES = ["--widths", "8,16", "--depths", "1", "--samples", "1,2", "--initialisations", "2"]
TIME = 120
"""Seconds after which a run counts as endless."""

EXTREME = (
    *(
        "1e400",
        "-1e400",
        "nan",
        "inf",
        "1e308",
        "1e-320",
        "0",
        "-1",
        "1e19",
        "9223372036854775808",
        "1e9",
        "4294967296",
    ),
    *(
        "1000000000",
        "0x10",
        "1_000",
        "٣",
        "1e-300",
        "",
        " ",
        "1,",
        ",",
        "1,,2",
        "1e3,nan",
        "1;2",
        "1" * 400,
        "9" * 5000,
    ),
)

Maker = Callable[[random.Random, Path], list[str]]


OPTIONAL = ["notes", "limit", "exact", "attacks", "stated", "slack", "expected", "certificate", "obstacle", "ascends"]
"""Fields that a claim need not have, and one that there is not."""


ENDS = ["raise SystemExit", "raise KeyboardInterrupt", "return None", "1 / 0", "exit()"]
"""Of a measurement."""


def noise(rng: random.Random, length: int) -> str:
    return "".join(rng.choices(NOISE, k=length))


def unusable_option(rng: random.Random, folder: Path) -> list[str]:
    """A known option of any command with a value that is extreme, or none of its own."""
    number = rng.choice([*EXTREME, noise(rng, 4) + "?"])
    numbers = ["--widths", "--depths", "--samples", "--initialisations", "--radii", "--delta", "--seed", "--budget"]
    choices = ["--engine", "--device", "--dtype", "--backend", "--format"]
    command = rng.choice(["audit", "audit", "width", "regime", "calibrate"])
    if command == "width":
        sizes = {"--n": "100", "--depth": "2", "--phi": "0.1", "--k": "1", "--batch": "1"}
        sizes[rng.choice(list(sizes))] = number
        id = rng.choice(
            ["zou-gu-2019/cor-4.4", "zou-gu-2019/thm-4.1", "cao-gu-2020/thm-4.7", "table-1-du", noise(rng, 5)]
        )
        return ["width", id, *(f"{name}={value}" for name, value in sizes.items())]
    if command == "regime":
        return [
            "regime",
            rng.choice(["zou-gu-2019/thm-4.1", "cao-gu-2020/lemma-5.1a"]),
            f"{rng.choice(['--seed', '--depth', '--samples'])}={number}?",
        ]
    if command == "calibrate":
        return ["calibrate", rng.choice([f"--seed=x{number}", "--format=?", number or "?"])]
    name = rng.choice([*numbers, *choices])
    return ["audit", "lemma-5.1a", *SIZES, f"{name}={number if name in numbers else '?'}"]


def unknown_word(rng: random.Random, folder: Path) -> list[str]:
    """A command, option, pattern or argument that does not exist."""
    word = "".join(rng.choices(string.ascii_lowercase, k=6)) + "-none"
    command = rng.choice(["list", "audit", "controls"])
    return rng.choice(
        [[word], [command, f"--{word}"], [command, word], [command, "--format"], ["show"], ["show", word], ["report"]]
    )


def token(rng: random.Random, folder: Path) -> list[str]:
    """A replay token with one part that cannot be, or is extreme."""
    id = rng.choice([id for id, claim in REGISTRY.items() if claim.measured])
    part = rng.choice(
        ["m", "=3", "m=x", "m=-4", "m=1.5", "L=0", "width=3", "seed=x", "init=a", "recipe=shove", "n=0", "tau=x"]
    )
    name = rng.choice(
        ["m", "L", "n", "d", "k", "tau", "ratio", "phi", "mu", "delta", "eps", "batch", "alpha", "seed", "noise"]
    )
    extreme = f"{name}={rng.choice(EXTREME)}"
    numbers = rng.choice(["init=0-99999999999", "init=5-1", "init=-3", "init=0+0+0-", "init=1e3", "init=" + "1" * 30])
    return [
        "replay",
        rng.choice(
            [
                f"{id}:{part}",
                f"{id}:m=8,L=2,n=2,{extreme}",
                f"{id}:m=8,{numbers}",
                f"{id}:data={rng.choice(['none', '/dev/zero', str(folder), 'hexagon', 'simplex', noise(rng, 5)])}",
                f"{id}-none:m=4",
                noise(rng, 12) + ":",
                f"{id}:recipe=random@{noise(rng, 3)}.",
            ]
        ),
    ]


@functools.cache
def usable() -> dict[str, bytes]:
    """Files that `check` takes, by name."""
    rng = np.random.default_rng(0)
    weights = {"W1": rng.standard_normal((6, 4)), "V": np.array([[1.0, -1.0] * 3])}
    rows = rng.standard_normal((3, 4))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    made: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        np.savez(place / "a.npz", **weights)
        np.savez_compressed(place / "b.npz", **weights)
        np.savez(place / "data.npz", X=rows, y=np.array([1.0, -1.0, 1.0]))
        tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
        torch.save(tensors, place / "a.pt")
        save_file(tensors, place / "a.safetensors")
        lines = [",".join(map(repr, [*map(float, row), label])) for row, label in zip(rows, (1, -1, 1), strict=True)]
        (place / "data.csv").write_text("\n".join(["a,b,c,d,y", *lines]))
        for path in place.iterdir():
            made[path.name] = path.read_bytes()
    return made


def damaged(rng: random.Random, content: bytes) -> bytes:
    """Cut off, a few bytes changed, a part doubled or left out, replaced by noise, or empty."""
    at, length = rng.randrange(len(content)), rng.randrange(1, 300)
    changed = bytearray(content)
    for _ in range(rng.randrange(1, 8)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return rng.choice(
        [
            content[:at],
            bytes(changed),
            content[:at] + content[at + length :],
            content[:at] + content[max(0, at - length) :],
            rng.randbytes(length),
            b"",
        ]
    )


def broken_files(rng: random.Random, folder: Path) -> list[str]:
    """Weights or data damaged, under another's name or a name that no reader knows, a folder or a pipe."""
    for name, content in usable().items():
        (folder / name).write_bytes(content)
    chosen = {"init": rng.choice(["a.npz", "b.npz", "a.pt", "a.safetensors"]), "trained": "a.npz", "data": "data.npz"}
    role = rng.choice(list(chosen))
    kinds = ["data.npz", "data.csv"] if role == "data" else ["a.npz", "b.npz", "a.pt", "a.safetensors"]
    source = rng.choice(kinds)
    suffix = rng.choice([Path(source).suffix] * 6 + [".npz", ".pt", ".ckpt", ".csv", "", ".pkl"])
    target = folder / f"broken{suffix}"
    kind = rng.randrange(12)
    if kind == 0:
        target.mkdir()
    elif kind == 1:
        os.mkfifo(target)
    elif kind == 2:
        target.symlink_to(rng.choice(["/dev/zero", "/dev/null", target, folder / "absent"]))
    else:
        target.write_bytes(damaged(rng, usable()[source]))
    chosen[role] = target.name
    return [
        "check",
        *(part for role, name in chosen.items() for part in (f"--{role}", str(folder / name))),
        "lemma-5.1*",
    ]


@functools.cache
def audited() -> dict[str, bytes]:
    """What a small audit leaves, by name."""
    with tempfile.TemporaryDirectory() as folder, quiet():
        assert main(["audit", "lemma-5.1a", "lemma-5.2a*", "cor-4.9", *SIZES, "--out", folder]) in (0, 1)
        return {name: (Path(folder) / name).read_bytes() for name in (FILE, "audit.json")}


def broken_store(rng: random.Random, folder: Path) -> list[str]:
    """An audit's directory whose files are of another program, another version, no files, or spoilt."""
    path = folder / FILE
    kind = rng.randrange(9)
    if kind == 0:
        path.write_bytes(rng.randbytes(rng.randrange(1, 9000)))
    elif kind in (1, 2, 3):
        path.write_bytes(damaged(rng, audited()[FILE]))
    elif kind == 4:
        Store(folder, resume=False).close()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(
                f"PRAGMA {rng.choice(['user_version', 'application_id'])} = {rng.choice([0, 1, 99, -1])}"
            )
    elif kind == 5:
        path.write_bytes(audited()[FILE])
        column, value = (
            rng.choice(["result", "sum", "claim", "key"]),
            rng.choice(["'{}'", "'x'", "NULL", "3", "x'00ff'"]),
        )
        with closing(sqlite3.connect(path)) as connection, contextlib.suppress(sqlite3.Error):
            connection.execute(f"UPDATE trials SET {column} = {value} WHERE key = (SELECT min(key) FROM trials)")
            connection.commit()
    elif kind == 6:
        name = rng.choice([FILE, "audit.json", "audit.lock", f"{FILE}-wal"])
        rng.choice([os.mkfifo, os.mkdir, lambda it: os.symlink("/dev/full", it)])(folder / name)
    elif kind == 7:
        os.symlink(rng.choice(["/dev/null", "/dev/zero", folder / "absent"]), path)
    else:
        Store(folder, resume=False).close()
        return ["audit", "lemma-5.1a", "--out", str(path), *rng.choice([[], ["--resume"]])]
    return ["audit", "lemma-5.1a", *SIZES, "--out", str(folder), *rng.choice([[], ["--resume"]])]


def broken_claims(rng: random.Random, folder: Path) -> list[str]:
    """A file of claims with a word spoilt, a line cut off or doubled, or an error in it; or constants beside it."""
    lines = EXAMPLE.splitlines()
    at = rng.randrange(lines.index("import torch"), len(lines))
    word = rng.choice(
        ["kind=", "bound=", "source=", "statement=", "domain=", "terms=", "plan=", "limit=lambda c: 1/0, kind="]
    )
    value = rng.choice(["3", "'?'", "None", "float('nan')", "()", "print", "1e400", "-1", "'\\x00\\ud800'", "10**400"])
    text = rng.choice(
        [
            "\n".join([*lines[:at], "raise ValueError(\n" * rng.randrange(1, 3), *lines[at:]]),
            EXAMPLE.replace(word, "wrong="),
            EXAMPLE.replace(
                rng.choice(['"SCALE"', '"lower"', "Scaling(m=1)", "(1, 1)", "(256, 1024)", "m=1)"]), value, 1
            ),
            EXAMPLE.replace(
                "kind=",
                f"{rng.choice(OPTIONAL)}={value}, kind=",
                1,
            ),
            "\n".join([*lines[:at], *lines[at + 1 :]]),
            "\n".join([*lines[:at], lines[at], *lines[at:]]),
            EXAMPLE.replace(
                "    residual =",
                f"    {rng.choice(ENDS)}\n    residual =",
            ),
            EXAMPLE.replace("import torch", f"import {''.join(rng.choices(string.ascii_lowercase, k=8))}_none"),
            "x = 1\n" * rng.randrange(3),
            noise(rng, rng.randrange(1, 200)) + "(",
        ]
    )
    (folder / "mine.py").write_text(text, encoding="utf-8", errors="surrogatepass")
    if rng.random() < 0.2:
        (folder / "mine.py").write_text(EXAMPLE)
        constants = rng.choice(
            [
                "[",
                "x = " + "[" * 5000,
                "x = 1\n",
                f"['{'du-et-al-2019/gradient-lower-bound'}']\nconstant = {value}\n",
                noise(rng, 40),
            ]
        )
        (folder / "mine.toml").write_text(constants, encoding="utf-8", errors="surrogatepass")
    file = ["--claims-from", str(folder / rng.choice([*["mine.py"] * 8, "absent.py", ""]))]
    id = "du-et-al-2019/gradient-lower-bound"
    return rng.choice(
        [
            ["audit", *file, id, "--widths", "256", "--samples", "2", "--initialisations", "2"],
            ["list", *file, id],
            ["show", *file, id],
            ["controls", *file, id] if rng.random() < 0.2 else ["show", *file, id],
            ["replay", *file, f"{id}:m=256,d=16,seed=0,init=0"],
        ]
    )


LEAVES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e308,
    -1e-308,
    10**30,
    "",
    "x",
    "<script>",
    "\ud800\x00",
    [],
    {},
    [None],
    {"a": 1},
)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every part of a document."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        yield from leaves(part, (*path, name))


def edited(rng: random.Random, document: Any) -> str:
    """One part of it of another type, extreme, left out or renamed; or a number that JSON does not have."""
    document = json.loads(json.dumps(document))
    *above, last = rng.choice([path for path in leaves(document) if path])
    holder = functools.reduce(lambda part, name: part[name], above, document)
    kind = rng.random()
    if kind < 0.2:
        del holder[last]
    elif kind < 0.3 and isinstance(holder, dict):
        holder[rng.choice(["", "self", "x", "\x00", "log_"])] = holder.pop(last)
    elif kind < 0.4:
        holder[last] = "MARK"
        return json.dumps(document).replace('"MARK"', rng.choice(["NaN", "Infinity", "1e999", "1" * 5000, "-0", "tru"]))
    else:
        holder[last] = rng.choice(LEAVES)
    return json.dumps(document)


def broken_audit(rng: random.Random, folder: Path) -> list[str]:
    """An `audit.json` with one part edited, cut off, or replaced, as a report or a baseline; or a `controls.json`."""
    whole = audited()["audit.json"].decode()
    controls = {
        "score": 1.0,
        "claims": {
            "cao-gu-2020/lemma-5.1a": {"controls": [dict.fromkeys(("name", "statement", "verdict", "reason"), "x")]}
        },
    }
    (folder / "audit.json").write_text(whole)
    if rng.random() < 0.15:
        (folder / "controls.json").write_text(edited(rng, controls))
        return ["report", str(folder)]
    spoilt = edited(rng, json.loads(whole))
    if rng.random() < 0.1:
        spoilt = rng.choice([whole[: rng.randrange(len(whole))], noise(rng, 50), "[" * 50_000, '{"a":' * 50_000])
    (folder / "audit.json").write_text(spoilt, encoding="utf-8", errors="surrogatepass")
    if rng.random() < 0.1:
        return ["audit", "lemma-5.1a", *SIZES, "--baseline", str(folder / "audit.json")]
    return ["report", str(folder)]


def strange_checkpoint(rng: random.Random, folder: Path) -> list[str]:
    """A usable checkpoint with mappings in each other, in themselves or in many places, odd names, or odd tensors."""
    layers: dict[Any, Any] = {"0.weight": torch.ones(6, 4), "1.weight": torch.tensor([[1.0, -1.0] * 3])}
    name = rng.choice(["a", 0, "x" * 3000, "9" * 5000, "." * 3000, "optim"])
    other = rng.choice(["b", 1, "1" * 5000])
    inner: dict[Any, Any] = rng.choice([layers, {}])
    for _ in range(rng.choice([1, 50, 300])):
        inner = {name: inner, other: inner} if rng.random() < 0.9 else {name: inner}
    many = {f"{rng.choice('ab')}{rng.choice([at, 'x' * at])}": torch.eye(4) for at in range(rng.choice([9, 300]))}
    odd = rng.choice([torch.eye(4).to_sparse(), torch.eye(4).expand(9**9, 4, 4), torch.ones(2, 2) * 1j, torch.ones(())])
    looped = dict(layers)
    looped[name] = looped
    torch.save(rng.choice([inner, many, {**layers, name: odd}, looped, {name: layers, other: layers}]), folder / "a.pt")
    (folder / "data.npz").write_bytes(usable()["data.npz"])
    given = (
        f"--{role}={folder / file}" for role, file in (("init", "a.pt"), ("trained", "a.pt"), ("data", "data.npz"))
    )
    return ["check", *given, "lemma-5.1a"]


def unusable_output(rng: random.Random, folder: Path) -> list[str]:
    """Where a file is to be written a folder, a pipe, a link to one, an input, another output, nothing, or no name."""
    for name, content in {**usable(), "audit.json": audited()["audit.json"]}.items():
        (folder / name).write_bytes(content)
    os.mkfifo(folder / "pipe")
    for name, target in (("pipe.svg", "pipe"), ("loop.svg", "loop.svg"), ("read.svg", "a.npz"), ("folder.svg", ".")):
        (folder / name).symlink_to(target)
    kinds = [
        "",
        ".",
        "/",
        *("pipe.svg", "loop.svg", "folder.svg", "none/x.svg", "a.npz/x.svg"),
        "x" * 300 + ".svg",
        "\0.svg",
    ]
    name = rng.choice(kinds)
    place = str(folder / name) if name.strip("./") else name
    given = (
        f"--{role}={folder / file}" for role, file in (("init", "a.npz"), ("trained", "a.npz"), ("data", "data.npz"))
    )
    return rng.choice(
        [
            ["report", str(folder), f"{rng.choice(['--latex', '--csv'])}={place}"],
            ["report", str(folder), f"--svg={rng.choice([folder / 'pipe', folder / 'a.npz', folder / 'loop.svg'])}"],
            ["report", str(folder), f"--latex={folder / rng.choice(['audit.json', 'report.md', './audit.json'])}"],
            ["report", str(folder), f"--latex={folder}/x", f"--csv={folder}/./x"],
            ["check", *given, f"--plot={rng.choice([place, str(folder / 'read.svg')])}", "lemma-5.1a"],
            ["audit", "lemma-5.1a", *SIZES, f"--out={folder}", f"--baseline={folder / 'audit.json'}"],
        ]
    )


def broken_values(rng: random.Random, folder: Path) -> list[str]:
    """A path that is none, a part of a token twice or of another type, a number of `width` that is extreme."""
    path = rng.choice(["", "\udcff", str(folder / "\udcff.npz"), "\0", "a" * 300])
    option = rng.choice(["audit lemma-5.1a --out", "audit lemma-5.1a --data", "check --init", "search --save"])
    option = rng.choice([option, "report x --latex", "report", "list --claims-from", "audit lemma-5.1a --baseline"])
    letter = rng.choice(
        ["m", "L", "n", "d", "k", "ratio", "tau", "phi", "mu", "delta", "noise", "eps", "batch", "seed"]
    )
    value = rng.choice([*EXTREME, "None", "2", "-5", "1.5"])
    given = {"--n": "100", "--depth": "1", "--phi": "0.1", "--gamma": "0.1", "--eps": "0.1", "--gradient-bound": "0.1"}
    given |= {
        "--batch": "2",
        "--lambda-0": "0.1",
        "--lambda-k": "0.1",
        "--data-norm": "1",
        "--delta": "0.1",
        "--k": "1",
    }
    given[rng.choice(list(given))] = value
    id = rng.choice(["thm-4.7", "lemma-5.2a", "table-1-du", "table-1-du-deep", "table-1-oymak", "zou-gu-2019/thm-3.8"])
    return rng.choice(
        [
            [*option.split(), path],
            ["replay", f"cao-gu-2020/lemma-5.1a:m=8,n=2,{letter}={value},{letter}={value}"],
            ["replay", f"cao-gu-2020/lemma-5.1a:{letter}={value}"],
            ["width", id, *(f"{name}={number}" for name, number in given.items())],
        ]
    )


ENDLESS = "WITH RECURSIVE c(key) AS (SELECT 1 UNION ALL SELECT key + 1 FROM c) SELECT key FROM c"
SHAPES = (
    "ALTER TABLE trials DROP COLUMN sum",
    "ALTER TABLE trials ADD COLUMN x",
    "DROP TABLE state",
    "DROP TABLE trials",
    f"DROP TABLE trials; CREATE VIEW trials AS {ENDLESS}",
    "DROP TABLE trials; CREATE VIEW trials AS SELECT hex(zeroblob(400000000)) result",
    "CREATE TRIGGER t BEFORE INSERT ON trials BEGIN SELECT RAISE(FAIL, 'x'); END",
    "CREATE TABLE songs (name)",
)
"""What a file of ours may become that is none of ours any more."""


def misshapen_store(rng: random.Random, folder: Path) -> list[str]:
    """An audit's file with other tables, or rows that are no text or no result although their sum is right."""
    (folder / FILE).write_bytes(audited()[FILE])
    with closing(sqlite3.connect(folder / FILE)) as connection:
        if rng.random() < 0.5:
            connection.executescript(rng.choice(SHAPES))
        else:
            connection.create_function("checksum", 4, checksum)
            value = rng.choice(["CAST(x'ff00fe' AS TEXT)", "x'00ff'", "'{}'", "'['", "'{\"lhs\": [1]}'", "'null'"])
            column = rng.choice(["claim", "result", "result"])
            stored = "CAST(key AS BLOB), CAST(claim AS BLOB), configuration, CAST(result AS BLOB)"
            connection.execute(f"UPDATE trials SET {column} = {value}")
            connection.execute(f"UPDATE trials SET sum = checksum({stored})")
            connection.commit()
    return ["audit", "lemma-5.1a", *SIZES, "--out", str(folder), "--resume"]


MAKERS: tuple[Maker, ...] = (
    unusable_option,
    unknown_word,
    token,
    broken_files,
    broken_store,
    broken_claims,
    broken_audit,
    broken_audit,
    strange_checkpoint,
    unusable_output,
    broken_values,
    misshapen_store,
)


@contextlib.contextmanager
def quiet() -> Iterator[tuple[io.StringIO, io.StringIO]]:
    """What is printed inside; measured in this process, as hundreds of pools of processes would take hours."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as opened:
        for command in ("audit", "controls", "errata"):
            opened.enter_context(mock.patch(f"lemmata.audit.commands.{command}.workers", return_value=1))
        opened.enter_context(contextlib.redirect_stdout(out))
        opened.enter_context(contextlib.redirect_stderr(err))
        yield out, err


def outcome(arguments: list[str]) -> str:
    """ "refused", "handled", or what was wrong."""

    def endless(number: int, frame: object) -> None:
        raise TimeoutError(f"not done after {TIME} seconds")

    registered = list(REGISTRY)
    before = signal.signal(signal.SIGALRM, endless)
    signal.alarm(TIME)
    try:
        with quiet() as (out, err):
            status = main(arguments)
    except BaseException as error:
        return f"{type(error).__name__}: {error}: {traceback.extract_tb(error.__traceback__)[-1]}"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        for file in list(LOADED):
            forget(file)
    printed, said = out.getvalue(), err.getvalue()
    if "Traceback" in printed + said:
        return f"a traceback: {said[-300:]}"
    if list(REGISTRY) != registered:
        return "claims stay registered"
    if status != 2:
        return "handled" if status in (0, 1) else f"status {status}"
    last = said.splitlines()[-1:]
    if not last or not last[0].startswith("lemmata: ") or not last[0].isprintable():
        return f"no line that says why: {said[-300:]!r}"
    if len(said.splitlines()) > 1 and not all(line.startswith("lemmata: ") for line in said.splitlines()):
        return f"more than a line: {said[-300:]!r}"
    if len(last[0]) > 3000:
        return f"a line of {len(last[0])} characters"
    return "handled" if printed else "refused"


def made(number: int, folder: Path) -> tuple[Maker, list[str]]:
    """The input of this number."""
    rng = random.Random(number)
    maker = MAKERS[number % len(MAKERS)]
    return maker, maker(rng, folder)


def replay(numbers: range, say: Callable[[str], object] = print) -> dict[str, Counter[str]]:
    """What became of the inputs of these numbers, by kind; what is neither refused nor handled is said."""
    tally: dict[str, Counter[str]] = {}
    for number in numbers:
        with tempfile.TemporaryDirectory() as folder:
            maker, arguments = made(number, Path(folder))
            found = outcome(arguments)
        name = maker.__name__.replace("_", " ")
        tally.setdefault(name, Counter())[found if found in ("refused", "handled") else "anything else"] += 1
        if found not in ("refused", "handled"):
            say(f"{number} {name}: {arguments}: {found}")
    return tally


if __name__ == "__main__":
    torch.set_num_threads(1)
    first, last = (0, int(sys.argv[1])) if len(sys.argv) == 2 else map(int, sys.argv[1:3])
    for name, counts in replay(range(first, last)).items():
        print(f"{name:16} {sum(counts.values()):5} " + ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items())))
