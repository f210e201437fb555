"""A Hadoop for benchmarks: started, filled, asked and removed."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

UBER_BYTES = 512 << 20
"""Jobs that read no more than this run in the process of their master (Hadoop's uber mode), without
containers of their own."""


def tuned(n_bytes):
    """Return switches for an input of n_bytes: as many tasks as cores, since the start of one
    costs more than it spreads, and uber mode."""
    properties = {
        'mapreduce.input.fileinputformat.split.minsize': -(-n_bytes // os.cpu_count()),
        'mapreduce.map.speculative': 'false',
        'mapreduce.job.ubertask.enable': 'true',
        'mapreduce.job.ubertask.maxbytes': UBER_BYTES,
    }
    return [word for name, value in properties.items() for word in ('-D', '%s=%s' % (name, value))]


class BenchCluster:
    """One node of each kind on this machine; `environ` is what commands need."""

    def __init__(self, folder):
        self._folder, self._sizes = folder, {}

    def __enter__(self):
        try:
            return self._start()
        except BaseException:
            self._script('stop')
            raise

    def _start(self):
        started = self._script('start')
        shell = subprocess.run(
            ['/bin/sh', '-c', started + '\nenv'], stdout=subprocess.PIPE, text=True, check=True
        )
        self.environ = dict(line.split('=', 1) for line in shell.stdout.splitlines() if '=' in line)
        self.environ['PYTHONPATH'] = ROOT
        rows = json.loads(self._script('status', '--json'))['daemons']
        self._history = next(row['web'] for row in rows if row['daemon'] == 'historyserver')
        self._name = self._command('hdfs', 'getconf', '-confKey', 'fs.defaultFS').strip()
        return self

    def __exit__(self, *_):
        self._script('stop')

    def _script(self, command, *arguments):
        return subprocess.run(
            [
                sys.executable,
                os.path.join(ROOT, 'scripts', 'hadoop_cluster'),
                command,
                '--dir',
                self._folder,
                *arguments,
            ],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout

    def _command(self, *command):
        return subprocess.run(
            command,
            env=self.environ,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def uri(self, name):
        return '%s/bench/%s' % (self._name, name)

    def put(self, path, name=None):
        """Copy a local file into HDFS; return its URI."""
        uri = self.uri(name or os.path.basename(path))
        self._command('hadoop', 'fs', '-mkdir', '-p', os.path.dirname(uri))
        self._command('hadoop', 'fs', '-put', '-f', path, uri)
        self._sizes[uri] = os.path.getsize(path)
        return uri

    def remove(self, uri):
        self._command('hadoop', 'fs', '-rm', '-r', '-f', '-skipTrash', uri)

    def fit(self, uri, *arguments):
        """Return the model of a fit to a file that was put here, with its iterations and the
        seconds of the whole process."""
        command = [
            sys.executable,
            '-m',
            'mr_kmeans',
            'fit',
            uri,
            '-k',
            '20',
            '-o',
            self.uri('out'),
            '-r',
            'hadoop',
            '--overwrite',
            '--json',
            '-q',
        ]
        began = time.monotonic()
        model = json.loads(self._command(*command, *tuned(self._sizes[uri]), *map(str, arguments)))
        return dict(model, seconds=time.monotonic() - began)

    def job(self, identity):
        """Return what the history server knows of a job."""
        return self._ask('jobs/' + identity)['job']

    def _ask(self, path, seconds=60):
        """Ask the history server, which hears of a job a little late."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                with urllib.request.urlopen(
                    self._history + 'ws/v1/history/mapreduce/' + path, timeout=10
                ) as answer:
                    return json.load(answer)
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def java_options(self, megabytes):
        """Return the cluster's own for tasks, with so much heap, and with Java's full compiler for
        tasks that compute."""
        words = self._command('hdfs', 'getconf', '-confKey', 'mapreduce.map.java.opts').split()
        return ' '.join(
            ['-Xmx%dm' % megabytes]
            + [word for word in words if not word.startswith(('-Xmx', '-XX:TieredStopAtLevel'))]
        )

    def map_phase(self, what):
        """Return the bytes per second of the map phase, an iteration's or of a mapper that only
        reads, over the packed rows of the last fit."""
        n_bytes = int(self._command('hadoop', 'fs', '-du', '-s', self.uri('out/points')).split()[0])
        with tempfile.TemporaryDirectory() as folder:
            for name in ('survey.json', 'centroids.csv'):
                self._command('hadoop', 'fs', '-get', self.uri('out/' + name), folder)
            arguments = (
                []
                if what == 'reading'
                else [os.path.join(folder, name) for name in ('survey.json', 'centroids.csv')]
            )
            application = self._command(
                sys.executable,
                os.path.join(ROOT, 'scripts', 'lib', 'bench_map_phase.py'),
                self.uri('out/points'),
                self.uri('tmp'),
                folder,
                *arguments,
                *tuned(n_bytes)[1::2],
            ).split()[-1]
        tasks = self._ask('jobs/%s/tasks?type=m' % application.replace('application', 'job'))[
            'tasks'
        ]['task']
        seconds = (
            max(task['finishTime'] for task in tasks) - min(task['startTime'] for task in tasks)
        ) / 1000
        return n_bytes / seconds
