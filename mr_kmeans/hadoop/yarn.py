"""Applications in YARN, which are found by tag, ended, and queried for why they failed, by the
ResourceManager's web service, else by the command ``yarn``.
"""

from __future__ import annotations

import json
import logging
import re
import subprocess
import time
from http.client import HTTPException
from typing import Dict, List, Optional, Set, Tuple, Union
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from mr_kmeans.errors import RunError
from mr_kmeans.hadoop.cluster import Cluster
from mr_kmeans.hadoop.commands import failed, no_command
from mr_kmeans.hadoop.conf import HadoopConf, hadoop_user

log = logging.getLogger(__name__)

TIMEOUT = 10
"""Timeout in seconds of a web service; an error then lacks what it would have told."""

ENDED = ('FINISHED', 'FAILED', 'KILLED')
END_SECONDS = 30
"""Seconds to wait for the end of a killed application, before a message says what to do."""

COMMAND_SECONDS = 30
"""Timeout in seconds of the command ``yarn``, which otherwise tries to reach a ResourceManager for
a quarter of an hour.
"""

NOISE = re.compile(
    r'^(log4j:|SLF4J|\s+at |reporter:|\d{4}-\d\d-\d\d.*(INFO|WARN)|Picked up|WARNING: |Container:'
    r' |Log[A-Z]\w+:|=====|\*\*\*\*\*|End of LogType)'
)
"""Pattern of log lines by Java and Hadoop themselves."""

_APPLICATION = re.compile(
    r'^(application_\d+_\d+)\t.*?\t\s*(NEW|NEW_SAVING|SUBMITTED|ACCEPTED|RUNNING)\t', re.MULTILINE
)
"""Pattern of a line of ``yarn application -list``: the id, and the state in a later column."""

_opener = build_opener(ProxyHandler({}))
"""Opener without proxies of the environment, which cannot reach the hosts of a cluster."""


def end_applications(tag: Optional[str], application: Optional[str], cluster: Cluster) -> str:
    """Kill the running applications with a tag, and one more, and wait until they have ended.

    Returns
    -------
    str
        What the user has to do if some have not ended in time or YARN's answer is unknown; else
        empty.
    """
    conf = cluster.conf
    ways: List[Union[_WebService, _Command]] = [_Command(tag, application, cluster.yarn_command)]
    if conf.resource_manager and conf.get('hadoop.security.authentication', 'simple') == 'simple':
        ways.insert(0, _WebService(tag, application, conf.resource_manager))
    deadline, trouble = time.monotonic() + END_SECONDS, ''
    for way in ways:
        try:
            alive = _end(way, deadline)
        except RunError as error:
            trouble = str(error)
            continue
        if not alive:
            return ''
        kill = '; '.join(f'yarn application -kill {name}' for name in alive)
        return f'{", ".join(alive)} did not end in YARN within {END_SECONDS} s. End it: {kill}'
    if application:
        return (
            f'YARN does not tell whether {application} has ended ({trouble}). End it: yarn'
            f' application -kill {application}'
        )
    return (
        f'YARN does not tell whether an application tagged {tag} is running ({trouble}). '
        f'Check: yarn application -list -appTags {tag}; and end it: yarn application -kill ID'
    )


def _end(way, deadline: float) -> List[str]:
    """Kill running applications until there are none; return those still running after the
    deadline.
    """
    said: Set[str] = set()
    while True:
        alive = [name for name, state in way.applications() if state not in ENDED]
        if not alive or (said.issuperset(alive) and time.monotonic() > deadline):
            return alive
        for name in alive:
            if name not in said:
                log.warning('ending %s in YARN', name)
                said.add(name)
            way.kill(name)
        time.sleep(0.3)


