"""Where results land as they come: one SQLite file in the audit's directory, keyed by content.

A result is committed before the next one is waited for, so a killed run loses only the trials in flight. The key is a
hash of everything that decides a result; a changed claim, model or data file therefore never meets an old result.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import fastjsonschema
import torch
from filelock import FileLock, Timeout

from lemmata.audit.errors import UserError
from lemmata.audit.measure.sweep import Trials
from lemmata.audit.measure.versions import claim_version
from lemmata.audit.plan.job import Job
from lemmata.claims.language.configuration import MEASURED
from lemmata.claims.opened import unchanged
from lemmata.claims.registry import REGISTRY
from lemmata.model.data import GENERATED

FILE = "audit.sqlite"
LOCK = "audit.lock"

APPLICATION = 0x6C656D6D
""" "lemm": how SQLite tells our files from those of others."""

SCHEMA = 3
"""Version of the tables; another one is refused."""

TABLES = {
    "trials": "CREATE TABLE trials (key TEXT PRIMARY KEY, claim TEXT, configuration TEXT, result TEXT, sum TEXT)"
    " WITHOUT ROWID",
    "state": "CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
}
"""All that there is; with anything else, a view or a trigger say, it is no file of ours."""

DISK = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_PERM")
"""Errors that are the disk's."""

_EACH = ("lhs", "rhs", "ratio", "recipes", "worst")
_SOME = ("residual", "condition", "certificate")
"""Columns of a result with one entry per initialisation, and those that may be empty instead."""

