"""What a cluster is: a folder, a set of ports, and the daemons that follow from the number of
nodes."""

import getpass
import json
import os
import random
import shutil
import socket
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Optional

HOST = '127.0.0.1'

#: Ports are taken from below the ranges that Linux (32768-60999) and macOS (49152-65535) give to
# outgoing : connections: one of those could take the port of a daemon that is down for a moment.
PORT_RANGE = range(20_000, 32_000)

#: The ports of the daemons that exist once, and those of every node.
MASTER_PORTS = (
    'namenode_rpc',
    'namenode_http',
    'resourcemanager_rpc',
    'resourcemanager_scheduler',
    'resourcemanager_tracker',
    'resourcemanager_admin',
    'resourcemanager_http',
    'historyserver_rpc',
    'historyserver_admin',
    'historyserver_http',
)
NODE_PORTS = (
    'datanode_data',
    'datanode_ipc',
    'datanode_http',
    'nodemanager_rpc',
    'nodemanager_localizer',
    'nodemanager_http',
    'nodemanager_shuffle',
)

MASTER_DAEMONS = ('namenode', 'resourcemanager', 'historyserver')
NODE_DAEMONS = ('datanode', 'nodemanager')


class ClusterError(Exception):
    """Something a person has to know; its text is all that is printed."""


def default_state_dir():
    """The folder of the cluster that is meant when no `--dir` is given: one per user."""
    return Path(os.path.realpath(tempfile.gettempdir())) / f'mr_kmeans-hadoop-{os.getuid()}'


@dataclass
class Layout:
    """Where everything of one cluster is. Written to `cluster.json` in its folder, so that each
    command sees the same."""

    state_dir: Path
    nodes: int
    java_home: str
    jars_dir: str
    #: Java's class archive, None where it could not be made.
    archive: Optional[str] = None
    ports: dict = field(default_factory=dict)
    #: True once every daemon has answered: a folder without it is a start that was interrupted.
    ready: bool = False
    user: str = field(default_factory=getpass.getuser)
    #: The first three bytes of the hosts' addresses; None when all is on loopback.
    network: Optional[str] = None

    # -- what there is
    # --------------------------------------------------------------------------------

    def daemons(self):
        """All daemons in the order of their start, the nodes' with a number: `datanode1`."""
        numbered = [f'{kind}{n}' for n in range(1, self.nodes + 1) for kind in NODE_DAEMONS]
        return ['namenode', 'resourcemanager', *numbered, 'historyserver']

    def hosts(self):
        """The hosts: one with the masters, and one per node."""
        return ['master', *(f'node{n}' for n in range(1, self.nodes + 1))]

    def host(self, daemon):
        """The address of the host of a daemon (or of a host)."""
        return f'{self.network}.{10 + self.number(daemon)}' if self.network else HOST

    @staticmethod
    def number(daemon):
        """The number of a daemon's node, 0 for the masters."""
        return int(daemon.lstrip('abcdefghijklmnopqrstuvwxyz') or 0)

    def port(self, daemon, what):
        """The port `what` ('rpc', 'http', …) of a daemon such as 'namenode' or 'datanode2'."""
        kind = daemon.rstrip('0123456789')
        return self.ports[f'{kind}_{what}{daemon[len(kind) :]}']

    def address(self, daemon, what):
        return f'{self.host(daemon)}:{self.port(daemon, what)}'

    @property
    def filesystem(self):
        """The URI of its HDFS."""
        return f'hdfs://{self.address("namenode", "rpc")}'

    @property
    def class_path(self):
        """All jars. Always first on a class path: Java's archive fits only there. (No jar has a
        file of conf/.)"""
        return str(Path(self.jars_dir) / 'hadoop.jar')

    # -- folders
    # --------------------------------------------------------------------------------------

    @property
    def home(self):
        """HADOOP_HOME: the client commands and the streaming jar."""
        return self.state_dir / 'home'

    def conf_dir(self, daemon='client'):
        """The configuration: one folder per node (its ports, its disks), one for clients and
        masters."""
        number = self.number(daemon)
        return self.state_dir / (f'conf-node{number}' if number else 'conf')

    def data_dir(self, daemon):
        return self.state_dir / 'data' / daemon

    @property
    def tmp_dir(self):
        """Java's temporary files, of daemons and clients: what a killed one leaves in /tmp would
        stay there."""
        return self.state_dir / 'data' / 'tmp'

    def log_file(self, daemon):
        return self.state_dir / 'logs' / f'{daemon}.log'

    # -- keeping it
    # -----------------------------------------------------------------------------------

    def save(self):
        """Write `cluster.json`, complete or not at all."""
        text = json.dumps({**asdict(self), 'state_dir': str(self.state_dir)}, indent=1)
        aside = self.state_dir / 'cluster.json.new'
        aside.write_text(text + '\n')
        aside.replace(self.state_dir / 'cluster.json')

    @classmethod
    def load(cls, state_dir):
        """The layout kept in a folder, None if there is none that can be read."""
        try:
            fields = json.loads((state_dir / 'cluster.json').read_text())
            return cls(**{**fields, 'state_dir': state_dir})
        except (OSError, ValueError, TypeError):
            return None


def choose_ports(nodes):
    """Free ports for a cluster of that many nodes: {'namenode_rpc': 20123, …, 'datanode_data1':
    20130, …}.

    They are chosen by chance, and tried. Another program can still take one before its daemon does:
    the start then fails with "Address already in use" and is made again with others.
    """
    names = [*MASTER_PORTS, *(f'{name}{n}' for n in range(1, nodes + 1) for name in NODE_PORTS)]
    ports, chance = {}, random.SystemRandom()
    for _ in range(50 * len(names)):
        port = chance.choice(PORT_RANGE)
        if port not in ports.values() and _is_free(port):
            ports[names[len(ports)]] = port
            if len(ports) == len(names):
                return ports
    raise ClusterError(
        f'found only {len(ports)} of {len(names)} free ports between {PORT_RANGE[0]} and'
        f' {PORT_RANGE[-1]}'
    )


def _is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as Java's servers do: TIME_WAIT is no hindrance
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def make_state_dir(path):
    """Create the folder, 0700; refuse one that is somebody else's, open to others, or holds
    something else."""
    try:
        os.makedirs(path.parent, exist_ok=True)
        os.mkdir(path, 0o700)
    except FileExistsError:
        check_state_dir(path)


def check_state_dir(path):
    """Raise unless `path` is a folder that can only be ours: its files say which processes are
    started and ended."""
    about = os.lstat(path)
    if path.is_symlink() or not path.is_dir() or about.st_uid != os.getuid():
        raise ClusterError(f'{path} is not a folder of yours: name another with --dir')
    strange = {entry.name for entry in path.iterdir()} - STATE_ENTRIES
    if strange:
        raise ClusterError(
            f'{path} holds something else than a cluster ({min(strange)!r}): name another folder'
            ' with --dir'
        )
    if about.st_mode & 0o077:
        os.chmod(path, 0o700)


#: All that a state folder may hold: `stop` removes nothing else.
STATE_ENTRIES = frozenset(
    {'cluster.json', 'cluster.json.new', 'lock', 'home', 'conf', 'data', 'logs', 'python'}
    | {f'conf-node{n}' for n in range(1, 100)}
)


def remove_state_dir(path):
    """Remove the folder and all of a cluster in it. A process that is about to die may still write:
    twice is enough."""
    for _ in range(3):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
    raise ClusterError(f'could not remove {path} entirely: look at what is left in it')
