"""A real Hadoop for the tests: started once, with two nodes, on 127.0.0.1; what the tests do to it, and the command line on it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UBER = ['-D', 'mapreduce.job.ubertask.enable=true']
"""All tasks of a job in its master's process: half the time of a job in containers."""


class Cluster:
    """Started by `start`; HDFS is its own, and gone after `stop`."""

    def __init__(self, folder, nodes=2):
        self.folder, self.nodes = Path(folder), nodes

    def start(self):
        """Start it, or what is missing of it; several times as well."""
        started = self._script('start', '--nodes', str(self.nodes))
        assert started.returncode == 0, started.stderr
        shell = subprocess.run(['/bin/sh', '-c', started.stdout + '\nenv'], stdout=subprocess.PIPE, text=True, check=True)
        self.environ = dict(line.split('=', 1) for line in shell.stdout.splitlines() if '=' in line)
        self.environ['PYTHONPATH'] = str(ROOT)
        return self

    def stop(self):
        self._script('stop')

    def pid(self, daemon):
        """Return the process of a daemon: namenode, datanode1, nodemanager2, …"""
        state = json.loads(self._script('status', '--json').stdout)
        return next(row['pid'] for row in state['daemons'] if row['daemon'] == daemon)

    def _script(self, command, *arguments):
        return subprocess.run([sys.executable, str(ROOT / 'scripts' / 'hadoop_cluster'), command, '--dir', str(self.folder), *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600)

    # the command line

    def popen(self, *arguments, **changes):
        """Begin mr-kmeans on this cluster."""
        environ = {name: value for name, value in dict(self.environ, **changes).items() if value is not None}
        return subprocess.Popen([sys.executable, '-m', 'mr_kmeans', *map(str, arguments)], env=environ, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def kmeans(self, *arguments, **changes):
        """Run mr-kmeans; return (exit code, standard output, standard error)."""
        process = self.popen(*arguments, **changes)
        out, err = process.communicate(timeout=600)
        return process.returncode, out, err

    def fit(self, inputs, out, *options, **changes):
        """Run a fit that succeeds; return its model."""
        code, stdout, stderr = self.kmeans('fit', *inputs, '-o', out, '-r', 'hadoop', '--json', *options, **changes)
        assert code == 0, stderr
        return json.loads(stdout)

    def hdfs(self, *arguments, check=True):
        """Run hadoop fs."""
        done = subprocess.run(['hadoop', 'fs', *map(str, arguments)], env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 0 or not check, done.stderr.decode()
        return done.stdout

    # what is at work

    def tasks(self, *words):
        """Return {pid: node} of the Python processes of tasks whose command line has all words."""
        found = {}
        for entry in Path('/proc').glob('[0-9]*'):
            try:
                command = (entry / 'cmdline').read_bytes().decode(errors='replace').split('\0')
                place = os.readlink(entry / 'cwd')
            except OSError:
                continue
            if place.startswith(f'{self.folder}/data/nodemanager') and 'python' in command[0] and all(word in command for word in words):
                found[int(entry.name)] = place[len(f'{self.folder}/data/nodemanager')]
        return found

    def wait_for_task(self, *words, seconds=120):
        """Return (pid, node) of a task's Python as soon as there is one."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for pid, node in self.tasks(*words).items():
                return pid, node
            time.sleep(0.005)
        raise AssertionError(f'no task {words} in {seconds} s')

    def applications(self):
        """Return {id: state} of YARN's applications."""
        done = subprocess.run(['yarn', 'application', '-list', '-appStates', 'ALL'], env=self.environ, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        rows = [[field.strip() for field in line.split('\t')] for line in done.stdout.splitlines()]
        return {row[0]: row[5] for row in rows if row[0].startswith('application_')}

    def kill_node(self, node):
        """Kill a NodeManager, its DataNode and all tasks on it."""
        pids = [self.pid(f'nodemanager{node}'), self.pid(f'datanode{node}')]
        for entry in Path('/proc').glob('[0-9]*'):
            try:
                if os.readlink(entry / 'cwd').startswith(f'{self.folder}/data/nodemanager{node}/'):
                    pids.append(int(entry.name))
            except OSError:
                continue
        for pid in pids:
            kill(pid)

    def conf_with(self, folder, **properties):
        """Return a copy of the client's configuration with other values; of a name, underscores stand for dots."""
        shutil.copytree(self.environ['HADOOP_CONF_DIR'], folder)
        for path in Path(folder).glob('*-site.xml'):
            text = path.read_text()
            if path.name == 'core-site.xml':
                more = ''.join(f'<property><name>{name}</name><value>{value}</value></property>' for name, value in properties.items())
                text = text.replace('</configuration>', more + '</configuration>')
            path.write_text(text)
        return str(folder)


def kill(pid, number=signal.SIGKILL):
    """Send a signal to a process that may be gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
