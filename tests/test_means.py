"""Claims about means: within the margin, beyond it, or not enough initialisations, and how many it takes."""

import json
import math
import re
import shlex

import numpy as np
import pytest
import torch

from lemmata.audit.cli import main
from lemmata.audit.judge.means import FEWEST, MOST, Average, average
from lemmata.claims.case import Recipe
from lemmata.claims.from_file import forget, load_claims
from lemmata.claims.measuring.evaluation import Evaluation
from lemmata.verify import PROFILES, NotAsExpected, verify
from tests.assertions import assert_close, assert_found

STATED = """
import math

from lemmata import CAO_GU_2020, Domain, Measurement, Paper, claim

MINE = Paper("mine-2026", "Mine (2026)")
SMALL = Domain(m=(64, 128), L=(1, 2), n=(1, 2))


def lemma(name, **data):
    fields = dict(source=MINE.at(name), statement="x", setting=CAO_GU_2020, kind="EXACT", bound="equality")
    return claim(f"mine-2026/{name}", **(fields | dict(margin=0.1, domain=SMALL) | data))


@lemma("norm")
def norm(case):
    return Measurement(case.at_initial.features[-1][:, 0].square().sum(-1))


@lemma("half")
def half(case):
    return Measurement(norm.measure(case).lhs, (0.5,))


@lemma("output", margin=0.3)
def output(case):
    return Measurement(case.at_initial.outputs[:, 0, 0].square(), (1 - 1 / math.pi,))


@lemma("output@printed", margin=0.2, expected="refuted")
def printed(case):
    return Measurement(case.at_initial.outputs[:, 0, 0].square())


@lemma("every-example")
def several(case):
    return Measurement(case.at_initial.features[-1].square().sum(-1), axes=("example",))


@lemma("zero")
def zero(case):
    return Measurement(case.at_initial.outputs[:, 0, 0], (0.0,))
"""


@pytest.fixture
def stated(tmp_path, monkeypatch):
    """The claims of `STATED`, by what follows the paper; forgotten afterwards."""
    file = tmp_path / "mine.py"
    file.write_text(STATED)
    monkeypatch.chdir(tmp_path)
    yield {claim.id.partition("/")[2]: claim for claim in load_claims(str(file))}
    forget(str(file))


def audited(capsys, name, *arguments):
    """The audit's entry for one of them."""
    main(["audit", "--claims-from", "mine.py", f"mine-2026/{name}", "--format", "json", *arguments])
    return json.loads(capsys.readouterr().out)["claims"][f"mine-2026/{name}"]


def test_the_audit_judges_a_mean(stated, capsys):
    """E‖x_L‖² = 1 is supported, with its mean and that inside the margin; E‖x_L‖² = 1/2 is refuted and replays."""
    true, false = (audited(capsys, name) for name in ("norm", "half"))
    assert (true["verdict"], false["verdict"]) == ("supported", "refuted")
    assert true["constant"]["low"] < 1 < true["constant"]["high"]
    assert false["constant"]["low"] < 2 < false["constant"]["high"]
    assert "beyond 0.1" in false["reason"]
    assert main(shlex.split(false["replay"])[1:]) == 1
    assert "half: refuted, the mean is" in capsys.readouterr().out


def test_the_audit_says_how_many_initialisations_it_takes(stated, capsys):
    """With too few it is inconclusive; a few more than it says decide."""
    few = audited(capsys, "norm", "--initialisations", "48")
    assert few["verdict"] == "inconclusive"
    needed = int(re.search(r"needs about (\d+)", few["reason"])[1])
    assert 48 < needed < 5000
    assert audited(capsys, "norm", "--initialisations", str(2 * needed))["verdict"] == "supported"


def test_the_tests_draw_until_a_mean_is_decided(stated):
    """What is true passes, what is not falls with the command that shows it, and a false reading must fall."""
    rows: list[tuple[str, ...]] = []
    for name in ("norm", "output"):
        assert verify(stated[name], profile=PROFILES["light"], report=rows.append).verdict == "supported"
    assert [row[1] for row in rows] == ["supported", "supported"]
    assert [row[5] for row in rows] == ["1 ± 0.1", "1 ± 0.3"]
    with pytest.raises(NotAsExpected, match="mine-2026/half is violated: the mean is") as raised:
        verify(stated["half"], profile=PROFILES["light"])
    assert main(shlex.split(re.search(r"lemmata (replay .+)", str(raised.value))[1])) == 1
    outcome = verify(stated["output@printed"], profile=PROFILES["light"])
    assert "the mean is 0." in outcome.words


def test_a_value_off_by_twice_the_margin_is_refuted(stated, capsys):
    """On either side."""
    assert main(["controls", "--claims-from", "mine.py", "mine-2026/norm", "--format", "json"]) == 0
    controls = json.loads(capsys.readouterr().out)["claims"]["mine-2026/norm"]["controls"]
    assert {c["name"]: c["verdict"] for c in controls} == {"value times 1.2": "refuted", "value over 1.2": "refuted"}


