"""Tests of the REST client with a fake NameNode: its requests, and its use of the answers. With a
real one: test_hadoop.py.
"""

import io
import json
import time

import pytest
from web_service import serving

from mr_kmeans.errors import RunError
from mr_kmeans.hadoop import webhdfs
from mr_kmeans.hadoop.webhdfs import WebHdfs, path_of
from mr_kmeans.system.file_status import Status

FILE = {'type': 'FILE', 'length': 12, 'modificationTime': 5, 'pathSuffix': ''}


def trouble(status, exception, message):
    return (
        status,
        json.dumps(
            {'RemoteException': {'exception': exception, 'message': message + '\nat java'}}
        ).encode(),
    )


def ok(content):
    return 200, json.dumps(content).encode()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(webhdfs, 'PATIENCE', 5)


def test_status_of_names_that_need_quoting():
    with serving(lambda *_: ok({'FileStatus': FILE})) as service:
        assert WebHdfs(service.address, 'me').status('/a b/ü%2c.csv') == Status(
            'ü%2c.csv', False, 12, 5_000_000
        )
    assert service.asked == [
        ('GET', '/webhdfs/v1/a%20b/%C3%BC%252c.csv?op=GETFILESTATUS&user.name=me', b'')
    ]


@pytest.mark.parametrize(
    'exception, kind',
    [
        ('FileAlreadyExistsException', FileExistsError),
        ('AccessControlException', PermissionError),
        ('NSQuotaExceededException', RunError),
    ],
)
def test_errors_are_os_errors_with_the_message_of_hdfs(exception, kind):
    refuses = serving(lambda *_: trouble(403, exception, 'the reason'))
    with refuses as service, pytest.raises(kind, match='the reason') as caught:
        WebHdfs(service.address, 'me').make_folder('/x')
    assert 'java' not in str(caught.value)


def test_missing_files():
    with serving(lambda *_: trouble(404, 'FileNotFoundException', 'no')) as service:
        assert WebHdfs(service.address, 'me').status('/x') is None
        with pytest.raises(FileNotFoundError):
            WebHdfs(service.address, 'me').list('/x')


def test_restarting_namenode_is_waited_for():
    def answer(_method, _path, service):
        return (
            trouble(403, 'SafeModeException', 'in safe mode')
            if len(service.asked) in (2, 3)
            else ok({'FileStatus': FILE})
        )

    with serving(answer) as service:
        client = WebHdfs(service.address, 'me')
        assert client.status('/x') == client.status('/x')
        assert len(service.asked) == 4


def test_namenode_that_never_answered_is_not_waited_for():
    with pytest.raises(RunError, match='no answer from WebHDFS at 127.0.0.1:1: .*Is HDFS running'):
        WebHdfs('http://127.0.0.1:1', 'me').status('/x')


def test_rename_completed_before_the_namenode_died():
    def answer(method, path, service):
        if method == 'PUT' and len(service.asked) > 2:
            return trouble(404, 'FileNotFoundException', 'no old')
        if method == 'PUT':
            return trouble(403, 'SafeModeException', 'starting')
        return (
            trouble(404, 'FileNotFoundException', 'no')
            if '/old' in path
            else ok({'FileStatus': FILE})
        )

    with serving(answer) as service:
        client = WebHdfs(service.address, 'me')
        assert client.status('/new')
        client.rename('/old', '/new')
        with pytest.raises(FileNotFoundError):
            client.rename('/old', '/new')  # not asked for twice


def test_safe_mode_at_the_first_request_is_reported():
    with (
        serving(
            lambda *_: trouble(403, 'SafeModeException', 'Name node is in safe mode.')
        ) as service,
        pytest.raises(RunError, match='safe mode'),
    ):
        WebHdfs(service.address, 'me').remove('/x')
    assert len(service.asked) == 1


