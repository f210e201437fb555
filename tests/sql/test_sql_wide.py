"""Many features in a database."""

import random

import duckdb
import pytest
from sql_cases import DuckBase, run

from mr_kmeans.errors import UsageError
from mr_kmeans.options import SqlOptions, TextOptions
from mr_kmeans.sql.assign import assign_table

MOST = {'duckdb': 2_000, 'postgres': 400}


def wide_file(path, d, n=40):
    """Write n rows of d features."""
    draw = random.Random(d)
    rows = [','.join(f'c{j}' for j in range(d))]
    rows += [','.join(str(round(draw.gauss(i % 3 * 3, 1), 2)) for _ in range(d)) for i in range(n)]
    path.write_text('\n'.join(rows) + '\n')
    return path


@pytest.mark.parametrize('d', [64, 65, pytest.param(129, marks=pytest.mark.slow)])
def test_parts_of_the_features_give_what_the_jobs_give(tmp_path, d):
    path = wide_file(tmp_path / 'rows.csv', d)
    jobs = run([path], tmp_path / 'jobs', 3)
    sql = run([path], tmp_path / 'sql', 3, {}, {})
    assert (sql.hash, sql.fingerprint) == (jobs.hash, jobs.fingerprint)


@pytest.mark.slow
@pytest.mark.parametrize('plan', ['fast', 'ranking'])
def test_as_many_features_as_there_may_be(tmp_path, base, plan):
    d = MOST['duckdb' if 'duckdb' in base.url else 'postgres']
    weights = [1 + j % 3 / 7 for j in range(d)]
    path = wide_file(tmp_path / 'rows.csv', d)
    jobs = run([path], tmp_path / 'jobs', 3, feature_weights=weights)
    sql = run(
        [path],
        tmp_path / 'sql',
        3,
        {},
        {'database': base.url, 'plan': plan},
        feature_weights=weights,
    )
    assert (sql.hash, sql.fingerprint) == (jobs.hash, jobs.fingerprint)


@pytest.mark.slow
def test_a_view_of_many_features_is_read_by_a_session_with_default_settings(tmp_path):
    path = wide_file(tmp_path / 'rows.csv', 2_000)
    model = run([path], tmp_path / 'jobs', 3)
    base = DuckBase(tmp_path / 'base.duckdb')
    with duckdb.connect(base.path) as connection:
        connection.execute(f"CREATE TABLE points AS FROM read_csv('{path}')")
    sql = SqlOptions(database=base.url, table='points')
    assign_table(model, 'labels', TextOptions(), sql, view=True)
    with duckdb.connect(base.path) as connection:
        query = 'SELECT count(*) FROM labels GROUP BY cluster_id ORDER BY cluster_id'
        counts = connection.execute(query).fetchall()
    assert [count for (count,) in counts] == model.counts


def test_more_features_are_refused_by_their_number(tmp_path, base):
    most = MOST['duckdb' if 'duckdb' in base.url else 'postgres']
    path = wide_file(tmp_path / 'rows.csv', most + 1, 5)
    with pytest.raises(
        UsageError, match=f'^{most + 1:,} features: .* {most:,} at most in .*mapreduce'
    ):
        run([path], tmp_path / 'sql', 2, {}, {'database': base.url})


@pytest.mark.slow
def test_sums_over_many_clusters(tmp_path):
    """In the statement `screened` each cluster is a term of a sum."""
    path = wide_file(tmp_path / 'rows.csv', 3, 1_300)
    jobs = run([path], tmp_path / 'jobs', 1_020, max_iter=2)
    sql = run([path], tmp_path / 'sql', 1_020, {}, {}, max_iter=2)
    assert (sql.hash, sql.fingerprint) == (jobs.hash, jobs.fingerprint)
