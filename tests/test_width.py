"""`lemmata width`: the widths that statements ask for, against the catalogue's table and against the conditions."""

import json
import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lemmata.audit.cli import main
from lemmata.audit.commands.width import WIDTHS
from lemmata.audit.regimes.comparison import least_width
from lemmata.audit.regimes.entries import REGIMES
from lemmata.claims.language.condition import met, on_width, smallest_width
from tests.assertions import assert_each_close

TABLE = {
    (0.5, 2): ["1.9e+07", "3.1e+11", "7.1e+13", "3.1e+15"],
    (0.5, 4): ["1.3e+10", "1.5e+14", "3.0e+16", "1.3e+18"],
    (0.5, 8): ["6.9e+12", "6.4e+16", "1.2e+19", "4.9e+20"],
    (1.0, 2): ["6.0e+05", "1.3e+10", "3.3e+12", "1.5e+14"],
    (1.0, 4): ["5.3e+08", "6.9e+12", "1.5e+15", "6.4e+16"],
    (1.0, 8): ["3.1e+11", "3.1e+15", "6.1e+17", "2.5e+19"],
    (1.4, 2): ["1.0e+05", "2.8e+09", "7.2e+11", "3.4e+13"],
    (1.4, 4): ["1.1e+08", "1.5e+12", "3.4e+14", "1.5e+16"],
    (1.4, 8): ["6.8e+10", "7.2e+14", "1.4e+17", "5.9e+18"],
}
"""Theorem 3.3 of Zou & Gu at k = 1: by φ and n, for L = 1 to 4."""


def width(id: str, **parameters: float) -> float:
    return smallest_width(WIDTHS[id], {"k": 1, "delta": 0.1} | parameters)


@pytest.mark.parametrize(("phi", "n"), TABLE)
def test_theorem_3_3_asks_for_the_widths_of_the_table(phi, n):
    """To two digits."""
    found = [width("zou-gu-2019/thm-3.3", phi=phi, n=n, L=L) for L in (1, 2, 3, 4)]
    assert [f"{m:.1e}" for m in found] == TABLE[phi, n]


@pytest.mark.parametrize(
    ("id", "parameters", "widths"),
    [
        ("zou-gu-2019/thm-3.10", {"phi": 1.4, "n": 2, "batch": 1}, ["1.0e+06"]),
        ("zou-gu-2019/thm-3.10", {"phi": 1.4, "n": 2, "batch": 2}, ["4.1e+05"]),
        ("zou-gu-2019/thm-3.10", {"phi": 1.4, "n": 8, "batch": 8}, ["5.0e+12"]),
        ("zou-gu-2019/thm-3.8", {"phi": 1.4, "n": 2, "batch": 2}, ["1.6e+06"]),
        ("zou-gu-2019/thm-3.8", {"phi": 1.4, "n": 8, "batch": 8}, ["1.6e+15"]),
        ("cao-gu-2020/lemma-5.2a", {"n": 8}, ["3.9e+02", "1.2e+05", "2.0e+06", "1.4e+07"]),
        ("cao-gu-2020/lemma-B.1-iv", {"n": 8}, ["3.9e+02", "3.4e+04", "3.2e+05", "1.4e+06"]),
        ("cao-gu-2020/lemma-B.2", {"n": 4, "gamma": 0.165}, ["5.4e+02", "1.0e+04", "1.0e+05", "7.6e+05"]),
        ("cao-gu-2020/lemma-5.4", {"n": 4, "gamma": 0.165}, ["2.7e+08", "7.2e+09", "1.7e+11", "3.9e+12"]),
    ],
)
def test_other_statements_ask_for_the_widths_of_the_catalogue(id, parameters, widths):
    """To two digits, for L = 1, 2, …"""
    found = [width(id, L=L, **parameters) for L in range(1, len(widths) + 1)]
    assert [f"{m:.1e}" for m in found] == widths


