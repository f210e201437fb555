"""Tests of ending applications with a fake web service or command; those not known to have ended
are reported. With real YARN: test_hadoop.py.
"""

import json
import os
import signal

import pytest
from fake_hadoop import FakeHadoop
from web_service import serving

from mr_kmeans.hadoop import yarn
from mr_kmeans.hadoop.cluster import Cluster
from mr_kmeans.hadoop.conf import HadoopConf
from mr_kmeans.hadoop.yarn import end_applications

APPLICATION = 'application_1_0002'


def resource_manager(refuses=None, ends=True):
    """Answer like a ResourceManager with one application tagged `mine`; `refuses` is the status for
    a refused PUT.
    """
    state = {'state': 'RUNNING'}

    def answer(method, path, _service):
        if method == 'PUT':
            if refuses:
                return refuses, b'<html>no</html>'
            if ends:
                state['state'] = 'KILLED'
            return 202, b'{}'
        one = {'id': APPLICATION, **state}
        found = (
            {'apps': {'app': [one]} if path.endswith('=mine') else None}
            if 'applicationTags=' in path
            else {'app': one}
        )
        return 200, json.dumps(found).encode()

    return answer


def cluster_at(address, **properties):
    return Cluster(
        HadoopConf(
            {'yarn.resourcemanager.webapp.address': address.rpartition('/')[2], **properties}
        )
    )


@pytest.fixture(autouse=True)
def hadoop(tmp_path, monkeypatch):
    monkeypatch.setattr(yarn, 'END_SECONDS', 0.5)
    hadoop = FakeHadoop(tmp_path / 'hadoop').use(monkeypatch)
    hadoop.tell('apps.json', json.dumps({APPLICATION: 'RUNNING', 'application_1_0001': 'FINISHED'}))
    return hadoop


def kills(hadoop):
    return [words for words in hadoop.asked() if '-kill' in words]


def test_applications_with_a_tag_are_ended_and_logged(hadoop, caplog):
    with serving(resource_manager()) as service:
        assert end_applications('mine', None, cluster_at(service.address)) == ''
    assert [(method, body) for method, _, body in service.asked if method == 'PUT'] == [
        ('PUT', b'{"state": "KILLED"}')
    ]
    assert f'ending {APPLICATION} in YARN' in caplog.text
    assert hadoop.asked() == []


def test_proxies_of_the_environment_are_ignored(hadoop, monkeypatch):
    for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy'):
        monkeypatch.setenv(name, 'http://127.0.0.1:1')
    monkeypatch.setenv('no_proxy', '')
    with serving(resource_manager()) as service:
        assert end_applications('mine', None, cluster_at(service.address)) == ''
        assert yarn.get_json(f'{service.address}/ws/v1/cluster/apps/{APPLICATION}')
    assert hadoop.asked() == []


def test_command_is_used_with_kerberos(hadoop):
    with serving(resource_manager()) as service:
        assert (
            end_applications(
                'mine',
                None,
                cluster_at(service.address, **{'hadoop.security.authentication': 'kerberos'}),
            )
            == ''
        )
    assert service.asked == [] and hadoop.apps()[APPLICATION] == 'KILLED'


@pytest.mark.parametrize('status', [401, 403, 500])
def test_command_is_used_if_the_web_service_refuses(status, hadoop):
    with serving(resource_manager(refuses=status)) as service:
        assert end_applications('mine', APPLICATION, cluster_at(service.address)) == ''
    assert hadoop.apps()[APPLICATION] == 'KILLED'


def test_application_that_does_not_end_is_reported(hadoop):
    with serving(resource_manager(ends=False)) as service:
        assert (
            end_applications('mine', None, cluster_at(service.address))
            == f'{APPLICATION} did not end in YARN within 0.5 s. End it: yarn application -kill'
            f' {APPLICATION}'
        )


def test_missing_answer_is_reported_as_unknown(hadoop):
    hadoop.tell('fails', 'application')
    told = end_applications('mine', APPLICATION, cluster_at('http://127.0.0.1:1'))
    assert (
        f'does not tell whether {APPLICATION} has ended' in told
        and 'failed (exit code 1): Error: told to fail' in told
    )
    assert told.endswith(f'yarn application -kill {APPLICATION}')
    assert 'yarn application -list -appTags mine' in end_applications(
        'mine', None, cluster_at('http://127.0.0.1:1')
    )


def test_missing_yarn_command_is_reported(hadoop, monkeypatch):
    os.unlink(hadoop.folder / 'bin' / 'yarn')
    monkeypatch.setenv('PATH', '/nowhere')
    assert "there is no command 'yarn'" in end_applications(
        'mine', APPLICATION, Cluster(HadoopConf({}))
    )


def test_unknown_application_counts_as_ended(hadoop):
    assert end_applications(None, 'application_9_0009', Cluster(HadoopConf({}))) == ''
    with serving(lambda *_: (404, b'')) as service:
        assert end_applications(None, APPLICATION, cluster_at(service.address)) == ''
    assert kills(hadoop) == []


@pytest.mark.parametrize('answer', [(404, b''), (200, b'<html>'), (200, b'[]')])
def test_other_servers_than_the_resource_manager_are_ignored(answer, hadoop):
    with serving(lambda *_: answer) as service:
        assert end_applications('mine', None, cluster_at(service.address)) == ''
    assert hadoop.apps()[APPLICATION] == 'KILLED'


def test_yarn_command_has_a_timeout(hadoop, monkeypatch):
    (hadoop.folder / 'bin' / 'yarn').write_text('#!/bin/sh\nexec sleep 60\n')
    monkeypatch.setattr(yarn, 'COMMAND_SECONDS', 0.3)
    assert 'did not answer within 0.3 s' in end_applications('mine', None, Cluster(HadoopConf({})))


def test_ctrl_c_does_not_reach_the_yarn_command(hadoop):
    from mr_kmeans.system.signals import undisturbed

    (hadoop.folder / 'bin' / 'yarn').write_text('#!/bin/sh\nkill -INT $$\nkill -INT $PPID\n')
    before = signal.getsignal(signal.SIGINT)
    with undisturbed():
        assert end_applications('mine', None, Cluster(HadoopConf({}))) == ''
    assert signal.getsignal(signal.SIGINT) == before
