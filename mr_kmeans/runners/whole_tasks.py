"""Tasks of mrjob's runners for one machine: map tasks as cut by the driver, and errors that name
the file a task could not write.

mrjob would split the files of split descriptions as if they were the data, into uneven tasks.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Callable, List

from mr_kmeans.errors import naming
from mr_kmeans.formats.point_reader import SPLITS

if TYPE_CHECKING:
    from mrjob.sim import SimMRJobRunner as _Runner
else:
    _Runner = object  # it is mixed into classes of mrjob


class WholeTasks(_Runner):
    """Mixin for mrjob's runners of one machine: one map task per input file of split
    descriptions.
    """

    def _pick_mapper_split_size(self, input_paths: List[str], step_num: int) -> int:
        arguments = list(self._args_for_task(step_num, 'mapper'))
        if step_num == 0 and ['--input-kind', SPLITS] in [
            arguments[i : i + 2] for i in range(len(arguments))
        ]:
            return sys.maxsize
        return super()._pick_mapper_split_size(input_paths, step_num)

    def _run_task_func(
        self, task_type: str, step_num: int, task_num: int, *args, **kwargs
    ) -> Callable[[], None]:
        task = super()._run_task_func(task_type, step_num, task_num, *args, **kwargs)
        return functools.partial(
            _run_named, task, self._task_output_path(task_type, step_num, task_num)
        )


def _run_named(task: Callable[[], None], output: str) -> None:
    with naming(output):
        task()
