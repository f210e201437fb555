"""Hadoop's commands: ``hadoop`` as configured in mrjob, else where mrjob looks for it, and ``yarn``
beside it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from typing import List, Optional, Sequence

from mrjob.fs.hadoop import HadoopFilesystem

from mr_kmeans.errors import RunError

_configured: List[str] = []
"""The configured command, for the whole process, since storage is opened in many places that have
no options.
"""


def use_command(command: Sequence[str]) -> None:
    """Use a command for all later Hadoop commands of this process; if it is empty, the one that
    mrjob finds.
    """
    _configured[:] = command


def hadoop_command() -> List[str]:
    """Return the command ``hadoop``, with arguments if any are configured."""
    return _configured[:] or HadoopFilesystem().get_hadoop_bin()


def yarn_command() -> Optional[str]:
    """Return the command ``yarn`` beside ``hadoop``, else in HADOOP_HOME, else on the PATH, or
    None.
    """
    hadoop, home = shutil.which(hadoop_command()[0]), os.environ.get('HADOOP_HOME')
    folders = [os.path.dirname(hadoop), os.path.dirname(os.path.realpath(hadoop))] if hadoop else []
    for folder in [*folders, *([os.path.join(home, 'bin')] if home else []), None]:
        found = shutil.which('yarn', path=folder)
        if found:
            return found
    return None


def hadoop_version() -> str:
    """Return the version of Hadoop, such as ``3.4.2``.

    Raises
    ------
    RunError
        If the command does not exist or fails.
    """
    command = [*hadoop_command(), 'version']
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)
    except OSError:
        raise no_command(command[0]) from None
    found = re.search(r'\d[\d.]*', done.stdout.decode('utf-8', 'replace').split('\n')[0])
    if done.returncode or not found:
        raise failed(command, done.returncode, done.stderr)
    return found.group()


def no_command(name: str) -> RunError:
    """Return the error for a machine without one of Hadoop's commands."""
    return RunError(
        f'there is no command {name!r}: is Hadoop installed, and HADOOP_HOME set or its bin on the'
        ' PATH?'
    )


def failed(command: List[str], code: int, errors: bytes) -> RunError:
    """Return the error for a command that failed, with the last line of its standard error."""
    lines = [
        line.strip()
        for line in errors.decode('utf-8', 'replace').splitlines()
        if line.strip() and not line.startswith('\tat ')
    ]
    return RunError(
        f'the command {shlex.join(command)!r} failed (exit code {code}):'
        f' {lines[-1] if lines else "no error output"}'
    )
