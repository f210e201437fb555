"""Rows in tables: types, names, NULL, labels, errors, secrets, interruptions."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from logged import logged
from sql_cases import DATA, command, run

from mr_kmeans.errors import DataError, KMeansError, RunError, UsageError
from mr_kmeans.options import SqlOptions, TextOptions
from mr_kmeans.run.directory import RunDirectory
from mr_kmeans.run.result import AssignResult
from mr_kmeans.sql.assign import assign_table
from mr_kmeans.sql.identifiers import column_names, parse_table

ODD = 'a "table"; drop table kept; --'
QUOTED = '"a ""table""; drop table kept; --"'


def small_table(execute, name='points', n=60):
    """Make a table of many types; return its rows as the text of a CSV file."""
    execute(
        f'CREATE TABLE {name} (id integer, tiny smallint, big bigint, exact numeric(20, 3), half'
        ' real, x float8, word varchar(9))'
    )
    rows = []
    for i in range(n):
        rows.append(
            (
                i % 7 - 3,
                (i * 7919) % 1001,
                f'{(i * 31) % 97 - 40}.{i % 1000:03d}',
                (i % 11) / 8,
                repr(i * 1.1),
            )
        )
        execute(
            f'INSERT INTO {name} VALUES ({i}, {rows[-1][0]}, {rows[-1][1]}, {rows[-1][2]},'
            f" {rows[-1][3]}, {rows[-1][4]}, 'w')"
        )
    return 'tiny,big,exact,half,x\n' + ''.join(','.join(map(str, row)) + '\n' for row in rows)


def test_a_table_gives_what_its_values_as_text_give(tmp_path, base):
    with base.open() as execute:
        text = small_table(execute)
    path = tmp_path / 'rows.csv'
    path.write_text(text)
    jobs = run([path], tmp_path / 'jobs', 4)
    for plan in ('fast', 'ranking'):
        sql = run(
            [],
            tmp_path / plan,
            4,
            {'columns': 'tiny-x'},
            {'database': base.url, 'table': 'points', 'plan': plan},
            overwrite=True,
        )
        assert (sql.hash, sql.inertia, sql.fingerprint, sql.features) == (
            jobs.hash,
            jobs.inertia,
            jobs.fingerprint,
            jobs.features,
        )
        assert (tmp_path / plan / 'centroids.csv').read_text() == (
            tmp_path / 'jobs' / 'centroids.csv'
        ).read_text()
    query = run(
        [],
        tmp_path / 'query',
        4,
        {},
        {
            'database': base.url,
            'query': 'SELECT tiny, big, exact, half, x FROM points;',
            'centers_table': 'of_the_query',
        },
    )
    assert query.hash == jobs.hash


def test_long_decimals_are_rounded_correctly(tmp_path, base):
    values = [
        '1234567890123456789.0123456789',
        '0.1000000000000000055511151231',
        '9007199254740993.0',
        '-9007199254740995.5',
        '0.3',
        '5e-10',
    ]
    with base.open() as execute:
        execute(
            'CREATE TABLE t (v numeric(38, 15))'
            if 'duckdb' in base.url
            else 'CREATE TABLE t (v numeric)'
        )
        values = values[1:] if 'duckdb' in base.url else values + ['1e-330', '2.5e-324', '1e140']
        execute('INSERT INTO t VALUES ' + ', '.join(f'({value})' for value in values))
        exact = [row[0] for row in execute('SELECT CAST(v AS varchar) FROM t')]
    path = tmp_path / 'rows.csv'
    path.write_text('v\n' + '\n'.join(exact) + '\n')
    jobs = run([path], tmp_path / 'jobs', 2, init='random')
    sql = run([], tmp_path / 'sql', 2, {}, {'database': base.url, 'table': 't'}, init='random')
    assert (sql.hash, sql.fingerprint) == (jobs.hash, jobs.fingerprint)


def test_odd_names_are_only_names(tmp_path, base):
    with base.open() as execute:
        execute('CREATE TABLE kept (a integer)')
        execute('CREATE SCHEMA "s.1"')
        execute(
            f'CREATE TABLE "s.1".{QUOTED} ("select" integer, "count" integer, "x""; drop table'
            ' kept; --" integer, "%(m_1)s" integer, "$m_1 {x}" integer, "é" integer)'
        )
        execute(
            f'INSERT INTO "s.1".{QUOTED} SELECT i, i * 2, i * i, 1, i % 3, i % 2 FROM'
            ' generate_series(1, 30) AS s(i)'
        )
    sql = {'database': base.url, 'table': '"s.1".' + QUOTED, 'centers_table': '"s.1"."c"" --"'}
    model = run([], tmp_path / 'run', 3, {}, sql)
    assert model.features[2:] == ['x"; drop table kept; --', '%(m_1)s', '$m_1 {x}', 'é']
    run([], tmp_path / 'run', 3, {}, sql, overwrite=True)
    assign_table(model, '"s.1"."l"" --"', TextOptions(columns='1-6'), SqlOptions(**sql))
    with base.open() as execute:
        assert execute('SELECT count(*) FROM kept') == [(0,)]
        assert (
            execute('SELECT count(*), sum("count_2") FROM "s.1"."c"" --" WHERE iteration = 0')[0][0]
            == 3
        )
        assert execute('SELECT count(*) FROM "s.1"."l"" --"') == [(30,)]


def test_null_is_what_missing_says(tmp_path, base):
    with base.open() as execute:
        execute('CREATE TABLE t (a float8, b float8)')
        execute("INSERT INTO t VALUES (1, 2), (3, 4), (1, NULL), (NULL, 2), ('NaN', 1), (5, 5)")
    sql = {'database': base.url, 'table': 't'}
    with pytest.raises(DataError, match="column 'a': the value is missing.*3 rows are bad"):
        try:
            run([], tmp_path / 'fail', 2, {}, sql)
        except DataError as error:
            raise DataError(str(error).replace('\n', ' ')) from None
    model = run([], tmp_path / 'skip', 2, {'missing': 'skip'}, sql)
    assert model.n_samples == 3
    assert (
        run([], tmp_path / 'allowed', 2, {'max_bad_rows': 3}, sql, overwrite=True).hash
        == model.hash
    )
    with open(tmp_path / 'allowed' / 'rejected.csv') as file:
        assert sorted((row['file'], row['row']) for row in csv.DictReader(file)) == [
            ('t', ',1.0'),
            ('t', ',2.0'),
            ('t', '1.0,'),
        ]
    with base.open() as execute:
        execute("INSERT INTO t VALUES ('Infinity', 2), (1e200, 1)")
    with pytest.raises(DataError, match='too large to square'):
        run([], tmp_path / 'large', 2, {'missing': 'skip'}, sql, overwrite=True)


@pytest.mark.parametrize('view', [False, True])
def test_labels_as_a_table_or_a_view(tmp_path, base, view):
    with base.open() as execute:
        path = tmp_path / 'rows.csv'
        path.write_text(small_table(execute))
    model = run([path], tmp_path / 'run', 4)
    sql = SqlOptions(base.url, 'points')
    done = assign_table(model, 'labels', TextOptions(id_column='id'), sql, view)
    assert done.n_samples == 60
    with pytest.raises(
        UsageError,
        match=(
            '-o labels: there is a table already. Use --overwrite to replace it, or name another.'
        ),
    ):
        assign_table(model, 'labels', TextOptions(id_column='id'), sql, view)
    assign_table(model, 'labels', TextOptions(id_column='id'), sql, view, overwrite=True)
    from mr_kmeans.commands.assign import assign

    assign(str(tmp_path / 'run'), [str(path)], str(tmp_path / 'labels'))
    theirs = []
    for part in sorted((tmp_path / 'labels').iterdir()):
        with open(part) as file:
            theirs += [
                (int(row['cluster_id']), float(row['distance'])) for row in csv.DictReader(file)
            ]
    with base.open() as execute:
        assert execute('SELECT cluster_id, distance FROM labels ORDER BY id') == theirs
        if view:
            execute('INSERT INTO points VALUES (60, 0, 0, 0, 0, 0, NULL)')
            assert execute('SELECT count(*) FROM labels') == [(61,)]


@pytest.mark.parametrize('view', [False, True])
def test_assign_keeps_columns_that_are_called_like_ours(tmp_path, base, view):
    names = ['x_2', 'X_1', 'v_2', 'v_1', 'm_1', 'nearest', 'mr_kmeans_kept_2', 'mr_kmeans_kept_1']
    given = [(10 * i, i / 3, -i, i % 4, 7, 8, 9 + i, 11 - i) for i in range(9)]
    with base.open() as execute:
        execute('CREATE TABLE given (' + ', '.join(f'"{name}" float8' for name in names) + ')')
        execute('INSERT INTO given VALUES ' + ', '.join(map(str, given)))
    sql = {'database': base.url, 'table': 'given'}
    model = run([], tmp_path / 'run', 3, {'columns': 'x_2,X_1,v_2,v_1'}, sql)
    assign_table(model, 'labels', TextOptions(), SqlOptions(**sql), view)
    assign_table(
        model,
        'by_id',
        TextOptions(columns='x_2,mr_kmeans_kept_2,v_2,v_1', id_column='X_1'),
        SqlOptions(**sql),
        view,
    )
    with base.open() as execute:
        shown = ', '.join(f'"{name}"' for name in names)
        assert execute(f'SELECT {shown} FROM labels ORDER BY "x_2"') == given
        labels = execute('SELECT "X_1", cluster_id, distance FROM labels')
        assert execute('SELECT "X_1" FROM by_id ORDER BY 1') == [(row[1],) for row in given]
    centroids = model.centroids
    for x, cluster, distance in labels:
        row = next(row for row in given if row[1] == x)
        distances = [
            sum((a - b) ** 2 for a, b in zip(row, centroid)) ** 0.5 for centroid in centroids
        ]
        assert (cluster, round(distance, 9)) == (
            distances.index(min(distances)),
            round(min(distances), 9),
        )


@pytest.mark.parametrize('table', [True, False])
def test_assign_replaces_nothing_but_labels(tmp_path, base, table):
    with base.open() as execute:
        small_table(execute, n=9)
        execute('CREATE TABLE precious (a integer)')
        execute('CREATE VIEW watched AS SELECT * FROM precious')
    text = {'columns': 'tiny-x', 'id_column': 'id'}
    model = run([], tmp_path / 'run', 2, text, {'database': base.url, 'table': 'points'})
    sql = {
        'database': base.url,
        **({'table': 'points'} if table else {'query': 'SELECT * FROM points'}),
    }
    for name in ('precious', 'watched', 'cluster_centers_run', 'points'):
        expected = (
            'this is the table of the rows'
            if table and name == 'points'
            else 'there is a table already, and not one of labels'
        )
        for overwrite in (False, True):
            with pytest.raises(UsageError, match=f'-o {name}: {expected}') as caught:
                assign_table(
                    model, name, TextOptions(**text), SqlOptions(**sql), overwrite=overwrite
                )
            assert caught.value.exit_code == 2
    for view in (False, table, False):
        assign_table(model, 'labels', TextOptions(**text), SqlOptions(**sql), view, overwrite=True)
    with base.open() as execute:
        assert [
            execute(f'SELECT count(*) FROM {name}') for name in ('precious', 'points', 'labels')
        ] == [[(0,)], [(9,)], [(9,)]]


@pytest.mark.parametrize('other_name', [False, True])
def test_assign_does_not_replace_labels_by_their_own(tmp_path, base, other_name):
    with base.open() as execute:
        small_table(execute, n=9)
        schema = execute('SELECT current_schema()')[0][0]
    model = run(
        [], tmp_path / 'run', 2, {'columns': 'tiny-x'}, {'database': base.url, 'table': 'points'}
    )
    labels = f'{schema}.labels' if other_name else 'labels'
    assign_table(model, 'labels', TextOptions(), SqlOptions(base.url, 'points'))
    with pytest.raises(UsageError, match='this is the table of the rows'):
        assign_table(
            model,
            labels,
            TextOptions(id_column='id'),
            SqlOptions(base.url, 'labels'),
            overwrite=True,
        )
    with base.open() as execute:
        assert execute('SELECT count(word) FROM labels') == [(9,)]


def test_assign_finds_that_there_is_a_table_before_any_pass(tmp_path, base, monkeypatch):
    with base.open() as execute:
        small_table(execute, n=9)
    sql, text = {'database': base.url, 'table': 'points'}, {'columns': 'tiny-x'}
    model = run([], tmp_path / 'run', 2, text, sql)
    assign_table(model, 'labels', TextOptions(), SqlOptions(**sql))
    monkeypatch.setattr('mr_kmeans.sql.assign.find_ranges', None)
    with pytest.raises(UsageError, match='Use --overwrite to replace it, or name another'):
        assign_table(model, 'labels', TextOptions(), SqlOptions(**sql))


def test_assign_ordinary_rows_by_a_model_of_denormals(tmp_path, base):
    with base.open() as execute:
        execute('CREATE TABLE small (a float8)')
        execute("INSERT INTO small VALUES ('5e-324'), ('1e-320'), ('2e-320')")
        execute('CREATE TABLE large (a float8)')
        execute('INSERT INTO large VALUES (1), (2.5), (1e9)')
    path = tmp_path / 'rows.csv'
    path.write_text('a\n5e-324\n1e-320\n2e-320\n')
    model = run([path], tmp_path / 'run', 2, init='random')
    if 'duckdb' in base.url:
        assert (
            assign_table(model, 'labels', TextOptions(), SqlOptions(base.url, 'large')).n_samples
            == 3
        )
    else:
        with pytest.raises(DataError, match='smallest float64.*, which PostgreSQL refuses'):
            assign_table(model, 'labels', TextOptions(), SqlOptions(base.url, 'large'))


def test_assign_counts_bad_rows(tmp_path, base):
    with base.open() as execute:
        execute('CREATE TABLE t (a float8)')
        execute('INSERT INTO t VALUES (1), (3), (NULL), (1e200), (5)')
    sql = {'database': base.url, 'table': 't'}
    model, said = run([], tmp_path / 'run', 2, {'max_bad_rows': 2}, sql), logged()
    with pytest.raises(
        DataError,
        match=(
            r'Use --max-bad-rows 2 to leave such rows out \(with --missing skip, --max-bad-rows 1'
            r' is enough\); they get no label\.$'
        ),
    ):
        assign_table(model, 'labels', TextOptions(), SqlOptions(**sql))
    done = assign_table(model, 'labels', TextOptions(max_bad_rows=2), SqlOptions(**sql))
    assert done == AssignResult('labels', 3, n_rejected=2, n_skipped=0)
    assert said[2:] == ['2 bad rows left out']


def test_assign_by_features_of_any_name(tmp_path, base):
    names = [' a ', 'a', 'b,c', 'b', 'c', '2-3', '7']
    with base.open() as execute:
        execute(
            'CREATE TABLE t (word varchar, '
            + ', '.join(f'"{name}" integer' for name in names)
            + ')'
        )
        execute(
            'INSERT INTO t VALUES '
            + ', '.join(str(('w', *(i * j % 7 for j in range(1, 8)))) for i in range(6))
        )
    sql = {'database': base.url, 'table': 't'}
    model = run([], tmp_path / 'run', 2, {'columns': '2-8'}, sql)
    assert model.features == names
    assert assign_table(model, 'labels', TextOptions(), SqlOptions(**sql)).n_samples == 6
    with base.open() as execute:
        execute('ALTER TABLE t RENAME COLUMN "b,c" TO d')
    with pytest.raises(
        UsageError, match="there is no column 'b,c', a feature of the model. Say with --columns"
    ):
        assign_table(model, 'more', TextOptions(), SqlOptions(**sql))


def test_missing_tables_and_columns_that_are_not_numeric_are_refused(tmp_path, base):
    with base.open() as execute:
        small_table(execute, n=5)
        execute('CREATE TABLE empty (a integer)')
    for table, columns, expected in [
        ('nothing', None, 'nothing'),
        ('no_schema.points', None, 'no_schema'),
        ('points', 'height', "no column 'height'"),
        ('points', None, "column 'word' is of type .*, not numeric"),
        ('points', 'id,word', 'not numeric'),
        ('empty', None, 'no usable row'),
        ('"points', None, 'should be a table'),
        ('mr_kmeans_values', None, 'run itself'),
    ]:
        with pytest.raises(KMeansError, match=expected) as caught:
            run(
                [],
                tmp_path / 'run',
                2,
                {'columns': columns},
                {'database': base.url, 'table': table},
            )
        assert caught.value.exit_code in (2, 3)
    for query in (
        'SELECT nope FROM points',
        'SELEC 1',
        'DROP TABLE points',
        'SELECT 1 AS a; DROP TABLE points',
        "SELECT 'x' AS a",
    ):
        with pytest.raises(KMeansError):
            run([], tmp_path / 'run', 1, {}, {'database': base.url, 'query': query})
    with base.open() as execute:
        assert execute('SELECT count(*) FROM points') == [(5,)]


def test_a_foreign_table_is_not_replaced(tmp_path, base):
    with base.open() as execute:
        small_table(execute, n=9)
        execute('CREATE TABLE cluster_centers_run (precious integer)')
    sql = {'database': base.url, 'table': 'points'}
    with pytest.raises(UsageError, match='not one of mr-kmeans'):
        run([], tmp_path / 'run', 2, {'columns': '2-4'}, sql, overwrite=True)
    run([], tmp_path / 'run', 2, {'columns': '2-4'}, dict(sql, centers_table='others'))
    with pytest.raises(UsageError, match='holds a run'):
        run([], tmp_path / 'run2', 2, {'columns': '2-4'}, dict(sql, centers_table='others'))


def test_resume_from_the_table_alone(tmp_path, base):
    with base.open() as execute:
        small_table(execute)
    sql, text = {'database': base.url, 'table': 'points'}, {'columns': 'tiny-x'}
    whole = run([], tmp_path / 'whole', 5, text, dict(sql, centers_table='other'), init='random')
    run([], tmp_path / 'first' / 'run', 5, text, sql, init='random', max_iter=2)
    done = run([], tmp_path / 'second' / 'run', 5, text, sql, init='random', resume=True)
    assert done.hash == whole.hash
    assert (tmp_path / 'second' / 'run' / 'centroids.csv').read_text() == (
        tmp_path / 'whole' / 'centroids.csv'
    ).read_text()


def test_rows_that_change_are_noticed(tmp_path, base):
    with base.open() as execute:
        small_table(execute)
    sql, text = {'database': base.url, 'table': 'points'}, {'columns': 'tiny-x'}
    run([], tmp_path / 'run', 5, text, sql, init='random', max_iter=1)
    with base.open() as execute:
        execute('UPDATE points SET big = big + 1 WHERE id = 3')
    with pytest.raises(UsageError, match='rows have changed'):
        run([], tmp_path / 'run', 5, text, sql, init='random', resume=True)
    with base.open() as execute:
        execute('DELETE FROM points WHERE id = 3')
    with pytest.raises(UsageError, match='there were 60 rows, there are 59'):
        run([], tmp_path / 'run', 5, text, sql, init='random', resume=True)


def test_the_server_goes_away_in_the_middle(tmp_path, postgres, postgres_base):
    with postgres_base.open() as execute:
        small_table(execute)
    sql, text = {'database': postgres_base.url, 'table': 'points'}, {'columns': 'tiny-x'}
    whole = run([], tmp_path / 'whole', 5, text, dict(sql, centers_table='other'), init='random')
    assert whole.n_iter > 2

    def crash(stats):
        if stats.iteration == 1:
            postgres.stop('immediate')

    try:
        with pytest.raises(RunError, match='the connection to PostgreSQL is gone.*--resume'):
            run([], tmp_path / 'run', 5, text, sql, init='random', watch=crash)
    finally:
        postgres.start()
    assert run([], tmp_path / 'run', 5, text, sql, init='random', resume=True).hash == whole.hash


def test_no_permission(tmp_path, postgres, postgres_base):
    with postgres_base.open() as execute:
        small_table(execute, n=9)
        execute('DROP ROLE IF EXISTS guest')
        execute('CREATE ROLE guest LOGIN')
    url = postgres_base.url.replace('owner@', 'guest@')
    with pytest.raises(RunError, match='permission denied for table points.*must be allowed'):
        run([], tmp_path / 'run', 2, {}, {'database': url, 'table': 'points'})
    with postgres_base.open() as execute:
        execute('GRANT SELECT ON points TO guest; REVOKE CREATE ON SCHEMA public FROM PUBLIC')
    with pytest.raises(RunError, match='permission denied for schema public'):
        run([], tmp_path / 'run', 2, {'columns': '2-4'}, {'database': url, 'table': 'points'})


@pytest.mark.slow
def test_a_password_appears_nowhere(tmp_path, postgres, postgres_base):
    with postgres_base.open() as execute:
        small_table(execute, n=9)
    url = postgres_base.url.replace('owner@', 'owner:s3cr%40t@')
    done = command(
        'fit',
        '--engine',
        'sql',
        '--database',
        url,
        '--table',
        'points',
        '--columns',
        '2-4',
        '-k',
        2,
        '-o',
        tmp_path / 'run',
        '-v',
    )
    assert done.returncode == 0, done.stderr
    bad = [
        command(
            'fit',
            '--engine',
            'sql',
            '--database',
            wrong,
            '--table',
            'points',
            '-k',
            2,
            '-o',
            tmp_path / 'bad',
        )
        for wrong in (
            url.replace('host=', 'hosst='),
            url.replace('/test', ':port/test'),
            url + 'x',
            'dbname=x password=s3cr@t host=/nowhere',
            "password='s3cr@t' host=",
        )
    ]
    assert [one.returncode for one in bad] == [1] * len(bad)
    texts = [one.stdout + one.stderr for one in [done, *bad]]
    for folder, _, names in os.walk(tmp_path / 'run'):
        texts += [Path(folder, name).read_text(encoding='utf-8') for name in names]
    assert not [text for text in texts if 's3cr' in text]
    assert all('Traceback' not in text for text in texts)


def test_environment_and_service_file(tmp_path, postgres, postgres_base):
    with postgres_base.open() as execute:
        small_table(execute, n=9)
    database = postgres_base.url.split('/')[3].split('?')[0]
    service = tmp_path / 'services'
    service.write_text(f'[mine]\nhost={postgres.folder}\nuser=owner\ndbname={database}\n')
    arguments = [
        'fit',
        '--engine',
        'sql',
        '--table',
        'points',
        '--columns',
        '2-4',
        '-k',
        2,
        '--overwrite',
        '-o',
        tmp_path / 'run',
    ]
    by_service = command(*arguments, '--database', 'service=mine', PGSERVICEFILE=str(service))
    by_environment = command(
        *arguments,
        '--database',
        'postgresql:///',
        PGHOST=postgres.folder,
        PGUSER='owner',
        PGDATABASE=database,
    )
    assert (by_service.returncode, by_environment.returncode) == (0, 0), (
        by_service.stderr + by_environment.stderr
    )
    assert by_service.stdout == by_environment.stdout


@pytest.mark.parametrize('plan', ['fast', 'ranking'])
def test_parallel_plans(tmp_path, postgres_base, plan):
    with postgres_base.open() as execute:
        execute(
            'CREATE TABLE points AS SELECT i % 91 AS a, i % 1013 / 8.0 AS b FROM generate_series(1,'
            ' 20000) AS s(i)'
        )
        execute('ANALYZE points')
    plain = run(
        [],
        tmp_path / 'plain',
        5,
        {},
        {'database': postgres_base.url, 'table': 'points', 'plan': plan},
        init='random',
        max_iter=3,
    )
    with postgres_base.open() as execute:
        name = execute('SELECT current_database()')[0][0]
        forced = (
            'debug_parallel_query'
            if execute("SELECT current_setting('server_version_num')::int >= 160000")[0][0]
            else 'force_parallel_mode'
        )
        for setting in (
            forced + ' = on',
            'parallel_setup_cost = 0',
            'parallel_tuple_cost = 0',
            'min_parallel_table_scan_size = 0',
            'max_parallel_workers_per_gather = 4',
        ):
            execute(f'ALTER DATABASE {name} SET {setting}')
    again = run(
        [],
        tmp_path / 'again',
        5,
        {},
        {'database': postgres_base.url, 'table': 'points', 'plan': plan},
        init='random',
        max_iter=3,
        overwrite=True,
    )
    assert again.hash == plain.hash


def test_usage(tmp_path):
    iris = os.path.join(DATA, 'iris.csv')
    for arguments, expected in [
        (
            ['fit', iris, '-k', 2, '-o', tmp_path / 'o', '--table', 't'],
            '--table goes with --engine sql',
        ),
        (
            [
                'fit',
                iris,
                '-k',
                2,
                '-o',
                tmp_path / 'o',
                '--engine',
                'sql',
                '--variant',
                'combiner',
            ],
            '--variant goes with',
        ),
        (['fit', '-k', 2, '-o', tmp_path / 'o'], 'INPUT is missing'),
        (
            [
                'fit',
                iris,
                '-k',
                2,
                '-o',
                tmp_path / 'o',
                '--engine',
                'sql',
                '--database',
                'd.duckdb',
                '--table',
                't',
            ],
            'not from both',
        ),
        (
            ['fit', '-k', 2, '-o', tmp_path / 'o', '--engine', 'sql', '--table', 't'],
            'needs --database',
        ),
        (
            [
                'fit',
                '-k',
                2,
                '-o',
                tmp_path / 'o',
                '--engine',
                'sql',
                '--table',
                't',
                '--database',
                'mysql://x',
            ],
            'should be postgresql',
        ),
        (
            ['assign', tmp_path / 'o', iris, '-o', 'x', '--engine', 'sql'],
            'files are labeled by the jobs',
        ),
    ]:
        done = command(*arguments)
        assert (done.returncode, expected in done.stderr) == (2, True), done.stderr


def test_names():
    assert (
        parse_table('a') == ('a',)
        and parse_table('s.a b') == ('s', 'a b')
        and parse_table('"a.b"".c".d') == ('a.b".c', 'd')
    )
    assert column_names(['count', 'A', 'a', '', 'é' * 40, 'é' * 40], 63) == [
        'count_2',
        'A',
        'a_2',
        'x4',
        'é' * 31,
        'é' * 30 + '_2',
    ]


def test_sql_does_not_import_mrjob():
    code = (
        'import sys, pkgutil, importlib, mr_kmeans.sql as package\nfor module in'
        ' pkgutil.iter_modules(package.__path__): importlib.import_module("mr_kmeans.sql." +'
        ' module.name)\nsys.exit("mrjob" in sys.modules)'
    )
    subprocess.run([sys.executable, '-c', code], check=True, cwd=os.path.dirname(DATA))


def test_an_infinity_is_called_so(tmp_path, base):
    with base.open() as execute:
        execute('CREATE TABLE t (a float8)')
        execute("INSERT INTO t VALUES (1), (3), ('infinity'), (1e200)")
    with pytest.raises(DataError) as caught:
        run([], tmp_path / 'run', 2, {}, {'database': base.url, 'table': 't'})
    assert "column 'a': inf is an infinity, not a finite number" in str(caught.value)
    assert "column 'a': 1e+200 is too large to square" in str(caught.value)


@pytest.mark.parametrize('labels', ['/tmp/x/y', 'out/labels', 'out\\labels'])
def test_labels_that_look_like_a_path_are_refused(labels, tmp_path, base):
    with base.open() as execute:
        small_table(execute, n=5)
    sql = {'database': base.url, 'table': 'points'}
    model = run([], tmp_path / 'run', 2, {'columns': '2'}, sql)
    with pytest.raises(UsageError, match='the labels are a table, and this looks like a path'):
        assign_table(model, labels, TextOptions(), SqlOptions(**sql))
    done = assign_table(model, '"a/b"', None, SqlOptions(**sql))
    assert done.n_samples == 5


@pytest.mark.parametrize(
    'changes, words',
    [
        ({'model': 'run'}, 'model should be'),
        ({'labels': 3}, 'labels should be text'),
        ({'text': 'x'}, 'text should be'),
        ({'text': TextOptions(missing=3)}, 'missing should be'),
        ({'text': TextOptions(columns=['x', 0.5])}, r'columns\[1\] should be'),
        ({'options': None}, 'options should be'),
        ({'options': SqlOptions(database=3, table='t')}, 'database should be'),
        ({'options': SqlOptions('x.duckdb', 't', 'SELECT 1')}, '--table and --query exclude'),
        ({'view': 1}, 'view should be'),
    ],
)
def test_arguments_of_assign_are_checked(changes, words, tmp_path):
    path = tmp_path / 'rows.csv'
    path.write_text('x\n1\n2\n3\n')
    model, options = run([path], tmp_path / 'run', 2), SqlOptions('x.duckdb', 't')
    given = {'model': model, 'labels': 'l', 'text': None, 'options': options}
    with pytest.raises(UsageError, match=words):
        assign_table(**{**given, **changes})


def test_numbers_and_paths_of_other_types_are_taken(tmp_path, base):
    with base.open() as execute:
        small_table(execute, n=5)
    sql = {'database': base.url, 'table': 'points'}
    model = run([], tmp_path / 'run', 2, {'columns': '2'}, sql)
    text = TextOptions(columns=[np.int64(2)])
    assert assign_table(model, 'labels', text, SqlOptions(**sql)).n_samples == 5
    assert RunDirectory(tmp_path / 'run').has_run()


def test_only_names_that_are_near_are_proposed(tmp_path):
    import duckdb

    with duckdb.connect(str(tmp_path / 'x.duckdb')) as connection:
        connection.execute('CREATE TABLE points (a integer)')
    for table, near in [('nosuch', False), ('point', True)]:
        with pytest.raises(UsageError) as caught:
            run(
                [],
                tmp_path / table,
                2,
                {},
                {'database': str(tmp_path / 'x.duckdb'), 'table': table},
            )
        assert ('Did you mean "points"?' in str(caught.value)) == near
        assert ('Did you mean' in str(caught.value)) == near, str(caught.value)
