"""The page that GitHub shows beside a workflow's run: what changed first, then a row per claim."""

import os
from collections.abc import Sequence
from typing import Any

from lemmata.audit.errors import UserError
from lemmata.audit.show.markdown import plain, rows

LIMIT = 1_000_000
"""Bytes; GitHub drops a summary above 1 MiB."""


def append(document: dict[str, Any], changes: Sequence[str], drifted: Sequence[str]) -> None:
    """Append the audit to the file that $GITHUB_STEP_SUMMARY names; nothing without one.

    Raises:
        UserError: if it cannot be written.
    """
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if not file:
        return
    try:
        with open(file, "a", encoding="utf-8") as stream:
            stream.write(summary(document, changes, drifted))
    except OSError as error:
        raise UserError(f"GITHUB_STEP_SUMMARY {file!r} cannot be written: {error.strerror}") from error


def summary(document: dict[str, Any], changes: Sequence[str], drifted: Sequence[str], limit: int = LIMIT) -> str:
    """The audit in Markdown, shortened to `limit` bytes by leaving out the last rows, which it says."""
    claims = document["claims"]
    surprises = [f"{id}: {c['verdict']}, {c['reason']}" for id, c in claims.items() if c["verdict"] != c["expected"]]
    head = [f"## lemmata: {len(claims)} claims, {len(surprises)} verdicts not as expected", ""]
    for title, lines in (
        ("Not as expected", surprises),
        ("Changed since the baseline", changes),
        ("Beyond `claims/constants.toml`", drifted),
    ):
        head += [f"### {title}", "", *(f"- {plain(line)}" for line in lines), ""] if lines else []
    lines = [*head, *rows(document), ""]
    size = 0
    kept: list[str] = []
    for line in lines:
        size += len(line.encode()) + 1
        if size > limit - 100:
            return "\n".join([*kept, "", f"… shortened: {len(lines) - len(kept)} lines left out.", ""])
        kept.append(line)
    return "\n".join(kept) + "\n"
