"""The pytest plug-in: the claims that a person's files state, as tests beside their own, which it leaves alone.

    pytest --claims-from lemmas.py [--claims GLOB] [--claims-seed S] [--claims-device auto|cpu|cuda]

or `lemmata_claims = ["lemmas.py"]` under `[tool.pytest.ini_options]`. Nothing heavy is imported before a claim is
collected. `--seed` and `--device` are short for the long names where nobody else has options of these names.
"""

import inspect
import json
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lemmata.claims.claim import Claim

FILES = pytest.StashKey[set[Path]]()
"""Files whose claims a person asked for."""

FOUND = pytest.StashKey[set[Path]]()
"""Those that were collected."""

SEED: dict[str, Any] = {
    "type": int,
    "default": 0,
    "metavar": "S",
    "dest": "lemmata_seed",
    "help": "the integer that every random draw of the claims descends from",
}
DEVICE: dict[str, Any] = {
    "choices": ("auto", "cpu", "cuda"),
    "default": "auto",
    "dest": "lemmata_device",
    "help": "where the tensors of the claims live",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lemmata")
    group.addoption(
        "--claims",
        action="append",
        default=[],
        metavar="GLOB",
        help="of the tests of claims only those whose id matches",
    )
    group.addoption(
        "--claims-from",
        action="append",
        default=[],
        metavar="FILE.py",
        help="test the claims that this file states; may be given several times",
    )
    group.addoption("--claims-seed", **SEED)
    group.addoption("--claims-device", **DEVICE)
    parser.addini("lemmata_claims", "files whose claims are tested", type="paths", default=[])


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser) -> Generator[None, Any, Any]:
    """The short names, once every plug-in and conftest.py has taken the names of its own."""
    result = yield
    group = parser.getgroup("lemmata")
    for name, option in (("--seed", SEED), ("--device", DEVICE)):
        if _free(parser, name):
            group.addoption(name, **option)
    return result


def _free(parser: pytest.Parser, name: str) -> bool:
    """Whether no option has this name yet."""
    try:
        return f"{name}=" in parser.parse_known_and_unknown_args([f"{name}="])[1]
    except pytest.UsageError:  # there is one, and it wants another value
        return False


def pytest_configure(config: pytest.Config) -> None:
    """Ask for the files: those of the option always, those of the configuration unless a person names what to run."""
    given = [config.invocation_params.dir / file for file in config.getoption("claims_from")]
    for path in given:
        if path.suffix != ".py" or not path.is_file():
            raise pytest.UsageError(f"--claims-from {path}: is no Python file; it must be one that states claims")
    configured = config.getini("lemmata_claims")
    for path in configured:
        if path.suffix != ".py" or not path.is_file():
            raise pytest.UsageError(f"lemmata_claims {path}: is no Python file; it must be one that states claims")
    config.stash[FILES] = {path.resolve() for path in (*given, *configured)}
    config.stash[FOUND] = set()
    wanted = given if config.args_source == pytest.Config.ArgsSource.ARGS else [*given, *configured]
    config.args += [str(path) for path in dict.fromkeys(wanted) if not _reached(config, path.resolve())]
    _check(config)


def _reached(config: pytest.Config, file: Path) -> bool:
    """Whether the arguments name the file, or a folder that it lies in: 8.x forgets `a` when it is given `a a/b.py`."""
    named = {(config.invocation_params.dir / argument.partition("::")[0]).resolve() for argument in config.args}
    return not named.isdisjoint([file, *file.parents])


