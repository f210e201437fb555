"""Tests of tasks in forked children: their errors and their end, also if one fails or the parent
ends.
"""

import errno
import functools
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import pytest

from mr_kmeans.errors import DataError, KMeansError, RunError, UsageError
from mr_kmeans.formats.splits import TEXT, Split
from mr_kmeans.jobs.mr_survey import MRSurvey
from mr_kmeans.options import JobOptions
from mr_kmeans.runners import inline, local
from mr_kmeans.runners.launch_local import LocalLauncher
from mr_kmeans.system import forking
from mr_kmeans.system.forking import run_forked, usable_cores
from mr_kmeans.text.line_format import TextFormat
from mr_kmeans.text.text_input import TextInput

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(forking.__file__)))


@pytest.fixture(autouse=True)
def nothing_is_left():
    """Check that no child, zombie or open file survives a test."""
    before = len(os.listdir('/dev/fd'))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    yield
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    assert len(os.listdir('/dev/fd')) == before
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == mask


def touch(folder, name):
    (folder / str(name)).write_text(str(os.getpid()))


def raising(error):
    def task():
        raise error

    return task


def killing(number):
    return lambda: os.kill(os.getpid(), number)


def is_there(pid) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f'/proc/{pid}/stat') if os.path.exists('/proc') else open(os.devnull) as stream:
        return ' Z ' not in stream.read()


@pytest.mark.parametrize('n_tasks, n_at_once', [(0, 2), (1, 2), (2, 2), (17, 2), (5, 1), (3, 99)])
def test_each_task_runs_once_in_its_own_process(n_tasks, n_at_once, tmp_path):
    run_forked((functools.partial(touch, tmp_path, i) for i in range(n_tasks)), n_at_once)
    pids = [(tmp_path / str(i)).read_text() for i in range(n_tasks)]
    assert len(os.listdir(tmp_path)) == len(set(pids)) == n_tasks and str(os.getpid()) not in pids


@pytest.mark.parametrize('n_at_once', [1, 3])
def test_number_of_tasks_at_once_is_limited(n_at_once, tmp_path):
    def n_running():
        return sum(name.startswith('running') for name in os.listdir(tmp_path))

    def has_seen():
        return any(name.startswith('saw') for name in os.listdir(tmp_path))

    def task(i):
        touch(tmp_path, f'running-{i}')
        deadline = time.monotonic() + 60
        while not has_seen() and n_running() < min(2, n_at_once) and time.monotonic() < deadline:
            time.sleep(0.01)  # the first two wait for each other
        touch(tmp_path, f'saw-{n_running()}-{i}')
        time.sleep(0.03)
        os.unlink(tmp_path / f'running-{i}')

    run_forked([functools.partial(task, i) for i in range(9)], n_at_once)
    saw = [int(name.split('-')[1]) for name in os.listdir(tmp_path)]
    assert len(saw) == 9 and max(saw) <= n_at_once and (n_at_once == 1 or max(saw) > 1)


def test_task_sees_but_cannot_change_the_parents_memory():
    memory = {'x': 1}

    def task():
        assert memory['x'] == 1
        memory['x'] = 2

    run_forked([task, task], 1)
    assert memory == {'x': 1}


@pytest.mark.parametrize(
    'error, kind, words',
    [
        (DataError('x.csv line 3: bad'), DataError, 'x.csv line 3: bad'),
        (UsageError('-k\nsecond line'), UsageError, '-k\nsecond line'),
        (RunError('größe \udcff'), RunError, 'größe \udcff'),
        (DataError('long ' * 200_000), DataError, 'long ' * 200_000),
        (
            OSError(errno.ENOSPC, 'No space left on device'),
            RunError,
            'the files of a task: No space left on device. Make room',
        ),
        (
            FileNotFoundError(errno.ENOENT, 'No such file or directory', 'points/x'),
            RunError,
            'points/x: No such file',
        ),
        (MemoryError(), RunError, 'a task ran out of memory'),
        (ZeroDivisionError('oh'), RunError, 'a task failed: ZeroDivisionError: oh (test_inline'),
        (KeyboardInterrupt(), RunError, 'a task failed: KeyboardInterrupt'),
        (SystemExit(0), RunError, 'a task failed: SystemExit'),
        (BrokenPipeError(errno.EPIPE, 'Broken pipe'), RunError, 'the files of a task: Broken pipe'),
    ],
)
def test_exception_of_a_task_is_raised(error, kind, words):
    with pytest.raises(KMeansError) as caught:
        run_forked([raising(error)], 2)
    assert (
        type(caught.value) is kind
        and str(caught.value).startswith(words)
        and 'Traceback' not in str(caught.value)
    )


