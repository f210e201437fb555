"""Tests of messages on why a job failed, with fake web services. With real ones: test_hadoop.py."""

import json

import pytest
from web_service import serving

from mr_kmeans.hadoop import task_logs
from mr_kmeans.hadoop.cluster import Cluster
from mr_kmeans.hadoop.conf import HadoopConf
from mr_kmeans.hadoop.failures import explain

APPLICATION = 'application_1_0002'
JOBS = '/ws/v1/history/mapreduce/jobs/job_1_0002'
LOG = """log4j:WARN nothing
2025-01-01 00:00:00,000 INFO a.b: talk
reporter:counter:mr_kmeans,rows,3
something of a library
Traceback (most recent call last):
  File "mr_pack.py", line 1, in <module>
ValueError: 17 is odd
"""


def answers(log, diagnostics='Job failed', reason='', states=('SUCCEEDED', 'FAILED')):
    """Answer like ResourceManager, history server and NodeManager in one; without a log if that is
    None.
    """

    def answer(_method, path, service):
        host = service.address[len('http://') :]
        pages = {
            '/ws/v1/history/info': {'historyInfo': {}},
            f'{JOBS}/tasks': {
                'tasks': {
                    'task': [
                        {'id': f't{number}', 'state': state} for number, state in enumerate(states)
                    ]
                }
            },
            f'{JOBS}/tasks/t1/attempts': {
                'taskAttempts': {
                    'taskAttempt': [
                        {'state': 'KILLED'},
                        {
                            'state': 'FAILED',
                            'assignedContainerId': 'c1',
                            'nodeHttpAddress': host,
                            'diagnostics': reason,
                        },
                    ]
                }
            },
            f'/ws/v1/cluster/apps/{APPLICATION}': {
                'app': {'id': APPLICATION, 'state': 'FAILED', 'diagnostics': diagnostics}
            },
        }
        if path in pages:
            return 200, json.dumps(pages[path]).encode()
        return (
            (200, log.encode())
            if log is not None and path == '/ws/v1/node/containerlogs/c1/stderr?size=-8192'
            else (404, b'')
        )

    return answer


def cluster_of(service):
    address = service.address[len('http://') :]
    return Cluster(
        HadoopConf(
            {
                'mapreduce.jobhistory.webapp.address': address,
                'yarn.resourcemanager.webapp.address': address,
            }
        )
    )


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(task_logs, 'LOG_SECONDS', 0)
    monkeypatch.setenv('HADOOP_HOME', '/nowhere')
    monkeypatch.setenv('PATH', '/nowhere')


def test_last_output_of_the_task_is_shown_without_javas():
    with serving(answers(LOG)) as service:
        error = str(explain('MRPack', APPLICATION, ['java'], cluster_of(service)))
    assert error.splitlines() == [
        f'MRPack failed on the cluster ({APPLICATION}).',
        'The last output of a task:',
        '  Traceback (most recent call last):',
        '    File "mr_pack.py", line 1, in <module>',
        '  ValueError: 17 is odd',
        f'All its logs: yarn logs -applicationId {APPLICATION}',
    ]


def test_end_of_a_long_log_is_shown():
    head = 'Container: c1 on node\nLogType:stderr\nLogLength:%d\nLogContents:\n'
    for length, words in ((8193, '  a warning\n'), (8192, '  half a reporter:line\n  a warning\n')):
        with serving(
            answers(head % length + 'half a reporter:line\na warning\n\nEnd of LogType:stderr\n')
        ) as service:
            assert 'The last output of a task:\n' + words + 'All its' in str(
                explain('MRPack', APPLICATION, [], cluster_of(service))
            )


def test_missing_numpy_on_a_node_names_the_option():
    with serving(answers("ModuleNotFoundError: No module named 'numpy'\n")) as service:
        assert 'Use --ship-numpy VERSION' in str(
            explain('MRPack', APPLICATION, [], cluster_of(service))
        )


def test_log_of_the_master_is_used_in_uber_mode():
    """In uber mode: the history server knows nothing, the master's log everything."""

    def answer(_method, path, service):
        if path == '/ws/v1/history/info':
            return 200, b'{"historyInfo": {}}'
        if path.endswith('/appattempts'):
            one = {'containerId': 'c1', 'nodeHttpAddress': service.address[len('http://') :]}
            return 200, json.dumps({'appAttempts': {'appAttempt': [one]}}).encode()
        return (200, LOG.encode()) if 'containerlogs/c1' in path else (404, b'')

    with serving(answer) as service:
        assert '  ValueError: 17 is odd' in str(
            explain('MRPack', APPLICATION, [], cluster_of(service))
        )


def test_diagnostics_of_yarn_are_shown_without_a_log():
    with serving(answers(None, 'AM container exited with 127\n\tat org.apache.X')) as service:
        error = str(explain('MRPack', APPLICATION, ['java'], cluster_of(service)))
    assert 'YARN says: AM container exited with 127\nAll its logs' in error


