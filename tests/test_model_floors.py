"""`model/` is built on floors, and its docstring names them."""

import ast
from pathlib import Path

import lemmata.model

ROOM = Path(lemmata.model.__file__).parent
FLOORS = [
    line.partition(":")[0].strip().split(", ")
    for line in (lemmata.model.__doc__ or "").splitlines()
    if line.startswith("    ")
]
FLOOR = {module: floor for floor, modules in enumerate(FLOORS) for module in modules}


def imported(path: Path) -> set[str]:
    """The modules and packages of `model/` that a file imports from, anywhere in it."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return {name.split(".")[2] for name in names if name.startswith("lemmata.model.")}


def test_every_module_stands_on_one_floor():
    """Each file and folder once, and nothing else."""
    there = {path.stem for path in ROOM.glob("*") if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert sorted(module for floor in FLOORS for module in floor) == sorted(there - {"__init__"})


def test_modules_import_from_floors_below_their_own():
    """So there is no circle; files of one package may import one another."""
    for path in sorted(ROOM.rglob("*.py")):
        module = path.relative_to(ROOM).with_suffix("").parts[0]
        for other in imported(path) - {module}:
            assert FLOOR[other] < FLOOR[module], f"{path.relative_to(ROOM)} imports {other}"
