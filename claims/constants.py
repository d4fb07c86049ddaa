"""The constants that claims are held to: stated by the papers, or audited and stored."""

import sys
import tomllib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from lemmata.claims.claim import Claim
from lemmata.claims.registry import REGISTRY

FROM_FILE = "claims_from_"
"""How the names of modules begin that are files of a person's own."""


@cache
def audited_constants() -> dict[str, dict[str, Any]]:
    """Per claim its audited constant, the configuration and data that decided it, and where that comes from."""
    constants: dict[str, dict[str, Any]] = {}
    for file in {constants_file(id) for id in REGISTRY}:
        constants |= tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return constants


def constants_file(id: str) -> Traversable:
    """Where a claim's audited constant is: `constants.toml`, or beside the file that a person stated it in."""
    module = REGISTRY[id].measure.__module__ if id in REGISTRY else ""
    if module.startswith(FROM_FILE):
        return Path(sys.modules[module].__file__ or "").with_suffix(".toml")
    return files("lemmata.claims").joinpath("constants.toml")


def constant(claim: Claim) -> float | None:
    """The constant the claim is held to: the paper's, or the audited one of its plain id; None if there is none."""
    if claim.stated is not None:
        return claim.stated
    entry = audited_constants().get(claim.plain_id)
    return None if entry is None else float(entry["constant"])
