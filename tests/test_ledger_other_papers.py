"""Exponent arithmetic of Zou & Gu, the slides and the poster, against formulas written out by hand as numbers."""

import math
from types import SimpleNamespace

import pytest

from lemmata.claims import REGISTRY
from lemmata.claims.language.derivation import as_stated
from lemmata.claims.language.scaling import Scaling
from lemmata.claims.zou_gu_2019.table_1 import TABLE_1, on_data
from tests.assertions import assert_each_close
from tests.test_ledger import point

P = SimpleNamespace


def ours(p: P) -> tuple[float, float]:
    """Corollary 3.5 at k = 1: width and iterations, logarithms of m and n left out."""
    return p.n**8 / p.phi**4, p.n**2 * p.log_inverse_eps / p.phi


def theorem_3_3(p: P) -> tuple[float, float]:
    return p.k * p.n**8 * p.L**12 / p.phi**4, p.n**2 * p.L**2 * p.log_inverse_eps / p.phi


def allen_zhu(p: P) -> tuple[float, float]:
    return p.k * p.n**24 * p.L**12 / p.phi**8, p.n**6 * p.L**2 * p.log_inverse_eps / p.phi**2


def oymak(p: P, lambda_0: float) -> tuple[float, float]:
    return p.n * p.X**6 / lambda_0**4, p.X**2 * p.log_inverse_eps / lambda_0


def du(p: P, lambda_0: float) -> tuple[float, float]:
    return p.n**6 / lambda_0**4, p.n**2 * p.log_inverse_eps / lambda_0**2


def rate(p: P, eta: float, power: int = 2) -> float:
    """Relative decrease of the loss in a step, from ‖∇L‖² ≥ m φ L / (k n^power)."""
    return eta * p.m * p.phi / (p.k * p.n**power)


def radius(p: P) -> float:
    return p.phi**1.5 / p.n**3 / p.L**6


def distance(p: P, m: float) -> float:
    return math.sqrt(p.k * p.n**2 / (m * p.phi))


