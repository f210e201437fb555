"""A run's files in HDFS: the interface of `storage.LocalStorage`, over WebHDFS or the ``hadoop``
command.
"""

from __future__ import annotations

import contextlib
import fnmatch
import functools
import glob
import hashlib
import io
import logging
import os
import posixpath
import shutil
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from mrjob.fs.hadoop import HadoopFilesystem

from mr_kmeans.errors import RunError, UsageError, naming
from mr_kmeans.hadoop.commands import hadoop_command
from mr_kmeans.hadoop.conf import HadoopConf, hadoop_user
from mr_kmeans.hadoop.hadoop_fs import HadoopCommand
from mr_kmeans.hadoop.webhdfs import HINT, Status, WebHdfs, path_of
from mr_kmeans.storage.base import UNFINISHED
from mr_kmeans.storage.local import keep_out
from mr_kmeans.system.forking import usable_cores

log = logging.getLogger(__name__)

RANGE_BYTES = 1 << 18
"""Read at once of a file."""

DEFAULT_PORT = ':8020'
"""Of a NameNode's URI that names none."""


class HdfsStorage:
    """Files in HDFS; paths are URIs, ``hdfs://host:port/…`` or ``hdfs:///…``.

    Parameters
    ----------
    client : WebHdfs or HadoopCommand
    """

    def __init__(self, client, default_fs: Optional[str] = None):
        self.client, self._default_fs = client, default_fs
        self.slow = isinstance(
            client, HadoopCommand
        )  # each call is a JVM, and a file is read from its beginning

    def absolute(self, path: str) -> str:
        """Return a URI in the one way this program writes it: with the NameNode, without a slash at
        the end.

        Raises
        ------
        UsageError
            When it is one of another cluster.
        """
        scheme, _, rest = path.partition('://')
        authority, _, name = rest.partition('/')
        own = (self._default_fs or '').partition('://')[2]
        if authority and own and _with_port(authority) != _with_port(own):
            raise UsageError(
                f'{path}: the cluster of HADOOP_CONF_DIR is hdfs://{own}; name a path there, such'
                f' as hdfs:///{name}'
            )
        return f'{scheme}://{own or authority}' + posixpath.normpath('/' + name)

    def real(self, path: str) -> str:
        """Return the one way to write a URI."""
        return self.absolute(path)

    def join(self, *parts: str) -> str:
        """Return the URI of parts."""
        return posixpath.join(*parts)

    def exists(self, path: str) -> bool:
        """Tell whether there is a file or folder."""
        return self.client.status(path_of(path)) is not None

    def is_link(self, path: str) -> bool:
        """Tell that it is not a link: HDFS has none."""
        return False

    def lost_link(self, path: str) -> str:
        """Return nothing: HDFS has no links."""
        return ''

    def is_folder(self, path: str) -> bool:
        """Tell whether it is a folder."""
        status = self.client.status(path_of(path))
        return status is not None and status.is_folder

    def statuses(self, paths: Sequence[str]) -> List[Optional[Status]]:
        """Return name, size and modification time of what is at each path; None when there is
        nothing.
        """
        return self.client.statuses([path_of(path) for path in paths])

    def checksums(self, paths: Sequence[str]) -> List[str]:
        """Return HDFS's checksum of the content of each file; nothing where there is none."""
        return self.client.checksums([path_of(path) for path in paths])

    def entries(self, folder: str) -> List[Status]:
        """Return what is in a folder, by name; nothing when there is no such folder."""
        try:
            found = self.client.list(path_of(folder))
        except FileNotFoundError:
            return []
        is_file = (
            len(found) == 1
            and not found[0].is_folder
            and found[0].name == posixpath.basename(folder)
        )  # HDFS lists a file as itself
        return [] if is_file and not self.is_folder(folder) else found

    def list(self, folder: str) -> List[str]:
        """Return the names in a folder, sorted; none when there is no such folder."""
        return [status.name for status in self.entries(folder)]

    def sizes(self, folder: str) -> Dict[str, int]:
        """Return the files in a folder, by name, with their bytes; none when it does not exist."""
        return {status.name: status.size for status in self.entries(folder) if not status.is_folder}

    def glob(self, pattern: str) -> Dict[str, Status]:
        """Return the URIs that match a pattern, sorted, and what is there."""
        scheme, _, rest = pattern.partition('://')
        authority, _, path = rest.partition('/')
        found: Dict[str, Optional[Status]] = {f'{scheme}://{authority}': None}
        for part in path.split('/'):
            if glob.has_magic(part):
                found = {
                    f'{base}/{entry.name}': entry
                    for base, status in found.items()
                    if status is None or status.is_folder
                    for entry in self.entries(base)
                    if fnmatch.fnmatchcase(entry.name, part)
                }
            else:
                found = {
                    f'{base}/{part}': None
                    for base, status in found.items()
                    if status is None or status.is_folder
                }
        unknown = [uri for uri, status in found.items() if status is None]
        found.update(zip(unknown, self.statuses(unknown)))
        return {uri: status for uri, status in found.items() if status is not None}

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it, where there are none."""
        self.client.make_folder(path_of(path))

    def make_private(self, path: str) -> None:
        """Let nobody but the owner into a folder."""
        self.client.set_permission(path_of(path), '700')

    def read(self, path: str) -> bytes:
        """Return a file's content."""
        return self.client.read(path_of(path))

    def map(self, do: Callable, items: Iterable) -> Iterator:
        """Return what a function of this store gives for each item, in order; JVMs are kept at work
        on all cores.
        """
        if not self.slow:
            return map(do, items)
        with ThreadPoolExecutor(usable_cores()) as pool:
            return iter(list(pool.map(do, items)))

    def open(self, path: str, size: Optional[int] = None) -> BinaryIO:
        """Open a file for reading anywhere in it; its size, if that is known, saves a question."""
        return io.BufferedReader(self.client.file(path_of(path), size), RANGE_BYTES)

    def fetch(self, folder: str, sizes: Dict[str, int], target: str) -> None:
        """Copy files of a folder, by name, to a local one."""
        if self.slow:
            self.client.fetch(
                [
                    (path_of(self.join(folder, name)), size, os.path.join(target, name))
                    for name, size in sizes.items()
                ]
            )
            return
        for name in sizes:
            path = os.path.join(target, name)
            with (
                self.open(self.join(folder, name)) as source,
                naming(path),
                open(path, 'wb') as copy,
            ):
                shutil.copyfileobj(source, copy, 1 << 20)

    def write(self, path: str, data: bytes) -> None:
        """Put a file in place, whole, over one that may be there."""
        if self.client.puts_whole:
            self.client.create(path_of(path), io.BytesIO(data), len(data), overwrite=True)
            return
        aside = posixpath.join(
            posixpath.dirname(path), f'.{posixpath.basename(path)}.{uuid.uuid4().hex}{UNFINISHED}'
        )
        try:
            self.client.create(path_of(aside), io.BytesIO(data), len(data))
            self.client.rename(path_of(aside), path_of(path), overwrite=True)
        except BaseException:
            with contextlib.suppress(RunError, OSError):  # the first error is the one to tell
                self.remove(aside)
            raise

    def create(self, path: str, data: bytes) -> None:
        """Write a file that must not exist.

        Raises
        ------
        FileExistsError
        """
        try:
            self.client.create(path_of(path), io.BytesIO(data), len(data))
        except FileExistsError:
            raise
        except BaseException:
            with contextlib.suppress(RunError, OSError):  # the first error is the one to tell
                if data.startswith(
                    self.read(path)
                    # WebHDFS leaves what it had written; a whole file of another content is not ours
                ):
                    self.remove(path)
            raise

    def put(self, path: str, content: BinaryIO, size: int) -> None:
        """Copy a stream to a new file."""
        self.client.create(path_of(path), content, size)

    def rename(self, old: str, new: str) -> None:
        """Rename a file or folder to a name that is free."""
        self.client.rename(path_of(old), path_of(new))

    def remove(self, path: str) -> None:
        """Remove a file or a folder with all in it; silent when there is none."""
        self.client.remove(path_of(path))

    def remove_empty(self, folder: str) -> None:
        """Remove a folder if there is nothing in it."""
        if self.exists(folder) and not self.list(folder):
            self.remove(folder)

    @contextlib.contextmanager
    def alone(self, folder: str) -> Iterator[None]:
        """Keep other processes of this host and user out, for a moment: only on its own host is a
        lock known to be stale.
        """
        name = hashlib.sha256(self.absolute(folder).encode('utf-8', 'surrogateescape')).hexdigest()[
            :16
        ]
        path = os.path.join(tempfile.gettempdir(), f'mr_kmeans-{os.getuid()}-{name}.lock')
        descriptor = os.open(
            path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600
        )  # anybody can guess the name, and put a link there
        try:
            keep_out(descriptor, path)
            yield
        finally:
            os.close(
                descriptor
            )  # the file stays: those who wait have it open, and would not see another of its name