def test_orders_of_the_convergence_theorems_are_products():
    """L^{12} B^{−4} ε^{−2} log(1/δ): at L = 1 on XOR 64 · 100 and at L = 2 6.9e7, without the logarithm."""
    (order,) = (one.bounds[0] for one in WIDTHS["cao-gu-2020/thm-4.7"] if "B^-4" in str(one))
    for L, B, expected in ((1, 2**-1.5, 6.4e3), (2, 0.2775, 6.9e7)):
        m = order.value({"n": 4, "L": L, "B": B, "eps": 0.1, "delta": 0.1})
        assert f"{m / math.log(10):.1e}" == f"{expected:.1e}"
    m = width("cao-gu-2020/cor-4.11", n=4, L=1, gamma=0.165, eps=0.1)
    assert f"{m / math.log(10):.0e}" == "5e+22"


@pytest.mark.parametrize("id", WIDTHS)
@settings(derandomize=True, deadline=None, max_examples=20)
@given(n=st.integers(2, 64), L=st.integers(1, 6), small=st.floats(0.05, 1), batch=st.integers(1, 2))
def test_a_width_is_the_last_one_where_the_condition_turns(id, n, L, small, batch):
    """It holds there and at larger widths, and at none of the widths just below."""
    conditions = WIDTHS[id]
    names = {"phi": small, "gamma": small, "B": small, "eps": small / 2, "k": batch, "batch": batch}
    names |= {"lambda_0": small, "lambda_K": small, "X": 1 + small}
    layers = 1 if any(condition.letter == "L" for condition in conditions) else L
    p = {"n": n, "L": layers, "delta": 0.05} | names
    m = smallest_width(conditions, p)
    checked = on_width(conditions, p)
    for factor, holds in ((1 + 1e-9, True), (2, True), (1e3, True), (1 - 1e-9, False), (0.9, False)):
        found = met(conditions, p | {"m": (m if holds else m - 1) * factor})
        if holds or m > 1:
            assert all(found[str(condition)] for condition in checked) == holds


TABLE_1 = {
    "du": (Fraction(8**6 * 10**4), {}),
    "wu": (Fraction(8**6 * 10**4), {}),
    "oymak": (Fraction(8 * 2**6 * 10**4), {}),
    "du-deep": (Fraction(2**3 * 8**4 * 5**4), {"L": 3}),
    "allen-zhu": (Fraction(2 * 8**24 * 3**12 * 2**8), {"L": 3}),
    "this-paper": (Fraction(2 * 8**8 * 3**12 * 2**4), {"L": 3}),
}
"""Least widths of Table 1's rows at n = 8, λ_0 = 1/10, ‖X‖ = 2, λ_min(K^(L)) = 1/5, k = 2, φ = 1/2."""


@pytest.mark.parametrize("row", TABLE_1)
def test_table_1_asks_for_the_widths_that_it_prints(row):
    """As exact arithmetic has them; to twelve digits where there are more."""
    exact, sizes = TABLE_1[row]
    p = {"n": 8, "L": 1, "lambda_0": 0.1, "X": 2, "lambda_K": 0.2, "k": 2, "phi": 0.5} | sizes
    assert_each_close(width(f"zou-gu-2019/table-1-{row}", **p) / float(exact), 1.0)
    if exact < 1e11:
        assert width(f"zou-gu-2019/table-1-{row}", **p) == exact


def test_theorem_4_7_asks_for_one_width(capsys):
    """That of `regime`, before it rounds; the corollary that repeats the theorem asks for the same."""
    entry = REGIMES["cao-gu-2020/thm-4.7"]
    sizes = f"--n 4 --depth 1 --gradient-bound {entry.given['B']} --eps 0.1 --format json"
    found = []
    for id in ("thm-4.7", "cor-4.9"):
        assert main(["width", id, *sizes.split()]) == 0
        found.append(json.loads(capsys.readouterr().out)["m"])
    assert found[0] == found[1] == smallest_width(entry.conditions, entry.given)
    assert 2_000_000 < found[0] < least_width(entry) == 3_000_000


