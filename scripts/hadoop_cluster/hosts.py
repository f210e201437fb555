"""The nodes as hosts of their own: each in a network namespace with an address, all on a bridge;
the masters in one more.

So a node's loopback is its own, its network can be cut, and what binds or says the wrong address is
found out. The names of the hosts are their addresses: nobody has to resolve them. All is named
after the cluster's folder, and `stop` removes it.
"""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

from .layout import ClusterError

NAMESPACES = Path('/run/netns')  # where `ip netns` keeps them
INTERFACES = Path('/sys/class/net')
#: Tried in namespaces that are gone with the command.
PROBE = (
    'ip link add probe0 type veth peer name probe1 && ip link add probe2 type bridge && echo probe'
    ' > /proc/sys/kernel/hostname'
)
#: The launched program's host name is its address; `exec`, so that its pid and command line are its
# own.
NAMED = 'echo "$0" > /proc/sys/kernel/hostname && exec "$@"'


def why_not():
    """Why nodes cannot be hosts here; None when they can."""
    if not sys.platform.startswith('linux'):
        return "network namespaces are Linux's"
    if os.geteuid():
        return 'network namespaces need root'
    for command in ('ip', 'unshare'):
        if not shutil.which(command):
            return f'there is no command {command!r}'
    done = subprocess.run(
        ['unshare', '--net', '--uts', '--mount', 'sh', '-c', PROBE],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    return f'this machine does not allow it: {done.stderr.strip()}' if done.returncode else None


def choose_network():
    """The first three bytes of a network that no interface of this machine has, out of those for
    benchmarks (RFC 2544)."""
    used = [
        address['local']
        for interface in json.loads(_ip('-json', 'address'))
        for address in interface['addr_info']
    ]
    free = [
        f'198.18.{n}'
        for n in range(256)
        if not any(address.startswith(f'198.18.{n}.') for address in used)
    ]
    if not free:
        raise ClusterError('no network between 198.18.0.0 and 198.18.255.0 is free')
    return random.SystemRandom().choice(free)


def make(layout):
    """Make the hosts that are not there, and the bridge."""
    tag = _tag(layout.state_dir)
    if not (INTERFACES / tag).exists():
        _ip('link', 'add', tag, 'type', 'bridge')
        _ip('address', 'add', f'{layout.network}.254/24', 'dev', tag)
        _ip('link', 'set', tag, 'up')
    for host in layout.hosts():
        name = _name(layout, host)
        if not (NAMESPACES / name).exists():
            _ip('netns', 'add', name)
            _ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
            _ip('link', 'set', name, 'master', tag, 'up')
            _ip('-netns', name, 'link', 'set', 'lo', 'up')
            _ip('-netns', name, 'address', 'add', f'{layout.host(host)}/24', 'dev', 'eth0')
            _ip('-netns', name, 'link', 'set', 'eth0', 'up')


def remains(state_dir):
    """The names of the namespaces and of the bridge of the cluster in this folder."""
    tag = _tag(state_dir)
    return [entry.name for entry in sorted(NAMESPACES.glob(f'{tag}-*'))] + [tag] * (
        INTERFACES / tag
    ).exists()


def remove(state_dir):
    """Remove the hosts of the cluster in this folder, if it has any."""
    for name in remains(state_dir):
        _ip(
            *(['link'] if name == _tag(state_dir) else ['netns']), 'delete', name
        )  # a host's interfaces go with it


def inside(layout, daemon, command):
    """The command that runs `command` on the daemon's host."""
    if not layout.network:
        return command
    return [
        'ip',
        'netns',
        'exec',
        _name(layout, daemon),
        'unshare',
        '--uts',
        'sh',
        '-c',
        NAMED,
        layout.host(daemon),
        *command,
    ]


def connect(layout, host, connected):
    """Cut the network of a host (`node1`, `master`), or restore it."""
    _ip('link', 'set', _name(layout, host), 'up' if connected else 'down')


def _tag(state_dir):
    """Names of interfaces have 15 characters at most."""
    return 'mrk' + hashlib.sha256(os.fsencode(state_dir)).hexdigest()[:8]


def _name(layout, daemon):
    return f'{_tag(layout.state_dir)}-{layout.number(daemon)}'


def _ip(*arguments):
    done = subprocess.run(
        ['ip', *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ClusterError(f'ip {" ".join(arguments)}: {done.stderr.strip()}')
    return done.stdout
