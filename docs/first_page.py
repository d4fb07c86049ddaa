"""Renew what README.md shows of an audit: `make audit > audit.txt; python docs/first_page.py audit.txt audit-results`.

The table's claims stay; their rows become those of audit.txt. The picture is the head of audit-results/report.html, as
Chromium shows it, where that is installed.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent / "README.md"
PICTURE = HERE / "glance.png"
TABLE = re.compile(r"(?<=```\n\$ make audit\n)claim .*?(?=…\n```)", re.DOTALL)
HEADS = ("verdict", "constant (95 %)", "limit", "stated", "data", "searched")

BETWEEN, ROOM = " · ", 96
"""What stands between exponents, and columns for a line of them, which is below its row."""

SIZE = (1110, 980)
"""Of the picture, in pixels."""


def renewed(shown: str, printed: str) -> str:
    """The shown table with the printed one's rows of the same claims.

    Raises:
        ValueError: naming a claim of the shown table that the printed one does not have.
    """
    rows = {row[0]: row for row in _rows(printed) if len(row) > 1}
    chosen = [row if len(row) == 1 else rows.get(row[0], ()) for row in _rows(shown)]
    if () in chosen:
        raise ValueError(f"{_rows(shown)[chosen.index(())][0]} is not among the printed claims")
    heads = ("claim", "", *(head for head in HEADS if head in printed.partition("\n")[0]))
    whole = [heads, *(row[:-1] for row in chosen if len(row) > 1)]
    used = [place for place in range(len(heads)) if any(row[place] for row in whole[1:])]
    widths = {place: max(len(row[place]) for row in whole) for place in used}
    lines = []
    for row in [(*heads, ""), *chosen]:
        cells = [row[place].ljust(widths[place]) for place in used] if len(row) > 1 else list(row)
        lines += ["  ".join(cells).rstrip(), *(_below(row[-1]) if len(row) > 1 else [])]
    return "\n".join(lines) + "\n"


def _below(growth: str) -> list[str]:
    """Exponents over lines, each of them whole."""
    lines: list[str] = []
    for item in growth.split(BETWEEN) if growth else ():
        if lines and len(lines[-1]) + len(BETWEEN) + len(item) <= ROOM:
            lines[-1] += BETWEEN + item
        else:
            lines.append(f"    {item}")
    return lines


def _rows(table: str) -> list[tuple[str, ...]]:
    """Of each claim its cells, and last its growth, wherever that stands; of a paper its name alone."""
    head, *lines = table.splitlines()
    growth = head.index("growth") if "growth" in head else None
    starts = [head.index(name) for name in HEADS if name in head]
    rows: list[tuple[str, ...]] = []
    for line in lines:
        if not line.strip():
            break
        if line.startswith(" "):
            rows[-1] = (*rows[-1][:-1], BETWEEN.join(filter(None, [rows[-1][-1], line.strip()])))
        elif line.endswith(":"):
            rows.append((line,))
        else:
            claim, _, sign = line[: starts[0]].strip().partition(" ")
            ends = [*starts[1:], growth]
            cells = [line[start:end].strip() for start, end in zip(starts, ends, strict=True)]
            rows.append((claim, sign.strip(), *cells, "" if growth is None else line[growth:].strip()))
    return rows


def photograph(report: Path) -> None:
    """The head of the page as a picture."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("no browser: docs/glance.png is as it was", file=sys.stderr)
        return
    size = f"--window-size={SIZE[0]},{SIZE[1]}"
    options = ("--headless", "--no-sandbox", "--hide-scrollbars", size, f"--screenshot={PICTURE}")
    subprocess.run([browser, *options, report.resolve().as_uri()], check=True, capture_output=True, timeout=120)


def main(printed: str, results: str) -> None:
    """Write README.md and the picture."""
    text, table = PAGE.read_text(encoding="utf-8"), Path(printed).read_text(encoding="utf-8")
    table = table[table.index("claim ") :]
    PAGE.write_text(TABLE.sub(lambda shown: renewed(shown[0], table), text), encoding="utf-8")
    photograph(Path(results) / "report.html")


if __name__ == "__main__":
    main(*sys.argv[1:])
