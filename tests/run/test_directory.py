"""A run's folder: what is in it, whose it is, and what is true of it after a crash."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from mr_kmeans.errors import LockedError, RunError, UsageError
from mr_kmeans.run import directory as module
from mr_kmeans.run.directory import LOCK, MODEL, RESULTS, STATE, RunDirectory

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(module.__file__)))
ITERATION = {'iteration': {'number': 0}, 'stats': {}}


@pytest.fixture
def run(tmp_path):
    """A run's directory, open."""
    directory = RunDirectory(str(tmp_path / 'out'))
    directory.open()
    yield directory
    directory.close()


def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, '-c', ''])
    child.wait()
    return child.pid


def put(folder, name, content='x'):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def test_an_attempt_that_leaves_nothing_leaves_no_folder(tmp_path):
    run = RunDirectory(str(tmp_path / 'out'))
    run.open()
    run.temporary('jobs')
    assert sorted(os.listdir(tmp_path / 'out')) == ['lock', 'tmp']
    run.close()
    run.close()
    assert os.listdir(tmp_path) == []


def test_a_folder_that_was_there_stays(tmp_path):
    (tmp_path / 'out').mkdir()
    run = RunDirectory(str(tmp_path / 'out'))
    run.open()
    run.close()
    assert os.listdir(tmp_path / 'out') == []


def test_paths_stay_the_same_when_the_working_directory_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = RunDirectory('out')
    run.open()
    os.chdir('/')
    run.write_text('here', 'centroids.csv')
    run.close()
    assert (tmp_path / 'out' / 'centroids.csv').read_text() == 'here'
    assert run.out == 'out'


@pytest.mark.parametrize(
    'name', ['mine.txt', 'notes.tmp', '.mine.tmp', '.model.json', 'part-00000', '.lock.tmp']
)
def test_a_folder_with_other_things_is_refused(name, tmp_path):
    put(tmp_path / 'out', name)
    with pytest.raises(UsageError, match='the folder holds other things'):
        RunDirectory(str(tmp_path / 'out')).open()
    assert os.listdir(tmp_path / 'out') == [name]


def test_leftovers_are_removed(tmp_path):
    out = tmp_path / 'out'
    for name in (
        'tmp/jobs/job-00001/x',
        '.model.json.ab_1.tmp',
        '.lock.x.tmp',
        'iterations/.00003.json.zz.tmp',
        'iterations/00000.json',
    ):
        put(out, name)
    run = RunDirectory(str(out))
    run.open()
    assert sorted(str(path.relative_to(out)) for path in out.rglob('*')) == [
        'iterations',
        'iterations/00000.json',
        'lock',
    ]
    run.close()


def test_a_second_run_is_refused_and_says_by_whom(run):
    other = RunDirectory(run.out)
    for break_lock in False, True:
        with pytest.raises(LockedError) as caught:
            other.open(break_lock)
        for word in (
            f'process {os.getpid()} on {socket.gethostname()}',
            f'kill {os.getpid()}',
            run.path(LOCK),
            '--break-lock does not end the lock of a process that is alive',
        ):
            assert word in str(caught.value)
    other.close()  # of one that is not open
    assert os.path.exists(run.path(LOCK))
    run.close()
    other.open()
    other.close()


@pytest.mark.parametrize(
    'content',
    [
        {'host': 'elsewhere', 'pid': 1, 'started': 'then'},
        {'host': socket.gethostname(), 'pid': os.getppid(), 'started': 'then'},
        {},
        [],
        'x',
    ],
)
def test_a_lock_whose_holder_may_live_is_respected(content, tmp_path):
    put(tmp_path / 'out', LOCK, json.dumps(content) if content != 'x' else 'x')
    with pytest.raises(RunError, match='in use by another run'):
        RunDirectory(str(tmp_path / 'out')).open()
    assert (tmp_path / 'out' / LOCK).exists()


def test_a_stale_lock_is_cleared(tmp_path):
    put(
        tmp_path / 'out',
        LOCK,
        json.dumps({'host': socket.gethostname(), 'pid': dead_pid(), 'started': 'then'}),
    )
    run = RunDirectory(str(tmp_path / 'out'))
    run.open()
    assert json.loads((tmp_path / 'out' / LOCK).read_text())['pid'] == os.getpid()
    run.close()
    assert os.listdir(tmp_path / 'out') == []


