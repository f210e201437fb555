"""HDFS by the command ``hadoop fs``, which knows of Kerberos, TLS and several NameNodes. A JVM per call, a second each."""
from __future__ import annotations

import io
import posixpath
import subprocess
import tempfile
from typing import BinaryIO, List, Optional

from mrjob.fs.hadoop import HadoopFilesystem

from mr_kmeans.errors import RunError
from mr_kmeans.webhdfs import SizedFile, Status

FORMAT = '%F\t%b\t%Y\t%n'
"""Of -stat: kind, bytes, time of change, name."""

PART_BYTES = 1 << 18
"""Read at once of a command's output."""


class CatFile(SizedFile):
    """The output of a command, as far as it was wanted, kept in a temporary file so that it can be read anywhere."""

    def __init__(self, command: List[str], path: str, size: int):
        super().__init__(path, size)
        self._kept, self._errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors)

    def readinto(self, buffer):
        end = min(self._position + len(buffer), self._size)
        missing = end - self._kept.seek(0, io.SEEK_END)
        while missing > 0:
            part = self._process.stdout.read(min(missing, PART_BYTES))
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

    def check(self) -> None:
        """Ask for the root, with less patience than Hadoop's client has: a quarter of an hour where a firewall drops packets.

        Raises
        ------
        RunError or OSError
            When there is no answer.
        """
        self._must('-D', 'ipc.client.connect.max.retries=3', '-D', 'ipc.client.connect.max.retries.on.timeouts=1', '-stat', FORMAT, '/')

    def status(self, path: str) -> Optional[Status]:
        """Return what is at `path`, None when nothing is."""
        code, output, errors = self._run('-stat', FORMAT, path)
        if code:
            if 'No such file' in errors:
                return None
            raise _command_error(path, errors)
        return self._parse(output.rstrip('\n'))

    def list(self, path: str) -> List[Status]:
        """Return what is in a folder, by name."""
        code, output, errors = self._run('-stat', FORMAT, path, posixpath.join(path, '*'))
        found = [self._parse(line) for line in output.splitlines()]
        if code and 'No such file' not in errors:
            raise _command_error(path, errors)
        if not found:
            raise FileNotFoundError(2, 'no such folder', path)
        return sorted(found[1:]) if found[0].is_folder else found

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