WORST = "zou-gu-2019/rem-3.7-"
BY_HAND = {
    "zou-gu-2019/rem-3.4-iterations": lambda p: {"factor": allen_zhu(p)[1] / theorem_3_3(p)[1] / (p.n**4 / p.phi)},
    "zou-gu-2019/rem-3.4-width": lambda p: {"factor": allen_zhu(p)[0] / theorem_3_3(p)[0] / (p.n**16 / p.phi**4)},
    f"{WORST}du-iterations": lambda p: {
        "translation": du(p, p.phi / p.n**2)[1] / (p.n**6 * p.log_inverse_eps / p.phi**2)
    },
    f"{WORST}du-width": lambda p: {"translation": du(p, p.phi / p.n**2)[0] / (p.n**14 / p.phi**4)},
    f"{WORST}oymak-iterations": lambda p: {
        "translation": oymak(p, p.phi / p.n**2)[1] / (p.n**2 * p.X**2 * p.log_inverse_eps / p.phi)
    },
    f"{WORST}oymak-width": lambda p: {
        "translation": oymak(p, p.phi / p.n**2)[0] / (p.n**9 * p.X**6 / p.phi**4)
    },
    f"{WORST}improvement-iterations": lambda p: {"factor": oymak(p, p.phi / p.n**2)[1] / ours(p)[1] / p.X**2},
    f"{WORST}improvement-width": lambda p: {"factor": oymak(p, p.phi / p.n**2)[0] / ours(p)[0] / (p.n * p.X**6)},
    "zou-gu-2019/erratum-E-42@printed": lambda p: {
        "width": ours(p)[0] / oymak(p, p.phi / p.n)[0],
        "iterations": ours(p)[1] / oymak(p, p.phi / p.n)[1],
    },
    "zou-gu-2019/rem-3.9-width": lambda p: {
        "factor": (p.n**24 * p.L**12 * p.batch * p.k / p.phi**8)
        / (p.k * p.n**17 * p.L**12 / (p.batch**4 * p.phi**8))
        / (p.n**7 * p.batch**5)
    },
    "zou-gu-2019/rem-3.9-iterations@printed": lambda p: {
        "iterations against Allen-Zhu et al.": (p.n**5 * p.L**2 * p.log_inverse_eps**2 / p.batch / p.phi**2 * p.n**2)
        / (p.n**7 * p.L**2 * p.log_inverse_eps / p.batch / p.phi**2)
    },
    "zou-gu-2019/rem-3.11@printed": lambda p: {
        "Theorem 3.8 at L = 1": 1.0,
        "Theorem 3.10 over Theorem 3.8": (p.k**2.5 * p.n**11 / p.phi**5 / p.n) / (p.k * p.n**17 / p.n**4 / p.phi**8),
    },
    "zou-gu-2019/eq-3.1@printed": lambda p: {
        "least width": p.k * p.n**2 / (p.phi * radius(p) ** 2) / (p.k * p.n**8 * p.L**12 / p.phi**4)
    },
    "zou-gu-2019/step-iii-radius@printed": lambda p: {
        "distance at this m": distance(p, theorem_3_3(p)[0]) / radius(p)
    },
    "zou-gu-2019/thm-3.8-ledger@printed": lambda p: {
        "T, up to a power of log(1/ε)": (p.n**5 * p.L**2 * p.log_inverse_eps**2 / p.batch / p.phi**2)
        / (p.log_inverse_eps / rate(p, p.k * p.batch * p.phi / (p.n**3 * p.m))),
        "η against the quadratic term": (p.k * p.n * p.phi / (p.n**3 * p.m)) / (p.k / (p.L**2 * p.m)),
    },
    "zou-gu-2019/lemma-4.1-improvement": lambda p: {
        "improvement": rate(p, 1.0) / rate(p, 1.0, 3) / p.n,
        "iterations, earlier": p.log_inverse_eps
        / rate(p, p.k * p.phi / (p.n**3 * p.L**2 * p.m), 3)
        / allen_zhu(p)[1],
    },
    "zou-gu-2019/allen-zhu-trajectory@printed": lambda p: {
        "trajectory": p.eta * math.sqrt(p.m * p.loss / p.k) / rate(p, p.eta, 3)
        / math.sqrt(p.k * p.n**6 * p.loss**2 / (p.m * p.phi**2))
    },
    "zou-gu-2019/eq-4.3": lambda p: {
        "T η": p.log_inverse_eps / rate(p, 1.0) / (p.k * p.n**2 * p.log_inverse_eps / (p.m * p.phi)),
        "T at this η": p.log_inverse_eps / rate(p, p.k / (p.L**2 * p.m)) / theorem_3_3(p)[1],
    },
    "cao-gu-2019-slides/erratum-E-61@printed": lambda p: {"norm of all layers": math.sqrt(p.L * p.R**2) / p.R},
    "chen-et-al-2019-poster/thm-2.2-ledger": lambda p: {
        "complexity": p.L * poster_distance(p) * p.m_to_alpha / math.sqrt(p.n) / (p.L**1.5 * p.R / math.sqrt(p.n)),
        "linearisation": p.L**3 * p.m_to_alpha * poster_distance(p) ** (4 / 3)
        / (p.L ** (11 / 3) * p.R ** (4 / 3) * p.m_to_alpha ** (-1 / 3)),
        "first branch": p.m_to_alpha * p.L * p.two_to_L**1.5 * math.sqrt(p.m) * poster_distance(p) / math.sqrt(p.n)
        / (p.two_to_L**2 * p.L**2 * p.R * math.sqrt(p.m / p.n)),
    },
    "chen-et-al-2019-poster/thm-2.3-ledger": lambda p: {
        "second branch": poster_distance(p) ** 2 * p.L * p.m_to_alpha**2 / p.n / (p.L**2 * p.R**2 / p.n),
        "first branch": poster_distance(p) ** 2 / (p.L * p.R**2 / p.m_to_alpha**2 / p.n / p.eps) / p.n / p.eps,
    },
    "chen-et-al-2019-poster/erratum-E-62@printed": lambda p: {
        "iterations": (p.R / p.m_to_alpha) ** 2 * p.L * p.m_to_alpha**2 / p.eps / (p.L**2 * p.R**2 / p.eps)
    },
}  # fmt: skip
"""Left over right of each comparison, from the papers' formulas as numbers, logarithms of m and n taken as 1."""


