"""Locks of a folder: taken by one, broken on demand by one, given back only by their owner. On the
disk and in HDFS."""

import json
import os
import socket
import subprocess
import sys
import threading

import pytest
from fake_hadoop import FakeHadoop

from mr_kmeans.errors import LockedError
from mr_kmeans.run import lock as module
from mr_kmeans.run.directory import RunDirectory
from mr_kmeans.run.lock import LOCK, Lock
from mr_kmeans.storage import local as local_store
from mr_kmeans.system import processes

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(module.__file__)))
FOREIGN = json.dumps({'host': 'elsewhere', 'pid': 12, 'started': 'yesterday'})
DEEP = '[' * 200_000
RIVAL = """
import sys
from mr_kmeans.run.directory import RunDirectory
run = RunDirectory(sys.argv[1])
sys.stdin.readline()
try:
    run.open(break_lock=True)
    print('got it', flush=True)
except Exception as error:
    print(error.exit_code, error, flush=True)
sys.stdin.readline()
run.close()
"""


class Place:
    """A folder with a lock in it that a test puts there, local or in a fake HDFS."""

    def __init__(self, out, folder):
        self.out, self.folder = out, folder
        folder.mkdir(parents=True)
        self.path = folder / LOCK

    def lock(self):
        store = RunDirectory(self.out)
        return Lock(store.storage, store.path(), self.out)


@pytest.fixture(params=['local', 'hdfs'])
def place(request, tmp_path, monkeypatch):
    if request.param == 'local':
        return Place(str(tmp_path / 'out'), tmp_path / 'out')
    hadoop = FakeHadoop(tmp_path / 'hadoop').use(monkeypatch)
    return Place('hdfs:///out', hadoop.folder / 'hdfs' / 'out')


@pytest.fixture
def local(tmp_path):
    return Place(str(tmp_path / 'out'), tmp_path / 'out')


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(module, 'SECOND_LOOK', 0.01)


@pytest.mark.parametrize(
    'content, words',
    [
        (FOREIGN, 'process 12 on elsewhere, since yesterday'),
        ('', 'its lock is empty'),
        ('x', "its lock is damaged: b'x'"),
        (DEEP, 'its lock is damaged'),
        ('{"host": [1], "pid": {}}', 'its lock is damaged'),
        (None, 'its lock is not a file'),
    ],
)
def test_a_lock_of_whom_nothing_is_known_is_respected_and_broken_on_demand(content, words, place):
    if content is None:
        place.path.mkdir()
    else:
        place.path.write_text(content)
    with pytest.raises(LockedError) as caught:
        place.lock().take()
    assert words in str(caught.value) and '--break-lock ends its lock' in str(caught.value)
    assert len(str(caught.value)) < 600 and place.path.exists()
    lock = place.lock()
    assert words in lock.take(break_lock=True)
    assert json.loads(place.path.read_text())['pid'] == os.getpid()
    assert lock.give_back() and os.listdir(place.folder) == []


def test_a_folder_with_files_is_not_removed_as_a_lock(place):
    place.path.mkdir()
    (place.path / 'precious').write_text('x')
    with pytest.raises(LockedError, match='a folder with files in it'):
        place.lock().take(break_lock=True)
    assert (place.path / 'precious').read_text() == 'x'


def test_a_link_to_nothing_is_respected_and_broken_on_demand(local):
    local.path.symlink_to('nothing')
    with pytest.raises(LockedError, match='its lock is not a file'):
        local.lock().take()
    local.lock().take(break_lock=True)
    assert os.listdir(local.folder) == [LOCK] and not local.path.is_symlink()


@pytest.mark.parametrize('changes', [{}, {'born': None}])
def test_the_lock_of_a_process_that_is_alive_here_is_never_broken(changes, place):
    place.path.write_text(json.dumps(dict(processes.identity(os.getppid()), **changes)))
    with pytest.raises(LockedError, match=f'end it: kill {os.getppid()}. --break-lock does not'):
        place.lock().take(break_lock=True)
    assert place.path.exists()


