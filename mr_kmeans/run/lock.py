"""The lock of an output folder: one small file that names the process which writes there.

A lock is taken by creating its file where there must be none. The file holds a number that no other
lock has, so that a run recognizes its own: it gives back no other, and stops when its own is gone.
A lock is never removed by its name alone, because another run may have taken it since it was read:
it is renamed to a name of its own first, looked at, and put back if it is not the one that was
judged.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import Dict, NamedTuple, Optional

from mr_kmeans.errors import LockedError, RunError
from mr_kmeans.messages import shortened
from mr_kmeans.storage.base import Storage
from mr_kmeans.system import processes

LOCK = 'lock'
BREAK = '--break-lock'

SECOND_LOOK = 1.0
"""Seconds until a run whose lock is missing looks again: another run that was about to break it may
be putting it back."""


class Found(NamedTuple):
    """A lock as it was read.

    Attributes
    ----------
    content : bytes or None
        None where it is not a file.
    holder : dict
        What is in it of `processes.identity`; empty when it is not a lock that this program writes.
    """

    content: Optional[bytes]
    holder: Dict


class Lock:
    """The lock of a folder.

    Parameters
    ----------
    storage : Storage
    folder : str
        Its absolute path.
    out : str
        The folder as the user wrote it, for messages.

    Attributes
    ----------
    path : str
    """

    def __init__(self, storage: Storage, folder: str, out: str):
        self._storage, self._folder, self._out = storage, folder, out
        self.path = storage.join(folder, LOCK)
        self._own: Optional[bytes] = None

    @property
    def is_taken(self) -> bool:
        """Tell whether this object has taken the lock and not given it back."""
        return self._own is not None

    def take(self, break_lock: bool = False) -> str:
        """Take the lock; one whose process is gone is replaced.

        Parameters
        ----------
        break_lock : bool
            Replace any other as well, except that of a process which is alive on this host.

        Returns
        -------
        str
            Whose lock was broken, in words; empty when none was.

        Raises
        ------
        LockedError
        """
        with self._storage.alone(
            self._folder
        ):  # on one host, of two that find a stale lock one replaces it
            broken, found = '', self._read()
            if found is not None:
                broken = self._judge(found, break_lock)
                self._displace(found)
            own = json.dumps(dict(processes.identity(), nonce=uuid.uuid4().hex)).encode('utf-8')
            try:
                self._storage.create(self.path, own)
            except FileExistsError:  # by another host
                raise self._refusal(self._read()) from None
            self._own = own
        if broken:  # another host may have broken the same lock
            self.check()
        return broken

    def check(self) -> None:
        """Make sure that the lock is still that of this run.

        Raises
        ------
        LockedError
            When it is gone or another run's.
        """
        if self._own is None or self._holds_own():
            return
        time.sleep(SECOND_LOOK)
        if self._holds_own():
            return
        found = self._read()
        whose = (
            'was removed'
            if found is None
            else f'was replaced by that of another run ({_describe(found)})'
        )
        raise LockedError(
            f'{self._out}: the lock of this run {whose}. It stopped, so that no two runs write to'
            ' one folder. Make sure that no other run works there; then fit --resume continues.'
        )

    def give_back(self) -> bool:
        """Remove the lock if it is that of this run; return whether it was."""
        own, self._own = self._own, None
        if own is None:
            return False
        with self._storage.alone(self._folder):
            found = self._read()
            if found is None or found.content != own:
                return False
            self._storage.remove(self.path)
            return True

    def is_own(self) -> bool:
        """Tell whether the lock is there and that of this run."""
        return self._own is not None and self._holds_own()

    def _holds_own(self) -> bool:
        try:
            return self._storage.read(self.path) == self._own
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return False

    def _judge(self, found: Found, break_lock: bool) -> str:
        """Return a description of the holder whose lock is to be broken, empty for a stale lock;
        refuse to replace any other.
        """
        alive = processes.is_there(found.holder)
        if alive is False:
            return ''
        if not break_lock or alive:
            raise self._refusal(found)
        if (
            found.content is None
            and self._storage.is_folder(self.path)
            and self._storage.list(self.path)
        ):
            raise LockedError(
                f'{self.path}: this is a folder with files in it, and not broken as a lock. Move it'
                ' away and try again.'
            )
        return _describe(found)

    def _refusal(self, found: Optional[Found]) -> LockedError:
        """Return the error that names the holder of the folder and what the user can do."""
        alive = found is not None and processes.is_there(found.holder)
        who = _describe(found) if found else 'which is starting up'
        todo = (
            f'Wait for it, or end it: kill {found.holder["pid"]}.'
            if found and alive
            else (
                'Wait for it; if it is certain that it no longer runs, such as after its machine'
                f' died, {BREAK} ends its lock.'
            )
        )
        if alive:
            todo += f' {BREAK} does not end the lock of a process that is alive on this host.'
        return LockedError(
            f'{self._out} is in use by another run ({who}). {todo} The lock is {self.path}.'
        )

    def _read(self) -> Optional[Found]:
        """Return the lock that is there; None when there is none."""
        try:
            content = self._storage.read(self.path)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return Found(None, {}) if self._storage.exists(self.path) else None
        except PermissionError as error:
            raise LockedError(
                f'{self._out} is in use by another run, or was: {self.path} cannot be read'
                f' ({error.strerror}). Its owner can read it, and end the lock with {BREAK} when'
                ' that run is gone.'
            ) from None
        except RunError:  # hadoop fs about a folder
            if not self._storage.is_folder(self.path):
                raise
            return Found(None, {})
        return Found(content, _holder(content))

    def _displace(self, found: Found) -> None:
        """Remove the lock that was found, and no other that has taken its place.

        Raises
        ------
        LockedError
        """
        if found.content is None and self._storage.is_folder(self.path):
            self._storage.remove_empty(self.path)
            return
        now = self._read()
        if now is None or now.content != found.content:
            raise self._refusal(now)
        # where another run has removed it meanwhile, one of both can create the next
        if not self._storage.remove_if(self.path, found.content):
            raise self._refusal(self._read())


def _holder(content: bytes) -> Dict:
    """Return the holder named in a lock, empty if it is not a lock of this program."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or not all(
        isinstance(found.get(name), (str, int)) for name in ('host', 'pid')
    ):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, (str, int))}


def _describe(found: Found) -> str:
    """Return a description of the lock's holder."""
    if found.content is None:
        return 'its lock is not a file'
    if not found.content:
        return 'its lock is empty: it is starting up, or was killed in doing so'
    if not found.holder:
        return f'its lock is damaged: {shortened(repr(found.content[:100]), 40)}'
    host, pid, started = (
        shortened(str(found.holder.get(name, '?')), 100) for name in ('host', 'pid', 'started')
    )
    return f'process {pid} on {host}, since {started}'
