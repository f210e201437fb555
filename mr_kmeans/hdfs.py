"""A run's files in HDFS: the interface of `storage.LocalStorage`, over WebHDFS or the ``hadoop`` command."""
from __future__ import annotations

import contextlib
import fcntl
import fnmatch
import hashlib
import io
import os
import posixpath
import subprocess
import tempfile
import uuid
from typing import BinaryIO, Dict, Iterator, List, Optional

from mrjob.fs.hadoop import HadoopFilesystem

from mr_kmeans.errors import RunError, UsageError
from mr_kmeans.hadoopconf import HadoopConf, hadoop_user
from mr_kmeans.storage import UNFINISHED
from mr_kmeans.webhdfs import Status, WebHdfs, WebHdfsFilesystem, _path

RANGE_BYTES = 1 << 18
"""Read at once by `RangeFile`."""


class HdfsStorage:
    """Files in HDFS; paths are URIs, ``hdfs://host:port/…`` or ``hdfs:///…``.

    Parameters
    ----------
    client : WebHdfs or HadoopCommand
    """

    def __init__(self, client, default_fs: Optional[str] = None):
        self.client, self._default_fs = client, default_fs

    def absolute(self, path: str) -> str:
        """Return a URI in the one way this program writes it: with the NameNode, without a slash at the end.

        Raises
        ------
        UsageError
            When it is one of another cluster, or one that Hadoop's commands would take for several or for a pattern.
        """
        scheme, _, rest = path.partition('://')
        authority, _, name = rest.partition('/')
        own = (self._default_fs or '').partition('://')[2]
        if authority and own and authority != own:
            raise UsageError(f'{path}: the cluster of HADOOP_CONF_DIR is hdfs://{own}; name a path there, such as hdfs:///{name}')
        return f'{scheme}://{authority or own}' + posixpath.normpath('/' + name)

    def real(self, path: str) -> str:
        """Return the one way to write a URI."""
        return self.absolute(path)

    def join(self, *parts: str) -> str:
        """Return the URI of parts."""
        return posixpath.join(*parts)

    def exists(self, path: str) -> bool:
        """Tell whether there is a file or folder."""
        return self.client.status(_path(path)) is not None

    def is_folder(self, path: str) -> bool:
        """Tell whether it is a folder."""
        status = self.client.status(_path(path))
        return status is not None and status.is_folder

    def status(self, path: str) -> Optional[Status]:
        """Return name, size and modification time; None when there is nothing."""
        return self.client.status(_path(path))

    def list(self, folder: str) -> List[str]:
        """Return the names in a folder, sorted; none when it does not exist."""
        try:
            return [status.name for status in self.client.list(_path(folder))]
        except FileNotFoundError:
            return []

    def sizes(self, folder: str) -> Dict[str, int]:
        """Return the files in a folder, by name, with their bytes; none when it does not exist."""
        try:
            return {status.name: status.size for status in self.client.list(_path(folder)) if not status.is_folder}
        except FileNotFoundError:
            return {}

    def glob(self, pattern: str) -> List[str]:
        """Return the URIs that match a pattern, sorted."""
        scheme, _, rest = pattern.partition('://')
        authority, _, path = rest.partition('/')
        found = [f'{scheme}://{authority}']
        for part in path.split('/'):
            if any(character in part for character in '*?['):
                found = [f'{base}/{name}' for base in found for name in self.list(base) if fnmatch.fnmatchcase(name, part)]
            else:
                found = [f'{base}/{part}' for base in found]
        return [uri for uri in found if self.exists(uri)]

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it, where there are none."""
        self.client.make_folder(_path(path))

    def make_private(self, path: str) -> None:
        """Let nobody but the owner into a folder."""
        self.client.set_permission(_path(path), '700')

    def read(self, path: str) -> bytes:
        """Return a file's content."""
        return self.client.read(_path(path))

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading anywhere in it."""
        return io.BufferedReader(self.client.file(_path(path)), RANGE_BYTES)

    def write(self, path: str, data: bytes) -> None:
        """Put a file in place, whole, over one that may be there."""
        if self.client.puts_whole:
            self.client.create(_path(path), io.BytesIO(data), len(data), overwrite=True)
            return
        aside = posixpath.join(posixpath.dirname(path), f'.{posixpath.basename(path)}.{uuid.uuid4().hex}{UNFINISHED}')
        try:
            self.client.create(_path(aside), io.BytesIO(data), len(data))
            self.client.rename(_path(aside), _path(path), overwrite=True)
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
        self.client.create(_path(path), io.BytesIO(data), len(data))

    def put(self, path: str, content: BinaryIO, size: int) -> None:
        """Copy a stream to a new file."""
        self.client.create(_path(path), content, size)

    def rename(self, old: str, new: str) -> None:
        """Rename a file or folder to a name that is free."""
        self.client.rename(_path(old), _path(new))

    def remove(self, path: str) -> None:
        """Remove a file or a folder with all in it; silent when there is none."""
        self.client.remove(_path(path))

    def remove_empty(self, folder: str) -> None:
        """Remove a folder if there is nothing in it."""
        if self.exists(folder) and not self.list(folder):
            self.remove(folder)

    @contextlib.contextmanager
    def alone(self, folder: str) -> Iterator[None]:
        """Keep other processes of this host and user out, for a moment: only on its own host is a lock known to be stale."""
        name = hashlib.sha256(self.absolute(folder).encode('utf-8', 'surrogateescape')).hexdigest()[:16]
        path = os.path.join(tempfile.gettempdir(), f'mr_kmeans-{os.getuid()}-{name}.lock')
        with open(path, 'w') as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            try:
                yield
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)


class CatFile(io.RawIOBase):
    """The output of a command, as far as it was wanted, kept in a temporary file so that it can be read anywhere."""

    def __init__(self, command: List[str], path: str, size: int):
        super().__init__()
        self._path, self._size, self._position = path, size, 0
        self._kept, self._errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors)

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def tell(self):
        return self._position

    def readinto(self, buffer):
        end = min(self._position + len(buffer), self._size)
        missing = end - self._kept.seek(0, io.SEEK_END)
        while missing > 0:
            part = self._process.stdout.read(min(missing, RANGE_BYTES))
            if not part:
                self._errors.seek(0)
                raise _command_error(self._path, self._errors.read().decode('utf-8', 'replace'))
            self._kept.write(part)
            missing -= len(part)
        self._kept.seek(self._position)
        data = self._kept.read(max(0, end - self._position))
        buffer[:len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self):
        if not self.closed:
            self._process.kill()
            self._process.stdout.close()
            self._process.wait()
            self._kept.close()
            self._errors.close()
        super().close()


class HadoopCommand:
    """HDFS by the ``hadoop fs`` command: for clusters with Kerberos, TLS or several NameNodes. A JVM per call."""

    puts_whole = True  # under a name that ends in ._COPYING_, and then renames it

    def __init__(self, filesystem: Optional[HadoopFilesystem] = None):
        self._filesystem = filesystem or HadoopFilesystem()

    def status(self, path: str) -> Optional[Status]:
        """Return what is at `path`, None when nothing is."""
        code, output, errors = self._run('-stat', '%F\t%b\t%Y\t%n', path)
        if code:
            if 'No such file' in errors:
                return None
            raise _command_error(path, errors)
        return self._parse(output.rstrip('\n'))

    def list(self, path: str) -> List[Status]:
        """Return what is in a folder, by name."""
        code, output, errors = self._run('-stat', '%F\t%b\t%Y\t%n', posixpath.join(path, '*'))
        if code:
            if self.status(path) is None:
                raise FileNotFoundError(2, 'no such folder', path)
            if 'No such file' in errors:
                return []
            raise _command_error(path, errors)
        return sorted(self._parse(line) for line in output.splitlines())

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it."""
        self._must('-mkdir', '-p', path)

    def file(self, path: str) -> CatFile:
        """Return a file for reading anywhere in it."""
        status = self.status(path)
        if status is None:
            raise FileNotFoundError(2, 'no such file', path)
        return CatFile([*self._filesystem.get_hadoop_bin(), 'fs', '-cat', path], path, status.size)

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""
        done = subprocess.run([*self._filesystem.get_hadoop_bin(), 'fs', '-cat', path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        if done.returncode:
            raise _command_error(path, done.stderr.decode('utf-8', 'replace'))
        return done.stdout

    def create(self, path: str, content: BinaryIO, size: int, overwrite: bool = False) -> None:
        """Write a file."""
        command = [*self._filesystem.get_hadoop_bin(), 'fs', '-put', *(['-f'] if overwrite else []), '-', path]
        done = subprocess.run(command, input=content.read(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode:
            raise _command_error(path, done.stderr.decode('utf-8', 'replace'))

    def rename(self, old: str, new: str, overwrite: bool = False) -> None:
        """Rename; the command cannot replace a file in one step, so the old one goes first."""
        if overwrite:
            self.remove(new)
        self._must('-mv', old, new)

    def remove(self, path: str) -> None:
        """Remove a file or a folder; silent when there is none."""
        self._must('-rm', '-r', '-f', '-skipTrash', path)

    def set_permission(self, path: str, octal: str) -> None:
        """Set who may do what."""
        self._must('-chmod', octal, path)

    def _must(self, *arguments: str) -> None:
        code, _, errors = self._run(*arguments)
        if code:
            raise _command_error(arguments[-1], errors)

    def _run(self, *arguments: str):
        command = [*self._filesystem.get_hadoop_bin(), 'fs', *arguments]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except FileNotFoundError:
            raise RunError(f'there is no command {command[0]!r}: is Hadoop installed, and HADOOP_HOME set or its bin on the PATH?') from None
        return done.returncode, done.stdout.decode('utf-8', 'replace'), done.stderr.decode('utf-8', 'replace')

    @staticmethod
    def _parse(line: str) -> Status:
        kind, size, modified, name = line.split('\t', 3)
        return Status(name, kind == 'directory', int(size), int(modified))


def _command_error(path: str, errors: str) -> Exception:
    """Return the error that the command's words stand for."""
    lines = [line for line in errors.splitlines() if line.strip() and ' WARN ' not in line and not line.startswith('\tat ')]
    message = lines[-1].strip() if lines else 'no word why'
    for words, kind in (('File exists', FileExistsError), ('Permission denied', PermissionError), ('No such file', FileNotFoundError)):
        if words in message:
            return kind(0, message, path)
    return RunError(f'{path}: hadoop fs says: {message}')


def connect(conf: Optional[HadoopConf] = None):
    """Return the client for the cluster of the configuration, and mrjob's filesystem for it (None: mrjob's own)."""
    conf = conf or HadoopConf.read()
    if conf.webhdfs_address:
        client = WebHdfs(conf.webhdfs_address, hadoop_user())
        return client, WebHdfsFilesystem(client, [conf.default_fs + '/', 'hdfs:///'])
    return HadoopCommand(), None


def storage_of_cluster() -> HdfsStorage:
    """Return the store of the cluster that the configuration names.

    Raises
    ------
    UsageError
        When there is no configuration.
    """
    conf = HadoopConf.read()
    if not conf.default_fs:
        raise UsageError(f'no cluster is named: {conf.folder} has no core-site.xml whose fs.defaultFS is an hdfs:// URI. Set HADOOP_CONF_DIR '
                         'to the folder of your cluster\'s configuration, or start one here: eval "$(scripts/hadoop start)"')
    return HdfsStorage(connect(conf)[0], conf.default_fs)
