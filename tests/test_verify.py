"""The verify job: what holds is supported, what does not falls with a case that replays."""

import re
import shlex
from dataclasses import replace

import pytest
import torch
from hypothesis import settings

from lemmata import verify as job
from lemmata.audit.cli import main
from lemmata.claims import REGISTRY
from lemmata.claims.case import Recipe
from lemmata.claims.from_file import ClaimFileError, forget, load_claims
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.measuring.evaluation import Evaluation
from lemmata.verify import PROFILES, NotAsExpected, verify

LIGHT = PROFILES["light"]
STATED = """
from lemmata import CAO_GU_2020, Domain, Measurement, Paper, Scaling, claim, context, derived, Derivation

MINE = Paper("mine-2026", "Mine (2026)")
SMALL = Domain(m=(8, 16), L=(1, 1), n=(1, 2))


def lemma(name, **data):
    fields = dict(source=MINE.at(name), statement="x", setting=CAO_GU_2020, kind="DET", bound="upper", domain=SMALL)
    return claim(f"mine-2026/{name}", **(fields | data))


@lemma("outputs-finite", terms=(Scaling(m=2),), stated=10.0)
def finite(case):
    return Measurement(case.at_initial.outputs.abs(), axes=("example", "output"))


@lemma("outputs-tiny", stated=1e-6)
def tiny(case):
    return Measurement(case.at_initial.outputs.abs(), axes=("example", "output"))


@lemma("outputs-tiny@printed", stated=1e-6, expected="refuted")
def printed(case):
    return Measurement(case.at_initial.outputs.abs(), axes=("example", "output"))


@lemma("outputs-finite@printed", terms=(Scaling(m=2),), stated=10.0, expected="refuted")
def never_falls(case):
    return Measurement(case.at_initial.outputs.abs(), axes=("example", "output"))


@lemma("open-constant", kind="SCALE")
def unknown(case):
    return Measurement(case.at_initial.outputs.abs(), axes=("example", "output"))


@lemma("broken", stated=1.0)
def broken(case):
    return Measurement(case.at_initial.no_such_thing)


@derived("mine-2026/arithmetic", source=MINE.at("a"), statement="x", setting=CAO_GU_2020)
def arithmetic(given):
    d = Derivation(given)
    d.at_most("compare", d.take("left", Scaling(m=1), "a"), d.take("right", Scaling(m=2), "b"))
    return d


context("mine-2026/words", source=MINE.at("b"), statement="x", instead="nothing can be", setting=CAO_GU_2020)
"""


@pytest.fixture
def stated(tmp_path, monkeypatch):
    """The claims of `STATED`, by what follows the paper; forgotten afterwards."""
    file = tmp_path / "lemmas.py"
    file.write_text(STATED)
    monkeypatch.chdir(tmp_path)
    yield {claim.id.partition("/")[2]: claim for claim in load_claims(str(file))}
    forget(str(file))
    assert not [id for id in REGISTRY if id.startswith("mine-2026/")]


def tried(claim, **options):
    """The outcome and the row that was reported."""
    rows: list[tuple[str, ...]] = []
    outcome = verify(claim, profile=LIGHT, report=rows.append, **options)
    return outcome, rows


def test_what_holds_is_supported(stated):
    """A true claim has as many cases as the profile draws, and a row that says so."""
    outcome, rows = tried(stated["outputs-finite"])
    assert outcome.verdict == "supported"
    assert rows[0][:4] == ("mine-2026/outputs-finite", "supported", "4", "32")


def test_what_does_not_hold_falls_with_the_command_that_shows_it(stated, capsys):
    """The smallest case is named, the row is reported, and the printed command finds the same violation."""
    rows: list[tuple[str, ...]] = []
    with pytest.raises(NotAsExpected, match="mine-2026/outputs-tiny is violated: 8 of 8") as raised:
        verify(stated["outputs-tiny"], profile=LIGHT, report=rows.append)
    assert rows[0][1] == "refuted"
    assert "m=8, L=1, n=1" in str(raised.value)
    found = re.search(r"replay +lemmata (replay --claims-from lemmas\.py .+)", str(raised.value))
    assert found is not None
    assert main(shlex.split(found[1])) == 1
    assert "1 of 1 violate it" in capsys.readouterr().out


