"""The part `kills` of soak_adversary: signals at random moments, and what must be true afterwards.

A command is ended at a random time or when a file appears: its driver, a task, or all its
processes. No process and no file is left by it, and the command given again, or --resume, comes to
the result of a run that nobody disturbed.
"""

import contextlib
import os
import random
import shutil
import signal
import time
from typing import NamedTuple

import runs
from adversary_runs import (
    Wrong,
    alive,
    call,
    checked,
    end_session,
    expect,
    listing,
    same_labels,
    wait_for,
)
from commandline import Done, environment, model_hash, start

LONG = ['-k', '8', '--init', 'random', '--tol', '0', '--max-iter', '25']
WIDE = ['-k', '5', '--init', 'random', '--tol', '0', '--max-iter', '3']
OLD = ['-k', '3', '--init', 'random', '--max-iter', '1', '--seed', '1']
FILES = [
    'lock',
    'tmp',
    'tmp/jobs',
    'points',
    'survey.json',
    'iterations/00000.json',
    'iterations/00002.json',
    'centroids.csv',
    'model.json',
]
SIGNALS = [signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT]
TARGETS = ['driver', 'driver', 'task', 'all']
N_WIDE = 300_000
"""Rows whose packing takes a while."""

MOST_KILLS = 3
"""Of one run, the last of which goes on."""


class Scene(NamedTuple):
    """What is killed: its command, and what makes the folder that it finds."""

    name: str
    command: list
    again: list  # what is given afterwards
    prepare: object  # given the folder of a case


def check_kills(case, counts, shared) -> None:
    """Kill a run at random; raise Wrong when something is not as if nothing had happened."""
    chance = random.Random(case.chance_seed)
    data = shared.made('kills', make_data)
    scene = make_scene(chance, data, case)
    scene.prepare()
    os.mkdir(case.path('tmpdir'))
    counts['cases'] += 1
    counts[scene.name] += 1
    command = scene.command
    for _ in range(chance.choice([1, 1, 1, 2, MOST_KILLS])):
        seconds = data['seconds'].setdefault(scene.name, 1.5)
        began = time.monotonic()
        done, number, target = run_and_kill(chance, case, command, seconds)
        if done.code == 0:
            data['seconds'][scene.name] = min(seconds, time.monotonic() - began)
            counts['over before'] += 1
        else:
            counts['kills'] += 1
            counts[f'{number.name} to {target}'] += 1
        check_ending(done, number, target)
        command = scene.again
    done = call(*scene.again, environ={'TMPDIR': case.path('tmpdir')})
    check_result(scene, done, case, data)


def make_scene(chance, data, case) -> Scene:
    """Return one of the scenes."""
    out, labels = case.path('out'), case.path('labels')
    name = chance.choice(
        [
            'fit',
            'fit',
            'fit of many rows',
            'fit --resume',
            'fit --overwrite',
            'fit --engine sql',
            'fit --no-pack',
            'assign',
            'assign --overwrite',
        ]
    )
    fit = ['fit', data['long'], '-o', out, *LONG]
    if name == 'fit of many rows':
        fit = ['fit', *data['wide'], '-o', out, *WIDE]
    if name.startswith('assign'):
        again = ['assign', data['many rows'], *data['wide'], '-o', labels, '--overwrite']
        if name == 'assign':
            return Scene(name, again[:-1], again, lambda: None)
        return Scene(name, again, again, lambda: shutil.copytree(data['other labels'], labels))
    if name in ('fit --resume', 'fit --overwrite'):
        fit += [name.split()[1]]
        before = data['short run' if name == 'fit --resume' else 'other run']
        return Scene(name, fit, fit, lambda: shutil.copytree(before, out))
    more = {'fit --engine sql': ['--engine', 'sql'], 'fit --no-pack': ['--no-pack']}.get(name, [])
    return Scene(name, fit + more, fit + more + ['--resume'], lambda: None)


def make_data(folder, seed):
    """Write files, make the runs that nobody disturbs, and return what they came to."""
    chance = random.Random(f'{seed} kills')
    rows = [(round(chance.random(), 4), round(chance.random(), 4)) for _ in range(2000)]
    data = {'long': runs.write_rows(os.path.join(folder, 'long'), rows)[0], 'seconds': {}}
    expected = runs.outcome_of_reference(rows, runs.start_of_rows(rows, 8), None, 25, 0.0)
    data['hash'] = {'long': expected.hash}
    wide = [tuple(round(chance.gauss(0, 9), 3) for _ in range(4)) for _ in range(N_WIDE)]
    data['wide'] = runs.write_rows(os.path.join(folder, 'wide'), wide, 3)
    for name, arguments in (
        ('many rows', [*data['wide'], *WIDE]),
        ('short run', [data['long'], *LONG, '--max-iter', 3]),
        ('other run', [data['long'], *OLD]),
        ('unbroken', [data['long'], *LONG]),
    ):
        data[name] = os.path.join(folder, name.replace(' ', '_'))
        data['hash'][name] = model_hash(call('fit', *arguments, '-o', data[name]))
    assert data['hash']['unbroken'] == data['hash']['long']
    for name, run, inputs in (
        ('labels', 'many rows', data['wide']),
        ('other labels', 'other run', [data['long']]),
    ):
        data[name] = os.path.join(folder, name.replace(' ', '_'))
        expect(call('assign', data[run], *inputs, '-o', data[name]), 0, 'assign')
    return data


