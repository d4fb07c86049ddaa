"""The assertions hold when they should and fall when they should."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from tests import assertions as check

RELATIVE = [
    (check.assert_close, check.IDENTITY),
    (check.assert_each_close, check.IDENTITY),
    (check.assert_each_close_above_underflow, check.IDENTITY),
    (check.assert_resolved, check.RESOLVED),
    (check.assert_vector_close, check.VECTOR),
    (check.assert_found, check.FOUND),
    (check.assert_limit, check.LIMIT),
]
COMPARISONS = [assertion for assertion, _ in RELATIVE] + [
    check.assert_same,
    check.assert_at_most,
    check.assert_reaches,
]


@pytest.mark.parametrize("assertion", COMPARISONS)
@pytest.mark.parametrize("value", [0.0, 1.0, 1e-200, torch.ones(2, 3), np.arange(4.0), torch.ones(0), [True, False]])
def test_a_number_equals_itself(assertion, value):
    """Scalars, arrays, tensors, booleans and empty tensors pass against themselves."""
    assertion(value, value)


@pytest.mark.parametrize(("assertion", "tolerance"), RELATIVE)
@pytest.mark.parametrize("size", [1.0, -1e-30, 1e30])
def test_an_error_of_twice_the_tolerance_falls(assertion, tolerance, size):
    """Half the relative tolerance passes, twice falls, at every magnitude and in both directions."""
    for sign in (1, -1):
        assertion(size * (1 + sign * tolerance / 2), size)
        with pytest.raises(AssertionError):
            assertion(size * (1 + sign * tolerance * 2), size)


@pytest.mark.parametrize("assertion", COMPARISONS)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_nothing_infinite_or_undefined_passes(assertion, bad):
    """NaN and infinities fall on either side, and even against themselves."""
    for actual, expected in ((bad, 1.0), (1.0, bad), (bad, bad)):
        with pytest.raises(AssertionError):
            assertion(torch.tensor([0.0, actual]), torch.tensor([0.0, expected]))


@pytest.mark.parametrize("assertion", COMPARISONS)
def test_shapes_are_not_broadcast(assertion):
    """A row does not equal a column, nor a scalar a vector."""
    ones = torch.ones(1, 3)
    for actual, expected in ((ones, ones.T), (1.0, ones), (ones, ones[0])):
        with pytest.raises(AssertionError, match="shape"):
            assertion(actual, expected)


@pytest.mark.parametrize("assertion", [check.assert_close, check.assert_each_close, check.assert_resolved])
def test_zero_is_only_equal_to_zero(assertion):
    """Where zero is expected, the smallest number falls."""
    with pytest.raises(AssertionError):
        assertion(5e-324, 0.0)


def test_only_the_entrywise_assertions_see_a_small_entry():
    """An error of 1e-12 in an entry of size 1e-6 passes beside an entry of size 1, and falls entry by entry."""
    actual, expected = [1.0, 1e-6 + 1e-12], [1.0, 1e-6]
    check.assert_close(actual, expected)
    for assertion in (check.assert_each_close, check.assert_each_close_above_underflow):
        with pytest.raises(AssertionError):
            assertion(actual, expected)


def test_below_underflow_only_the_size_is_compared():
    """1e-300 passes for 2e-300, and not for 1e-200."""
    check.assert_each_close_above_underflow(1e-300, 2e-300)
    for actual, expected in ((1e-300, 1e-200), (1e-200, 1e-300)):
        with pytest.raises(AssertionError):
            check.assert_each_close_above_underflow(actual, expected)


def test_the_last_bit_breaks_sameness():
    """The next float is not the same."""
    with pytest.raises(AssertionError):
        check.assert_same(math.nextafter(1.0, 2.0), 1.0)


def test_bounds_point_one_way():
    """Below an upper bound and above a lower one everything passes; beyond rounding nothing does."""
    check.assert_at_most([-5.0, 1.0], [1.0, 1.0])
    check.assert_reaches([5.0, 1.0], [1.0, 1.0])
    with pytest.raises(AssertionError):
        check.assert_at_most([0.0, 1 + 1e-9], [1.0, 1.0])
    with pytest.raises(AssertionError):
        check.assert_reaches([2.0, 1 - 1e-5], [1.0, 1.0])


def test_printed_numbers_are_compared_to_their_last_digit():
    """3.4936 prints as 3.494 and as nothing else of three digits."""
    check.assert_rounded(3.4936, "3.494")
    for printed in ("3.493", "3.495", "-3.494"):
        with pytest.raises(AssertionError):
            check.assert_rounded(3.4936, printed)


def test_a_mean_passes_within_five_standard_errors_and_not_beyond():
    """Samples ±1 have standard error 1/√S; the claimed mean may be four of them away and not six."""
    samples = torch.tensor([1.0, -1.0]).repeat(5000)
    check.assert_mean(samples, 0.0)
    check.assert_mean(samples, 0.04)
    for wrong in (0.06, -0.06, math.nan):
        with pytest.raises(AssertionError):
            check.assert_mean(samples, wrong)


@pytest.mark.parametrize(
    "samples",
    [
        torch.ones(2000),
        torch.linspace(0, 2, 999),
        torch.linspace(0, 2, 2500).reshape(50, 50),
        torch.full((2000,), math.nan),
    ],
)
def test_a_mean_needs_enough_samples_that_vary(samples):
    """Constants, fewer than a thousand samples, a table, and NaN are refused."""
    with pytest.raises(AssertionError):
        check.assert_mean(samples, 1.0)


def test_an_impossible_p_value_falls():
    """One in a hundred passes, one in a hundred million and NaN fall."""
    check.assert_plausible(0.01)
    for p_value in (1e-8, math.nan):
        with pytest.raises(AssertionError):
            check.assert_plausible(p_value)


def test_the_tolerances_keep_their_order():
    """No tolerance has been widened past its neighbour or the promised 1e-10, 1e-8, 1e-7 and 2 %."""
    promised = [1e-10, 1e-8, 1e-7, 0.02]
    actual = [check.IDENTITY, check.RESOLVED, check.VECTOR, check.LIMIT]
    assert all(a <= b for a, b in zip(actual, promised, strict=True))
    assert all(a < b for a, b in pairwise(actual))
