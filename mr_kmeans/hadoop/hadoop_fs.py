"""HDFS by the command ``hadoop fs``, which supports Kerberos, TLS and several NameNodes. Each call
starts a JVM, which takes a second.
"""

from __future__ import annotations

import contextlib
import io
import posixpath
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from typing import BinaryIO, Iterator, List, Optional, Sequence, Tuple, cast

from mrjob.fs.hadoop import HadoopFilesystem

from mr_kmeans.errors import RunError, naming
from mr_kmeans.hadoop.commands import no_command
from mr_kmeans.hadoop.webhdfs import SizedFile
from mr_kmeans.system.file_status import Status
from mr_kmeans.system.forking import die_with_parent

FORMAT = '%F\t%b\t%Y\t%n'
"""Format for -stat: kind, bytes, time of change, name."""

PART_BYTES = 1 << 18
"""Number of bytes of a command's output read at once."""

PATHS_AT_ONCE = 500
"""Maximum number of paths for one command; their names are then well below the system's limit of 2
MB.
"""

CALL_SECONDS = 300
"""Timeout in seconds of calls other than reading a file; Hadoop's client would retry silently for a
quarter of an hour.
"""

_PATTERN = re.compile(r'([*?\[\]{}\\])')


class Output:
    """The standard output of a command, read sequentially."""

    def __init__(self, command: List[str]):
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors
        )
        self._stream = cast(BinaryIO, self._process.stdout)

    def __enter__(self) -> Output:
        return self

    def __exit__(self, *_):
        self.close()

    def copy(self, size: int, target: BinaryIO, path: str) -> None:
        """Copy the next `size` bytes, which belong to the file `path`."""
        missing = size
        while missing > 0:
            part = self._stream.read(min(missing, PART_BYTES))
            if not part:
                self._process.wait()
                self._errors.seek(0)
                if self._process.returncode:
                    raise _command_error(path, self._errors.read().decode('utf-8', 'replace'))
                raise RunError(
                    f'{path}: it changed while it was read: expected {size:,} bytes, found'
                    f' {size - missing:,}'
                )
            target.write(part)
            missing -= len(part)

    def close(self) -> None:
        """End the command, even if it has more output."""
        self._process.kill()
        self._stream.close()
        self._process.wait()
        self._errors.close()


class CatFile(SizedFile):
    """A file in HDFS, read sequentially as far as needed and kept in a temporary file, so that it
    can be read at any position.
    """

    def __init__(self, command: List[str], path: str, size: int):
        super().__init__(path, size)
        self._kept, self._output = tempfile.TemporaryFile(), Output(command)

    def readinto(self, buffer):
        end = min(self._position + len(buffer), self._size)
        with naming(tempfile.gettempdir()):
            self._output.copy(end - self._kept.seek(0, io.SEEK_END), self._kept, self._path)
            self._kept.seek(self._position)
        data = self._kept.read(max(0, end - self._position))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self):
        if not self.closed:
            self._output.close()
            self._kept.close()
        super().close()