class _WebService:
    """The ResourceManager's web service, with simple authentication.

    Methods raise RunError if it does not answer, or answers something else.
    """

    def __init__(self, tag: Optional[str], application: Optional[str], address: str):
        self._tag, self._application, self._apps = tag, application, address + '/ws/v1/cluster/apps'

    def applications(self) -> List[Tuple[str, str]]:
        """Return id and state of the applications with a tag, and of one more."""
        found = []
        if self._tag:
            found += (self._ask(f'{self._apps}?applicationTags={self._tag}').get('apps') or {}).get(
                'app', []
            )
        if self._application:
            found += [
                one
                for one in [self._ask(f'{self._apps}/{self._application}', missing=404).get('app')]
                if one
            ]
        return list({one['id']: (one['id'], one['state']) for one in found}.values())

    def kill(self, application: str) -> None:
        """Request the end of an application."""
        self._ask(
            Request(
                f'{self._apps}/{application}/state?user.name={hadoop_user()}',
                data=b'{"state": "KILLED"}',
                method='PUT',
                headers={'Content-Type': 'application/json'},
            )
        )

    @staticmethod
    def _ask(request, missing: Optional[int] = None) -> Dict:
        """Return an answer; an empty one if the status means that the application does not exist
        (any more).
        """
        try:
            with _opener.open(request, timeout=TIMEOUT) as answer:
                found = json.loads(answer.read() or b'{}')
                if isinstance(found, dict):
                    return found
                trouble = 'an unexpected answer'
        except HTTPError as error:
            with error:
                if error.code == missing:
                    return {}
                trouble = f'{error.code} {error.reason}'
        except (OSError, HTTPException, ValueError) as error:
            trouble = str(getattr(error, 'reason', error))
        raise RunError(f'its web service: {trouble}')


class _Command:
    """The command ``yarn``, for clusters with Kerberos or several ResourceManagers. Each call
    starts a JVM.

    Methods raise RunError if it does not exist or fails.
    """

    def __init__(self, tag: Optional[str], application: Optional[str], yarn: Optional[str]):
        self._tag, self._application, self._yarn = tag, application, yarn

    def applications(self) -> List[Tuple[str, str]]:
        """Return id and state of the running applications with a tag, and of one more."""
        found = (
            dict(_APPLICATION.findall(self._run('-list', '-appTags', self._tag)))
            if self._tag
            else {}
        )
        if self._application and self._application not in found:
            state = re.search(
                r'^\s*State : (\w+)', self._run('-status', self._application), re.MULTILINE
            )
            found.update({self._application: state.group(1)} if state else {})
        return list(found.items())

    def kill(self, application: str) -> None:
        """Request the end of an application."""
        self._run('-kill', application)

    def _run(self, *arguments: str) -> str:
        if self._yarn is None:
            raise no_command('yarn')
        command = [self._yarn, 'application', *arguments]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=COMMAND_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise RunError(
                f'{" ".join(command)} did not answer within {error.timeout:g} s'
            ) from None
        output = done.stdout.decode('utf-8', 'replace')
        if done.returncode and "doesn't exist in RM" not in output + done.stderr.decode(
            'utf-8', 'replace'
        ):
            raise failed(command, done.returncode, done.stderr)
        return output


def diagnostics(application: str, conf: HadoopConf) -> str:
    """Return YARN's diagnostics of an application that failed without a failed task."""
    if not conf.resource_manager:
        return ''
    found = (get_json(f'{conf.resource_manager}/ws/v1/cluster/apps/{application}') or {}).get(
        'app'
    ) or {}
    lines = [
        line.strip()
        for line in found.get('diagnostics', '').splitlines()
        if line.strip() and not NOISE.match(line)
    ]
    return 'YARN says: ' + '\n  '.join(lines[:10]) if lines else ''


def get_json(url: str) -> Optional[Dict]:
    """Return the JSON document at `url`; None where there is none."""
    text = get_text(url)
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def get_text(url: str) -> Optional[str]:
    """Return the text at `url`; None where there is none."""
    try:
        with _opener.open(
            Request(url, headers={'Accept': 'application/json, text/plain'}), timeout=TIMEOUT
        ) as answer:
            return answer.read().decode('utf-8', 'replace')
    except (OSError, HTTPException, ValueError):
        return None
