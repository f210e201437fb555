"""README.md and docs/ tell the truth: their examples are run, their tables compared with the
program.

Blocks of the kind `console` of a page are run in their order, in a folder of its own that has a
checkout's data and scripts; a `python` block is a script, and the `text` block after it its output.
Standard error counts, times do not. When what the program prints has changed:

    UPDATE_DOCS=1 python -m pytest tests/test_docs.py

writes the blocks that differ. `sh` blocks are not run; they may name the scripts of the checkout
only. Nor is a `text` block without a script before it.
"""

import difflib
import os
import re
import shlex
import shutil
import subprocess
import sys
from typing import List, NamedTuple

import click
import pytest
from on_hadoop import hadoop

import mr_kmeans
from mr_kmeans import errors
from mr_kmeans.algorithm.candidate import IterationStats
from mr_kmeans.cli.main import main
from mr_kmeans.jobs.mr_assign import MRAssign
from mr_kmeans.jobs.mr_lloyd_two_job import MRLloydTwoJob
from mr_kmeans.jobs.mr_survey import MRSurvey
from mr_kmeans.run import directory

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGES = ['README.md', *(f'docs/{name}' for name in sorted(os.listdir(os.path.join(ROOT, 'docs'))))]
UPDATE = 'UPDATE_DOCS'
COMMANDS = ('fit', 'assign')
MARK = '\x01'


class Block(NamedTuple):
    """A fenced block: its kind, the number of its first line after the fence (from 0), its
    lines."""

    kind: str
    start: int
    lines: List[str]


def read(name):
    with open(os.path.join(ROOT, name), encoding='utf-8') as file:
        return file.read()


def find_blocks(text):
    blocks, opened = [], None
    for number, line in enumerate(text.splitlines()):
        if line.startswith('```') and opened is None:
            opened = Block(line[3:], number + 1, [])
        elif line == '```':
            blocks.append(opened)
            opened = None
        elif opened is not None:
            opened.lines.append(line)
    assert opened is None, 'a block is not closed'
    return blocks


BLOCKS = {page: find_blocks(read(page)) for page in PAGES}
ALL_BLOCKS = [block for page in PAGES for block in BLOCKS[page]]
TEXT = '\n'.join(map(read, PAGES))


# The examples

PROGRESS = re.compile(r': .* after \d+ s\b')
"""Of lines that the examples have on a busy machine only."""


class Session:
    """A folder like a checkout, in which the commands of the README work as they stand there."""

    def __init__(self, folder):
        self.folder = folder
        for name in ('data', 'conf'):
            shutil.copytree(os.path.join(ROOT, name), folder / name)
        self.add_script('scripts/kmeans', '-m mr_kmeans')
        self.add_script('bin/python', '')
        self.environ = {name: os.environ[name] for name in ('PATH', 'TMPDIR') if name in os.environ}
        self.environ.update(
            PATH='%s:%s' % (folder / 'bin', self.environ['PATH']),
            PYTHONPATH=ROOT,
            HOME=str(folder),
            LC_ALL='C',
        )

    def add_script(self, name, arguments):
        path = self.folder / name
        path.parent.mkdir()
        path.write_text('#!/bin/sh\nexec %s %s "$@"\n' % (shlex.quote(sys.executable), arguments))
        path.chmod(0o755)

    def run(self, command):
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding='utf-8',
            timeout=120,
        )
        return done.stdout

    def console(self, lines):
        """Run the commands of a block; return its lines as they should be."""
        commands = [line[2:] for line in lines if line.startswith('$ ')]
        script = ''.join(
            '%s\nstatus=$?; printf "\\001%%d\\001" $status; (exit $status)\n' % command
            for command in commands
        )
        parts = self.run(['sh', '-c', script]).split(MARK)
        found = []
        for number, command in enumerate(commands):
            output, status = parts[2 * number : 2 * number + 2]
            found += [
                '$ ' + command,
                *(line for line in output.splitlines() if not PROGRESS.search(line)),
            ]
            shows_status = commands[number + 1 : number + 2] == ['echo $?']
            assert status == '0' or shows_status, '%s\nended with %s:\n%s' % (
                command,
                status,
                output,
            )
        return found

    def python(self, lines):
        return self.run([str(self.folder / 'bin' / 'python'), '-c', '\n'.join(lines)]).splitlines()


def run_page(page, folder):
    """Return {number of a block: its lines as they should be}."""
    session, blocks, found = Session(folder), BLOCKS[page], {}
    for number, block in enumerate(blocks):
        if block.kind == 'console':
            found[number] = session.console(block.lines)
        elif block.kind == 'python':
            assert blocks[number + 1].kind == 'text', (
                'the block after a script should be its output'
            )
            found[number + 1] = session.python(block.lines)
    return found


