"""mrjob's inline runner on all cores: the tasks of a step are forked, so many at a time as there are cores.

Nothing is pickled: a child has the parent's memory, and says what went wrong through a pipe. A task's threads of the BLAS
are limited to one, since there is a task per core.
"""
from __future__ import annotations

import contextlib
import ctypes
import functools
import json
import os
import selectors
import signal
import sys
import traceback
from typing import Callable, Dict, Iterable, Optional

from mrjob.inline import InlineMRJobRunner
from threadpoolctl import threadpool_info, threadpool_limits

from mr_kmeans import errors

PR_SET_PDEATHSIG = 1
"""Of prctl(2)."""


class ParallelInlineRunner(InlineMRJobRunner):
    """Run tasks in forked children."""

    alias = 'inline'

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._children: Dict[int, int] = {}

    def _run_multiple(self, funcs: Iterable[Callable[[], None]], num_processes: Optional[int] = None) -> None:
        """Run functions, each in a child; raise what the first to fail raised."""
        n_cores = num_processes or self._num_cores()
        has_blas_threads()
        try:
            for func in funcs:
                if len(self._children) >= n_cores:
                    self._wait_for_one()
                self._start(func)
            while self._children:
                self._wait_for_one()
        finally:
            self._kill_all()

    def _run_reducers(self, step_num: int, num_reducer_tasks: int) -> None:
        """Run the reducers in this process: what reaches them is small, a fork costs more than their work."""
        self._run_multiple = super()._run_multiple
        try:
            super()._run_reducers(step_num, num_reducer_tasks)
        finally:
            del self._run_multiple

    def _num_cores(self) -> int:
        return self._opts['num_cores'] or usable_cores()

    def _num_reducers(self, step_num: int) -> int:
        return 1

    def _start(self, func: Callable[[], None]) -> None:
        reading, writing = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            os.close(writing)
            self._children[pid] = reading
            return
        os.close(reading)
        status = 1
        try:
            die_with_parent()
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            with one_thread():
                func()
            status = 0
        except BaseException as error:
            with os.fdopen(writing, 'w', encoding='utf-8') as pipe:
                json.dump(describe(error), pipe)
        finally:
            os._exit(status)

    def _wait_for_one(self) -> None:
        """Wait until a child ends, which closes its pipe; raise what it raised."""
        with selectors.DefaultSelector() as selector:
            for pid, reading in self._children.items():
                selector.register(reading, selectors.EVENT_READ, pid)
            pid = selector.select()[0][0].data
        with os.fdopen(self._children.pop(pid), encoding='utf-8') as pipe:
            message = pipe.read()
        _, status = os.waitpid(pid, 0)
        if status:
            raise revive(message, status)

    def _kill_all(self) -> None:
        for pid, reading in self._children.items():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(reading)
        self._children.clear()


@functools.lru_cache(maxsize=None)
def has_blas_threads() -> bool:
    """Tell whether numpy's BLAS would start threads; found out once, in the parent."""
    return any(pool['num_threads'] > 1 for pool in threadpool_info())


def one_thread():
    """Return a context in which the BLAS uses one thread."""
    return threadpool_limits(1) if has_blas_threads() else contextlib.nullcontext()


def die_with_parent() -> None:
    """Let the kernel kill this process when its parent ends, were it by SIGKILL; only Linux knows how."""
    if sys.platform == 'linux':
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def usable_cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


def describe(error: BaseException) -> Dict[str, str]:
    """Return what a child tells of its end."""
    kind = type(error).__name__ if isinstance(error, errors.KMeansError) else ''
    return {'kind': kind, 'message': str(error), 'traceback': traceback.format_exc()}


def revive(message: str, status: int) -> errors.KMeansError:
    """Return the error that a child's message, or its exit status, stands for."""
    if not message:
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        why = f'was killed by signal {number} ({signal.Signals(number).name})' if number else 'ended without a word'
        hint = '; the machine may have run out of memory' if number == signal.SIGKILL else ''
        return errors.RunError(f'a task {why}{hint}.')
    told = json.loads(message)
    if told['kind']:
        return getattr(errors, told['kind'])(told['message'])
    return errors.RunError('a task failed:\n' + told['traceback'].rstrip())
