"""Regimes at other depths: where conditions hold, and runs of the same code at sizes that tests can pay for."""

import json
import math

import pytest
import torch

from lemmata.audit.cli import main
from lemmata.audit.regimes.comparison import least_width
from lemmata.audit.regimes.entries import SIZED
from lemmata.audit.regimes.linear_rates import THEOREM, linear_rate, polygon
from lemmata.audit.regimes.neighbourhoods import LEMMAS, lemma
from lemmata.audit.regimes.stochastic_rates import stochastic_rate
from lemmata.claims import REGISTRY
from lemmata.model.deferred import DeferredMatrix
from tests.assertions import assert_close, assert_rounded


@pytest.mark.parametrize(("n", "phi"), [(2, 1.4), (2, 1.99), (3, 1.4), (6, 0.9)])
def test_polygons_satisfy_the_assumptions(n, phi):
    """Unit norm, one positive last coordinate, closest points φ apart."""
    x = polygon(n, phi)
    assert_close(x.norm(dim=-1), torch.ones(n, dtype=x.dtype))
    assert (x[:, -1] > 0).all()
    assert_close(x[:, -1], x[:1, -1].expand(n))
    assert_close(torch.pdist(x).min(), torch.tensor(phi, dtype=x.dtype))


@pytest.mark.parametrize(
    ("depth", "samples", "least"), [(1, 2, 102_294), (1, 3, 6_615_556), (2, 2, 544_167_602), (3, 2, 147_560_135_096)]
)
def test_widths_of_the_linear_rate(depth, samples, least):
    """The least m with m ≥ n⁸ L¹² log³(m) φ⁻⁴, k = 1."""
    entry = linear_rate(depth, samples)
    m = least_width(entry)
    assert m == least
    phi = 1.4 if depth == 1 else 1.99
    for width, met in ((m, True), (m - 2, False)):
        assert (width >= samples**8 * depth**12 * math.log(width) ** 3 / phi**4) == met


def test_the_radius_of_the_linear_rate():
    """φ^{3/2} n⁻³ L⁻⁶ log(m)^{−3/2}."""
    assert_rounded(linear_rate(2, 2).parameters(544_167_602)["tau"], "0.0000608")
    assert_rounded(linear_rate(1, 2).parameters(110_000)["tau"], "0.00524")


@pytest.mark.parametrize(("depth", "samples"), [(1, 2), (1, 3), (2, 2)])
def test_linear_rates_run_as_promised_below_their_width(depth, samples, tmp_path):
    """Stored and streamed, at a width far below (3.1): the loss falls to ε within the iterations of the theorem."""
    entry = linear_rate(depth, samples, tmp_path / "state.npz")
    found = entry.run(entry.parameters(5_000), 0)
    assert all(comparison.holds for comparison in found if comparison.promised)
    assert (tmp_path / "state.npz").exists() == (depth == 2)


def test_stochastic_descent_runs_as_promised_below_its_width():
    """Theorem 3.10: m ≥ n¹¹ log³(m) φ⁻⁵ first holds at a million units; the loss falls to ε in time at 5000, too."""
    entry = stochastic_rate()
    assert least_width(entry) == 1_005_282
    assert_rounded(entry.parameters(1_005_282)["tau"], "0.00403")
    found = entry.run(entry.parameters(5_000), 0)
    assert all(comparison.holds for comparison in found if comparison.promised)


@pytest.mark.parametrize(
    ("id", "depth", "printed"),
    [("lemma-5.2a", 1, 390), ("lemma-5.2a", 2, 1.2e5), ("lemma-5.1b", 3, 2.0e6), ("lemma-B.1-iv", 2, 3.5e4)],
)
def test_widths_of_the_lemmas(id, depth, printed):
    """Section 5 and Lemma B.1 at their largest radius; the number of examples hardly matters."""
    m = least_width(SIZED[f"cao-gu-2020/{id}"](depth, 8, None))
    assert printed * 0.95 <= m <= max(2 * printed, printed + 10 ** int(math.log10(printed)))


@pytest.mark.parametrize("id", ["lemma-5.1a", "lemma-B.1-vi"])
def test_lemmas_run_on_the_deferred_engine(id, monkeypatch):
    """At depth two and a width below the condition; no matrix is completed, and the audited constant holds."""
    monkeypatch.setattr(DeferredMatrix, "materialise", lambda _: pytest.fail("a matrix was completed"))
    entry = SIZED[f"cao-gu-2020/{id}"](2, 1, None)
    (found,) = entry.run(entry.parameters(4000), 0)
    assert found.value > 0
    assert found.holds


def test_entries_are_claims():
    """Of the registry, each with its power of L."""
    assert {f"cao-gu-2020/{id}" for id in LEMMAS} | {THEOREM} == set(SIZED) <= set(REGISTRY)


def test_impossible_sizes_are_refused(capsys):
    """In one line that says what is allowed."""
    assert main(["regime", "thm-4.7", "--depth", "2"]) == 2
    assert "its sizes are fixed; --depth, --samples and --state go with" in capsys.readouterr().err
    assert main(["regime", "zou-gu-2019/thm-3.3", "--samples", "9"]) == 2
    assert "--samples 9: 9 points around a circle are at most 0.684 apart" in capsys.readouterr().err


def test_depths_beyond_the_machine_are_printed_and_not_run(capsys):
    """Theorem 3.3 at three layers asks for 10^11 neurons."""
    assert main(["regime", "zou-gu-2019/thm-3.3", "--depth", "3", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert not document["reachable"]
    assert document["m"] > 1e11
    assert lemma("cao-gu-2020/lemma-5.1a", 4, 2).memory({"m": 1.4e7, "L": 4, "n": 2, "d": 5, "tau": 1e-6, "delta": 0.1})
