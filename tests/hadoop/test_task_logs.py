"""Tests of the traces of failed tasks by a fake command yarn. By web services: test_failures.py; on
a real Hadoop: test_hadoop.py.
"""

import io
import stat
import time

import pytest
from web_service import serving

from mr_kmeans.hadoop import task_logs
from mr_kmeans.hadoop.cluster import Cluster
from mr_kmeans.hadoop.conf import HadoopConf
from mr_kmeans.hadoop.task_logs import find_failure, words_in_logs

APPLICATION = 'application_1_0002'


def container(number, *lines):
    """Return what `yarn logs` prints for a container."""
    head = (
        f'Container: container_1_0002_01_{number:06d} on node_1\nLogAggregationType:'
        ' AGGREGATED\n=====\nLogType:stderr\nLogLastModifiedTime:Sat Jan 01 00:00:00 +0000'
        ' 2025\nLogLength:3\nLogContents:\n'
    )
    return (
        head
        + ''.join(line + '\n' for line in lines)
        + '\nEnd of LogType:stderr\n***********************\n\n'
    )


TRACEBACK = [
    'Traceback (most recent call last):',
    '  File "mr_pack.py", line 1, in <module>',
    'ValueError: 17 is odd',
]
LOGS = (
    container(1, 'log4j:WARN nothing')
    + container(2, 'reporter:counter:a,b,1', *TRACEBACK)
    + container(3, 'a warning of a library')
)


@pytest.fixture
def yarn(tmp_path, monkeypatch):
    """Make a command yarn from a shell script."""

    def make(script):
        path = tmp_path / 'bin' / 'yarn'
        path.parent.mkdir()
        path.write_text('#!/bin/sh\n' + script)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        (tmp_path / 'logs').write_text(LOGS)
        monkeypatch.setenv('HADOOP_HOME', str(tmp_path))
        return tmp_path

    return make


def test_last_traceback_of_all_logs_is_found():
    assert words_in_logs(io.BytesIO(LOGS.encode())) == (TRACEBACK, 3)
    assert words_in_logs(
        io.BytesIO(b'Can not find any log file matching the pattern: [stderr]\n')
    ) == ([], 0)
    assert words_in_logs(io.BytesIO(LOGS[: LOGS.index('17 is odd') + 9].encode())) == (
        TRACEBACK,
        2,
    ), 'cut off'


def test_large_logs_are_not_kept_in_memory():
    line = b'x' * 100_000 + b'\n'
    stream = io.BytesIO(container(1).encode() + line * 300 + '\n'.join(TRACEBACK).encode())
    assert words_in_logs(stream) == (TRACEBACK, 1)


@pytest.mark.parametrize('status', [401, 404])
def test_command_is_used_without_access_to_web_services(yarn, status):
    folder = yarn('echo "$@" >> "$HADOOP_HOME/asked"; cat "$HADOOP_HOME/logs"\n')
    with serving(lambda *_: (status, b'')) as service:
        conf = HadoopConf(
            {'mapreduce.jobhistory.webapp.address': service.address[len('http://') :]}
        )
        assert find_failure(APPLICATION, [], Cluster(conf)).words == TRACEBACK
    assert len(service.asked) == 1
    assert (
        folder / 'asked'
    ).read_text() == f'logs -applicationId {APPLICATION} -log_files stderr\n'


def test_command_is_repeated_until_there_are_logs(yarn):
    yarn('cd "$HADOOP_HOME"; [ -e once ] && cat logs; touch once\n')
    assert find_failure(APPLICATION, [], Cluster(HadoopConf({}))).words == TRACEBACK


def test_command_has_a_timeout(yarn, monkeypatch):
    monkeypatch.setattr(task_logs, 'COMMAND_SECONDS', 3)
    yarn('cat "$HADOOP_HOME/logs"; sleep 77\n')
    began = time.monotonic()
    assert find_failure(APPLICATION, [], Cluster(HadoopConf({}))).words == TRACEBACK
    assert time.monotonic() - began < 10
