"""Claims stated in a file of one's own: they run everywhere, and their mistakes are one line that says where."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from lemmata.audit.cli import main
from lemmata.audit.judge.controls import NO_CONSTANT
from lemmata.audit.measure import versions
from lemmata.audit.measure.store import Store
from lemmata.audit.measure.sweep import Trials, run
from lemmata.audit.plan.job import Job
from lemmata.claims import REGISTRY
from lemmata.claims.constants import audited_constants
from lemmata.claims.from_file import LOADED, ClaimFileError, agree, forget, load_claims
from lemmata.claims.language.condition import Condition
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.measuring.replay import Replay
from lemmata.claims.opened import content_of
from lemmata.model.attacks import ATTACKS
from tests import forked

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
    status = main(["audit", "--claims-from", file, ID, *SIZES, "--format", "json"])
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


ENTRY = {"constant": "2.0", "at": '"m=256,d=16"', "seed": "3", "provenance": '"audited"'}


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        *(("constant", value, "a finite number") for value in ("true", "nan", "-inf", "9" * 400, "'1'", "[1]")),
        *(("at", value, "sizes") for value in ("3", "true", "{}")),
        *(("seed", value, "a whole number") for value in ("1.0", "-1", "true", "9" * 400)),
        ("provenance", "1979-05-27", "text"),
        ("constant", "9" * 5000, "cannot be read"),
        ("constant", "[" * 5000, "cannot be read"),
    ],
)
def test_constants_beside_a_file_are_checked_when_they_are_read(name, value, allowed, stated, capsys):
    """The line names the file, the claim, what is stored and what it must be."""
    file = stated()
    beside = Path(file).with_suffix(".toml")

    def write(entry: dict[str, str]) -> None:
        beside.write_text("\n".join([f"['{ID}']", *(f"{key} = {text}" for key, text in entry.items())]))

    write(ENTRY)
    assert main(["show", "--claims-from", file, ID, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["constant"]["value"] == 2.0
    forget(file)
    write({**ENTRY, name: value})
    assert main(["show", "--claims-from", file, ID]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"lemmata: --claims-from {beside}: ")
    assert printed.err.count("\n") == 1
    assert allowed in printed.err
    assert allowed == "cannot be read" or f"{ID} has {name} = " in printed.err


def test_constants_beside_a_file_are_those_of_its_claims(stated):
    """It takes no paper's constant away."""
    papers = audited_constants()["cao-gu-2020/lemma-5.1a"]
    file = stated()
    entry = "\n".join(f"{key} = {text}" for key, text in ENTRY.items())
    Path(file).with_suffix(".toml").write_text(f"['cao-gu-2020/lemma-5.1a']\n{entry}\n['{ID}']\n{entry}")
    load_claims(file)
    assert audited_constants()["cao-gu-2020/lemma-5.1a"] == papers
    assert audited_constants()[ID]["constant"] == 2.0


def test_a_person_s_constants_lie_beside_the_file(stated, capsys):
    """`--write-constants` leaves the papers' constants alone, and pytest and the controls find those it wrote.

    Before that twice a constant is no statement, which is neither refuted nor survives.
    """
    file = stated()
    papers = (ROOT / "claims" / "constants.toml").read_bytes()
    assert main(["controls", "--claims-from", file, ID, "--format", "json"]) == 0
    before = {c["name"]: c for c in json.loads(capsys.readouterr().out)["claims"][ID]["controls"]}
    assert before["constant doubled"]["verdict"] == "inconclusive"
    assert before["constant doubled"]["reason"] == NO_CONSTANT
    assert main(["audit", "--claims-from", file, ID, *SIZES, "--write-constants"]) == 0
    assert (ROOT / "claims" / "constants.toml").read_bytes() == papers
    assert ID in Path(file).with_suffix(".toml").read_text()
    capsys.readouterr()
    assert main(["controls", "--claims-from", file, ID, "--format", "json"]) == 0
    verdicts = {c["name"]: c["verdict"] for c in json.loads(capsys.readouterr().out)["claims"][ID]["controls"]}
    assert verdicts["constant doubled"] == "refuted"
    run = forked.run("pytest", "--claims-from", file, file, folder=ROOT, environment=os.environ)
    assert run.returncode == 0, run.stdout + run.stderr
    assert ID in run.stdout


