"""A token replays exactly the case it names, and a token that names none is refused."""

import itertools
import json
import time

import pytest
import torch

from lemmata.audit.cli import main
from lemmata.audit.measure.sweep import measure, realise, replay, run
from lemmata.audit.plan.grid import corners
from lemmata.audit.plan.job import Job
from lemmata.claims import REGISTRY
from lemmata.claims.case import Recipe
from lemmata.claims.chen_et_al_2019_poster import descent_converges
from lemmata.claims.language.configuration import Configuration
from lemmata.claims.measuring.replay import Replay, parse
from lemmata.claims.measuring.search import found_by
from lemmata.claims.zou_gu_2019.kernel_regime import batches
from tests.assertions import assert_close, assert_found, assert_same

CLAIM = REGISTRY["cao-gu-2020/lemma-5.2a"]


@pytest.mark.parametrize(
    "case",
    [
        Replay(CLAIM, Configuration(), 0, (0,)),
        Replay(CLAIM, Configuration(m=64, L=3, tau=1e-3, ratio=4, n=2), 7, (3, 5), Recipe("place-on-kinks", 2, 1)),
        Replay(CLAIM, Configuration(data="chain", phi=0.1, d=3), 2, (0, 1, 2), Recipe("along-gradient", 1, ascent=6)),
        Replay(CLAIM, Configuration(data="a file, with = and @.npz"), 0, (4,)),
    ],
    ids=lambda case: case.token(),
)
def test_a_token_names_one_case_and_no_other(case):
    """Writing and reading a token gives the same case."""
    assert parse(case.token()) == case


def test_replaying_measures_the_same_numbers(capsys):
    """One initialisation alone, from the command line, equals the same one measured among others."""
    configuration, recipe = Configuration(m=64, L=2, n=2), Recipe("place-on-kinks", 2, 1)
    together = found_by(CLAIM, realise(CLAIM, configuration, 3, range(5)), recipe)
    token = Replay(CLAIM, configuration, 3, (4,), recipe).token()
    assert main(["replay", token, "--format", "json"]) == 0
    case = json.loads(capsys.readouterr().out)["cases"][0]
    assert case["lhs"] == float(together.lhs[4])
    assert case["rhs"] == float(together.rhs[4])


SAMPLED = REGISTRY["cao-gu-2019-slides/cor-ntk"]


def test_a_probability_over_the_sample_has_a_sample_per_initialisation():
    """Each is measured on its own data, the same alone and among others; other claims share the seed's data."""
    configuration = Configuration(m=32, L=2, n=4, ratio=1)
    inputs = [realise(SAMPLED, configuration, 3, [number]).inputs for number in (0, 1)]
    assert not torch.equal(*inputs)
    together, job = measure(SAMPLED, configuration, 3, range(3)), Job(SAMPLED.id, configuration, 3, seed=3)
    assert run(job).ratio == together.ratio.tolist()
    for number in range(3):
        alone = replay(parse(f"{SAMPLED.id}:{configuration.token()},seed=3,init={number}"))
        assert float(alone.ratio[0]) == float(together.ratio[number])
    shared = [realise(CLAIM, configuration, 3, [number]).inputs for number in (0, 1)]
    assert torch.equal(*shared)


def test_samples_of_real_data_are_drawn_anew_too():
    """Other rows of the same file."""
    configuration = Configuration(m=32, L=2, n=4, ratio=1, data="digits")
    inputs = [realise(SAMPLED, configuration, 3, [number]).inputs for number in (0, 1)]
    assert not torch.equal(*inputs)


@pytest.mark.parametrize(
    "measured", [claim for claim in REGISTRY.values() if claim.measured and claim.problem is None], ids=str
)
def test_an_initialisation_draws_the_same_among_any_others(measured):
    """Whatever it draws beside W⁽⁰⁾, batches and neurons among it, goes by its number and not by its place."""
    configuration = min(corners(measured), key=lambda c: (c.m**2 * c.L * c.n, c.token()))
    whole, part = (measure(measured, configuration, 3, numbers).ratio for numbers in (range(4), range(2, 4)))
    assert torch.equal(whole[2:].isfinite(), part.isfinite())
    assert_found(whole[2:].nan_to_num(), part.nan_to_num())


@pytest.mark.parametrize(
    "id", ["lemma-4.2", "lemma-4.5", "eq-4.1", "decrease-proportional", "trajectory-telescoped", "lemma-4.2-labels"]
)
def test_a_run_that_goes_on_for_others_is_over_for_who_is_done(id):
    """The distance, the rate and the steps of an initialisation are those up to its own last iterate."""
    claim = REGISTRY[f"zou-gu-2019/{id}"]
    eps = 0.02 if id.endswith("labels") else 2e-8
    run = {"data": "simplex", "labels": "alternating", "mu": 0.3, "phi": 0.5, "eps": eps}
    configuration = Configuration(m=128, L=1 if id.endswith("labels") else 2, n=2, d=10, **run)
    together = measure(claim, configuration, 77, range(3)).ratio
    alone = torch.cat([measure(claim, configuration, 77, [number]).ratio for number in range(3)])
    assert_close(together, alone)


