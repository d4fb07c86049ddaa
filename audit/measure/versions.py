"""What a result depends on in the source: a claim's version is a hash of the code and data that measure it."""

import ast
import hashlib
import inspect
import sys
from functools import cache
from pathlib import Path

from lemmata.claims.claim import Claim
from lemmata.claims.from_file import BROUGHT_IN
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
    """Hash of the claim's data, of the modules that measure and attack it, and of all of the model that these reach."""
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
    own = [path.read_bytes() for path in _own_files(claim)]
    roots = {
        *MEASURING,
        *(inspect.unwrap(function).__module__ for function in functions if function is not None),
        *_rooms(*own),
    }
    digest = hashlib.sha256(_sources(tuple(sorted(roots))))
    for source in own:
        digest.update(hashlib.sha256(source).digest())
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


def _own_files(claim: Claim) -> list[Path]:
    """Of a claim of a person's own its file, what running that brought in, and what these may yet import beside it.

    Packages are whole.
    """
    reached: list[Path] = []
    waiting = [STATED_IN[claim.id], *BROUGHT_IN.get(STATED_IN[claim.id], ())] if claim.id in STATED_IN else []
    while waiting:
        path = waiting.pop()
        if path in reached or not path.is_file():
            continue
        reached.append(path)
        beside = {STATED_IN[claim.id].parent / name.partition(".")[0] for name in _imported(path.read_bytes())}
        waiting += [file for file in (place.with_suffix(".py") for place in beside) if file.is_file()]
        waiting += [file for place in beside for file in place.rglob("*.py")]
    return sorted(reached)


def _rooms(*sources: bytes) -> set[str]:
    """Modules of the rooms that the sources import."""
    return {home for source in sources for home in map(_home, _imported(source)) if home.startswith(ROOMS)}


def _home(name: str) -> str:
    """The module that has what `lemmata.NAME` stands for; other names as they are."""
    package, _, offered = name.rpartition(".")
    if package != "lemmata":
        return name
    return getattr(getattr(sys.modules["lemmata"], offered, None), "__module__", name)


@cache
def _imported(source: bytes) -> set[str]:
    """Names that may be modules: what follows `import`, `from` with and without each imported name, `module.name`."""
    names: set[str] = set()
    bound: dict[str, str] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
            bound |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in bound:
            names.add(f"{bound[node.value.id]}.{node.attr}")
    return names
