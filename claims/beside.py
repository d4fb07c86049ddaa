"""Modules beside a file of claims: importable while the file or a claim of it runs, and each folder's are its own."""

import builtins
import importlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from lemmata.claims import opened
from lemmata.claims.registry import STATED_IN

_KEPT: dict[Path, dict[str, ModuleType]] = {}
"""What the files of a folder imported from it, by name: in `sys.modules` only while one of them is run."""

_NEVER_HIDDEN = sys.stdlib_module_names | {"lemmata"}

_active: list[Path] = []
_lock = threading.RLock()
"""`sys.path` and `sys.modules` are all threads'."""


class AsItIs(SourceFileLoader):
    """Compiles what a file says now: what Python keeps compiled goes by the second of its change and by its size.

    What is imported inside a function of it, whenever that is called, is looked for where it was when the file was run.
    """

    def exec_module(self, module: ModuleType) -> None:
        """Run it, with an `__import__` of its own."""
        folder = _active[-1]

        def found_there(*arguments: Any, **options: Any) -> ModuleType:
            with used(folder):
                return builtins.__import__(*arguments, **options)

        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": found_there}
        super().exec_module(module)

    def path_stats(self, path: str) -> NoReturn:
        """None, so that nothing compiled is read or kept."""
        raise OSError


class _Own:
    """Finds modules as Python does, and has those of a person's own read as they are."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target)
        loader = None if spec is None else spec.loader
        if spec is None or type(loader) is not SourceFileLoader or not opened.of_a_person(loader.path):
            return None
        spec.loader = AsItIs(loader.name, loader.path)
        return spec


@contextmanager
def importable(folder: Path) -> Iterator[opened.Opened]:
    """Inside, modules are looked for in the folder first, and what is opened is noted; then everything is as before.

    A module of another place that has the name of one in the folder (two folders with a `model.py` each) steps aside
    meanwhile. What files of this folder imported from it before is not run again.
    """
    if _active[-1:] == [folder]:  # whichever thread made it so: it may wait for this one
        with opened.noted() as noted:
            yield noted
        return
    with _lock, opened.noted() as noted:
        elsewhere = {name: sys.modules.pop(name) for name in _in_the_way(folder)}
        kept = {name: module for name, module in _KEPT.get(folder, {}).items() if name not in sys.modules}
        before = set(sys.modules)
        sys.modules.update(kept)
        sys.path.insert(0, str(folder))
        sys.meta_path.insert(sys.meta_path.index(PathFinder), _Own)
        importlib.invalidate_caches()
        _active.append(folder)
        try:
            yield noted
        finally:
            _active.pop()
            sys.meta_path.remove(_Own)
            with suppress(ValueError):  # the file may have taken it out itself
                sys.path.remove(str(folder))
            _KEPT[folder] = {name: sys.modules.pop(name) for name in _new(folder, before)}
            sys.modules.update(elsewhere)


@contextmanager
def at_home(id: str) -> Iterator[None]:
    """Where the functions of a claim are called: of a claim from a file, what lies beside that can be imported."""
    file = STATED_IN.get(id)
    with nullcontext() if file is None else used(file.parent):
        yield


@contextmanager
def used(folder: Path) -> Iterator[None]:
    """Where what files of the folder state is used: all that is opened counts among what they depend on."""
    with importable(folder) as noted:
        try:
            yield
        finally:
            opened.remember(noted)


def forget(folder: Path) -> None:
    """Run the modules of a folder again when a file imports them next."""
    _KEPT.pop(folder, None)


def _in_the_way(folder: Path) -> list[str]:
    """Modules of other places whose names modules in the folder have."""
    here = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}
    return [
        name
        for name in sys.modules
        if _top(name) in here - _NEVER_HIDDEN and not _lies_in(folder, sys.modules.get(_top(name)))
    ]


def _new(folder: Path, before: set[str]) -> list[str]:
    """Modules that came in since, and come from the folder itself (not from an environment that lies in it)."""
    return [name for name in sys.modules if name not in before and _lies_in(folder, sys.modules.get(_top(name)))]


def _top(name: str) -> str:
    return name.partition(".")[0]


def _lies_in(folder: Path, module: ModuleType | None) -> bool:
    """Whether a module is a file of the folder, or a package right below it."""
    file = getattr(module, "__file__", None)
    if file is None:
        return any(Path(place).resolve().parent == folder for place in getattr(module, "__path__", ()))
    path = Path(file).resolve()
    return folder == (path.parent.parent if path.stem == "__init__" else path.parent)
