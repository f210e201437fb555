"""The input files that a user's paths, folders and patterns mean."""

from __future__ import annotations

import glob
import logging
import os
from typing import Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from mr_kmeans.errors import DataError, RunError, UsageError, of_os_error
from mr_kmeans.inputs.content_hash import hash_places
from mr_kmeans.messages import counted
from mr_kmeans.storage.base import RemoteStorage, Storage
from mr_kmeans.storage.local import LocalStorage
from mr_kmeans.storage.open import Stores, check_known, is_remote, scheme_of
from mr_kmeans.system.file_status import Status

log = logging.getLogger(__name__)

HIDDEN = ('.', '_')
"""First characters of the names of files that Hadoop always leaves out of the input of jobs."""

MIN_FILES_REPORTED = 10
"""Minimum number of files for a message that reading them takes a while, if each call starts a JVM.
"""

LOCAL = LocalStorage()

IsFolder = Callable[[str], bool]


class InputFile(NamedTuple):
    """A file of rows.

    Attributes
    ----------
    name : str
        The path as the user wrote it, or as found below a folder or by a pattern.
    path : str
        The absolute path.
    size : int
        Size in bytes.
    modified : int
        Time of the last change of the content, in nanoseconds since 1970.
    changed : int
        Time of the last change of the status in nanoseconds, which no command can set; 0 in HDFS,
        which has none.
    inode : int
        In HDFS the file's id, or 0 with ``hadoop fs``, which does not show it.
    content : str
        A hash of some of the bytes. In HDFS the checksum of all bytes if the id is not known, else
        empty.
    storage : Storage
        The store that it is in.
    """

    name: str
    path: str
    size: int
    modified: int
    changed: int = 0
    inode: int = 0
    content: str = ''
    storage: Storage = LOCAL

    def to_json(self) -> Dict:
        """Return what identifies the file and its content, as far as its status tells."""
        found = self._asdict()
        return {key: value for key, value in found.items() if key not in ('name', 'storage')}

    @property
    def is_remote(self) -> bool:
        """Whether it is in another store than the local disk."""
        return bool(self.storage.scheme)


def find_files(inputs: Sequence[str], stores: Optional[Stores] = None) -> List[InputFile]:
    """Return the files of paths, globs and folders in the order given; those of one glob or folder
    are sorted by name.

    As in Hadoop, files found in a folder or by a glob do not count if their names begin with ``.``
    or ``_``. Folders found that way are not entered, which is reported.

    Raises
    ------
    RunError
        If there is no such file.
    DataError
        If a folder contains no input file.
    UsageError
        If a file is named twice.
    """
    remote = find_remote(
        [item for item in inputs if is_remote(item)], Stores() if stores is None else stores
    )
    files: List[InputFile] = []
    for item in inputs:
        check_known(item)
        if is_remote(item):
            files += remote[item]
        elif os.path.isdir(item):
            files += map(
                look,
                files_in(
                    item,
                    [os.path.join(item, name) for name in os.listdir(item)],
                    os.path.isdir,
                ),
            )
        elif os.path.exists(item) or not glob.has_magic(item):
            files.append(look(item))
        else:
            files += map(look, files_of(item, glob.glob(item), os.path.isdir))
    seen: Dict[str, str] = {}
    for file in files:
        real = file.storage.real(file.path)
        if real in seen:
            raise UsageError(
                f'{file.name} is named twice (first as {seen[real]}); its rows would count double'
            )
        seen[real] = file.name
    return files


def files_in(folder: str, names: Sequence[str], is_folder: IsFolder) -> List[str]:
    """Return the input files among the content of a folder."""
    files, folders = _that_count(names, is_folder)
    if not files:
        if not names:
            raise DataError(
                f'the folder {folder} is empty; name the files of rows, or their folder'
            )
        inside = f'only folders, such as {folders[0]}' if folders else 'only hidden ones'
        raise DataError(f'the folder {folder} holds no input file ({inside})')
    _say_not_entered(folders)
    return files


def files_of(pattern: str, names: Sequence[str], is_folder: IsFolder) -> List[str]:
    """Return the input files among the matches of a glob."""
    files, folders = _that_count(names, is_folder)
    if not files:
        raise RunError(
            f'no file matches {pattern!r}'
            + (f' (only folders do, such as {folders[0]})' if folders else '')
        )
    _say_not_entered(folders)
    return files


def _that_count(names: Sequence[str], is_folder: IsFolder) -> Tuple[List[str], List[str]]:
    """Return the names of (possible) files and those of folders, without hidden ones."""
    names = sorted(name for name in names if not os.path.basename(name).startswith(HIDDEN))
    return [name for name in names if not is_folder(name)], [
        name for name in names if is_folder(name)
    ]


def _say_not_entered(folders: Sequence[str]) -> None:
    if folders:
        more = f' and {len(folders) - 1} more' if len(folders) > 1 else ''
        log.info(f'not entered: the folder {folders[0]}{more}')


def find_remote(items: Sequence[str], stores: Stores) -> Dict[str, List[InputFile]]:
    """Return the files in other stores that each URI (of a file, a folder or a pattern) means."""
    found: Dict[str, List[InputFile]] = {}
    for scheme in dict.fromkeys(map(scheme_of, items)):
        some = [item for item in items if scheme_of(item) == scheme]
        found.update(_find_in(stores.remote(some[0]), some))
    return found


