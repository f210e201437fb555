"""The traces of failed tasks: their standard error and YARN's diagnostics, read from web services,
else by the command ``yarn logs``.
"""

from __future__ import annotations

import collections
import contextlib
import itertools
import os
import re
import subprocess
import threading
import time
from typing import (
    BinaryIO,
    Deque,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    cast,
)

from mr_kmeans.hadoop.cluster import Cluster
from mr_kmeans.hadoop.conf import HadoopConf
from mr_kmeans.hadoop.yarn import NOISE, get_json, get_text
from mr_kmeans.messages import shortened

LOG_BYTES = 8192
"""Number of bytes read from the end of a task's standard error."""

LOG_SECONDS = 15
"""Seconds to wait for the logs of a job that has just failed, which YARN moves during that time."""

COMMAND_SECONDS = 45
"""Timeout in seconds of ``yarn logs``, which starts a JVM per attempt and may use Kerberos."""

TRACEBACK = 'Traceback (most recent call last)'

WORDS = 15
"""Maximum number of lines shown from the end of a task's standard error."""

REASON_LINES, LINE_LENGTH = 2, 300
"""Maximum number of lines of diagnostics, and of characters of a line, that are shown."""

_NO_LOG = 'Can not find logs for container'
"""Answer of the history server, with status 200, for logs that are not aggregated (so far)."""

_LENGTH, _CUT_LINE = (
    re.compile(r'^LogLength:(\d+)', re.MULTILINE),
    re.compile(r'^(LogContents:\n).*\n', re.MULTILINE),
)
"""Pattern of the size of the whole log, which precedes the requested end, and of the line that is
cut by it.
"""

_SECTION = re.compile(r'Container: |LogType:|End of LogType')
"""Pattern of lines between the logs of containers in the output of ``yarn logs``."""

_SECTION_LINES, _LINE_BYTES = 200, 1 << 14
"""Number of lines kept of a log in the output of ``yarn logs``, and of bytes read of it at once."""

_PYTHON = re.compile(r'Traceback \(most recent|\s*File ".*", line \d|\w+Error\b')
"""Pattern of lines of a Python error; a syntax error has no traceback."""

_JAVA = re.compile(r'\s+(at |\.\.\. \d+ (more|common))')
_STAMP = re.compile(r'\[\d{4}-\d\d-\d\d [\d:.]+\] ?')
"""Pattern of the time before lines of a NodeManager's diagnostics."""

_LOGGED = re.compile(r'\S+ \S+ (INFO|WARN|ERROR) ')


class Failure(NamedTuple):
    """Why a task failed.

    Attributes
    ----------
    words : list of str
        The last lines of a failed attempt's standard error, without those of Java.
    reason : list of str
        YARN's diagnostics of a failed attempt, without Java's stack trace.
    """

    words: List[str]
    reason: List[str]


def find_failure(
    application: str, lines: Sequence[str], cluster: Cluster, ended: bool = True
) -> Failure:
    """Return what is known about the failed tasks of an application.

    Parameters
    ----------
    application : str
        YARN's id.
    lines : sequence of str
        The output of ``hadoop jar``, which has the diagnostics as well.
    cluster : Cluster
    ended : bool
        Whether the application has just ended: then its logs will be available soon, and are waited
        for.
    """
    conf = cluster.conf
    words: List[str] = []
    reason: List[str] = []
    has_logs = False
    if conf.history_server and get_json(conf.history_server + '/ws/v1/history/info'):
        words, reason, has_logs = _by_web(application, conf, LOG_SECONDS if ended else 0)
    if not has_logs:  # no web services, or only with Kerberos, TLS or access rights
        words = _by_command(application, cluster.yarn_command, ended)
    return Failure(words, reason or reason_in(_client_diagnostics(lines)))


def is_python(words: Iterable[str]) -> bool:
    """Return whether the lines contain a Python error."""
    return any(_PYTHON.match(line) for line in words)


def words_in(log: Iterable[str]) -> List[str]:
    """Return the last lines of a task's standard error, from its last traceback on, without Java's
    lines.
    """
    words = [line for line in log if line.strip() and not NOISE.match(line)]
    begins = [number for number, line in enumerate(words) if line.startswith(TRACEBACK)]
    return words[begins[-1] if begins else 0 :][-WORDS:]


def words_in_logs(output: BinaryIO) -> Tuple[List[str], int]:
    """Return the last Python error in the output of ``yarn logs``, of any size, and the number of
    logs in it.
    """
    found: List[str] = []
    log: Deque[str] = collections.deque(maxlen=_SECTION_LINES)
    n_logs = 0
    for part in itertools.chain(
        iter(lambda: output.readline(_LINE_BYTES), b''), [b'End of LogType']
    ):
        line = part.decode('utf-8', 'replace').rstrip()
        if not _SECTION.match(line):
            log.append(line)
            continue
        words = words_in(log)
        found = words if is_python(words) else found
        n_logs += line.startswith('LogType:')
        log.clear()
    return found, n_logs


