"""Hypothesis tries to break every claim of the papers; what a claim says "with probability" about is counted."""

import pytest

from lemmata.claims.claim import Claim
from lemmata.plugin import verified


def test_claim(claim: Claim, request: pytest.FixtureRequest) -> None:
    """Initialisations violate a claim no more often than it allows; a false reading is found to be false."""
    verified(claim, request.node)
