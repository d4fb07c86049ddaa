"""What holds for every test."""

from collections.abc import Iterator

import pytest

from lemmata.claims.from_file import LOADED, forget


@pytest.fixture(autouse=True)
def claims_files_are_forgotten() -> Iterator[None]:
    """What a test reads of a person's own claims is not there for the next one."""
    before = set(LOADED)
    yield
    for file in set(LOADED) - before:
        forget(file)
