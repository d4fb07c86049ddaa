"""Results survive a kill, a full disk and a second audit; a resumed audit ends as an undisturbed one."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lemmata.audit.cli import main
from lemmata.audit.errors import UserError
from lemmata.audit.measure.store import FILE, SCHEMA, Store, key
from lemmata.audit.measure.sweep import run
from lemmata.audit.measure.versions import _sources, claim_version
from lemmata.audit.plan.job import Job
from lemmata.claims import REGISTRY
from lemmata.claims.language.configuration import Configuration
from lemmata.model.attacks import ATTACKS, generalisation, kinks, record, target

ROOT = Path(__file__).parent.parent
JOB = Job("cao-gu-2020/lemma-5.1a", Configuration(m=16, n=2), 4)
SMALL = ["audit", "lemma-5.1a", "--widths", "16,32", "--depths", "1", "--samples", "1,2", "--initialisations", "4"]
LONG = ["audit", "lemma-5.1a", "lemma-5.2a", "--widths", "16,24,32,48", "--depths", "1", "--samples", "1,2"]
LONG += ["--radii", "0.01", "--initialisations", "8"]


def timeless(value: Any) -> Any:
    """The document without the times spent, when it was made and by which of the commands."""
    if isinstance(value, dict):
        kept = {name: inner for name, inner in value.items() if name not in ("seconds", "date", "command")}
        return {name: timeless(inner) for name, inner in kept.items()}
    return [timeless(inner) for inner in value] if isinstance(value, list) else value


def document(folder: Path) -> Any:
    return timeless(json.loads((folder / "audit.json").read_text()))


def start(folder: Path, *more: str, arguments: Sequence[str] = LONG) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "lemmata", *arguments, "--out", str(folder), *more]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def stored(folder: Path) -> int:
    """How many results are there; reading them also checks the file."""
    if not (folder / FILE).exists():
        return 0
    with closing(sqlite3.connect(folder / FILE, timeout=5)) as connection:
        (sound,) = connection.execute("PRAGMA integrity_check").fetchone()
        assert sound == "ok"
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        return int(connection.execute("SELECT count(*) FROM trials").fetchone()[0]) if tables else 0


def killed_and_resumed(folder: Path, kills: int) -> list[int]:
    """Results kept after each of so many SIGKILLs, each when another few results had landed."""
    counts = [0]
    for _ in range(kills):
        running = start(folder, *(["--resume"] if counts[-1] else []))
        while running.poll() is None and stored(folder) < counts[-1] + 1:
            time.sleep(0.01)
        if running.poll() is None:
            os.kill(running.pid, signal.SIGKILL)
        running.communicate()
        counts.append(stored(folder))
    done = start(folder, "--resume")
    _, said = done.communicate()
    assert done.returncode in (0, 1), said
    assert said == ""
    return counts[1:]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Any:
    folder = tmp_path_factory.mktemp("undisturbed")
    assert main([*LONG, "--out", str(folder)]) in (0, 1)
    return document(folder)


@pytest.mark.parametrize("kills", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_a_killed_audit_resumes_to_the_same_document(kills, undisturbed, tmp_path):
    """After every SIGKILL the file is sound and has lost nothing, and the final document differs in times only."""
    counts = killed_and_resumed(tmp_path, kills)
    assert counts == sorted(counts)
    assert counts[0] > 0
    assert document(tmp_path) == undisturbed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_says_how_to_go_on(number, tmp_path):
    """Ctrl-C, and a scheduler's termination, are status 2 and one line that names --resume."""
    running = start(tmp_path)
    while running.poll() is None and stored(tmp_path) < 1:
        time.sleep(0.01)
    running.send_signal(number)
    _, said = running.communicate()
    assert running.returncode == 2
    assert said.startswith("lemmata: interrupted; ")
    assert "--resume continues" in said
    assert said.count("\n") == 1


