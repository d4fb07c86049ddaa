"""Claims that a person states in a file of their own: `--claims-from FILE.py`."""

import importlib.util
import inspect
import os
import sys
import traceback
import zlib
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path

from lemmata.claims import beside, opened
from lemmata.claims.claim import Claim, MeasurementError
from lemmata.claims.constants import audited_constants
from lemmata.claims.erratum import ERRATA
from lemmata.claims.language.derivation import as_stated
from lemmata.claims.registry import REGISTRY, STATED_IN, whole_claims
from lemmata.model.attacks import ATTACKS
from lemmata.model.interrupts import by_hand

LOADED: dict[str, opened.Opened] = {}
"""Files loaded in this process, in their order, with all that was opened when each was run, itself included."""

_AGREED: dict[str, opened.Opened] = {}
"""What another process has loaded, as it said last."""

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
        LOADED[str(path)] = _run(file, path)
        audited_constants.cache_clear()
        try:
            audited_constants()
        except ValueError as error:
            forget(file)
            raise ClaimFileError(words_of(error)) from error
    return [claim for claim in whole_claims() if STATED_IN.get(claim.id) == path]


def forget(file: str) -> None:
    """Undo `load_claims`."""
    path = Path(file).resolve()
    for id in [id for id, stated in STATED_IN.items() if stated == path]:
        del STATED_IN[id]
        _unregister(id)
    if LOADED.pop(str(path), None) is not None and not LOADED:
        opened.forget()
    sys.modules.pop(_module_name(path), None)
    beside.forget(path.parent)
    audited_constants.cache_clear()


def agree(files: Mapping[str, opened.Opened]) -> None:
    """Have exactly these files loaded, as they are where they were loaded first: a cluster may have met older ones."""
    if files == LOADED or (files == _AGREED and files.keys() == LOADED.keys()):
        return
    known = opened.merged(opened.EVERYWHERE, *LOADED.values())
    older = any(known.get(path, found) != found for each in files.values() for path, found in each.items())
    for file in [file for file in LOADED if older or file not in files]:
        forget(file)
    for file in files:
        load_claims(file)
    _AGREED.clear()
    _AGREED.update(files)


def depends_on(claim: Claim) -> opened.Opened:
    """Of a claim from a file all that its measurements in this process may have read, itself included.

    What another file of claims brought in counts: Python runs a module once, whoever imports it next.
    """
    file = STATED_IN.get(claim.id)
    return {} if file is None else opened.merged(LOADED.get(str(file), {}), opened.EVERYWHERE)


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
        return f"{claim.id} at {at or 'the base configuration'}: {kind}{words_of(error)}{place}"
    line = (
        _line(error, str(file))
        or _begins(getattr(error, "function", None), str(file))
        or _begins(claim.derive or claim.measure)
    )
    kind = "" if isinstance(error, MeasurementError) else f"{type(error).__name__}: "
    return f"{file}, line {line}: measuring {claim.id}: {kind}{words_of(error)}"


def words_of(error: BaseException) -> str:
    """The error's own words on one printable line, which may hold a whole tensor, or fail themselves."""
    try:
        words = " ".join(str(error).split())
    except BaseException:  # the words are a person's code too
        return "an error that cannot be printed"
    words = "".join(character if character.isprintable() else "�" for character in words)
    return words if len(words) <= MOST_WORDS else f"{words[:MOST_WORDS]}…"


def _module_name(path: Path) -> str:
    """Of the module that a file becomes; files of the same name in two folders are two modules."""
    return f"claims_from_{path.stem}_{zlib.crc32(os.fsencode(path)):08x}"


def _run(file: str, path: Path) -> opened.Opened:
    name, before = _module_name(path), _names()
    spec = importlib.util.spec_from_file_location(name, path, loader=beside.AsItIs(name, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with beside.importable(path.parent) as noted, redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
            for id in REGISTRY.keys() - before.keys():
                _derive(REGISTRY[id])
        if before.keys() >= REGISTRY.keys():
            raise ClaimFileError(f"{file}: states no claim; it must decorate a function with `lemmata.claim`")
    except BaseException as error:
        sys.modules.pop(name, None)
        beside.forget(path.parent)
        for id in _names().keys() - before.keys():
            _unregister(id)
        if isinstance(error, ClaimFileError) or by_hand(error):
            raise
        line, words = _line(error, str(path)), words_of(error)
        if isinstance(error, SyntaxError) and error.filename == str(path):
            line, words = error.lineno, error.msg
        place = file if line is None else f"{file}, line {line}"
        raise ClaimFileError(f"{place}: {type(error).__name__}: {words}") from error
    STATED_IN.update({id: path for id in _names() if id not in before and id not in STATED_IN})
    opened.remember({each: content for each, content in noted.items() if each != str(path)})
    return noted


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
