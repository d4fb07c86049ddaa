"""What people bring: each network, data set and command is read rightly, warned of, or refused with a way out."""

import pytest

from tests.situations import all_situations, claims
from tests.situations.outcome import outcome

SLOW = {
    "nearly equal rows",
    "twelve rows",
    "raw pixels, normalised",
    "ten columns of labels, cross-entropy",
    "real labels, cross-entropy",
}
"""Audits like others that are tried here: each starts workers of its own. So are those of a person's claims."""


def _each(situation):
    slow = situation.name in SLOW or situation in claims.SITUATIONS
    return pytest.param(situation, id=str(situation), marks=[pytest.mark.slow] if slow else [])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("situation", [_each(situation) for situation in all_situations()])
def test_a_situation_ends_as_it_must(situation, tmp_path):
    """Exit status, words, and where the network is an honest one the honest network's numbers."""
    assert outcome(situation, tmp_path).faults == ()