@pytest.mark.parametrize(
    'task, words',
    [
        (
            killing(signal.SIGKILL),
            'a task was killed by signal 9 (SIGKILL); the machine may have run out of memory.',
        ),
        (killing(signal.SIGALRM), 'a task was killed by signal 14 (SIGALRM).'),
        (killing(signal.SIGTERM), 'a task was killed by signal 15 (SIGTERM).'),
        (lambda: os._exit(3), 'a task ended without an error message (exit status 3).'),
    ],
)
def test_task_that_exits_without_output_is_an_error(task, words):
    with pytest.raises(RunError) as caught:
        run_forked([task], 2)
    assert str(caught.value) == words


@pytest.mark.parametrize('task', [raising(DataError('bad')), killing(signal.SIGKILL)])
def test_all_tasks_are_ended_if_one_fails(task, tmp_path):
    def wait_and_fail():
        while not (tmp_path / 'other').exists():
            time.sleep(0.005)
        task()

    def sleep():
        touch(tmp_path, 'other')
        time.sleep(60)

    started = time.monotonic()
    with pytest.raises(KMeansError):
        run_forked([sleep, wait_and_fail, functools.partial(touch, tmp_path, 'third')], 2)
    assert time.monotonic() - started < 30
    assert not is_there(int((tmp_path / 'other').read_text())) and not (tmp_path / 'third').exists()


def test_processes_started_by_a_task_are_ended(tmp_path):
    def task():
        child = subprocess.Popen(['sleep', '60'])
        (tmp_path / 'pid.part').write_text(str(child.pid))
        os.rename(tmp_path / 'pid.part', tmp_path / 'pid')
        child.wait()

    def fail():
        while not (tmp_path / 'pid').exists():
            time.sleep(0.005)
        raise DataError('bad')

    with pytest.raises(DataError):
        run_forked([task, fail], 2)
    pid, end = int((tmp_path / 'pid').read_text()), time.monotonic() + 5
    while is_there(pid):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_error_while_creating_tasks_is_raised(tmp_path):
    def tasks():
        yield lambda: time.sleep(60)
        raise DataError('no more')

    with pytest.raises(DataError, match='no more'):
        run_forked(tasks(), 2)


def test_failure_to_fork_is_reported(monkeypatch):
    def fork():
        raise OSError(errno.EAGAIN, 'Resource temporarily unavailable')

    monkeypatch.setattr(os, 'fork', fork)
    with pytest.raises(
        RunError, match='no process could be started for a task: Resource temporarily unavailable'
    ):
        run_forked([lambda: None], 2)


