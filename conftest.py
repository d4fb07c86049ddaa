"""pytest options, Hypothesis profiles, and the summary with a row per claim."""

import json
import os
from collections.abc import Iterator

import pytest
import torch
from hypothesis import HealthCheck, settings
from rich import box
from rich.console import Console
from rich.table import Table

from lemmata.audit.errors import UserError
from lemmata.audit.plan.devices import choose_device
from lemmata.claims import select
from lemmata.claims.from_file import ClaimFileError, load_claims

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)

settings.register_profile(
    "ci", max_examples=12, derandomize=True, deadline=None, database=None, suppress_health_check=SLOW
)
settings.register_profile("dev", max_examples=50, deadline=None, suppress_health_check=SLOW)
settings.register_profile("nightly", max_examples=400, deadline=None, suppress_health_check=SLOW)
settings.register_profile("light", max_examples=4, deadline=None, database=None, suppress_health_check=SLOW)
settings.load_profile(os.environ.get("LEMMATA_PROFILE", "ci"))


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lemmata")
    group.addoption("--claims", action="append", default=[], metavar="GLOB", help="only claims whose id matches")
    group.addoption("--claims-from", metavar="FILE.py", help="claims stated in this file too")
    group.addoption("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where tensors live")
    group.addoption("--seed", type=int, default=0, metavar="S", help="the integer that every random draw descends from")


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        torch.set_num_threads(1)
    try:
        choose_device(config.getoption("--device"))
    except UserError as error:
        raise pytest.UsageError(str(error)) from None
    try:
        if config.getoption("--claims-from"):
            load_claims(config.getoption("--claims-from"))
    except ClaimFileError as error:
        raise pytest.UsageError(f"--claims-from {error}") from None
    try:
        select(tuple(config.getoption("--claims")))
    except LookupError as error:
        raise pytest.UsageError(f"--claims {error}: no claim id matches; see `lemmata list`") from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every claim is tested by existing: a test that takes `claim` runs for each of them."""
    if "claim" in metafunc.fixturenames:
        claims = select(tuple(metafunc.config.getoption("--claims")))
        metafunc.parametrize("claim", claims, ids=str)


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> str:
    """Where tensors live: with "auto" on the GPU, where there is one, whatever the size."""
    chosen = choose_device(request.config.getoption("--device"))
    return "cuda" if chosen == "auto" else chosen


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """The integer that every random draw of this run descends from."""
    return int(request.config.getoption("--seed"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A row per claim: what was tried, the worst found, and what would have been caught."""
    rows = list(_rows(terminalreporter))
    if not rows:
        return
    table = Table(title="claims", box=box.SIMPLE, title_justify="left", pad_edge=False)
    for name in ("claim", "verdict", "cases", "inits", "worst ratio", "constant", "searched", "rate ≤", "catches ≥"):
        table.add_column(name, justify="left" if name in ("claim", "verdict", "searched") else "right", no_wrap=True)
    for row in sorted(rows):
        table.add_row(*row)
    console = Console(width=max(140, terminalreporter._tw.fullwidth), no_color=True)
    with console.capture() as capture:
        console.print(table)
    terminalreporter.write_line("")
    terminalreporter.write_line(capture.get().rstrip())


def _rows(terminalreporter: pytest.TerminalReporter) -> Iterator[tuple[str, ...]]:
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, value in getattr(report, "user_properties", []):
                if name == "lemmata":
                    yield tuple(json.loads(value))
