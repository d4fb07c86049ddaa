"""A lemma about anything is measured, judged, replayed and shown as the papers' claims are, and knows no network."""

import json
import math
import pickle
from fractions import Fraction
from functools import partial

import pytest
import torch
from hypothesis import given, settings

from lemmata.audit.cli import main
from lemmata.audit.judge.controls import judge_all
from lemmata.audit.judge.findings import sweep
from lemmata.audit.measure.options import Options
from lemmata.audit.measure.store import key
from lemmata.audit.measure.sweep import measure, run
from lemmata.audit.plan.grid import Sizes, points
from lemmata.audit.plan.job import Job, jobs
from lemmata.audit.show.claim_page import page
from lemmata.audit.show.document import to_json
from lemmata.claims.claim import Claim
from lemmata.claims.exchange import from_record
from lemmata.claims.from_file import forget, load_claims
from lemmata.claims.language.condition import Condition
from lemmata.claims.language.domain import Domain
from lemmata.claims.language.scaling import LOGS, Scaling
from lemmata.claims.language.sizes import RESERVED, Size, place
from lemmata.claims.lemma import lemma
from lemmata.claims.measuring.replay import Replay, parse
from lemmata.claims.registry import REGISTRY
from lemmata.model.draws import gaussian, signs, sphere, uniform
from lemmata.strategies import cases
from lemmata.verify import NotAsExpected, verify

N = {"n": Size(4, 16, 64, 256), "delta": Size(0.1)}


@pytest.fixture
def state():
    """States lemmas that are forgotten afterwards."""
    before = set(REGISTRY)

    def stating(function, **fields):
        number = len(set(REGISTRY) - before)
        return lemma(f"own/lemma-{number}", "x <= y", **{"sizes": N, **fields})(function)

    yield stating
    for id in set(REGISTRY) - before:
        del REGISTRY[id]


def largest(rng, p):
    return gaussian(rng, p.n).abs().max()


def found(claim, **sizes):
    (finding,) = sweep([claim], Sizes(**sizes), Options(workers=1))
    return finding


def test_exponents_of_letters_of_ones_own(state):
    """A root of n is found, its neighbours fall, and a wrong power is refuted."""
    total = state(lambda rng, p: signs(rng, p.n).sum().abs(), scaling=Scaling(n="1/2"))
    finding = found(total)
    assert finding.verdict == "supported"
    assert abs(finding.exponents["n"].measured.slope - 0.5) < 0.1
    fallen = {r.control.name: r.verdict for r in judge_all(total, finding.trials, Options())}
    assert fallen["n -1/2"] == "refuted"
    assert found(state(lambda rng, p: signs(rng, p.n).sum().abs())).verdict == "refuted"


def test_powers_of_logarithms(state):
    """log n and log(n/δ) of any letter have names."""
    claim = state(largest, sizes={"q": Size(4, 64, 1024), "delta": Size(0.1)}, scaling=Scaling(log_q_delta="1/2"))
    assert claim.terms[0].value({"q": 4, "delta": 0.1}) == math.log(4 / 0.1) ** 0.5
    assert claim.moved["log_q_delta"] == Fraction(-1, 2)


def test_a_letter_of_one_lemma_changes_nothing_in_another(state):
    """What names a logarithm is known without any lemma, and no lemma adds to it."""
    before = dict(LOGS)
    state(largest, sizes={"inverse_eps": Size(4, 64, 1024), "q": Size(1, 2)}, scaling=Scaling(q=1))
    assert dict(LOGS) == before
    assert Scaling(log_inverse_eps=1).letters == {"log_inverse_eps"}
    assert Scaling(log_q_delta=1, log_q=1).letters == {"q", "delta"}


