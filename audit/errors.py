"""What a person did wrong, as one line; everything else that is raised is a defect of this program."""

from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 2000
"""Characters of a message."""


class UserError(Exception):
    """Unusable arguments or input: the message names the argument or file, the value and what is allowed."""


class Interrupted(UserError):
    """A person stopped the program; the message says what is kept and how to go on."""


class WorkerKilled(UserError):
    """A process that was measuring is gone, with no word of its own: the system ended it."""


@contextmanager
def naming(argument: str) -> Iterator[None]:
    """A ValueError raised inside becomes a `UserError` that names the argument its value came from.

    Raises:
        UserError: in place of a ValueError.
    """
    try:
        yield
    except ValueError as error:
        raise UserError(f"{argument}: {error}") from error


def one_line(message: str) -> str:
    """The message on one line, its unprintable characters escaped, as file names may hold any; of a long one both ends.

    What a person typed may be of any length, and what is allowed stands last.
    """
    words = " ".join(message.split())
    if len(words) > LONGEST:
        words = f"{words[: LONGEST // 2]} … {words[-LONGEST // 2 :]}"
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in words)
