"""What people bring: each network, data set and command is read rightly, warned of, or refused with a way out."""

import pytest

from tests.situations import all_situations
from tests.situations.outcome import outcome


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("situation", all_situations(), ids=str)
def test_a_situation_ends_as_it_must(situation, tmp_path):
    """Exit status, words, and where the network is an honest one the honest network's numbers."""
    assert outcome(situation, tmp_path).faults == ()
