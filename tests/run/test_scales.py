"""`fit` warns of features that hold nearly all of the variance, with a line of SQL that works."""

import json
import random
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from commandline import ROOT, call
from logged import logged

from mr_kmeans.commands.fit import fit
from mr_kmeans.options import FitOptions
from mr_kmeans.run.scales import find_dominance, identifier, percent, shell_quoted


def people(n=200, names=('age', 'children', 'income'), sizes=(10, 1, 20_000)):
    """Rows of independent columns of such standard deviations."""
    chance = random.Random(1)
    rows = [[f'{chance.gauss(0, size):.2f}' for size in sizes] for _ in range(n)]
    return '\n'.join([','.join(f'"{name}"' for name in names), *map(','.join, rows)]) + '\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('people.csv').write_text(people())
    return tmp_path


WARNING = re.compile(
    r"warning: 'income' alone holds (99\.99\d*) % of the variance of 3 features; "
    'the others have next to no say'
)


@pytest.mark.parametrize('more', [(), ('--engine', 'sql'), ('--no-pack',)])
def test_one_feature_that_decides_is_named_and_the_way_out_works(more, folder):
    done = call('fit', 'people.csv', '-k', 3, '-o', 'out', *more)
    assert done.code == 0 and WARNING.search(done.stderr), done.stderr
    assert '--standardize' not in done.stderr
    options = shlex.split(done.stderr.split('or in SQL: ')[1].split('\n')[0])
    assert options[-1] == "SELECT * REPLACE (income / 3000.0 AS income) FROM 'people.csv'"
    scaled = call('fit', '-k', 3, '-o', 'scaled', *options)
    assert scaled.code == 0, scaled.stderr
    assert 'warning' not in scaled.stderr
    again = call('fit', 'people.csv', '-k', 3, '-o', 'out', *more, '--resume')
    assert again.code == 0 and 'variance' not in again.stderr
    assert 'variance' not in call('fit', 'people.csv', '-k', 3, '-o', 'quiet', '-q').stderr


def hint_of(done):
    return shlex.split(done.stderr.split('or in SQL: ')[1].split('\n')[0])


def with_first_column(name, values):
    lines = people(60).splitlines()
    rows = [f'{value},{line}' for value, line in zip(values, lines[1:])]
    Path('first.csv').write_text('\n'.join([f'{name},{lines[0]}', *rows]) + '\n')


@pytest.mark.parametrize(
    'name, more', [('', []), ('Unnamed: 0', []), ('id', ['--id-column', 'id'])]
)
def test_the_hint_makes_no_feature_of_an_index_or_ids(name, more, folder):
    with_first_column(name, range(60))
    done = call('fit', 'first.csv', '-k', 3, '-o', 'out', *more)
    options = hint_of(done)
    assert ('--id-column' in options) == bool(more)
    scaled = call('fit', '-k', 3, '-o', 'scaled', '--json', *options)
    assert json.loads(scaled.stdout)['features'] == ['age', 'children', 'income'], scaled.stderr
    assert 'warning' not in scaled.stderr


def test_an_index_that_is_chosen_has_no_hint(folder):
    with_first_column('', range(60))
    done = call('fit', 'first.csv', '-k', 3, '-o', 'out', '--columns', '1-4')
    assert 'or in SQL by --engine sql and a --query.' in done.stderr


@pytest.mark.parametrize('word', ['?', 'NA', ''])
def test_no_hint_if_values_are_missing(word, folder):
    with_first_column('other', [*range(100, 120), word, *range(121, 160)])
    done = call('fit', 'first.csv', '-k', 3, '-o', 'out', '--missing', 'skip')
    assert 'or in SQL by --engine sql and a --query.' in done.stderr


def test_names_that_duckdb_changes_have_no_hint(folder):
    Path('people.csv').write_text(people(names=('a', 'A', 'income')))
    assert 'SQL by --engine sql and' in call('fit', 'people.csv', '-k', 3, '-o', 'out').stderr


@pytest.mark.parametrize('order', [1, 7])
def test_row_numbers_are_not_to_be_scaled(order, folder):
    with_first_column('idx', [i * order % 60 * 1 for i in range(60)] if order == 7 else range(60))
    assert call('fit', 'first.csv', '-k', 3, '-o', 'out', '--columns', '1-3').code == 0
    done = call('fit', 'first.csv', '-k', 3, '-o', 'two', '--columns', 'idx,children')
    (line,) = [line for line in done.stderr.splitlines() if 'counts by one' in line]
    assert line == (
        "column 'idx' counts by one. If it numbers the rows, say --id-column idx, or choose the"
        ' other columns with --columns.'
    )
    assert 'REPLACE' not in done.stderr
    less = call('fit', 'first.csv', '-k', 3, '-o', 'three', '--columns', 'idx,income')
    assert "'income' alone holds" in less.stderr and line in less.stderr
    named = call('fit', 'first.csv', '-k', 3, '-o', 'four', '--id-column', 'idx')
    assert 'counts by one' not in named.stderr


def test_other_columns_of_whole_numbers_do_not_count(folder):
    values = [*range(58), 57, 59]
    with_first_column('idx', values)
    done = call('fit', 'first.csv', '-k', 3, '-o', 'out', '--columns', 'idx,children')
    assert 'counts by one' not in done.stderr


