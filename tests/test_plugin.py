"""The plug-in in a repository of somebody else's: their claims are tests, and their tests are left alone."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests import forked

FILES = {
    "model.py": "WIDTHS = (8, 16)\n",
    "claims/__init__.py": "from claims.papers import MINE\n",
    "claims/papers.py": 'from lemmata import Paper\n\nMINE = Paper("mine", "Mine (2026)")\n',
    "lemmas.py": """
from claims import MINE
from model import WIDTHS

from lemmata import CAO_GU_2020, Domain, Measurement, Scaling, claim

DOMAIN = Domain(m=WIDTHS, L=(1, 1), n=(1, 2))


def lemma(name, stated):
    return claim(f"mine/{name}", source=MINE.at(name), statement="x", setting=CAO_GU_2020, kind="DET", bound="upper",
                 terms=(Scaling(m=2),), stated=stated, domain=DOMAIN)


@lemma("lemma-1", 10.0)
def holds(case):
    return Measurement(case.at_initial.outputs.abs(), axes=("example", "output"))


@lemma("lemma-2", 1e-9)
def falls(case):
    return Measurement(case.at_initial.outputs.abs(), axes=("example", "output"))
""",
    "tests/test_theirs.py": """
import pytest
from hypothesis import given, settings, strategies


@pytest.fixture
def seed():
    return 7


@pytest.mark.parametrize("claim", ["theirs"])
def test_with_names_of_ours(claim, seed):
    assert (claim, seed) == ("theirs", 7)


@given(device=strategies.integers())
def test_with_their_profile(device):
    assert settings().max_examples == 3
""",
    "conftest.py": """
from hypothesis import settings

settings.register_profile("theirs", max_examples=3)
settings.load_profile("theirs")
""",
    "pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests"]\nfilterwarnings = ["error"]\n',
}
CONFIGURED = 'lemmata_claims = ["lemmas.py"]\n'
THEIRS = [
    "tests/test_theirs.py::test_with_names_of_ours[theirs]",
    "tests/test_theirs.py::test_with_their_profile",
]
OURS = ["lemmas.py::mine/lemma-1", "lemmas.py::mine/lemma-2"]


ENVIRONMENT = {**os.environ, "LEMMATA_PROFILE": "light", "OMP_NUM_THREADS": "1"}


@pytest.fixture
def repository(tmp_path) -> Path:
    """Somebody's folder with a `model.py`, a package `claims`, a file of lemmas and tests."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def run(folder: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A module run as a program there, as where lemmata is installed."""
    return forked.run(program, *arguments, folder=folder, environment=ENVIRONMENT)


