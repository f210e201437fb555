"""A fit by SQL is the fit by jobs, to the bit: rows in files and in tables, both databases, both
plans."""

import csv
import os
import random

import pytest
from sql_cases import DATA, DuckBase, run

from mr_kmeans.errors import DataError

PLANS = ['fast', 'ranking']


def same_files(ours, theirs, *names):
    for name in names:
        assert (ours / name).read_text() == (theirs / name).read_text()


def statistics(out):
    with open(out / 'iterations.csv') as file:
        return [
            [row[name] for name in ('iteration', 'inertia', 'shift', 'moved', 'empty')]
            for row in csv.DictReader(file)
        ]


def both(inputs, tmp_path, base, k, plan='fast', text=None, **options):
    """Return the models of the same fit by jobs and by SQL; their files are compared."""
    jobs = run(inputs, tmp_path / 'jobs', k, text, **options)
    sql = run(inputs, tmp_path / 'sql', k, text, {'database': base.url, 'plan': plan}, **options)
    same_files(tmp_path / 'sql', tmp_path / 'jobs', 'centroids.csv', 'model.json')
    assert statistics(tmp_path / 'sql') == statistics(tmp_path / 'jobs')
    return jobs, sql


@pytest.mark.parametrize('plan', PLANS)
def test_the_worked_example(tmp_path, base, plan):
    _, sql = both(
        [os.path.join(DATA, 'worked_example.csv')],
        tmp_path,
        base,
        2,
        plan,
        init=os.path.join(DATA, 'worked_start.csv'),
    )
    assert sql.centroids.tolist() == [[7.0], [25.0]] and sql.counts == [6, 3]
    with base.open() as execute:
        rows = execute('SELECT * FROM cluster_centers_sql ORDER BY iteration, cluster_id')
    assert rows == [
        (0, 0, 0, 4.0),
        (0, 1, 0, 10.0),
        (1, 0, 3, 3.0),
        (1, 1, 6, 18.0),
        (2, 0, 4, 4.75),
        (2, 1, 5, 19.6),
        (3, 0, 6, 7.0),
        (3, 1, 3, 25.0),
        (4, 0, 6, 7.0),
        (4, 1, 3, 25.0),
    ]


@pytest.mark.parametrize('plan', PLANS)
def test_many_ties(tmp_path, base, plan):
    chance = random.Random(1)
    lines = [
        '%d,%d,%d' % (chance.randrange(4), chance.randrange(3), chance.randrange(2))
        for _ in range(500)
    ]
    path = tmp_path / 'ties.csv'
    path.write_text('\n'.join(['a,b,"count"', *lines, '-0,-0.0,0', '0.001,0,0', '']))
    start = tmp_path / 'start.csv'
    start.write_text('a,b,count\n1,1,1\n1,1,0\n2,1,0\n0,1,0\n1,0,0\n1,2,0\n')  # symmetric
    both([path], tmp_path, base, 6, plan, init=str(start))


def values_without_a_decimal_step():
    """Return lines of ordinary, tiny, huge beside small, and denormal values."""
    chance = random.Random(2)
    return [
        (
            chance.gauss(0, 1),
            chance.gauss(0, 1) * 1e-200,
            (1e120 if i % 3 else 1e-130) * chance.random(),
            chance.randrange(3) * 5e-324,
        )
        for i in range(400)
    ]


@pytest.mark.parametrize('plan', PLANS)
def test_values_without_a_decimal_step(tmp_path, base, plan):
    path = tmp_path / 'raw.csv'
    path.write_text(
        'x,z\n' + ''.join('%r,%r\n' % row[::2] for row in values_without_a_decimal_step())
    )
    both([path], tmp_path, base, 4, plan)


@pytest.mark.parametrize('plan', PLANS)
def test_duckdb_takes_squares_that_vanish_as_zero(tmp_path, plan):
    rows = values_without_a_decimal_step()
    path = tmp_path / 'raw.csv'
    path.write_text('x,y,z,w\n' + ''.join('%r,%r,%r,%r\n' % row for row in rows))
    both([path], tmp_path, DuckBase(tmp_path / 'raw.duckdb'), 4, plan)
    (tmp_path / 'tiny').mkdir()
    path.write_text(
        'y\n' + ''.join('%r\n' % row[1] for row in rows)
    )  # every square vanishes: all rows belong to cluster 0
    start = tmp_path / 'start.csv'
    start.write_text('y\n1e-200\n-1e-200\n0\n')
    duck = DuckBase(tmp_path / 'tiny' / 'b.duckdb')
    both([path], tmp_path / 'tiny', duck, 3, plan, init=str(start), overwrite=True)


@pytest.mark.parametrize('values', ['5e-324 1e-320 2e-320', '1e-200 3e-200 -7e-200'])
def test_postgres_refuses_squares_that_vanish(tmp_path, postgres_base, values):
    path = tmp_path / 'tiny.csv'
    path.write_text('\n'.join(['y', *values.split()]))
    with pytest.raises(DataError, match='below the smallest float64.*, which PostgreSQL refuses'):
        run([path], tmp_path / 'run', 2, None, {'database': postgres_base.url}, init='random')