def _check(config: pytest.Config) -> None:
    """Refuse what cannot be had before anything runs; nothing is loaded for the defaults."""
    if config.getoption("lemmata_seed") < 0:
        raise pytest.UsageError(f"--claims-seed {config.getoption('lemmata_seed')}: must be a whole number, at least 0")
    if config.getoption("lemmata_device") == "cuda":
        from lemmata.audit.errors import UserError
        from lemmata.audit.plan.devices import choose_device

        try:
            choose_device("cuda")
        except UserError as error:
            raise pytest.UsageError(str(error)) from None
    if patterns := tuple(config.getoption("claims")):
        from lemmata.claims import select
        from lemmata.claims.from_file import ClaimFileError, load_claims

        files = config.stash[FILES]
        try:
            for path in sorted(files):
                load_claims(str(path))
            select(patterns)
        except ClaimFileError as error:
            raise pytest.UsageError(str(error)) from None
        except LookupError as error:
            raise pytest.UsageError(f"--claims {error}: no claim id matches; see `lemmata list`") from None


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Generator[None, Any, Any]:
    """A file of claims is run once, as such, and not as a module of tests too."""
    others = yield
    if file_path.resolve() not in parent.config.stash[FILES]:
        return others
    parent.config.stash[FOUND].add(file_path.resolve())
    claims = ClaimsFile.from_parent(parent, path=file_path)
    return [*(other for other in others if not isinstance(other, pytest.Module)), claims]


def pytest_collection_finish(session: pytest.Session) -> None:
    """A file that was asked for by name must have been found, in whichever folder it lies."""
    config = session.config
    for file in config.getoption("claims_from"):
        path = (config.invocation_params.dir / file).resolve()
        if path not in config.stash[FOUND]:
            raise pytest.UsageError(
                f"--claims-from {file}: pytest does not look there; name the file as an argument too"
            )


class ClaimsFile(pytest.File):
    """A file that states claims."""

    def collect(self) -> Iterator["ClaimItem"]:
        """A test per claim, in the file's order."""
        from lemmata.claims.from_file import load_claims
        from lemmata.verify import profile

        try:
            claims, _ = load_claims(str(self.path)), profile()
        except ValueError as error:
            raise self.CollectError(str(error)) from None
        for claim in chosen(self.config, claims):
            yield ClaimItem.from_parent(self, name=claim.id, claim=claim)


class ClaimItem(pytest.Item):
    """One claim, as a test."""

    def __init__(self, *, claim: "Claim", **node: Any) -> None:
        super().__init__(**node)
        self.claim = claim

    def runtest(self) -> None:
        """Try to break it."""
        verified(self.claim, self)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Of a claim that falls the counterexample, of one that cannot be measured the line; else all there is."""
        from lemmata.claims.from_file import ClaimFileError
        from lemmata.verify import NotAsExpected

        if self.config.getoption("fulltrace") or not isinstance(excinfo.value, NotAsExpected | ClaimFileError):
            return super().repr_failure(excinfo, style)
        return str(excinfo.value)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it is stated."""
        code = getattr(inspect.unwrap(self.claim.derive or self.claim.measure), "__code__", None)
        line = code.co_firstlineno - 1 if code and Path(code.co_filename) == self.path.resolve() else None
        return self.path, line, self.name


def chosen(config: pytest.Config, claims: "list[Claim]") -> "list[Claim]":
    """Those that a --claims matches; all of them without one."""
    from lemmata.claims.registry import matches

    patterns = config.getoption("claims")
    return [claim for claim in claims if not patterns or any(matches(claim.id, pattern) for pattern in patterns)]


def verified(claim: "Claim", test: pytest.Item) -> None:
    """Run the verify job as a test, with the options of the run; its row is in the summary."""
    from lemmata.audit.plan.devices import choose_device
    from lemmata.verify import profile, verify

    def report(row: tuple[str, ...]) -> None:
        test.user_properties.append(("lemmata", json.dumps(row)))

    seed, wanted = (test.config.getoption(f"lemmata_{name}") for name in ("seed", "device"))
    device = choose_device(wanted)
    device = "cuda" if device == "auto" else device  # on the GPU, where there is one, whatever the size
    outcome = verify(claim, seed=seed, device=device, profile=profile(), report=report)
    if outcome.verdict == "not-executable":
        pytest.skip(f"not executable: {outcome.words}")
    if outcome.words:
        print(outcome.words)


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter") -> None:
    """A row per claim: what was tried, the worst found, and what would have been caught."""
    rows = list(_rows(terminalreporter))
    if not rows:
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

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


def _rows(terminalreporter: "pytest.TerminalReporter") -> Iterator[tuple[str, ...]]:
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, value in getattr(report, "user_properties", []):
                if name == "lemmata":
                    yield tuple(json.loads(value))
