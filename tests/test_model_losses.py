"""The losses, their slopes and their Taylor remainders against fifty digits."""

import math

import mpmath
import numpy as np
import pytest
import torch

from lemmata.model.losses import LOSSES, cross_entropy, surrogate, surrogate_change, surrogate_error, taylor_remainder
from lemmata.model.randomness import generator, stream
from lemmata.model.settings import CAO_GU_2020, ZOU_GU_2019
from tests import reference
from tests.assertions import assert_at_most, assert_close, assert_each_close, assert_each_close_above_underflow

SIZES = [0.0, 1e-9, 1e-3, 0.1, 0.5, 1.0, 2.0, 5.0, 19.0, 20.0, 21.0, 36.0, 37.0, 50.0, 100.0, 300.0, 650.0, 700.0]
MARGINS = sorted({sign * size for sign in (-1.0, 1.0) for size in SIZES})
STEPS = [
    sign * size
    for sign in (-1.0, 1.0)
    for size in [*np.logspace(-12, 2, 29).tolist(), 0.4999999, 0.5, 0.5000001, 1e-200]
]


def double(values):
    return torch.tensor(values, dtype=torch.float64)


def exact_cross_entropy(z):
    return mpmath.log1p(mpmath.exp(-z))


def test_cross_entropy_is_exact_at_every_margin():
    """ℓ(z) = log(1 + e^{−z}) has all its digits from −700 to 700."""
    with mpmath.workdps(400):
        exact = [float(exact_cross_entropy(mpmath.mpf(z))) for z in MARGINS]
    assert_each_close(cross_entropy(double(MARGINS)), exact)


def test_the_surrogate_is_exact_at_every_margin():
    """−ℓ'(z) = 1 / (1 + e^z) has all its digits from −700 to 700."""
    with mpmath.workdps(400):
        exact = [float(1 / (1 + mpmath.exp(mpmath.mpf(z)))) for z in MARGINS]
    assert_each_close(surrogate(double(MARGINS)), exact)


@pytest.mark.parametrize("z", MARGINS)
def test_the_taylor_remainder_is_exact_at_every_margin_and_step(z):
    """ℓ(z + dz) − ℓ(z) − ℓ'(z) dz has all its digits for steps of 1e-12 to 100 of both signs."""
    with mpmath.workdps(330):
        start = mpmath.mpf(z)
        value, slope = exact_cross_entropy(start), -1 / (1 + mpmath.exp(start))
        exact = [float(exact_cross_entropy(start + dz) - value - slope * dz) for dz in map(mpmath.mpf, STEPS)]
    remainder = taylor_remainder(torch.full((len(STEPS),), z, dtype=torch.float64), double(STEPS))
    assert_each_close_above_underflow(remainder, exact)


def test_the_taylor_remainder_obeys_its_constants():
    """0 ≤ remainder ≤ dz² / 8, from 0 ≤ ℓ'' ≤ 1/4, and no step leaves no remainder."""
    z, dz = torch.meshgrid(double(MARGINS), double([*STEPS, 0.0]), indexing="ij")
    remainder = taylor_remainder(z, dz)
    assert (remainder >= 0).all()
    assert_at_most(remainder, dz.square() / 8)
    assert not remainder[:, -1].any()


def labelled(setting, k, scale=1.0):
    """Outputs (5, n, k), their change, and labels (n, k)."""
    rng = generator(stream(14, setting.id, k))
    f, df = (torch.from_numpy(scale * rng.standard_normal((5, 4, k))) for _ in range(2))
    labels = rng.choice([-1.0, 1.0], (4, k)) if setting.loss == "cross-entropy" else rng.standard_normal((4, k))
    return f, df, torch.from_numpy(labels)


CASES = pytest.mark.parametrize(("setting", "k"), [(CAO_GU_2020, 1), (ZOU_GU_2019, 1), (ZOU_GU_2019, 3)])


@CASES
def test_values_are_means_over_examples(setting, k):
    """(1/n) Σ ℓ_i, for each initialisation, as printed."""
    f, _, y = labelled(setting, k)
    assert_each_close(LOSSES[setting.loss].value(f, y), torch.stack([reference.loss(setting, one, y) for one in f]))


@CASES
def test_slopes_are_derivatives_of_the_mean(setting, k):
    """∂(1/n) Σ ℓ_i / ∂f by autograd, for each initialisation."""
    f, _, y = labelled(setting, k)
    leaf = f.clone().requires_grad_()
    total = sum(reference.loss(setting, one, y) for one in leaf)
    (slopes,) = torch.autograd.grad(total, leaf)
    assert_each_close(LOSSES[setting.loss].slopes(f, y), slopes)


@CASES
@pytest.mark.parametrize("size", [1e-12, 1e-6, 1e-2, 1.0, 30.0])
def test_remainders_are_those_of_the_mean(setting, k, size):
    """(1/n) Σ [ℓ(f + df) − ℓ(f) − ℓ'(f) df], in fifty digits, however small df is."""
    f, df, y = labelled(setting, k)
    found = LOSSES[setting.loss].remainder(f, size * df, y)
    with mpmath.workdps(reference.DIGITS):
        exact = []
        for f_s, df_s in zip(f, size * df, strict=True):
            start, step = ([reference.exactly(row[:, None]) for row in rows] for rows in (f_s, df_s))
            end = [a + b for a, b in zip(start, step, strict=True)]
            slope = reference.exact_loss_slope(setting, start, step, y)
            rest = reference.exact_loss(setting, end, y) - reference.exact_loss(setting, start, y) - slope
            exact.append(float(rest))
    assert_each_close(found, exact)


def test_the_surrogate_error_is_the_mean_slope():
    """E_S = −(1/n) Σ ℓ'(y_i f_i): what the loss slopes sum to in absolute value."""
    f, _, y = labelled(CAO_GU_2020, 1, scale=5.0)
    expected = [
        sum(1 / (1 + math.exp(y_i * f_i)) for y_i, f_i in zip(y[:, 0], one[:, 0], strict=True)) / 4 for one in f
    ]
    assert_each_close(surrogate_error(f, y), expected)
    assert_close(LOSSES["cross-entropy"].slopes(f, y).abs().sum((1, 2)), expected)


@pytest.mark.parametrize("f", [-1e300, -1e6, 1e6, 1e300])
def test_no_output_is_too_large(f):
    """Losses, slopes and remainders of confident and badly wrong outputs are finite."""
    outputs, y = double([[f]]), double([[1.0]])
    loss = LOSSES["cross-entropy"]
    assert_each_close(loss.value(outputs, y), max(-f, 0.0))
    assert_each_close(loss.slopes(outputs, y), [[-1.0 if f < 0 else 0.0]])
    assert torch.isfinite(loss.remainder(outputs, outputs / 3, y))


@pytest.mark.parametrize("z", MARGINS)
def test_changes_of_the_surrogate_keep_their_digits(z):
    """−ℓ'(z + dz) + ℓ'(z) has all its digits for steps of either sign, however small or large."""
    with mpmath.workdps(400):
        exact = [float(1 / (1 + mpmath.exp(z + mpmath.mpf(dz))) - 1 / (1 + mpmath.exp(mpmath.mpf(z)))) for dz in STEPS]
    found = surrogate_change(torch.full((len(STEPS),), z, dtype=torch.float64), double(STEPS))
    assert_each_close_above_underflow(found, exact)
