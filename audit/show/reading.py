"""JSON that somebody else may have written, checked against its schema before anything is made of it."""

import json
import math
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import fastjsonschema

from lemmata.audit.errors import UserError
from lemmata.audit.show.tables import legible

AUDIT = "lemmata-audit/1"
"""What an audit calls itself; another schema is refused."""

LARGEST = 1_000_000_000
"""Bytes; an audit of all claims has a hundredth."""


def read_audit(path: Path, argument: str) -> dict[str, Any]:
    """An `audit.json`, of which everything is there that reports and comparisons rely on, see `audit.schema.json`.

    Raises:
        UserError: if it cannot be read, is no JSON, or is no audit.
    """
    document = _loaded(path, argument, "an audit.json")
    found = document.get("schema") if isinstance(document, dict) else None
    if found != AUDIT:
        raise UserError(f"{argument} {path}: schema {found!r} must be {AUDIT!r}, as `lemmata audit --out` writes it")
    return _valid(document, "", f"{argument} {path}", "write it again with `lemmata audit --out`")


def read_controls(path: Path, argument: str) -> dict[str, Any]:
    """What `lemmata controls --format json` printed into a file.

    Raises:
        UserError: if it is something else.
    """
    wanted = "what `lemmata controls --format json` prints"
    document = _loaded(path, argument, wanted)
    return _valid(document, "#/definitions/controls", f"{argument} {path}", f"it must be {wanted}")


def schema() -> dict[str, Any]:
    """The schema of an audit, for these and for other people's tools."""
    text = files("lemmata.audit.show").joinpath("audit.schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def _loaded(path: Path, argument: str, wanted: str) -> Any:
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"{argument} {path}: is no file; it must be {wanted}")
        if path.stat().st_size > LARGEST:
            raise UserError(f"{argument} {path}: has {path.stat().st_size} bytes, allowed are {LARGEST:,}")
        text = path.read_text(encoding="utf-8")
        return legible(json.loads(text, parse_int=_whole, parse_float=_real, parse_constant=_real))
    except OSError as error:
        raise UserError(f"{argument} {path}: {error.strerror}; it must be {wanted}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{argument} {path}: not JSON ({error}); it must be {wanted}") from error


def _whole(digits: str) -> int:
    """A whole number that a float can stand for.

    Raises:
        ValueError: if there is none.
    """
    _real(digits)
    return int(digits)


def _real(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is no finite number")
    return number


def _valid(document: Any, part: str, where: str, remedy: str) -> dict[str, Any]:
    try:
        _validator(part)(document)
    except fastjsonschema.JsonSchemaValueException as error:
        raise UserError(f"{where}: {_shortened(error.message)}; {remedy}") from error
    return dict(document)


@cache
def _validator(part: str) -> Any:
    whole = schema()
    chosen = {"$ref": part, "definitions": whole["definitions"]} if part else whole
    return fastjsonschema.compile(chosen, use_default=False, detailed_exceptions=True)


def _shortened(message: str) -> str:
    return message if len(message) <= 300 else f"{message[:300]}…"
