"""The identity of a process, and whether it is still running."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import time
from typing import Dict, Optional

MACHINE, BOOT, PIDS = '/etc/machine-id', '/proc/sys/kernel/random/boot_id', '/proc/self/ns/pid'


def identity(pid: Optional[int] = None) -> Dict:
    """Return what distinguishes this process, or another one on this host, from all others, even
    from a later one with the same pid.
    """
    pid = pid or os.getpid()
    return dict(_here(), pid=pid, born=birth(pid), started=time.strftime('%Y-%m-%dT%H:%M:%S%z'))


def is_gone(who: Dict) -> bool:
    """Return whether a process has certainly ended; see `is_there`."""
    return is_there(who) is False


def is_there(who: Dict) -> Optional[bool]:
    """Return whether a process of this host is running; None if that cannot be determined.

    A process has ended if no process has its pid, or only one with another start time, or if the
    machine was restarted since. Nothing is known about processes of another host, of another
    machine with the same name, or of another container on this host.

    Parameters
    ----------
    who : dict
        Its `identity`, or the known part of it.
    """
    here, pid = _here(), who.get('pid')
    if (
        who.get('host') != here['host']
        or isinstance(pid, bool)
        or not isinstance(pid, int)
        or pid <= 0
    ):
        return None
    same = {
        name: who[name] == here[name]
        for name in ('machine', 'boot', 'pids')
        if who.get(name) and here[name]
    }
    if not same.get('machine', True):
        return None
    if not same.get('boot', True):
        return False if 'machine' in same else None  # restarted, or another machine with this name
    if not same.get('pids', True):
        return None
    if not is_alive(pid):
        return False
    born, now = who.get('born'), birth(pid)
    return born is None or now is None or born == now


def is_alive(pid: int) -> bool:
    """Return whether a process of this host exists; a zombie does not count."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    status = _status(pid)
    return status is None or status[0] != 'Z'


def birth(pid: int) -> Optional[str]:
    """Return the start time of a process in the system's own format, None if the system does not
    tell.
    """
    status = _status(pid)
    return (
        status[19] if status else None if os.path.exists('/proc/self/stat') else _birth_by_ps(pid)
    )


def _here() -> Dict:
    """Return what distinguishes this host, since its last start, from other hosts and other
    containers on it.
    """
    machine = _first_line(MACHINE)  # which must not be shown, according to systemd
    try:
        pids = os.readlink(PIDS)
    except OSError:
        pids = None
    return {
        'host': socket.gethostname(),
        'machine': machine and hashlib.sha256(b'mr_kmeans ' + machine.encode()).hexdigest()[:16],
        'boot': _first_line(BOOT),
        'pids': pids,
    }


def _first_line(path: str) -> Optional[str]:
    try:
        with open(path, encoding='ascii', errors='replace') as stream:
            return stream.readline().strip() or None
    except OSError:
        return None


def _status(pid: int):
    """Return the status of a process on Linux, from its state on (see proc(5)), or None."""
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as stream:
            return stream.read().rpartition(')')[2].split()
    except OSError:
        return None


def _birth_by_ps(pid: int) -> Optional[str]:
    """Return the start time of a process on systems without /proc, such as macOS."""
    try:
        done = subprocess.run(
            ['ps', '-o', 'lstart=', '-p', str(pid)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={'PATH': os.defpath, 'LC_ALL': 'C', 'TZ': 'UTC'},
        )
    except OSError:
        return None
    return ' '.join(done.stdout.split()) or None
