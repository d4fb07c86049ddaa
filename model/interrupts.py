"""Which interrupts are a person's: code that is measured may raise the same."""

import signal


class Stopped(KeyboardInterrupt):
    """A signal asks the program to end."""


def by_hand(error: BaseException) -> bool:
    """Whether a person ends the program; a plain KeyboardInterrupt is one while Python's own handler raises it."""
    if isinstance(error, Stopped):
        return True
    return isinstance(error, KeyboardInterrupt) and signal.getsignal(signal.SIGINT) is signal.default_int_handler
