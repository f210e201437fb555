"""Applications in YARN: found by their tag, ended, and asked why they failed. By the ResourceManager's web service, else by the command."""
from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from typing import Dict, Iterator, List, Optional, Tuple
from urllib.error import URLError
from urllib.request import Request, urlopen

from mr_kmeans.hadoopconf import HadoopConf, hadoop_user

TIMEOUT = 10
"""Seconds; what a web service does not say by then is left out of an error."""

ENDED = ('FINISHED', 'FAILED', 'KILLED')
END_SECONDS = 30
"""Until an application that was killed has ended; then it is left to YARN."""


NOISE = re.compile(r'^(log4j:|SLF4J|\s+at |reporter:|\d{4}-\d\d-\d\d.*(INFO|WARN)|Picked up|WARNING: |Container: |Log[A-Z]\w+:|=====|\*\*\*\*\*|End of LogType)')
"""Lines of logs that are Java's and Hadoop's own."""

_APPLICATION = re.compile(r'^(application_\d+_\d+)\t.*?\t\s*(NEW|NEW_SAVING|SUBMITTED|ACCEPTED|RUNNING)\t', re.MULTILINE)
"""A line of ``yarn application -list``: id, and the state in a later column."""


def end_applications(tag: Optional[str], application: Optional[str], conf: HadoopConf) -> None:
    """Kill the applications of a tag, and one more, that have not ended, and wait until they have."""
    by = _WebService(conf.resource_manager) if conf.resource_manager and get_json(conf.resource_manager + '/ws/v1/cluster/info') else _Command()
    deadline = time.monotonic() + END_SECONDS
    while True:
        alive = [name for name, state in by.applications(tag, application) if state not in ENDED]
        if not alive or time.monotonic() > deadline:
            return
        for name in alive:
            by.kill(name)
        time.sleep(0.3)


class _WebService:
    """The ResourceManager's, where authentication is simple."""

    def __init__(self, address: str):
        self._apps = address + '/ws/v1/cluster/apps'

    def applications(self, tag: Optional[str], application: Optional[str]) -> Iterator[Tuple[str, str]]:
        """Yield id and state of the applications of a tag, and of one more."""
        if tag:
            for found in ((get_json(f'{self._apps}?applicationTags={tag}') or {}).get('apps') or {}).get('app', []):
                yield found['id'], found['state']
        if application:
            found = (get_json(f'{self._apps}/{application}') or {}).get('app')
            if found:
                yield application, found['state']

    def kill(self, application: str) -> None:
        """Ask for its end."""
        request = Request(f'{self._apps}/{application}/state?user.name={hadoop_user()}', data=b'{"state": "KILLED"}', method='PUT',
                          headers={'Content-Type': 'application/json'})
        try:
            urlopen(request, timeout=TIMEOUT).close()
        except (URLError, OSError):  # asked again as long as there is time
            pass


class _Command:
    """The command ``yarn``, for clusters with Kerberos or several ResourceManagers: a JVM per call."""

    def applications(self, tag: Optional[str], application: Optional[str]) -> List[Tuple[str, str]]:
        """Return id and state of the applications of a tag that have not ended, and of one more."""
        found = []
        if tag:
            found += _APPLICATION.findall(self._run('-list', '-appTags', tag))
        if application:
            state = re.search(r'^\s*State : (\w+)', self._run('-status', application), re.MULTILINE)
            found += [(application, state.group(1))] if state else []
        return found

    def kill(self, application: str) -> None:
        """Ask for its end."""
        self._run('-kill', application)

    @staticmethod
    def _run(*arguments: str) -> str:
        home = os.environ.get('HADOOP_HOME')
        command = shutil.which('yarn', path=os.path.join(home, 'bin')) if home else None
        command = command or shutil.which('yarn')
        if command is None:
            return ''
        done = subprocess.run([command, 'application', *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return done.stdout.decode('utf-8', 'replace')


def diagnostics(application: str, conf: HadoopConf) -> str:
    """Return what YARN says about an application that failed without a failed task."""
    if not conf.resource_manager:
        return ''
    found = (get_json(f'{conf.resource_manager}/ws/v1/cluster/apps/{application}') or {}).get('app') or {}
    lines = [line.strip() for line in found.get('diagnostics', '').splitlines() if line.strip() and not NOISE.match(line)]
    return 'YARN says: ' + '\n  '.join(lines[:10]) if lines else ''


def get_json(url: str) -> Optional[Dict]:
    text = get_text(url)
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def get_text(url: str) -> Optional[str]:
    try:
        with urlopen(Request(url, headers={'Accept': 'application/json, text/plain'}), timeout=TIMEOUT) as answer:
            return answer.read().decode('utf-8', 'replace')
    except (URLError, OSError, ValueError):
        return None
