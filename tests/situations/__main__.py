"""Every situation in a folder of its own: what it was, how it ended, and whether that is right."""

import sys
import tempfile
from pathlib import Path

from tests.situations import all_situations
from tests.situations.outcome import outcome


def main(names: list[str]) -> int:
    """Print a row for each situation whose name has one of the words in it; how many are wrong."""
    wrong = 0
    for situation in all_situations():
        if names and not any(name in situation.name for name in names):
            continue
        with tempfile.TemporaryDirectory() as folder:
            found = outcome(situation, Path(folder))
        wrong += bool(found.faults)
        print(f"{situation.name:55} exit {found.status}  {'; '.join(found.faults) or 'right'}")
        print(f"    {found.said}")
    return wrong


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
