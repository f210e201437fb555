"""Applications are ended, by a web service or a command that are played; what is not known to have
ended is told. On YARN: test_hadoop.py."""

import json
import os
import signal

import pytest
from fake_hadoop import FakeHadoop
from web_service import serving

from mr_kmeans.hadoop import yarn
from mr_kmeans.hadoop.conf import HadoopConf
from mr_kmeans.hadoop.yarn import end_applications

APPLICATION = 'application_1_0002'


def resource_manager(refuses=None, ends=True):
    """Answer as a ResourceManager with one application of the tag `mine`; `refuses` is the status
    of a PUT that is refused."""
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


def conf_at(address, **properties):
    return HadoopConf(
        {'yarn.resourcemanager.webapp.address': address.rpartition('/')[2], **properties}
    )


@pytest.fixture(autouse=True)
def hadoop(tmp_path, monkeypatch):
    monkeypatch.setattr(yarn, 'END_SECONDS', 0.5)
    hadoop = FakeHadoop(tmp_path / 'hadoop').use(monkeypatch)
    hadoop.tell('apps.json', json.dumps({APPLICATION: 'RUNNING', 'application_1_0001': 'FINISHED'}))
    return hadoop


def kills(hadoop):
    return [words for words in hadoop.asked() if '-kill' in words]


def test_applications_of_a_tag_are_ended_and_named(hadoop, caplog):
    with serving(resource_manager()) as service:
        assert end_applications('mine', None, conf_at(service.address)) == ''
    assert [(method, body) for method, _, body in service.asked if method == 'PUT'] == [
        ('PUT', b'{"state": "KILLED"}')
    ]
    assert f'ending {APPLICATION} in YARN' in caplog.text
    assert hadoop.asked() == []


def test_a_proxy_of_the_environment_is_not_for_clusters(hadoop, monkeypatch):
    for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy'):
        monkeypatch.setenv(name, 'http://127.0.0.1:1')
    monkeypatch.setenv('no_proxy', '')
    with serving(resource_manager()) as service:
        assert end_applications('mine', None, conf_at(service.address)) == ''
        assert yarn.get_json(f'{service.address}/ws/v1/cluster/apps/{APPLICATION}')
    assert hadoop.asked() == []


def test_with_kerberos_the_command_is_used(hadoop):
    with serving(resource_manager()) as service:
        assert (
            end_applications(
                'mine',
                None,
                conf_at(service.address, **{'hadoop.security.authentication': 'kerberos'}),
            )
            == ''
        )
    assert service.asked == [] and hadoop.apps()[APPLICATION] == 'KILLED'


@pytest.mark.parametrize('status', [401, 403, 500])
def test_where_the_web_service_refuses_the_command_is_used(status, hadoop):
    with serving(resource_manager(refuses=status)) as service:
        assert end_applications('mine', APPLICATION, conf_at(service.address)) == ''
    assert hadoop.apps()[APPLICATION] == 'KILLED'


def test_what_does_not_end_is_told(hadoop):
    with serving(resource_manager(ends=False)) as service:
        assert (
            end_applications('mine', None, conf_at(service.address))
            == f'{APPLICATION} did not end in YARN within 0.5 s. End it: yarn application -kill'
            f' {APPLICATION}'
        )


def test_where_nobody_answers_the_end_is_not_taken_for_granted(hadoop):
    hadoop.tell('fails', 'application')
    told = end_applications('mine', APPLICATION, conf_at('http://127.0.0.1:1'))
    assert (
        f'does not say whether {APPLICATION} has ended' in told
        and 'failed (exit code 1): Error: told to fail' in told
    )
    assert told.endswith(f'yarn application -kill {APPLICATION}')
    assert 'yarn application -list -appTags mine' in end_applications(
        'mine', None, conf_at('http://127.0.0.1:1')
    )


def test_without_the_command_it_is_said(hadoop, monkeypatch):
    os.unlink(hadoop.folder / 'bin' / 'yarn')
    monkeypatch.setenv('PATH', '/nowhere')
    assert "there is no command 'yarn'" in end_applications('mine', APPLICATION, HadoopConf({}))


def test_an_application_that_yarn_does_not_know_has_ended(hadoop):
    assert end_applications(None, 'application_9_0009', HadoopConf({})) == ''
    with serving(lambda *_: (404, b'')) as service:
        assert end_applications(None, APPLICATION, conf_at(service.address)) == ''
    assert kills(hadoop) == []


@pytest.mark.parametrize('answer', [(404, b''), (200, b'<html>'), (200, b'[]')])
def test_what_is_no_resource_manager_is_not_believed(answer, hadoop):
    with serving(lambda *_: answer) as service:
        assert end_applications('mine', None, conf_at(service.address)) == ''
    assert hadoop.apps()[APPLICATION] == 'KILLED'


def test_a_command_that_does_not_answer_is_left(hadoop, monkeypatch):
    (hadoop.folder / 'bin' / 'yarn').write_text('#!/bin/sh\nexec sleep 60\n')
    monkeypatch.setattr(yarn, 'COMMAND_SECONDS', 0.3)
    assert 'did not answer within 0.3 s' in end_applications('mine', None, HadoopConf({}))


def test_ctrl_c_does_not_reach_the_command(hadoop):
    from mr_kmeans.system.signals import undisturbed

    (hadoop.folder / 'bin' / 'yarn').write_text('#!/bin/sh\nkill -INT $$\nkill -INT $PPID\n')
    before = signal.getsignal(signal.SIGINT)
    with undisturbed():
        assert end_applications('mine', None, HadoopConf({})) == ''
    assert signal.getsignal(signal.SIGINT) == before
