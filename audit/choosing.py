"""Which claims a person means."""

import difflib

from lemmata.audit.errors import UserError
from lemmata.claims import Claim, select
from lemmata.claims.registry import whole_claims


def choose(patterns: tuple[str, ...]) -> list[Claim]:
    """The claims that match any of the patterns, all of them for no pattern.

    Raises:
        UserError: for a pattern that matches nothing.
    """
    try:
        return select(patterns)
    except LookupError as error:
        pattern = str(error.args[0])
        raise UserError(f"GLOB {pattern!r} matches no claim; {_near(pattern)}") from error


def find(id: str) -> Claim:
    """The claim of this id, which may leave out the paper where that is unambiguous.

    Raises:
        UserError: if there is none, or more than one.
    """
    found = [claim for claim in whole_claims() if id in (claim.id, _short(claim.id))]
    if not found:
        raise UserError(f"ID {id!r} is no claim; {_near(id)}")
    if len(found) > 1:
        raise UserError(f"ID {id!r} is ambiguous; allowed: {', '.join(map(str, found))}")
    return found[0]


def _near(text: str) -> str:
    """The ids most like the text, with or without the paper as the text has it."""
    ids = [claim.id if "/" in text else _short(claim.id) for claim in whole_claims()]
    close = difflib.get_close_matches(text.strip("*"), ids, 3, 0.4)
    return f"closest: {', '.join(close)}" if close else "allowed: what `lemmata list` shows"


def _short(id: str) -> str:
    return id.partition("/")[2]