def test_of_many_that_break_a_lock_one_gets_it(local):
    rivals = [
        subprocess.Popen(
            [sys.executable, '-c', RIVAL, local.out],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(6)
    ]
    local.path.write_text(FOREIGN)
    for rival in rivals:
        rival.stdin.write('\n')
        rival.stdin.flush()
    said = [rival.stdout.readline() for rival in rivals]
    assert json.loads(local.path.read_text())['pid'] in [rival.pid for rival in rivals]
    for rival in rivals:
        rival.communicate('\n')
    assert said.count('got it\n') == 1 and sum(line.startswith('4 ') for line in said) == 5, said


@pytest.mark.parametrize('seed', range(5))
def test_of_many_hosts_that_break_a_lock_at_most_one_continues(seed, local, monkeypatch):
    """Nothing keeps hosts apart. One may be told that it lost its lock; two that both write must
    not be."""
    monkeypatch.setattr(local_store, 'keep_out', lambda *_: None)
    local.path.write_text(FOREIGN)
    start, winners, locks = threading.Barrier(8), [], [local.lock() for _ in range(8)]

    def rival(lock):
        start.wait()
        try:
            lock.take(break_lock=True)
        except LockedError:
            return
        winners.append(lock)

    threads = [threading.Thread(target=rival, args=[lock]) for lock in locks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    holding = [lock for lock in winners if lock.is_own()]
    assert len(holding) <= 1
    for lock in winners:
        if lock not in holding:
            with pytest.raises(LockedError, match='the lock of this run was'):
                lock.check()
    assert [name for name in os.listdir(local.folder) if name != LOCK] == []


def test_a_lock_that_was_taken_since_it_was_read_is_put_back(place, monkeypatch):
    """Two hosts break one lock; the other was faster, between the last look and the removal."""
    place.path.write_text(FOREIGN)
    lock, faster = (
        place.lock(),
        json.dumps({'host': 'faster', 'pid': 1, 'started': 'now', 'nonce': 'x'}),
    )
    rename = lock._storage.rename

    def late(old, new):
        place.path.write_text(faster)
        rename(old, new)

    monkeypatch.setattr(lock._storage, 'rename', late)
    with pytest.raises(LockedError, match='process 1 on faster, since now'):
        lock.take(break_lock=True)
    assert place.path.read_text() == faster and os.listdir(place.folder) == [LOCK]


@pytest.mark.parametrize('successor', [None, FOREIGN])
def test_only_one_s_own_lock_is_given_back(successor, place):
    lock = place.lock()
    lock.take()
    lock.check()
    place.path.unlink()
    if successor:
        place.path.write_text(successor)
    with pytest.raises(
        LockedError,
        match='replaced by that of another run .process 12' if successor else 'was removed',
    ):
        lock.check()
    assert not lock.is_own() and not lock.give_back()
    assert place.path.exists() == bool(successor)


def test_two_locks_of_one_process_are_distinguished(local):
    first, second = local.lock(), local.lock()
    first.take()
    local.path.unlink()
    second.take()
    assert not first.give_back() and second.is_own() and second.give_back()


def test_a_lock_that_is_put_back_is_waited_for(local, monkeypatch):
    lock = local.lock()
    lock.take()
    content = local.path.read_bytes()
    local.path.unlink()
    monkeypatch.setattr(module.time, 'sleep', lambda _seconds: local.path.write_bytes(content))
    lock.check()


def test_a_locked_folder_is_not_waited_for_forever(local, monkeypatch):
    """As with flock(1) around the command."""
    monkeypatch.setattr(local_store, 'ALONE_SECONDS', 0.1)
    holder = subprocess.Popen(
        ['flock', local.out, 'sh', '-c', 'echo; read x'],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    holder.stdout.readline()
    with pytest.raises(LockedError, match='another process keeps it locked .flock.'):
        local.lock().take()
    holder.communicate(b'\n')
    local.lock().take()


@pytest.mark.parametrize(
    'other, known',
    [
        ({'machine': 'another'}, None),
        ({'pids': 'pid:[1]'}, None),
        ({'boot': 'earlier'}, False),
        ({'boot': 'other', 'machine': None}, None),
        ({'host': 'elsewhere'}, None),
        ({'machine': None, 'boot': None, 'pids': None}, True),
    ],
)
def test_what_is_known_of_a_process_of_a_host_of_this_name(other, known):
    """Containers and machines may share a name; of their processes nothing is known here."""
    here = processes._here()
    if not all(here.values()):
        assert sys.platform != 'linux' or not here['machine']
        return
    assert processes.is_there(dict(processes.identity(), **other)) is known


def test_birth_where_there_is_no_proc(monkeypatch):
    """As on macOS: by ps, in words that do not depend on the user's language and time zone."""

    def born():
        return processes._birth_by_ps(os.getpid())

    before = born()
    monkeypatch.setenv('TZ', 'Asia/Tokyo')
    monkeypatch.setenv('LC_ALL', 'de_DE.UTF-8')
    assert before and before == born() and processes._birth_by_ps(2**22 + 1) is None
    assert socket.gethostname() == processes.identity()['host']
