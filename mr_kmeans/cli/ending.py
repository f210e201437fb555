"""Signals that end the command: in order, once, and with the exit code of the signal."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from typing import Optional

SIGNAL_DEBOUNCE_SECONDS = 0.5
"""Repeated signals within this time count as one."""


class Ended(SystemExit):
    """Exception for a signal that asks the process to end.

    Attributes
    ----------
    received : int or None
        The signal, also where a library such as DuckDB has turned the exception into its own.
    """

    received: Optional[int] = None
    _when = 0.0

    @classmethod
    def on_signal(cls, number: int, _frame) -> None:
        """End the process once; ignore signals that follow at once, such as from a key held down,
        during cleanup.
        """
        before, cls._when = cls._when, time.monotonic()
        if cls.received and cls._when - before < SIGNAL_DEBOUNCE_SECONDS:
            return
        cls.received = number
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        signal.signal(number, signal.SIG_IGN)
        raise cls(128 + number)


@contextlib.contextmanager
def remembering_signals():
    """Let errors that follow a signal end the process by that signal."""
    try:
        yield
    except BaseException:
        if Ended.received == signal.SIGINT:
            raise KeyboardInterrupt from None
        if Ended.received:
            raise Ended(128 + Ended.received) from None
        raise


@contextlib.contextmanager
def ending_signals():
    """Let signals end the process in order: children are killed, the lock is given back."""
    previous, Ended.received = {}, None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) in (
            signal.SIG_DFL,
            signal.default_int_handler,
        ):  # nohup ignores SIGHUP
            previous[number] = signal.signal(number, Ended.on_signal)
    try:
        yield
    finally:
        over = Ended.received and isinstance(
            sys.exc_info()[1], SystemExit
        )  # what is left is Python's own end
        for number, handler in previous.items():
            signal.signal(number, signal.SIG_IGN if over else handler)
