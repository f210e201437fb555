"""The interface of a store: where the files of a run live.

A store puts whole files in place or none, and its callers rename nothing: they `write`, `put` or
`create` a file, `publish` a folder that is finished, and `remove_if` a file is the one they have
read. A store that can rename derives from `RenamingStorage`, one in which inputs are searched from
`RemoteStorage`. `tests/storage/test_contract_of_storage.py` holds for every store.
"""

from __future__ import annotations

import contextlib
import fnmatch
import glob
import posixpath
import uuid
from abc import ABC, abstractmethod
from typing import (
    BinaryIO,
    Callable,
    ContextManager,
    Dict,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
    TypeVar,
)

from mr_kmeans.errors import UsageError
from mr_kmeans.system.file_status import Status

UNFINISHED = '.tmp'
"""Suffix of files that are still being written; their names begin with a dot and the final name."""

COPYING = '._COPYING_'
"""Suffix that ``hadoop fs -put`` appends to a file while it writes; a killed command leaves it."""

Item = TypeVar('Item')
Result = TypeVar('Result')


class Storage(ABC):
    """Files of one store; paths are those of the store, as `absolute` writes them.

    Attributes
    ----------
    scheme : str
        How the URIs of the store begin; empty for the local disk.
    """

    scheme: str

    @property
    def slow_calls(self) -> bool:
        """Whether a call takes about a second because it starts a JVM."""
        return False

    @property
    def seekable(self) -> bool:
        """Whether the end of a file can be read without what precedes it."""
        return True

    @abstractmethod
    def absolute(self, path: str) -> str:
        """Return a path that stays the same when the working directory changes.

        Raises
        ------
        UsageError
            When it belongs to another store.
        """

    def real(self, path: str) -> str:
        """Return an absolute path without links."""
        return self.absolute(path)

    @abstractmethod
    def join(self, *parts: str) -> str:
        """Return the path made of parts."""

    @abstractmethod
    def exists(self, path: str) -> bool:
        """Return whether there is a file or folder."""

    @abstractmethod
    def is_folder(self, path: str) -> bool:
        """Return whether there is a folder."""

    def is_link(self, path: str) -> bool:
        """Return whether there is a symbolic link; most stores have none."""
        return False

    def lost_link(self, path: str) -> str:
        """Return the target of a broken link; empty for everything else."""
        return ''

    @abstractmethod
    def list(self, folder: str) -> List[str]:
        """Return the names in a folder, sorted; empty if there is no such folder."""

    @abstractmethod
    def sizes(self, folder: str) -> Dict[str, int]:
        """Return the size in bytes of each file in a folder, by name; empty if there is no such
        folder.
        """

    @abstractmethod
    def make_folder(self, path: str) -> None:
        """Create a folder and its parents if they do not exist.

        Raises
        ------
        FileExistsError, NotADirectoryError
            When a file is in the way.
        """

    @abstractmethod
    def make_private(self, path: str) -> None:
        """Make a folder accessible to its owner only."""

    @abstractmethod
    def open(self, path: str, size: Optional[int] = None) -> BinaryIO:
        """Open a file for reading anywhere in it.

        Parameters
        ----------
        path : str
        size : int, optional
            Bytes of the file; where it is known, some stores save a request.
        """

    @abstractmethod
    def read(self, path: str) -> bytes:
        """Return the content of a file.

        Raises
        ------
        FileNotFoundError
        """

    @abstractmethod
    def write(self, path: str, data: bytes) -> None:
        """Write a whole file in one step, replacing an existing one."""

    @abstractmethod
    def create(self, path: str, data: bytes) -> None:
        """Write a whole file in one step if it does not exist: of several processes, one succeeds.

        Raises
        ------
        FileExistsError
        """

    @abstractmethod
    def put(self, path: str, content: BinaryIO, size: int) -> None:
        """Copy a stream of `size` bytes to a new file.

        Raises
        ------
        FileExistsError
        """

    @abstractmethod
    def publish(self, folder: str, target: str, marker: Optional[str] = None) -> None:
        """Move a finished folder to an unused path.

        Parameters
        ----------
        folder, target : str
        marker : str, optional
            A file in the folder: whoever finds it in `target` finds all the others, also in a store
            that moves file after file.
        """

    @abstractmethod
    def move_files(
        self, folder: str, target: str, names: Dict[str, str], marker: Optional[str] = None
    ) -> None:
        """Move files of a folder into another, which is created if necessary.

        Parameters
        ----------
        folder, target : str
        names : dict of str to str
            The new name of each file; it is free.
        marker : str, optional
            The file that is moved last.
        """

    @abstractmethod
    def remove(self, path: str) -> None:
        """Remove a file, or a folder with its content; do nothing if it does not exist."""

    @abstractmethod
    def remove_empty(self, folder: str) -> None:
        """Remove a folder if it is empty."""

    @abstractmethod
    def remove_if(self, path: str, content: Optional[bytes]) -> bool:
        """Remove a file with a certain content, and never another that has replaced it.

        Parameters
        ----------
        path : str
        content : bytes or None
            None: a link to nothing.

        Returns
        -------
        bool
            False when there is a file with another content, which stays.
        """

    @abstractmethod
    def alone(self, folder: str) -> ContextManager[None]:
        """Keep other processes of this host and user out of a block of code."""

    @abstractmethod
    def fetch(self, folder: str, sizes: Dict[str, int], target: str) -> None:
        """Copy files of a folder, given with their sizes, into a local folder."""

    def map(self, do: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield the result of a function of this store for each item, in order."""
        return map(do, items)


class RenamingStorage(Storage):
    """A store that renames a file or folder in one step."""

    @abstractmethod
    def rename(self, old: str, new: str) -> None:
        """Rename a file or folder to a name that is free.

        Raises
        ------
        FileNotFoundError
        """

    def publish(self, folder: str, target: str, marker: Optional[str] = None) -> None:
        """Move a finished folder to a path that is free, in one step."""
        self.rename(folder, target)

    def move_files(
        self, folder: str, target: str, names: Dict[str, str], marker: Optional[str] = None
    ) -> None:

        def move(name: str) -> None:
            self.rename(self.join(folder, name), self.join(target, names[name]))

        self.make_folder(target)
        for _ in self.map(move, [name for name in names if name != marker]):
            pass
        if marker in names:
            move(marker)

    def remove_if(self, path: str, content: Optional[bytes]) -> bool:
        """Remove a file that has a certain content: rename it first, and put it back if it is
        another.
        """
        folder, name = posixpath.split(path)
        aside = self.join(folder, f'.{name}.{uuid.uuid4().hex}{UNFINISHED}')
        try:
            self.rename(path, aside)
        except FileNotFoundError:
            return True
        try:
            found: Optional[bytes] = self.read(aside)
        except FileNotFoundError:
            found = None  # a link to nothing
        if found is not None and found != content:
            with contextlib.suppress(FileExistsError):
                self.create(path, found)
        self.remove(aside)
        return found == content


class RemoteStorage(Storage):
    """A store that is asked over a network, and in which users name inputs."""

    @abstractmethod
    def statuses(self, paths: Sequence[str]) -> List[Optional[Status]]:
        """Return the status of the file or folder at each path, None if there is none."""

    @abstractmethod
    def entries(self, folder: str) -> List[Status]:
        """Return the status of all files in a folder, by name; empty if there is no such folder."""

    @abstractmethod
    def checksums(self, paths: Sequence[str]) -> List[str]:
        """Return the store's checksum of each file; empty if it has none."""

    def exists(self, path: str) -> bool:
        return self.statuses([path])[0] is not None

    def is_folder(self, path: str) -> bool:
        status = self.statuses([path])[0]
        return status is not None and status.is_folder

    def list(self, folder: str) -> List[str]:
        return [status.name for status in self.entries(folder)]

    def sizes(self, folder: str) -> Dict[str, int]:
        return {status.name: status.size for status in self.entries(folder) if not status.is_folder}

    def glob(self, pattern: str) -> Dict[str, Status]:
        """Return the status of each URI that matches a pattern, sorted by URI."""
        scheme, _, rest = pattern.partition('://')
        authority, _, path = rest.partition('/')
        found: Dict[str, Optional[Status]] = {f'{scheme}://{authority}': None}
        for part in path.split('/'):
            bases = [uri for uri, status in found.items() if status is None or status.is_folder]
            if glob.has_magic(part):
                found = {
                    f'{base}/{entry.name}': entry
                    for base in bases
                    for entry in self.entries(base)
                    if fnmatch.fnmatchcase(entry.name, part)
                }
            else:
                found = {f'{base}/{part}': None for base in bases}
        unknown = [uri for uri, status in found.items() if status is None]
        found.update(zip(unknown, self.statuses(unknown)))
        return {uri: status for uri, status in found.items() if status is not None}


def check_link(storage: Storage, path: str, shown: str) -> None:
    """Refuse a link to nothing in the place of a folder, as ``mkdir -p`` does: the disk it leads to
    may not be mounted.

    Raises
    ------
    UsageError
    """
    target = storage.lost_link(path)
    if target:
        raise UsageError(
            f'{shown}: this is a link to {target}, which is not there. Make that folder (mkdir -p),'
            ' or name another.'
        )
