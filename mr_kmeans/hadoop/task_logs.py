"""What failed tasks have left: words on standard error, YARN's diagnostics. By web services, else
by the command ``yarn logs``.
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
)

from mr_kmeans.hadoop.commands import yarn_command
from mr_kmeans.hadoop.conf import HadoopConf
from mr_kmeans.hadoop.yarn import NOISE, get_json, get_text
from mr_kmeans.messages import shortened

LOG_BYTES = 8192
"""Of the end of a task's standard error."""

LOG_SECONDS = 15
"""Until the logs of a job that has just failed can be had: YARN moves them in these seconds."""

COMMAND_SECONDS = 45
"""For ``yarn logs``: a JVM per attempt, which may also have to find its way through Kerberos."""

TRACEBACK = 'Traceback (most recent call last)'

WORDS = 15
"""Lines of a task's standard error, from its end, that are shown."""

REASON_LINES, LINE_LENGTH = 2, 300
"""Of diagnostics, that are shown."""

_NO_LOG = 'Can not find logs for container'
"""The history server's answer, with status 200, for logs that are not aggregated (yet)."""

_LENGTH, _CUT_LINE = (
    re.compile(r'^LogLength:(\d+)', re.MULTILINE),
    re.compile(r'^(LogContents:\n).*\n', re.MULTILINE),
)
"""The size of the whole log, before its end that was asked for; the line that this end begins
within."""

_SECTION = re.compile(r'Container: |LogType:|End of LogType')
"""Between the logs of containers in the output of ``yarn logs``."""

_SECTION_LINES, _LINE_BYTES = 200, 1 << 14
"""Kept of a log in the output of ``yarn logs``, and read of it at once."""

_PYTHON = re.compile(r'Traceback \(most recent|\s*File ".*", line \d|\w+Error\b')
"""Lines of an error of Python; one of syntax has no traceback."""

_JAVA = re.compile(r'\s+(at |\.\.\. \d+ (more|common))')
_STAMP = re.compile(r'\[\d{4}-\d\d-\d\d [\d:.]+\] ?')
"""Before lines of a NodeManager's diagnostics."""

_LOGGED = re.compile(r'\S+ \S+ (INFO|WARN|ERROR) ')


class Failure(NamedTuple):
    """Why a task failed.

    Attributes
    ----------
    words : list of str
        The last lines of a failed attempt's standard error, without those of Java.
    reason : list of str
        What YARN says about a failed attempt, without Java's stack.
    """

    words: List[str]
    reason: List[str]


def find_failure(
    application: str, lines: Sequence[str], conf: HadoopConf, ended: bool = True
) -> Failure:
    """Return what is known of the failed tasks of an application.

    Parameters
    ----------
    application : str
        YARN's id.
    lines : sequence of str
        Of ``hadoop jar``, which tells the diagnostics as well.
    conf : HadoopConf
    ended : bool
        It has just ended: then there will be logs soon, which are waited for.
    """
    words, reason, has_logs = [], [], False
    if conf.history_server and get_json(conf.history_server + '/ws/v1/history/info'):
        words, reason, has_logs = _by_web(application, conf, LOG_SECONDS if ended else 0)
    if not has_logs:  # the web services are not there, or not for us: Kerberos, TLS, access control
        words = _by_command(application, ended)
    return Failure(words, reason or reason_in(_client_diagnostics(lines)))


def is_python(words: Iterable[str]) -> bool:
    """Tell whether there is an error of Python among lines."""
    return any(_PYTHON.match(line) for line in words)


def words_in(log: Iterable[str]) -> List[str]:
    """Return the last lines of a task's standard error, from its last traceback, without those of
    Java.
    """
    words = [line for line in log if line.strip() and not NOISE.match(line)]
    begins = [number for number, line in enumerate(words) if line.startswith(TRACEBACK)]
    return words[begins[-1] if begins else 0 :][-WORDS:]


def words_in_logs(output: BinaryIO) -> Tuple[List[str], int]:
    """Return the last error of Python in the output of ``yarn logs``, of any size, and the number
    of logs in it.
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
    """Return what diagnostics come to: Java's first causes, without its stacks, or a NodeManager's
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
    """Return what the client's output says of the last attempt that failed."""
    found, inside = [], False
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
    """Return words, reason, and whether the logs were there to be read."""
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
        if n_logs and not n_missing:  # they left no words, such as a killed process
            return [], reason, True
        if time.monotonic() > deadline:
            return [], reason, bool(n_logs)
        time.sleep(0.5)


def _attempts(
    application: str, conf: HadoopConf, deadline: float
) -> Iterator[Tuple[str, Optional[str]]]:
    """Yield diagnostics and standard error of failed attempts; None for a log that is not there
    (yet).
    """
    server = conf.history_server
    jobs = f'{server}/ws/v1/history/mapreduce/jobs/{application.replace("application", "job")}'
    failed = [
        task['id']
        for task in _items(f'{jobs}/tasks', 'tasks', 'task')
        if task.get('state') == 'FAILED'
    ]
    for number, task in enumerate(failed):  # not those killed for it: there may be thousands
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
    ):  # in uber mode tasks are in the master's process, which may go down with them
        for attempt in _items(
            f'{conf.resource_manager}/ws/v1/cluster/apps/{application}/appattempts',
            'appAttempts',
            'appAttempt',
        ):
            log = _container_log(attempt.get('containerId'), attempt.get('nodeHttpAddress'), server)
            if log and TRACEBACK in log:
                yield '', log


def _items(url: str, group: str, name: str) -> List[Dict]:
    """Return what a web service lists; nothing when it knows nothing."""
    return ((get_json(url) or {}).get(group) or {}).get(name) or []


def _container_log(
    container: Optional[str], node: Optional[str], server: Optional[str]
) -> Optional[str]:
    """Return the end of a container's standard error, from its node, else from the history server;
    None when neither has it.
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


def _by_command(application: str, again: bool) -> List[str]:
    """Return the last words of a task that ``yarn logs`` tells of, asked again until there are
    logs, or once.
    """
    command = yarn_command()
    deadline = time.monotonic() + COMMAND_SECONDS
    while command and time.monotonic() < deadline:
        with _running(
            [command, 'logs', '-applicationId', application, '-log_files', 'stderr'],
            deadline - time.monotonic(),
        ) as output:
            words, n_logs = words_in_logs(output)
        if n_logs or not again:
            return words
        time.sleep(0.5)
    return []


@contextlib.contextmanager
def _running(command: Sequence[str], seconds: float) -> Iterator[BinaryIO]:
    """Yield the output of a command, which ends with the block, or when its time is over."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    alarm = threading.Timer(seconds, _end, [process])
    alarm.start()
    try:
        yield process.stdout
    finally:
        alarm.cancel()
        _end(process)
        process.stdout.close()
        process.wait()


def _end(process: subprocess.Popen) -> None:
    """Kill a command and its children: `yarn` may be a script around a JVM."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, 9)