_NUMBERS = {"type": "array", "items": {"type": "number"}}
_result = fastjsonschema.compile(
    {
        "type": "object",
        "required": [field.name for field in fields(Trials) if field.name != "job"],
        "additionalProperties": False,
        "properties": {
            **dict.fromkeys((*_EACH, *_SOME), _NUMBERS),
            "recipes": {"type": "array", "items": {"type": "string"}},
            "worst": {"type": "array", "items": {"type": "object", "additionalProperties": {"type": "integer"}}},
            "parameters": {"type": "object", "additionalProperties": {"type": "number"}},
            "seconds": {"type": "number"},
            "opened": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    }
)


class Store:
    """The results of one audit; no two audits use a directory at the same time.

    Attributes:
        folder: the audit's directory.
        kept: results of an earlier run that this one may use.
        note: what a person should know about how it was opened; empty when there is nothing to say.

    Args:
        folder: the audit's directory, made where absent.
        resume: whether to go on with what an earlier run left there.

    Raises:
        UserError: if another audit uses the directory, an unfinished one would be lost, or the file cannot be used.
    """

    def __init__(self, folder: Path, *, resume: bool) -> None:
        self.folder, self.path = folder, folder / FILE
        _make(folder)
        self._lock = _locked(folder)
        try:
            with self._explained():
                self._open(resume)
        except BaseException:
            self.close()
            raise

    def _open(self, resume: bool) -> None:
        self._connection = sqlite3.connect(self.path, isolation_level=None, timeout=5)
        self._connection.text_factory = lambda text: text.decode(errors="replace")
        self._connection.create_function("checksum", 4, checksum, deterministic=True)
        self._check()
        damaged = self._drop_damaged()
        self.kept = self._scalar("SELECT count(*) FROM trials")
        self.note = "" if self.kept or not resume else f"--resume: {self.path.parent} holds no audit, starting afresh"
        if damaged and resume:
            self.note = f"--resume: {damaged} results in {self.path} are not what was stored, they are measured again"
        if not resume:
            if self.kept and not self._finished:
                raise UserError(
                    f"--out: {self.path.parent} holds an interrupted audit with {self.kept} results; "
                    f"continue it with --resume, or remove {self.path} to start afresh"
                )
            self._connection.execute("DELETE FROM trials")
            self.kept = 0
        self._connection.execute("DELETE FROM state")

    def get(self, job: Job) -> Trials | None:
        """What an earlier run measured for the job, unless a file of a person's own that it read has changed since."""
        with self._explained():
            found = self._connection.execute("SELECT result FROM trials WHERE key = ?", (key(job),)).fetchone()
            if found is None:
                return None
            trials = _read(job, found[0])
            if trials is None or not unchanged(trials.opened):
                self._connection.execute("DELETE FROM trials WHERE key = ?", (key(job),))
                self.kept -= 1
                return None
        return trials

    def put(self, trials: Trials) -> None:
        """Keep a result; it is on disk when this returns.

        Raises:
            UserError: if it cannot be written; what was written before stays.
        """
        result = asdict(replace(trials, job=None))  # type: ignore[arg-type]
        del result["job"]
        job = trials.job
        row = (key(job), job.claim, job.configuration.token(), json.dumps(result))
        with self._explained():
            self._connection.execute("INSERT OR REPLACE INTO trials VALUES (?, ?, ?, ?, ?)", (*row, checksum(*row)))
        self.kept += 1

    def finish(self) -> None:
        """Note that nothing is left to do."""
        with self._explained():
            self._connection.execute("INSERT OR REPLACE INTO state VALUES ('finished', 'yes')")

    def close(self) -> None:
        """Let others use the directory."""
        if hasattr(self, "_connection"):
            self._connection.close()
        self._lock.release()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _check(self) -> None:
        """Make the tables of a new file, and refuse a file that is not ours.

        Raises:
            UserError: if it is another program's or another version's.
        """
        application, schema = self._scalar("PRAGMA application_id"), self._scalar("PRAGMA user_version")
        if not self._scalar("SELECT count(*) FROM sqlite_master") and not application:
            self._connection.execute("PRAGMA journal_mode = WAL")
            made = [*TABLES.values(), f"PRAGMA application_id = {APPLICATION}", f"PRAGMA user_version = {SCHEMA}"]
            self._connection.executescript("; ".join(["BEGIN IMMEDIATE", *made, "COMMIT"]))
        elif application != APPLICATION:
            raise UserError(f"{self.path} is another program's database; choose another --out")
        elif schema != SCHEMA:
            raise UserError(
                f"{self.path} has schema {schema}, this version reads {SCHEMA}; choose another --out or remove the file"
            )
        elif set(self._connection.execute("SELECT type, name, sql FROM sqlite_master")) != {
            ("table", name, sql) for name, sql in TABLES.items()
        }:
            raise UserError(f"{self.path} has not the tables of an audit; choose another --out or remove the file")

    def _drop_damaged(self) -> int:
        """Remove the rows that are not as they were stored, by a disk or by a hand, and count them."""
        stored = ", ".join(f"CAST({column} AS BLOB)" for column in ("key", "claim", "configuration", "result"))
        return self._connection.execute(f"DELETE FROM trials WHERE sum IS NOT checksum({stored})").rowcount

    @property
    def _finished(self) -> bool:
        return bool(self._scalar("SELECT count(*) FROM state WHERE name = 'finished'"))

    def _scalar(self, query: str) -> int:
        return int(self._connection.execute(query).fetchone()[0])

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """SQLite's errors, which are the disk's or a foreign file's, as one line.

        Raises:
            UserError: in place of an `sqlite3.Error`.
        """
        try:
            yield
        except sqlite3.DatabaseError as error:
            kept = "; what was measured before is kept, --resume continues" if hasattr(self, "kept") else ""
            if str(getattr(error, "sqlite_errorname", "")).startswith(DISK):
                raise UserError(
                    f"{self.path} cannot be written: {error}, there must be space on a writable disk{kept}"
                ) from error
            raise UserError(f"{self.path} cannot be used: {error}; choose another --out or remove the file") from error


def checksum(*row: str | bytes | None) -> str:
    """Of a row's other columns, whether they are text or what ought to be."""
    return hashlib.sha256(repr([each.encode() if isinstance(each, str) else each for each in row]).encode()).hexdigest()


def _read(job: Job, text: str) -> Trials | None:
    """The result that a row holds, None if it is none of such a job."""
    try:
        trials = Trials(job, **_result(json.loads(text)))
        lengths = {len(getattr(trials, name)) for name in _EACH}
        some = {len(getattr(trials, name)) for name in _SOME}
        problem = trials.claim.problem
        named = set(MEASURED if problem is None else problem.numbers) == trials.parameters.keys()
        if not named or lengths != {job.initialisations} or not some <= {0, job.initialisations}:
            return None
        for number in range(job.initialisations):
            trials.replay(number)
    except (ValueError, RecursionError):
        return None
    return trials


def key(job: Job) -> str:
    """Hash of everything that decides the job's result."""
    facts: dict[str, Any] = {**asdict(job), "claim": [job.claim, claim_version(REGISTRY[job.claim])]}
    facts["torch"] = torch.__version__
    data = getattr(job.configuration, "data", "") if REGISTRY[job.claim].problem is None else ""
    if data and data not in GENERATED and Path(data).is_file():
        facts["data"] = hashlib.sha256(Path(data).read_bytes()).hexdigest()
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--out {str(folder)!r} is not a directory that can be written: {error.strerror}") from error


def _locked(folder: Path) -> FileLock:
    """The directory's lock, which the system releases when a process dies.

    Raises:
        UserError: if another audit holds it.
    """
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(f"--out {str(folder)!r}: another audit is running there; wait for it, or choose another") from (
            None
        )
    except OSError as error:
        raise UserError(f"--out {str(folder)!r} is not a directory that can be written: {error.strerror}") from error
    return lock
