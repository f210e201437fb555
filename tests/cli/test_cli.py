"""The command itself: help, streams, exit codes. (Input: test_bad_input.py; kills and locks:
test_state.py.)"""

import errno
import fcntl
import json
import logging
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

import click
import pytest
from commandline import COMMAND, ROOT, call, environment, run

from mr_kmeans import __version__
from mr_kmeans.cli import main as cli
from mr_kmeans.cli.ending import ending_signals
from mr_kmeans.cli.main import main
from mr_kmeans.errors import RunError

IRIS = ROOT / 'data' / 'iris.csv'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Let every test begin in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_alone_it_shows_its_help():
    done = call()
    assert done.code == 2 and done.stdout == '' or done.code == 0
    for word in (
        'Usage: mr-kmeans',
        'fit ',
        'assign ',
        'Exit codes: 0 done',
        'mr-kmeans fit points.csv -k 3 -o run',
    ):
        assert word in done.stdout + done.stderr


def test_version():
    assert call('--version') == (0, f'mr-kmeans, version {__version__}\n', '')


@pytest.mark.parametrize('command', sorted(main.commands))
@pytest.mark.parametrize('flag', ['-h', '--help'])
def test_help_tells_every_option_and_its_default(command, flag):
    done = call(command, flag)
    assert done.code == 0 and done.stderr == ''
    told = ' '.join(done.stdout.split())
    assert 'Exit codes: 0 done' in told and max(map(len, done.stdout.split('\n'))) <= 80
    entries = [
        ' '.join(entry.split())
        for entry in re.split(r'\n  (?=-)', done.stdout.split('Options:\n')[1])
    ]
    for option in main.commands[command].params:
        if isinstance(option, click.Argument):
            assert option.metavar in told.split('Options:')[0]
            continue
        assert option.help, option.name
        for name in option.opts + option.secondary_opts:
            assert name in told
        entry = next(
            entry for entry in entries if re.search(rf'(^|[ ,]){option.opts[0]}[ ,]', entry)
        )
        if option.required:
            assert '[required]' in entry
        elif option.is_flag and not option.secondary_opts:
            assert not option.get_default(click.Context(main.commands[command]))
        elif option.show_default:
            assert f'[default: {option.default}]'.replace(' ', '') in entry.replace(' ', ''), (
                option.name
            )
        else:
            assert 'Default: ' in entry, option.name


def test_both_commands_take_the_same_options_for_text_and_jobs():
    names = {
        command: {option.name for option in main.commands[command].params}
        for command in main.commands
    }
    assert names['assign'] - names['fit'] == {'labels', 'view'}
    assert names['fit'] - names['assign'] == {
        'k',
        'variant',
        'init',
        'n_init',
        'tol_inertia',
        'max_iter',
        'tol',
        'seed',
        'resume',
        'break_lock',
        'plan',
        'centers_table',
    }


@pytest.mark.parametrize(
    'arguments, words',
    [
        (['ft'], ["'ft'", 'fit']),
        (['fit'], ['INPUT']),
        (['fit', 'x.csv'], ['-k']),
        (['fit', 'x.csv', '-k', '2'], ['-o']),
        (['assign', 'out'], ['INPUT']),
        (['--colour'], ['--colour']),
        (['fit', 'x', '-k', '2', '-o', 'o', '--overwrit'], ['--overwrite']),
    ],
)
def test_usage_errors(arguments, words):
    done = call(*arguments)
    assert (done.code, done.stdout) == (2, '')
    for word in [*words, '--help']:
        assert word in done.stderr


