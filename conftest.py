"""What the tests of this repository need beside the plug-in: the papers' claims, one profile, one thread a worker."""

import pytest
import torch
from hypothesis import settings

from lemmata.claims.registry import STATED_IN, whole_claims
from lemmata.plugin import chosen
from lemmata.verify import profile

settings.register_profile("lemmata", profile())
settings.load_profile("lemmata")


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        torch.set_num_threads(1)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every claim of the papers is tested by existing: a test that takes `claim` runs for each of them."""
    if "claim" in metafunc.fixturenames:
        papers = [claim for claim in whole_claims() if claim.id not in STATED_IN]
        metafunc.parametrize("claim", chosen(metafunc.config, papers), ids=str)