def test_a_run_that_others_prolong_ends_at_its_own_bound(monkeypatch):
    """With a fifth of the steps that are allowed for the poster's Theorem 2.1, who is not there by then never is."""
    monkeypatch.setattr(descent_converges, "ALLOWED", descent_converges.ALLOWED / 5)
    claim = REGISTRY["chen-et-al-2019-poster/thm-2.1"]
    sizes = {"data": "chain", "labels": "alternating", "phi": 0.7, "alpha": 0.5, "d": 3, "eps": 0.1}
    configuration = Configuration(m=64, L=2, n=2, **sizes)
    together = measure(claim, configuration, 5, range(8)).ratio
    alone = torch.cat([measure(claim, configuration, 5, [number]).ratio for number in range(8)])
    assert 0 < int(together.isinf().sum()) < 8
    assert_same(1 / together, 1 / alone)


def test_each_initialisation_has_its_own_batches():
    """Trials that shared them would not be independent, and no count of them would be evidence."""
    configuration = Configuration(m=64, L=1, n=4, batch=1)
    case = realise(REGISTRY["zou-gu-2019/thm-3.8"], configuration, 3, range(5))
    drawn = torch.stack(list(itertools.islice(batches(case, 0), 12)))
    assert drawn.shape == (12, 5, 1)
    assert len({tuple(each) for each in drawn[..., 0].T.tolist()}) == 5
    assert not torch.equal(drawn, torch.stack(list(itertools.islice(batches(case, 1), 12))))


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        "cao-gu-2020/lemma-5.2a:m",
        "cao-gu-2020/lemma-5.2a:colour=3",
        "cao-gu-2020/lemma-5.2a:m=many",
        "cao-gu-2020/lemma-5.2a:m=7",
        "cao-gu-2020/lemma-5.2a:m=8,tau=-1",
        "cao-gu-2020/lemma-5.2a:m=8,init=x",
        "cao-gu-2020/lemma-5.2a:m=8,seed=-1",
        "cao-gu-2020/lemma-5.2a:m=8,recipe=magic@1.0.0",
        "cao-gu-2020/lemma-5.2a:m=8,recipe=place-on-kinks@1.0",
        "cao-gu-2020/lemma-5.2a:m=8,recipe=place-on-kinks@5.0.0",
        "cao-gu-2020/lemma-5.2a:m=8,recipe=place-on-kinks@1.9.0",
        "cao-gu-2020/lemma-5.2a:m=8,data=nowhere.csv",
    ],
)
def test_a_token_that_names_no_case_is_one_line_and_status_2(token, capsys):
    """What is wrong is said, and nothing is printed on standard output."""
    assert main(["replay", token]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("lemmata: ")
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize(
    "part",
    [
        *("m=None", "n=None", "n=0", "d=0", "k=0", "ratio=0", "ratio=-2", "batch=-5", "batch=1.5", "L=10001"),
        *("delta=2", "delta=0", "delta=None", "tau=-1", "tau=0", "tau=nan", "tau=1e-320", "eps=0", "phi=3", "mu=1"),
        *("noise=2", "alpha=1e308", "seed=-1", f"seed={'9' * 400}", f"seed={'9' * 5000}", "data=", "labels="),
        *(
            "init=-3",
            "init=5-1",
            "init=0+0",
            "init=0-2+1",
            "init=1e3",
            "m=8,m=16",
            "seed=0,seed=0",
            "engine=dense,engine=dense",
        ),
        f"recipe=along-gradient@1.0.0^{'9' * 9}",
    ],
)
def test_every_value_of_a_token_is_checked_before_anything_is_drawn(part, capsys):
    """Type, range, and that it is given once; the line names the value."""
    began = time.monotonic()
    assert main(["replay", f"cao-gu-2020/lemma-5.1a:{part}"]) == 2
    assert time.monotonic() - began < 1
    said = capsys.readouterr().err
    name = part.partition("=")[0]
    assert f"{part[:20]} must" in said or f"{name!r} twice" in said or len(part) > 20
    assert said.count("\n") == 1


def test_every_configuration_of_an_audit_is_within_the_ranges_of_tokens():
    """What a report prints can be replayed."""
    for claim in REGISTRY.values():
        for configuration in corners(claim) if claim.measured and claim.problem is None else ():
            assert parse(Replay(claim, configuration, 0, (0,)).token()).configuration == configuration
