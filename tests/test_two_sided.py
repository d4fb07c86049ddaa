"""Two-sided claims, c · rhs ≤ lhs ≤ C · rhs: they fall with either side, stand with both, and show as one claim."""

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import lemmata
from lemmata.audit.cli import main
from lemmata.audit.judge.sides import joined
from lemmata.audit.judge.verdicts import Finding
from lemmata.audit.show.baseline import drift
from lemmata.claims import REGISTRY, select
from lemmata.claims.constants import audited_constants
from lemmata.claims.from_file import ClaimFileError, forget, load_claims
from lemmata.verify import PROFILES, NotAsExpected, verify
from tests.assertions import assert_close

STATED = """
from lemmata import CAO_GU_2020, Control, Domain, Measurement, Paper, Plan, Scaling, claim

MINE = Paper("mine-2026", "Mine (2026)")
SMALL = Domain(m=(16, None), L=(1, 1), n=(1, 4), draws={"m": (16, 64), "n": (2, 2)})
WIDTHS = Plan(lines={"m": (16, 64, 256, 1024)}, initialisations=16)


def lemma(name, **data):
    fields = dict(source=MINE.at(name), statement="x", setting=CAO_GU_2020, kind="SCALE", bound="both", domain=SMALL)
    return claim(f"mine-2026/{name}", **(fields | dict(plan=WIDTHS, probability="at least 1 - delta") | data))


def size(case):
    return Measurement(case.at_initial.preactivations[0].abs().mean(-1), axes=("example",))


def tenfold(case):
    return Measurement(10 * size(case).lhs, axes=("example",))


TRUE = (Scaling(m="-1/2"),)
lemma("true", terms=TRUE, controls=(Control("tenfold", "ten times as large", measure=tenfold),))(size)
lemma("survives@printed", terms=TRUE, expected="refuted")(size)
lemma("flat")(size)
lemma("flat@printed", expected="refuted")(size)
lemma("steep", terms=(Scaling(m=-1),))(size)
"""

