"""`assign` on files in another format than those of the run: the error names the options."""

from pathlib import Path

import pytest
from commandline import call

ROWS = 'alpha,beta\n' + ''.join(f'{i},{i * i % 7}\n' for i in range(12))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('comma.csv').write_text(ROWS)
    Path('semicolon.csv').write_text(ROWS.replace(',', ';'))
    Path('bare.csv').write_text(ROWS.partition('\n')[2])


@pytest.mark.parametrize('more', [[], ['--columns', 'alpha,beta']])
def test_a_delimiter_other_than_that_of_the_run_is_named(more):
    fitted = call('fit', 'semicolon.csv', '-k', 2, '-o', 'run', '--delimiter', 'semicolon')
    assert fitted.code == 0
    done = call('assign', 'run', 'comma.csv', '-o', 'labels', *more)
    assert done.code == 2 and done.stderr.endswith(
        'comma.csv: it is separated by comma, but fit was given --delimiter semicolon. Say'
        ' --delimiter comma.\n'
    )
    assert call('assign', 'run', 'comma.csv', '-o', 'labels', '--delimiter', 'comma').code == 0


def test_a_delimiter_that_was_detected_is_detected_again():
    assert call('fit', 'semicolon.csv', '-k', 2, '-o', 'run').code == 0
    assert call('assign', 'run', 'comma.csv', '-o', 'labels').code == 0


def test_a_header_is_refused_if_the_run_had_none():
    assert call('fit', 'bare.csv', '-k', 2, '-o', 'run', '--no-header').code == 0
    done = call('assign', 'run', 'comma.csv', '-o', 'labels')
    assert done.code == 3 and done.stderr.endswith(
        'comma.csv line 1: the run was told that there is no header, but this line looks like one:'
        " 'alpha', 'beta'. Say --header; or --max-bad-rows 1 to leave it out as a bad row.\n"
    )
    labeled = call('assign', 'run', 'comma.csv', '-o', 'labels', '--header', '--columns', '1-2')
    assert labeled.code == 0, labeled.stderr
    assert call('assign', 'run', 'comma.csv', '-o', 'more', '--max-bad-rows', 1).code == 0


def test_fit_without_the_header_that_is_there():
    done = call('fit', 'comma.csv', '-k', 2, '-o', 'run', '--no-header')
    assert done.code == 3 and '--no-header says that there is no header, but' in done.stderr
