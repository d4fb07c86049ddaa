"""Modules beside a file of claims: importable while the file is run, and each folder's are its own."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

_KEPT: dict[Path, dict[str, ModuleType]] = {}
"""What the files of a folder imported from it, by name: in `sys.modules` only while one of them is run."""

_NEVER_HIDDEN = sys.stdlib_module_names | {"lemmata"}


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Inside, modules are looked for in the folder first; afterwards everything is as before.

    A module of another place that has the name of one in the folder (two folders with a `model.py` each) steps aside
    meanwhile. What files of this folder imported from it before is not run again.
    """
    elsewhere = {name: sys.modules.pop(name) for name in _in_the_way(folder)}
    kept = {name: module for name, module in _KEPT.get(folder, {}).items() if name not in sys.modules}
    before = set(sys.modules)
    sys.modules.update(kept)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
        _KEPT[folder] = {name: sys.modules[name] for name in _new(folder, before)}
    finally:
        with suppress(ValueError):  # the file may have taken it out itself
            sys.path.remove(str(folder))
        for name in _new(folder, before):
            del sys.modules[name]
        sys.modules.update(elsewhere)


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