def test_interrupt_of_the_parent_ends_the_children(tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(KeyboardInterrupt):
            run_forked([functools.partial(time.sleep, 60)] * 3, 2)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_children_have_default_signal_handlers_and_their_own_group(tmp_path):
    """A child is not in the terminal's foreground group and has none of its parent's handlers."""

    def task():
        assert os.getpgid(0) == os.getpid()
        assert [signal.getsignal(number) for number in forking.ENDING_SIGNALS] == [
            signal.SIG_DFL
        ] * 3
        assert not signal.pthread_sigmask(signal.SIG_BLOCK, []) & forking.ENDING_SIGNALS

    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        run_forked([task], 1)
    finally:
        signal.signal(signal.SIGTERM, before)


PARENT = """
import os, sys, time
from mr_kmeans.system import forking
if sys.argv[2] == 'elsewhere':
    sys.platform = 'darwin'
def task():
    open(f'{sys.argv[1]}/{os.getpid()}', 'w').close()
    time.sleep(60)
forking.run_forked([task, task], 2)
"""


@pytest.mark.parametrize('system', ['here', 'elsewhere'])
def test_children_end_when_the_parent_ends(system, tmp_path):
    parent = subprocess.Popen([sys.executable, '-c', PARENT, str(tmp_path), system], cwd=ROOT)
    while len(os.listdir(tmp_path)) < 2:
        time.sleep(0.01)
        assert parent.poll() is None
    parent.kill()
    parent.wait()
    end = time.monotonic() + 5
    while any(is_there(int(name)) for name in os.listdir(tmp_path)):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_tasks_can_be_run_from_a_thread(tmp_path):
    thread = threading.Thread(
        target=run_forked, args=([functools.partial(touch, tmp_path, 'x')], 2)
    )
    thread.start()
    thread.join()
    assert os.listdir(tmp_path) == ['x']


def test_usable_cores_respect_affinity():
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
    if hasattr(os, 'sched_setaffinity'):

        def one_core():
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            assert usable_cores() == 1

        run_forked([one_core], 1)


# jobs


def survey(folder, splits, runner='inline', conf=None):
    launcher = LocalLauncher(
        JobOptions(runner, conf_path=conf), tempfile.mkdtemp(prefix='jobs', dir=folder)
    )
    text_input = TextInput(TextFormat(b',', 2, (0, 1)), False)
    tasks = [split if isinstance(split, list) else [split] for split in splits]
    return launcher.run(MRSurvey, tasks, ['--text-input', text_input.dumps()])


def split_of(path, content=b'1,2\n3,4\n'):
    path.write_bytes(content)
    return Split(TEXT, str(path), 0, len(content), path.name)


@pytest.mark.parametrize('runner', ['inline', pytest.param('local', marks=pytest.mark.slow)])
def test_counters_of_tasks_are_summed(runner, tmp_path):
    result = survey(
        tmp_path,
        [split_of(tmp_path / f'{i}.csv') for i in range(2)]
        + [split_of(tmp_path / 'bad.csv', b'1\n')],
        runner,
    )
    assert (result.counters['rows'], result.counters['rejected']) == (4, 1)
    assert ['rows'] in [key for key, _ in result.records]


@pytest.mark.parametrize('runner', [inline, pytest.param(local, marks=pytest.mark.slow)])
def test_map_tasks_are_not_split_again(runner, tmp_path, monkeypatch):
    """mrjob alone would make four or five tasks of these two."""
    started = []
    monkeypatch.setattr(
        runner,
        'run_forked',
        lambda tasks, n: run_forked([started.append(task) or task for task in tasks], n),
    )
    tasks = [[split_of(tmp_path / f'{task}-{i}.csv') for i in range(4)] for task in range(2)]
    result = survey(tmp_path, tasks, runner.__name__.rpartition('.')[2])
    assert result.counters['rows'] == 16
    assert (
        len(
            [
                task
                for task in started
                if 'mapper' in str(getattr(task, 'args', '')) or runner is inline
            ]
        )
        == 2
    )


@pytest.mark.parametrize('runner', ['inline', pytest.param('local', marks=pytest.mark.slow)])
def test_error_of_a_task_is_the_jobs_error(runner, tmp_path):
    good, bad = split_of(tmp_path / 'good.csv'), split_of(tmp_path / 'bad.csv.gz', b'no gzip')
    with pytest.raises(DataError, match='^bad.csv.gz: not a compressed file'):
        survey(tmp_path, [good, bad], runner)
    gone = Split(TEXT, str(tmp_path / 'gone.csv'), 0, 9, 'gone.csv')
    with pytest.raises(RunError, match='gone.csv') as caught:
        survey(tmp_path, [gone], runner)
    assert 'Traceback' not in str(caught.value)
    assert {
        name.split('-')[0]
        for folder in tmp_path.glob('jobs*')
        for name in os.listdir(folder / 'job-00001')
    } == {'task'}


def test_configuration_can_limit_the_cores(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        inline,
        'run_forked',
        lambda tasks, n_at_once: asked.append(n_at_once) or run_forked(tasks, n_at_once),
    )
    (tmp_path / 'mine.conf').write_text('runners:\n  inline:\n    num_cores: 1\n')
    survey(tmp_path, [split_of(tmp_path / 'a.csv')], conf=str(tmp_path / 'mine.conf'))
    survey(tmp_path, [split_of(tmp_path / 'a.csv')])
    assert asked == [1, usable_cores()]


@pytest.mark.parametrize(
    'status, text, kind, words',
    [
        (
            1,
            'reporter\nTraceback ...\nmr_kmeans.errors.DataError: x.csv line 2: bad\nand more\n',
            DataError,
            'x.csv line 2: bad\nand more',
        ),
        (
            1,
            'Traceback ...\nmr_kmeans.errors.NoSuchError: x\n',
            RunError,
            'a task failed: mr_kmeans.errors.NoSuchError: x (-v shows more)',
        ),
        (
            1,
            'Traceback ...\nOSError: [Errno 28] No space left\n\n',
            RunError,
            (
                'a task: No space left. Make room, then give the same command again (fit: with'
                ' --resume).'
            ),
        ),
        (1, "Traceback ...\nOSError: [Errno 13] No: '/x: y'\n", RunError, '/x: y: No'),
        (1, ' \n', RunError, 'a task ended without an error message (exit status 1).'),
        (
            -9,
            '',
            RunError,
            'a task was killed by signal 9 (SIGKILL); the machine may have run out of memory.',
        ),
    ],
)
def test_exit_status_and_stderr_of_a_local_task_become_an_error(status, text, kind, words):
    error = local.error_of(status, text)
    assert type(error) is kind and str(error) == words