def _find_in(storage: RemoteStorage, items: Sequence[str]) -> Dict[str, List[InputFile]]:
    """Return the files in a store that each URI means.

    Sizes and times are taken from a folder's listing, since asking ``hadoop fs`` for each file
    takes a second.
    """
    found: Dict[str, List[InputFile]] = {}
    for item, status in zip(items, storage.statuses([storage.absolute(item) for item in items])):
        known: Mapping[str, Status] = {}
        if status is None:
            known = storage.glob(item) if glob.has_magic(item) else {}
            if not known and '{' in item:
                raise UsageError(
                    f'{item}: no such file, and braces are not supported as a pattern; name'
                    ' the files one by one, or by *, ? and [].'
                )
            if not glob.has_magic(item):
                raise RunError(f'{item}: no such file or directory')
            names = files_of(item, list(known), _is_folder_of(known))
        elif status.is_folder:
            known = {storage.join(item, entry.name): entry for entry in storage.entries(item)}
            names = files_in(item, list(known), _is_folder_of(known))
        elif os.path.basename(item).startswith(HIDDEN):
            raise UsageError(
                f"{item}: its name begins with . or _, and Hadoop leaves such files out of a job's"
                ' input. Rename it.'
            )
        else:
            known, names = {item: status}, [item]
        found[item] = [
            InputFile(
                name,
                storage.absolute(name),
                known[name].size,
                known[name].modified,
                inode=known[name].file_id,
                storage=storage,
            )
            for name in names
        ]
    found = _with_checksums(found, storage)
    n_files = sum(map(len, found.values()))
    if storage.slow_calls and n_files >= MIN_FILES_REPORTED:
        log.info(f'reading the beginnings of {n_files} files with hadoop fs, about a second each')
    return found


def _is_folder_of(statuses: Mapping[str, Status]) -> Callable[[str], bool]:
    return lambda name: statuses[name].is_folder


def _with_checksums(
    found: Dict[str, List[InputFile]], storage: RemoteStorage
) -> Dict[str, List[InputFile]]:
    """Return the files, with HDFS's checksums of their content if their ids are not known."""
    unknown = [file.path for files in found.values() for file in files if not file.inode]
    checksums = dict(zip(unknown, storage.checksums(unknown))) if unknown else {}
    return {
        item: [file._replace(content=checksums.get(file.path, '')) for file in files]
        for item, files in found.items()
    }


def look(name: str) -> InputFile:
    """Return the description of an existing local file."""
    if name == '-':
        raise UsageError(
            'standard input cannot be read, as there are several passes. Write it to a file first.'
        )
    try:
        status = os.stat(name)
        if not os.access(name, os.R_OK):
            raise RunError(f'{name}: no permission to read it')
    except OSError as error:
        raise RunError(f'{name or repr(name)}: {(error.strerror or str(error)).lower()}') from None
    if not os.path.isfile(name):
        raise UsageError(
            f'{name}: not a regular file; the input is read several times. Write it to a'
            ' file first.'
        )
    shown = os.fsencode(name).decode(
        'utf-8', 'backslashreplace'
    )  # a name may not be text, and the locale must not matter
    try:
        content = hash_places(name, status.st_size)
    except OSError as error:
        raise of_os_error(error, name) from None
    return InputFile(
        shown,
        os.path.abspath(name),
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_ino,
        content,
    )


def check_unchanged(files: Sequence[InputFile]) -> None:
    """Refuse what was read if one of the files has changed in the meantime.

    Raises
    ------
    RunError
    """
    for file, now in zip(files, _as_they_are(files)):
        if now != file:
            what = (
                f'{counted(file.size, "byte")}, now {now.size:,}'
                if now.size != file.size
                else 'written to'
            )
            if now == file._replace(changed=now.changed, inode=now.inode):
                what = 'its owner, mode or links were changed, or it was replaced'
            raise RunError(
                f'{file.name}: it changed while it was read ({what}). Nothing of this pass was'
                ' kept. Start again when no other program is writing to it.'
            )


def _as_they_are(files: Sequence[InputFile]) -> Iterator[InputFile]:
    """Yield the current state of these files, without content hashes; a remote store is asked for
    all its files at once.
    """
    remote: Dict[str, Optional[Status]] = {}
    for storage in stores_of_files(files):
        if isinstance(storage, RemoteStorage):
            paths = [file.path for file in files if file.storage is storage]
            remote.update(zip(paths, storage.statuses(paths)))
    for file in files:
        if file.path not in remote:
            try:
                found = os.stat(file.path)
            except OSError as error:
                raise of_os_error(error) from None
            now = file._replace(
                size=found.st_size, modified=found.st_mtime_ns, changed=found.st_ctime_ns
            )
            if (
                now != file
                or found.st_ino == file.inode
                or hash_places(file.path, file.size) != file.content
            ):
                now = now._replace(
                    inode=found.st_ino
                )  # else the file system assigns new inodes, such as sshfs
            yield now
        else:
            status = remote[file.path]
            if status is None:
                raise RunError(f'{file.name}: no such file or directory')
            yield file._replace(size=status.size, modified=status.modified, inode=status.file_id)


def stores_of_files(files: Sequence[InputFile]) -> List[Storage]:
    """Return the stores that files are in, each once."""
    return list({id(file.storage): file.storage for file in files}.values())
