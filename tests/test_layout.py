"""The house is as it is drawn: imports point one way between its rooms and inside them, without circles."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = {"lemmata": "lemmata", **{f"lemmata.{name}": name for name in ("model", "claims", "strategies", "audit")}}
OF_OTHERS = (
    "du_et_al_2019",
    "ji_telgarsky_2020",
    "allen_zhu_et_al_2019",
    "liu_zhu_belkin_2020",
    "hanin_nica_2020",
    "arora_et_al_2019",
)
PAPERS = ("cao_gu_2020", "zou_gu_2019", "cao_gu_2019_slides", "chen_et_al_2019_poster", *OF_OTHERS)
OUTSIDE = ("tests", "benchmarks", "examples", "docs")

CLAIMS = ("claims.language", "claims", "claims.measuring", "claims.papers")
AUDIT = tuple(f"audit{part}" for part in ("", ".plan", ".measure", ".judge", ".show", ".regimes", ".commands", ".cli"))


def upwards(rooms: tuple[str, ...], *below: str) -> dict[str, set[str]]:
    """Rooms on top of one another: each may import those before it, and those below."""
    return {room: {*below, *rooms[: at + 1]} for at, room in enumerate(rooms)}


MAY_IMPORT: dict[str, set[str]] = {
    "model": {"model"},
    **upwards(CLAIMS, "model"),
    "strategies": {"model", *CLAIMS, "strategies"},
    **upwards(AUDIT, "model", *CLAIMS),
    "lemmata": {"model", *CLAIMS, "strategies", *AUDIT, "lemmata"},
}
"""Per room, the rooms that it may import from; `claims` and `audit` are what stands in these folders themselves."""

ALLOWED_OUTSIDE = {"tests": {"tests", "conftest"}, "benchmarks": set(), "examples": set(), "docs": set()}
"""What else than the package the other folders may import of this repository: tests one another, the others nothing."""

VAGUE = ("util", "helper", "misc", "common", "process", "stuff")


def modules() -> dict[str, Path]:
    """Every module of the package, by its name under the roof."""
    found = {}
    for package, folder in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            found[".".join((package, *(part for part in parts if part != "__init__")))] = path
    return found


MODULES = modules()


def room(module: str) -> str:
    """The room that a module of the package stands in."""
    _, *parts = module.split(".")
    if not parts or parts[0] not in ("model", "claims", "strategies", "audit"):
        return "lemmata"
    if parts[0] == "claims" and (len(parts) == 1 or parts[1] in PAPERS):
        return "claims.papers"
    inner = ".".join(parts[:2])
    return inner if inner in MAY_IMPORT else parts[0]


def imported(source: str, module: str, *, package: bool = False) -> set[str]:
    """Names that a module imports, anywhere in it: late, conditional, relative and dynamic imports count.

    Args:
        source: of the module.
        module: its name, where relative imports start.
        package: whether it is an `__init__`.
    """
    names = set()
    base = module.split(".") if package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = base[: len(base) - node.level + 1] if node.level else []
            whole = ".".join([*start, *([node.module] if node.module else [])])
            names |= {f"{whole}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if called in ("import_module", "__import__"):
                names |= {str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)}
    return names


def inside(name: str) -> str | None:
    """The module of the package that an imported name is or stands in; None for others'."""
    parts = name.split(".")
    whole = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((candidate for candidate in whole if candidate in MODULES), None)


def arrows() -> Iterator[tuple[str, str]]:
    """Every import of one module of the package by another."""
    for module, path in MODULES.items():
        for name in imported(path.read_text(), module, package=path.name == "__init__.py"):
            found = inside(name)
            if found is not None and found != module:
                yield module, found


@pytest.mark.parametrize("where", MAY_IMPORT)
def test_imports_point_one_way(where):
    """model ← claims ← strategies and audit ← the face; inside claims and audit from the language to the papers, and
    from the plan to the command line."""
    assert any(room(module) == where for module in MODULES), f"{where} is empty: an empty room passes every rule"
    for module, found in arrows():
        if room(module) == where:
            assert room(found) in MAY_IMPORT[where], f"{module} imports {found}"


