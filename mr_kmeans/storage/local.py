"""The store on the local disk."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import time
from typing import BinaryIO, Callable, Dict, Iterable, Iterator, List, Optional

from mr_kmeans.errors import LockedError
from mr_kmeans.storage.base import UNFINISHED

ALONE_SECONDS = 120
"""Until another process that keeps this one out of a folder is named instead of waited for; it
needs a few calls to the store."""

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class LocalStorage:
    """Files below local folders."""

    slow = False  # a call takes no second, and a file can be read from anywhere in it

    def absolute(self, path: str) -> str:
        """Return a path that stays the same when the working directory changes."""
        return os.path.abspath(path)

    def real(self, path: str) -> str:
        """Return an absolute path without links."""
        return os.path.realpath(path)

    def join(self, *parts: str) -> str:
        """Return a path of parts."""
        return os.path.join(*parts)

    def exists(self, path: str) -> bool:
        """Tell whether there is a file or folder."""
        return os.path.lexists(path)

    def is_folder(self, path: str) -> bool:
        """Tell whether it is a folder."""
        return os.path.isdir(path)

    def is_link(self, path: str) -> bool:
        """Tell whether it is a symbolic link."""
        return os.path.islink(path)

    def lost_link(self, path: str) -> str:
        """Return where a link leads that leads to nothing; empty for everything else."""
        return os.path.realpath(path) if os.path.islink(path) and not os.path.exists(path) else ''

    def list(self, folder: str) -> List[str]:
        """Return the names in a folder, sorted; none when there is no such folder."""
        try:
            return sorted(os.listdir(folder))
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return []
            raise

    def sizes(self, folder: str) -> Dict[str, int]:
        """Return the files in a folder, by name, with their bytes; none when it does not exist."""
        names = self.list(folder) if os.path.isdir(folder) else []
        return {
            name: os.path.getsize(os.path.join(folder, name))
            for name in names
            if os.path.isfile(os.path.join(folder, name))
        }

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it, where there are none."""
        os.makedirs(path, exist_ok=True)

    def make_private(self, path: str) -> None:
        """Let nobody but the owner into a folder."""
        os.chmod(path, 0o700)

    def map(self, do: Callable, items: Iterable) -> Iterator:
        """Return what a function of this store gives for each item, in order."""
        return map(do, items)

    def open(self, path: str, size: Optional[int] = None) -> BinaryIO:
        """Open a file for reading anywhere in it; its size, if that is known, saves other stores a
        question.
        """
        return open(path, 'rb')

    def read(self, path: str) -> bytes:
        """Return a file's content."""
        with open(path, 'rb') as stream:
            return stream.read()

    def write(self, path: str, data: bytes) -> None:
        """Put a file in place, whole, over one that may be there."""
        with self._aside(path, data) as aside:
            os.replace(aside, path)

    def create(self, path: str, data: bytes) -> None:
        """Put a file in place, whole, where there must be none.

        Raises
        ------
        FileExistsError
        """
        with self._aside(path, data) as aside:
            try:
                os.link(aside, path)  # unlike os.replace, it fails where there is a file
                os.unlink(aside)
                return
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            os.replace(aside, path)

    def rename(self, old: str, new: str) -> None:
        """Rename a file or folder to a name that is free."""
        os.rename(old, new)

    def remove(self, path: str) -> None:
        """Remove a file or a folder with all in it; silent when there is none."""
        if os.path.isdir(path) and not os.path.islink(path):
            try:
                shutil.rmtree(path)
            except OSError as error:
                if not os.path.isabs(error.filename or ''):  # named as in the folder that it is in
                    error.filename = path
                raise
        elif os.path.lexists(path):
            os.unlink(path)

    def remove_empty(self, folder: str) -> None:
        """Remove a folder if there is nothing in it."""
        with contextlib.suppress(OSError):
            os.rmdir(folder)

    @contextlib.contextmanager
    def alone(self, folder: str) -> Iterator[None]:
        """Keep other processes of this host out, for a moment; the system ends it when this process
        ends.
        """
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # some network file systems know no such locks
                keep_out(descriptor, folder)
            yield
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _aside(self, path: str, data: bytes) -> Iterator[str]:
        """Write a file beside `path`; it is removed when the block that puts it in place fails."""
        folder, name = os.path.split(path)
        aside = None
        try:
            descriptor, aside = tempfile.mkstemp(
                prefix=f'.{name}.', suffix=UNFINISHED, dir=folder or '.'
            )
            with os.fdopen(descriptor, 'wb') as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(aside, 0o666 & ~_umask())
            yield aside
        except BaseException as error:
            if aside:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(aside)
            if isinstance(error, OSError):
                error.filename = path  # the name the user knows
            raise


def keep_out(descriptor: int, folder: str) -> None:
    """Take the system's advisory lock of a file or folder that is open.

    Raises
    ------
    LockedError
        When another process does not let go of it.
    """
    deadline = time.monotonic() + ALONE_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise LockedError(
                    f'{folder}: another process keeps it locked (flock) for more than'
                    f' {ALONE_SECONDS} s. End it, or let it lock another file.'
                ) from None
        time.sleep(0.01)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