@pytest.mark.parametrize(
    ("fields", "function", "verdict"),
    [
        ({"constant": 1}, lambda rng, p: (gaussian(rng).abs(), 1.7), "supported"),
        ({"constant": 1}, lambda rng, p: (gaussian(rng).abs(), 1.0), "refuted"),
        ({"bound": "lower", "constant": 1}, lambda rng, p: (gaussian(rng).abs(), 0.1), "supported"),
        ({"bound": "equality"}, lambda rng, p: (math.sin(p.n) ** 2, 1 - math.cos(p.n) ** 2), "supported"),
        ({"bound": "equality"}, lambda rng, p: (math.sin(p.n), math.cos(p.n)), "refuted"),
        ({"bound": "both"}, lambda rng, p: (1 + gaussian(rng, p.n).square().sum(), float(p.n)), "supported"),
        ({"bound": "both"}, lambda rng, p: (gaussian(rng, p.n).square().sum(), p.n**0.5), "refuted"),
        ({"bound": "equality", "margin": 0.2, "draws": 1000}, lambda rng, p: (uniform(rng), 0.5), "supported"),
        ({"bound": "equality", "margin": 0.2, "draws": 1000}, lambda rng, p: (uniform(rng), 1.0), "refuted"),
    ],
)
def test_every_way_of_judging(state, fields, function, verdict):
    """Stated constants, identities, two sides and means are judged as the papers' are."""
    claim = state(function, **fields)
    assert found(claim).verdict == verdict
    profile = settings(max_examples=3, database=None, derandomize=True, deadline=None)
    if claim.judged in ("violations", "identity"):
        if verdict == "supported":
            assert verify(claim, profile=profile).verdict == "supported"
        else:
            with pytest.raises(NotAsExpected):
                verify(claim, profile=profile)


def test_delta_of_a_lemma_is_its_own(state):
    """What holds at δ = 0.3 and fails at 0.01 is told apart."""
    bound = lambda rng, p: (gaussian(rng).abs(), 1.1)  # noqa: E731  (violated with probability 0.27)
    assert found(state(bound, sizes={"delta": Size(0.3)}, constant=1)).verdict == "supported"
    assert found(state(bound, sizes={"delta": Size(0.01)}, constant=1)).verdict == "refuted"


def test_vmap_says_the_same(state):
    """Draws side by side give the numbers of draws one after the other."""
    fields = {"draw": lambda rng, p: gaussian(rng, p.n), "axes": ("i",)}
    looped, mapped = (state(lambda x, p: (x.abs(), 2.0), vmap=vmap, **fields) for vmap in (False, True))
    p = looped.problem.place(n=16)
    a, b = (measure(claim, p, 0, range(5)) for claim in (looped, mapped))
    assert torch.equal(a.ratio, b.ratio)
    assert a.worst == b.worst


def test_all_recipes_of_the_data_are_measured(state):
    """The recipe is a letter, of which Hypothesis draws and of which an audit tries every one."""

    def harmless(rng, p):
        return sphere(rng, p.n, 3)

    def harmful(rng, p):
        return 10 * sphere(rng, p.n, 3)

    claim = state(lambda rng, p, x: (x.norm(dim=-1).max(), 2.0), data=[harmless, harmful], constant=1)
    finding = found(claim)
    assert finding.verdict == "refuted"
    assert "data=harmful" in finding.reason
    assert {point.configuration.data for point in points(claim, Sizes())} == {"harmless", "harmful"}


def test_data_are_redrawn_where_they_are_for_all(state):
    """Along a letter, "for all data" is judged on several data sets; a draw's own are drawn with it."""
    own = state(largest)
    given_data = state(lambda rng, p, x: x.abs().max(), data=lambda rng, p: gaussian(rng, p.n))
    assert all(not point.further for point in points(own, Sizes()))
    assert all(point.further for point in points(given_data, Sizes()))


def test_premises_are_enforced(state):
    """Sizes that do not meet a premise are never measured, nor drawn by Hypothesis; a draw that does not is no case."""
    claim = state(lambda rng, p: (1.0, 1.0 * (p.n >= 16)), given=lambda p: p.n >= 16, constant=1)
    assert {point.configuration.n for point in points(claim, Sizes())} == {16, 64, 256}
    assert found(claim).verdict == "supported"
    condition = Condition("n", ">=", (Scaling(n="1/2", two=2),))
    assert {p.configuration.n for p in points(state(largest, given=condition), Sizes())} == {16, 64, 256}

    @given(p=cases(state(largest, given=lambda p: p.n % 2 == 0)))
    @settings(max_examples=20, database=None, deadline=None)
    def even(p):
        assert p.n % 2 == 0

    even()
    fields = {"draw": lambda rng, p: gaussian(rng), "constant": 1}
    positive = state(lambda x, p: (-x, 0.0 * x.abs() + 1e-9), given=lambda x, p: bool(x > 0), **fields)
    assert found(positive).verdict == "supported"
    assert found(state(lambda x, p: (-x, 1e-9), **fields)).verdict == "refuted"
    assert found(state(lambda x, p: (-x, 1e-9), given=lambda x, p: False, **fields)).verdict == "vacuous"


