"""The output directory of a run: its files, its lock, and what is true of it after a crash.

====================  ==========================================================================
iterations/NNNNN.json the truth: one immutable file per iteration, put there whole
manifest.json         what the run is made of: files, how they are read, options
survey.json           what is known of the rows: count, moments, grids, weights, fingerprint
points/               the packed rows
centroids.csv, iterations.csv   rebuilt from the above
model.json            the result; its presence means that the run is done
rejected.csv          the ledger
lock                  who is at work here: host, pid, time
tmp/                  of the run at work; whatever is there without a lock is a leftover
====================  ==========================================================================
"""
from __future__ import annotations

import json
import os
import socket
import time
from typing import Dict, List, Optional

from mr_kmeans.errors import RunError, UsageError
from mr_kmeans.storage import storage_for

CENTROIDS, ITERATIONS, MODEL, LEDGER = 'centroids.csv', 'iterations.csv', 'model.json', 'rejected.csv'
STATE, MANIFEST, SURVEY, POINTS, LOCK, TEMPORARY = 'iterations', 'manifest.json', 'survey.json', 'points', 'lock', 'tmp'
MADE_FROM = '_made_from.json'  # in POINTS
RESULTS = [CENTROIDS, ITERATIONS, MODEL, LEDGER, STATE, MANIFEST, SURVEY]
OWN_FILES = RESULTS + [POINTS, LOCK, TEMPORARY]
_UNFINISHED = '.tmp'


class RunDirectory:
    """A run's output directory.

    Parameters
    ----------
    out : str
        Its path; it need not exist yet.
    """

    def __init__(self, out: str):
        self.out = out
        self.storage = storage_for(out)
        self._locked = False
        self._made = False

    def path(self, *names: str) -> str:
        """Return the path of a file of the run."""
        return self.storage.join(self.out, *names)

    def open(self) -> None:
        """Make the directory where there is none, take the lock, remove leftovers.

        Raises
        ------
        UsageError
            When there are other things in it than a run.
        RunError
            When another run is at work in it.
        """
        if self.storage.exists(self.out) and not self.storage.is_folder(self.out):
            raise UsageError(f'-o {self.out}: this is a file; name a folder')
        foreign = [name for name in self.storage.list(self.out) if name not in OWN_FILES and not name.endswith(_UNFINISHED)]
        if foreign:
            raise UsageError(f'-o {self.out}: the folder holds other things ({foreign[0]}); name a new or empty one')
        self._made = not self.storage.exists(self.out)
        self.storage.make_folder(self.out)
        self._lock()
        self._remove_leftovers()

    def close(self) -> None:
        """Remove what is temporary, give the lock back; remove the directory if this run made it and left nothing."""
        if self._locked:
            self.storage.remove(self.path(TEMPORARY))
            self.storage.remove(self.path(LOCK))
            self._locked = False
            if self._made and not self.storage.list(self.out):
                self.storage.remove(self.out)

    def has_run(self) -> bool:
        """Tell whether a run has begun here: from its first iteration on. An attempt that failed before doesn't count."""
        return bool(self.iteration_numbers()) or any(self.storage.exists(self.path(name)) for name in (MODEL, CENTROIDS))

    def clear(self, *kept: str) -> None:
        """Remove the results of a run."""
        for name in RESULTS:
            if name not in kept:
                self.storage.remove(self.path(name))

    def iteration_numbers(self) -> List[int]:
        """Return the numbers of the iterations, 0 first, up to the first gap."""
        names = set(self.storage.list(self.path(STATE)))
        numbers = []
        while f'{len(numbers):05d}.json' in names:
            numbers.append(len(numbers))
        return numbers

    def read_iteration(self, number: int) -> Dict:
        """Return the content of an iteration's file."""
        return self.read_json(STATE, f'{number:05d}.json')

    def write_iteration(self, number: int, content: Dict) -> None:
        """Put an iteration's file."""
        self.storage.make_folder(self.path(STATE))
        self.write_json(content, STATE, f'{number:05d}.json')

    def read_json(self, *names: str) -> Optional[Dict]:
        """Return the content of a JSON file; None when there is none.

        Raises
        ------
        RunError
            When it is damaged.
        """
        path = self.path(*names)
        if not self.storage.exists(path):
            return None
        try:
            return json.loads(self.storage.read(path))
        except ValueError as error:
            raise RunError(f'{path}: damaged ({error}). Start again with --overwrite.') from None

    def write_json(self, content: Dict, *names: str) -> None:
        """Put a JSON file."""
        self.storage.write(self.path(*names), json.dumps(content, indent=1).encode('utf-8') + b'\n')

    def write_text(self, text: str, *names: str) -> None:
        """Put a text file."""
        self.storage.write(self.path(*names), text.encode('utf-8'))

    def temporary(self, name: str) -> str:
        """Return the path of a new temporary folder, made."""
        path = self.path(TEMPORARY, name)
        self.storage.make_folder(path)
        os.chmod(self.path(TEMPORARY), 0o700)
        return path

    def _lock(self) -> None:
        me = {'host': socket.gethostname(), 'pid': os.getpid(), 'started': time.strftime('%Y-%m-%dT%H:%M:%S%z')}
        content = json.dumps(me).encode('utf-8')
        path = self.path(LOCK)
        for _ in range(3):
            try:
                self.storage.create(path, content)
                self._locked = True
                return
            except FileExistsError:
                holder = self._holder(path)
                if holder is not None:
                    raise RunError(
                        f'{self.out} is in use by another run (process {holder["pid"]} on {holder["host"]}, since '
                        f'{holder["started"]}). Wait for it; if it is gone for sure, remove {path} and try again.') from None
        raise RunError(f'{self.out}: other runs come and go here; could not take {path}')

    def _holder(self, path: str) -> Optional[Dict]:
        """Return who holds the lock; None when they are gone, whose lock is then removed."""
        try:
            holder = dict({'host': '?', 'pid': 0, 'started': '?'}, **json.loads(self.storage.read(path)))
        except FileNotFoundError:
            return None
        except ValueError:
            holder = {'host': '?', 'pid': 0, 'started': '?'}
        if holder['host'] != socket.gethostname() or is_alive(holder['pid']):
            return holder
        mine = f'{path}.{os.getpid()}{_UNFINISHED}'
        try:
            self.storage.rename(path, mine)  # of two that find it stale, one can
        except FileNotFoundError:
            return None
        self.storage.remove(mine)
        return None

    def _remove_leftovers(self) -> None:
        self.storage.remove(self.path(TEMPORARY))
        for folder in (self.out, self.path(STATE)):
            for name in self.storage.list(folder):
                if name.startswith('.') and name.endswith(_UNFINISHED):
                    self.storage.remove(self.storage.join(folder, name))


def is_alive(pid: int) -> bool:
    """Tell whether a process of this host exists; a zombie does not count."""
    if not isinstance(pid, int) or pid <= 0 or pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        with open(f'/proc/{pid}/stat', 'rb') as stream:
            return stream.read().rpartition(b')')[2].split()[0] != b'Z'
    except OSError:
        return True
