"""Nothing is measured outside of what a statement says "for all" about: lines, products, corners and drawn cases."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lemmata import strategies
from lemmata.audit.cli import main
from lemmata.audit.judge.findings import left_out, sweep
from lemmata.audit.measure.options import Options
from lemmata.audit.plan.grid import Sizes, corners, points, skipped, small
from lemmata.claims import REGISTRY
from lemmata.claims.claim import Claim
from lemmata.claims.language.domain import ANY, Domain
from lemmata.claims.language.plan import Plan
from lemmata.claims.registry import measured_claims

KINDS = (
    "cao-gu-2020/lemma-5.3",  # at initialisation
    "cao-gu-2020/lemma-5.2a",  # over a ball, expensive attacks
    "cao-gu-2020/lemma-B.1-ii",  # over a ball
    "cao-gu-2020/eq-5.1",  # deterministic
    "cao-gu-2019-slides/almost-linear",  # the output layer is trained, and counts
)
NARROW = (
    Domain(L=(1, 1)),
    Domain(L=(3, 5), m=(64, 1024)),
    Domain(L=(2, None), n=(3, 3)),
    Domain(L=(None, 2), m=(16, 128), n=(None, 2)),
    Domain(m=(96, 96), n=(20, None)),
    Domain(L=(5, None), n=(100, 60_000)),
)


def narrowed(id: str, domain: Domain) -> Claim:
    """A paper's claim, as if it were about these sizes; a ball's radius is between 0.02 and 0.05."""
    member = REGISTRY[id]
    tau = (0.02, 0.05) if member.balls else None
    return replace(member, domain=replace(domain, tau=tau), plan=Plan(), controls=())


@pytest.mark.parametrize("domain", NARROW, ids=str)
@pytest.mark.parametrize("id", KINDS)
def test_the_audit_s_own_lines_stay_inside(id, domain):
    """Each has a line per parameter that its domain leaves any choice of."""
    member = narrowed(id, domain)
    for found in ([c for c, *_ in points(member, Sizes())], corners(member), small(member)):
        assert found
        assert all(member.domain.contains(c) for c in found)


@pytest.mark.parametrize("domain", NARROW, ids=str)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_generated_cases_stay_inside(domain, data):
    """What Hypothesis draws, too."""
    member = narrowed(KINDS[1], domain)
    assert member.domain.contains(data.draw(strategies.cases(member)))


@pytest.mark.parametrize("member", [claim for claim in measured_claims() if claim.problem is None], ids=str)
def test_no_claim_of_the_papers_is_measured_outside_of_its_domain(member):
    """Nor is any of what tests draw."""
    found = [*(c for c, *_ in points(member, Sizes())), *corners(member), *small(member)]
    assert all(member.domain.contains(c) for c in found)
    assert all(member.domain.has(name, end) for name in ("m", "L", "n") for end in member.domain.drawn(name))


def test_one_layer_stays_one_layer():
    """`L=(1, 1)` and m to 1024: a line in m, one in n, and no other depth."""
    member = replace(REGISTRY[KINDS[0]], domain=Domain(L=(1, 1), m=(64, 1024), n=(1, 4)), plan=Plan())
    found = {(c.m, c.L, c.n) for c, *_ in points(member, Sizes())}
    assert found == {
        *((m, 1, 4) for m in (128, 256, 512, 1024)),
        (512, 1, 4),
        *((512, 1, n) for n in (1, 2, 4)),
    }


def test_where_a_line_would_have_one_size_it_goes_on_to_twice_that():
    """n from 100 has none of the audit's own sizes, depth from 5 has one."""
    member = replace(REGISTRY[KINDS[0]], domain=Domain(L=(5, None), n=(100, 60_000)), plan=Plan())
    found = [c for c, *_ in points(member, Sizes())]
    assert {c.n for c in found} == {100, 200}
    assert {c.L for c in found} == {5, 8, 10}


@pytest.mark.parametrize(
    ("domain", "name", "drawn"),
    [
        (Domain(), "m", (32, 256)),
        (Domain(m=(64, 128)), "m", (64, 128)),
        (Domain(m=(64, 1024)), "m", (64, 256)),
        (Domain(n=(100, 60_000)), "n", (100, 200)),
        (Domain(m=(64, None)), "m", (64, 256)),
        (Domain(m=(512, None)), "m", (512, 1024)),
        (Domain(m=(None, 16)), "m", (16, 16)),
        (Domain(m=(64, None), draws={"m": (64, 96)}), "m", (64, 96)),
        (Domain(tau=ANY), "tau", (1e-3, 0.1)),
        (Domain(L=(None, 2)), "L", (1, 2)),
    ],
    ids=str,
)
def test_what_generated_cases_draw(domain, name, drawn):
    """Small sizes of the domain, or the smallest and twice that, or what the domain says."""
    domain.check()
    assert domain.drawn(name) == drawn