@pytest.mark.parametrize(
    ("old", "new", "at", "words"),
    [
        ('kind="SCALE"', 'kind="scale"', "@claim(", ["kind='scale'", "EXACT, DET"]),
        ('bound="lower"', 'bound="below"', "@claim(", ["bound='below'", "upper, lower"]),
        ('    bound="lower",\n', "", "@claim(", ["'bound'"]),
        ('bound="lower"', "bound=None", "@claim(", ["bound=None", "upper, lower, equality or both"]),
        ('bound="lower"', 'bound="lower", stated=-1.0', "@claim(", ["stated=-1.0", "positive"]),
        ('bound="lower"', 'bound="lower", stated=float("nan")', "@claim(", ["stated=nan", "positive"]),
        ('bound="lower"', 'bound="lower", attacks="stay"', "@claim(", ["attacks='stay'", "tuple"]),
        ('bound="lower"', 'bound="lower", controls=("x",)', "@claim(", ["controls=('x',)", "Controls"]),
        ('bound="lower"', 'bound="lower", preconditions=("m >= 3",)', "@claim(", ["preconditions", "Conditions"]),
        ("terms=(Scaling(m=1),)", "terms=Scaling(m=1)", "@claim(", ["terms=", "tuple"]),
        ("terms=(Scaling(m=1),)", "terms=(Scaling(q=1),)", "@claim(", ["terms", "'q'", "allowed: m, L, n"]),
        ("n=(2, 16)", "n=2", "@claim(", ["domain n=2", "two positive whole numbers"]),
        ("n=(2, 16)", "n=(16, 2)", "@claim(", ["domain n=(16, 2)", "smaller one first"]),
        ("n=(2, 16)", "n=(0, 16)", "@claim(", ["domain n=(0, 16)"]),
        ("n=(2, 16)", "n=(2, 8)", "@claim(", ["plan line n=15 is outside of the domain's (2, 8)"]),
        ('"n": (2, 6)', '"n": (1, 6)', "@claim(", ["domain draws n=(1, 6) outside of n=(2, 16)"]),
        ("(256, 1024, 4096)", "256", "@claim(", ["plan line m=256", "tuple"]),
        ("(256, 1024, 4096)", "(0, -5)", "@claim(", ["plan line m=0", "positive whole number"]),
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
        ("gradient**2, (", "gradient[:, None].expand(-1, 5), (", ["(initialisations)", "of shape (2, 5)"]),
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


@pytest.mark.parametrize("relation", [">", "≥"])
def test_a_condition_has_a_relation_and_bounds(relation):
    """Anything else would hold or fail by accident."""
    with pytest.raises(ValueError, match="relation"):
        Condition("m", relation, (Scaling(n=1),))
    with pytest.raises(ValueError, match="bounds"):
        Condition("m", ">=", ())


def test_what_a_file_and_its_claims_print_is_no_output(stated):
    """A document on standard output is a document, whatever a person's own code prints, in whichever process."""
    file = stated("    residual =", '    print("MEASURING")\n    residual =')
    Path(file).write_text('print("LOADING")\n' + Path(file).read_text())
    arguments = ["--claims-from", file, ID, "--widths", "16,32", "--samples", "2", "--initialisations", "2"]
    command = [sys.executable, "-m", "lemmata", "audit", *arguments, "--format", "json"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ID in json.loads(said.stdout)["claims"]
    assert "LOADING" in said.stderr
    assert "MEASURING" in said.stderr


@pytest.mark.parametrize("value", ["nan", "-inf"])
def test_replay_is_of_the_audit_s_mind_about_a_side_that_is_no_number(value, stated, capsys):
    """No constant is known, and none would do: the audit refutes, and the command that it prints shows a violation."""
    file = stated("return Measurement(gradient**2", f'return Measurement(gradient**2 * float("{value}")')
    arguments = ["--claims-from", file, ID, "--widths", "16,32", "--samples", "2", "--initialisations", "8"]
    assert main(["audit", *arguments, "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)["claims"][ID]
    assert found["verdict"] == "refuted"
    assert main([*shlex.split(found["replay"])[1:], "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "refuted"


def test_a_file_is_read_as_it_is_now(stated, monkeypatch):
    """Changed within a second, at the same length, and where Python keeps what it compiles: it is the new text."""
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    for power in (1, 2, 3):
        file = stated("Scaling(m=1)", f"Scaling(m={power})")
        (claim,) = load_claims(file)
        assert claim.terms == (Scaling(m=power),)
        forget(file)


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


LEMMA = '''"""A lemma whose constant is in a module beside it."""

import {module} as beside
from lemmata import CAO_GU_2020, Domain, Measurement, Paper, claim

SMALL = Domain(m=(8, 16), L=(1, 1), n=(1, 2))


@claim(
    "{paper}/lemma",
    source=Paper("{paper}", "Mine").at("Lemma 1"),
    statement="x",
    setting=CAO_GU_2020,
    kind="DET",
    bound="upper",
    stated=beside.CONSTANT,
    domain=SMALL,
)
def lemma(case):
    return Measurement(beside.size(case.at_initial.outputs), axes=("example", "output"))
'''
BESIDE = "CONSTANT = {constant}\n\n\ndef size(x):\n    return x.abs()\n"


@pytest.fixture
def folder(tmp_path):
    """A function that writes a lemma and the module that it imports; what was loaded is forgotten afterwards."""
    written = []

    def write(name: str, constant: float = 1.0, module: str = "model") -> Path:
        place = tmp_path / name
        beside = place / Path(*module.split(".")).with_suffix(".py")
        beside.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(BESIDE.format(constant=constant))
        if module.startswith("claims."):
            beside.with_name("__init__.py").write_text("")
        (place / "lemmas.py").write_text(LEMMA.format(module=module, paper=name))
        written.append(place / "lemmas.py")
        return written[-1]

    yield write
    for file in written:
        forget(str(file))


@pytest.mark.parametrize("module", ["model", "claims.constants", "parts.constants"])
def test_a_module_beside_the_file_is_importable(module, folder, tmp_path):
    """Also in a folder without `__init__.py`, and whatever the rooms of this house are called; nothing of it stays."""
    audited_constants()  # brings in what reads it
    path, modules = list(sys.path), dict(sys.modules)
    (claim,) = load_claims(str(folder("mine", 2.0, module)))
    assert claim.stated == 2.0
    assert sys.path == path
    assert {name for name in sys.modules if name not in modules} == {claim.measure.__module__}
    assert all(sys.modules[name] is module for name, module in modules.items())


def test_two_folders_have_each_their_own(folder, monkeypatch):
    """Two modules of one name are two, in either order, and a third that is in use is left where it was."""
    theirs = ModuleType("model")
    monkeypatch.setitem(sys.modules, "model", theirs)
    files = [str(folder("one", 1.0)), str(folder("two", 2.0))]
    claims = [claim for file in files for claim in load_claims(file)]
    assert [claim.stated for claim in claims] == [1.0, 2.0]
    assert [claim.measure.__globals__["beside"].CONSTANT for claim in claims] == [1.0, 2.0]
    assert sys.modules["model"] is theirs


def test_a_module_of_the_folder_is_run_once(folder):
    """Two files of a folder share the module that both import, as two modules of a program do."""
    first = folder("mine")
    second = first.with_name("more.py")
    second.write_text(first.read_text().replace("mine/lemma", "mine/more"))
    one, two = (load_claims(str(file))[0] for file in (first, second))
    assert one.measure.__globals__["beside"] is two.measure.__globals__["beside"]
    forget(str(second))


def test_claims_that_a_module_beside_the_file_states_are_the_file_s(folder):
    """They have its constants and its replay command, and go with it."""
    file = folder("mine")
    inner = file.with_name("stated.py")
    inner.write_text(file.read_text().replace("mine/lemma", "mine/inner"))
    file.write_text("import stated\n" + file.read_text())
    assert [claim.id for claim in load_claims(str(file))] == ["mine/inner", "mine/lemma"]
    forget(str(file))
    assert "mine/inner" not in REGISTRY


def test_an_attack_of_the_file_goes_with_it(folder):
    """A file that is mended and loaded again may state its attack again."""
    file = folder("mine", 1.0)
    attack = """
from lemmata import Informed, Pair, Target, attack


@attack("of-my-own", aims=(), informed=Informed.CHANCE)
def stay(target: Target) -> Pair:
    return Pair(target.still(), target.still())
"""
    text = file.read_text()
    file.write_text(attack + text.replace("stated=", "state="))
    with pytest.raises(ClaimFileError, match="state"):
        load_claims(str(file))
    assert "of-my-own" not in ATTACKS
    file.write_text(attack + text.replace("stated=", 'attacks=("of-my-own",), stated='))
    (claim,) = load_claims(str(file))
    assert claim.attacks == ("of-my-own",)
    forget(str(file))
    assert "of-my-own" not in ATTACKS


def test_a_broken_module_beside_the_file_is_named(folder):
    """The line of the file that imports it, and what is wrong there; nothing stays registered."""
    file = folder("mine")
    file.with_name("model.py").write_text("def size(\n")
    with pytest.raises(ClaimFileError, match=r"lemmas\.py, line 3: SyntaxError: .*model\.py, line 1"):
        load_claims(str(file))
    assert "model" not in sys.modules
    file.with_name("model.py").write_text(BESIDE.format(constant=3.0))
    assert load_claims(str(file))[0].stated == 3.0


def test_several_files_may_be_given(folder, capsys):
    """Every command that takes one takes several; workers read them too, modules beside them included."""
    files = [str(folder(name, constant)) for name, constant in (("one", 10.0), ("two", 10.0))]
    for file in map(Path, files):  # a module of each that is imported as the claim is measured, of one name
        file.with_name("late.py").write_text("from model import size\n")
        called = "    import late\n    return Measurement(late.size("
        file.write_text(file.read_text().replace("    return Measurement(beside.size(", called))
    given = [word for file in files for word in ("--claims-from", file)]
    assert main(["list", *given, "*/lemma", "--format", "json"]) == 0
    assert [row["id"] for row in json.loads(capsys.readouterr().out)] == ["one/lemma", "two/lemma"]
    sizes = ["--widths", "8,16", "--depths", "1", "--samples", "1,2", "--initialisations", "4"]
    assert main(["audit", *given, "*/lemma", *sizes, "--format", "json"]) in (0, 1)
    claims = json.loads(capsys.readouterr().out)["claims"]
    assert list(claims) == ["one/lemma", "two/lemma"]
    for file, found in zip(files, claims.values(), strict=True):
        assert found["replay"].startswith(f"lemmata replay --claims-from {file} '")
        words = shlex.split(found["replay"])
        assert main(words[1:]) in (0, 1)
        capsys.readouterr()


def test_a_replay_command_is_short_where_the_file_is_near(folder, monkeypatch):
    """Below the current folder by its relative path, quoted where a shell needs it."""
    file = folder("my lemmas")
    file.write_text(file.read_text().replace("my lemmas", "mine"))
    (claim,) = load_claims(str(file))
    monkeypatch.chdir(file.parent.parent)
    assert Replay(claim, Configuration(), 0, (0,)).command().startswith("lemmata replay --claims-from 'my lemmas/")
    monkeypatch.chdir(ROOT)
    assert str(file) in Replay(claim, Configuration(), 0, (0,)).command()


def test_check_takes_a_file_too(folder, tmp_path, capsys):
    """A claim of one's own is checked beside the papers'."""
    file = str(folder("mine", 10.0))
    W, V = np.eye(8)[:, :4], np.array([[1.0, -1.0] * 4])
    np.savez(tmp_path / "w.npz", W1=W, V=V)
    np.savez(tmp_path / "u.npz", W1=W + 0.01, V=V)
    np.savez(tmp_path / "d.npz", X=np.eye(4)[:2], y=[1.0, -1.0])
    weights, moved, data = (str(tmp_path / f"{name}.npz") for name in "wud")
    arguments = ["check", "--init", weights, "--trained", moved, "--data", data, "--claims-from", file]
    assert main([*arguments, "mine/*", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["claims"]["mine/lemma"]
    assert found["ratio"] == 0.1, found


def test_a_version_depends_on_the_modules_beside_the_file(folder):
    """On those that it imports, in folders too, and on itself."""
    file = folder("mine", 1.0, "parts.model")
    (file.parent / "unrelated.py").write_text("x = 1\n")
    (claim,) = load_claims(str(file))
    before = versions.claim_version(claim)
    (file.parent / "unrelated.py").write_text("x = 2\n")
    assert versions.claim_version(claim) == before
    for edited in (file.parent / "parts" / "model.py", file):
        edited.write_text("CONSTANT = 2\n")
        assert versions.claim_version(claim) != before
        before = versions.claim_version(claim)


def test_a_version_depends_on_all_that_claims_are_measured_with(folder, tmp_path, monkeypatch):
    """A claim of one's own may reach any module of the model, by a name of the door or inside a function."""
    (claim,) = load_claims(str(folder("mine")))
    before = versions.claim_version(claim)
    copy = tmp_path / "model"
    copy.mkdir()
    (copy / "kernels.py").write_text("# edited")
    monkeypatch.setattr(versions.model, "__path__", [str(copy)])
    versions._whole_rooms.cache_clear()
    assert versions.claim_version(claim) != before
    versions._whole_rooms.cache_clear()


FILE = """
import importlib, json, pathlib, sys
from lemmata import Scaling, Size, gaussian, lemma

sys.path.insert(0, {elsewhere!r})
import far

HERE = pathlib.Path(__file__).parent
AT_LOAD = json.loads((HERE / "load.json").read_text())


def of(name):
    try:
        return float((HERE / name).read_text())
    except FileNotFoundError:
        return 1.0


@lemma("{name}/norm", "g", sizes={{"n": Size(4, 16)}}, scaling=Scaling(n="1/2"))
def norm(rng, p):
    import late
    from parts import inner
    import parts.deep.inmost

    by_name = importlib.import_module("by_" + "name")
    k = AT_LOAD * far.k() * late.k * inner.k * parts.deep.inmost.k * by_name.k * of("later.txt") * of("none.txt")
    return k * gaussian(rng, p.n).norm()
"""
BROUGHT_IN = {
    "elsewhere/far.py": "from other import k as k0\ndef k():\n    import deeper\n    return deeper.k * k0\n",
    **{f"elsewhere/{name}.py": "k = 1.0\n" for name in ("other", "deeper")},
    **{f"own/{name}.py": "k = 1.0\n" for name in ("late", "parts/inner", "parts/deep/inmost", "by_name")},
    **{f"own/{name}": "1.0" for name in ("load.json", "later.txt")},
}
"""What two files share that lie beside each other, all of it brought in by the first."""


@pytest.fixture
def shared(tmp_path):
    """The folder of all these; afterwards Python's own state is as before."""
    path, modules = list(sys.path), dict(sys.modules)
    files = {f"own/{name}.py": FILE.format(elsewhere=str(tmp_path / "elsewhere"), name=name) for name in ("one", "two")}
    for name, text in {**BROUGHT_IN, **files}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    yield tmp_path
    for name in files:
        forget(str(tmp_path / name))
    sys.path[:] = path
    for name in sys.modules.keys() - modules.keys():
        del sys.modules[name]


def measured(folder: Path) -> Trials:
    """The second file's claim, in a process that has read both."""
    for name in ("one", "two"):
        load_claims(str(folder / "own" / f"{name}.py"))
        claim = REGISTRY[f"{name}/norm"]
        found = run(Job(claim.id, claim.problem.place(n=4), 2))
    return found


@pytest.mark.parametrize("name", [*BROUGHT_IN, "own/none.txt", "own/two.py", "own/one.py", "own/unrelated.py"])
def test_a_stored_result_depends_on_all_that_was_opened(name, shared, tmp_path):
    """Modules and data, when the file is run or its claim measured, whoever brought them in; not on another file."""
    trials = measured(shared)
    with Store(tmp_path / "out", resume=False) as store:
        store.put(trials)
        assert store.get(trials.job) is not None
        text = BROUGHT_IN.get(name, "1.0").replace("1.0", "2.0").replace("return ", "return 2 * ")
        (shared / name).write_text(text)
        kept = store.get(trials.job)
        assert (kept is None) == (name not in ("own/one.py", "own/unrelated.py"))
    if name in BROUGHT_IN:  # and it is another one
        for file in ("one", "two"):
            forget(str(shared / "own" / f"{file}.py"))
        assert measured(shared).lhs == [2 * value for value in trials.lhs]


LATE = """
from concurrent.futures import ThreadPoolExecutor
from lemmata import Scaling, Size, gaussian, lemma


def premise(p):
    from late import k
    return k < p.n


def factor():
    import late
    return late.k


@lemma("{name}/late", "g", sizes={{"n": Size(4, 16)}}, scaling=Scaling(n="1/2"), given=premise, constant=9)
def late(rng, p):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(factor).result(timeout=5) * gaussian(rng, p.n).norm()
"""


def test_a_module_is_found_whenever_a_function_imports_it(tmp_path, capsys):
    """A premise that a page asks, a thread of the measurement; of each folder its own."""
    seen = {}
    for name, k in (("one", 1.0), ("two", 2.0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "late.py").write_text(f"k = {k}\n")
        (tmp_path / name / "lemmas.py").write_text(LATE.format(name=name))
        load_claims(str(tmp_path / name / "lemmas.py"))
    for name in ("one", "two"):
        assert main(["show", f"{name}/late"]) == 0
        problem = REGISTRY[f"{name}/late"].problem
        seen[name] = run(Job(f"{name}/late", problem.place(n=4), 2)).lhs
        forget(str(tmp_path / name / "lemmas.py"))
    assert seen["two"] == [2 * value for value in seen["one"]]
    assert "late" not in sys.modules


def test_a_worker_that_has_met_an_older_file_reads_it_again(shared):
    """The processes of a running cluster outlive an audit; what did not change is not run again."""
    trials, before = measured(shared), REGISTRY["two/norm"]
    agree({file: dict(opened) for file, opened in LOADED.items()})
    assert REGISTRY["two/norm"] is before
    (shared / "own" / "load.json").write_text("2.0")
    agree({file: {path: content_of(path) for path in opened} for file, opened in LOADED.items()})
    assert run(trials.job).lhs == [2 * value for value in trials.lhs]


@pytest.mark.parametrize("how", ["importlib.import_module('shared')", "__import__('shared')", "shared_by_path()"])
def test_a_result_depends_on_what_the_file_brings_in(how, tmp_path):
    """A module that no import statement names, or that lies elsewhere, is part of a claim's version too."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "shared.py").write_text("CONSTANT = 1.0\nimport deeper\n")
    (elsewhere / "deeper.py").write_text("")
    (tmp_path / "parts").mkdir()
    file = tmp_path / "parts" / "lemmas.py"
    head = (
        f"import importlib, importlib.util, sys\nsys.path.insert(0, {str(elsewhere)!r})\n"
        "def shared_by_path():\n"
        f"    spec = importlib.util.spec_from_file_location('anything', {str(elsewhere / 'shared.py')!r})\n"
        "    module = sys.modules['anything'] = importlib.util.module_from_spec(spec)\n"
        "    spec.loader.exec_module(module)\n    return module\n"
        f"beside = {how}\n"
    )
    lemma = LEMMA.replace("import {module} as beside\n", "").replace("beside.size(", "abs(").format(paper="brought")
    file.write_text(head + lemma)
    before = set(sys.modules)
    try:
        (claim,) = load_claims(str(file))
        for name in ("shared.py", "deeper.py"):
            version = versions.claim_version(claim)
            (elsewhere / name).write_text((elsewhere / name).read_text() + "# edited\n")
            assert versions.claim_version(claim) != version
    finally:
        forget(str(file))
        sys.path.remove(str(elsewhere))
        for name in set(sys.modules) - before:
            del sys.modules[name]
