"""Which client speaks to HDFS, and what a store of it keeps clean. Both clients are fake; on a
real HDFS: test_hadoop.py."""

import json
import os
import stat
import subprocess
import sys

import pytest
from fake_hadoop import FakeHadoop
from web_service import serving

from mr_kmeans.errors import RunError
from mr_kmeans.hadoop.cluster import Cluster
from mr_kmeans.hadoop.hadoop_fs import HadoopCommand
from mr_kmeans.hadoop.webhdfs import WebHdfs
from mr_kmeans.storage import hdfs
from mr_kmeans.storage.hdfs import HdfsStorage, storage_of_cluster

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(hdfs.__file__)))
FOLDER = json.dumps(
    {'FileStatus': {'type': 'DIRECTORY', 'length': 0, 'modificationTime': 1, 'pathSuffix': ''}}
).encode()


def host_of(service):
    return service.address.rpartition('/')[2]


# Which client


def test_webhdfs_is_used_if_it_answers(tmp_path, monkeypatch):
    with serving(lambda *_: (200, FOLDER)) as service:
        hadoop = FakeHadoop(tmp_path / 'hadoop', host_of(service)).use(monkeypatch)
        cluster = Cluster()
        for _ in range(2):
            assert isinstance(cluster.client, WebHdfs)
    assert len(service.asked) == 1 and hadoop.asked() == []


@pytest.mark.parametrize('answer', [(401, b''), (403, b'<html>'), (404, b''), None])
def test_the_command_is_used_if_webhdfs_does_not_answer(answer, tmp_path, monkeypatch, caplog):
    with serving(lambda *_: answer) as service:
        hadoop = FakeHadoop(tmp_path / 'hadoop', host_of(service) if answer else '127.0.0.1:1').use(
            monkeypatch
        )
        cluster = Cluster()
        for _ in range(2):  # found out once
            storage = storage_of_cluster(cluster)
        storage.write('hdfs:///a/b', b'content')
        assert (
            isinstance(storage.client, HadoopCommand) and storage.read('hdfs:///a/b') == b'content'
        )
    assert len(service.asked) == bool(answer)
    assert sum('-stat' in words for words in hadoop.asked()) == 1
    assert (
        'using hadoop fs' in caplog.text
        and (str(answer[0]) if answer else 'no answer') in caplog.text
    )


def test_an_error_names_both_and_the_namenode_when_neither_answers(tmp_path, monkeypatch):
    FakeHadoop(tmp_path / 'hadoop', '127.0.0.1:1').use(monkeypatch).tell('fails', '-stat')
    with pytest.raises(RunError) as caught:
        storage_of_cluster(Cluster())
    message = str(caught.value)
    assert message.startswith(
        'hdfs://fake:8020 does not answer. By WebHDFS: no answer from WebHDFS at 127.0.0.1:1: '
    )
    assert (
        message.endswith(
            '. By the command: /: hadoop fs says: Error: told to fail. Is HDFS running?'
        )
        and message.count('running?') == 1
    )


def test_a_cluster_with_another_configuration_is_asked_again(tmp_path, monkeypatch):
    FakeHadoop(tmp_path / 'one').use(monkeypatch)
    one = storage_of_cluster(Cluster())
    FakeHadoop(tmp_path / 'two').use(monkeypatch)
    one_more = storage_of_cluster(Cluster())
    assert one.client is not one_more.client


# What a failed write leaves


def namenode(files, left):
    """Answer as NameNode and DataNode on a full disk: a file that is created stays, with `left` of
    what should be in it."""

    def answer(method, path, service):
        name = path.partition('?')[0].replace('/webhdfs/v1', '').replace('/put', '')
        if 'op=CREATE' in path:
            return 200, json.dumps({'Location': service.address + '/put' + name}).encode()
        if path.startswith('/put'):
            files[name] = left
            return (
                403,
                json.dumps(
                    {
                        'RemoteException': {
                            'exception': 'DSQuotaExceededException',
                            'message': 'quota',
                        }
                    }
                ).encode(),
            )
        if name not in files:
            return (
                404,
                json.dumps(
                    {'RemoteException': {'exception': 'FileNotFoundException', 'message': 'no'}}
                ).encode(),
            )
        if method == 'DELETE':
            del files[name]
            return 200, b'{"boolean": true}'
        return (
            (200, files[name])
            if 'op=OPEN' in path
            else (200, FOLDER.replace(b'DIRECTORY', b'FILE'))
        )

    return answer


@pytest.mark.parametrize('left, stays', [(b'', False), (b'con', False), (b'of another', True)])
def test_a_create_that_fails_leaves_nothing_of_its_own(left, stays):
    files = {}
    with serving(namenode(files, left)) as service, pytest.raises(RunError, match='quota'):
        HdfsStorage(WebHdfs(service.address, 'me')).create('hdfs:///run/lock', b'content')
    assert bool(files) == stays


# One at a time

HOLD = """
import sys, time
from mr_kmeans.storage.hdfs import HdfsStorage
with HdfsStorage(None).alone('hdfs://name/run'):
    print('in', time.monotonic(), flush=True)
    time.sleep(0.2)
    print('out', time.monotonic(), flush=True)
"""


def test_of_three_one_at_a_time_is_alone(tmp_path):
    environ = dict(os.environ, TMPDIR=str(tmp_path))
    rivals = [
        subprocess.Popen(
            [sys.executable, '-c', HOLD], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environ
        )
        for _ in range(3)
    ]
    spans = sorted(
        tuple(float(line.split()[1]) for line in rival.communicate()[0].splitlines())
        for rival in rivals
    )
    assert all(left <= entered for (_, left), (entered, _) in zip(spans, spans[1:])), spans
    [name] = os.listdir(tmp_path)
    assert stat.S_IMODE(os.stat(tmp_path / name).st_mode) == 0o600


def test_a_link_in_the_place_of_the_lock_file_is_not_followed(tmp_path, monkeypatch):
    monkeypatch.setattr(hdfs.tempfile, 'gettempdir', lambda: str(tmp_path))
    with HdfsStorage(None).alone('hdfs://name/run'):
        [name] = os.listdir(tmp_path)
    os.unlink(tmp_path / name)
    os.symlink(tmp_path / 'precious', tmp_path / name)
    with pytest.raises(OSError) as caught, HdfsStorage(None).alone('hdfs://name/run'):
        pass
    assert caught.value.filename == str(tmp_path / name) and not (tmp_path / 'precious').exists()
