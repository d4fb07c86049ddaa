"""Claims stated in a file of one's own: they run everywhere, and their mistakes are one line that says where."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lemmata.audit.cli import main
from lemmata.claims import REGISTRY
from lemmata.claims.from_file import ClaimFileError, forget, load_claims

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "du_et_al_2019.py"
ID = "du-et-al-2019/gradient-lower-bound"
SIZES = ["--widths", "128,512,2048", "--samples", "2", "--depths", "1", "--initialisations", "64"]


@pytest.fixture
def stated(tmp_path):
    """A function that writes the example with something replaced; what it registered is forgotten afterwards."""
    file = tmp_path / "mine.py"

    def write(old: str = "", new: str = "") -> str:
        source = EXAMPLE.read_text()
        assert old in source
        file.write_text(source.replace(old, new, 1) if old else source)
        return str(file)

    yield write
    forget(str(file))


@pytest.mark.parametrize(("power", "verdict"), [("1", "supported"), ("'3/2'", "refuted")])
def test_the_example_is_judged(power, verdict, stated, capsys):
    """The lemma as meant is supported; with a wrong exponent of the width it is refuted."""
    file = stated("Scaling(m=1)", f"Scaling(m={power})")
    status = main(["audit", "--claims-from", file, "du-et-al-2019/*", *SIZES, "--format", "json"])
    assert json.loads(capsys.readouterr().out)["claims"][ID]["verdict"] == verdict
    assert status == (verdict == "refuted")


def test_the_papers_claims_stay(stated, capsys):
    """A file adds to the registry: `list` and `show` know both."""
    file = stated()
    assert main(["list", "--claims-from", file, "--format", "json"]) == 0
    ids = [row["id"] for row in json.loads(capsys.readouterr().out)]
    assert {ID, "cao-gu-2020/lemma-5.1a"} <= set(ids)
    assert main(["show", "--claims-from", file, ID, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == ID


def test_a_person_s_constants_lie_beside_the_file(stated, capsys):
    """`--write-constants` leaves the papers' constants alone, and pytest and the controls find those it wrote."""
    file = stated()
    papers = (ROOT / "claims" / "constants.toml").read_bytes()
    assert main(["audit", "--claims-from", file, ID, *SIZES, "--write-constants"]) == 0
    assert (ROOT / "claims" / "constants.toml").read_bytes() == papers
    assert ID in Path(file).with_suffix(".toml").read_text()
    capsys.readouterr()
    assert main(["controls", "--claims-from", file, ID, "--format", "json"]) == 0
    verdicts = {c["name"]: c["verdict"] for c in json.loads(capsys.readouterr().out)["claims"][ID]["controls"]}
    assert verdicts["constant doubled"] == "refuted"
    command = [sys.executable, "-m", "pytest", "tests/test_claims.py", "--claims-from", file, "--claims", ID]
    run = subprocess.run([*command, "-k", "test_claim"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert ID in run.stdout


@pytest.mark.parametrize(
    ("old", "new", "at", "words"),
    [
        ('kind="SCALE"', 'kind="scale"', "@claim(", ["kind='scale'", "EXACT, DET"]),
        ('bound="lower"', 'bound="below"', "@claim(", ["bound='below'", "upper, lower"]),
        ('    bound="lower",\n', "", "@claim(", ["'bound'"]),
        ('    kind="SCALE"', '    kin="SCALE"', "@claim(", ["kin"]),
        ('"du-et-al-2019/gradient-lower-bound"', '"gradient"', "@claim(", ["id='gradient'", "paper/statement"]),
        ('"du-et-al-2019/gradient-lower-bound"', '"cao-gu-2020/lemma-5.3"', "@claim(", ["registered twice"]),
        ("Scaling(m=1),", '"m",', "@claim(", ["terms=('m',)", "Scalings"]),
        ("Scaling(m=1)", 'Scaling(m="a")', "Scaling(m=", ["m='a'", "rational"]),
        ("    setting=CAO_GU_2020,", "    # setting,", "@claim(", ["setting must be given"]),
        ('"n": (2, 4, 8, 15)', '"q": (2, 4, 8, 15)', "@claim(", [ID, "q=(2, 4, 8, 15)", "allowed: m, L"]),
        ('"n": (2, 4, 8, 15)', '"d": (8, 16)', "@claim(", [ID, "d=(8, 16)", "fixes at 16", "allowed: m, L"]),
        ("import torch", "import torhc", "torhc", ["No module named 'torhc'"]),
        ("def gradient_is_large(", "def gradient_is_large((", "def ", ["SyntaxError"]),
        ("import torch", "raise SystemExit(3)", "raise", ["SystemExit"]),
    ],
    ids=str,
)
def test_a_mistake_is_named_with_file_line_and_field(old, new, at, words, stated, capsys):
    """Status 2 and one line; nothing stays registered."""
    file = stated(old, new)
    before = list(REGISTRY)
    assert main(["list", "--claims-from", file]) == 2
    said = capsys.readouterr().err
    line = next(number for number, text in enumerate(Path(file).read_text().splitlines(), 1) if at in text)
    assert said.startswith(f"lemmata: --claims-from {file}, line {line}: "), said
    assert all(word in said for word in words), said
    assert said.count("\n") == 1
    assert list(REGISTRY) == before


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("gradient**2", "gradient.no_such", ["no_such"]),
        ("gradient**2, (", "gradient[:, None].expand(-1, 5), (", ["size"]),
        ("return Measurement(", "return (", ["tuple"]),
    ],
)
def test_a_measurement_that_fails_is_named(old, new, words, stated, capsys):
    """What a worker raises while it measures ends as one line with the claim, the file and the line."""
    file = stated(old, new)
    assert main(["audit", "--claims-from", file, ID, *SIZES]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"lemmata: {file}, line ")
    assert ID in said
    assert all(word in said for word in words), said
    assert said.count("\n") == 1


@pytest.mark.parametrize("name", ["absent.py", "folder.py", "claims.txt"])
def test_what_is_no_python_file_is_refused(name, tmp_path):
    """A folder, another suffix or nothing at all."""
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "claims.txt").write_text("")
    with pytest.raises(ClaimFileError, match="is no Python file"):
        load_claims(str(tmp_path / name))


def test_a_file_without_claims_is_refused(tmp_path):
    """Forgetting the decorator is said, and does not pass for an audit of nothing."""
    file = tmp_path / "none.py"
    file.write_text("x = 1\n")
    with pytest.raises(ClaimFileError, match="states no claim"):
        load_claims(str(file))
