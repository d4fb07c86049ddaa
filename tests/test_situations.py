"""What people bring: each network, data set and command is read rightly, warned of, or refused with a way out."""

import pytest

from tests.situations import all_situations
from tests.situations.outcome import outcome


def _each(situation):
    # It starts pytest, as `tests/test_plugin.py` does.
    slow = situation.arguments[0] == "pytest"
    return pytest.param(situation, id=str(situation), marks=[pytest.mark.slow] if slow else [])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("situation", [_each(situation) for situation in all_situations()])
def test_a_situation_ends_as_it_must(situation, tmp_path):
    """Exit status, words, and where the network is an honest one the honest network's numbers."""
    assert outcome(situation, tmp_path).faults == ()
