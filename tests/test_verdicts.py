"""From synthetic trials to verdicts: growth refutes, limits do not, and two sizes decide nothing about depth."""

import math
from dataclasses import replace

import pytest
import torch

from lemmata.audit.judge import verdicts
from lemmata.audit.judge.evidence import Budget
from lemmata.audit.judge.verdicts import judge
from lemmata.audit.measure.sweep import Trials
from lemmata.audit.plan.job import Job
from lemmata.claims import REGISTRY
from lemmata.claims.language.configuration import Configuration

ID = "cao-gu-2020/lemma-5.2a"


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