def test_clients_error_line_is_shown_without_web_services():
    error = str(
        explain(
            'MRPack',
            APPLICATION,
            ['\tat x.Exception', 'Exception in thread "main" java.io.IOException: no room', 'end'],
            Cluster(HadoopConf({})),
        )
    )
    assert 'IOException: no room' in error
    assert (
        str(explain('MRPack', None, ['Permission Exception: you'], Cluster(HadoopConf({}))))
        == 'MRPack could not be submitted: Permission Exception: you'
    )


JAVA = [
    '\tat org.apache.hadoop.streaming.PipeMapRed.configure(PipeMapRed.java:222)',
    '\t... 14 more',
]

KILLED = (
    'Error: java.lang.RuntimeException: PipeMapRed.waitOutputThreads(): subprocess failed with'
    ' code 137'
)

MEMORY = """[2025-01-01 00:00:00.000]Container [pid=7,containerID=c1] is running 123B \
beyond the 'PHYSICAL' memory limit. Killing it.
Dump of the process-tree for c1 :
\t|- PID PPID
[2025-01-01 00:00:00.000]Container killed on request. Exit code is 143"""

NO_PYTHON = '\n'.join(
    [
        'Error: java.lang.RuntimeException: Error in configuring object',
        *JAVA,
        'Caused by: java.lang.RuntimeException: configuration exception',
        *JAVA,
        'Caused by: java.io.IOException: Cannot run program "python3": error=2, No such file',
        *JAVA,
        'Caused by: java.io.IOException: error=2, No such file',
        *JAVA,
    ]
)


@pytest.mark.parametrize(
    'reason, said, remedy',
    [
        (KILLED, KILLED, 'mapreduce.map.memory.mb'),
        (
            MEMORY,
            'Container [pid=7,containerID=c1] is running 123B beyond',
            'more memory than its container has',
        ),
        (
            NO_PYTHON,
            'java.io.IOException: Cannot run program "python3"',
            'as python_bin in the configuration of mrjob (-c FILE)',
        ),
    ],
)
@pytest.mark.parametrize(
    'log',
    [
        'log4j:WARN nothing\n',
        'a library: UserWarning: odd\n',
        'Can not find logs for container:c1',
        None,
    ],
)
def test_task_without_a_python_error(reason, said, remedy, log):
    with serving(answers(log, reason=reason)) as service:
        error = str(explain('MRPack', APPLICATION, [], cluster_of(service)))
    assert f'YARN says of a task:\n  {said}' in error and remedy in error
    assert (
        '\tat' not in error
        and 'more\n' not in error
        and 'PID' not in error
        and len(error.splitlines()) < 9
    )
    assert ('UserWarning' in error) == ('UserWarning' in (log or ''))


def test_diagnostics_from_the_clients_output():
    """Without a web service and the command yarn, the client's output has the diagnostics, once per
    attempt.
    """
    lines = [
        (
            '2025-01-01 00:00:00,000 INFO mapreduce.Job: Task Id : attempt_1_0002_m_000000_0,'
            ' Status : FAILED'
        ),
        *NO_PYTHON.splitlines(),
        '2025-01-01 00:00:00,000 INFO mapreduce.Job:  map 100% reduce 100%',
        'Streaming Command Failed!',
    ]
    error = str(explain('MRPack', APPLICATION, lines, Cluster(HadoopConf({}))))
    assert (
        'as python_bin' in error
        and '  java.io.IOException: Cannot run program "python3"' in error
        and 'reduce 100%' not in error
    )


@pytest.mark.parametrize(
    'words',
    [
        '  File "mr_pack.py", line 4\nSyntaxError: future feature annotations is not defined\n',
        '  File "mr_pack.py", line 9\n    f"a"\nSyntaxError: invalid syntax\n',
    ],
)
def test_old_python_on_the_nodes_is_reported(words):
    with serving(answers(words, reason=KILLED)) as service:
        error = str(explain('MRPack', APPLICATION, [], cluster_of(service)))
    assert (
        "The nodes' Python is too old. Name another, 3.9 or newer, as python_bin" in error
        and 'YARN' not in error
    )


def test_tasks_killed_because_of_a_failure_are_not_queried():
    with serving(answers(LOG, states=['KILLED', 'FAILED', *['KILLED'] * 1000])) as service:
        explain('MRPack', APPLICATION, [], cluster_of(service))
    assert len(service.asked) == 4


def test_number_of_queried_failed_tasks_is_limited():
    with serving(answers('', reason=KILLED, states=['SUCCEEDED', *['FAILED'] * 1000])) as service:
        assert KILLED in str(explain('MRPack', APPLICATION, [], cluster_of(service)))
    assert len(service.asked) < 10