def update(page, found):
    """Write the blocks that differ into the page."""
    lines = read(page).splitlines()
    for number in sorted(found, reverse=True):
        block = BLOCKS[page][number]
        if steady(block.lines) != steady(found[number]):
            lines[block.start : block.start + len(block.lines)] = found[number]
    with open(os.path.join(ROOT, page), 'w', encoding='utf-8') as file:
        file.write('\n'.join(lines) + '\n')


def steady(lines):
    """Leave out what is another in each run: times, and the size of packed rows, which hold the
    files' paths and times."""
    found, edge = [], None
    for line in lines:
        line = re.sub(
            r'\b\d+\.\d+ s\b', '... s', re.sub(r'(packed .* into )[\d,]+', r'\1...', line.rstrip())
        )
        if re.search(r'\sseconds\b', line):
            edge = re.search(r'\sseconds\b', line).end()
        elif not line:
            edge = None
        elif edge and re.search(r'\s[\d.]+$', line[:edge]):
            line = re.sub(r'\s+[\d.]+$', ' ...', line[:edge]) + line[edge:]
        found.append(line)
    return found


@pytest.mark.parametrize('page', PAGES)
def test_examples_print_what_the_page_shows(page, tmp_path):
    found = run_page(page, tmp_path / 'mr_kmeans')
    if os.environ.get(UPDATE):
        return update(page, found)
    differences = [
        '%s line %d: the output is another now\n%s\n\nRun this with %s=1, or paste:\n%s'
        % (page, block.start, difference(block.lines, lines), UPDATE, '\n'.join(lines))
        for block, lines in ((BLOCKS[page][number], lines) for number, lines in found.items())
        if steady(block.lines) != steady(lines)
    ]
    if differences:
        pytest.fail('\n\n'.join(differences), pytrace=False)


def difference(shown, found):
    return '\n'.join(
        difflib.unified_diff(steady(shown), steady(found), 'the page', 'the program', lineterm='')
    )


def test_the_worked_example_is_the_true_one():
    """(3, 18), (4.75, 19.6), (7, 25): not what the program says today, but what is right."""
    [block] = [block for block in ALL_BLOCKS if '$ cat example/centroids.csv' in block.lines]
    rows = [
        line.split(',')
        for line in block.lines[block.lines.index('$ cat example/centroids.csv') + 2 :]
    ]
    assert [(row[0], float(row[3])) for row in rows][:8] == [
        ('0', 4),
        ('0', 10),
        ('1', 3),
        ('1', 18),
        ('2', 4.75),
        ('2', 19.6),
        ('3', 7),
        ('3', 25),
    ]


def test_the_same_hash_all_the_way():
    """Of iris: from pandas, Parquet and JSON, after others of several k, by SQL from file, table
    and query, of the reversed file, and computed from model.json; resuming gives that of the worked
    example.
    """
    hashes = re.findall(
        r'^(?:model hash +)?([0-9a-f]{64})$',
        '\n'.join(line for block in ALL_BLOCKS for line in block.lines),
        re.MULTILINE,
    )
    iris, worked = hashes[0], hashes[4]
    assert iris != worked
    assert (hashes.count(iris), hashes.count(worked)) == (11, 2)
    assert len(set(hashes)) == 3  # the third is of a run that stops before its end


def test_what_is_not_run_is_there():
    for block in ALL_BLOCKS:
        if block.kind == 'sh':
            for line in block.lines:
                assert os.access(os.path.join(ROOT, line.split()[0]), os.X_OK), line
        assert block.kind in ('console', 'python', 'text', 'sh'), (
            'line %d: a block that no test runs' % block.start
        )


def test_the_steady_part_of_an_output():
    table = [
        '  iteration  inertia  seconds',
        '          0     12.5     1.25',
        '          1     12.5    11.25',
        '',
        'inertia 12.50',
    ]
    slower = [
        '  iteration  inertia  seconds',
        '          0     12.5   103.25',
        '          1     12.5     1.00',
        '',
        'inertia 12.50',
    ]
    other = [line.replace('12.5 ', '12.6 ') for line in table]
    assert steady(table) == steady(slower) != steady(other)
    assert steady(['packed 1 bytes of text into 1,026 in 0.1 s']) == steady(
        ['packed 1 bytes of text into 999 in 12.0 s']
    )
    assert steady(['inertia 12.50']) != steady(['inertia 12.51'])


# The tables


