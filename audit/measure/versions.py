"""What a result depends on in the source: a claim's version is a hash of the code and data that measure it."""

import ast
import hashlib
import inspect
import sys
from functools import cache
from pathlib import Path

from lemmata import claims, model
from lemmata.claims.claim import Claim
from lemmata.claims.from_file import LOADED
from lemmata.claims.opened import content_of
from lemmata.claims.registry import STATED_IN
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

DECISIVE = ("id", "kind", "bound", "setting", "terms", "domain", "attacks", "ascends", "numbers")
"""Fields that decide what is measured; those that only decide the verdict are judged anew every time."""


def claim_version(claim: Claim) -> str:
    """Hash of the claim's data, of the modules that measure and attack it, and of all of the model that these reach.

    Of a claim of a person's own: of all that this program measures by, and of the files that its own opens as it is
    run. What its measurements open yet is known when they end: results have it beside them, see `Trials.opened`.
    """
    problem: tuple[object, ...] = ()
    if claim.problem is not None:
        of = claim.problem
        problem = (of.draw, *of.data, *of.given, *of.attacks, *(ball.norm for ball in of.ball.values()))
    functions = (
        claim.measure,
        claim.certificate,
        *(each for each in problem if callable(each)),
        *(ATTACKS[attack].find for attack in claim.attacks),
    )
    roots = {*MEASURING, *(inspect.unwrap(function).__module__ for function in functions if function is not None)}
    digest = hashlib.sha256(_sources(tuple(sorted(roots))))
    if claim.id in STATED_IN:
        digest.update(_whole_rooms())
        for path in sorted(LOADED.get(str(STATED_IN[claim.id]), ())):
            digest.update(content_of(path).encode())
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
        waiting += _rooms(source)
    return b"".join(reached[name] for name in sorted(reached))


@cache
def _whole_rooms() -> bytes:
    """Hash of the source of all that a claim can be stated and measured with."""
    files = [file for room in (model, claims) for place in room.__path__ for file in sorted(Path(place).rglob("*.py"))]
    return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).digest()


@cache
def _rooms(source: bytes) -> set[str]:
    """Modules of the rooms that a source imports, as `import` or `from` with and without each imported name."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in names if name.startswith(ROOMS)}
