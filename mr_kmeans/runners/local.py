"""mrjob's local runner (a process per task, as on Hadoop), with child processes that end when the
driver does and report why they failed.
"""

from __future__ import annotations

import errno
import functools
import logging
import os
import re
import signal
import subprocess
from typing import Callable, Iterable, Optional

from mrjob.local import LocalMRJobRunner

from mr_kmeans import errors
from mr_kmeans.runners.whole_tasks import WholeTasks
from mr_kmeans.system.forking import die_with_parent, revive, run_forked, usable_cores

log = logging.getLogger(__name__)

_SYSTEM_ERROR = re.compile(r"\bOSError: \[Errno (\d+)\] (.*?)(?:: '(.*)')?$", re.MULTILINE)

_OWN_ERROR = re.compile(r'^mr_kmeans\.errors\.(\w+): (.*)\Z', re.MULTILINE | re.DOTALL)


class ForkingLocalRunner(WholeTasks, LocalMRJobRunner):
    """Runner of tasks in processes that forked children start."""

    alias = 'local'

    def _run_multiple(
        self, funcs: Iterable[Callable[[], None]], num_processes: Optional[int] = None
    ) -> None:
        """Run each function in a child process; raise the exception of the first that fails."""
        run_forked(funcs, num_processes or self._opts['num_cores'] or usable_cores())

    def _invoke_task_func(self, task_type: str, step_num: int, task_num: int) -> Callable:
        return functools.partial(run_task, self._substep_args(step_num, task_type))


def run_task(args, stdin, stdout, stderr, wd, env) -> None:
    """Run a task's command in this child process; end it when the driver ends.

    Raises
    ------
    KMeansError
        The exception that the task raised.
    """
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
    die_with_parent(signal.SIGTERM)
    status = subprocess.Popen(
        args, stdin=stdin, stdout=stdout, stderr=stderr, cwd=wd, env=env
    ).wait()
    if status:
        with open(stderr.name, encoding='utf-8', errors='replace') as stream:
            text = ''.join(line for line in stream if not line.startswith('reporter:'))
        if (
            status > 0 and not text and is_full(stdout.name)
        ):  # there was no room for its message, either
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), stdout.name)
        raise error_of(status, text, stdout.name)


def is_full(path: str) -> bool:
    """Return whether the file system of a file is full."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize < 4096


def error_of(status: int, text: str, output: str = 'a task') -> errors.KMeansError:
    """Return the error that a task's exit status (negative for a signal) and standard error
    describe.

    Parameters
    ----------
    status : int
    text : str
    output : str
        The file that the task writes, for a system error that names no file.
    """
    log.debug('a task failed:\n%s', text)
    told = _OWN_ERROR.search(text.rstrip())
    if told and hasattr(errors, told.group(1)):
        return getattr(errors, told.group(1))(told.group(2))
    if status < 0 or not text.strip():
        return revive('', -status if status < 0 else status << 8)
    refused = list(_SYSTEM_ERROR.finditer(text))
    if refused:
        number, reason, path = refused[-1].groups()
        return errors.of_os_error(OSError(int(number), reason, path), output)
    return errors.RunError(f'a task failed: {text.strip().splitlines()[-1]} (-v shows more)')
