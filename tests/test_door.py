"""One door: `from lemmata import …` has all that a lemma takes, and is all that examples and documents need."""

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import lemmata

ROOT = Path(__file__).parent.parent
EXAMPLES = {path.name: path.read_text() for path in (ROOT / "examples").glob("*.py")}
BLOCKS = {
    f"{path.name}, {number}": block
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", path.read_text(), re.DOTALL), 1)
}
"""CONTRIBUTING.md is left out: the module that it shows is one of the house, which its door is no part of."""


@pytest.mark.parametrize(
    "name",
    [
        *(
            "claim",
            "context",
            "derived",
            "Claim",
            "Paper",
            "Domain",
            "Plan",
            "Condition",
            "Control",
            "Scaling",
            "Measurement",
            "Sides",
        ),
        *("Case", "Configuration", "Setting", "Ball", "check", "load_claims"),
        *("CAO_GU_2020", "ZOU_GU_2019", "CAO_GU_2019_SLIDES", "CHEN_ET_AL_2019_POSTER"),
    ],
)
def test_what_is_promised_is_there(name):
    """Every name that tools rely on is the one of its home."""
    assert name in lemmata.__all__
    assert getattr(lemmata, name) is getattr(import_module(lemmata._HOMES[name]), name)


def test_every_name_is_seen_by_type_checkers_too():
    """The imports for the type checker are those that happen."""
    tree = ast.parse(Path(lemmata.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    seen = {alias.asname: node.module for node in imports for alias in node.names if alias.asname}
    assert seen == lemmata._HOMES
    assert sorted(seen) == lemmata.__all__
    assert set(seen) <= set(dir(lemmata))
    assert all(hasattr(lemmata, name) for name in seen)


def test_names_of_papers_are_settings():
    """`setting=CAO_GU_2020` is what one writes; the papers of those names are inside."""
    for name in ("CAO_GU_2020", "ZOU_GU_2019", "CAO_GU_2019_SLIDES", "CHEN_ET_AL_2019_POSTER"):
        assert isinstance(getattr(lemmata, name), lemmata.Setting)


def test_other_names_are_refused():
    """A misspelt name is an AttributeError, and an ImportError where it is imported."""
    with pytest.raises(AttributeError, match="'lemmata' has no attribute 'Scalings'"):
        lemmata.Scalings  # noqa: B018
    with pytest.raises(ImportError, match="Scalings"):
        from lemmata import Scalings  # noqa: F401


def test_the_door_is_light():
    """Neither the package nor its pytest plug-in loads what is not asked for."""
    heavy = "[name for name in ('torch', 'scipy', 'hypothesis', 'lemmata.claims') if name in sys.modules]"
    program = f"import sys, lemmata, lemmata.plugin; dir(lemmata); print({heavy}); lemmata.Setting; print({heavy})"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n[]\n"


def imported(source: str) -> set[str]:
    """Modules of this house that a program imports from."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or ".")
    return {name for name in names if name.partition(".")[0] in ("lemmata", "tests", "benchmarks", "")}


@pytest.mark.parametrize("source", [*EXAMPLES.values(), *BLOCKS.values()], ids=[*EXAMPLES, *BLOCKS])
def test_examples_and_documents_use_the_door(source):
    """Whoever copies them needs to know nothing of the rooms."""
    assert imported(source) <= {"lemmata"}


def test_the_rule_is_able_to_fail():
    """An import of a room is seen, and there are examples and documents to look at."""
    assert imported("import torch\nfrom lemmata.claims.case import Case") == {"lemmata.claims.case"}
    assert any("lemmata" in imported(source) for source in EXAMPLES.values())
    assert any("lemmata" in imported(source) for source in BLOCKS.values())
