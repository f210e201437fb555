"""A real Hadoop for the tests: started once by scripts/hadoop; what the tests do to it, and
mr-kmeans on it.

It has two nodes, hosts of their own where this machine allows network namespaces, else on
127.0.0.1.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPT = ROOT / 'scripts' / 'hadoop'
UBER = ['-D', 'mapreduce.job.ubertask.enable=true']
"""All tasks of a job in its master's process: half the time of a job in containers."""

sys.path.insert(0, str(SCRIPT.parent))

from hadoop_cluster import hosts  # noqa: E402
from hadoop_cluster.layout import Layout  # noqa: E402
from hadoop_cluster.processes import find_containers, find_daemons  # noqa: E402


def hadoop(*arguments):
    """Run scripts/hadoop, with the Java of the Python packages."""
    return subprocess.run(
        [str(SCRIPT), *map(str, arguments)],
        env=environ(),
        capture_output=True,
        text=True,
        timeout=600,
    )


def environ(**changes):
    """Return the environment of scripts/hadoop in the tests."""
    kept = {name: value for name, value in os.environ.items() if name != 'JAVA_HOME'}
    return dict(kept, PYTHON=sys.executable, **changes)


class Cluster:
    """Started by `start`; HDFS is its own, and gone after `stop`."""

    def __init__(self, folder, nodes=2):
        self.folder, self.nodes, self.talk, self.as_hosts = (
            Path(folder),
            nodes,
            '',
            hosts.why_not() is None,
        )

    def start(self):
        """Start it, or what is missing of it; several times as well."""
        started = hadoop(
            'start', '--dir', self.folder, '--nodes', self.nodes, *['--hosts'] * self.as_hosts
        )
        assert started.returncode == 0, started.stderr
        self.exports, self.talk = started.stdout, self.talk or started.stderr
        shell = subprocess.run(
            ['/bin/sh', '-c', started.stdout + '\nenv'],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        self.environ = dict(line.split('=', 1) for line in shell.stdout.splitlines() if '=' in line)
        self.environ['PYTHONPATH'] = str(ROOT)
        return self

    def stop(self):
        return hadoop('stop', '--dir', self.folder)

    def status(self):
        """Return what scripts/hadoop says of it."""
        return json.loads(hadoop('status', '--json', '--dir', self.folder).stdout)

    def kill(self, *daemons):
        """Kill daemons as a crash would: namenode, datanode1, nodemanager2, … Return when they are
        gone."""
        pids = find_daemons(self.folder)
        kill_all([pids[daemon] for daemon in daemons])

    def kill_node(self, number):
        """Kill a NodeManager, its DataNode and all tasks on it, as if its machine had lost
        power."""
        self.kill(f'nodemanager{number}', f'datanode{number}')
        kill_all(find_containers(self.folder, number))

    def connect(self, number, connected):
        """Cut the network of a node that is a host of its own, or restore it."""
        hosts.connect(Layout.load(self.folder), f'node{number}', connected)

    # commands

    def run(self, *command, input=None, check=True):
        """Run a command in the cluster's environment; return its output, or, unchecked, all that is
        known of it."""
        done = subprocess.run(
            list(map(str, command)),
            env=self.environ,
            input=input,
            capture_output=True,
            timeout=600,
        )
        assert done.returncode == 0 or not check, done.stderr.decode()
        return done.stdout if check else done

    def hdfs(self, *arguments, check=True):
        """Run hadoop fs; return its output."""
        done = self.run('hadoop', 'fs', *arguments, check=False)
        assert done.returncode == 0 or not check, done.stderr.decode()
        return done.stdout

    def popen(self, *arguments, **changes):
        """Begin mr-kmeans on this cluster."""
        return subprocess.Popen(
            [sys.executable, '-m', 'mr_kmeans', *map(str, arguments)],
            env=dict(self.environ, **changes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def kmeans(self, *arguments, **changes):
        """Run mr-kmeans; return (exit code, standard output, standard error)."""
        process = self.popen(*arguments, **changes)
        out, err = process.communicate(timeout=600)
        return process.returncode, out, err

    def fit(self, inputs, out, *options, **changes):
        """Run a fit that succeeds; return its model."""
        code, stdout, stderr = self.kmeans(
            'fit', *inputs, '-o', out, '-r', 'hadoop', '--json', *options, **changes
        )
        assert code == 0, stderr
        return json.loads(stdout)

    # what is running

    def tasks(self, *words):
        """Return {pid: node} of the Python processes of tasks whose command line has all words."""
        found = {}
        for node in range(1, self.nodes + 1):
            for pid in find_containers(self.folder, node):
                try:
                    command = (
                        Path(f'/proc/{pid}/cmdline')
                        .read_bytes()
                        .decode(errors='replace')
                        .split('\0')
                    )
                except OSError:
                    continue
                if 'python' in command[0] and all(word in command for word in words):
                    found[pid] = node
        return found

    def wait_for_task(self, *words, seconds=120):
        """Return (pid, node) of a task's Python as soon as there is one."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for pid, node in self.tasks(*words).items():
                return pid, node
            time.sleep(0.005)
        raise AssertionError(f'no task {words} in {seconds} s')

    def hit(self, number, *words):
        """Send a signal to a task's Python as soon as there is one that it reaches; return its pid
        and node."""
        while True:
            pid, node = self.wait_for_task(*words)
            try:
                os.kill(pid, number)
            except ProcessLookupError:  # it has just ended
                continue
            if number != signal.SIGSTOP or is_stopped(pid):
                return pid, node

    def applications(self):
        """Return {id: (state, final state)} of YARN's applications; an application that was killed
        may have FINISHED in order, as KILLED."""
        done = self.run('yarn', 'application', '-list', '-appStates', 'ALL')
        rows = [
            [field.strip() for field in line.split('\t')] for line in done.decode().splitlines()
        ]
        return {row[0]: (row[5], row[6]) for row in rows if row[0].startswith('application_')}

    def alive(self):
        """Return the ids of applications that have not ended."""
        return {
            name
            for name, (state, _) in self.applications().items()
            if state not in ('FINISHED', 'FAILED', 'KILLED')
        }

    def web(self, daemon, path):
        """Return what the web service of a daemon says; nothing of what it does not know."""
        [address] = [row['web'] for row in self.status()['daemons'] if row['daemon'] == daemon]
        try:
            with urllib.request.urlopen(address.rstrip('/') + path, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            assert error.code == 404, (path, error)
            return {}

    def attempts(self, applications):
        """Return the sorted states of the attempts of each task of applications that ended in
        order; how often each master began."""
        tasks, masters = [], []
        for application in applications:
            job = '/ws/v1/history/mapreduce/jobs/' + application.replace('application', 'job')
            for task in self.web('historyserver', f'{job}/tasks').get('tasks', {}).get('task', []):
                found = self.web('historyserver', f'{job}/tasks/{task["id"]}/attempts')[
                    'taskAttempts'
                ]['taskAttempt']
                tasks.append(sorted(attempt['state'] for attempt in found))
            found = self.web('resourcemanager', f'/ws/v1/cluster/apps/{application}/appattempts')[
                'appAttempts'
            ]['appAttempt']
            masters.append(len(found))
        return tasks, masters

    def conf_with(self, folder, **properties):
        """Return a copy of the client's configuration with other values."""
        shutil.copytree(self.environ['HADOOP_CONF_DIR'], folder)
        path = Path(folder) / 'core-site.xml'
        more = ''.join(
            f'<property><name>{name}</name><value>{value}</value></property>'
            for name, value in properties.items()
        )
        path.write_text(path.read_text().replace('</configuration>', more + '</configuration>'))
        return str(folder)

    def noting_home(self, folder):
        """Return a HADOOP_HOME whose command ``hadoop`` notes its arguments, and the file of these
        notes."""
        home, log = Path(self.environ['HADOOP_HOME']), Path(str(folder) + '.log')
        (Path(folder) / 'bin').mkdir(parents=True)
        for path in home.iterdir():
            if path.name != 'bin':
                (Path(folder) / path.name).symlink_to(path)
        command = Path(folder) / 'bin' / 'hadoop'
        command.write_text(
            f'#!/bin/sh\necho "$@" >> {log}\nHADOOP_HOME={home} exec {home}/bin/hadoop "$@"\n'
        )
        command.chmod(0o755)
        return str(folder), log


def processes_of(folder):
    """Return the command lines of all other processes that name a cluster's folder or work in
    it."""
    found = []
    for entry in Path('/proc').glob('[0-9]*'):
        try:
            text = (entry / 'cmdline').read_bytes().decode(errors='replace') + os.readlink(
                entry / 'cwd'
            )
        except OSError:
            continue
        if str(folder) in text and int(entry.name) != os.getpid():
            found.append(f'{entry.name} {text}')
    return found


def kill(pid, number=signal.SIGKILL):
    """Send a signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def is_stopped(pid):
    """Tell whether a process that was sent SIGSTOP has stopped."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]
        except OSError:
            return False
        if state in 'TZX':
            return state == 'T'
        time.sleep(0.005)
    return False


def kill_all(pids):
    """Kill processes; return when they are gone."""
    for pid in pids:
        kill(pid)
    deadline = time.monotonic() + 10
    while any(Path(f'/proc/{pid}/exe').exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