def test_an_unfinished_audit_is_not_thrown_away(tmp_path, capsys):
    """Without --resume the results of an interrupted audit are not overwritten; those of a finished one are."""
    with Store(tmp_path, resume=False) as store:
        store.put(run(JOB))
    assert main([*SMALL, "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "1 results; continue it with --resume" in said
    assert main([*SMALL, "--out", str(tmp_path), "--resume"]) in (0, 1)
    assert main([*SMALL, "--out", str(tmp_path)]) in (0, 1)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("make", [True, False])
def test_resuming_nothing_starts_afresh(make, tmp_path, capsys):
    """On an empty or absent directory --resume says that it starts afresh."""
    folder = tmp_path / "out"
    if make:
        folder.mkdir()
    assert main([*SMALL, "--out", str(folder), "--resume"]) in (0, 1)
    assert capsys.readouterr().err == f"lemmata: --resume: {folder} holds no audit, starting afresh\n"


def test_results_are_found_by_content(tmp_path):
    """The same job is found, to the last bit; another seed, size, number or type is another result."""
    measured = run(JOB)
    others = [{"seed": 1}, {"initialisations": 5}, {"first": 4}, {"dtype": "float32"}, {"device": "cuda"}]
    others.append({"configuration": Configuration(m=18, n=2)})
    with Store(tmp_path, resume=False) as store:
        store.put(measured)
        assert repr(store.get(JOB)) == repr(measured)  # as text, where NaN equals itself
        for other in others:
            assert store.get(Job(**{**JOB.__dict__, **other})) is None


def test_a_changed_claim_meets_no_old_result(monkeypatch):
    """The key moves with the source that a claim is measured by."""
    before = key(JOB)
    monkeypatch.setattr("lemmata.audit.measure.store.claim_version", lambda claim: "another")
    assert key(JOB) != before


@pytest.fixture
def changed_by(monkeypatch, tmp_path):
    """The ids of the claims whose version an edit of a module changes."""

    def versions():
        _sources.cache_clear()
        return {id: claim_version(claim) for id, claim in REGISTRY.items()}

    def changed(module):
        before = versions()
        edited = tmp_path / Path(module.__file__).name
        edited.write_bytes(Path(module.__file__).read_bytes() + b"# edited\n")
        with monkeypatch.context() as patch:
            patch.setattr(module, "__file__", str(edited))
            after = versions()
        return [id for id in REGISTRY if before[id] != after[id]]

    yield changed
    _sources.cache_clear()


@pytest.mark.parametrize("module", [kinks, generalisation], ids=lambda module: module.__name__)
def test_an_edited_attack_makes_new_versions_of_the_claims_that_use_its_file(module, changed_by):
    """And of no other claim."""
    names = {name for name, attack in ATTACKS.items() if attack.find.__module__ == module.__name__}
    assert changed_by(module) == [id for id, claim in REGISTRY.items() if names & set(claim.attacks)]


@pytest.mark.parametrize("module", [record, target], ids=lambda module: module.__name__)
def test_an_edit_of_what_attacks_share_makes_new_versions_of_all_claims(module, changed_by):
    """The record says where an attack is aimed, the target what it reads."""
    assert changed_by(module) == list(REGISTRY)


def test_a_changed_data_file_meets_no_old_result(tmp_path):
    """The key moves with the content of a data file, not only with its name."""
    file = tmp_path / "data.csv"
    job = Job(JOB.claim, Configuration(data=str(file)), 1)
    file.write_text("a")
    before = key(job)
    file.write_text("b")
    assert key(job) != before


def test_two_audits_of_one_directory_exclude_each_other(tmp_path, capsys):
    """The second one is told so, and the first is not disturbed."""
    with Store(tmp_path, resume=False) as store:
        assert main([*SMALL, "--out", str(tmp_path)]) == 2
        store.put(run(JOB))
    said = capsys.readouterr().err
    assert "another audit is running there" in said
    assert said.count("\n") == 1


def test_two_audits_started_at_once(tmp_path):
    """Exactly one of them runs."""
    runs = [start(tmp_path, arguments=SMALL) for _ in range(2)]
    said = [running.communicate()[1] for running in runs]
    assert sorted(running.returncode == 2 for running in runs) == [False, True], said


def fill(store: Store) -> None:
    for seed in range(1, 100):
        store.put(run(Job(**{**JOB.__dict__, "seed": seed})))


def test_a_full_disk_loses_nothing(tmp_path):
    """When there is no room for a result the audit ends with one line, and what it had stays."""
    with Store(tmp_path, resume=False) as store:
        store.put(run(JOB))
        pages = store._scalar("PRAGMA page_count")
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(UserError, match=r"cannot be written: database or disk is full.*--resume continues"):
            fill(store)
        kept = store.kept
    with Store(tmp_path, resume=True) as store:
        assert store.kept == kept >= 1


def _assert_only_kept(other: Job, folder: Path) -> None:
    """Beside a row that is none any more."""
    with Store(folder, resume=True) as store:
        assert store.kept == 1
        assert store.note.startswith("--resume: 1 results in ")
        assert store.get(JOB) is None
        assert store.get(other) is not None


@pytest.mark.parametrize("column", ["key", "claim", "configuration", "result", "sum"])
def test_a_damaged_row_is_measured_again(column, tmp_path):
    """A result that is not as it was stored, by a disk or by a hand, is no result; the others are kept."""
    other = Job(**{**JOB.__dict__, "seed": 1})
    with Store(tmp_path, resume=False) as store:
        store.put(run(JOB))
        store.put(run(other))
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        changed = f"UPDATE trials SET {column} = replace({column}, substr({column}, 3, 1), '7') || ' ' WHERE key = ?"
        connection.execute(changed, (key(JOB),))
        connection.commit()
    _assert_only_kept(other, tmp_path)


@pytest.mark.parametrize("column", ["key", "claim", "configuration", "result", "sum"])
@pytest.mark.parametrize("value", ["CAST(x'ff00fe' AS TEXT)", "x'ff00fe'", "NULL", "7"])
def test_a_row_that_is_no_text_is_measured_again(column, value, tmp_path):
    """Bytes that are no UTF-8 among them: one row costs the others nothing."""
    other = Job(**{**JOB.__dict__, "seed": 1})
    trials = run(JOB)
    with Store(tmp_path, resume=False) as store:
        store.put(trials)
        store.put(replace(trials, job=other))
    if (column, value) == ("key", "NULL"):
        return  # which the table does not take
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute(f"UPDATE trials SET {column} = {value} WHERE key = ?", (key(JOB),))
        connection.commit()
    _assert_only_kept(other, tmp_path)


@pytest.mark.parametrize(
    "change", [None, [], 3, "[", '{"lhs": ', "[" * 100_000, {}, {"a\0b": "x"}, {"job": 1}, {"lhs": [1.0]}]
)
@pytest.mark.parametrize("field", [None, "lhs", "recipes", "worst", "parameters", "opened"])
def test_a_row_that_is_no_result_is_measured_again(change, field, tmp_path):
    """Also one whose sum is that of what stands there, as a program or a hand may write it."""
    trials = run(JOB)
    with Store(tmp_path, resume=False) as store:
        store.put(trials)
        text = store._connection.execute("SELECT result FROM trials").fetchone()[0]
        if field is not None:
            changed = json.dumps({**json.loads(text), field: change})
        else:
            changed = change if isinstance(change, str) else json.dumps(change)
        if (field, change) == ("opened", {}):
            return  # as it is
        store._connection.execute("UPDATE trials SET result = ?", (changed,))
        store._connection.execute("UPDATE trials SET sum = checksum(key, claim, configuration, result)")
        assert store.get(JOB) is None
        assert store.kept == 0


def test_a_damaged_file_is_used_or_refused_in_one_line(tmp_path):
    """Whatever bytes a disk changes: what is used is as it was stored."""
    trials = run(JOB)
    with Store(tmp_path / "sound", resume=False) as store:
        for seed in range(8):
            store.put(replace(trials, job=Job(**{**JOB.__dict__, "seed": seed})))
    sound = (tmp_path / "sound" / FILE).read_bytes()
    used, said = 0, []
    for case in range(60):
        rng = random.Random(case)
        damaged = bytearray(sound)
        for _ in range((1, 3, 20, 200)[case % 4]):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        (tmp_path / f"{case}").mkdir()
        (tmp_path / f"{case}" / FILE).write_bytes(damaged)
        try:
            with Store(tmp_path / f"{case}", resume=True) as store:
                found = store.get(JOB)
        except UserError as error:
            said.append(str(error))
            continue
        used += found is not None
        assert found is None or repr(found) == repr(trials)
    assert used
    assert said
    assert not any("\n" in line for line in said)


ENDLESS = "WITH RECURSIVE c(key) AS (SELECT 1 UNION ALL SELECT key + 1 FROM c) SELECT key, '' claim, '' configuration"


def made(*statements: str) -> Callable[[Path], None]:
    """Does something to the tables of a file of ours."""

    def spoil(path: Path) -> None:
        Store(path.parent, resume=False).close()
        with closing(sqlite3.connect(path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    return spoil


SHAPES = {
    "no trials": ("DROP TABLE trials",),
    "no state": ("DROP TABLE state",),
    "neither": ("DROP TABLE trials", "DROP TABLE state"),
    "fewer columns": ("ALTER TABLE trials DROP COLUMN sum",),
    "more columns": ("ALTER TABLE trials ADD COLUMN more",),
    "a view": ("DROP TABLE trials", f"CREATE VIEW trials AS {ENDLESS}, '' result, '' sum FROM c"),
    "a trigger": ("CREATE TRIGGER t BEFORE INSERT ON trials BEGIN SELECT RAISE(IGNORE); END",),
    "another table": ("CREATE TABLE songs (name TEXT)",),
}


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")


def older(path: Path) -> None:
    Store(path.parent, resume=False).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA - 1}")


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (foreign, "another program's database"),
        (older, f"has schema {SCHEMA - 1}, this version reads {SCHEMA}"),
        (lambda path: path.write_text("not a database, but long enough to be taken for one\n" * 100), "cannot be used"),
        (lambda path: path.mkdir(), "cannot be written"),
        *((made(*statements), "has not the tables of an audit") for statements in SHAPES.values()),
    ],
    ids=["foreign", "older", "text", "directory", *SHAPES],
)
@pytest.mark.parametrize("resume", [True, False])
def test_a_file_that_is_not_ours_is_refused(spoil, word, resume, tmp_path, capsys):
    """Another program's file, another version's or a broken one is named, and left as it is."""
    spoil(tmp_path / FILE)
    assert main([*SMALL, "--out", str(tmp_path), *(["--resume"] if resume else [])]) == 2
    said = capsys.readouterr().err
    assert said.startswith("lemmata: ")
    assert word in said
    assert said.count("\n") == 1
