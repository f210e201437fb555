"""Where jobs of a run on a cluster work: which folders are refused, and whose the temporary ones
are."""

import posixpath
from types import SimpleNamespace

import pytest

from mr_kmeans.errors import RunError, UsageError
from mr_kmeans.mapreduce import hadoop_backend
from mr_kmeans.mapreduce.backends import check_paths
from mr_kmeans.mapreduce.hadoop_backend import HadoopBackend, temporary_root
from mr_kmeans.options import HADOOP, JobOptions
from mr_kmeans.storage.local import LocalStorage


@pytest.mark.parametrize('found', [*' %"<>|^`', *'*?[]{}\\,#', '\t', '\x7f', '\u00a0', '\u2028'])
def test_folders_whose_names_are_no_uris_are_refused(found):
    with pytest.raises(
        UsageError, match='jobs cannot work in a folder with .* in its path.*Name another folder'
    ) as caught:
        check_paths(JobOptions(HADOOP), [], [f'hdfs:///run/a{found}b'])
    assert caught.value.exit_code == 2 and ('a space' in str(caught.value)) == (found == ' ')
    others = [f'/local/a{found}b', "hdfs://n:1/a-b_c.d~e!f$g&h'i(j)k;l=m+n@o", 'hdfs:///ü/中']
    check_paths(JobOptions(HADOOP), ['hdfs:///data/a%b c.csv'], others)


@pytest.fixture
def conf(tmp_path, monkeypatch):
    """Write a configuration of mrjob with a temporary folder; return its path."""
    monkeypatch.setenv('HADOOP_USER_NAME', 'ann')

    def write(folder):
        path = tmp_path / 'mrjob.conf'
        path.write_text(
            'runners: {hadoop: {%s}}' % (f"hadoop_tmp_dir: '{folder}'" if folder else '')
        )
        return str(path)

    return write


@pytest.mark.parametrize(
    'folder, root',
    [
        (None, 'hdfs:///user/ann/tmp/mr_kmeans'),
        ('scratch', 'hdfs:///user/ann/scratch'),
        ('/tmp/ann', 'hdfs:///tmp/ann'),
        ('hdfs:///x/y', 'hdfs:///x/y'),
        ('hdfs://name:8020/x', 'hdfs://name:8020/x'),
    ],
)
def test_the_root_of_temporary_folders(conf, folder, root):
    assert temporary_root(conf(folder)) == root


@pytest.mark.parametrize(
    'folder, words',
    [
        ('/a b', 'a space in its path'),
        ('s3://bucket/x', 'should be a folder in HDFS, found: s3://bucket/x'),
    ],
)
def test_roots_that_will_not_do(conf, folder, words):
    with pytest.raises(UsageError, match=words):
        temporary_root(conf(folder))


class Forbidding(LocalStorage):
    """HDFS where nothing may be made, nor removed."""

    def absolute(self, path):
        return path.replace('hdfs:///', 'hdfs://name:8020/')

    join = staticmethod(posixpath.join)

    def make_folder(self, path):
        raise PermissionError(13, 'Permission denied: user=ann', path)

    def remove(self, path):
        raise PermissionError(13, 'Permission denied', path)


RUN = SimpleNamespace(
    stores=SimpleNamespace(hdfs=Forbidding(), cluster=None, of=lambda path: LocalStorage())
)


def test_a_temporary_folder_that_may_not_be_made(conf, tmp_path, monkeypatch):
    monkeypatch.setattr(hadoop_backend, 'HadoopLauncher', None)
    monkeypatch.setattr(
        hadoop_backend.tempfile, 'mkdtemp', lambda prefix: str(tmp_path / 'scratch')
    )
    with pytest.raises(RunError) as caught:
        HadoopBackend(JobOptions(HADOOP, conf_path=conf('/closed')), RUN, str(tmp_path))
    assert str(caught.value).startswith('hdfs://name:8020/closed/')
    assert 'can be made there (Permission denied: user=ann). Name one that you may write to' in str(
        caught.value
    )
    assert 'such as /tmp/ann, as hadoop_tmp_dir in the configuration of mrjob (-c FILE)' in str(
        caught.value
    )


def test_a_broken_configuration_is_refused_first(conf, tmp_path):
    with pytest.raises(UsageError, match='not a configuration of mrjob'):
        HadoopBackend(JobOptions(HADOOP, conf_path=conf("'")), RUN, str(tmp_path))
