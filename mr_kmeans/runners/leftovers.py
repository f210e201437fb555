"""Remote leftovers of a run (YARN application, `hadoop jar` client, temporary folders), recorded so
that a later run can clean them up.

The record is in the run's temporary folder. A run that ends normally removes its leftovers and the
record. Both remain after `kill -9`, or if a run could not end its application, which its record
then states.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
from typing import Dict, Optional

from mr_kmeans.errors import RunError
from mr_kmeans.storage.base import Storage
from mr_kmeans.system import processes

NOTE = 'hadoop.json'
SCRATCH_PREFIX = 'mr-kmeans-'
"""Prefix of the names of local temporary folders; others are never removed, whatever a record says.
"""


def clear_work(storage: Storage, folder: str) -> None:
    """End the leftovers recorded in a folder, if there are any.

    Parameters
    ----------
    storage : Storage
    folder : str
        The temporary folder of a run that has ended.

    Raises
    ------
    RunError
        If an application may still be running: it would write into the next run's folder.
    """
    note = _read(storage, folder)
    if note is None:
        return
    end_client(note.get('client') or {})
    from mr_kmeans.hadoop.conf import HadoopConf  # needed only after a run on a cluster
    from mr_kmeans.hadoop.yarn import end_applications
    from mr_kmeans.storage.open import storage_for

    left = end_applications(note.get('tag'), note.get('application'), HadoopConf.read())
    if left and note.get('client'):  # without a client, nothing was submitted
        storage.write(storage.join(folder, NOTE), json.dumps(dict(note, left=True)).encode('utf-8'))
        raise RunError(
            f'an earlier run may still be running here: {left}. Then repeat this command; if'
            f' the cluster no longer exists, remove {folder} first.'
        )
    if note.get('remote'):
        storage_for(note['remote']).remove(note['remote'])
    scratch = note.get('scratch') or ''
    if note.get('host') == socket.gethostname() and os.path.basename(scratch).startswith(
        SCRATCH_PREFIX
    ):
        shutil.rmtree(scratch, ignore_errors=True)


def is_left(storage: Storage, folder: str) -> bool:
    """Return whether a folder records leftovers that could not be ended, so that it must be
    kept.
    """
    return bool((_read(storage, folder) or {}).get('left'))


def _read(storage: Storage, folder: str) -> Optional[Dict]:
    """Return the record in a folder, None if there is no complete one."""
    try:
        note = json.loads(storage.read(storage.join(folder, NOTE)))
    except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
        return None
    return note if isinstance(note, dict) else None


def end_client(client: Dict) -> None:
    """Kill the ``hadoop jar`` of a run that has ended, if it still exists: it could still submit a
    job.

    Parameters
    ----------
    client : dict
        The client's `processes.identity`.
    """
    pid = client.get('pid')
    if processes.is_there(client) and client.get('born') is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)  # it has a session of its own
