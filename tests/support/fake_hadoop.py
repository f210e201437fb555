"""Commands ``hadoop`` and ``yarn`` for tests without a cluster: HDFS is a local folder
(fake_hadoop_fs.py), a job what the test says.

In the folder of `FakeHadoop`: ``hdfs/``, the files; ``asked``, a line of JSON per command;
``apps.json``, {application: state}; and, when there, ``fails``, some words: commands that have them
fail; ``jar``, Python that a job runs; ``logs``, what a failed task has written.
"""

import json
import os
import sys
from pathlib import Path

COMMAND = """#!{python} -IS
import json, os, sys
root, arguments = {root!r}, sys.argv[1:]
with open(root + '/asked', 'a') as stream:
    stream.write(json.dumps([os.path.basename(sys.argv[0]), *arguments]) + '\\n')

def fail(words):
    print(words, file=sys.stderr)
    sys.exit(1)

def content(name):
    try:
        with open(os.path.join(root, name)) as stream:
            return stream.read()
    except FileNotFoundError:
        return ''

if content('fails') and content('fails') in ' '.join(arguments):
    fail('Error: told to fail')
if arguments == ['version']:
    print('Hadoop 3.4.2')
elif arguments[0] == 'logs':
    print('LogType:stderr\\n' + content('logs'))
elif arguments[0] == 'jar':
    exec(content('jar'))
elif arguments[0] == 'application':
    apps = json.loads(content('apps.json') or '{{}}')
    if arguments[1] == '-kill':
        apps[arguments[2]] = 'KILLED'
        with open(root + '/apps.json', 'w') as stream:
            json.dump(apps, stream)
    elif arguments[1] == '-status':
        state = apps.get(arguments[2])
        print('\\tState : ' + state if state else "Application doesn't exist in RM")
        sys.exit(0 if state else 255)
    else:
        for name, state in apps.items():
            if state != 'KILLED':
                columns = [name, 'job', 'MAPREDUCE', 'me', 'default', '\\t ' + state, 'UNDEFINED']
                print('\\t'.join([*columns, '0%', 'N/A']))
else:
    arguments = arguments[1:]
    while arguments[0] == '-D':
        arguments = arguments[2:]
    os.environ['FAKE_HDFS'] = root + '/hdfs'
    sys.path.append({tests!r})
    from fake_hadoop_fs import main
    sys.exit(main('fs', *arguments))
"""


class FakeHadoop:
    """A HADOOP_HOME with these commands, and a configuration; `web` is given as the NameNode's
    web interface, None: there is none."""

    def __init__(self, folder, web=None, **properties):
        self.folder = Path(folder)
        for name in ('bin', 'conf', 'hdfs'):
            (self.folder / name).mkdir(parents=True)
        (self.folder / 'hadoop-streaming.jar').write_text('')
        for name in ('hadoop', 'yarn'):
            path = self.folder / 'bin' / name
            path.write_text(
                COMMAND.format(
                    python=sys.executable,
                    root=str(folder),
                    tests=os.path.dirname(os.path.abspath(__file__)),
                )
            )
            path.chmod(0o755)
        rest = {'dfs.namenode.http-address': web} if web else {'dfs.webhdfs.enabled': 'false'}
        properties = {'fs.defaultFS': 'hdfs://fake:8020', **rest, **properties}
        (self.folder / 'conf' / 'core-site.xml').write_text(
            '<configuration>%s</configuration>'
            % ''.join(
                f'<property><name>{name}</name><value>{value}</value></property>'
                for name, value in properties.items()
            )
        )
        self.environ = {'HADOOP_HOME': str(folder), 'HADOOP_CONF_DIR': str(self.folder / 'conf')}

    def use(self, monkeypatch):
        """Let this process use it."""
        for name, value in self.environ.items():
            monkeypatch.setenv(name, value)
        return self

    def tell(self, name, text):
        """Write one of the files that say what happens."""
        (self.folder / name).write_text(text)

    def asked(self):
        """Return the commands that were given, as lists of words."""
        path = self.folder / 'asked'
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def apps(self):
        """Return {application: state}."""
        return json.loads((self.folder / 'apps.json').read_text())

    def files(self):
        """Return the paths of files in HDFS, sorted."""
        root = self.folder / 'hdfs'
        return sorted(
            os.path.join(place, name)[len(str(root)) :]
            for place, _, names in os.walk(root)
            for name in names
        )