ENTRY = '["mine-2026/{id}"]\nconstant = {constant}\nat = "m=16,n=2"\nseed = 0\nprovenance = "before"\n\n'
AT_SIXTEEN = {"true": (0.8, 1.6), "flat": (0.2, 0.4), "steep": (3.2, 6.4), "survives": (0.8, 1.6)}
"""Constants (c, C) that the statements have at m = 16, where E|z| = √(2/π) · √(2/m) = 0.28."""


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The file that states them; forgotten afterwards."""
    path = tmp_path / "mine.py"
    path.write_text(STATED)
    monkeypatch.chdir(tmp_path)
    yield path
    forget(str(path))
    assert not [id for id in REGISTRY if id.startswith("mine-2026/")]


@pytest.fixture
def constants(file):
    """Constants beside it that fit its narrowest networks."""
    entries = [
        ENTRY.format(id=f"{name}.{side}", constant=constant)
        for name, both in AT_SIXTEEN.items()
        for side, constant in zip(("lower", "upper"), both, strict=True)
    ]
    file.with_suffix(".toml").write_text("".join(entries))
    return file


def output(capsys, *arguments) -> tuple[int, str]:
    """The status and what was printed."""
    status = main([arguments[0], "--claims-from", "mine.py", *arguments[1:]])
    return status, capsys.readouterr().out


def stated(file: Path) -> dict[str, lemmata.Claim]:
    """Its claims, by what follows the paper."""
    return {claim.id.partition("/")[2]: claim for claim in load_claims(str(file))}


@pytest.mark.parametrize(
    ("name", "verdict", "side"),
    [("true", "supported", ""), ("flat", "refuted", "lower"), ("steep", "refuted", "upper")],
)
def test_the_audit_refutes_what_either_side_breaks(name, verdict, side, file, capsys):
    """A mean of |z| ∝ m^(-1/2) is Θ(m^(-1/2)): Θ(1) falls from below and Θ(1/m) from above, with their exponent."""
    status, text = output(capsys, "audit", f"mine-2026/{name}", "--format", "json")
    found = json.loads(text)["claims"][f"mine-2026/{name}"]
    assert (status, found["verdict"]) == (int(verdict == "refuted"), verdict)
    assert found["exponents"]["m"]["low"] < -1 / 2 < found["exponents"]["m"]["high"]
    assert 0 < found["lower"]["estimate"] < found["constant"]["estimate"]
    assert found["about"]["bound"] == "both"
    if side:
        assert found["reason"].startswith(f"{side} side: the ratio outgrows every constant in m")
        assert f"'mine-2026/{name}.{side}:" in found["replay"]


def test_a_row_shows_both_constants(file, capsys):
    """The lower side's and the upper side's, each with its interval."""
    _, text = output(capsys, "audit", "true")
    row = next(line for line in text.splitlines() if line.startswith("true"))
    number = r"[\d.]+ \[[\d.]+, [\d.]+\]"
    assert re.search(f"Θ +supported +{number} … {number} .*m\\^-0.5.* \\(claimed -1/2\\)", row)


@pytest.mark.parametrize(("name", "broken"), [("true", None), ("flat", "lower"), ("steep", "upper")])
def test_the_tests_refute_what_either_side_breaks(name, broken, constants):
    """With constants of narrow networks: the side that wider ones break is named, with its replay; the true stands."""
    claim = stated(constants)[name]
    rows: list[tuple[str, ...]] = []
    if broken is None:
        assert verify(claim, profile=PROFILES["ci"], report=rows.append).verdict == "supported"
        assert [row[:2] for row in rows] == [(f"mine-2026/true.{side}", "supported") for side in ("upper", "lower")]
        return
    with pytest.raises(NotAsExpected, match=rf"mine-2026/{name}\.{broken} is violated") as raised:
        verify(claim, profile=PROFILES["ci"])
    command = re.search(r"lemmata (replay .+)", str(raised.value))
    assert command is not None
    assert main(shlex.split(command[1])) == 1


def test_of_a_false_reading_one_side_must_fall(constants):
    """Θ(1) falls by its lower side, though the upper one holds; one that is true in fact is not as expected."""
    claims = stated(constants)
    outcome = verify(claims["flat@printed"], profile=PROFILES["ci"])
    assert outcome.verdict == "refuted"
    assert "mine-2026/flat.lower@printed is violated" in outcome.words
    with pytest.raises(
        NotAsExpected, match=r"survives\.upper@printed is expected to be refuted and survived(.|\n)*survives\.lower"
    ):
        verify(claims["survives@printed"], profile=PROFILES["ci"])


def test_constants_are_stored_for_each_side_that_has_one(file, capsys):
    """No constant is below every multiple of m^(-1/2) but 0, and the tests have nothing to hold that side to."""
    output(capsys, "audit", "true", "flat", "--write-constants")
    assert {"mine-2026/true.lower", "mine-2026/true.upper", "mine-2026/flat.upper"} == {
        id for id in audited_constants() if id.startswith("mine-2026/")
    }
    lower, upper = (float(audited_constants()[f"mine-2026/true.{side}"]["constant"]) for side in ("lower", "upper"))
    assert lower < 2 / torch.pi**0.5 < upper
    with pytest.raises(NotAsExpected, match=r"flat\.lower has no constant .*'mine-2026/flat' --write-constants"):
        verify(stated(file)["flat"], profile=PROFILES["light"])
    status, text = output(capsys, "controls", "true", "--format", "json")
    verdicts = {c["name"]: c["verdict"] for c in json.loads(text)["claims"]["mine-2026/true"]["controls"]}
    assert status == 0
    assert verdicts["tenfold"] == "refuted", "one side is enough"
    assert verdicts["upper: constant halved"] == verdicts["lower: constant doubled"] == "refuted"
    assert {"upper: m -1/6", "lower: m +1/6"} <= set(verdicts)


def test_it_shows_as_one_claim(constants, capsys):
    """Neither a list nor a pattern has its sides; its row has both constants."""
    assert list(stated(constants)) == ["true", "survives@printed", "flat", "flat@printed", "steep"]
    assert [claim.id for claim in select(("*flat*",))] == ["mine-2026/flat", "mine-2026/flat@printed"]
    with pytest.raises(LookupError):
        select(("true.upper",))
    row = json.loads(output(capsys, "list", "true", "--format", "json")[1])[0]
    assert (row["bound"], row["constant"]["value"], row["lower"]["value"]) == ("both", 1.6, 0.8)
    assert "Θ" in (line := output(capsys, "list", "true")[1])
    assert "Θ(m^(-1/2))" in line
    assert main(["show", "--claims-from", "mine.py", "true.upper"]) == 2


FINDINGS = [
    (("supported", "supported"), "supported", "upper side: 0; lower side: 1", 0),
    (("supported", "refuted"), "refuted", "lower side: 1", 1),
    (("refuted", "inconclusive"), "refuted", "upper side: 0", 0),
    (("inconclusive", "refuted"), "refuted", "lower side: 1", 1),
    (("supported", "inconclusive"), "inconclusive", "lower side: 1", 1),
    (("inconclusive", "supported"), "inconclusive", "upper side: 0", 0),
    (("supported", "vacuous"), "inconclusive", "lower side: 1", 1),
    (("vacuous", "vacuous"), "vacuous", "upper side: 0; lower side: 1", 0),
]


@pytest.mark.parametrize(("verdicts", "verdict", "reason", "shown"), FINDINGS)
def test_sides_join(verdicts, verdict, reason, shown, file):
    """Refuted if one is, supported if both are; what is shown is of the side that is broken or open."""
    claim = stated(file)["true"]
    sides = [
        Finding(side, v, str(at), [], detectable=str(at))
        for at, (side, v) in enumerate(zip(claim.sides, verdicts, strict=True))
    ]
    whole = joined(claim, sides)
    assert (whole.claim, whole.verdict, whole.reason, whole.detectable) == (claim, verdict, reason, str(shown))


def test_check_shows_both_ratios(file):
    """The largest and the smallest of the examples'."""
    load_claims(str(file))
    torch.manual_seed(0)
    before = [torch.randn(64, 8, dtype=torch.float64) * (2 / 64) ** 0.5, torch.tensor([[1.0, -1.0] * 32])]
    inputs = torch.nn.functional.normalize(torch.randn(3, 8, dtype=torch.float64))
    after = [before[0] + 1e-4, before[1]]
    found = lemmata.check(before, after, inputs, torch.tensor([1.0, -1.0, 1.0]), claims="mine-2026/true")
    ratios = (inputs @ before[0].T).abs().mean(-1) * 8
    assert_close(found["true.upper"].ratio, ratios.max())
    assert_close(found["true.lower"].ratio, ratios.min())


