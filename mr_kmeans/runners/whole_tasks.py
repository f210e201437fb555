"""Map tasks as the driver cut them: mrjob would cut their descriptions again, as if they were the data, into uneven tasks."""
from __future__ import annotations

import sys
from typing import List

from mr_kmeans.pointreader import SPLITS


class WholeTasks:
    """Of mrjob's runners of one machine: a task for each input file of split descriptions."""

    def _pick_mapper_split_size(self, input_paths: List[str], step_num: int) -> int:
        arguments = list(self._args_for_task(step_num, 'mapper'))
        if step_num == 0 and ['--input-kind', SPLITS] in [arguments[i:i + 2] for i in range(len(arguments))]:
            return sys.maxsize
        return super()._pick_mapper_split_size(input_paths, step_num)
