"""What a run has at work outside of its process, noted so that a later run can end it: on a
cluster, an application and more.

The note lies in the run's temporary folder. A run that ends in order leaves neither note nor work;
`kill -9` leaves both, and so does a run that could not end its work: its note says so.
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
from mr_kmeans.system import processes

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

    Raises
    ------
    RunError
        When an application may be at work yet: it would write into what the next run makes.
    """
    note = _read(storage, folder)
    if note is None:
        return
    end_client(note.get('client') or {})
    from mr_kmeans.hadoop.conf import HadoopConf  # only after a run on a cluster
    from mr_kmeans.hadoop.yarn import end_applications
    from mr_kmeans.storage.open import storage_for

    left = end_applications(note.get('tag'), note.get('application'), HadoopConf.read())
    if left and note.get('client'):  # without one, nothing was submitted
        storage.write(storage.join(folder, NOTE), json.dumps(dict(note, left=True)).encode('utf-8'))
        raise RunError(
            f'an earlier run may be at work here yet: {left}. Then give the same command again; if'
            f' that cluster is gone for sure, remove {folder} first.'
        )
    if note.get('remote'):
        storage_for(note['remote']).remove(note['remote'])
    scratch = note.get('scratch') or ''
    if note.get('host') == socket.gethostname() and os.path.basename(scratch).startswith(
        SCRATCH_PREFIX
    ):
        shutil.rmtree(scratch, ignore_errors=True)


def is_left(storage, folder: str) -> bool:
    """Tell whether the note in a folder is of work that could not be ended, so that the folder must
    stay.
    """
    return bool((_read(storage, folder) or {}).get('left'))


def _read(storage, folder: str) -> Optional[Dict]:
    """Return a note; None when there is none that was written to its end."""
    try:
        note = json.loads(storage.read(storage.join(folder, NOTE)))
    except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
        return None
    return note if isinstance(note, dict) else None


def end_client(client: Dict) -> None:
    """Kill the ``hadoop jar`` of a run that is gone, if it is still there: it could submit a job
    yet.

    Parameters
    ----------
    client : dict
        Its `processes.identity`.
    """
    pid = client.get('pid')
    if processes.is_there(client) and client.get('born') is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)  # it has a session of its own
