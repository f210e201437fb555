"""Signals that must wait: clearing up is not interrupted, or Ctrl-C pressed twice would leave an
application at work, and a lock.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import Iterator

from mr_kmeans.errors import RunError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore the signals that end a process, as the commands do that are started meanwhile: a
    terminal sends them Ctrl-C too.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():  # no other may say what a signal does
        for number in SIGNALS:
            if (
                signal.getsignal(number) is not None
            ):  # one that is not Python's could not be given back
                before[number] = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def closing(thing) -> Iterator[None]:
    """Close it in the end; where something has failed before, that is the error to tell, not what
    clearing up meets with.
    """
    try:
        yield
    except BaseException:
        with contextlib.suppress(RunError, OSError):
            thing.close()
        raise
    thing.close()
