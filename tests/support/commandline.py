"""The command line under test: in this process, which is quick, or in one of its own."""

import contextlib
import ctypes
import io
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from mr_kmeans.cli.main import main

ROOT = Path(__file__).resolve().parent.parent.parent
COMMAND = [sys.executable, '-m', 'mr_kmeans']


class Done(NamedTuple):
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


def call(*args) -> Done:
    """Run the command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([str(arg) for arg in args], prog_name='mr-kmeans')
        except SystemExit as error:
            return Done(error.code, out.getvalue(), err.getvalue())
    raise AssertionError('the command did not say how it ended')


def environment(**more):
    """Return an environment in which a process finds the package."""
    return dict(os.environ, PYTHONPATH=str(ROOT), **more)


def start(*args, **options) -> subprocess.Popen:
    """Start the command in a process, and process group, of its own."""
    options.setdefault('env', environment())
    return subprocess.Popen(
        COMMAND + [str(arg) for arg in args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )


def run(*args, timeout=60, **options) -> Done:
    """Run the command in a process of its own."""
    process = start(*args, **options)
    out, err = process.communicate(timeout=timeout)
    return Done(process.returncode, out, err)


def model_hash(done: Done) -> str:
    """Return the hash that a fit has printed."""
    assert done.code == 0, done.stderr
    return done.stdout.split('model hash')[1].split()[0]


CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, PR_CAPBSET_DROP = 1, 2, 24


def without_privileges() -> None:
    """Make permissions of files count for root, too; for a process that will run another
    program."""
    if os.geteuid() == 0 and sys.platform == 'linux':
        for capability in CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH:
            ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


@contextlib.contextmanager
def full_disk(n_bytes: int):
    """Give a folder with room for that many bytes, and options for `run` with which that holds.

    A file system in memory, where it may be mounted; else a limit on the size of each file.
    """
    with tempfile.TemporaryDirectory() as folder:
        pages = max(1, n_bytes // 4096)
        mounted = (
            sys.platform == 'linux'
            and shutil.which('mount')
            and subprocess.run(
                ['mount', '-t', 'tmpfs', '-o', f'size={4 * pages}k,mode=777', 'tmpfs', folder],
                stderr=subprocess.DEVNULL,
            ).returncode
            == 0
        )
        if mounted and n_bytes == 0:
            Path(folder, 'filler').write_bytes(bytes(4096))
        try:
            yield (
                folder,
                (
                    {}
                    if mounted
                    else {
                        'preexec_fn': lambda: resource.setrlimit(
                            resource.RLIMIT_FSIZE, (n_bytes, n_bytes)
                        )
                    }
                ),
            )
        finally:
            if mounted:
                subprocess.run(['umount', '-l', folder], check=True)
