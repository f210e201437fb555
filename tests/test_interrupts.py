"""Clearing up is not interrupted."""

import os
import signal
import threading

import pytest

from mr_kmeans.interrupts import SIGNALS, undisturbed


@pytest.mark.parametrize('number', SIGNALS)
def test_signals_are_ignored_and_their_handlers_given_back(number):
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


def test_other_threads_go_on_as_they_are():
    done = []

    def work():
        with undisturbed():
            done.append(signal.getsignal(signal.SIGTERM))
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [signal.getsignal(signal.SIGTERM)]