def test_drift_is_seen_on_either_side(constants):
    """An interval above C, or below c, is beyond what the tests hold the claim to."""
    load_claims(str(constants))
    inside = {"estimate": 1.1, "low": 1.0, "high": 1.2}
    claim = {"constant": inside, "lower": inside, "about": {"bound": "both"}}
    assert drift({"claims": {"mine-2026/true": claim}}) == []
    above = claim | {"constant": {"estimate": 1.8, "low": 1.7, "high": 1.9}}
    below = claim | {"lower": {"estimate": 0.6, "low": 0.5, "high": 0.7}}
    assert drift({"claims": {"mine-2026/true": above}})[0].startswith("mine-2026/true.upper: constant 1.8")
    assert drift({"claims": {"mine-2026/true": below}})[0].startswith("mine-2026/true.lower: constant 0.6")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stated": 2.0}, "stated=2.0 must be None for both sides"),
        ({"part_of": "mine-2026/other"}, "part_of='mine-2026/other' must be left to two-sided claims"),
        ({"margin": 0.1}, "margin=0.1 must be None for bound='both'"),
    ],
)
def test_what_it_cannot_have_is_refused(changes, words, file):
    """One line that names field and value."""
    with pytest.raises(ValueError, match=re.escape(words)):
        replace(stated(file)["flat"], **changes)


def test_the_ids_of_its_sides_are_taken(file):
    """A claim of such a name is refused, and nothing of the file stays."""
    file.write_text(STATED + '\nlemma("true.upper", bound="upper")(size)\n')
    with pytest.raises(ClaimFileError, match=r"'mine-2026/true\.upper' is registered twice"):
        load_claims(str(file))


def test_only_its_sides_are_replayed(file, capsys):
    """A token of the whole says which ones it has."""
    assert main(["replay", "--claims-from", "mine.py", "mine-2026/flat:m=64"]) == 2
    assert "its sides, mine-2026/flat.upper and mine-2026/flat.lower" in capsys.readouterr().err
