"""What a result depends on in the source: a claim's version is a hash of the code and data that measure it."""

import ast
import hashlib
import sys
from functools import cache
from pathlib import Path

from lemmata.claims.claim import Claim
from lemmata.model.attacks import ATTACKS

ROOMS = ("lemmata.model.", "lemmata.claims.")

MEASURING = (
    "lemmata.audit.measure.sweep",
    "lemmata.audit.plan.engines",
    "lemmata.claims.measuring.search",
    "lemmata.claims.measuring.evaluation",
    "lemmata.model.attacks.record",
)
"""Modules that every measurement passes through."""

DECISIVE = ("id", "kind", "bound", "setting", "terms", "domain", "attacks", "ascends")
"""Fields that decide what is measured; those that only decide the verdict are judged anew every time."""


def claim_version(claim: Claim) -> str:
    """Hash of the claim's data, of the modules that measure and attack it, and of all of the model that these reach."""
    functions = (claim.measure, claim.certificate, *(ATTACKS[attack].find for attack in claim.attacks))
    roots = (*MEASURING, *(function.__module__ for function in functions if function is not None))
    digest = hashlib.sha256(_sources(tuple(sorted(set(roots)))))
    for name in DECISIVE:
        digest.update(repr(getattr(claim, name)).encode())
    return digest.hexdigest()


@cache
def _sources(roots: tuple[str, ...]) -> bytes:
    """Hashes of the source of these modules and of all that they import from the rooms, themselves or through others.

    A package's `__init__` lists what is in it and measures nothing: it is left out, or every claim would reach all.
    """
    reached: dict[str, bytes] = {}
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        path = Path(getattr(sys.modules.get(name), "__file__", None) or "")
        if name in reached or path.suffix != ".py" or (path.name == "__init__.py"):
            continue
        source = path.read_bytes()
        reached[name] = hashlib.sha256(source).digest()
        waiting += [found for found in _imported(source) if found.startswith(ROOMS)]
    return b"".join(reached[name] for name in sorted(reached))


@cache
def _imported(source: bytes) -> set[str]:
    """Names that may be modules: what follows `import`, and `from` with and without each imported name."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names
