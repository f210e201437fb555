"""The store in HDFS, over WebHDFS or the ``hadoop`` command."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import posixpath
import shutil
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import (
    BinaryIO,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
)

from mr_kmeans.errors import RunError, UsageError, naming
from mr_kmeans.hadoop.cluster import Cluster, HdfsClient
from mr_kmeans.hadoop.hadoop_fs import HadoopCommand
from mr_kmeans.hadoop.webhdfs import path_of
from mr_kmeans.storage.base import UNFINISHED, Item, RemoteStorage, RenamingStorage, Result
from mr_kmeans.storage.local import keep_out
from mr_kmeans.system.file_status import Status
from mr_kmeans.system.forking import usable_cores

RANGE_BYTES = 1 << 18
"""Number of bytes of a file that are read at once."""

DEFAULT_PORT = ':8020'
"""Port of a NameNode whose URI names none."""


class HdfsStorage(RenamingStorage, RemoteStorage):
    """Files in HDFS; paths are URIs, ``hdfs://host:port/…`` or ``hdfs:///…``.

    Parameters
    ----------
    client : WebHdfs or HadoopCommand
    default_fs : str, optional
        The URI of the cluster.
    """

    scheme = 'hdfs'

    def __init__(self, client: HdfsClient, default_fs: Optional[str] = None):
        self.client, self._default_fs = client, default_fs

    @property
    def slow_calls(self) -> bool:
        """Whether each call starts a JVM."""
        return isinstance(self.client, HadoopCommand)

    @property
    def seekable(self) -> bool:
        """Whether a file need not be read from its beginning."""
        return not isinstance(self.client, HadoopCommand)

    def absolute(self, path: str) -> str:
        """Return a URI in the form that this program uses: with the NameNode, without a slash at
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

    def join(self, *parts: str) -> str:
        return posixpath.join(*parts)

    def statuses(self, paths: Sequence[str]) -> List[Optional[Status]]:
        return self.client.statuses([path_of(path) for path in paths])

    def checksums(self, paths: Sequence[str]) -> List[str]:
        """Return HDFS's checksum of the content of each file; empty where it has none."""
        return self.client.checksums([path_of(path) for path in paths])

    def entries(self, folder: str) -> List[Status]:
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

    def make_folder(self, path: str) -> None:
        self.client.make_folder(path_of(path))

    def make_private(self, path: str) -> None:
        self.client.set_permission(path_of(path), '700')

    def read(self, path: str) -> bytes:
        return self.client.read(path_of(path))

    def map(self, do: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield the result of a function of this store for each item, in order; JVMs run on all
        cores.
        """
        if not self.slow_calls:
            return map(do, items)
        with ThreadPoolExecutor(usable_cores()) as pool:
            return iter(list(pool.map(do, items)))

    def open(self, path: str, size: Optional[int] = None) -> BinaryIO:
        """Open a file for reading anywhere in it; its size, if that is known, saves a request."""
        return io.BufferedReader(self.client.file(path_of(path), size), RANGE_BYTES)

    def fetch(self, folder: str, sizes: Dict[str, int], target: str) -> None:
        if isinstance(self.client, HadoopCommand):
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
        try:
            self.client.create(path_of(path), io.BytesIO(data), len(data))
        except FileExistsError:
            raise
        except BaseException:
            with contextlib.suppress(RunError, OSError):  # the first error is the one to tell
                if data.startswith(
                    self.read(path)
                    # WebHDFS leaves what it had written; another whole file is not ours
                ):
                    self.remove(path)
            raise

    def put(self, path: str, content: BinaryIO, size: int) -> None:
        self.client.create(path_of(path), content, size)

    def rename(self, old: str, new: str) -> None:
        self.client.rename(path_of(old), path_of(new))

    def remove(self, path: str) -> None:
        self.client.remove(path_of(path))

    def remove_empty(self, folder: str) -> None:
        if self.exists(folder) and not self.list(folder):
            self.remove(folder)

    @contextlib.contextmanager
    def alone(self, folder: str) -> Iterator[None]:
        """Keep other processes of this host and user out of a block of code: only on its own host
        can a lock be known to be stale.
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


def storage_of_cluster(cluster: Cluster) -> HdfsStorage:
    """Return the store of a cluster.

    Raises
    ------
    UsageError
        When its configuration names no HDFS.
    """
    conf = cluster.conf
    if not conf.default_fs:
        raise UsageError(
            f'no cluster is named: {conf.folder} has no core-site.xml whose fs.defaultFS is an'
            " hdfs:// URI. Set HADOOP_CONF_DIR to the folder of your cluster's configuration, or"
            ' start one here: eval "$(scripts/hadoop start)"'
        )
    return HdfsStorage(cluster.client, conf.default_fs)