@pytest.mark.slow
@pytest.mark.parametrize('settings', ['', '?threads=1'])
@pytest.mark.parametrize('name, columns', [('spam.csv.gz', '1-57'), ('shuttle.csv.bz2', '1-9')])
def test_real_data_in_duckdb(tmp_path, name, columns, settings):
    base = DuckBase(tmp_path / 'base.duckdb', settings)
    jobs, _ = both(
        [os.path.join(DATA, name)],
        tmp_path,
        base,
        5,
        'fast',
        {'columns': columns},
        init='random',
        max_iter=2,
    )
    ranking = {'plan': 'ranking', 'database': 'duckdb:' + settings}
    slow = run(
        [os.path.join(DATA, name)],
        tmp_path / 'slow',
        5,
        {'columns': columns},
        ranking,
        init='random',
        max_iter=2,
    )
    assert slow.hash == jobs.hash


@pytest.mark.slow
@pytest.mark.parametrize('plan', PLANS)
@pytest.mark.parametrize('name, columns', [('spam.csv.gz', '1-57'), ('shuttle.csv.bz2', '1-9')])
def test_real_data_in_postgres(tmp_path, postgres_base, name, columns, plan):
    both(
        [os.path.join(DATA, name)],
        tmp_path,
        postgres_base,
        3,
        plan,
        {'columns': columns},
        init='random',
        max_iter=1,
    )


def test_more_centroids_than_the_fast_statement_holds(tmp_path, base, monkeypatch):
    monkeypatch.setattr('mr_kmeans.sql.passes.MAX_TERMS', 10)
    for engine in ('duck.Duck', 'postgres.Postgres'):
        monkeypatch.setattr(f'mr_kmeans.sql.{engine}.max_terms', 10)
    both([os.path.join(DATA, 'iris.csv')], tmp_path, base, 4)


# seeds with which there are rows too close to call
@pytest.mark.parametrize(('k', 'seed'), [(1, 0), (2, 8), (3, 8), (7, 0), (33, 0)])
def test_the_screen_of_duckdb_changes_nothing(tmp_path, monkeypatch, k, seed):
    monkeypatch.setattr('mr_kmeans.sql.screen.MAX_CLOSE', 1.0)
    monkeypatch.setattr('mr_kmeans.sql.screen.TRIED', 100)
    chance = random.Random(k)
    rows = [
        (chance.randrange(5), chance.randrange(4) / 2, chance.choice([1e6, 1e6 + 1e-3]), 3 * 2**40)
        for _ in range(400)
    ]
    path = tmp_path / 'lattice.csv'
    path.write_text('a,b,c,d\n' + ''.join('%r,%r,%r,%r\n' % row for row in rows))
    both(
        [path],
        tmp_path,
        DuckBase(tmp_path / 'base.duckdb'),
        k,
        init='random',
        seed=seed,
        max_iter=4,
        feature_weights=[1.0, 3.0, 1e5, 0.1],
    )
    with open(tmp_path / 'sql' / 'iterations.csv') as file:
        close = [int(row['slow_rows']) for row in csv.DictReader(file)]
    assert sum(close) > 0 or k in (1, 33)


def test_a_screen_that_is_of_no_use_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr('mr_kmeans.sql.screen.TRIED', 100)
    path, start = tmp_path / 'ties.csv', tmp_path / 'start.csv'
    path.write_text(
        'a,b\n' + ''.join('%d,%d\n' % (i % 2 * 2, i % 3) for i in range(600)) + '1,1\n' * 60
    )
    start.write_text('a,b\n0,1\n2,1\n')
    both([path], tmp_path, DuckBase(tmp_path / 'base.duckdb'), 2, init=str(start))
    with open(tmp_path / 'sql' / 'iterations.csv') as file:
        assert [row['slow_rows'] for row in csv.DictReader(file)] == ['0'] * 3


def test_one_cluster_and_as_many_as_rows(tmp_path, base):
    path = tmp_path / 'few.csv'
    path.write_text('a\n1\n2\n2\n4.5\n')
    for k in (1, 3):
        (tmp_path / str(k)).mkdir()
        both([path], tmp_path / str(k), base, k, overwrite=True)


def test_weights_and_an_empty_cluster(tmp_path, base):
    path, start = tmp_path / 'rows.csv', tmp_path / 'start.csv'
    path.write_text('a,b\n0,0\n1,0\n0,0.5\n10,3\n11,3\n')
    start.write_text('a,b\n0,0\n10,3\n1000,1000\n')
    for plan in PLANS:
        (tmp_path / plan).mkdir()
        _, sql = both(
            [path],
            tmp_path / plan,
            base,
            3,
            plan,
            init=str(start),
            feature_weights=[0.1, 0.0],
            overwrite=True,
        )
        assert sql.counts == [3, 2, 0]


def test_bad_rows_are_those_of_the_jobs(tmp_path, base):
    path = tmp_path / 'rows.csv'
    path.write_text('a,b\n1,2\nx,3\n,4\n5,NaN\n7\n8,9\n10,1e200\n1,1\n')
    text = {'missing': 'skip', 'max_bad_rows': 3}
    _, sql = both([path], tmp_path, base, 2, text=text)
    assert sql.n_samples == 3
    same_files(tmp_path / 'sql', tmp_path / 'jobs', 'rejected.csv')


def test_a_run_of_jobs_is_resumed_by_sql_and_the_other_way_round(tmp_path, base):
    inputs = [os.path.join(DATA, 'iris.csv')]
    whole = run(inputs, tmp_path / 'whole', 3, init='random')
    run(inputs, tmp_path / 'run', 3, init='random', max_iter=2)
    run(
        inputs,
        tmp_path / 'run',
        3,
        None,
        {'database': base.url},
        init='random',
        max_iter=4,
        resume=True,
    )
    done = run(inputs, tmp_path / 'run', 3, init='random', resume=True)
    assert done.hash == whole.hash
    same_files(tmp_path / 'run', tmp_path / 'whole', 'centroids.csv')