def test_sizes_outside_of_the_domain_are_skipped_and_said():
    """The product of what is left; radii mean nothing to a claim without a ball."""
    member = narrowed(KINDS[0], Domain(L=(1, 2), m=(64, 512)))
    sizes = Sizes(widths=(8, 64, 256, 1024), depths=(1, 3), radii=(9.0,), initialisations=3)
    assert skipped(member, sizes) == {"widths": [8, 1024], "depths": [3]}
    assert [(c.m, c.L, s) for c, s, *_ in points(member, sizes)] == [(64, 1, 3), (256, 1, 3)]
    other, ball = REGISTRY[KINDS[0]], narrowed(KINDS[1], Domain(L=(1, 2), m=(64, 512)))
    assert left_out([member, other, ball], sizes) == [
        "--widths 8,1024: outside of the domain of 2 of 3 claims, not measured there",
        "--depths 3: outside of the domain of 2 of 3 claims, not measured there",
        f"--radii 9: outside of the domain of {ball.id}, not measured there",
    ]


@pytest.mark.parametrize(
    ("id", "left"),
    [
        ("cao-gu-2020/lemma-5.1a", [2, 34]),
        ("cao-gu-2020/thm-4.7", [34]),
        ("zou-gu-2019/lemma-4.1", [2, 33, 34]),
        ("cao-gu-2019-slides/almost-linear", [2, 33, 34]),
    ],
)
def test_widths_without_a_network_are_skipped(id, left):
    """Half of the balanced signs are +1, log m is 0 at width 1, and no descent leads away from dead layers."""
    member, sizes = REGISTRY[id], Sizes(widths=(1, 2, 33, 34), samples=(2,), initialisations=2)
    assert skipped(member, sizes) == {"widths": [width for width in sizes.widths if width not in left]}
    assert {c.m for c, *_ in points(member, sizes)} == set(left)


def test_a_product_has_a_line_for_every_list():
    """Of two or more sizes each, with the other lists' sizes."""
    sizes = Sizes(widths=(64, 256, 1024), depths=(1, 2), initialisations=3)
    found = [(c.m, c.L, s) for c, s, *_ in points(REGISTRY[KINDS[0]], sizes)]
    assert found == [(m, L, 3) for m in (64, 256, 1024) for L in (1, 2)]


def test_a_claim_with_no_size_left_is_inconclusive_and_the_others_are_measured():
    """Also beside a depth at which a setting has no hidden layer."""
    member = narrowed(KINDS[0], Domain(L=(1, 1)))
    both = sweep([member, REGISTRY["zou-gu-2019/lemma-4.2"]], Sizes(depths=(2,), initialisations=2), Options())
    assert (both[0].verdict, both[0].reason) == ("inconclusive", "none of the sizes asked lies in its domain")
    assert both[0].trials == []
    assert both[1].initialisations == 2
    assert skipped(REGISTRY[KINDS[4]], Sizes(depths=(1, 2))) == {"depths": [1]}


STATED = """
from lemmata import CAO_GU_2020, Domain, Measurement, Paper, claim

@claim("own/one-layer", source=Paper("own", "Own").at("0"), statement="x", setting=CAO_GU_2020, kind="SCALE",
       bound="upper", probability="p", domain=Domain(L=(1, 1), n=(1, 4), m=(64, 1024)))
def top(case):
    return Measurement(case.at_initial.outputs.abs()[..., 0], axes=("example",))
"""


def test_the_command_line_says_what_it_skips(tmp_path, capsys):
    """On standard error, so that the document stays whole."""
    file = tmp_path / "mine.py"
    file.write_text(STATED)
    options = ["--widths", "64,4096", "--depths", "1,6", "--initialisations", "2", "--format", "json"]
    main(["audit", "--claims-from", str(file), "own/*", *options])
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [
        "lemmata: --widths 4096: outside of the domain of own/one-layer, not measured there",
        "lemmata: --depths 6: outside of the domain of own/one-layer, not measured there",
    ]
    assert json.loads(printed.out)["claims"]["own/one-layer"]["cases"] == 1
