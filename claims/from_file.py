"""Claims that a person states in a file of their own: `--claims-from FILE.py`."""

import importlib.util
import sys
import traceback
import zlib
from pathlib import Path

from lemmata.claims.claim import Claim
from lemmata.claims.constants import FROM_FILE, audited_constants
from lemmata.claims.registry import REGISTRY

LOADED: dict[str, str] = {}
"""Files loaded in this process, by the name of the module that each became."""


class ClaimFileError(ValueError):
    """A file of claims that cannot be used; the message names the file, the line and what is wrong there."""


def load_claims(file: str) -> list[Claim]:
    """Register the claims that a Python file states with `claims.claim.claim`, and return them.

    A file is run once per process; its claims are then found like those of the papers. Their audited constants are
    in a file of the same name that ends in `.toml`.

    Raises:
        ClaimFileError: if it cannot be read or run, states no claim, or states one with an unusable field.
    """
    path, name = _named(file)
    if LOADED.get(name) != str(path):
        if path.suffix != ".py" or not path.is_file():
            raise ClaimFileError(f"{file}: is no Python file; it must be one that states claims")
        _run(file, path, name)
        LOADED[name] = str(path)
        audited_constants.cache_clear()
    return [claim for claim in REGISTRY.values() if claim.measure.__module__ == name]


def forget(file: str) -> None:
    """Undo `load_claims`."""
    _, name = _named(file)
    for claim in [claim for claim in REGISTRY.values() if claim.measure.__module__ == name]:
        del REGISTRY[claim.id]
    LOADED.pop(name, None)
    sys.modules.pop(name, None)
    audited_constants.cache_clear()


def located(claim: Claim, at: str, error: Exception) -> Exception:
    """What a claim's measurement raised at a configuration: of a claim from a file, with the file and line.

    Of the papers' claims, sizes that do not fit are a ValueError, which names the claim; anything else is a defect.
    """
    file = LOADED.get(claim.measure.__module__)
    if file is None:
        return ValueError(f"{claim.id} at {at}: {error}") if isinstance(error, ValueError) else error
    line = _line(error, file) or claim.measure.__code__.co_firstlineno
    return ClaimFileError(f"{file}, line {line}: measuring {claim.id}: {type(error).__name__}: {error}")


def _named(file: str) -> tuple[Path, str]:
    """The file, and the name of the module that it becomes; files of the same name in two folders are two modules."""
    path = Path(file).resolve()
    return path, f"{FROM_FILE}{path.stem}_{zlib.crc32(str(path).encode()):08x}"


def _run(file: str, path: Path, name: str) -> None:
    before = set(REGISTRY)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
        if set(REGISTRY) == before:
            raise ClaimFileError(f"{file}: states no claim; it must decorate a function with `claims.claim.claim`")
    except (Exception, SystemExit) as error:
        sys.modules.pop(name, None)
        for id in set(REGISTRY) - before:
            del REGISTRY[id]
        if isinstance(error, ClaimFileError):
            raise
        line, words = _line(error, str(path)), str(error)
        if isinstance(error, SyntaxError):
            line, words = error.lineno, error.msg
        place = file if line is None else f"{file}, line {line}"
        raise ClaimFileError(f"{place}: {type(error).__name__}: {words}") from error


def _line(error: BaseException, file: str) -> int | None:
    """The line of the file that was being run when the error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == file), None)
