"""A limit on the time and the memory that one measurement may take."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

import torch

from lemmata.model.deadline import deadline
from lemmata.model.deferred import available_bytes

SHARE = 0.9
"""Of the free memory, which one measurement may take."""


class TooDear(Exception):
    """A measurement that takes more time or memory than it may; the message says which."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """What is inside is given up after this time of computing, or where it asks for more memory than is free.

    It is this process's time, whatever else the machine does, and limited where the system has such alarms and this is
    the program's first thread; a solver outside of Python hears no alarm, and has what is left of it by the clock.
    Memory is limited where the system does so for a process.

    Raises:
        TooDear: then.
    """
    with ExitStack() as limits:
        limits.enter_context(_time(seconds))
        limits.enter_context(_memory())
        limits.enter_context(deadline(seconds))
        try:
            yield
        except TimeoutError as error:
            raise TooDear(f"takes longer than {seconds:g} s") from error
        except MemoryError as error:
            raise TooDear("needs more memory than is free") from error
        except RuntimeError as error:
            if "allocate memory" not in str(error):
                raise
            raise TooDear("needs more memory than is free") from error


@contextmanager
def _time(seconds: float) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "ITIMER_PROF"):
        yield
        return

    def give_up(number: int, frame: FrameType | None) -> None:
        raise TooDear(f"takes longer than {seconds:g} s")

    before = signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def _memory() -> Iterator[None]:
    """A system may promise more than it has, and end the program that takes it: so the promise is limited."""
    try:
        import resource  # only where the system has it

        with open("/proc/self/statm") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = now + int(SHARE * available_bytes(torch.device("cpu")))
    if soft == resource.RLIM_INFINITY or most < soft:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
