"""How a situation ends, and what is wrong with that."""

import io
import json
import os
import tempfile
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from lemmata.audit.cli import main
from lemmata.claims.from_file import LOADED, forget
from tests import forked
from tests.assertions import assert_resolved
from tests.situations import D, M, Situation, check, write_honest


@dataclass(frozen=True)
class Outcome:
    """Exit status, the line of it that says most, and where it is not what it must be."""

    status: int
    said: str
    faults: tuple[str, ...]


def outcome(situation: Situation, folder: Path) -> Outcome:
    """The situation's command, run in a folder."""
    situation.make(folder)
    form = ("--format", "json") if situation.honest else ()
    status, out, err = run((*situation.arguments, *form), folder)
    faults = [] if status == situation.status else [f"exit {status}, not {situation.status}"]
    said = _telling(err) or out.partition("\n")[0]
    if situation.honest and status == 0:
        document = json.loads(out)
        out, said = (
            json.dumps(document, ensure_ascii=False),
            "; ".join(document["read"]["warnings"]) or "the honest numbers",
        )
        if not any(_same(document["claims"], _honest(d)) for d in (D, M)):
            faults.append("another network was measured")
    faults += [f"says nothing of {words!r}" for words in situation.says if words not in out + err]
    if status == 2 and (bool(out) != situation.partial or err.count("\n") != 1 or not err.startswith("lemmata: ")):
        faults.append("is not refused in one line")
    return Outcome(status, said, tuple(faults))


def run(arguments: tuple[str, ...], folder: Path) -> tuple[int, str, str]:
    """Status, standard output and error of the command line: pytest in a process of its own, audits start none."""
    if arguments[0] == "pytest":
        ended = forked.run(*arguments, folder=folder, environment=os.environ)
        return ended.returncode, ended.stdout, ended.stderr
    out, err = io.StringIO(), io.StringIO()
    alone = mock.patch("lemmata.audit.commands.audit.workers", return_value=1)
    with chdir(folder), redirect_stdout(out), redirect_stderr(err), alone:
        status = main(arguments)
    for file in list(LOADED):
        forget(file)
    return status, out.getvalue(), err.getvalue()


def _telling(err: str) -> str:
    lines = err.splitlines()
    return next((line for line in lines if "warning" in line), lines[-1] if lines else "")


def _same(found: Any, honest: Any) -> bool:
    """Whether the sides of every claim are the honest network's, to rounding."""
    try:
        for id, record in honest.items():
            assert found[id]["reason"] == record["reason"]
            for side in ("lhs", "rhs"):
                if record[side] is not None:
                    assert_resolved(found[id][side], record[side])
    except AssertionError:
        return False
    return bool(found.keys() == honest.keys())


@cache
def _honest(d: int) -> Any:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_honest(folder, d)
        return json.loads(run((*check("init.npz", "trained.npz"), "--format", "json"), folder)[1])["claims"]
