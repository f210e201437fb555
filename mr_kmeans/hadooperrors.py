"""Why a job failed on a cluster: the task's own words, fetched from where YARN keeps them, instead of pages of Java."""
from __future__ import annotations

import re
import time
from typing import Dict, Iterator, List, Optional, Sequence

from mr_kmeans.errors import RunError
from mr_kmeans.hadoopconf import HadoopConf
from mr_kmeans.yarn import NOISE, diagnostics, get_json, get_text

LOG_BYTES = 8192
"""Of the end of a task's standard error."""

LOG_SECONDS = 15
"""Until the logs of a job that has just failed can be had: YARN moves them in these seconds."""

TRACEBACK = 'Traceback (most recent call last)'

WORDS = 15
"""Lines of a task's standard error, from its end, that are shown."""


def explain(job: str, application: Optional[str], lines: Sequence[str], conf: HadoopConf) -> RunError:
    """Return the error for a job that failed.

    Parameters
    ----------
    job : str
    application : str or None
        YARN's id, when it got so far.
    lines : sequence of str
        The last lines of ``hadoop jar``.
    conf : HadoopConf
    """
    if application is None:
        return RunError(f'{job} could not be submitted: {_client_error(lines)}')
    words = last_words(application, conf)
    parts = [f'{job} failed on the cluster ({application}).']
    if any("No module named 'numpy'" in line for line in words):
        parts.append('There is no numpy on the nodes. Use --ship-numpy VERSION, with the version of their Python (such as 3.9), to send one '
                     'along, or install it there.')
    if words:
        parts.append('The last words of a task:\n' + '\n'.join('  ' + line for line in words))
    else:
        parts.append(diagnostics(application, conf) or _client_error(lines))
    parts.append(f'All its logs: yarn logs -applicationId {application}')
    return RunError('\n'.join(parts))


def last_words(application: str, conf: HadoopConf) -> List[str]:
    """Return the last lines of a failed task's standard error, without those of Java; none when there are none."""
    deadline = time.monotonic() + LOG_SECONDS
    while conf.history_server:
        for log in task_logs(application, conf):
            words = [line for line in log.splitlines() if line.strip() and not NOISE.match(line)]
            if words:
                begins = [number for number, line in enumerate(words) if line.startswith(TRACEBACK)]
                return words[begins[-1] if begins else 0:][-WORDS:]
        if time.monotonic() > deadline:
            break
        time.sleep(0.5)
    return []


def task_logs(application: str, conf: HadoopConf) -> Iterator[str]:
    """Yield the ends of the standard errors of failed task attempts."""
    server = conf.history_server
    jobs = f'{server}/ws/v1/history/mapreduce/jobs/{application.replace("application", "job")}'
    for task in _items(f'{jobs}/tasks', 'tasks', 'task'):
        if task['state'] != 'SUCCEEDED':
            for attempt in _items(f'{jobs}/tasks/{task["id"]}/attempts', 'taskAttempts', 'taskAttempt'):
                if attempt.get('state') == 'FAILED':
                    yield _container_log(attempt.get('assignedContainerId'), attempt.get('nodeHttpAddress'), server)
    if conf.resource_manager:  # in uber mode tasks are in the master's process, which may go down with them
        for attempt in _items(f'{conf.resource_manager}/ws/v1/cluster/apps/{application}/appattempts', 'appAttempts', 'appAttempt'):
            log = _container_log(attempt.get('containerId'), attempt.get('nodeHttpAddress'), server)
            if TRACEBACK in log:
                yield log


def _items(url: str, group: str, name: str) -> List[Dict]:
    """Return what a web service lists; nothing when it knows nothing."""
    return ((get_json(url) or {}).get(group) or {}).get(name) or []


def _container_log(container: Optional[str], node: Optional[str], server: str) -> str:
    """Return the end of a container's standard error, from its node, else from the history server."""
    for address in (f'http://{node}/ws/v1/node', f'{server}/ws/v1/history'):
        text = get_text(f'{address}/containerlogs/{container}/stderr')
        if text:
            return text[-LOG_BYTES:]
    return ''


def _client_error(lines: Sequence[str]) -> str:
    """Return the line of the client's output that says why."""
    telling: List[str] = [line.strip() for line in lines if re.search(r'Exception|Error|error:|ERROR|Caused by', line) and not line.startswith('\tat ')]
    return telling[-1] if telling else (lines[-1].strip() if lines else 'hadoop ended without a word')
