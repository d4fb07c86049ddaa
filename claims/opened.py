"""Files that claims of a person's own depend on: what a file of claims opens as it is run, and as they are measured.

Modules count as what else is opened: Python reads their source. Not seen is what is read without Python's `open` (by a
library in another language from a path, in another process), and what belongs to the environment is left out: what is
installed in it, and this program.
"""

import hashlib
import importlib.util
import os
import stat
import sys
import sysconfig
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

Opened = dict[str, str]
"""Absolute paths of files, with the SHA-256 of what was in each when it was opened."""

ABSENT = "absent"
"""In place of a hash: there was no such file, and a claim may have asked for that."""

CHANGED = "changed"
"""In place of a hash: it was opened with one content and then another, which no later run meets again."""

EVERYWHERE: Opened = {}
"""What has been opened in this process for claims of a person's own, whichever they are: modules are all files'."""

_noting: dict[int, Opened] = {}
"""By identity: two may be equal."""

_here = threading.local()


@contextmanager
def noted() -> Iterator[Opened]:
    """What is opened inside, by any thread, as it is opened."""
    _watch()
    opened: Opened = {}
    _noting[id(opened)] = opened
    try:
        yield opened
    finally:
        del _noting[id(opened)]


def remember(opened: Mapping[str, str]) -> None:
    """Count what was opened among what every claim of a person's own depends on."""
    EVERYWHERE.update(merged(EVERYWHERE, opened))


def forget() -> None:
    """Nothing depends on anything any more, and modules are run again when they are imported next."""
    for name in [name for name, module in sys.modules.items() if getattr(module, "__file__", None) in EVERYWHERE]:
        del sys.modules[name]
    EVERYWHERE.clear()


def merged(*parts: Mapping[str, str]) -> Opened:
    """All of them; a file that was not the same throughout is one that has changed."""
    whole: Opened = {}
    for part in parts:
        for path, content in part.items():
            whole[path] = content if whole.get(path, content) == content else CHANGED
    return whole


def unchanged(opened: Mapping[str, str]) -> bool:
    """Whether each of the files is now as it was."""
    return all(content_of(path) == content for path, content in opened.items())


def content_of(path: str) -> str:
    """Hash of what is in a file, `ABSENT` where there is none; read again only when the system says that it changed."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            return ABSENT
        return _hash(path, status.st_ino, status.st_size, status.st_mtime_ns)
    except (OSError, ValueError):  # no name of a file, with a null byte in it
        return ABSENT


@cache
def _hash(path: str, *status: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_a_person(path: str) -> bool:
    """Whether a file is neither this program's nor an installed one nor what the system shows of itself."""
    return not path.startswith(_of_the_environment()) and not _INSTALLED.intersection(path.split(os.sep))


@cache
def _of_the_environment() -> tuple[str, ...]:
    library = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
    rooms = [place for name in _ROOMS for place in importlib.util.find_spec(name).submodule_search_locations or ()]  # type: ignore[union-attr]
    places = [*library, *rooms, "/proc", "/sys", "/dev"]
    return tuple({os.path.join(place, "") for at in places for place in (at, os.path.realpath(at))})


_INSTALLED = {"site-packages", "dist-packages"}
"""Folders of what is installed, wherever an environment has them."""

_ROOMS = ("lemmata", "lemmata.model", "lemmata.claims", "lemmata.audit", "lemmata.strategies")


@cache
def _watch() -> None:
    """Python tells of what it opens from here on; there is no way to make it stop."""
    _of_the_environment()
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    """Note a file that is opened to be read, or loaded as a compiled module."""
    if not _noting or event not in ("open", "import") or getattr(_here, "busy", False):
        return
    path = arguments[0] if event == "open" else arguments[1]
    flags = arguments[2] if event == "open" else 0
    if not isinstance(path, str | bytes | os.PathLike) or (isinstance(flags, int) and flags & _REPLACES):
        return
    _here.busy = True
    try:
        place = _source(os.path.abspath(os.fsdecode(path)))
        if of_a_person(place) and not os.path.isdir(place):
            found = content_of(place)
            for opened in list(_noting.values()):
                opened[place] = found if opened.get(place, found) == found else CHANGED
    finally:
        _here.busy = False


_REPLACES = os.O_WRONLY | os.O_TRUNC


def _source(path: str) -> str:
    """Of what Python keeps compiled the file that it is of."""
    if path.endswith(".pyc"):
        try:
            return importlib.util.source_from_cache(path)
        except ValueError:
            pass
    return path