def test_a_table_row_is_printed_as_json(capsys):
    """With what its condition depends on."""
    arguments = ["table-1-oymak", "--n", "9", "--depth", "1", "--lambda-0", "0.1", "--data-norm", "3"]
    assert main(["width", *arguments, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["parameters"] == {"n": 9, "L": 1, "delta": 0.05, "lambda_0": 0.1, "X": 3}
    assert document["condition"] == "m >= n |X|^6 lambda_0^-4"
    assert document["m"] == 9 * 3**6 * 10**4


def test_the_width_is_printed_as_json(capsys):
    """With the parameters that it depends on and no others."""
    arguments = ["width", "thm-3.3", "--n", "2", "--depth", "1", "--phi", "1.4", "--batch", "2", "--format", "json"]
    assert main(arguments) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {"id", "parameters", "m", "condition", "reachable", "weights", "reason"}
    assert document["parameters"] == {"n": 2, "L": 1, "delta": 0.05, "phi": 1.4, "k": 1}
    assert document["reachable"] is True
    assert_each_close(document["m"], width("zou-gu-2019/thm-3.3", n=2, L=1, phi=1.4))


def test_a_width_out_of_reach_says_why(capsys):
    """With the number of weights."""
    assert main(["width", "zou-gu-2019/thm-3.3", "--n", "8", "--depth", "4", "--phi", "0.5", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["reachable"] is False
    assert "weights" in document["reason"]


HUGE = "9" * 400
"""More than a float holds."""


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("thm-3.3 --n 2 --depth 1", "--phi: missing"),
        ("thm-3.8 --n 2 --depth 1 --phi 1", "--batch: missing"),
        ("lemma-5.4 --n 2 --depth 1 --phi 1", "--gamma: missing"),
        ("thm-4.7 --n 2 --depth 1", "--gradient-bound, --eps: missing"),
        ("thm-3.8 --n 2 --depth 1 --phi 1 --batch 3", "--batch: 3 must be at most --n, 2"),
        ("thm-3.10 --n 2 --depth 2 --phi 1 --batch 1", "--depth: 2 must be 1"),
        ("thm-3.3 --n 2 --depth 1 --phi 3", "--phi: '3' must be a number in (0, 2]"),
        ("thm-3.3 --n 2 --depth 1 --phi nan", "--phi: 'nan' must be"),
        ("thm-3.3 --n 0 --depth 1 --phi 1", "'--n'"),
        ("thm-3.3 --n 2 --phi 1", "'--depth'"),
        (f"lemma-5.2a --n {HUGE} --depth 1", "'--n': 999"),
        (f"lemma-5.2a --n 2 --depth {HUGE}", "'--depth': 999"),
        (f"thm-3.3 --n 2 --depth 1 --phi 1 --k {HUGE}", "'--k': 999"),
        (f"thm-3.8 --n 2 --depth 1 --phi 1 --batch {HUGE}", "'--batch': 999"),
        (f"table-1-du-deep --n 2 --depth 1 --lambda-k {HUGE}", "--lambda-k: '999"),
        (f"table-1-oymak --n 2 --depth 1 --lambda-0 1 --data-norm {HUGE}", "--data-norm: '999"),
        ("table-1-du --n 2 --depth 1", "--lambda-0: missing"),
        ("table-1-du-deep --n 2 --depth 1", "--lambda-k: missing"),
        ("table-1-du --n 2 --depth 2 --lambda-0 1", "--depth: 2 must be 1"),
        ("table-1-oymak --n 2 --depth 1 --lambda-0 1 --data-norm 2", "--data-norm: 2 must be in [1, 1.41421]"),
        ("table-1-oymak --n 2 --depth 1 --lambda-0 1 --data-norm inf", "--data-norm: 'inf' must be a positive number"),
        ("cor-4.11 --n 2 --depth 300 --gamma 0.1 --eps 0.1", "--depth: 300 must be smaller, no width up to 1e+300"),
        ("lemma-4.1 --n 2 --depth 1 --phi 1", "ID 'lemma-4.1' has no condition on the width"),
        ("loss-growth --n 2 --depth 1", "ID 'loss-growth' has no condition on the width"),
    ],
)
def test_bad_input_is_one_line(arguments, line, capsys):
    """Naming the option, its value and what is allowed; exit status 2."""
    assert main(["width", *arguments.split()]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("lemmata: ")
    assert captured.err.count("\n") == 1
    assert line in captured.err
