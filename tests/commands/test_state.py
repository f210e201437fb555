"""Runs that are killed, interrupted or out of room, two at a time, and what is true of their folder
afterwards."""

import errno
import json
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commandline import COMMAND, call, environment, full_disk, model_hash, run, start

from mr_kmeans.storage.base import UNFINISHED
from mr_kmeans.system.processes import identity

OPTIONS = ['-k', '8', '--init', 'random', '--tol', '0', '--max-iter', '8']


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """A table whose clusters move for a while."""
    path = tmp_path_factory.mktemp('data') / 'points.csv'
    draw = random.Random(3).random
    path.write_text('x,y\n' + ''.join(f'{draw():.4f},{draw():.4f}\n' for _ in range(10_000)))
    return path


@pytest.fixture(scope='module')
def unbroken(data, tmp_path_factory):
    """The hash of a run that nobody disturbs, and the names of its files."""
    out = tmp_path_factory.mktemp('unbroken') / 'out'
    done = call('fit', data, '-o', out, *OPTIONS, '-q')
    return model_hash(done), sorted(os.listdir(out))


@pytest.fixture(scope='module')
def short_run(data, tmp_path_factory):
    """A run of four iterations; to be copied."""
    out = tmp_path_factory.mktemp('short') / 'out'
    done = call('fit', data, '-o', out, *OPTIONS, '--max-iter', 4)
    assert done.code == 0 and '(stopped: max-iter)' in done.stdout
    return out


@pytest.fixture
def out(short_run, tmp_path):
    """A copy of it, in the working directory of nobody."""
    return Path(shutil.copytree(short_run, tmp_path / 'out'))


def is_unfinished(path) -> bool:
    """Whether a process that was stopped has a file half written: it then puts it in place."""
    return path.name.startswith('.') and path.name.endswith(UNFINISHED)


def finished_paths(out) -> list:
    return sorted(str(path) for path in out.rglob('*') if not is_unfinished(path))


def finished_files(out) -> dict:
    """The files of a run with their content, without those that are temporary."""
    return {
        path: path.read_bytes()
        for path in out.glob('**/*')
        if path.is_file() and 'tmp' not in path.parts and not is_unfinished(path)
    }


def processes(marker) -> list:
    """The processes that have a word on their command line; children forked have that of their
    parent."""
    listed = subprocess.run(
        ['ps', '-A', '-ww', '-o', 'pid=,stat=,command='], capture_output=True, text=True, check=True
    ).stdout
    return [
        line
        for line in listed.splitlines()
        if str(marker) in line and not line.split()[1].startswith('Z')
    ]


def wait_for(condition, seconds=30.0) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, 'it never came true'
        time.sleep(0.002)


def begun(data, out, what: str, *more, stopped=True):
    """Start a fit and wait until a file is there; stop it, that it does not end before what a test
    is about."""
    process = start('fit', data, '-o', out, *OPTIONS, *more)
    wait_for(lambda: list(out.glob(what)) or process.poll() is not None)
    if stopped:
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    assert process.poll() is None, process.communicate()
    return process


def ended(process):
    """Let it go on; return its exit status and what it said."""
    process.send_signal(signal.SIGCONT)
    stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout, stderr


def check_resumed(data, out, unbroken, *more) -> None:
    """Go on with a run; it must end as an unbroken one."""
    done = call('fit', data, '-o', out, *OPTIONS, '--resume', *more)
    assert model_hash(done) == unbroken[0]
    assert sorted(os.listdir(out)) == unbroken[1]
    assert not list(out.rglob('*.tmp')) and not list(out.parent.rglob('.*.tmp'))


@pytest.mark.parametrize(
    'number, to_group, code, runner',
    [
        (signal.SIGTERM, False, 143, 'inline'),
        (signal.SIGINT, True, 130, 'inline'),
        pytest.param(signal.SIGTERM, True, 143, 'inline', marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, False, 129, 'inline', marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, False, 143, 'local', marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, True, 130, 'local', marks=pytest.mark.slow),
    ],
)
def test_a_signal_ends_a_run_in_order(number, to_group, code, runner, data, unbroken, tmp_path):
    out = tmp_path / 'out'
    if runner == 'local':
        process = begun(data, out, 'iterations/00000.json', '-r', runner, stopped=False)
        wait_for(lambda: len(processes(out)) > 2)  # the driver, its child, the task
    else:
        process = begun(data, out, 'iterations/00001.json')
    (os.killpg if to_group else os.kill)(process.pid, number)
    returncode, stdout, stderr = ended(process)
    assert (returncode, stdout) == (code, '')
    assert '--resume' in stderr and 'Traceback' not in stderr
    assert processes(out) == []
    assert (
        not (out / 'lock').exists()
        and not (out / 'tmp').exists()
        and not (out / 'model.json').exists()
    )
    check_resumed(data, out, unbroken)


