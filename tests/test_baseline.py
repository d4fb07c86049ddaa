"""An audit beside an earlier one: what counts as a change, how it is said, and with which status it ends."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from lemmata.audit.cli import main
from lemmata.audit.show import baseline, step_summary

SMALL = ["audit", "lemma-5.1a", "loss-curvature", "--widths", "64,256,1024", "--depths", "1", "--samples", "2"]
SMALL += ["--initialisations", "16"]
ID = "cao-gu-2020/lemma-5.1a"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("baseline")
    assert main([*SMALL, "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def document(folder) -> dict[str, Any]:
    return json.loads((folder / "audit.json").read_text())


def altered(document: dict[str, Any], **constant: float) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    changed["claims"][ID]["constant"] |= constant
    return changed


def test_the_same_audit_has_not_changed(folder, capsys):
    """Against its own audit.json a run ends with 0 and says nothing of changes."""
    assert main([*SMALL, "--baseline", str(folder / "audit.json"), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["baseline"]["changes"] == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("verdict", "refuted", f"{ID}: verdict refuted became supported"),
        ("constant", {"estimate": 3.0, "low": 2.9, "high": 3.1}, f"{ID}: constant 3 [2.9, 3.1] became "),
    ],
)
def test_a_change_is_status_1_and_named(field, value, said, document, tmp_path, capsys):
    """A changed verdict and a constant out of its interval are said with both values."""
    earlier = copy.deepcopy(document)
    entry = earlier["claims"][ID]
    entry[field] = entry[field] | value if isinstance(value, dict) else value
    (tmp_path / "earlier.json").write_text(json.dumps(earlier))
    assert main([*SMALL, "--baseline", str(tmp_path / "earlier.json")]) == 1
    assert f"baseline: {said}" in capsys.readouterr().out


def test_with_the_same_seed_the_estimate_must_stay_in_the_interval(document):
    """Both draw the same initialisations: even one bit beyond the interval is the code's doing."""
    now = document["claims"][ID]["constant"]["estimate"]
    inside = altered(document, low=now * 0.99, high=now * 1.01)
    assert baseline.changes(inside, document) == []
    outside = altered(document, estimate=now * 1.02, low=now * 1.01, high=now * 1.03)
    assert len(baseline.changes(outside, document)) == 1


@pytest.mark.parametrize(("moved", "changed"), [(1.0, 0), (1.05, 0), (2.0, 1), (0.5, 1)])
def test_with_another_seed_chance_is_allowed_for(moved, changed, document):
    """Intervals that miss each other a little are chance among many claims; a factor of two is not."""
    steady = altered(document, estimate=1.0, low=0.97, high=1.03)
    other = altered(document, estimate=moved, low=moved * 0.97, high=moved * 1.03)
    other["environment"]["seed"] = 1
    assert len(baseline.changes(steady, other)) == changed


def test_claims_of_one_audit_only_are_not_compared(document):
    """A new claim is no change, and one that was not asked for is none either."""
    fewer = copy.deepcopy(document)
    del fewer["claims"][ID]
    assert baseline.changes(fewer, document) == []
    assert baseline.changes(document, fewer) == []


def test_drift_is_beyond_the_constant_the_tests_use(document, monkeypatch):
    """An interval that lies above the audited constant is said, one that holds it is not."""
    monkeypatch.setattr(baseline, "audited_constants", lambda: {ID: {"constant": 0.1}})
    assert [line.partition(":")[0] for line in baseline.drift(document)] == [ID]
    monkeypatch.setattr(baseline, "audited_constants", lambda: {ID: {"constant": 9.0}})
    assert baseline.drift(document) == []


ELSEWHERE: dict[str, object] = dict.fromkeys(
    ("date", "command", "commit", "machine", "lemmata", "python", "torch", "device", "engine", "dtype"), ""
)
ELSEWHERE |= {"seed": 0, "delta": 0.05, "data": "digits"}


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "schema None must be 'lemmata-audit/1'"),
        ('{"schema": "lemmata-audit/0"}', "schema 'lemmata-audit/0'"),
        ('{"schema": "lemmata-audit/1"}', "write it again"),
        ('{"schema": "lemmata-audit/1", "environment": {}, "claims": {"a": {"verdict": 1}}}', "write it again"),
        (
            json.dumps({"schema": "lemmata-audit/1", "environment": ELSEWHERE, "claims": {}}),
            "data digits, this run has",
        ),
        (None, "No such file"),
    ],
)
def test_an_unusable_baseline_is_refused_before_anything_is_measured(content, word, tmp_path, capsys):
    """Status 2 and one line that names the option and the file."""
    file = tmp_path / "earlier.json"
    if content is not None:
        file.write_text(content)
    assert main([*SMALL, "--baseline", str(file)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"lemmata: --baseline {file}")
    assert word in said
    assert said.count("\n") == 1


def test_the_step_summary_is_appended(tmp_path, monkeypatch, capsys):
    """GitHub's file gets a table with a row per claim, after what is there already."""
    file = tmp_path / "summary.md"
    file.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    assert main(SMALL) == 0
    capsys.readouterr()
    text = file.read_text()
    assert text.startswith("before\n## lemmata: 2 claims, 0 verdicts not as expected")
    assert f"| `{ID}` | ≤ | supported |" in text


def test_the_step_summary_stays_below_github_s_limit(document):
    """What does not fit is left out from the end, and the summary says how much."""
    many = copy.deepcopy(document)
    many["claims"] = {f"{ID}{i}": document["claims"][ID] for i in range(200)}
    text = step_summary.summary(many, [f"change {i}" for i in range(20)], ["drift"], limit=5000)
    assert len(text.encode()) <= 5000
    assert "change 19" in text
    assert "lines left out" in text