@pytest.mark.parametrize(
    ("name", "words"), [("every-example", "lhs must be one draw"), ("zero", "the value of a mean must not be 0")]
)
def test_what_is_no_draw_of_a_mean_is_named(name, words, stated, capsys):
    """The worst of several draws is unbiased for nothing, and 0 has no shares."""
    assert main(["audit", "--claims-from", "mine.py", f"mine-2026/{name}", "--initialisations", "2"]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "mine.py, line " in said


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"norm"', '"norm", margin=0', "margin=0 must be a number in (0, 1/2)"),
        ('"norm"', '"norm", margin=-0.1', "margin=-0.1 must be a number"),
        ('"norm"', '"norm", margin=0.5', "margin=0.5 must be a number"),
        ('"norm"', '"norm", margin=float("nan")', "margin=nan must be a number"),
        ('"norm"', '"norm", margin="10 %"', "margin='10 %' must be a number"),
        ('"norm"', '"norm", margin=True', "margin=True must be a number"),
        ('"norm"', '"norm", bound="upper"', "margin=0.1 must be None for bound='upper'"),
        ('"norm"', '"norm", stated=2.0', "stated=2.0 must be None"),
        ("n=(1, 2)", "n=(1, 2), tau=(0.01, 0.1)", "margin=0.1 must be None over a ball"),
    ],
)
def test_a_margin_that_cannot_be_is_refused(old, new, words, tmp_path, capsys):
    """Status 2, and one line that names it."""
    file = tmp_path / "mine.py"
    file.write_text(STATED.replace(old, new, 1))
    assert main(["list", "--claims-from", str(file)]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


DRAWS = {
    "normal": lambda rng, n: 1 + 0.3 * rng.standard_normal(n),
    "square of a normal": lambda rng, n: rng.standard_normal(n) ** 2,
    "exponential": lambda rng, n: rng.exponential(size=n),
    "lognormal": lambda rng, n: np.exp(rng.standard_normal(n) - 1 / 2),
    "one in a hundred": lambda rng, n: 100.0 * (rng.random(n) < 0.01),
}
"""Laws of mean 1."""


def outcomes(law, *, margin, runs, factor=1.0, alpha=1e-3):
    """How many runs refute, support and leave open that the mean is within the margin."""
    rng = np.random.default_rng(0)

    def draw(numbers):
        values = torch.from_numpy(np.asarray(DRAWS[law](rng, len(numbers))))
        ones = torch.ones_like(values)
        return Evaluation(values, ones, values, None, None, [{}] * len(values), [Recipe()] * len(values))

    means = [average(draw, margin, alpha, factor) for _ in range(runs)]
    return [sum(m.refutes(margin) for m in means), sum(m.supports(margin) for m in means), max(m.trials for m in means)]


@pytest.mark.parametrize("law", DRAWS)
def test_a_true_mean_is_not_refuted_by_skewed_draws(law):
    """In 300 runs none, at a rate of 10⁻³ with seven looks, where Student's interval alone refutes up to ten."""
    assert outcomes(law, margin=0.01, runs=300)[0] == 0


@pytest.mark.parametrize("factor", [1.25, 1 / 1.25])
def test_a_mean_beyond_the_margin_is_refuted_and_none_is_drawn_for_nothing(factor):
    """A fifth off where a tenth is allowed, and no more draws than it takes; the true value is supported."""
    refuted, _, drawn = outcomes("normal", margin=0.1, runs=50, factor=factor)
    assert (refuted, drawn < MOST) == (50, True)
    assert outcomes("normal", margin=0.1, runs=50)[1] == 50


def test_the_interval_of_normal_draws_is_student_s():
    """Of values known to be 1: mean and quantile of t with n − 1 degrees of freedom, to the skewness of the sample."""
    half = np.array([-2.0, -1.0, 1.0, 2.0] * 10)
    mean = Average(3 + half, np.full(40, 3.0), 0.05)
    error = half.std(ddof=1) / math.sqrt(40) / 3
    assert_close(mean.ratio, 1.0)
    assert_found(mean.interval(0.05), (1 - 2.022691 * error, 1 + 2.022691 * error))


def test_the_ratio_is_of_the_means():
    """Values may differ by initialisation: what counts is how far the draws are from them."""
    rng = np.random.default_rng(1)
    values = rng.uniform(1, 100, 400)
    mean = Average(values * (1 + 0.01 * rng.standard_normal(400)), values, 1e-3)
    assert mean.supports(0.01)
    assert not Average(rng.permutation(values), values, 1e-3).supports(0.01)


def test_what_says_nothing_decides_nothing():
    """Too few draws, or draws that are all alike, as those of a rare event are at first; NaN has no mean."""
    ones = np.ones(64)
    for draws in (np.zeros(64), ones):
        mean = Average(draws, ones, 1e-3)
        assert not mean.refutes(0.1)
        assert not mean.supports(0.1)
        assert mean.needed(0.1) is None
    spread = 1 + 1e-3 * np.resize([1.0, -1.0], FEWEST - 1)
    assert not Average(spread, np.ones(FEWEST - 1), 1e-3).supports(0.1)
    assert Average(np.append(spread, 1.0), np.ones(FEWEST), 1e-3).supports(0.1)
    assert Average(np.append(ones, math.nan), np.ones(65), 1e-3).refutes(0.1)
