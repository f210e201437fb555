"""Processes told apart, also from later ones of the same number."""

import os
import socket
import subprocess
import sys

import pytest

from mr_kmeans.system import processes


@pytest.fixture
def ended():
    """The number of a process that has ended."""
    child = subprocess.Popen([sys.executable, '-c', ''])
    child.wait()
    return child.pid


def test_this_process_is_there():
    me = processes.identity()
    assert (me['host'], me['pid']) == (socket.gethostname(), os.getpid())
    assert processes.is_alive(os.getpid()) and not processes.is_gone(me)


def test_an_ended_process_is_gone(ended):
    assert not processes.is_alive(ended)
    assert processes.is_gone(dict(processes.identity(), pid=ended))


def test_a_zombie_is_gone():
    child = subprocess.Popen(
        [sys.executable, '-c', 'import sys; sys.stdin.read(1)'], stdin=subprocess.PIPE
    )
    assert not processes.is_gone(
        dict(processes.identity(), pid=child.pid, born=processes.birth(child.pid))
    )
    child.communicate(b'')
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitid(
        os.P_PID, pid, os.WEXITED | os.WNOWAIT
    )  # it has ended, and nobody has taken note: a zombie
    try:
        assert processes.is_alive(pid) == (sys.platform != 'linux')
    finally:
        os.waitpid(pid, 0)


def test_another_process_of_the_same_number_is_another():
    me = processes.identity()
    if me['born'] is None:  # this system does not tell
        assert not processes.is_gone(me)
    else:
        assert processes.is_gone(dict(me, born='1'))


@pytest.mark.parametrize(
    'who',
    [
        {'host': 'elsewhere', 'pid': 1},
        {'host': socket.gethostname(), 'pid': '?'},
        {'host': socket.gethostname()},
        {'host': socket.gethostname(), 'pid': 0},
        {'host': socket.gethostname(), 'pid': -1},
        {},
    ],
)
def test_of_others_nothing_is_known_for_sure(who):
    assert not processes.is_gone(who)


@pytest.mark.parametrize('number', [2**22 + 1, 2**40])
def test_a_number_beyond_all_processes(number):
    assert processes.is_gone({'host': socket.gethostname(), 'pid': number, 'born': None})