def test_no_two_modules_need_each_other():
    """There is an order in which every module comes after those that it imports."""
    graph: dict[str, set[str]] = {}
    for module, found in arrows():
        # A package's `__init__` lists what is in it; that its modules are imported through it is Python's affair.
        if not module.startswith(f"{found}."):
            graph.setdefault(module, set()).add(found)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


@pytest.mark.parametrize("folder", OUTSIDE)
def test_what_stands_beside_the_package_imports_it_by_its_roof(folder):
    """No test, benchmark, example or generator imports a room by a bare name, or what only another of them has."""
    own = {path.stem for other in (*OUTSIDE, ".") for path in (ROOT / other).glob("*.py")} | {
        *OUTSIDE,
        *FOLDERS.values(),
    }
    for path in sorted((ROOT / folder).rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        tops = {name.partition(".")[0] for name in imported(path.read_text(), module)} - {"lemmata"}
        assert not tops & own - ALLOWED_OUTSIDE[folder], f"{path.relative_to(ROOT)}: {tops & own}"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import lemmata.claims.case", "lemmata.claims.case"),
        ("import numpy, lemmata.audit.cli as cli", "lemmata.audit.cli"),
        ("from lemmata.strategies import cases", "lemmata.strategies"),
        ("from lemmata.model import trace", "lemmata.model.trace"),
        ("def late():\n    from lemmata.model.trace import Trace", "lemmata.model.trace"),
        ("if TYPE_CHECKING:\n    from lemmata.audit.measure.sweep import Job", "lemmata.audit.measure.sweep"),
        ("from . import trace", "lemmata.model.trace"),
        ("from .trace import Trace", "lemmata.model.trace"),
        ("from .. import claims", "lemmata.claims"),
        ("import importlib\nimportlib.import_module('lemmata.audit.show.report')", "lemmata.audit.show.report"),
        ("import lemmatamaker, numpy.testing", None),
        ("'import lemmata.claims'", None),
    ],
)
def test_every_way_of_importing_is_seen(source, found):
    """Late, conditional, aliased, relative and dynamic imports count; other names and text do not."""
    names = imported(source, "lemmata.model.network")
    assert {inside(name) for name in names} - {None} == ({found} if found else set())


def test_nothing_has_a_vague_name():
    """No file or folder is called utils, helpers or the like: a name says what is inside."""
    beside = (path for folder in OUTSIDE for path in (ROOT / folder).rglob("*.py"))
    for path in (*MODULES.values(), *beside):
        for part in path.relative_to(ROOT).parts:
            assert not any(vague in part.lower() for vague in VAGUE), path.relative_to(ROOT)


def test_python_files_live_in_rooms():
    """Beside the rooms there is only conftest.py."""
    assert {path.name for path in ROOT.glob("*.py")} <= {"conftest.py"}


def test_tolerances_live_in_one_file():
    """No test compares with `isclose`, `allclose` or `approx`: how close is close is decided in assertions.py."""
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
            assert name not in ("isclose", "allclose", "approx", "assert_allclose"), path.name


def test_a_paper_lists_every_module_that_states_a_claim():
    """A paper's `__init__.py` imports all its statements, so that none is forgotten by the registry."""
    for paper in PAPERS:
        init = ROOT / "claims" / paper / "__init__.py"
        tree = ast.parse(init.read_text())
        listed = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
        for path in init.parent.glob("*.py"):
            assert path.stem in listed or not states_a_claim(path.read_text()), path.relative_to(ROOT)


def states_a_claim(source: str) -> bool:
    """Whether the module decorates a function with `claim` or `derived`."""
    functions = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef))
    calls = (decorator for function in functions for decorator in function.decorator_list)
    return any(isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("claim", "derived") for call in calls)
