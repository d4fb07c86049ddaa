"""Errata: the list is whole, its readings are claims, and the computations that no claim makes are right."""

import json
import math
import tomllib
from collections import Counter
from importlib.resources import files

import pytest
import torch

from lemmata.audit.cli import main
from lemmata.audit.judge.errata import readings
from lemmata.claims import REGISTRY
from lemmata.claims.case import draw
from lemmata.claims.claim import Paper
from lemmata.claims.erratum import ERRATA, decided, erratum, named, select_errata
from lemmata.claims.language.configuration import Configuration
from lemmata.model.settings import CAO_GU_2020
from tests.assertions import assert_each_close

CATALOGUE = tomllib.loads(files("lemmata.claims").joinpath("catalogue.toml").read_text())

TRUE_AS_PRINTED = {"cao-gu-2020/E-10", "cao-gu-2020/E-33"}
"""Looser than meant, or another true inequality."""


def test_the_list_is_whole():
    """E-01 to E-39, E-40 to E-55 and E-60 to E-68, each once; eleven of severity A."""
    numbers = sorted(int(id.partition("/E-")[2]) for id in ERRATA)
    assert numbers == [*range(1, 56), *range(60, 69)]
    papers = Counter(id.partition("/")[0] for id in ERRATA)
    assert papers == {
        "cao-gu-2020": 34,
        "zou-gu-2019": 22,
        "cao-gu-2019-slides": 2,
        "chen-et-al-2019-poster": 5,
        "du-et-al-2019": 1,
    }
    severe = {id for id, e in ERRATA.items() if e.severity == "A"}
    assert {id.partition("/")[2] for id in severe} == {
        *(f"E-0{n}" for n in (1, 2, 3, 5, 6, 7, 8)),
        *(f"E-{n}" for n in (19, 21, 23, 41)),
    }


@pytest.mark.parametrize("member", [e for e in ERRATA.values() if e.claim], ids=str)
def test_both_readings_of_an_erratum_are_claims(member):
    """What is printed and what is meant, where a claim decides between them."""
    assert set(readings(member)) <= REGISTRY.keys()
    assert member.id.partition("/")[2] in REGISTRY[readings(member)[0]].erratum.split(", ")


@pytest.mark.parametrize("member", ERRATA.values(), ids=str)
def test_an_erratum_names_a_statement_of_its_paper(member):
    """Of the catalogue, or one that bears the erratum's own number."""
    if member.claim:
        paper, _, name = member.claim.partition("/")
        assert paper == member.id.partition("/")[0]
        assert name in CATALOGUE[paper] or name == f"erratum-{member.id.partition('/')[2]}"
    assert (member.decided_by is None) == (not member.claim and member.decide is None)


@pytest.mark.parametrize("member", [e for e in ERRATA.values() if e.severity == "A"], ids=str)
def test_what_is_literally_false_has_a_reading_that_is_refuted(member):
    """Every erratum of severity A is a pair of claims: the printed one falls, the other stands or says nothing."""
    printed, meant = (REGISTRY[id] for id in readings(member))
    assert printed.expected == "refuted"
    assert meant.expected == ("vacuous" if meant.ceiling is not None else "supported")


@pytest.mark.parametrize("member", REGISTRY.values(), ids=str)
def test_a_claim_refers_to_errata_that_exist(member):
    """By number, and a reading on the page always does, unless it is true as printed."""
    numbers = [number for number in member.erratum.split(", ") if number]
    assert all(any(id.endswith(f"/{number}") for id in ERRATA) for number in numbers)
    if member.reading == "printed" and member.expected == "refuted":
        assert numbers


@pytest.mark.parametrize("member", [e for e in ERRATA.values() if e.decide], ids=str)
def test_computations_tell_the_readings_apart(member):
    """What is meant holds; what is printed does not, with the exceptions known to be true."""
    decision = member.decide()
    assert decision.meant, decision.evidence
    assert decision.printed == (member.id in TRUE_AS_PRINTED), decision.evidence
    assert decision.evidence