def run_and_kill(chance, case, command, seconds):
    """Start a command, send a signal at a random moment; return its end, the signal, who got it."""
    number, target = chance.choice(SIGNALS), chance.choice(TARGETS)
    path, moment = case.path('out', chance.choice(FILES)), chance.random() * seconds
    by_file = chance.random() < 0.5 and command[0] == 'fit'
    before, lock = set(os.listdir(case.folder)), lock_of(case)
    process = start(*command, env=environment(TMPDIR=case.path('tmpdir')))
    try:

        def has_begun():
            return (
                process.poll() is not None
                or lock_of(case) not in (None, lock)
                or set(os.listdir(case.folder)) - before - {'out'}
            )

        if number != signal.SIGKILL:  # Python's own start is not what is tested
            wait_for(has_begun, 60)
        if by_file:
            wait_for(lambda: os.path.exists(path) or process.poll() is not None, seconds * 3)
            time.sleep(chance.random() * 0.02)
        else:
            wait_for(lambda: process.poll() is not None, moment)
        send(process, number, target)
        try:
            out, err = process.communicate(timeout=60)
        except Exception as error:
            raise Wrong(f'it did not end within 60 s after {number.name} to {target}') from error
        if not wait_for(lambda: not alive(process.pid), 10):
            raise Wrong(f'processes are left after {number.name} to {target}: {alive(process.pid)}')
    finally:
        end_session(process.pid)
        process.wait()
    return Done(process.returncode, out, err), number, target


def lock_of(case):
    """Return what tells a lock from that of a run before, None when there is none."""
    try:
        status = os.stat(case.path('out', 'lock'))
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def send(process, number, target) -> None:
    """Send a signal to the driver, a task or all processes, if there are any left."""
    pids = [process.pid]
    if target == 'task':
        wait_for(lambda: process.poll() is not None or len(alive(process.pid)) > 1, 10)
        pids = [pid for pid in alive(process.pid) if pid != process.pid][-1:]
    elif target == 'all':
        pids = alive(process.pid)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def check_ending(done, number, target) -> None:
    """Raise Wrong unless a command ended as one ends by this signal."""
    at_its_end = (
        'model hash' in done.stdout or 'labeled' in done.stdout
    )  # Python's own, without our handlers
    checked(
        done, [-number] if target != 'task' and (number == signal.SIGKILL or at_its_end) else []
    )
    allowed = (
        {0, 1}
        if target == 'task'
        else {0, -number, 128 + number}
        if target == 'driver'
        else {0, 1, -number, 128 + number}
    )
    if done.code not in allowed:
        raise Wrong(
            f'exit code {done.code} after {number.name} to {target}: {done.stderr.strip()[-400:]}'
        )


def check_result(scene, done, case, data) -> None:
    """Raise Wrong unless what the command came to at last is what it comes to undisturbed."""
    expect(done, 0, f'{scene.name}, given again')
    if scene.name.startswith('assign'):
        same_labels(case.path('labels'), data['labels'])
        left = set(os.listdir(case.folder)) - {'labels', 'tmpdir'}
    else:
        which = 'many rows' if scene.name == 'fit of many rows' else 'unbroken'
        if model_hash(done) != data['hash'][which]:
            raise Wrong(f'{scene.name}: another hash, {model_hash(done)}')
        found = runs.outcome_of_run(case.path('out'))
        if 'sql' not in scene.name and found != runs.outcome_of_run(data[which]):
            raise Wrong(f'{scene.name}: its tables are not those of an undisturbed run')
        names = {'kmeans.duckdb', *os.listdir(data[which])}
        left = set(os.listdir(case.path('out'))) - names | set(os.listdir(case.folder)) - {
            'out',
            'tmpdir',
        }
        left |= set(listing(case.path('out', 'iterations'))) - set(
            listing(os.path.join(data[which], 'iterations'))
        )
    left |= set(os.listdir(case.path('tmpdir')))
    if left:
        raise Wrong(f'{scene.name}: left behind: {sorted(left)}')
