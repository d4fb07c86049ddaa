"""Attack and certificate enclose the supremum over the ball, wherever they are printed."""

import math
import re
from dataclasses import replace

import pytest

from lemmata.audit.judge.brackets import bracket, widest
from lemmata.audit.judge.evidence import Budget
from lemmata.audit.judge.verdicts import judge
from lemmata.audit.measure.options import Options
from lemmata.audit.measure.sweep import Trials, run
from lemmata.audit.plan.grid import Sizes, small
from lemmata.audit.plan.job import Job
from lemmata.audit.show.document import to_json
from lemmata.audit.show.markdown import page, within
from lemmata.audit.show.overview import tables
from lemmata.audit.show.report import html
from lemmata.audit.show.report import to_json as report_json
from lemmata.audit.show.tables import render
from lemmata.claims import REGISTRY
from lemmata.claims.constants import constant
from lemmata.claims.language.configuration import Configuration

UPPER, LOWER = "cao-gu-2020/lemma-B.1-iii", "cao-gu-2020/lemma-5.5"


@pytest.fixture(scope="module")
def audited():
    """An audit of every claim that has a certificate, at two small sizes."""
    findings = []
    for id, member in REGISTRY.items():
        if member.certificate is not None:
            shallow = replace(small(member)[0], m=24, tau=0.01)
            deep = replace(shallow, L=member.setting.depth(2))
            jobs = [Job(id, c, 2, certified=True) for c in dict.fromkeys((shallow, deep))]
            findings.append(judge(member, [run(job) for job in jobs], Budget()))
    return findings


def test_no_certificate_is_beaten_by_a_witness_of_its_row(audited):
    """In the document: per configuration, and per claim against every witness of its row."""
    claims, bracketed = to_json(audited, Sizes(), Options())["claims"], 0
    for id, claim in claims.items():
        sign, row = REGISTRY[id].direction.sign, claim["constant"]
        for c in row["configurations"]:
            if c["certificate"] is not None:
                assert sign * c["worst"]["value"] <= sign * c["certificate"] * (1 + sign * 1e-9), (id, c)
                assert c["attack"] == c["worst"]["value"]
                assert sign * c["median"] <= sign * c["attack"]
        if row["certificate"] is not None:
            bracketed += 1
            for c in row["configurations"]:
                assert sign * c["worst"]["value"] <= sign * row["certificate"] * (1 + sign * 1e-9), (id, c)
    assert bracketed == len(claims)


def test_brackets_are_printed_in_order(audited):
    """In the terminal, the Markdown and the page, one per claim, the smaller end first."""
    document = to_json(audited, Sizes(), Options())
    shown = (render(*tables(audited, Sizes())), page(document), html(report_json(document, None)))
    for text in shown:
        found = re.findall(r"(?:exact|ascent|sampled|certified|<td>|<dd>) ?\[([\d.e+-]+), ([\d.e+-]+)\]", text)
        assert len(found) >= len(audited)
        assert all(float(low) <= float(high) for low, high in found)


def _trials(id, ratios, certificates):
    return Trials(Job(id, Configuration(), len(ratios)), ratio=ratios, certificate=certificates)


def test_a_bracket_is_of_the_worst_initialisation():
    """The attack's largest value and the certificate of the same initialisation; of lower bounds the smallest."""
    nan = math.nan
    assert bracket(_trials(UPPER, [1.0, 1.2, 1.1], [nan, 1.5, nan]))[:2] == (1.2, 1.5)
    assert bracket(_trials(LOWER, [1.0, 0.9, 1.1], [nan, 0.7, nan]))[:2] == (0.9, 0.7)


def test_the_widest_bracket_is_that_of_the_worst_configuration():
    """Its certificate is unknown where that of the worst configuration is."""
    some = _trials(UPPER, [1.0], [1.1])
    assert widest([some, _trials(UPPER, [1.3], [1.35])])[:2] == (1.3, 1.35)
    assert math.isnan(widest([some, _trials(UPPER, [1.3], [])]).certificate)
    assert widest([_trials(UPPER, [math.nan], [])]) is None


@pytest.mark.parametrize(("id", "share"), [(UPPER, 0.99), (LOWER, 1.01)])
def test_certified_is_what_the_certificate_proves(id, share):
    """Within the constant everywhere: certified. Beyond it, or unknown, at one configuration: not."""
    held = constant(REGISTRY[id])
    inside, beyond = (_trials(id, [held], [held * s]) for s in (share, 1 / share))
    assert bracket(inside).certified is True
    assert bracket(beyond).certified is False
    assert widest([inside, inside]).certified is True
    assert widest([inside, beyond]).certified is False
    assert widest([inside, _trials(id, [held], [])]).certified is False


def test_a_run_certifies_its_worst_initialisation():
    """Where it is asked for: that of the claim at the job's extreme; after more initialisations still."""
    job = Job(UPPER, Configuration(m=32, L=2, n=1, tau=0.01), 5, certified=True)
    assert not run(replace(job, certified=False)).certificate
    made = run(job)
    known = [not math.isnan(value) for value in made.certificate]
    assert known == [number == made.extreme() for number in range(5)]
    more = made.then(run(replace(job, initialisations=3, first=5)))
    assert bracket(more).certificate >= bracket(more).attack * (1 - 1e-9)


def test_a_bracket_is_printed_in_order():
    """Low end first, whichever side the attack is on."""
    words = {"attack": 2.0, "certificate": 1.0, "certified": True}
    assert within(words) == "[1, 2] certified"
    assert within({**words, "certificate": None}) == ""
