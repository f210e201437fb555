"""What a run has at work outside of its process, noted so that a later run can end it: on a cluster, an application and more.

The note lies in the run's temporary folder. A run that ends in order leaves neither note nor work; `kill -9` leaves both.
"""
from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
from typing import Dict

from mr_kmeans import process

NOTE = 'hadoop.json'
SCRATCH_PREFIX = 'mr-kmeans-'
"""How the names of local temporary folders begin; others are not removed, whatever a note says."""


def clear_work(storage, folder: str) -> None:
    """End what the note in a folder tells of, if there is one.

    Parameters
    ----------
    storage : LocalStorage or HdfsStorage
    folder : str
        The temporary folder of a run that is gone.
    """
    path = storage.join(folder, NOTE)
    if not storage.exists(path):
        return
    try:
        note = json.loads(storage.read(path))
    except ValueError:  # it was being written
        return
    end_client(note.get('client') or {})
    from mr_kmeans.hadoopconf import HadoopConf  # only after a run on a cluster
    from mr_kmeans.storage import storage_for
    from mr_kmeans.yarn import end_applications
    end_applications(note.get('tag'), note.get('application'), HadoopConf.read())
    if note.get('remote'):
        storage_for(note['remote']).remove(note['remote'])
    scratch = note.get('scratch') or ''
    if note.get('host') == socket.gethostname() and os.path.basename(scratch).startswith(SCRATCH_PREFIX):
        shutil.rmtree(scratch, ignore_errors=True)


def end_client(client: Dict) -> None:
    """Kill the ``hadoop jar`` of a run that is gone, if it is still there: it could submit a job yet.

    Parameters
    ----------
    client : dict
        Its `process.identity`.
    """
    pid = client.get('pid')
    if client.get('host') == socket.gethostname() and isinstance(pid, int) and process.birth(pid) == client.get('born') is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)  # it has a session of its own
