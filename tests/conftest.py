"""What holds for every test."""

import signal
from collections.abc import Iterator

import pytest

from lemmata.claims.from_file import LOADED, forget


def pytest_configure() -> None:
    """A shell's background job ignores Ctrl-C, and so would all that is started here to be interrupted."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def claims_files_are_forgotten() -> Iterator[None]:
    """What a test reads of a person's own claims is not there for the next one."""
    before = set(LOADED)
    yield
    for file in set(LOADED) - before:
        forget(file)
