"""Claims that a person states in a file of their own: `--claims-from FILE.py`."""

import importlib.util
import inspect
import sys
import sysconfig
import traceback
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import NoReturn

from lemmata.claims import beside
from lemmata.claims.claim import Claim, MeasurementError
from lemmata.claims.constants import audited_constants
from lemmata.claims.erratum import ERRATA
from lemmata.claims.language.derivation import as_stated
from lemmata.claims.registry import REGISTRY, STATED_IN, whole_claims
from lemmata.model.attacks import ATTACKS
from lemmata.model.interrupts import by_hand

LOADED: list[str] = []
"""Files loaded in this process, in their order."""


BROUGHT_IN: dict[Path, frozenset[Path]] = {}
"""What running a file brought in of its own, wherever that lies and however it was imported."""

MOST_WORDS = 400
"""Characters of an error that are shown."""


class ClaimFileError(ValueError):
    """A file of claims that cannot be used; the message names the file, the line and what is wrong there."""


def load_claims(file: str) -> list[Claim]:
    """Register the claims that a Python file states with `lemmata.claim`, and return them.

    A file is run once per process, with its folder importable; its claims are then found like those of the papers.
    Their audited constants are in a file of the same name that ends in `.toml`.

    Raises:
        ClaimFileError: if it cannot be read or run, states no claim, or one with an unusable field or derivation.
    """
    path = Path(file).resolve()
    if str(path) not in LOADED:
        if path.suffix != ".py" or not path.is_file():
            raise ClaimFileError(f"{file}: is no Python file; it must be one that states claims")
        _run(file, path)
        LOADED.append(str(path))
        audited_constants.cache_clear()
        try:
            audited_constants()
        except ValueError as error:
            forget(file)
            raise ClaimFileError(_words(error)) from error
    return [claim for claim in whole_claims() if STATED_IN.get(claim.id) == path]


def forget(file: str) -> None:
    """Undo `load_claims`."""
    path = Path(file).resolve()
    for id in [id for id, stated in STATED_IN.items() if stated == path]:
        del STATED_IN[id]
        _unregister(id)
    if str(path) in LOADED:
        LOADED.remove(str(path))
    BROUGHT_IN.pop(path, None)
    sys.modules.pop(_module_name(path), None)
    beside.forget(path.parent)
    audited_constants.cache_clear()


def located(claim: Claim, at: str, error: BaseException) -> Exception:
    """What a claim's measurement raised at a configuration: of a claim from a file, with the file and line.

    Of the papers' claims, sizes that do not fit are a ValueError, which names the claim; anything else is a defect.
    """
    if claim.id in STATED_IN:
        return ClaimFileError(explained(claim, at, error))
    if isinstance(error, ValueError):
        return ValueError(explained(claim, at, error))
    return error if isinstance(error, Exception) else RuntimeError(explained(claim, at, error))


def explained(claim: Claim, at: str, error: BaseException) -> str:
    """The same in words: who raised what, and where."""
    file = STATED_IN.get(claim.id)
    if file is None:
        kind, place = "", ""
        if not isinstance(error, ValueError):  # a defect of this program: where
            frame = traceback.extract_tb(error.__traceback__)[-1]
            kind, place = f"{type(error).__name__}: ", f" ({Path(frame.filename).name}, line {frame.lineno})"
        return f"{claim.id} at {at or 'the base configuration'}: {kind}{_words(error)}{place}"
    line = (
        _line(error, str(file))
        or _begins(getattr(error, "function", None), str(file))
        or _begins(claim.derive or claim.measure)
    )
    kind = "" if isinstance(error, MeasurementError) else f"{type(error).__name__}: "
    return f"{file}, line {line}: measuring {claim.id}: {kind}{_words(error)}"


def _words(error: BaseException) -> str:
    """The error's own words on one printable line, which may hold a whole tensor, or fail themselves."""
    try:
        words = " ".join(str(error).split())
    except BaseException:  # the words are a person's code too
        return "an error that cannot be printed"
    words = "".join(character if character.isprintable() else "�" for character in words)
    return words if len(words) <= MOST_WORDS else f"{words[:MOST_WORDS]}…"


def _module_name(path: Path) -> str:
    """Of the module that a file becomes; files of the same name in two folders are two modules."""
    return f"claims_from_{path.stem}_{zlib.crc32(str(path).encode()):08x}"


class _AsItIs(SourceFileLoader):
    """Compiles what a file says now: what Python keeps compiled goes by the second of its change and by its size."""

    def path_stats(self, path: str) -> NoReturn:
        """None, so that nothing compiled is read or kept."""
        raise OSError


def _run(file: str, path: Path) -> None:
    name, before, modules = _module_name(path), _names(), set(sys.modules)
    spec = importlib.util.spec_from_file_location(name, path, loader=_AsItIs(name, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with beside.importable(path.parent), redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
            for id in REGISTRY.keys() - before.keys():
                _derive(REGISTRY[id])
            BROUGHT_IN[path] = frozenset(_own(set(sys.modules) - modules - {name}))
        if before.keys() >= REGISTRY.keys():
            raise ClaimFileError(f"{file}: states no claim; it must decorate a function with `lemmata.claim`")
    except BaseException as error:
        sys.modules.pop(name, None)
        for id in _names().keys() - before.keys():
            _unregister(id)
        if isinstance(error, ClaimFileError) or by_hand(error):
            raise
        line, words = _line(error, str(path)), _words(error)
        if isinstance(error, SyntaxError) and error.filename == str(path):
            line, words = error.lineno, error.msg
        place = file if line is None else f"{file}, line {line}"
        raise ClaimFileError(f"{place}: {type(error).__name__}: {words}") from error
    STATED_IN.update({id: path for id in _names() if id not in before and id not in STATED_IN})


def _own(modules: Iterable[str]) -> Iterator[Path]:
    """The files of those modules that are neither this program's nor installed ones."""
    installed = [Path(place).resolve() for place in {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()}]
    for name in modules:
        file = getattr(sys.modules[name], "__file__", None)
        path = Path(file or "").resolve()
        if path.suffix == ".py" and name.partition(".")[0] != "lemmata" and not set(installed) & set(path.parents):
            yield path


def _derive(claim: Claim) -> None:
    """A derivation is exponents only: whether it can be written down is known at once."""
    if claim.derive is not None:
        claim.derive(as_stated).lines()


def _names() -> dict[str, object]:
    """All that a file can add to: claims, errata and attacks, in their order."""
    return {**REGISTRY, **ERRATA, **ATTACKS}


def _unregister(id: str) -> None:
    for table in (REGISTRY, ERRATA, ATTACKS):
        table.pop(id, None)


def _begins(function: Callable[..., object] | None, file: str = "") -> int | None:
    """The first line of a function, if it is in the file."""
    code = getattr(inspect.unwrap(function), "__code__", None) if function is not None else None
    return None if code is None or not code.co_filename.endswith(file) else code.co_firstlineno


def _line(error: BaseException, file: str) -> int | None:
    """The line of the file that was being run when the error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == file), None)
