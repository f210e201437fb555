"""Tests of HDFS by a fake ``hadoop fs`` (fake_hadoop_fs.py): the requests, and the use of the
answers. With the real one: test_hadoop.py.
"""

import io
import os
import signal
import subprocess
import sys
import time

import pytest
from fake_hadoop_fs import FakeHadoopFs
from logged import logged

from mr_kmeans.commands.fit import fit
from mr_kmeans.commands.init_file import Initial
from mr_kmeans.errors import DataError, RunError, UsageError
from mr_kmeans.hadoop.cluster import Cluster
from mr_kmeans.hadoop.hadoop_fs import HadoopCommand
from mr_kmeans.inputs.files import check_unchanged, find_files
from mr_kmeans.mapreduce.label_parts import fetch_parts, name_parts
from mr_kmeans.options import FitOptions, JobOptions
from mr_kmeans.run.directory import RunDirectory
from mr_kmeans.storage.hdfs import HdfsStorage, storage_of_cluster
from mr_kmeans.storage.local import LocalStorage
from mr_kmeans.storage.open import Stores

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ODD = [
    '[ab].csv',
    '*.csv',
    '?.csv',
    '{a,b}.csv',
    'a b.csv',
    '%20.csv',
    'ü.csv',
    "it's.csv",
    '-x.csv',
    '$x.csv',
]
"""Names that are patterns or worse to somebody."""


@pytest.fixture
def hadoop(tmp_path, monkeypatch):
    return FakeHadoopFs(tmp_path, monkeypatch)


def names_of(*items):
    said = logged()
    return [file.name for file in find_files(items)], said


# One command


@pytest.mark.parametrize('name', ODD)
def test_files_of_any_name_are_written_read_renamed_and_removed(hadoop, name):
    hadoop.put('/d/a.csv', '/d/b.csv', content=b'another')
    client, path = HadoopCommand(), '/d/e e/' + name
    assert client.status(path) is None
    client.make_folder('/d/e e')
    client.create(path, io.BytesIO(b'one'), 3)
    status = client.status(path)
    assert (status.name, status.is_folder, status.size) == (name, False, 3) and abs(
        status.modified / 1e9 - time.time()
    ) < 60
    assert client.list('/d/e e') == [status]
    client.create(path, io.BytesIO(b'two'), 3, overwrite=True)
    assert client.read(path) == client.file(path).read() == b'two'
    client.rename(path, path + '.new')
    client.set_permission(path + '.new', '600')
    assert os.listdir(hadoop.root / 'd' / 'e e') == [name + '.new']
    client.remove(path + '.new')
    assert client.list('/d/e e') == [] and [item.name for item in client.list('/d')] == [
        'a.csv',
        'b.csv',
        'e e',
    ]


def test_many_statuses_take_one_command(hadoop):
    hadoop.put('/d/a', '/d/c', '/e/a')
    found = HadoopCommand().statuses(['/d/a', '/d/b', '/e/a', '/d/c', '/x/a', '/d'])
    assert [item and (item.name, item.is_folder) for item in found] == [
        ('a', False),
        None,
        ('a', False),
        ('c', False),
        None,
        ('d', True),
    ]
    assert len(hadoop.calls()) == 1
    assert HadoopCommand().statuses([]) == [] and not hadoop.calls()
    assert len(HadoopCommand().statuses(['/d/a'] * 1200)) == 1200 and len(hadoop.calls()) == 3


def test_existing_files_are_not_overwritten(hadoop):
    hadoop.put('/d/a', '/d/b', content=b'old')
    client = HadoopCommand()
    with pytest.raises(FileExistsError):
        client.create('/d/a', io.BytesIO(b'new'), 3)
    with pytest.raises(FileExistsError):
        client.rename('/d/b', '/d/a')
    client.rename('/d/b', '/d/a', overwrite=True)
    assert os.listdir(hadoop.root / 'd') == ['a']