def test_a_token_is_the_case(state):
    """What is printed measures the same draw again; sizes outside of the lemma are refused by name."""
    claim = state(largest)
    (trials,) = (run(job) for job in jobs([claim], lambda c: points(c, Sizes(initialisations=4))[:1]))
    token = trials.replay(2).token()
    again = parse(token)
    assert again.configuration == trials.job.configuration
    value = measure(claim, again.configuration, again.seed, again.initialisations)
    assert float(value.lhs[0]) == trials.lhs[2]
    for wrong in ("n=5000", "n=x", "m=4", "delta=0.2"):
        with pytest.raises(ValueError, match=wrong.partition("=")[0]):
            parse(f"{claim.id}:{wrong}")


def test_nothing_of_networks_is_said_of_it(state):
    """No width, radius, engine or setting stands in a document about a lemma that has none."""
    claim = state(largest)
    document = to_json([found(claim, initialisations=8)], Sizes(), Options())["claims"][claim.id]
    assert document["about"]["setting"] is None
    assert document["about"]["domain"] == {"n": [4, 16, 64, 256], "delta": [0.1]}
    for configuration in document["constant"]["configurations"]:
        assert not {"m", "L", "tau", "phi", "ratio"} & configuration.keys()
        assert "tau" not in configuration["replay"]
    with pytest.raises(AttributeError):
        claim.setting.id  # noqa: B018


def test_choices_of_sizes_travel():
    """A job and its sizes are the same in another process, and results are kept by content."""
    p = place({"n": 4, "delta": 0.1})
    assert pickle.loads(pickle.dumps(p)) == p
    assert hash(pickle.loads(pickle.dumps(Job("a/b", p, 3)))) == hash(Job("a/b", p, 3))
    assert p.token() == "n=4,delta=0.1"


OWN = """
from lemmata import Size, gaussian, lemma

@lemma("mine/norm", "x <= y", sizes={"n": Size(4, 16, 64), "delta": Size(0.1)}, constant=CONSTANT)
def norm(rng, p):
    return gaussian(rng, p.n).norm(), (2 * p.n) ** 0.5 + 2
"""


def test_kept_results_are_those_of_the_source(tmp_path):
    """A changed line of a lemma never meets an old result."""
    file, keys = tmp_path / "mine.py", []
    for constant in ("1", "1.0 ", "2"):
        file.write_text(OWN.replace("CONSTANT", constant))
        (claim,) = load_claims(str(file))
        keys.append(key(Job(claim.id, claim.problem.place(), 3)))
        forget(str(file))
    assert len(set(keys)) == 3


