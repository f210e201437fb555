"""Start, status and stop of a cluster. Whatever is interrupted leaves nothing behind, or what the
next command clears."""

import contextlib
import fcntl
import functools
import os
import re
import signal
import time

from . import daemons, hosts
from .archive import ensure_archive
from .home import exports, make_home
from .jars import cache_dir, ensure_jars
from .java import find_java
from .layout import (
    ClusterError,
    Layout,
    check_state_dir,
    choose_ports,
    make_state_dir,
    remove_state_dir,
)
from .processes import end_all, find_containers, find_daemons
from .settings import write_configuration

#: Measured: 8 to 15 s on 2 idle cores. Beyond this the machine is not busy, something is wrong.
START_SECONDS = 180
#: A daemon is dead if this many looks, 0.1 s apart, have not found it.
LOOKS_BEFORE_DEAD = 5
#: Starts with new ports when another program was quicker to take one.
PORT_TRIES = 3


class PortTaken(ClusterError):
    """A port was free when it was chosen and no longer when the daemon wanted it."""


# -- start
# --------------------------------------------------------------------------------------------


def start(state_dir, nodes=None, python=None, talk=lambda text: None, as_hosts=False):
    """Start a cluster, or what is missing of one; return the `export` lines. Interrupted, it ends
    what it started.

    With `as_hosts`, the nodes are hosts of their own (see `hosts`).
    """
    make_state_dir(state_dir)
    with _locked(state_dir, talk):
        layout = Layout.load(state_dir)
        if layout and layout.ready:
            return _complete(layout, nodes, python, talk, as_hosts)
        try:
            for left in reversed(range(PORT_TRIES)):
                _end(state_dir)  # what an interrupted start left
                try:
                    return _start_new(state_dir, nodes or 1, python, talk, as_hosts)
                except PortTaken as taken:
                    if not left:
                        raise
                    talk(f'{taken}; once more with other ports')
                    _clear(state_dir)
        except BaseException:
            with _undisturbed():
                _end(state_dir)
                remove_state_dir(state_dir)
            raise


def _start_new(state_dir, nodes, python, talk, as_hosts):
    reason = as_hosts and hosts.why_not()
    if reason:
        raise ClusterError(f'nodes cannot be hosts of their own, {reason}: leave out --hosts')
    java = find_java()
    _refuse_odd_paths(state_dir, cache_dir(), java.home)
    jars_dir = ensure_jars(talk)
    archive = ensure_archive(java, jars_dir, talk)
    begin = time.monotonic()
    layout = Layout(
        state_dir, nodes, java.home, str(jars_dir), archive and str(archive), choose_ports(nodes)
    )
    if as_hosts:
        layout.network = hosts.choose_network()
        hosts.make(layout)
    for folder in (state_dir / 'logs', layout.tmp_dir):
        folder.mkdir(parents=True, exist_ok=True)
    layout.save()
    make_home(layout)
    write_configuration(layout)
    talk(f'starting {len(layout.daemons())} daemons with {java} ({java.home})')
    _launch_new(layout, python)
    layout.ready = True
    layout.save()
    talk(
        f'ready in {time.monotonic() - begin:.0f} s: {layout.filesystem}, '
        f'{daemons.web_address(layout, "resourcemanager")}'
    )
    return exports(layout)


def _refuse_odd_paths(state_dir, cache, java_home):
    """Hadoop splits its settings at these characters, and its shell scripts at blanks."""
    for path, remedy in (
        (state_dir, 'name another folder with --dir'),
        (cache, 'set XDG_CACHE_HOME to another folder'),
        (java_home, 'set JAVA_HOME to another Java'),
    ):
        odd = re.search(r'[^\w./@+~=-]', str(path))
        if odd:
            raise ClusterError(f'Hadoop cannot work with {odd[0]!r} in the path {path}: {remedy}')


def _launch_new(layout, python):
    """All daemons as soon as each can work: YARN while HDFS is formatted, the history server when
    HDFS is writable."""
    begun = _Begun(layout, python)
    formatting = daemons.format_hdfs(layout)
    begun.launch(
        'resourcemanager', *(name for name in layout.daemons() if name.startswith('nodemanager'))
    )
    begun.wait_for('HDFS to be formatted', lambda: formatting.poll() is not None)
    if formatting.returncode:
        raise ClusterError(
            f'HDFS could not be formatted:\n{daemons.last_words(layout, "namenode")}'
        )
    begun.launch('namenode', *(name for name in layout.daemons() if name.startswith('datanode')))
    begun.wait_for_hdfs()
    daemons.make_hdfs_folders(layout)
    begun.launch('historyserver')
    begun.wait_until_well()


def _complete(layout, nodes, python, talk, as_hosts):
    """A cluster that was started before: start those of its daemons that are no longer there."""
    if as_hosts and not layout.network:
        raise ClusterError(
            f'a cluster without --hosts runs in {layout.state_dir}: stop it first, or name another'
            ' folder with --dir'
        )
    if nodes not in (None, layout.nodes):
        raise ClusterError(
            f'a cluster with --nodes {layout.nodes} runs in {layout.state_dir}: '
            'stop it first, or name another folder with --dir'
        )
    alive = find_daemons(layout.state_dir)
    missing = [daemon for daemon in layout.daemons() if daemon not in alive]
    talk(
        f'starting again: {", ".join(missing)}'
        if missing
        else f'runs already in {layout.state_dir}'
    )
    if layout.network:
        hosts.make(layout)
    begun = _Begun(layout, python)
    begun.launch(*(daemon for daemon in missing if daemon != 'historyserver'))
    if 'historyserver' in missing:
        begun.wait_for_hdfs()
        begun.launch('historyserver')
    begun.wait_until_well()
    return exports(layout)