@pytest.mark.parametrize(
    'do',
    [
        lambda client: client.read('/no'),
        lambda client: client.file('/no'),
        lambda client: client.list('/no'),
        lambda client: client.rename('/no', '/x'),
        lambda client: client.set_permission('/no', '700'),
    ],
)
def test_missing_files(hadoop, do):
    with pytest.raises(FileNotFoundError):
        do(HadoopCommand())


def test_missing_command_is_reported(hadoop, tmp_path, monkeypatch):
    (tmp_path / 'bin' / 'hadoop').unlink()
    monkeypatch.setenv('PATH', str(tmp_path))
    client = HadoopCommand()
    for do in (
        lambda: client.status('/x'),
        lambda: client.read('/x'),
        lambda: client.create('/x', io.BytesIO(), 0),
    ):
        with pytest.raises(RunError, match='there is no command'):
            do()


# Writing


def test_file_is_uploaded_without_a_copy_in_memory(hadoop, tmp_path, monkeypatch):
    (tmp_path / 'big').write_bytes(b'x' * 10**6)
    with open(tmp_path / 'big', 'rb') as stream:
        monkeypatch.setattr(io, 'BytesIO', None)
        HadoopCommand().create('/big', stream, 10**6)
    assert (hadoop.root / 'big').read_bytes() == b'x' * 10**6


KILLED = """
import io, os, signal, threading, time
from mr_kmeans.hadoop import hadoop_fs
%s
def kill():
    while not os.path.exists(os.environ['FAKE_HDFS'] + '.log'):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)
threading.Thread(target=kill, daemon=True).start()
hadoop_fs.HadoopCommand().create('/f', io.BytesIO(bytes(10 ** 7)), 10 ** 7)
"""


@pytest.mark.parametrize('lives_on', [False, True])
def test_killed_driver_leaves_no_incomplete_file(hadoop, monkeypatch, lives_on):
    """The command ends, too; otherwise it could put a file into a folder that a later run has
    cleared. If it cannot be ended, it puts the complete file in place.
    """
    monkeypatch.setenv('FAKE_HDFS_SECONDS', '1.5')
    monkeypatch.setenv('PYTHONPATH', ROOT)
    script = KILLED % ('hadoop_fs.die_with_parent = lambda: None' if lives_on else '')
    assert subprocess.run([sys.executable, '-c', script]).returncode == -signal.SIGKILL
    lives_on = lives_on or sys.platform != 'linux'
    deadline = time.monotonic() + (30 if lives_on else 2.5)
    while time.monotonic() < deadline and not (hadoop.root / 'f').exists():
        time.sleep(0.05)
    found = {path.name: path.stat().st_size for path in hadoop.root.iterdir()}
    assert found == {'f': 10**7} if lives_on else found in ({}, {'f._COPYING_': 0})


@pytest.mark.parametrize(
    'folder, name', [((), 'centroids.csv'), ((), 'manifest.json'), (('iterations',), '00003.json')]
)
def test_leftovers_of_a_killed_put_are_removed(hadoop, folder, name):
    run = RunDirectory('hdfs:///out')
    hadoop.put(
        '/'.join(['/out', *folder, name + '._COPYING_']),
        '/out/model.json',
        '/out/iterations/00000.json',
    )
    run.open()
    assert run.has_run()
    run.close()
    assert sorted(os.listdir(hadoop.root / 'out')) == ['iterations', 'model.json']
    assert os.listdir(hadoop.root / 'out' / 'iterations') == ['00000.json']


def test_folder_with_other_files_is_refused(hadoop):
    hadoop.put('/out/mine.csv._COPYING_')
    with pytest.raises(UsageError, match='holds other things .mine.csv._COPYING_'):
        RunDirectory('hdfs:///out').open()


# Input