def test_every_command_knows_it(tmp_path, capsys, monkeypatch):
    """list, show, audit with store, resume and baseline, controls, replay, report."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "mine.py"
    file.write_text(OWN.replace("CONSTANT", "1, false={'half': 0.5}"))

    def said(*words, status=0):
        assert main([*words]) == status
        return json.loads(capsys.readouterr().out)

    own = ("--claims-from", "mine.py", "--format", "json")
    try:
        assert said("list", "mine/*", *own)[0]["domain"]["n"] == [4, 16, 64]
        assert said("show", "mine/norm", *own)["right-hand side"] == "1"
        audit = said("audit", "mine/*", *own, "--out", "out", "--initialisations", "40")
        again = said(
            "audit",
            "mine/*",
            *own,
            "--out",
            "out",
            "--resume",
            "--baseline",
            "out/audit.json",
            "--initialisations",
            "40",
        )
        assert audit["claims"]["mine/norm"]["constant"] == again["claims"]["mine/norm"]["constant"]
        assert again["baseline"]["changes"] == []
        controls = said("controls", "mine/*", *own)["claims"]["mine/norm"]["controls"]
        assert [control["verdict"] for control in controls] == ["refuted"]
        token = audit["claims"]["mine/norm"]["replay"].split("'")[1]
        assert said("replay", token, *own)["cases"]
        assert main(["report", "out"]) == 0
    finally:
        forget(str(file))


def test_a_record_is_enough_for_another_claim(state):
    """What `show` writes states the claim again; with another exponent in it, another claim."""
    claim = state(lambda rng, p: signs(rng, p.n).sum().abs(), scaling=Scaling(n="1/2"))
    record = json.loads(json.dumps(page(claim)))
    assert record["passes"]
    assert from_record(record, "own/again").terms == claim.terms
    wrong = from_record(record | {"scaling": [{}], "expected": "refuted"}, "own/wrong")
    assert found(wrong).verdict == "refuted"
    for broken in (record | {"measurement": "own/none"}, {"measurement": claim.id}, record | {"bound": "above"}):
        with pytest.raises(ValueError, match=r"measurement|no 'statement'|bound"):
            from_record(broken, "own/broken")
    with pytest.raises(ValueError, match="registered twice"):
        from_record(record, claim.id)


def test_it_is_no_claim_about_a_network(state):
    """`check` says so."""
    from lemmata.audit.measure.pair import measure_each
    from lemmata.claims.case import draw
    from lemmata.claims.language.configuration import Configuration
    from lemmata.model.settings import CAO_GU_2020

    claim = state(largest)
    assert isinstance(claim, Claim)
    (record,) = measure_each([claim], draw(CAO_GU_2020, Configuration(m=16), 0, 1))
    assert not record.applicable
    assert "a problem of its own" in record.reason
    assert Replay(claim, claim.problem.place(), 0, (0,)).token().startswith(f"{claim.id}:n=16,delta=0.1")


def test_recipes_may_be_any_callables(state):
    """A partial function has the name of the whole, an object that of its class; a letter may be called self."""

    def cloud(rng, p, count):
        return gaussian(rng, count, p.n)

    class Corner:
        def __call__(self, rng, p):
            return torch.eye(p.n, dtype=rng.dtype)[:2]

    made = state(
        lambda rng, p, data: (data @ gaussian(rng, p.n)).abs().max() / data.norm() / 9,
        sizes={"n": Size(4, 16, 64), "self": Size(1)},
        data=(partial(cloud, count=3), Corner()),
    )
    assert made.problem.all_sizes["data"].values == ("cloud", "Corner")
    assert {p.data for p in (each.configuration for each in points(made, Sizes()))} == {"cloud", "Corner"}
    assert found(made).verdict == "supported"


def test_no_letter_is_lost_in_the_record(state):
    """What an audit's record has beside the sizes is no letter, and words are none that is a number in every record."""
    finding = found(state(largest, draws=20), initialisations=20)
    record = to_json([finding], Sizes(), Options())["claims"][finding.claim.id]["constant"]["configurations"][0]
    assert set(record) - {*N, "delta"} <= RESERVED
    for name, size in (("median", Size(1, 2)), ("k", Size("tanh", "relu"))):
        with pytest.raises(ValueError, match=f"sizes.*{name}"):
            state(largest, sizes={**N, name: size})


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"certificate": []}, r"certificate=\[\] must be a function"),
        ({"limit": 1.0}, "limit=1.0 must be a function"),
        ({"constant": 10**400}, "stated=1000*0 must be a positive number"),
        ({"constant": math.nan}, "stated=nan must be a positive number"),
        ({"constant": True}, "stated=True must be a positive number"),
        ({"ascends": "yes"}, "ascends='yes' must be a bool"),
        ({"unrefuted": []}, r"unrefuted=\[\] must be a Mapping"),
    ],
    ids=str,
)
def test_fields_are_checked_where_they_are_stated(field, words):
    """The line names the field, its value and what it must be, before anything asks for it."""
    with pytest.raises(ValueError, match=words):
        lemma("own/checked", "x", sizes={"n": Size(4, 8, 16)}, **field)(lambda rng, p: 1.0)
    assert "own/checked" not in REGISTRY


@pytest.mark.parametrize("power", ["1e99999999", "9" * 99, math.inf, math.nan, None, [], 10**99])
def test_exponents_are_fractions_that_somebody_writes(power):
    """A power of ten in one would take hours to be written out."""
    for make in (lambda: Scaling(n=power), lambda: Size(4, 8, spacing=power), lambda: Scaling(n=1) ** power):
        with pytest.raises(ValueError, match="must be a rational number"):
            make()


def test_any_name_is_a_letter_and_no_size_is_beyond_numbers():
    """`self` too; a whole number of four hundred digits has no value in a bound."""
    assert Scaling(self=2).value({"self": 3.0}) == 9.0
    for sizes in ((4, 10**400), (10**400,)):
        with pytest.raises(ValueError, match="must be positive and finite"):
            Size(*sizes)
    with pytest.raises(ValueError, match="must be two positive whole numbers"):
        Domain(m=(4, 10**400)).check()