class HadoopCommand:
    """A client of HDFS that uses the ``hadoop fs`` command, for clusters with Kerberos, TLS or
    several NameNodes. Each call starts a JVM.
    """

    puts_whole = True  # writes to a name ending in ._COPYING_ (storage.base.COPYING), then renames

    def __init__(self, filesystem: Optional[HadoopFilesystem] = None):
        self._filesystem = filesystem or HadoopFilesystem()

    def check(self) -> None:
        """Request the status of the root, with a shorter timeout than that of Hadoop's client,
        which is a quarter of an hour if a firewall drops packets.

        Raises
        ------
        RunError or OSError
            If there is no answer.
        """
        self._must(
            '-D',
            'ipc.client.connect.max.retries=3',
            '-D',
            'ipc.client.connect.max.retries.on.timeouts=1',
            '-stat',
            FORMAT,
            '/',
        )

    def status(self, path: str) -> Optional[Status]:
        """Return the status of `path`, None if it does not exist."""
        return self.statuses([path])[0]

    def statuses(self, paths: Sequence[str]) -> List[Optional[Status]]:
        """Return the status of each path, None if it does not exist, with one command for hundreds
        of paths.
        """
        found: List[Optional[Status]] = []
        for start in range(0, len(paths), PATHS_AT_ONCE):
            found += self._statuses(paths[start : start + PATHS_AT_ONCE])
        return found

    def _statuses(self, paths: Sequence[str]) -> List[Optional[Status]]:
        code, output, errors = self._run('-stat', FORMAT, *map(literal, paths))
        if len(paths) == 1 and code:
            if 'No such file' in errors:
                return [None]
            raise _command_error(paths[0], errors)
        missing = {path for path in paths if f"`{path}': No such file" in errors}
        if len(paths) == 1 and output.count('\n') != 1:
            raise RunError(f'{paths[0]}: hadoop fs printed an unknown format: {output[:200]!r}')
        lines = iter(output.split('\n')[:-1])
        if output.count('\n') != sum(
            path not in missing for path in paths
        ):  # another error, or a name that Java's locale cannot express
            return [self.status(path) for path in paths]
        return [None if path in missing else self._parse(next(lines)) for path in paths]

    def checksums(self, paths: Sequence[str]) -> List[str]:
        """Return the checksum of each file, with one command for hundreds of files; empty if it is
        unknown.
        """
        found: List[str] = []
        for start in range(0, len(paths), PATHS_AT_ONCE):
            some = paths[start : start + PATHS_AT_ONCE]
            code, output, _ = self._run('-checksum', *map(literal, some))
            lines = output.split('\n')[:-1]
            whole = (
                not code
                and len(lines) == len(some)
                and all(line.count('\t') >= 2 for line in lines)
            )
            found += (
                [' '.join(line.split('\t')[-2:]) for line in lines] if whole else [''] * len(some)
            )
        return found

    def list(self, path: str) -> List[Status]:
        """Return the content of a folder, sorted by name."""
        code, output, errors = self._run(
            '-stat', FORMAT, literal(path), posixpath.join(literal(path), '*')
        )
        found = [self._parse(line) for line in output.split('\n')[:-1]]
        if code and 'No such file' not in errors:
            raise _command_error(path, errors)
        if not found:
            raise FileNotFoundError(2, 'no such folder', path)
        return sorted(found[1:]) if found[0].is_folder else found

    def make_folder(self, path: str) -> None:
        """Create a folder and its parents."""
        self._must('-mkdir', '-p', literal(path))

    def file(self, path: str, size: Optional[int] = None) -> CatFile:
        """Return a file that can be read at any position; its size is requested if it is not
        given.
        """
        if size is None:
            status = self.status(path)
            if status is None:
                raise FileNotFoundError(2, 'no such file', path)
            size = status.size
        return CatFile(self._command('-cat', literal(path)), path, size)

    def read(self, path: str) -> bytes:
        """Return the content of a file."""
        done = self._call('-cat', literal(path))
        if done.returncode:
            raise _command_error(path, done.stderr.decode('utf-8', 'replace'))
        return done.stdout

    def fetch(self, files: Sequence[Tuple[str, int, str]]) -> None:
        """Copy files to this machine, with one command for hundreds of files.

        Parameters
        ----------
        files : list of (path, bytes, local path)
        """
        for start in range(0, len(files), PATHS_AT_ONCE):
            some = files[start : start + PATHS_AT_ONCE]
            with Output(self._command('-cat', *(literal(path) for path, _, _ in some))) as output:
                for path, size, target in some:
                    with naming(target), open(target, 'wb') as copy:
                        output.copy(size, copy, path)

    def create(self, path: str, content: BinaryIO, size: int, overwrite: bool = False) -> None:
        """Write a file.

        The command reads a regular file, not a pipe: if this process were killed, a pipe would just
        end, and the command would publish the incomplete file. As its standard input the file needs
        no name, which Java's locale may be unable to express.
        """
        arguments = ['-put', *(['-f'] if overwrite else []), '-', literal(path)]
        with _as_file(content) as file:
            done = self._call(
                *arguments,
                stdin=file,
                preexec_fn=die_with_parent if sys.platform == 'linux' else None,
            )
        if done.returncode:
            raise _command_error(path, done.stderr.decode('utf-8', 'replace'))

    def rename(self, old: str, new: str, overwrite: bool = False) -> None:
        """Rename a file; the command cannot replace a file in one step, so an existing one is
        removed first.
        """
        if overwrite:
            self.remove(new)
        self._must('-mv', literal(old), literal(new))

    def remove(self, path: str) -> None:
        """Remove a file or a folder, if it exists."""
        self._must('-rm', '-r', '-f', '-skipTrash', literal(path))

    def set_permission(self, path: str, octal: str) -> None:
        """Set the permissions of a path."""
        self._must('-chmod', octal, literal(path))

    def _must(self, *arguments: str) -> None:
        code, _, errors = self._run(*arguments)
        if code:
            raise _command_error(arguments[-1], errors)

    def _command(self, *arguments: str) -> List[str]:
        return [*self._filesystem.get_hadoop_bin(), 'fs', *arguments]

    def _call(self, *arguments: str, **how) -> subprocess.CompletedProcess:
        command = self._command(*arguments)
        seconds = None if arguments[0] == '-put' else CALL_SECONDS
        try:
            return subprocess.run(
                command,
                capture_output=True,
                timeout=seconds,
                **dict({'stdin': subprocess.DEVNULL}, **how),
            )
        except OSError:
            raise no_command(command[0]) from None
        except subprocess.TimeoutExpired:
            raise RunError(
                f'{shlex.join(command)} did not answer within {CALL_SECONDS} s'
            ) from None

    def _run(self, *arguments: str) -> Tuple[int, str, str]:
        done = self._call(*arguments)
        return (
            done.returncode,
            done.stdout.decode('utf-8', 'replace'),
            done.stderr.decode('utf-8', 'replace'),
        )

    @staticmethod
    def _parse(line: str) -> Status:
        kind, size, modified, name = line.split('\t', 3)
        return Status(name, kind == 'directory', int(size), int(modified) * 10**6)


def literal(path: str) -> str:
    """Return a pattern that matches exactly one path: ``hadoop fs`` interprets all its arguments as
    patterns, even those that it writes to.
    """
    return _PATTERN.sub(r'\\\1', path)


@contextlib.contextmanager
def _as_file(content: BinaryIO) -> Iterator[BinaryIO]:
    """Yield a stream as a file of the system; content in memory is copied to a file without a
    name.
    """
    try:
        content.fileno()
    except io.UnsupportedOperation:
        with tempfile.TemporaryFile() as file:
            with naming(tempfile.gettempdir()):
                shutil.copyfileobj(content, file)
                file.seek(0)
            yield file
    else:
        yield content


def _command_error(path: str, errors: str) -> Exception:
    """Return the error that the command's output describes."""
    lines = [
        line
        for line in errors.splitlines()
        if line.strip() and ' WARN ' not in line and not line.startswith('\tat ')
    ]
    message = lines[-1].strip() if lines else 'no error output'
    for words, kind in (
        ('File exists', FileExistsError),
        ('Permission denied', PermissionError),
        ('No such file', FileNotFoundError),
        ('s not a directory', NotADirectoryError),
    ):
        if words in message:
            return kind(0, message, path)
    return RunError(f'{path}: hadoop fs says: {message}')