def reason_in(diagnostics: Iterable[str]) -> List[str]:
    """Return the gist of diagnostics: Java's first causes without stack traces, or a NodeManager's
    first lines.
    """
    before = itertools.takewhile(
        lambda line: not line.startswith('Dump of the process-tree'), diagnostics
    )
    lines = [
        _STAMP.sub('', line).strip() for line in before if line.strip() and not _JAVA.match(line)
    ]
    causes = [line[len('Caused by: ') :] for line in lines if line.startswith('Caused by: ')]
    return [shortened(line, LINE_LENGTH) for line in causes[-REASON_LINES:] or lines[:REASON_LINES]]


def _client_diagnostics(lines: Iterable[str]) -> List[str]:
    """Return the diagnostics of the last failed attempt in the client's output."""
    found: List[str] = []
    inside = False
    for line in lines:
        if 'Status : FAILED' in line:
            found, inside = [], True
        elif _LOGGED.match(line):
            inside = False
        elif inside:
            found.append(line)
    return found


def _by_web(
    application: str, conf: HadoopConf, seconds: float
) -> Tuple[List[str], List[str], bool]:
    """Return words, reason, and whether the logs could be read."""
    deadline = time.monotonic() + seconds
    reason: List[str] = []
    while True:
        n_logs = n_missing = 0
        for diagnostics, log in _attempts(application, conf, deadline):
            reason = reason or reason_in(diagnostics.splitlines())
            n_logs, n_missing = n_logs + (log is not None), n_missing + (log is None)
            words = words_in((log or '').splitlines())
            if words:
                return words, reason, True
            if time.monotonic() > deadline:
                break
        if n_logs and not n_missing:  # they have no output, as for a killed process
            return [], reason, True
        if time.monotonic() > deadline:
            return [], reason, bool(n_logs)
        time.sleep(0.5)


def _attempts(
    application: str, conf: HadoopConf, deadline: float
) -> Iterator[Tuple[str, Optional[str]]]:
    """Yield diagnostics and standard error of failed attempts; None for a log that is not available
    (so far).
    """
    server = conf.history_server
    jobs = f'{server}/ws/v1/history/mapreduce/jobs/{application.replace("application", "job")}'
    failed = [
        task['id']
        for task in _items(f'{jobs}/tasks', 'tasks', 'task')
        if task.get('state') == 'FAILED'
    ]
    for number, task in enumerate(failed):  # not those killed because of it, maybe thousands
        if number and time.monotonic() > deadline:
            return
        for attempt in _items(f'{jobs}/tasks/{task}/attempts', 'taskAttempts', 'taskAttempt'):
            if attempt.get('state') == 'FAILED':
                log = _container_log(
                    attempt.get('assignedContainerId'), attempt.get('nodeHttpAddress'), server
                )
                yield attempt.get('diagnostics') or '', log
    if (
        conf.resource_manager
    ):  # in uber mode, tasks run in the master's process, which may die with them
        for attempt in _items(
            f'{conf.resource_manager}/ws/v1/cluster/apps/{application}/appattempts',
            'appAttempts',
            'appAttempt',
        ):
            log = _container_log(attempt.get('containerId'), attempt.get('nodeHttpAddress'), server)
            if log and TRACEBACK in log:
                yield '', log


def _items(url: str, group: str, name: str) -> List[Dict]:
    """Return what a web service lists, or an empty list."""
    return ((get_json(url) or {}).get(group) or {}).get(name) or []


def _container_log(
    container: Optional[str], node: Optional[str], server: Optional[str]
) -> Optional[str]:
    """Return the end of a container's standard error from its node, else from the history server,
    or None.
    """
    for address in (f'http://{node}/ws/v1/node', f'{server}/ws/v1/history'):
        text = get_text(f'{address}/containerlogs/{container}/stderr?size=-{LOG_BYTES}')
        if text is not None and not text.startswith(_NO_LOG):
            length = _LENGTH.search(text)
            return (
                _CUT_LINE.sub(r'\1', text, count=1)
                if length and int(length.group(1)) > LOG_BYTES
                else text
            )
    return None


def _by_command(application: str, yarn: Optional[str], again: bool) -> List[str]:
    """Return the last error of a task according to ``yarn logs``, which is called once, or again
    until there are logs.
    """
    deadline = time.monotonic() + COMMAND_SECONDS
    while yarn and time.monotonic() < deadline:
        with _running(
            [yarn, 'logs', '-applicationId', application, '-log_files', 'stderr'],
            deadline - time.monotonic(),
        ) as output:
            words, n_logs = words_in_logs(output)
        if n_logs or not again:
            return words
        time.sleep(0.5)
    return []


@contextlib.contextmanager
def _running(command: Sequence[str], seconds: float) -> Iterator[BinaryIO]:
    """Yield the output of a command, which is ended with the block or after a timeout."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    output = cast(BinaryIO, process.stdout)
    alarm = threading.Timer(seconds, _end, [process])
    alarm.start()
    try:
        yield output
    finally:
        alarm.cancel()
        _end(process)
        output.close()
        process.wait()


def _end(process: subprocess.Popen) -> None:
    """Kill a command and its children: `yarn` may be a script around a JVM."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, 9)