def _with_port(authority: str) -> str:
    return authority if ':' in authority else authority + DEFAULT_PORT


def connect(conf: HadoopConf):
    """Return a client for the cluster of a configuration: WebHDFS, or the command where that gives
    another user or less security.

    The command is also for where WebHDFS does not answer: behind a firewall, on another port than
    the configuration says, or wanting more of who asks than a name.

    Raises
    ------
    RunError
        When neither answers.
    """
    return _connect(conf.default_fs, conf.webhdfs_address, hadoop_user(), tuple(hadoop_command()))


@functools.cache  # a process opens its storage in many places, and what does not answer takes seconds to tell
def _connect(
    default_fs: Optional[str], address: Optional[str], user: str, command: Tuple[str, ...]
):
    by_command = HadoopCommand(HadoopFilesystem(list(command)))
    if not address:
        return by_command
    by_rest = WebHdfs(address, user)
    try:
        by_rest.check()
        return by_rest
    except RunError as error:
        trouble = str(error).removesuffix(HINT)
    try:
        by_command.check()
    except (RunError, OSError) as error:
        raise RunError(
            f'{default_fs} does not answer. By WebHDFS: {trouble} By the command: {error}.{HINT}'
        ) from None
    log.warning(
        'HDFS is spoken to by hadoop fs, about a second a call, since WebHDFS is not to be had: %s',
        trouble,
    )
    return by_command


def storage_of_cluster() -> HdfsStorage:
    """Return the store of the cluster that the configuration names.

    Raises
    ------
    UsageError
        When there is no configuration.
    """
    conf = HadoopConf.read()
    if not conf.default_fs:
        raise UsageError(
            f'no cluster is named: {conf.folder} has no core-site.xml whose fs.defaultFS is an'
            " hdfs:// URI. Set HADOOP_CONF_DIR to the folder of your cluster's configuration, or"
            ' start one here: eval "$(scripts/hadoop start)"'
        )
    return HdfsStorage(connect(conf), conf.default_fs)
