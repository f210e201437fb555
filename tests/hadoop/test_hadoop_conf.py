"""Tests of the client's configuration: which cluster it means, and whether WebHDFS can be used."""

import pytest

from mr_kmeans.hadoop.conf import HadoopConf, hadoop_user

PLAIN = {'fs.defaultFS': 'hdfs://name:8020/'}


def test_configuration_files_are_read(tmp_path, monkeypatch):
    monkeypatch.setenv('HADOOP_CONF_DIR', str(tmp_path))
    (tmp_path / 'core-site.xml').write_text(
        '<?xml version="1.0"?><configuration><property>\n<name> host'
        ' </name><value>name</value></property>'
        '<property><name>fs.defaultFS</name><value>hdfs://${host}:${port}</value></property></configuration>'
    )
    (tmp_path / 'hdfs-site.xml').write_text(
        '<configuration><property><name>port</name><value>8020</value></property></configuration>'
    )
    (tmp_path / 'yarn-site.xml').write_text('no XML')
    conf = HadoopConf.read()
    assert conf.default_fs == 'hdfs://name:8020'
    assert conf.get('nothing') is None and conf.get('nothing', 'x') == 'x'


def test_missing_folder_is_an_empty_configuration(tmp_path, monkeypatch):
    monkeypatch.delenv('HADOOP_CONF_DIR', raising=False)
    monkeypatch.setenv('HADOOP_HOME', str(tmp_path))
    assert HadoopConf.read().default_fs is None
    assert HadoopConf.read().folder == str(tmp_path / 'etc' / 'hadoop')


@pytest.mark.parametrize(
    'more, address',
    [
        ({}, 'http://name:9870'),
        ({'dfs.namenode.http-address': '0.0.0.0:50070'}, 'http://name:50070'),
        ({'dfs.namenode.http-address': 'web:1'}, 'http://web:1'),
        ({'hadoop.security.authentication': 'kerberos'}, None),
        ({'dfs.nameservices': 'both'}, None),
        ({'dfs.http.policy': 'HTTPS_ONLY'}, None),
        ({'dfs.webhdfs.enabled': 'false'}, None),
        ({'fs.defaultFS': 'file:///'}, None),
    ],
)
def test_webhdfs_requires_the_same_user_and_security(more, address):
    assert HadoopConf(dict(PLAIN, **more)).webhdfs_address == address


def test_addresses_of_web_services():
    conf = HadoopConf(
        {'yarn.resourcemanager.hostname': 'rm', 'mapreduce.jobhistory.webapp.address': 'history:1'}
    )
    assert (conf.resource_manager, conf.history_server) == ('http://rm:8088', 'http://history:1')
    assert (HadoopConf({}).resource_manager, HadoopConf({}).history_server) == (None, None)


@pytest.mark.parametrize(
    'address, web, expected',
    [
        ('jh:10020', None, 'http://jh:19888'),
        ('jh:10020', '0.0.0.0:19888', 'http://jh:19888'),
        ('jh:10020', 'web:1', 'http://web:1'),
        ('0.0.0.0:10020', '0.0.0.0:1', 'http://0.0.0.0:1'),
        (None, '0.0.0.0:1', 'http://0.0.0.0:1'),
        ('0.0.0.0:10020', None, None),
    ],
)
def test_address_of_the_history_server(address, web, expected):
    given = {'mapreduce.jobhistory.address': address, 'mapreduce.jobhistory.webapp.address': web}
    properties = {name: value for name, value in given.items() if value}
    assert HadoopConf(properties).history_server == expected
    assert (
        HadoopConf(
            dict(properties, **{'mapreduce.jobhistory.http.policy': 'HTTPS_ONLY'})
        ).history_server
        is None
    )


def test_hadoop_user_is_that_of_hadoop(monkeypatch):
    monkeypatch.setenv('HADOOP_USER_NAME', 'somebody')
    assert hadoop_user() == 'somebody'
