"""Tests of a client of HDFS as mrjob's filesystem."""

import pytest
from fake_hadoop import FakeHadoop

from mr_kmeans.hadoop.hadoop_fs import HadoopCommand
from mr_kmeans.runners.mrjob_fs import HdfsFilesystem


@pytest.fixture
def hadoop(tmp_path, monkeypatch):
    return FakeHadoop(tmp_path / 'hadoop').use(monkeypatch)


def test_mrjobs_filesystem_calls_work(hadoop, tmp_path):
    fs = HdfsFilesystem(HadoopCommand(), ['hdfs://fake:8020/', 'hdfs:///'])
    assert [
        fs.can_handle_path(path)
        for path in ('hdfs:///a', 'hdfs://fake:8020/a', 'hdfs://other/a', '/a')
    ] == [True, True, False, False]
    (tmp_path / 'f').write_bytes(b'content')
    for name in ('out/part-1', 'out/part-0', 'out/x/y', 'out/out', 'lone/lone'):
        fs.put(str(tmp_path / 'f'), 'hdfs:///' + name)
    before = len(hadoop.asked())
    assert list(fs.ls('hdfs:///none')) == []
    assert (
        list(fs.ls('hdfs:///out/'))
        == list(fs.ls('hdfs:///out/part-*'))
        == [f'hdfs:///out/{name}' for name in ('out', 'part-0', 'part-1', 'x/y')]
    )
    assert len(hadoop.asked()) - before == 1 + 2 * 2  # a JVM a folder
    assert list(fs.ls('hdfs:///lone')) == list(fs.ls('hdfs:///lone/lone')) == ['hdfs:///lone/lone']
    assert b''.join(fs._cat_file('hdfs:///out/part-0')) == b'content' and fs.du('hdfs:///out') == 28
    fs.rm('hdfs:///out')
    assert not fs.exists('hdfs:///out')


def test_errors_are_run_errors_with_the_commands_message(hadoop, tmp_path):
    from mr_kmeans.errors import RunError

    hadoop.tell('fails', '/full/')
    with pytest.raises(RunError, match='/full/x: hadoop fs says: Error: told to fail'):
        HdfsFilesystem(HadoopCommand(), ['hdfs:///']).mkdir('hdfs:///full/x')