def test_files_folders_and_patterns_are_found(hadoop):
    hadoop.put('/d/b.csv', '/d/a.csv', '/d/_SUCCESS', '/d/.hidden', '/d/sub/c.csv', '/e/a.csv')
    assert names_of('hdfs:///d/b.csv', 'hdfs:///d/a.csv') == (
        ['hdfs:///d/b.csv', 'hdfs:///d/a.csv'],
        [],
    )
    assert [call[0] for call in hadoop.calls()] == ['-stat', '-checksum']  # of all files at once
    said = ['not entered: the folder hdfs:///d/sub']
    for item in 'hdfs:///d', 'hdfs:///d/*':
        assert names_of(item) == (['hdfs:///d/a.csv', 'hdfs:///d/b.csv'], said)
        assert [call[0] for call in hadoop.calls()] == ['-stat', '-stat', '-checksum']
    assert names_of('hdfs://name/[de]/a.c?v') == (
        ['hdfs://name/d/a.csv', 'hdfs://name/e/a.csv'],
        [],
    )
    assert names_of('hdfs:///*/*/c.csv') == (['hdfs:///d/sub/c.csv'], [])
    assert names_of('hdfs:///e') == (['hdfs:///e/a.csv'], [])


def test_changed_content_is_noticed_despite_the_same_time(hadoop):
    hadoop.put('/a.csv', '/b.csv')
    stores = Stores()
    before = find_files(['hdfs:///a.csv', 'hdfs:///b.csv'], stores=stores)
    assert before[0].content == before[1].content and before[0].content.startswith(
        'MD5-of-0MD5-of-512CRC32C '
    )
    hadoop.put('/a.csv', content=b'a,b\n1,3\n')
    os.utime(hadoop.root / 'a.csv', ns=(0, before[0].modified))
    after = find_files(['hdfs:///a.csv', 'hdfs:///b.csv'], stores=stores)
    assert (
        after[0]._replace(content=before[0].content) == before[0]
        and after[0] != before[0]
        and after[1] == before[1]
    )


@pytest.mark.parametrize('name', ODD)
def test_file_named_like_a_pattern_is_found(hadoop, name):
    hadoop.put('/d/a.csv', '/d/b.csv', '/d/' + name)
    assert names_of('hdfs:///d/' + name)[0] == ['hdfs:///d/' + name]


@pytest.mark.parametrize(
    'item, kind, words',
    [
        ('hdfs:///d/none.csv', RunError, 'hdfs:///d/none.csv: no such file or directory'),
        ('hdfs:///d/x*', RunError, "no file matches 'hdfs:///d/x*'"),
        ('hdfs:///empty', DataError, 'the folder hdfs:///empty is empty; name'),
        ('hdfs:///hidden', DataError, 'holds no input file (only hidden ones)'),
        ('hdfs:///hidden/*', RunError, 'no file matches'),
        ('hdfs:///*', RunError, "no file matches 'hdfs:///*' (only folders do, such as hdfs:///d)"),
        ('hdfs:///d/a.csv/*', RunError, 'no file matches'),
        ('hdfs:///hidden/_x', UsageError, 'begins with . or _'),
        ('hdfs:///d/{a,b}.csv', UsageError, 'braces'),
        ('hdfs:///{d,e}/*.csv', UsageError, 'braces'),
        ('hdfs:/d/a.csv', UsageError, 'hdfs:///d/a.csv'),
        ('hdfs:d', UsageError, 'hdfs:///'),
        ('hdfs://other/d/a.csv', UsageError, 'hdfs://name'),
    ],
)
def test_invalid_inputs_are_refused(hadoop, item, kind, words):
    hadoop.put('/d/a.csv', '/hidden/_x')
    (hadoop.root / 'empty').mkdir()
    with pytest.raises(kind) as caught:
        find_files([item])
    assert words in str(caught.value) and type(caught.value) is kind


