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
        way_out = f"for claims of a file: --claims-from {pattern}" if pattern.endswith(".py") else _near(pattern)
        raise UserError(f"GLOB {pattern!r} matches no claim; {way_out}") from error


def about(topics: tuple[str, ...]) -> list[Claim]:
    """The claims that match any of the topics, in the papers' order: ids, papers, or words that they speak of.

    Raises:
        UserError: for a topic that no claim is about.
    """
    chosen: set[str] = set()
    for topic in topics or ("*",):
        try:
            found = {claim.id for claim in select((topic,))}
        except LookupError:
            found = {claim.id for claim in whole_claims() if topic and topic.casefold() in _said(claim)}
        if not found:
            raise UserError(f"GLOB {topic!r} matches no claim, and none speaks of it; {_near(topic)}")
        chosen |= found
    return [claim for claim in whole_claims() if claim.id in chosen]


def _said(claim: Claim) -> str:
    """All words of a claim, in which a topic is looked for."""
    words = (claim.id, claim.title, claim.sentence, claim.source.reference, claim.notes)
    return " ".join(words).casefold()


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
