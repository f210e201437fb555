"""What a run reads is of one moment: files that change while they are loaded, tables that others
write to."""

import os

import pytest
from sql_cases import DuckBase, run

from mr_kmeans.errors import RunError
from mr_kmeans.formats.point_reader import PointReader
from mr_kmeans.options import SqlOptions, TextOptions
from mr_kmeans.sql import assign as sql_assign
from mr_kmeans.sql import rows as sql_rows
from mr_kmeans.sql.assign import assign_table

N_ROWS = 200_000


def cut(path):
    os.truncate(path, os.path.getsize(path) // 2 - 3)


def overwrite(path):
    with open(path, 'r+') as file:
        file.seek(os.path.getsize(path) // 2)
        file.write('9\n' * 100)


@pytest.mark.parametrize('change', [cut, overwrite])
def test_a_file_that_changes_while_it_is_loaded_is_refused(tmp_path, base, monkeypatch, change):
    path, changed = tmp_path / 'rows.csv', []
    path.write_text('a\n' + ''.join(f'{i % 1000}\n' for i in range(N_ROWS)))
    read = PointReader.__iter__

    def then_change(self):
        for points in read(self):
            if not changed:
                change(path)
                changed.append(path)
            yield points

    monkeypatch.setattr(PointReader, '__iter__', then_change)
    with pytest.raises(RunError, match='rows.csv: it changed while it was read'):
        run([path], tmp_path / 'run', 2, None, {'database': base.url})
    assert changed and not (tmp_path / 'run' / 'model.json').exists()


N_POINTS = 600
WRITES = {
    'moves values between rows': (
        'UPDATE points SET b = (b + 1 - 2 * (id % 2))'
    ),  # counts and sums stay
    'adds a row': 'INSERT INTO points VALUES (1000000, 5, 5)',
    'deletes rows': 'DELETE FROM points WHERE id % 2 = 0',
}


@pytest.fixture
def points(postgres_base):
    with postgres_base.open() as execute:
        execute(
            'CREATE TABLE points AS SELECT i AS id, i * 7919 % 101 AS a, i / 2 * 31 % 97 AS b '
            f'FROM generate_series(0, {N_POINTS - 1}) AS s(i)'
        )
    return {'database': postgres_base.url, 'table': 'points'}


def write(base, sql):
    with base.open() as execute:
        execute(sql)


def then(function, action):
    """Return a function that does something after the first call of another."""
    done = []

    def call(*arguments, **options):
        found = function(*arguments, **options)
        if not done:
            done.append(action())
        return found

    return call


@pytest.mark.parametrize('sql', WRITES.values(), ids=WRITES)
@pytest.mark.parametrize('plan', ['fast', 'ranking'])
def test_a_run_sees_the_rows_of_one_moment(tmp_path, postgres_base, points, plan, sql):
    text, options = {'columns': 'a,b'}, dict(points, plan=plan)
    whole = run([], tmp_path / 'whole', 5, text, options, init='random')
    written = []

    def between(stats):
        if stats.iteration == 1:
            write(postgres_base, sql)
            written.append(sql)

    done = run([], tmp_path / 'run', 5, text, options, init='random', watch=between)
    assert written and done.n_iter > 2 and done.hash == whole.hash


@pytest.mark.parametrize('sql', WRITES.values(), ids=WRITES)
def test_survey_and_passes_see_the_same_rows(tmp_path, postgres_base, points, monkeypatch, sql):
    text = {'columns': 'a,b'}
    whole = run([], tmp_path / 'whole', 5, text, points, init='random')
    monkeypatch.setattr(
        sql_rows, 'survey', then(sql_rows.survey, lambda: write(postgres_base, sql))
    )
    done = run([], tmp_path / 'run', 5, text, points, init='random')
    assert (done.hash, done.fingerprint) == (whole.hash, whole.fingerprint)


@pytest.mark.parametrize('sql', WRITES.values(), ids=WRITES)
def test_labels_are_of_the_rows_that_were_looked_at(
    tmp_path, postgres_base, points, monkeypatch, sql
):
    text = {'columns': 'a,b'}
    model = run([], tmp_path / 'run', 5, text, points)
    with postgres_base.open() as execute:
        before = execute('SELECT id, a, b FROM points ORDER BY id')
    ranges = then(sql_assign.find_ranges, lambda: write(postgres_base, sql))
    monkeypatch.setattr(sql_assign, 'find_ranges', ranges)
    done = assign_table(model, 'labels', TextOptions(**text), SqlOptions(**points))
    with postgres_base.open() as execute:
        assert execute('SELECT id, a, b FROM labels ORDER BY id') == before
    assert done.n_samples == N_POINTS


def test_labels_of_a_file_that_changes_are_refused(tmp_path, monkeypatch):
    base, path = DuckBase(tmp_path / 'base.duckdb'), tmp_path / 'rows.csv'
    path.write_text('a\n1\n2\n9\n')
    with base.open() as execute:
        execute(f"CREATE VIEW points AS FROM read_csv('{path}')")
    sql = {'database': base.url, 'table': 'points'}
    model = run([], tmp_path / 'run', 2, {}, sql)
    ranges = then(sql_assign.find_ranges, lambda: path.write_text('a\n1\n2\n'))
    monkeypatch.setattr(sql_assign, 'find_ranges', ranges)
    with pytest.raises(RunError, match='2 rows labeled of 3: the rows have changed'):
        assign_table(model, 'labels', TextOptions(), SqlOptions(**sql))
    with base.open() as execute:
        assert execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'labels'") == [(0,)]