def test_the_result_is_on_standard_output_and_talk_on_standard_error(folder):
    done = run('fit', IRIS, '-k', 3, '-o', 'out')
    assert done.code == 0
    iterations, centroids, summary = done.stdout.split('\n\n')
    assert [line.split()[0] for line in iterations.split('\n')] == ['iteration', '0', '1']
    lines = [line.split() for line in centroids.split('\n')]
    assert lines[0] == [
        'cluster_id',
        'count',
        'sepal_length',
        'sepal_width',
        'petal_length',
        'petal_width',
    ]
    assert [line[:3] for line in lines[1:]] == [
        ['0', '50', '5.006'],
        ['1', '62', '5.90161'],
        ['2', '38', '6.85'],
    ]
    assert re.fullmatch(
        r'rows        150\ninertia     78\.8514414261\d+\niterations  1 \(stopped: no centroid'
        r' moved\)\n'
        r'model hash  [0-9a-f]{64}\n',
        summary,
    )
    assert (
        'iris.csv: 4 columns, separated by comma, a header; 4 features: sepal_length' in done.stderr
    )
    assert (
        'model hash' not in done.stderr
        and max(map(len, done.stderr.replace(str(IRIS), 'iris.csv').split('\n'))) < 125
    )


def test_json_is_one_document_and_nothing_else():
    done = run('fit', IRIS, '-k', 3, '-o', 'out', '--json')
    result = json.loads(done.stdout)
    assert done.code == 0 and done.stdout.count('\n') == 1
    model = json.loads(Path('out/model.json').read_text())
    assert model.pop('digest')  # of the file
    assert {key: result[key] for key in model} == model
    assert [(stats['iteration'], stats['moved']) for stats in result['iterations']] == [
        (0, None),
        (1, 0),
    ]
    assert result['iterations'][1]['inertia'] == model['inertia']
    done = call('assign', 'out', IRIS, '-o', 'labels', '--json')
    assert json.loads(done.stdout) == {
        'labels': 'labels',
        'n_samples': 150,
        'n_rejected': 0,
        'n_skipped': 0,
        'parts': ['part-00000.csv'],
        'ledger': None,
    }


def test_json_prints_nothing_without_a_result():
    assert call('fit', 'none.csv', '-k', 3, '-o', 'out', '--json').stdout == ''


def test_a_finished_run_shows_its_result_again():
    first = call('fit', IRIS, '-k', 3, '-o', 'out')
    again = call('fit', IRIS, '-k', 3, '-o', 'out', '--resume')
    assert again.stdout == first.stdout and 'nothing is left to do' in again.stderr


