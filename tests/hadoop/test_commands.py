"""Tests of which Hadoop commands are used."""

import os

import pytest
from fake_hadoop import FakeHadoop

from mr_kmeans.errors import RunError, UsageError
from mr_kmeans.hadoop.cluster import Cluster
from mr_kmeans.options import JobOptions
from mr_kmeans.runners.mrjob_options import stores_of


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Hide every Hadoop except those of the test."""
    for name in [name for name in os.environ if name.startswith('HADOOP')]:
        monkeypatch.delenv(name)
    monkeypatch.setenv('PATH', '/nowhere')


def configured(tmp_path, text):
    path = tmp_path / 'mrjob.conf'
    path.write_text('runners: {hadoop: {%s}}' % text)
    return JobOptions('hadoop', str(path))


@pytest.mark.parametrize(
    'written, found',
    [
        ('hadoop_bin: /opt/hadoop', ['/opt/hadoop']),
        ("hadoop_bin: nice '/a b/hadoop'", ['nice', '/a b/hadoop']),
        ('hadoop_bin: [sudo, hadoop]', ['sudo', 'hadoop']),
        ('', ['hadoop']),
    ],
)
def test_hadoop_command_from_the_configuration(written, found, tmp_path):
    assert stores_of(configured(tmp_path, written)).cluster.command == found
    assert stores_of(JobOptions()).cluster.command == ['hadoop']


def test_broken_configuration_is_named(tmp_path):
    with pytest.raises(UsageError, match='mrjob.conf: not a configuration of mrjob'):
        stores_of(configured(tmp_path, '['))


def test_storage_and_yarn_use_the_configured_command(tmp_path, monkeypatch):
    hadoop = FakeHadoop(tmp_path / 'hadoop')
    monkeypatch.setenv('HADOOP_CONF_DIR', hadoop.environ['HADOOP_CONF_DIR'])
    os.symlink(hadoop.folder / 'bin' / 'hadoop', tmp_path / 'linked')
    for command in (hadoop.folder / 'bin' / 'hadoop', tmp_path / 'linked'):
        assert Cluster().yarn_command is None
        stores = stores_of(configured(tmp_path, f'hadoop_bin: {command}'))
        assert stores.cluster.yarn_command == str(hadoop.folder / 'bin' / 'yarn')
        assert not stores.of('hdfs:///x').exists('hdfs:///x')
        assert stores.cluster.version == '3.4.2'
    assert len(hadoop.asked()) == 4


def test_failed_command_is_named_with_its_last_line(tmp_path, monkeypatch):
    FakeHadoop(tmp_path / 'hadoop').use(monkeypatch).tell('fails', 'version')
    with pytest.raises(
        RunError,
        match=r"the command '.*/bin/hadoop version' failed \(exit code 1\): Error: told to fail",
    ):
        assert Cluster().version
