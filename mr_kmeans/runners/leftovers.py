"""Remote leftovers of a run (YARN application, `hadoop jar` client, temporary folders), recorded so
that a later run can clean them up.

The record is in the run's temporary folder. A run that ends normally removes its leftovers and the
record. Both remain after `kill -9`, or if a run could not end its application, which its record
then states.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import socket
from typing import Callable, Dict, Optional

from mr_kmeans.errors import RunError
from mr_kmeans.json_fields import Field, FieldError, parse_object
from mr_kmeans.storage.base import Storage
from mr_kmeans.storage.open import Stores
from mr_kmeans.system import processes

log = logging.getLogger(__name__)

NOTE = 'hadoop.json'
SCRATCH_PREFIX = 'mr-kmeans-'
"""Prefix of the names of local temporary folders; others are never removed, whatever a record says.
"""


def remove_leftovers(storage: Storage, folder: str, stores: Stores) -> None:
    """End the leftovers recorded in a folder, if there are any.

    Parameters
    ----------
    storage : Storage
    folder : str
        The temporary folder of a run that has ended.
    stores : Stores
        Those of the present run.

    Raises
    ------
    RunError
        If an application may still be running: it would write into the next run's folder.
    """
    try:
        note = _read(storage, folder)
    except FieldError as error:
        path = storage.join(folder, NOTE)
        log.warning('%s: ignored, as it is damaged: %s', path, error)
        return
    if note is None:
        return
    end_client(note.get('client') or {})
    from mr_kmeans.hadoop.yarn import end_applications  # needed only after a run on a cluster

    left = end_applications(note.get('tag'), note.get('application'), stores.cluster)
    if left and note.get('client'):  # without a client, nothing was submitted
        storage.write(storage.join(folder, NOTE), json.dumps(dict(note, left=True)).encode('utf-8'))
        raise RunError(
            f'an earlier run may still be running here: {left}. Then repeat this command; if'
            f' the cluster no longer exists, remove {folder} first.'
        )
    if note.get('remote'):
        stores.of(note['remote']).remove(note['remote'])
    scratch = note.get('scratch') or ''
    if note.get('host') == socket.gethostname() and os.path.basename(scratch).startswith(
        SCRATCH_PREFIX
    ):
        shutil.rmtree(scratch, ignore_errors=True)


def is_left(storage: Storage, folder: str) -> bool:
    """Return whether a folder records leftovers that could not be ended, so that it must be
    kept.
    """
    try:
        return bool((_read(storage, folder) or {}).get('left'))
    except FieldError:
        return False


def _read(storage: Storage, folder: str) -> Optional[Dict]:
    """Return the record in a folder, None if there is none.

    Raises
    ------
    FieldError
        If the record is damaged.
    """
    try:
        content = storage.read(storage.join(folder, NOTE))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except IsADirectoryError:
        raise FieldError('this is a folder, not a file') from None
    note = parse_object(content)
    _check(Field(note), FIELDS)
    return note


def _check(field: Field, fields: Dict[str, Callable[[Field], object]]) -> None:
    """Refuse invalid values of fields; each field may be missing."""
    field.check(isinstance(field.value, dict), 'an object')
    for name, read in fields.items():
        if name in field.value:
            field.get(name).optional(read)


CLIENT_FIELDS: Dict[str, Callable[[Field], object]] = {
    'pid': lambda field: field.whole(1, 2**31 - 1),
    **dict.fromkeys(('host', 'machine', 'boot', 'pids', 'born'), Field.text),
}
"""Checks of the used fields of `processes.identity`."""

FIELDS: Dict[str, Callable[[Field], object]] = {
    'client': lambda field: _check(field, CLIENT_FIELDS),
    'tag': lambda field: field.matching('mr-kmeans-[0-9a-f]+', 'a tag of mr-kmeans'),
    'application': lambda field: field.matching('application_[0-9_]+', 'the id of an application'),
    'remote': lambda field: field.matching('hdfs://.*/[^/]*[0-9a-f]{12}', 'a temporary folder'),
    'scratch': Field.text,
    'host': Field.text,
    'left': Field.flag,
}
"""Checks of the fields of a record."""


def end_client(client: Dict) -> None:
    """Kill the ``hadoop jar`` of a run that has ended, if it still exists: it could still submit a
    job.

    Parameters
    ----------
    client : dict
        The client's `processes.identity`.
    """
    pid = client.get('pid')
    if pid is not None and processes.is_there(client) and client.get('born') is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)  # it has a session of its own
