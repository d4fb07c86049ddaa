"""How long what cannot be interrupted may take: solvers that run outside of Python look here."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_END: ContextVar[float] = ContextVar("_END", default=math.inf)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """What is inside ends after so many seconds of this process, or before, where an outer limit says so."""
    token = _END.set(min(_END.get(), time.process_time() + seconds))
    try:
        yield
    finally:
        _END.reset(token)


def seconds_left() -> float:
    """Until the deadline, at least 0; infinite where there is none."""
    return max(0.0, _END.get() - time.process_time())