@pytest.mark.parametrize(
    'again', ['hdfs:///d/a.csv', 'hdfs://name/d//a.csv', 'hdfs:///d', 'hdfs://name:8020/d/*.csv']
)
def test_file_named_twice_is_refused(hadoop, again):
    hadoop.put('/d/a.csv')
    with pytest.raises(UsageError, match='named twice .first as hdfs:///d/a.csv'):
        find_files(['hdfs:///d/a.csv', again])


def test_changes_are_noticed_with_one_command(hadoop):
    hadoop.put('/d/a.csv', '/d/b.csv')
    files = find_files(['hdfs:///d'])
    hadoop.calls()
    check_unchanged(files)
    assert len(hadoop.calls()) == 1
    hadoop.put('/d/b.csv', content=b'')
    with pytest.raises(
        RunError, match=r'hdfs:///d/b.csv: it changed while it was read \(8 bytes, now 0\)'
    ):
        check_unchanged(files)
    os.unlink(hadoop.root / 'd' / 'a.csv')
    with pytest.raises(RunError, match='hdfs:///d/a.csv: no such file'):
        check_unchanged(files)


@pytest.mark.parametrize('own', ['hdfs://name', 'hdfs://name:8020'])
@pytest.mark.parametrize('named', ['hdfs://name/', 'hdfs://name:8020/', 'hdfs:///'])
def test_default_port_is_8020(own, named):
    assert HdfsStorage(None, own).absolute(named + 'd/') == own + '/d'


@pytest.mark.parametrize('named', ['hdfs://name:9000/', 'hdfs://other/', 'hdfs://other:8020/'])
def test_another_port_is_another_cluster(named):
    with pytest.raises(
        UsageError,
        match='the cluster of HADOOP_CONF_DIR is hdfs://name; name a path there, such as hdfs:///d',
    ):
        HdfsStorage(None, 'hdfs://name').absolute(named + 'd')


# --init


def fit_with(init, inputs='hdfs:///d', out='hdfs:///out', runner='hadoop', k=2):
    return fit([inputs], out, FitOptions(k, init), jobs=JobOptions(runner))


@pytest.mark.parametrize(
    'init, out, runner, kind, words',
    [
        ('hdfs:///none.csv', 'hdfs:///out', 'hadoop', RunError, '--init hdfs:///none.csv: '),
        (
            'hdfs:///three.csv',
            'hdfs:///out',
            'hadoop',
            UsageError,
            '--init hdfs:///three.csv: it has 3 centroids, but -k is 2',
        ),
        (
            'hdfs:///three.csv',
            'out',
            'inline',
            UsageError,
            'hdfs:///three.csv: -r inline reads and writes local files only; use -r hadoop',
        ),
        ('hdfs:/three.csv', 'hdfs:///out', 'hadoop', UsageError, 'hdfs:///three.csv'),
        ('s3://x/y', 'out', 'inline', UsageError, 'no such store'),
    ],
)
def test_initial_centroids_are_read_from_hdfs(
    hadoop, tmp_path, monkeypatch, init, out, runner, kind, words
):
    """The run stops after they were read: no job is run here."""
    hadoop.put('/d/a.csv', content=b'a,b\n' + b'1,2\n3,4\n5,7\n' * 9)
    hadoop.put('/three.csv', content=b'a,b\n1,2\n3,4\n5,7\n')
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'a.csv').write_text('a,b\n1,2\n3,4\n')
    with pytest.raises(kind) as caught:
        fit_with(init, 'hdfs:///d' if runner == 'hadoop' else 'a.csv', out, runner)
    assert words in str(caught.value) and type(caught.value) is kind


