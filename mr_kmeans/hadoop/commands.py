"""Running the commands of Hadoop, and what to say when one fails."""

from __future__ import annotations

import re
import shlex
import subprocess
from typing import List, Sequence

from mr_kmeans.errors import RunError


def hadoop_version(hadoop: Sequence[str]) -> str:
    """Return the version of Hadoop, such as ``3.4.2``, as the command ``hadoop`` tells it.

    Raises
    ------
    RunError
        If the command does not exist or fails.
    """
    command = [*hadoop, 'version']
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