@pytest.mark.parametrize(
    'what, has_run',
    [('tmp/jobs/*/packed', False), ('iterations/00003.json', True)]
    + [
        pytest.param(*case, marks=pytest.mark.slow)
        for case in [
            ('lock', False),
            ('tmp/jobs', False),
            ('points', False),
            ('iterations/00000.json', True),
            ('tmp/jobs/*/centroids.csv', True),
        ]
    ],
)
def test_sigkill_leaves_no_process_and_nothing_in_the_way(what, has_run, data, unbroken, tmp_path):
    out = tmp_path / 'out'
    process = begun(data, out, what)
    process.kill()
    process.communicate(timeout=30)
    wait_for(lambda: not processes(out), 5)  # the system kills the children
    if not (out / 'iterations/00000.json').exists():
        assert not has_run
        done = call(
            'fit', data, '-o', out, *OPTIONS
        )  # nothing has begun: no --overwrite, no --resume
        assert model_hash(done) == unbroken[0]
        assert sorted(os.listdir(out)) == unbroken[1]
    else:
        refused = call('fit', data, '-o', out, *OPTIONS)
        assert refused.code == 2 and '--resume' in refused.stderr
        check_resumed(data, out, unbroken)


@pytest.mark.slow
@pytest.mark.parametrize('seed, more', [(0, []), (1, ['--no-pack', '--variant', 'two-job'])])
def test_sigkill_again_and_again(seed, more, data, unbroken, tmp_path):
    out, chance = tmp_path / 'out', random.Random(seed)
    for _ in range(6):
        process = start('fit', data, '-o', out, *OPTIONS, '--resume', *more)
        wait_for(lambda one=process: (out / 'lock').exists() or one.poll() is not None)
        time.sleep(chance.random() * 0.4)
        process.kill()
        process.communicate(timeout=30)
    wait_for(lambda: not processes(out), 5)
    done = call('fit', data, '-o', out, *OPTIONS, '--resume', *more)
    assert model_hash(done) == unbroken[0]
    assert sorted(os.listdir(out)) == [name for name in unbroken[1] if name != 'points' or not more]


