"""Progress messages: a line for the user every two seconds during long operations, none for short
ones.

Lines are logged. `fit` and `assign` begin a progress of their own (`reporting`), so that two of
them in two threads do not meet. A long operation describes itself by `underway` if
it waits in steps and calls `tick` itself, as for forked children; otherwise by `meanwhile`, which
uses a thread. No process may be forked while that thread runs.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from contextvars import ContextVar
from typing import Callable, Iterator, Optional, Tuple

from mr_kmeans.system import task_counts

log = logging.getLogger(__name__)

EVERY = 2.0
"""Seconds between lines, and before the first one."""

Describe = Callable[[float], str]
"""Function that returns a line, given the seconds since the beginning."""


class Progress:
    """Progress of operations, logged a line at a time.

    Parameters
    ----------
    say : callable
        Called with lines, possibly from another thread. By default they are logged.
    clock : callable
        Function that returns seconds.
    """

    def __init__(
        self, say: Callable[[str], None] = log.info, clock: Callable[[], float] = time.monotonic
    ):
        self._say, self._clock, self._lock = say, clock, threading.Lock()
        self._describe: Optional[Describe] = None
        self._started = self._due = 0.0

    @contextlib.contextmanager
    def underway(self, describe: Describe) -> Iterator[None]:
        """Make `tick` report this operation and, after the block, the one it is part of."""
        outer = self._describe, self._started
        self._begin(describe, self._clock())
        try:
            yield
        finally:
            self._begin(*outer)

    def _begin(self, describe: Optional[Describe], started: float) -> None:
        with self._lock:
            self._describe, self._started, self._due = describe, started, self._clock() + EVERY

    def tick(self) -> None:
        """Report a line, if one is due."""
        with self._lock:
            now = self._clock()
            if self._describe is None or now < self._due:
                return
            self._due = now + EVERY
            line = self._describe(now - self._started)
        self._say(line)

    def seconds_left(self) -> Optional[float]:
        """Return the seconds until the next line is due, None if there is nothing to report."""
        return None if self._describe is None else max(0.0, self._due - self._clock())

    @contextlib.contextmanager
    def meanwhile(self, describe: Describe) -> Iterator[None]:
        """Report this operation from a thread until the block ends."""
        done = threading.Event()

        def speak() -> None:
            while not done.wait(self.seconds_left()):
                self.tick()

        with self.underway(describe):
            thread = threading.Thread(target=speak, daemon=True)
            thread.start()
            try:
                yield
            finally:
                done.set()
                thread.join()


class Restarts:
    """Progress of the restarts on a sample: of at most `n_init`, the best are then continued.

    Parameters
    ----------
    n_init : int
    """

    def __init__(self, n_init: int):
        self._n_init, self._n_done = n_init, 0

    def watch(self, n_done: int) -> None:
        """Note how many restarts are done."""
        self._n_done = n_done

    def describe(self, seconds: float) -> str:
        """Return a line on the progress.

        >>> Restarts(10).describe(2.2)
        'looking for the start: 0 of 10 restarts after 2 s'
        """
        more = ', continuing the best' if self._n_done >= self._n_init else ''
        done = f'{self._n_done} of {self._n_init} restarts'
        return f'looking for the start: {done} after {seconds:.0f} s{more}'


_nobody = Progress()
_current: ContextVar[Progress] = ContextVar('progress', default=_nobody)


def current() -> Progress:
    """Return the progress of this thread's command."""
    return _current.get()


@contextlib.contextmanager
def reporting() -> Iterator[None]:
    """Report on a command that begins, apart from any other."""
    token = _current.set(Progress())
    try:
        yield
    finally:
        _current.reset(token)


def reading(what: str, n_bytes: Optional[int]) -> Describe:
    """Return the description of a reading of rows that begins now, here and in forked children.

    Parameters
    ----------
    what : str
    n_bytes : int or None
        The total number of bytes, if that is known.
    """
    task_counts.begin()
    return lambda seconds: how_far(what, task_counts.read(), n_bytes, seconds)


def still_running(what: str, seconds: float, more: str = '') -> str:
    """Return a line on an operation about which nothing else is known.

    >>> still_running('packing', 14.2, 'map 50 %')
    'packing: still running after 14 s (map 50 %)'
    """
    return f'{what}: still running after {seconds:.0f} s' + (f' ({more})' if more else '')


def how_far(what: str, counts: Tuple[int, int], n_bytes: Optional[int], seconds: float) -> str:
    """Return a line on the reading of rows.

    Parameters
    ----------
    what : str
    counts : (int, int)
        Numbers of rows and bytes so far.
    n_bytes : int or None
        The total number of bytes, if that is known.
    seconds : float
        Seconds since the beginning.

    >>> how_far('packing', (3000000, 60), 200, 2.0)
    'packing: 3,000,000 rows after 2 s, 1,500,000 a second; 30 % of 200 bytes'
    """
    rows, read = counts
    if not read and not rows:
        return still_running(what, seconds)
    line = f'{what}: {rows:,} rows after {seconds:.0f} s, {rows / max(seconds, 1e-9):,.0f} a second'
    return line + (f'; {min(100, 100 * read // n_bytes)} % of {n_bytes:,} bytes' if n_bytes else '')