def outcomes(ended: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """What `pytest -v` prints of each test, in its order."""
    return dict(re.findall(r"^(\S+::\S+) (PASSED|FAILED|ERROR)", ended.stdout, re.MULTILINE))


def configure(folder: Path, more: str = CONFIGURED) -> None:
    (folder / "pyproject.toml").write_text(FILES["pyproject.toml"] + more)


def test_a_person_s_claims_are_tests_beside_their_own(repository):
    """With two lines of configuration; what falls is shown with a command that shows it again, and a row per claim."""
    configure(repository)
    ended = run(repository, "pytest", "-v")
    assert outcomes(ended) == dict(zip((*THEIRS, *OURS), ("PASSED", "PASSED", "PASSED", "FAILED"), strict=True))
    assert ended.returncode == 1
    assert len(re.findall(r"^ mine/lemma-\d +(supported|refuted) ", ended.stdout, re.MULTILINE)) == 2
    assert "Traceback" not in ended.stdout
    (command,) = set(
        re.findall(r"replay +lemmata (replay --claims-from lemmas\.py '.*')", ended.stdout)
    )  # CI's summary repeats it
    replayed = run(repository, "lemmata", *shlex.split(command), "--format", "json")
    assert replayed.returncode == 1, replayed.stderr
    assert json.loads(replayed.stdout)["cases"][0]["violated"]
    listed = run(repository, "lemmata", "list", "--claims-from", "lemmas.py", "mine/*", "--format", "json")
    assert [row["id"] for row in json.loads(listed.stdout)] == ["mine/lemma-1", "mine/lemma-2"]


def test_several_processes_test_the_same(repository):
    """Under pytest-xdist the workers find the same claims in the same order."""
    ended = run(repository, "pytest", "-n", "2", "-v", "--claims-from", "lemmas.py", "--claims", "lemma-1")
    passed = re.findall(r"PASSED (\S+)", ended.stdout)
    assert sorted(passed) == sorted([*THEIRS, OURS[0]]), ended.stdout
    assert " mine/lemma-1   supported " in ended.stdout


@pytest.mark.parametrize("arguments", [(), ("tests",), ("-p", "no:lemmata")], ids=["unasked", "named", "off"])
def test_nothing_happens_unasked(arguments, repository):
    """Without file and option, with other tests named, or turned off, nothing of ours runs or is even loaded."""
    configure(repository, CONFIGURED if arguments[:1] == ("tests",) else "")
    test = "import sys\n\n\ndef test_light():\n    assert not {'torch', 'lemmata.claims'} & set(sys.modules)\n"
    (repository / "tests" / "test_light.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-v", *arguments]
    ended = subprocess.run(command, cwd=repository, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert set(outcomes(ended)) == {*THEIRS, "tests/test_light.py::test_light"}
    assert ended.returncode == 0, ended.stdout
    assert "claims" not in ended.stdout.split("collecting")[1].replace("[theirs]", "")


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        pytest.param(("--claims-from", "lemmas.py"), [*THEIRS, *OURS], id="option", marks=pytest.mark.slow),
        pytest.param(("--claims-from", "lemmas.py", "."), [*OURS, *THEIRS], id="folder too"),
        pytest.param(
            ("--claims-from", "build/more.py", "--claims", "lemma-2", "build/more.py"),
            ["build/more.py::mine/lemma-2"],
            id="folder that is left out",
            marks=pytest.mark.slow,
        ),
        pytest.param(("lemmas.py", "--claims-from", "lemmas.py"), OURS, id="file too", marks=pytest.mark.slow),
        pytest.param(("lemmas.py::mine/lemma-2", "--claims-from", "lemmas.py"), OURS[1:], id="one id"),
        pytest.param(
            ("-o", "lemmata_claims=lemmas.py", "-o", "python_files=lem*.py test*.py", "."),
            [*OURS, *THEIRS],
            id="as a module too",
        ),
        pytest.param(
            ("--claims-from", "lemmas.py", "--claims", "mine/*-1"),
            [*THEIRS, OURS[0]],
            id="some",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_each_claim_is_collected_once(arguments, found, repository):
    """However the file is named, and whatever else would collect it."""
    (repository / "build").mkdir()
    (repository / "build" / "more.py").write_text(FILES["lemmas.py"].replace("from model", "WIDTHS = (8, 16)  #"))
    ended = run(repository, "pytest", "--collect-only", "-q", *arguments)
    assert ended.stdout.split("\n\n")[0].splitlines() == found, ended.stdout + ended.stderr


def test_options_of_others_stay_theirs(repository):
    """Where a conftest.py has a --seed and a --device of its own, ours are --claims-seed and --claims-device."""
    theirs = (
        'def pytest_addoption(parser):\n    parser.addoption("--seed")\n    parser.addoption("--device", type=int)\n'
    )
    (repository / "conftest.py").write_text(FILES["conftest.py"] + "\n\n" + theirs)
    test = "def test_theirs(request):\n    assert request.config.getoption('seed') == 'many'\n"
    (repository / "tests" / "test_option.py").write_text(test)
    ours = ["--claims-from", "lemmas.py", "--claims", "lemma-2", "--claims-seed", "5", "--claims-device", "cpu"]
    ended = run(repository, "pytest", "-v", "--seed", "many", "--device", "3", *ours)
    assert outcomes(ended)["tests/test_option.py::test_theirs"] == "PASSED", ended.stderr
    assert "seed=5" in ended.stdout


def test_the_short_options_are_ours_where_nobody_has_them(repository):
    """`--seed` moves every stream of the claims."""
    options = ["--claims-from", "lemmas.py", "--claims", "lemma-2", "lemmas.py"]
    ended = run(repository, "pytest", "-v", "--seed", "5", "--device", "cpu", *options)
    assert "seed=5" in ended.stdout


BROKEN = FILES["lemmas.py"].replace('bound="upper"', 'bound="above"')


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--claims-from", "absent.py"), 4, "absent.py: is no Python file"),
        (("--claims-from", "lemmas.py", "--claims", "nothing"), 4, "--claims nothing: no claim id matches"),
        (("--claims-from", "build/more.py", "."), 4, "--claims-from build/more.py: pytest does not look there"),
        (("--claims-seed", "-1"), 4, "--claims-seed -1: must be a whole number, at least 0"),
        (("-o", "lemmata_claims=gone.py"), 4, "gone.py: is no Python file"),
        (("--claims-from", "broken.py"), 2, "broken.py, line 15: ValueError: bound='above' must be one of upper"),
        (("--claims-from", "broken.py", "--claims", "*"), 4, "broken.py, line 15: ValueError: bound='above'"),
    ],
)
def test_a_mistake_is_a_line(arguments, status, words, repository):
    """Unusable arguments end the run; a broken file is an error of its own, named with its line."""
    (repository / "broken.py").write_text(BROKEN)
    (repository / "build").mkdir()
    (repository / "build" / "more.py").write_text(FILES["lemmas.py"])
    ended = run(repository, "pytest", *arguments)
    said = " ".join((ended.stdout + ended.stderr).split())
    assert words in said
    assert ended.returncode == status
    assert "Traceback" not in said
