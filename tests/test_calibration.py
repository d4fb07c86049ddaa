"""The instruments' own truths: each named once, and the cheap ones measured."""

import pytest

from lemmata.audit.commands.calibrate import measure_all
from lemmata.audit.judge.truths import TRUTHS
from lemmata.claims.language.configuration import Configuration

CHEAP = 8_000_000
"""Weights that all initialisations of a truth's configurations may have together."""


def weights(configuration: Configuration) -> int:
    """Of one network."""
    return configuration.m * configuration.d + configuration.m**2 * (configuration.L - 1)


def test_every_truth_has_a_name_of_its_own():
    """The table reports what is off by name."""
    assert len({truth.id for truth in TRUTHS}) == len(TRUTHS)


@pytest.mark.parametrize(
    "truth",
    [t for t in TRUTHS if t.initialisations * sum(map(weights, t.configurations)) <= CHEAP],
    ids=lambda truth: truth.id,
)
def test_a_truth_is_measured_at_its_largest_width(truth):
    """Within the tolerance that it states."""
    *_, last = measure_all([truth], 0)
    assert last.error <= truth.tolerance


def test_widths_increase():
    """The last reading of a truth is the one that counts."""
    for truth in TRUTHS:
        sizes = [(c.L, c.m) for c in truth.configurations]
        assert sizes == sorted(sizes)