@pytest.mark.parametrize(("m", "L", "t"), [(2, 2, 1.0), (2, 3, 2.0), (4, 3, 0.5)])
def test_tails_at_small_widths_are_at_least_the_bound(m, L, t):
    """Lemma 5.3 as printed falls by a lower bound of P[f > t]: counted, the probability is larger."""
    draws = 40_000
    rng = torch.Generator().manual_seed(0)
    features, fan_in = torch.ones(draws, 1, dtype=torch.float64), 1
    for _ in range(L):
        weights = math.sqrt(2 / m) * torch.randn(draws, m, fan_in, generator=rng, dtype=torch.float64)
        features, fan_in = torch.einsum("smi,si->sm", weights, features).clamp(min=0), m
    output = features[:, : m // 2].sum(1) - features[:, m // 2 :].sum(1)
    share = float((output > t).double().mean())
    gaussian = 0.5 * math.erfc(math.sqrt(m / 2) * t ** (1 / L) / math.sqrt(2))
    bound = gaussian**L * 2 ** (-m / 2)
    assert share >= bound
    assert bound * draws > 10


def test_outputs_at_a_fixed_width_have_no_gaussian_constant():
    """The best C up to 1000 still leaves some δ at which the tail is too heavy; none with one layer."""
    claim = REGISTRY["cao-gu-2020/lemma-5.3@printed"]
    for L, heavy in ((1, False), (2, True), (4, True)):
        case = draw(CAO_GU_2020, Configuration(m=2, L=L, n=1, d=2), 0, 2)
        ratio = claim.measure(case).lhs
        assert_each_close(ratio[0].tolist(), ratio[1].tolist())
        assert bool((ratio > 1).all()) == heavy


def test_patterns_match_with_and_without_the_paper():
    """As for claims."""
    assert [e.id for e in select_errata(("E-06",))] == ["cao-gu-2020/E-06"]
    assert len(select_errata(("cao-gu-2020/*",))) == 34
    assert len(select_errata(())) == 64
    with pytest.raises(LookupError):
        select_errata(("E-99",))


def test_an_erratum_is_entered_once_and_decided_once():
    """The number is taken; a claim and a computation at once, or neither, decide nothing."""
    paper = REGISTRY["cao-gu-2020/lemma-5.3"].source.paper
    with pytest.raises(ValueError, match="entered twice"):
        erratum(paper, 6, "C", "", "", "")
    with pytest.raises(ValueError, match="exactly one"):
        decided(paper, 99, "C", "", "", "", by="ledger")
    assert len(ERRATA) == 64


def test_numbers_are_each_paper_s_own():
    """A claim means its own paper's erratum; one that shares another paper's slip, that one."""
    mine = Paper("mine", "Mine")
    erratum(mine, 6, "C", "here", "x", "y")
    try:
        assert named("mine", "E-06") is ERRATA["mine/E-06"]
        assert named("another", "E-06") is named("cao-gu-2020", "E-06") is ERRATA["cao-gu-2020/E-06"]
        assert [each.id for each in select_errata(("E-06",))] == ["cao-gu-2020/E-06", "mine/E-06"]
        with pytest.raises(ValueError, match="'mine/E-06' is entered twice"):
            erratum(mine, 6, "C", "", "", "")
    finally:
        del ERRATA["mine/E-06"]


def test_the_command_prints_both_readings_as_json(capsys):
    """One object per erratum, verdicts of both readings, null where nothing decides."""
    assert main(["errata", "E-01", "E-10", "E-26", "E-36", "--format", "json"]) == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert {"id", "severity", "where", "printed", "meant", "decided_by", "outcome"} <= set(rows["cao-gu-2020/E-01"])
    outcomes = {id.partition("/")[2]: row["outcome"] for id, row in rows.items()}
    told_apart = {"printed": "refuted", "meant": "supported"}
    assert outcomes == {
        "E-01": told_apart,
        "E-10": {"printed": "supported", "meant": "supported"},
        "E-26": told_apart,
        "E-36": {"printed": None, "meant": None},
    }


def test_the_command_prints_a_table(capsys):
    """With the words and the verdicts."""
    assert main(["errata", "E-31"]) == 0
    text = capsys.readouterr().out
    assert "[refuted]" in text
    assert "1 erratum, 1 told apart, 0 not registered, 0 not as expected." in text


def test_errata_are_found_by_the_claims_that_have_them(capsys):
    """An id of a claim stands for its errata; of a claim without any that is said."""
    assert main(["errata", "erratum-E-31", "--format", "json"]) == 0
    assert [entry["id"] for entry in json.loads(capsys.readouterr().out)] == ["cao-gu-2020/E-31"]
    assert main(["errata", "loss-sigmoid"]) == 2
    assert "no claim that has one" in capsys.readouterr().err


def test_an_unknown_erratum_is_one_line(capsys):
    """With what is allowed; exit status 2."""
    assert main(["errata", "E-99"]) == 2
    line = capsys.readouterr().err
    assert line.startswith("lemmata: GLOB 'E-99' matches no erratum, and no claim that has one; allowed: E-01 to E-68")
    assert line.count("\n") == 1


def test_randomness_of_the_computations_is_their_own():
    """They draw from generators of their own and leave the global one alone."""
    state = torch.random.get_rng_state()
    ERRATA["cao-gu-2020/E-24"].decide()
    assert torch.equal(state, torch.random.get_rng_state())
