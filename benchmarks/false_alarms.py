"""Full runs of the claims' tests with fresh seeds, counted: how often does a true claim fall?

    python benchmarks/false_alarms.py [--runs 200] [--first 1000] [--out false-alarms.jsonl]
                                      [--claims GLOB]

Every run is one line of the output file as soon as it ends, so the script can be stopped and started again.
Each run uses the light profile and a seed of its own, which moves every random stream.
"""

import argparse
import contextlib
import io
import json
import os
import time
from pathlib import Path

os.environ.setdefault("LEMMATA_PROFILE", "light")

import pytest

from lemmata.audit.judge.evidence import Evidence

CONFIDENCE = 0.95
TESTS = Path(__file__).parent.parent / "tests" / "test_claims.py"


class Fallen:
    """Collects the tests that failed."""

    def __init__(self) -> None:
        self.tests: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the name and the message of a failure."""
        if report.failed:
            self.tests[report.nodeid] = str(report.longrepr)[-2000:]


def run(seed: int, claims: str) -> dict[str, object]:
    """One run of the claims' tests; what fell, and how long it took."""
    started, fallen = time.perf_counter(), Fallen()
    with contextlib.redirect_stdout(io.StringIO()):
        status = pytest.main(
            [str(TESTS), "--claims", claims, "--seed", str(seed), "-q", "-p", "no:cacheprovider"], plugins=[fallen]
        )
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise SystemExit(f"--claims {claims!r}, seed {seed}: pytest ended with status {int(status)} and ran no claim")
    return {
        "seed": seed,
        "status": int(status),
        "fell": fallen.tests,
        "seconds": round(time.perf_counter() - started, 1),
    }


def main() -> None:
    """Run what is missing, then print the count and what it bounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--first", type=int, default=1000, help="first seed")
    parser.add_argument("--out", type=Path, default=Path("false-alarms.jsonl"))
    parser.add_argument("--claims", default="*", metavar="GLOB", help="of these claims only")
    options = parser.parse_args()
    lines = options.out.read_text().splitlines() if options.out.exists() else []
    done = {record["seed"]: record for record in map(json.loads, lines)}
    for seed in range(options.first, options.first + options.runs):
        if seed not in done:
            done[seed] = run(seed, options.claims)
            with options.out.open("a") as stream:
                stream.write(json.dumps(done[seed]) + "\n")
    fell = sum(record["status"] != 0 for record in done.values())
    bound = Evidence(fell, len(done), 1 - CONFIDENCE).high
    print(f"{fell} of {len(done)} runs had a false alarm; rate at most {bound:.2g} at {CONFIDENCE:.0%} confidence")


if __name__ == "__main__":
    main()
