"""Which process is at work, and whether it still is."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import time
from typing import Dict, Optional

MACHINE, BOOT, PIDS = '/etc/machine-id', '/proc/sys/kernel/random/boot_id', '/proc/self/ns/pid'


def identity(pid: Optional[int] = None) -> Dict:
    """Return what tells this process, or another of this host, from all others, also from a later
    one of the same number.
    """
    pid = pid or os.getpid()
    return dict(_here(), pid=pid, born=birth(pid), started=time.strftime('%Y-%m-%dT%H:%M:%S%z'))


def is_gone(who: Dict) -> bool:
    """Tell whether a process is gone for sure; see `is_there`."""
    return is_there(who) is False


def is_there(who: Dict) -> Optional[bool]:
    """Tell whether a process of this host is alive; None where that cannot be known from here.

    Gone are one of a number that no process has now, or only one with another time of birth, and
    one from before this machine was started. Nothing is known of processes of another host, of a
    machine of the same name, or of another container on this one.

    Parameters
    ----------
    who : dict
        Its `identity`, or what is known of it.
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
        return (
            False if 'machine' in same else None
        )  # started again, or one of two machines of this name
    if not same.get('pids', True):
        return None
    if not is_alive(pid):
        return False
    born, now = who.get('born'), birth(pid)
    return born is None or now is None or born == now


def is_alive(pid: int) -> bool:
    """Tell whether a process of this host exists; a zombie does not count."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    status = _status(pid)
    return status is None or status[0] != 'Z'


def birth(pid: int) -> Optional[str]:
    """Return when a process began, in the system's own words; None where the system does not
    tell.
    """
    status = _status(pid)
    return (
        status[19] if status else None if os.path.exists('/proc/self/stat') else _birth_by_ps(pid)
    )


def _here() -> Dict:
    """Return what tells this host, since it was last started, from others, also from other
    containers on it.
    """
    machine = _first_line(MACHINE)  # which systemd asks not to be shown
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
    """Return what Linux tells of a process, from its state on (see proc(5)); None when it
    doesn't.
    """
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as stream:
            return stream.read().rpartition(')')[2].split()
    except OSError:
        return None


def _birth_by_ps(pid: int) -> Optional[str]:
    """Return when a process began where there is no /proc, as on macOS."""
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
