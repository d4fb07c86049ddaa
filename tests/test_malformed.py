"""Malformed inputs, made by a generator, are refused in one line or handled: no traceback, nothing left behind."""

from collections import Counter

import pytest

from lemmata.audit.cli import main
from tests.malformed import MAKERS, outcome, replay

SAMPLE = 12 * len(MAKERS)


def test_a_sample_of_malformed_inputs():
    """A dozen of each kind; a test marked slow replays a hundred times as many."""
    complaints: list[str] = []
    tally = replay(range(SAMPLE), complaints.append)
    assert complaints == []
    assert sum(counts["refused"] for counts in tally.values()) > SAMPLE / 2


@pytest.mark.slow
def test_every_malformed_input():
    """Refused in one line or handled, 1,200 of them."""
    complaints: list[str] = []
    tally = sum(replay(range(1200), complaints.append).values(), Counter())
    assert complaints == []
    assert tally.total() == 1200


def test_the_tally_sees_what_is_neither():
    """A traceback, a second line and a silent failure would be counted."""
    assert outcome(["list", "lemma-5.1a"]) == "handled"
    assert outcome(["list", "none-such"]) == "refused"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.malformed.main", lambda arguments: 2)
        assert outcome([]).startswith("no line that says why")
        patch.setattr("tests.malformed.main", lambda arguments: 1 / 0)
        assert outcome([]).startswith("ZeroDivisionError")
        patch.setattr("tests.malformed.main", lambda arguments: main(["list", "none-such"]) + main(["show", "x"]) - 2)
        assert "\n" not in outcome([])
