"""A query without a database, the centroid table of each run, and the messages about both."""

import os
import sys

import duckdb
import pytest
from logged import logged
from sql_cases import DATA, DuckBase, command, run

from mr_kmeans.errors import DataError, RunError, UsageError
from mr_kmeans.options import SqlOptions, TextOptions
from mr_kmeans.sql.assign import assign_table
from mr_kmeans.sql.connect import connect
from mr_kmeans.sql.identifiers import centers_table_of

IRIS = os.path.join(DATA, 'iris.csv')


@pytest.fixture
def parquet(tmp_path):
    path = tmp_path / 'iris.parquet'
    duckdb.sql(f"COPY (FROM '{IRIS}') TO '{path}'")
    return path


def test_a_query_needs_no_database(tmp_path, parquet):
    jobs = run([IRIS], tmp_path / 'jobs', 3)
    sql = {'query': f"SELECT * FROM '{parquet}'"}
    model = run([], tmp_path / 'run', 3, {}, sql)
    assert model.hash == jobs.hash
    with duckdb.connect(str(tmp_path / 'run' / 'kmeans.duckdb')) as connection:
        last = connection.execute('SELECT max(iteration) FROM cluster_centers').fetchall()
    assert last == [(model.n_iter,)]


def test_a_query_without_a_database_is_resumed(tmp_path, parquet):
    sql = {'query': f"SELECT * FROM '{parquet}'"}
    whole = run([], tmp_path / 'whole', 5, {}, sql, init='random')
    run([], tmp_path / 'run', 5, {}, sql, init='random', max_iter=1)
    assert run([], tmp_path / 'run', 5, {}, sql, init='random', resume=True).hash == whole.hash
    duckdb.sql(f"COPY (FROM '{IRIS}' LIMIT 149) TO '{parquet}'")
    with pytest.raises(UsageError, match='there were 150 rows, there are 149'):
        run([], tmp_path / 'run', 5, {}, sql, init='random', resume=True)


def test_a_query_that_fails_leaves_no_database(tmp_path):
    with pytest.raises(RunError, match='nothing.parquet'):
        run([], tmp_path / 'run', 3, {}, {'query': f"SELECT * FROM '{tmp_path}/nothing.parquet'"})
    assert not (tmp_path / 'run' / 'kmeans.duckdb').exists()


def test_labels_of_a_query_need_a_database(tmp_path, parquet):
    sql = {'query': f"SELECT * FROM '{parquet}'"}
    model = run([], tmp_path / 'run', 3, {}, sql)
    with pytest.raises(UsageError, match='name the database for it with --database.*kmeans.duckdb'):
        assign_table(model, 'labels', TextOptions(), SqlOptions(**sql))
    own = str(tmp_path / 'run' / 'kmeans.duckdb')
    done = assign_table(model, 'labels', TextOptions(), SqlOptions(database=own, **sql))
    assert done.n_samples == 150


def test_a_table_needs_a_database(tmp_path):
    done = command('fit', '--engine', 'sql', '--table', 't', '-k', 2, '-o', tmp_path / 'run')
    assert (
        done.returncode == 2 and '--query such as "SELECT * FROM \'rows.parquet\'"' in done.stderr
    )


def test_each_run_has_a_centroid_table_of_its_own(tmp_path, base):
    with base.open() as execute:
        execute(
            'CREATE TABLE points AS SELECT i * 7919 % 101 AS a FROM generate_series(1, 60) AS s(i)'
        )
    sql = {'database': base.url, 'table': 'points'}
    models = {k: run([], tmp_path / f'Of {k}', k, {}, sql) for k in (2, 3)}
    with base.open() as execute:  # the names need no quotes
        for k, model in models.items():
            last = execute(f'SELECT count(*), max(iteration) FROM Cluster_Centers_of_{k}')
            assert last == [(k * (model.n_iter + 1), model.n_iter)]
    (tmp_path / 'elsewhere').mkdir()
    with pytest.raises(UsageError, match='"cluster_centers_of_2" holds a run.*--centers-table') as (
        caught
    ):
        run([], tmp_path / 'elsewhere' / 'of_2', 4, {}, sql)
    told = f'that in {tmp_path}/Of 2. Name another with --centers-table; --overwrite would replace'
    assert told in str(caught.value)
    assert run([], tmp_path / 'Of 2', 2, {}, sql, resume=True) == models[2]


def test_names_of_centroid_tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'Here').mkdir()
    monkeypatch.chdir('Here')
    assert centers_table_of('.', 63) == 'cluster_centers_here'
    assert centers_table_of('a/Größe 2.5/', 63) == 'cluster_centers_größe_2_5'
    assert len(centers_table_of('ö' * 90, 63).encode()) == 62


@pytest.mark.parametrize(
    'url, package, advice',
    [
        ('x.duckdb', 'duckdb', 'pip install duckdb'),
        ('postgresql:///x', 'psycopg', "pip install 'psycopg[binary]'"),
    ],
)
def test_a_package_that_is_missing(monkeypatch, url, package, advice):
    monkeypatch.setitem(sys.modules, package, None)
    for module in ('mr_kmeans.sql.duck', 'mr_kmeans.sql.postgres'):
        monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(RunError) as caught:
        connect(url)
    assert str(caught.value).endswith(advice) and package in str(caught.value)


def test_one_is_one_and_a_table_has_no_splits(tmp_path):
    base, said = DuckBase(tmp_path / 'base.duckdb'), logged()
    with base.open() as execute:
        execute(
            'CREATE TABLE one AS SELECT CASE WHEN i < 5 THEN i END AS a FROM range(1500) AS s(i)'
        )
        execute('CREATE TABLE none (a float8)')
    sql = {'database': base.url, 'table': 'one'}
    run([], tmp_path / 'run', 2, {'missing': 'skip'}, sql)
    assert said[0] == 'one: 1 column; 1 feature: a'
    assert 'the ledger shows the first 1000, the counts are of all' in said
    with pytest.raises(DataError) as caught:
        run([], tmp_path / 'empty', 2, {}, {'database': base.url, 'table': 'none'})
    assert str(caught.value) == 'none: no usable row; there is nothing to cluster.'
