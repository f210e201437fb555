"""An index in a table or query is left out or asked for, as in a file."""

import json
from pathlib import Path

import pytest
from commandline import call

from mr_kmeans.sql.index_column import find_nameless


@pytest.mark.parametrize(
    'names, found',
    [
        (['column0', 'age'], [0]),
        (['column00', *'abcdefghijk'], [0]),
        (['column0', 'column1', 'a'], [0, 1]),
        (['column0', 'column1', 'column2'], []),
        (['a', 'column1'], []),
        (['Unnamed: 0.1', 'Unnamed: 0', 'a', 'Unnamed: 3'], [0, 1]),
        (['a', '__index_level_0__'], [1]),
        (['column0'], []),
    ],
)
def test_names_of_columns_without_a_name(names, found):
    assert find_nameless(names) == found


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name, index):
    rows = [(value, i * 3 % 7, i * 5 % 11) for i, value in enumerate(index)]
    Path('x.csv').write_text(
        f'{name},a,b\n' + ''.join(','.join(map(str, row)) + '\n' for row in rows)
    )


def fit(*options):
    query = ('--engine', 'sql', '--query', "FROM 'x.csv'")
    return call('fit', '-k', 2, '-o', 'out', '--json', '--overwrite', *query, *options)


@pytest.mark.parametrize('name', ['', 'Unnamed: 0', '__index_level_0__'])
def test_an_index_of_a_query_is_left_out(name, folder):
    write(name, [3, 2, 1, *range(4, 20)])
    done = fit()
    assert json.loads(done.stdout)['features'] == ['a', 'b'], done.stderr
    assert 'and counts from 1: it is left out as an index. To use it: --columns 1-3' in done.stderr
    assert len(json.loads(fit('--columns', '1-3').stdout)['features']) == 3
    assert json.loads(fit('--id-column', '1').stdout)['features'] == ['a', 'b']


@pytest.mark.parametrize('index', [[1, 1, 2], [0.5, 1.5, 2.5], [1, 2, 4], [1, 2, '']])
def test_a_nameless_column_that_does_not_count_is_asked_about(index, folder):
    write('', index)
    done = fit()
    assert done.code == 3
    assert 'is it an index or a feature? Say --columns 2-3 to leave it out,' in done.stderr


def test_a_file_without_a_header_has_no_index(folder):
    Path('x.csv').write_text(''.join(f'{i},{i % 3}\n' for i in range(9)))
    assert json.loads(fit().stdout)['features'] == ['column0', 'column1']


def test_an_index_of_a_table(base, folder):
    with base.open() as execute:
        execute('CREATE TABLE t ("Unnamed: 0" integer, a integer, b integer)')
        for i in range(12):
            execute(f'INSERT INTO t VALUES ({i}, {i * 3 % 7}, {i * 5 % 11})')
    table = ('--engine', 'sql', '--database', base.url, '--table', 't')
    done = call('fit', '-k', 2, '-o', 'out', *table, '--json')
    assert json.loads(done.stdout)['features'] == ['a', 'b'], done.stderr
    assert 'left out as an index' in done.stderr