KILLED_AFTER = """
import os, signal, sys
left = int(sys.argv.pop(1))
def counted(real):
    def call(*args, **kwargs):
        global left
        real(*args, **kwargs)
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return call
os.link, os.replace, os.rename = counted(os.link), counted(os.replace), counted(os.rename)
from mr_kmeans.cli.main import main
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    'n_steps, has_run', [(0, False), (2, False), (4, False), (5, True), (8, True)]
)
def test_sigkill_after_each_step_that_makes_something_true(
    n_steps, has_run, data, unbroken, tmp_path
):
    """The lock; what the packed rows are made from, the packed rows; manifest, survey, the start;
    the tables; iteration 1."""
    out = tmp_path / 'out'
    done = subprocess.run(
        [
            sys.executable,
            '-c',
            KILLED_AFTER,
            str(n_steps),
            'fit',
            str(data),
            '-o',
            str(out),
            *OPTIONS,
        ],
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL and (out / 'lock').exists(), done.stderr
    plain = call('fit', data, '-o', out, *OPTIONS)
    assert (plain.code == 2) == has_run and (has_run or model_hash(plain) == unbroken[0])
    check_resumed(data, out, unbroken)


@pytest.mark.slow
def test_sigkill_of_the_local_runner_leaves_no_process(data, unbroken, tmp_path):
    out = tmp_path / 'out'
    process = begun(data, out, 'iterations/00000.json', '-r', 'local', stopped=False)
    wait_for(lambda: len(processes(out)) > 2)  # the driver, its child, the task
    process.kill()
    process.communicate(timeout=30)
    wait_for(lambda: not processes(out), 5)
    check_resumed(data, out, unbroken)


def test_the_second_of_two_runs_on_one_output_is_refused(data, unbroken, tmp_path):
    out = tmp_path / 'out'
    first = begun(data, out, 'iterations/00001.json')
    for more in [], ['--resume'], ['--overwrite'], ['--resume', '--break-lock']:
        second = call('fit', data, '-o', out, *OPTIONS, *more)
        assert (second.code, second.stdout) == (4, '')
        assert (
            f'{out} is in use by another run (process {first.pid} on {os.uname().nodename}'
            in second.stderr
        )
        assert f'kill {first.pid}' in second.stderr
    assigned = call('assign', out, data, '-o', tmp_path / 'labels')
    assert assigned.code == 1 and 'not finished' in assigned.stderr
    returncode, stdout, stderr = ended(first)
    assert (returncode, stdout.split('model hash')[1].split()[0]) == (0, unbroken[0]), stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    'number, code', [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)]
)
def test_labels_are_there_as_a_whole_or_not_at_all(number, code, data, out, tmp_path):
    args = ['assign', out, data, '-o', tmp_path / 'labels', '--no-pack']
    process = start(*args)
    wait_for(lambda: list(tmp_path.glob('.labels.*.tmp/*/job-*')))
    os.killpg(process.pid, number)
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (code, '') and 'Traceback' not in stderr
    wait_for(lambda: not processes(tmp_path), 5)
    assert not (tmp_path / 'labels').exists()
    assert len(list(tmp_path.glob('.labels.*'))) == (1 if number == signal.SIGKILL else 0)
    assert call(*args).code == 0
    assert sorted(os.listdir(tmp_path)) == ['labels', 'out']
    assert (
        sum(path.read_text().count('\n') - 1 for path in (tmp_path / 'labels').iterdir()) == 10_000
    )


def test_a_lock_of_another_host_is_respected(data, unbroken, tmp_path):
    out = tmp_path / 'out'
    out.mkdir()
    (out / 'lock').write_text(json.dumps({'host': 'elsewhere', 'pid': 12, 'started': 'yesterday'}))
    done = call('fit', data, '-o', out, *OPTIONS)
    assert done.code == 4 and '(process 12 on elsewhere, since yesterday)' in done.stderr
    assert '--break-lock ends its lock' in done.stderr and (out / 'lock').exists()
    done = call('fit', data, '-o', out, *OPTIONS, '--break-lock')
    assert model_hash(done) == unbroken[0]
    assert (
        'is broken, as --break-lock says (process 12 on elsewhere, since yesterday)' in done.stderr
    )
    assert sorted(os.listdir(out)) == unbroken[1]


def test_break_lock_breaks_nothing_before_it_is_known_what_to_do(data, out):
    (out / 'lock').write_text(json.dumps({'host': 'elsewhere', 'pid': 12, 'started': 'yesterday'}))
    done = call('fit', data, '-o', out, *OPTIONS, '--break-lock')
    assert done.code == 2 and '--resume' in done.stderr and (out / 'lock').exists()


def test_a_lock_that_is_missing_is_not_broken(data, unbroken, tmp_path):
    done = call('fit', data, '-o', tmp_path / 'out', *OPTIONS, '--break-lock')
    assert model_hash(done) == unbroken[0] and 'broken' not in done.stderr


@pytest.mark.parametrize(
    'at', ['iterations/00002.json', pytest.param('tmp/jobs', marks=pytest.mark.slow), None]
)
def test_a_successor_is_not_disturbed_by_the_run_whose_lock_it_was_given(
    at, data, unbroken, tmp_path
):
    """Somebody removed the lock of a run that was only slow. The successor is in the middle, has
    begun, or is done by then."""
    out = tmp_path / 'out'
    first = begun(data, out, 'iterations/00001.json')
    (out / 'lock').unlink()
    if at:
        shutil.rmtree(out / 'tmp')  # as the successor would; it is what this test waits for
        second = begun(data, out, at, '--resume')
    else:
        assert model_hash(call('fit', data, '-o', out, *OPTIONS, '--resume')) == unbroken[0]
    before = finished_paths(out)
    returncode, stdout, stderr = ended(first)
    assert (returncode, stdout) == (4, '') and 'the lock of this run was re' in stderr, stderr
    assert finished_paths(out) == before
    if at:
        returncode, stdout, stderr = ended(second)
        assert (returncode, stdout.split('model hash')[1].split()[0]) == (0, unbroken[0]), stderr
    assert sorted(os.listdir(out)) == unbroken[1]
    assert model_hash(call('fit', data, '-o', out, *OPTIONS, '--resume')) == unbroken[0]


@pytest.mark.parametrize('what', ['removed', 'replaced'])
def test_a_run_that_lost_its_lock_stops_and_leaves_its_successor_alone(
    what, data, unbroken, tmp_path
):
    out = tmp_path / 'out'
    first = begun(data, out, 'iterations/00001.json')
    (out / 'lock').unlink()
    lock = json.dumps({'host': 'elsewhere', 'pid': 12, 'started': 'now'})
    if what == 'replaced':
        shutil.rmtree(out / 'tmp')
        (out / 'tmp').mkdir()
        (out / 'lock').write_text(lock)
    before = finished_files(out)
    returncode, stdout, stderr = ended(first)
    assert (returncode, stdout) == (4, ''), stderr
    assert f'{out}: the lock of this run was {what}' in stderr and '--resume' in stderr
    assert ('process 12 on elsewhere' in stderr) == (what == 'replaced')
    after = finished_files(out)
    assert before.keys() == after.keys() and (out / 'tmp').exists()
    assert {path for path in before if before[path] != after[path]} <= {
        out / 'centroids.csv',
        out / 'iterations.csv',
    }
    done = call(
        'fit',
        data,
        '-o',
        out,
        *OPTIONS,
        '--resume',
        *(['--break-lock'] if what == 'replaced' else []),
    )
    assert model_hash(done) == unbroken[0] and sorted(os.listdir(out)) == unbroken[1]


def test_a_full_disk_in_the_middle_of_the_iterations(data, unbroken):
    with full_disk(30 << 20) as (folder, options):
        out = Path(folder, 'out')
        process = begun(data, out, 'iterations/00001.json', '-q')
        if not options:
            with open(f'{folder}/filler', 'wb', buffering=0) as stream, pytest.raises(OSError):
                while True:
                    stream.write(bytes(1 << 16))
        elif hasattr(resource, 'prlimit'):  # no file system could be mounted
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (64, 64))
        else:  # nor can a process be limited on macOS
            os.chmod(out / 'iterations', 0o500)
        returncode, stdout, stderr = ended(process)
        assert (returncode, stdout) == (1, ''), stderr
        assert (
            'No space left' in stderr or 'File too large' in stderr or 'Permission denied' in stderr
        )
        assert 'Traceback' not in stderr and 'defect' not in stderr
        os.chmod(out / 'iterations', 0o700)
        assert (
            not (out / 'lock').exists()
            and not (out / 'tmp').exists()
            and not list(out.rglob('.*.tmp'))
        )
        if not options:
            os.unlink(f'{folder}/filler')
        assert len(os.listdir(out / 'iterations')) < 9
        check_resumed(data, out, unbroken)


@pytest.mark.slow
@pytest.mark.parametrize('n_writes', [0, 1, 2, 4, 6, 10, 27])
def test_a_disk_that_is_full_after_so_many_writes(n_writes, data, unbroken, tmp_path, monkeypatch):
    fsync, n_done = os.fsync, []

    def full(descriptor):
        n_done.append(None)
        if len(n_done) > n_writes:
            raise OSError(errno.ENOSPC, 'No space left on device')
        fsync(descriptor)

    out = tmp_path / 'out'
    with monkeypatch.context() as patch:
        patch.setattr(os, 'fsync', full)
        done = call('fit', data, '-o', out, *OPTIONS)
    assert (done.code, done.stdout) == (1, '')
    assert (
        f'{out}/' in done.stderr
        and 'No space left on device. Make room' in done.stderr
        and '--resume' in done.stderr
    )
    assert (
        not list(tmp_path.rglob('*.tmp'))
        and not (out / 'tmp').exists()
        and not (out / 'lock').exists()
    )
    assert not (out / 'model.json').exists()
    check_resumed(data, out, unbroken)


def test_iterations_continue_after_a_resume(data, unbroken, out):
    before = {path.name: path.stat().st_mtime_ns for path in (out / 'iterations').iterdir()}
    check_resumed(data, out, unbroken)
    after = {path.name: path.stat().st_mtime_ns for path in (out / 'iterations').iterdir()}
    assert len(before) == 5 and {name: after[name] for name in before} == before and len(after) == 9
    again = call('fit', data, '-o', out, *OPTIONS, '--resume')
    assert model_hash(again) == unbroken[0] and 'nothing is left to do' in again.stderr


@pytest.mark.parametrize(
    'more, words',
    [
        (['-k', '7'], ['the options differ: k was 8, is 7']),
        (['--seed', '1'], ['seed was 0, is 1']),
        (['--tol', '0.5'], ['tol was 0.0, is 0.5']),
        (['--init', 'sample'], ['init was', "is 'sample'"]),
        (['--columns', 'x'], ['the features were x, y, and are x.']),
        (['--columns', 'y,x'], ['the features were x, y, and are y, x.']),
        (['--max-iter', '2'], ['4 iterations', '--max-iter 2']),
        (['other.csv'], ['the input differs', 'other.csv', 'other values in column']),
    ],
)
def test_resume_with_other_options_names_the_difference(
    more, words, data, out, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path('other.csv').write_text(
        data.read_text().rpartition('0.')[0] + '1\n'
    )  # the same rows would go on
    done = call(
        'fit', *([data] if more[0] != 'other.csv' else []), '-o', 'out', *OPTIONS, '--resume', *more
    )
    assert (done.code, done.stdout) == (2, ''), done.stderr
    for word in [*words, '--overwrite' if '--max-iter' not in more else '']:
        assert word in done.stderr
    assert (out / 'model.json').exists()


@pytest.mark.parametrize('name', ['manifest.json', 'survey.json', 'iterations'])
def test_a_run_that_cannot_be_resumed_is_refused(name, data, out):
    (shutil.rmtree if name == 'iterations' else os.unlink)(out / name)
    done = call('fit', data, '-o', out, *OPTIONS, '--resume')
    assert (
        done.code == 1 and f'its {name} is missing' in done.stderr and '--overwrite' in done.stderr
    )


@pytest.mark.slow
@pytest.mark.parametrize('content', [None, '{"other": 1}'])
@pytest.mark.parametrize('name', ['manifest.json', 'survey.json', 'iterations/00002.json'])
def test_damaged_state_is_reported_and_can_be_overwritten(name, content, data, out):
    os.truncate(out / name, 100)
    if content:
        (out / name).write_text(content)
        (out / 'model.json').unlink()
    done = call('fit', data, '-o', out, *OPTIONS, '--resume')
    assert done.code == 1 and name.partition('/')[0] in done.stderr and ': damaged' in done.stderr
    assert '--overwrite' in done.stderr and 'defect' not in done.stderr
    assert call('fit', data, '-o', out, *OPTIONS, '--max-iter', 1, '--overwrite').code == 0


@pytest.mark.slow
def test_resume_without_a_run_begins_one(data, unbroken, tmp_path):
    done = call('fit', data, '-o', tmp_path / 'out', *OPTIONS, '--resume')
    assert model_hash(done) == unbroken[0] and 'no iteration in' in done.stderr


@pytest.mark.slow
def test_tables_are_rebuilt(data, unbroken, out):
    before = (out / 'centroids.csv').read_text()
    for name in 'centroids.csv', 'iterations.csv', 'model.json':
        os.unlink(out / name)
    check_resumed(data, out, unbroken)
    assert (out / 'centroids.csv').read_text().startswith(before)
    assert (out / 'iterations.csv').read_text().count('\n') == 1 + 9


@pytest.mark.slow
def test_packed_rows_may_be_removed(data, unbroken, out):
    shutil.rmtree(out / 'points')
    check_resumed(data, out, unbroken)


def test_the_start_may_be_interrupted_while_python_imports(data, tmp_path):
    """Ctrl-C right after Return: no traceback of half-imported modules once the command has the
    word."""
    process = subprocess.Popen(
        [
            sys.executable,
            '-c',
            (
                'import os, signal; from mr_kmeans.cli.main import main; '
                'import builtins; real = builtins.__import__\n'
                'def stop(name, *args, **kwargs):\n'
                '    if name == "mr_kmeans.commands.fit": os.kill(os.getpid(), signal.SIGINT)\n'
                '    return real(name, *args, **kwargs)\n'
                'builtins.__import__ = stop; main()'
            ),
            'fit',
            str(data),
            '-k',
            '2',
            '-o',
            str(tmp_path / 'out'),
        ],
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent.parent,
    )
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130 and 'Traceback' not in stderr and 'interrupted' in stderr
    assert 'after the last complete iteration, or starts again if there is none' in stderr
    assert not (tmp_path / 'out').exists()


@pytest.mark.slow
def test_nohup_outlives_its_terminal(data, unbroken, tmp_path):
    process = start(
        'fit',
        data,
        '-o',
        tmp_path / 'out',
        *OPTIONS,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    wait_for(lambda: (tmp_path / 'out/iterations/00001.json').exists())
    process.send_signal(signal.SIGHUP)
    returncode, stdout, stderr = ended(process)
    assert (returncode, stdout.split('model hash')[1].split()[0]) == (0, unbroken[0]), stderr


def test_an_interrupt_that_is_ignored_at_the_start_stays_ignored(data, unbroken, tmp_path):
    """As in the background of a shell that is not interactive: Ctrl-C is for what is in front.
    `kill` ends it in order."""
    out, script = tmp_path / 'out', '"$@" & echo $!; wait $!'
    shell = subprocess.Popen(
        ['sh', '-c', script, 'sh', *COMMAND, 'fit', data, '-o', out, *OPTIONS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    pid = int(shell.stdout.readline())
    wait_for(lambda: (out / 'iterations/00001.json').exists())
    os.kill(pid, signal.SIGSTOP)
    os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGCONT)
    wait_for(lambda: (out / 'iterations/00003.json').exists())
    os.kill(pid, signal.SIGSTOP)
    assert processes(out) and not (out / 'model.json').exists()
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGCONT)
    stdout, stderr = shell.communicate(timeout=30)
    assert (
        (shell.returncode, stdout) == (143, '')
        and '--resume' in stderr
        and not (out / 'lock').exists()
    )
    check_resumed(data, out, unbroken)


@pytest.mark.slow
def test_a_run_in_a_process_of_its_own_agrees(data, unbroken, tmp_path):
    assert model_hash(run('fit', data, '-o', tmp_path / 'out', *OPTIONS)) == unbroken[0]


def test_labels_that_were_being_replaced_are_put_back(data, out, tmp_path):
    """A process that was killed between two renames has the old labels in its temporary folder."""
    assert call('assign', out, data, '-o', tmp_path / 'labels').code == 0
    before = (tmp_path / 'labels' / 'part-00000.csv').read_bytes()
    gone = subprocess.Popen(['true'])
    gone.wait()
    folder = tmp_path / f'.labels.{gone.pid}@{socket.gethostname()}.0123.tmp'
    folder.mkdir()
    (tmp_path / 'labels').rename(folder / 'old')
    bad = tmp_path / 'bad.csv'
    bad.write_text('x,y\n1,2\nno,number\n')
    assert call('assign', out, bad, '-o', tmp_path / 'labels').code == 3
    assert (tmp_path / 'labels' / 'part-00000.csv').read_bytes() == before and not folder.exists()


@pytest.mark.parametrize(
    'who, is_gone',
    [
        ({'born': '1'}, True),
        ({}, False),
        ({'pids': 'pid:[1]', 'pid': 2**22 + 1}, False),
        ({'machine': 'x', 'pid': 2**22 + 1}, False),
    ],
)
def test_temporary_folders_of_others_are_removed_when_they_are_gone(
    who, is_gone, data, out, tmp_path
):
    """The number of a process is used again, and another container of this name has its own
    numbers."""
    who = dict(identity(os.getppid()), **who)
    if not all(who.values()):
        return  # this system does not tell
    folder = tmp_path / f'.labels.{who["pid"]}@{socket.gethostname()}.0123.tmp'
    folder.mkdir()
    (folder / 'owner.json').write_text(json.dumps(who))
    assert call('assign', out, data, '-o', tmp_path / 'labels').code == 0
    assert folder.exists() != is_gone
