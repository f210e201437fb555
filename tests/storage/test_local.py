"""Files put in place whole, or not at all."""

import errno
import os
import stat
import subprocess
import sys
import time

import pytest

from mr_kmeans.errors import UsageError
from mr_kmeans.storage import local as module
from mr_kmeans.storage.local import LocalStorage
from mr_kmeans.storage.open import Stores

STORE = LocalStorage()


def test_write_replaces_and_read_returns(tmp_path):
    path = str(tmp_path / 'f')
    for content in b'one', b'two', b'':
        STORE.write(path, content)
        assert STORE.read(path) == content
    assert os.listdir(tmp_path) == ['f']


def test_a_file_is_readable_as_the_umask_says(tmp_path):
    before = os.umask(0o027)
    try:
        STORE.write(str(tmp_path / 'f'), b'')
        STORE.create(str(tmp_path / 'g'), b'')
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert [stat.S_IMODE(os.stat(tmp_path / name).st_mode) for name in 'fg'] == [0o640, 0o640]


@pytest.mark.parametrize(
    'method, broken',
    [
        ('write', 'fsync'),
        ('write', 'chmod'),
        ('write', 'replace'),
        ('create', 'fsync'),
        ('create', 'chmod'),
        ('create', 'link'),
    ],
)
def test_a_failed_write_keeps_the_old_file(method, broken, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, 'No space left on device')

    path = str(tmp_path / 'f')
    if method == 'write':
        STORE.write(path, b'old')
    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(OSError) as caught:
        getattr(STORE, method)(path, b'new')
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, path)
    monkeypatch.undo()
    assert os.listdir(tmp_path) == (['f'] if method == 'write' else [])
    assert method == 'create' or STORE.read(path) == b'old'


def test_a_failure_in_a_folder_that_is_gone_names_the_file(tmp_path):
    path = str(tmp_path / 'none' / 'f')
    with pytest.raises(FileNotFoundError) as caught:
        STORE.write(path, b'')
    assert caught.value.filename == path


@pytest.mark.parametrize('links', [True, False])
def test_create_makes_a_file_once(links, tmp_path, monkeypatch):
    if not links:  # as on exFAT

        def link(*_, **__):
            raise OSError(errno.EPERM, 'Operation not permitted')

        monkeypatch.setattr(os, 'link', link)
    path = str(tmp_path / 'f')
    STORE.create(path, b'first')
    with pytest.raises(FileExistsError):
        STORE.create(path, b'second')
    assert STORE.read(path) == b'first' and os.listdir(tmp_path) == ['f']


def test_list_exists_and_remove(tmp_path):
    folder = str(tmp_path / 'a' / 'b')
    assert STORE.list(folder) == [] and not STORE.exists(folder) and not STORE.is_folder(folder)
    STORE.make_folder(folder)
    STORE.make_folder(folder)
    for name in 'yx':
        STORE.write(STORE.join(folder, name), b'')
    assert STORE.list(folder) == ['x', 'y'] and STORE.is_folder(folder)
    assert STORE.list(STORE.join(folder, 'x')) == []
    STORE.rename(STORE.join(folder, 'x'), STORE.join(folder, 'z'))
    assert STORE.list(folder) == ['y', 'z']
    for path in STORE.join(folder, 'y'), folder, folder:
        STORE.remove(path)
        assert not STORE.exists(path)


def test_a_failed_removal_names_the_folder(tmp_path, monkeypatch):
    (tmp_path / 'd').mkdir()
    (tmp_path / 'd' / 'f').write_text('')

    def refuse(path):
        raise PermissionError(errno.EACCES, 'Permission denied', 'f')

    monkeypatch.setattr(module.shutil, 'rmtree', refuse)
    with pytest.raises(PermissionError) as caught:
        STORE.remove(str(tmp_path / 'd'))
    assert caught.value.filename == str(tmp_path / 'd')


def test_remove_of_a_link_spares_what_it_points_to(tmp_path):
    (tmp_path / 'd').mkdir()
    (tmp_path / 'd' / 'f').write_text('')
    os.symlink(tmp_path / 'd', tmp_path / 'link')
    os.symlink(tmp_path / 'none', tmp_path / 'dangling')
    for name in 'link', 'dangling':
        STORE.remove(str(tmp_path / name))
    assert os.listdir(tmp_path) == ['d'] and os.listdir(tmp_path / 'd') == ['f']


HOLD = """
import sys, time
from mr_kmeans.storage.local import LocalStorage
with LocalStorage().alone(sys.argv[1]):
    print('in', flush=True)
    time.sleep(0.3)
    print('out', time.time(), flush=True)
    if len(sys.argv) > 2:
        import os
        os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize('killed', [[], ['killed']])
def test_alone_keeps_others_out_until_it_ends(killed, tmp_path):
    root = os.path.dirname(os.path.dirname(os.path.dirname(module.__file__)))
    holder = subprocess.Popen(
        [sys.executable, '-c', HOLD, str(tmp_path), *killed],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
    )
    assert holder.stdout.readline() == 'in\n'
    with STORE.alone(str(tmp_path)):
        entered = time.time()
    left = float(holder.communicate()[0].split()[1])
    assert entered >= left


@pytest.mark.parametrize(
    'path, word',
    [
        ('s3://bucket/x', 'no such store is known'),
        ('a/run[1]', '[ in its path'),
        ('a*/b', '* in its path'),
        ('a#b', '# in its path'),
    ],
)
def test_paths_that_are_refused(path, word):
    with pytest.raises(UsageError) as caught:
        Stores().of(path)
    assert str(caught.value).startswith(path) and word in str(caught.value)


def test_paths_that_are_taken(tmp_path, monkeypatch):
    for path in 'a b', 'ü', "it's", '-x', '~', '$x', '%20', '{a,b}', 'a:b':
        assert isinstance(Stores().of(path), LocalStorage)
    monkeypatch.chdir(tmp_path)
    absolute = STORE.absolute('x')
    os.chdir('/')
    assert absolute == str(tmp_path / 'x')


def test_hdfs_wants_a_configuration(tmp_path, monkeypatch):
    monkeypatch.setenv('HADOOP_CONF_DIR', str(tmp_path))
    with pytest.raises(UsageError, match='no cluster is named.*Set HADOOP_CONF_DIR'):
        Stores().of('hdfs:///x')
