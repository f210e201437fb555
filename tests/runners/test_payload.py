"""Tests of the archives sent to nodes: complete, reproducible and importable."""

import os
import subprocess
import sys
import tarfile

import pytest

from mr_kmeans.errors import UsageError
from mr_kmeans.options import JobOptions
from mr_kmeans.runners.payload import write_payload


@pytest.fixture(scope='module')
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp('payload')
    write_payload(str(folder / 'one.tar.gz'))
    write_payload(str(folder / 'two.tar.gz'))
    with tarfile.open(folder / 'one.tar.gz') as archive:
        archive.extractall(folder / 'payload')
    return folder


def test_payload_is_reproducible(unpacked):
    assert (unpacked / 'one.tar.gz').read_bytes() == (unpacked / 'two.tar.gz').read_bytes()
    assert os.path.getsize(unpacked / 'one.tar.gz') < 1 << 20


def test_payload_suffices_to_start_a_task(unpacked):
    """Without other packages of this environment except numpy; mrjob and Python's missing modules
    are in the archive.
    """
    numpy = os.path.dirname(os.path.dirname(__import__('numpy').__file__))
    code = (
        'import sys; sys.path.append(%r); import mr_kmeans.jobs.mr_pack as job, mrjob;'
        ' print(job.__file__); print(mrjob.__file__); sys.path.remove(%r)' % (numpy, numpy)
    )
    environ = {
        'PYTHONPATH': '%s:%s' % (unpacked / 'payload', unpacked / 'payload' / 'shims'),
        'PATH': os.environ['PATH'],
    }
    done = subprocess.run(
        [sys.executable, '-S', '-c', code],
        env=environ,
        cwd=unpacked,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [
        str(unpacked / 'payload' / 'mr_kmeans' / 'jobs' / 'mr_pack.py'),
        str(unpacked / 'payload' / 'mrjob' / '__init__.py'),
    ]


def test_versions_are_compared_as_numbers(unpacked):
    found = {}
    exec((unpacked / 'payload' / 'shims' / 'distutils' / 'version.py').read_text(), found)
    version = found['LooseVersion']
    assert (
        version('2.9') < '2.10'
        and version('3.4.2') >= version('3.4')
        and version('3.0') == '3.0'
        and not version('2') > '2.1'
    )


@pytest.mark.parametrize('asked', ['3', '2.7', 'three', '3.9.1', '3.9-sparc', ''])
def test_invalid_python_version_of_nodes_is_refused(asked, tmp_path):
    with pytest.raises(UsageError, match='such as 3.9'):
        JobOptions('hadoop', ship_numpy=asked).check()


def test_ship_numpy_requires_the_hadoop_runner():
    with pytest.raises(UsageError, match='-r inline has none'):
        JobOptions(ship_numpy='3.9').check()