def table_rows(first_header):
    """The cells of the table whose first header cell is this."""
    lines = TEXT.splitlines()
    start = (
        next(
            number for number, line in enumerate(lines) if line.startswith('| %s |' % first_header)
        )
        + 2
    )
    rows = []
    while lines[start + len(rows)].startswith('|'):
        rows.append([cell.strip() for cell in lines[start + len(rows)].strip('|').split(' | ')])
    return rows


def quoted(cell):
    return re.findall('`([^`]*)`', cell)


def parameters(command):
    """{spelling: click's parameter} of all options of a command."""
    context = click.Context(main.commands[command], help_option_names=['-h', '--help'])
    options = [
        one for one in main.commands[command].get_params(context) if isinstance(one, click.Option)
    ]
    return {name: option for option in options for name in option.opts + option.secondary_opts}


@pytest.mark.parametrize('command', COMMANDS)
def test_every_option_is_in_the_table_and_the_other_way_round(command):
    rows = [row for row in table_rows('option') if command in quoted(row[1])]
    assert {name for row in rows for name in quoted(row[0])} == set(parameters(command))


@pytest.mark.parametrize('command', COMMANDS)
def test_defaults_and_choices(command):
    options = parameters(command)
    for names, _commands, default, meaning in (
        row[:4] for row in table_rows('option') if command in quoted(row[1])
    ):
        option = options[quoted(names)[0]]
        assert {options[name] for name in quoted(names)} == {option}, names
        value = option.get_default(click.Context(main.commands[command]))
        has_default = isinstance(value, (str, int, float)) and not isinstance(value, bool)
        expected = 'required' if option.required else '`%s`' % value if has_default else '–'
        assert default == expected, names
        assert set(getattr(option.type, 'choices', [])) <= set(quoted(meaning)), names


def test_every_option_in_the_text_exists():
    known = {name for command in COMMANDS for name in parameters(command)}
    for job in (MRSurvey, MRLloydTwoJob, MRAssign):
        known |= set(job(args=[]).arg_parser._option_string_actions)
    known |= set(re.findall('--[a-z]+', hadoop('start', '--help').stdout))
    for script in ('soak.py', 'bench_sklearn.py', 'bench_quality.py'):
        command = [sys.executable, os.path.join(ROOT, 'scripts', 'lib', script), '--help']
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        known |= set(re.findall('--[a-z-]+', done.stdout))
    prose = re.sub(r'https?://\S+', '', TEXT)
    assert set(re.findall(r'(?<![\w-])--[a-z][a-z-]*', prose)) <= known


def test_exit_codes():
    documented = dict(re.findall(r'^(\d+) +(.+)$', errors.__doc__, re.MULTILINE))
    assert [row[0] for row in table_rows('code')] == sorted(documented, key=int)


def test_the_files_of_a_run():
    named = [name.rstrip('/') for row in table_rows('file') for name in quoted(row[0])]
    assert sorted(named) == sorted(directory.OWN_FILES)
    [iterations] = [
        row[1] for row in table_rows('file') if quoted(row[0]) == [directory.ITERATIONS]
    ]
    assert set(quoted(iterations)) == set(IterationStats._fields) - {'iteration'}


def test_environment_variables():
    used = {
        name
        for script in ('environment.py', 'environment.sh')
        for name in re.findall(r'MR_KMEANS_\w+', read(os.path.join('scripts', 'lib', script)))
    }
    assert {name for row in table_rows('variable') for name in quoted(row[0])} == used


@pytest.mark.parametrize('page', [*PAGES, 'ARCHITECTURE.md', 'CHANGELOG.md'])
def test_links_and_paths(page):
    text = read(page)
    for target in re.findall(r'\]\(([^)]+)\)', text):
        if '://' in target:
            continue
        path, _, heading = target.partition('#')
        path = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        assert os.path.exists(os.path.join(ROOT, path)), target
        assert not heading or heading in headings(path), target
    for path in re.findall(r'`((?:mr_kmeans|data|scripts|tests|conf|docs)/[\w./]*)', text):
        assert os.path.exists(os.path.join(ROOT, path)), path


def headings(page):
    return {
        re.sub(r'[^\w -]', '', heading).lower().replace(' ', '-')
        for heading in re.findall('^#+ (.*)$', read(page), re.MULTILINE)
    }


def test_the_readme_is_short_and_names_every_page():
    assert len(read('README.md').splitlines()) <= 220
    assert all('(%s)' % page in read('README.md') for page in PAGES[1:])


def test_the_changelog_knows_this_version():
    assert '## [%s]' % mr_kmeans.__version__ in read('CHANGELOG.md')
