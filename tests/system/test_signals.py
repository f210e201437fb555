"""Tests that cleanup is not interrupted."""

import os
import signal
import threading

import pytest

from mr_kmeans.errors import RunError
from mr_kmeans.system.signals import SIGNALS, closing, undisturbed


@pytest.mark.parametrize('number', SIGNALS)
def test_signals_are_ignored_and_handlers_restored(number):
    received = []
    before = signal.signal(number, lambda *_: received.append(number))
    try:
        with pytest.raises(ValueError), undisturbed():
            os.kill(os.getpid(), number)
            raise ValueError
        assert received == []
        os.kill(os.getpid(), number)
        assert received == [number]
    finally:
        signal.signal(number, before)


def test_other_threads_leave_signals_unchanged():
    done = []

    def work():
        with undisturbed():
            done.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [signal.getsignal(signal.SIGTERM)]


class Thing:
    closed = 0

    def close(self):
        self.closed += 1
        raise RunError('the store is gone')


def test_original_error_is_raised():
    thing = Thing()
    with pytest.raises(ValueError, match='first'), closing(thing):
        raise ValueError('first')
    with pytest.raises(RunError, match='gone'), closing(thing):
        pass
    assert thing.closed == 2
