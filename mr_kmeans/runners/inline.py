"""mrjob's inline runner on all cores: the tasks of a step run in forked processes, one per core at
a time.

The BLAS uses one thread in each task, since there is a task per core.
"""

from __future__ import annotations

import functools
import threading
from typing import Callable, Iterable, Optional

from mrjob.inline import InlineMRJobRunner

from mr_kmeans.runners.blas import has_blas_threads, one_thread
from mr_kmeans.runners.whole_tasks import WholeTasks
from mr_kmeans.system.forking import run_forked, usable_cores

_REDUCING = threading.Lock()


class ParallelInlineRunner(WholeTasks, InlineMRJobRunner):
    """Runner of tasks in forked child processes."""

    alias = 'inline'

    def _run_multiple(
        self, funcs: Iterable[Callable[[], None]], num_processes: Optional[int] = None
    ) -> None:
        """Run each function in a child process; raise the exception of the first that fails."""
        has_blas_threads()
        run_forked(
            (functools.partial(_with_one_thread, func) for func in funcs),
            num_processes or self._num_cores(),
        )

    def _run_reducers(self, step_num: int, num_reducer_tasks: int) -> None:
        """Run the reducers in this process: their input is small, and a fork would cost more than
        their work. One thread at a time: mrjob changes the working directory and the environment of
        the process meanwhile.
        """
        with _REDUCING:
            self._reduce_here(step_num, num_reducer_tasks)

    def _reduce_here(self, step_num: int, num_reducer_tasks: int) -> None:
        self._run_multiple = super()._run_multiple  # type: ignore[method-assign]
        try:
            super()._run_reducers(step_num, num_reducer_tasks)
        finally:
            del self._run_multiple

    def _num_cores(self) -> int:
        return self._opts['num_cores'] or usable_cores()

    def _num_reducers(self, step_num: int) -> int:
        return 1


def _with_one_thread(func: Callable[[], None]) -> None:
    with one_thread():
        func()