def on_terminal(*args, columns=80) -> str:
    """What a user of a terminal sees of a command."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
    environ = {
        name: value for name, value in environment().items() if name not in ('COLUMNS', 'LINES')
    }
    process = subprocess.Popen(
        [*COMMAND, *map(str, args)], stdin=slave, stdout=slave, stderr=slave, env=environ
    )
    os.close(slave)
    seen = b''
    while True:
        try:
            part = os.read(master, 1 << 16)
        except OSError:  # the end, on Linux
            part = b''
        if not part:
            break
        seen += part
    os.close(master)
    assert process.wait() == 0, seen
    return seen.decode().replace('\r\n', '\n')


@pytest.mark.parametrize('more, n_tables', [([], 1), (['-q'], 1), (['--resume'], 1)])
def test_on_a_terminal_iterations_are_shown_once(more, n_tables, folder):
    if more == ['--resume']:
        assert call('fit', IRIS, '-k', 3, '-o', 'out').code == 0
    seen = on_terminal('fit', IRIS, '-k', 3, '-o', 'out', *more)
    assert seen.count('inertia     shift') + seen.count('inertia      shift') == n_tables
    assert (
        max(map(len, seen.replace(str(IRIS), 'iris.csv').split('\n'))) < 125
        and 'model hash  ' in seen
    )
    assert [line.split()[0] for line in seen.split('\n\n')[-2].split('\n')][-4:] == [
        'cluster_id',
        '0',
        '1',
        '2',
    ]


@pytest.mark.parametrize(
    'more',
    [
        ('--max-iter', 1, '--tol', 0),
        ('--tol', 0.2),
        ('--max-iter', 1, '--tol', 0, '--engine', 'sql'),
    ],
)
def test_counts_of_two_partitions_are_explained_under_the_table(more):
    done = call('fit', IRIS, '-k', 3, '-o', 'out', '--init', 'random', *more)
    nearest = json.loads(Path('out/model.json').read_text())['counts']
    lines = Path('out/centroids.csv').read_text().splitlines()
    averaged = [int(line.split(',')[2]) for line in lines[-3:]]
    assert nearest != averaged
    cluster = next(i for i in range(3) if nearest[i] != averaged[i])
    assert (
        f'(count: rows nearest to these centroids, such as {nearest[cluster]} for cluster '
        f'{cluster}; out/centroids.csv has the rows\naveraged into each, {averaged[cluster]}: '
        in done.stdout
    )
    again = call('fit', IRIS, '-k', 3, '-o', 'out', '--init', 'random', *more, '--resume')
    assert again.stdout == done.stdout
    converged = call('fit', IRIS, '-k', 3, '-o', 'converged', '--tol', 0)
    assert converged.code == 0 and 'averaged' not in converged.stdout


def test_a_pipe_gets_all_features_and_a_terminal_what_fits():
    names = ['a_long_name_of_a_feature_%d' % j for j in range(31)]
    rows = [names, *([i * (j + 1) for j in range(31)] for i in range(30))]
    Path('wide.csv').write_text('\n'.join(','.join(map(str, row)) for row in rows))
    done = run('fit', 'wide.csv', '-k', 20, '-o', 'out', env=environment(COLUMNS='80'))
    header = next(line for line in done.stdout.split('\n') if line.startswith('cluster_id'))
    assert header.split() == ['cluster_id', 'count', *names] and 'more feature' not in done.stdout
    seen = on_terminal('fit', 'wide.csv', '-k', 20, '-o', 'out', '--resume', '-q')
    assert '29 more features: see out/centroids.csv' in seen


def test_quiet_is_silent():
    done = run('fit', IRIS, '-k', 3, '-o', 'out', '-q')
    assert (done.code, done.stderr) == (0, '') and 'model hash' in done.stdout
    assert call('assign', 'out', IRIS, '-o', 'labels', '-q') == (
        0,
        '150 rows labeled in labels (1 file)\n',
        '',
    )
    assert 'none.csv: no such file' in call('fit', 'none.csv', '-k', 3, '-o', 'other', '-q').stderr


def test_verbose_shows_mrjob_s_log():
    assert 'Running step 1 of 1' in call('fit', IRIS, '-k', 3, '-o', 'out', '-v').stderr


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    'script',
    [
        '{} | head -1',
        '{} 2>&1 | true',
        '{} >&-',
        pytest.param('{} | true', marks=SLOW),
        pytest.param('{} --json | head -c 1', marks=SLOW),
        pytest.param('{} 2>&1 | head -1', marks=SLOW),
        pytest.param('{} 2>&-', marks=SLOW),
        pytest.param('{} <&-', marks=SLOW),
        pytest.param('{} <&- >&- 2>&-', marks=SLOW),
        '{} --help | true',
    ],
)
def test_closed_stdout_exits_zero(script):
    command = ' '.join([*COMMAND, 'fit', str(IRIS), '-k', '3', '-o', 'out'])
    done = subprocess.run(
        ['bash', '-o', 'pipefail', '-c', script.format(command)],
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    assert 'rror' not in done.stdout + done.stderr and 'Traceback' not in done.stdout + done.stderr
    if '--help' not in script:
        assert (
            Path('out/model.json').exists() and not Path('out/lock').exists()
        )  # the run went on to its end


def test_standard_output_without_room(monkeypatch):
    if os.path.exists('/dev/full'):
        with open('/dev/full', 'w') as full:
            done = subprocess.run(
                [*COMMAND, 'fit', str(IRIS), '-k', '3', '-o', 'out'],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                env=environment(),
            )
        assert (
            done.returncode == 1
            and 'standard output: No space left on device' in done.stderr
            and 'Traceback' not in done.stderr
        )

    def fail(*_, **__):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(click, 'echo', fail)
    with pytest.raises(RunError, match='standard output: No space left on device'):
        cli.show('text')


def test_names_that_the_terminal_cannot_show():
    Path('x.csv').write_text('温度,x\n1,2\n3,4\n', encoding='utf-8')
    done = run(
        'fit',
        'x.csv',
        '-k',
        2,
        '-o',
        'out',
        env=environment(PYTHONIOENCODING='latin-1', PYTHONUTF8='0'),
    )
    assert done.code == 0 and '\\u6e29\\u5ea6' in done.stdout and '\\u6e29\\u5ea6' in done.stderr


def test_names_of_files_that_are_no_text(folder):
    name = b'\xff.csv'
    try:
        with open(name, 'wb') as stream:
            stream.write(b'a,b\n1,2\n3,x\n5,6\n')
    except OSError:  # macOS has no such names
        name = 'ü.csv'.encode()
        with open(name, 'wb') as stream:
            stream.write(b'a,b\n1,2\n3,x\n5,6\n')
    done = run('fit', os.fsdecode(name), '-k', 2, '-o', 'out', '--max-bad-rows', 1)
    assert done.code == 0, done.stderr
    shown = name.decode('utf-8', 'backslashreplace').encode('utf-8')
    assert shown in Path('out/rejected.csv').read_bytes()
    assert run('assign', 'out', os.fsdecode(name), '-o', 'labels', '--max-bad-rows', 1).code == 0
    assert Path('labels/part-00000.csv').read_bytes().count(shown) == 2


def test_a_defect_is_one_line_and_with_v_a_traceback(monkeypatch):
    def fail(*args, **kwargs):
        raise ZeroDivisionError('oh')

    monkeypatch.setattr('mr_kmeans.commands.api.fit', fail)
    done = call('fit', IRIS, '-k', 3, '-o', 'out')
    assert done.code == 1 and done.stderr.count('\n') == 1
    assert (
        'ZeroDivisionError: oh (test_cli.py line' in done.stderr
        and 'please report it' in done.stderr
    )
    assert 'Traceback' in call('fit', IRIS, '-k', 3, '-o', 'out', '-v').stderr


@pytest.mark.parametrize(
    'error, code, word',
    [
        (MemoryError(), 1, 'not enough memory'),
        (KeyboardInterrupt(), 130, 'interrupted'),
        (PermissionError(13, 'Permission denied', 'x'), 1, 'x: Permission denied'),
    ],
)
def test_other_ends(error, code, word, monkeypatch):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr('mr_kmeans.commands.api.fit', fail)
    done = call('fit', IRIS, '-k', 3, '-o', 'out')
    assert done.code == code and word in done.stderr and 'Traceback' not in done.stderr


def test_handlers_of_signals_are_given_back(signals_of_a_terminal):
    before = signal.getsignal(signal.SIGTERM)
    call('fit', 'none.csv', '-k', 3, '-o', 'out')
    assert signal.getsignal(signal.SIGTERM) == before


def test_repeated_signals_are_debounced(monkeypatch, signals_of_a_terminal):
    monkeypatch.setattr('mr_kmeans.cli.ending.SIGNAL_DEBOUNCE_SECONDS', 60)
    with ending_signals():
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(os.getpid(), number)
        monkeypatch.setattr('mr_kmeans.cli.ending.SIGNAL_DEBOUNCE_SECONDS', 0)
        with pytest.raises(KeyboardInterrupt):  # whoever really means it
            os.kill(os.getpid(), signal.SIGINT)


def test_log_messages_are_shown_unless_quiet(monkeypatch):
    for options, heard in (((), ['urgent', 'worth knowing', 'a message']), (('-q',), ['urgent'])):

        def log(*_, **__):
            for level, text in (
                ('error', 'urgent'),
                ('warning', 'worth knowing'),
                ('info', 'a message'),
                ('debug', 'nothing'),
            ):
                getattr(logging.getLogger('mr_kmeans.x'), level)(text)
            raise RunError('failed')

        monkeypatch.setattr('mr_kmeans.commands.api.fit', log)
        assert call('fit', IRIS, '-k', 3, '-o', 'out', *options).stderr.splitlines()[:-1] == heard


def test_messages_do_not_control_the_terminal():
    done = call('fit', 'x\x1bc.csv', '-k', 3, '-o', 'out')
    assert 'x\\x1bc.csv: no such file' in done.stderr and '\x1b' not in done.stderr


def test_the_module_and_the_console_command_are_one():
    done = subprocess.run(
        [
            sys.executable,
            '-c',
            'from mr_kmeans.cli.main import main; main()',
            'fit',
            'none.csv',
            '-k',
            '3',
            '-o',
            'out',
        ],
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert (
        done.returncode == 1 and done.stderr == run('fit', 'none.csv', '-k', 3, '-o', 'out').stderr
    )


def test_a_broken_configuration_in_the_usual_place_is_named(folder):
    (folder / '.mrjob.conf').write_text('a: [1\n')
    done = run('fit', IRIS, '-k', 3, '-o', 'out', env=environment(HOME=str(folder)))
    assert done.code == 2 and f'{folder}/.mrjob.conf: not a configuration of mrjob' in done.stderr
    assert not Path('out').exists()


@pytest.mark.parametrize('out', ['a b', 'ü', "it's", 'deep/er/out', 'a:b', '{a,b}', '%41'])
def test_odd_names_of_outputs(out):
    assert call('fit', IRIS, '-k', 3, '-o', out, '-q', '--max-iter', 1).code == 0
    assert call('assign', out, IRIS, '-o', out + '.labels', '-q').code == 0
    assert os.listdir(out + '.labels') == ['part-00000.csv']


@pytest.mark.parametrize(
    'args, words',
    [
        (['asign'], "Did you mean 'assign'?"),
        (['fti'], "Did you mean 'fit'?"),
        (['fit', '--colums', 'a'], 'Did you mean'),
    ],
)
def test_a_proposal_is_made_once(args, words):
    done = call(*args)
    assert done.code == 2 and words in done.stderr and done.stderr.count('Did you mean') == 1


def test_one_row_is_one():
    Path('x.csv').write_text('a\n5\n')
    assert call('fit', 'x.csv', '-k', 1, '-o', 'out').code == 0
    done = call('fit', 'x.csv', '-k', 1, '-o', 'out', '--resume', '--max-iter', 1)
    assert done.code == 0
    Path('y').write_text('5')
    assert 'packed 1 byte of text' in call('fit', 'y', '-k', 1, '-o', 'out2').stderr


@pytest.mark.parametrize(
    'command, words',
    [('fit', 'interrupted (with --resume, it continues'), ('assign', 'interrupted')],
)
def test_only_fit_is_resumed_after_an_interrupt(command, words, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(f'mr_kmeans.commands.api.{command}', interrupt)
    done = call(command, *(['out'] if command == 'assign' else ['-k', 2]), 'x.csv', '-o', 'labels')
    assert done.code == 130 and words in done.stderr
    assert ('--resume' in done.stderr) == (command == 'fit')


@pytest.mark.parametrize(
    'hidden',
    [
        ['click'],
        ['numpy'],
        ['mrjob'],
        ['click', 'mrjob', 'numpy', 'tabulate', 'wcwidth', 'threadpoolctl'],
    ],
)
def test_packages_that_are_missing_are_named(hidden, tmp_path):
    (tmp_path / 'sitecustomize.py').write_text(
        'import sys\nclass Finder:\n    @staticmethod\n    def find_spec(name, path=None,'
        f' target=None):\n        if name.partition(".")[0] in {hidden}:\n            raise'
        ' ModuleNotFoundError("hidden", name=name)\nsys.meta_path.insert(0, Finder)\n'
    )
    done = subprocess.run(
        [*COMMAND, 'fit', IRIS, '-k', '3', '-o', 'out'],
        capture_output=True,
        text=True,
        env=dict(environment(), PYTHONPATH=f'{tmp_path}:{ROOT}'),
    )
    assert (done.returncode, done.stdout) == (1, '') and 'Traceback' not in done.stderr
    assert done.stderr.startswith('mr-kmeans: error: the package') and done.stderr.count('\n') == 1
    for word in *hidden, '-m pip install', 'scripts/kmeans':
        assert word in done.stderr


def test_a_python_without_any_package():
    done = subprocess.run(
        [sys.executable, '-S', '-m', 'mr_kmeans', '--help'],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (
        done.returncode == 1
        and 'packages click, mrjob, numpy' in done.stderr
        and 'Traceback' not in done.stderr
    )
