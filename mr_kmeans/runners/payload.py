"""The archives sent to the nodes of a cluster, so that they need only Python: this package, mrjob
and, on request, numpy.

An archive is the same to the byte for the same content; YARN unpacks it once per node and job.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from typing import Iterator, Tuple

import mrjob

from mr_kmeans.errors import RunError
from mr_kmeans.jobs.base import package_directory
from mr_kmeans.masking import masked

PAYLOAD, NUMPY = 'payload', 'numpy'
"""Names of the unpacked archives in a task's working directory; both are on its PYTHONPATH."""

SHIMS = {
    'distutils/__init__.py': '',
    'distutils/spawn.py': 'from shutil import which as find_executable  # noqa: F401\n',
    'distutils/version.py': (
        """\
import re


class LooseVersion:
    def __init__(self, version):
        parts = re.findall(r'\\d+|[a-z]+', str(version))
        self.version = [int(part) if part.isdigit() else part for part in parts]

    def __lt__(self, other):
        return self.version < LooseVersion._of(other).version

    def __le__(self, other):
        return self.version <= LooseVersion._of(other).version

    def __gt__(self, other):
        return self.version > LooseVersion._of(other).version

    def __ge__(self, other):
        return self.version >= LooseVersion._of(other).version

    def __eq__(self, other):
        return self.version == LooseVersion._of(other).version

    @staticmethod
    def _of(other):
        return other if isinstance(other, LooseVersion) else LooseVersion(other)
"""
    ),
    'pipes.py': 'from shlex import quote  # noqa: F401\n',
}
"""Modules that mrjob 0.7.4 imports and Python 3.12 and 3.13 no longer have, with the parts that
mrjob uses. Any PYTHONPATH precedes the standard library, so that on older Pythons these modules
shadow Python's own; the tasks use no other parts of those.
"""

_PLATFORMS = ('manylinux2014', 'manylinux_2_28')
"""Platform tags of wheels, the one for older systems first; newer versions of numpy have only the
second.
"""


def write_payload(path: str) -> None:
    """Write the archive of this package, mrjob and the modules that mrjob lacks on newer
    Pythons.
    """
    with _writing(path) as archive:
        for folder in (package_directory(), os.path.dirname(os.path.abspath(mrjob.__file__))):
            for name, file in python_files(folder):
                with open(file, 'rb') as stream:
                    _add(archive, name, stream.read())
        for name, text in SHIMS.items():
            _add(archive, 'shims/' + name, text.encode('ascii'))


def python_files(folder: str) -> Iterator[Tuple[str, str]]:
    """Yield (name in the archive, path) of a package's modules."""
    parent = os.path.dirname(folder)
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != '__pycache__')
        for name in sorted(names):
            if name.endswith('.py'):
                yield os.path.relpath(os.path.join(place, name), parent), os.path.join(place, name)


def write_numpy(path: str, nodes: str) -> str:
    """Write an archive of numpy for the nodes' Python and machines, fetched from the package index;
    return its version.

    Parameters
    ----------
    path : str
    nodes : str
        Python's version and the machine, such as ``3.9`` or ``3.9-aarch64``; x86_64 by default.

    Raises
    ------
    RunError
        If pip finds no such wheel.
    """
    python, _, machine = nodes.partition('-')
    with tempfile.TemporaryDirectory() as folder:
        for platform in _PLATFORMS:
            command = [
                sys.executable,
                '-m',
                'pip',
                'download',
                '--quiet',
                '--disable-pip-version-check',
                '--no-input',
                '--no-deps',
                '--only-binary=:all:',
                '--python-version',
                python,
                '--platform',
                f'{platform}_{machine or "x86_64"}',
                '--implementation',
                'cp',
                '--dest',
                folder,
                'numpy',
            ]
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            wheels = [name for name in os.listdir(folder) if name.endswith('.whl')]
            if wheels:
                break
        else:
            raise RunError(
                f'--ship-numpy {nodes}: pip could not fetch a numpy for it:'
                f' {masked(done.stdout.strip())[-300:]}'
            )
        with zipfile.ZipFile(os.path.join(folder, wheels[0])) as wheel, _writing(path) as archive:
            for name in sorted(wheel.namelist()):
                if not name.endswith('/') and '/tests/' not in name:
                    _add(archive, name, wheel.read(name))
        return wheels[0].split('-')[1]


@contextlib.contextmanager
def _writing(path: str) -> Iterator[tarfile.TarFile]:
    """Open an archive for writing, without timestamps."""
    with (
        open(path, 'wb') as file,
        gzip.GzipFile('', 'wb', 1, file, 0) as packed,
        tarfile.open(fileobj=packed, mode='w') as archive,
    ):
        yield archive


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o644
    archive.addfile(info, io.BytesIO(content))
