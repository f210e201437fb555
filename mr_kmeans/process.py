"""Which process is at work, and whether it still is."""
from __future__ import annotations

import os
import socket
import time
from typing import Dict, Optional


def identity(pid: Optional[int] = None) -> Dict:
    """Return what tells this process, or another of this host, from all others, also from a later one of the same number."""
    pid = pid or os.getpid()
    return {'host': socket.gethostname(), 'pid': pid, 'born': birth(pid), 'started': time.strftime('%Y-%m-%dT%H:%M:%S%z')}


def is_gone(who: Dict) -> bool:
    """Tell whether a process is gone for sure: it was one of this host, and there is none of its number, or another.

    Parameters
    ----------
    who : dict
        Its `identity`.
    """
    pid = who.get('pid')
    if who.get('host') != socket.gethostname() or not isinstance(pid, int) or pid <= 0:
        return False
    if not is_alive(pid):
        return True
    born, now = who.get('born'), birth(pid)
    return born is not None and now is not None and born != now


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
    """Return when a process began, in the system's own words; None where the system does not tell."""
    status = _status(pid)
    return None if status is None else status[19]


def _status(pid: int):
    """Return what Linux tells of a process, from its state on (see proc(5)); None when it doesn't."""
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as stream:
            return stream.read().rpartition(')')[2].split()
    except OSError:
        return None