def poster_distance(p: P) -> float:
    """√L R m^{−α}."""
    return math.sqrt(p.L) * p.R / p.m_to_alpha


@pytest.mark.parametrize("id", BY_HAND)
@pytest.mark.parametrize("seed", range(4))
def test_comparisons_are_those_of_the_formulas_written_out(id, seed):
    """The two sides as numbers have the same ratio, and no comparison is left out."""
    p = point(seed)
    derive = REGISTRY[id].derive
    assert derive is not None
    steps = [step for step in derive(as_stated).steps if step.rule in ("at most", "equal")]
    expected = BY_HAND[id](P(**p))
    assert {step.name for step in steps} == set(expected)
    for step in steps:
        ratio = (step.left / step.right).without_logs()
        assert_each_close(math.log(ratio.value(p)) + 1e3, math.log(expected[step.name]) + 1e3)


NUMBERS = {"lambda_0": 0.4762, "n": 64, "phi": math.sqrt(2 * (1 - 0.09)), "eps": 0.1}


def test_table_1_on_nearly_orthonormal_inputs():
    """At n = 64 and last coordinate 0.3: this paper 8.5e13, Du et al. 1.3e12, Oymak and Soltanolkotabi 3.7e5."""
    norm = math.sqrt(1 + 63 * 0.09)
    rows = on_data(norm=norm, **NUMBERS)
    widths = {name: f"{width:.1e}" for name, (width, _) in rows.items()}
    assert widths["this-paper"] == "8.5e+13"
    assert widths["du"] == widths["wu"] == "1.3e+12"
    assert widths["oymak"] == "3.7e+05"
    assert "du-deep" not in rows


def test_table_1_on_data_evaluates_every_row():
    """With an eigenvalue of the deep kernel given, all six rows."""
    rows = on_data(norm=2.0, k=3, L=2, lambda_K=0.5, **NUMBERS)
    assert set(rows) == set(TABLE_1)
    assert_each_close(rows["du-deep"], [4 * 64**4 / 0.5**4, 4 * 64**2 / 0.5**2 * math.log(10)])
    assert_each_close(rows["allen-zhu"][0], 3 * 64**24 * 2**12 / NUMBERS["phi"] ** 8)


@pytest.mark.parametrize(
    ("id", "factors"),
    [
        ("zou-gu-2019/erratum-E-42@printed", [Scaling(n=3), Scaling(n=1)]),
        ("zou-gu-2019/rem-3.9-iterations@printed", [Scaling(log_inverse_eps=1)]),
        ("zou-gu-2019/rem-3.11@printed", [Scaling(k="3/2")]),
        ("zou-gu-2019/eq-3.1@printed", [Scaling(log_n=1)]),
        ("zou-gu-2019/thm-3.8-ledger@printed", [Scaling(L=2), Scaling(L=2)]),
        ("zou-gu-2019/allen-zhu-trajectory@printed", [Scaling(loss="-1/2")]),
        ("cao-gu-2019-slides/erratum-E-61@printed", [Scaling(L="1/2")]),
        ("chen-et-al-2019-poster/erratum-E-62@printed", [Scaling(L=-1)]),
    ],
)
def test_printed_statements_fail_by_the_factors_of_the_catalogue(id, factors):
    """The catalogue's exponents, typed in here and computed there."""
    derive = REGISTRY[id].derive
    assert derive is not None
    assert list(derive(as_stated).excess) == factors
