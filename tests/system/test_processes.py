"""Tests that processes are distinguished, even from later ones with the same pid."""

import os
import socket
import subprocess
import sys

import pytest

from mr_kmeans.system import processes


@pytest.fixture
def ended():
    """Return the pid of a process that has ended."""
    child = subprocess.Popen([sys.executable, '-c', ''])
    child.wait()
    return child.pid


def test_this_process_is_running():
    me = processes.identity()
    assert (me['host'], me['pid']) == (socket.gethostname(), os.getpid())
    assert processes.is_alive(os.getpid()) and not processes.is_gone(me)


def test_ended_process_is_gone(ended):
    assert not processes.is_alive(ended)
    assert processes.is_gone(dict(processes.identity(), pid=ended))


def test_zombie_is_gone():
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


def test_reused_pid_is_another_process():
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
def test_processes_of_other_hosts_are_unknown(who):
    assert not processes.is_gone(who)


@pytest.mark.parametrize('number', [2**22 + 1, 2**40])
def test_pid_beyond_the_maximum_is_gone(number):
    assert processes.is_gone({'host': socket.gethostname(), 'pid': number, 'born': None})
