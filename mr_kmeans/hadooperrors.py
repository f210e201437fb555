"""Why a job failed on a cluster: the task's own words, fetched from where YARN keeps them, instead of pages of Java."""
from __future__ import annotations

import json
import re
import time
from typing import Dict, Iterator, List, Optional, Sequence, Tuple
from urllib.error import URLError
from urllib.request import Request, urlopen

from mr_kmeans.errors import RunError
from mr_kmeans.hadoopconf import HadoopConf, hadoop_user

TIMEOUT = 10
"""Seconds; what a web service does not say by then is left out of an error."""

LOG_BYTES = 8192
"""Of the end of a task's standard error."""

ENDED = ('FINISHED', 'FAILED', 'KILLED')
END_SECONDS = 30
"""Until an application that was killed has ended; then it is left to YARN."""

_NOISE = re.compile(r'^(log4j:|SLF4J|\s+at |reporter:|\d{4}-\d\d-\d\d.*(INFO|WARN)|Picked up|WARNING: |Container: |Log[A-Z]\w+:|=====|\*\*\*\*\*|End of LogType)')


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
    log = next(task_logs(application, conf), '')
    words = [line for line in log.splitlines() if line.strip() and not _NOISE.match(line)][-15:]
    parts = [f'{job} failed on the cluster ({application}).']
    if any("No module named 'numpy'" in line for line in words):
        parts.append('There is no numpy on the nodes. Use --ship-numpy VERSION, with the version of their Python (such as 3.9), to send one '
                     'along, or install it there.')
    if words:
        parts.append('The last words of a task:\n' + '\n'.join('  ' + line for line in words))
    else:
        parts.append(_client_error(lines))
    parts.append(f'All its logs: yarn logs -applicationId {application}')
    return RunError('\n'.join(parts))


def task_logs(application: str, conf: HadoopConf) -> Iterator[str]:
    """Yield the ends of the standard errors of failed task attempts."""
    server = conf.history_server
    job = application.replace('application', 'job')
    jobs = f'{server}/ws/v1/history/mapreduce/jobs/{job}'
    for task in (_json(f'{jobs}/tasks') or {}).get('tasks', {}).get('task', []) if server else []:
        if task['state'] == 'SUCCEEDED':
            continue
        found = (_json(f'{jobs}/tasks/{task["id"]}/attempts') or {}).get('taskAttempts') or {}
        for attempt in found.get('taskAttempt', []):
            if attempt.get('state') == 'FAILED':
                text = _container_log(attempt, server)
                if text.strip():
                    yield text


def kill_application(application: str, conf: HadoopConf) -> bool:
    """Ask YARN to kill an application; return whether it could be asked."""
    if not conf.resource_manager:
        return False
    url = f'{conf.resource_manager}/ws/v1/cluster/apps/{application}/state?user.name={hadoop_user()}'
    request = Request(url, data=json.dumps({'state': 'KILLED'}).encode('ascii'), method='PUT', headers={'Content-Type': 'application/json'})
    try:
        with urlopen(request, timeout=TIMEOUT):
            return True
    except (URLError, OSError):
        return False


def end_applications(tag: Optional[str], application: Optional[str], conf: HadoopConf) -> None:
    """Kill the applications of a tag, and one more, that have not ended, and wait until they have."""
    if not conf.resource_manager:
        return
    deadline = time.monotonic() + END_SECONDS
    while True:
        alive = [name for name, state in _applications(tag, application, conf) if state not in ENDED]
        if not alive or time.monotonic() > deadline:
            return
        for name in alive:
            kill_application(name, conf)
        time.sleep(0.3)


def _applications(tag: Optional[str], application: Optional[str], conf: HadoopConf) -> Iterator[Tuple[str, str]]:
    """Yield id and state of the applications of a tag, and of one more."""
    apps = f'{conf.resource_manager}/ws/v1/cluster/apps'
    if tag:
        for found in ((_json(f'{apps}?applicationTags={tag}') or {}).get('apps') or {}).get('app', []):
            yield found['id'], found['state']
    if application:
        found = (_json(f'{apps}/{application}') or {}).get('app')
        if found:
            yield application, found['state']


def _container_log(attempt: Dict, server: str) -> str:
    """Return the end of an attempt's standard error, from its node, else from the history server."""
    container, node = attempt.get('assignedContainerId'), attempt.get('nodeHttpAddress')
    user = hadoop_user()
    for url in (f'http://{node}/ws/v1/node/containers/{container}/logs/stderr',
                f'http://{node}/node/containerlogs/{container}/{user}/stderr/?start=-{LOG_BYTES}',
                f'{server}/ws/v1/history/containers/{container}/logs/stderr'):
        text = _get(url)
        if text and '<html' not in text[:500].lower():
            return text[-LOG_BYTES:]
    return ''


def _client_error(lines: Sequence[str]) -> str:
    """Return the line of the client's output that says why."""
    telling: List[str] = [line.strip() for line in lines if re.search(r'Exception|Error|error:|ERROR|Caused by', line) and not line.startswith('\tat ')]
    return telling[-1] if telling else (lines[-1].strip() if lines else 'hadoop ended without a word')


def _json(url: str) -> Optional[Dict]:
    text = _get(url)
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _get(url: str) -> Optional[str]:
    try:
        with urlopen(Request(url, headers={'Accept': 'application/json, text/plain'}), timeout=TIMEOUT) as answer:
            return answer.read().decode('utf-8', 'replace')
    except (URLError, OSError, ValueError):
        return None
