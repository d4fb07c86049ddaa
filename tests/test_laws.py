"""Initial weights are told from those of other laws, and are not taken for them."""

import pytest
import torch
from torch import nn

from lemmata.audit.measure.laws import UNLIKELY, Law, fitting, is_orthogonal, usual

SHAPES = [(64, 64), (64, 16), (512, 784)]


def drawn(law: Law, shape: tuple[int, int]) -> torch.Tensor:
    rng = torch.Generator().manual_seed(7)
    if law.uniform:
        return (2 * torch.rand(shape, generator=rng, dtype=torch.float64) - 1) * (3 * law.variance) ** 0.5
    return torch.randn(shape, generator=rng, dtype=torch.float64) * law.variance**0.5


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("number", range(len(usual(1, 1, 1))))
def test_a_law_fits_its_own_weights(number, shape):
    """Of every usual law, weights drawn from it pass, and the one that fits best has its variance and its form."""
    law = usual(*shape, shape[0])[number]
    weights = drawn(law, shape)
    assert law.p_value(weights) > UNLIKELY
    found = fitting(weights, shape[0])
    assert found is not None
    assert (found.variance, found.uniform) == (law.variance, law.uniform)


@pytest.mark.parametrize("shape", SHAPES)
def test_another_variance_or_form_is_seen(shape):
    """Half as much variance again, or a uniform law of the same variance, is not the setting's."""
    law = Law("N(0, 2/out)", 2 / shape[0])
    assert law.p_value(drawn(Law("", 3 / shape[0]), shape)) < UNLIKELY
    assert law.p_value(drawn(Law("", 2 / shape[0], uniform=True), shape)) < UNLIKELY


def test_orthogonal_weights_are_told():
    """The rows of `orthogonal_` are, those of a Gaussian matrix are not."""
    weights = torch.empty(32, 64, dtype=torch.float64)
    assert is_orthogonal(nn.init.orthogonal_(weights, generator=torch.Generator().manual_seed(1)))
    assert not is_orthogonal(drawn(Law("", 1.0), (32, 64)))
