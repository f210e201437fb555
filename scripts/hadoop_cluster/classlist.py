"""Make `classes.txt.gz` again, for another version of Hadoop: `python3 -m hadoop_cluster.classlist`
in the folder `scripts`.

Starts a cluster without a class archive in a temporary folder, lets every JVM write down which
classes it loads (daemons, clients, masters, tasks), and keeps all names that a jar or Java itself
has. Takes a minute.
"""

import gzip
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from . import HADOOP_VERSION, cluster
from .archive import CLASS_LIST
from .layout import Layout


def main():
    cluster.ensure_archive = lambda *_: None
    with tempfile.TemporaryDirectory() as folder:
        lists, state_dir = Path(folder) / 'lists', Path(folder).resolve() / 'cluster'
        lists.mkdir()
        option = f'-XX:DumpLoadedClassList={lists}/%p.txt'
        os.environ['JAVA_TOOL_OPTIONS'] = (
            option  # tasks do not inherit it: they get it as their options
        )
        cluster.start(state_dir, talk=lambda text: print(text, file=sys.stderr))
        try:
            _run_jobs(Layout.load(state_dir), option)
        finally:
            cluster.stop(state_dir)
        names = sorted({name for path in lists.glob('*.txt') for name in _names(path)})
    CLASS_LIST.write_bytes(gzip.compress('\n'.join([*names, '']).encode(), 9, mtime=0))
    print(f'{CLASS_LIST}: {len(names)} classes', file=sys.stderr)


def _run_jobs(layout, option):
    """What the tests do most: put, cat, a job in containers and one in its master, a list of
    applications, logs."""

    def run(command, *arguments):
        subprocess.run([layout.home / 'bin' / command, *arguments], check=True, stdout=sys.stderr)

    jar = next(layout.home.rglob(f'hadoop-streaming-{HADOOP_VERSION}.jar'))
    options = [
        f'-D{name}=-Xmx384m -XX:+UseSerialGC {option}'
        for name in (
            'mapreduce.map.java.opts',
            'mapreduce.reduce.java.opts',
            'yarn.app.mapreduce.am.command-opts',
        )
    ]
    run('hadoop', 'fs', '-put', __file__, '/tmp/input')
    for uber in ('false', 'true'):
        run(
            'hadoop',
            'jar',
            jar,
            *options,
            f'-Dmapreduce.job.ubertask.enable={uber}',
            '-files',
            __file__,
            '-input',
            '/tmp/input',
            '-output',
            f'/tmp/output-{uber}',
            '-mapper',
            'cat',
            '-reducer',
            'wc',
        )
    run('hadoop', 'fs', '-cat', '/tmp/output-true/part-*')
    run('hadoop', 'fs', '-rm', '-r', '/tmp/output-true')
    run('yarn', 'application', '-list', '-appStates', 'ALL')


def _names(path):
    """Class names without ids, and without the lambda forms that only the very same Java
    understands."""
    lines = path.read_text().splitlines()
    return [
        line.split(' id:')[0]
        for line in lines
        if line and line[0] not in '#@' and '$$FastClassByGuice' not in line
    ]


if __name__ == '__main__':
    main()
