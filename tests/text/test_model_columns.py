"""Tests of the columns of `assign`, which are matched with the model's features by name if
possible.
"""

from pathlib import Path

import pytest
from commandline import call

from mr_kmeans.errors import UsageError
from mr_kmeans.text.column_selection import are_names
from mr_kmeans.text.model_columns import describe_columns, find_columns

FEATURES = ['alpha', 'beta', 'gamma']


def find(columns, names=('id', *FEATURES), **more):
    return find_columns(FEATURES, list(names), 'c.csv', columns, **more)


@pytest.mark.parametrize('columns', ['gamma,alpha,beta', ['beta', 'gamma', 'alpha'], 'beta-gamma'])
def test_names_of_features_are_matched_by_name(columns):
    names = ['id', 'beta', 'alpha', 'gamma']
    assert find(columns, names) == [2, 1, 3]


@pytest.mark.parametrize('columns', ['1-3', [1, 2, 3], 'beta,2,3'])
def test_numbers_in_another_order_than_the_model_are_refused(columns):
    with pytest.raises(UsageError) as caught:
        find(columns, ['beta', 'alpha', 'gamma'])
    words = str(caught.value)
    assert 'in another order: beta, alpha, gamma; the model has alpha, beta, gamma.' in words
    assert words.endswith(
        'Leave --columns out, and columns are found by name, or write --columns 2,1,3.'
    )
    assert find('2,1,3', ['beta', 'alpha', 'gamma']) == [1, 0, 2]


@pytest.mark.parametrize(
    'columns, names, fields',
    [
        ('z,x,y', ['x', 'y', 'z'], [2, 0, 1]),
        ('3,1,2', ['x', 'y', 'z'], [2, 0, 1]),
        ('gamma,alpha,x', ['x', 'alpha', 'gamma'], [2, 1, 0]),
        ('1-3', FEATURES, [0, 1, 2]),
    ],
)
def test_other_columns_are_features_in_the_given_order(columns, names, fields):
    assert find(columns, names) == fields


def test_columns_without_a_header_are_selected_by_number_or_name():
    names = ['x1', 'x2', 'x3']
    model = ['x2', 'x1', 'x3']
    assert find_columns(model, names, 'c.csv', '1-3', has_names=False) == [0, 1, 2]
    assert find_columns(model, names, 'c.csv', 'x1,x2,x3', has_names=False) == [1, 0, 2]


def test_number_that_is_a_name_counts_as_a_name():
    assert are_names('2,1', ['1', '2']) and not are_names('2,1', ['a', 'b'])
    assert find_columns(['1', '2'], ['2', '1'], 'c.csv', '2,1') == [1, 0]


def test_wrong_number_of_columns_is_refused():
    with pytest.raises(UsageError, match='2 columns chosen, the model has 3 features: alpha, beta'):
        find('alpha,beta')


@pytest.mark.parametrize(
    'names, words',
    [
        (['alpha', 'beta'], "there is no column 'gamma'"),
        (['alpha', 'beta', 'gamma', 'beta'], "more than one column is 'beta'"),
    ],
)
def test_missing_features_are_refused(names, words):
    with pytest.raises(UsageError, match=words):
        find(None, names, found='as it looks')


def test_mapping_is_described_if_names_differ():
    assert describe_columns(FEATURES, FEATURES) == ''
    assert "'beta' is column 'y'" in describe_columns(FEATURES, ['x', 'y', 'z'])


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Make a run on columns that differ in every respect, and return its labels."""
    monkeypatch.chdir(tmp_path)
    rows = [(i, 100 + i * i % 7, -50 * (i % 3)) for i in range(12)]
    Path('base.csv').write_text(
        'alpha,beta,gamma\n' + ''.join(f'{a},{b},{c}\n' for a, b, c in rows)
    )
    Path('other.csv').write_text(
        'beta,alpha,gamma\n' + ''.join(f'{b},{a},{c}\n' for a, b, c in rows)
    )
    assert call('fit', 'base.csv', '-k', 3, '-o', 'M', '-q').code == 0
    assert call('assign', 'M', 'base.csv', '-o', 'expected', '-q').code == 0
    return labels('expected')


def labels(folder):
    (part,) = Path(folder).iterdir()
    lines = part.read_text().splitlines()
    return [line.partition(',')[2] for line in lines]


def test_labels_do_not_depend_on_the_order_of_names(model):
    done = call('assign', 'M', 'base.csv', '-o', 'l', '--columns', 'gamma,alpha,beta')
    assert done.code == 0 and labels('l') == model, done.stderr
    done = call('assign', 'M', 'other.csv', '-o', 'm', '--columns', '1-3')
    assert done.code == 2 and 'write --columns 2,1,3' in done.stderr
    done = call('assign', 'M', 'other.csv', '-o', 'n', '--columns', '2,1,3')
    assert done.code == 0 and labels('n') == model
    Path('renamed.csv').write_text(Path('base.csv').read_text().replace('beta', 'height'))
    done = call('assign', 'M', 'renamed.csv', '-o', 'o', '--columns', '1-3')
    assert done.code == 0 and labels('o') == model
    assert "'beta' is column 'height'" in done.stderr


def test_labels_of_a_table_do_not_depend_on_the_order_of_names(model):
    sql = ('--engine', 'sql', '--database', 'x.duckdb', '--query', "FROM 'other.csv'")
    assert (
        call(
            'fit', 'base.csv', '-k', 1, '-o', 'N', '--engine', 'sql', '--database', 'x.duckdb'
        ).code
        == 0
    )
    for columns, code in [('gamma,alpha,beta', 0), ('2,1,3', 0), ('1-3', 2)]:
        done = call('assign', 'M', '-o', 't', *sql, '--columns', columns, '--overwrite', '--json')
        assert done.code == code, done.stderr
    import duckdb

    with duckdb.connect('x.duckdb') as base:
        found = base.execute('SELECT cluster_id FROM t').fetchall()
    assert [str(label) for (label,) in found] == [line.split(',')[2] for line in model[1:]]
