"""The store on the local disk."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import os
import shutil
import tempfile
import time
from typing import BinaryIO, Dict, Iterator, List, Optional

from mr_kmeans.errors import LockedError
from mr_kmeans.storage.base import UNFINISHED, RenamingStorage

ALONE_SECONDS = 120
"""Seconds to wait for another process that keeps this one out of a folder, before it is reported;
it needs a few calls to the store."""

COPY_BYTES = 1 << 20
"""Number of bytes copied at once."""

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class LocalStorage(RenamingStorage):
    """Files below local folders."""

    scheme = ''

    def absolute(self, path: str) -> str:
        return os.path.abspath(path)

    def real(self, path: str) -> str:
        return os.path.realpath(path)

    def join(self, *parts: str) -> str:
        return os.path.join(*parts)

    def exists(self, path: str) -> bool:
        return os.path.lexists(path)

    def is_folder(self, path: str) -> bool:
        return os.path.isdir(path)

    def is_link(self, path: str) -> bool:
        return os.path.islink(path)

    def lost_link(self, path: str) -> str:
        return os.path.realpath(path) if os.path.islink(path) and not os.path.exists(path) else ''

    def list(self, folder: str) -> List[str]:
        try:
            return sorted(os.listdir(folder))
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return []
            raise

    def sizes(self, folder: str) -> Dict[str, int]:
        names = self.list(folder) if os.path.isdir(folder) else []
        return {
            name: os.path.getsize(os.path.join(folder, name))
            for name in names
            if os.path.isfile(os.path.join(folder, name))
        }

    def make_folder(self, path: str) -> None:
        os.makedirs(path, exist_ok=True)

    def make_private(self, path: str) -> None:
        os.chmod(path, 0o700)

    def open(self, path: str, size: Optional[int] = None) -> BinaryIO:
        """Open a file for reading anywhere in it; its size does not matter here."""
        return open(path, 'rb')

    def read(self, path: str) -> bytes:
        with open(path, 'rb') as stream:
            return stream.read()

    def write(self, path: str, data: bytes) -> None:
        with self._aside(path, io.BytesIO(data)) as aside:
            os.replace(aside, path)

    def create(self, path: str, data: bytes) -> None:
        self.put(path, io.BytesIO(data), len(data))

    def put(self, path: str, content: BinaryIO, size: int) -> None:
        with self._aside(path, content) as aside:
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
        os.rename(old, new)

    def remove(self, path: str) -> None:
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
        with contextlib.suppress(OSError):
            os.rmdir(folder)

    def fetch(self, folder: str, sizes: Dict[str, int], target: str) -> None:
        for name in sizes:
            shutil.copyfile(os.path.join(folder, name), os.path.join(target, name))

    @contextlib.contextmanager
    def alone(self, folder: str) -> Iterator[None]:
        """Keep other processes of this host out of a block of code; the system ends it when this
        process ends.
        """
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # some network file systems know no such locks
                keep_out(descriptor, folder)
            yield
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _aside(self, path: str, content: BinaryIO) -> Iterator[str]:
        """Write a file beside `path`; it is removed when the block that puts it in place fails."""
        folder, name = os.path.split(path)
        aside = None
        try:
            descriptor, aside = tempfile.mkstemp(
                prefix=f'.{name}.', suffix=UNFINISHED, dir=folder or '.'
            )
            with os.fdopen(descriptor, 'wb') as stream:
                shutil.copyfileobj(content, stream, COPY_BYTES)
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
    """Take the system's advisory lock on an open file or folder.

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
