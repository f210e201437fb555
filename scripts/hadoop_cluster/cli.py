"""The command line. `export` lines and tables on stdout, talk on stderr.

Exit codes: 0 done, or all is well · 1 it failed, or something is not well · 2 usage · 3 (`status`)
no cluster runs.
"""

import argparse
import json
import os
import signal
import sys
from pathlib import Path

from . import HADOOP_VERSION, cluster
from .layout import ClusterError, default_state_dir


def main(arguments=None):
    options = _parser().parse_args(arguments)
    for number in (
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # as Ctrl-C: a start that is ended ends its daemons
        if signal.getsignal(number) != signal.SIG_IGN:  # by nohup
            signal.signal(number, signal.default_int_handler)
    try:
        return options.run(options)
    except ClusterError as error:
        _talk(f'error: {error}')
        return 1
    except KeyboardInterrupt:
        _talk('interrupted; nothing is left running')
        return 130


def _talk(text):
    print(f'hadoop: {text}', file=sys.stderr, flush=True)


def _start(options):
    sys.stdout.write(
        cluster.start(options.dir, options.nodes, options.python, _talk, options.hosts)
    )
    if sys.stdout.isatty():
        _talk('these lines are for the shell: eval "$(scripts/hadoop start)"')
    return 0


def _stop(options):
    _talk('stopped' if cluster.stop(options.dir, _talk) else f'nothing runs in {options.dir}')
    return 0


def _status(options):
    found = cluster.status(options.dir)
    if found is None:
        if options.json:
            print('null')
        _talk(f'no cluster in {options.dir}')
        return 3
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        sys.stdout.write(_table(found))
    return 0 if found['well'] else 1


def _table(found):
    rows = [('daemon', 'pid', 'state', 'address', 'web')]
    rows += [
        (row['daemon'], str(row['pid'] or '-'), row['state'], row['address'], row['web'])
        for row in found['daemons']
    ]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [
        '  '.join(field.ljust(width) for field, width in zip(row, widths)).rstrip() for row in rows
    ]
    hdfs, yarn, of = found['hdfs'], found['yarn'], f'of {found["nodes"]}'
    lines.append(
        f'{hdfs["uri"]}: {hdfs["live_datanodes"]} {of} DataNodes live'
        + (f'; {hdfs["safe_mode"]}' if hdfs['safe_mode'] else '')
    )
    lines.append(
        f'YARN: {yarn["active_nodemanagers"]} {of} NodeManagers active, '
        f'{len(found["containers"])} processes of tasks'
    )
    lines.append(
        'all is well'
        if found['well']
        else 'NOT WELL: `start` starts again what is missing, `stop` ends and removes everything'
    )
    return '\n'.join(lines) + '\n'


def _parser():
    parser = argparse.ArgumentParser(
        prog='scripts/hadoop',
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=(
            f'A real Hadoop {HADOOP_VERSION} on 127.0.0.1 for tests and trials: NameNode, DataNode,'
            ' ResourceManager,\nNodeManager and JobHistoryServer, each a process of its own. Its'
            ' HDFS is gone after `stop`.'
        ),
        epilog=(
            'use:  eval "$(scripts/hadoop start)";  hadoop fs -ls /;  …;  scripts/hadoop'
            ' stop\n\nexit codes: 0 done, or all is well; 1 failed, or not well; 2 usage; 3 no'
            ' cluster runs (status)'
        ),
    )
    commands = parser.add_subparsers(dest='command', required=True, metavar='start|status|stop')

    def add(name, run, text):
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + '.')
        command.add_argument(
            '--dir',
            type=_folder,
            default=default_state_dir(),
            metavar='FOLDER',
            help=(
                'the folder of the cluster; several clusters live in several folders (%(default)s)'
            ),
        )
        command.set_defaults(run=run)
        return command

    command = add(
        'start',
        _start,
        'start a cluster, or what is missing of it, and print `export` lines for the shell',
    )
    command.add_argument(
        '--nodes', type=_nodes, metavar='N', help='pairs of DataNode and NodeManager, 1 to 16 (1)'
    )
    command.add_argument(
        '--hosts',
        action='store_true',
        help=(
            'each node in a network namespace, with an address of its own, instead of 127.0.0.1'
            ' (Linux, root, `ip`)'
        ),
    )
    command.add_argument(
        '--python',
        metavar='FILE',
        type=_program,
        help='the interpreter that tasks find as `python3` (the one that runs this command)',
    )
    command = add('status', _status, 'show what runs, where, and whether it is well')
    command.add_argument(
        '--json', action='store_true', help='the same for programs, with folders and log files'
    )
    add(
        'stop',
        _stop,
        'end all processes of a cluster and remove its folder, HDFS and logs included',
    )
    return parser


def _folder(text):
    """Absolute, in a folder without links: daemons are known again by it."""
    parent, name = os.path.split(os.path.abspath(text))
    return Path(os.path.realpath(parent)) / name


def _nodes(text):
    if not text.isdigit() or not 1 <= int(text) <= 16:
        raise argparse.ArgumentTypeError(f'expected 1 to 16, got {text!r}')
    return int(text)


def _program(text):
    path = os.path.abspath(text)
    if not os.access(path, os.X_OK):
        raise argparse.ArgumentTypeError(f'{path} is not a program')
    return path
