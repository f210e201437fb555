"""Which processes belong to a cluster, and how they end.

The process table is the truth, not a file of pids: a daemon carries the folder of its cluster and
its own name on its command line, so a pid is only ever used for a process that is ours at that
moment.
"""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from .layout import ClusterError

#: A NodeManager ignores SIGTERM for 15 s; nothing here is worth waiting for that long.
GRACE_SECONDS = 3
#: How long a process may take to vanish after SIGKILL (writing out a large heap, a busy disk).
VANISH_SECONDS = 10


def marks(state_dir, daemon):
    """The JVM options by which a daemon is known again."""
    return [f'-Dmr_kmeans.cluster={state_dir}', f'-Dmr_kmeans.daemon={daemon}']


def find_daemons(state_dir):
    """{daemon: pid} of the daemons of the cluster in this folder that are alive."""
    cluster, name = marks(state_dir, '')
    found = {}
    for pid, arguments in _command_lines():
        if cluster in arguments:
            found.update({word[len(name) :]: pid for word in arguments if word.startswith(name)})
    return found


def find_containers(state_dir, node=''):
    """The pids of the tasks that its NodeManagers (or that of one node) launched: they work in the
    folders these give them.

    Without /proc only their JVMs can be told (by their log folder); Python tasks end with the pipe
    they read from.
    """
    folder = str(state_dir / 'data' / f'nodemanager{node}') + (os.sep if node else '')
    if not _has_proc():
        return [
            pid
            for pid, words in _command_lines()
            if any(f'log.dir={folder}' in word for word in words)
        ]
    pids = []
    for entry in Path('/proc').iterdir():
        try:
            if entry.name.isdigit() and os.readlink(entry / 'cwd').startswith(folder):
                pids.append(int(entry.name))
        except OSError:  # ended meanwhile, or somebody else's
            continue
    return pids


def end_all(state_dir):
    """End all processes of the cluster: SIGTERM, after GRACE_SECONDS SIGKILL, then what the tasks
    left."""
    _signal(find_daemons(state_dir).values(), signal.SIGTERM)
    if not _wait_until_none(lambda: find_daemons(state_dir), GRACE_SECONDS):
        _signal(find_daemons(state_dir).values(), signal.SIGKILL)

    def rest():
        """All that is still there, told once more to end: a NodeManager may have launched a task in
        its last moment."""
        pids = [*find_daemons(state_dir).values(), *find_containers(state_dir)]
        _signal(pids, signal.SIGKILL)
        return pids

    if not _wait_until_none(rest, VANISH_SECONDS):
        raise ClusterError(f'could not end the processes {" ".join(map(str, rest()))}')


def _wait_until_none(find, seconds):
    end = time.monotonic() + seconds
    while find():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _signal(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _has_proc():
    return os.path.exists('/proc/self/cmdline')


def _command_lines():
    """(pid, arguments) of every living process of this user, other than this one."""
    if _has_proc():
        return _from_proc()
    table = subprocess.run(
        ['ps', '-U', str(os.getuid()), '-ww', '-o', 'pid=,command='],
        stdout=subprocess.PIPE,
        text=True,
    )
    lines = [line.split() for line in table.stdout.splitlines()]
    return [(int(words[0]), words[1:]) for words in lines if int(words[0]) != os.getpid()]


def _from_proc():
    processes = []
    for entry in Path('/proc').iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if (
                entry.stat().st_uid == os.getuid()
            ):  # a process that has died but was not waited for has no command line
                words = (entry / 'cmdline').read_bytes().rstrip(b'\0').split(b'\0')
                processes.append((int(entry.name), [os.fsdecode(word) for word in words]))
        except OSError:
            continue
    return processes
