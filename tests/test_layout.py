"""Imports point one way, and every folder is a room of the plan."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("model", "claims", "strategies", "audit", "tests", "benchmarks")
MAY_IMPORT = {
    "model": {"model"},
    "claims": {"model", "claims"},
    "strategies": {"model", "claims", "strategies"},
    "audit": {"model", "claims", "audit"},
    "tests": set(ROOMS),
    "benchmarks": set(ROOMS),
}
FILES = {room: sorted((ROOT / room).rglob("*.py")) for room in ROOMS}
VAGUE = ("util", "helper", "misc", "common", "process", "stuff")


def imported_rooms(source: str, package: tuple[str, ...]) -> set[str]:
    """The rooms that a module imports from, anywhere in it; `package` is where relative imports start."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            names.append(".".join((*base, node.module or "")))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if called in ("import_module", "__import__"):
                names += [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
    inside = {str(name).removeprefix("lemmata.").partition(".")[0] for name in names}
    return inside & set(ROOMS)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_point_one_way(room):
    """model ← claims ← strategies, and model, claims ← audit; tests and benchmarks see everything."""
    for path in FILES[room]:
        package = path.relative_to(ROOT).parent.parts
        forbidden = imported_rooms(path.read_text(), package) - MAY_IMPORT[room]
        assert not forbidden, f"{path.relative_to(ROOT)} imports {', '.join(sorted(forbidden))}"


@pytest.mark.parametrize(
    ("source", "rooms"),
    [
        ("import claims.case", {"claims"}),
        ("import numpy, audit.cli as cli", {"audit"}),
        ("from strategies import cases", {"strategies"}),
        ("def late():\n    from tests.reference import dense", {"tests"}),
        ("if TYPE_CHECKING:\n    from audit.sweep import Sweep", {"audit"}),
        ("from . import trace", {"model"}),
        ("from .trace import Trace", {"model"}),
        ("from .. import claims", set()),
        ("import importlib\nimportlib.import_module('audit.report')", {"audit"}),
        ("import claimsmaker, numpy.testing", set()),
        ("'import claims'", set()),
    ],
)
def test_every_way_of_importing_is_seen(source, rooms):
    """Late, conditional, aliased, relative and dynamic imports count; other names and text do not."""
    assert imported_rooms(source, ("model",)) == rooms


def test_every_room_of_the_core_is_there():
    """An empty list of files would pass every rule: model, claims and tests have some."""
    for room in ("model", "claims", "tests"):
        assert FILES[room], room


def test_nothing_has_a_vague_name():
    """No file or folder is called utils, helpers or the like: a name says what is inside."""
    for paths in FILES.values():
        for path in paths:
            for part in path.relative_to(ROOT).parts:
                assert not any(vague in part.lower() for vague in VAGUE), path.relative_to(ROOT)


def test_python_files_live_in_rooms():
    """Beside the rooms there is only conftest.py."""
    assert {path.name for path in ROOT.glob("*.py")} <= {"conftest.py"}


def test_tolerances_live_in_one_file():
    """No test compares with `isclose`, `allclose` or `approx`: how close is close is decided in assertions.py."""
    for path in FILES["tests"]:
        for node in ast.walk(ast.parse(path.read_text())):
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
            assert name not in ("isclose", "allclose", "approx", "assert_allclose"), path.name


def test_a_paper_lists_every_module_that_states_a_claim():
    """A paper's `__init__.py` imports all its statements, so that none is forgotten by the registry."""
    for init in sorted((ROOT / "claims").glob("*/__init__.py")):
        tree = ast.parse(init.read_text())
        listed = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
        for path in init.parent.glob("*.py"):
            assert path.stem in listed or not states_a_claim(path.read_text()), path.relative_to(ROOT)


def states_a_claim(source: str) -> bool:
    """Whether the module decorates a function with `claim` or `derived`."""
    functions = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef))
    calls = (decorator for function in functions for decorator in function.decorator_list)
    return any(isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("claim", "derived") for call in calls)
