"""Running of functions in forked child processes, one per core at a time.

Nothing is pickled: a child has its parent's memory and sends bytes, its result or its error,
through a pipe. Each child has its own process group, so that Ctrl-C reaches only the parent; it is
killed if the parent fails, is interrupted or dies.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import selectors
import signal
import sys
import threading
import time
from typing import Callable, Dict, Iterable, Iterator, NoReturn, Tuple

from mr_kmeans import errors
from mr_kmeans.system import task_counts
from mr_kmeans.system.progress import current

Task = Callable[[], object]

ENDING_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}

GRACE_SECONDS = 0.2
"""Seconds that a parent whose child was terminated waits to be terminated, too, before it reports a
failure.
"""

_PR_SET_PDEATHSIG = 1
"""Option of prctl(2)."""


def run_forked(tasks: Iterable[Task], n_at_once: int) -> None:
    """Run each function in a child process; raise the exception of the first that fails, as a
    KMeansError.

    In any case, no child process is left running.
    """
    for _ in map_forked(tasks, n_at_once):
        pass


def map_forked(tasks: Iterable[Task], n_at_once: int) -> Iterator[bytes]:
    """Run each function in a child process, and yield the bytes that each returns, in order.

    No child process is left running, also if not all results are taken.
    """
    children, n_started = Children(), 0
    results: Dict[int, bytes] = {}  # by the number of the task: a pid may be used again
    running: Dict[int, int] = {}

    def wait() -> None:
        pid, result = children.wait_for_one()
        results[running.pop(pid)] = result

    try:
        for task in tasks:
            if len(children) >= n_at_once:
                wait()
            running[children.start(task)] = n_started
            n_started += 1
        for number in range(n_started):
            while number not in results:
                wait()
            yield results.pop(number)
    finally:
        children.kill()


class Children:
    """The running child processes, each with a pipe for its result or error."""

    def __init__(self):
        self._pipes: Dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._pipes)

    def start(self, task: Task) -> int:
        """Fork a child; return its pid."""
        reading, writing = os.pipe()
        task_counts.next_slot()
        sys.stdout.flush()
        sys.stderr.flush()
        # a signal between the fork and the next lines would leave an unknown child process, or run
        # this process's handlers in it
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
        try:
            pid = os.fork()
            if not pid:
                _be_child(task, writing, mask)
            self._pipes[pid] = reading
        except OSError as error:
            os.close(reading)
            raise errors.RunError(
                f'no process could be started for a task: {error.strerror}.'
            ) from None
        finally:
            os.close(writing)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return pid

    def wait_for_one(self) -> Tuple[int, bytes]:
        """Wait until a child ends, which closes its pipe; return its pid and its result, or raise
        its exception. Meanwhile, report the progress.
        """
        progress = current()
        with selectors.DefaultSelector() as selector:
            for pid, reading in self._pipes.items():
                selector.register(reading, selectors.EVENT_READ, pid)
            ready = selector.select(progress.seconds_left())
            while not ready:
                progress.tick()
                ready = selector.select(progress.seconds_left())
            pid = ready[0][0].data
        progress.tick()
        with open(self._pipes[pid], 'rb', closefd=False) as pipe:
            message = pipe.read()
        _, status = os.waitpid(pid, 0)
        os.close(self._pipes.pop(pid))
        if status:
            raise revive(message.decode('utf-8', 'surrogateescape'), status)
        return pid, message

    def kill(self) -> None:
        """Kill all running children and the processes they have started."""
        for pid in self._pipes:
            for kill in (os.kill, os.killpg):  # its group may not exist so far
                # the latter for a zombie's group on macOS
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    kill(pid, signal.SIGKILL)
        for pid, reading in self._pipes.items():
            with contextlib.suppress(ChildProcessError):  # a signal came while it was waited for
                os.waitpid(pid, 0)
            os.close(reading)
        self._pipes.clear()


def _be_child(task: Task, writing: int, mask) -> NoReturn:
    """Run a task in a child process, which then exits."""
    status = 1
    try:
        os.setpgid(0, 0)
        die_with_parent()
        for number in ENDING_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(
            signal.SIGTTOU, signal.SIG_IGN
        )  # it may write to the terminal despite being in the background
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        result = task()
        if isinstance(result, bytes):
            with os.fdopen(writing, 'wb') as pipe:
                pipe.write(result)
        status = 0
    except BaseException as error:
        with os.fdopen(writing, 'w', encoding='utf-8', errors='surrogateescape') as pipe:
            json.dump(describe(error), pipe)
    finally:
        os._exit(status)


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Request a signal for the end of the parent, even by SIGKILL."""
    parent = os.getppid()
    if sys.platform == 'linux':
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number))
    else:
        threading.Thread(target=_watch, args=(parent, number), daemon=True).start()
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def _watch(parent: int, number: int, seconds: float = 0.5) -> None:
    """Wait until the parent has ended, so that another process is the parent; for systems that do
    not notify of it.
    """
    while os.getppid() == parent:
        time.sleep(seconds)
    os.kill(os.getpid(), number)


def usable_cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


def describe(error: BaseException) -> Dict[str, str]:
    """Return what a child process reports about its error."""
    known = error
    if isinstance(error, OSError):
        known = errors.of_os_error(error, 'the files of a task')
    elif isinstance(error, MemoryError):
        known = errors.RunError(
            'a task ran out of memory. Run fewer at a time (num_cores in the file of --conf-path).'
        )
    elif not isinstance(error, errors.KMeansError):
        known = errors.RunError('a task failed: ' + errors.of_defect(error))
    return {'kind': type(known).__name__, 'message': str(known)}


def revive(message: str, status: int) -> errors.KMeansError:
    """Return the error that a child's message or exit status describes."""
    if message:
        told = json.loads(message)
        return getattr(errors, told['kind'])(told['message'])
    if not os.WIFSIGNALED(status):
        return errors.RunError(
            f'a task ended without an error message (exit status {os.WEXITSTATUS(status)}).'
        )
    number = os.WTERMSIG(status)
    if number in ENDING_SIGNALS:
        time.sleep(GRACE_SECONDS)
    hint = '; the machine may have run out of memory' if number == signal.SIGKILL else ''
    return errors.RunError(
        f'a task was killed by signal {number} ({signal.Signals(number).name}){hint}.'
    )
