"""Honest points: the least width is the least, conditions are printed, and what cannot be held is not run."""

import json
import math
from dataclasses import replace

import pytest

from lemmata.audit.cli import main
from lemmata.audit.commands import regime
from lemmata.audit.regimes.comparison import Comparison, Regime, least_width
from lemmata.audit.regimes.entries import REGIMES
from lemmata.claims import REGISTRY
from lemmata.claims.cao_gu_2020.paper import PRE_5, PRE_B1
from lemmata.claims.language.condition import Condition
from lemmata.claims.language.scaling import Scaling
from tests.assertions import assert_rounded

THEOREM = "cao-gu-2020/thm-4.7"


def needing(width, *, memory=0.0, outcome=1.0):
    """A statement that asks for m ≥ width, and promises that what is measured is at most 1."""
    return Regime(
        "nothing",
        {"width": width},
        (Condition("m", ">=", (Scaling(width=1),)),),
        lambda p, seed: [Comparison("outcome", outcome + seed, "<=", 1.0, "1")],
        lambda p: memory,
    )


@pytest.mark.parametrize(
    ("width", "least"),
    [(2, 2), (7, 8), (8, 8), (41, 50), (900, 900), (901, 1000), (2.4e6, 3e6), (5 * 10**22, 5 * 10**22)],
)
def test_the_least_width_has_one_digit_and_meets_the_conditions(width, least):
    """Rounded up to one significant digit, and even."""
    assert least_width(needing(width)) == least


def test_a_condition_that_nothing_meets_is_an_error():
    """Rather than a search without end."""
    with pytest.raises(ArithmeticError, match="no width"):
        least_width(needing(math.inf))


def test_nan_holds_nowhere():
    """Neither above nor below."""
    assert not any(Comparison("x", math.nan, relation, 1.0, "1").holds for relation in ("<=", ">="))


@pytest.mark.parametrize(
    ("power", "conditions", "printed"), [(6, PRE_5, ["390", "1.2e+05", "2.0e+06", "1.4e+07"]), (5, PRE_B1, ["390"])]
)
def test_least_widths_of_the_lemmas(power, conditions, printed):
    """Where a radius exists that meets the conditions of section 5 and of Lemma B.1, n = 8, δ = 0.1."""
    for L, least in enumerate(printed, 1):

        def holds(m, L=L):
            tau = L**-power * math.log(m) ** -1.5
            p = {"m": m, "L": L, "n": 8, "delta": 0.1, "tau": tau}
            return all(condition.holds(p) for condition in conditions)

        near = float(least)
        assert holds(near * 1.05)
        assert not holds(near * 0.9)


def test_theorem_4_7_is_within_reach():
    """XOR, one layer, ε = 0.1: three million units, decided by the radius and not by m*."""
    entry = REGIMES[THEOREM]
    assert least_width(entry) == 3_000_000
    p = entry.parameters(3_000_000)
    assert p["K"] == 6400
    assert_rounded(p["B"], "0.3536")
    assert_rounded(p["tau"], "0.0163")
    conditions = {condition.of: condition for condition in entry.compared(p)}
    assert all(condition.holds for condition in conditions.values())
    assert_rounded(conditions["L^12 B^-4 eps^-2 log(1/delta)"].bound / math.log(20), "6400")
    assert_rounded(conditions["L^-6 log(m)^-3/2"].bound, "0.0174")


def test_theorem_4_7_runs_as_promised_where_only_its_radius_is_too_large():
    """Twenty thousand units, one initialisation: iterations, distance and (4.1) all hold, with room."""
    entry = REGIMES[THEOREM]
    iterations, distance, dominance = entry.run(entry.parameters(20_000), 0)
    assert iterations.holds
    assert distance.holds
    assert iterations.value < iterations.bound / 5
    assert dominance.value > 0.99 * dominance.bound


def test_entries_are_claims():
    """Every entry is of a registered claim."""
    assert set(REGIMES) <= set(REGISTRY)


def test_a_document_has_what_the_contract_says(monkeypatch, capsys):
    """id, parameters, m, condition and reachable, with the run beside them."""
    monkeypatch.setitem(REGIMES, THEOREM, needing(41))
    assert main(["regime", "thm-4.7", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["id"] == THEOREM
    assert document["m"] == document["parameters"]["m"] == 50
    assert document["reachable"] is True
    assert document["condition"][0] == {
        "what": "m",
        "value": 50,
        "relation": ">=",
        "bound": 41,
        "of": "width",
        "holds": True,
    }
    assert document["run"][0]["holds"]
    assert document["bytes"] > 0


def test_a_broken_promise_is_status_1(monkeypatch, capsys):
    """And so is a number that is none, which JSON shows as null."""
    for outcome in (1.5, math.nan):
        monkeypatch.setitem(REGIMES, THEOREM, needing(41, outcome=outcome))
        assert main(["regime", THEOREM, "--format", "json"]) == 1
        assert not json.loads(capsys.readouterr().out)["run"][0]["holds"]


def test_what_the_machine_cannot_hold_is_not_run(monkeypatch, capsys):
    """The width is printed all the same, and the reason."""
    entry = replace(needing(5e22, memory=1e24), run=lambda p, seed: pytest.fail("was run"))
    monkeypatch.setitem(REGIMES, THEOREM, entry)
    assert main(["regime", THEOREM]) == 0
    assert "Not run: needs 1e+24 bytes" in capsys.readouterr().out
    assert main(["regime", THEOREM, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["reachable"] is False
    assert document["run"] == []
    assert document["seconds"] is document["bytes"] is None


def test_a_statement_without_an_entry_is_refused(capsys):
    """In one line that names those that have one."""
    assert main(["regime", "lemma-5.3"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("lemmata: ID 'lemma-5.3'")
    assert THEOREM in line


def test_peak_memory_is_in_bytes():
    """A Python process with torch holds more than 50 MiB and less than the machine has."""
    assert 50 * 2**20 < regime.peak_memory() < regime.memory_of_machine()
