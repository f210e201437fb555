"""Run a command, and measure the memory that it and all processes it starts take together (Linux).

What is summed is PSS, the proportional set size of /proc/PID/smaps_rollup: a page that m processes
share counts 1/m in each, so that the sum is the memory in use, with forked and file-backed pages
counted once. Files in the page cache are not in it unless a process maps them. Reading it holds up
the process for some milliseconds, so times are taken without.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from typing import NamedTuple, Optional

SAMPLE_SECONDS = 0.05


class Measured(NamedTuple):
    seconds: float
    peak_bytes: Optional[int]
    stdout: str


def run(command, cores=None, with_memory=False, **options):
    """Run `command` to its end, on `cores` cores, and return what it took; CalledProcessError when
    it fails."""
    with tempfile.TemporaryFile('w+') as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdout=output,
            start_new_session=True,
            preexec_fn=(lambda: use_cores(cores)) if cores else None,
            **options,
        )
        sampler = Sampler(process.pid) if with_memory else None
        status = process.wait()
        seconds = time.perf_counter() - began
        peak = sampler.stop() if sampler else None
        if status:
            raise subprocess.CalledProcessError(status, command)
        output.seek(0)
        return Measured(seconds, peak, output.read())


def use_cores(count):
    """Keep this process to `count` of the cores it may use."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


class Sampler(threading.Thread):
    """Follows a session's memory until it is stopped."""

    def __init__(self, session):
        super().__init__(daemon=True)
        self.session, self.peak, self.done = session, 0, threading.Event()
        self.start()

    def run(self):
        while not self.done.wait(SAMPLE_SECONDS):
            self.peak = max(
                self.peak, sum(proportional_set_size(pid) for pid in members(self.session))
            )

    def stop(self):
        self.done.set()
        self.join()
        return self.peak


def members(session):
    """Return the ids of the processes of a session: a command started in one of its own, and all it
    has started."""
    found = []
    for name in os.listdir('/proc'):
        if name.isdigit():
            try:
                with open('/proc/%s/stat' % name, 'rb') as file:
                    # after the name in parentheses: state, parent, group, session
                    if int(file.read().rpartition(b')')[2].split()[3]) == session:
                        found.append(int(name))
            except (OSError, ValueError, IndexError):
                pass  # it has ended meanwhile
    return found


def proportional_set_size(pid):
    """Return the PSS of a process in bytes, 0 when it has ended."""
    try:
        with open('/proc/%d/smaps_rollup' % pid, 'rb') as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(b'Pss:'))
    except (OSError, StopIteration):
        return 0


def fit_command(paths, out, *arguments):
    """Return the command of a fit of 20 clusters that prints JSON."""
    return [
        sys.executable,
        '-m',
        'mr_kmeans',
        'fit',
        *paths,
        '-k',
        '20',
        '-o',
        out,
        '--json',
        '-q',
        *map(str, arguments),
    ]