def datanode(fails):
    """Answer like a NameNode that is also the DataNode, whose first `fails` attempts break off."""

    def answer(method, path, service):
        if 'op=CREATE' in path:
            return ok({'Location': service.address + '/put/ü'})
        if '/put/' in path:
            return (
                trouble(500, 'IOException', 'broken')
                if sum('/put/' in one[1] for one in service.asked) <= fails
                else (201, b'')
            )
        return ok({'FileStatus': FILE})

    return answer


@pytest.mark.parametrize('fails', [0, 2])
def test_file_is_written_again_if_a_datanode_breaks_off(fails):
    with serving(datanode(fails)) as service:
        WebHdfs(service.address, 'me').create('/x', io.BytesIO(b'content'), 7)
    assert service.asked[-1] == ('PUT', '/put/%C3%BC', b'content')
    created = [path for _, path, _ in service.asked if 'op=CREATE' in path]
    assert ['overwrite=true' in path for path in created] == [False] + [True] * fails


def test_writing_fails_after_three_attempts():
    with serving(datanode(9)) as service, pytest.raises(RunError, match='broken'):
        WebHdfs(service.address, 'me').create('/x', io.BytesIO(b'content'), 7)
    assert sum('/put/' in path for _, path, _ in service.asked) == 3


def test_file_is_read_at_any_position():
    content = bytes(range(100))

    def answer(_method, path, _service):
        if 'GETFILESTATUS' in path:
            return ok({'FileStatus': dict(FILE, length=100)})
        fields = dict(part.split('=') for part in path.partition('?')[2].split('&'))
        start = int(fields['offset'])
        return 200, content[start : start + int(fields['length'])]

    with serving(answer) as service:
        file = WebHdfs(service.address, 'me').file('/x')
        assert file.read(10) == content[:10]
        assert file.seek(-5, io.SEEK_END) == 95 and file.read() == content[95:]
        assert file.seek(40) == 40 and file.read(2) == content[40:42] and file.tell() == 42


def test_path_of_a_uri():
    assert path_of('hdfs:///a/b%20c') == path_of('hdfs://host:1/a/b%20c') == '/a/b%20c'


def test_proxies_of_the_environment_are_ignored(monkeypatch):
    for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy'):
        monkeypatch.setenv(name, 'http://127.0.0.1:1')
    monkeypatch.setenv('no_proxy', '')
    with serving(datanode(0)) as service:
        client = WebHdfs(service.address, 'me')
        assert client.status('/x')
        client.create('/x', io.BytesIO(b'content'), 7)


def test_lost_namenode_is_waited_for_once(monkeypatch, caplog):
    monkeypatch.setattr(webhdfs, 'PATIENCE', 0.8)
    with serving(lambda *_: ok({'FileStatus': FILE})) as service:
        client = WebHdfs(service.address, 'me')
        assert client.status('/x')
    for waits in (True, False):
        started = time.monotonic()
        with pytest.raises(RunError, match='no answer'):
            client.status('/x')
        assert (time.monotonic() - started > 0.8) == waits
    assert [record.getMessage().partition(' Waiting')[2] for record in caplog.records] == [
        ' for the NameNode, for at most 0 s.'
    ]


@pytest.mark.parametrize(
    'answer, word',
    [
        (ok({'FileStatus': dict(FILE, type='DIRECTORY')}), None),
        (trouble(403, 'AccessControlException', 'not for you'), None),
        ((401, b'<html>Authentication required'), '401'),
        ((404, b'<html>'), '404'),
        ((403, b''), '403'),
        ((200, b'<html>'), 'is not WebHDFS'),
        ((200, b'[]'), 'is not WebHDFS'),
        (trouble(403, 'StandbyException', 'not active'), 'not active'),
    ],
)
def test_other_servers_than_webhdfs_are_refused(answer, word):
    with serving(lambda *_: answer) as service:
        if word:
            with pytest.raises(RunError, match=word):
                WebHdfs(service.address, 'me').check()
        else:
            WebHdfs(service.address, 'me').check()
