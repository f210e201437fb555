"""Error messages for jobs that failed on a cluster: the task's own error output, fetched from YARN,
instead of pages of Java stack traces.
"""

from __future__ import annotations

import re
from typing import List, Optional, Sequence

from mr_kmeans.errors import RunError
from mr_kmeans.hadoop.cluster import Cluster
from mr_kmeans.hadoop.task_logs import find_failure, is_python
from mr_kmeans.hadoop.yarn import diagnostics

_PYTHON_BIN = 'Name another, 3.9 or newer, as python_bin in the configuration of mrjob (-c FILE).'
_MEMORY = (
    'Give the tasks more: -D mapreduce.map.memory.mb=3072 (for a reducer:'
    ' mapreduce.reduce.memory.mb).'
)

REMEDIES = [
    (re.compile(pattern), remedy)
    for pattern, remedy in (
        (
            r"No module named '?numpy\b",
            (
                'There is no numpy on the nodes. Use --ship-numpy VERSION, with the version of'
                ' their Python (such as 3.9), to send it along, or install it there.'
            ),
        ),
        (
            r'Cannot run program|failed with code 127\b',
            f'There is no such Python on the nodes. {_PYTHON_BIN}',
        ),
        (
            r'future feature annotations is not defined|SyntaxError',
            f"The nodes' Python is too old. {_PYTHON_BIN}",
        ),
        (
            r"(?i)beyond (the )?'?(physical|virtual)'? memory",
            f'A task needed more memory than its container has. {_MEMORY}',
        ),
        (
            r'[Cc]ode (is )?137\b',
            (
                'A process of a task was killed (signal 9), by someone or because memory ran out on'
                f' the node. {_MEMORY}'
            ),
        ),
    )
]
"""Advice for messages of tasks and YARN: (pattern, advice)."""


def explain(
    job: str, application: Optional[str], lines: Sequence[str], cluster: Cluster, ended: bool = True
) -> RunError:
    """Return the error for a job that failed.

    Parameters
    ----------
    job : str
    application : str or None
        YARN's id, if the job was submitted.
    lines : sequence of str
        The last lines of ``hadoop jar``.
    cluster : Cluster
    ended : bool
        Whether the job itself has ended, not only its client.
    """
    if application is None:
        return RunError(f'{job} could not be submitted: {_client_error(lines)}')
    words, reason = find_failure(application, lines, cluster, ended)
    said = '\n'.join([*words, *reason])
    parts = [
        f'{job} failed on the cluster ({application}).',
        *[remedy for pattern, remedy in REMEDIES if pattern.search(said)][:1],
    ]
    if reason and not is_python(words):
        parts.append('YARN says of a task:\n' + _indented(reason))
    if words:
        parts.append('The last output of a task:\n' + _indented(words))
    if not said:
        parts.append(diagnostics(application, cluster.conf) or _client_error(lines))
    parts.append(f'All its logs: yarn logs -applicationId {application}')
    return RunError('\n'.join(parts))


def _indented(lines: Sequence[str]) -> str:
    return '\n'.join('  ' + line for line in lines)


def _client_error(lines: Sequence[str]) -> str:
    """Return the line of the client's output that tells why."""
    telling: List[str] = [
        line.strip()
        for line in lines
        if re.search(r'Exception|Error|error:|ERROR|Caused by', line)
        and not line.startswith('\tat ')
    ]
    return (
        telling[-1] if telling else (lines[-1].strip() if lines else 'hadoop ended without output')
    )