def test_two_of_many_features(folder):
    names = [f'x{j}' for j in range(29)] + ['income', 'Capital Gain']
    rows = people(names=names, sizes=[1] * 29 + [3000, 2000])
    Path('people.tsv').write_text(rows.replace(',', '\t'))
    done = call('fit', 'people.tsv', '-k', 3, '-o', 'out')
    assert re.search(
        r"warning: 2 of 31 features hold 99.999\d* % of the variance: 'income', " "'Capital Gain';",
        done.stderr,
    ), done.stderr
    options = shlex.split(done.stderr.split('or in SQL: ')[1].split('\n')[0])
    assert '"Capital Gain" / 2000.0 AS "Capital Gain"' in options[-1]
    assert call('fit', '-k', 3, '-o', 'scaled', *options).code == 0


@pytest.mark.parametrize(
    'names, sizes',
    [
        (['a'], [1000]),
        (['a', 'b'], [1, 1.5]),
        (['a', 'b', 'c'], [1000, 0, 0]),
        (['a', 'b', 'c'], [10, 10, 10]),
        (['a', 'b', 'c', 'd'], [1, 1, 90, 90]),
    ],
)
def test_no_warning_if_no_feature_dominates(names, sizes, folder):
    Path('x.csv').write_text(people(names=names, sizes=sizes))
    done = call('fit', 'x.csv', '-k', 2, '-o', 'out')
    assert done.code == 0 and 'variance' not in done.stderr


def test_weights_count(folder):
    said = logged()
    fit(
        'people.csv',
        'even',
        FitOptions(3, feature_weights=[1, 100, 100 / 20_000**2]),
    )
    assert not [line for line in said if 'variance' in line]
    fit('people.csv', 'other', FitOptions(3, feature_weights=[1e9, 1, 1]))
    assert [line for line in said if line.startswith("warning: 'age' alone holds ")]


def test_rows_of_a_table_and_of_a_query(base, folder):
    with base.open() as execute:
        execute('CREATE TABLE people (id integer, age integer, children integer, income integer)')
        for i in range(30):
            income = i * i * 11 % 97 * 1000
            execute(f'INSERT INTO people VALUES ({i}, {i * 7 % 40}, {i * 5 % 7}, {income})')
    arguments = ('fit', '-k', 3, '--id-column', 'id', '--engine', 'sql', '--database', base.url)
    done = call(*arguments, '-o', 'out', '--table', 'people')
    options = shlex.split(done.stderr.split('in place of --table, ')[1].split('\n')[0])
    assert options[0] == '--query' and re.search(r'income / \d+\.0 AS income', options[1])
    assert ('REPLACE' in options[1]) == ('duckdb' in base.url)
    done = call(*arguments, '-o', 'scaled', '--centers-table', 'other', *options)
    assert done.code == 0 and 'variance' not in done.stderr, done.stderr
    done = call(
        *arguments, '-o', 'third', '--centers-table', 'third', '--query', 'SELECT * FROM people'
    )
    assert re.search(r'or in SQL: in the query, income / \d+\.0 AS income\n', done.stderr)


@pytest.mark.parametrize(
    'prepare',
    [
        lambda: Path('y.csv').write_text(people()),
        lambda: Path('people.csv').write_text(people().partition('\n')[2]),
    ],
)
def test_pandas_is_suggested_if_one_line_of_sql_is_not_enough(prepare, folder):
    prepare()
    done = call('fit', '*.csv', '-k', 3, '-o', 'out')
    assert done.code == 0
    assert 'divide the columns in pandas, or in SQL by --engine sql and a --query.' in done.stderr


def test_shares_are_exact_where_nearly_all_is_one():
    found = find_dominance(['a', 'b', 'c'], [1e150, 1.0, 0.0], [1.0, 1.0, 1.0])
    assert (found.features, percent(found)) == (['a'], 'more than 99.9999999999 %')
    assert found.divisors == [1e150]
    found = find_dominance(['a', 'b'], [1.0, 1e-3], [1.0, 1.0])
    assert percent(found) == '99.9999 %'
    assert find_dominance(['a', 'b'], [3.0, 1.01], [1.0, 1.0]) is None
    assert find_dominance(['a', 'b'], [3.01, 1.0], [1.0, 1.0])
    assert find_dominance([], [], []) is None
    assert find_dominance(['a', 'b'], [0.0, 0.0], [1.0, 1.0]) is None
    assert find_dominance(['a', 'b'], [1e300, 1.0], [1e300, 1.0]) is None  # beyond float64


@pytest.mark.parametrize(
    'name, spelled',
    [
        ('income', 'income'),
        ('Income', '"Income"'),
        ('order', '"order"'),
        ('a b', '"a b"'),
        ('a"b', '"a""b"'),
        ('größe', '"größe"'),
        ('1a', '"1a"'),
    ],
)
def test_names_in_sql(name, spelled):
    assert identifier(name) == spelled


def test_a_shell_reads_the_statement_back():
    for statement in ('SELECT "a $b" FROM \'x\'', 'a\\b`c`', '"'):
        done = subprocess.run(
            ['sh', '-c', f'printf %s {shell_quoted(statement)}'],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == statement


def test_the_example_of_the_readme_is_without_a_warning(folder):
    assert 'variance' not in call('fit', ROOT / 'data/iris.csv', '-k', 3, '-o', 'out-iris').stderr
