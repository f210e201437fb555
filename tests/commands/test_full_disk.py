"""A disk that is full: the error names a file or folder on it, nothing half-written stays, and
--resume works when there is room."""

import json
import os
import random
import re
import resource
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
from commandline import call, environment, full_disk, model_hash, run
from fake_hadoop import FakeHadoop

OPTIONS = ['-k', '4', '--init', 'random', '--max-iter', '3', '-q']
FULL = re.compile(
    r'^mr-kmeans: error: (.*?): (No space left on device\. Make room|File too large .*Raise it),'
    r' then give the same command again'
)


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    path, draw = tmp_path_factory.mktemp('data') / 'points.csv', random.Random(4).random
    path.write_text(
        'x,y,z\n' + ''.join(f'{draw():.5f},{draw():.5f},{draw():.5f}\n' for _ in range(60_000))
    )
    return path


@pytest.fixture(scope='module')
def finished(data, tmp_path_factory):
    """A run, and its hash."""
    out = tmp_path_factory.mktemp('finished') / 'out'
    return out, model_hash(call('fit', data, '-o', out, *OPTIONS))


@contextmanager
def disk_of(n_bytes):
    """Give a folder with room for that many bytes, options with which that holds, and what makes
    more room."""
    with full_disk(n_bytes) as (folder, options):

        def make_room():
            if not options:
                (Path(folder) / 'filler').unlink(missing_ok=True)
                subprocess.run(['mount', '-o', 'remount,size=100m', folder], check=True)

        yield folder, options, make_room


def check_message(done, folder):
    """The message names something in the folder, and only the folder's disk is full."""
    assert (done.code, done.stdout) == (1, ''), done.stderr
    said = FULL.match(done.stderr)
    assert said and said.group(1).startswith(folder), done.stderr
    assert len(done.stderr.splitlines()) == 1


def left_in(folder):
    return sorted(
        str(path.relative_to(folder))
        for path in Path(folder).rglob('*')
        if path.is_file() and path.name != 'filler'
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    'n_bytes, more',
    [
        (0, []),
        (8 << 10, []),
        (16 << 10, []),
        (48 << 10, []),
        (500_000, []),
        (8 << 10, ['--no-pack']),
        (500_000, ['-r', 'local']),
    ],
)
def test_the_disk_of_the_output(n_bytes, more, data, finished):
    """Where the tasks' descriptions, mrjob's copy of the job, and a child's packed rows no longer
    fit."""
    with disk_of(n_bytes) as (folder, options, make_room):
        done = run('fit', data, '-o', folder + '/out', *OPTIONS, *more, **options)
        check_message(done, folder)
        assert left_in(folder) == []
        make_room()
        assert (
            model_hash(run('fit', data, '-o', folder + '/out', *OPTIONS, *more, '--resume'))
            == finished[1]
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    'n_bytes, more',
    [(0, []), (100_000, []), (1 << 20, []), (1 << 20, ['--no-pack']), (300_000, ['-r', 'local'])],
)
def test_the_disk_of_the_labels(n_bytes, more, data, finished):
    with disk_of(n_bytes) as (folder, options, make_room):
        check_message(
            run('assign', finished[0], data, '-o', folder + '/labels', '-q', *more, **options),
            folder,
        )
        assert left_in(folder) == []
        make_room()
        assert run('assign', finished[0], data, '-o', folder + '/labels', '-q', *more).code == 0


@pytest.mark.slow
def test_labels_that_do_not_fit_leave_those_that_are_there(data, finished):
    with disk_of(20 << 20) as (folder, options, make_room):
        asked = ['assign', finished[0], data, '-o', folder + '/labels', '-q']
        assert run(*asked, **options).code == 0
        before = {path.name: path.read_bytes() for path in Path(folder, 'labels').iterdir()}
        if options:
            options = {
                'preexec_fn': lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
            }
        else:
            with open(folder + '/filler', 'wb', buffering=0) as stream, pytest.raises(OSError):
                while True:
                    stream.write(bytes(1 << 12))
        check_message(run(*asked, '--overwrite', **options), folder)
        assert {path.name: path.read_bytes() for path in Path(folder, 'labels').iterdir()} == before
        assert os.listdir(folder) in (['labels'], ['labels', 'filler'], ['filler', 'labels'])


@pytest.mark.slow
@pytest.mark.parametrize('n_bytes', [8 << 10, 64 << 10])
def test_the_disk_for_temporary_files(n_bytes, data, tmp_path):
    """A run on a cluster has files of its own there, and what `hadoop fs` is given to put. (A full
    one Python does not use.)"""
    hadoop = FakeHadoop(tmp_path / 'hadoop')
    with disk_of(n_bytes) as (folder, options, _):
        if options:
            return  # a limit on files would hold for the fake cluster, too
        done = run(
            'fit',
            data,
            '-o',
            'hdfs:///run',
            '-r',
            'hadoop',
            *OPTIONS,
            env=environment(**hadoop.environ, TMPDIR=folder),
        )
        check_message(done, folder)
        assert [
            name for name in left_in(folder) if not name.endswith('.lock')
        ] == []  # it stays: see hdfs.py
        assert hadoop.files() == []


def test_the_disk_of_the_database(data, finished):
    with disk_of(4096) as (folder, options, make_room):
        asked = ['fit', data, '-o', folder + '/out', *OPTIONS, '--engine', 'sql']
        done = run(*asked, **options)
        assert done.code == 1 and f'{folder}/out/kmeans.duckdb' in done.stderr, done.stderr
        assert options or 'No space left on device. Make room, then' in done.stderr
        assert left_in(folder) == []
        make_room()
        assert model_hash(run(*asked, '--resume')) == finished[1]


@pytest.mark.slow
def test_a_full_disk_of_mrjob_s_own(data, finished, tmp_path):
    """`local_tmp_dir` of a configuration lies elsewhere."""
    with disk_of(0) as (folder, options, _):
        if options:
            return
        (tmp_path / 'mrjob.conf').write_text(
            json.dumps({'runners': {'inline': {'local_tmp_dir': folder}}})
        )
        done = call(
            'assign',
            finished[0],
            data,
            '-o',
            tmp_path / 'labels',
            '-q',
            '-c',
            tmp_path / 'mrjob.conf',
        )
        assert done.code == 1 and 'No space left on device' in done.stderr, done.stderr
        assert not (tmp_path / 'labels').exists()