def test_a_false_reading_must_fall(stated):
    """Its counterexample is the outcome; one that survives is not as expected."""
    outcome, rows = tried(stated["outputs-tiny@printed"])
    assert (outcome.verdict, rows[0][1]) == ("refuted", "refuted")
    assert "lemmata replay --claims-from lemmas.py 'mine-2026/outputs-tiny@printed:" in outcome.words
    with pytest.raises(NotAsExpected, match="is expected to be refuted and survived 4 cases"):
        verify(stated["outputs-finite@printed"], profile=LIGHT)


def test_a_claim_that_nothing_is_known_to_hold_to_is_no_test(stated):
    """Without a constant everything would pass: the command that finds one is named."""
    command = r"lemmata audit --claims-from lemmas\.py 'mine-2026/open-constant' --write-constants"
    with pytest.raises(NotAsExpected, match=command):
        verify(stated["open-constant"], profile=LIGHT)


def test_what_cannot_be_measured_is_named_with_its_line(stated):
    """An error of the file is no refutation."""
    rows: list[tuple[str, ...]] = []
    with pytest.raises(ClaimFileError, match=r"lemmas\.py, line \d+: measuring mine-2026/broken: AttributeError"):
        verify(stated["broken"], profile=LIGHT, report=rows.append)
    assert rows[0][1] == "error"


def test_derivations_and_words_are_judged_without_a_network(stated):
    """A derivation has a row, words have none and say what is tested instead."""
    outcome, rows = tried(stated["arithmetic"])
    assert (outcome.verdict, rows[0][:2]) == ("supported", ("mine-2026/arithmetic", "supported"))
    outcome, rows = tried(stated["words"])
    assert (outcome.verdict, outcome.words, rows) == ("not-executable", "nothing can be", [])


def drawn(claim, profile, monkeypatch) -> list[str]:
    """The cases that a profile draws."""
    seen = []
    count = job.count

    def counted(claim, configuration, recipe, **options):
        seen.append(f"{configuration.token()} {recipe}")
        return count(claim, configuration, recipe, **options)

    with monkeypatch.context() as patched:
        patched.setattr(job, "count", counted)
        verify(claim, profile=profile)
    return seen


def test_a_derandomised_profile_draws_the_same_cases_whatever_a_person_s_own_is(stated, monkeypatch):
    """Ours does not depend on theirs, nor theirs on ours."""
    claim, before = stated["outputs-finite"], settings.get_current_profile_name()
    cases = drawn(claim, PROFILES["ci"], monkeypatch)
    settings.register_profile("theirs", max_examples=1, derandomize=False, deadline=1)
    settings.load_profile("theirs")
    try:
        assert drawn(claim, PROFILES["ci"], monkeypatch) == cases
        assert settings.get_current_profile_name() == "theirs"
    finally:
        settings.load_profile(before)
    assert len(set(cases)) > 6


@pytest.mark.parametrize(("bound", "worst"), [("upper", 7.0), ("lower", -3.0)])
def test_the_worst_of_all_that_is_drawn_is_kept(bound, worst, stated, monkeypatch):
    """Also where it is among the first and more are drawn after it; of a lower bound it is the smallest."""
    ratios = torch.ones(job.MOST, dtype=torch.float64)
    ratios[3], ratios[5] = 7.0, -3.0

    def measured(claim, configuration, seed, numbers, recipe, *, device):
        part = ratios[list(numbers)]
        return Evaluation(part, part, part, None, None, [{}] * len(part), [Recipe()] * len(part))

    monkeypatch.setattr(job, "measure", measured)
    claim = replace(stated["outputs-finite"], bound=bound, stated=None, probability="high")
    limit = 0.0 if bound == "upper" else 2.0
    trial = job.count(claim, Configuration(), None, seed=0, device="cpu", alpha=1e-30, limit=limit)
    assert trial.evidence.trials > job.FIRST
    assert (trial.worst, trial.at) == (worst, 3 if bound == "upper" else 5)


def test_an_unknown_profile_is_refused(monkeypatch):
    """What is allowed is said."""
    monkeypatch.setenv("LEMMATA_PROFILE", "hasty")
    with pytest.raises(ValueError, match="LEMMATA_PROFILE='hasty' must be one of ci, dev, nightly, light"):
        job.profile()
    monkeypatch.setenv("LEMMATA_PROFILE", "light")
    assert job.profile() is LIGHT
