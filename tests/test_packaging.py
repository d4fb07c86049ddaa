"""What is installed: everything in the folders, under one name, beside whatever else a person has."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import metadata, version
from pathlib import Path

import pytest

from lemmata.audit.cli import main

ROOT = Path(__file__).parent.parent
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
ROOMS = SETUPTOOLS["package-dir"]  # a folder per package


def folder(package: str) -> Path:
    """Where a package lies: in its own room, or in the folder of the package above it."""
    above, _, name = package.rpartition(".")
    return ROOT / ROOMS[package] if package in ROOMS else folder(above) / name


def contents() -> dict[str, Path]:
    """Every file of every room by the path that it has when installed."""
    found = {}
    for package, room in ROOMS.items():
        for path in (ROOT / room).rglob("*"):
            if path.is_file() and path.parent.name != "__pycache__" and not path.name.startswith("."):
                found[f"{package.replace('.', '/')}/{path.relative_to(ROOT / room).as_posix()}"] = path
    return found


def run(*command: str | Path, cwd: Path, path: Path) -> str:
    """What a command prints, with a folder before all that is installed.

    Raises:
        AssertionError: if it fails.
    """
    environment = os.environ | {"PYTHONPATH": str(path)}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_folder_of_modules_is_installed():
    """`packages` in pyproject.toml names each of them, once, and nothing else."""
    modules = {path.parent for path in contents().values() if path.suffix == ".py"}
    assert sorted(map(folder, SETUPTOOLS["packages"])) == sorted(modules)


def test_every_data_file_is_installed():
    """`package-data` in pyproject.toml has a pattern for each, and no pattern without a file."""
    data = {path for path in contents().values() if path.suffix != ".py"}
    found = [
        set(folder(package).glob(pattern))
        for package, patterns in SETUPTOOLS["package-data"].items()
        for pattern in patterns
    ]
    assert all(found)
    assert set.union(*found) == data


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel, built from a copy: setuptools leaves a `build` where it works, and would pack what lies there."""
    place = tmp_path_factory.mktemp("wheel")
    left = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__", "audit-results")
    shutil.copytree(ROOT, place / "source", ignore=left)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", place, place / "source"]
    subprocess.run(build, check=True)
    (file,) = place.glob("*.whl")
    return file


@pytest.mark.slow
def test_a_wheel_has_every_file_under_one_name(wheel):
    """Every module and data file is under `lemmata/`; beside it there is only what describes the distribution."""
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names} == {"lemmata", f"lemmata-{version('lemmata')}.dist-info"}
    assert {name for name in names if name.startswith("lemmata/")} == set(contents())


@pytest.mark.slow
def test_an_installed_copy_lives_beside_anybodys_model(wheel, tmp_path):
    """Where a person works, `model.py` and `claims/` are the person's, and the commands are ours."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    (tmp_path / "work" / "claims").mkdir(parents=True)
    for file in ("model.py", "claims/__init__.py"):
        (tmp_path / "work" / file).write_text("raise ImportError('not for lemmata')\n")
    place = {"cwd": tmp_path / "work", "path": tmp_path / "site"}
    where = run(sys.executable, "-c", "import lemmata; print(lemmata.__file__)", **place)
    assert Path(where.strip()) == tmp_path / "site" / "lemmata" / "__init__.py"
    assert "lemma-5.1a" in run(sys.executable, "-m", "lemmata", "list", "lemma-5.*", **place)


def test_the_version_is_that_of_the_distribution(capsys):
    """`lemmata --version` says what is installed."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"lemmata {version('lemmata')}\n"


def test_the_citation_is_of_this_version():
    """`CITATION.cff` and the distribution agree, and name the same licence."""
    lines = (ROOT / "CITATION.cff").read_text().splitlines()
    assert {f"version: {version('lemmata')}", f"license: {metadata('lemmata')['License-Expression']}"} <= set(lines)


def test_the_module_is_the_program():
    """`python -m lemmata` does what `lemmata` does, and goes by that name."""
    assert run(sys.executable, "-m", "lemmata", "--help", cwd=ROOT, path=ROOT).startswith("Usage: lemmata [OPTIONS]")


def test_packages_of_the_same_name_hide_nothing(tmp_path):
    """Dependencies install `benchmarks` or `tests` of their own: our tests and benchmarks run all the same."""
    for name in ("benchmarks", "docs", "examples", "tests"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise ImportError('somebody else')\n")
    place = {"cwd": ROOT, "path": tmp_path}
    assert "usage" in run(sys.executable, "benchmarks/error_rates.py", "--help", **place)
    pytest_program = Path(sys.executable).with_name("pytest")
    assert "collected" in run(pytest_program, "--collect-only", "tests/test_ledger_other_papers.py", **place)


def test_only_lemmata_and_tests_are_imported_by_name():
    """Any other folder's name may be somebody else's: benchmarks, examples and documents are run by their path."""
    others = {path.parent.name for path in ROOT.glob("*/*.py")} - {"lemmata", "tests"}
    assert {"benchmarks", "docs", "examples", "model"} <= others
    folders = [ROOT / name for name in (*others, "lemmata", "tests")]
    for path in [*ROOT.glob("*.py"), *(path for folder in folders for path in folder.rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not {name.partition(".")[0] for name in names} & others, f"{path.relative_to(ROOT)}: {names}"