def test_of_many_that_find_a_stale_lock_one_gets_it(tmp_path):
    stale = json.dumps({'host': socket.gethostname(), 'pid': dead_pid(), 'started': 'then'})
    code = (
        'import sys\nfrom mr_kmeans.run.directory import RunDirectory\nrun ='
        ' RunDirectory(sys.argv[1])\nsys.stdin.readline()\ntry:\n    run.open()\n    print("got'
        ' it", flush=True)\nexcept Exception as error:\n    print(error,'
        ' flush=True)\nsys.stdin.readline()\n'
    )
    rivals = [
        subprocess.Popen(
            [sys.executable, '-c', code, str(tmp_path / 'out')],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(6)
    ]
    put(tmp_path / 'out', LOCK, stale)
    for rival in rivals:
        rival.stdin.write('\n')
        rival.stdin.flush()
    said = [rival.stdout.readline() for rival in rivals]
    for rival in rivals:
        rival.communicate('\n')
    assert (
        said.count('got it\n') == 1 and sum('in use by another run' in line for line in said) == 5
    )


def test_a_lock_that_changed_hands_meanwhile_is_not_removed(tmp_path, monkeypatch):
    """Of two users, or hosts, that nothing keeps apart: the other has found the same stale lock,
    and was quicker."""
    stale = json.dumps({'host': socket.gethostname(), 'pid': dead_pid(), 'started': 'then'})
    put(tmp_path / 'out', LOCK, stale)
    run, reads = RunDirectory(str(tmp_path / 'out')), []
    read = run.storage.read

    def slow(path):
        content = read(path)
        if not reads:
            put(tmp_path / 'out', LOCK, json.dumps({'host': 'quicker', 'pid': 1, 'started': 'now'}))
        reads.append(path)
        return content

    monkeypatch.setattr(run.storage, 'read', slow)
    with pytest.raises(RunError, match='in use by another run .process 1 on quicker, since now'):
        run.open()
    assert json.loads((tmp_path / 'out' / LOCK).read_text())['host'] == 'quicker'


def test_a_lock_that_appears_meanwhile_is_not_removed(tmp_path, monkeypatch):
    run = RunDirectory(str(tmp_path / 'out'))
    create = run.storage.create
    monkeypatch.setattr(run.storage, 'remove', lambda path: pytest.fail(f'{path} removed'))

    def late(path, data):
        put(tmp_path / 'out', LOCK, json.dumps({'host': 'quicker', 'pid': 1, 'started': 'now'}))
        create(path, data)

    monkeypatch.setattr(run.storage, 'create', late)
    with pytest.raises(RunError, match='in use by another run .process 1 on quicker'):
        run.open()
    monkeypatch.undo()


def test_the_note_of_work_that_could_not_be_ended_stays(tmp_path):
    for left, names in ((True, ['tmp']), (False, [])):
        run = RunDirectory(str(tmp_path / f'out-{left}'))
        run.open()
        put(tmp_path / f'out-{left}', 'tmp/jobs/hadoop.json', json.dumps({'left': left}))
        run.close()
        assert (
            not (tmp_path / f'out-{left}').exists() or os.listdir(tmp_path / f'out-{left}') == names
        )
        assert (tmp_path / f'out-{left}' / 'tmp' / 'jobs' / 'hadoop.json').exists() == left


def test_a_signal_while_closing_waits(run, monkeypatch):
    remove = run.storage.remove

    def slow(path):
        os.kill(os.getpid(), signal.SIGINT)
        remove(path)

    monkeypatch.setattr(run.storage, 'remove', slow)
    run.close()
    assert not os.path.exists(run.path())


def test_threads_of_one_process_are_rivals_too(tmp_path):
    run = RunDirectory(str(tmp_path / 'out'))
    run.open()
    caught = []

    def rival():
        try:
            RunDirectory(str(tmp_path / 'out')).open()
        except RunError as error:
            caught.append(error)

    thread = threading.Thread(target=rival)
    thread.start()
    thread.join()
    run.close()
    assert len(caught) == 1


def test_a_failure_while_opening_gives_the_lock_back(tmp_path, monkeypatch):
    def fail(self):
        raise OSError('no')

    monkeypatch.setattr(RunDirectory, '_remove_leftovers', fail)
    with pytest.raises(OSError):
        RunDirectory(str(tmp_path / 'out')).open()
    assert os.listdir(tmp_path) == []


def test_a_failure_while_closing_gives_the_lock_back(run, monkeypatch):
    run.write_text('', 'centroids.csv')
    remove = run.storage.remove

    def fail(path):
        if path.endswith('tmp'):
            raise OSError('no')
        remove(path)

    monkeypatch.setattr(run.storage, 'remove', fail)
    with pytest.raises(OSError):
        run.close()
    assert not os.path.exists(run.path(LOCK))


def test_iterations_count_up_to_the_first_gap(run):
    assert run.iteration_numbers() == [] and not run.has_run()
    for number in 0, 1, 3:
        run.write_iteration(number, dict(ITERATION, number=number))
    assert run.iteration_numbers() == [0, 1] and run.has_run()
    assert run.read_iteration(1) == dict(ITERATION, number=1)


@pytest.mark.parametrize(
    'names, has_run',
    [
        ([], False),
        (['rejected.csv', 'manifest.json', 'survey.json', 'points/part-00000'], False),
        (['iterations/00001.json'], False),
        (['iterations/00000.json'], True),
        (['model.json'], True),
        (['centroids.csv'], True),
    ],
)
def test_when_a_run_has_begun(names, has_run, tmp_path):
    for name in names:
        put(tmp_path / 'out', name)
    assert RunDirectory(str(tmp_path / 'out')).has_run() == has_run


def test_clear_spares_packed_rows_and_may_be_cut_short_anywhere(run, monkeypatch):
    def fill():
        for name in RESULTS:
            run.write_iteration(0, ITERATION) if name == STATE else run.write_text('{}', name)
        run.storage.make_folder(run.path('points'))

    fill()
    run.clear()
    assert sorted(os.listdir(run.path())) == ['lock', 'points']
    remove = run.storage.remove
    for n_removed in range(len(RESULTS)):
        fill()
        left = [n_removed]

        def remove_some(path, left=left):
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            remove(path)

        monkeypatch.setattr(run.storage, 'remove', remove_some)
        with pytest.raises(KeyboardInterrupt):
            run.clear()
        monkeypatch.setattr(run.storage, 'remove', remove)
        names = os.listdir(run.path())
        # what is left is a run as a whole, or one that can be resumed, or none
        can_be_resumed = {STATE, 'manifest.json', 'survey.json'} <= set(names)
        assert can_be_resumed == run.has_run() and (MODEL not in names or can_be_resumed)


def test_json_that_is_damaged(run):
    assert run.read_json('none.json') is None
    for content in '{"a": 1', '', '[1]', '\udcff':
        run.write_text(content, MODEL)
        with pytest.raises(RunError, match='model.json: damaged .* --overwrite'):
            run.read_json(MODEL)
    run.write_json({'ü': [1.5, None]}, MODEL)
    assert run.read_json(MODEL) == {'ü': [1.5, None]}


def test_text(run):
    assert run.read_text('none.csv') == ''
    run.write_text('ü\udcff\r\n', 'centroids.csv')
    assert run.read_text('centroids.csv') == 'ü\udcff\r\n'
    with open(run.path('centroids.csv'), 'rb') as stream:
        assert stream.read() == b'\xc3\xbc\xff\r\n'


@pytest.mark.parametrize(
    'out, word', [('', "-o ''"), ('s3://b/x', 'no such store is known'), ('a[1]', '[ in its path')]
)
def test_names_that_are_refused(out, word):
    with pytest.raises(UsageError) as caught:
        RunDirectory(out)
    assert word in str(caught.value)


def test_a_file_in_the_way(tmp_path):
    (tmp_path / 'f').write_text('')
    for name in 'f', 'f/out':
        run = RunDirectory(str(tmp_path / name))
        assert not run.has_run()
        with pytest.raises(UsageError, match='file'):
            run.open()
        run.close()
    assert os.listdir(tmp_path) == ['f']