class _Begun:
    """The daemons that this command has launched: if one of them dies, waiting for anything is in
    vain."""

    def __init__(self, layout, python):
        self.layout, self.python, self.names = layout, python, []

    def launch(self, *names):
        for name in names:
            daemons.launch(self.layout, name, self.python)
            self.names.append(name)

    def wait_for_hdfs(self):
        """Until HDFS can be written to."""
        self.wait_for('HDFS to leave its safe mode', lambda: self._hdfs()[1] == '')

    def wait_until_well(self):
        """Until every daemon answers, and HDFS and YARN count on every node."""
        layout = self.layout
        self.wait_for(f'{layout.nodes} DataNode(s)', lambda: self._hdfs()[0] >= layout.nodes)
        # a NameNode that starts again waits for its files' blocks, which come after the DataNodes
        self.wait_for_hdfs()
        self.wait_for(
            f'{layout.nodes} NodeManager(s)',
            lambda: (daemons.yarn_nodes(layout) or 0) >= layout.nodes,
        )
        for name in layout.daemons():
            self.wait_for(name, functools.partial(daemons.answers, layout, name))

    def _hdfs(self):
        """(live DataNodes, what is said of safe mode): one that does not answer yet can do
        nothing."""
        return daemons.hdfs_state(self.layout) or daemons.NO_ANSWER

    def wait_for(self, what, there):
        """Until `there()`: an error when one of the launched daemons has died, or it takes
        forever."""
        end, looks_without = time.monotonic() + START_SECONDS, dict.fromkeys(self.names, 0)
        while not there():
            alive = find_daemons(self.layout.state_dir)
            for name in self.names:
                # a process that is just being started has no command line for a moment, longer on a
                # busy machine
                looks_without[name] = 0 if name in alive else looks_without[name] + 1
                if looks_without[name] > LOOKS_BEFORE_DEAD:
                    kind = PortTaken if daemons.port_was_taken(self.layout, name) else ClusterError
                    raise kind(
                        f'{name} has died while it'
                        f' started:\n{daemons.last_words(self.layout, name)}'
                    )
            if time.monotonic() > end:
                raise ClusterError(f'waited {START_SECONDS} s in vain for {what}')
            time.sleep(0.1)


# -- status
# -------------------------------------------------------------------------------------------


def status(state_dir):
    """What runs: a dictionary as `status --json` prints it; None when there is no cluster in the
    folder.

    `well` is True when every daemon is alive and answers, and HDFS and YARN count on every node.
    HDFS and YARN notice the death of a node only after 15 s; a dead process shows here at once.
    """
    layout = Layout.load(state_dir)
    pids = find_daemons(state_dir)
    if layout is None:
        return None
    rows = []
    for daemon in layout.daemons():
        state = (
            'dead'
            if daemon not in pids
            else 'running'
            if daemons.answers(layout, daemon)
            else 'not answering'
        )
        rows.append(
            {
                'daemon': daemon,
                'pid': pids.get(daemon),
                'state': state,
                'web': daemons.web_address(layout, daemon),
                'address': layout.address(
                    daemon, 'data' if daemon.startswith('datanode') else 'rpc'
                ),
                'log': str(layout.log_file(daemon)),
            }
        )
    live, safe_mode = daemons.hdfs_state(layout) or daemons.NO_ANSWER
    active = daemons.yarn_nodes(layout) or 0
    well = (
        all(row['state'] == 'running' for row in rows)
        and live == active == layout.nodes
        and not safe_mode
    )
    return {
        'state_dir': str(state_dir),
        'ready': layout.ready,
        'well': well,
        'nodes': layout.nodes,
        'daemons': rows,
        'hdfs': {'uri': layout.filesystem, 'live_datanodes': live, 'safe_mode': safe_mode},
        'yarn': {'active_nodemanagers': active},
        'containers': find_containers(state_dir),
        'hadoop_home': str(layout.home),
        'hadoop_conf_dir': str(layout.conf_dir()),
        'java_home': layout.java_home,
    }


# -- stop
# ---------------------------------------------------------------------------------------------


def stop(state_dir, talk=lambda text: None):
    """End all processes and remove the folder; return whether there was anything."""
    if not os.path.lexists(state_dir):
        there = bool(find_daemons(state_dir))  # somebody has removed the folder under them
        _end(state_dir)
        return there
    check_state_dir(state_dir)
    with _locked(state_dir, talk), _undisturbed():
        _end(state_dir)
        remove_state_dir(state_dir)
    return True


def _end(state_dir):
    """End all processes of the cluster, and the hosts they ran on."""
    end_all(state_dir)
    hosts.remove(state_dir)


def _clear(state_dir):
    """Before another try: end everything, remove everything but the lock."""
    _end(state_dir)
    for entry in state_dir.iterdir():
        if entry.name != 'lock':
            remove_state_dir(entry) if entry.is_dir() else entry.unlink()


# -- one at a time
# ------------------------------------------------------------------------------------


@contextlib.contextmanager
def _locked(state_dir, talk):
    """Hold the folder: a second start or stop waits. It may have been removed, and made again,
    while we waited."""
    while True:
        make_state_dir(state_dir)
        with open(state_dir / 'lock', 'w') as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                talk(f'waiting for another start or stop in {state_dir}')
                fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                still_there = os.fstat(lock.fileno()).st_ino == os.stat(lock.name).st_ino
            except FileNotFoundError:
                still_there = False
            if still_there:
                yield
                return


@contextlib.contextmanager
def _undisturbed():
    """Clearing up is not interrupted: Ctrl-C pressed twice must not leave five daemons."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before):
            signal.signal(number, handler)
