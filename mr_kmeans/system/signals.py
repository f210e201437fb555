"""Cleanup that signals do not interrupt, and that does not hide the original error."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import Iterator

from mr_kmeans.errors import RunError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore SIGINT, SIGTERM and SIGHUP during cleanup, so that a second Ctrl-C cannot leave a
    running YARN application or a stale lock behind.

    Commands started meanwhile ignore them, too: a terminal also sends them Ctrl-C.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():  # others cannot set handlers
        for number in SIGNALS:
            if (
                signal.getsignal(number) is not None
            ):  # a handler not set by Python could not be restored
                before[number] = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def closing(thing) -> Iterator[None]:
    """Close `thing` on exit. If the body raised, errors from `close()` are suppressed and the
    original error is raised.
    """
    try:
        yield
    except BaseException:
        with contextlib.suppress(RunError, OSError):
            thing.close()
        raise
    thing.close()
