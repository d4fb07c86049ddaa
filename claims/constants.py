"""The constants that claims are held to: stated by the papers, or audited and stored."""

import sys
import tomllib
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from lemmata.claims.claim import Claim
from lemmata.claims.registry import REGISTRY, STATED_IN
from lemmata.model.randomness import LARGEST_SEED

ENTRY: dict[str, tuple[Callable[[Any], bool], str]] = {
    "constant": (lambda it: type(it) in (int, float) and abs(it) <= sys.float_info.max, "a finite number"),
    "at": (lambda it: type(it) is str, "sizes, as in a replay token"),
    "seed": (lambda it: type(it) is int and 0 <= it <= LARGEST_SEED, "a whole number, as of --seed"),
    "provenance": (lambda it: type(it) is str, "text"),
}
"""What is stored of a constant, and what each of it must be."""


@cache
def audited_constants() -> dict[str, dict[str, Any]]:
    """Per claim its audited constant, the configuration and data that decided it, and where that comes from.

    Raises:
        ValueError: if a file beside a person's own claims holds something else.
    """
    constants: dict[str, dict[str, Any]] = {}
    for file in {constants_file(id) for id in REGISTRY}:
        found = _read(file) if file.is_file() else {}
        own = {claim.plain_id for id, claim in REGISTRY.items() if constants_file(id) == file}
        constants |= {id: entry for id, entry in found.items() if id in own}
    return constants


def _read(file: Traversable) -> dict[str, dict[str, Any]]:
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{file}: cannot be read, it must be what --write-constants writes ({error})") from error
    for id, entry in found.items():
        for name, (usable, allowed) in ENTRY.items():
            value = entry.get(name) if isinstance(entry, dict) else None
            if not usable(value):
                raise ValueError(f"{file}: {id[:80]} has {name} = {value!r:.40}, it must be {allowed}")
    return found


def constants_file(id: str) -> Traversable:
    """Where a claim's audited constant is: `constants.toml`, or beside the file that a person stated it in."""
    if id in STATED_IN:
        return STATED_IN[id].with_suffix(".toml")
    return files("lemmata.claims").joinpath("constants.toml")


def constant(claim: Claim) -> float | None:
    """The constant the claim is held to: the paper's, or the audited one of its plain id; None if there is none."""
    if claim.stated is not None:
        return claim.stated
    entry = audited_constants().get(claim.plain_id)
    return None if entry is None else float(entry["constant"])
