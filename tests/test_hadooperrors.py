"""Why a job failed, from web services that are played. From real ones: test_hadoop.py."""

import json

import pytest

from mr_kmeans import hadooperrors
from mr_kmeans.hadoopconf import HadoopConf
from mr_kmeans.hadooperrors import explain
from web_service import serving

APPLICATION = 'application_1_0002'
JOBS = '/ws/v1/history/mapreduce/jobs/job_1_0002'
LOG = '''log4j:WARN nothing
2025-01-01 00:00:00,000 INFO a.b: talk
reporter:counter:mr_kmeans,rows,3
something of a library
Traceback (most recent call last):
  File "mr_pack.py", line 1, in <module>
ValueError: 17 is odd
'''


def answers(log, diagnostics='Job failed'):
    """Answer as ResourceManager, history server and NodeManager in one."""
    def answer(_method, path, service):
        host = service.address[len('http://'):]
        pages = {f'{JOBS}/tasks': {'tasks': {'task': [{'id': 't0', 'state': 'SUCCEEDED'}, {'id': 't1', 'state': 'FAILED'}]}},
                 f'{JOBS}/tasks/t1/attempts': {'taskAttempts': {'taskAttempt': [
                     {'state': 'KILLED'}, {'state': 'FAILED', 'assignedContainerId': 'c1', 'nodeHttpAddress': host}]}},
                 f'/ws/v1/cluster/apps/{APPLICATION}': {'app': {'id': APPLICATION, 'state': 'FAILED', 'diagnostics': diagnostics}}}
        if path in pages:
            return 200, json.dumps(pages[path]).encode()
        return (200, log.encode()) if log and path == '/ws/v1/node/containerlogs/c1/stderr' else (404, b'')
    return answer


def conf_of(service):
    address = service.address[len('http://'):]
    return HadoopConf({'mapreduce.jobhistory.webapp.address': address, 'yarn.resourcemanager.webapp.address': address})


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(hadooperrors, 'LOG_SECONDS', 0)


def test_the_last_words_of_the_task_without_javas():
    with serving(answers(LOG)) as service:
        error = str(explain('MRPack', APPLICATION, ['java'], conf_of(service)))
    assert error.splitlines() == [
        f'MRPack failed on the cluster ({APPLICATION}).', 'The last words of a task:', '  Traceback (most recent call last):',
        '    File "mr_pack.py", line 1, in <module>', '  ValueError: 17 is odd', f'All its logs: yarn logs -applicationId {APPLICATION}']


def test_no_numpy_on_a_node_names_the_option():
    with serving(answers("ModuleNotFoundError: No module named 'numpy'\n")) as service:
        assert 'Use --ship-numpy VERSION' in str(explain('MRPack', APPLICATION, [], conf_of(service)))


def test_a_task_that_took_its_master_along():
    """In uber mode: the history server knows nothing, the master's log everything."""
    def answer(_method, path, service):
        if path.endswith('/appattempts'):
            one = {'containerId': 'c1', 'nodeHttpAddress': service.address[len('http://'):]}
            return 200, json.dumps({'appAttempts': {'appAttempt': [one]}}).encode()
        return (200, LOG.encode()) if 'containerlogs/c1' in path else (404, b'')
    with serving(answer) as service:
        assert '  ValueError: 17 is odd' in str(explain('MRPack', APPLICATION, [], conf_of(service)))


def test_without_a_log_what_yarn_says():
    with serving(answers('', 'AM container exited with 127\n\tat org.apache.X')) as service:
        error = str(explain('MRPack', APPLICATION, ['java'], conf_of(service)))
    assert 'YARN says: AM container exited with 127\nAll its logs' in error


def test_without_any_web_service_the_line_of_the_client_that_tells():
    error = str(explain('MRPack', APPLICATION, ['\tat x.Exception', 'Exception in thread "main" java.io.IOException: no room', 'end'], HadoopConf({})))
    assert 'IOException: no room' in error
    assert str(explain('MRPack', None, ['Permission Exception: you'], HadoopConf({}))) == 'MRPack could not be submitted: Permission Exception: you'
