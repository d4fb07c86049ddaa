"""From synthetic trials to verdicts: growth refutes, limits do not, and two sizes decide nothing about depth."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings

from lemmata.audit.judge import verdicts
from lemmata.audit.judge.evidence import Budget
from lemmata.audit.judge.verdicts import judge
from lemmata.audit.measure.sweep import Trials
from lemmata.audit.plan.grid import Sizes, corners, points
from lemmata.audit.plan.job import Job
from lemmata.claims import REGISTRY
from lemmata.claims.language.condition import Condition
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.language.scaling import Scaling
from lemmata.strategies import cases

ID = "cao-gu-2020/lemma-5.2a"
FREE = "cao-gu-2019-slides/lipschitz"
"""A bound without conditions or logarithms."""


def trials(configuration: Configuration, ratio: float, id: str = ID) -> Trials:
    """Twelve initialisations with the given ratio, 5 % apart."""
    noise = torch.randn(
        12, generator=torch.Generator().manual_seed(configuration.m + configuration.L), dtype=torch.float64
    )
    ratios = (ratio * torch.exp(0.05 * noise)).tolist()
    parameters = {"m": configuration.m, "L": configuration.L, "n": 1, "tau": configuration.tau, "delta": 0.05}
    made = Trials(Job(id, configuration, 12))
    made.lhs, made.rhs, made.ratio = ratios, [1.0] * 12, ratios
    made.recipes, made.worst, made.parameters = ["stay"] * 12, [{}] * 12, parameters
    return made


def verdict(shape, name: str, sizes, id: str = ID):
    """The verdict on ratios that follow `shape` in one parameter."""
    base = Configuration(n=1, m=65_536)
    return judge(REGISTRY[id], [trials(replace(base, **{name: size}), shape(size), id) for size in sizes], Budget())


WIDTHS, RADII = (256, 2048, 16_384, 131_072), (1e-3, 1e-2, 1e-1)


def test_a_bounded_ratio_supports_the_claim():
    """Constant up to noise."""
    assert verdict(lambda m: 0.4, "m", WIDTHS).verdict == "supported"


def test_a_ratio_that_approaches_a_limit_supports_the_claim():
    """1 − 3/√m grows for ever and stays bounded."""
    assert verdict(lambda m: 1 - 3 / math.sqrt(m), "m", WIDTHS).verdict == "supported"


@pytest.mark.parametrize(
    ("name", "sizes", "power"), [("m", WIDTHS, 1 / 6), ("tau", RADII, -1 / 6), ("L", (2, 4, 8), 1.0)]
)
def test_a_ratio_that_outgrows_every_constant_refutes_the_claim(name, sizes, power):
    """A sixth of an exponent in width or radius; a whole one in depth."""
    found = verdict(lambda x: x**power, name, sizes)
    assert found.verdict == "refuted"
    assert name in found.reason


@pytest.mark.parametrize(("name", "sizes", "power"), [("m", WIDTHS, -1 / 2), ("tau", RADII, 1 / 2)])
def test_slack_never_refutes(name, sizes, power):
    """A bound that is looser than the truth is true."""
    assert verdict(lambda x: x**power, name, sizes).verdict == "supported"


@pytest.mark.parametrize("name", ["L", "n"])
def test_two_depths_or_sample_sizes_cannot_refute(name):
    """From one layer to two, or one example to two, everything grows."""
    assert verdict(lambda x: float(x), name, (1, 2)).verdict == "inconclusive"


def test_one_size_of_everything_is_inconclusive_and_says_so():
    """Nothing varies, so nothing about growth can be said."""
    found = verdict(lambda m: 0.4, "m", (256,))
    assert found.verdict == "inconclusive"
    assert "varies" in found.reason


def test_an_unmeasured_claim_is_inconclusive():
    """A budget that ran out before the first measurement supports nothing."""
    for id in (ID, "cao-gu-2020/loss-curvature", "cao-gu-2020/B.2-split"):
        assert judge(REGISTRY[id], [], Budget()).verdict == "inconclusive"


def test_a_claim_whose_ratio_is_defined_nowhere_is_vacuous():
    """Both sides 0 everywhere: the premise never held, and nothing was tested; one defined ratio decides again."""
    id = "cao-gu-2020/C.1-margin-l"
    measured = [trials(Configuration(n=1, m=m, L=2), math.nan, id) for m in (256, 512)]
    for item in measured:
        item.lhs = item.rhs = [0.0] * 12
    assert judge(REGISTRY[id], measured, Budget()).verdict == "vacuous"
    measured[0].lhs[0], measured[0].rhs[0], measured[0].ratio[0] = 2.0, 1.0, 2.0
    assert judge(REGISTRY[id], measured, Budget()).verdict == "supported"


@pytest.mark.parametrize(
    ("id", "refuted"), [("zou-gu-2019/setup-init", False), ("cao-gu-2020/lemma-5.3@printed", True)]
)
def test_violations_count_against_the_rate_that_the_claim_itself_allows(id, refuted):
    """One violation in twelve is within δ = 0.3 of a statement with probability, and refutes one without any."""
    claim = REGISTRY[id]
    made = trials(Configuration(delta=0.3), 0.5 * claim.stated, id)
    made.lhs[0] = made.ratio[0] = 2.0 * claim.stated
    assert claim.judged == "violations"
    assert (judge(claim, [made], Budget()).verdict == "refuted") == refuted


@pytest.mark.parametrize(("delta", "outcome"), [(0.9, "supported"), (0.01, "refuted")])
def test_the_rate_is_the_configuration_s_own(delta, outcome):
    """Six violations in twelve are within δ = 0.9 and far beyond δ = 0.01, whatever δ other configurations have."""
    claim = REGISTRY["zou-gu-2019/setup-init"]
    made = trials(Configuration(delta=delta), 0.5 * claim.stated, claim.id)
    for number in range(6):
        made.lhs[number] = made.ratio[number] = 2.0 * claim.stated
    assert judge(claim, [made], Budget()).verdict == outcome


def test_a_side_that_is_not_a_number_refutes():
    """NaN satisfies no bound, and is never left out of a fit silently."""
    measured = [trials(Configuration(n=1, m=m), 0.4) for m in WIDTHS]
    measured[1].lhs[3] = math.nan
    assert judge(REGISTRY[ID], measured, Budget()).verdict == "refuted"


def test_the_power_of_a_logarithm_alone_supports_nothing(monkeypatch):
    """Where no power of a parameter can be fitted, nothing is known to be bounded."""
    line = [trials(Configuration(n=1, m=m), 0.4) for m in WIDTHS]
    found = judge(REGISTRY[ID], line, Budget()).exponents["m"]
    alone = replace(found, parameter="log_m")
    monkeypatch.setattr(verdicts, "exponents", lambda *_: {"log_m": alone})
    assert judge(REGISTRY[ID], line, Budget()).verdict == "inconclusive"


@pytest.mark.parametrize(("excess", "said"), [((-0.1, 0.3), False), ((0.2, 1.4), True)])
def test_a_power_of_a_logarithm_that_is_not_resolved_is_said_so(excess, said, monkeypatch):
    """What is supported beside it is supported up to that logarithm."""
    line = [trials(Configuration(n=1, m=m), 0.4) for m in WIDTHS]
    found = judge(REGISTRY[ID], line, Budget()).exponents["m"]
    both = {"m": found, "log_m": replace(found, parameter="log_m", excess=excess, beyond=0.0)}
    monkeypatch.setattr(verdicts, "exponents", lambda *_: both)
    finding = judge(REGISTRY[ID], line, Budget())
    assert finding.verdict == "supported"
    assert ("up to powers of logarithms" in finding.reason) is said
    assert ("the power of log(m)" in finding.reason and "is not resolved" in finding.reason) is said


def test_two_widths_cannot_refute():
    """The smallest singular value of a thin matrix is on its way to √m for long: a third size would say."""
    assert verdict(lambda m: m**0.5, "m", (64, 128)).verdict == "inconclusive"
    assert verdict(lambda m: m**0.5, "m", (64, 1024, 16_384)).verdict == "refuted"


def test_any_of_several_lines_refutes():
    """√m at two layers, and nothing at one, where the line is as long: found in either order."""
    for one, two in ((0.0, 0.5), (0.5, 0.0)):
        made = [trials(Configuration(n=1, m=m, L=L), m**p, FREE) for L, p in ((1, one), (2, two)) for m in WIDTHS]
        found = judge(REGISTRY[FREE], made, Budget())
        assert found.verdict == "refuted"
        assert (2 if two else 1) == found.exponents["m"].line[0].job.configuration.L


def test_a_line_that_decides_nothing_hides_none_that_does():
    """At τ = 0.1 the conditions of Lemma 5.2 fail, and the ratio grows faster still: the other line refutes."""
    steep, within = ((1.0, 0.1), (0.4, 0.01))
    wide = (65_536, 131_072, 262_144, 524_288)
    made = [trials(Configuration(n=1, m=m, tau=tau), m**power) for power, tau in (steep, within) for m in wide]
    found = judge(REGISTRY[ID], made, Budget())
    assert found.exponents["m"].decides
    assert found.exponents["m"].line[0].job.configuration.tau == within[1]
    assert found.verdict == "refuted"


@pytest.mark.parametrize(("zeros", "outcome"), [(WIDTHS[:3], "no power of m can be fitted"), (WIDTHS, "varies")])
def test_a_ratio_that_is_0_at_most_sizes_supports_nothing(zeros, outcome):
    """(m − 20,000)₊ is 0 at first: nobody knows how it goes on."""
    made = [trials(Configuration(n=1, m=m), 0.0 if m in zeros else 1.0) for m in WIDTHS]
    found = judge(REGISTRY[ID], made, Budget())
    assert found.verdict == "inconclusive"
    assert outcome in found.reason


def test_a_ratio_that_is_0_at_the_last_size_outgrows_nothing():
    """It grows for a while, and is gone: a count of what falls into an ever smaller interval."""
    for id in (ID, FREE):  # of one power, and of a logarithm too
        made = [trials(Configuration(n=1, m=m), 0.0 if m == WIDTHS[-1] else m**0.5, id) for m in WIDTHS]
        assert judge(REGISTRY[id], made, Budget()).verdict != "refuted"


@pytest.mark.parametrize(("infinite", "outcome"), [(1, "supported"), (12, "refuted")])
def test_infinite_ratios_count_as_violations_do(infinite, outcome):
    """One in twelve is within δ = 5 %; twelve of twelve are not. Of a lower bound they are no violations."""
    made = [trials(Configuration(n=1, m=m), 0.4) for m in WIDTHS]
    for item in made:
        item.lhs[:infinite] = item.ratio[:infinite] = [math.inf] * infinite
    assert judge(REGISTRY[ID], made, Budget()).verdict == outcome
    lower = [replace(item, job=replace(item.job, claim="cao-gu-2020/lemma-5.4")) for item in made]
    assert "no constant holds" not in judge(REGISTRY["cao-gu-2020/lemma-5.4"], lower, Budget()).reason


def test_a_supported_bound_says_that_logarithms_are_not_tested():
    """log m under a bound without one is seen along no line."""
    assert "up to powers of logarithms" in verdict(lambda m: 0.4, "m", WIDTHS, FREE).reason


def test_what_an_exact_condition_excludes_is_nowhere_measured():
    """Neither by the audit, nor at a corner, nor by the tests."""
    member = REGISTRY["cao-gu-2020/lemma-5.1a"]
    condition = Condition("m", ">=", (Scaling(n=4),), exact=True)
    kept = replace(member, preconditions=(condition,))
    at = [point.configuration for point in points(kept, Sizes())] + corners(kept)
    assert at
    assert all(c.m >= c.n**4 for c in at)
    assert not all(c.m >= c.n**4 for c in corners(member))

    @settings(max_examples=20, derandomize=True, database=None)
    @given(cases(kept))
    def drawn(configuration):
        assert configuration.m >= configuration.n**4

    drawn()
