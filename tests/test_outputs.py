"""Outputs replace nothing but regular files of their own, and what cannot be written is refused before any work."""

import errno
import json
import os
import stat
import tempfile
from pathlib import Path

import numpy as np
import pytest

from lemmata.audit.cli import main
from lemmata.audit.commands import audit as command
from lemmata.audit.errors import UserError
from lemmata.audit.measure.files import check_outputs, write_whole
from lemmata.claims.from_file import forget
from tests.malformed import EXAMPLE, SIZES, audited, usable

ID = "du-et-al-2019/gradient-lower-bound"


@pytest.fixture
def folder(tmp_path) -> Path:
    """An audit, usable files, and what no output can be."""
    for name, content in {**usable(), "audit.json": audited()["audit.json"]}.items():
        (tmp_path / name).write_bytes(content)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "to-pipe").symlink_to("pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "read.svg").symlink_to("a.npz")
    return tmp_path


def refused(arguments: list[str], words: str, capsys) -> None:
    assert main(arguments) == 2
    line = capsys.readouterr().err
    assert line.startswith("lemmata: ")
    assert line.count("\n") == 1
    assert words in line


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "not empty"),
        (".", ".: is a folder"),
        ("/", "/: is a folder"),
        ("pipe", "pipe: is a folder, a pipe or a device"),
        ("to-pipe", "to-pipe: is a folder, a pipe or a device"),
        ("loop", "loop: cannot be written: Too many levels of symbolic links"),
        ("x" * 300, "cannot be written: File name too long"),
        ("a\0b", "without an embedded null"),
        (
            "none/t.tex",
            "none/t.tex: cannot be written: No such file or directory, it must be a file in a folder that can",
        ),
        ("a.npz/t.tex", "cannot be written: Not a directory"),
        ("audit.json", "audit.json: is read by this command, it must be a file of its own"),
        ("./audit.json", "is read by this command"),
        ("report.md", "report.md: is DIR too, it must be a file of its own"),
        ("t.csv", "--csv t.csv: is --latex too, it must be a file of its own"),
    ],
)
def test_a_report_writes_nothing_where_something_cannot_be(name, words, folder, monkeypatch, capsys):
    """Links to pipes, names of no file, what is read and what is written twice; all stay what they are."""
    monkeypatch.chdir(folder)
    before = {path.name: path.lstat() for path in folder.iterdir()}
    refused(["report", ".", "--latex", name, "--csv", "t.csv"], words, capsys)
    assert {path.name: path.lstat() for path in folder.iterdir()} == before


def test_pictures_are_files_of_their_own(folder, capsys):
    """In a folder that is none, or with a name that no file can have."""
    refused(["report", str(folder), "--svg", str(folder / "a.npz")], "a.npz: cannot be written to: File exists", capsys)
    document = json.loads((folder / "audit.json").read_text())
    id, claim = next(iter(document["claims"].items()))
    document["claims"][f"{id}-{'x' * 300}"] = claim
    (folder / "audit.json").write_text(json.dumps(document))
    refused(["report", str(folder), "--svg", str(folder / "svg")], "cannot be written: File name too long", capsys)
    assert not (folder / "report.html").exists()


def test_a_link_is_followed(tmp_path):
    """It stays a link, also where it leads to nothing yet, and nothing is left beside what it leads to."""
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there/file")
    for text in ("one", "two"):
        write_whole(tmp_path / "link", text)
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "there" / "file").read_text() == text
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["pipe", "to-pipe"])
def test_a_pipe_is_not_replaced(name, folder):
    """Whoever asks for it."""
    with pytest.raises(UserError, match="must be a file"):
        write_whole(folder / name, "x")
    assert stat.S_ISFIFO((folder / "pipe").stat().st_mode)


def test_what_goes_wrong_in_the_middle_leaves_the_old_file(tmp_path, monkeypatch):
    """Also where tidying up goes wrong too."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "file").write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="file: cannot be written: No space left on device"):
        write_whole(tmp_path / "file", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "old"
    monkeypatch.setattr(Path, "unlink", full)
    with pytest.raises(UserError, match="file: cannot be written: No space left on device"):
        write_whole(tmp_path / "file", "new")


def test_what_is_printed_to_is_no_output(tmp_path):
    """`--latex /dev/stdout > file` would put another file in its place."""
    path = tmp_path / "printed"
    kept, opened = os.dup(1), os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        os.dup2(opened, 1)
        with pytest.raises(UserError, match=r"--csv .*printed: is where this command prints"):
            check_outputs([("--csv", path)])
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(opened)


@pytest.fixture
def idle(monkeypatch):
    """No audit measures anything here."""

    def sweep(*_: object, **__: object) -> None:
        raise AssertionError("measured")

    monkeypatch.setattr(command, "sweep", sweep)


@pytest.mark.usefixtures("idle")
def test_constants_that_cannot_be_written_are_refused_before_an_audit(tmp_path, monkeypatch, capsys):
    """In a place that is no file, or in a folder that is read only."""
    file = tmp_path / "mine.py"
    file.write_text(EXAMPLE)
    arguments = ["audit", "--claims-from", str(file), ID, "--write-constants"]
    try:
        (tmp_path / "mine.toml").mkdir()
        refused(arguments, "--write-constants " + str(tmp_path / "mine.toml: is a folder"), capsys)
        (tmp_path / "mine.toml").rmdir()

        def locked(*_: object, **__: object) -> None:
            raise OSError(errno.EROFS, "Read-only file system")

        monkeypatch.setattr(tempfile, "TemporaryFile", locked)
        refused(arguments, "mine.toml: cannot be written: Read-only file system", capsys)
    finally:
        forget(str(file))


@pytest.mark.usefixtures("idle")
def test_an_audit_measures_nothing_where_its_document_cannot_be(folder, capsys):
    """A link to a pipe, under the name of the document."""
    (folder / "audit.json").unlink()
    (folder / "audit.json").symlink_to("pipe")
    refused(["audit", "lemma-5.1a", *SIZES, "--out", str(folder)], "audit.json: is a folder, a pipe or a", capsys)


def test_a_picture_of_a_run_does_not_replace_the_network(folder, capsys):
    """Through a link that is called a picture."""
    given = [f"--{role}={folder / file}" for role, file in (("init", "a.npz"), ("data", "data.npz"))]
    weights = (folder / "a.npz").read_bytes()
    picture = f"--plot={folder / 'read.svg'}"
    refused(["check", *given, f"--trained={folder / 'b.npz'}", picture], "read.svg: is read by this command", capsys)
    assert (folder / "a.npz").read_bytes() == weights


def test_a_search_does_not_replace_the_network_round_which_it_searches(folder, capsys):
    """What an earlier one saved is where a later one may start."""
    start = folder / "lemma-5.1b.tilde.npz"
    start.write_bytes(usable()["a.npz"])
    given = [f"--init={start}", f"--data={folder / 'data.npz'}", "--radius=0.1", f"--save={folder}"]
    refused(["search", *given, "lemma-5.1b"], "lemma-5.1b.tilde.npz: is read by this command", capsys)
    (folder / "lemma-5.1b.hat.npz").symlink_to("pipe")
    given[0] = f"--init={folder / 'a.npz'}"
    refused(["search", *given, "lemma-5.1b"], "lemma-5.1b.hat.npz: is a folder, a pipe or a", capsys)
    assert np.load(start)["W1"].shape == (6, 4)
