"""Where a run's files live; only this module knows how a store is spoken to.

So far the local disk. A store's files are immutable once written: `write` puts a whole file in place or none.
"""
from __future__ import annotations

import os
import shutil
import tempfile
from typing import List

from mr_kmeans.errors import UsageError


class LocalStorage:
    """Files below local folders."""

    def join(self, *parts: str) -> str:
        """Return a path of parts."""
        return os.path.join(*parts)

    def exists(self, path: str) -> bool:
        """Tell whether there is a file or folder."""
        return os.path.lexists(path)

    def is_folder(self, path: str) -> bool:
        """Tell whether it is a folder."""
        return os.path.isdir(path)

    def list(self, folder: str) -> List[str]:
        """Return the names in a folder, sorted; none when it does not exist."""
        try:
            return sorted(os.listdir(folder))
        except FileNotFoundError:
            return []

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it, where there are none."""
        os.makedirs(path, exist_ok=True)

    def read(self, path: str) -> bytes:
        """Return a file's content."""
        with open(path, 'rb') as stream:
            return stream.read()

    def write(self, path: str, data: bytes) -> None:
        """Put a file in place, whole, over one that may be there."""
        descriptor, aside = tempfile.mkstemp(prefix='.' + os.path.basename(path) + '.', suffix='.tmp', dir=os.path.dirname(path) or '.')
        try:
            with os.fdopen(descriptor, 'wb') as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(aside, 0o666 & ~_umask())
            os.replace(aside, path)
        except BaseException:
            os.unlink(aside)
            raise

    def create(self, path: str, data: bytes) -> None:
        """Write a file that must not exist.

        Raises
        ------
        FileExistsError
        """
        with open(path, 'xb') as stream:
            stream.write(data)

    def rename(self, old: str, new: str) -> None:
        """Rename a file or folder to a name that is free."""
        os.rename(old, new)

    def remove(self, path: str) -> None:
        """Remove a file or a folder with all in it; silent when there is none."""
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)


def storage_for(path: str) -> LocalStorage:
    """Return the store of a path or URI.

    Raises
    ------
    UsageError
        When no store knows the URI's scheme.
    """
    if '://' in path:
        raise UsageError(f'{path}: the inline and local runners write to local folders only')
    return LocalStorage()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
