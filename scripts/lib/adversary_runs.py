"""How soak_adversary runs the command, and what no end of a run may be."""

import contextlib
import csv
import json
import os
import select
import shutil
import signal
import tempfile
import time
import traceback
from typing import List, NamedTuple

import commandline
from process_tree import members

EXIT_CODES = {0, 1, 2, 3, 4, 129, 130, 143}
LIMIT_SECONDS = 60
FORBIDDEN = ('Traceback', 'is a defect', 'Fatal Python error', 'Exception ignored')


class Wrong(Exception):
    """What a case came to that it must not; the message says what."""


class Case(NamedTuple):
    """One case: its part, its number, and a folder of its own."""

    part: str
    number: int
    seed: int
    folder: str

    @property
    def chance_seed(self) -> str:
        """Return what its chance is made of: nothing of the cases before it."""
        return f'{self.seed} {self.part} {self.number}'

    def path(self, *names) -> str:
        """Return a path in its folder."""
        return os.path.join(self.folder, *names)


def in_a_fork(work, seconds=LIMIT_SECONDS):
    """Return what `work()` returns in a child, plain JSON types.

    It is killed, with all that it started, when it takes too long. A child is quicker than a
    command, and no thread of a library reaches another.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        be_the_child(work, reading, writing)
    os.close(writing)
    text, end, hung = b'', time.monotonic() + seconds, False
    try:
        while not hung:
            if not select.select([reading], [], [], max(0.0, end - time.monotonic()))[0]:
                hung = True
            else:
                part = os.read(reading, 1 << 16)
                if not part:
                    break
                text += part
    finally:
        os.close(reading)
        if hung:
            end_session(pid)
        status = os.waitpid(pid, 0)[1]
    if hung:
        raise Wrong(f'it hung: no end after {seconds} s')
    if status:
        raise Wrong(f'it died: status {status}')
    return json.loads(text)


def be_the_child(work, reading, writing) -> None:
    """Write what `work()` returns into a pipe, and end."""
    status = 1
    try:
        os.setsid()
        os.close(reading)
        with open(writing, 'w', encoding='utf-8', errors='surrogateescape') as pipe:
            json.dump(work(), pipe)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def call(
    *arguments, seconds=LIMIT_SECONDS, setting=contextlib.nullcontext, environ=()
) -> commandline.Done:
    """Run the command in a child; return how it ended, which must be a documented way."""

    def work():
        os.environ.update(environ)
        tempfile.tempdir = None  # found again where the environment says
        with setting():
            done = commandline.call(*arguments)
        return done

    try:
        return checked(commandline.Done(*in_a_fork(work, seconds)))
    except Wrong as error:
        raise Wrong(f'{error} [mr-kmeans {" ".join(map(str, arguments))}]') from error


def fit_arguments(problem, out, init):
    """Return the arguments of a fit of a problem, without its rows."""
    limits = ['--max-iter', problem.max_iter, '--tol', problem.tol]
    return ['fit', '-k', problem.k, '-o', out, '--init', init, '--n-init', 2, *limits]


def checked(done, killed=()) -> commandline.Done:
    """Return how a command ended if it may end so; `killed` are further codes allowed."""
    words = next((words for words in FORBIDDEN if words in done.stderr + done.stdout), None)
    if words or done.code not in EXIT_CODES and done.code not in killed:
        raise Wrong(f'exit code {done.code}{": " + words if words else ""}: {tail(done)}')
    if done.code and done.code not in killed and not done.stderr.strip():
        raise Wrong(f'exit code {done.code} and no message')
    return done


def expect(done, code, what) -> None:
    """Raise Wrong when a command has not ended with this code."""
    if done.code != code:
        raise Wrong(f'{what}: exit code {done.code}, not {code}: {tail(done)}')


def compare(found, expected, way) -> None:
    """Raise Wrong when an outcome of a fit is not the expected one, to the last bit."""
    for name, ours, theirs in zip(found._fields, found, expected):
        if ours != theirs and repr(ours) != repr(theirs):  # -0.0 is 0.0, and nan is nan
            raise Wrong(
                f'{name}: {str(ours)[:200]}, the reference has {str(theirs)[:200]} '
                f'[{" ".join(map(str, way))}]'
            )


def write_start(path, start, features) -> str:
    """Write a centroid file of iteration 0; return the path."""
    with open(path, 'w', encoding='utf-8', newline='') as file:
        table = csv.writer(file)
        table.writerow(['iteration', 'cluster_id', 'count', *features])
        table.writerows([0, number, 0, *map(repr, row)] for number, row in enumerate(start))
    return path


def tail(done) -> str:
    """Return the end of what a command has said."""
    return ' / '.join(done.stderr.strip().splitlines()[-3:])[-600:] or '(nothing)'


def end_session(session) -> None:
    """Kill all processes of a session that was started here."""
    for pid in members(session):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_for(condition, seconds=30.0, pause=0.002) -> bool:
    """Wait until a condition holds; tell whether it does."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def alive(session) -> List[int]:
    """Return the processes of a session that have not ended."""
    found = []
    for pid in members(session):
        with contextlib.suppress(OSError, IndexError), open(f'/proc/{pid}/stat', 'rb') as file:
            if file.read().rpartition(b')')[2].split()[0] not in (b'Z', b'X'):
                found.append(pid)
    return found


def same_labels(found, expected) -> None:
    """Raise Wrong unless two folders hold the same labels, be it of files in different folders."""
    texts = []
    for folder in found, expected:
        parts = sorted(name for name in os.listdir(folder) if name.startswith('part-'))
        text = b''.join(read(os.path.join(folder, name)).partition(b'\n')[2] for name in parts)
        texts.append(text.replace(text.partition(b',')[0].rpartition(b'/')[0], b''))
    if texts[0] != texts[1]:
        lines = next(
            (
                pair
                for pair in zip(texts[0].split(b'\n'), texts[1].split(b'\n'))
                if pair[0] != pair[1]
            ),
            '',
        )
        raise Wrong(f'other labels: {len(texts[0])} bytes, not {len(texts[1])}: {lines}')


def read(path) -> bytes:
    """Return the content of a file."""
    with open(path, 'rb') as file:
        return file.read()


def listing(folder) -> List[str]:
    """Return all files below a folder, sorted; folders end with a slash."""
    found = []
    for home, folders, files in os.walk(folder):
        relative = os.path.relpath(home, folder)
        found += [os.path.normpath(os.path.join(relative, name)) for name in files]
        found += [os.path.normpath(os.path.join(relative, name)) + '/' for name in folders]
    return sorted(found)


@contextlib.contextmanager
def own_folder(parent, part, number, seed):
    """Give a case with an empty folder that is removed in the end."""
    folder = tempfile.mkdtemp(prefix=f'{part}{number}.', dir=parent)
    try:
        yield Case(part, number, seed, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
