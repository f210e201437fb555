"""The HADOOP_HOME of a cluster: what a client, mrjob above all, looks for."""

import shlex
import sys
from pathlib import Path

from . import HADOOP_VERSION
from .archive import options

COMMANDS = ('hadoop', 'hdfs', 'yarn', 'mapred')
CLIENT = Path(__file__).with_name('client.sh')


def make_home(layout):
    """Write bin/ (the commands), share/hadoop/ (the streaming jar where mrjob searches), the web
    folders' stand-ins."""
    script = CLIENT.read_text()
    values = {
        '@JAVA@': f'{layout.java_home}/bin/java',
        '@CONF@': layout.conf_dir(),
        '@JARS@': layout.class_path,
        '@TMP@': layout.tmp_dir,
    }
    script = script.replace('@ARCHIVE@', shlex.join(options(layout.archive)))
    for name, value in values.items():
        script = script.replace(name, shlex.quote(str(value)))
    bin_dir = layout.home / 'bin'
    bin_dir.mkdir(parents=True, exist_ok=True)
    for command in COMMANDS:
        (bin_dir / command).write_text(script)
        (bin_dir / command).chmod(0o755)

    streaming = (
        layout.home
        / 'share'
        / 'hadoop'
        / 'tools'
        / 'lib'
        / f'hadoop-streaming-{HADOOP_VERSION}.jar'
    )
    streaming.parent.mkdir(parents=True, exist_ok=True)
    if not streaming.exists():
        streaming.symlink_to(Path(layout.jars_dir) / streaming.name)

    etc = layout.home / 'etc' / 'hadoop'  # where a client looks that was not told HADOOP_CONF_DIR
    etc.parent.mkdir(exist_ok=True)
    if not etc.exists():
        etc.symlink_to(layout.conf_dir())

    # NameNode and DataNode look for these on their class path; the pages themselves are in no jar.
    for page in ('hdfs', 'datanode'):
        (layout.home / 'web' / 'webapps' / page).mkdir(parents=True, exist_ok=True)


def make_node_python(layout, python=None):
    """A folder with the `python3` that tasks find on their PATH: the given interpreter, else the
    one before, else this one.

    A script and not a link: an interpreter of a virtual environment finds its packages by where it
    was called.
    """
    folder = layout.state_dir / 'python'
    folder.mkdir(exist_ok=True)
    for name in ('python3', 'python'):
        if (folder / name).exists() and not python:
            continue
        (folder / name).write_text(
            f'#!/bin/sh\nexec {shlex.quote(str(python or sys.executable))} "$@"\n'
        )
        (folder / name).chmod(0o755)
    return folder


def exports(layout):
    """The lines for `eval`: they point hadoop, mrjob and everything else of this shell at the
    cluster."""
    return ''.join(
        f'export {name}={value}\n'
        for name, value in {
            'JAVA_HOME': shlex.quote(layout.java_home),
            'HADOOP_HOME': shlex.quote(str(layout.home)),
            'HADOOP_CONF_DIR': shlex.quote(str(layout.conf_dir())),
            'PATH': shlex.quote(str(layout.home / 'bin')) + ':"$PATH"',
        }.items()
    )