def test_earlier_run_in_hdfs_gives_initial_centroids(hadoop, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'a.csv').write_text('a,b\n1,2\n3,4\n50,7\n')
    model = fit('a.csv', 'out', FitOptions(2))
    for name in 'model.json', 'centroids.csv':
        hadoop.put(f'/run/{name}', content=(tmp_path / 'out' / name).read_bytes())
    hadoop.put('/unfinished/centroids.csv', content=(tmp_path / 'out/centroids.csv').read_bytes())
    hadoop.put('/damaged/model.json', content=b'[' * 100_000)
    said = logged()
    for init in 'hdfs:///run', 'hdfs:///run/', 'hdfs:///run/model.json', 'hdfs:///unfinished':
        start = Initial(init)
        assert start.centroids(['b', 'a'], 2, True).tolist() == [
            c[::-1] for c in model.centroids.tolist()
        ]
        name = 'file ' if 'unfinished' in init else f'model {model.hash}'
        assert start.identity().startswith(name)
    assert len(said) == 1 and 'last iteration in hdfs:///unfinished/centroids.csv' in said[0]
    with pytest.raises(DataError, match='--init hdfs:///damaged/model.json: .*nested too deeply'):
        Initial('hdfs:///damaged').identity()
    with pytest.raises(RunError, match='--init hdfs:///d: a folder without model.json'):
        hadoop.put('/d/a.csv')
        Initial('hdfs:///d').identity()


@pytest.mark.parametrize('out', ['hdfs:/models/x', 'hdfs:x'])
def test_hdfs_output_is_not_a_local_folder(tmp_path, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match='hdfs:///'):
        RunDirectory(out)
    assert isinstance(RunDirectory('./hdfs:').storage, LocalStorage)


# Parts of labels

HEADER = b'file,row,id,cluster_id,distance\n'


def put_parts(hadoop, folder):
    """Write three parts in another order than the input's, one of them empty and one with only a
    header.
    """
    for number, lines in enumerate([b'b,0,,1,2\n' * 3000, b'a,5,,1,2\n', b'', b'a,0,,0,1\n']):
        hadoop.put(f'{folder}/part-{number:05d}', content=HEADER + lines)
    hadoop.put(f'{folder}/_SUCCESS', content=b'')


def test_parts_are_renamed_with_few_commands(hadoop):
    put_parts(hadoop, '/labels')
    said = logged()
    names = name_parts(storage_of_cluster(Cluster()), 'hdfs:///labels', 'hdfs:///named', ['a', 'b'])
    assert names == ['part-00000.csv', 'part-00001.csv', 'part-00002.csv']
    assert {
        name: (hadoop.root / 'named' / name).read_bytes()[len(HEADER) :][:3]
        for name in os.listdir(hadoop.root / 'named')
    } == {'part-00000.csv': b'a,0', 'part-00001.csv': b'a,5', 'part-00002.csv': b'b,0'}
    assert len(hadoop.calls()) == 1 + 3 + 1 + 3  # a listing, first rows, the folder, names
    assert not said  # of 3, but of many


def test_slow_reading_of_heads_is_announced(hadoop):
    for number in range(12):
        hadoop.put(f'/labels/part-{number:05d}', content=HEADER + b'a,%d,,1,2\n' % number)
    said = logged()
    names = name_parts(storage_of_cluster(Cluster()), 'hdfs:///labels', 'hdfs:///named', ['a'])
    assert len(names) == 12
    assert said == ['naming 12 files of labels by hadoop fs, about two seconds each']


def test_parts_are_fetched_with_one_command(hadoop, tmp_path):
    put_parts(hadoop, '/labels')
    fetch_parts(storage_of_cluster(Cluster()), 'hdfs:///labels', str(tmp_path / 'here'))
    assert [call[0] for call in hadoop.calls()] == ['-stat', '-cat']
    for name in os.listdir(tmp_path / 'here'):
        assert (tmp_path / 'here' / name).read_bytes() == (
            hadoop.root / 'labels' / name
        ).read_bytes()
    assert len(os.listdir(tmp_path / 'here')) == 4


def test_shortened_part_is_noticed(hadoop, tmp_path):
    hadoop.put('/f', '/g')
    with pytest.raises(RunError, match='/g: .*expected 9 bytes, found 8'):
        HadoopCommand().fetch([('/f', 8, str(tmp_path / 'f')), ('/g', 9, str(tmp_path / 'g'))])
